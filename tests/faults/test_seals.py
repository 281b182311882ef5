"""Sealed audit under attack: rows changed by somebody with the database's rights (DI-5), a cut tail and a chain made anew (DI-6),
sealers that are killed and run side by side (DI-7). `gaokaoctl audit verify` must name what was done."""
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from gk_client import Client
from gk_instance import ROOT
from ledger import Load, candidates, sql
from scale import record_case, times
from test_jobs import worker, workers

COLUMNS = "season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, request_id, key_id, body, digest, record_key_id"


def change(site, *statements):
    """What somebody with all rights on the database does."""
    if site.engine == "pgsql":
        for statement in statements:
            sql(site, statement)
        return
    with sqlite3.connect(site.path("data", "gaokao.db"), timeout=30) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def number(site, statement):
    return int(sql(site, statement)[0][0])


def verify(site, *options):
    """(exit code, report)"""
    done = site.ctl("audit", "verify", "--json", *options, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    return done.returncode, report


def fault(site, *options):
    code, report = verify(site, *options)
    return (report["faults"][0]["code"], report["faults"][0]["seq"]) if code else None


def anchor(site):
    return json.loads(site.ctl("audit", "anchor", "--json").stdout)["anchor"]


def seal(site):
    return json.loads(site.ctl("audit", "seal", "--json").stdout)["rows"]


class Held:
    """The worker stands still, so that nothing is sealed but by the test."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.pid = worker(self.site)
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def writers(broken):
    return candidates(broken, 4)


def save(client, value):
    me = client.get("/me", expect=200)
    return client.patch("/me", {"fields": {"receiver": value}}, version=me.headers["ETag"], expect=200)


def several_seals(site, client):
    for value in ("收件人子", "收件人丑", "收件人寅"):
        save(client, value)
        save(client, value + "一")
        seal(site)


def keep(site):
    change(site, "CREATE TABLE kept_rows AS SELECT * FROM audit", "CREATE TABLE kept_seals AS SELECT * FROM audit_seal")


def put_back(site):
    change(site, "DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept_rows", "DELETE FROM audit_seal",
           "INSERT INTO audit_seal SELECT * FROM kept_seals")


def let_go(site):
    change(site, "DROP TABLE kept_rows", "DROP TABLE kept_seals")


def test_rows_changed_behind_the_program(broken, writers):
    """DI-5: each kind of change is named with the first row it concerns."""
    site = broken
    with Held(site):
        several_seals(site, writers[0])
        assert verify(site)[0] == 0
        last = number(site, "SELECT max(seq) FROM audit")
        a, b = last - 1, last
        body = "x'7b7d'" if site.engine == "sqlite" else "'\\x7b7d'"
        keep(site)
        try:
            cases = [
                (f"UPDATE audit SET body = {body} WHERE seq = {a}", "row-changed", a),
                (f"UPDATE audit SET actor_id = actor_id + 1 WHERE seq = {a}", "row-changed", a),
                (f"UPDATE audit SET at_us = at_us - 1 WHERE seq = {b}", "row-changed", b),
                (f"UPDATE audit SET request_id = 'other' WHERE seq = {b}", "row-changed", b),
                (f"DELETE FROM audit WHERE seq = {a}", "row-missing", a),
                (f"DELETE FROM audit WHERE seq = {b}", "row-missing", b),
                (f"INSERT INTO audit (seq, {COLUMNS}) SELECT 0, {COLUMNS} FROM audit WHERE seq = {b}", "row-inserted", 0),
            ]
            for statement, code, seq in cases:
                change(site, statement)
                assert fault(site) == (code, seq), statement
                put_back(site)
            change(site, f"UPDATE audit SET seq = {last + 1000} WHERE seq = {a}", f"UPDATE audit SET seq = {a} WHERE seq = {b}",
                   f"UPDATE audit SET seq = {b} WHERE seq = {last + 1000}")
            assert fault(site) == ("rows-swapped", a)
            put_back(site)
            assert verify(site)[0] == 0
        finally:
            put_back(site)
            let_go(site)
        record_case("DI-5", n=len(cases) + 1, injected=len(cases) + 1, lost=0, engine=site.engine)


def test_a_row_removed_before_its_seal(broken, writers):
    """DI-5, R2: the records' versions show what no seal ever saw."""
    site = broken
    client = writers[1]
    with Held(site):
        seal(site)
        version = save(client, "收件人辰").headers["ETag"].strip('"v')
        save(client, "收件人巳")
        where = f"object_kind = 'candidate' AND object_id = {client.record_id} AND object_version = {version} AND action NOT LIKE '%read'"
        keep(site)
        change(site, "DELETE FROM audit WHERE " + where)
        try:
            seal(site)
            codes = {f["code"] for f in verify(site)[1]["faults"]}
            assert "version-missing" in codes, codes
        finally:
            put_back(site)
            let_go(site)
        assert verify(site)[0] == 0


def test_a_cut_tail_and_a_chain_made_anew(broken, writers):
    """DI-6: both pass the chain itself and fail against an anchor that was kept elsewhere."""
    site = broken
    with Held(site):
        several_seals(site, writers[0])
        kept = anchor(site)
        code, report = verify(site, "--anchor", kept)
        assert code == 0 and report["anchored"], report
        keep(site)
        try:
            n = number(site, "SELECT max(n) FROM audit_seal")
            top = number(site, f"SELECT top FROM audit_seal WHERE n = {n - 3}")
            # whoever cuts the audit sets the records back too, or the versions would tell
            change(site, f"DELETE FROM audit_seal WHERE n > {n - 3}", f"DELETE FROM audit WHERE seq > {top}")
            assert not [f for f in verify(site)[1]["faults"] if f["code"] != "version-missing"]
            assert "anchor" in {f["code"] for f in verify(site, "--anchor", kept)[1]["faults"]}
            put_back(site)
            victim = number(site, "SELECT max(seq) FROM audit WHERE action = 'candidate.update' OR object_kind = 'candidate'")
            change(site, f"UPDATE audit SET actor_id = 99999 WHERE seq = {victim}", "DELETE FROM audit_seal")
            assert seal(site) > 0  # the program itself, with its own key
            assert "row-changed" not in {f["code"] for f in verify(site)[1]["faults"]}
            assert "anchor" in {f["code"] for f in verify(site, "--anchor", kept)[1]["faults"]}
        finally:
            put_back(site)
            let_go(site)
        assert verify(site, "--anchor", kept)[0] == 0
        record_case("DI-6", n=2, injected=2, lost=0, engine=site.engine)


def sealed_numbers(site):
    """How often each number stands in a seal."""
    counts = {}
    for (spans,) in sql(site, "SELECT numbers FROM audit_seal ORDER BY n"):
        for span in spans.split(","):
            first, _, last = span.partition("-")
            for seq in range(int(first), int(last or first) + 1):
                counts[seq] = counts.get(seq, 0) + 1
    return counts


def sealer(site):
    command = [site.path("app", "bin", "gaokaoctl"), "audit", "seal", "--instance", site.folder]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "--", *command]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=site.folder)


def test_killed_sealers_under_load(broken, writers, tmp_path):
    """DI-7: sealers run side by side and die at any point: every row is sealed exactly once, saves go on."""
    site = broken
    n = times(30, long=200)
    dice = random.Random(7)
    killed = 0
    with Load(site, writers, str(tmp_path / "ledger")) as load:
        load.saves_go_on()
        for i in range(n):
            running = [sealer(site) for _ in range(2)]
            time.sleep(dice.uniform(0.0, 0.25))
            for process in running:
                if process.poll() is None:
                    process.kill()
                    killed += 1
                process.wait(30)
            if i == n // 2:
                for pid in workers(site):
                    os.kill(pid, signal.SIGKILL)
        load.saves_go_on()
    load.check()
    assert killed > n // 4, "the sealers were too fast to be killed"
    seal(site)
    assert verify(site)[0] == 0
    counts = sealed_numbers(site)
    assert set(counts.values()) == {1}
    rows = {int(seq) for (seq,) in sql(site, "SELECT seq FROM audit")}
    late = {int(seq) for (seq,) in sql(site, "SELECT seq FROM audit WHERE seq > (SELECT max(top) FROM audit_seal)")}
    assert rows - set(counts) == late, sorted(rows - set(counts) - late)[:5]
    record_case("DI-7", n=n, injected=killed, lost=0, longest_gap=max(w.longest_gap for w in load.writers), engine=site.engine)


def metric(site, name):
    for line in site.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    raise AssertionError(f"no {name} in /metrics")


def test_seals_come_by_themselves(broken, writers):
    """Rows are sealed within a minute; /metrics and /readyz tell when they are not."""
    site = broken
    with Held(site):
        seal(site)
        save(writers[2], "收件人午")
        assert metric(site, "gaokao_audit_unsealed_rows") >= 1
        last = number(site, "SELECT max(seq) FROM audit")
        change(site, f"UPDATE audit SET at_us = at_us - 600000000 WHERE seq = {last}")
        reply = site.get("/readyz")
        assert reply.status == 200, reply
        assert "audit-unsealed" in [w["name"] for w in reply.json()["warnings"]], reply
        assert metric(site, "gaokao_audit_unsealed_seconds") >= 600
    site.wait(lambda: metric(site, "gaokao_audit_unsealed_rows") == 0, 60, "the seals")
    assert "audit-unsealed" not in [w["name"] for w in site.get("/readyz").json()["warnings"]]
    assert verify(site)[0] == 0


def test_an_own_program_comes_to_the_same_anchor(broken, writers, tmp_path):
    """The page's bytes are the true ones: its script computes the newest seal from a copy of the database."""
    site = broken
    if site.engine != "sqlite":
        pytest.skip("the page's script reads SQLite")
    with open(os.path.join(ROOT, "docs", "audit.md"), encoding="utf-8") as file:
        script = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
    copy = str(tmp_path / "copy.db")
    with Held(site):
        several_seals(site, writers[3])
        with sqlite3.connect(site.path("data", "gaokao.db"), timeout=30) as db:
            db.execute("VACUUM INTO ?", (copy,))
        db.close()
        told = site.ctl("audit", "anchor").stdout.split()[0]
    done = subprocess.run([sys.executable, "-c", script, copy], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == told, done.stdout + done.stderr
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE audit SET actor_id = actor_id + 1 WHERE seq = (SELECT max(seq) FROM audit)")
    db.close()
    done = subprocess.run([sys.executable, "-c", script, copy], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "does not fit" in done.stderr, done


def test_seals_outlive_their_key(broken, writers):
    """DI-9 for seals: a new seal key, the old one retired: old and new seals verify; anchors reach their log."""
    site = broken
    several_seals(site, writers[0])
    site.ctl("key", "create", "seal")
    site.ctl("key", "activate", "seal", "--force")
    with Held(site):
        save(writers[0], "收件人未")
        seal(site)
        assert len(sql(site, "SELECT DISTINCT key_id FROM audit_seal")) == 2
        assert verify(site)[0] == 0
        site.ctl("key", "retire", "seal", "--force")
        assert verify(site)[0] == 0
        change(site, "CREATE TABLE kept_seals AS SELECT * FROM audit_seal",
               "UPDATE audit_seal SET signature = (SELECT signature FROM audit_seal ORDER BY n DESC LIMIT 1) WHERE n = 1")
        assert fault(site) == ("seal-signature", 0)
        change(site, "DELETE FROM audit_seal", "INSERT INTO audit_seal SELECT * FROM kept_seals", "DROP TABLE kept_seals")


def test_deletion_leaves_the_seals_whole(broken, writers):
    """A record's key is destroyed: its rows show as erased, the audit still verifies, nothing is rewritten."""
    site = broken
    point = Client(site).sign_in(site.logins()["point"])
    mine = {client.record_id for client in writers}
    item = next(i for i in point.items("/candidates?state=identified&limit=50") + point.items("/candidates?state=filling&limit=50")
                if i["id"] not in mine)
    record = point.get(f"/candidates/{item['id']}", expect=200)
    point.post(f"/candidates/{item['id']}/withdrawal", {"reason": "本人申请"}, version=record.headers["ETag"], expect=200)
    seal(site)
    site.ctl("candidate", "erase", "--id", str(item["id"]), "--reason", "保存期满")
    found = json.loads(site.ctl("audit", "search", "--candidate", str(item["id"]), "--json").stdout)
    assert any(row.get("erased") for row in found), found[:3]
    seal(site)
    code, report = verify(site)
    assert code == 0, report["faults"]


def test_anchors_reach_their_log(broken):
    """The hourly anchor, in the file that gaokao.conf names."""
    site = broken
    log = site.path("log", "anchors")
    with open(site.path("gaokao.conf"), "a", encoding="utf-8") as file:
        file.write(f"audit_anchor_log = {log}\n")
    for pid in workers(site):
        os.kill(pid, signal.SIGTERM)

    def lines():
        return open(log, encoding="utf-8").read().splitlines() if os.path.exists(log) else []
    site.wait(lines, 60, "a line in the anchors' log")
    told = re.search(r"gaokao audit anchor (\d+:[0-9a-f]{64}) sealed ", lines()[0]).group(1)
    assert verify(site, "--anchor", told)[1]["anchored"]
