"""The load generator with a ledger (rule R1): candidates save their forms without pause; each 200 is written to a file
and fsynced before the next request. Afterwards every line must be found in the database."""
import json
import os
import re
import subprocess
import threading
import time
import uuid

from gk_client import Client
from scale import record_case


def candidates(site, count):
    """Signed-in candidates that may fill in: the point gives each a new slip, they set an own password."""
    point = Client(site).sign_in(site.logins()["point"])
    found = []
    for item in point.items("/candidates?state=filling&limit=200") + point.items("/candidates?state=reviewed&limit=200"):
        if len(found) == count:
            break
        record = point.get(f"/candidates/{item['id']}", expect=200)
        slip = point.post(f"/candidates/{item['id']}/new-slip", {"card_seen": True, "used": True}, version=record.headers["ETag"])
        if slip.status != 200:
            continue
        client = Client(site, "ks")
        client.sign_in(item["number"], slip.json()["password"], change_to="Zhongguo-%s" % item["number"])
        me = client.get("/me", expect=200)
        if not me.json().get("pledged_at"):
            client.post("/me/pledge", {"accepted": True, "privacy": True}, version=me.headers["ETag"], expect=200)
        client.record_id = item["id"]
        found.append(client)
    assert len(found) >= min(count, 4), f"only {len(found)} candidates to write with"
    return found


class Writer(threading.Thread):
    """One candidate that saves again and again and repeats a request whose outcome it does not know."""

    def __init__(self, client, ledger, stop):
        super().__init__(daemon=True)
        self.client = client
        self.ledger = ledger
        self.stop = stop
        self.saved = 0
        self.refused = 0      # clear errors: 5xx problem documents
        self.lost = 0         # connection broke, or outcome unknown
        self.wrong = []       # anything else
        self.longest_gap = 0.0
        self.count = 0

    def run(self):
        etag = None
        last = time.monotonic()
        while not self.stop.is_set():
            try:
                if etag is None:
                    reply = self.client.get("/me")
                    if reply.status != 200:
                        self.refused += 1
                        time.sleep(0.1)
                        continue
                    etag = reply.headers["ETag"]
            except OSError:
                self.client.drop()
                time.sleep(0.05)
                continue
            self.count += 1
            value = "收件人%s" % "甲乙丙丁戊己庚辛壬癸"[self.count % 10] * 1 + "一二三四五六七八九十"[self.count // 10 % 10]
            key = str(uuid.uuid4())
            while not self.stop.is_set():
                try:
                    reply = self.client.patch("/me", {"fields": {"receiver": value}}, version=etag, key=key)
                except OSError:
                    self.client.drop()
                    self.lost += 1
                    time.sleep(0.05)
                    continue
                if reply.status == 200:
                    etag = reply.headers["ETag"]
                    self.note(etag, value)
                    now = time.monotonic()
                    self.longest_gap = max(self.longest_gap, now - last)
                    last = now
                    break
                if reply.status in (503, 500, 429):
                    self.refused += 1
                    self.wrong += improper(reply)
                    time.sleep(0.1)
                    continue
                self.wrong.append(repr(reply))
                etag = None
                break

    def note(self, etag, value):
        line = json.dumps({"id": self.client.record_id, "version": int(etag.strip('"v')), "value": value}) + "\n"
        os.write(self.ledger, line.encode())
        os.fsync(self.ledger)
        self.saved += 1


INSIDES = re.compile(rb"SELECT |INSERT |UPDATE |sqlite|postgres|libpq|\.c:\d|/(?:tmp|work|var|home|root|usr)/|\b\d{17}[\dXx]\b", re.I)


def improper(reply):
    """R5: what is wrong with an error as the client sees it."""
    wrong = []
    if reply.status == 500:
        wrong.append(repr(reply))
    if reply.headers.get("Content-Type", "").split(";")[0] != "application/problem+json" and reply.body:
        wrong.append(f"no problem document: {reply!r}")
    elif reply.body and "instance" not in reply.json():
        wrong.append(f"no request id: {reply!r}")
    if reply.status in (503, 429) and not reply.headers.get("Retry-After"):
        wrong.append(f"no Retry-After: {reply!r}")
    if INSIDES.search(reply.body):
        wrong.append(f"shows its insides: {reply!r}")
    return wrong


def whole(site):
    """R2 by the seals, R3 and R4 by gaokaoctl: ranges, numbers, and counts equal to the records."""
    for arguments in (("audit", "verify"), ("check",)):
        done = site.ctl(*arguments, check=False)
        assert done.returncode == 0, f"gaokaoctl {' '.join(arguments)}: {done.stdout}{done.stderr}"


class Load:
    """with Load(site, clients, folder) as load: ... break things ...; then load.check()"""

    def __init__(self, site, clients, path):
        self.site = site
        self.path = path
        self.ledger = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC, 0o600)
        self.stop = threading.Event()
        self.writers = [Writer(client, self.ledger, self.stop) for client in clients]
        self.missing = None   # acknowledged saves that check() did not find

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for writer in self.writers:
            writer.join(60)
        os.close(self.ledger)

    def total(self, what):
        return sum(getattr(writer, what) for writer in self.writers)

    def longest_gap(self):
        """Seconds between two saves of one writer."""
        return max(writer.longest_gap for writer in self.writers)

    def record(self, case, n, injected, **more):
        """check(), and a line for the table of results whatever it finds."""
        figures = {"n": n, "injected": injected, "longest_gap": round(self.longest_gap(), 2), "engine": self.site.engine,
                   "refused": self.total("refused"), "broken": self.total("lost"), **more}
        try:
            saved = self.check()
        except AssertionError as error:
            record_case(case, lost=self.missing, failed=str(error)[:300], **figures)
            raise
        record_case(case, lost=0, saved=saved, **figures)
        return saved

    def saves_go_on(self, seconds=20):
        """Every writer saves again within the time."""
        before = [writer.saved for writer in self.writers]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(writer.saved > old for writer, old in zip(self.writers, before)):
                return
            time.sleep(0.05)
        raise AssertionError(f"no saves within {seconds} s: {[w.saved for w in self.writers]} {self.site.error_log()[-1500:]}")

    def check(self):
        """R1: each line is in the database, at its version or a later one. R2: exactly one audit row a version, and what
        is sealed verifies. R3, R4: numbers and counts."""
        with open(self.path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        assert lines, "nothing was saved"
        wrong = [text for writer in self.writers for text in writer.wrong]
        assert not wrong, wrong[:3]
        last, noted = {}, {}
        for line in lines:
            last[line["id"]] = max(line, last.get(line["id"], line), key=lambda l: l["version"])
            noted.setdefault(line["id"], set()).add(line["version"])
        missing = []
        for client in (writer.client for writer in self.writers):
            line = last.get(client.record_id)
            me = client.get("/me", expect=200)
            version = int(me.headers["ETag"].strip('"v'))
            if line is not None and (version < line["version"] or
                                     (version == line["version"] and me.json()["fields"]["receiver"] != line["value"])):
                missing.append(f"candidate {client.record_id}: version {version}, acknowledged {line}")
        self.missing = len(missing)
        assert not missing, missing[:3]
        for record in last:
            rows = sql(self.site, "SELECT object_version, count(*) FROM audit WHERE object_kind = 'candidate' AND object_id = %d "
                                  "AND action NOT LIKE '%%read%%' GROUP BY object_version" % record)
            counts = {int(version): int(n) for version, n in rows}
            assert all(n == 1 for n in counts.values()), f"candidate {record}: audit rows a version {counts}"
            assert noted[record] <= set(counts), f"candidate {record}: no audit row of versions {noted[record] - set(counts)}"
        whole(self.site)
        return len(lines)


def httpd_children(site):
    """Pids of the children, without the worker."""
    found = set()
    for pid in site.children():
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().startswith("apache2"):
                    found.add(pid)
        except OSError:
            pass
    return found


def sql(site, statement):
    """Rows of a statement, as lists of text, straight from the database."""
    if site.engine == "sqlite":
        command = ["sqlite3", "-readonly", "-separator", "\t", site.path("data", "gaokao.db"), statement]
    else:
        settings = dict(line.split(" = ", 1) for line in open(site.path("gaokao.conf"), encoding="utf-8").read().splitlines()
                        if " = " in line and not line.startswith("#"))
        command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", settings["db_params"], "-c", statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines() if line]
