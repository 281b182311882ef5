"""Benchmarks of the province's pulls (issue 8): against a streaming exporter in Node that does the same work, candidates' reading while
one is written, and a workbook. Part of tests/bench/run (--only pulls)."""
import datetime
import json
import os
import shutil
import subprocess
import tempfile
import time

from gk_client import Client
from ledger import sql

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "export_peer.mjs")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def pull(site, client, **wish):
    """Records a second from the worker's first statement to the signed manifest: decrypted, mapped, digested, sealed again, on disk."""
    made = client.post("/export/pulls", {"states": "any", **wish}, expect=201).json()
    site.wait(lambda: client.get(f"/export/pulls/{made['id']}", expect=200).json()["state"] != "writing", 3600, "the pull is written")
    done = client.get(f"/export/pulls/{made['id']}", expect=200).json()
    assert done["state"] == "ready", done
    job = client.get(f"/jobs/{done['job_id']}", expect=200).json()
    return done["records"] / (moment(job["finished_at"]) - moment(job["started_at"])).total_seconds()


class Peer:
    """Its rows lie in a table of the same server, each record's document and key sealed as ours are; psql's COPY brings them, which is the
    quickest way into Node."""

    def __init__(self, site, params, total, fields):
        self.params, self.total = params, total
        self.folder = tempfile.mkdtemp(prefix="gk-peer.")
        self.key = os.path.join(self.folder, "key")
        with open(os.path.join(self.folder, "rows"), "wb") as rows:
            subprocess.run(["node", PEER, "prepare", str(total), self.key], input=json.dumps(fields, ensure_ascii=False).encode(), stdout=rows, check=True)
        self.psql("CREATE TABLE peer (number TEXT PRIMARY KEY, key TEXT, doc TEXT)")
        with open(os.path.join(self.folder, "rows"), "rb") as rows:
            subprocess.run(["psql", "-Xq", params, "-c", "COPY peer FROM STDIN"], stdin=rows, check=True)
        # Bytes as ours are, not their hex.
        self.psql("ALTER TABLE peer ALTER key TYPE bytea USING decode(key, 'hex'), ALTER doc TYPE bytea USING decode(doc, 'hex'); ANALYZE peer")

    def psql(self, text):
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", self.params, "-c", text], check=True)

    def rate(self):
        start = time.monotonic()
        copy = subprocess.Popen(["psql", "-Xq", self.params, "-c", "COPY (SELECT number, encode(key, 'hex'), encode(doc, 'hex') FROM peer ORDER BY number) TO STDOUT"],
                                stdout=subprocess.PIPE)
        done = subprocess.run(["node", PEER, "run", self.key, os.path.join(self.folder, "out")], stdin=copy.stdout, capture_output=True, check=True)
        copy.wait()
        took = time.monotonic() - start
        assert json.loads(done.stdout)["records"] == self.total, done.stdout
        return self.total / took

    def close(self):
        self.psql("DROP TABLE peer")
        shutil.rmtree(self.folder)


def peer(site, options, tools):
    if site.engine != "pgsql" or shutil.which("node") is None:
        return
    client = Client(site).sign_in(site.logins()["province"])
    point = Client(site).sign_in(site.logins()["point"])
    one = max((point.get(f"/candidates/{c['id']}", expect=200).json()["fields"] for c in point.items("/candidates?limit=20")[:20]), key=lambda f: len(json.dumps(f)))
    rival = Peer(site, tools.settings(site)["db_params"], options.big, one)
    try:
        limit, value = tools.alternate(options.rounds, rival.rate, lambda: pull(site, client))
    finally:
        rival.close()
    tools.row(f"pull of {options.big:,}, records/s; limit: a streaming exporter in Node, same work", site.engine, value, limit, ">= 5")


def reads(site, options, tools):
    """What candidates feel: their own record while pulls are written one after the other."""
    entry = site.logins()["candidate"]
    cookie = "; ".join(f"{k}={v}" for k, v in Client(site, "ks").sign_in(entry).cookies.items())
    client = Client(site).sign_in(site.logins()["province"])
    url = f"http://127.0.0.1:{site.port}/api/v1/me"
    alone = tools.wrk(url, "read.lua", options.seconds, threads=1, connections=8, env={"GK_COOKIE": cookie})
    running = tools.wrk_start(url, "read.lua", 3600, 8, {"GK_COOKIE": cookie}, 1)
    end = time.monotonic() + max(options.seconds, 5)
    while time.monotonic() < end:
        pull(site, client)
    busy = tools.wrk_end(running)
    tools.row(f"candidate reads while {options.big:,} are pulled: p99, ms (8 connections without pause)", site.engine, busy["p99_ms"], 25.0, "<= 25 ms",
              f"alone {alone['p99_ms']:.1f} ms")


def workbook(site, options, tools):
    """As a city would: one XLSX."""
    client = Client(site).sign_in(site.logins()["province"])
    plugins = [p["name"] for p in client.items("/plugins")]
    if "export_xlsx" not in plugins:
        return
    took, rows = [], 0
    for _ in range(options.rounds):
        made = client.post("/jobs", {"kind": "export_xlsx", "args": {"state": "any"}}, expect=201).json()
        site.wait(lambda: client.get(f"/jobs/{made['id']}", expect=200).json()["state"] in ("done", "failed"), 600, "the workbook is there")
        job = client.get(f"/jobs/{made['id']}", expect=200).json()
        if job["state"] == "failed":  # more than rows_max
            print("   ", job["error"])
            return
        took.append((moment(job["finished_at"]) - moment(job["started_at"])).total_seconds())
        rows = job["result"]["candidates"]
    tools.row(f"XLSX of {rows:,} candidates, s for 50,000", site.engine, sorted(took)[len(took) // 2] * 50000 / rows, 10.0, "<= 10 s", f"{rows:,} rows in {min(took):.1f} s")


def pulls(site, options, tools):
    assert sql(site, "SELECT count(*) FROM candidate")
    reads(site, options, tools)
    workbook(site, options, tools)
    peer(site, options, tools)
