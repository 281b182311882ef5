"""A private PostgreSQL under the tests' hands: its processes, its superuser, a line to it that can freeze."""
import contextlib
import os
import socket
import subprocess
import threading
import time

import pytest

from gk_instance import Instance


def make(name, engine):
    if engine == "pgsql" and not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    return Instance.create(name, engine, candidates=300)


def postmaster(site):
    with open(site.path("pg", "postmaster.pid"), encoding="utf-8") as file:
        return int(file.readline())


def children(pid):
    """Living children of a process and their command lines."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                    found[int(name)] = file.read().replace("\0", " ")
        except (OSError, ValueError):
            continue
    return found


def backends(site):
    """Server processes that serve the role gaokao."""
    return [pid for pid, command in children(postmaster(site)).items() if "gaokao gaokao" in command]


def superuser(site, *commands, database="postgres", check=True):
    """psql as the private server's superuser; each command is a transaction of its own."""
    psql = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", site.path("run", "pg"), "-U", "postgres", "-d", database]
    for command in commands:
        psql += ["-c", command]
    if os.geteuid() == 0:
        psql = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *psql]
    done = subprocess.run(psql, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert not check or done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines() if line]


@contextlib.contextmanager
def settings(site, **values):
    """Settings of the server, in force at once and taken back at the end."""
    superuser(site, *[f"ALTER SYSTEM SET {name} = '{value}'" for name, value in values.items()], "SELECT pg_reload_conf()")
    time.sleep(0.3)  # the postmaster tells its children
    try:
        yield
    finally:
        superuser(site, *[f"ALTER SYSTEM RESET {name}" for name in values], "SELECT pg_reload_conf()")
        time.sleep(0.3)


@contextlib.contextmanager
def stopped(pids, number_stop=19, number_go=18):
    """Processes that are there and do nothing (SIGSTOP)."""
    for pid in pids:
        os.kill(pid, number_stop)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number_go)


class Line:
    """TCP to a Unix socket, byte by byte; freeze() lets nothing through and closes nothing, as a dead network does."""

    def __init__(self, target):
        self.target = target
        self.flowing = threading.Event()
        self.flowing.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.join, args=(near,), daemon=True).start()

    def join(self, near):
        self.flowing.wait()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self.target)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one, other):
        try:
            while data := one.recv(65536):
                self.flowing.wait()
                other.sendall(data)
        except OSError:
            pass
        self.flowing.wait()
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def freeze(self):
        self.flowing.clear()

    def thaw(self):
        self.flowing.set()

    def close(self):
        self.thaw()
        self.listener.close()


class Crowd:
    """Many clients that ask for one address without pause; what they got and how long each answer took."""

    def __init__(self, site, path, count, method="GET"):
        self.site, self.path, self.method = site, path, method
        self.answers = []   # (status, seconds)
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(count)]

    def ask(self):
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                status = self.site.request(self.method, self.path, timeout=30).status
            except OSError:
                status = 0
            self.answers.append((status, time.monotonic() - began))
            time.sleep(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(40)


def events(site):
    """Database events of /metrics."""
    lines = site.get("/metrics").body.decode().splitlines()
    return {line.split('"')[1]: int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("gaokao_database_events_total{")}
