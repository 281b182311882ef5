"""Pictures for tests, with the standard library only: PNG files of one colour, made from nothing, and portraits made from test faces
where these are (GK_TEST_FACES, else ../shared/testdata/faces beside the checkout; they are not part of the repository)."""
import hashlib
import math
import os
import struct
import zlib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FACES = os.environ.get("GK_TEST_FACES") or os.path.join(ROOT, "..", "shared", "testdata", "faces")
# Where the face stands in its own picture: the point between the eyes, and from there to the chin, in px.
PLACES = {"big_example1": (505.3, 482.5, 453.8), "y42": (239.1, 227.8, 211.3), "y60": (239.5, 223.8, 208.6)}


def png(width=480, height=640, colour=(250, 250, 250), mark=0):
    """`mark` makes files (and pictures) differ that look alike."""
    row = bytes(colour) * width
    first = bytes([mark % 251, mark // 251 % 251, 7]) + row[3:]
    return whole(width, height, b"\0" + first + (b"\0" + row) * (height - 1))


def whole(width, height, rows):
    """A PNG file of filtered rows, 8 bit RGB."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


def face(name):
    """Rows of RGB bytes of a test face; skips the test where there are none."""
    path = os.path.join(FACES, f"{name}.png")
    if not os.path.exists(path):
        import pytest  # only tests ask
        pytest.skip(f"no test faces in {FACES} (GK_TEST_FACES)")
    with open(path, "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour, body[12]) == (8, 2, 0), f"{path}: not 8 bit RGB"
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    return unfilter(zlib.decompress(packed), width * 3, height)


def unfilter(raw, stride, height):
    rows, above = [], bytearray(stride)
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, above))
        elif kind:
            for i in range(stride):
                left, up, corner = (row[i - 3], above[i], above[i - 3]) if i > 2 else (0, above[i], 0)
                if kind == 1:
                    add = left
                elif kind == 3:
                    add = (left + up) >> 1
                else:
                    guess = left + up - corner
                    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
                    add = left if a <= b and a <= c else up if b <= c else corner
                row[i] = (row[i] + add) & 255
        rows.append(bytes(row))
        above = row
    return rows


def portrait(name, width=480, height=640, x=240, y=280, head=185, wall=(255, 255, 255)):
    """A PNG with the face on a wall: eyes around (x, y), `head` px from there to the chin. As it stands: the place the rule wants."""
    rows = face(name)
    fx, fy, size = PLACES[name]
    out = [bytearray(bytes(wall) * width) for _ in range(height)]
    scale = size / head
    for row in range(max(0, int(y - 1.2 * head)), min(height, int(y + 1.6 * head))):
        v = (row - y) / head
        source = rows[min(max(int(fy + min(v, 1.25) * size), 0), len(rows) - 1)]
        for column in range(max(0, int(x - head)), min(width, int(x + head))):
            u = (column - x) / head
            inside = (1 - math.hypot(u / 0.95, (v - 0.02) / 1.12)) / 0.06
            if 0.6 < v < 1.6:
                inside = max(inside, (1 - abs(u) / 0.5) / 0.06)
            if inside <= 0:
                continue
            at = 3 * min(max(int(fx + (column - x) * scale), 0), len(source) // 3 - 1)
            if inside >= 1:
                out[row][column * 3:column * 3 + 3] = source[at:at + 3]
            else:
                for c in range(3):
                    out[row][column * 3 + c] = int(wall[c] * (1 - inside) + source[at + c] * inside)
    return whole(width, height, b"".join(b"\0" + bytes(row) for row in out))


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
