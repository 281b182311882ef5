"""The province's pulls (docs/province.md): parts from one snapshot, the same bytes whoever breaks off and comes back, deltas whose sum is
a full pull while people write (DI-11, DI-12), a signed manifest, receipts."""
import concurrent.futures
import glob
import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import threading
import time

import pytest

from badproxy import BadProxy
from gk_client import Client
from gk_instance import ROOT, Instance
from gk_picture import accepted
from gk_world import id_number, reading, sql, staff

NAMESPACE = "{urn:gaokao:export:1}"
# The long form: GK_PULL_CANDIDATES=20000 (docs/performance.md says what became of it).
CANDIDATES = int(os.environ.get("GK_PULL_CANDIDATES", "300"))
SMALL = max(25, CANDIDATES // 100)  # records a part: several parts of few records


class Province:
    """The province's side: starts pulls, fetches them, keeps what it has by registration number."""

    def __init__(self, site):
        self.site = site
        self.client = Client(site).sign_in(site.logins()["export"])
        self.records = {}    # number -> (version, state, the element's text)
        self.doubled = []

    def start(self, **wish):
        return self.client.post("/export/pulls", {"part_records": SMALL, **wish}, expect=201).json()

    def ready(self, pull):
        def over():
            return self.client.get(f"/export/pulls/{pull['id']}", expect=200).json()["state"] != "writing"
        self.site.wait(over, 120, "the pull is written")
        done = self.client.get(f"/export/pulls/{pull['id']}", expect=200).json()
        assert done["state"] == "ready", done
        return done

    def pull(self, **wish):
        return self.ready(self.start(**wish))

    def part(self, pull, n, **headers):
        return self.client.get(f"/export/pulls/{pull['id']}/parts/{n}", headers=headers)

    def manifest(self, pull):
        return self.client.get(f"/export/pulls/{pull['id']}/manifest.xml", expect=200).body

    def documents(self, pull):
        for part in pull["parts"]:
            reply = self.part(pull, part["n"])
            assert reply.status == 200 and len(reply.body) == part["bytes"]
            assert hashlib.sha256(reply.body).hexdigest() == part["sha256"]
            yield reply.body

    def save(self, pull, folder):
        os.makedirs(folder, exist_ok=True)
        manifest = self.manifest(pull)
        with open(os.path.join(folder, "manifest.xml"), "wb") as file:
            file.write(manifest)
        names = re.findall(r'<part n="\d+" name="([^"]+)"', manifest.decode())
        for name, body in zip(names, self.documents(pull)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(body)
        return folder

    def take(self, pull):
        """What a pull says goes into what is kept; *doubled: what was there in just this version."""
        if pull["content"] == "full":
            self.records = {}
        seen = records_of(self.documents(pull))
        for number, (version, state, change, text) in seen.items():
            if change == "withdrawn":
                self.records.pop(number, None)
                continue
            if pull["content"] == "changes" and self.records.get(number, (None,))[0] == version:
                self.doubled.append(number)
            self.records[number] = (version, state, text)
        return seen


def records_of(bodies):
    found = {}
    for body in bodies:
        for match in re.finditer(rb'<candidate number="(\d+)" state="(\w+)" point="\d+" version="(\d+)"( change="(\w+)")?(/>|>(.*?)</candidate>)',
                                 body, re.S):
            number = match.group(1).decode()
            assert number not in found, number
            found[number] = (int(match.group(3)), match.group(2).decode(), (match.group(5) or b"").decode(), match.group(7))
    return found


def xmllint(schema, *files):
    done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "conf", "schema", schema), *files], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[:2000]


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, **more)


def prove(site, folder, key):
    """gaokaoctl export verify, as the province runs it: beside no instance."""
    return run(site.path("app", "bin", "gaokaoctl"), "export", "verify", folder, "--key", key, "--json")


@pytest.fixture(scope="module")
def province(engine):
    site = Instance.create("pull", engine, candidates=CANDIDATES)
    try:
        yield Province(site)
    finally:
        site.close()


@pytest.fixture(scope="module")
def key(province, tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "export.pem"
    path.write_text(province.site.ctl("export", "key").stdout)
    return str(path)


# ---- one pull ----------------------------------------------------------------------------------------------

def test_whole_verified_and_the_same_after_breaks(province, key, tmp_path):
    pull = province.pull(compression="none")
    expected = {line.split("|")[0]: int(line.split("|")[1]) for line in
                sql(province.site, "SELECT number || '|' || version FROM candidate WHERE state IN ('submitted', 'accepted')")}
    assert len(expected) > SMALL and pull["part_count"] == -(-len(expected) // SMALL)
    folder = province.save(pull, str(tmp_path / "pull"))
    seen = province.take(pull)
    assert {number: one[0] for number, one in seen.items()} == expected and pull["records"] == len(expected)
    # Twice the line breaks; what was missing comes by Range, and later everything still comes out the same.
    path = f"/api/v1/export/pulls/{pull['id']}/parts/1"
    got = b""
    for stop in (1000, 20000, None):
        cookies = "; ".join(f"{k}={v}" for k, v in province.client.cookies.items())
        line = province.site.connect()
        line.request("GET", path, headers={"Cookie": cookies, "Range": f"bytes={len(got)}-", "If-Range": f'"{pull["parts"][0]["sha256"]}"'})
        reply = line.getresponse()
        assert reply.status == 206 and reply.headers["Content-Range"].startswith(f"bytes {len(got)}-"), reply.headers
        got += reply.read() if stop is None else reply.read(stop - len(got))
        line.close()
    assert hashlib.sha256(got).hexdigest() == pull["parts"][0]["sha256"]
    size = pull["parts"][0]["bytes"]
    for words, status, begin, end in ((f"bytes=5-{size - 6}", 206, 5, size - 5), ("bytes=-7", 206, size - 7, size), ("bytes=0-0", 206, 0, 1),
                                      (f"bytes=3-{size + 99}", 206, 3, size), ("bytes=9-3", 200, 0, size), ("bytes=1-2,4-5", 200, 0, size),
                                      ("lines=1-2", 200, 0, size), (f"bytes={size}-", 416, 0, 0), ("bytes=-0", 416, 0, 0)):
        reply = province.part(pull, 1, Range=words)
        assert (reply.status, reply.body) == (status, got[begin:end]), words
    assert province.part(pull, 1, Range="bytes=0-9", **{"If-Range": '"other"'}).status == 200
    # The tools of an integrator.
    xmllint("candidates.xsd", *sorted(glob.glob(folder + "/candidates-*.xml")))
    xmllint("manifest.xsd", folder + "/manifest.xml")
    verify = ["xmlsec1", "--verify", "--enabled-key-data", "key-name", "--pubkey-pem:export1", key, folder + "/manifest.xml"]
    assert run(*verify).returncode == 0
    told = json.loads(prove(province.site, folder, key).stdout)
    assert told["good"] and told["manifest_sha256"] == pull["manifest_sha256"] and told["records"] == pull["records"]
    # Counts of the manifest against a query of our own.
    text = province.manifest(pull).decode()
    county = {}
    for code, records, submitted in re.findall(r'<county code="(\d+)" records="(\d+)" submitted="(\d+)"', text):
        assert records == submitted
        county[code] = int(records)
    rows = sql(province.site, "SELECT substr(o.code, 1, 6), count(*) FROM candidate c JOIN org o ON o.id = c.org_id"
               " WHERE c.state IN ('submitted', 'accepted') GROUP BY 1")
    assert county == {line.split("|")[0]: int(line.split("|")[1]) for line in rows}


def test_tampered_or_signed_by_a_stranger(province, key, tmp_path):
    pull = province.pull(compression="gzip")
    folder = province.save(pull, str(tmp_path / "pull"))
    path = folder + "/manifest.xml"
    with open(path, encoding="utf-8") as file:
        good = file.read()

    def verdict(text=None):
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        ours = prove(province.site, folder, key).returncode
        tool = run("xmlsec1", "--verify", "--enabled-key-data", "key-name", "--pubkey-pem:export1", key, path).returncode
        return ours, tool != 0

    assert verdict() == (0, False)
    assert verdict(good.replace('records="', 'records="1', 1)) == (1, True)
    # A stranger changes a number and signs again, with the own key inside: pinning refuses it (libraries' preset would not).
    stranger = str(tmp_path / "stranger.pem")
    assert run("openssl", "genrsa", "-traditional", "-out", stranger, "3072").returncode == 0
    template = good.replace('withdrawn="0"', 'withdrawn="7"', 1).replace("#ecdsa-sha256", "#rsa-sha256")
    template = re.sub(r"<DigestValue>[^<]*", "<DigestValue>", template)
    template = re.sub(r"<SignatureValue>[^<]*", "<SignatureValue>", template).replace("<KeyInfo>", "<KeyInfo><KeyValue/>")
    (tmp_path / "template.xml").write_text(template)
    done = run("xmlsec1", "--sign", "--privkey-pem", stranger, "--output", path, str(tmp_path / "template.xml"))
    assert done.returncode == 0, done.stderr
    assert run("xmlsec1", "--verify", "--pubkey-pem", key, path).returncode == 0, "the trap that docs/province.md warns of is gone"
    assert verdict() == (1, True)
    with open(path, encoding="utf-8") as file:
        assert verdict(re.sub(r"<KeyValue>.*?</KeyValue>", "", file.read(), flags=re.S)) == (1, True)
    # Another algorithm, another reference, a second signature: our form or none.
    for text in (good.replace("ecdsa-sha256", "ecdsa-sha1"), good.replace('URI=""', 'URI="#x"'),
                 good.replace("</manifest>", re.search(r"<Signature .*</Signature>", good, re.S).group(0) + "</manifest>"),
                 re.sub(r"<Signature .*</Signature>", "", good, flags=re.S)):
        assert verdict(text)[0] == 1
    # A part that is cut, changed or missing.
    assert verdict(good) == (0, False)
    part = sorted(glob.glob(folder + "/candidates-*.xml.gz"))[0]
    with open(part, "rb") as file:
        body = file.read()
    for bad in (body[:-1], body[:100] + bytes([body[100] ^ 1]) + body[101:], None):
        os.unlink(part)
        if bad is not None:
            with open(part, "wb") as file:
                file.write(bad)
        done = prove(province.site, folder, key)
        assert done.returncode == 1 and os.path.basename(part) in done.stdout, done


@pytest.mark.parametrize("compression,tool", [("gzip", ["gzip", "-dc"]), ("zstd", ["zstd", "-dcq"])])
def test_compressed_and_in_gb18030(province, tmp_path, compression, tool):
    # A name beyond GBK stands there true, and in the ministry's way beside it.
    plain = b"".join(province.documents(province.pull()))
    pull = province.pull(compression=compression, encoding="GB18030")
    folder = province.save(pull, str(tmp_path / "pull"))
    text = b""
    for file in sorted(glob.glob(folder + "/candidates-*")):
        done = subprocess.run([*tool, file], capture_output=True, check=True, timeout=60)
        (tmp_path / "one.xml").write_bytes(done.stdout)
        assert done.stdout.startswith(b'<?xml version="1.0" encoding="GB18030"?>')
        xmllint("candidates.xsd", str(tmp_path / "one.xml"))
        text += done.stdout
    strip = lambda whole: re.findall(r"<candidate number.*?</candidate>", whole, re.S)  # noqa: E731
    assert strip(text.decode("gb18030")) == strip(plain.decode("utf-8"))


# ---- marks -------------------------------------------------------------------------------------------------

class Load:
    """People at work: a point enters appraisals; a county returns another point, which submits again, so that all records of it move
    at once."""

    def __init__(self, site, top, name):
        self.stop = threading.Event()
        self.done = {"appraisals": 0, "moves": 0}
        self.point = top.items("/submissions?kind=all&level=point&state=submitted")[0]["org"]
        self.boss = staff(site, "county", self.point["code"][:6], f"{name}-county")
        self.operator = staff(site, "point", self.point["code"], f"{name}-point")
        self.writer = Client(site).sign_in(site.logins()["point"])
        self.written = [c["id"] for c in self.writer.items("/candidates") if c["state"] in ("filling", "proofed", "confirmed")]
        assert self.written

    def give_back(self):
        one = next(s for s in self.boss.items("/submissions?kind=all&state=submitted") if s["org"]["id"] == self.point["id"])
        self.boss.post(f"/submissions/{one['id']}/return", {"reason": "核对后重报"}, version=one["version"], expect=200)

    def move(self):
        for _ in range(200):
            if self.stop.is_set():
                return
            self.give_back()
            self.operator.post("/submissions", {"kind": "all"}, expect=201)
            self.done["moves"] += 2

    def write(self):
        for n in range(100000):
            if self.stop.is_set():
                return
            candidate = self.written[n % len(self.written)]
            etag = self.writer.get(f"/candidates/{candidate}", expect=200).headers["ETag"]
            self.writer.put(f"/candidates/{candidate}/appraisal", {"fields": {"remark": f"该生遵守纪律，第{n}次补录。"}}, version=etag, expect=200)
            self.done["appraisals"] += 1


def test_sum_of_changes_is_the_whole_while_people_write(province):
    """Two receivers: one takes what was handed in, where a returned point is withdrawn; one takes everybody."""
    site = province.site
    load = Load(site, Client(site).sign_in(site.logins()["province"]), "sum")
    sides = {"default": Province(site), "any": Province(site)}
    last = {}
    for states, side in sides.items():
        last[states] = side.pull(**({} if states == "default" else {"states": states}))
        side.take(last[states])
    there = [number for number, code in number_point(site).items() if code == load.point["code"]]
    changed = withdrawn = 0

    def step():
        nonlocal changed, withdrawn
        for states, side in sides.items():
            last[states] = side.pull(since=last[states]["mark"])
            changed += len(side.take(last[states]))
            withdrawn += last[states]["withdrawn"]
            # One snapshot over all parts: a point that moves at once is never seen half-way, and the counts are those of this moment.
            assert len({side.records[n][1] if n in side.records else None for n in there}) == 1
            counts = int(re.search(r'<counts records="(\d+)"', side.manifest(last[states]).decode()).group(1))
            assert counts == len(side.records)

    with concurrent.futures.ThreadPoolExecutor(2) as people:
        work = [people.submit(load.move), people.submit(load.write)]
        try:
            for _ in range(5):
                before = dict(load.done)
                site.wait(lambda: all(load.done[k] > before[k] + 1 for k in before) or any(w.done() for w in work), 60, "people write")
                step()
        finally:
            load.stop.set()
        for one in work:
            one.result(timeout=120)
    load.give_back()  # whatever the pulls met meanwhile: this one is seen as withdrawn
    step()
    load.operator.post("/submissions", {"kind": "all"}, expect=201)
    step()
    assert changed > len(there) and withdrawn > 0
    for states, side in sides.items():
        assert not side.doubled
        merged = dict(side.records)
        whole = side.pull(**({} if states == "default" else {"states": states}))
        side.take(whole)
        assert side.records == merged
        again = side.pull(since=whole["mark"])
        assert (again["records"], again["withdrawn"], again["part_count"]) == (0, 0, 1)
        xmllint_parts(side, last[states])


def xmllint_parts(side, pull):
    for body in side.documents(pull):
        done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "conf", "schema", "candidates.xsd"), "-"], input=body,
                              capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[:1000]


def number_point(site, cache={}):  # pylint: disable=dangerous-default-value
    if site not in cache:
        cache[site] = dict(line.split("|") for line in sql(site, "SELECT c.number, o.code FROM candidate c JOIN org o ON o.id = c.org_id"
                                                           " WHERE c.number IS NOT NULL"))
    return cache[site]


def test_transaction_open_across_two_pulls(province):
    """DI-11. SQLite has one writer at a time, so nothing can be open there while a pull begins."""
    if province.site.engine == "sqlite":
        pytest.skip("PostgreSQL only: writers of SQLite wait for each other")
    base = province.pull()
    number = sorted(province.take(base))[0]
    with open(province.site.path("gaokao.conf"), encoding="utf-8") as file:
        params = next(line.split(" = ", 1)[1].strip() for line in file if line.startswith("db_params"))
    with subprocess.Popen(["psql", "-XAtq", params], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as late:
        late.stdin.write(f"BEGIN; UPDATE candidate SET version = version + 1 WHERE number = '{number}' RETURNING version;\n")
        late.stdin.flush()
        version = int(late.stdout.readline())
        first = province.pull(since=base["mark"])
        assert number not in province.take(first)
        second_base = first["mark"]
        late.stdin.write("COMMIT;\n")
        late.stdin.close()
        late.wait(30)
    second = province.take(province.pull(since=second_base))
    assert second[number][0] == version and set(second) == {number}


def test_marks_that_are_none(province):
    pull = province.pull()
    year, database, timeline, number, token = pull["mark"].split(".")
    for mark, status, code in (("x", 422, "invalid"), (pull["mark"] + ".1", 422, "invalid"), (f"{year}.{database}.1.99999999999999999999.{token}", 422, "invalid"),
                               (f"{int(year) - 1}.{database}.{timeline}.{number}.{token}", 409, "wrong-state"),
                               (f"{year}.{'0' * 16}.{timeline}.{number}.{token}", 410, "gone"),
                               (f"{year}.{database}.{int(timeline) + 1}.{number}.{token}", 410, "gone"),
                               (f"{year}.{database}.{timeline}.{int(number) + 1000}.{token}", 422, "invalid"),
                               (f"{year}.{database}.{timeline}.{number}.{'0' * 8}", 410, "gone")):
        reply = province.client.post("/export/pulls", {"since": mark}, expect=status)
        assert reply.json()["code"] == code, (mark, reply)
    reply = province.client.post("/export/pulls", {"since": pull["mark"], "kind": "art"}, expect=422).json()
    assert reply["violations"][0]["pointer"] == "/since"
    # Changes of a part of the province, by the mark of that part.
    some = province.client.post("/export/pulls", {"org": "4308"}, expect=201).json()
    some = province.ready(some)
    assert 0 < some["records"] < pull["records"]
    change = province.pull(since=some["mark"])
    assert (change["org"], change["records"]) == ("4308", 0)


def test_all_of_it_under_write_load(province, key, tmp_path):
    """Done when: everybody is pulled while people write, the line breaks twice, the rest comes, signature and schema are right, and a query
    of our own finds just these rows; then changes and withdrawals on top are the same as a new full pull. Long: GK_PULL_CANDIDATES=20000."""
    site = province.site
    load = Load(site, Client(site).sign_in(site.logins()["province"]), "whole")
    side = Province(site)
    moving = {number for number, code in number_point(site).items() if code == load.point["code"]}
    quiet = ("SELECT c.number || '|' || c.version || '|' || c.state FROM candidate c JOIN org o ON o.id = c.org_id WHERE c.number IS NOT NULL AND c.state <> 'withdrawn'"
             f" AND o.code <> '{load.point['code']}' AND c.id NOT IN ({', '.join(map(str, load.written))})")
    with concurrent.futures.ThreadPoolExecutor(2) as people:
        work = [people.submit(load.move), people.submit(load.write)]
        try:
            site.wait(lambda: all(n > 1 for n in load.done.values()) or any(w.done() for w in work), 60, "people write")
            pull = side.pull(states="any", compression="none")
            wrote = dict(load.done)
            folder = tmp_path / "pull"
            folder.mkdir()
            (folder / "manifest.xml").write_bytes(side.manifest(pull))
            names = re.findall(r'<part n="\d+" name="([^"]+)"', (folder / "manifest.xml").read_text())
            for part, name in zip(pull["parts"], names):
                body = broken_part(site, side.client, pull, part, (part["bytes"] // 3, part["bytes"] // 2) if part["n"] == 1 else ())
                assert hashlib.sha256(body).hexdigest() == part["sha256"]
                (folder / name).write_bytes(body)
            expected = {line.split("|")[0]: tuple(line.split("|")[1:]) for line in sql(site, quiet)}
        finally:
            load.stop.set()
        for one in work:
            one.result(timeout=120)
    assert load.done["moves"] > wrote["moves"] and load.done["appraisals"] > wrote["appraisals"], "people wrote while the parts were fetched"
    assert json.loads(prove(site, str(folder), key).stdout)["good"]
    verify = ["xmlsec1", "--verify", "--enabled-key-data", "key-name", "--pubkey-pem:export1", key, str(folder / "manifest.xml")]
    assert run(*verify).returncode == 0
    xmllint("candidates.xsd", *[str(folder / name) for name in names])
    bodies = [(folder / name).read_bytes() for name in names]
    seen = records_of(bodies)
    # Who nobody wrote to stands there in just that version; who moved as one is there as one; who was written to is there once.
    written = {line for line in sql(site, f"SELECT number FROM candidate WHERE id IN ({', '.join(map(str, load.written))})")}
    assert {number: (str(one[0]), one[1]) for number, one in seen.items() if number not in moving | written} == expected
    assert len({seen[number][1] for number in moving}) == 1 and written <= set(seen)
    assert len(seen) == pull["records"] == len(expected) + len(moving) + len(written)
    # Changes and withdrawals, then the whole again.
    side.records = {number: (one[0], one[1], one[3]) for number, one in seen.items()}
    gone = load.written[0]
    etag = load.writer.get(f"/candidates/{gone}", expect=200).headers["ETag"]
    load.writer.post(f"/candidates/{gone}/withdrawal", {"reason": "放弃报名"}, version=etag, expect=200)
    side.take(side.pull(since=pull["mark"]))
    merged = dict(side.records)
    side.take(side.pull(states="any"))
    assert side.records == merged


# ---- its end -----------------------------------------------------------------------------------------------

def test_receipt(province):
    site = province.site
    pull = province.pull()
    seen = province.take(pull)
    waiting = [number for number, one in seen.items() if one[1] == "submitted"]
    assert waiting
    # A point gets its records back before the province says that it has them.
    top = Client(site).sign_in(site.logins()["province"])
    given = top.items("/submissions?kind=all&level=point&state=submitted")[-1]
    back = [number for number, code in number_point(site).items() if code == given["org"]["code"]]
    boss = staff(site, "county", given["org"]["code"][:6], "receipt-county")
    boss.post(f"/submissions/{given['id']}/return", {"reason": "照片有误"}, version=given["version"], expect=200)
    path = f"/export/pulls/{pull['id']}/receipt"
    province.client.post(path, {"manifest_sha256": "0" * 64}, version=pull["version"], expect=422)
    province.client.post(path, {"manifest_sha256": pull["manifest_sha256"]}, version=pull["version"] + 1, expect=412)
    reply = province.client.post(path, {"manifest_sha256": pull["manifest_sha256"]}, version=pull["version"], expect=200).json()
    assert sorted(c["number"] for c in reply["changed_since"]) == sorted(back) and {c["state"] for c in reply["changed_since"]} == {"confirmed"}
    kept = [number for number in waiting if number not in back]
    assert reply["pull"]["state"] == "acknowledged"
    assert (reply["pull"]["accepted"], reply["pull"]["passed_over"]) == (len(kept), len(back))
    states = {line.split("|")[0]: line.split("|")[1] for line in sql(site, "SELECT number || '|' || state FROM candidate WHERE number IS NOT NULL")}
    assert all(states[number] == "confirmed" for number in back) and all(states[number] == "accepted" for number in kept)
    # Its bytes are gone, its manifest and its mark are not; the files go with the next round of the worker.
    assert province.part(pull, 1).status == 410
    assert province.client.post(path, {"manifest_sha256": pull["manifest_sha256"]}, version=reply["pull"]["version"]).status == 410
    assert hashlib.sha256(province.manifest(pull)).hexdigest() == pull["manifest_sha256"]
    change = province.take(province.pull(since=pull["mark"]))
    assert set(change) == set(waiting) and {change[number][2] for number in back} == {"withdrawn"}
    # Versions that a receipt made are told by its row (docs/audit.md). The open transaction above left none, so without that test.
    done = site.ctl("audit", "verify", "--json", check=False)
    missing = [f for f in json.loads(done.stdout).get("faults", []) if f.get("code") == "version-missing"]
    assert len(missing) <= (1 if site.engine == "pgsql" else 0), missing


def test_files_that_are_gone(province):
    pull = province.pull()
    for file in glob.glob(province.site.path("data", "spool", f"pull-{pull['id']}-*-1")):
        os.unlink(file)
    assert province.part(pull, 1).status == 410 and province.part(pull, 2).status == 200
    assert province.part(pull, 99).status == 404
    assert province.client.items("/export/pulls")[0]["id"] == pull["id"]


@pytest.fixture(scope="module")
def pictured(province):
    """Records of the point with an accepted photo each: (id, number); the name of the first is beyond GBK."""
    site = province.site
    point = Client(site).sign_in(site.logins()["point"])
    subject = max(point.items("/ranges"), key=lambda r: r["left"])["subject"]
    taken = point.post("/readings", reading("王𠮷安", id_number("430102", "20070911", 400), subject), expect=201).json()["candidate_id"]
    others = [c["id"] for c in point.items("/candidates") if c["state"] in ("identified", "filling") and c["id"] != taken]
    made = []
    for n, candidate in enumerate([taken, *others[:10]]):
        accepted(point, candidate, 50 + n)
        made.append((candidate, point.get(f"/candidates/{candidate}", expect=200).json()["number"]))
    assert len(made) == 11
    return point, made


def photos_of(province, pull):
    """number -> JPEG of a pull's tar files, in their order."""
    found = {}
    for part in pull["parts"]:
        if not part["photos"]:
            continue
        reply = province.part(pull, part["n"])
        assert reply.headers["Content-Type"] == "application/x-tar" and reply.headers["Content-Disposition"].endswith('.tar"')
        assert hashlib.sha256(reply.body).hexdigest() == part["sha256"] and len(reply.body) == part["bytes"]
        with tarfile.open(fileobj=io.BytesIO(reply.body), mode="r:") as tar:
            members = tar.getmembers()
            assert len(members) == part["photos"]
            for one in members:
                assert (one.uid, one.gid, one.mode, one.mtime, one.type) == (0, 0, 0o644, 946684800, tarfile.REGTYPE)
                found[one.name.removesuffix(".jpg")] = tar.extractfile(one).read()
    assert len(found) == pull["photo_count"]
    return found


def test_photos(province, key, pictured, tmp_path):
    site, (point, made) = province.site, pictured
    wish = {"org": point.me["org"]["code"], "states": "any", "part_records": 10}
    pull = province.pull(photos=True, **wish)
    photos = photos_of(province, pull)
    assert list(photos) == sorted(number for _, number in made) and len([p for p in pull["parts"] if p["photos"]]) == 2
    kept = dict(line.split("|") for line in sql(site, "SELECT c.number, p.digest FROM photo p JOIN candidate c ON c.id = p.candidate_id"
                                                " WHERE p.state = 'accepted'"))
    assert {number: hashlib.sha256(jpeg).hexdigest() for number, jpeg in photos.items()} == {number: kept[number] for number in photos}
    manifest = province.manifest(pull).decode()
    held = re.search(r'<counts [^>]*photos="(\d+)"', manifest).group(1)
    assert (re.search(r'<manifest [^>]*photos="(\d+)"', manifest).group(1), held) == ("11", "11")
    folder = province.save({**pull, "parts": pull["parts"]}, str(tmp_path / "pull"))
    xmllint("manifest.xsd", folder + "/manifest.xml")
    assert json.loads(prove(site, folder, key).stdout)["photos"] == 11
    # Goes on in the middle, and another pull has the same bytes.
    first = next(p for p in pull["parts"] if p["photos"])
    rest = province.part(pull, first["n"], Range="bytes=700-", **{"If-Range": f'"{first["sha256"]}"'})
    with open(sorted(glob.glob(folder + "/photos-*.tar"))[0], "rb") as file:
        assert rest.status == 206 and rest.body == file.read()[700:]
    again = province.pull(photos=True, **wish)
    assert [p["sha256"] for p in again["parts"] if p["photos"]] == [p["sha256"] for p in pull["parts"] if p["photos"]]
    # The province's client.
    login = tmp_path / "login.json"
    login.write_text(json.dumps({k: site.logins()["export"][k] for k in ("login", "password")}))
    done = run(site.path("app", "bin", "gaokaoctl"), "export", "pull", f"http://127.0.0.1:{site.port}", str(tmp_path / "ctl"), "--key", key, "--login",
               str(login), "--org", wish["org"], "--states", "any", "--compression", "gzip", "--photos", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["photos"] == 11, done
    for number, jpeg in photos.items():
        assert (tmp_path / "ctl" / "photos" / f"{number}.jpg").read_bytes() == jpeg
    assert len(os.listdir(tmp_path / "ctl" / "photos")) == 11
    # Changes: a photo in another's place comes, that of a record that was changed otherwise does not; nor after a pull without photos.
    (replaced, number), (touched, other) = made[3], made[4]
    accepted(point, replaced, 90)
    etag = point.get(f"/candidates/{touched}", expect=200).headers["ETag"]
    point.patch(f"/candidates/{touched}", {"fields": {"phone": "0731-84000001"}}, version=etag, expect=200)
    change = province.pull(since=pull["mark"], photos=True)
    new = photos_of(province, change)
    assert list(new) == [number] and new[number] != photos[number]
    assert set(records_of(province.part(change, p["n"]).body for p in change["parts"] if not p["photos"])) == {number, other}
    without = province.pull(since=change["mark"])
    assert not without["photos"] and photos_of(province, without) == {}
    assert photos_of(province, province.pull(since=without["mark"], photos=True)) == {}
    assert len(photos_of(province, province.pull(photos=True, **wish))) == 11


def test_names_beyond_gbk(province, pictured):
    """The name stands true, and in XM_GBK with two question marks for what GBK lacks; a name that GBK has stands once."""
    point, made = pictured
    for encoding in ("UTF-8", "GB18030"):
        pull = province.pull(org=point.me["org"]["code"], states="any", encoding=encoding)
        texts = {number: one[3].decode(encoding) for number, one in records_of(province.documents(pull)).items() if one[3]}
        assert "<XM>王𠮷安</XM><XM_GBK>王??安</XM_GBK>" in texts[made[0][1]], encoding
        assert "<XM>" in texts[made[1][1]] and "XM_GBK" not in texts[made[1][1]]
        xmllint_parts(province, pull)


def test_as_docs_province_says(province, key, pictured, tmp_path):
    """The lines of docs/province.md as they stand: everything, then what changed."""
    with open(os.path.join(ROOT, "docs", "province.md"), encoding="utf-8") as file:
        script = re.search(r"```sh\n(.*?)```", file.read(), re.S).group(1)
    login = province.site.logins()["export"]
    told = {"api": f"http://127.0.0.1:{province.site.port}/api/v1", "tls": "", "login": json.dumps({k: login[k] for k in ("login", "password")}),
            "key": key, "key_name": "export1", "schema": os.path.join(ROOT, "conf", "schema")}
    whole = {"compression": "gzip", "part_records": SMALL, "encoding": "GB18030", "states": "any", "photos": True}
    for folder, wish in (("whole", whole), ("changes", {"compression": "zstd", "photos": True})):
        if folder == "changes":
            with open(tmp_path / "whole" / "manifest.xml", encoding="utf-8") as file:
                wish["since"] = re.search(r' mark="([^"]+)"', file.read()).group(1)
        done = run("sh", "-c", script, env={**os.environ, **told, "folder": str(tmp_path / folder), "wish": json.dumps(wish)})
        assert done.returncode == 0, done.stdout + done.stderr
        receipt = json.loads((tmp_path / folder / "receipt.json").read_text())
        assert receipt["pull"]["state"] == "acknowledged" and not receipt["changed_since"]
    assert {f"{number}.jpg" for _, number in pictured[1]} <= set(os.listdir(tmp_path / "whole" / "photos"))
    assert not os.path.exists(tmp_path / "changes" / "photos")
    # The receipt of the first made records accepted: these are the changes.
    assert receipt["pull"]["content"] == "changes"


def test_gaokaoctl_fetches_over_a_line_that_breaks(province, key, tmp_path):
    """Each connection is cut after 25,000 bytes (more in the long form): parts go on in one run, and a run that gave up goes on in the next."""
    site = province.site
    tool, login = site.path("app", "bin", "gaokaoctl"), tmp_path / "login.json"
    login.write_text(json.dumps({k: site.logins()["export"][k] for k in ("login", "password")}))

    def pull(port, folder, *more):
        return run(tool, "export", "pull", f"http://127.0.0.1:{port}/", str(tmp_path / folder), "--key", key, "--login", str(login), *more, "--json")

    proxy = BadProxy(("127.0.0.1", site.port), fault={"cut_down": 25000 * max(1, CANDIDATES // 300)})
    with proxy:
        for _ in range(10):
            done = pull(proxy.port, "whole", "--part-records", "40", "--states", "any")
            assert done.returncode in (0, 3), done
            if done.returncode == 0:
                break
    told = json.loads(done.stdout)
    assert told["good"] and told["records"] > 100 and proxy.connections > 4
    assert len(province.client.items("/export/pulls")) >= told["pull"], "each run began another pull"
    one = province.client.get(f"/export/pulls/{told['pull']}", expect=200).json()
    assert one["manifest_sha256"] == told["manifest_sha256"] and one["state"] == "ready"
    # What changed since what lies in that folder; unpacked and acknowledged. Again: there is nothing left to do.
    for _ in range(2):
        done = pull(site.port, "changes", "--after", str(tmp_path / "whole"), "--compression", "gzip", "--unpack", "--acknowledge")
        assert done.returncode == 0, done
    assert json.loads(done.stdout)["records"] == 0
    names = sorted(os.listdir(tmp_path / "changes"))
    assert "receipt.json" in names and [n for n in names if n.endswith(".xml")][0] + ".gz" in names
    xmllint("candidates.xsd", *glob.glob(str(tmp_path / "changes" / "candidates-*.xml")))
    # Refused: another key, a wrong password, nobody there.
    stranger = tmp_path / "stranger.pem"
    assert run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(tmp_path / "k.pem")).returncode == 0
    assert run("openssl", "ec", "-in", str(tmp_path / "k.pem"), "-pubout", "-out", str(stranger)).returncode == 0
    done = run(tool, "export", "pull", f"http://127.0.0.1:{site.port}", str(tmp_path / "other"), "--key", str(stranger), "--login", str(login), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "sealed", done
    assert not os.path.exists(tmp_path / "other" / "manifest.xml")
    assert pull(1, "nobody").returncode == 3
    login.write_text(json.dumps({"login": "demo-export", "password": "falsch-falsch"}))
    assert pull(site.port, "wrong").returncode == 1
    assert run(tool, "export", "pull", "http://127.0.0.1:1", "x").returncode == 2


def test_the_stream_in_other_clothes(province):
    plain = province.client.get("/export/candidates.xml", expect=200).body
    packed = province.client.get("/export/candidates.xml?encoding=GB18030&compression=gzip", expect=200)
    assert packed.headers["Content-Type"] == "application/gzip" and packed.headers["Content-Disposition"].endswith('.xml.gz"')
    text = subprocess.run(["gzip", "-dc"], input=packed.body, capture_output=True, check=True, timeout=60).stdout
    strip = lambda whole: re.findall(r"<candidate number.*?</candidate>", whole, re.S)  # noqa: E731
    assert text.startswith(b'<?xml version="1.0" encoding="GB18030"?>') and strip(text.decode("gb18030")) == strip(plain.decode())


def test_accept_charset_and_changes_as_a_stream(province):
    """What the stream is asked for by header and by mark: the same records as the pull, no state kept between."""
    site = province.site

    def stream(path="", **headers):
        return province.client.get("/export/candidates.xml" + path, expect=200, headers=headers).body

    plain = stream()
    for words, encoding in (("GB18030", "GB18030"), ("gbk;q=0.9, utf-8;q=0.5", "GB18030"), ("utf-8, gb18030;q=0.5", "UTF-8"), ("*", "UTF-8"), ("latin1", "UTF-8"),
                            ("gb2312;q=0, utf-8", "UTF-8")):
        body = stream(**{"Accept-Charset": words})
        assert body.startswith(f'<?xml version="1.0" encoding="{encoding}"?>'.encode()), words
        assert records_of([body]).keys() == records_of([plain]).keys()
    assert stream("?encoding=UTF-8", **{"Accept-Charset": "GB18030"}).startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    base = province.pull(states="any")
    province.take(base)
    point = Client(site).sign_in(site.logins()["point"])
    one = next(c for c in point.items("/candidates") if c["state"] == "filling")
    etag = point.get(f"/candidates/{one['id']}", expect=200).headers["ETag"]
    point.patch(f"/candidates/{one['id']}", {"fields": {"postcode": "410009"}}, version=etag, expect=200)
    other = next(c for c in point.items("/candidates") if c["state"] == "filling" and c["id"] != one["id"])
    etag = point.get(f"/candidates/{other['id']}", expect=200).headers["ETag"]
    point.post(f"/candidates/{other['id']}/withdrawal", {"reason": "放弃报名"}, version=etag, expect=200)
    body = stream(f"?since={base['mark']}")
    seen = records_of([body])
    assert {number: what[2] for number, what in seen.items()} == {one["number"]: "changed", other["number"]: "withdrawn"}
    assert f'since="{base["mark"]}"'.encode() in body
    pulled = records_of(province.documents(province.pull(since=base["mark"])))
    assert pulled == seen
    done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "conf", "schema", "candidates.xsd"), "-"], input=body, capture_output=True,
                          check=False, timeout=120)
    assert done.returncode == 0, done.stderr[:1000]
    for path, status in ((f"?since={base['mark']}&kind=art", 422), ("?since=x", 422), (f"?since={base['mark'].replace('.1.', '.7.', 1)}", 410)):
        assert province.client.get("/export/candidates.xml" + path).status == status, path


def broken_part(site, client, pull, part, stops):
    """A part over a line that breaks after each of `stops` bytes, and goes on by Range."""
    got = b""
    for stop in (*stops, None):
        line = site.connect()
        line.request("GET", f"/api/v1/export/pulls/{pull['id']}/parts/{part['n']}",
                     headers={"Cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items()), "Range": f"bytes={len(got)}-", "If-Range": f'"{part["sha256"]}"'})
        reply = line.getresponse()
        assert reply.status == 206, reply.status
        got += reply.read() if stop is None else reply.read(stop - len(got))
        line.close()
    return got
