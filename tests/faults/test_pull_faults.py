"""Pulls under faults: a client that goes away, httpd killed, the database restarted in the middle, a spool whose machine died."""
import hashlib
import json
import os
import re
import signal
import subprocess
import time

from database import postmaster, superuser
from gk_client import Client


def begin(site, **wish):
    client = Client(site).sign_in(site.logins()["export"])
    made = client.post("/export/pulls", {"part_records": 25, "states": "any", **wish}, expect=201).json()
    return client, made["id"]


def state(client, pull):
    return client.get(f"/export/pulls/{pull}", expect=200).json()


def ready(site, client, pull, patience=120):
    site.wait(lambda: state(client, pull)["state"] != "writing", patience, "the pull is written")
    done = state(client, pull)
    assert done["state"] == "ready", done
    return done


def half(site, client, path, upto):
    """Reads `upto` bytes and goes away without a word."""
    line = site.connect()
    line.request("GET", "/api/v1" + path, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items())})
    reply = line.getresponse()
    got = reply.read(upto)
    line.sock.close()
    return got


def test_client_goes_away_and_httpd_is_killed_at_half(broken):
    """DI-12: at 50 % of a part the client goes, then every child of httpd is killed; the rest comes by Range, byte for byte."""
    site = broken
    client, pull = begin(site)
    done = ready(site, client, pull)
    for part in done["parts"][:3]:
        path, tag = f"/export/pulls/{pull}/parts/{part['n']}", f'"{part["sha256"]}"'
        got = half(site, client, path, part["bytes"] // 2)
        assert len(got) == part["bytes"] // 2
        for pid in site.children():
            os.kill(pid, signal.SIGKILL)

        def rest():
            try:
                return client.get(path, headers={"Range": f"bytes={len(got)}-", "If-Range": tag})
            except OSError:
                return None
        site.wait(lambda: (reply := rest()) is not None and reply.status == 206, 30, "httpd answers again")
        whole = got + rest().body
        assert hashlib.sha256(whole).hexdigest() == part["sha256"]


def test_stream_whose_client_goes_away(broken):
    """What left is on record, and nothing stays behind: no snapshot, no connection."""
    site = broken
    client = Client(site).sign_in(site.logins()["export"])
    for _ in range(4):
        half(site, client, "/export/candidates.xml?state=any", 5000)
    client.get("/export/candidates.xml?state=any", expect=200)
    if site.engine == "pgsql":
        site.wait(lambda: superuser(site, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gaokao' AND backend_xmin IS NOT NULL AND state <> 'active'") == [["0"]],
                  30, "no snapshot is held")


def test_worker_is_killed_while_it_writes(broken):
    """PR-1: a killed worker's parts are never given out; the job begins anew and ends well, its files alone stay."""
    site = broken
    client, pull = begin(site)
    killed = 0
    for _ in range(3):
        for pid in workers(site):
            os.kill(pid, signal.SIGKILL)
            killed += 1
        time.sleep(0.2)
    done = ready(site, client, pull)
    assert killed > 0
    for part in done["parts"]:
        assert hashlib.sha256(client.get(f"/export/pulls/{pull}/parts/{part['n']}", expect=200).body).hexdigest() == part["sha256"]


def workers(site):
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"gaokao-worker") and site.folder.encode() in b" ".join(words) and b"--photo" not in words:
            found.append(int(name))
    return found


def test_database_restarts_during_a_pull(broken):
    """DB-1, DI-12: PostgreSQL stops at once in the middle. What asks meanwhile gets a clear 503; the job takes another snapshot and ends
    well; parts that were ready before come on, from the file; the mark stays good, for a restart is no other timeline."""
    site = broken
    if site.engine != "pgsql":
        return
    client, before = begin(site)
    first = ready(site, client, before)
    part = first["parts"][0]
    got = half(site, client, f"/export/pulls/{before}/parts/1", part["bytes"] // 2)
    _, pull = begin(site)
    old = postmaster(site)
    os.kill(old, signal.SIGQUIT)  # immediate
    answers = set()
    site.wait(lambda: not os.path.exists(f"/proc/{old}"), 30, "PostgreSQL is down")
    for _ in range(3):
        reply = client.get(f"/export/pulls/{pull}")
        answers.add((reply.status, reply.json().get("code")))
    assert all(status == 503 and code in ("database-down", "busy") for status, code in answers), answers
    site.start()  # brings its private PostgreSQL back; httpd runs on
    site.wait(lambda: answered(client), 90, "the database is back")
    done = ready(site, client, pull, 180)
    rest = client.get(f"/export/pulls/{before}/parts/1", headers={"Range": f"bytes={len(got)}-", "If-Range": f'"{part["sha256"]}"'}, expect=206).body
    assert hashlib.sha256(got + rest).hexdigest() == part["sha256"]
    assert done["mark"].split(".")[2] == first["mark"].split(".")[2]
    change = client.post("/export/pulls", {"since": done["mark"]}, expect=201).json()
    assert ready(site, client, change["id"])["content"] == "changes"


def test_database_of_another_timeline(broken):
    """A failover: the standby that was promoted is on another timeline, so an older mark is refused, and says what to do."""
    site = broken
    if site.engine != "pgsql":
        return
    client, pull = begin(site)
    mark = ready(site, client, pull)["mark"]
    promote(site)
    site.wait(lambda: answered(client), 90, "the service is back")
    reply = client.post("/export/pulls", {"since": mark})
    assert reply.status == 410 and "timeline" in reply.json()["texts"]["en"], reply
    again = client.post("/export/pulls", {"states": "any", "part_records": 25}, expect=201).json()
    new = ready(site, client, again["id"], 180)["mark"]
    assert int(new.split(".")[2]) == int(mark.split(".")[2]) + 1
    change = client.post("/export/pulls", {"since": new}, expect=201).json()
    assert ready(site, client, change["id"])["records"] == 0


def answered(client):
    try:
        return client.get("/export/pulls").status == 200
    except OSError:
        return False


def promote(site):
    """The same cluster ends its standby state: PostgreSQL begins a new timeline, as a promoted standby does."""
    data, pg_ctl = site.path("pg"), "/usr/lib/postgresql/15/bin/pg_ctl"

    def run(*words):
        command = [*words] if os.geteuid() else ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr
    run(pg_ctl, "-D", data, "-m", "fast", "-w", "stop")
    run("touch", os.path.join(data, "standby.signal"))
    site.start()
    run(pg_ctl, "-D", data, "-w", "-t", "60", "promote")
    assert re.search("f", superuser(site, "SELECT pg_is_in_recovery()")[0][0]), json.dumps(data)
