"""What is the same on every route: bad input, methods, keys, versions, languages. Nothing may change on an error."""
import json
import os
import uuid

import pytest

from gk_client import Client, routes

ROUTES = routes()
WRITES = [r for r in ROUTES if r["body"] == "json" and not r["path"].startswith("/session")]


@pytest.fixture(scope="module")
def people(site):
    """A signed-in client a role."""
    logins = site.logins()
    return {role: Client(site, "ks" if role == "candidate" else "hngz").sign_in(entry)
            for role, entry in logins.items() if role in ("province", "city", "county", "point", "candidate")}


def problem(reply, status, code):
    assert reply.status == status, reply
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    document = reply.json()
    assert document["status"] == status
    assert document["code"] == code, document
    assert document["type"] == "urn:gaokao:problem:" + code
    assert document["texts"]["zh"] and document["texts"]["en"]
    assert document["instance"].endswith(reply.headers["X-Request-Id"])
    for violation in document.get("violations", []):
        assert violation["texts"]["zh"] and violation["texts"]["en"]
        assert "pointer" in violation
    return document


def own(people, role="candidate"):
    """The candidate's own record and its version."""
    reply = people[role].get("/me", expect=200)
    return reply.json(), reply.headers["ETag"]


@pytest.mark.parametrize("body,status,code", [
    (b'{"fields":', 400, "malformed"),
    (b'{"fields":{}} x', 400, "malformed"),
    (b'{"fields":{},"fields":{}}', 400, "malformed"),
    (b'{"fields":' + b"[" * 40 + b"]" * 40 + b"}", 400, "malformed"),
    (b'{"fields":{"address":"\xff\xfe"}}', 400, "malformed"),
    (b'{"fields":{"address":"\xed\xa0\x80"}}', 400, "malformed"),
    (b'{"fields":{"address":"a\\u0000b"}}', 400, "malformed"),
    (b'{"fields":1e999}', 400, "malformed"),
    (b'[1,2]', 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b'{"fields":{},"role":"province"}', 422, "invalid"),
    (b'{"fields":{"state":"accepted"}}', 422, "invalid"),
    (b'{"fields":{"address":123}}', 422, "invalid"),
    (b'{"fields":{"address":["x"]}}', 422, "invalid"),
    ('{"fields":{"address":"%s"}}' % ("长" * 2000), 422, "invalid"),
    ('{"fields":{"address":"湖南\u202e省"}}', 422, "invalid"),
    ('{"fields":{"address":"湖南\\u0007省"}}', 422, "invalid"),
    (b"{" + b" " * 70000 + b"}", 413, "too-large"),
])
def test_bad_bodies_change_nothing(people, body, status, code):
    before, etag = own(people)
    if isinstance(body, str):
        body = body.encode("utf-8")
    reply = people["candidate"].request("PATCH", "/me", body, version=etag, headers={"Content-Type": "application/json"})
    document = problem(reply, status, code)
    if status == 422:
        assert document["violations"], document
    after, etag_after = own(people)
    assert (after, etag_after) == (before, etag)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_other_content_types_are_refused(people, content_type):
    _, etag = own(people)
    headers = {"Content-Type": content_type} if content_type else {}
    reply = people["candidate"].request("PATCH", "/me", b'{"fields":{}}', version=etag, headers=headers)
    problem(reply, 415, "unsupported-type")


def test_a_body_that_ends_early_is_refused(people, site):
    import socket
    client = people["candidate"]
    before, etag = own(people)
    body = json.dumps({"fields": {"address": "湖南省长沙市断线路1号"}}).encode()
    head = (f"PATCH /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nX-Gaokao-Edition: ks\r\n"
            f"Cookie: {'; '.join(f'{k}={v}' for k, v in client.cookies.items())}\r\nX-CSRF-Token: {client.csrf}\r\n"
            f"Idempotency-Key: {uuid.uuid4()}\r\nIf-Match: {etag}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body) + 1}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as line:
        line.sendall(head + body)
        line.shutdown(socket.SHUT_WR)
        answer = line.recv(65536)
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert own(people) == (before, etag)


def test_unknown_routes_and_methods(people):
    client = people["point"]
    problem(client.get("/nowhere"), 404, "no-route")
    problem(client.get("/candidates/1/2/3/4/5"), 404, "no-route")
    problem(client.get("/../" + "x" * 300), 404, "no-route")  # httpd looks for no file of that name: it would say 403 itself
    reply = client.request("PUT", "/candidates", {})
    problem(reply, 405, "wrong-method")
    assert {"GET", "POST", "HEAD", "OPTIONS"} <= set(reply.headers["Allow"].replace(",", "").split())
    assert client.request("OPTIONS", "/candidates").status == 204
    problem(client.get("/candidates/0"), 404, "not-found")
    problem(client.get("/candidates/abc"), 404, "not-found")
    problem(client.get("/candidates/00001"), 404, "not-found")
    problem(client.get("/candidates?nonsense=1"), 422, "invalid")
    problem(client.get("/candidates?limit=0"), 422, "invalid")
    problem(client.get("/candidates?limit=5&limit=6"), 400, "malformed")
    problem(client.get("/candidates?q=%ff"), 400, "malformed")


def test_versions(people):
    before, etag = own(people)
    client = people["candidate"]
    problem(client.patch("/me", {"fields": {}}), 428, "version-needed")
    problem(client.patch("/me", {"fields": {}}, version='W/"v1"'), 400, "malformed")
    reply = client.patch("/me", {"fields": {"receiver": "王五"}}, version='"v999999"')
    document = problem(reply, 412, "stale-version")
    assert document["current"] == etag == reply.headers["ETag"]
    assert own(people) == (before, etag)


def test_idempotency_keys(people):
    client = people["candidate"]
    _, etag = own(people)
    body = {"fields": {"receiver": "李四"}}
    problem(client.request("PATCH", "/me", body, version=etag, bare=True, headers={"X-CSRF-Token": client.csrf}),
            400, "idempotency-key-needed")
    problem(client.patch("/me", body, version=etag, key="short"), 400, "malformed")
    key = str(uuid.uuid4())
    first = client.patch("/me", body, version=etag, key=key, expect=200)
    again = client.patch("/me", body, version=etag, key=key, expect=200)
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(client.patch("/me", {"fields": {"receiver": "赵六"}}, version=etag, key=key), 422, "idempotency-key-reused")
    _, now = own(people)
    assert now == first.headers["ETag"]


def test_writes_need_the_session_token(people):
    client = people["candidate"]
    before = own(people)
    head = {"Idempotency-Key": str(uuid.uuid4())}
    problem(client.request("PATCH", "/me", {"fields": {}}, version=before[1], bare=True, headers=head), 403, "csrf")
    problem(client.request("PATCH", "/me", {"fields": {}}, version=before[1], bare=True,
                           headers={**head, "X-CSRF-Token": "0" * 64}), 403, "csrf")
    for origin in ("http://evil.example", f"http://127.0.0.1:{client.site.port + 1}", "null"):
        problem(client.patch("/me", {"fields": {}}, version=before[1], headers={"Origin": origin}), 403, "csrf")
    problem(client.patch("/me", {"fields": {}}, version=before[1], headers={"Sec-Fetch-Site": "cross-site"}), 403, "csrf")
    assert own(people) == before


def test_languages(people):
    chinese = people["point"].get("/candidates/0").json()
    assert chinese["detail"] == chinese["texts"]["zh"]
    people["point"].language = "en-GB,en;q=0.9,zh;q=0.5"
    english = people["point"].get("/candidates/0").json()
    people["point"].language = "zh-CN"
    assert english["detail"] == english["texts"]["en"] != chinese["detail"]


def test_answers_are_private_and_hardened(people):
    reply = people["candidate"].get("/me", expect=200)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Referrer-Policy"] == "no-referrer"


def test_etag_answers_304(people):
    client = people["candidate"]
    _, etag = own(people)
    reply = client.get("/me", headers={"If-None-Match": etag})
    assert reply.status == 304 and reply.body == b""


@pytest.mark.parametrize("route", WRITES, ids=lambda r: r["operation"])
def test_every_write_refuses_an_unknown_key(people, route):
    """Whatever the record: a body with a key nobody knows is never accepted."""
    from gk_client import access
    roles = access()[route["action"]]["roles"]
    role = next((r for r in ("point", "county", "city", "province", "candidate") if r in roles), None)
    if role is None:
        pytest.skip("no demo login of a role that may")
    path = route["path"].replace("{id}", "1").replace("{name}", "policy_xpath").replace("{version}", "1")
    reply = people[role].request(route["method"], path, {"zzz_unknown": 1}, version=1)
    assert 400 <= reply.status < 500, reply
    if reply.status == 422 and reply.json()["code"] == "invalid":
        assert any(v["pointer"].endswith("/zzz_unknown") for v in reply.json()["violations"]), reply


def test_the_access_log_holds_no_person(people, site):
    me, _ = own(people)
    number = me.get("fields", me).get("id_number")
    people["point"].get("/candidates?q=%E5%BC%A0%E4%B8%89", expect=200)
    with open(site.path("log", "access.log"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert lines and all({"at", "request", "route", "status", "us"} <= set(line) for line in lines)
    text = open(site.path("log", "access.log"), encoding="utf-8").read() + site.error_log()
    assert "%E5%BC%A0" not in text and "张三" not in text
    if number:
        assert number not in text
    assert os.path.getsize(site.path("log", "access.log")) > 0
