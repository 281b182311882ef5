"""64 clients at once: numbers of one range without gap or double, one person registered once, one record changed by many."""
import threading
import uuid

import pytest

from gk_client import Client
from test_journey import id_number, stamp

CLIENTS = 64


def at_once(count, work):
    """Runs work(i) in `count` threads that start together; the results in order."""
    results = [None] * count
    gate = threading.Barrier(count)

    def run(i):
        gate.wait()
        try:
            results[i] = work(i)
        except Exception as error:  # pylint: disable=broad-except
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


@pytest.fixture(scope="module")
def place(site):
    """A new point of the demonstration's county with one range of exactly 64 numbers, and its operator's session."""
    county = Client(site).sign_in(site.logins()["county"])
    org = county.me["org"]
    gaps = county.get("/ranges/free", expect=200).json()["items"]
    gap = next(g for g in gaps if g["last"] - g["first"] + 1 >= CLIENTS)
    point = county.post("/orgs", {"parent_id": org["id"], "code": org["code"] + "0990", "name": "并发测试中学", "profile": {}}, expect=201).json()
    county.post("/ranges", {"org_id": point["id"], "subject": "1", "first": gap["first"], "last": gap["first"] + CLIENTS - 1}, expect=201)
    account = county.post("/accounts", {"role": "point", "org_id": point["id"], "login": "concurrent"}, expect=201).json()
    slip = county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]
    operator = Client(site).sign_in("concurrent", slip["password"], change_to="Bingfa-Ceshi-2026-OK")
    return {"county": org, "operator": operator, "first": gap["first"], "point": point}


def clone(operator):
    """The same session on a connection of its own."""
    client = Client(operator.site)
    client.cookies, client.csrf, client.me = dict(operator.cookies), operator.csrf, operator.me
    return client


def card(county, i):
    return {"name": "并发" + chr(0x4E00 + i), "sex": "1", "nation": "01", "birth": "2007-05-20", "address": "湖南省长沙市测试路1号",
            "issuer": "长沙市公安局", "id_number": id_number(county["code"], "20070520", i, 1), "valid_from": "2024-01-01", "valid_to": "2034-01-01"}


def read(client, county, i):
    return client.post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "create", "subject": "1",
                                     "layout": "resident", "card": card(county, i)})


def test_one_person_at_once(place):
    """DI-4: 16 readings of the same card: one record, one number spent."""
    replies = at_once(16, lambda i: read(clone(place["operator"]), place["county"], 400))
    assert all(reply.status in (200, 201) for reply in replies), replies
    ids = {reply.json()["candidate_id"] for reply in replies}
    assert len(ids) == 1
    assert sum(reply.json()["verdict"] == "created" for reply in replies) == 1
    assert len(place["operator"].items("/candidates")) == 1


def test_numbers_of_one_range(place):
    """DI-3: 64 clients, 63 numbers left: each once, none lost, the last client is told that the range is full."""
    replies = at_once(CLIENTS, lambda i: read(clone(place["operator"]), place["county"], i))
    refused = [r for r in replies if r.status != 201]
    assert len(refused) == 1, [r for r in refused][:3]
    assert refused[0].status == 409 and refused[0].json()["code"] == "range-full", refused
    numbers = sorted(int(c["number"]) for c in place["operator"].items("/candidates"))
    start = int(place["county"]["code"][2:] + "%04d" % place["first"])
    assert numbers == list(range(start, start + CLIENTS))


def test_one_record_changed_by_many(site, place):
    """DI-1: accepted changes are exactly the versions."""
    operator = place["operator"]
    record = operator.items("/candidates")[0]
    before = operator.get(f"/candidates/{record['id']}", expect=200)

    def change(i):
        client = clone(operator)
        accepted = 0
        for n in range(2):
            current = client.get(f"/candidates/{record['id']}", expect=200)
            reply = client.patch(f"/candidates/{record['id']}", {"fields": {"phone": "0731-84%02d%02d%02d" % (i, n, i)}},
                                 version=current.headers["ETag"])
            assert reply.status in (200, 412), reply
            accepted += reply.status == 200
        return accepted

    results = at_once(CLIENTS, change)
    assert all(isinstance(n, int) for n in results), results
    after = operator.get(f"/candidates/{record['id']}", expect=200)
    assert int(after.headers["ETag"].strip('"v')) == int(before.headers["ETag"].strip('"v')) + sum(results)


def test_the_same_request_sent_by_many(site, place):
    """DI-2, NE-4: one key, 16 times at once: one effect, one answer."""
    county = Client(site).sign_in(site.logins()["county"])
    key = str(uuid.uuid4())
    body = {"parent_id": place["county"]["id"], "code": place["county"]["code"] + "0991", "name": "同一请求中学", "profile": {}}
    replies = at_once(16, lambda i: clone(county).post("/orgs", body, key=key))
    assert {reply.status for reply in replies} == {201}, replies
    assert len({reply.json()["id"] for reply in replies}) == 1
