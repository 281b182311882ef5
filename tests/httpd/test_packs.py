"""The life of a policy pack (E2): draft, check, dry run, approval by a second person (ID-12), activation, rollback (PE-5).
Counts are held against an evaluation of our own over what the province's export says of each candidate."""
import collections
import datetime
import hashlib
import os
import re
import shutil
import signal
import threading
import time
import xml.etree.ElementTree as ET

import pytest

from gk_client import Client, totp
from gk_instance import Instance, free_ports
from gk_world import card, id_number, sql, staff, stamp

NS = "{urn:gaokao:export:1}"
BOTH = {"zh": "生日须为单日", "en": "Born on an odd day"}
ODD = {"id": "odd-day", "severity": "error", "stages": ["fill", "review", "confirm", "submit", "export"], "basis": "moe.register",
       "fields": ["birth"], "title": BOTH, "test": "not(birth_number) or birth_number mod 2 = 1",
       "message": {"zh": "出生日期{birth}是双日", "en": "{birth} is an even day"}, "hint": {"zh": "请核对", "en": "Check it"},
       "cases": [{"expect": "pass", "fields": {"birth": "2007-01-01"}}, {"expect": "fail", "fields": {"birth": "2007-01-02"}}]}
# The long form: GK_PACK=hunan-2014 GK_PACK_CANDIDATES=20000 (docs/policy.md says the command).
CANDIDATES = int(os.environ.get("GK_PACK_CANDIDATES", "240"))


@pytest.fixture(scope="module")
def house(engine):
    pack = os.environ.get("GK_PACK")
    instance = Instance.create("packs", engine, candidates=CANDIDATES, extra=("--empty",) if pack else ())
    if pack:
        instance.stop()
        with open(instance.path("gaokao.conf"), encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("demo =")]
        with open(instance.path("gaokao.conf"), "w", encoding="utf-8") as file:
            file.write("".join(lines) + "demo = on\n")
        instance.ctl("season", "create", "--pack", pack, "--json")
        instance.ctl("demo", "--candidates", str(CANDIDATES), "--logins", instance.path("data", "demo-logins.json"))
        shutil.copy(instance.path("data", "demo-logins.json"), instance.path("demo-logins.json"))
        os.remove(instance.path("run.empty"))  # a demonstration from here on
        instance.start()
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def people(house):
    logins = house.logins()
    return {role: Client(house, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
            for role in ("province", "approver", "county", "export", "candidate")}


def code_for(house, who):
    """A one-time code that is good now: which were used is forgotten, since half a minute for each would take too long."""
    entry = house.logins()[who]
    sql(house, f"UPDATE account SET totp_step = 1 WHERE login = '{entry['login']}'")
    return totp(entry["totp_secret"])


def active(client):
    return next(p for p in client.items("/packs") if p["active"])


def draft(client, rules, **more):
    return client.post(f"/packs/{active(client)['id']}/drafts", {"rules": rules, **more}, expect=201).json()


def checked(client, pack):
    answer = client.post(f"/packs/{pack['id']}/check", {}, version=pack["revision"], expect=200).json()
    assert not [f for f in answer["findings"] if f["severity"] == "error"], answer
    return answer["pack"]


def rehearsed(house, client, pack):
    """The dry run, whole, and the pack as it is then."""
    job = client.post(f"/packs/{pack['id']}/rehearsal", {}, expect=201).json()
    house.wait(lambda: client.get(f"/jobs/{job['id']}").json()["state"] not in ("queued", "running"), 60 + CANDIDATES / 20, "the dry run")
    assert client.get(f"/jobs/{job['id']}").json()["state"] == "done", client.get(f"/jobs/{job['id']}").json()
    return client.get(f"/packs/{pack['id']}/rehearsal", expect=200).json()["rehearsal"], client.get(f"/packs/{pack['id']}").json()


def approved(house, people, pack):
    return people["approver"].post(f"/packs/{pack['id']}/approval", {"totp": code_for(house, "approver")}, version=pack["revision"],
                                   expect=200).json()


def activate(client, pack, failing=None, expect=200, **more):
    body = {"reason": "按本年规定", **({"newly_failing": failing} if failing is not None else {}), **more}
    client.confirm()
    return client.post(f"/packs/{pack['id']}/activation", body, version=pack["revision"], expect=expect).json()


def population(client):
    """(county, birth as a number) of every record that has a number and was not withdrawn, by the export."""
    root = ET.fromstring(client.get("/export/candidates.xml?state=any", expect=200).body)
    day = "CSRQ" if root.find(f".//{NS}CSRQ") is not None else "CSNY"  # as the ministry called it in 2014
    return [(c.get("point")[:6], int(c.find(f".//{NS}{day}").text)) for c in root.iter(f"{NS}candidate")]


def test_a_year_change(house, people):
    """Draft, dry run with counts of our own, approval, activation under load, rollback: E2, PE-5."""
    province, old = people["province"], active(people["province"])
    pack = checked(province, draft(province, [ODD], note="单日"))
    assert (pack["state"], pack["base"]) == ("checked", old["id"])
    diff = province.get(f"/packs/{pack['id']}/diff", expect=200).json()
    assert [(c["what"], c["id"], c["change"], c["zh"]) for c in diff["changes"]] == [("rule", "odd-day", "added", "新增规则“生日须为单日”")]
    found, pack = rehearsed(house, province, pack)
    everybody = population(people["export"])
    even = [county for county, birth in everybody if birth % 2 == 0]
    assert 0 < len(even) < len(everybody)
    assert found["rules"]["odd-day"]["failing"] == found["newly_failing"] + found["other"] == len(even)
    assert found["remarks"] == []
    assert found["unchanged"] == found["records"] - len(even) and found["newly_passing"] == 0
    told = {code: row["failing"] + row["other"] for code, row in found["counties"].items() if row["failing"] + row["other"]}
    assert told == dict(collections.Counter(even))
    hits = province.items(f"/packs/{pack['id']}/rehearsal/records?rule=odd-day")
    assert len(hits) == len(even) and len({h["candidate_id"] for h in hits}) == len(even)
    assert len(province.items(f"/packs/{pack['id']}/rehearsal/records?outcome=failing")) == found["newly_failing"]
    # A county sees its own of them.
    own = people["county"].me["org"]["code"]
    assert len(people["county"].items(f"/packs/{pack['id']}/rehearsal/records")) == even.count(own)
    side = province.get(f"/packs/{pack['id']}/comparison?candidate_id={hits[0]['candidate_id']}", expect=200).json()
    assert "odd-day" in [v["rule"] for v in side["after"]] and "odd-day" not in [v["rule"] for v in side["before"]]
    # Signed records stay as they are; the province says what becomes of them.
    signed = [h for h in province.items(f"/packs/{pack['id']}/rehearsal/records?confirmed=1&outcome=failing")]
    province.confirm()
    kept = province.post(f"/packs/{pack['id']}/rehearsal/decision", {"decision": "keep", "reason": "按原政策有效"}, expect=200).json()
    assert kept["records"] == len(signed)
    assert {h["decision"] for h in province.items(f"/packs/{pack['id']}/rehearsal/records?confirmed=1&outcome=failing")} <= {"keep"}

    assert pack["state"] == "rehearsed"
    refused = activate(province, pack, found["newly_failing"], expect=409)
    assert refused["code"] == "wrong-state"
    pack = approved(house, people, pack)
    assert (pack["state"], pack["approver"] != "") == ("approved", True)
    # Many are turned away: their number has to be said, and the right one (PE-5).
    assert activate(province, pack, expect=422)["violations"][0]["code"] == "number-needed"
    assert activate(province, pack, found["newly_failing"] + 1, expect=422)["violations"][0]["code"] == "number"

    load = Load(house, people, hits[0]["candidate_id"])
    load.start()
    time.sleep(0.7)
    done = activate(province, pack, found["newly_failing"])
    at = time.monotonic()
    assert done["state"] == "active" and active(province)["id"] == pack["id"]
    time.sleep(2)
    load.stop()
    assert not load.faults, load.faults[:3]
    assert load.seen(False) and load.seen(True)
    assert not [when for when, new in load.answers if not new and when > at + 1.0], "judged by the old pack a second later"

    # Back to the version before: its dry run is the other way round, no second approval.
    before = province.get(f"/packs/{old['id']}").json()
    assert before["state"] == "superseded"
    back = province.get(f"/packs/{old['id']}/rehearsal").json()["rehearsal"]
    assert back["reversed"] and back["counts_now"] and back["newly_passing"] == found["newly_failing"]
    activate(province, before)
    assert active(province)["id"] == old["id"] and province.get(f"/packs/{pack['id']}").json()["state"] == "superseded"
    house.wait(lambda: not load.judge_new(), 5, "the old rules")
    actions = [row["action"] for row in province.items(f"/audit?object_kind=pack&object_id={pack['id']}")]
    assert {"pack.draft", "pack.check", "pack.rehearse", "pack.decide", "pack.approve", "pack.activate"} <= set(actions)


class Load(threading.Thread):
    """Reads one record's verdicts over and over, from several sessions: when, and whether the new rule spoke."""

    def __init__(self, house, people, candidate):
        super().__init__()
        self.path = f"/candidates/{candidate}/verdicts?stage=fill"
        self.people, self.candidate = people, candidate
        self.answers, self.faults, self.going = [], [], True
        self.clients = [people["province"], people["approver"]]
        self.house = house

    def judge_new(self):
        reply = self.people["approver"].get(f"/candidates/{self.candidate}/verdicts?stage=fill")
        return "odd-day" in [v["rule"] for v in reply.json()["verdicts"]]

    def run(self):
        while self.going:
            began = time.monotonic()
            reply = self.people["approver"].get(self.path)
            if reply.status != 200:
                self.faults.append(reply)
                continue
            self.answers.append((began, "odd-day" in [v["rule"] for v in reply.json()["verdicts"]]))

    def stop(self):
        self.going = False
        self.join(60)

    def seen(self, new):
        return any(one == new for _, one in self.answers)


def test_the_second_person(house, people):
    """ID-12: not the proposer; not an account younger than 7 days; not one the proposer reset; not without a code."""
    province, approver = people["province"], people["approver"]
    pack = checked(province, draft(province, [{**ODD, "severity": "review"}]))
    early = approver.post(f"/packs/{pack['id']}/approval", {"totp": code_for(house, "approver")}, version=pack["revision"], expect=409)
    assert early.json()["code"] == "wrong-state"
    _, pack = rehearsed(house, province, pack)
    path = f"/packs/{pack['id']}/approval"
    own = province.post(path, {"totp": code_for(house, "province")}, version=pack["revision"], expect=403)
    assert "另一名" in own.json()["detail"]
    wrong = approver.post(path, {"totp": "000000"}, version=pack["revision"], expect=422)
    assert wrong.json()["violations"][0]["pointer"] == "/totp"
    login = house.logins()["approver"]["login"]
    aged = sql(house, f"SELECT created_us FROM account WHERE login = '{login}'")[0]
    sql(house, f"UPDATE account SET created_us = {int(time.time() * 1e6)} WHERE login = '{login}'")
    young = approver.post(path, {"totp": code_for(house, "approver")}, version=pack["revision"], expect=403)
    assert "7 天" in young.json()["detail"]
    sql(house, f"UPDATE account SET created_us = {aged} WHERE login = '{login}'")
    # The proposer signs the other out: an act on that account within the seven days.
    mine = province.me["account"]["id"]
    other = approver.me["account"]["id"]
    sql(house, "INSERT INTO audit (season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, request_id, body,"
        f" digest) SELECT 1, {int(time.time() * 1e6)}, {mine}, '/43/', 'account.renew_slip', 'account', {other}, 1, 'test', body, digest"
        " FROM audit ORDER BY seq LIMIT 1")
    reset = approver.post(path, {"totp": code_for(house, "approver")}, version=pack["revision"], expect=403)
    assert "重置" in reset.json()["detail"]
    sql(house, "DELETE FROM audit WHERE request_id = 'test'")
    assert approver.post(path, {"totp": code_for(house, "approver")}, version=pack["revision"], expect=200).json()["state"] == "approved"


def test_an_activation_waits_for_its_time(house, people):
    province = people["province"]
    old = active(province)
    pack = checked(province, draft(province, [{**ODD, "severity": "warn"}]))
    found, pack = rehearsed(house, province, pack)
    assert found["newly_failing"] == 0 and found["other"] == found["rules"]["odd-day"]["failing"]  # it only informs
    pack = approved(house, people, pack)
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    waiting = activate(province, pack, at=at)
    assert (waiting["state"], waiting["activates_at"]) == ("scheduled", at)
    # No other one meanwhile.
    other = checked(province, draft(province, [{**ODD, "severity": "warn"}]))
    _, other = rehearsed(house, province, other)
    other = approved(house, people, other)
    assert activate(province, other, expect=409)["code"] == "conflict"
    pack = province.delete(f"/packs/{pack['id']}/activation", version=waiting["revision"], expect=200).json()
    assert pack["state"] == "approved"
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    activate(province, pack, at=at)
    house.wait(lambda: active(province)["id"] == pack["id"], 30, "the time of activation")
    assert province.get(f"/packs/{pack['id']}").json()["activated_at"][:19] >= at[:19]
    # What was approved against the pack before counts no more.
    other = province.get(f"/packs/{other['id']}").json()
    assert activate(province, other, expect=409)["code"] == "wrong-state"
    activate(province, province.get(f"/packs/{old['id']}").json())
    assert active(province)["id"] == old["id"]


def test_what_is_changed_begins_again(house, people):
    province = people["province"]
    pack = checked(province, draft(province, [ODD], note="一"))
    _, pack = rehearsed(house, province, pack)
    pack = approved(house, people, pack)
    changed = province.patch(f"/packs/{pack['id']}", {"rules": [{"id": "odd-day", "test": "not(birth_number) or birth_number mod 2 = 0",
                                                                 "cases": ODD["cases"]}]}, version=pack["revision"], expect=200).json()
    assert changed["state"] == "draft" and changed["approved_by"] is None and changed["digest"] != pack["digest"]
    province.patch(f"/packs/{pack['id']}", {"remove": ["odd-day"]}, version=pack["revision"], expect=412)
    # Its own cases say the opposite now.
    answer = province.post(f"/packs/{pack['id']}/check", {}, version=changed["revision"], expect=200).json()
    assert answer["pack"]["state"] == "draft" and [f["code"] for f in answer["findings"] if f["severity"] == "error"] == ["case", "case"]
    assert "第 1 个例子" in answer["findings"][0]["zh"]
    gone = province.patch(f"/packs/{pack['id']}", {"remove": ["odd-day"]}, version=answer["pack"]["revision"], expect=200).json()
    assert province.get(f"/packs/{pack['id']}/diff").json()["changes"] == []
    # Everything else stayed byte for byte: only the version differs from what it was made of.
    text = province.get(f"/packs/{pack['id']}/document", expect=200).body.decode("utf-8")
    base = province.get(f"/packs/{gone['base']}/document").body.decode("utf-8")
    assert re.sub(r'version="\d+"', "", text.split("<title")[0]) == re.sub(r'version="\d+"', "", base.split("<title")[0])
    assert re.sub(r"\s+", "", text.split("<title", 1)[1]) == re.sub(r"\s+", "", base.split("<title", 1)[1])


def test_rules_that_meet_nobody_or_everybody(house, people):
    """The dry run says so of a changed rule; a rule that everybody fails needs its number (IN-6, PE-5)."""
    province = people["province"]
    never = {**ODD, "id": "never", "test": "not(age > 200)", "cases": [{"expect": "pass", "fields": {"age": "20"}}, {"expect": "fail", "fields": {"age": "201"}}]}
    always = {**ODD, "id": "always", "test": "age > 200", "cases": [{"expect": "pass", "fields": {"age": "201"}}, {"expect": "fail", "fields": {"age": "20"}}]}
    pack = checked(province, draft(province, [never, always]))
    found, pack = rehearsed(house, province, pack)
    assert found["rules"]["always"]["failing"] == len(population(people["export"]))
    assert {"rule": "never", "code": "nobody"} in found["remarks"]
    pack = approved(house, people, pack)
    refused = activate(province, pack, expect=422)["violations"][0]
    assert refused["code"] == "number-needed" and str(found["newly_failing"]) in refused["detail"]


def test_the_check_looks_at_the_population(people):
    """The check says which rules are for nobody, passed by nobody, or contradict each other on the records that are there."""
    province = people["province"]

    def rule(name, test, good, bad, **more):
        return {**ODD, "id": name, "severity": "warn", "fields": ["sex"], "test": test, **more,
                "cases": [{"expect": "pass", "fields": good}, {"expect": "fail", "fields": bad}]}
    pack = draft(province, [rule("boys-only", "sex = '1'", {"sex": "1"}, {"sex": "2"}), rule("girls-only", "sex = '2'", {"sex": "2"}, {"sex": "1"}),
                            rule("some-day", "sex", {"sex": "1"}, {}, valid_from="2099-01-01"),
                            rule("too-old", "age > 200", {"age": "201"}, {"age": "20"})])
    findings = province.post(f"/packs/{pack['id']}/check", {}, version=pack["revision"], expect=200).json()["findings"]
    told = {(f["code"], f["rule"]): f for f in findings}
    assert told[("contradiction", "boys-only")]["where"] == "girls-only" and "互相矛盾" in told[("contradiction", "boys-only")]["zh"]
    assert ("never-asked", "some-day") in told and ("everybody-fails", "too-old") in told
    # The shipped rules contradict nobody.
    assert not [f for f in findings if f["code"] == "contradiction" and f["rule"] not in ("boys-only", "too-old")]


def test_words_of_a_difference(people):
    province = people["province"]
    pack = draft(province, [{"id": "current-year", "severity": "review", "title": {"zh": "改名"}}])
    one = province.get(f"/packs/{pack['id']}/diff?with={pack['base']}", expect=200).json()["changes"][0]
    assert (one["id"], one["change"]) == ("current-year", "changed") and "后果" in one["zh"] and "consequence" in one["en"]
    assert {d["member"]: (d["before"], d["after"]) for d in one["details"]}["severity"] == ("error", "review")
    rule = next(r for r in province.get(f"/packs/{pack['id']}/rules", expect=200).json()["rules"] if r["id"] == "current-year")
    assert rule["severity"] == "review" and rule["title"]["zh"] == "改名" and rule["title"]["en"]


def test_try_it(people):
    """A new condition on typed-in fields and on a record, before anybody is judged by it."""
    province, county = people["province"], people["county"]
    path = f"/packs/{active(province)['id']}/trial"
    typed = province.post(path, {"test": "age >= 16", "fields": {"birth": "2015-06-07"}}, expect=200).json()
    assert typed["result"] == "fail" and typed["seen"]["age"] in ("10", "11")
    assert province.post(path, {"test": "age >= 8", "fields": {"birth": "2015-06-07"}}, expect=200).json()["result"] == "pass"
    someone = county.items("/candidates")[0]
    record = county.post(path, {"rule": "id-number-valid", "candidate_id": someone["id"]}, expect=200).json()
    assert record["result"] == "pass" and record["seen"]
    assert county.post(path, {"candidate_id": someone["id"]}, expect=200).json()["result"] in ("pass", "fail")
    bad = province.post(path, {"test": "no_such_field = 1", "fields": {}}, expect=422).json()
    assert "no_such_field" in str(bad)
    province.post(path, {"test": "age >= 16", "rule": "id-number-valid"}, expect=422)


def test_conditions_there_and_back(people):
    """A rule as all, any and not of comparisons: what goes in as conditions comes back as them, and means the test it became."""
    province = people["province"]
    wanted = {"any": [{"field": "birth_number", "op": "empty"}, {"all": [{"field": "age", "op": ">=", "number": "16"},
                                                                         {"not": {"field": "sex", "op": "=", "value": "9"}}]}]}
    rule = {key: value for key, value in ODD.items() if key != "test"}
    rule["cases"] = [{"expect": "pass", "fields": {"age": "16", "birth_number": "20070101"}}, {"expect": "fail", "fields": {"age": "15", "birth_number": "20080101"}}]
    pack = draft(province, [{**rule, "conditions": wanted}])
    known = {r["id"]: r for r in province.get(f"/packs/{pack['id']}/rules", expect=200).json()["rules"]}
    assert known["odd-day"]["conditions"] == wanted
    assert known["odd-day"]["test"] == "not(birth_number) or (age >= 16 and not(sex = '9'))"
    assert sum(r["conditions"] is not None for r in known.values()) > len(known) / 3
    checked(province, pack)
    path = f"/packs/{pack['id']}/trial"
    assert province.post(path, {"conditions": wanted, "fields": {"birth": "2020-06-07"}}, expect=200).json()["result"] == "fail"
    fault = province.post(path, {"conditions": {"all": [{"field": "age", "op": "~"}]}, "fields": {}}, expect=422).json()
    assert fault["violations"][0]["pointer"] == "/conditions/all/0"


# ---- rules of a county ---------------------------------------------------------------------------------------

LOCAL = {**{key: value for key, value in ODD.items() if key != "basis"}, "stages": ["fill", "review", "confirm", "submit"],
         "basis_text": {"zh": "区招发〔2025〕1号", "en": "District order 1/2025"}}


def rules_of(client, candidate, stage="fill"):
    """Rule -> verdict, without what is merely missing."""
    found = client.get(f"/candidates/{candidate}/verdicts?stage={stage}", expect=200).json()["verdicts"]
    return {v["rule"]: v for v in found if v["kind"] == "rule"}


def test_stricter_rules_of_a_county(house, people):
    """A county adds a rule for its own area: it counts there and nowhere else, beside the province's, after the same life; it can
    only add; the unit, or one above it, withdraws it."""
    province, county, logins = people["province"], people["county"], house.logins()
    city = Client(house).sign_in(logins["city"])
    own, base = county.me["org"], next(p for p in province.items("/packs") if p["active"] and p["unit"] is None)
    far = next(o for o in province.items("/orgs?level=county") if not o["path"].startswith(city.me["org"]["path"]))
    stranger = staff(house, "county", far["code"], "far-county")
    # Only its own, only for its own area, and nothing of the province's.
    assert county.patch(f"/packs/{base['id']}", {"rules": [LOCAL]}, version=base["revision"], expect=403).json()["code"] == "forbidden"
    fault = county.post(f"/packs/{base['id']}/drafts", {"rules": [{**LOCAL, "stages": ["export"]}]}, expect=422).json()
    assert fault["violations"][0]["code"] == "stage"
    assert county.post(f"/packs/{base['id']}/drafts", {"remove": ["current-year"]}, expect=422).json()["violations"][0]["code"] == "unknown"
    fault = county.post(f"/packs/{base['id']}/drafts", {"rules": [{**LOCAL, "test": "no_such = 1"}]}, expect=422).json()
    assert "no_such" in str(fault)
    pack = county.post(f"/packs/{base['id']}/drafts", {"rules": [LOCAL], "note": "本区"}, expect=201).json()
    assert (pack["unit"]["code"], pack["name"], pack["state"]) == (own["code"], f"local-{own['code']}", "draft")
    name = f"local-{own['code']}-odd-day"
    known = county.get(f"/packs/{pack['id']}/rules", expect=200).json()["rules"]
    assert [(r["id"], r["areas"], r["set_by"]["code"], r["basis"]["zh"]) for r in known] == [(name, [own["code"]], own["code"], "区招发〔2025〕1号")]
    stranger.get(f"/packs/{pack['id']}", expect=404)
    assert pack["id"] not in [p["id"] for p in stranger.items("/packs")] and pack["id"] in [p["id"] for p in city.items("/packs")]
    province.patch(f"/packs/{pack['id']}", {"remove": ["odd-day"]}, version=pack["revision"], expect=403)
    assert [(c["id"], c["change"]) for c in county.get(f"/packs/{pack['id']}/diff").json()["changes"]] == [(name, "added")]

    pack = checked(county, pack)
    found, pack = rehearsed(house, county, pack)
    here = [(c, b) for c, b in population(people["export"]) if c == own["code"]]
    even = [b for _, b in here if b % 2 == 0]
    assert 0 < len(even) and found["records"] >= len(here) and list(found["counties"]) == [own["code"]]
    assert found["rules"][name]["failing"] == found["newly_failing"] + found["other"] == len(even)
    hits = county.items(f"/packs/{pack['id']}/rehearsal/records?rule={name}")
    assert len(hits) == len(even)
    # Not by whoever proposed it, nor by a county beside; the city above may.
    county.post(f"/packs/{pack['id']}/approval", {"totp": "000000"}, version=pack["revision"], expect=(403, 422))
    stranger.post(f"/packs/{pack['id']}/approval", {"totp": "000000"}, version=pack["revision"], expect=(404, 422))
    pack = city.post(f"/packs/{pack['id']}/approval", {"totp": code_for(house, "city")}, version=pack["revision"], expect=200).json()
    someone = hits[0]["candidate_id"]
    assert name not in rules_of(county, someone)
    tag = county.get(f"/candidates/{someone}/verdicts").headers["ETag"]
    later = activate(county, pack, found["newly_failing"], expect=422, at=stamp(1))
    assert later["violations"][0]["pointer"] == "/at"
    pack = activate(county, pack, found["newly_failing"])
    assert pack["active"] and next(p for p in province.items("/packs") if p["active"] and p["unit"] is None)["id"] == base["id"]
    heard = {}  # of whichever process answered: each looks for itself, and has up to a second
    house.wait(lambda: heard.update(rules_of(county, someone)) or name in heard, 5, "the county's rule")
    said = heard[name]
    # The record is what it was, its verdicts are not: an answer of before is none of now (a process may have up to a second).
    house.wait(lambda: county.get(f"/candidates/{someone}/verdicts", headers={"If-None-Match": tag}).status == 200, 5, "a new ETag")
    now = county.get(f"/candidates/{someone}/verdicts", expect=200).headers["ETag"]
    assert now != tag and now.split("-")[0] == tag.split("-")[0]
    house.wait(lambda: county.get(f"/candidates/{someone}/verdicts", headers={"If-None-Match": now}).status == 304, 5, "the same answer")
    assert said["set_by"] == {"code": own["code"], "name": own["name"], "level": "county"} and said["basis"]["zh"] == "区招发〔2025〕1号"
    assert said["seen"] and said["satisfy"] is None and "birth_number" in said["test"]  # mod is said by XPath alone
    assert said["change"][0]["field"] == "birth" and said["change"][0]["section"]["zh"] and said["change"][0]["edit"]
    # Elsewhere nobody hears of it, and the province's rules are what they were.
    even_there = next(c["id"] for c in province.items(f"/candidates?org_id={far['id']}&limit=200") if c["state"] != "waiting")
    assert not [rule for rule in rules_of(province, even_there) if rule.startswith("local-")]
    its = people["candidate"].get("/me").json()["number"].startswith(own["code"][2:6])
    house.wait(lambda: (name in {r["id"] for r in people["candidate"].get("/season/rules", expect=200).json()["rules"]}) == its, 5, "the list")
    assert name not in {r["id"] for r in stranger.get("/season/rules", expect=200).json()["rules"]}
    # A new version of the province keeps it in force, and the dry run judges with it.
    newer = checked(province, draft_of(province, base, [{"id": "current-year", "severity": "warn"}]))
    _, newer = rehearsed(house, province, newer)
    side = province.get(f"/packs/{newer['id']}/comparison?candidate_id={someone}", expect=200).json()
    assert name in [v["rule"] for v in side["before"]] and name in [v["rule"] for v in side["after"]]
    # One that leaves its field no room is told so at the check.
    text = province.get(f"/packs/{base['id']}/document").body.decode("utf-8")
    text = re.sub(r"<local [^>]*/>", "", text).replace(f'version="{base["version"]}"', 'version="888"', 1)
    strict = upload(province, text, 201).json()
    answer = province.post(f"/packs/{strict['id']}/check", {}, version=strict["revision"], expect=200).json()
    assert [f["where"] for f in answer["findings"] if f["code"] == "local-rules"] == [own["code"]]
    # A version that fits no more is still read, with the reason, and can be drafted anew, put right and withdrawn.
    stored = county.get(f"/packs/{pack['id']}/document", expect=200).body
    assert county.get(f"/packs/{pack['id']}/rules").json()["left_out"] == []

    def store(body):
        as_sql = f"X'{body.hex()}'" if house.engine == "sqlite" else f"'\\x{body.hex()}'"
        sql(house, f"UPDATE pack SET body = {as_sql}, digest = '{hashlib.sha256(body).hexdigest()}' WHERE id = {pack['id']}")
    store(stored.replace(b"birth_number mod", b"no_such_number mod"))
    odd = county.get(f"/packs/{pack['id']}/rules", expect=200).json()
    assert odd["left_out"] and "no_such_number" in str(odd["left_out"]), odd
    county.get(f"/packs/{pack['id']}/diff", expect=200)
    copy = county.post(f"/packs/{pack['id']}/drafts", {"note": "改正"}, expect=201).json()
    county.post(f"/packs/{copy['id']}/check", {}, version=copy["revision"], expect=422)
    mended = {"rules": [{"id": "odd-day", "test": LOCAL["test"]}]}
    copy = county.patch(f"/packs/{copy['id']}", mended, version=copy["revision"], expect=200).json()
    checked(county, copy)
    store(stored)
    # Withdrawn by the unit above; the history says who.
    city.confirm()
    gone = city.post(f"/packs/{pack['id']}/withdrawal", {"reason": "与省里重复"}, version=pack["revision"], expect=200).json()
    assert (gone["state"], gone["active"]) == ("superseded", False)
    house.wait(lambda: name not in rules_of(county, someone), 5, "the rule is gone")
    actions = [row["action"] for row in province.items(f"/audit?object_kind=pack&object_id={pack['id']}")]
    assert {"pack.draft", "pack.check", "pack.rehearse", "pack.approve", "pack.activate", "pack.withdraw"} <= set(actions)
    # Back again: what is in force and what would be are as they were at its dry run, which counts.
    again = activate(county, county.get(f"/packs/{pack['id']}").json(), found["newly_failing"])
    house.wait(lambda: name in rules_of(county, someone), 5, "the county's rule again")
    # Replaced by another version, and back by the dry run of that one: it counts beside the province's pack it was made beside.
    second = checked(county, draft_of(county, again, [{"id": "odd-day", "severity": "warn"}]))
    eased, second = rehearsed(house, county, second)
    second = city.post(f"/packs/{second['id']}/approval", {"totp": code_for(house, "city")}, version=second["revision"], expect=200).json()
    second = activate(county, second)
    beside = sql(house, f"SELECT pack_digest FROM rehearsal WHERE pack_id = {second['id']}")[0]
    sql(house, f"UPDATE rehearsal SET pack_digest = 'beside another' WHERE pack_id = {second['id']}")
    first = county.get(f"/packs/{pack['id']}").json()
    assert activate(county, first, eased["newly_passing"], expect=409)["code"] == "wrong-state"
    sql(house, f"UPDATE rehearsal SET pack_digest = '{beside}' WHERE pack_id = {second['id']}")
    again = activate(county, first, eased["newly_passing"])
    county.confirm()
    county.post(f"/packs/{pack['id']}/withdrawal", {"reason": "试过了，停用"}, version=again["revision"], expect=200)


def test_a_county_writes_its_own_rules_only(house, people):
    """Names in a case's fields are written as names of attributes: nothing in them ends the rule and begins one for the whole province;
    and what stands in a unit's stored XML is judged once more."""
    province, county = people["province"], people["county"]
    base, count = active(province), len(province.items("/packs"))
    rule = '<rule id="any" severity="error" stages="fill export" basis="moe.register" fields="birth">' \
           '<title zh="一" en="1"/><test>not(birth_number = 20070101)</test><message zh="一" en="1"/><case expect="fail" birth="2007-01-01"/>' \
           '<case expect="pass" birth="2006-01-01"/></rule>'
    inner = f'start="x"/></rows></case></rule>{rule}<rule id="local-{county.me["org"]["code"]}-b" severity="error" stages="fill" fields="birth" ' \
            'basis="moe.register"><title zh="一" en="1"/><test>true()</test><message zh="一" en="1"/><case expect="pass" ' \
            'birth="2007-01-01"><rows field="resume"><row end'
    outer = f'birth="2007-01-01"/></rule>{rule}<rule id="local-{county.me["org"]["code"]}-b" severity="error" stages="fill" fields="birth" ' \
            'basis="moe.register"><title zh="一" en="1"/><test>true()</test><message zh="一" en="1"/><case expect="pass" sex'
    good = {"start": "2020-09", "end": "2023-06", "school": "一中", "witness": "张明"}
    for fields in ({"birth": "2007-01-01", "resume": [{inner: "2020-09"}]}, {"resume": [good, {**good, "a b": "1"}]},
                   {outer: "男"}, {"resume": [{"start": ["2020-09"]}]}, {"resume": ["2020-09"]}, {"expect": "pass"}, {"2007": "1"}):
        wish = {"rules": [{**LOCAL, "cases": [*LOCAL["cases"], {"expect": "pass", "fields": fields}]}]}
        fault = county.post(f"/packs/{base['id']}/drafts", wish, expect=422).json()
        assert [(v["pointer"], v["code"]) for v in fault.get("violations", [])] == [("/rules/0/cases/2/fields", "name")], (fields, fault)
    assert len(province.items("/packs")) == count
    fields = {"birth": "2007-01-01", "resume": [good]}
    wish = {"rules": [{**LOCAL, "cases": [*LOCAL["cases"], {"expect": "pass", "fields": fields}]}]}
    pack = county.post(f"/packs/{base['id']}/drafts", wish, expect=201).json()
    text = county.get(f"/packs/{pack['id']}/document", expect=200).body.decode()
    assert '<row start="2020-09" end="2023-06" school="一中" witness="张明"/>' in text
    body = text.replace("</rules>", rule + "</rules>").encode()  # as if an older program had let it in
    stored = f"X'{body.hex()}'" if house.engine == "sqlite" else f"'\\x{body.hex()}'"
    sql(house, f"UPDATE pack SET body = {stored}, digest = '{hashlib.sha256(body).hexdigest()}' WHERE id = {pack['id']}")
    fault = county.post(f"/packs/{pack['id']}/check", {}, version=pack["revision"], expect=422).json()
    assert [v["code"] for v in fault["violations"]] == ["foreign"] and "any" in fault["violations"][0]["detail"], fault


def draft_of(client, base, rules):
    return client.post(f"/packs/{base['id']}/drafts", {"rules": rules}, expect=201).json()


BOMB = """<?xml version="1.0"?><!DOCTYPE pack [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><pack>&b;</pack>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE pack SYSTEM "file:///etc/passwd"><pack/>"""


def upload(client, text, expect):
    body = text if isinstance(text, bytes) else text.encode("utf-8")
    return client.request("POST", "/packs?name=a.xml", body, headers={"Content-Type": "application/xml"}, expect=expect)


def test_bad_packs_change_nothing(people):
    """Malformed XML, bombs, external entities, sizes, names that don't exist, tests that cost: refused whole, with the place."""
    province = people["province"]
    now, count = active(province), len(province.items("/packs"))
    base = province.get(f"/packs/{now['id']}/document").body.decode("utf-8")
    newer = base.replace(f'version="{now["version"]}"', 'version="777"', 1)
    for text in ("<pack", "", BOMB, OUTSIDE, "<other/>", newer.replace("<sections>", "<sektions>", 1)):
        assert upload(province, text, (400, 422)).json()["code"] in ("pack", "malformed", "invalid"), text[:60]
    upload(province, b" " * (4194304 + 1), 413)
    assert upload(province, base, 409).json()["code"] == "conflict"  # the version is taken
    for test, why in (("no_such = 1", "no_such"), ("//birth = 1", ""), ("count(//*[//*[//*]]) = 1", ""), ("sex = 1", ""), ("birth_number mod", "")):
        fault = province.post(f"/packs/{now['id']}/drafts", {"rules": [{**ODD, "test": test}]}, expect=422).json()
        assert fault["code"] == "pack" and fault["violations"] and why in str(fault["violations"]), fault
    both = province.post(f"/packs/{now['id']}/drafts", {"rules": [{**ODD, "fields": ["a", "b"], "categories": ["99"]}]}, expect=422).json()
    assert len(both["violations"]) >= 3, "every fault at once"
    assert active(province)["digest"] == now["digest"] and len(province.items("/packs")) == count
    assert upload(province, newer, 201).json()["version"] == "777"


# ---- two nodes ---------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def nodes(engine):
    """Two httpd on one PostgreSQL."""
    if engine != "pgsql":
        pytest.skip("one SQLite file is one machine's")
    first = Instance.create("node", "pgsql", candidates=30)
    second = Instance(first.folder + ".b", "pgsql", *free_ports(2))
    os.mkdir(second.folder)
    os.chmod(second.folder, 0o755)
    owner = ("www-data", "www-data") if os.geteuid() == 0 else (None, os.getgid())
    for name in ("keys", "data"):
        shutil.copytree(first.path(name), second.path(name), ignore=shutil.ignore_patterns("*.lock", "spool"))
        shutil.chown(second.path(name), *owner)
        for entry in os.listdir(second.path(name)):
            shutil.chown(second.path(name, entry), *owner)
    with open(first.path("gaokao.conf"), encoding="utf-8") as file:
        text = "".join(line for line in file if line.split(" = ")[0] not in ("db_params", "site", "more_origins"))
    with open(second.path("gaokao.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    shutil.copy(first.path("demo-logins.json"), second.path("demo-logins.json"))
    second.start("--dsn", f"host={first.path('run', 'pg')} dbname=gaokao user=gaokao")
    yield first, second
    second.close()
    first.close()


class Saver(threading.Thread):
    """Saves the own record and reads its verdicts at one node without a pause: each answer speaks for one pack alone."""

    def __init__(self, client):
        super().__init__()
        self.client, self.answers, self.faults, self.going = client, [], [], True

    def run(self):
        turn = 0
        while self.going:
            turn += 1
            began = time.monotonic()
            reply = self.client.get("/season/rules")
            mine = self.client.patch("/me", {"fields": {"receiver": f"收件人{'一二三四五六七八九'[turn % 9]}"}},
                                     version=self.client.get("/me").headers["ETag"])
            if reply.status != 200 or mine.status not in (200, 412, 422):
                self.faults.append((reply, mine))
                continue
            document = reply.json()
            new = "odd-day" in [rule["id"] for rule in document["rules"]]
            self.answers.append((began, new, str(document.get("version"))))

    def stop(self):
        self.going = False
        self.join(60)


def test_every_node_within_a_second(nodes):
    """Activation under load with two httpd on one PostgreSQL: no failed request, no mix, both nodes within a second."""
    first, second = nodes
    house, logins = first, first.logins()
    people = {role: Client(house).sign_in(logins[role]) for role in ("province", "approver")}
    here = Client(first, "ks").sign_in(logins["candidate"])
    twin = Client(second, "ks")
    twin.cookies, twin.csrf = dict(here.cookies), here.csrf
    readers = []
    for node in nodes:
        county = Client(node).sign_in(logins["county"])
        readers.append(county)
    province = people["province"]
    pack = checked(province, draft(province, [{**ODD, "severity": "warn"}]))
    _, pack = rehearsed(house, province, pack)
    pack = approved(house, people, pack)
    threads = [Saver(here), Saver(twin)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    activate(province, pack)
    at = time.monotonic()
    time.sleep(2.5)
    for thread in threads:
        thread.stop()
    for thread in threads:
        assert not thread.faults, thread.faults[:2]
        assert {new for _, new, _ in thread.answers} == {False, True}
        assert not [1 for when, new, _ in thread.answers if when > at + 1 and not new], "the old rules a second later"
        assert len({(new, version) for _, new, version in thread.answers}) == 2, "rules of one version under the name of another"
    assert [active(reader)["id"] for reader in readers] == [pack["id"]] * 2


def test_a_node_that_was_away(nodes):
    """A node that was stopped while a pack was activated judges by it as soon as it goes on, without a restart."""
    first, second = nodes
    logins = first.logins()
    people = {role: Client(first).sign_in(logins[role]) for role in ("province", "approver")}
    away = Client(second).sign_in(logins["county"])
    assert "away-day" not in {r["id"] for r in away.get("/season/rules", expect=200).json()["rules"]}
    province = people["province"]
    _, pack = rehearsed(first, province, checked(province, draft(province, [{**ODD, "id": "away-day", "severity": "warn"}])))
    pack = approved(first, people, pack)
    pids = [second.pid()] + second.children()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        activate(province, pack)
        time.sleep(1.5)
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
    at = time.monotonic()
    answers = []
    while time.monotonic() < at + 2.5:
        began = time.monotonic()
        reply = away.get("/season/rules", expect=200)
        answers.append((began, "away-day" in {r["id"] for r in reply.json()["rules"]}))
    assert not [1 for when, new in answers if when > at + 1 and not new], "the old rules a second after it went on"


def test_a_reading_shows_at_the_other_node(nodes):
    """Issue "Device gateways", live view: a page at one node sees what was read at the other (a look takes it along half a second later)."""
    here, there = (Client(node).sign_in(node.logins()["point"]) for node in nodes)

    def look(tag):
        return there.get("/readings/changes", headers={"If-None-Match": tag})
    tag = there.get("/readings/changes", expect=200).headers["ETag"]
    took = []
    for n in range(3):
        until = time.monotonic() + 20
        while True:  # what was before comes in first
            seen = look(tag)
            tag = seen.headers["ETag"]
            if seen.status == 304 or time.monotonic() > until:
                break
            time.sleep(0.7)
        got = here.post("/readings", {"jti": f"other-node-{n}", "taken_at": stamp(), "purpose": "verify", "layout": "resident",
                                      "card": card("异地", id_number("430102", "20070611", 470 + n))}, expect=201).json()
        start = time.monotonic()
        while True:
            seen = look(tag)
            if seen.status == 200 and seen.json()["items"][0]["id"] == got["id"]:
                break
            assert time.monotonic() - start < 5, "the other node never heard of it"
            time.sleep(0.02)
        took.append(time.monotonic() - start)
        tag = seen.headers["ETag"]
    print("seen at the other node after", [f"{t:.2f} s" for t in took])
