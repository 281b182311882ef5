"""Keys under a running server (issue 4, DI-9): the file is read again without a restart, a wrong one is refused by name, cookies
and slips live as long as their key, data and indexes move to new keys beside people who work, through kill -9, and a person is
registered once whichever key a row lies under."""
import base64
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import uuid

import pytest

from gk_client import Client
from gk_world import card, id_number, stamp


def keys_file(site):
    return site.path("keys", "gaokao.keys")


def text_of(site):
    with open(keys_file(site), encoding="utf-8") as file:
        return file.read()


def replace(site, text):
    """A new file takes the place of the old one, as a careful operator does it."""
    path = keys_file(site)
    info = os.stat(path)
    with open(os.open(path + ".test", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.chown(path + ".test", info.st_uid, info.st_gid)
    os.rename(path + ".test", path)


def states(site):
    return {line.split()[0]: line.split()[4] for line in text_of(site).splitlines() if not line.startswith("#")}


def not_ready(site):
    """Names of what /readyz finds wrong."""
    return [check["name"] for check in site.get("/readyz").json()["checks"] if not check["ok"]]


@pytest.fixture(scope="module")
def place(engine):
    """An instance of one's own with a point that has free numbers."""
    from gk_instance import Instance  # pylint: disable=import-outside-toplevel
    site = Instance.create("keys", engine, candidates=400)
    county = Client(site).sign_in(site.logins()["county"])
    org = county.me["org"]
    gap = next(g for g in county.get("/ranges/free", expect=200).json()["items"] if g["last"] - g["first"] > 80)
    point = county.post("/orgs", {"parent_id": org["id"], "code": org["code"] + "0990", "name": "换密钥中学", "profile": {}}, expect=201).json()
    county.post("/ranges", {"org_id": point["id"], "subject": "1", "first": gap["first"], "last": gap["first"] + 79}, expect=201)
    account = county.post("/accounts", {"role": "point", "org_id": point["id"], "login": "keys-point"}, expect=201).json()
    slip = county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]
    operator = Client(site).sign_in("keys-point", slip["password"], change_to="Huan-Miyao-Ceshi-2026")
    made = {"site": site, "county": county, "org": org, "point": point, "operator": operator, "people": []}
    must_register(made, 1)
    yield made
    site.close()


def register(place, serial):
    number = id_number(place["org"]["code"], "20070520", serial)
    return number, place["operator"].post("/readings", {"jti": uuid.uuid4().hex, "taken_at": stamp(), "purpose": "create", "subject": "1",
                                                        "layout": "resident", "card": card("密钥人", number)})


def must_register(place, serial):
    number, reply = register(place, serial)
    assert reply.status == 201 and reply.json()["verdict"] == "created", reply
    place["people"].append((serial, number, reply.json()["candidate_id"]))


def still_once(place):
    """Everybody registered so far is found again under the same record, by the whole number and by its end."""
    for serial, number, candidate in place["people"]:
        _, reply = register(place, serial)
        assert reply.json()["verdict"] != "created" and reply.json()["candidate_id"] == candidate, (number, reply)
        found = place["operator"].get(f"/candidates?q={number}", expect=200).json()["items"]
        assert [c["id"] for c in found] == [candidate], number
        tail = place["operator"].get(f"/candidates?q={number[-4:]}", expect=200).json()["items"]
        assert candidate in [c["id"] for c in tail], number


def step(site, *words):
    """One step of gaokaoctl key; those that need all nodes are refused until the worker told that it read the file."""
    def taken():
        done = site.ctl("key", *words, check=False)
        assert done.returncode == 0 or "have not read the new key file" in done.stderr, done
        return done.returncode == 0
    site.wait(taken, 20, " ".join(words))
    time.sleep(1.2)  # children look at the file once a second


def test_a_broken_file_changes_nothing_and_is_named(place):
    site, right = place["site"], text_of(place["site"])
    assert not_ready(site) == []
    lines = right.splitlines(keepends=True)
    data = next(n for n, line in enumerate(lines) if line.startswith("data1 "))
    words = lines[data].split(" ")
    words[5] = ("B" if words[5][0] == "A" else "A") + words[5][1:]
    for what, broken in (("cut", right[:len(right) // 2]), ("empty", ""), ("another key", "".join(lines[:data] + [" ".join(words)] + lines[data + 1:]))):
        replace(site, broken)
        site.wait(lambda: not_ready(site) == ["keys"], what=what)
        must_register(place, 10 + len(place["people"]))
        still_once(place)
        assert site.ctl("key", "check", check=False).returncode == 4, what
        assert text_of(site) == broken, "somebody wrote the key file"
        replace(site, right)
        site.wait(lambda: not_ready(site) == [], what="the right file again")
    assert "GK0007" in site.error_log()


def test_httpd_does_not_start_with_a_wrong_or_missing_file(place):
    site, right = place["site"], text_of(place["site"])
    path = keys_file(site)
    site.stop()
    try:
        for what in ("missing", "another instance's"):
            os.rename(path, path + ".aside")
            if what != "missing":
                subprocess.run([site.path("app", "bin", "gaokaoctl"), "init", "--instance", other(site)], check=True, capture_output=True)
                with open(other(site) + "/keys/gaokao.keys", encoding="utf-8") as file:
                    foreign = file.read()
                os.rename(path + ".aside", path)
                replace(site, foreign)
            started = site.run("start", "--db", site.engine, "--port", str(site.port), "--client-port", str(site.client_port), check=False)
            assert started.returncode != 0, what
            if what == "missing":
                assert not os.path.exists(path), "a key file was made"
                os.rename(path + ".aside", path)
            else:
                assert text_of(site) == foreign
                assert "is not the one this database was written with" in site.error_log(), what
                with open(site.path("log", "error.log"), "w", encoding="utf-8"):
                    pass  # what was asked for is no alarm
                replace(site, right)
    finally:
        if os.path.exists(path + ".aside"):
            os.rename(path + ".aside", path)
        site.start()
    still_once(place)


def other(site):
    folder = site.path("other")
    if not os.path.isdir(folder):
        os.makedirs(folder + "/keys")
        os.makedirs(folder + "/data")
        with open(folder + "/gaokao.conf", "w", encoding="utf-8") as file:
            file.write("db_engine = sqlite\n")
    return folder


def test_cookies_and_slips_live_as_long_as_their_key(place):
    site, county = place["site"], place["county"]
    account = county.post("/accounts", {"role": "point", "org_id": place["point"]["id"], "login": "keys-slip"}, expect=201).json()
    printed = county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]["password"]
    step(site, "create", "cookie")
    step(site, "create", "slip")
    place["operator"].get("/candidates", expect=200)
    cookies = dict(place["operator"].cookies)  # of a browser that stays away: one older than a minute is made anew when it comes
    step(site, "activate", "cookie")
    step(site, "activate", "slip")
    place["operator"].get("/candidates", expect=200)  # signed in under the old key
    assert Client(site).sign_in("keys-slip", printed).me is not None
    reprinted = county.post("/accounts/slips", {"ids": [account["id"]]}, expect=200).json()["items"][0]["password"]
    assert reprinted != printed
    step(site, "retire", "slip")
    step(site, "retire", "cookie")
    assert Client(site).sign_in("keys-slip", printed, expect=401).me is None
    assert Client(site).sign_in("keys-slip", reprinted).me is not None

    def kept():  # each try with the cookie as it was: a process that has not read the file again yet would make it anew
        client = Client(site)
        client.cookies = dict(cookies)
        return client.get("/candidates").status
    site.wait(lambda: kept() == 401, 30, "every process to know that the cookie key is gone")
    place["operator"] = Client(site).sign_in("keys-point", "Huan-Miyao-Ceshi-2026")


def test_no_key_lies_in_a_memory_dump_id_18(place):
    """ID-18: gcore of a child and of the worker: no key of the file, raw or as text; and no core file is written at all."""
    if shutil.which("gcore") is None:
        pytest.skip("gdb is not installed")
    site = place["site"]
    keys = [base64.b64decode(line.split()[5]) for line in text_of(site).splitlines() if not line.startswith("#") and line.split()[5] != "-"]
    still_once(place)
    for pid in site.children()[:3]:
        with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
            limit = next(line for line in file if line.startswith("Max core file size")).split()[4]
        assert limit == "0", (pid, limit)
        dump = site.path(f"dump.{pid}")
        done = subprocess.run(["gcore", "-o", site.path("dump"), str(pid)], capture_output=True, text=True, timeout=120, check=False)
        if not os.path.exists(dump):
            pytest.skip("gcore may not look at processes here: " + (done.stderr or done.stdout)[-100:])
        with open(dump, "rb") as file:
            memory = file.read()
        os.unlink(dump)
        assert b"candidate" in memory  # it is a dump of the program
        for key in keys:
            assert key not in memory and base64.b64encode(key) not in memory, f"a key lies in the memory of {pid}"


def test_data_moves_to_a_new_key_beside_saves_and_through_kill_9(place):
    site, operator = place["site"], place["operator"]
    random.seed(4)
    command = [site.path("app", "bin", "gaokaoctl"), "key", "rotate", "data", "--instance", site.folder]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "--", *command]
    saves, faults, stop = [], [], threading.Event()
    candidate = place["people"][0][2]

    def save():
        n = 0
        client = Client(site)
        client.cookies, client.csrf, client.me = dict(operator.cookies), operator.csrf, operator.me
        while not stop.is_set():
            n += 1
            now = client.get(f"/candidates/{candidate}")
            reply = client.patch(f"/candidates/{candidate}", {"fields": {"phone": f"0731-8{n:07d}"}}, version=now.headers["ETag"])
            (saves if reply.status == 200 else faults).append(f"0731-8{n:07d}" if reply.status == 200 else reply)
            time.sleep(0.02)

    thread = threading.Thread(target=save)
    thread.start()
    kills = 0
    try:
        for _ in range(30):
            run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                out, err = run.communicate(timeout=random.uniform(0.2, 6) if kills < 5 else 120)
                assert run.returncode == 0, (out, err)
                break
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.communicate()
                kills += 1
        assert states(site)["data1"] == "gone" and "active" in (states(site).get("data2"), states(site).get("data3"))
    finally:
        stop.set()
        thread.join(30)
    assert kills >= 1 and not faults and saves, (kills, faults[:3])
    assert operator.get(f"/candidates/{candidate}", expect=200).json()["fields"]["phone"] == saves[-1]
    for row in operator.items("/candidates"):
        operator.get(f"/candidates/{row['id']}", expect=200)
    still_once(place)
    site.ctl("key", "check")
    site.ctl("check")


def test_a_person_is_registered_once_in_each_step_of_a_change_of_index_keys(place):
    site = place["site"]
    serial = iter(range(100, 180))
    must_register(place, next(serial))
    assert site.ctl("key", "activate", "index", check=False).returncode == 1
    step(site, "create", "index")
    must_register(place, next(serial))
    still_once(place)
    refused = site.ctl("key", "activate", "index", check=False)
    assert refused.returncode == 1 and "key rewrite index" in refused.stderr, refused
    site.ctl("key", "rewrite", "index")
    must_register(place, next(serial))
    still_once(place)
    step(site, "activate", "index")
    must_register(place, next(serial))
    still_once(place)
    refused = site.ctl("key", "retire", "index", check=False)
    assert refused.returncode == 1 and "key rewrite index" in refused.stderr, refused
    site.ctl("key", "rewrite", "index")
    must_register(place, next(serial))
    still_once(place)
    step(site, "retire", "index")
    must_register(place, next(serial))
    still_once(place)
    assert states(site)["index1"] == "gone"
    site.ctl("check")
