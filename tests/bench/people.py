"""Benchmarks of people and keys, for tests/bench/run: slips, first sign-ins, own passwords, rotation, growth by kind of
traffic. Each takes (site, options, tools): tools has row, wrk, people_file, refresh_people, memory_kib of run."""
import os
import statistics
import subprocess
import threading
import time

from gk_client import Client


def slips(site, options, tools):
    """1,000 slips of staff, made and printed in two requests (500 is the most a request takes); jammed pages again."""
    county = Client(site).sign_in(site.logins()["county"])
    assert county.confirm().status == 200
    point = next(org for org in county.items("/orgs?level=point&limit=200") if org["level"] == "point")
    ids = []
    for _ in range(2):
        made = county.post("/accounts/batch", {"accounts": [{"role": "reviewer", "org_id": point["id"]}] * 500}, expect=(200, 201)).json()
        ids.append([account["id"] for account in made["items"]])
    times = []
    for _ in range(options.rounds):
        start = time.monotonic()
        printed = sum(len(county.post("/accounts/slips", {"ids": half}, expect=200).json()["items"]) for half in ids)
        times.append(time.monotonic() - start)
        assert printed == 1000, printed
    tools.row("print 1,000 slips, s", site.engine, statistics.median(times), 1.0, "<= 1 s")


def fresh_candidates(site, count):
    """(number, initial password) of candidates that get a new slip each."""
    point = Client(site).sign_in(site.logins()["point"])
    found = []
    for item in point.items("/candidates?state=filling&limit=200") + point.items("/candidates?state=reviewed&limit=200"):
        if len(found) == count:
            break
        record = point.get(f"/candidates/{item['id']}", expect=200)
        slip = point.post(f"/candidates/{item['id']}/new-slip", {"card_seen": True, "used": True}, version=record.headers["ETag"])
        if slip.status == 200:
            found.append((item["number"], slip.json()["password"]))
    return found


def together(work, items):
    """Seconds until the last of all that start at once has ended."""
    gate, failed = threading.Barrier(len(items) + 1), []

    def one(item):
        gate.wait()
        try:
            work(item)
        except Exception as error:  # pylint: disable=broad-except
            failed.append(error)

    threads = [threading.Thread(target=one, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.monotonic()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.monotonic() - start


def first_logins(site, options, tools):
    """A school: 60 candidates sign in with their slips at once; then all set an own password at once."""
    seen, changed, sent_away = [], [], []

    def own_password(client, number, slip):
        while client.change_password(slip, "Zhongguo-" + number, expect=(200, 204, 503)).status == 503:
            sent_away.append(number)
            time.sleep(2)  # as Retry-After says

    for _ in range(options.rounds):
        people = fresh_candidates(site, 60)
        clients = {number: Client(site, "ks") for number, _ in people}
        seen.append(together(lambda who: clients[who[0]].sign_in(who[0], who[1]), people))
        changed.append(together(lambda who: own_password(clients[who[0]], *who), people))
    tools.row(f"first sign-ins of {len(people)} at once, s", site.engine, statistics.median(seen), 3.0, "<= 3 s")
    tools.row(f"own passwords of {len(people)} set at once, s", site.engine, statistics.median(changed), None, "",
              f"a hash each; sent away and come again: {len(sent_away)} in {options.rounds} rounds")


def hash_queue(site, options, tools):
    """Sign-ins with own passwords as many as will, while candidates save: how many hashes a core, and what saves feel."""
    people = fresh_candidates(site, 92)
    writers = {number for number, _ in people[:32]}
    clients = []
    for number, password in people:
        client = Client(site, "ks").sign_in(number, password, change_to="Zhongguo-" + number)
        if number in writers and not client.get("/me", expect=200).json().get("pledged_at"):
            client.post("/me/pledge", {"accepted": True}, version=client.get("/me").headers["ETag"], expect=200)
        clients.append((number, client))
    path = tools.write_people([client for number, client in clients if number in writers])
    saving = [client for number, client in clients if number in writers]
    stop, done = threading.Event(), {"in": 0, "busy": 0}

    def sign_in(number):
        while not stop.is_set():
            client = Client(site, "ks").sign_in(number, "Zhongguo-" + number, expect=None)
            done["in" if client.me else "busy"] += 1

    base = f"http://127.0.0.1:{site.port}/api/v1/me"
    save = lambda: tools.wrk(base, "save.lua", options.seconds * 2, threads=32, connections=32, env={"GK_BENCH": path, "GK_PAUSE": "100"})
    alone = save()
    tools.refresh_people(path, saving)
    threads = [threading.Thread(target=sign_in, args=(number,), daemon=True) for number, _ in clients if number not in writers]
    for thread in threads:
        thread.start()
    time.sleep(1)
    before, start = dict(done), time.monotonic()
    beside = save()
    rate = (done["in"] - before["in"]) / (time.monotonic() - start)
    stop.set()
    for thread in threads:
        thread.join(30)
    one = float(subprocess.run([tools.program("hash")], capture_output=True, text=True, check=True).stdout)
    tools.row(f"save, p99 in ms, while {len(threads)} sign in without pause with own passwords", site.engine, beside["p99_ms"], 50.0, "<= 50 ms",
              f"{beside['rps']:.0f} saves/s, errors {beside['errors']}; without them p99 {alone['p99_ms']:.1f} ms; "
              f"{done['busy']} sign-ins were sent away")
    tools.row("sign-ins with own passwords a second and core beside saves; limit: one core that only hashes", site.engine,
              rate / (os.cpu_count() or 1), 1000 / one, "about 1 without saves", f"a hash: {one:.1f} ms")
    os.unlink(path)


def rotation(site, options, tools):
    """`gaokaoctl key rotate data` over all records while 8 candidates save."""
    path, saving = tools.people_file(site, 8)
    base = f"http://127.0.0.1:{site.port}/api/v1/me"
    wrk = tools.wrk_start(base, "save.lua", 1800, 8, {"GK_BENCH": path, "GK_PAUSE": "100"})
    start = time.monotonic()
    site.ctl("key", "rotate", "data")
    took = time.monotonic() - start
    saves = tools.wrk_end(wrk)
    tools.row(f"rotation of the data key over {options.big:,} records, minutes at 400,000 (by proportion)", site.engine,
              took / 60 * 400000 / options.big, 15.0, "<= 15 min",
              f"{took:.1f} s; meanwhile {saves['rps']:.0f} saves/s of 8, p99 {saves['p99_ms']:.0f} ms, errors {saves['errors']}")
    site.ctl("key", "check")
    os.unlink(path)


# ---- growth ------------------------------------------------------------------------------------------------

def kinds(site, tools):
    """Kinds of traffic: a function a thread runs until `stop`, counting requests."""
    logins = site.logins()

    def look(role, paths):
        def work(stop, count):
            client = Client(site).sign_in(logins[role])
            while not stop.is_set():
                for path in paths:
                    client.get(path, expect=200)
                    count[0] += 1
        return work

    def sign_in(stop, count):
        while not stop.is_set():
            Client(site).sign_in(logins["county"])
            count[0] += 1

    everyday = ("/candidates?limit=50", "/progress", "/submissions", "/orgs?limit=50", "/notices")
    return {"staff reads and lists": look("county", everyday), "long lists": look("county", ("/candidates?limit=200",)),
            "exports": look("export", ("/export/candidates.xml?state=any",)), "sign-ins": sign_in}


def growth(site, options, tools):
    """Private memory of httpd's children under one kind of traffic after the other, each for three periods, the first of
    which is its warming up: what grows in the third is a leak, or an allocator that is still filling."""
    size = lambda: {pid: tools.memory_kib([pid]) for pid in site.children()}
    period = max(options.seconds, 10)
    path, saving = tools.people_file(site, 32)
    base = f"http://127.0.0.1:{site.port}/api/v1/me"

    def save(count):
        result = tools.wrk(base, "save.lua", period, threads=32, connections=32, env={"GK_BENCH": path})
        tools.refresh_people(path, saving)
        count[0] += result["requests"] - result["errors"]

    def measured(name, work, threads):
        stop, count = threading.Event(), [0]
        running = [threading.Thread(target=work, args=(stop, count), daemon=True) for _ in range(threads)]
        for thread in running:
            thread.start()
        sizes, counts = [size()], [0]
        for _ in range(3):
            if threads:
                time.sleep(period)
            else:
                save(count)
            sizes.append(size())
            counts.append(count[0])
        stop.set()
        for thread in running:
            thread.join(120)
        grown = [sum(after[pid] - before.get(pid, after[pid]) for pid in after) / 1024 for before, after in zip(sizes, sizes[1:])]
        tools.row(f"growth of httpd's children under {name}, third period of {period} s, MiB", site.engine, grown[2], None, "",
                  f"periods {', '.join(f'{g:+.1f}' for g in grown)}; {counts[3] - counts[2]:,} requests in the third; "
                  f"children {', '.join(f'{kib / 1024:.0f}' for kib in sizes[3].values())} MiB")

    measured("saves", None, 0)
    for name, work in kinds(site, tools).items():
        measured(name, work, 4)
    measured("saves again", None, 0)
    os.unlink(path)
