"""The day of a point, whole: reader (a pseudo-terminal), gaokao-gateway, a bad network, httpd, both databases (issue "Device
gateways", W3, W7). At the end the server holds each card exactly once. GK_GATEWAY_CARDS=500 is the long form."""
import os
import random
import sys
import tempfile
import time

import pytest

pytest.importorskip("nacl", reason="python3-nacl is not installed")
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))
from badproxy import BadProxy  # noqa: E402 pylint: disable=wrong-import-position
from gateway_process import Gateway  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import Instance, alive, free_ports  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import sql  # noqa: E402 pylint: disable=wrong-import-position
from reader_sim import ReaderSimulator, card  # noqa: E402 pylint: disable=wrong-import-position

Place = pytest.importorskip("test_devices").Place
CARDS = int(os.environ.get("GK_GATEWAY_CARDS", "32"))


@pytest.fixture(name="day", scope="module")
def made_day(engine):
    instance = Instance.create("gateway", engine, candidates=20)
    folder = tempfile.mkdtemp(prefix="gk-day.", dir=os.environ.get("GK_WORK") or "/tmp")
    reader = ReaderSimulator(os.path.join(folder, "reader"))
    gateway = Gateway(instance.path("app", "bin", "gaokao-gateway"), os.path.join(folder, "gateway"))
    yield instance, Place(instance, "0871", CARDS + 20, "gateway"), gateway, reader
    if gateway.process is not None:
        gateway.kill()
    reader.close()
    instance.close()


def put(gateway, reader, n):
    before = gateway.log().count("已读卡")
    reader.put(card(n))
    gateway.wait(lambda: gateway.log().count("已读卡") > before, 60, f"card {n} read")
    reader.lift()
    gateway.wait(lambda: reader.commands[-1:] == [0x2001], what="a look for the next card")
    time.sleep(0.05)


def test_the_day_of_a_point(day):
    site, place, gateway, reader = day
    made = place.operator.post("/devices", {"name": "一号读卡机", "kinds": ["idcard", "camera"]}, expect=201).json()
    chance = random.Random(11)
    with BadProxy(("127.0.0.1", site.port)) as proxy:
        gateway.enrol(f"http://127.0.0.1:{proxy.port}", made["code"], port=reader.link, speed=115200, find_ms=20, retry_max_s=2,
                      subject=1, state_s=1, page_port=free_ports(1)[0])
        gateway.start()
        down = set(range(CARDS // 4, CARDS // 2))          # the network is away
        kills = set(chance.sample(range(CARDS), CARDS // 8))
        for n in range(CARDS):
            proxy.fault = {"refuse": True} if n in down else {"swallow": True} if n == CARDS // 2 else {}
            if n in down:
                proxy.cut_all()
            if n in kills:
                time.sleep(chance.random() / 10)
                gateway.kill()
                gateway.start()
            if n == CARDS * 3 // 4:
                site.stop()
            if n == CARDS * 3 // 4 + 3:
                site.start()
            put(gateway, reader, n)
        proxy.fault = {}
        gateway.wait(lambda: gateway.waiting() == 0 and gateway.state()["link"] == "online", 120, "an empty queue")

        def told():
            device = place.operator.get(f"/devices/{made['id']}", expect=200).json()
            return device["state"] == "active" and device["waiting"] == 0 and not device.get("holes") and \
                device["software"].startswith("gaokao-gateway ") and (device["reader_module"] or "").startswith("05.01-20240248")
        gateway.wait(told, 30, "the device's row in the console")
    rows = [row.split("|") for row in sql(site, "SELECT verdict, count(*) FROM reading WHERE device_id = %d GROUP BY verdict" % int(made["id"]))]
    verdicts = {verdict: int(count) for verdict, count in rows}
    # Each of CARDS people has one record; a kill between "on the disk" and "told" lets the clerk read a card again.
    again = sum(verdicts.values()) - CARDS
    assert verdicts.get("created") == CARDS and 0 <= again <= len(kills), verdicts
    assert set(verdicts) <= {"created", "verified", "identified"}, verdicts


def test_a_card_is_compared_and_revoking_acts_at_once(day):
    """The same card again: verified. Revoked: the next request is refused, and what is read then stays at the point."""
    site, place, gateway, reader = day
    device = next(d for d in place.operator.items("/devices") if d["name"] == "一号读卡机")
    gateway.set(server=f"http://127.0.0.1:{site.port}")
    gateway.stop()
    gateway.start()

    def readings(more=""):
        return int(sql(site, f"SELECT count(*) FROM reading WHERE device_id = {device['id']}{more}")[0])
    before = readings()
    put(gateway, reader, 1)
    site.wait(lambda: readings() == before + 1 and readings(" AND verdict = 'verified'") >= 1, 30, "a card that is compared")
    gateway.run("rotate-key")
    put(gateway, reader, 2)
    site.wait(lambda: readings() == before + 2, 30, "a reading under the new key")
    head = place.operator.get(f"/devices/{device['id']}", expect=200)
    place.county.patch(f"/devices/{device['id']}", {"state": "revoked", "reason": "测试停用"}, version=head.headers["ETag"], expect=200)
    put(gateway, reader, 3)
    gateway.wait_said("本设备已被停用")
    gateway.wait(lambda: gateway.waiting() == 1)
    # A new code of the point, the same device: what waited is signed anew.
    head = place.operator.get(f"/devices/{device['id']}", expect=200)
    code = place.operator.post(f"/devices/{device['id']}/code", {}, version=head.headers["ETag"], expect=200).json()["code"]
    gateway.stop()
    gateway.run("enrol", "--server", f"http://127.0.0.1:{site.port}", "--code", code)
    gateway.start()
    site.wait(lambda: readings() == before + 3, 60, "what waited")
    assert gateway.stop() == 0


def test_the_demonstrations_reader(day):
    """./run reader on: cards arrive at the demonstration's point; ./run stop leaves nothing running."""
    site = day[0]
    said = site.run("reader", "on", "--every", "1").stdout
    assert "/hngz/" in said and "http://127.0.0.1:" in said
    device = "(SELECT max(id) FROM device WHERE name = '模拟读卡器')"
    site.wait(lambda: int(sql(site, f"SELECT count(*) FROM reading WHERE device_id = {device} AND verdict = 'created'")[0]) >= 2, 60, "cards in the console")
    with open(site.path("log", "gateway.log"), encoding="utf-8") as file:
        assert "已读卡" in file.read()
    pids = []
    for name in ("reader", "gateway"):
        with open(site.path("run", name + ".pid"), encoding="utf-8") as file:
            pids.append(int(file.read()))
    assert all(alive(pid) for pid in pids)
    site.stop()
    assert not any(alive(pid) for pid in pids)
    site.start()
    assert "not on" in site.run("reader", "off").stdout
