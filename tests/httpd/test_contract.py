"""htdocs/api/openapi.json says what the module does: the route table and the access table stand in it, its examples fit its
schemas, and every answer of this run fits what it promises (conftest.py listens to every Client)."""
import datetime
import json
import time
import uuid

import pytest

from gk_client import Client, access, routes
from gk_contract import Contract, jsonschema, layout

# Operations that no test of this folder calls with success, and why: operationId -> reason.
NOT_CALLED = {}


@pytest.fixture(scope="module")
def contract():
    return Contract()


# ---- the document ------------------------------------------------------------------------------------------
def test_it_says_what_the_tables_say(contract):
    table = access()
    assert [(r["operation"], r["method"], r["path"]) for r in routes()] == [
        (name, *contract.operations[name][:2]) for name in (r["operation"] for r in routes()) if name in contract.operations]
    assert set(contract.operations) == {r["operation"] for r in routes()}
    for route in routes():
        operation = contract.operations[route["operation"]][2]
        sent = operation.get("requestBody")
        assert (sent or {}).get("x-max-bytes", 0) == route["max"], route
        assert ("application/json" in (sent or {}).get("content", {})) == (route["body"] == "json"), route
        row = table[route["action"]]
        assert operation["x-action"] == route["action"]
        assert set(operation["x-roles"]) == row["roles"], route
        assert operation["x-scope"] == row["scope"], route
        assert operation.get("x-window", "") == row["window"], route
        assert operation.get("x-states", []) == row["states"], route
        named = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation.get("parameters", [])}
        assert ("IfMatch" in named) == ("VERSION" in route["flags"]), route
        assert ("FRESH" in route["flags"]) <= ("`reauth-needed`" in operation["responses"].get("403", {}).get("description", "")), route
        assert ("IdempotencyKey" in named) == (route["method"] != "GET" and "KEYLESS" not in route["flags"]), route


def test_every_reference_leads_somewhere(contract):
    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                contract.resolve(node)
            for member in node.values():
                walk(member)
        elif isinstance(node, list):
            for member in node:
                walk(member)
    walk(contract.document)
    used = set(json.dumps(contract.document).split('"#/components/schemas/')[1:])
    used = {text.split('"')[0] for text in used}
    assert not set(contract.document["components"]["schemas"]) - used, "schemas nobody names"


def test_it_is_laid_out_as_its_tools_write_it(contract):
    assert contract.text == layout(contract.document) + "\n", "run: python3 -c 'from gk_contract import *; write(Contract().document)'"


def examples(contract):
    """(where, schema, value, is an answer) of every example."""
    def of(where, media, answer):
        if "example" in media:
            yield where, media["schema"], media["example"], answer
        for one in media.get("examples", {}).values():
            yield where, media["schema"], contract.resolve(one)["value"], answer
    for name, (_, _, operation) in contract.operations.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield from of(f"{name} request", media, False)
        for status, response in operation["responses"].items():
            for media in contract.resolve(response).get("content", {}).values():
                yield from of(f"{name} {status}", media, True)


def test_examples_fit_their_schemas(contract):
    if jsonschema is None:
        pytest.skip("python3-jsonschema is not installed")
    faults, found = [], set()
    for where, schema, value, answer in examples(contract):
        found.add(where)
        faults += [f"{where}: {line}" for line in contract.schema_faults(schema, value, answer)]
    assert not faults, "\n".join(faults[:40])
    for name, (_, _, operation) in contract.operations.items():
        sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if name not in NOT_CALLED and sent is not None and sent["schema"].get("properties", True):
            assert f"{name} request" in found, f"{name} has no example of a request"
        for status, response in operation["responses"].items():
            if status in ("200", "201") and "application/json" in response.get("content", {}) and name not in NOT_CALLED:
                assert f"{name} {status}" in found or status == "200" and "201" in operation["responses"], f"{name} {status} has no example"


# ---- what the journey leaves out ---------------------------------------------------------------------------
def stamp(hours=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Walk:
    def __init__(self, site):
        self.site = site
        logins = site.logins()
        self.who = {role: Client(site, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
                    for role in ("province", "city", "county", "point", "export", "candidate")}

    def sessions(self):
        own = self.who["candidate"]
        own.get("/session", expect=200)
        own.get("/me/verdicts", expect=200)
        data = own.get("/me/data", expect=200).json()
        assert data["record"]["number"] == own.me["account"]["login"] and data["history"] and "actor" not in data["history"][0]
        own.get("/season", expect=200)
        Client(self.site).get("/season", expect=200)
        self.who["point"].get("/season/rules?stage=review", expect=200)
        county = self.who["county"]
        other = Client(self.site).sign_in(self.site.logins()["county"])
        mine = county.get("/sessions", expect=200).json()["items"]
        latest = max((one for one in mine if not one["current"]), key=lambda one: one["id"])
        county.delete(f"/sessions/{latest['id']}", expect=204)
        other.get("/session", expect=401)
        county.post("/session/confirmation", {"password": county.proof}, expect=200)
        self.who["province"].post("/session/recovery-codes", expect=200)
        login = self.site.logins()["export"]
        for leave in ("/session", "/sessions"):
            one = Client(self.site).sign_in(login)
            one.delete(leave, expect=204)
            one.get("/session", expect=401)

    def calendar(self):
        county, point = self.who["county"], self.who["point"].me["org"]
        window = next(w for w in self.who["province"].items("/windows?kind=window&action=fill"))
        made = county.post("/windows", {"action": "fill", "kind": "extension", "org_id": point["id"], "reason": "停电两小时",
                                        "closes_at": window["closes_at"]})
        if made.status != 201:  # where the window's end has passed or lies too near
            made = county.post("/windows", {"action": "fill", "kind": "extension", "org_id": point["id"], "reason": "停电两小时",
                                            "closes_at": stamp(48)}, expect=201)
        county.delete(f"/windows/{made.json()['id']}", version=made.headers["ETag"], expect=204)

    def units(self):
        county = self.who["county"]
        home = county.me["org"]
        made = county.post("/orgs", {"parent_id": home["id"], "name": "白沙中学报名点"}, expect=201)
        county.get("/orgs?q=" + made.json()["code"], expect=200)
        seen = county.get(f"/orgs/{home['id']}", expect=200)
        assert seen.json()["readiness"] is None
        county.patch(f"/orgs/{made.json()['id']}", {"profile": {"estimated": 120, "phone": "0731-84000123"}}, version=made.headers["ETag"], expect=200)
        self.point = made.json()

    def accounts(self):
        county = self.who["county"]
        made = county.post("/accounts/batch", {"accounts": [{"role": "point", "org_id": self.point["id"]},
                                                            {"role": "reviewer", "org_code": self.point["code"], "login": "baisha-shencha"}]}, expect=201)
        account = made.json()["items"][0]
        county.get(f"/accounts?org_id={self.point['id']}", expect=200)
        seen = county.get(f"/accounts/{account['id']}", expect=200)
        seen = county.patch(f"/accounts/{account['id']}", {"display_name": "向老师"}, version=seen.headers["ETag"], expect=200)
        seen = county.post(f"/accounts/{account['id']}/new-slip", {"reset_totp": False}, version=seen.headers["ETag"], expect=200)
        county.post(f"/accounts/{account['id']}/sign-out", expect=200)

    def ranges(self):
        county = self.who["county"]
        free = county.get("/ranges/free", expect=200).json()["items"][-1]
        subject = self.who["point"].get("/season/form", expect=200).json()["subjects"][0]["code"]
        at = free["first"]
        made = county.post("/ranges", {"org_id": self.point["id"], "subject": subject, "first": at, "last": at + 19}, expect=201)
        path = f"/ranges/{made.json()['id']}"
        again = county.patch(path, {"last": at + 29}, version=made.headers["ETag"], expect=200)
        rest = county.post(path + "/split", {"at": at + 20}, version=again.headers["ETag"], expect=201)
        county.delete(f"/ranges/{rest.json()['id']}", version=rest.headers["ETag"], expect=204)
        county.get(f"/ranges?org_id={self.point['id']}", expect=200)
        self.subject = subject

    def alarms(self):
        """Thirty numbers of people who are registered elsewhere within an hour: somebody should ask why."""
        point, county = self.who["point"], self.who["county"]
        taken = point.get("/candidates?limit=1", expect=200).json()["items"][0]
        fields = point.get(f"/candidates/{taken['id']}", expect=200).json()["fields"]
        body = {"subject": self.subject, "fields": {key: fields[key] for key in ("name", "sex", "birth", "id_type", "id_number")}}
        for _ in range(30):
            point.post("/candidates", body, expect=409)
        alarm = county.get("/alarms?state=open", expect=200).json()["items"][0]
        county.post(f"/alarms/{alarm['id']}/closing", {"note": "已电话核实"}, version=alarm["version"], expect=200)

    def reading(self, purpose, card, **more):
        body = {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": purpose, "layout": "resident", "card": card, **more}
        return self.who["point"].post("/readings", body, expect=(200, 201)).json()

    def act(self, method, what, body, expect=200):
        point, path = self.who["point"], f"/candidates/{self.candidate}"
        version = point.get(path, expect=200).headers["ETag"]
        return point.request(method, f"{path}/{what}", body, version=version, expect=expect)

    def candidate_steps(self):
        point = self.who["point"]
        card = {"name": "覃雨桐", "sex": "2", "nation": "15", "birth": "2007-05-06", "address": "湖南省芙蓉区人民路9号", "issuer": "芙蓉区公安局",
                "id_number": "430102200705064440", "valid_from": "2023-05-06", "valid_to": "2033-05-06"}
        digits = card["id_number"][:17]
        card["id_number"] = digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11]
        self.reading("test", card)
        made = self.reading("create", card, subject=self.subject)
        self.candidate = made["candidate_id"]
        point.get(f"/readings?candidate_id={self.candidate}", expect=200)
        moved = self.reading("verify", {**card, "address": "湖南省芙蓉区人民路19号"}, candidate_id=self.candidate)
        assert moved["verdict"] == "different", moved
        self.act("POST", "identity", {"reading_id": moved["id"], "accept": ["card_address"], "reason": "已搬家"})
        point.get(f"/readings/{moved['id']}", expect=200)
        point.post("/candidates/cards", {"ids": [self.candidate]}, expect=200)
        self.act("POST", "new-slip", {"card_seen": True})
        point.get(f"/candidates/{self.candidate}/verdicts?stage=review", expect=200)
        self.act("POST", "fee", {"receipt": "NO2026000123"})
        self.act("POST", "fee/cancel", {"reason": "票号写错"})
        self.act("POST", "return", {"to": "identified", "reason": "登录卡印错"})
        self.act("POST", "withdrawal", {"reason": "改在户籍地报名"})

    def others(self):
        province, point, county = self.who["province"], self.who["point"], self.who["county"]
        proofed = next(c for c in province.items("/candidates") if c["confirmed_version"])
        province.get(f"/candidates/{proofed['id']}/proofs/{proofed['confirmed_version']}", expect=200)
        self.candidate = next(c for c in point.items("/candidates")
                              if c["state"] in ("reviewed", "filling", "proofed", "confirmed", "submitted", "accepted"))["id"]
        bonus = next(part for part in province.get("/season/form", expect=200).json()["parts"] if part["id"] == "bonus")
        self.act("PUT", "bonus", {"fields": {}})
        version = point.get(f"/candidates/{self.candidate}/parts", expect=200).headers["ETag"]
        county.post(f"/candidates/{self.candidate}/bonus/decision", {"verdict": "refuse", "reason": f"没有{bonus['zh']}的证明材料"}, version=version, expect=200)
        submission = province.get("/submissions", expect=200).json()["items"]
        if submission:
            province.get(f"/submissions/{submission[0]['id']}", expect=200)
        point.get("/submissions/check?kind=all", expect=200)
        county.get("/submissions/check?kind=all", expect=200)
        county.get("/progress/classes?limit=5", expect=200)
        province.get("/audit?object_kind=candidate&limit=5", expect=200)

    def board(self):
        """Notices, packs, plugins: what the province keeps."""
        province = self.who["province"]
        made = province.post("/notices", {"title": "报名时间调整", "audience": "staff", "body": "因降雪，报名延长两天。"}, expect=201)
        path = f"/notices/{made.json()['id']}"
        file = province.request("POST", path + "/files?name=%E9%80%9A%E7%9F%A5.txt", "各市州：报名延长两天。".encode("utf-8"),
                                headers={"Content-Type": "application/octet-stream"}, expect=201).json()
        assert province.get(f"{path}/files/{file['id']}", expect=200).body.decode("utf-8").startswith("各市州")
        seen = province.get(path, expect=200)
        seen = province.patch(path, {"body": "因降雪，报名延长三天。"}, version=seen.headers["ETag"], expect=200)
        province.delete(f"{path}/files/{file['id']}", expect=204)
        province.delete(path, version=province.get(path, expect=200).headers["ETag"], expect=204)
        assert Client(self.site).get("/notices", expect=200).json()["items"]
        pack = province.get("/packs", expect=200).json()["items"][0]
        province.get(f"/packs/{pack['id']}", expect=200)
        plugin = next(p for p in province.get("/plugins", expect=200).json()["items"] if any(o["type"] == "int" for o in p["options"]))
        option = next(o for o in plugin["options"] if o["type"] == "int")
        province.patch(f"/plugins/{plugin['name']}", {"options": {option["key"]: option["value"]}}, expect=200)
        province.patch(f"/plugins/{plugin['name']}", {"options": {option["key"]: None}}, expect=200)
        province.post(f"/plugins/{plugin['name']}/reset", expect=200)

    def imports(self):
        """A table that changes one record, put right, done and taken back."""
        county = self.who["county"]
        one = next(c for c in county.items("/candidates") if c["state"] in ("reviewed", "filling", "proofed", "confirmed"))
        county.get("/imports/template.xlsx?kind=grades", expect=200)
        table = f"报名顺序号,姓名,历史\n{one['number']},{one['name']},A\n".encode()
        path = county.request("POST", "/imports?kind=grades&name=a.csv", table, headers={"Content-Type": "text/csv"}, expect=201).headers["Location"][7:]

        def settled():
            for _ in range(600):
                reply = county.get(path, expect=200)
                if reply.json()["state"] not in ("reading", "applying", "undoing"):
                    return reply.headers["ETag"]
                time.sleep(0.1)
            raise AssertionError(reply)
        county.patch(path, {"columns": ["number", "name", "grade_history"]}, version=settled(), expect=200)
        version = settled()
        county.get(f"{path}/rows?show=change&limit=5", expect=200)
        county.post(f"{path}/apply", {}, version=version, expect=200)
        county.post(f"{path}/undo", {"partial": True}, version=settled(), expect=200)
        settled()
        county.get("/imports?limit=5", expect=200)

    def jobs(self):
        export = self.who["export"]
        made = export.post("/jobs", {"kind": "export_xml", "args": {"state": "any"}}, expect=201).json()
        for _ in range(300):
            job = export.get(f"/jobs/{made['id']}", expect=200).json()
            if job["state"] not in ("queued", "running"):
                break
            time.sleep(0.1)
        assert job["state"] == "done", job
        export.get(f"/jobs/{made['id']}/result", expect=200)
        for _ in range(5):  # one that waits or runs can be cancelled, one that is done already can't
            made = export.post("/jobs", {"kind": "export_xml"}, expect=201).json()
            if export.post(f"/jobs/{made['id']}/cancel", expect=(200, 409)).status == 200:
                break
        export.get("/jobs?limit=1", expect=200)
        export.get("/jobs", expect=200)


def test_what_the_journey_leaves_out(own_instance):
    walk = Walk(own_instance)
    walk.calendar()
    walk.units()
    walk.accounts()
    walk.ranges()
    walk.alarms()
    walk.candidate_steps()
    walk.others()
    walk.board()
    walk.jobs()
    walk.imports()
    walk.sessions()


# ---- what was heard ----------------------------------------------------------------------------------------
def at_the_end(function):
    function.at_the_end = True
    return function


@at_the_end
def test_every_answer_was_as_promised(record):
    assert not record.faults, "\n".join(f"{fault}\n    in {test}" for fault, test in list(record.faults.items())[:60])


@at_the_end
def test_every_operation_was_seen(record):
    if not {"submit", "splitRange"} <= record.seen:
        pytest.skip("the journey or the walk was not run")
    unseen = set(record.contract.operations) - record.seen - set(NOT_CALLED)
    assert not unseen, "no test called these with success: " + ", ".join(sorted(unseen))
