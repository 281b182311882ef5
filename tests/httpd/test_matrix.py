"""The access matrix (ID-7, ID-8; plan B4, B5): every route with every role, inside and outside its scope, ids in path, body,
query, cursor and batch included. Generated from routes.def, access.def and the contract: a new route is tried by itself,
and one whose ids this file doesn't know fails test_every_route_is_tried."""
import copy
import json
import re
import socket
import uuid

import pytest

from gk_client import access, routes
from gk_contract import Contract
from gk_world import ABSENT, INSIDERS, MARK, ROLES, id_number, reading, stamp

ROUTES = routes()
ACCESS = access()
CONTRACT = Contract()
PDF = b"%PDF-1.4\n% an empty page\n"
# Path arguments by the head of the path or their own name, and what an id is called in bodies and queries.
HEADS = ("orgs", "accounts", "ranges", "candidates", "readings", "windows", "notices", "jobs", "submissions", "packs",
         "alarms", "sessions", "export", "devices", "imports")
OPEN_HEADS = ("packs",)  # bound to no place
NAMED = {"name": "sex", "version": "1", "file": None, "photo": None, "n": "1"}
IDS = {"org_id": "orgs", "parent_id": "orgs", "candidate_id": "candidates", "reading_id": "readings", "device_id": "devices", "actor": "accounts",
       "object_id": "candidates", "org_code": "code", "org": "code"}
LISTS = {"printSlips": "accounts", "printLoginCards": "candidates", "createJob": "candidates"}  # whose ids stand in "ids"
# Names that look like ids and are none: id numbers, words of the pack, and the code a new unit gets.
NO_IDS = {"accounts", "id_number", "valid_from", "valid_to", "identity_checked", "code", "id"}


def roles_of(route):
    return ACCESS[route["action"]]["roles"]


def example(route):
    return copy.deepcopy(CONTRACT.operations[route["operation"]][2].get("requestBody", {}).get("content", {})
                         .get("application/json", {}).get("example"))


def fields_with_ids(route):
    """Pointers of the request's schema whose last word names an id: [("/org_id", "orgs")]."""
    schema = CONTRACT.operations[route["operation"]][2].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    found, unknown = [], []

    def walk(node, pointer):
        node = CONTRACT.resolve(node)
        for key, member in node.get("properties", {}).items():
            here = f"{pointer}/{key}"
            if key == "ids":
                (found if route["operation"] in LISTS else unknown).append((here, LISTS.get(route["operation"])))
            elif key in IDS:
                found.append((here, IDS[key]))
            elif key not in NO_IDS and re.search(r"(^|_)ids?($|_)|org|account|actor", key):
                unknown.append((here, None))
            walk(member, here)
        if "items" in node:
            walk(node["items"], pointer + "/0")

    if schema is not None:
        walk(schema, "")
    return found, unknown


def query_names(route):
    parameters = [CONTRACT.resolve(p) for p in CONTRACT.operations[route["operation"]][2].get("parameters", [])]
    return [p["name"] for p in parameters if p.get("in") == "query"]


def concrete(route, things):
    """The route's path with the ids of `things` (a dict, or ABSENT for ids that nothing has)."""
    path = route["path"]
    head = path.strip("/").split("/")[0]
    if "{id}" in path:
        path = path.replace("{id}", str(ABSENT if things is ABSENT else 1 if head in OPEN_HEADS else things[head]))
    path = path.replace("{file}", str(ABSENT if things is ABSENT else things["files"]))
    path = path.replace("{photo}", str(ABSENT if things is ABSENT else things["photos"]))
    path = path.replace("{name}", "sex" if "tables" in path else "policy_xpath").replace("{version}", "1").replace("{n}", "1")
    return path + ("?name=a.pdf" if route["body"] == "raw" else "")


def call(client, route, path, body=None, version=1, **more):
    headers = more.pop("headers", {})
    if route["body"] == "json" and body is None:
        body = example(route)
    elif route["body"] == "raw":
        body, headers = PDF, {**headers, "Content-Type": "application/pdf"}
    return client.request(more.pop("method", route["method"]), path, body, headers=headers,
                          version=version if "VERSION" in route["flags"] else None, **more)


def told(reply, *ids):
    """What an answer says, without what differs each time: the request's id, and the id that was asked for."""
    document = reply.json() if reply.body else {}
    document.pop("instance", None)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    for one in ids:
        text = re.sub(rf"(?<!\d){one}(?!\d)", "ID", text)
    return reply.status, text, reply.headers.get("ETag"), reply.headers.get("Location")


# ---- complete ----------------------------------------------------------------------------------------------

def test_every_route_is_tried():
    """A route with an id this file can't make, or without an example to send, fails here."""
    assert len(ROUTES) == len(CONTRACT.operations)
    for route in ROUTES:
        path = route["path"]
        for name in re.findall(r"\{(\w+)\}", path):
            assert name == "id" and path.strip("/").split("/")[0] in HEADS or name in NAMED, f"{path}: whose id is {{{name}}}?"
        if route["body"] == "json":
            assert example(route) is not None, f"{route['operation']}: openapi.json has no example to send"
        _, unknown = fields_with_ids(route)
        assert not unknown, f"{route['operation']}: what do {unknown} name? Add them to IDS or NO_IDS"
        for name in query_names(route):
            assert name in IDS or name in NO_IDS or not re.search(r"(^|_)ids?$|org|account|actor", name), f"{path}?{name}: whose id?"


# ---- who may -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", ROLES)
def test_the_table_decides(world, role):
    """What the table does not give a role is 403 (401 for nobody), in the same words for what is inside, outside and absent."""
    client = world.people[role]
    for route in ROUTES:
        if role in roles_of(route):
            continue
        seen = set()
        for things in (world.inside, world.outside, ABSENT):
            path = concrete(route, things)
            reply = call(client, route, path)
            assert reply.status == (401 if role == "public" else 403), (route["operation"], reply)
            assert reply.json()["code"] == ("not-signed-in" if role == "public" else "forbidden"), reply
            seen.add(told(reply))
            if "{id}" not in path and "{file}" not in path:
                break
        if route["method"] == "GET":
            head = call(client, route, concrete(route, world.inside), method="HEAD")
            assert head.status == (401 if role == "public" else 403) and not head.body and not head.headers.get("ETag"), head
        assert len(seen) == 1, f"{route['operation']} tells {role} what exists: {seen}"


@pytest.mark.parametrize("role", ROLES)
def test_what_the_table_gives_is_given(world, role):
    """Reads of what lies inside are 200, by HEAD with the same headers and no body. Writes must get past the rights."""
    client = world.people[role]
    for route in ROUTES:
        if role not in roles_of(route) or route["path"].startswith("/session"):
            continue
        path = concrete(route, world.inside)
        if route["method"] != "GET":
            # An If-Match no record has, or a body that is none: the rights were judged before it, nothing is changed.
            reply = call(client, route, path, version=ABSENT, body={"zzz": 1} if route["body"] == "json" else None,
                         key="short" if "KEYLESS" not in route["flags"] else None)
            assert reply.status in (400, 404, 412, 422), (route["operation"], reply)
            continue
        reply = call(client, route, path + ("?state=any" if path == "/export/candidates.xml" else ""))
        expected = (200,)
        if "jobs/" in path and role != "province" or "proofs" in path:
            expected = (404,)
        elif path.endswith("/result"):
            expected = (200, 409)
        elif path.startswith("/accounts/") and role in ("point",) or path.startswith("/notices/") and role == "province":
            expected = (200, 404)
        elif role == "public" and "/notices/" in path:
            expected = (404,)
        elif role == "candidate" and path.startswith("/notices/"):
            expected = (404,)  # meant for staff
        elif path.startswith("/notices/") and role in ("city", "auditor", "export"):
            expected = (404,)  # of a unit below: theirs to read is what the units above say
        elif path.endswith("/comparison"):
            expected = (422,)  # a candidate must be named
        elif "/candidates/" in path and path.endswith(".pdf"):
            expected = (409,)  # no card was printed yet, no sheet, no fee: tests/httpd/test_papers.py prints them
        elif path == "/imports/template.xlsx":
            expected = (422,)  # a kind must be named
        elif path == "/ranges/free" and role != "county":
            expected = (422,)  # a county must be named
        assert reply.status in expected, (route["operation"], role, reply)
        if "STREAM" in route["flags"] or path == "/candidates/" or reply.status != 200:
            continue
        head = call(client, route, path, method="HEAD")
        assert (head.status, head.body) == (200, b""), (route["operation"], head)
        if (reply.headers.get("ETag") or "").startswith('"v'):  # others are digests of an answer that holds the time
            assert head.headers["ETag"] == reply.headers["ETag"], (route["operation"], head)


def test_options_tell_everybody_the_same(world):
    seen = {}
    for role in ("public", "candidate", "county"):
        for route in ROUTES:
            reply = world.people[role].request("OPTIONS", concrete(route, world.outside))
            assert reply.status == 204 and not reply.body and not reply.headers.get("ETag"), reply
            assert route["method"] in reply.headers["Allow"]
            assert seen.setdefault(route["path"], reply.headers["Allow"]) == reply.headers["Allow"]


def test_rights_come_before_the_body(world):
    """NE-7: who may not is told so without a byte of the body, by a client that waits for 100 Continue."""
    def wait(client, route):
        cookies = "; ".join(f"{k}={v}" for k, v in client.cookies.items()) or "none=1"
        head = (f"{route['method']} /api/v1{concrete(route, world.inside)} HTTP/1.1\r\nHost: 127.0.0.1:{world.site.port}\r\n"
                f"X-Gaokao-Edition: {client.edition}\r\nCookie: {cookies}\r\nX-CSRF-Token: {client.csrf or 'x'}\r\n"
                f"Idempotency-Key: {uuid.uuid4()}\r\nIf-Match: \"v1\"\r\nContent-Type: application/json\r\n"
                f"Content-Length: {route['max'] or 100}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", world.site.port), timeout=20) as line:
            line.sendall(head)
            return line.recv(4096).split(b"\r\n")[0]

    for route in ROUTES:
        if route["body"] == "none":
            continue
        for role in ("public", "candidate", "auditor"):
            if role not in roles_of(route):
                line = wait(world.people[role], route)
                assert line.split()[1] == (b"401" if role == "public" else b"403"), (route["operation"], role, line)


# ---- ids in the path ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", INSIDERS + ("province",))
def test_outside_is_not_there(world, role):
    """404 for what lies outside, with whatever If-Match and If-None-Match, in the words for what doesn't exist."""
    client = world.people[role]
    for route in ROUTES:
        head = route["path"].strip("/").split("/")[0]
        if route["action"] == "device_post":  # whoever brings it: the signature in it decides (test_devices.py)
            continue
        if "{id}" not in route["path"] or role not in roles_of(route) or head in OPEN_HEADS or role == "province" and head != "jobs":
            continue
        path = concrete(route, world.outside)
        true = 1 if route["method"] == "GET" else world.version(head)
        wanted = told(call(client, route, concrete(route, ABSENT)), ABSENT)
        for version in {1, true, ABSENT}:
            headers = {"If-None-Match": f'"v{version}"'} if route["method"] == "GET" else {}
            reply = call(client, route, path, version=version, headers=headers)
            assert reply.status == 404, (route["operation"], reply)
            assert told(reply, world.outside[head], world.outside["files"]) == wanted, (route["operation"], reply)
        if route["method"] == "GET":
            reply = call(client, route, path, method="HEAD")
            assert reply.status == 404 and not reply.body, reply



def version_inside(world, client, head):
    if head in ("ranges", "windows", "alarms"):
        return next(i["version"] for i in client.items(f"/{head}") if i["id"] == world.inside[head])
    place = f"pulls/{world.inside[head]}" if head == "export" else 1 if head in OPEN_HEADS else world.inside[head]
    return client.get(f"/{head}/{place}", expect=200).headers.get("ETag")


# ---- ids in bodies -----------------------------------------------------------------------------------------

def valid_body(world, route, role, field=""):
    """A body that would be carried out, up to the id that is put in; and the field it is put in can be reached."""
    body = example(route)
    if body is None:
        return None
    body = {key: value for key, value in body.items() if key not in IDS and key != "ids"}
    name = route["operation"]
    if name == "createWindow":
        fill = next(w for w in world.people["province"].items("/windows?action=fill&kind=window"))
        body = {"action": "fill", "kind": "extension", "reason": "停电两小时", "closes_at": fill["closes_at"]}
    elif name == "createOrg":
        body = {"name": "越界中学", "profile": {}}
    elif name in ("createAccount", "createAccounts"):
        body = {"role": "reviewer" if role == "point" else "point"}
        body = {"accounts": [body]} if name == "createAccounts" else body
    elif name == "createRange":
        body = {"subject": "1", "first": 9990, "last": 9991}
    elif name == "createReading":
        body = reading("越界人", id_number("430102", "20070909", 33))
        if field == "/candidate_id":
            body["purpose"] = "verify"
            del body["subject"]
    elif name == "createCandidate":
        body["fields"]["id_number"] = "E" + str(uuid.uuid4().int)[:8]
    elif name == "createJob":
        kinds = {"/args/ids": "print_cards" if role == "point" else "print_roster", "/args/org_id": "print_slips"}
        body = {"kind": kinds[field], "args": {}} if field in kinds else {"kind": "export_xml", "args": {"state": "any"}}
    elif name == "renewCandidateSlip":
        body = {"card_seen": True}
    elif name == "returnSubmission":
        body = {"reason": "越界退回"}
    elif name == "confirmCandidate":
        body = {"proof_version": 1}
    return body


def put(body, pointer, value):
    """`value` at `pointer`, lists of ids as a list."""
    words = pointer.strip("/").split("/")
    for word in words[:-1]:
        body = body[int(word)] if isinstance(body, list) else body.setdefault(word, {})
    body[words[-1]] = [value] if words[-1] == "ids" else value


# Where the id is judged only after a state that the inner thing doesn't have; the state's refusal says nothing about the id.
LATE = {"createJob", "confirmCandidate", "decideIdentity", "renewCandidateSlip", "returnSubmission", "splitRange"}


@pytest.mark.parametrize("role", INSIDERS)
def test_ids_in_bodies(world, role):
    """An id of the outer world in a body is refused as if it did not exist, and nothing is done."""
    client = world.people[role]
    for route in ROUTES:
        if role not in roles_of(route):
            continue
        for pointer, kind in fields_with_ids(route)[0]:
            answers = []
            for value in (world.outside[kind], "4399990001" if kind == "code" else ABSENT):
                body = valid_body(world, route, role, pointer)
                put(body, pointer, value)
                version = 1
                if "VERSION" in route["flags"]:
                    head = route["path"].strip("/").split("/")[0]
                    version = version_inside(world, client, head)
                reply = call(client, route, concrete(route, world.inside), body=body, version=version)
                assert reply.status in (403, 404, 409, 422), (route["operation"], pointer, reply)
                answers.append(told(reply, value))
            assert answers[0] == answers[1], (route["operation"], pointer, answers)
            if route["operation"] not in LATE:
                told_why = answers[0][0] == 404 or pointer in answers[0][1]
                assert told_why, f"{route['operation']}: {pointer} was not what was refused: {answers[0]}"


def test_readings_and_slips_of_others_are_not_there(world):
    """The LATE ones of test_ids_in_bodies, on records whose state lets the id be judged."""
    operator, county = world.people["point"], world.people["county"]
    states = {c["state"]: c["id"] for c in operator.items("/candidates")}
    def answers(client, method, path, body, key, values):
        found = []
        for value in values:
            version = version_inside(world, client, "ranges") if "range" in path else client.get(path.rsplit("/", 1)[0], expect=200).headers["ETag"]
            reply = client.request(method, path, {**body, key: value}, version=version)
            assert reply.status in (403, 404, 409, 422), (path, reply)
            found.append(told(reply, value))
        assert found[0] == found[1], (path, found)
        return found[0]

    readings = (world.outside["readings"], ABSENT)
    identified = states.get("card_printed") or states["identified"]
    assert answers(operator, "POST", f"/candidates/{identified}/identity", {"accept": [], "reason": "已核对"}, "reading_id", readings)[0] == 404
    assert answers(operator, "POST", f"/candidates/{identified}/new-slip", {"card_seen": True}, "reading_id", readings)[0] == 409
    assert answers(operator, "POST", f"/candidates/{states['proofed']}/confirmation", {"proof_version": 1}, "reading_id", readings)[0] in (404, 409, 422)
    assert answers(county, "POST", f"/ranges/{world.inside['ranges']}/split", {"at": 9}, "org_id", (world.outside["orgs"], ABSENT))[0] in (404, 409, 422)


def test_batches_with_one_outside(world):
    """One id of the outer world among one's own: the whole batch is refused, as with an id that doesn't exist."""
    county, operator = world.people["county"], world.people["point"]
    for client, path, mine, other in ((county, "/accounts/slips", world.inside["accounts"], world.outside["accounts"]),
                                      (operator, "/candidates/cards", world.inside["candidates"], world.outside["candidates"])):
        first = client.post(path, {"ids": [mine, other]})
        second = client.post(path, {"ids": [mine, ABSENT]})
        assert first.status in (404, 409, 422) and told(first, other) == told(second, ABSENT), (path, first, second)
    before = [a["login"] for a in world.people["province"].items("/accounts")]
    batch = [{"role": "point", "org_id": world.inside["orgs"]}, {"role": "point", "org_id": world.outside["orgs"]}]
    reply = county.post("/accounts/batch", {"accounts": batch})
    assert reply.status == 422 and [v["pointer"] for v in reply.json()["violations"]] == ["/accounts/1/org_id"], reply
    assert [a["login"] for a in world.people["province"].items("/accounts")] == before


def test_a_jti_of_others_is_not_told(world):
    """The jti of a reading elsewhere is refused without a word about that reading."""
    far = world.far_operator.post("/readings", reading(MARK + "人乙", id_number("430102", "20070707", 40), purpose="create"), expect=(200, 201, 409, 422))
    jti = far.json().get("jti") or world.far_operator.get(f"/readings/{world.outside['readings']}", expect=200).json()["jti"]
    reply = world.people["point"].post("/readings", {**reading("界内人乙", id_number("430102", "20070707", 41)), "jti": jti})
    assert reply.status in (409, 422), reply


# ---- queries and cursors -----------------------------------------------------------------------------------

@pytest.mark.parametrize("role", INSIDERS)
def test_ids_in_queries(world, role):
    client = world.people[role]
    for route in ROUTES:
        if route["method"] != "GET" or role not in roles_of(route):
            continue
        for name in query_names(route):
            if name not in IDS:
                continue
            kind = IDS[name]
            answers = []
            for value in (world.outside[kind], "4399990001" if kind == "code" else ABSENT):
                path = concrete(route, world.inside)
                more = "&kind=all" if path.endswith("/check") else "&object_kind=candidate" if name == "object_id" else ""
                reply = client.get(f"{path}?{name}={value}{more}")
                if reply.status == 200:
                    assert not reply.json().get("items"), (path, name, reply)
                else:
                    assert reply.status in (404, 422), (path, name, reply)
                answers.append(told(reply, value))
            assert answers[0] == answers[1], (route["operation"], name, answers)


def places(value):
    """Every path and code of a unit that an answer shows."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key in ("org_path", "path") and isinstance(member, str) and member.startswith("/43"):
                yield member
            elif key == "org" and isinstance(member, dict) and "code" in member:
                yield "/43/" + "".join(member["code"][:n] + "/" for n in (4, 6, 10) if len(member["code"]) >= n)
            yield from places(member)
    elif isinstance(value, list):
        for member in value:
            yield from places(member)


def listed(route):
    return route["method"] == "GET" and "after" in query_names(route) and "{id}" not in route["path"]


@pytest.fixture(scope="module")
def cursors(world):
    """Of each list: cursors that the province and people of the outer world were given, and made-up ones."""
    found = {}
    for route in filter(listed, ROUTES):
        path = route["path"]
        found[path] = {"1", "/43/", world.far_point["path"], f"{world.far_point['path']} {ABSENT}", "zz", str(ABSENT)}
        for who in (world.people["province"], world.far_operator, world.far_staff):
            page = who.get(f"{path}?limit=1")
            for _ in range(3):
                if page.status != 200 or not page.json().get("next"):
                    break
                found[path].add(page.json()["next"])
                page = who.get(f"{path}?limit=1&after={quoted(page.json()['next'])}")
    return found


@pytest.mark.parametrize("role", INSIDERS)
def test_lists_and_their_cursors_stay_inside(world, cursors, role):
    """Each list, from its beginning and from every cursor the whole province gives, shows one's own subtree (and, for
    calendar, notices and progress, the units above)."""
    client = world.people[role]
    mine = client.me["org"]["path"]
    for route in filter(listed, ROUTES):
        path = route["path"]
        if role not in roles_of(route):
            continue
        for cursor in [None] + sorted(cursors[path]):
            reply = client.get(f"{path}?limit=100" + (f"&after={quoted(cursor)}" if cursor else ""))
            if reply.status != 200:
                assert reply.status in (400, 422), (path, cursor, reply)
                continue
            for place in places(reply.json()):
                above = mine.startswith(place) and path in ("/windows", "/notices", "/progress", "/progress/classes")
                assert place.startswith(mine) or above, (path, cursor, place)


def quoted(text):
    from urllib.parse import quote
    return quote(text, safe="")


# ---- stage -------------------------------------------------------------------------------------------------

def test_the_stage_decides(world):
    """Each act on a record whose state the table doesn't name for it: 409 wrong-state, the record as it was."""
    operators = {"point": world.far_operator, "county": world.far_staff}
    records = {}
    for row in world.far_operator.items("/candidates"):
        records.setdefault(row["state"], row["id"])
    assert {"waiting", "withdrawn", "identified", "filling", "proofed", "confirmed"} <= set(records), records
    tried = 0
    for route in ROUTES:
        states = ACCESS[route["action"]]["states"]
        if not states or "{id}" not in route["path"] or not route["path"].startswith("/candidates/"):
            continue
        for role, client in operators.items():
            if role not in roles_of(route):
                continue
            for state, record in records.items():
                if state in states:
                    continue
                before = world.far_operator.get(f"/candidates/{record}", expect=200)
                body = None
                if route["body"] == "json":
                    body = {"fields": {}} if "fields" in example(route) else valid_body(world, route, role)
                if route["operation"] == "decideIdentity":
                    body["reading_id"] = world.outside["readings"]
                path = concrete(route, {**world.outside, "candidates": record}) if "{photo}" in route["path"] else route["path"].replace("{id}", str(record))
                if route["operation"] == "takePhoto":
                    path += "?sha256=" + "0" * 64
                reply = call(client, route, path, body=body, version=before.headers["ETag"])
                assert reply.status in (409, 403, 404), (route["operation"], role, state, reply)
                assert reply.json()["code"] in ("wrong-state", "window-closed", "not-found"), (route["operation"], role, state, reply)
                tried += 1
                assert world.far_operator.get(f"/candidates/{record}", expect=200).headers["ETag"] == before.headers["ETag"]
    assert tried > 80


# ---- and the candidate -------------------------------------------------------------------------------------

def test_a_candidate_sees_nobody_else(world):
    client = world.people["candidate"]
    mine = client.me["candidate_id"]
    assert client.get("/me", expect=200).json()["id"] == mine
    for other in {mine, world.inside["candidates"], world.outside["candidates"]}:
        assert client.get(f"/candidates/{other}").status == 403
    for name in ("id", "candidate_id", "candidate"):
        assert client.get(f"/me?{name}={world.inside['candidates']}").status == 422
        record = client.get("/me", expect=200)
        reply = client.patch("/me", {"fields": {}, name: world.inside["candidates"]}, version=record.headers["ETag"])
        assert reply.status == 422, reply


def test_the_outer_world_is_as_it_was(world):
    """After all that: each outer thing is at the version its own people left it, and no stranger stands in their audit."""
    for head, version in world.versions.items():
        assert world.version(head) == version, head
    near = {world.people[role].me["account"]["id"] for role in INSIDERS + ("candidate",)}
    for entry in world.far_staff.items("/audit?limit=200"):
        assert (entry.get("actor") or {}).get("id") not in near, entry
