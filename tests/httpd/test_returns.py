"""Return lists (W9, issue 8 point 5): what the province gives back for correction goes to its points, one by one; the rest of each
unit stays handed in, counts and changes are right at every moment, and what was put right goes up again."""
import json
import os
import re
import subprocess
import threading
import uuid

import pytest

from gk_client import Client
from gk_instance import ROOT, Instance
from gk_table import xlsx
from gk_world import sql, staff, stamp
from test_pull import Province, records_of

HEAD = '<returns xmlns="urn:gaokao:returns:1" season="{year}">'


def xml(year, rows):
    """rows: (attributes, reason)"""
    text = HEAD.format(year=year) + "\n"
    for attributes, reason in rows:
        words = " ".join(f'{k}="{v}"' for k, v in attributes.items())
        text += f"  <candidate {words}><reason>{reason}</reason></candidate>\n"
    return (text + "</returns>\n").encode("utf-8")


class Side(Province):
    """The province's export client, which also returns."""

    def __init__(self, site):
        super().__init__(site)
        self.year = self.client.get("/season", expect=200).json()["year"]

    def send(self, rows, expect=200, preview=False, year=None, body=None):
        path = "/export/returns/preview" if preview else "/export/returns"
        body = xml(year or self.year, rows) if body is None else body
        return self.client.post(path, body, headers={"Content-Type": "application/xml"}, expect=expect)


@pytest.fixture(scope="module")
def side(engine):
    site = Instance.create("returns", engine, candidates=300)
    try:
        yield Side(site)
    finally:
        site.close()


def point_of(side, top, with_county):
    """A point that handed everybody in, its county too or not, and whom: [[number, id, state, candidate number], ...]."""
    open_ones = [s for s in top.items("/submissions?kind=all") if s["state"] != "returned"]
    counties = {s["org"]["code"] for s in open_ones if s["org"]["level"] == "county"}
    one = max((s for s in open_ones if s["org"]["level"] == "point" and (s["org"]["code"][:6] in counties) == with_county), key=lambda s: s["total"])
    rows = sql(side.site, f"SELECT c.number || '|' || c.id || '|' || c.state || '|' || c.candidate_number FROM candidate c"
               f" WHERE c.org_id = {one['org']['id']} AND c.state IN ('submitted', 'accepted') ORDER BY c.number")
    found = [row.split("|") for row in rows]
    assert len(found) == one["total"] > 2
    return one, found


@pytest.fixture(scope="module")
def handed_in(side):
    top = Client(side.site).sign_in(side.site.logins()["province"])
    one, found = point_of(side, top, True)
    return top, one["org"], found


def states(site, found):
    ids = ", ".join(row[1] for row in found)
    return sql(site, f"SELECT number || '|' || state || '|' || version FROM candidate WHERE id IN ({ids}) ORDER BY number")


def totals(top, org):
    """{(level, kind): (total, sum by subject)} of the point and the units above it."""
    return {(one["org"]["level"], one["kind"]): (one["total"], sum(one["subjects"].values())) for one in top.items("/submissions")
            if one["state"] != "returned" and org["code"].startswith(one["org"]["code"])}


def operator_of(side, org):
    return staff(side.site, "point", org["code"], f"ret-{uuid.uuid4().hex[:6]}")


def again(operator, candidate, fields):
    """Corrected, proof printed, card read, signed."""
    path = f"/candidates/{candidate}"
    one = operator.patch(path, {"fields": fields}, version=operator.get(path, expect=200).headers["ETag"], expect=200).json()
    proof = operator.post(path + "/proof", {}, version=one["version"], expect=200)
    known = one["fields"]
    card = {key: known[key] for key in ("name", "sex", "nation", "birth", "id_number")} | {
        "address": known.get("card_address", known.get("address")), "issuer": "测试市公安局", "valid_from": "2024-01-01", "valid_to": "2034-01-01"}
    read = operator.post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "verify", "candidate_id": candidate, "layout": "resident",
                                       "card": card}, expect=201).json()
    if read["verdict"] == "different":
        operator.post(path + "/identity", {"reading_id": read["id"], "accept": [], "reason": "地址未变更"},
                      version=operator.get(path).headers["ETag"], expect=200)
    operator.post(path + "/confirmation", {"proof_version": proof.json()["version"], "reading_id": read["id"]},
                  version=operator.get(path).headers["ETag"], expect=200)


def test_bad_lists_change_nothing(side, handed_in):
    _, _, found = handed_in
    before = states(side.site, found)
    number, _, _, ksh = found[0]
    other = sql(side.site, "SELECT number FROM candidate WHERE state IN ('filling', 'identified', 'confirmed') AND number IS NOT NULL LIMIT 1")[0]
    bad = side.send([({"number": number}, "照片不符"), ({"number": "99999999"}, "没有这个人"), ({"KSH": ksh}, "同一个人"), ({"number": other}, "还没有上报"),
                     ({"number": found[1][0], "KSH": ksh}, "号码不配"), ({}, "没有号码"), ({"number": found[2][0]}, "短")], expect=422).json()
    assert {(v["pointer"], v["code"]) for v in bad["violations"]} == {("/rows/7", "required"), ("/rows/8", "reason")}, bad
    bad = side.send([({"number": number}, "照片不符"), ({"number": "99999999"}, "没有这个人"), ({"KSH": ksh}, "同一个人"), ({"number": other}, "还没有上报"),
                     ({"number": found[1][0], "KSH": ksh}, "号码不配")], expect=422).json()
    assert {(v["pointer"], v["code"]) for v in bad["violations"]} == {("/rows/3", "not-found"), ("/rows/4", "twice"), ("/rows/5", "state"),
                                                                      ("/rows/6", "differs")}, bad
    side.send([({"number": number}, "照片不符")], year=side.year - 1, expect=409)
    entity = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + xml(side.year, [({"number": number}, "&x;")])
    for body in (b"", b"%PDF-1.4", b"PK\x03\x04 no zip", b"<returns/>", b"<returns", entity, xml(side.year, []),
                 xml(side.year, [({"number": number, "grund": "1"}, "照片不符")]), xml(side.year, [({"number": number}, "字" * 201)]),
                 xml(side.year, [({"number": number}, "照片&#x202E;不符")]), xml(side.year, [({"number": number}, "照片不符")] * 2001)):
        assert side.send(None, body=body, expect=422).json()["code"] == "invalid", body[:80]
    assert states(side.site, found) == before and not side.client.items("/returns")
    # A preview changes nothing either.
    told = side.send([({"number": number}, "照片不符")], preview=True).json()
    assert (told["applied"], told["candidates"], told["points"]) == (False, 1, 1) and states(side.site, found) == before
    for role in ("city", "county", "point", "auditor"):
        Client(side.site).sign_in(side.site.logins()[role]).post("/export/returns", xml(side.year, []), expect=403)


def test_list_as_workbook(side, handed_in):
    """The same as XLSX: columns by their headings, numbers as text; a number that Excel has changed is refused with the cure (IN-11)."""
    _, _, found = handed_in
    before = states(side.site, found)
    head = ["序号", "考生号", "姓名", "报名顺序号", "退回原因"]
    good = [head, ["1", found[0][3], "x", found[0][0], "照片不符"], [], ["2", "", "x", found[1][0], "邮编有误"]]
    told = side.send(None, body=xlsx([("退回", good)]), preview=True).json()
    assert told["candidates"] == 2 and [(i["line"], i["candidate"]["number"], i["reason"]) for i in told["items"]] == [
        (2, found[0][0], "照片不符"), (4, found[1][0], "邮编有误")]
    for rows, pointer, code in (([head, ["1", "", "x", int(found[0][0]), "照片不符"]], "/rows/2", "number-cell"),
                                ([head, ["1", 1.5e14, "x", "", "照片不符"]], "/rows/2", "number-cell"),
                                ([head, ["1", "", "x", "", "照片不符"]], "/rows/2", "required"),
                                ([head, ["1", "", "x", found[0][0], ""]], "/rows/2", "reason"),
                                ([["号", "原因"], [found[0][0], "照片不符"]], "", "return-list")):
        bad = side.send(None, body=xlsx([("a", rows)]), expect=422).json()
        assert (pointer, code) in {(v["pointer"], v["code"]) for v in bad["violations"]}, bad
    assert states(side.site, found) == before


def give_back_whole(side, submission):
    boss = staff(side.site, "county", submission["org"]["code"][:6], f"boss-{uuid.uuid4().hex[:6]}")
    now = boss.get(f"/submissions/{submission['id']}", expect=200).json()
    boss.post(f"/submissions/{submission['id']}/return", {"reason": "整体核对"}, version=now["version"], expect=200)
    return boss


def test_returned_from_an_art_submission(side, handed_in):
    """Handed in as art, returned, handed in with everybody: it counts among the art ones again. When the county then returns
    everybody, the art ones stay, and what was handed in is what is held."""
    top = handed_in[0]
    submission, found = point_of(side, top, False)
    org = submission["org"]
    boss = give_back_whole(side, submission)
    operator = operator_of(side, org)
    art = operator.post("/submissions", {"kind": "art"}, expect=201).json()
    numbers = {line.split("|")[0] for line in sql(side.site, f"SELECT number FROM candidate WHERE org_id = {org['id']} AND art = 1 AND state = 'submitted'")}
    assert art["total"] == len(numbers) > 0
    one = next(row for row in found if row[0] in numbers)
    side.send([({"number": one[0]}, "信息有误")])
    path = f"/submissions/{art['id']}"
    assert operator.get(path, expect=200).json()["total"] == art["total"] - 1
    again(operator, int(one[1]), {"postcode": "410005"})
    whole = operator.post("/submissions", {"kind": "all"}, expect=201).json()
    now = operator.get(path, expect=200).json()
    assert whole["total"] == len(found) and now["total"] == art["total"] and now["subjects"] == art["subjects"]
    boss.post(f"/submissions/{whole['id']}/return", {"reason": "再核对"}, version=whole["version"], expect=200)
    side.pull()  # its manifest reconciles, else it had failed
    operator.post("/submissions", {"kind": "all"}, expect=201)


def test_returned_corrected_and_handed_in_again(side, handed_in, tmp_path):
    site = side.site
    top, org, found = handed_in
    side.take(side.pull())
    mark = side.pull()
    receipt = {"manifest_sha256": mark["manifest_sha256"]}
    side.client.post(f"/export/pulls/{mark['id']}/receipt", receipt, version=mark["version"], expect=200)
    base = side.pull()
    side.take(base)
    before, kept = totals(top, org), states(site, found[2:])
    first, second = found[0], found[1]
    rows = [({"number": first[0]}, "照片与身份证不符"), ({"KSH": second[3]}, "邮政编码有误")]
    (tmp_path / "list.xml").write_bytes(xml(side.year, rows))
    done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "conf", "schema", "returns.xsd"), str(tmp_path / "list.xml")],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    told = side.send(rows).json()
    assert (told["applied"], told["candidates"], told["accepted"]) == (True, 2, 2)
    assert [i["candidate"]["number"] for i in told["items"]] == [first[0], second[0]] and {i["org"]["code"] for i in told["items"]} == {org["code"]}
    # These two are open, the rest stays as it was; the unit's counts follow at every level.
    assert [line.split("|")[1] for line in states(site, [first, second])] == ["filling", "filling"] and states(site, found[2:]) == kept
    after = totals(top, org)
    assert {key: (a - 2, b - 2) for key, (a, b) in before.items() if key[1] == "all"} == {key: both for key, both in after.items() if key[1] == "all"}
    change = side.pull(since=base["mark"])  # its manifest reconciles, else it had failed
    seen = side.take(change)
    assert {seen[n][2] for n in (first[0], second[0])} == {"withdrawn"} and set(seen) == {first[0], second[0]}
    side.send(rows, expect=422)  # they are not handed in any more
    # The point sees them with the reason; so do the record, its history, its candidate and the audit.
    operator = operator_of(side, org)
    queue = {r["candidate"]["number"]: r for r in operator.items("/returns")}
    assert {n: r["reason"] for n, r in queue.items()} == {first[0]: "照片与身份证不符", second[0]: "邮政编码有误"}
    record = operator.get(f"/candidates/{first[1]}", expect=200).json()
    assert record["returned"]["reason"] == "照片与身份证不符" and record["returned_at"] and record["confirmed_version"] == 0
    entry = operator.items(f"/candidates/{first[1]}/history")
    assert any(e["action"] == "candidate.send_back" and "照片与身份证不符" in json.dumps(e, ensure_ascii=False) for e in entry), entry
    assert not re.search("照片与身份证不符", "\n".join(sql(site, f"SELECT void_reason FROM confirmation WHERE candidate_id = {first[1]}")))
    stranger = Client(site).sign_in(site.logins()["point"])
    if stranger.me["org"]["code"] != org["code"]:
        assert not stranger.items("/returns")
    # Not ready: nothing goes up, and it says what is missing.
    early = operator.post("/submissions/supplement", {}, expect=422).json()
    assert early["code"] == "incomplete" and len(early["violations"]) == 2
    again(operator, int(second[1]), {"postcode": "410003"})
    # Only those returned are opened and judged: a record of the point that can't be read is not in their way. (On PostgreSQL
    # whoever writes to a row, as this test would, sends it with the next changes.)
    odd = site.engine == "sqlite"
    if odd:
        sql(site, f"CREATE TABLE kept AS SELECT doc FROM candidate WHERE id = {found[2][1]}")
        sql(site, f"UPDATE candidate SET doc = (SELECT doc FROM candidate WHERE id = {second[1]}) WHERE id = {found[2][1]}")
    done = operator.post("/submissions/supplement", {}, expect=200).json()
    if odd:
        sql(site, f"UPDATE candidate SET doc = (SELECT doc FROM kept) WHERE id = {found[2][1]}")
        sql(site, "DROP TABLE kept")
    assert done["submitted"] == 1 and [c["number"] for c in done["candidates"]] == [second[0]]
    assert [w["candidate"]["number"] for w in done["waiting"]] == [first[0]] and done["waiting"][0]["missing"]
    assert [r["candidate"]["number"] for r in operator.items("/returns")] == [first[0]]
    change = side.pull(since=change["mark"])
    seen = side.take(change)
    assert set(seen) == {second[0]} and seen[second[0]][1:3] == ("submitted", "changed") and b"<YZBM>410003</YZBM>" in seen[second[0]][3]
    # Withdrawn instead of corrected: it stays out, and the counts are right.
    path = f"/candidates/{first[1]}"
    operator.post(path + "/withdrawal", {"reason": "放弃报名"}, version=operator.get(path).headers["ETag"], expect=200)
    assert not operator.items("/returns")
    operator.post("/submissions/supplement", {}, expect=409)
    assert {key: a - 1 for key, (a, _) in before.items() if key[1] == "all"} == {key: a for key, (a, _) in totals(top, org).items() if key[1] == "all"}
    last = side.pull(since=change["mark"])
    side.take(last)
    assert first[0] not in side.records and second[0] in side.records
    merged = dict(side.records)
    whole = side.pull()
    side.take(whole)
    assert side.records == merged
    reply = side.client.post(f"/export/pulls/{whole['id']}/receipt", {"manifest_sha256": whole["manifest_sha256"]}, version=whole["version"], expect=200)
    assert reply.json()["pull"]["accepted"] == 1 and records_of([]) == {}
    assert sql(site, f"SELECT state FROM candidate WHERE id = {second[1]}") == ["accepted"]
    # Every version has its row.
    done = site.ctl("audit", "verify", "--json", check=False)
    assert not [f for f in json.loads(done.stdout).get("faults", []) if f.get("code") in ("version-missing", "version-twice")], done.stdout


def test_returned_and_then_the_whole_point(side, handed_in):
    """The county returns the point while one of it is with the point: it submits as usual, everybody in one."""
    top = handed_in[0]
    submission, found = point_of(side, top, False)
    org, one = submission["org"], found[2]
    side.send([({"number": one[0]}, "信息有误")])
    boss = staff(side.site, "county", org["code"][:6], f"boss-{uuid.uuid4().hex[:6]}")
    now = boss.get(f"/submissions/{submission['id']}", expect=200).json()
    assert now["total"] == submission["total"] - 1
    boss.post(f"/submissions/{submission['id']}/return", {"reason": "整体核对"}, version=now["version"], expect=200)
    operator = operator_of(side, org)
    operator.post("/submissions/supplement", {}, expect=409)
    again(operator, int(one[1]), {"postcode": "410004"})
    whole = operator.post("/submissions", {"kind": "all"}, expect=201).json()
    assert whole["total"] == len(found) and not operator.items("/returns")
    side.pull()


class Writer:
    """A transaction of somebody else, past the server: begun by the first statement, over with commit()."""

    def __init__(self, site, text):
        if site.engine == "sqlite":
            command, begin = ["sqlite3", "-cmd", ".timeout 10000", site.path("data", "gaokao.db")], "BEGIN IMMEDIATE"
        else:
            with open(site.path("gaokao.conf"), encoding="utf-8") as file:
                params = next(line.split(" = ", 1)[1].strip() for line in file if line.startswith("db_params"))
            command, begin = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", params], "BEGIN"
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # pylint: disable=consider-using-with
        self.process.stdin.write(f"{begin};\n{text};\nSELECT 'done';\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline().strip()) != "done":
            assert line or self.process.poll() is None

    def commit(self):
        self.process.stdin.write("COMMIT;\n")
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def test_counties_hand_in_what_is_there_then(side, handed_in):
    """A point's count changes while its county hands in: what was judged before is not handed in."""
    top, org, _ = handed_in
    open_ones = {s["org"]["code"]: s for s in top.items("/submissions?kind=all") if s["state"] != "returned"}
    county, point = open_ones[org["code"][:6]], open_ones[org["code"]]
    sql(side.site, f"UPDATE submission SET state = 'returned' WHERE id = {county['id']}")
    boss = staff(side.site, "county", county["org"]["code"], f"boss-{uuid.uuid4().hex[:6]}")
    other, replies = Writer(side.site, f"UPDATE submission SET state = 'returned' WHERE id = {point['id']}"), []
    asked = threading.Thread(target=lambda: replies.append(boss.post("/submissions", {"kind": "all"})))
    asked.start()
    asked.join(1)  # it has judged by now, and waits
    assert not replies
    other.commit()
    asked.join(30)
    assert replies[0].json()["code"] in ("retry", "incomplete"), replies
    sql(side.site, f"UPDATE submission SET state = 'accepted' WHERE id = {point['id']}")
    boss.post("/submissions", {"kind": "all"}, expect=201)


def test_everybody_takes_locks_in_one_order(side, handed_in):
    """Upper units, lower ones, candidates, as who returns a submission does: two of one county wait for each other, in no ring."""
    if side.site.engine == "sqlite":
        pytest.skip("PostgreSQL only: writers of SQLite wait for each other")
    top, org, found = handed_in
    open_ones = {s["org"]["code"]: s["id"] for s in top.items("/submissions?kind=all") if s["state"] != "returned"}
    one = next(row for row in found if sql(side.site, f"SELECT state FROM candidate WHERE id = {row[1]}") in (["submitted"], ["accepted"]))
    above = Writer(side.site, f"SELECT id FROM submission WHERE id = {open_ones[org['code'][:6]]} FOR UPDATE")
    asked = threading.Thread(target=lambda: side.send([({"number": one[0]}, "信息有误")]))
    asked.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    side.site.wait(lambda: sql(side.site, waits) != ["0"], 30, "the list waits for the county")
    sql(side.site, f"SELECT id FROM submission WHERE id = {open_ones[org['code']]} FOR UPDATE NOWAIT")
    sql(side.site, f"SELECT id FROM candidate WHERE id = {one[1]} FOR UPDATE NOWAIT")
    above.commit()
    asked.join(30)
    assert sql(side.site, f"SELECT state FROM candidate WHERE id = {one[1]}") == ["filling"]
