"""Clocks and processes that stand still: faults.md DC-4, DC-5, DC-6, PR-3, PE-3. What counts is when the whole request was here, by the
database's clock; who was stopped in between saves nothing; a clock that jumps decides nothing."""
import contextlib
import datetime
import glob
import json
import os
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest

from database import make, superuser
from gk_client import Client
from gk_instance import Instance, free_ports
from ledger import candidates, sql
from test_database import save

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
NAMES = ("GK_PRELOAD", "DONT_FAKE_MONOTONIC", "FAKETIME_NO_CACHE", "FAKETIME_TIMESTAMP_FILE", "TZ")


class Clock:
    """The clock of one instance's httpd; set(seconds) sets it off."""

    def __init__(self, path):
        self.path = path
        self.set(0)

    def set(self, seconds):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(f"{seconds:+}\n")
        os.chmod(self.path + ".new", 0o644)
        os.rename(self.path + ".new", self.path)

    @contextlib.contextmanager
    def preloaded(self, **more):
        """httpd that is started inside follows this clock."""
        if FAKETIME is None:
            pytest.skip("faketime is not installed")
        if os.environ.get("GK_PRELOAD"):
            pytest.skip("another library is preloaded")
        old = {name: os.environ.get(name) for name in NAMES}
        os.environ.update({"GK_PRELOAD": FAKETIME, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
                           "FAKETIME_TIMESTAMP_FILE": self.path, **more})
        try:
            yield
        finally:
            for name, value in old.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@pytest.fixture(scope="module", params=["sqlite", "pgsql"])
def node(request, tmp_path_factory):
    """An instance whose clock can be set and whose machine stands in New York (DC-6)."""
    folder = str(tmp_path_factory.mktemp("clock"))
    for parent in (folder, os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))):
        os.chmod(parent, 0o755)
    clock = Clock(os.path.join(folder, "clock"))
    with clock.preloaded(TZ="America/New_York"):
        instance = make("clock", request.param)
    instance.clock = clock
    if request.param == "pgsql":
        transactions_later(instance, 0)
        superuser(instance, "ALTER ROLE gaokao SET search_path = public, pg_catalog")
        old = set(instance.children())
        os.kill(instance.pid(), signal.SIGUSR1)  # new sessions, which follow it
        instance.wait(lambda: not old & set(instance.children()) and instance.get("/readyz").status == 200, 20, "new children")
    yield instance
    clock.set(0)
    instance.close()


def transactions_later(site, seconds):
    """PostgreSQL: statements of a transaction that has written find the clock this much later; all others find the right one."""
    superuser(site, "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                    "$$ SELECT pg_catalog.clock_timestamp() + CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN interval '0' "
                    f"ELSE interval '{seconds} s' END $$", database="gaokao")


@pytest.fixture(scope="module")
def writers(node):
    return candidates(node, 4)


@pytest.fixture(autouse=True)
def right_clock(node):
    yield
    node.clock.set(0)


def run_sql(site, statement):
    """A change of the test's own, straight in the database."""
    if site.engine == "pgsql":
        superuser(site, statement, database="gaokao")
        return
    with contextlib.closing(sqlite3.connect(site.path("data", "gaokao.db"), timeout=20)) as db, db:
        db.execute(statement)


@contextlib.contextmanager
def window(site, action, closes):
    """The season's windows of an action close at a moment (seconds since 1970)."""
    rows = sql(site, f"SELECT id, closes_us FROM open_window WHERE action = '{action}'")
    run_sql(site, f"UPDATE open_window SET closes_us = {int(closes * 1e6)} WHERE action = '{action}'")
    try:
        yield
    finally:
        for row, was in rows:
            run_sql(site, f"UPDATE open_window SET closes_us = {was} WHERE id = {row}")


@contextlib.contextmanager
def held(site, record):
    """Somebody else's transaction: the record (PostgreSQL) or the file (SQLite) is locked."""
    if site.engine == "pgsql":
        command = ["psql", "-X", "-q", "-A", "-t", "-h", site.path("run", "pg"), "-U", "postgres", "-d", "gaokao"]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]
        text = f"BEGIN; SELECT id FROM candidate WHERE id = {record} FOR UPDATE;\n"
    else:
        command, text = ["sqlite3", site.path("data", "gaokao.db")], "BEGIN IMMEDIATE; SELECT 1;\n"
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
    holder.stdin.write(text)
    holder.stdin.flush()
    assert holder.stdout.readline().strip()
    try:
        yield
    finally:
        holder.communicate("ROLLBACK;\n", timeout=20)


@pytest.mark.parametrize("seconds", [3600, -3600, 365 * 86400, -365 * 86400])
def test_a_clock_that_jumps(node, writers, seconds):
    """DC-4: not ready, nothing with a deadline is done; nobody is signed out, reading and signing in work; well again by itself."""
    client = writers[0]
    assert save(client)[0].status == 200
    node.clock.set(seconds)
    reply = node.get("/readyz")
    assert reply.status == 503, reply
    faults = {c["name"]: c["code"] for c in reply.json()["checks"] if not c["ok"]}
    assert faults == {"clock": "clock"}, faults
    me = client.get("/me", expect=200)
    reply = save(client, etag=me.headers["ETag"])[0]
    assert reply.status == 503 and reply.json()["code"] == "clock", reply
    assert int(reply.headers["Retry-After"]) >= 1
    assert client.get("/me", expect=200).headers["ETag"] == me.headers["ETag"]
    Client(node).sign_in(node.logins()["point"])  # its one-time code is by the right clock
    for entry in client.get("/season", expect=200).json()["windows"]:
        assert entry["open"] or entry["action"] != "fill", entry
    node.clock.set(0)
    node.wait(lambda: node.get("/readyz").status == 200, 10, "ready again")
    assert save(client)[0].status == 200


def send(client, headers_only):
    """A save on a socket of its own: all but the last byte, or all."""
    etag = client.get("/me", expect=200).headers["ETag"]
    name = "收件人" + "".join("〇一二三四五六七八九"[int(c)] for c in str(time.monotonic_ns())[-6:])
    body = json.dumps({"fields": {"receiver": name}}).encode()
    head = (f"PATCH /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1:{client.site.port}\r\nX-Gaokao-Edition: ks\r\n"
            f"Cookie: {'; '.join(f'{k}={v}' for k, v in client.cookies.items())}\r\nX-CSRF-Token: {client.csrf}\r\n"
            f"Idempotency-Key: {uuid.uuid4()}\r\nIf-Match: {etag}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    line = socket.create_connection(("127.0.0.1", client.site.port), timeout=30)
    line.sendall(head + (body[:-1] if headers_only else body))
    return line, body[-1:]


def answer(line):
    data = b""
    while part := line.recv(65536):
        data += part
    line.close()
    return int(data.split(b" ")[1]), data


def test_a_window_closes_in_the_middle(node, writers):
    """PE-3, DC-5: what was here before the end counts, though it is committed after it; what was not, does not."""
    early, late = writers[0], writers[1]
    closes = time.time() + 1.5
    with window(node, "fill", closes):
        with held(node, early.record_id):
            waiting, _ = send(early, False)
            if node.engine == "pgsql":
                node.wait(lambda: superuser(node, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != [["0"]], 5, "a wait")
            unfinished, rest = send(late, True)
            time.sleep(max(0, closes + 0.2 - time.time()))
        status, data = answer(waiting)
        assert status == 200, data
        unfinished.sendall(rest)
        status, data = answer(unfinished)
        assert status == 403 and b"window-closed" in data, data
        shanghai = datetime.datetime.fromtimestamp(closes, datetime.timezone(datetime.timedelta(hours=8)))
        assert f"{shanghai.hour:02}:{shanghai.minute:02}".encode() in data, data  # DC-6: not New York's time
    assert save(late)[0].status == 200


def test_stopped_in_the_middle_of_a_save(node, writers):
    """PR-3: a process that is stopped between its first statement and COMMIT for longer than a request may take saves nothing when it goes on."""
    client = writers[0]
    etag = client.get("/me", expect=200).headers["ETag"]
    workers = [pid for pid in node.children() if open(f"/proc/{pid}/comm", encoding="utf-8").read().startswith("apache2")]
    with held(node, client.record_id):
        waiting, _ = send(client, False)
        if node.engine == "pgsql":
            for _ in range(20):  # a wait ends after lock_timeout: on a loaded machine it may be over before it is seen
                if superuser(node, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != [["0"]]:
                    break
                if select.select([waiting], [], [], 0.05)[0]:
                    answer(waiting)
                    waiting, _ = send(client, False)
        else:
            time.sleep(0.5)  # it waits for the file's lock
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(6)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    status, data = answer(waiting)
    assert status == 503 and b"Retry-After" in data, data
    assert b"outcome-unknown" not in data
    time.sleep(1.2)  # every child's breaker: those that were stopped found their calls overdue
    assert client.get("/me", expect=200).headers["ETag"] == etag
    node.wait(lambda: save(client)[0].status == 200, 10, "a save")


COUNTING = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n)"


def steps_in(seconds):
    """How far SQLite counts in that time here: machines differ by more than a factor of two."""
    steps, took = 500_000, 0.0
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        for _ in range(3):
            began = time.monotonic()
            db.execute(COUNTING.format(steps)).fetchall()
            took = max(took, time.monotonic() - began)
    return int(steps * seconds / max(took, 0.001))


@contextlib.contextmanager
def late_commit(node, seconds):
    """The database's clock is this much later for COMMIT. SQLite: a trigger makes a write last, and meanwhile the clock is set."""
    if node.engine == "sqlite":
        run_sql(node, f"CREATE TRIGGER slow AFTER INSERT ON audit BEGIN {COUNTING.format(steps_in(2.2))}; END")
        try:
            yield
        finally:
            node.clock.set(0)
            run_sql(node, "DROP TRIGGER slow")
        return
    transactions_later(node, seconds)
    try:
        yield
    finally:
        transactions_later(node, 0)


def committed_late(node, seconds, act):
    """What an act is answered whose COMMIT comes to the database this much after its request."""
    with late_commit(node, seconds):
        for _ in range(4):
            timer = threading.Timer(0.6, node.clock.set, (seconds,))
            if node.engine == "sqlite":
                timer.start()
            try:
                reply = act()
            finally:
                if node.engine == "sqlite":
                    timer.join()
                node.clock.set(0)
            if reply.status != 503 or reply.json()["code"] != "clock":  # the clock was set before the act was judged
                break
            node.wait(lambda: node.get("/readyz").status == 200, 10, "ready again")
    node.wait(lambda: node.get("/readyz").status == 200, 10, "ready again")
    return reply


def refused_late(reply):
    return reply.status == 503 and reply.json()["code"] == "busy" and int(reply.headers["Retry-After"]) >= 1


def test_a_save_that_comes_late_to_the_database(node, writers):
    """PR-3: the database refuses by its own clock what a window judged more than 30 s before; what comes earlier is saved."""
    client = writers[3]
    etag = client.get("/me", expect=200).headers["ETag"]
    reply = committed_late(node, 35, lambda: save(client, etag=etag)[0])
    assert refused_late(reply), reply
    assert client.get("/me", expect=200).headers["ETag"] == etag
    assert committed_late(node, 20, lambda: save(client, etag=etag)[0]).status == 200


def test_a_correction_that_comes_late_to_the_database(node):
    """PR-3: the same for a signature that the point's staff take back, which the window of confirming judges."""
    point = Client(node).sign_in(node.logins()["point"])
    path = f"/candidates/{point.items('/candidates?state=confirmed&limit=200')[0]['id']}"
    etag = point.get(path, expect=200).headers["ETag"]

    def correct():
        return point.post(path + "/correction", {"reason": "邮编写错"}, version=etag)
    reply = committed_late(node, 35, correct)
    assert refused_late(reply), reply
    assert point.get(path, expect=200).json()["state"] == "confirmed"
    assert correct().status == 200


def test_second_60_is_refused_by_name(node):
    """DC-6: a leap second is no moment; the answer says which field."""
    province = Client(node).sign_in(node.logins()["province"])
    reply = province.post("/windows", {"action": "fill", "kind": "window", "opens_at": "2026-06-30T23:59:60Z", "closes_at": "2027-07-01T00:00:00Z"})
    assert reply.status == 422, reply
    violation = next(v for v in reply.json()["violations"] if v["pointer"] == "/opens_at")
    assert "60" in violation["texts"]["en"] and "60" in violation["texts"]["zh"], violation


@pytest.fixture(scope="module")
def second(node):
    """Another node on the same PostgreSQL, with a clock of its own."""
    if node.engine != "pgsql":
        pytest.skip("one SQLite file is one machine's")
    other = Instance(node.folder + ".b", "pgsql", *free_ports(2))
    os.mkdir(other.folder)
    os.chmod(other.folder, 0o755)
    for name in ("keys", "data"):
        shutil.copytree(node.path(name), other.path(name), ignore=shutil.ignore_patterns("*.lock", "spool"))
        shutil.chown(other.path(name), *(("www-data", "www-data") if os.geteuid() == 0 else (None, os.getgid())))
        for entry in os.listdir(other.path(name)):
            if os.geteuid() == 0:
                shutil.chown(other.path(name, entry), "www-data", "www-data")
    with open(node.path("gaokao.conf"), encoding="utf-8") as file:
        text = "".join(line for line in file if line.split(" = ")[0] not in ("db_params", "site", "more_origins"))
    with open(other.path("gaokao.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    shutil.copy(node.path("demo-logins.json"), other.path("demo-logins.json"))
    clock = Clock(node.clock.path + ".b")
    with clock.preloaded():
        other.start("--dsn", f"host={node.path('run', 'pg')} dbname=gaokao user=gaokao")
    other.clock = clock
    yield other
    clock.set(0)
    other.close()


def copy_of(client, site):
    """The same signed-in person at another node."""
    twin = Client(site, client.edition)
    twin.cookies, twin.csrf, twin.record_id = dict(client.cookies), client.csrf, client.record_id
    return twin


def test_nodes_with_other_clocks_judge_alike(node, second, writers):
    """DC-5: a node 1.5 s fast closes the window at the same moment as the right one; one 90 s slow is not ready and takes nothing."""
    second.clock.set(-90)
    second.wait(lambda: second.get("/readyz").status == 503, 10, "not ready")
    reply = save(copy_of(writers[0], second))[0]
    assert reply.status == 503 and reply.json()["code"] == "clock", reply
    second.clock.set(1.5)
    second.wait(lambda: second.get("/readyz").status == 200, 10, "ready")
    closes = time.time() + 2.5
    results = {}

    def keep_saving(name, client):
        rows = results.setdefault(name, [])
        while time.time() < closes + 0.8:
            began = time.time()
            rows.append((save(client)[0].status, began, time.time()))
    with window(node, "fill", closes):
        threads = [threading.Thread(target=keep_saving, args=("right", writers[1]), daemon=True),
                   threading.Thread(target=keep_saving, args=("fast", copy_of(writers[2], second)), daemon=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    for name, rows in results.items():
        assert {status for status, _, _ in rows} == {200, 403}, (name, rows)
        for status, began, ended in rows:
            if status == 200:
                assert began < closes + 0.1, (name, began - closes)
            else:
                assert ended > closes - 0.1, (name, ended - closes)
