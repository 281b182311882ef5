"""PostgreSQL that restarts, stops, hangs, loses its standby: faults.md DB-1, DB-2, DB-3, DB-6, DB-7. Nothing acknowledged is lost,
nobody waits long, what is not known is called so, and the service is well again by itself."""
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid

import pytest

from database import make, Crowd, Line, backends, events, postmaster, settings, superuser
from gk_instance import ALARMS, ROOT, Instance
from ledger import Load, candidates, sql

WRITERS = 6


def end(instance):
    """Stops it. A child that starts while the database is down says so at level crit, by mod_dbd: nothing else may."""
    instance.stop()
    alarms = [line for line in instance.error_log().splitlines() if ALARMS.search(line) and "AH00636" not in line]
    shutil.rmtree(instance.folder, ignore_errors=True)
    assert not alarms, alarms[:5]


@pytest.fixture(scope="module")
def server():
    """An instance on PostgreSQL that the tests of this module break and leave working."""
    instance = make("database", "pgsql")
    yield instance
    end(instance)


@pytest.fixture(scope="module")
def writers(server):
    return candidates(server, WRITERS)


@pytest.fixture
def load(server, writers, tmp_path):
    return Load(server, writers, str(tmp_path / "ledger"))


def ready(site):
    return site.get("/readyz").status == 200


def well_again(site, client=None):
    """R6: within 10 s, without a restart of httpd."""
    site.wait(lambda: ready(site) and site.get("/api/v1/season").status == 200, 10, "well again")
    if client is not None:
        site.wait(lambda: save(client)[0].status == 200, 10, "a save")


def save(client, value=None, key=None, etag=None):
    """One save; returns its reply, key, ETag used and value."""
    etag = etag or client.get("/me", expect=200).headers["ETag"]
    value = value or "收件人" + "".join("〇一二三四五六七八九"[int(c)] for c in str(time.monotonic_ns())[-6:])
    key = key or str(uuid.uuid4())
    return client.patch("/me", {"fields": {"receiver": value}}, version=etag, key=key), key, etag, value


def unknown(reply):
    """R5: says that it is not known, when to come again, and nothing of the machine."""
    assert reply.status == 503, reply
    document = reply.json()
    assert document["code"] == "outcome-unknown", document
    assert int(reply.headers["Retry-After"]) >= 1
    assert document["texts"]["zh"] and document["texts"]["en"]


def told_the_truth(site, client, reply, key, etag, value):
    """The same key afterwards: one version more, one audit row, whatever became of the first try."""
    unknown(reply)
    again = None

    def answered():
        nonlocal again
        again = save(client, value, key, etag)[0]
        return again.status != 503
    site.wait(answered, 10, "the same request's answer")
    assert again.status == 200, again
    version = int(etag.strip('"v')) + 1
    assert again.headers["ETag"] == f'"v{version}"'
    me = client.get("/me", expect=200)
    assert me.headers["ETag"] == again.headers["ETag"] and me.json()["fields"]["receiver"] == value
    rows = sql(site, f"SELECT count(*) FROM audit WHERE object_kind = 'candidate' AND object_id = {client.record_id} "
                     f"AND object_version = {version} AND action NOT LIKE '%read%'")
    assert rows == [["1"]], rows
    return again


def test_backends_terminated_in_a_loop(server, load):
    """DB-1: every connection is cut, again and again: the saves go on."""
    with load:
        load.saves_go_on()
        for _ in range(10):
            superuser(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gaokao'")
            time.sleep(0.3)
        load.saves_go_on(10)
    load.record("DB-1", 1, 10)


def test_stopped_server_and_many_clients(server):
    """DB-2: 200 clients get their 503 at once, pages are served meanwhile, one request at a time tries."""
    before = events(server)
    os.kill(postmaster(server), signal.SIGINT)
    try:
        server.wait(lambda: server.get("/api/v1/season").status == 503, 10, "503")
        with Crowd(server, "/api/v1/season", 200) as crowd:
            time.sleep(0.5)
            pages = []
            for _ in range(20):
                began = time.monotonic()
                assert server.get("/ks/").status == 200
                assert server.get("/healthz").status == 200
                pages.append(time.monotonic() - began)
                time.sleep(0.1)
        assert {status for status, _ in crowd.answers} == {503}, {status for status, _ in crowd.answers}
        slow = [seconds for _, seconds in crowd.answers if seconds > 2]
        assert not slow, f"{len(slow)} of {len(crowd.answers)} took more than 2 s, the slowest {max(slow):.1f} s"
        assert max(pages) < 2, pages
        reply = server.get("/api/v1/season")
        assert reply.json()["code"] == "database-down" and int(reply.headers["Retry-After"]) >= 1
        checks = {c["name"]: c["ok"] for c in server.get("/readyz").json()["checks"]}
        assert checks["database"] is False
        after = events(server)
        assert after["turned_away"] - before["turned_away"] > len(crowd.answers) / 2
        assert after["probe"] - before["probe"] < len(crowd.answers) / 10, after
    finally:
        server.start()
    well_again(server)


def hang(site, load, begin, end, clients=40):
    """DB-3 in one form: everything stops answering for 8 s."""
    longest = 0.0
    with load:
        load.saves_go_on()
        begin()
        try:
            with Crowd(site, "/api/v1/season", clients) as crowd:
                until = time.monotonic() + 8
                while time.monotonic() < until:
                    began = time.monotonic()
                    assert site.get("/ks/").status == 200
                    assert site.get("/healthz").status == 200
                    longest = max(longest, time.monotonic() - began)
                    time.sleep(0.2)
        finally:
            end()
        slowest = max(seconds for _, seconds in crowd.answers)
        assert slowest < 10, f"somebody waited {slowest:.1f} s"
        quick = sum(1 for status, seconds in crowd.answers if status == 503 and seconds < 2.5)
        assert quick > len(crowd.answers) * 0.7, sorted(seconds for _, seconds in crowd.answers)[-20:]
        assert longest < 2, f"a page took {longest:.1f} s"
        load.saves_go_on(10)
    return slowest


def test_server_hangs(server, load):
    """DB-3: all of the server's processes stand still (SIGSTOP): each call ends at our time, its session is never used again."""
    pids = []

    def begin():
        pids.extend([postmaster(server), *backends(server)])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    def end():
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    slowest = hang(server, load, begin, end)
    load.record("DB-3", 1, 1, slowest=round(slowest, 1))


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """An instance whose PostgreSQL is reached by TCP, over a line that can freeze."""
    if not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    import tempfile
    folder = tempfile.mkdtemp(prefix="far.", dir=os.environ.get("GK_WORK") or "/tmp")
    os.chmod(folder, 0o755)
    tool = os.path.join(ROOT, "tests", "tools", "postgresql")
    subprocess.run([tool, "start", folder], check=True, capture_output=True, timeout=120)
    line = Line(os.path.join(folder, "run", "pg", ".s.PGSQL.5432"))
    try:
        instance = Instance.create("far", "pgsql", 300, ("--dsn", f"host=127.0.0.1 port={line.port} dbname=gaokao user=gaokao"))
        instance.line = line
        yield instance
        line.thaw()
        end(instance)
    finally:
        line.close()
        subprocess.run([tool, "stop", folder], check=False, capture_output=True, timeout=120)


def test_dead_network(far, tmp_path):
    """DB-3: the line to the server swallows everything and closes nothing."""
    load = Load(far, candidates(far, WRITERS), str(tmp_path / "ledger"))
    slowest = hang(far, load, far.line.freeze, far.line.thaw)
    load.record("DB-3", 1, 1, slowest=round(slowest, 1), form="network")


def test_commit_that_waits_for_ever(server, writers):
    """DB-6, DB-7: the synchronous standby is gone, COMMIT waits after it was done: not known, and the key tells the truth later.
    Reading goes on meanwhile."""
    client, reader = writers[0], writers[1]
    assert reader.get("/me").status == 200
    with settings(server, synchronous_standby_names="nobody"):
        etag = client.get("/me", expect=200).headers["ETag"]
        began = time.monotonic()
        reply, key, etag, value = save(client, etag=etag)
        took = time.monotonic() - began
        unknown(reply)
        assert took < 8, f"{took:.1f} s"
        # more writes than there are connections: most are turned away at once, and candidates still read
        with Crowd(server, "/api/v1/season", 8) as readers:
            waiting = [threading.Thread(target=save, args=(one,), daemon=True) for one in writers[2:]]
            for thread in waiting:
                thread.start()
            for _ in range(10):
                assert reader.get("/me").status == 200
                time.sleep(0.2)
            for thread in waiting:
                thread.join(20)
        assert all(status == 200 for status, _ in readers.answers), {status for status, _ in readers.answers}
    again = told_the_truth(server, client, reply, key, etag, value)
    assert again.headers.get("Idempotency-Replayed") == "true"  # it was done the first time
    well_again(server, client)


def test_commit_cancelled_while_it_waits(server, writers):
    """DB-7: pg_cancel_backend makes PostgreSQL answer COMMIT with success and a mere WARNING: never taken for saved."""
    client = writers[0]
    well_again(server, client)
    with settings(server, synchronous_standby_names="nobody"):
        found = []
        thread = threading.Thread(target=lambda: found.append(save(client)), daemon=True)
        thread.start()
        server.wait(lambda: superuser(server, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != [["0"]],
                    10, "a COMMIT that waits")
        began = time.monotonic()
        thread.join(20)
        assert time.monotonic() - began < 3  # cancelled, not overdue
    reply, key, etag, value = found[0]
    told_the_truth(server, client, reply, key, etag, value)
    well_again(server, client)


def test_commit_lost_with_its_connection(server, writers):
    """DB-6: the connection ends while COMMIT waits: not known, and the key tells the truth later."""
    client = writers[0]
    well_again(server, client)
    with settings(server, synchronous_standby_names="nobody"):
        found = []
        thread = threading.Thread(target=lambda: found.append(save(client)), daemon=True)
        thread.start()
        server.wait(lambda: superuser(server, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != [["0"]],
                    10, "a COMMIT that waits")
        thread.join(20)
    reply, key, etag, value = found[0]
    told_the_truth(server, client, reply, key, etag, value)
    well_again(server, client)
