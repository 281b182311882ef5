"""One effect for each act and one record for each person, however many clients, points and broken connections there are (DI-1 to
DI-4), a window that closes while 200 clients save (PE-3), twins (PE-9) and a number that the police changed (PE-10)."""
import datetime
import random
import subprocess
import threading
import time
import uuid

import pytest

from gk_client import Client
from gk_world import id_number, reading, sql
from test_concurrency import at_once, clone

PAIRS = 100


@pytest.fixture(scope="module")
def points(site):
    """Two new points of the demonstration's county with 150 numbers each, and their operators."""
    county = Client(site).sign_in(site.logins()["county"])
    org = county.me["org"]
    found = []
    for n in (1, 2):
        gap = next(g for g in county.get("/ranges/free", expect=200).json()["items"] if g["last"] - g["first"] >= 150)
        point = county.post("/orgs", {"parent_id": org["id"], "code": f"{org['code']}09{n}5", "name": f"一次测试中学{n}", "profile": {}},
                            expect=201).json()
        county.post("/ranges", {"org_id": point["id"], "subject": "1", "first": gap["first"], "last": gap["first"] + 149}, expect=201)
        account = county.post("/accounts", {"role": "point", "org_id": point["id"], "login": f"once-{n}"}, expect=201).json()
        slip = county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]
        operator = Client(site).sign_in(f"once-{n}", slip["password"], change_to="Yici-Ceshi-2026-OK")
        found.append({"org": point, "operator": operator, "first": gap["first"]})
    return {"county": county, "org": org, "points": found}


def used(points, n):
    """Numbers taken from the range of point n, as the range itself says."""
    items = points["county"].items(f"/ranges?org_id={points['points'][n]['org']['id']}")
    return items[0]["next"] - items[0]["first"]


def typed(name, number):
    return {"subject": "1", "fields": {"name": name, "sex": "1" if int(number[16]) % 2 else "2", "nation": "01", "id_type": "1",
                                       "birth": f"{number[6:10]}-{number[10:12]}-{number[12:14]}", "id_number": number}}


def test_one_person_at_two_points(points):
    """DI-4: 100 people at two points at the same moment, read or typed in: each is registered once, the loser is told where, and
    spends no number."""
    operators = [p["operator"] for p in points["points"]]
    before = [used(points, n) for n in (0, 1)]
    numbers = [id_number(points["org"]["code"], "20070301", i, 1) for i in range(PAIRS)]

    def act(i):
        person, side = divmod(i, 2)
        client = clone(operators[side])
        name = "同人" + chr(0x4E00 + person)
        key = str(uuid.uuid4())
        path, body = "/readings", reading(name, numbers[person])
        if person % 2 and side:  # every other person is typed in at the second point
            path, body = "/candidates", typed(name, numbers[person])
        for _ in range(20):  # too much at once is 503 with Retry-After: sent again as any client does
            reply = client.post(path, body, key=key)
            if reply.status != 503:
                break
            time.sleep(0.2)
        return reply

    replies = at_once(2 * PAIRS, act)
    created = [0, 0]
    for person in range(PAIRS):
        pair = replies[2 * person:2 * person + 2]
        won = [side for side, reply in enumerate(pair) if reply.status == 201 and reply.json().get("verdict", "created") == "created"]
        assert len(won) == 1, pair
        loser = pair[1 - won[0]]
        assert loser.status == 409 and loser.json()["code"] == "duplicate" or loser.json().get("verdict") == "registered_elsewhere", loser
        created[won[0]] += not (person % 2 and won[0])  # who is typed in gets a number at the approval
    for n in (0, 1):
        assert used(points, n) - before[n] == created[n], (n, created)
    assert created[0] + created[1] > 0


def test_numbers_with_clients_that_vanish(points, site):
    """DI-3: half of 64 clients cut the line after sending; what was given is one unbroken row, each number at one record."""
    operator = points["points"][0]["operator"]

    def act(i):
        client = clone(operator)
        if i % 2:
            client.post("/readings", reading("断线" + chr(0x4E00 + i), id_number(points["org"]["code"], "20070402", i, 1)), expect=201)
            return
        body = reading("断线" + chr(0x4E00 + i), id_number(points["org"]["code"], "20070402", i, 1))
        original = client.raw

        def cut(method, path, data=None, headers=None):
            import http.client
            line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
            line.request(method, "/api/v1" + path, data, headers or {})
            time.sleep(random.random() * 0.05)
            line.sock.close()
            raise ConnectionAbortedError
        client.raw = cut
        with pytest.raises(ConnectionAbortedError):
            client.post("/readings", body)
        client.raw = original

    results = at_once(64, act)
    assert not [r for r in results if r is not None], results
    time.sleep(1)  # those whose line was cut may still be at work
    numbers = sorted(int(c["number"]) for c in operator.items("/candidates") if c["number"])
    start = int(points["org"]["code"][2:] + "%04d" % points["points"][0]["first"])
    assert numbers == list(range(start, start + used(points, 0)))


def test_one_key_of_two_accounts(points):
    """DI-2: equal keys of two accounts are two keys; the same account with another body, path or version is refused; a double
    click has one effect."""
    first, second = (p["operator"] for p in points["points"])
    key = str(uuid.uuid4())
    bodies = [reading("双键" + c, id_number(points["org"]["code"], "20070503", i, 1)) for i, c in enumerate("甲乙丙")]
    one = first.post("/readings", bodies[0], key=key, expect=201).json()
    two = second.post("/readings", bodies[1], key=key, expect=201).json()
    assert one["candidate_id"] != two["candidate_id"]
    reply = first.post("/readings", bodies[2], key=key)
    assert reply.status == 422 and reply.json()["code"] == "idempotency-key-reused", reply
    reply = first.post("/candidates", typed("双键丁", id_number(points["org"]["code"], "20070503", 9, 1)), key=key)
    assert reply.status == 422 and reply.json()["code"] == "idempotency-key-reused", reply
    again = second.post("/readings", bodies[1], key=key, expect=201)
    assert again.json() == two and again.headers["Idempotency-Replayed"] == "true"
    before = used(points, 0)
    replies = at_once(2, lambda i: clone(first).post("/readings", bodies[2], key=key + "-click"))
    assert [r.status for r in replies] == [201, 201] and replies[0].json() == replies[1].json(), replies
    assert used(points, 0) == before + 1


def test_twins(points):
    """PE-9: same name and birthday, numbers one apart, same class: both are registered, flagged, and told apart in lists."""
    operator = points["points"][0]["operator"]
    numbers = [id_number(points["org"]["code"], "20070604", i, 1) for i in (20, 21)]
    made = [operator.post("/readings", reading("孪生同", number), expect=201).json() for number in numbers]
    assert [m["verdict"] for m in made] == ["created", "created"]
    rows = [c for c in operator.items("/candidates?q=%E5%AD%AA%E7%94%9F%E5%90%8C")]
    assert len(rows) == 2 and all(row["twin"] for row in rows), rows
    assert {row["id_number"][-4:] for row in rows} == {number[-4:] for number in numbers}
    assert len({row["number"] for row in rows}) == 2 and all("class" in row for row in rows)
    flagged = {c["id"] for c in operator.items("/candidates?flagged=true")}
    assert {row["id"] for row in rows} <= flagged


def test_a_number_left_behind_stays_taken(points):
    """PE-10: the police change a number: the record keeps its registration number, its history shows both, and the old number
    registers nobody, read or typed in, here or elsewhere."""
    first, second = (p["operator"] for p in points["points"])
    old, new = (id_number(points["org"]["code"], "20070705", i, 1) for i in (30, 31))
    candidate = first.post("/readings", reading("改号人", old), expect=201).json()["candidate_id"]
    record = points["county"].get(f"/candidates/{candidate}", expect=200)
    number = record.json()["number"]
    for step in range(3):  # the county corrects; until the form is open the point has to go on first
        reply = points["county"].patch(f"/candidates/{candidate}", {"fields": {"id_number": new}, "reason": "公安机关更正"},
                                       version=record.headers["ETag"])
        if reply.status == 200:
            break
        record = points["county"].get(f"/candidates/{candidate}", expect=200)
    assert reply.status == 200 and reply.json()["number"] == number and reply.json()["fields"]["id_number"] == new, reply
    for client in (first, second):
        reply = client.post("/readings", reading("改号人", old))
        assert reply.json().get("verdict") == "registered_elsewhere", reply
        reply = client.post("/candidates", typed("改号人", old))
        assert reply.status == 409 and reply.json()["code"] == "duplicate", reply
        assert client is first or number not in str(reply.json()), "another point learns the place, not the number"
    shown = str(points["county"].items(f"/candidates/{candidate}/history"))
    assert old[-4:] in shown and new[-4:] in shown, shown
    assert first.get(f"/candidates?q={new}", expect=200).json()["items"][0]["id"] == candidate


def test_a_window_closes_under_many(points, site):
    """PE-3: 200 saves around the end of a window: those whose whole body was there before it count, later ones are refused with both
    times; as many versions as accepted saves. On PostgreSQL one save waits for a lock across the end and counts all the same."""
    province = Client(site).sign_in(site.logins()["province"])
    point = Client(site).sign_in(site.logins()["point"])
    rows = [c for c in point.items("/candidates") if c["state"] == "filling"]
    window = next(w for w in province.items("/windows?action=fill&kind=window"))
    locked = None
    try:
        end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)).replace(microsecond=0)
        closes = end.timestamp()
        extensions = [w for w in point.items("/windows?action=fill") if w["kind"] != "window"]
        for one in extensions:  # made by other tests
            sql(site, f"DELETE FROM open_window WHERE id = {one['id']}")
        province.patch(f"/windows/{window['id']}", {"closes_at": end.strftime("%Y-%m-%dT%H:%M:%SZ"), "reason": "并发截止测试"},
                       version=window["version"], expect=200)
        record = rows[0]["id"]
        before = int(point.get(f"/candidates/{record}", expect=200).headers["ETag"].strip('"v'))
        events = []
        lock = threading.Lock()

        def save(i):
            client = clone(point)
            etag = client.get(f"/candidates/{record}", expect=200).headers["ETag"]
            time.sleep(max(0, closes - time.time() - 1 + 2 * i / 200))
            sent = time.time()
            reply = client.patch(f"/candidates/{record}", {"fields": {"phone": "0731-8%07d" % i}}, version=etag)
            if reply.status == 412:
                sent = time.time()
                reply = client.patch(f"/candidates/{record}", {"fields": {"phone": "0731-8%07d" % i}}, version=reply.headers["ETag"])
            with lock:
                events.append((sent, time.time(), reply))

        if site.engine == "pgsql":
            locked = hold(site, record, closes - 0.6, 1.4)
        results = at_once(200, save)
        assert not [r for r in results if r is not None], results
        accepted = 0
        for sent, got, reply in events:
            assert reply.status in (200, 403, 412, 503), reply
            if reply.status == 403:
                document = reply.json()
                assert document["code"] == "window-closed", reply
                assert got > closes - 0.05, (closes - got, reply)
            elif reply.status == 200:
                accepted += 1
                assert sent < closes + 0.05, (sent - closes, reply)
        after = int(point.get(f"/candidates/{record}", expect=200).headers["ETag"].strip('"v'))
        assert after - before == accepted
        assert any(reply.status == 403 for _, _, reply in events)
        assert accepted > 0
        if locked is not None:
            assert any(sent < closes < got and reply.status == 200 for sent, got, reply in events), "a save that waited across the end counts"
    finally:
        if locked is not None:
            locked.wait(30)
        current = next(w for w in province.items("/windows?action=fill&kind=window"))
        province.patch(f"/windows/{window['id']}", {"closes_at": window["closes_at"]}, version=current["version"], expect=200)


def hold(site, record, when, seconds):
    """A session of PostgreSQL that locks the record's row from `when` on."""
    with open(site.path("gaokao.conf"), encoding="utf-8") as file:
        params = next(line.split(" = ", 1)[1].strip() for line in file if line.startswith("db_params"))
    delay = max(0.0, when - time.time())
    text = f"SELECT pg_sleep({delay}); BEGIN; SELECT 1 FROM candidate WHERE id = {record} FOR UPDATE; SELECT pg_sleep({seconds}); COMMIT"
    return subprocess.Popen(["psql", "-XAtq", params, *sum((["-c", part] for part in text.split("; ")), [])],
                            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
