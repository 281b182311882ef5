"""DI-13: what was entered about people lies nowhere in clear. A short season is run over HTTP: cards read, typed in, saved,
refused, corrected, printed, exported, searched for by number; then every file of the instance (database, WAL, logs, spool,
run) is searched for the numbers, phones, addresses, remarks, raw card photos and one-time-code secrets, in every spelling that a
program would use. Names, schools and classes are in clear (docs/decisions.md), which shows that the search sees what is
there."""
import base64
import hashlib
import io
import json
import os
import time
import uuid
import zipfile

import pytest

from gk_client import Client
from gk_picture import accepted, decide, png, send
from gk_instance import Instance
from test_journey import Journey, id_number, stamp

# What was installed, and the demonstration's own list of passwords.
NOT_DATA = {"app", "conf", "packs", "keys", "demo-logins.json", "htdocs"}
PHOTO = base64.b64encode(bytes((i * 37 + 11) % 251 for i in range(600))).decode()


def spellings(text):
    """The bytes that would betray it."""
    raw = text.encode()
    found = {raw, text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("gb18030"), raw.hex().encode(),
             "".join(c if ord(c) < 128 else f"\\u{ord(c):04x}" for c in text).encode()}
    for shift in range(3):  # inside a longer base64 text
        coded = base64.b64encode(b"\0" * shift + raw)
        found.add(coded[4 if shift else 0:len(coded) - len(coded) % 4 - 4])
    return [each for each in found if len(each) >= 8]


def files(folder):
    for name in sorted(os.listdir(folder)):
        if name in NOT_DATA:
            continue
        top = os.path.join(folder, name)
        if os.path.isfile(top):
            yield top
        for parent, _, names in os.walk(top):
            for each in names:
                path = os.path.join(parent, each)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def search(site, texts):
    """(text, file below the instance) of each that lies somewhere."""
    wanted = [(text, each) for text in texts for each in spellings(text)]
    found = set()
    for path in files(site.folder):
        with open(path, "rb") as file:
            content = file.read()
        found.update((text, os.path.relpath(path, site.folder)) for text, each in wanted if each in content)
    return sorted(found)


def refused(journey):
    """Ways on which something arrives and is not kept, or is kept without a record. Gives what was sent."""
    county, point, operator = journey.points[0]
    stranger, wrong = id_number(county["code"], "20070707", 499, 1), id_number(county["code"], "20070708", 498, 1)
    card = {**journey.person(county, "1"), "id_number": stranger, "birth": "2007-07-07", "sex": "1", "address": "湖南省标记县标记路77号"}
    reading = {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "verify", "layout": "resident", "card": card, "photo": PHOTO}
    assert operator.post("/readings", reading, expect=201).json()["verdict"] == "unknown"
    operator.post("/readings", {**reading, "jti": uuid.uuid4().hex, "purpose": "test"}, expect=200)
    operator.post("/readings", {**reading, "jti": "bad"}, expect=422)
    fields = {"name": "向标记", "sex": "2", "nation": "01", "birth": "2007-07-08", "id_type": "1", "id_number": wrong}
    operator.post("/candidates", {"subject": "1", "fields": fields}, expect=422)
    taken = next(c["card"]["id_number"] for c in journey.made.values() if c["card"])
    for q in (stranger, taken, taken[-4:]):
        operator.get(f"/candidates?q={q}", expect=200)
    operator.get(f"/candidates/{taken}")
    candidate = next(c for c in journey.made.values() if c["card"])
    own = candidate["client"]
    me = own.get("/me", expect=200)
    own.patch("/me", {"fields": {"postcode": "4", "mobile": "13711122233", "address": "湖南省标记县失败路88号"}},
              version=me.headers["ETag"])
    Client(journey.site, "ks").sign_in(taken, "not-the-password", expect=401)
    return [stranger, wrong, card["address"], PHOTO[:60], "13711122233", "湖南省标记县失败路88号"]


def photographed(journey):
    """A picture with a mark of its own, refused, asked for again with a reason, accepted. What may not lie about: the words, and
    the picture as it is given out."""
    _, _, operator = journey.points[0]
    who = next(r["id"] for r in operator.items("/candidates") if r["state"] in ("reviewed", "filling", "proofed", "confirmed"))
    record = operator.get(f"/candidates/{who}", expect=200)
    if record.json()["state"] == "confirmed":  # a signed photo changes behind a correction only
        operator.post(f"/candidates/{who}/correction", {"reason": "标记：重拍照片"}, version=record.headers["ETag"], expect=200)
    made = send(operator, who, png(60, 80, mark=1), expect=200).json()
    photo = accepted(operator, who, 2)
    picture = operator.get(f"/candidates/{who}/photo/{photo}", expect=200).body
    decide(operator, who, photo, "retake", "标记：照片与本人不符合", expect=200)
    accepted(operator, who, 3)
    assert made["photo"]["report"]["findings"]
    return ["标记：照片与本人不符合", picture[200:240].hex(), base64.b64encode(picture[300:345]).decode()], picture[200:240]


def posted(journey):
    """Signed readings of a gateway: cards that match nobody, can't be decoded, are repeated or replayed with other bytes, a picture and
    results by ID number. The blocks are kept as they came, the problems name fields."""
    gk_gateway = pytest.importorskip("gk_gateway", reason="python3-nacl is not installed")
    county, _, operator = journey.points[0]
    made = operator.post("/devices", {"name": "标记读卡机", "kinds": ["idcard", "camera"]}, expect=201).json()
    gateway = gk_gateway.Gateway(f"http://127.0.0.1:{journey.site.port}")
    assert gateway.enrol(made["code"])[0] == 201
    numbers = [id_number(county["code"], "20070709", serial, 1) for serial in (497, 496, 495, 494)]
    addresses = [f"湖南省标记县网关路{n}号标记" for n in range(3)]
    wrong = numbers[1][:17] + ("1" if numbers[1][17] != "1" else "2")
    newest = gk_gateway.b64u(addresses[2].ljust(35).encode("utf-16-le"))
    first = gateway.card(gk_gateway.text_block("网标记", numbers[0], address=addresses[0]), purpose="verify", appended_address=newest)
    jti = json.loads(gk_gateway.unb64u(first["protected"]))["jti"]
    batch = [first, gateway.card(gk_gateway.text_block("网标记", wrong, address=addresses[1])),
             gateway.reading({"kind": "camera", "picture": gk_gateway.b64u(png(60, 80, mark=4)), "id_number": numbers[2]}),
             gateway.reading({"kind": "exam", "items": {"ID_NUMBER": numbers[3], "WK_SG": 17.5}})]
    results = gateway.post(batch)[1]["results"]
    assert [(r["status"], r["verdict"]) for r in results] == [("stored", "unknown"), ("stored", "undecoded"), ("stored", "unmatched"), ("stored", "unmatched")], results
    assert gateway.post([first])[1]["results"][0]["status"] == "repeated"
    other = gateway.reading({"kind": "idcard", "text_block": gk_gateway.b64u(gk_gateway.text_block("网标记", numbers[2]))}, jti=jti)
    assert gateway.post([other])[1]["results"][0]["status"] == "changed"
    return numbers + [wrong] + addresses


def in_bulk(journey):
    """A ZIP whose names are ID numbers, and the table of what it would become."""
    operator = journey.points[0][2]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_STORED) as file:
        for candidate in journey.made.values():
            if candidate["card"]:
                file.writestr(candidate["card"]["id_number"] + ".png", png(60, 80, mark=5))
    data = zipped.getvalue()
    made = operator.request("POST", f"/photos/imports?sha256={hashlib.sha256(data).hexdigest()}", data, headers={"Content-Type": "application/zip"}, expect=201).json()
    journey.site.wait(lambda: operator.get(f"/jobs/{made['id']}", expect=200).json()["state"] == "done", 60, "photos are seen")
    rows = operator.get(f"/jobs/{made['id']}/result", expect=200).json()["rows"]
    assert len(rows) >= 3 and any(row["candidate"] for row in rows)


def job(journey):
    made = journey.top.post("/jobs", {"kind": "export_xml", "args": {"state": "any"}}, expect=201).json()
    until = time.monotonic() + 60
    while made["state"] not in ("done", "failed") and time.monotonic() < until:
        time.sleep(0.3)
        made = journey.top.get(f"/jobs/{made['id']}", expect=200).json()
    assert made["state"] == "done", made
    body = journey.top.get(f"/jobs/{made['id']}/result", expect=200).body.decode()
    for candidate in journey.made.values():
        if candidate["card"]:
            assert candidate["card"]["id_number"] in body
    assert "record_key" not in str(made)


def printed(journey):
    """Papers for many: the file holds everything in clear once it is opened, and nothing where it lies."""
    operator = journey.points[0][2]
    made = operator.post("/jobs", {"kind": "print_login_sheet", "args": {"from": "00000000", "to": "99999999"}}, expect=201).json()
    until = time.monotonic() + 120
    while made["state"] not in ("done", "failed") and time.monotonic() < until:
        time.sleep(0.3)
        made = operator.get(f"/jobs/{made['id']}", expect=200).json()
    if made["state"] == "failed" and made["error"]["code"] == "config":
        return  # no Chinese font on this machine
    assert made["state"] == "done", made
    if made["result"]["file"]:
        assert operator.get(f"/jobs/{made['id']}/result", expect=200).body.startswith(b"%PDF-")


def handed_in(journey):
    """A table that is looked at, done and taken back: file, cells and what stood there before."""
    county, _, operator = journey.points[0]
    client = next(c[3] for c in journey.cities if c[2]["id"] == county["id"])
    one = next(r for r in operator.items("/candidates") if r["state"] in ("reviewed", "filling", "proofed", "confirmed"))
    words = ["标记病史：幼年骨折已愈", "标记学籍编号XJ7788"]
    table = f"报名顺序号,姓名,既往病史,班主任\n{one['number']},{one['name']},{words[0]},{words[1]}\n99999999,无此人,{words[0]},\n"
    made = client.request("POST", "/imports?kind=examination&name=a.csv", table.encode("utf-8"), headers={"Content-Type": "text/csv"}, expect=201).json()
    for step in ("", "apply", "undo"):
        if step:
            made = client.post(f"/imports/{made['id']}/{step}", {}, version=made["version"], expect=200).json()
        until = time.monotonic() + 60
        while made["state"] in ("reading", "applying", "undoing") and time.monotonic() < until:
            time.sleep(0.2)
            made = client.get(f"/imports/{made['id']}", expect=200).json()
        assert words[0] in str(client.get(f"/imports/{made['id']}/rows", expect=200).json())
    assert made["state"] == "undone", made
    return words


@pytest.mark.parametrize("pack", ["hunan-2014"])
def test_nothing_about_people_lies_in_clear(engine, pack):
    site = Instance.create("marker", engine, extra=("--empty",))
    try:
        journey = Journey(site, pack)
        journey.subjects = ["1"]
        for step in (journey.province, journey.bureaus, journey.points_and_ranges, journey.read_cards, journey.typed_in,
                     journey.cards_and_review, journey.fill_in, journey.confirm, journey.correction, journey.other_information):
            step()
        marks = refused(journey) + posted(journey) + handed_in(journey)
        words, face = photographed(journey)
        marks += words
        in_bulk(journey)
        job(journey)
        printed(journey)
        journey.top.get("/export/candidates.xml?state=any", expect=200)
        pull = journey.top.post("/export/pulls", {"states": "any"}, expect=201).json()["id"]
        site.wait(lambda: journey.top.get(f"/export/pulls/{pull}", expect=200).json()["state"] == "ready", 60, "a pull is written")
        journey.top.get(f"/export/pulls/{pull}/parts/1", expect=200)
        journey.points[0][2].get("/audit?limit=50")
        for candidate in journey.made.values():
            marks += [candidate["card"]["id_number"], candidate["card"]["address"]] if candidate["card"] else []
        entries = journey.entries(*next(iter(journey.made.items())))
        marks += [entries["mobile"], entries["address"], "13900000000", "该生遵守纪律，团结同学，热爱劳动，表现良好。", journey.top.secret]
        names = [c["card"]["name"] for c in journey.made.values() if c["card"]]
        assert search(site, names[:2]), "the search sees nothing at all"
        found = search(site, sorted(set(marks)))
        assert not found, found
        assert not [path for path in files(site.folder) if face in open(path, "rb").read()], "a picture lies in clear"
    finally:
        site.close()
