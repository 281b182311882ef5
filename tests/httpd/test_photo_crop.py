"""Photos with a face over HTTP (GK_TEST_FACES; skipped without): what passes is the photo at once, a proposed crop takes one press,
a frame drawn by hand is judged by what it gives, and a sheet that shows another photo is void (P2, W5, W7)."""
import itertools

import pytest

from gk_client import Client
from gk_picture import decide, portrait, send
from gk_world import id_number, reading

SERIALS = itertools.count(60)
GREY = (185, 188, 190)   # a wall that asks for a look and blocks nothing


@pytest.fixture(scope="module")
def point(site):
    return Client(site).sign_in(site.logins()["point"])


@pytest.fixture
def someone(point):
    subject = max(point.items("/ranges"), key=lambda r: r["left"])["subject"]
    return point.post("/readings", reading("裁剪生", id_number("430102", "20070815", next(SERIALS)), subject), expect=201).json()["candidate_id"]


def state(client, candidate):
    return client.get(f"/candidates/{candidate}/photo", expect=200).json()


def crop(client, candidate, photo, frame, reason=None, **more):
    version = client.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"]
    x, y, width, height = frame
    return client.post(f"/candidates/{candidate}/photo/{photo}/decision",
                       {"verdict": "crop", "reason": reason, "frame": {"x": x, "y": y, "width": width, "height": height}}, version=version, **more)


def test_a_good_picture_is_the_photo_and_a_crop_takes_one_press(point, someone):
    made = send(point, someone, portrait("y42", 720, 900, 360, 400, 190, wall=GREY), expect=200).json()
    photo = made["photo"]
    assert (made["state"], photo["verdict"], photo["width_px"]) == ("look", "look", 720), photo["report"]
    assert photo["report"]["crop"]["verdict"] == "look" and photo["report"]["findings"][0]["code"] == "background-distance"
    decide(point, someone, photo["id"], "accept", expect=409)  # the ticket takes one size
    done = decide(point, someone, photo["id"], "crop", expect=200).json()
    cut = done["photo"]
    assert (done["state"], cut["state"], cut["source"], cut["made_from"]) == ("accepted", "accepted", "crop", photo["id"])
    assert (cut["width_px"], cut["height_px"]) == (480, 640) and cut["bytes"] <= 40960 and cut["verdict"] in ("fine", "look")
    seen = point.get(f"/candidates/{someone}/photo/{cut['id']}", expect=200)
    assert len(seen.body) == cut["bytes"] and seen.body.startswith(b"\xff\xd8\xff")
    # A good one takes its place by itself; the picture the crop was cut from stays in the history.
    better = send(point, someone, portrait("y42"), source="camera", expect=200).json()
    assert (better["state"], better["photo"]["verdict"]) == ("accepted", "fine"), better["photo"]["report"]["findings"]
    assert [p["state"] for p in state(point, someone)["photos"]] == ["accepted", "replaced", "replaced"]


def test_a_frame_drawn_by_hand_is_judged_by_what_it_gives(point, someone):
    made = send(point, someone, portrait("big_example1", 1400, 1800, 700, 800, 260, wall=GREY), expect=200).json()["photo"]
    assert made["report"]["picture"]["width"] == 1400 and made["width_px"] < 1400  # frames count in the pixels of what was sent
    first = crop(point, someone, made["id"], (100, 406, 675, 900), expect=422).json()["violations"][0]
    assert (first["pointer"], first["code"]) == ("/frame", "centre") and "。" in first["texts"]["zh"]
    for frame, code in (((900, 406, 675, 900), "outside"), ((0, 0, 600, 600), "ratio"), ((600, 700, 120, 160), "scale")):
        reply = crop(point, someone, made["id"], frame, expect=422).json()
        assert reply["violations"][0]["code"] == code or code == "scale", (frame, reply)
    version = point.get(f"/candidates/{someone}/photo", expect=200).headers["ETag"]
    for body in ({"verdict": "accept", "frame": {"x": 0, "y": 0, "width": 3, "height": 4}}, {"verdict": "crop", "frame": {"x": 1}},
                 {"verdict": "crop", "frame": 7}, {"verdict": "crop", "frame": {"x": -1, "y": 0, "width": 3, "height": 4}}):
        point.post(f"/candidates/{someone}/photo/{made['id']}/decision", body, version=version, expect=422)
    assert state(point, someone)["state"] == "look"
    done = crop(point, someone, made["id"], (363, 406, 675, 900), expect=200).json()
    assert (done["state"], done["photo"]["source"], done["photo"]["width_px"]) == ("accepted", "crop", 480)
    assert done["photo"]["report"]["picture"]["width"] == 480 and done["photo"]["made_from"] == made["id"]
    crop(point, someone, made["id"], (363, 406, 675, 900), expect=409)


def test_another_photo_voids_the_proof_sheet(site, point):
    """W7: what is signed is what was printed."""
    one = next(c for c in point.items("/candidates") if c["state"] == "proofed" and c["parts"]["photo"] == "none")
    send(point, one["id"], portrait("y42"), expect=200)
    record = point.get(f"/candidates/{one['id']}", expect=200)
    assert (record.json()["state"], record.json()["proof_version"]) == ("filling", 0)
    history = point.get(f"/candidates/{one['id']}/history?limit=5", expect=200).json()["items"]
    taken = next(h for h in history if h["action"] == "candidate.photo")
    sheet = next(c for c in taken["changes"] if c["field"] == "proof_version")
    assert sheet["before"] > 0 and sheet["after"] == 0, taken
    proof = point.post(f"/candidates/{one['id']}/proof", {}, version=record.headers["ETag"])
    if proof.status == 200:  # the demonstration's record has all that a sheet asks for
        assert point.get(f"/candidates/{one['id']}", expect=200).json()["proof_version"] == proof.json()["version"]
    # Signed, it stays: another picture waits, and says what to do.
    signed = next(c for c in point.items("/candidates") if c["state"] == "confirmed" and c["parts"]["photo"] == "none")
    first = send(point, signed["id"], portrait("y42"), expect=200).json()
    assert first["state"] == "accepted" and point.get(f"/candidates/{signed['id']}", expect=200).json()["state"] == "confirmed"
    second = send(point, signed["id"], portrait("y60", head=190), expect=200).json()["photo"]
    assert second["state"] == "look", second["report"]["findings"]
    for verdict in ("accept", "crop"):
        reply = decide(point, signed["id"], second["id"], verdict)
        assert reply.status == 409, reply
    assert "更正" in decide(point, signed["id"], second["id"], "accept", expect=409).json()["texts"]["zh"]
    assert [p["state"] for p in state(point, signed["id"])["photos"]] == ["look", "accepted"]
    decide(point, signed["id"], second["id"], "retake", "已签字，保留原照片", expect=200)
    assert state(point, signed["id"])["state"] == "accepted"
