"""Two worlds in one demonstration for tests of access: what lies inside the demonstration's own units, and the same kinds of
things in a county of another city. Whatever is outside carries a mark, so that any answer that shows it gives itself away.

    world = World(site)
    world.people["county"].get(f"/candidates/{world.outside['candidates']}")     # fails by itself if the mark shows
"""
import base64
import datetime
import json
import os
import subprocess
import uuid

from gk_client import Client
from gk_picture import accepted

MARK = "界外"            # in every text of the outer world
LOGIN = "jiewai"         # in every login of it
ROLES = ("province", "city", "county", "point", "reviewer", "auditor", "export", "candidate", "public")
INSIDERS = ("city", "county", "point", "reviewer")  # what they may see ends before the outer world
ABSENT = 999999999       # an id nothing has
PASSWORD = "Waimian-Ceshi-2026"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(division, birth, serial, sex=1):
    """A number with its check digit (GB 11643); `serial` 0..499, `sex` 1 or 2."""
    head = f"{division}{birth}{serial * 2 + (1 if sex == 1 else 0):03d}"
    return head + "10X98765432"[sum(int(d) * w for d, w in zip(head, WEIGHTS)) % 11]


def stamp(hours=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def card(name, number, address="湖南省长沙市测试路1号"):
    birth = number[6:14]
    return {"name": name, "sex": "1" if int(number[16]) % 2 else "2", "nation": "01", "address": address,
            "birth": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}", "issuer": "测试市公安局", "id_number": number,
            "valid_from": "2024-01-01", "valid_to": "2034-01-01"}


def reading(name, number, subject="1", **more):
    """A body for POST /readings; `address`, `purpose` and other members of it."""
    address = more.pop("address", "湖南省长沙市测试路1号")
    return {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "create", "subject": subject, "layout": "resident",
            "card": card(name, number, address), **more}


def sql(site, text):
    """Rows of one statement, past the server: fields separated by |."""
    if site.engine == "sqlite":
        command = ["sqlite3", "-cmd", ".timeout 10000", site.path("data", "gaokao.db"), text]
    else:
        with open(site.path("gaokao.conf"), encoding="utf-8") as file:
            params = next(line.split(" = ", 1)[1].strip() for line in file if line.startswith("db_params"))
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", params, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def staff(site, role, code, login, name=None):
    """A signed-in account made by gaokaoctl; roles that need no one-time codes."""
    made = json.loads(site.ctl("account", "create", "--role", role, "--org", code, "--login", login, "--json").stdout)
    client = Client(site).sign_in(login, made["initial_password"], change_to=PASSWORD)
    if name:
        sql(site, f"UPDATE account SET display_name = '{name}' WHERE login = '{login}'")
    return client


class Insider(Client):
    """Somebody to whom nothing of the outer world may show, in whatever answer."""

    def request(self, method, path, body=None, **more):  # pylint: disable=arguments-differ
        reply = super().request(method, path, body, **more)
        seen = reply.body + str(reply.headers).encode("utf-8", "replace")
        for mark in (MARK, LOGIN):
            assert mark.encode("utf-8") not in seen, f"{method} {path} shows the outer world: {reply!r}"
        return reply


class World:
    def __init__(self, site):
        self.site = site
        logins = site.logins()
        self.people = {"public": Client(site)}
        for role in ROLES[:-1]:
            kind = Insider if role in INSIDERS + ("candidate",) else Client
            self.people[role] = kind(site, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
        self.own_city = self.people["city"].me["org"]["path"]
        self.far_point = next(o for o in self.people["province"].items("/orgs?level=point") if not o["path"].startswith(self.own_city))
        self.far_county = self.people["province"].get(f"/orgs/{self.far_point['parent_id']}", expect=200).json()
        self.far_staff = staff(site, "county", self.far_county["code"], f"{LOGIN}-county", MARK + "县管理员")
        self.far_operator = staff(site, "point", self.far_point["code"], f"{LOGIN}-point", MARK + "操作员")
        self.own_point = self.people["point"].me["org"]
        self.inside = self.things(self.people["point"], self.people["county"], self.own_point, "界内", 11)
        self.outside = self.things(self.far_operator, self.far_staff, self.far_point, MARK, 12)
        point = self.far_staff.get(f"/orgs/{self.far_point['id']}", expect=200).json()
        self.far_staff.patch(f"/orgs/{point['id']}", {"profile": {**point["profile"], "address": MARK + "路1号"}},
                             version=point["version"], expect=200)
        accepted(self.people["point"], self.people["candidate"].get("/me", expect=200).json()["id"], 13)
        self.versions = {head: self.version(head) for head in self.outside if head not in ("files", "photos", "code", "jobs", "readings", "sessions", "export")}

    def things(self, operator, county, point, mark, serial):
        """One thing of each kind at this point, made the way people make them; kind of a path's head -> id."""
        province = self.people["province"]
        found = {"orgs": point["id"], "code": point["code"]}
        found["ranges"] = province.items(f"/ranges?org_id={point['id']}")[0]["id"]
        wide = next(r["subject"] for r in province.items(f"/ranges?org_id={point['id']}") if r["left"] > 0)
        taken = operator.post("/readings", reading(mark + "人甲", id_number("430102", "20070607", serial), wide, address=mark + "街9号"),
                              expect=201).json()
        found["readings"], found["candidates"] = taken["id"], taken["candidate_id"]
        found["photos"] = accepted(operator, found["candidates"], serial)
        device = operator.post("/devices", {"name": mark + "读卡机", "kinds": ["idcard"]}, expect=201).json()
        operator.post("/devices/enrolment", {"code": device["code"], "public_key": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
                                             "software": mark}, expect=201)
        found["devices"] = device["id"]
        found["accounts"] = next(a["id"] for a in province.items(f"/accounts?org_id={point['id']}")
                                 if a["id"] not in (operator.me["account"]["id"], self.people["reviewer"].me["account"]["id"]))
        fill = next(w for w in province.items("/windows?action=fill&kind=window"))
        found["windows"] = county.post("/windows", {"action": "fill", "kind": "extension", "org_id": point["id"], "reason": mark + "停电",
                                                    "closes_at": fill["closes_at"]}, expect=201).json()["id"]
        found["notices"] = county.post("/notices", {"title": mark + "通知", "audience": "staff", "body": mark}, expect=201).json()["id"]
        file = county.request("POST", f"/notices/{found['notices']}/files?name=a.pdf", b"%PDF-1.4\n% " + mark.encode(),
                              headers={"Content-Type": "application/pdf"}, expect=201).json()
        found["files"] = file["id"]
        # Jobs are one's own: the export client's is outside for the province too.
        owner = self.people["export"] if mark == MARK else province
        found["jobs"] = owner.post("/jobs", {"kind": "export_xml", "args": {"state": "any"}}, expect=201).json()["id"]
        export = self.people["export"]
        found["export"] = export.post("/export/pulls", {"org": point["code"], "states": "any"}, expect=201).json()["id"]
        self.site.wait(lambda: export.get(f"/export/pulls/{found['export']}", expect=200).json()["state"] == "ready", 60, "a pull is written")
        found["imports"] = operator.request("POST", "/imports?kind=bonus&name=a.csv", f"报名顺序号,姓名\n1,{mark}\n".encode(),
                                            headers={"Content-Type": "text/csv"}, expect=201).json()["id"]
        self.site.wait(lambda: operator.get(f"/imports/{found['imports']}", expect=200).json()["state"] == "ready", 60, "an import is read")
        sql(self.site, "INSERT INTO submission (season_id, org_id, org_path, level, kind, state, total, counts, digest, submitted_by,"
            f" submitted_us, reason) SELECT s.id, {point['id']}, '{point['path']}', 'point', 'art', 'returned', 0, '{{}}', '{'0' * 64}', 1, 1,"
            f" '{mark}' FROM season s WHERE s.active = 1")
        sql(self.site, "INSERT INTO alarm (kind, org_path, account_id, slot, n, bound, raised_us, note)"
            f" VALUES ('lookups', '{point['path']}', 0, {point['id']}, 60, 60, 1, '{mark}')")
        found["alarms"] = int(sql(self.site, "SELECT max(id) FROM alarm")[0])
        found["sessions"] = operator.get("/sessions", expect=200).json()["items"][0]["id"]
        found["submissions"] = int(sql(self.site, "SELECT max(id) FROM submission")[0])
        return found

    def version(self, head):
        """The version that a thing of the outer world has, as somebody there sees it."""
        who = self.people["export"] if head == "jobs" else self.far_operator if head in ("candidates", "readings") else self.far_staff
        if head == "sessions":
            return 1
        if head in ("ranges", "windows", "alarms"):
            return next(item["version"] for item in who.items(f"/{head}") if item["id"] == self.outside[head])
        reply = who.get(f"/{head}/{self.outside[head]}", expect=200)
        return int((reply.headers.get("ETag") or '"v1"').strip('"v'))
