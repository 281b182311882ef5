"""What goes wrong around a change of policy: rules that cost, two activations at once, a database that is lost in the middle, a node
that was away, a dry run whose worker dies. The active pack stays active and whole, and everybody is told."""
import os
import signal
import subprocess
import threading
import time

import pytest

from gk_client import Client
from gk_instance import Instance
from gk_world import sql
from test_packs import ODD, activate, active, approved, checked, draft, population, rehearsed, rules_of

CANDIDATES = 600
# Six rows, each against each against each: passes every check of the pack, and takes its time.
DEEP = "row[count(../row) > 0]"
for _ in range(7):
    DEEP = f"row[count(../{DEEP}) > 0]"
COSTLY = {**ODD, "id": "costly", "fields": ["resume"], "test": f"count(resume/{DEEP}) >= 0",
          "cases": [{"expect": "pass", "fields": {"birth": "2007-01-01"}}]}


@pytest.fixture(scope="module")
def house(engine):
    instance = Instance.create("packfaults", engine, candidates=CANDIDATES)
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def people(house):
    logins = house.logins()
    return {role: Client(house, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
            for role in ("province", "approver", "county", "export", "candidate")}


@pytest.fixture(autouse=True)
def base_again(house, people):
    """Each test begins under the pack that the house began with, whatever the one before left."""
    province, base = people["province"], active(people["province"])["id"]
    yield
    if active(province)["id"] != base:
        found = province.get(f"/packs/{base}/rehearsal", expect=200).json()["rehearsal"]
        activate(province, province.get(f"/packs/{base}", expect=200).json(), found["newly_failing"])


def steps(province, value):
    """The budget of a rule; None: back to the preset."""
    province.patch("/plugins/policy_xpath", {"options": {"op_limit": value}}, expect=200)


def costly(count):
    return [{**COSTLY, "id": f"costly-{n}"} for n in range(count)]


def worker(house):
    """The process that runs jobs."""
    def find():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if words[0].endswith("gaokao-worker") and "--photo" not in words and any(house.folder in word for word in words):
                return int(pid)
        return 0
    house.wait(find, 60, "a worker")
    return find()


def written(house, pack):
    """Records that the pack's dry run has in the database: the job's own row says so a second later, at its next beat."""
    rows = sql(house, f"SELECT done FROM rehearsal WHERE pack_id = {pack['id']}")
    return int(rows[0]) if rows else None


def of_costly(verdicts):
    return [v for v in verdicts if v["rule"] == "costly"]


def test_a_rule_that_costs_is_stopped_and_named(house, people):
    """IN-6: beyond its budget of steps a rule is stopped: the trial, the save and the dry run say which one it was, and the others
    are judged as ever."""
    province = people["province"]
    steps(province, "1000")
    try:
        pack = draft(province, [{**COSTLY, "severity": "warn"}])
        someone = next(c["id"] for c in province.items("/candidates?limit=200") if c["state"] == "accepted")
        tried = province.post(f"/packs/{pack['id']}/trial", {"rule": "costly", "candidate_id": someone}, expect=200).json()
        assert tried["result"] == "undecided" and tried["verdicts"][0]["rule"] == "costly"
        assert "too many steps" in tried["verdicts"][0]["reason"], tried
        found, pack = rehearsed(house, province, checked(province, pack))
        assert found["rules"]["costly"]["undecided"] > 0
        assert {"rule": "costly", "code": "undecided"} in found["remarks"]
        # The other rules said what they say without it.
        side = province.get(f"/packs/{pack['id']}/comparison?candidate_id={someone}", expect=200).json()
        assert [v for v in side["after"] if v["rule"] != "costly"] == side["before"]
        # In force, a save is answered, and names it.
        pack = approved(house, people, pack)
        base = active(province)
        activate(province, pack, found["newly_failing"])
        me = people["candidate"]

        def save():
            version = me.get("/me", expect=200).headers["ETag"]
            return of_costly(me.patch("/me", {"fields": {"receiver": "向春"}}, version=version, expect=200).json()["verdicts"])

        def judge():
            return of_costly(me.get("/me/verdicts", expect=200).json()["verdicts"])
        # Whichever process answers: each looks for itself, and has up to a second.
        for ask in (save, judge):
            said = []
            house.wait(lambda ask=ask, said=said: said.extend(ask()) or said, 10, f"the new pack in {ask.__name__}()")
            assert said[0]["kind"] == "undecided" and ODD["title"]["zh"] in said[0]["zh"]
        activate(province, province.get(f"/packs/{base['id']}").json(), found["newly_passing"])
    finally:
        steps(province, None)


def test_a_dry_run_is_cancelled_and_resumed(house, people):
    """kill -9 of its worker: the next one goes on where it was, and the counts are those of a run that nobody touched. Cancelled, it
    leaves the pack as it was."""
    province = people["province"]
    steps(province, "100000000")
    try:
        pack = checked(province, draft(province, [*costly(4), {**ODD, "severity": "warn"}]))
        job = province.post(f"/packs/{pack['id']}/rehearsal", {}, expect=201).json()

        def state():
            return province.get(f"/jobs/{job['id']}", expect=200).json()
        victim = worker(house)
        house.wait(lambda: written(house, pack) is not None, 60, "the dry run")
        began = time.monotonic()
        house.wait(lambda: written(house, pack), 120, "the first batch")
        os.kill(victim, signal.SIGKILL)
        took, done = time.monotonic() - began, written(house, pack)
        assert 0 < done < CANDIDATES and state()["state"] == "running", "too fast to be killed in the middle"
        house.wait(lambda: state()["state"] == "done", 240, "the dry run after the kill")
        found = province.get(f"/packs/{pack['id']}/rehearsal", expect=200).json()["rehearsal"]
        even = [1 for _, birth in population(people["export"]) if birth % 2 == 0]
        assert found["records"] == CANDIDATES and found["rules"]["odd-day"]["failing"] == len(even)
        assert int(sql(house, f"SELECT count(*) FROM rehearsal WHERE pack_id = {pack['id']}")[0]) == 1, "it began again"
        assert len(province.items(f"/packs/{pack['id']}/rehearsal/records?rule=odd-day")) == len(even)

        # Two batches are left when it is cancelled, and that is heard within a second: as many rules as make a batch of three seconds here.
        other = checked(province, draft(province, costly(min(60, 1 + int(4 * 3 / took)))))
        job = province.post(f"/packs/{other['id']}/rehearsal", {}, expect=201).json()
        house.wait(lambda: written(house, other), 120, "the first batch")
        province.post(f"/jobs/{job['id']}/cancel", {}, expect=200)
        house.wait(lambda: state()["state"] not in ("queued", "running"), 120, "the dry run to end")
        assert state()["state"] == "cancelled", state()
        assert province.get(f"/packs/{other['id']}").json()["state"] == "checked"
        refused = people["approver"].post(f"/packs/{other['id']}/approval", {"totp": "123456"}, version=other["revision"])
        assert refused.status in (409, 422)
    finally:
        steps(province, None)


def test_two_activations_at_once(house, people):
    """Two administrators press the button in the same moment: one pack becomes active, the other is refused and stays approved."""
    province, approver = people["province"], people["approver"]
    base, packs = active(province), []
    for day in ("odd-day", "odd-day-2"):
        _, pack = rehearsed(house, province, checked(province, draft(province, [{**ODD, "id": day, "severity": "warn"}])))
        packs.append(approved(house, people, pack))
    province.confirm()
    approver.confirm()
    replies = [None, None]

    def press(n, client):
        replies[n] = client.post(f"/packs/{packs[n]['id']}/activation", {"reason": "同时启用"}, version=packs[n]["revision"])
    threads = [threading.Thread(target=press, args=(n, client)) for n, client in enumerate((province, approver))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(reply.status for reply in replies) == [200, 409], replies
    won = [reply.status for reply in replies].index(200)
    assert active(province)["id"] == packs[won]["id"]
    assert province.get(f"/packs/{packs[1 - won]['id']}").json()["state"] == "approved"
    activate(province, province.get(f"/packs/{base['id']}").json())
    assert active(province)["id"] == base["id"]


def test_the_database_is_lost_during_an_activation(house, people):
    """The activation waits in the database when it is lost: 503 or outcome unknown, the active pack stays active and whole, everybody
    goes on, and the same press works afterwards."""
    province, base = people["province"], active(people["province"])
    _, pack = rehearsed(house, province, checked(province, draft(province, [{**ODD, "severity": "warn"}])))
    pack = approved(house, people, pack)
    province.confirm()
    reply = []

    def press():
        reply.append(province.post(f"/packs/{pack['id']}/activation", {"reason": "数据库中断"}, version=pack["revision"]))
    thread = threading.Thread(target=press)
    if house.engine == "pgsql":
        with open(house.path("gaokao.conf"), encoding="utf-8") as file:
            params = next(line.split(" = ", 1)[1].strip() for line in file if line.startswith("db_params"))
        with subprocess.Popen(["psql", "-XAtq", params], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write("BEGIN; SELECT 1 FROM season WHERE active = 1 FOR UPDATE;\n")
            holder.stdin.flush()
            assert holder.stdout.readline().strip() == "1"
            thread.start()
            house.wait(lambda: sql(house, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%season%'") != ["0"],
                       20, "the activation waits")
            sql(house, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            thread.join(60)
            holder.stdin.write("ROLLBACK;\n\\q\n")
            holder.stdin.flush()
    else:
        with subprocess.Popen(["sqlite3", house.path("data", "gaokao.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write(".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 7;\n")
            holder.stdin.flush()
            assert holder.stdout.readline().strip() == "7"
            thread.start()
            thread.join(90)  # it gives up by itself
            holder.stdin.write("ROLLBACK;\n.quit\n")
            holder.stdin.flush()
    assert reply and reply[0].status == 503 and reply[0].headers["Retry-After"], reply
    house.wait(lambda: house.get("/readyz").status == 200, 30, "ready again")
    assert active(province)["id"] == base["id"] and active(province)["digest"] == base["digest"]
    assert province.get(f"/packs/{pack['id']}").json()["state"] == "approved"
    someone = province.items("/candidates?limit=1")[0]["id"]
    assert "odd-day" not in rules_of(province, someone)
    activate(province, province.get(f"/packs/{pack['id']}").json())
    assert active(province)["id"] == pack["id"]
    activate(province, province.get(f"/packs/{base['id']}").json())


def test_a_pack_of_fifty_megabytes(house, people):
    """IN-5: refused while it comes in, with little memory, and nothing changes."""
    province = people["province"]
    count, size = len(province.items("/packs")), 50 * 1024 * 1024

    def resident():
        with open(f"/proc/{house.pid()}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    before = resident()
    began = time.monotonic()
    try:
        reply = province.request("POST", "/packs?name=a.xml", b"<pack>" + b" " * size, headers={"Content-Type": "application/xml"})
        assert reply.status == 413, reply
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was told before it had sent all
    assert time.monotonic() - began < 20 and resident() - before < 32 * 1024 * 1024
    assert len(province.items("/packs")) == count
