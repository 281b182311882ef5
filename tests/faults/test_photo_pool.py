"""The photo pool (catalogue PR-2, PR-5, PR-6, IN-9): a photo plugin that crashes, hangs, eats memory or asks the kernel for what no
picture needs takes its worker along and nobody else. The plugin `faulty_photo` does wrong with pictures whose middle is blue."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from database import make, postmaster
from gk_client import Client
from gk_picture import accepted, png, send
from gk_world import id_number, sql

BLUE = (10, 20, 220)
DEADLINE = 2


@pytest.fixture(scope="module", params=["sqlite", "pgsql"])
def site(request):
    build = os.environ.get("GK_BUILD")
    if not build:
        pytest.skip("GK_BUILD names no built tree")
    done = subprocess.run(["make", "-C", build, "-s", "tests/plugin/faulty_photo.la"], capture_output=True, text=True, check=False)
    built = os.path.join(build, "tests", "plugin", ".libs", "faulty_photo.so")
    assert os.path.exists(built), done.stdout + done.stderr
    instance = make("photo", request.param)
    instance.stop()
    shutil.copy(built, instance.path("app", "lib", "gaokao", "plugins", "faulty_photo.so"))
    # An optional one that this node can't load: options and switches of the others reach the workers all the same.
    with open(instance.path("app", "lib", "gaokao", "plugins", "photo_absent.so"), "w", encoding="utf-8") as file:
        file.write("of another machine")
    with open(instance.path("gaokao.conf"), "a", encoding="utf-8") as file:
        file.write(f"photo_workers = 2\nphoto_queue = 2\nphoto_memory = 400\nphoto_deadline = {DEADLINE}\n"
                   "plugin.photo_absent.optional = on\n")
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def province(site):
    return Client(site).sign_in(site.logins()["province"])


@pytest.fixture(scope="module")
def point(site):
    return Client(site).sign_in(site.logins()["point"])


@pytest.fixture(scope="module")
def candidate(point):
    return next(r["id"] for r in point.items("/candidates?state=filling"))


def pool(site):
    """(master, its workers) by /proc."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                line = file.read().split(b"\0")
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if b"--photo" in line and site.folder.encode() in b" ".join(line):
            found[int(name)] = parent
    masters = [pid for pid, parent in found.items() if parent not in found]
    return masters[0] if masters else None, sorted(pid for pid, parent in found.items() if parent in found)


def spent(site):
    """Seconds of processor time of the workers that are there."""
    ticks = 0
    for pid in pool(site)[1]:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def count(site, event):
    return int(re.search(r'gaokao_photo_events_total\{event="%s"\} (\d+)' % event, site.get("/metrics").body.decode()).group(1))


def ready(site):
    site.wait(lambda: len(pool(site)[1]) == 2, 30, "two photo workers")


def in_mode(site, province, mode):
    """Its options reach the workers as new workers; whatever it did before is forgiven."""
    before = pool(site)[1]
    province.patch("/plugins/faulty_photo", {"options": {"mode": mode}}, expect=200)
    site.wait(lambda: len(pool(site)[1]) == 2 and not set(pool(site)[1]) & set(before), 30, f"workers in mode {mode}")


def good(site, point, candidate, n):
    """A picture that the plugin has nothing against is examined; a plugin that failed in a row pauses for a second or two."""
    site.wait(lambda: send(point, candidate, png(mark=n)).status == 200, 20, "a good picture")


@pytest.mark.parametrize("mode", ["crash", "abort", "execute", "call"])
def test_a_worker_that_dies_costs_its_picture_only(site, province, point, candidate, mode):
    """PR-5, IN-9: 503 with Retry-After and nothing kept; the others' pictures and all else go on; another worker takes its place.
    A picture that three died on is not tried again. What the kernel is asked for beyond the filter is such a death."""
    in_mode(site, province, mode)
    ready(site)
    parent, httpd = site.pid(), sorted(site.children())
    version = point.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"]
    died = count(site, "died")
    poison = png(colour=BLUE, mark=len(mode))
    deaths, barred = 0, False
    until = time.monotonic() + 60
    while not barred and time.monotonic() < until:  # a process of httpd that notices the mode late forgives once more
        buried = site.error_log().count("died (signal")
        reply = send(point, candidate, poison, version=version)
        assert reply.status == 503 and int(reply.headers["Retry-After"]) >= 1, reply
        assert reply.json()["code"] == "plugin" and reply.json()["texts"]["zh"]
        barred = "any more" in reply.json()["texts"]["en"]
        if "faulty_photo" in reply.json()["texts"]["en"]:
            continue
        deaths += 1
        site.wait(lambda seen=buried + 1: site.error_log().count("died (signal") == seen, 20, "its burial")
        ready(site)
    assert barred and 3 <= deaths <= 9 and count(site, "died") == died + deaths
    assert point.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"] == version
    good(site, point, candidate, 50 + len(mode))
    assert site.pid() == parent and sorted(site.children()) == httpd, "httpd lost a process over a picture"


def test_a_switch_reaches_the_workers(site, province, point, candidate):
    """Switched off, the plugin is asked about no picture."""
    in_mode(site, province, "crash")
    ready(site)
    before = pool(site)[1]
    province.confirm()
    province.post("/plugins/faulty_photo/state", {"enabled": False, "reason": "厂家通知停用"}, expect=200)
    site.wait(lambda: len(pool(site)[1]) == 2 and not set(pool(site)[1]) & set(before), 30, "workers without it")
    died, before = count(site, "died"), pool(site)[1]
    assert send(point, candidate, png(colour=BLUE, mark=80)).status < 500 and count(site, "died") == died
    province.post("/plugins/faulty_photo/state", {"enabled": True, "reason": "厂家已经修复"}, expect=200)
    site.wait(lambda: len(pool(site)[1]) == 2 and not set(pool(site)[1]) & set(before), 30, "workers with it")


def test_a_loop_ends_at_the_deadline(site, province, point, candidate):
    """PR-6: whoever does not come back is ended by the master; form saves go on meanwhile."""
    in_mode(site, province, "spin")
    ready(site)
    replies = []
    clerk = Client(site).sign_in(site.logins()["point"])
    idle = spent(site)
    began = time.monotonic()

    def hang():
        replies.append(send(clerk, candidate, png(colour=BLUE, mark=90)))
    thread = threading.Thread(target=hang)
    thread.start()
    # Saved before the picture was looked at, another picture or the form would make it stale (412), and nobody would loop.
    site.wait(lambda: replies or spent(site) > idle + 0.2, 30, "a worker that loops")
    own = Client(site, "ks").sign_in(site.logins()["candidate"])
    version = own.get("/me", expect=200).headers["ETag"]
    saved = own.patch("/me", {"fields": {"receiver": "等照片"}}, version=version)
    assert saved.status in (200, 409), saved
    good(site, point, candidate, 91)
    thread.join(60)
    assert replies and replies[0].status == 503, replies
    assert time.monotonic() - began < DEADLINE * 10
    ready(site)
    good(site, point, candidate, 92)


def test_a_leak_meets_the_wall(site, province, point, candidate):
    """PR-2: memory that pictures leave behind ends at photo_memory: one picture gets 503, a fresh worker takes the next."""
    in_mode(site, province, "leak")
    ready(site)
    statuses = [send(point, candidate, png(colour=BLUE, mark=100 + n)).status for n in range(10)]
    assert 503 in statuses, statuses
    ready(site)
    good(site, point, candidate, 120)


def test_what_the_filter_forbids_fails_quietly(site, province, point, candidate):
    """IN-9: no file can be opened from inside a check."""
    in_mode(site, province, "open")
    ready(site)
    before = pool(site)[1]
    send(point, candidate, png(colour=BLUE, mark=130))
    time.sleep(0.5)
    assert pool(site)[1] == before, "the plugin opened a file, or died of trying: " + site.error_log()[-800:]


def test_a_full_queue_says_when_to_come_again(site, province, point, candidate):
    """NE-2, PR-6: two workers hang, two pictures wait, and the others are told at once; nobody holds a database connection."""
    in_mode(site, province, "spin")
    ready(site)
    replies, threads = [], []
    clients = [Client(site).sign_in(site.logins()["point"]) for _ in range(8)]
    version = point.get(f"/candidates/{candidate}/photo", expect=200).headers["ETag"]

    def push(client, n):
        reply = send(client, candidate, png(colour=BLUE, mark=200 + n), version=version)
        replies.append((time.monotonic(), reply))
    began = time.monotonic()
    for n, client in enumerate(clients):
        threads.append(threading.Thread(target=push, args=(client, n)))
        threads[-1].start()
    site.wait(lambda: any(r.json()["code"] == "busy" for _, r in replies), 20, "somebody turned away")
    first = min(at for at, r in replies if r.json()["code"] == "busy")
    for thread in threads:
        thread.join(90)
    assert {r.status for _, r in replies} == {503}, replies
    busy = [r for _, r in replies if r.json()["code"] == "busy"]
    assert all(int(r.headers["Retry-After"]) >= 1 for r in busy) and first - began < DEADLINE * 5
    assert count(site, "full") >= len(busy) > 0
    ready(site)
    good(site, point, candidate, 220)


@contextlib.contextmanager
def stopped(site, fill):
    """The pool stands still, at its worst moment: what `fill` callers more wait for, nobody takes."""
    master, workers = pool(site)
    callers = []

    def still(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    for pid in (master, *workers):
        os.kill(pid, signal.SIGSTOP)
    try:
        site.wait(lambda: all(map(still, (master, *workers))), 10, "the pool stands still")
        folder = os.open(site.path("run"), os.O_PATH | os.O_DIRECTORY)
        for _ in range(fill):
            callers.append(socket.socket(socket.AF_UNIX))
            callers[-1].setblocking(False)
            with contextlib.suppress(BlockingIOError):
                callers[-1].connect(f"/proc/self/fd/{folder}/photo.sock")
        os.close(folder)
        yield
    finally:
        for caller in callers:
            caller.close()
        for pid in (master, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def gateway(point):
    gateway_of = pytest.importorskip("gk_gateway", reason="python3-nacl is not installed").Gateway
    made = point.post("/devices", {"name": "读卡", "kinds": ["idcard", "camera"]}, expect=201).json()
    gateway = gateway_of(f"http://127.0.0.1:{point.site.port}")
    assert gateway.enrol(made["code"])[0] == 201
    return gateway


def card(gateway, n, **more):
    from gk_gateway import b64u, text_block  # pylint: disable=import-outside-toplevel
    block = text_block(f"芯片{chr(0x4e00 + n)}", id_number("430102", "20070612", n))
    return gateway.card(block, subject="1", chip_photo=b64u(png(102, 126, mark=n)), **more)


def stored(site, gateway):
    return int(sql(site, f"SELECT count(*) FROM reading WHERE device_id = {int(gateway.device)}")[0])


def test_a_chips_picture_waits_for_the_pool(site, province, point, candidate, gateway):
    """A full queue sends the whole post back before anything of it is kept; what is here already, and tests, need no worker."""
    in_mode(site, province, "fail")
    ready(site)
    number = point.get(f"/candidates/{candidate}", expect=200).json()["number"]
    from gk_gateway import b64u  # pylint: disable=import-outside-toplevel
    picture = gateway.reading({"kind": "camera", "picture": b64u(png(mark=310)), "number": number})
    before = card(gateway, 301)
    assert [r["verdict"] for r in gateway.post([before, picture])[1]["results"]] == ["created", "picture"]
    batch, had = [card(gateway, 302), card(gateway, 303)], stored(site, gateway)
    with stopped(site, 8):
        for post in (batch, [gateway.reading({"kind": "camera", "picture": b64u(png(mark=311)), "number": number})]):
            status, problem = gateway.post(post)
            assert (status, problem["code"]) == (503, "busy") and int(gateway.headers["Retry-After"]) >= 1, problem
        assert stored(site, gateway) == had
        status, answer = gateway.post([before, picture, card(gateway, 304, purpose="test")])
        assert status == 200 and [r["status"] for r in answer["results"]] == ["repeated", "repeated", "stored"], answer
    results = []

    def again():
        status, answer = gateway.post(batch)
        results[:] = answer["results"] if status == 200 else []
        return results
    site.wait(again, 30, "the workers go on")
    assert [(r["status"], r["verdict"]) for r in results] == [("stored", "created")] * 2
    for r in results:
        view = point.get(f"/candidates/{r['candidate']['id']}/photo", expect=200).json()
        assert [p["source"] for p in view["photos"]] == ["chip"], view
    assert stored(site, gateway) == had + 2


def test_the_database_goes_while_the_pool_looks(site, province, point, gateway):
    """The connection, given back meanwhile, does not come again: 503, and the process lives on."""
    if site.engine != "pgsql":
        return
    in_mode(site, province, "fail")
    ready(site)
    had, httpd, answers = stored(site, gateway), sorted(site.children()), []
    batch = [card(gateway, 320)]

    def post():
        try:
            answers.append(gateway.post(batch))
        except OSError as error:
            answers.append((0, str(error)))
    with stopped(site, 0):
        thread = threading.Thread(target=post)
        thread.start()
        time.sleep(2)
        old = postmaster(site)
        os.kill(old, signal.SIGQUIT)
        site.wait(lambda: not os.path.exists(f"/proc/{old}"), 30, "PostgreSQL is down")
    thread.join(60)
    site.start()
    assert answers and answers[0][0] == 503, answers
    assert sorted(site.children()) == httpd and "Segmentation" not in site.error_log(), "httpd lost a process over a picture"
    site.wait(lambda: gateway.post(batch)[0] == 200, 90, "the database is back")
    assert stored(site, gateway) == had + 1


def test_the_pool_itself_comes_back(site, province, point, candidate):
    """PR-2: the master is killed: its workers go with it, httpd starts another one, nothing else notices."""
    in_mode(site, province, "fail")
    ready(site)
    master, workers = pool(site)
    site.kill(master)
    site.wait(lambda: pool(site)[0] not in (None, master) and not set(pool(site)[1]) & set(workers), 60, "a new pool")
    ready(site)
    site.wait(lambda: send(point, candidate, png(mark=230)).status == 200, 30, "a picture through the new pool")
    accepted(point, candidate, 240)
