"""W1 to W9 over HTTP with each role: two points of two counties of two cities, several subject categories, a card reader and
a typed-in candidate, an art submission and one of everybody, and the province's export at the end, which holds exactly
these candidates and is valid against the XSD. Nothing is written past the API except the season and the first account."""
import datetime
import json
import os
import subprocess
import time
import uuid

import pytest

from gk_client import Client
from gk_instance import ROOT, Instance
from gk_picture import accepted

PASSWORD = "Xiangjiang-Bisai-2026"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(division, birth, serial, sex):
    """A number with its check digit (GB 11643); `serial` 0..499, `sex` 1 or 2."""
    head = f"{division}{birth}{serial * 2 + (1 if sex == 1 else 0):03d}"
    total = sum(int(d) * w for d, w in zip(head, WEIGHTS))
    return head + "10X98765432"[total % 11]


def stamp(hours=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Journey:
    """What the steps share; each step is one method."""

    def __init__(self, site, pack):
        self.site = site
        self.pack = pack
        self.season = 2014 if "2014" in pack else 2025
        self.made = {}        # number -> candidate facts
        self.points = []
        self.serial = 0
        self.subjects = ["1", "5", "3"] if self.season == 2014 else None

    # ---- before W1: the province --------------------------------------------------------------------
    def province(self):
        site = self.site
        done = site.ctl("season", "create", "--pack", self.pack, "--json")
        assert done.returncode == 0
        time.sleep(1)  # every process notices another season within 500 ms
        made = json.loads(site.ctl("account", "create", "--role", "province", "--login", "hunan", "--json").stdout)
        self.top = Client(site)
        self.top.sign_in("hunan", made["initial_password"], change_to=PASSWORD)
        self.enrol(self.top)
        windows = {w["action"]: w for w in self.top.items("/windows?kind=window")}
        for action in ("read", "print_card", "review", "fill", "proof", "confirm", "other_info", "submit_art", "submit_all"):
            body = {"opens_at": stamp(-1), "closes_at": stamp(240)}
            if action in windows:
                window = windows[action]
                self.top.patch(f"/windows/{window['id']}", body, version=window["version"], expect=200)
            else:
                self.top.post("/windows", {"action": action, "kind": "window", "org_id": self.top.me["org"]["id"], **body}, expect=201)

    def enrol(self, client):
        """Province and city need one-time codes."""
        if not client.me.get("must_enrol_totp"):
            return
        secret = client.post("/session/totp", {}, expect=200).json()["secret"]
        from gk_client import totp
        reply = client.post("/session/totp", {"code": totp(secret)}, expect=200)
        client.secret = secret
        if reply.body and reply.json().get("csrf"):
            client.csrf = reply.json()["csrf"]

    def staff(self, creator, role, org_id, login):
        """A new account, its slip, the first sign-in, the forced change."""
        account = creator.post("/accounts", {"role": role, "org_id": org_id, "login": login}, expect=201).json()
        slips = creator.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"]
        assert slips[0]["login"] == login
        again = creator.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"]
        assert again[0]["password"] == slips[0]["password"], "a jammed page prints the same password again"
        client = Client(self.site)
        client.sign_in(login, slips[0]["password"])
        assert client.me["must_change_password"]
        assert client.get("/orgs").json()["code"] == "password-change-needed"
        client.change_password(slips[0]["password"], PASSWORD)
        self.enrol(client)
        old = Client(self.site)
        old.sign_in(login, slips[0]["password"], expect=401)
        return client

    # ---- W1, W2 -------------------------------------------------------------------------------------
    def bureaus(self):
        cities = self.top.items("/orgs?level=city")
        assert len(cities) == 14
        self.cities = []
        for city in cities[:2]:
            city_client = self.staff(self.top, "city", city["id"], f"city{city['code']}")
            county = city_client.items(f"/orgs?level=county&parent_id={city['id']}")[0]
            county_client = self.staff(city_client, "county", county["id"], f"county{county['code']}")
            self.cities.append((city, city_client, county, county_client))

    def points_and_ranges(self):
        for city, _, county, county_client in self.cities:
            serial = 1
            for n in (1, 2):
                point = county_client.post("/orgs", {
                    "parent_id": county["id"], "code": f"{county['code']}{n:04d}",
                    "name": f"{county['name']}第{n}中学",
                    "profile": {"estimated": 20, "hours": "8:00-17:30", "phone": "0731-8400000%d" % n,
                                "equipment": {"computers": 40, "card_readers": 2, "cameras": 2, "printers": 1, "bandwidth_mbit": 100}},
                }, expect=201).json()
                for subject in self.subjects:
                    county_client.post("/ranges", {"org_id": point["id"], "subject": subject, "first": serial, "last": serial + 4}, expect=201)
                    serial += 5
                if n == 1:
                    reply = county_client.post("/ranges", {"org_id": point["id"], "subject": self.subjects[0], "first": 3, "last": 9})
                    assert reply.status == 409 and reply.json()["code"] == "range-overlap", reply
                login = f"point{point['code']}"
                operator = self.staff(county_client, "point", point["id"], login)
                self.points.append((county, point, operator))

        county = self.points[0][0]
        rows = self.cities[0][3].items(f"/orgs?parent_id={county['id']}&readiness=true")
        assert rows and all(row["readiness"]["ready"] == (not row["readiness"]["missing"]) for row in rows)
        assert any(m["item"] == "address" for row in rows for m in row["readiness"]["missing"]), "nobody has entered an address"

    # ---- W3 -----------------------------------------------------------------------------------------
    def person(self, county, subject):
        self.serial += 1
        sex = 1 + self.serial % 2
        birth = f"{self.season - 18}0229" if (self.season - 18) % 4 == 0 and self.serial == 1 else f"{self.season - 18}{1 + self.serial % 12:02d}{1 + self.serial % 28:02d}"
        names = ["向晚晴", "欧阳思远", "𠮷田明", "买买提·艾力", "刘一", "彭若曦", "龙浩然"]
        return {"name": names[self.serial % len(names)] + ("" if self.serial < 7 else "甲乙丙丁戊己庚辛"[self.serial % 8]),
                "sex": str(sex), "nation": "01" if self.serial % 3 else "15", "birth": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}",
                "address": f"湖南省{county['name']}解放路{self.serial}号", "issuer": f"{county['name']}公安局",
                "id_number": id_number(county["code"], birth, self.serial, sex), "valid_from": "2024-01-01", "valid_to": "2034-01-01"}

    def read_cards(self):
        for county, point, operator in self.points:
            for subject in self.subjects:
                card = self.person(county, subject)
                body = {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "create", "subject": subject, "layout": "resident", "card": card}
                reply = operator.post("/readings", body, expect=201).json()
                again = operator.post("/readings", body).json()
                assert again["id"] == reply["id"], "a reading counts once"
                candidate = operator.get(f"/candidates/{reply['candidate_id']}", expect=200)
                facts = candidate.json()
                assert facts["state"] == "identified" and facts["number"].startswith(county["code"][2:])
                assert facts["fields"]["name"] == card["name"]
                self.made[facts["number"]] = {"id": facts["id"], "card": card, "subject": subject, "operator": operator, "point": point,
                                              "county": county}
        # the same card at another point is refused, with the place, and takes no number
        first = next(iter(self.made.values()))
        other = self.points[-1][2]
        reply = other.post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "create",
                                         "subject": self.subjects[0], "layout": "resident", "card": first["card"]})
        assert "registered_elsewhere" in reply.body.decode() or reply.json().get("code") == "duplicate", reply
        before = other.items("/candidates")
        assert len(before) == len(self.subjects)

    def typed_in(self):
        """F7: other papers, typed in, approved by the city."""
        county, point, operator = self.points[0]
        city_client = self.cities[0][1]
        card = self.person(county, self.subjects[0])
        fields = {"name": card["name"], "sex": card["sex"], "nation": card["nation"], "birth": card["birth"], "id_type": "A",
                  "id_number": "E12345678"}
        reply = operator.post("/candidates", {"subject": self.subjects[0], "fields": fields}, expect=201)
        record = reply.json()
        assert record["state"] == "waiting" and record["number"] is None
        wrong = operator.post("/candidates", {"subject": self.subjects[0], "fields": {**fields, "id_type": "1", "id_number": "430102200801010011"}})
        assert wrong.status == 422, wrong
        approved = city_client.post(f"/candidates/{record['id']}/approval", {"decision": "granted"}, version=reply.headers["ETag"], expect=200)
        facts = operator.get(f"/candidates/{record['id']}", expect=200).json()
        assert facts["number"] and facts["state"] in ("identified", "allocated"), (facts, approved)
        self.made[facts["number"]] = {"id": record["id"], "card": None, "accepted": ["id-type-other"], "subject": self.subjects[0], "operator": operator, "point": point,
                                      "county": county}

    # ---- W4, W5 -------------------------------------------------------------------------------------
    def cards_and_review(self):
        for county, point, operator in self.points:
            mine = {n: c for n, c in self.made.items() if c["point"]["id"] == point["id"]}
            cards = operator.post("/candidates/cards", {"ids": [c["id"] for c in mine.values()]}, expect=200).json()["items"]
            assert {c["number"] for c in cards} == set(mine)
            for card in cards:
                mine[card["number"]]["password"] = card["password"]
            for number, candidate in mine.items():
                self.act(candidate, "PUT", "papers", lambda record: {"items": [{"id": p["id"], "seen": True} for p in record["papers"]["items"]]}
                         if "papers" in record else {"items": []})
                self.act(candidate, "POST", "fee", {"receipt": f"R{number}"})
                self.edit(candidate, {"migrant_child": "0"})
                if candidate.get("accepted"):
                    # a rule of severity `review` asks the reviewer to look; its id says that somebody did
                    reply = self.act(candidate, "POST", "review", {"verdict": "pass"}, expect=422).json()
                    assert [v["rule"] for v in reply["violations"]] == candidate["accepted"]
                self.act(candidate, "POST", "review", {"verdict": "pass", "accepted": candidate.get("accepted", [])})
                assert self.record(candidate)["state"] == "reviewed"

    def record(self, candidate):
        return candidate["operator"].get(f"/candidates/{candidate['id']}", expect=200).json()

    def edit(self, candidate, fields):
        current = candidate["operator"].get(f"/candidates/{candidate['id']}", expect=200)
        return candidate["operator"].patch(f"/candidates/{candidate['id']}", {"fields": fields}, version=current.headers["ETag"], expect=200)

    def act(self, candidate, method, what, body, expect=200, client=None):
        client = client or candidate["operator"]
        current = candidate["operator"].get(f"/candidates/{candidate['id']}", expect=200)
        if callable(body):
            body = body(current.json())
        return client.request(method, f"/candidates/{candidate['id']}/{what}", body, version=current.headers["ETag"], expect=expect)

    # ---- W6 -----------------------------------------------------------------------------------------
    def entries(self, number, candidate):
        county = candidate["county"]
        fields = {
            "exam_type": "1", "category": "1", "language": "1", "graduation": "0", "graduation_year": str(self.season),
            "school": candidate["point"]["name"], "class": "高三（1）班", "student_number": "G" + (candidate["card"] or {"id_number": "430102200801010011"})["id_number"],
            "household_place": county["code"], "household_type": "1", "address": f"湖南省{county['name']}解放路{number}号",
            "postcode": "410000", "receiver": "向春", "mobile": "1380000%s" % number[-4:], "political": "03",
            "resume": [{"start": f"{self.season - 3}-09", "end": f"{self.season}-06", "school": candidate["point"]["name"], "witness": "张老师"},
                       {"start": f"{self.season - 6}-09", "end": f"{self.season - 3}-06", "school": "实验初级中学", "witness": "李老师"}],
            "family": [{"relation": "1", "name": "向东", "unit": "长沙机床厂", "phone": "13900000000"}],
        }
        if self.season == 2025:
            fields.update({"first_choice": "WL" if candidate["subject"] in ("5", "7", "8") else "LS", "elective_1": "HX", "elective_2": "SW",
                           "household_town": "城关街道"})
        return fields

    def fill_in(self):
        for number, candidate in self.made.items():
            client = Client(self.site, "ks")
            client.sign_in(number, candidate["password"], change_to="Wode-mima-%s" % number)
            candidate["client"] = client
            me = client.get("/me", expect=200)
            reply = client.patch("/me", {"fields": {"receiver": "早"}}, version=me.headers["ETag"])
            assert reply.status == 409, reply  # the pledge first
            me = client.post("/me/pledge", {"accepted": True, "privacy": True}, version=me.headers["ETag"], expect=200)
            form = client.get("/season/form", expect=200).json()
            known = {f["id"] for s in form["sections"] for f in s["fields"]}
            etag = me.headers["ETag"]
            fields = {k: v for k, v in self.entries(number, candidate).items() if k in known}
            if candidate["subject"] in ("3", "7"):
                table = client.get("/season/tables/art_major", expect=200).json()
                fields["art_major"] = table["rows"][0][0]
            # saved as one goes: one field at a time at first, then the rest
            etag = client.patch("/me", {"fields": {"receiver": fields["receiver"]}}, version=etag, expect=200).headers["ETag"]
            bad = client.patch("/me", {"fields": {"postcode": "41"}}, version=etag)
            assert bad.status == 422 and bad.json()["violations"][0]["pointer"] == "/fields/postcode", bad
            if number == min(self.made):
                etag = self.blamed(candidate, client, fields["household_place"])
            saved = client.patch("/me", {"fields": fields}, version=etag, expect=200)
            left = [v for v in saved.json()["verdicts"] if v["severity"] == "error"]
            assert not left, json.dumps(left, ensure_ascii=False)[:1500]
            assert client.get("/me", expect=200).json()["state"] == "filling"
            candidate["etag"] = saved.headers["ETag"]

    def blamed(self, candidate, client, place):
        """P3: a rule of two fields, the first the point's: it is said at the candidate's own one, which can be changed."""
        self.edit(candidate, {"migrant_child": "1"})
        me = client.get("/me", expect=200)
        refused = client.patch("/me", {"fields": {"household_place": place}}, version=me.headers["ETag"], expect=422).json()["violations"]
        assert [(v["rule"], v["pointer"]) for v in refused] == [("migrant-not-local", "/fields/household_place")], refused
        return self.edit(candidate, {"migrant_child": "0"}).headers["ETag"]

    # ---- W7 -----------------------------------------------------------------------------------------
    def confirm(self):
        for number, candidate in self.made.items():
            operator = candidate["operator"]
            proof = self.act(candidate, "POST", "proof", {}).json()
            assert proof["digest"]
            assert self.record(candidate)["state"] == "proofed"
            early = self.act(candidate, "POST", "confirmation", {"proof_version": proof["version"]}, expect=None)
            if candidate["card"]:
                assert early.status in (409, 422), early
                reading = operator.post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "verify",
                                                      "candidate_id": candidate["id"], "layout": "resident", "card": candidate["card"]}, expect=201).json()
                assert reading["verdict"] == "verified", reading
                body = {"proof_version": proof["version"], "reading_id": reading["id"]}
                wrong = self.act(candidate, "POST", "confirmation", {**body, "proof_version": proof["version"] - 1}, expect=None)
                assert wrong.status == 409, wrong
            else:
                body = {"proof_version": proof["version"], "papers_seen": True}
                if early.status == 200:
                    body = None
            if body:
                self.act(candidate, "POST", "confirmation", body)
            assert self.record(candidate)["state"] == "confirmed"
            own = candidate["client"]
            me = own.get("/me", expect=200)
            reply = own.patch("/me", {"fields": {"receiver": "晚"}}, version=me.headers["ETag"])
            assert reply.status == 409 and reply.json()["code"] == "wrong-state", reply

    def photos(self):
        """P2: photos go with the submissions. The pictures have no face: the clerk decides."""
        first = next(iter(self.made.values()))
        before = first["operator"].get(f"/submissions/check?org_id={first['point']['id']}&kind=all", expect=200).json()
        assert "photo" in {m["code"] for item in before["items"] for m in item["missing"]}, before["items"][0]
        for n, candidate in enumerate(self.made.values()):
            accepted(candidate["operator"], candidate["id"], n)
            assert self.record(candidate)["parts"]["photo"] == "accepted"

    def correction(self):
        """A change after the signature voids it and asks for a new proof and a new signature."""
        number, candidate = next((n, c) for n, c in self.made.items() if c["card"])
        self.act(candidate, "POST", "correction", {"reason": "邮编写错"})
        own = candidate["client"]
        me = own.get("/me", expect=200)
        own.patch("/me", {"fields": {"postcode": "410001"}}, version=me.headers["ETag"], expect=200)
        proof = self.act(candidate, "POST", "proof", {}).json()
        reading = candidate["operator"].post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "verify",
                                                           "candidate_id": candidate["id"], "layout": "resident", "card": candidate["card"]}, expect=201).json()
        self.act(candidate, "POST", "confirmation", {"proof_version": proof["version"], "reading_id": reading["id"]})
        history = candidate["operator"].get(f"/candidates/{candidate['id']}/history?limit=200", expect=200).json()["items"]
        actions = [h["action"] for h in history]
        assert any("correct" in a for a in actions) and any("confirm" in a for a in actions), actions

    # ---- W8 -----------------------------------------------------------------------------------------
    def other_information(self):
        self.parts = {part["id"]: {field["id"]: field for field in part["fields"]}
                      for part in self.top.get("/season/form", expect=200).json()["parts"]}
        self.tables = {}
        for candidate in self.made.values():
            county_client = next(c[3] for c in self.cities if c[2]["id"] == candidate["county"]["id"])
            self.part(candidate, "appraisal", candidate["operator"], {"remark": "该生遵守纪律，团结同学，热爱劳动，表现良好。"})
            self.part(candidate, "examination", county_client, {"wk_sg": "172.5", "wk_tz": "60", "yk_lysly": "5.0", "yk_lyslz": "4.9"})
            self.part(candidate, "grades", county_client, {})
        reply = self.act(candidate, "PUT", "examination", {"fields": {"wk_sg": "17250"}}, expect=422, client=county_client).json()
        assert reply["violations"][0]["pointer"] == "/fields/wk_sg", reply
        self.act(candidate, "PUT", "examination", {"fields": {}}, expect=403, client=self.cities[0][1])

    def part(self, candidate, kind, client, fields):
        """Enters what is known, then what the answer says is still missing."""
        reply = self.act(candidate, "PUT", kind, {"fields": fields}, client=client).json()
        missing = [v["field"] for v in reply["verdicts"] if v["severity"] == "error"]
        if missing:
            reply = self.act(candidate, "PUT", kind, {"fields": {f: self.plausible(self.parts[kind][f]) for f in missing}}, client=client).json()
        assert not [v for v in reply["verdicts"] if v["severity"] == "error"], reply["verdicts"]
        assert reply["state"] == "entered", reply

    def plausible(self, field):
        if field["type"] == "code":
            if field["table"] not in self.tables:
                self.tables[field["table"]] = self.top.get(f"/season/tables/{field['table']}", expect=200).json()["rows"][0][0]
            return self.tables[field["table"]]
        if field["type"] == "number":
            return str(field.get("min") or 1)
        return {"date": datetime.date.today().isoformat(), "flag": "1"}.get(field["type"], "张老师")

    # ---- W9 -----------------------------------------------------------------------------------------
    def submit(self, kind):
        county, point, operator = self.points[0]
        reply = operator.get(f"/submissions/check?org_id={point['id']}&kind={kind}", expect=200).json()
        assert reply["ready"], json.dumps(reply, ensure_ascii=False)[:2000]
        for county, point, operator in self.points:
            made = operator.post("/submissions", {"kind": kind}, expect=201).json()
            assert len(made["digest"]) == 64
            twice = operator.post("/submissions", {"kind": kind})
            assert twice.status == 409, twice
        if kind == "all":
            # the county returns one with a reason; the point submits again
            county, point, operator = self.points[0]
            county_client = self.cities[0][3]
            open_one = next(s for s in county_client.items(f"/submissions?kind={kind}&state=submitted") if s["org"]["id"] == point["id"])
            county_client.post(f"/submissions/{open_one['id']}/return", {"reason": "缺签字表"}, version=open_one["version"], expect=200)
            states = {c["state"] for c in operator.items("/candidates")}
            assert "submitted" not in states or kind == "art", states
            operator.post("/submissions", {"kind": kind}, expect=201)
        for _, city_client, county, county_client in self.cities:
            self.accept(county_client, kind, "point")
            county_client.post("/submissions", {"kind": kind}, expect=201)
            self.accept(city_client, kind, "county")
            city_client.post("/submissions", {"kind": kind}, expect=201)
        self.accept(self.top, kind, "city")

    def accept(self, client, kind, level):
        for submission in client.items(f"/submissions?kind={kind}&state=submitted&level={level}"):
            assert client.get(f"/submissions/{submission['id']}", expect=200).json() == submission
            client.post(f"/submissions/{submission['id']}/acceptance", {}, version=submission["version"], expect=200)

    def export(self, folder):
        reply = self.top.get("/export/candidates.xml?state=accepted", expect=200)
        path = os.path.join(folder, "candidates.xml")
        with open(path, "wb") as file:
            file.write(reply.body)
        done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "conf", "schema", "candidates.xsd"), path],
                              capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[:2000]
        text = reply.body.decode("utf-8")
        import re
        numbers = re.findall(r"<BMXH>(\d{8})</BMXH>", text)
        assert sorted(numbers) == sorted(self.made), (numbers, sorted(self.made))
        ksh = re.findall(r"<KSH>(\d{14})</KSH>", text)
        assert len(set(ksh)) >= len(self.made)
        for candidate in self.made.values():
            if candidate["card"]:
                assert candidate["card"]["name"] in text
                assert candidate["card"]["id_number"] in text
        return text

    def progress(self):
        reply = self.top.get("/progress", expect=200).json()
        assert reply["total"]["total"] == len(self.made), reply["total"]


@pytest.mark.parametrize("pack", ["hunan-2014", "hunan-2025"])
def test_nine_steps(engine, pack, tmp_path):
    site = Instance.create("journey", engine, extra=("--empty",))
    try:
        journey = Journey(site, pack)
        journey.province()
        if journey.subjects is None:
            form = journey.top.get("/season/form", expect=200).json()
            codes = [s["code"] for s in form["subjects"]]
            art = [s["code"] for s in form["subjects"] if s.get("art")]
            journey.subjects = [c for c in codes if c not in art][:2] + art[:1]
        journey.bureaus()
        journey.points_and_ranges()
        journey.read_cards()
        journey.typed_in()
        journey.cards_and_review()
        journey.fill_in()
        journey.photos()
        journey.confirm()
        journey.correction()
        journey.other_information()
        journey.progress()
        journey.submit("art")
        journey.submit("all")
        journey.export(str(tmp_path))
        check = site.ctl("check", "--json")
        assert check.returncode == 0, check.stdout
    finally:
        site.close()
