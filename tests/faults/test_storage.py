"""Disks, files and schemas: faults.md DB-4, DB-5, DB-8, DB-11, DB-12, DC-1. What can't be stored is refused by name, damage stays where it
is and is found, a schema that does not fit is never written to."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from database import make, postmaster, settings, superuser
from gk_client import Client
from gk_instance import alive
from ledger import Load, candidates, sql
from test_clock_faults import held, run_sql
from test_database import end, save, well_again


@pytest.fixture(scope="module", params=["sqlite", "pgsql"])
def site(request, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("storage"))
    for parent in (folder, os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))):
        os.chmod(parent, 0o755)
    with failing_calls(folder) as switch:
        instance = make("storage", request.param)
        instance.switch = switch
        yield instance
        end(instance)


@contextlib.contextmanager
def failing_calls(folder):
    """httpd that is started inside lets system calls fail while the file it yields says so (failing.c); None without a compiler."""
    library, switch = os.path.join(folder, "failing.so"), os.path.join(folder, "switch")
    source = os.path.join(os.path.dirname(__file__), "failing.c")
    if os.environ.get("GK_PRELOAD") or shutil.which("gcc") is None:
        yield None
        return
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    os.environ.update({"GK_PRELOAD": library, "FAILING": switch, "FAILING_DIR": "/"})
    try:
        yield switch
    finally:
        for name in ("GK_PRELOAD", "FAILING", "FAILING_DIR"):
            del os.environ[name]


@pytest.fixture(scope="module")
def writers(site):
    return candidates(site, 4)


@pytest.fixture
def load(site, writers, tmp_path):
    return Load(site, writers, str(tmp_path / "ledger"))


def faults(site):
    return {c["name"]: c["code"] for c in site.get("/readyz").json()["checks"] if not c["ok"]}


# ---- settings (DB-8) ------------------------------------------------------------------------------------------------

def warnings(site):
    return {w["name"]: w["en"] for w in site.get("/readyz").json()["warnings"]}


def test_settings_that_may_lose_writes_are_told(site):
    """DB-8: /readyz warns, and is not ready when the settings file asks for it."""
    if site.engine != "pgsql":
        pytest.skip("SQLite is always set to FULL by the program itself")
    assert "durability" not in warnings(site)
    for name, value in (("synchronous_commit", "off"), ("full_page_writes", "off"), ("fsync", "off")):
        with settings(site, **{name: value}):
            site.wait(lambda: f"{name} = {value}" in warnings(site).get("durability", ""), 5, f"a warning about {name}")  # pylint: disable=cell-var-from-loop
            assert site.get("/readyz").status == 200
    site.wait(lambda: "durability" not in warnings(site), 5, "no warning")
    with settings(site, fsync="off"):
        with open(site.path("gaokao.conf"), "a", encoding="utf-8") as file:
            file.write("require_durable = on\n")
        os.kill(site.pid(), signal.SIGUSR1)
        site.wait(lambda: faults(site) == {"durability": "config"}, 15, "not ready")
        site.wait(lambda: "GK0007" in site.error_log(), 5, "a line in the log")
    site.wait(lambda: site.get("/readyz").status == 200, 10, "ready")


# ---- schema (DB-11) --------------------------------------------------------------------------------------------------

def schema(site):
    return int(sql(site, "SELECT max(number) FROM schema_version")[0][0])


@pytest.mark.parametrize("step", [-1, 1])
def test_schema_of_another_program(site, writers, step):
    """DB-11: httpd starts, answers 503, names the command; nothing is written."""
    number = schema(site)
    name = sql(site, f"SELECT name FROM schema_version WHERE number = {number}")[0][0]
    before = sql(site, "SELECT count(*), max(seq) FROM audit")
    if step < 0:
        run_sql(site, f"DELETE FROM schema_version WHERE number = {number}")
    else:
        run_sql(site, f"INSERT INTO schema_version (number, name) VALUES ({number + 1}, 'of_a_newer_program')")
    try:
        def refused():
            reply = writers[0].patch("/me", {"fields": {"receiver": "别的版本"}}, version='"v1"')
            return reply.status == 503 and reply.json()["code"] == "schema"
        site.wait(refused, 5, "refused by those that run")
        reopened(site, writers)
        site.wait(lambda: faults(site).get("schema") == "schema", 15, "not ready")
        check = next(c for c in site.get("/readyz").json()["checks"] if c["name"] == "schema")
        assert ("gaokaoctl upgrade" if step < 0 else "newer program") in check["cure"], check
        assert site.get("/healthz").status == 200 and site.get("/ks/").status == 200
        for _ in range(8):  # whichever child answers
            reply = writers[0].patch("/me", {"fields": {"receiver": "别的版本"}}, version='"v1"')
            assert reply.status == 503 and reply.json()["code"] == "schema", reply
        assert sql(site, "SELECT count(*), max(seq) FROM audit") == before
        assert site.ctl("candidate", "show", "00000000", check=False).returncode == 4
        if step > 0:
            done = site.ctl("upgrade", check=False)
            assert done.returncode == 4 and "newer" in done.stderr, done
    finally:
        if step < 0:
            run_sql(site, f"INSERT INTO schema_version (number, name) VALUES ({number}, '{name}')")
        else:
            run_sql(site, f"DELETE FROM schema_version WHERE number = {number + 1}")
    well_again(site, writers[0])


# ---- damage (DB-12) ---------------------------------------------------------------------------------------------------

def damage(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        was = file.read(16)
        file.seek(offset)
        file.write(bytes(byte ^ 0x5a for byte in was))
        os.fsync(file.fileno())
    return was


def repair(path, offset, was):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(was)
        os.fsync(file.fileno())


def place_of(site, client):
    """File and offset of 16 bytes in the page that holds a candidate's record."""
    if site.engine == "pgsql":
        superuser(site, "CHECKPOINT")
        row = superuser(site, "SELECT pg_relation_filepath('candidate'), (ctid::text::point)[0]::int FROM candidate "
                              f"WHERE id = {client.record_id}", database="gaokao")[0]
        return site.path("pg", row[0]), int(row[1]) * 8192 + 4000
    number = sql(site, f"SELECT number FROM candidate WHERE id = {client.record_id}")[0][0].encode()
    leaves = sql(site, "SELECT pageno FROM dbstat WHERE name = 'candidate' AND pagetype = 'leaf'")
    path = site.path("data", "gaokao.db")
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(18)[16:18], "big")
        for (page,) in leaves:
            file.seek((int(page) - 1) * size)
            if number in file.read(size):
                return path, (int(page) - 1) * size
    raise AssertionError("the record's page was not found")


def stop_postgresql(site):
    pid = postmaster(site)
    os.kill(pid, signal.SIGINT)
    site.wait(lambda: not alive(pid), 20, "the server's end")


def reopened(site, writers):
    """New children of httpd, which have nothing of the file in memory."""
    old = set(site.children())
    os.kill(site.pid(), signal.SIGUSR1)
    for client in writers:
        client.drop()
    site.wait(lambda: not old & set(site.children()) and site.get("/healthz").status == 200, 30, "new children")


def swap(site, writers, change):
    """change() while nobody has the pages in memory."""
    if site.engine == "pgsql":
        stop_postgresql(site)
        result = change()
        site.start()
    else:
        result = change()
        reopened(site, writers)
    return result


def test_a_damaged_page(site, writers):
    """DB-12: its records answer 503 by name, the others work, gaokaoctl verify names the table."""
    items = json.loads(site.ctl("verify", "--json").stdout)["items"]
    assert not [i for i in items if i["fault"] or i["skipped"]], items
    assert "candidate" in {i["what"] for i in items}
    if site.engine == "sqlite":
        if subprocess.run(["sqlite3", ":memory:", "SELECT count(*) FROM dbstat"], capture_output=True, check=False).returncode:
            pytest.skip("this sqlite3 has no dbstat")
        subprocess.run(["sqlite3", site.path("data", "gaokao.db"), "PRAGMA wal_checkpoint(TRUNCATE)"], check=True, capture_output=True, timeout=60)
    place = place_of(site, writers[0])
    was = swap(site, writers, lambda: damage(*place))
    try:
        site.wait(lambda: site.get("/readyz").status == 200, 10, "ready")
        reply = writers[0].get("/me")
        assert reply.status == 503 and reply.json()["code"] == "database-damaged", reply
        assert b"candidate_get" not in reply.body and b"sqlite" not in reply.body
        other = [client.get("/me").status for client in writers[1:]]
        assert set(other) <= {200, 503}, other  # the same page may hold another writer's record
        point = Client(site).sign_in(site.logins()["point"])
        rest = sql(site, "SELECT max(id) FROM candidate")[0][0]
        assert 200 in other or point.get(f"/candidates/{rest}").status in (200, 404), other
        assert "DB_DAMAGED" in site.error_log()
        done = site.ctl("verify", "--json", check=False)
        assert done.returncode == 1, done
        bad = {i["what"] for i in json.loads(done.stdout)["items"] if i["fault"]}
        assert "candidate" in bad, bad
    finally:
        swap(site, writers, lambda: repair(*place, was))
    well_again(site, writers[0])
    assert site.ctl("verify", check=False).returncode == 0


# ---- full disks (DB-5) --------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def small_disk(site, spare):
    """PostgreSQL's folder on a tmpfs with `spare` bytes left over."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = site.path("pg")
    saved = folder + ".saved"
    stop_postgresql(site)
    size = sum(os.path.getsize(os.path.join(at, one)) for at, _, names in os.walk(folder) for one in names)
    owner = os.stat(folder)
    os.rename(folder, saved)
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + spare},mode=700,uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", folder],
                      capture_output=True, check=False).returncode != 0:
        os.rmdir(folder)
        os.rename(saved, folder)
        site.start()
        pytest.skip("tmpfs can't be mounted here")
    try:
        subprocess.run(["cp", "-a", saved + "/.", folder + "/"], check=True)
        site.start()
        yield folder
    finally:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, "filler"))
        with contextlib.suppress(OSError, ValueError):
            stop_postgresql(site)
        subprocess.run(["rm", "-rf", saved], check=True)
        subprocess.run(["cp", "-a", folder, saved], check=True)
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)
        os.rename(saved, folder)
        site.start()


def fill(folder, leave=0):
    """Fills a disk but for `leave` per mille."""
    path = os.path.join(folder, "filler")
    fs = os.statvfs(folder)
    room = fs.f_bavail * fs.f_frsize - fs.f_blocks * fs.f_frsize * leave // 1000
    with open(path, "ab") as file:
        if leave:
            if room > 0:
                os.posix_fallocate(file.fileno(), 0, room)
            return path
        for block in (1 << 20, 65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(file.fileno(), b"\0" * block)
    return path


def test_disk_of_postgresql_full(site, load, writers):
    """DB-5: PostgreSQL's own folder is full: 503, nothing half written, well again by itself; before that /readyz warns, and uploads stop."""
    if site.engine != "pgsql":
        pytest.skip("SQLite's data folder: test_faults.py")
    with small_disk(site, 64 << 20) as folder:
        client = writers[0]
        well_again(site, client)
        assert save(client)[0].status == 200
        filler = fill(folder, 70)
        assert "disk" in warnings(site) and site.get("/readyz").status == 200
        os.unlink(filler)
        filler = fill(folder, 40)
        county = Client(site).sign_in(site.logins()["county"])
        reply = county.request("POST", "/notices/1/files", b"x" * 2000, headers={"Content-Type": "application/pdf"})
        assert reply.status == 503 and reply.json()["code"] == "disk-full", reply
        assert save(client)[0].status == 200  # the rest is for the records
        os.unlink(filler)
        fill(folder)
        # pages are written to the log first: it runs full when its present file is used up
        refused = None
        for _ in range(400):
            try:
                reply = save(client)[0]
            except AssertionError:  # the read before it: the server ended and starts again
                break
            if reply.status != 200:
                refused = reply
                break
        if refused is not None:
            assert refused.status == 503 and refused.json()["code"] in ("disk-full", "database-down", "outcome-unknown"), refused
        site.wait(lambda: site.get("/readyz").status == 503, 10, "not ready")
        assert site.get("/ks/").status == 200 and site.get("/healthz").status == 200
        os.unlink(os.path.join(folder, "filler"))
        site.start()  # the server may have ended when its log was full: its supervisor's work
        well_again(site, client)
        with load:
            load.saves_go_on()
        load.record("DB-5", 1, 1, form="PostgreSQL's disk")


def test_disk_of_the_logs_full(site, load, writers):
    """DB-5: no log can be written: saves go on."""
    logs = [site.path("log", name) for name in ("access.log", "error.log")]
    for path in logs:
        os.rename(path, path + ".kept")
        os.symlink("/dev/full", path)
    try:
        reopened(site, writers)
        with load:
            load.saves_go_on()
        load.record("DB-5", 1, 1, form="disk of the logs")
    finally:
        for path in logs:
            os.unlink(path)
            os.rename(path + ".kept", path)
        reopened(site, writers)


# ---- errors of the disk (DC-1) ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call,error,code", [("fdatasync", 5, "database-down"), ("pwrite", 28, "disk-full"), ("pwrite", 5, "database-down")])
def test_system_calls_that_fail(site, writers, load, call, error, code):
    """DC-1: the disk answers EIO or ENOSPC: not acknowledged, not ready until a row could be written; well again without a restart."""
    if site.engine != "sqlite":
        pytest.skip("PostgreSQL writes in processes of its own, and ends by itself on such an error")
    if site.switch is None:
        pytest.skip("gcc is not installed")
    client = writers[0]
    assert save(client)[0].status == 200
    etag = client.get("/me", expect=200).headers["ETag"]
    with open(site.switch, "w", encoding="utf-8") as file:
        file.write(f"{call} {error}\n")
    os.chmod(site.switch, 0o644)
    try:
        reply, key, etag, value = save(client, etag=etag)
        assert reply.status == 503 and reply.json()["code"] in (code, "outcome-unknown"), reply
        assert int(reply.headers["Retry-After"]) >= 1
        assert "write" in faults(site)
        assert client.get("/me").status == 200
        assert site.get("/ks/").status == 200
    finally:
        os.unlink(site.switch)
    well_again(site)
    again = save(client, value, key, etag)[0]
    assert again.status == 200, again
    assert sql(site, "PRAGMA integrity_check") == [["ok"]]
    with load:
        load.saves_go_on()
    load.record("DC-1", 1, 1, form=f"{call} {error}")


# ---- locks (DB-10) ----------------------------------------------------------------------------------------------------------

def test_a_lock_held_by_somebody_else(site, writers):
    """DB-10: a record (PostgreSQL) or the file (SQLite) is held for long: a clear 503 in a few seconds, others go on, nothing half done."""
    client = writers[0]
    etag = client.get("/me", expect=200).headers["ETag"]
    with held(site, client.record_id):
        began = time.monotonic()
        reply = save(client, etag=etag)[0]
        took = time.monotonic() - began
        assert reply.status == 503 and reply.json()["code"] == "busy", reply
        assert int(reply.headers["Retry-After"]) >= 1 and took < 6, took
        assert client.get("/me", expect=200).headers["ETag"] == etag
        if site.engine == "pgsql":
            assert save(writers[1])[0].status == 200
    well_again(site, client)
