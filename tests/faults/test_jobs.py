"""Background jobs: killed workers, graceful restarts, cancelling (item 13 of the nine steps' issue)."""
import hashlib
import os
import signal
import time

import pytest

from gk_client import Client
from ledger import sql


def workers(site):
    """Those that do jobs: the pool that examines photos is the same program."""
    found = []
    for pid in site.children():
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                words = file.read().split("\0")
                if words[0].endswith("gaokao-worker") and "--photo" not in words:
                    found.append(pid)
        except OSError:
            pass
    return found


@pytest.fixture
def client(broken):
    return Client(broken).sign_in(broken.logins()["export"])


def worker(site):
    site.wait(lambda: workers(site), 60, "a worker")
    return workers(site)[0]


def create(client):
    return client.post("/jobs", {"kind": "export_xml", "args": {"state": "any"}}, expect=201).json()


def finished(site, client, job, seconds=90):
    site.wait(lambda: client.get(f"/jobs/{job['id']}", expect=200).json()["state"] in ("done", "failed", "cancelled"), seconds,
              "the job's end")
    return client.get(f"/jobs/{job['id']}", expect=200).json()


def test_a_job_writes_what_the_stream_sends(broken, client):
    job = finished(broken, client, create(client))
    assert job["state"] == "done", job
    body = client.get(f"/jobs/{job['id']}/result", expect=200).body
    assert hashlib.sha256(body).hexdigest() in str(job["result"])
    live = sql(broken, "SELECT count(*) FROM candidate WHERE state NOT IN ('waiting', 'withdrawn')")
    assert body.count(b"<candidate ") == int(live[0][0])


def test_a_killed_worker_comes_back_and_its_job_is_done(broken, client):
    first = worker(broken)
    os.kill(first, signal.SIGSTOP)
    job = create(client)
    if broken.engine == "sqlite":
        # what a worker leaves that died in the middle: a running job under its lease
        command = ("UPDATE job SET state = 'running', attempts = 1, lease_owner = 'dead', "
                   "lease_until_us = CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) + 2000000 WHERE id = %d" % job["id"])
        import sqlite3
        with sqlite3.connect(broken.path("data", "gaokao.db"), timeout=20) as db:
            db.execute(command)
    else:
        sql(broken, "UPDATE job SET state = 'running', attempts = 1, lease_owner = 'dead', lease_until_us = "
                    "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) + 2000000 WHERE id = %d" % job["id"])
    os.kill(first, signal.SIGKILL)
    job = finished(broken, client, job)
    assert job["state"] == "done", job
    assert worker(broken) != first


def test_a_graceful_restart_keeps_jobs(broken, client):
    first = worker(broken)
    os.kill(first, signal.SIGSTOP)
    job = create(client)
    os.kill(broken.pid(), signal.SIGUSR1)
    time.sleep(1)
    try:
        os.kill(first, signal.SIGCONT)
    except ProcessLookupError:
        pass
    job = finished(broken, client, job)
    assert job["state"] == "done", job


def test_a_cancelled_job_stays_cancelled(broken, client):
    held = worker(broken)
    os.kill(held, signal.SIGSTOP)
    try:
        job = create(client)
        client.post(f"/jobs/{job['id']}/cancel", {}, expect=200)
    finally:
        os.kill(held, signal.SIGCONT)
    job = finished(broken, client, job)
    assert job["state"] == "cancelled", job
    assert client.get(f"/jobs/{job['id']}/result").status in (404, 409, 410)


def test_jobs_are_ones_own(broken, client):
    job = create(client)
    county = Client(broken).sign_in(broken.logins()["county"])
    assert county.get(f"/jobs/{job['id']}").status == 404
    assert job["id"] not in [j["id"] for j in county.items("/jobs")]
    wrong = client.post("/jobs", {"kind": "no_such_kind"})
    assert wrong.status == 422, wrong
