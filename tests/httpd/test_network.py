"""What networks and attackers do to connections: NE-1 to NE-7, V3.4 (headers). Faults come from tests/tools/badproxy.py or raw
sockets. Where nothing is written one engine is enough."""
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import pytest

from badproxy import BadProxy
from gk_client import Client, routes
from gk_instance import free_ports

one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def county(site):
    return Client(site, "hngz").sign_in(site.logins()["county"])


def raw_head(client, method, path, **headers):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{client.site.port}", f"X-Gaokao-Edition: {client.edition}",
             "Cookie: " + "; ".join(f"{k}={v}" for k, v in client.cookies.items()), f"X-CSRF-Token: {client.csrf}",
             "Content-Type: application/json"]
    return "\r\n".join(lines + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]) + "\r\n\r\n"


def everything(sock, seconds=10):
    """All bytes until the other side closes; and whether it did."""
    sock.settimeout(seconds)
    got = b""
    try:
        while True:
            piece = sock.recv(65536)
            if not piece:
                return got, True
            got += piece
    except (socket.timeout, TimeoutError):
        return got, False
    except OSError:
        return got, True


def send(port, data, half_close=False, seconds=10):
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
        try:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it closed while we wrote: what it said counts
        return everything(sock, seconds)


def notice(client, title):
    """A write that shows: a notice of the county."""
    return {"title": title, "body": "正文 " + title, "audience": "staff"}


def notices(client, title):
    return [n for n in client.items("/notices?limit=200") if n["title"] == title]


# ---- NE-2, NE-3: bodies that do not come whole ------------------------------------------------------------------

def test_cut_connections_store_nothing(county):
    """NE-2: the line breaks after each tenth of a request, by FIN and by RST."""
    title = "断线 " + uuid.uuid4().hex
    body = json.dumps(notice(county, title)).encode()
    request = raw_head(county, "POST", "/api/v1/notices", Idempotency_Key=uuid.uuid4(), Content_Length=len(body)).encode() + body
    files = len(os.listdir(county.site.path("data")))
    with BadProxy(("127.0.0.1", county.site.port)) as proxy:
        for tenth in range(1, 10):
            proxy.fault = {"cut_up": len(request) * tenth // 10, "reset": tenth % 2 == 0}
            answer, closed = send(proxy.port, request)
            assert closed and b" 201 " not in answer.split(b"\r\n")[0], (tenth, answer[:200])
        proxy.fault = {"drip": True, "drip_pause": 0.0005}  # the same bytes, one at a time, are a request like any other
        answer, _ = send(proxy.port, request.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n", 1), seconds=30)
        assert answer.startswith(b"HTTP/1.1 201"), answer[:300]
    assert len(notices(county, title)) == 1
    assert len(os.listdir(county.site.path("data"))) <= files + 2, "left-over files"


def test_bodies_that_end_early_store_nothing(county):
    """NE-3: what came parses; that it ended is not known, so it counts for nothing."""
    title = "早断 " + uuid.uuid4().hex
    body = json.dumps(notice(county, title)).encode()
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    for end, headers in ((body, {"Content_Length": len(body) + 1}), (body, {"Content_Length": 60000}), (body[:-1], {"Content_Length": len(body)}),
                         (chunk, {"Transfer_Encoding": "chunked"}), (chunk[:-2], {"Transfer_Encoding": "chunked"}),
                         (chunk + b"5\r\nab", {"Transfer_Encoding": "chunked"}), (chunk + b"0\r\n", {"Transfer_Encoding": "chunked"}),
                         (chunk + b"0\r\nTrailer: x", {"Transfer_Encoding": "chunked"})):
        head = raw_head(county, "POST", "/api/v1/notices", Idempotency_Key=uuid.uuid4(), **headers).encode()
        answer, closed = send(county.site.port, head + end, half_close=True)
        assert closed and (answer == b"" or answer.startswith(b"HTTP/1.1 400")), (headers, end[-20:], answer[:200])
    assert notices(county, title) == []


# ---- NE-4: lost and repeated ------------------------------------------------------------------------------------

def through(client, port):
    """The same session on another port."""
    other = Client(client.site, client.edition)
    other.cookies, other.csrf = dict(client.cookies), client.csrf
    other.raw = lambda method, path, body=None, headers=None: client.site.request(method, "/api/v1" + path, body, headers, port=port)
    return other


def test_swallowed_and_doubled_writes_are_done_once(county):
    title = "重发 " + uuid.uuid4().hex
    with BadProxy(("127.0.0.1", county.site.port)) as proxy:
        client = through(county, proxy.port)
        for fault in ({"swallow": True, "times": 1}, {"cut_down": 20, "reset": True, "times": 1}):
            proxy.fault, key, name = fault, str(uuid.uuid4()), title + str(len(fault))
            with pytest.raises(Exception):  # the reply is lost
                client.post("/notices", notice(client, name), key=key)
            again = client.post("/notices", notice(client, name), key=key, expect=201)
            assert again.headers["Idempotency-Replayed"] == "true"
            assert [n["id"] for n in notices(county, name)] == [again.json()["id"]]
        # Twice on two connections, as a proxy that tries again does; the second answer says the same.
        proxy.fault, proxy.replies = {"twice": True}, []
        first = client.post("/notices", notice(client, title), expect=201)
        county.site.wait(lambda: proxy.replies, 15, "the second answer")
        assert proxy.replies[0].startswith(b"HTTP/1.1 201") and proxy.replies[0].endswith(first.body)
        assert len(notices(county, title)) == 1
        # A lost reply of a change: sent again it is no 412 against the client's own change (R3).
        proxy.fault, key = {"swallow": True, "times": 1}, str(uuid.uuid4())
        path, etag = f"/notices/{first.json()['id']}", first.headers["ETag"]
        with pytest.raises(Exception):
            client.patch(path, {"title": title + "改"}, version=etag, key=key)
        again = client.patch(path, {"title": title + "改"}, version=etag, key=key, expect=200)
        assert again.json()["version"] == first.json()["version"] + 1
        client.patch(path, {"title": title + "再改"}, version=etag, expect=412)
        audit = [e for e in county.items(f"/audit?object_kind=notice&object_id={first.json()['id']}")
                 if e["action"].startswith("notice.")] if county.get("/audit?limit=1").status == 200 else []
        assert len(audit) in (0, 2)  # R2: one row each


def test_haproxy_retries_are_done_once(county):
    """NE-4 with a proxy that people run: retry-on all-retryable-errors sends writes again."""
    haproxy = shutil.which("haproxy") or next((p for p in ("/usr/sbin/haproxy",) if os.path.exists(p)), None)
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    front, = free_ports(1)
    with BadProxy(("127.0.0.1", county.site.port)) as proxy, tempfile.NamedTemporaryFile("w", suffix=".cfg") as conf:
        conf.write(f"defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n retries 3\n"
                   f" retry-on all-retryable-errors\nlisten x\n bind 127.0.0.1:{front}\n server s 127.0.0.1:{proxy.port}\n")
        conf.flush()
        running = subprocess.Popen([haproxy, "-f", conf.name, "-db"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client = through(county, front)
            county.site.wait(lambda: client.get("/session").status == 200, 10, "haproxy")
            proxy.fault = {"swallow": True, "times": 1}
            title = "haproxy " + uuid.uuid4().hex
            client.post("/notices", notice(client, title), expect=201)
            assert len(notices(county, title)) == 1
        finally:
            running.terminate()
            running.wait(10)


# ---- NE-5: smuggling --------------------------------------------------------------------------------------------

INNER = b"GET /healthz?inner HTTP/1.1\r\nHost: x\r\n\r\n"
FRAMES = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{   }",
    "two lengths that agree": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n{   }",
    "a list of lengths": b"Content-Length: 5, 6\r\n\r\n{   }",
    "a signed length": b"Content-Length: +5\r\n\r\n{   }",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length in hex": b"Content-Length: 0x5\r\n\r\n{   }",
    "a length past 64 bits": b"Content-Length: 99999999999999999999\r\n\r\n{   }",
    "an empty length": b"Content-Length: \r\n\r\n{   }",
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunk size in 0x": b"Transfer-Encoding: chunked\r\n\r\n0x5\r\n{   }\r\n0\r\n\r\n",
    "signed chunk size": b"Transfer-Encoding: chunked\r\n\r\n+5\r\n{   }\r\n0\r\n\r\n",
    "negative chunk size": b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{   }\r\n0\r\n\r\n",
    "chunk size past 64 bits": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{   }\r\n0\r\n\r\n",
    "chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n5\r\n{   }0\r\n\r\n",
    "chunk lines with LF only": b"Transfer-Encoding: chunked\r\n\r\n5\n{   }\n0\n\n",
    "header lines with LF only": b"Content-Length: 5\nX: y\n\n{   }",
    "CR inside a header": b"X: a\rb\r\nContent-Length: 5\r\n\r\n{   }",
    "NUL inside a header": b"X: a\0b\r\nContent-Length: 5\r\n\r\n{   }",
    "folded length": b"Content-Length:\r\n 5\r\n\r\n{   }",
    "folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "folded header": b"X: a\r\n b\r\nContent-Length: 5\r\n\r\n{   }",
    "second Host": b"Host: evil.example\r\nContent-Length: 5\r\n\r\n{   }",
    "header without colon": b"Nonsense\r\nContent-Length: 5\r\n\r\n{   }",
}


# RFC 9112 leaves these to the server (6.3, 5.2), and httpd decides before the module sees them: chunks win over a length and the
# connection ends; a folded line is one line with a space.
ONE_WAY = {"length and chunks", "chunks and length"}
FOLDED = {"folded length", "folded coding", "folded header"}


def answers(bytes_):
    return re.findall(rb"HTTP/1\.[01] (\d{3}) ", bytes_)


@one_engine
@pytest.mark.parametrize("name", FRAMES)
def test_frames_that_can_be_read_two_ways(county, name):
    """400 and an end: what follows as if it were a request of its own is never answered."""
    head = raw_head(county, "POST", "/api/v1/notices", Idempotency_Key=uuid.uuid4())[:-2].encode()
    got, closed = send(county.site.port, head + FRAMES[name] + INNER)
    assert closed, (name, got[:200])
    if name in ONE_WAY:
        assert len(answers(got)) == 1, (name, answers(got))
    elif name in FOLDED:  # read one way: an empty or broken document, then the request behind it
        assert answers(got) in ([b"400"], [b"400", b"200"], [b"422", b"200"]), (name, answers(got))
    else:
        assert answers(got) in ([b"400"], [b"413"], [b"501"]), (name, answers(got), got[:300])


@one_engine
def test_bodies_on_reads_and_first_lines(county):
    port = county.site.port
    for method in ("GET", "HEAD", "DELETE"):
        head = f"{method} /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: {len(INNER)}\r\nConnection: close\r\n\r\n".encode()
        got, closed = send(port, head + INNER)
        assert closed and len(answers(got)) == 1, got[:300]  # the body is a body, not the next request
    for line in (b"GET /healthz\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /healthz HTTP/1.1 x\r\nHost: x\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
                 b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n"):
        got, closed = send(port, line + b"")
        assert (answers(got) or [b"400"])[0] in (b"400", b"404", b"505", b"403"), (line, got[:200])
        assert b"root:" not in got


# ---- NE-6: forged heads -----------------------------------------------------------------------------------------

@one_engine
def test_forged_heads_change_nothing(county, site):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9",
              "Forwarded": "for=203.0.113.9;host=evil.example;proto=https", "X-Real-IP": "203.0.113.9", "X-SSL-Client-Verify": "SUCCESS",
              "X-SSL-Client-S-DN": "CN=export", "SSL_CLIENT_VERIFY": "SUCCESS", "X-Original-URL": "/api/v1/accounts", "X-Rewrite-URL": "/metrics",
              "X-HTTP-Method-Override": "DELETE", "X-Remote-User": "demo-province", "Remote-User": "demo-province"}
    for path in ("/", "/ks", "/hngz", "/ks/", "/js", "/api/v1/season", "/api/v1/session", "/nothing", "/readyz"):
        for name, value in forged.items():
            mine, theirs = site.get(path), site.get(path, headers={name: value})
            said = str(theirs.headers) + theirs.body.decode("utf-8", "replace")
            assert theirs.status == mine.status, (path, name, theirs)
            assert "evil.example" not in said and "203.0.113.9" not in said and "Secure" not in (theirs.headers["Set-Cookie"] or ""), (path, name)
    location = site.get("/", headers={"Host": "evil.example"}).headers["Location"]
    assert location == "/ks/"
    title = "伪造 " + uuid.uuid4().hex
    reply = county.post("/notices", notice(county, title), headers={k: v for k, v in forged.items() if k != "X-HTTP-Method-Override"}, expect=201)
    assert "evil.example" not in str(reply.headers) and reply.headers["Location"].startswith("/")
    # Origin is compared with the settings, not with Host.
    county.post("/notices", notice(county, title), headers={"Host": "evil.example", "Origin": "http://evil.example"}, expect=403)
    assert "203.0.113.9" not in site.error_log()


# ---- NE-7: too much ---------------------------------------------------------------------------------------------

def rss_kib(site):
    total = 0
    for pid in site.children():
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                total += next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0)
        except OSError:
            pass
    return total


@one_engine
def test_limits_before_authentication_costs_anything(site):
    for name, data, status in (
            ("long address", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
            ("long query", b"GET /api/v1/season?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
            ("long header", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", b"400"),
            ("long cookie", b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: gk-hn=" + b"a" * 9000 + b"\r\n\r\n", b"400"),
            ("many headers", b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100 + b"\r\n", b"400"),
            ("trace", b"TRACE /ks/ HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
            ("connect", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"4"),
            ("junk method on the API", b"BREW /api/v1/season HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405"),
            ("junk method on a page", b"BREW /ks/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"501"),
            ("write on a page", b"PUT /ks/index.html HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b"405"),
            ("junk expectation", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\n{}", b"417")):
        got, closed = send(site.port, data)
        assert closed and answers(got) and answers(got)[0].startswith(status), (name, got[:200])
    many = site.get("/api/v1/season?" + "&".join(f"a{i}=1" for i in range(900)))
    assert many.status in (422, 414)
    # 100-continue: the refusal comes before the body is asked for.
    head = b"POST /api/v1/notices HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n"
    got, _ = send(site.port, head, seconds=3)
    assert answers(got)[0] == b"401", got[:200]


@one_engine
def test_hundred_megabytes_to_each_route_cost_no_memory(site, county):
    """Each route is offered 100 MB of zeros by a stranger, and some by people who may write: refused by the head, RSS as before."""
    huge, piece = 100 << 20, bytes(1 << 20)

    def offer(head, limit):
        with socket.create_connection(("127.0.0.1", site.port), timeout=20) as sock:
            sent = 0
            try:
                sock.sendall(head)
                while sent < limit:
                    sock.sendall(piece)
                    sent += len(piece)
            except OSError:
                pass  # refused and closed meanwhile
            got, closed = everything(sock, 20)
            return answers(got)[0] if answers(got) else b"closed" if closed else b"open"

    for _ in range(2):
        offer(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0)
    before = rss_kib(site)
    for route in routes():
        path = route["path"].replace("{", "").replace("}", "").replace("id", "1")
        head = f"{route['method']} /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {huge}\r\n\r\n".encode()
        whole = route["operation"] in ("signIn", "addNoticeFile")
        assert offer(head, huge if whole else 2 << 20) in (b"400", b"401", b"403", b"404", b"413", b"closed"), route
    for path, method, kind in (("/notices", "POST", "application/json"), ("/candidates", "POST", "application/json"),
                               ("/readings", "POST", "application/json")):
        head = raw_head(county, method, "/api/v1" + path, Idempotency_Key=uuid.uuid4(), Content_Length=huge).replace("application/json", kind)
        assert offer(head.encode(), 2 << 20) in (b"413", b"403", b"closed"), path
        head = raw_head(county, method, "/api/v1" + path, Idempotency_Key=uuid.uuid4(), Transfer_Encoding="chunked")
        endless = head.encode() + b"100000\r\n" + piece + b"\r\n"
        assert answers(send(site.port, endless, seconds=20)[0])[:1] in ([b"413"], [b"403"], []), path
    grown = rss_kib(site) - before
    assert grown < 16 << 10, f"{grown} KiB"


# ---- NE-1: slow -------------------------------------------------------------------------------------------------

@one_engine
def test_slow_clients_hold_nobody_up(site, county):
    """NE-1: 150 slow heads, 60 slow bodies on the one route a stranger may write to, 40 that never read. Others go on; the
    slow ones are put out when their time is over (header 10 s, body 20 s) and no thread stays held."""
    slow, stop = [], threading.Event()
    body = f"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{{".encode()
    began = time.monotonic()
    for i in range(250):
        sock = socket.socket()
        if i >= 210:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(("127.0.0.1", site.port))
        sock.sendall(b"GET /ks/ HTTP/1.1\r\nHost: x\r\n" if i < 150 else body if i < 210
                     else b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 4)
        slow.append(sock)

    def drip():
        while not stop.wait(1):
            for sock in slow[:210]:
                try:
                    sock.send(b"X")
                except OSError:
                    pass

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    took = []
    for _ in range(20):
        at = time.monotonic()
        assert county.get("/orgs?limit=1").status == 200
        assert site.get("/ks/").status == 200
        took.append(time.monotonic() - at)
        time.sleep(0.1)
    assert max(took) < 5, took
    # All heads are gone by 10 s and a little, all bodies by 20 s.
    gone = 0
    for sock, seconds in [(s, 18) for s in slow[:150]] + [(s, 32) for s in slow[150:210]]:
        left = began + seconds - time.monotonic()
        gone += everything(sock, max(0.2, left))[1]
    stop.set()
    dripping.join(5)
    for sock in slow:
        sock.close()
    assert gone == 210, f"{210 - gone} slow ones were still held"
    assert county.get("/orgs?limit=1").status == 200


# ---- V3.4: headers of pages -------------------------------------------------------------------------------------

@one_engine
def test_pages_carry_their_headers(site, county):
    for path, camera in (("/ks/", "camera=()"), ("/hngz/", "camera=(self)")):
        headers = site.get(path).headers
        policy = headers["Content-Security-Policy"]
        for word in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
                     "require-trusted-types-for 'script'", "trusted-types lit-html"):
            assert word in policy, (path, word)
        assert "unsafe" not in policy and "http:" not in policy
        assert headers.get_all("Permissions-Policy") == [f"{camera}, microphone=(), geolocation=()"]
        for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
                            ("Cross-Origin-Resource-Policy", "same-origin")):
            assert headers.get_all(name) == [value], (path, name)
        assert headers["Strict-Transport-Security"] is None  # only with TLS (test_tls.py)
        assert headers["Server"] == "Apache"
    leaving = Client(site, "hngz").sign_in(site.logins()["reviewer"])
    reply = leaving.delete("/session", expect=204)
    assert reply.headers["Clear-Site-Data"] == '"cache", "storage"' and "Max-Age=0" in reply.headers["Set-Cookie"]
    assert county.get("/orgs?limit=1").headers["Cache-Control"] == "no-store"


# ---- PR-8: two at work on one instance --------------------------------------------------------------------------

@one_engine
def test_second_run_is_refused_by_the_first_ones_process(site):
    """PR-8: the lock file names who is at it; what runs already is not started twice."""
    pid = site.pid()
    with open(site.path("run", "run.lock"), "r+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        for command in ("start", "stop"):
            done = site.run(command, check=False)
            assert done.returncode != 0 and f"process {os.getpid()}" in done.stderr, done
    assert "Already running" in site.run("start").stdout
    assert site.pid() == pid and site.get("/readyz").status == 200


def test_gaokaoctl_and_httpd_write_beside_each_other(site, county):
    """PR-8: the same write lock: neither fails, and both are there afterwards."""
    title, failed, stop, done = "并行 " + uuid.uuid4().hex, [], threading.Event(), []

    def write():
        while not stop.is_set():
            reply = county.post("/notices", notice(county, title))
            (done if reply.status == 201 else failed).append(reply)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    names = [f"pr8-{site.engine}-{i}-{uuid.uuid4().hex[:6]}" for i in range(4)]
    for name in names:
        site.ctl("account", "create", "--role", "province", "--login", name, "--name", "并行")
    stop.set()
    writer.join(20)
    assert not failed and len(notices(county, title)) == len(done) > 0
    listed = site.ctl("account", "list", "--json").stdout
    assert all(name in listed for name in names)
