#!/usr/bin/env python3
"""gaokaoctl and gaokao-worker as an operator uses them, without httpd: an instance is made, filled, checked and exported, on
SQLite and, when GK_TEST_PGSQL holds a connection string, on PostgreSQL."""
import hashlib
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
import zlib

ROOT = os.path.abspath(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("top_builddir") or ".")
CANDIDATES = 1500
EXPORT = "{urn:gaokao:export:1}"
count = failed = 0


def result(good, title, why=""):
    global count, failed
    count += 1
    failed += not good
    for line in why.splitlines() if not good else []:
        print("#", line)
    print(f"{'ok' if good else 'not ok'} {count} - ctl: {title}", flush=True)


def skip(title, why):
    global count
    count += 1
    print(f"ok {count} - ctl: {title} # SKIP {why}", flush=True)


# The preset of `plugins`; export_xlsx and export_dbf where they were built.
PLUGINS = [name for name in ("policy_xpath", "export_xml", "export_csv", "export_xlsx", "export_dbf", "device_idcard", "device_camera", "device_exam")
           if name not in ("export_xlsx", "export_dbf") or os.path.exists(f"{BUILD}/plugins/{name}/.libs/{name}.so")]


class Instance:
    def __init__(self, engine, demo="on"):
        self.dir = tempfile.mkdtemp(prefix="gk-ctl-")
        self.engine = engine
        self.schema = f"ctl_{os.getpid()}_{os.path.basename(self.dir)[7:]}".lower()
        for folder in ("data/spool", "keys", "plugins", "share"):
            os.makedirs(os.path.join(self.dir, folder))
        for name in PLUGINS:
            os.symlink(f"{BUILD}/plugins/{name}/.libs/{name}.so", f"{self.dir}/plugins/{name}.so")
        for name in ("tables", "schema", "packs"):
            os.symlink(f"{ROOT}/conf/{name}", f"{self.dir}/share/{name}")
        params = "data/gaokao.db"
        if engine == "pgsql":
            dsn = os.environ["GK_TEST_PGSQL"]
            self.psql(f"CREATE SCHEMA {self.schema}")
            params = f"{dsn} options='-c search_path={self.schema}'"
        self.params = params
        self.conf(demo=demo)

    def conf(self, **lines):
        values = {"db_engine": self.engine, "db_params": self.params, "plugin_dir": "plugins", "data_dir": "share", "demo": "on"}
        values.update(lines)
        with open(f"{self.dir}/gaokao.conf", "w", encoding="utf-8") as file:
            file.writelines(f"{key} = {value}\n" for key, value in values.items())

    def psql(self, sql):
        return subprocess.run(["psql", "-qAtX", "-d", os.environ["GK_TEST_PGSQL"], "-c", sql], check=True, text=True,
                              capture_output=True).stdout.strip()

    def sql(self, query, write=False):
        """Values of the first row, as text."""
        if self.engine == "pgsql":
            return self.psql(f"SET search_path = {self.schema}; {query}").split("|")
        import sqlite3
        with sqlite3.connect(f"{self.dir}/data/gaokao.db", timeout=20) as db:
            row = db.execute(query).fetchone()
        return [] if row is None else [str(value) for value in row]

    def ctl(self, *words):
        env = dict(os.environ, LC_ALL="C.UTF-8")
        run = subprocess.run([f"{BUILD}/gaokaoctl", *words, "--instance", self.dir], text=True, capture_output=True, env=env,
                             check=False)
        return run.returncode, run.stdout, run.stderr

    def json(self, *words):
        code, out, err = self.ctl(*words, "--json")
        return code, json.loads(out) if out.strip() else {}, err

    def must(self, *words):
        code, out, err = self.ctl(*words)
        if code != 0:
            raise AssertionError(f"gaokaoctl {' '.join(words)}: exit {code}\n{out}{err}")
        return out

    def worker(self, *words):
        return subprocess.Popen([f"{BUILD}/gaokao-worker", "--instance", self.dir, *words], stderr=subprocess.PIPE, text=True)

    def queue(self, args):
        now = int(time.time() * 1e6)
        self.sql("INSERT INTO job (season_id, kind, account_id, org_path, state, args, created_us) "
                 f"SELECT s.id, 'export_xml', a.id, a.org_path, 'queued', '{json.dumps(args)}', {now} "
                 "FROM season s, account a WHERE s.active = 1 AND a.login = 'demo-export' RETURNING id")
        return int(self.sql("SELECT max(id) FROM job")[0])

    def job(self, number):
        return self.sql(f"SELECT state, done, total, attempts, result, error FROM job WHERE id = {number}")

    def wait(self, number, states, seconds=40):
        until = time.time() + seconds
        while time.time() < until:
            row = self.job(number)
            if row[0] in states:
                return row
            time.sleep(0.1)
        raise AssertionError(f"job {number} stays {row}")

    def close(self):
        if self.engine == "pgsql":
            self.psql(f"SET client_min_messages = error; DROP SCHEMA {self.schema} CASCADE")
        shutil.rmtree(self.dir)


TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(seen, wanted, what=""):
    if seen != wanted:
        raise AssertionError(f"{what} is {seen!r}, wanted {wanted!r}")


# ---- an instance from nothing -------------------------------------------------------------------------------------------


@test
def usage_has_exit_code_2(i):
    for words in (["bogus"], ["load-pack"], ["init", "--x", "1"], ["check", "more"], ["demo", "--seed"]):
        same(i.ctl(*words)[0], 2, words)


@test
def check_before_init_names_the_cures(i):
    code, report, _ = i.json("check")
    same(code, 1, "exit code")
    faults = {item["what"]: item["en"] for item in report["items"] if not item["good"]}
    assert "gaokaoctl init" in faults["keys"], faults
    assert "gaokaoctl upgrade" in faults["schema"], faults


@test
def commands_before_init_say_what_to_do(i):
    code, _, err = i.ctl("load-orgs")
    same(code, 4, "exit code")
    assert "keys" in err, err


@test
def init_makes_keys_and_schema_and_may_be_repeated(i):
    code, made, _ = i.json("init")
    same((code, made["keys_created"], made["from"]), (0, True, 0))
    same(stat.S_IMODE(os.stat(f"{i.dir}/keys/gaokao.keys").st_mode), 0o600, "mode of the key file")
    code, again, _ = i.json("init")
    same((code, again["keys_created"], again["from"]), (0, False, made["to"]))
    code, version, _ = i.json("schema", "version")
    same((code, version["database"]), (0, version["program"]))


@test
def keys_are_compared_with_the_database_by_name_di_9(i):
    """A wrong, missing or older key file is refused by name, and a new one is never made."""
    path = f"{i.dir}/keys/gaokao.keys"
    with open(path, encoding="utf-8") as file:
        right = file.read()

    def with_file(text, *words):
        os.unlink(path)
        if text is not None:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        code, _, err = i.ctl(*words)
        if text is None:
            assert not os.path.exists(path), f"{words} made a key file"
            open(path, "w", encoding="utf-8").close()
        return code, err

    lines = right.splitlines(keepends=True)
    slip = next(n for n, line in enumerate(lines) if line.startswith("slip1 "))
    words = lines[slip].split(" ")
    other = ("B" if words[5][0] == "A" else "A") + words[5][1:]
    swapped = "".join(lines[:slip] + [" ".join(words[:5] + [other])] + lines[slip + 1:])
    cut = "".join(lines[:slip] + lines[slip + 1:])
    renamed = right.replace("slip1 ", "slip7 ")
    try:
        for words in (["key", "check"], ["season", "list"], ["init"]):
            code, err = with_file(swapped, *words)
            assert code == 4 and "'slip1' is not the one" in err, (words, code, err)
            code, err = with_file(renamed, *words)
            assert code == 4 and "'slip1' is missing" in err, (words, code, err)
            code, err = with_file(cut, *words)
            assert code == 4 and "slip" in err, (words, code, err)
            code, err = with_file(None, *words)
            assert code == 4 and "keys" in err, (words, code, err)
        code, err = with_file(cut, "key", "create", "slip")
        assert code == 4 and "'slip1' is missing" in err, (code, err)
        code, err = with_file(swapped, "check")
        same(code, 1, "check with a wrong key")
    finally:
        os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(right)
    i.must("key", "check")


@test
def a_key_changes_by_steps_of_gaokaoctl(i):
    path = f"{i.dir}/keys/gaokao.keys"

    def keys():
        return {key["id"]: key["state"] for key in i.json("key", "list")[1]["keys"]}

    same(i.ctl("key", "create", "door")[0], 2, "an unknown purpose")
    same(i.ctl("key", "activate", "cookie")[0], 1, "nothing to activate")
    same(i.ctl("key", "retire", "cookie")[0], 1, "nothing to retire")
    same(i.json("key", "create", "cookie")[1], {"key": "cookie2"})
    same(i.ctl("key", "create", "cookie")[0], 1, "a second new key")
    with open(path, encoding="utf-8") as file:
        before = file.read()
    i.must("key", "activate", "cookie")
    same((keys()["cookie1"], keys()["cookie2"]), ("old", "active"))
    # a file from before: it lacks nothing it ever needed, but the database knows the key as active
    with open(path, encoding="utf-8") as file:
        after = file.read()
    i.must("key", "retire", "cookie", "cookie1")
    same(keys()["cookie1"], "gone")
    with open(path, encoding="utf-8") as file:
        now = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(before)
    code, _, err = i.ctl("key", "check")
    assert code == 4 and "older than the database" in err, (code, err)
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)
    i.must("key", "check")
    with open(path, "w", encoding="utf-8") as file:
        file.write(now)
    i.must("key", "check")
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of the key file")
    code, status, _ = i.json("key", "status")
    same(code, 0)
    assert next(k for k in status["keys"] if k["id"] == "data1")["uses"] >= 0, status


@test
def a_key_file_from_before_a_purpose_names_the_command(i):
    path = f"{i.dir}/keys/gaokao.keys"
    with open(path, encoding="utf-8") as file:
        right = file.read()
    if i.engine == "pgsql":
        i.psql(f"DELETE FROM {i.schema}.key_check")
    else:
        i.sql("DELETE FROM key_check", write=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line for line in right.splitlines(keepends=True) if " spool " not in line))
    code, _, err = i.ctl("season", "list")
    assert code == 4 and "gaokaoctl key create spool" in err, (code, err)
    i.must("key", "create", "spool")
    i.must("key", "check")
    i.must("season", "list")


@test
def the_tree_loads_twice_without_change(i):
    code, first, _ = i.json("load-orgs")
    same((code, first), (0, {"units": 137, "added": 137, "renamed": 0}))
    code, second, _ = i.json("load-orgs")
    same((code, second), (0, {"units": 137, "added": 0, "renamed": 0}))
    same(i.sql("SELECT path, name FROM org WHERE code = '430102'"), ["/43/4301/430102/", "芙蓉区"])


@test
def a_wrong_tree_is_refused_whole(i):
    path = f"{i.dir}/tree.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write("code,name,level,parent\n430000,湖南,province,\n430199,乱县,county,430100\n")
    code, _, err = i.ctl("load-orgs", path)
    same(code, 1, "exit code")
    assert "line 3" in err, err
    same(i.sql("SELECT name FROM org WHERE code = '43'"), ["湖南省"])


@test
def packs_are_checked_and_stored_once(i):
    for name in ("hunan-2014", "hunan-2025"):
        code, pack, err = i.json("load-pack", f"{ROOT}/conf/packs/{name}.xml")
        same((code, pack.get("stored")), (0, True), err)
        same(i.json("load-pack", f"{ROOT}/conf/packs/{name}.xml")[1]["stored"], False)
    bad = f"{i.dir}/bad.xml"
    with open(f"{ROOT}/conf/packs/hunan-2025.xml", encoding="utf-8") as source, open(bad, "w", encoding="utf-8") as file:
        file.write(source.read().replace("not(id_number)", "not(no_such_field)", 1))
    code, _, err = i.ctl("load-pack", bad)
    same(code, 1, "exit code of a bad pack")
    assert "no_such_field" in err, err


@test
def the_season_takes_the_newest_pack_and_its_days(i):
    code, season, err = i.json("season")
    same((code, season.get("year"), season.get("pack")), (0, 2025, "hunan-2025"), err)
    windows = int(i.sql("SELECT count(*) FROM open_window")[0])
    assert windows >= 9, windows
    same(i.ctl("season", "--starts", "2026-11-01")[0], 0)
    same(int(i.sql("SELECT count(*) FROM open_window")[0]), windows, "windows after a new first day")
    same(i.ctl("season", "--real")[0], 1, "a real season in a demonstration")
    same([i.ctl(*words)[0] for words in (["season", "--starts", "soon"], ["demo", "--candidates", "many"])], [2, 2])


# ---- a demonstration ----------------------------------------------------------------------------------------------------


@test
def demo_fills_the_season(i):
    logins = f"{i.dir}/data/logins.json"
    code, made, err = i.json("demo", "--candidates", str(CANDIDATES), "--logins", logins)
    same((code, made.get("candidates")), (0, CANDIDATES), err)
    same(stat.S_IMODE(os.stat(logins).st_mode), 0o600, "mode of the logins")
    with open(logins, encoding="utf-8") as file:
        rows = json.load(file)
    same(sorted(rows), ["approver", "auditor", "candidate", "city", "county", "export", "point", "province", "reviewer"])
    same([role for role in rows if "totp_secret" in rows[role]], ["province", "approver", "city"])
    same(len({row["password"] for row in rows.values()}), 9, "different passwords")
    assert all(row["org"]["code"] and row["login"] for row in rows.values()), rows
    old = int(i.sql("SELECT max(created_us) FROM account WHERE login LIKE 'demo-%'")[0])
    assert old < (time.time() - 29 * 86400) * 1e6, "accounts are dated 30 days back"


@test
def every_state_is_there(i):
    states = ["accepted", "allocated", "card_printed", "confirmed", "filling", "identified", "proofed", "reviewed", "submitted",
              "waiting", "withdrawn"]
    for state in states:
        assert int(i.sql(f"SELECT count(*) FROM candidate WHERE state = '{state}'")[0]) > 0, state
    same(int(i.sql("SELECT count(DISTINCT state) FROM candidate")[0]), len(states))


@test
def rows_agree_with_states(i):
    zero = {
        "a number and no account": "candidate c WHERE number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM account a "
                                   "WHERE a.candidate_id = c.id AND a.login = c.number)",
        "paid without a fee": "candidate c WHERE fee_state = 'paid' AND NOT EXISTS (SELECT 1 FROM fee f "
                              "WHERE f.candidate_id = c.id AND f.fen = c.fee_fen AND f.cancelled_us = 0)",
        "confirmed without confirmation": "candidate c WHERE state IN ('confirmed', 'submitted', 'accepted') AND NOT EXISTS "
                                          "(SELECT 1 FROM confirmation f JOIN proof p ON p.id = f.proof_id "
                                          "WHERE f.candidate_id = c.id AND p.digest = f.digest AND p.version = c.confirmed_version)",
        "handed in without a number": "candidate WHERE state IN ('submitted', 'accepted') AND candidate_number IS NULL",
        "numbers outside their range": "candidate c JOIN number_range r ON r.id = c.range_id WHERE substr(c.number, 1, 4) <> "
                                       "r.county_code OR CAST(substr(c.number, 5) AS INTEGER) NOT BETWEEN r.first AND r.next - 1",
        "ranges with a gap": "number_range r WHERE r.next - r.first <> (SELECT count(*) FROM candidate c WHERE c.range_id = r.id)",
        "twins without a mark": "candidate c WHERE twin_flag = 0 AND EXISTS (SELECT 1 FROM candidate d "
                                "WHERE d.twin_index = c.twin_index AND d.id <> c.id)",
    }
    for what, query in zero.items():
        same(int(i.sql(f"SELECT count(*) FROM {query}")[0]), 0, what)


@test
def demo_does_not_run_twice(i):
    code, _, err = i.ctl("demo", "--candidates", "10")
    same(code, 1, "exit code")
    assert str(CANDIDATES) in err, err


@test
def check_finds_a_good_instance(i):
    code, report, err = i.json("check")
    assert code == 0 and report["good"], (report, err)
    same({"config", "keys", "plugins", "database", "schema", "writing", "season", "pack", "ranges", "tally"}
         - {item["what"] for item in report["items"]}, set(), "items that are missing")


@test
def check_finds_wrong_counts_and_settings(i):
    i.sql("UPDATE tally SET filling = filling + 1 WHERE filling > 0 RETURNING n")
    code, report, _ = i.json("check")
    same((code, [x["what"] for x in report["items"] if not x["good"]]), (1, ["tally"]))
    i.sql("UPDATE tally SET filling = filling - 1 WHERE filling > 1 RETURNING n")
    i.conf(plugins="policy_xpath no_such")
    code, report, _ = i.json("check")
    same((code, [x["what"] for x in report["items"] if not x["good"]]), (1, ["plugins"]))
    i.conf(db_engine="oracle")
    same(i.ctl("account", "list")[0], 4, "exit code of a wrong setting")
    i.conf(db_engine="pgsql", db_params="host=/nowhere dbname=x")
    same(i.ctl("upgrade")[0], 3, "exit code without database")
    i.conf()


@test
def lists_and_one_record(i):
    number = i.sql("SELECT number FROM candidate WHERE state = 'confirmed' ORDER BY id LIMIT 1")[0]
    code, record, err = i.json("candidate", "show", number)
    same((code, record.get("number"), record.get("state")), (0, number, "confirmed"), err)
    assert record["fields"]["name"] and len(record["fields"]["id_number"]) == 18
    same(int(i.sql("SELECT count(*) FROM audit WHERE action = 'candidate.read'")[0]), 1, "audit rows of the look")
    same(i.ctl("candidate", "show", "99999999")[0], 1)
    ranges = i.json("range", "list", "--org", "430102")[1]
    assert ranges and all(r["point"].startswith("430102") for r in ranges)
    accounts = i.json("account", "list", "--role", "province")[1]
    same([a["login"] for a in accounts], ["demo-approver", "demo-province"])
    same([p["name"] for p in i.json("plugins", "list")[1]], PLUGINS)


@test
def accounts_are_made_with_an_initial_password(i):
    code, made, err = i.json("account", "create", "--role", "province", "--login", "hn.admin", "--totp")
    same(code, 0, err)
    same((len(made["initial_password"]), made["org"]), (10, "43"))
    assert made["totp_secret"]
    same(i.ctl("account", "create", "--role", "province", "--login", "hn.admin")[0], 1, "the same login again")
    same(i.ctl("account", "create", "--role", "county", "--login", "x123")[0], 2, "a county without unit")


# ---- jobs ---------------------------------------------------------------------------------------------------------------


@test
def worker_exports_what_is_there(i):
    handed, everybody = i.queue({"state": None}), i.queue({"state": "any"})
    art = i.queue({"kind": "art", "state": "any", "org": "4301"})
    worker = i.worker("--once")
    same(worker.wait(timeout=60), 0, worker.stderr.read())
    for job, where in ((handed, "state IN ('submitted', 'accepted')"), (everybody, "state <> 'withdrawn' AND number IS NOT NULL"),
                       (art, "state <> 'withdrawn' AND number IS NOT NULL AND art = 1 AND org_path LIKE '/43/4301/%'")):
        state, done, total, attempts, text, error = i.job(job)
        same((state, attempts), ("done", "1"), error)
        info, path = json.loads(text), f"{i.dir}/data/spool/job-{job}.xml"
        with open(path, "rb") as file:
            assert b"<candidate" not in file.read(), "the file lies in clear"
        body = i.must("job", "fetch", str(job)).encode()
        same(hashlib.sha256(body).hexdigest(), info["digest"], "digest")
        same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of the file")
        tree = ET.fromstring(body)
        numbers = [c.get("number") for c in tree.iter(EXPORT + "candidate")]
        wanted = int(i.sql(f"SELECT count(*) FROM candidate WHERE {where}")[0])
        same((len(numbers), len(set(numbers)), info["candidates"], int(done), int(total)), (wanted,) * 5, where)
        if shutil.which("xmllint"):
            subprocess.run(["xmllint", "--noout", "--schema", f"{ROOT}/conf/schema/candidates.xsd", "-"], check=True,
                           input=body, capture_output=True)
    same(int(i.sql("SELECT count(*) FROM audit WHERE action = 'export.candidates'")[0]), 3, "audit rows")


@test
def photo_check_says_what_the_service_would_say(i):
    """Without photo plugins nothing is called fine; what is no picture is blocked by its code; both outputs are written."""
    row = b"\0" + bytes((240, 240, 240)) * 480
    chunk = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    picture, drawn, stored = (f"{i.dir}/{name}" for name in ("a.png", "drawn.png", "stored.jpg"))
    with open(picture, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 480, 640, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(row * 640)) + chunk(b"IEND", b""))
    code, report, _ = i.json("photo", "check", picture, "--png", drawn, "--jpeg", stored)
    same((code, report["verdict"], report["profile"]), (0, "unchecked", "moe-480x640"))
    same({f["code"] for f in report["findings"]}, {"face", "quality", "file"})
    with open(drawn, "rb") as file:
        same(file.read(8), b"\x89PNG\r\n\x1a\n")
    with open(stored, "rb") as file:
        body = file.read()
    same((hashlib.sha256(body).hexdigest(), body[:3]), (report["normalised"]["sha256"], b"\xff\xd8\xff"))
    code, report, _ = i.json("photo", "check", f"{i.dir}/gaokao.conf", "--png", f"{i.dir}/none.png")
    same((code, report["verdict"], report["findings"][0]["code"]), (1, "block", "file-type"))
    assert not os.path.exists(f"{i.dir}/none.png")
    same(i.json("photo", "check", f"{i.dir}/not-there")[0], 1)


@test
def killed_workers_job_is_taken_up(i):
    job = i.queue({"state": "any"})
    worker = i.worker()
    i.wait(job, ("running", "done"))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    if i.job(job)[0] == "done": # it was faster than the signal: as if it had died a moment earlier
        i.sql(f"UPDATE job SET state = 'running', result = NULL WHERE id = {job} RETURNING id")
    i.sql(f"UPDATE job SET lease_until_us = 1, lease_owner = 'dead' WHERE id = {job} RETURNING id")
    second = i.worker()
    row = i.wait(job, ("done", "failed"))
    second.terminate()
    same(second.wait(timeout=10), 0, "exit code after SIGTERM")
    same((row[0], row[3]), ("done", "2"), row)
    same([f for f in os.listdir(f"{i.dir}/data/spool") if f.endswith(".part") and f.startswith(f"job-{job}.")][1:], [],
         "halves of files")


@test
def switched_off_owner_gets_nothing(i):
    i.sql("UPDATE account SET enabled = 0 WHERE login = 'demo-export' RETURNING id")
    job = i.queue({"state": "any"})
    worker = i.worker("--once")
    worker.wait(timeout=60)
    row = i.job(job)
    same(row[0], "failed", row)
    same(json.loads(row[5])["code"], "forbidden")
    i.sql("UPDATE account SET enabled = 1 WHERE login = 'demo-export' RETURNING id")


def suite(engine):
    instance = Instance(engine)
    try:
        for function in TESTS:
            title = f"{engine}: {function.__name__.replace('_', ' ')}"
            try:
                function(instance)
                result(True, title)
            except Exception as error:  # pylint: disable=broad-except
                result(False, title, f"{type(error).__name__}: {error}")
    finally:
        instance.close()


if not os.path.exists(f"{BUILD}/gaokaoctl") or not os.path.exists(f"{BUILD}/gaokao-worker"):
    skip("gaokaoctl", "it is not built")
else:
    suite("sqlite")
    if os.environ.get("GK_TEST_PGSQL") and shutil.which("psql"):
        suite("pgsql")
    else:
        skip("PostgreSQL", "GK_TEST_PGSQL or psql is missing")
print(f"1..{count}")
sys.exit(1 if failed else 0)
