"""Slow growth (catalogue PR-7): hours of everyday work, and the size of each process. Only in the long form."""
import re
import threading
import time

import pytest

from gk_client import Client
from ledger import Load, candidates
from scale import LONG, record_case, seconds

GROWTH_MIB = 8


def sizes(site):
    """pid -> bytes, of those that are not leaving."""
    return {int(pid): int(number) for pid, number in
            re.findall(r'^gaokao_process_resident_bytes\{program="[^"]+",pid="(\d+)",leaving="0"\} (\d+)$',
                       site.get("/metrics").body.decode(), re.M)}


@pytest.mark.skipif(not LONG, reason="long form only: tests/faults/run --long --only PR-7 --minutes 60")
def test_a_soak_does_not_grow(broken, tmp_path):
    """PR-7: after a warm-up of a fifth of the time no process that lives to the end has grown by more than 8 MiB."""
    length = seconds(0, long=600)
    load = Load(broken, candidates(broken, 16), str(tmp_path / "ledger"))
    stop = threading.Event()
    done = {"exports": 0, "looks": 0, "sign_ins": 0}

    def export():
        client = Client(broken).sign_in(broken.logins()["export"])
        while not stop.is_set():
            client.get("/export/candidates.xml?state=any", expect=200)
            done["exports"] += 1
            stop.wait(1)

    def look():
        while not stop.is_set():
            county = Client(broken).sign_in(broken.logins()["county"])
            done["sign_ins"] += 1
            for path in ("/candidates?limit=50", "/progress", "/submissions", "/orgs?limit=50", "/notices"):
                county.get(path, expect=200)
                done["looks"] += 1
            broken.get("/ks/")
            stop.wait(1)
    threads = [threading.Thread(target=work, daemon=True) for work in (export, look)]
    with load:
        for thread in threads:
            thread.start()
        time.sleep(length / 5)
        warm = sizes(broken)
        time.sleep(length * 4 / 5)
        end = sizes(broken)
        stop.set()
        for thread in threads:
            thread.join(60)
    saved = load.check()
    growth = {pid: (end[pid] - warm[pid]) / (1 << 20) for pid in warm if pid in end}
    worst = max(growth.values())
    record_case("PR-7", n=1, injected=0, lost=0, longest_gap=round(load.longest_gap(), 2), engine=broken.engine, what="soak",
                minutes=round(length / 60, 1), saved=saved, growth_mib=round(worst, 1), warm_mib=round(max(warm.values()) / (1 << 20), 1),
                processes=len(growth), **done)
    assert worst <= GROWTH_MIB, growth
