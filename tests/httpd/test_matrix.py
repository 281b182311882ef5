"""Every route with every role: what the access table does not allow is refused, and what lies outside a role's scope is
not there for it (ID-7, ID-8). Generated from routes.def and access.def, so that a new route is tried by itself."""
import pytest

from gk_client import Client, access, routes

ROUTES = routes()
ACCESS = access()
STAFF = ["province", "city", "county", "point", "reviewer", "auditor", "export"]
ROLES = ["public", "candidate"] + STAFF


@pytest.fixture(scope="module")
def people(site):
    logins = site.logins()
    found = {"public": Client(site)}
    for role in ROLES[1:]:
        found[role] = Client(site, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
    return found


@pytest.fixture(scope="module")
def foreign(people):
    """Ids of things that lie outside the scope of every role below the province: of another city."""
    province = people["province"]
    mine = people["city"].me["org"]["path"]

    def other(items, path="org_path"):
        return next(item for item in items if not item[path].startswith(mine))

    point = other([o for o in province.items("/orgs?level=point")], "path")
    found = {"orgs": point["id"], "org_path": point["path"]}
    found["accounts"] = other(province.items("/accounts?role=point"))["id"]
    found["ranges"] = other(province.items("/ranges"))["id"]
    city_path = "/".join(point["path"].split("/")[:3]) + "/"
    page = province.get("/candidates?org_id=%d&limit=5" % point["id"], expect=200).json()["items"]
    found["candidates"] = page[0]["id"]
    found["city_path"] = city_path
    return found


def concrete(route, ids):
    """The route's path with ids of `ids`; None when a kind of thing has no id there."""
    head = route["path"].strip("/").split("/")[0]
    path = route["path"]
    if "{id}" in path:
        if head not in ids:
            return None
        path = path.replace("{id}", str(ids[head]))
    return path.replace("{name}", "sex" if "tables" in path else "policy_xpath").replace("{version}", "1").replace("{file}", "1")


def call(client, route, path):
    body = {} if route["body"] == "json" else (b"%PDF-1.4" if route["body"] == "raw" else None)
    headers = {"Content-Type": "application/pdf"} if route["body"] == "raw" else None
    return client.request(route["method"], path, body, version=1 if "VERSION" in route["flags"] else None, headers=headers)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", [r for r in ROUTES if not r["path"].startswith("/session")], ids=lambda r: r["operation"])
def test_the_table_decides(people, foreign, route, role):
    allowed = role in ACCESS[route["action"]]["roles"]
    path = concrete(route, {**foreign, "windows": 1, "submissions": 1, "notices": 1, "packs": 1, "jobs": 1,
                             "readings": 1})
    if allowed:
        if route["method"] != "GET" and "{id}" not in path:
            return  # writing for real is the journey's matter
        reply = call(people[role], route, path)
        assert reply.status != 401, reply
        if reply.status == 403:
            assert reply.json()["code"] in ("window-closed", "forbidden"), reply
        return
    reply = call(people[role], route, path)
    assert reply.status == (401 if role == "public" else 403), reply


SCOPED = [r for r in ROUTES if "{id}" in r["path"] and
          r["path"].strip("/").split("/")[0] in ("orgs", "accounts", "ranges", "candidates")]


@pytest.mark.parametrize("role", ["city", "county", "point", "reviewer"])
@pytest.mark.parametrize("route", SCOPED, ids=lambda r: r["operation"])
def test_other_peoples_things_are_not_there(people, foreign, route, role):
    if role not in ACCESS[route["action"]]["roles"]:
        return
    reply = call(people[role], route, concrete(route, foreign))
    # The body is empty, so a fault of it may be told first; the thing itself must not show.
    assert reply.status in (404, 422), reply
    if reply.status == 422:
        assert reply.json()["code"] == "invalid", reply
    assert str(foreign["candidates"]) not in reply.json().get("detail", "")


@pytest.mark.parametrize("role", ["city", "county", "point", "reviewer"])
def test_lists_hold_ones_own_subtree_only(people, role):
    mine = people[role].me["org"]["code"]
    for path in ("/orgs", "/candidates", "/accounts", "/ranges", "/readings", "/submissions"):
        reply = people[role].get(path + "?limit=200")
        if reply.status == 403:
            continue
        for item in reply.json()["items"]:
            assert item.get("org", item)["code"].startswith(mine), (path, item)


@pytest.mark.parametrize("role", ["city", "county", "point", "reviewer"])
def test_foreign_ids_in_filters_and_bodies(people, foreign, role):
    client = people[role]
    for path in (f"/candidates?org_id={foreign['orgs']}", f"/progress?org_id={foreign['orgs']}",
                 f"/ranges?org_id={foreign['orgs']}", f"/submissions/check?org_id={foreign['orgs']}&kind=all",
                 f"/accounts?org_id={foreign['orgs']}"):
        reply = client.get(path)
        if reply.status == 200:
            assert not reply.json().get("items"), (path, reply)
        else:
            assert reply.status in (403, 404, 422), (path, reply)
    if role == "county":
        reply = client.post("/ranges", {"org_id": foreign["orgs"], "subject": "1", "first": 1, "last": 2})
        assert reply.status in (404, 422), reply
        reply = client.post("/accounts", {"org_id": foreign["orgs"], "role": "point", "login": "intruder"})
        assert reply.status in (404, 403, 422), reply
        reply = client.post("/accounts/slips", {"ids": [foreign["accounts"]]})
        assert reply.status in (404, 422) or not reply.json()["items"], reply
    if role == "point":
        reply = client.post("/candidates/cards", {"ids": [foreign["candidates"]]})
        assert reply.status in (403, 404, 409, 422), reply


def test_a_candidate_sees_nobody_else(people, foreign):
    for path in ("/candidates", f"/candidates/{foreign['candidates']}", "/orgs", "/accounts", "/audit", "/progress"):
        assert people["candidate"].get(path).status == 403
