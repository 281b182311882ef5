"""Photos over HTTP (design section 8, W5): taken, judged before anything is kept, decided, seen by the candidate; the digest of
the sender, retries, what is no picture, who may see what. The pictures are blank: whatever face plugin is there blocks them or
asks to look, and that is what the clerk's side is about."""
import hashlib
import itertools
import json
import struct
import uuid
import zlib
from urllib.parse import quote

import pytest

from gk_client import Client
from gk_picture import accepted, decide, png, send
from gk_world import id_number, reading, sql


@pytest.fixture(scope="module")
def people(site):
    logins = site.logins()
    return {role: Client(site, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
            for role in ("point", "reviewer", "county", "candidate")}


SERIALS = itertools.count(300)


@pytest.fixture
def someone(people):
    """A record of the point that nobody photographed yet."""
    point = people["point"]
    subject = next(r["subject"] for r in point.items("/ranges") if r["left"] > 0)
    number = id_number("430102", "20070911", next(SERIALS))
    return point.post("/readings", reading("照片生", number, subject), expect=201).json()["candidate_id"]


def state(client, candidate):
    return client.get(f"/candidates/{candidate}/photo", expect=200).json()


def test_a_picture_is_ours_before_it_is_kept(site, people, someone):
    """IN-9: what is stored is our own JPEG; the sender's file, its metadata and what hangs behind it are gone."""
    point = people["point"]
    secret = b"GPS 28.2282N 112.9388E"
    text = b"tEXtComment\0" + secret
    picture = png(mark=1)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    picture = picture[:33] + chunk + picture[33:]
    made = send(point, someone, picture, source="camera", expect=200).json()
    photo = made["photo"]
    assert photo["source"] == "camera" and photo["report"]["picture"]["sha256"] == hashlib.sha256(picture).hexdigest()
    seen = point.get(f"/candidates/{someone}/photo/{photo['id']}", expect=200)
    assert seen.headers["Content-Type"] == "image/jpeg" and seen.body.startswith(b"\xff\xd8\xff") and secret not in seen.body
    assert len(seen.body) == photo["bytes"] and hashlib.sha256(seen.body).hexdigest() == photo["digest"]
    assert seen.headers["Cache-Control"] == "no-store" and seen.headers["X-Content-Type-Options"] == "nosniff"
    record = point.get(f"/candidates/{someone}", expect=200)
    assert record.json()["parts"]["photo"] == made["state"] and record.headers["ETag"] == f'"v{made["candidate"]["version"]}"'
    actions = sql(site, f"SELECT action FROM audit WHERE object_kind = 'candidate' AND object_id = {someone} ORDER BY seq DESC LIMIT 3")
    assert "candidate.photo" in actions and "candidate.photo.read" in actions


def test_what_is_no_picture_says_so_and_changes_nothing(people, someone):
    """IN-9: each kind of file that is none by its own code, and a transfer that went wrong by another."""
    point = people["point"]
    before = point.get(f"/candidates/{someone}", expect=200).headers["ETag"]
    bomb = bytearray(png(8, 8))
    bomb[16:24] = struct.pack(">II", 60000, 60000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    cut = png(mark=3)
    for body, code in ((b"", "file-empty"), (b"hello", "file-type"), (b"%PDF-1.4 ...", "file-type"), (bytes(bomb), "file-huge"),
                       (cut[:len(cut) // 2], "file-broken"), (b"GIF89a" + b"\0" * 60, "file-type")):
        reply = send(point, someone, body, version=before, expect=422).json()
        assert [v["code"] for v in reply["violations"]] == [code], (body[:12], reply)
        assert reply["violations"][0]["texts"]["zh"] and reply["violations"][0]["texts"]["en"]
    reply = send(point, someone, cut, version=before, sha256="0" * 64, expect=422).json()
    assert reply["violations"][0]["code"] == "digest", reply
    reply = point.put(f"/candidates/{someone}/photo", cut, version=before, headers={"Content-Type": "image/png"}, expect=422).json()
    assert reply["violations"][0]["pointer"] == "?sha256"
    send(point, someone, b"\0" * 8000001, version=before, expect=413)
    assert point.get(f"/candidates/{someone}", expect=200).headers["ETag"] == before
    assert state(point, someone)["photos"] == []


def test_a_repeated_upload_is_one_photo(people, someone):
    """A lost reply is asked for again with the same key; another version is told so."""
    point = people["point"]
    key, picture = str(uuid.uuid4()), png(mark=4)
    version = point.get(f"/candidates/{someone}", expect=200).headers["ETag"]
    first = send(point, someone, picture, version=version, key=key, expect=200)
    again = send(point, someone, picture, version=version, key=key, expect=200)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert len(state(point, someone)["photos"]) == 1
    send(point, someone, png(mark=5), version=version, expect=412)


def test_three_refusals_then_the_clerk(people, someone):
    """Too small a picture blocks and no crop can help. After three the clerk decides, and not before; the reason is kept."""
    reviewer = people["reviewer"]
    for n in range(3):
        if n < 3 and n > 0:
            last = state(reviewer, someone)
            assert last["refusals"] == n and not last["clerk_decides"]
            decide(reviewer, someone, last["photos"][0]["id"], "accept", "考生已多次重拍", expect=409)
        made = send(reviewer, someone, png(60, 80, mark=n), expect=200).json()
        assert made["photo"]["verdict"] == "block" and made["state"] == "refused", made
        first = made["photo"]["report"]["findings"][0]
        assert first["severity"] == "block" and first["zh"] and first["en"]
    seen = state(reviewer, someone)
    assert seen["refusals"] == 3 and seen["clerk_decides"]
    # Even then the ticket takes one size only.
    reply = decide(reviewer, someone, seen["photos"][0]["id"], "accept", "考生已多次重拍", expect=409).json()
    assert "480" in reply["texts"]["zh"]
    accepted(reviewer, someone, 6)
    assert state(reviewer, someone)["state"] == "accepted"


def test_the_queue_and_a_retake(site, people, someone):
    point = people["point"]
    made = send(point, someone, png(mark=7), expect=200).json()
    if made["photo"]["state"] == "refused":  # a face plugin blocks blank pictures outright: as if it had only asked to look
        sql(site, f"UPDATE photo SET state = 'look', verdict = 'look' WHERE id = {made['photo']['id']}")
    item = next(i for i in point.items("/photos") if i["candidate"]["id"] == someone)
    assert item["photo"]["id"] == made["photo"]["id"] and item["candidate"]["version"] == made["candidate"]["version"]
    assert someone not in [i["candidate"]["id"] for i in people["county"].items("/photos?state=retake")]
    assert decide(point, someone, made["photo"]["id"], "retake", expect=422).json()["violations"][0]["pointer"] == "/reason"
    done = decide(point, someone, made["photo"]["id"], "retake", "请摘掉帽子", expect=200).json()
    assert done["state"] == "retake" and done["photo"]["decision"] == {"verdict": "retake", "reason": "请摘掉帽子"}
    assert someone not in [i["candidate"]["id"] for i in point.items("/photos")]
    assert someone in [i["candidate"]["id"] for i in people["county"].items("/photos?state=retake")]
    decide(point, someone, made["photo"]["id"], "crop", expect=409)


def test_the_candidate_sees_the_photo_and_the_reason(people):
    own, point = people["candidate"], people["point"]
    me = own.get("/me", expect=200).json()["id"]
    accepted(point, me, 8)
    seen = own.get("/me/photo", expect=200).json()
    assert seen["state"] == "accepted" and seen["photo"]["width_px"] == 480 and seen["last"] is None
    picture = own.get("/me/photo/picture", expect=200)
    assert picture.headers["Content-Type"] == "image/jpeg" and picture.body.startswith(b"\xff\xd8\xff")
    decide(point, me, state(point, me)["photos"][0]["id"], "retake", "照片不是本人", expect=200)
    seen = own.get("/me/photo", expect=200).json()
    assert (seen["state"], seen["photo"], seen["last"]["word"]) == ("retake", None, "照片不是本人")
    own.get("/me/photo/picture", expect=404)
    assert "facts" not in json.dumps(seen)
    accepted(point, me, 9)


def preview(client, picture, name, **more):
    return client.request("POST", f"/photos/preview?name={quote(name)}&sha256={hashlib.sha256(picture).hexdigest()}", picture,
                          headers={"Content-Type": "application/octet-stream"}, **more)


def test_many_photos_are_seen_before_any_is_kept(people, someone):
    """Named by registration number or ID number, in whatever folder; nothing is stored by looking."""
    point = people["point"]
    record = point.get(f"/candidates/{someone}", expect=200)
    number, identity = record.json()["number"], record.json()["fields"]["id_number"]
    for name in (f"{number}.png", f"D:\\照片\\{number}.PNG", f"高三/{identity}.jpg"):
        seen = preview(point, png(mark=21), name, expect=200).json()
        assert seen["candidate"]["id"] == someone and seen["open"] and seen["photo_state"] == "none", (name, seen)
        assert seen["becomes"] in ("accepted", "look", "refused") and seen["verdict"]
    for name in ("a.png", "99999999.png", number[:7] + ".png", "../../etc/passwd", f"{number}0.png", "%.png"):
        assert preview(point, png(mark=22), name, expect=200).json()["candidate"] is None, name
    seen = preview(point, b"hello", f"{number}.png", expect=200).json()
    assert seen["becomes"] is None and seen["findings"][0]["code"] == "file-type"
    assert point.request("POST", f"/photos/preview?name={number}.png", b"x", headers={"Content-Type": "image/png"}, expect=422)
    assert state(point, someone)["photos"] == []
    assert point.get(f"/candidates/{someone}", expect=200).headers["ETag"] == record.headers["ETag"]


def test_other_limits_are_tried_without_changing_any(people, someone):
    point, county = people["point"], people["county"]
    send(point, someone, png(mark=23), expect=200)
    seen = county.get("/photos/measures", expect=200).json()
    assert seen["n"] >= 1 and sum(seen["now"].values()) == seen["n"] and seen["now"] == seen["then"]
    assert {"blur", "eye-line", "face-width"} <= {limit["name"] for limit in seen["limits"]}
    everything = [{"name": limit["name"], "low": -1e8, "high": 1e8, "look_low": -1e8, "look_high": 1e8} for limit in seen["limits"]]
    tried = county.post("/photos/measures/trial", {"limits": everything}, expect=200).json()
    assert tried["then"] == {"fine": seen["n"], "look": 0, "block": 0} and tried["newly_passed"] == seen["now"]["block"]
    assert county.get("/photos/measures", expect=200).json()["limits"] == seen["limits"]
    for limits, pointer in (([{"name": "nonsense"}], "/limits/0/name"), ([{"name": "blur", "low": "x"}], "/limits/0/low"),
                            ([{"name": "blur", "low": 9, "high": 1}], "/limits/0")):
        reply = county.post("/photos/measures/trial", {"limits": limits}, expect=422).json()
        assert reply["violations"][0]["pointer"] == pointer, reply
