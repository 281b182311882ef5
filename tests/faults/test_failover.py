"""Two PostgreSQL servers, the second a synchronous standby: faults.md DB-8. The first dies under load, the second is promoted:
nothing acknowledged is lost and httpd finds the new one without a restart."""
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from gk_instance import ALARMS, ROOT, Instance
from ledger import Load, candidates, sql

WRITERS = 6


class Pair:
    """A primary and its standby, both reached by sockets in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = sorted(os.listdir("/usr/lib/postgresql"))[-1]
        self.bin = f"/usr/lib/postgresql/{self.bin}/bin"
        self.tool("start")
        self.first, self.second = self.path("pg"), self.path("pg2")
        self.sockets = self.path("run", "pg"), self.path("run", "pg2")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def tool(self, command):
        tool = os.path.join(ROOT, "tests", "tools", "postgresql")
        subprocess.run([tool, command, self.folder], check=command == "start", capture_output=True, timeout=120)

    def command(self, *words):
        """A program of PostgreSQL as the server's user."""
        run = [os.path.join(self.bin, words[0]), *words[1:]]
        if os.geteuid() == 0:
            run = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *run]
        done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=False, cwd="/", stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def superuser(self, socket, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return self.command("psql", "-X", "-q", "-A", "-t", "-h", socket, "-U", "postgres", "-d", "postgres", *words).strip()

    def add_standby(self):
        with open(os.path.join(self.first, "pg_hba.conf"), "a", encoding="utf-8") as file:
            file.write("local replication all peer map=instance\n")
        self.superuser(self.sockets[0], "SELECT pg_reload_conf()")
        owner = os.stat(self.first)
        os.mkdir(self.sockets[1])
        shutil.copystat(self.sockets[0], self.sockets[1])
        group = os.stat(self.sockets[0]).st_gid
        os.mkdir(self.second, 0o700)
        if os.geteuid() == 0:
            os.chown(self.second, owner.st_uid, owner.st_gid)
            os.chown(self.sockets[1], owner.st_uid, group)
        self.command("pg_basebackup", "-h", self.sockets[0], "-U", "postgres", "-D", self.second, "-R", "-X", "stream", "--checkpoint=fast")
        with open(os.path.join(self.second, "postgresql.auto.conf"), "a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{self.sockets[1]}'\n"
                       f"primary_conninfo = 'host={self.sockets[0]} user=postgres application_name=second'\n")
        self.control(self.second, "start")
        self.superuser(self.sockets[0], "ALTER SYSTEM SET synchronous_standby_names = 'second'", "SELECT pg_reload_conf()")

    def control(self, data, command):
        self.command("pg_ctl", "-D", data, "-w", "-t", "60", "-l", os.path.join(data, "start.log"), command)

    def kill_first(self):
        """As a machine that loses its power: nobody is told anything, nothing is written any more."""
        with open(os.path.join(self.first, "postmaster.pid"), encoding="utf-8") as file:
            os.kill(int(file.readline()), signal.SIGQUIT)

    def promote_second(self):
        """What Patroni does: the standby that had each COMMIT takes over, and waits for nobody until it has a standby itself."""
        self.control(self.second, "promote")
        self.superuser(self.sockets[1], "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")

    def close(self):
        if os.path.isdir(self.second):
            try:
                self.control(self.second, "stop")
            except AssertionError:
                pass
        self.tool("stop")


@pytest.fixture(scope="module")
def pair():
    if not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    folder = tempfile.mkdtemp(prefix="pair.", dir=os.environ.get("GK_WORK") or "/tmp")
    os.chmod(folder, 0o755)
    servers = Pair(folder)
    try:
        yield servers
    finally:
        servers.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def site(pair):
    instance = Instance.create("failover", "pgsql", 300, (
        "--dsn", f"host={pair.sockets[0]},{pair.sockets[1]} dbname=gaokao user=gaokao target_session_attrs=read-write"))
    pair.add_standby()
    yield instance
    instance.stop()
    alarms = [line for line in instance.error_log().splitlines() if ALARMS.search(line) and "AH00636" not in line]
    shutil.rmtree(instance.folder, ignore_errors=True)
    assert not alarms, alarms[:5]


def test_failover_to_a_synchronous_standby(site, pair, tmp_path):
    """DB-8: two servers, the first dies under load, the second is promoted; the ledger is whole and nobody restarts httpd."""
    load = Load(site, candidates(site, WRITERS), str(tmp_path / "ledger"))
    site.wait(lambda: pair.superuser(pair.sockets[0], "SELECT sync_state FROM pg_stat_replication") == "sync", 20, "a synchronous standby")
    assert "synchronous" not in site.get("/readyz").body.decode()  # nothing that may lose writes
    with load:
        load.saves_go_on()
        pair.kill_first()
        site.wait(lambda: site.get("/api/v1/season").status == 503, 10, "503 while there is no primary")
        pair.promote_second()
        site.wait(lambda: site.get("/readyz").status == 200, 10, "ready again")
        load.saves_go_on(20)
    assert sql(site, "SELECT pg_is_in_recovery()") == [["f"]]
    load.record("DB-8", 1, 1)
