"""Pictures for tests, made from nothing: PNG files of one colour or of noise, with the standard library only."""
import hashlib
import struct
import zlib


def png(width=480, height=640, colour=(250, 250, 250), mark=0):
    """`mark` makes files (and pictures) differ that look alike."""
    row = bytes(colour) * width
    first = bytes([mark % 251, mark // 251 % 251, 7]) + row[3:]
    rows = b"\0" + first + (b"\0" + row) * (height - 1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


def send(client, candidate, picture, version=None, source="upload", sha256=None, **more):
    """PUT /candidates/{id}/photo as the pages do."""
    if version is None:
        version = client.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"]
    digest = sha256 or hashlib.sha256(picture).hexdigest()
    return client.put(f"/candidates/{candidate}/photo?source={source}&sha256={digest}", picture, version=version,
                      headers={"Content-Type": "image/png"}, **more)


def decide(client, candidate, photo, verdict, reason=None, **more):
    version = client.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"]
    return client.post(f"/candidates/{candidate}/photo/{photo}/decision", {"verdict": verdict, "reason": reason}, version=version, **more)


def accepted(client, candidate, mark=0):
    """Gives a record an accepted photo, whatever checks are loaded; its id. A blank picture has no face: the clerk decides."""
    for n in range(4):
        made = send(client, candidate, png(mark=mark * 10 + n), expect=200).json()
        if made["photo"]["state"] == "accepted":
            return made["photo"]["id"]
        if made["photo"]["verdict"] != "block" or client.get(f"/candidates/{candidate}/photo").json()["clerk_decides"]:
            break
    return decide(client, candidate, made["photo"]["id"], "accept", "测试照片，由办理人决定", expect=200).json()["photo"]["id"]
