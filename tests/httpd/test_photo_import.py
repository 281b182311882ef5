"""Many photos at once (faults IN-8, PE-11): a ZIP is opened by a job, every picture is seen before any is kept, what is refused is
refused in words, and what was seen is what is kept."""
import glob
import hashlib
import io
import itertools
import struct
import zipfile

import pytest

from gk_client import Client
from gk_picture import accepted, png, portrait
from gk_world import id_number, reading, sql

SERIALS = itertools.count(160)


@pytest.fixture(scope="module")
def point(site):
    return Client(site).sign_in(site.logins()["point"])


@pytest.fixture
def people(point):
    """Three records nobody photographed yet: (id, number, ID number)."""
    subject = max(point.items("/ranges"), key=lambda r: r["left"])["subject"]
    made = []
    for _ in range(3):
        taken = point.post("/readings", reading("批量生", id_number("430102", "20070713", next(SERIALS)), subject), expect=201).json()["candidate_id"]
        record = point.get(f"/candidates/{taken}", expect=200).json()
        made.append((taken, record["number"], record["fields"]["id_number"]))
    return made


def archive(files, method=zipfile.ZIP_DEFLATED):
    """[(name or ZipInfo, bytes)]"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        for name, data in files:
            zipped.writestr(name, data)
    return out.getvalue()


def post(client, data, digest=None, **more):
    return client.request("POST", f"/photos/imports?sha256={digest or hashlib.sha256(data).hexdigest()}", data,
                          headers={"Content-Type": "application/zip"}, **more)


def table(site, client, job):
    """What the job found: (its result, rows by name)."""
    path = f"/jobs/{job['id']}"
    site.wait(lambda: client.get(path, expect=200).json()["state"] not in ("queued", "running"), 120, f"job {job['kind']}")
    done = client.get(path, expect=200).json()
    assert done["state"] == "done", done
    return done["result"], client.get(path + "/result", expect=200).json()["rows"]


def state(client, candidate):
    return client.get(f"/candidates/{candidate}/photo", expect=200).json()


def test_what_is_no_archive_says_so(site, point, people):
    good = archive([(f"{people[0][1]}.png", png(mark=31))])
    end = good.rindex(b"PK\5\6")
    one, other = archive([("a.png", b"x" * 40)], zipfile.ZIP_STORED), good[:end]
    # Two rows of the list that name the same file.
    central = good.index(b"PK\1\2")
    row = good[central:end]
    twice = good[:central] + row + row + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 2, 2, 2 * len(row), central, 0)
    big = bytearray(good)
    big[central + 24:central + 28] = struct.pack("<I", 2_000_000_001)
    many = archive([(f"{n}.txt", b"") for n in range(5001)], zipfile.ZIP_STORED)
    for data, code in ((b"", "zip-broken"), (b"hello", "zip-broken"), (png(), "zip-broken"), (other, "zip-broken"), (good[:-1], "zip-broken"),
                       (b"#!/bin/sh\n" + good, "zip-broken"), (good + b"\0", "zip-broken"), (one[:50] + one[70:], "zip-broken"),
                       (twice, "zip-bomb"), (bytes(big), "zip-bomb"), (many, "zip-many")):
        reply = post(point, data, expect=422).json()["violations"][0]
        assert reply["code"] == code and reply["texts"]["zh"] and reply["texts"]["en"], (data[:20], code, reply)
    assert post(point, good, digest="0" * 64, expect=422).json()["violations"][0]["code"] == "digest"
    point.request("POST", "/photos/imports", good, headers={"Content-Type": "application/zip"}, expect=422)
    post(point, b"\0" * 32000001, digest="0" * 64, expect=413)
    assert not sql(site, "SELECT 1 FROM job WHERE kind = 'photo_check'"), "a job for what is no archive"


def test_every_picture_is_seen_and_none_is_kept(site, point, people):
    (first, number, identity), (second, _, other), _ = people
    link = zipfile.ZipInfo("link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    locked, wrong = archive([("locked.png", b"x" * 2000)]), archive([("wrong.png", png(mark=44))])
    locked = locked.replace(struct.pack("<HH", 20, 0), struct.pack("<HH", 20, 1))
    data = archive([(f"照片/{number}.png", png(mark=41)), (f"D:\\\\高三\\\\{other.lower()}.JPG", png(60, 80, mark=42)),
                    (f"again/{identity}.png", png(mark=43)), ("../../etc/99999999.png", png(mark=44)), ("/abs.png", b"%PDF-1.4"),
                    ("readme.txt", b"x"), ("__MACOSX/._a.png", b"x"), ("folder/", b""), (link, b"/etc/passwd"),
                    (f"{number[:7]}.png", b"\0" * 6_000_000)])
    # One name is no text at all.
    raw = bytearray(data)
    at = raw.index(b"/abs.png")
    raw[at:at + 4] = b"\xff\xff\xff\xfe"
    at = raw.index(b"/abs.png")
    raw[at:at + 4] = b"\xff\xff\xff\xfe"
    before = point.get(f"/candidates/{first}", expect=200).headers["ETag"]
    made = post(point, bytes(raw), expect=201)
    job = made.json()
    assert job["kind"] == "photo_check" and made.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    result, rows = table(site, point, job)
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {f"{number}.png", f"{other.lower()}.JPG", f"{identity}.png", "99999999.png", None, "link.png", f"{number[:7]}.png"}, set(by_name)
    assert result["passed_over"] == 3 and result["good"] + result["bad"] == len(rows) == 7
    one = by_name[f"{number}.png"]
    assert one["candidate"]["id"] == first and one["fault"] is None and one["photo_state"] == "none" and one["becomes"] in ("accepted", "look", "refused")
    assert one["keepable"] == (one["becomes"] != "refused") and all(f["severity"] != "fine" for f in one["findings"])
    small = by_name[f"{other.lower()}.JPG"]
    assert small["candidate"]["id"] == second and small["becomes"] == "refused" and not small["keepable"] and small["findings"][0]["code"]
    faults = {name: row["fault"]["code"] for name, row in by_name.items() if row["fault"]}
    assert faults == {f"{identity}.png": "twice", "99999999.png": "unknown", None: "name", "link.png": "link", f"{number[:7]}.png": "zip-bomb"}, faults
    assert all(row["fault"]["zh"] and row["fault"]["en"] for row in rows if row["fault"])
    # Locked, and a checksum that is wrong: by file.
    at = wrong.index(b"PK\1\2")
    wrong = wrong[:at + 16] + b"\1\2\3\4" + wrong[at + 20:]
    for data, code in ((locked, "zip-locked"), (wrong, "zip-broken")):
        _, rows = table(site, point, post(point, data, expect=201).json())
        assert [row["fault"]["code"] for row in rows] == [code]
    assert state(point, first)["photos"] == [] and point.get(f"/candidates/{first}", expect=200).headers["ETag"] == before
    # With every row left out nothing is kept either.
    result, kept = table(site, point, point.post(f"/jobs/{job['id']}/photos", {"leave_out": [row["n"] for row in by_name.values()]}, expect=201).json())
    assert kept == [] and result["good"] == 0 and state(point, first)["photos"] == []
    # Nobody else's: not the table, and nothing to keep.
    for role in ("reviewer", "county"):
        stranger = Client(site).sign_in(site.logins()[role])
        assert stranger.get(f"/jobs/{job['id']}").status in (403, 404)
        assert stranger.post(f"/jobs/{job['id']}/photos", {}).status == 403
    point.post("/jobs/999999999/photos", {}, expect=404)


def test_names_in_gbk_and_in_utf_8_that_does_not_say_so(site, point, people):
    number = people[0][1]
    data = archive([(f"XXXX/{number}.png", png(mark=45)), ("YYYY.png", png(mark=46)), ("ZZZZZZ.png", png(mark=47))])
    for mark, name in ((b"XXXX", "照片".encode("gbk")), (b"YYYY", "张三".encode("gbk")), (b"ZZZZZZ", "李四".encode())):
        assert data.count(mark) == 2
        data = data.replace(mark, name)
    _, rows = table(site, point, post(point, data, expect=201).json())
    assert rows[0]["candidate"]["number"] == number and [row["name"] for row in rows] == [f"{number}.png", "张三.png", "李四.png"]


def test_what_was_seen_is_kept(site, point, people):
    """Only what can be kept and was not left out; asked for twice it is kept once; what changed meanwhile stays as it is."""
    (first, number, _), (second, _, identity), (third, last, _) = people
    data = archive([(f"{number}.png", portrait("y42")), (f"a/{identity}.PNG", portrait("y60", head=190)), (f"{last}.png", portrait("y42", head=186)),
                    ("99999999.png", png(mark=46))])
    accepted(point, third, 45)
    job = post(point, data, expect=201).json()
    _, rows = table(site, point, job)
    assert [row["keepable"] for row in rows] == [True, True, True, False], rows
    accepted(point, third, 47)  # somebody was at the counter: accepted before, accepted after, and another picture
    kept = point.post(f"/jobs/{job['id']}/photos", {"leave_out": [rows[1]["n"]]}, expect=201).json()
    assert kept["kind"] == "photo_keep"
    result, done = table(site, point, kept)
    assert (result["good"], result["bad"]) == (1, 1), done
    assert [(row["candidate"]["id"], row["state"]) for row in done] == [(first, "accepted"), (third, None)] and done[1]["fault"]["code"] == "conflict"
    view = state(point, first)
    assert [(p["source"], p["state"]) for p in view["photos"]] == [("import", "accepted")] and view["photos"][0]["id"] == done[0]["photo"]
    assert state(point, second)["photos"] == [] and state(point, third)["photos"][0]["source"] == "upload"
    _, again = table(site, point, point.post(f"/jobs/{job['id']}/photos", {}, expect=201).json())
    assert [row["state"] for row in again[:2]] == ["accepted", rows[1]["becomes"]] and len(state(point, first)["photos"]) == 1
    actions = sql(site, f"SELECT action FROM audit WHERE object_kind = 'candidate' AND object_id = {first} AND action = 'candidate.photo'")
    assert len(actions) == 1
    # The archive lies sealed: neither its names nor its pictures are in the spool in clear.
    held = b"".join(open(path, "rb").read() for path in glob.glob(site.path("data", "spool", "job-*")))
    assert len(held) > 100000 and not [mark for mark in (number.encode(), identity.encode(), b"IHDR", b"PK\3\4") if mark in held]
