"""Power cuts, restarts, full and read-only disks under write load: no acknowledged write is lost, no record is half written,
and the service is well again by itself (issue on the nine steps, "Bad input and faults"; catalogue PR-1, DB-1, DB-2, DB-4, DB-5)."""
import itertools
import os
import random
import signal
import subprocess
import time

import pytest

from ledger import Load, candidates, sql
from scale import times

WRITERS = 8


@pytest.fixture(scope="module")
def writers(broken):
    return candidates(broken, times(WRITERS, long=32))


@pytest.fixture
def load(broken, writers, tmp_path):
    return Load(broken, writers, str(tmp_path / "ledger"))


def postgresql(site):
    with open(site.path("pg", "postmaster.pid"), encoding="utf-8") as file:
        return int(file.readline())


def ready(site):
    return site.get("/readyz").status == 200


def is_child_of_httpd(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().startswith("apache2")
    except (FileNotFoundError, ProcessLookupError):  # it ended since the list was made
        return False


def test_children_killed_under_load(broken, load):
    """PR-1: kill -9 of one child, again and again."""
    killed = 0
    with load:
        load.saves_go_on()
        for _ in range(times(8, long=100)):
            children = [pid for pid in broken.children() if is_child_of_httpd(pid)]
            if children:
                broken.kill(random.choice(children))
                killed += 1
            time.sleep(times(0.5, long=2))
        load.saves_go_on()
    assert load.record("PR-1", n=times(8, long=100), injected=killed, what="one child") > WRITERS


def test_everything_killed_under_load(broken, load):
    """PR-1: kill -9 of the parent and all children at once, then a new start."""
    rounds = times(1, long=5)
    with load:
        for _ in range(rounds):
            load.saves_go_on(30)
            victims = [broken.pid()] + broken.children()
            for pid in victims:
                broken.kill(pid)
            time.sleep(0.5)
            broken.start()
            broken.wait(lambda: ready(broken), 30, "ready after the kill")
            load.saves_go_on(30)
    load.record("PR-1", n=rounds, injected=rounds, what="parent and all children; the gap holds the time ./run needs")
    if broken.engine == "sqlite":
        assert sql(broken, "PRAGMA integrity_check") == [["ok"]]


def test_graceful_restart_under_load(broken, load):
    """PR-4: no save is cut."""
    with load:
        load.saves_go_on()
        for _ in range(times(3, long=24)):
            os.kill(broken.pid(), signal.SIGUSR1)
            time.sleep(times(2, long=5))
        load.saves_go_on()
    load.record("PR-4", n=times(3, long=24), injected=times(3, long=24), what="saves only")
    assert load.total("refused") == 0


def test_postgresql_restarted_under_load(broken, load):
    """DB-1: at most one failed request a pooled connection, then normal, without a restart of httpd."""
    if broken.engine != "pgsql":
        pytest.skip("SQLite has no server to restart")
    parent = broken.pid()
    with load:
        load.saves_go_on()
        sql(broken, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
        load.saves_go_on()
        os.kill(postgresql(broken), signal.SIGQUIT)  # immediate
        time.sleep(1)
        refused = broken.get("/api/v1/season")
        assert refused.status in (200, 503)
        broken.start()  # brings its private PostgreSQL back; httpd runs on
        broken.wait(lambda: ready(broken), 30, "ready after the restart")
        load.saves_go_on(30)
    assert broken.pid() == parent
    load.check()


def test_postgresql_stopped(broken):
    """DB-2: a clear 503 at once, pages still served, well again by itself."""
    if broken.engine != "pgsql":
        pytest.skip("SQLite has no server to stop")
    os.kill(postgresql(broken), signal.SIGINT)
    try:
        broken.wait(lambda: broken.get("/api/v1/season").status == 503, 20, "503")
        for _ in range(20):
            start = time.monotonic()
            reply = broken.get("/api/v1/season")
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) >= 1
            assert reply.json()["code"] == "database-down"
            assert time.monotonic() - start < 20
        assert broken.get("/ks/").status == 200
        assert broken.get("/healthz").status == 200
        checks = {c["name"]: c["ok"] for c in broken.get("/readyz").json()["checks"]}
        assert checks["database"] is False
    finally:
        broken.start()
    broken.wait(lambda: broken.get("/api/v1/season").status == 200, 20, "well again")


def read_only(site, on):
    """Makes the database read-only, or writable again."""
    if site.engine == "pgsql":
        command = "ALTER SYSTEM SET default_transaction_read_only = on" if on else "ALTER SYSTEM RESET default_transaction_read_only"
        psql = ["psql", "-X", "-q", "-h", site.path("run", "pg"), "-U", "postgres", "-d", "postgres",
                "-c", "SET default_transaction_read_only = off", "-c", command, "-c", "SELECT pg_reload_conf()"]
        if os.geteuid() == 0:
            psql = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *psql]
        subprocess.run(psql, check=True, capture_output=True, timeout=60, cwd="/")
        return
    owner = ("root:root", "a+rX,go-w") if on else ("www-data:www-data", "u+w")
    subprocess.run(["chown", "-R", owner[0], site.path("data")], check=True)
    subprocess.run(["chmod", "-R", owner[1], site.path("data")], check=True)
    os.kill(site.pid(), signal.SIGUSR1)  # new processes open it anew


def test_read_only_database(broken, load, writers):
    """DB-4: writes are refused by name, own reads work, well again by itself."""
    client = writers[0]
    if broken.engine == "sqlite" and os.geteuid() != 0:
        pytest.skip("changing the owner needs root")
    holder = None
    if broken.engine == "sqlite":
        # another reader keeps the WAL there: a read-only folder can't get a new one
        holder = subprocess.Popen(["sqlite3", broken.path("data", "gaokao.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN; SELECT count(*) FROM season;\n")
        holder.stdin.flush()
        holder.stdout.readline()
    read_only(broken, True)
    try:
        broken.wait(lambda: broken.get("/readyz").status == 503, 20, "not ready")
        checks = {c["name"]: c.get("code") for c in broken.get("/readyz").json()["checks"] if not c["ok"]}
        assert checks == {"write": "read-only"}, checks
        me = client.get("/me", expect=200)
        reply = client.patch("/me", {"fields": {"receiver": "只读"}}, version=me.headers["ETag"])
        assert reply.status == 503 and reply.json()["code"] == "read-only", reply
        assert reply.headers["Retry-After"]
        assert client.get("/me", expect=200).headers["ETag"] == me.headers["ETag"]
    finally:
        if broken.engine == "sqlite":
            subprocess.run(["chown", "-R", "www-data:www-data", broken.path("data")], check=True)
            subprocess.run(["chmod", "-R", "u+w", broken.path("data")], check=True)
        else:
            read_only(broken, False)
    broken.wait(lambda: ready(broken), 20, "ready again")
    if holder is not None:
        holder.communicate("ROLLBACK;\n.exit\n", timeout=20)
    with load:
        load.saves_go_on()
    load.check()


def test_disk_full(broken, load, writers):
    """DB-5: a clear error, /readyz says so, nothing half written, well again by itself. The data folder is moved onto a
    small tmpfs, which is filled."""
    if broken.engine != "sqlite":
        pytest.skip("tried with SQLite; PostgreSQL's own folder would need its own small disk")
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    data = broken.path("data")
    broken.stop()
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(data) for name in names)
    megabytes = size // (1 << 20) + 24
    saved = data + ".saved"
    os.rename(data, saved)
    os.mkdir(data)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", data], capture_output=True, check=False)
    if mounted.returncode != 0:
        os.rmdir(data)
        os.rename(saved, data)
        broken.start()
        pytest.skip("tmpfs can't be mounted here")
    try:
        subprocess.run(["cp", "-a", saved + "/.", data + "/"], check=True)
        subprocess.run(["chown", "--reference", saved, data], check=True)
        broken.start()
        client = writers[0]
        me = client.get("/me", expect=200)
        filler = os.path.join(data, "filler")
        descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
        for block in (65536, 4096, 512, 1):
            try:
                while True:
                    os.write(descriptor, b"\0" * block)
            except OSError:
                pass
        os.close(descriptor)

        names = itertools.cycle(["磁盘满一", "磁盘满二", "磁盘满三"])  # an unchanged record is not written at all

        def refused():
            reply = client.patch("/me", {"fields": {"receiver": next(names)}}, version=client.get("/me").headers["ETag"])
            return reply.status == 503 and reply.json()["code"] == "disk-full"
        broken.wait(refused, 30, "disk-full")
        checks = {c["name"]: c.get("code") for c in broken.get("/readyz").json()["checks"] if not c["ok"]}
        assert "write" in checks, checks
        client.get("/me", expect=200)
        os.unlink(filler)
        broken.wait(lambda: ready(broken), 20, "ready again")
        with load:
            load.saves_go_on()
        assert sql(broken, "PRAGMA integrity_check") == [["ok"]]
        assert me.status == 200
    finally:
        broken.stop()
        subprocess.run(["cp", "-a", data + "/.", saved + "/"], check=False)
        subprocess.run(["umount", "-l", data], check=False)
        os.rmdir(data)
        os.rename(saved, data)
        broken.start()
    load.check()  # on the large disk again: gaokaoctl check wants room too
