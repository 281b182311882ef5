"""Gateways of points over HTTP (W3, W7, issue "Device gateways"): a small client written from docs/devices.md alone enrols, posts and is
answered; what is forged, repeated, changed, late, out of order or not decodable is settled one by one (ID-13, ID-14, DI-8, NE-4, IN-2)."""
import hashlib
import json
import os
import resource
import socket
import struct
import threading
import time
import uuid
import zlib

import pytest

pytest.importorskip("nacl", reason="python3-nacl is not installed")
from gk_client import Client  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import Reply  # noqa: E402 pylint: disable=wrong-import-position
from gk_gateway import Gateway, b64u, compact, text_block, unb64u  # noqa: E402 pylint: disable=wrong-import-position
from gk_picture import png  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import id_number, sql  # noqa: E402 pylint: disable=wrong-import-position

BIRTH = "20070315"
LONG = bool(os.environ.get("GK_LONG"))


class Heard(Gateway):
    """The client of docs/devices.md, whose exchanges are held against the contract like everybody's."""

    def send(self, path, body):
        status, answer = super().send(path, body)
        if Client.watch is not None and isinstance(body, dict):
            text = json.dumps(answer, ensure_ascii=False).encode() if answer is not None else b""
            Client.watch("POST", "/devices/" + path, body, Reply(status, self.headers, text))
        return status, answer


def origin(site):
    return f"http://127.0.0.1:{site.port}"


class Place:
    """A point of its own with numbers, an operator, and devices."""
    serial = 0

    def __init__(self, site, code, count, login):
        self.site = site
        self.county = Client(site).sign_in(site.logins()["county"])
        self.org = self.county.me["org"]
        gap = next(g for g in self.county.get("/ranges/free", expect=200).json()["items"] if g["last"] - g["first"] + 1 >= count)
        self.point = self.county.post("/orgs", {"parent_id": self.org["id"], "code": self.org["code"] + code, "name": f"读卡测试{code}", "profile": {}},
                                      expect=201).json()
        self.first = gap["first"]
        self.county.post("/ranges", {"org_id": self.point["id"], "subject": "1", "first": gap["first"], "last": gap["first"] + count - 1}, expect=201)
        account = self.county.post("/accounts", {"role": "point", "org_id": self.point["id"], "login": login}, expect=201).json()
        slip = self.county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]
        self.account = account
        self.operator = Client(site).sign_in(login, slip["password"], change_to="Shebei-Ceshi-2026-OK")

    def gateway(self, kinds=("idcard", "camera"), name="一号读卡机"):
        made = self.operator.post("/devices", {"name": name, "kinds": list(kinds)}, expect=201).json()
        gateway = Heard(origin(self.site))
        assert gateway.enrol(made["code"])[0] == 201
        return gateway

    def person(self):
        Place.serial += 1
        return f"测试{chr(0x4e00 + Place.serial)}", id_number(self.org["code"], BIRTH, Place.serial)

    def block(self, **more):
        return text_block(*self.person(), **more)

    def device(self, gateway):
        return self.operator.get(f"/devices/{gateway.device}", expect=200).json()


@pytest.fixture(scope="module")
def place(site):
    return Place(site, "0870", 60, "devices")


def one(answer):
    status, body = answer
    assert status == 200, answer
    return body["results"][0]


def many(answer):
    status, body = answer
    assert status == 200, answer
    return body["results"]


# ---- coming in -------------------------------------------------------------------------------------------

def test_a_code_works_once(site, place):
    made = place.operator.post("/devices", {"name": "登记", "kinds": ["idcard"]}, expect=201).json()
    gateway = Heard(origin(site))
    assert gateway.send("999999999/readings", {"readings": [{}]})[0] == 401
    status, problem = gateway.send(f"{made['id']}/readings", {"readings": [{}]})
    assert (status, problem["code"]) == (401, "device-unknown")  # nobody enrolled yet
    assert gateway.enrol("0000-0000-0000")[1]["code"] == "code-invalid"
    status, terms = gateway.enrol(made["code"].lower().replace("-", " "))
    assert status == 201 and terms["device"] == str(made["id"]) and terms["point"]["code"] == place.point["code"]
    assert [s["code"] for s in terms["subjects"]][:1] == ["1"] and terms["next_seq"] == 1 and terms["test_mode"] is False
    assert gateway.enrol(made["code"])[0] == 200  # the answer was lost
    assert Heard(origin(site)).enrol(made["code"])[1]["code"] == "code-invalid"
    assert "code" not in place.device(gateway)
    assert place.county.get(f"/devices/{made['id']}", expect=200).json()["state"] == "active"
    assert made["id"] in [d["id"] for d in place.county.items("/devices?state=active")]


def test_a_code_ends_after_a_day(site, place):
    made = place.operator.post("/devices", {"name": "过期", "kinds": ["idcard"]}, expect=201).json()
    sql(site, f"UPDATE device SET code_until_us = 1 WHERE id = {made['id']}")
    assert Heard(origin(site)).enrol(made["code"])[1]["code"] == "code-invalid"


# ---- readings --------------------------------------------------------------------------------------------

def test_a_card_becomes_a_candidate_and_is_verified(place):
    gateway = place.gateway()
    name, number = place.person()
    block = text_block(name, number)
    created = one(gateway.post([gateway.card(block, subject="1", photo_block=b64u(b"\0" * 1024), layout="resident")]))
    assert (created["status"], created["verdict"], created["flags"]) == ("stored", "created", []), created
    assert created["candidate"]["name_masked"] == "测**" and len(created["candidate"]["number"]) == 8
    record = place.operator.get(f"/candidates/{created['candidate']['id']}", expect=200).json()
    assert (record["fields"]["name"], record["fields"]["id_number"], record["fields"]["card_address"]) == (name, number, "湖南省长沙市测试路1号")
    assert record["state"] == "identified" and record["subject"] == "1"
    again = one(gateway.post([gateway.card(block, purpose="verify", number=created["candidate"]["number"])]))
    assert (again["status"], again["verdict"]) == ("stored", "verified")
    moved = one(gateway.post([gateway.card(text_block(name, number, address="湖南省长沙市新地址9号"), purpose="auto")]))
    assert moved["verdict"] == "different"
    shown = place.operator.get(f"/readings/{moved['reading']}", expect=200).json()
    assert [c["field"] for c in shown["comparison"] if c["verdict"] == "different"] == ["card_address"]
    place.operator.post(f"/candidates/{record['id']}/identity", {"reading_id": moved["reading"], "accept": ["card_address"], "reason": "户口迁移"},
                        version=record["version"], expect=200)
    assert place.operator.get(f"/candidates/{record['id']}", expect=200).json()["fields"]["card_address"] == "湖南省长沙市新地址9号"
    strange = one(gateway.post([gateway.card(place.block(), purpose="verify")]))
    assert strange["verdict"] == "unknown"


def test_a_reading_without_a_category_waits_for_the_console(place):
    gateway = place.gateway()
    got = one(gateway.post([gateway.card(place.block())]))
    assert (got["status"], got["verdict"]) == ("stored", "unassigned") and got["problem"]["zh"] and "candidate" not in got
    assert got["reading"] in [r["id"] for r in place.operator.items("/readings?verdict=unassigned")]
    assert place.county.post(f"/readings/{got['reading']}/assignment", {"subject": "1"}).status == 403
    done = place.operator.post(f"/readings/{got['reading']}/assignment", {"subject": "1"}, expect=200).json()
    assert done["verdict"] == "created" and done["candidate"]["number"] and done["problem"] is None
    assert place.operator.post(f"/readings/{got['reading']}/assignment", {"subject": "1"}).json()["code"] == "wrong-state"


def test_each_item_of_a_batch_has_its_own_answer(place):
    """One bad reading never blocks the others: forged, cut, sealed to nobody, not a card, fingerprints."""
    gateway, other = place.gateway(), place.gateway(name="二号")
    good = [gateway.card(place.block(), subject="1") for _ in range(2)]
    forged = gateway.card(place.block(), subject="1")
    forged["signature"] = b64u(bytes(64))
    changed = gateway.card(place.block(), subject="1")
    changed["payload"] = b64u(unb64u(changed["payload"])[:-1] + b"\0")
    batch = [good[0], {}, "text", forged, changed, {**gateway.card(place.block()), "more": 1}, other.card(place.block()),
             gateway.reading({"kind": "idcard", "purpose": "auto", "text_block": b64u(place.block())}, kid=other.device),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, aud="gk:other:2014:4301020001"),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, skid="nobody"),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, alg="none"),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, crit=["x"]),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, seq=None),
             gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, jti="ABC"),
             gateway.sign("gk-reading+1", b"not sealed at all, but signed and long enough to be opened", skid=gateway.sealing["kid"], seq=900),
             gateway.reading(b"[1, 2]"), gateway.reading({"kind": "idcard", "text_block": "a+b="}),
             gateway.reading({"kind": "idcard", "fingerprint_block": b64u(bytes(512))}),
             gateway.card(place.block()[:200], subject="1"), gateway.card(place.block(birth="20071301"), subject="1"), good[1]]
    results = many(gateway.post(batch))
    assert [r["status"] for r in results] == ["stored"] + ["refused"] * 17 + ["stored"] * 3, results
    assert [r["problem"]["code"] for r in results[1:18]] == [
        "malformed", "malformed", "signature-invalid", "signature-invalid", "malformed", "signature-invalid", "wrong-device", "wrong-audience",
        "unknown-sealing-key", "malformed", "malformed", "malformed", "malformed", "not-opened", "payload-invalid", "payload-invalid", "fingerprint-refused"]
    assert [r["verdict"] for r in results[18:]] == ["undecoded", "undecoded", "created"], results[18:]
    assert "出生日期" in results[19]["problem"]["zh"] and "256" in results[18]["problem"]["en"]
    assert results[0]["verdict"] == "created"
    status, problem = gateway.post([forged])
    assert (status, problem["code"]) == (401, "signature-invalid")  # not one is the device's
    assert gateway.post([])[0] == 422 and gateway.post([{}] * 201)[0] == 422
    assert gateway.send(f"{gateway.device}/readings", b"{")[0] == 400
    row = place.operator.get(f"/readings/{results[19]['reading']}", expect=200).json()
    assert row["verdict"] == "undecoded" and row["fields"] == {}


def test_a_reading_counts_once(place):
    """ID-14, NE-4: the same bytes again get the first answer; the same id with other content is refused, recorded, an alarm."""
    gateway = place.gateway()
    block = place.block()
    reading = gateway.card(block, subject="1")
    first = one(gateway.post([reading]))
    repeated = one(gateway.post([reading]))
    assert (first["status"], repeated["status"]) == ("stored", "repeated")
    assert {**first, "status": 0} == {**repeated, "status": 0}
    jti = json.loads(unb64u(reading["protected"]))["jti"]
    other = gateway.card(place.block(), subject="1")
    other = gateway.reading({"kind": "idcard", "purpose": "auto", "text_block": b64u(place.block()), "subject": "1"}, jti=jti)
    changed = one(gateway.post([other]))
    assert (changed["status"], changed["problem"]["code"]) == ("changed", "jti-reused") and "candidate" not in changed
    stranger = Heard(origin(place.site))
    world = sql(place.site, f"SELECT count(*) FROM audit WHERE action = 'device.changed_replay' AND object_id = {gateway.device}")
    assert world == ["1"], world
    alarms = [a for a in place.county.items("/alarms?state=open") if a["kind"] == "readings_changed"]
    assert int(gateway.device) in [a["device_id"] for a in alarms]
    assert stranger.send(f"{gateway.device}/readings", {"readings": [other]})[0] == 200  # whoever brings it: the signature is the proof


def test_both_in_one_batch_and_at_once(place):
    """DI-2, DI-4: twice in a batch, and the same batch on six connections: one candidate each, gapless numbers, two gateways."""
    gateways = [place.gateway(name=f"{i}号") for i in range(2)]
    before = len(place.operator.items("/candidates"))
    batches = [[g.card(place.block(), subject="1") for _ in range(6)] for g in gateways]
    batches[0].append(batches[0][0])
    answers = [None] * 6
    gate = threading.Barrier(6)

    def run(i):
        gate.wait()
        client = Heard(origin(place.site))
        for _ in range(40):
            answers[i] = client.send(f"{gateways[i % 2].device}/readings", {"readings": batches[i % 2]})
            if answers[i][0] != 503:
                return
            time.sleep(0.2)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [a[0] for a in answers] == [200] * 6, answers
    for which in (0, 1):
        ids = {json.dumps([r["candidate"]["id"] for r in many(answers[i])]) for i in range(which, 6, 2)}
        assert len(ids) == 1, ids
        stored = [sum(r["status"] == "stored" for r in many(answers[i])) for i in range(which, 6, 2)]
        assert sum(stored) == 6, stored
    everybody = place.operator.items("/candidates")
    assert len(everybody) == before + 12
    numbers = sorted(int(c["number"]) for c in everybody)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))  # R3


def test_numbers_of_a_device_show_what_is_missing(place):
    gateway = place.gateway()
    gateway.post([gateway.card(place.block()) for _ in range(2)])
    gateway.seq = 5
    status, answer = gateway.post([gateway.card(place.block())])
    assert status == 200 and answer["holes"] == [[3, 4]] and answer["next_seq"] == 6
    late = gateway.reading({"kind": "idcard", "purpose": "auto", "text_block": b64u(place.block())}, seq=3)
    used = gateway.reading({"kind": "idcard", "purpose": "auto", "text_block": b64u(place.block())}, seq=5)
    status, answer = gateway.post([late, used])
    assert [r["flags"] for r in answer["results"]] == [["out-of-order"], ["seq-reused"]]
    assert answer["holes"] == [[4, 4]] and place.device(gateway)["holes"] == [[4, 4]]


def test_clocks_that_are_wrong(place):
    """A spool is days old, a clock a day off: kept, and marked."""
    gateway = place.gateway()
    flags = []
    for hours in (-24, 24, 0):
        gateway.clock = lambda hours=hours: time.time() + hours * 3600
        flags.append(one(gateway.post([gateway.card(place.block())]))["flags"])
    assert flags == [["late"], ["future"], []]
    gateway.clock = lambda: time.time() + 86400
    status, terms = gateway.state(reader_state="ready", waiting=3, last_error="读卡器断开", reader_module="05.01-20260101-0000000001-0000000002")
    assert status == 200 and abs(terms["skew_ms"] - 86400000) < 120000
    seen = place.device(gateway)
    assert (seen["reader_state"], seen["waiting"], seen["last_error"], seen["software"]) == ("ready", 3, "读卡器断开", "example 1.0")
    assert abs(seen["skew_ms"] - 86400000) < 120000
    # A gateway that starts says nothing of a reader it still looks for: what is known of it stays; a reader without a number is told.
    gateway.state(reader_state="search")
    again = place.device(gateway)
    assert (again["reader_module"], again["reader_state"], again["last_error"]) == (seen["reader_module"], "search", None)
    gateway.state(reader_module="")
    assert place.device(gateway)["reader_module"] is None
    listed = place.operator.items(f"/readings?device_id={gateway.device}&flag=late")
    assert len(listed) == 1 and listed[0]["flags"] == ["late"]


def test_a_range_that_is_used_up_stops_nobody(site, place):
    """RANGE_FULL keeps the reading and acknowledges it; what follows in the batch is not held up; a new range goes on with it."""
    small = Place(site, "0871", 2, "devices2")
    gateway = small.gateway()
    results = many(gateway.post([gateway.card(small.block(), subject="1") for _ in range(4)] + [gateway.card(small.block())]))
    assert [r["status"] for r in results] == ["stored"] * 5
    assert [r["verdict"] for r in results] == ["created", "created", "unassigned", "unassigned", "unassigned"]
    assert results[2]["problem"]["code"] == "range-full"
    assert small.operator.post(f"/readings/{results[2]['reading']}/assignment", {}).json()["code"] == "range-full"
    gap = next(g for g in small.county.get("/ranges/free", expect=200).json()["items"] if g["last"] - g["first"] >= 5)
    small.county.post("/ranges", {"org_id": small.point["id"], "subject": "1", "first": gap["first"], "last": gap["first"] + 4}, expect=201)
    done = small.operator.post(f"/readings/{results[2]['reading']}/assignment", {}, expect=200).json()
    assert done["verdict"] == "created" and done["subject"] == "1"  # as the gateway said


def test_somebody_of_another_point_is_kept_and_flagged(site, place):
    elsewhere = Place(site, "0872", 5, "devices3")
    block = elsewhere.block()
    gateway, other = place.gateway(), elsewhere.gateway()
    one(other.post([other.card(block, subject="1")]))
    got = one(gateway.post([gateway.card(block, subject="1")]))
    assert (got["status"], got["verdict"]) == ("stored", "registered_elsewhere") and "candidate" not in got
    shown = place.operator.get(f"/readings/{got['reading']}", expect=200).json()
    assert shown["elsewhere"]["org"] == elsewhere.point["name"] and shown["elsewhere"]["number"] is None
    assert elsewhere.operator.get(f"/devices/{gateway.device}").status == 404
    jti = uuid.uuid4().hex
    assert one(other.post([other.reading({"kind": "idcard", "text_block": b64u(block)}, jti=jti)]))["status"] == "stored"
    taken = one(gateway.post([gateway.reading({"kind": "idcard", "text_block": b64u(block)}, jti=jti)]))
    assert taken["status"] == "changed" and "reading" not in taken  # nothing is told of the other point's


# ---- keys, theft -----------------------------------------------------------------------------------------

def test_keys_change_and_the_old_one_ends(place):
    gateway = place.gateway()
    old = gateway.key
    before = gateway.card(place.block(), subject="1")
    status, answer, message = gateway.rotate()
    assert status == 200 and answer["next_seq"] == 1
    assert gateway.send(f"{gateway.device}/key", message)[0] == 200  # the answer was lost
    after = gateway.card(place.block(), subject="1")
    late = gateway.reading({"kind": "idcard", "text_block": b64u(place.block())}, key=old, iat=int(time.time()) + 5)
    assert [r["status"] for r in many(gateway.post([before, after, late]))] == ["stored", "stored", "refused"]
    key, gateway.key = gateway.key, old
    assert gateway.state()[1]["code"] == "signature-invalid"
    assert gateway.rotate()[0] == 401  # the old key names no successor
    gateway.key = key
    assert gateway.state()[0] == 200
    message = gateway.sign("gk-key+1", compact({"public_key": b64u(bytes(32)), "proof": b64u(bytes(64))}))
    assert gateway.send(f"{gateway.device}/key", message)[0] == 422
    assert gateway.send(f"{gateway.device}/state", gateway.sign("gk-key+1", b"{}"))[0] == 400
    assert gateway.send(f"{gateway.device}/state", gateway.sign("gk-state+1", b"{}", aud="gk:x"))[1]["code"] == "wrong-audience"


def test_a_stolen_device_is_out_at_once(site, place):
    """ID-13: the next request is refused, before its body is read; what it posted since the theft is listed; a new key is needed."""
    gateway = place.gateway()
    one(gateway.post([gateway.card(place.block(), subject="1")]))
    stolen = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    device = place.device(gateway)
    refused = place.operator.patch(f"/devices/{device['id']}", {"state": "revoked"}, version=device["version"])
    assert refused.status == 422 and refused.json()["violations"][0]["pointer"] == "/reason"
    place.county.patch(f"/devices/{device['id']}", {"state": "revoked", "reason": "电脑被盗", "stolen_at": stolen}, version=device["version"], expect=200)
    for path, body in ((f"{gateway.device}/readings", {"readings": [gateway.card(place.block())]}), (f"{gateway.device}/state", gateway.sign("gk-state+1", b"{}"))):
        status, problem = gateway.send(path, body)
        assert (status, problem["code"]) == (401, "device-revoked")
    marked = place.county.items(f"/readings?device_id={gateway.device}&flag=after-theft")
    assert len(marked) == 1 and "after-theft" in marked[0]["flags"]
    device = place.device(gateway)
    again = place.operator.post(f"/devices/{device['id']}/code", {}, version=device["version"], expect=200).json()
    thief, owner = gateway.key, Heard(origin(site))
    assert owner.enrol(again["code"])[0] == 201 and owner.device == gateway.device and owner.seq == 2
    assert one(owner.post([owner.card(place.block(), subject="1")]))["status"] == "stored"
    assert one(owner.post([owner.card(place.block()), owner.reading({"kind": "idcard", "text_block": b64u(place.block())}, key=thief, iat=1)][::-1]))["status"] == "refused"
    assert place.operator.patch(f"/devices/{device['id']}", {"name": "新名"}, version=1).status == 412


def test_large_bodies_and_floods(site, place):
    """100 MB are refused before they are read; strangers' bodies too."""
    gateway = place.gateway()
    for device, wanted in ((gateway.device, 413), ("99999999", 401)):
        connection = site.connect(timeout=60)
        connection.putrequest("POST", f"/api/v1/devices/{device}/readings")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(100 * 1024 * 1024))
        connection.endheaders()
        assert connection.getresponse().status == wanted
        connection.close()


def beside(work, *tasks):
    """Runs tasks in threads until `work` is done; what went wrong in one is raised."""
    stop, faults = threading.Event(), []

    def run(task):
        while not stop.is_set():
            try:
                task()
            except BaseException as fault:  # pylint: disable=broad-except
                faults.append(fault)
                return
    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
    if faults:
        raise faults[0]


def test_the_key_of_readings_changes_while_they_are_posted(site, place):
    """DI-9: `gaokaoctl key rotate reading` beside two gateways that never pause: none is lost, and what was sealed to the old key,
    waits as long as it likes and is posted afterwards is opened like the rest."""
    gateways, taken = [place.gateway(name=f"换密钥{i}号") for i in range(2)], {}
    old = gateways[0].sealing["kid"]
    # In the spool of a point without a network:
    waits = [gateways[0].card(place.block(), subject="1"), gateways[0].card(place.block()), gateways[0].card(place.block())]
    serial = iter(range(500))

    def post(gateway):
        n = next(serial)
        name, number = f"换{chr(0x4e00 + n)}", id_number(place.org["code"], "20070401", n)
        result = one(gateway.post([gateway.card(text_block(name, number))]))
        assert (result["status"], result["verdict"]) == ("stored", "unassigned"), result
        taken[result["reading"]] = (name, number, gateway.sealing["kid"])
        status, terms = gateway.state()
        assert status == 200
        gateway.sealing = terms["sealing_key"]
        time.sleep(0.1)

    def rotate():
        done = site.ctl("key", "rotate", "reading")
        assert "active" in done.stdout + done.stderr, done
        site.wait(lambda: {one_of.sealing["kid"] for one_of in gateways}.isdisjoint({old}), 30, "both gateways with the new key")
        before = len(taken)
        site.wait(lambda: len(taken) >= before + 4, 30, "readings under it")
    beside(rotate, lambda: post(gateways[0]), lambda: post(gateways[1]))
    late = many(gateways[0].post(waits))
    assert [(r["status"], r["verdict"]) for r in late] == [("stored", "created")] + [("stored", "unassigned")] * 2, late
    kids = [kid for _, _, kid in taken.values()]
    assert kids.count(old) >= 2 and len(kids) - kids.count(old) >= 4
    for reading, (name, number, _) in taken.items():
        fields = place.operator.get(f"/readings/{reading}", expect=200).json()["fields"]
        assert (fields["name"], fields["id_number"]) == (name, number)
    rows = sql(site, f"SELECT count(*) FROM reading WHERE device_id IN ({gateways[0].device}, {gateways[1].device})")
    assert int(rows[0]) == len(taken) + 3
    assert all(place.device(gateway)["holes"] == [] for gateway in gateways)


# ---- cameras and instruments -------------------------------------------------------------------------------

def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((y * 255 // height, 120, 160)) * width for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_picture_goes_into_the_photo_flow(place):
    gateway = place.gateway()
    card = gateway.card(place.block(), subject="1")
    jti = json.loads(unb64u(card["protected"]))["jti"]
    batch = [card, gateway.reading({"kind": "camera", "picture": b64u(png(480, 640)), "after": jti}),
             gateway.reading({"kind": "camera", "picture": b64u(b"GIF89a" + bytes(50)), "after": jti}),
             gateway.reading({"kind": "camera", "picture": b64u(png(480, 640)), "number": "99999999"})]
    results = many(gateway.post(batch))
    assert [r["status"] for r in results] == ["stored"] * 4
    assert [r["verdict"] for r in results] == ["created", "picture", "picture", "unmatched"], results
    assert "problem" not in results[1] and results[2]["problem"]["zh"] and results[3]["problem"]["zh"]
    assert results[1]["candidate"]["id"] == results[0]["candidate"]["id"]
    record = place.operator.get(f"/candidates/{results[0]['candidate']['id']}", expect=200).json()
    assert record["parts"]["photo"] != "none", record["parts"]
    audit = sql(place.site, f"SELECT action FROM audit WHERE object_kind = 'candidate' AND object_id = {record['id']} ORDER BY seq")
    assert audit[:2] == ["candidate.create", "candidate.photo"], audit
    largest = png(480, 640)  # docs/devices.md, section 2
    largest += bytes(2_900_000 - len(largest))
    assert one(gateway.post([gateway.reading({"kind": "camera", "picture": b64u(largest), "number": "99999999"})]))["verdict"] == "unmatched"


def test_results_of_an_examination_go_into_the_record(site, place):
    """W8: the county's instrument; a point may not make itself one."""
    assert place.operator.post("/devices", {"name": "体检", "kinds": ["exam"]}).json()["code"] == "forbidden"
    someone = next(c for state in ("filling", "reviewed", "confirmed") for c in place.county.items(f"/candidates?state={state}"))
    made = place.county.post("/devices", {"name": "身高体重仪", "kinds": ["exam"], "org_id": someone["org"]["id"]}, expect=201).json()
    gateway = Heard(origin(site))
    assert gateway.enrol(made["code"])[0] == 201
    results = many(gateway.post([gateway.reading({"kind": "exam", "number": someone["number"], "items": {"WK_SG": 172.5, "YK_LYSLY": "5.0"}}),
                                 gateway.reading({"kind": "exam", "file": b64u(f"NUMBER={someone['number']}\nWK_TZ=60\n".encode()), "file_name": "1.txt"}),
                                 gateway.reading({"kind": "exam", "number": someone["number"], "items": {"WK_SG": 17.25}}),
                                 gateway.reading({"kind": "exam", "number": "99999999", "items": {"WK_SG": 170}}),
                                 gateway.reading({"kind": "exam", "number": someone["number"]})]))
    assert [r["status"] for r in results] == ["stored"] * 5
    assert [r["verdict"] for r in results] == ["examination"] * 3 + ["unmatched", "examination"], results
    assert [r.get("problem") is None for r in results] == [True, True, False, False, False], results
    assert "身高" in results[2]["problem"]["zh"]
    part = next(p for p in place.county.get(f"/candidates/{someone['id']}/parts", expect=200).json()["items"] if p["id"] == "examination")
    assert {k: str(part["fields"][k]) for k in ("wk_sg", "wk_tz", "yk_lysly")} == {"wk_sg": "172.5", "wk_tz": "60", "yk_lysly": "5"}, part


# ---- what is kept ----------------------------------------------------------------------------------------

def test_blocks_are_kept_sealed(place):
    gateway = place.gateway()
    name, number = place.person()
    got = one(gateway.post([gateway.card(text_block(name, number), subject="1", photo_block=b64u(b"\7" * 1024), chip_photo=b64u(b"BM" + b"\0" * 200))]))
    rows = sql(place.site, f"SELECT length(body) FROM reading_raw WHERE reading_id = {got['reading']}")
    assert int(rows[0]) > 2000
    hexed = "encode(body, 'hex')" if place.site.engine == "pgsql" else "hex(body)"
    text = sql(place.site, f"SELECT {hexed} FROM reading_raw WHERE reading_id = {got['reading']}")[0].lower()
    assert b64u(b"\7" * 60).encode().hex() not in text and number.encode().hex() not in text


def bitmap(width=102, height=126, colour=(30, 120, 200)):
    """As the library of a card reader decodes a chip's picture: 24 bit, the last row first."""
    stride = (width * 3 + 3) // 4 * 4
    rows = (bytes(colour) * width).ljust(stride, b"\0") * height
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 0, 54, 40, width, height, 1, 24, 0, len(rows), 0, 0, 0, 0) + rows


def test_the_chips_picture_stands_beside_the_photo(place):
    """Design section 8: for whoever compares. It never costs a reading."""
    gateway, point = place.gateway(), place.operator
    name, number = place.person()
    made = one(gateway.post([gateway.card(text_block(name, number), subject="1", chip_photo=b64u(bitmap()))]))
    assert made["verdict"] == "created", made
    view = point.get(f"/candidates/{made['candidate']['id']}/photo", expect=200).json()
    assert [(p["state"], p["source"], p["width_px"], p["height_px"]) for p in view["photos"]] == [("chip", "chip", 102, 126)]
    assert view["state"] == "none" and view["refusals"] == 0
    seen = point.get(f"/candidates/{made['candidate']['id']}/photo/{view['photos'][0]['id']}", expect=200).body
    assert seen.startswith(b"\xff\xd8\xff") and hashlib.sha256(seen).hexdigest() == view["photos"][0]["digest"]
    # The next reading's takes its place; bare pixels are one too; what is none changes nothing but is kept with the reading.
    results = many(gateway.post([gateway.card(text_block(name, number), purpose="verify", number=made["candidate"]["number"], chip_photo=b64u(chip))
                                 for chip in (bytes((1, 2, 3)) * 102 * 126, b"BM" + b"\0" * 200, bitmap(4000, 2)[:9000], b"\xff\xd8\xff", png(102, 126))]))
    assert [(r["status"], r["verdict"]) for r in results] == [("stored", "verified")] * 5, results
    view = point.get(f"/candidates/{made['candidate']['id']}/photo", expect=200).json()
    assert [p["state"] for p in view["photos"]] == ["chip", "replaced", "replaced"]


# ---- live ------------------------------------------------------------------------------------------------

def look(client, tag=None):
    return client.get("/readings/changes?limit=20", headers={"If-None-Match": tag} if tag else None)


def test_a_page_sees_new_readings_and_costs_nothing_else(site, place):
    gateway = place.gateway()
    first = look(place.operator)
    assert first.status == 200 and first.headers["ETag"]
    deadline = time.time() + 20
    while True:  # what was before may still come in by the other nodes' way
        tag = look(place.operator).headers["ETag"]
        time.sleep(1.2)
        if look(place.operator, tag).status == 304 or time.time() > deadline:
            break
    assert look(place.operator, tag).status == 304
    got = one(gateway.post([gateway.card(place.block())]))
    changed = look(place.operator, tag)
    assert changed.status == 200 and changed.json()["items"][0]["id"] == got["reading"]
    tag = changed.headers["ETag"]
    place.operator.post(f"/readings/{got['reading']}/assignment", {"subject": "1"}, expect=200)
    after = look(place.operator, tag)
    assert after.status == 200 and after.json()["items"][0]["verdict"] == "created"
    assert look(place.county).status == 200
    other = Client(site)
    assert other.get("/readings/changes", headers={"If-None-Match": after.headers["ETag"]}).status == 401


def test_a_page_of_somebody_switched_off_is_signed_out(site, place):
    """NE-8: the account is disabled: 401 at the next poll."""
    late = Place(site, "0873", 2, "devices4")
    tag = look(late.operator).headers["ETag"]
    assert look(late.operator, tag).status in (200, 304)
    account = late.county.get(f"/accounts/{late.account['id']}", expect=200)
    late.county.patch(f"/accounts/{late.account['id']}", {"enabled": False}, version=account.headers["ETag"], expect=200)
    assert look(late.operator, tag).status == 401


class Crowd:
    """Open pages of one clerk, a connection each, that sleep between two looks."""

    def __init__(self, client, tag, count):
        cookies = "; ".join(f"{key}={value}" for key, value in client.cookies.items())
        self.port = client.site.port
        self.head = (f"GET /api/v1/readings/changes?limit=20 HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Gaokao-Edition: {client.edition}\r\n"
                     f"Cookie: {cookies}\r\nIf-None-Match: {tag}\r\n\r\n").encode()
        self.lines = []
        for _ in range(count):
            self.lines.append(self.line())
            self.status(self.lines[-1])

    def line(self):
        """A page comes with its first look: connections that say nothing wait in the kernel's queue."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        line.sendall(self.head)
        return line

    @staticmethod
    def status(line):
        """Of the answer that comes; 0: httpd closed the connection."""
        reply = b""
        try:
            while b"\r\n\r\n" not in reply or (reply.split(b" ")[1] == b"200" and not reply.rstrip().endswith(b"}")):
                piece = line.recv(65536)
                if not piece:
                    return 0
                reply += piece
        except ConnectionError:
            return 0
        return int(reply.split(b" ")[1])

    def look(self, count=None):
        """How many of the first `count` were answered with which status."""
        answers = {}
        lines = range(len(self.lines[:count]))
        for at in lines:
            try:
                self.lines[at].sendall(self.head)
            except OSError:
                pass
        for at in lines:
            status = self.status(self.lines[at])
            if status == 0:  # it slept too long: a browser opens another
                self.lines[at].close()
                self.lines[at] = self.line()
                status = self.status(self.lines[at])
            answers[status] = answers.get(status, 0) + 1
        return answers

    def close(self):
        for line in self.lines:
            line.close()


def test_five_thousand_open_pages_hold_nobody_up(site):
    """NE-8: five times as many pages as there are threads poll and sleep; devices post and others read meanwhile as if alone; when
    the account is disabled each page is told at its next look."""
    if site.engine != "sqlite" and not LONG:
        pytest.skip("on PostgreSQL in the long form: the looks cost it nothing")
    pages, most = 5000, resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most[0], pages + 500), max(most[1], pages + 500)))
    except (OSError, ValueError):
        pytest.skip("so many sockets are not allowed here")
    watched, busy = Place(site, "0874", 5, "devices5"), Place(site, "0875", 40, "devices6")
    gateway = busy.gateway()
    crowd, stop, rounds = None, threading.Event(), []
    try:
        crowd = Crowd(watched.operator, look(watched.operator).headers["ETag"], pages)

        def poll():
            while not stop.is_set():
                rounds.append(crowd.look())
        thread = threading.Thread(target=poll)
        thread.start()
        took = []
        for _ in range(20):
            began = time.monotonic()
            assert one(gateway.post([gateway.card(busy.block(), subject="1")]))["verdict"] == "created"
            busy.county.get("/orgs?limit=1", expect=200)
            took.append(time.monotonic() - began)
        site.wait(lambda: len(rounds) >= 2, 120, "two looks of everybody")
        stop.set()
        thread.join(120)
        assert max(took) < 5, took
        for answers in rounds:
            assert sum(answers.values()) == pages and set(answers) <= {200, 304} and answers[304] >= pages - 100, answers
        account = watched.county.get(f"/accounts/{watched.account['id']}", expect=200)
        watched.county.patch(f"/accounts/{watched.account['id']}", {"enabled": False}, version=account.headers["ETag"], expect=200)
        assert crowd.look(500) == {401: 500}
    finally:
        stop.set()
        if crowd is not None:
            crowd.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
