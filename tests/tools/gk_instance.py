"""A private instance for tests, made by ./run itself, and a small HTTP client.

    instance = Instance.create("smoke", engine="sqlite", candidates=50)
    reply = instance.get("/readyz")
    assert reply.status == 200 and reply.json()["status"] == "ok"
    instance.close()

Environment: GK_BUILD (a built tree; without it ./run builds its own), GK_WORK (folder for instances), GK_TEST_PGSQL
(unused here: an instance on PostgreSQL has its own server), GK_PRELOAD (sanitizer libraries for httpd).
"""
import http.client
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# Lines of the error log that say that something broke, whatever a test expects.
ALARMS = re.compile(r"ERROR: AddressSanitizer|runtime error:|LeakSanitizer|exit signal|\[[\w-]*:(?:emerg|alert|crit)\]")


PORTS = itertools.cycle(random.Random(os.getpid()).sample(range(20000, 32000), 12000))


def free_ports(count):
    """Ports nobody listens on now: of a range the system takes none from by itself, each test process in an order of its own."""
    ports = []
    while len(ports) < count:
        port = next(PORTS)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


def alive(pid):
    """False for a zombie too: who adopted it may never collect it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def need_engine(engine):
    import pytest  # only tests ask
    if engine == "pgsql" and not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    if shutil.which("setpriv") is None and os.geteuid() == 0:
        pytest.skip("setpriv is not installed")


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Instance:
    def __init__(self, folder, engine, port, client_port):
        self.folder = folder
        self.engine = engine
        self.port = port
        self.client_port = client_port
        self.tls = None  # an ssl.SSLContext: all ports speak TLS (./run --tls)
        self.log_read = 0
        self.patience = 600  # seconds that ./run may take

    @classmethod
    def create(cls, name, engine="sqlite", candidates=40, extra=(), patience=600):
        """patience: seconds that ./run may take: a whole province takes long to seed."""
        work = os.environ.get("GK_WORK") or tempfile.mkdtemp(prefix="gk-test.", dir="/tmp")
        os.chmod(work, 0o755)
        folder = tempfile.mkdtemp(prefix=f"{name}.", dir=work)
        os.chmod(folder, 0o755)
        port, client_port = free_ports(2)
        instance = cls(folder, engine, port, client_port)
        instance.patience = patience
        instance.start("--candidates", str(candidates), *extra)
        return instance

    def run(self, *arguments, check=True):
        """./run COMMAND ... --instance FOLDER"""
        done = subprocess.run([os.path.join(ROOT, "run"), *arguments, "--instance", self.folder], capture_output=True,
                              text=True, timeout=self.patience, check=False, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"./run {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, *flags):
        return self.run("start", "--db", self.engine, "--port", str(self.port), "--client-port", str(self.client_port),
                        *flags)

    def stop(self):
        return self.run("stop")

    def close(self):
        """Stops and removes it; fails when the error log holds an alarm."""
        try:
            self.stop()
            self.check_log()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what it knows ---------------------------------------------------------------------------------
    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def logins(self):
        with open(self.path("demo-logins.json"), encoding="utf-8") as file:
            return json.load(file)

    def pid(self):
        with open(self.path("run", "httpd.pid"), encoding="utf-8") as file:
            return int(file.read())

    def children(self):
        parent = self.pid()
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except (OSError, ValueError):
                continue
            if int(fields[1]) == parent:
                found.append(int(name))
        return found

    def ctl(self, *arguments, check=True):
        """gaokaoctl as the user httpd's children are."""
        command = [self.path("app", "bin", "gaokaoctl"), *arguments, "--instance", self.folder]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "--", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=self.folder)
        if check and done.returncode != 0:
            raise AssertionError(f"gaokaoctl {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def error_log(self):
        with open(self.path("log", "error.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def check_log(self):
        alarms = [line for line in self.error_log().splitlines() if ALARMS.search(line)]
        assert not alarms, "error log:\n" + "\n".join(alarms[:20])

    def kill(self, pid, number=signal.SIGKILL):
        os.kill(pid, number)

    # ---- HTTP ------------------------------------------------------------------------------------------
    def connect(self, port=None, timeout=30):
        if self.tls is not None:
            return http.client.HTTPSConnection("127.0.0.1", port or self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, port=None, timeout=30):
        """One request on its own connection. A dict or list goes out as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False).encode("utf-8")
            headers.setdefault("Content-Type", "application/json")
        elif isinstance(body, str):
            body = body.encode("utf-8")
        connection = self.connect(port, timeout)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def wait(self, condition, seconds=10, what="condition"):
        """Asks again until condition() is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.error_log()[-2000:]}")
