"""gaokao-gateway with a reader on a pseudo-terminal (tools/reader_sim.py) and an honest server of its own (peer.py): what the
clerk is told, and that nothing told "read" is lost or comes twice. With httpd: tests/httpd/test_gateway.py."""
import base64
import http.client
import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "tools"), os.path.join(ROOT, "tools")]
from badproxy import BadProxy  # noqa: E402 pylint: disable=wrong-import-position
from gateway_process import Gateway  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import free_ports  # noqa: E402 pylint: disable=wrong-import-position
from peer import Peer, unb64u  # noqa: E402 pylint: disable=wrong-import-position
from reader_sim import ReaderSimulator, card, id_number, person  # noqa: E402 pylint: disable=wrong-import-position

PROGRAM = os.path.join(os.environ.get("GK_BUILD", os.path.join(ROOT, "build", "product")), "gaokao-gateway")
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==") + bytes(100)


class Place:
    """A point: a folder, a reader, a gateway, a server."""

    def __init__(self, folder):
        self.folder = folder
        self.peer = Peer()
        self.reader = ReaderSimulator(os.path.join(folder, "reader"))
        self.gateway = Gateway(PROGRAM, os.path.join(folder, "gateway"))
        self.page_port = free_ports(1)[0]

    def enrol(self, url=None, **settings):
        self.gateway.enrol(url or self.peer.url, "GOOD-CODE-0001", **{
            "port": self.reader.link, "speed": 115200, "find_ms": 20, "retry_max_s": 1, "page_port": self.page_port, "state_s": 1, **settings})
        return self.gateway

    def read(self, n, **more):
        """Card n is put on, read, told and lifted."""
        before = self.gateway.log().count("已读卡")
        self.reader.put(card(n, **more))
        self.gateway.wait(lambda: self.gateway.log().count("已读卡") > before, what=f"card {n} read")
        self.reader.lift()
        self.gateway.wait(lambda: self.reader.commands[-1:] == [0x2001], what="a look for the next card")
        time.sleep(0.05)

    def close(self):
        if self.gateway.process is not None:
            self.gateway.kill()
        self.reader.close()
        self.peer.close()


@pytest.fixture(name="place")
def made_place():
    folder = tempfile.mkdtemp(prefix="gk-gateway.", dir=os.environ.get("GK_WORK") or "/tmp")
    place = Place(folder)
    yield place
    place.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_cards_arrive_once_in_order_and_lie_sealed(place):
    """W3: one card after the other; what lies at the point can be opened only by the server (ID-13)."""
    gateway = place.enrol(fingerprint="yes", retry_max_s=60)
    place.peer.fault = 503  # so that it all lies in the spool for a while
    gateway.start()
    for n in range(6):
        place.read(n, fingers=n % 3)
    assert not place.peer.readings
    names, numbers = [person(n)["name"] for n in range(6)], [id_number(n) for n in range(6)]
    everything = b""
    for folder, _, files in os.walk(gateway.folder):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
        for name in files:
            path = os.path.join(folder, name)
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
            with open(path, "rb") as file:
                everything += file.read()
    decoded = b"".join(base64.urlsafe_b64decode(word + b"=" * (-len(word) % 4)) for word in re.findall(rb"[A-Za-z0-9_-]{40,}", everything))
    for text in names + numbers:
        for form in (text.encode(), text.encode("utf-16-le"), base64.urlsafe_b64encode(text.encode("utf-16-le"))[:20]):
            assert form not in everything and form not in decoded
    assert b"CCCCCCCCCCCC" not in everything + decoded
    assert gateway.stop() == 0
    place.peer.fault = None
    gateway.start()
    gateway.wait(lambda: len(place.peer.readings) == 6)
    assert place.peer.numbers() == numbers
    assert [r["seq"] for r in place.peer.readings.values()] == list(range(1, 7))
    one = place.peer.plain()[0]
    assert one["layout"] == "resident" and one["kind"] == "idcard" and one["reader_module"].startswith("05.01-20240248")
    assert len(unb64u(one["photo_block"])) == 1024 and re.fullmatch(r"\d{4}-.*\.\d{3}000Z|\d{4}-[^.]*Z", one["captured_at"])
    assert "finger" not in json.dumps(one).lower()
    header = place.peer.readings[place.peer.order[0]]["header"]
    assert list(header) == ["alg", "typ", "kid", "aud", "iat", "jti", "seq", "skid"]
    assert gateway.memory() <= 16 * 1024 * 1024 or "asan" in PROGRAM
    gateway.wait(lambda: gateway.waiting() == 0)
    gateway.wait(lambda: gateway.state()["posted"] == 6)
    state = gateway.state()
    assert state["running"] and state["link"] == "online" and state["reader"]["state"] == "ready"


def test_a_day_with_a_bad_network_and_power_cuts(place):
    """Killed and cut off at moments nobody chose: the server holds each card that was told "read" exactly once."""
    chance = random.Random(5)
    with BadProxy(("127.0.0.1", place.peer.port)) as proxy:
        gateway = place.enrol(f"http://127.0.0.1:{proxy.port}").start()
        for n in range(50):
            if n % 10 == 4:
                proxy.fault = chance.choice([{"refuse": True}, {"swallow": True}, {"cut_up": 700, "reset": True}, {"twice": True}])
            if n % 10 == 8:
                proxy.fault = {}
            if n % 7 == 3:
                time.sleep(chance.random() / 10)
                gateway.kill()
                gateway.start()
            place.read(n)
        proxy.fault = {}
        proxy.cut_all()
        # The state is written now and then: what it says may be of before the last cards.
        gateway.wait(lambda: len(set(place.peer.numbers())) >= 50, 60, "the last card")
        gateway.wait(lambda: gateway.state()["running"] and gateway.waiting() == 0, 60, "an empty queue")
    numbers = place.peer.numbers()
    # A kill between "on the disk" and "told" makes the clerk read a card again: two readings of one card, both told.
    assert set(numbers) == {id_number(n) for n in range(50)}
    assert len(numbers) == len(place.peer.readings) and len(numbers) <= 50 + 7
    seqs = [r["seq"] for r in place.peer.readings.values()]
    assert seqs == sorted(seqs) and len(set(seqs)) == len(seqs)


def test_what_the_reader_does_wrong_is_told_in_words(place):
    gateway = place.enrol(language="en").start()
    gateway.wait_said("Put the next card on")
    for n, (fault, words) in enumerate(((0x41, "The chip could not be read"), (0x32, "Not a genuine card chip"),
                                       ((0x2002, 0x81), "it was moved"), (0x77, "something unknown"))):
        place.reader.faults = [fault]
        place.reader.put(card(n))
        gateway.wait_said(words)
        gateway.wait(lambda at=n: id_number(at) in place.peer.numbers(), what="and then it is read")
        place.reader.lift()
        time.sleep(0.1)
    place.reader.faults = [0x41] * 3
    place.reader.put(card(200))
    gateway.wait_said("three times in a row")
    gateway.wait(lambda: id_number(200) in place.peer.numbers())
    place.reader.lift()
    faults = ["noise", "checksum", "cut", "drip", "glue", 0x10]
    for n, fault in enumerate(faults + [(0x2001, "silence"), (0x2001, "checksum"), (0x2001, 0x11), (0x2002, "noise"), (0x2002, "glue")]):
        time.sleep(0.1)
        place.reader.faults = [fault]
        place.reader.put(card(300 + n))
        gateway.wait(lambda at=n: id_number(300 + at) in place.peer.numbers(), what=f"a card in spite of {fault}")
        assert not place.reader.faults
        place.reader.lift()
    place.reader.faults = [0x66]
    place.reader.put(card(400))
    gateway.wait_said("The reader is faulty or not authorised")
    gateway.wait(lambda: id_number(400) in place.peer.numbers(), what="a reader that is well again")
    assert len(place.peer.numbers()) == len(set(place.peer.numbers()))


@pytest.mark.parametrize("lying", ["9F", "80"])
def test_a_card_left_lying_is_read_once_and_again_after_a_lift(place, lying):
    place.reader.lying = lying
    gateway = place.enrol().start()
    place.reader.put(card(1))
    gateway.wait(lambda: len(place.peer.readings) == 1)
    time.sleep(1.2)
    assert len(place.peer.readings) == 1 and gateway.log().count("已读卡") == 1
    place.reader.lift()
    time.sleep(2.2)
    place.reader.put(card(1))
    gateway.wait(lambda: len(place.peer.readings) == 2)
    place.reader.put(card(2))  # changed so quickly that no look found the place empty
    gateway.wait(lambda: len(place.peer.readings) == 3)


def test_a_reader_may_be_unplugged(place):
    gateway = place.enrol(speed="auto").start()
    place.read(1)
    place.reader.unplug()
    gateway.wait_said("读卡器断开")
    place.reader.plug()
    gateway.wait_said("读卡器已就绪", count=2)
    place.read(2)
    gateway.wait(lambda: place.peer.numbers() == [id_number(1), id_number(2)])


def test_an_appended_address_comes_along(place):
    place.reader.address = True
    gateway = place.enrol().start()
    place.read(1)
    gateway.wait(lambda: len(place.peer.readings) == 1)
    assert unb64u(place.peer.plain()[0]["appended_address"]).decode("utf-16-le").startswith("湖南省长沙市新地址1号")


def test_the_server_is_obeyed(place):
    """Retry-After, batches that are too large, one reading that can't be taken, a clock that is far off, test readings (F8)."""
    peer = place.peer
    gateway = place.enrol()
    peer.fault, peer.retry_after = 503, 4
    peer.requests.clear()
    gateway.start()
    gateway.wait(lambda: peer.requests)
    asked = time.monotonic()
    count = len(peer.requests)
    for n in range(9):
        place.read(n)
    peer.fault = None
    gateway.wait(lambda: len(peer.requests) > count)
    assert time.monotonic() - asked >= 3.5
    peer.too_many = 2
    gateway.wait(lambda: len(peer.readings) == 9, 30)
    with open(os.path.join(place.folder, "x.png"), "wb") as file:
        file.write(PIXEL)
    peer.poison.add("99999999")
    gateway.run("camera", os.path.join(place.folder, "x.png"), "--number", "99999999")
    gateway.wait_said("服务器无法接收")
    place.read(20)
    gateway.wait(lambda: len(peer.readings) == 10)
    gateway.wait(lambda: gateway.state()["aside"] == 1)
    gateway.stop()
    peer.poison.clear()
    peer.skew = 3600
    gateway.start()  # what was put aside is tried again
    gateway.wait(lambda: len(peer.readings) == 11)
    gateway.wait_said("时钟与服务器相差较大")
    gateway.wait(lambda: -3700000 < gateway.state().get("skew_ms", 0) < -3500000)
    peer.test_mode = True
    gateway.wait(lambda: gateway.state().get("server_test"))
    place.reader.put(card(30))
    gateway.wait_said("测试读卡成功，没有保存")
    gateway.stop()
    assert len(peer.readings) == 11 and peer.states[-1]["software"].startswith("gaokao-gateway ")


def test_what_is_known_of_the_reader_outlives_a_restart(place):
    """The first word after a start says nothing of a reader that is still looked for; `status` says it in words."""
    gateway = place.enrol().start()
    gateway.wait(lambda: place.peer.states and place.peer.states[-1].get("reader_module", "").startswith("05.01-"))
    words = ("运行中", "模拟报名点", place.peer.url, "online", "ready", "05.01-20240248")
    gateway.wait(lambda: all(word in gateway.run("status").stdout for word in words), what="status in words")
    gateway.stop()
    assert gateway.run("status", check=False).returncode == 4
    place.reader.unplug()
    before = len(place.peer.states)
    gateway.start()
    gateway.wait(lambda: len(place.peer.states) >= before + 2)
    assert all("reader_module" not in state and state["reader_state"] == "search" for state in place.peer.states[before:])
    place.reader.plug()
    gateway.wait(lambda: place.peer.states[-1].get("reader_module", "").startswith("05.01-"))


def test_test_reading_stores_nothing(place):
    gateway = place.enrol().start("test-reading")
    place.reader.put(card(1))
    gateway.wait_said("测试读卡成功，没有保存")
    gateway.wait(lambda: place.peer.states and place.peer.states[-1]["test"])
    assert not place.peer.readings and not os.listdir(gateway.path("spool"))


def test_revoked_enrolled_anew_and_a_key_changed(place):
    peer = place.peer
    gateway = place.enrol()
    assert gateway.run("enrol", "--server", peer.url, "--code", "WRONG", check=False).returncode == 6
    assert gateway.run("enrol", "--server", "http://127.0.0.1:9", "--code", "X", check=False).returncode == 7
    assert gateway.run("enrol", "--server", "http://example.org", "--code", "X", check=False).returncode == 1
    gateway.set(server=peer.url)
    gateway.start()
    place.read(1)
    gateway.wait(lambda: len(peer.readings) == 1)
    peer.revoked.add("7")
    place.read(2)
    gateway.wait_said("本设备已被停用")
    place.read(3)
    seen = len(peer.requests)
    time.sleep(1.5)
    assert len(peer.requests) == seen
    gateway.wait(lambda: gateway.waiting() == 2)
    gateway.wait(lambda: gateway.state()["link"] == "revoked")
    assert gateway.run("run", check=False).returncode == 5  # one gateway a folder
    gateway.stop()
    # A new device of the point: what waits is signed anew, with the same jti.
    peer.codes["SECOND-CODE"] = None
    gateway.run("enrol", "--server", peer.url, "--code", "SECOND-CODE")
    gateway.start()
    gateway.wait(lambda: len(peer.readings) == 3)
    assert [r["device"] for r in peer.readings.values()] == ["7", "8", "8"] and peer.numbers() == [id_number(n) for n in (1, 2, 3)]
    # The answer to the change of the key is lost: the same key again.
    with open(gateway.path("device.key"), "rb") as file:
        old = file.read()
    gateway.run("rotate-key")
    with open(gateway.path("device.key"), "rb") as file:
        assert file.read() != old
    assert len(peer.keys["8"]) == 2 and not os.path.exists(gateway.path("device.key.new"))
    place.read(4)
    gateway.wait(lambda: len(peer.readings) == 4)
    gateway.stop()
    gateway.run("rotate-key")
    assert len(peer.keys["8"]) == 3
    gateway.start()
    place.read(5)
    gateway.wait(lambda: len(peer.readings) == 5)
    seqs = [r["seq"] for r in peer.readings.values() if r["device"] == "8"]
    assert seqs == sorted(seqs) and len(set(seqs)) == len(seqs)


def decoder(place, text):
    path = os.path.join(place.folder, "decoder")
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def test_pictures_find_their_person(place):
    gateway = place.enrol(pair_minutes=5).start()
    inbox = gateway.path("pictures")
    gateway.wait(lambda: os.path.isdir(os.path.join(inbox, "refused")))

    def drop(name, data=PIXEL):
        with open(os.path.join(inbox, name), "wb") as file:
            file.write(data)

    drop("01040317.jpg")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 1)
    drop("IMG_1.JPG")
    gateway.wait_said("照片没有对应的考生")
    gateway.type("0104 0318")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 2)
    place.read(1)
    drop("IMG_2.png")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 3)
    drop("notes.jpg", b"no picture at all" * 20)
    gateway.wait_said("照片不能用")
    drop("large.jpg", PIXEL + bytes(1600000))
    gateway.wait_said("照片不能用", count=2)
    first, second, third = place.peer.plain("camera")
    assert first["number"] == "01040317" and unb64u(first["picture"]) == PIXEL
    assert second["number"] == "01040318"
    card_jti = next(jti for jti in place.peer.order if place.peer.readings[jti]["plain"]["kind"] == "idcard")
    assert third["after"] == card_jti and "number" not in third
    assert sorted(os.listdir(os.path.join(inbox, "done"))) == ["01040317.jpg", "IMG_1.JPG", "IMG_2.png"]
    assert sorted(os.listdir(os.path.join(inbox, "refused"))) == ["large.jpg", "notes.jpg"]
    with open(os.path.join(place.folder, "big.png"), "wb") as file:
        file.write(PIXEL + os.urandom(1500000))
    gateway.run("camera", os.path.join(place.folder, "big.png"), "--number", "01040319")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 4)
    assert len(unb64u(place.peer.plain("camera")[3]["picture"])) == len(PIXEL) + 1500000
    assert gateway.memory("VmRSS") <= 16 * 1024 * 1024 or "asan" in PROGRAM
    # An ID number beside a gateway at work: sealed before it touches the disk.
    number = id_number(7)
    handed = gateway.path("handed")
    gateway.run("camera", os.path.join(inbox, "done", "IMG_2.png"), "--number", number.lower())
    gateway.wait(lambda: len(place.peer.plain("camera")) == 5)
    assert place.peer.plain("camera")[4]["id_number"] == number and unb64u(place.peer.plain("camera")[4]["picture"]) == PIXEL
    assert gateway.wait(lambda: not os.listdir(handed) or None) is True and stat.S_IMODE(os.stat(handed).st_mode) == 0o700
    for wrong in ("1234567", "4301021988010100AB", "x"):
        assert gateway.run("camera", os.path.join(inbox, "done", "IMG_2.png"), "--number", wrong, check=False).returncode == 2
    gateway.stop()
    assert gateway.run("camera", os.path.join(place.folder, "x"), "--number", "01040319", check=False).returncode == 1
    gateway.run("camera", os.path.join(inbox, "done", "IMG_2.png"), "--number", "01040320")
    gateway.start()
    gateway.wait(lambda: len(place.peer.plain("camera")) == 6)


def test_what_was_handed_over_and_cant_be_opened_is_shown(place):
    """One file stands in nobody's way, and the clerk who was told that it was handed over is told that it is stuck."""
    gateway = place.enrol().start()
    gateway.wait(lambda: os.path.isdir(gateway.path("pictures", "refused")))
    picture = os.path.join(place.folder, "x.png")
    with open(picture, "wb") as file:
        file.write(PIXEL)
    gateway.run("camera", picture, "--number", "01040317")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 1)
    handed = gateway.path("handed")
    gateway.wait(lambda: not os.listdir(handed))
    assert gateway.state()["handed_problem"] is None
    stuck = [os.path.join(handed, letter * 32 + ".k1") for letter in ("0", "f")]  # whichever way the folder is listed
    for path in stuck:
        os.mkdir(path)
    gateway.wait_said("交来的照片打不开")
    for n in range(2, 6):
        gateway.run("camera", picture, "--number", f"0104032{n}")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 5)
    assert ".k1" in gateway.wait(lambda: gateway.state()["handed_problem"])
    assert "交来的照片打不开" in gateway.run("status").stdout
    for path in stuck:
        os.rmdir(path)
    gateway.wait(lambda: gateway.state()["handed_problem"] is None)
    # The whole folder: as one of root's, which this test may run as, can't be had for everybody.
    gateway.wait(lambda: not os.listdir(handed))
    os.rmdir(handed)
    with open(handed, "wb"):
        pass
    gateway.wait_said("交来的照片打不开", count=2)
    assert "handed" in gateway.wait(lambda: gateway.state()["handed_problem"])
    os.unlink(handed)
    gateway.wait(lambda: gateway.state()["handed_problem"] is None)
    assert gateway.log().count("交来的照片打不开") == 2 and gateway.waiting() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_what_root_hands_over_is_the_gateways(place):
    gateway = place.enrol()
    picture = os.path.join(place.folder, "x.png")
    with open(picture, "wb") as file:
        file.write(PIXEL)
    os.chmod(picture, 0o600)
    os.chmod(place.folder, 0o755)
    for folder, _, files in os.walk(gateway.folder):
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            os.chown(path, 65534, 65534)
    gateway.run("camera", picture, "--number", "01040317")  # nothing runs: into the spool
    gateway.start(prefix=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
    gateway.wait(lambda: len(place.peer.plain("camera")) == 1)
    gateway.run("camera", picture, "--number", "01040318")
    gateway.wait(lambda: len(place.peer.plain("camera")) == 2)
    handed = os.stat(gateway.path("handed"))
    assert (handed.st_uid, handed.st_gid, stat.S_IMODE(handed.st_mode)) == (65534, 65534, 0o700)
    assert {os.stat(gateway.path("spool", name)).st_uid for name in os.listdir(gateway.path("spool"))} == {65534}


def test_a_picture_comes_once_whatever_ends_the_program(place):
    """Killed between the spool and what follows it: the picture is in both places, and is not posted again."""
    gateway = place.enrol().start()
    inbox = gateway.path("pictures")
    gateway.wait(lambda: os.path.isdir(os.path.join(inbox, "refused")))

    def pictures():
        return [jti for jti in place.peer.order if place.peer.readings[jti]["plain"]["kind"] == "camera"]

    def drop(name):
        with open(os.path.join(inbox, name), "wb") as file:
            file.write(PIXEL)
    drop("01040317.png")
    gateway.wait(lambda: len(pictures()) == 1)
    gateway.wait(lambda: os.listdir(os.path.join(inbox, "done")) == ["01040317.png"])
    gateway.run("camera", os.path.join(inbox, "done", "01040317.png"), "--number", "01040318")
    gateway.wait(lambda: len(pictures()) == 2)
    gateway.wait(lambda: not os.listdir(gateway.path("handed")))
    gateway.kill()
    assert not os.path.exists(gateway.path("picture.taken"))
    # As a kill leaves it: the file not moved, what was handed over not deleted.
    os.rename(os.path.join(inbox, "done", "01040317.png"), os.path.join(inbox, "01040317.png"))
    facts = os.stat(os.path.join(inbox, "01040317.png"))

    def taken(jti, size=facts.st_size):
        with open(gateway.path("picture.taken"), "w", encoding="utf-8") as file:
            file.write(f"{jti} {size} {int(facts.st_mtime)} 01040317.png")
    taken(pictures()[0])
    with open(gateway.path("handed", pictures()[1] + ".k1"), "wb") as file:
        file.write(place.peer.readings[pictures()[1]]["payload"])
    gateway.start()
    gateway.wait(lambda: os.listdir(inbox) and "01040317.png" not in os.listdir(inbox) and not os.listdir(gateway.path("handed")))
    drop("01040319.png")
    gateway.wait(lambda: len(pictures()) == 3)
    assert [plain["number"] for plain in place.peer.plain("camera")] == ["01040317", "01040318", "01040319"]
    # Killed before it was spooled, or another file stands under the name by now: it is taken.
    for n, more in ((4, {"jti": "0" * 32}), (5, {"jti": pictures()[0], "size": 1})):
        gateway.kill()
        os.rename(os.path.join(inbox, "done", "01040317.png"), os.path.join(inbox, "01040317.png"))
        taken(**more)
        gateway.start()
        gateway.wait(lambda count=n: len(pictures()) == count)
        gateway.wait(lambda: os.path.exists(os.path.join(inbox, "done", "01040317.png")))
    assert not os.path.exists(gateway.path("picture.taken"))


def test_a_vendors_decoder_is_used_and_not_trusted(place):
    raw = os.path.join(place.folder, "raw")
    with open(raw, "wb") as file:
        file.write(bytes(range(256)) * 150 + bytes(156))
    assert os.path.getsize(raw) == 38556
    gateway = place.enrol(decoder=decoder(place, f"cat >/dev/null; cat {raw}\n"), decoder_seconds=1)
    for n, text in enumerate([None, "sleep 30\n", "exit 1\n", "cat /dev/zero\n", "printf BM; head -c 44999 /dev/zero\n", "echo '; touch /tmp/x'\n", "kill -9 $$\n"]):
        if text is not None:
            decoder(place, text)
        gateway.start()
        place.read(n)
        gateway.wait(lambda at=n: len(place.peer.readings) == at + 1)
        gateway.stop()
    plain = place.peer.plain()
    picture = unb64u(plain[0]["chip_photo"])
    assert picture[:2] == b"BM" and len(picture) == 38862 and picture[-308:-2] == (bytes(range(256)) * 2)[:306]
    assert all("chip_photo" not in one and "photo_block" in one for one in plain[1:])
    assert gateway.log().count("照片解码程序没有结果") == 6


def page(place, method="GET", path="/", headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", place.page_port, timeout=10)
    connection.request(method, path, body, {"Host": f"127.0.0.1:{place.page_port}", **(headers or {})})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply, text


def test_the_page_is_this_computers_own(place):
    """ID-15: other names, other origins, no token; GET changes nothing."""
    gateway = place.enrol(subject="1").start()
    place.read(1)
    gateway.wait(lambda: len(place.peer.readings) == 1)
    port = place.page_port
    with open(gateway.path("page.url"), encoding="utf-8") as file:
        token = file.read().strip().rsplit("/", 2)[1]
    assert re.fullmatch("[0-9a-f]{32}", token)
    own = f"http://127.0.0.1:{port}"
    for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{port}"}, {"Host": "127.0.0.1"}, {"Host": "127.0.0.1:1"}):
        reply, text = page(place, path=f"/{token}/state.json", headers=headers)
        assert reply.status == 403 and "测" not in text and token not in text
    for path in ("/", "/state.json", "/" + "0" * 32 + "/state.json", f"/{token}", f"/{token[:-1]}/state.json"):
        reply, text = page(place, path=path)
        assert reply.status == 404 and "events" not in text, path
    reply, text = page(place, path=f"/{token}/state.json", headers={"Host": f"localhost:{port}"})
    state = json.loads(text)
    assert reply.status == 200 and state["read"] == 1 and state["results"][0]["candidate"]["name_masked"] == "测**"
    assert id_number(1) not in text and person(1)["name"] not in text
    reply, text = page(place, path=f"/{token}/")
    assert reply.status == 200 and "script-src 'self'" in reply.headers["Content-Security-Policy"] and "<script src" in text
    change = json.dumps({"subject": "5"})
    for headers, method, status in (({}, "POST", 403), ({"Origin": "http://evil.example", "Content-Type": "application/json"}, "POST", 403),
                                    ({"Origin": own, "Content-Type": "text/plain"}, "POST", 405),
                                    ({"Origin": own, "Content-Type": "application/json"}, "PUT", 405),
                                    ({"Origin": own, "Content-Type": "application/json"}, "GET", 404)):
        assert page(place, method, f"/{token}/change", headers, change)[0].status == status, (headers, method)
    assert json.loads(page(place, path=f"/{token}/state.json")[1])["subject"] == "1"
    good = {"Origin": own, "Content-Type": "application/json"}
    assert page(place, "POST", f"/{token}/change", good, change)[0].status == 200
    assert page(place, "POST", f"/{token}/change", good, json.dumps({"number": "12"}))[0].status == 422
    assert page(place, "POST", f"/{token}/change", good, "no json")[0].status == 422
    place.read(2)
    gateway.wait(lambda: len(place.peer.readings) == 2)
    assert [one["subject"] for one in place.peer.plain()] == ["1", "5"]


def test_a_full_disk_is_told_at_once(place):
    gateway = place.enrol()
    os.mkdir(gateway.path("spool"), 0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", gateway.path("spool")], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("tmpfs can't be mounted here")
    try:
        place.peer.fault = 503
        gateway.start()
        told = 0
        for n in range(200):
            place.reader.put(card(n))
            gateway.wait(lambda at=told: gateway.log().count("已读卡") > at or "磁盘已满" in gateway.log(), what=f"card {n}")
            if "磁盘已满" in gateway.log():
                break
            told += 1
            place.reader.lift()
            time.sleep(0.06)
        assert 20 < told < 150
        gateway.wait(lambda: gateway.waiting() == told)
        place.peer.fault = None
        gateway.kill()
        gateway.start()
        gateway.wait(lambda: gateway.waiting() == 0)
        assert place.peer.numbers()[:told] == [id_number(n) for n in range(told)]
    finally:
        gateway.kill()
        subprocess.run(["umount", gateway.path("spool")], check=True)


def test_fsync_fails(place):
    """DC-2: the reading goes into a new file; where that fails too the clerk is told and the next one is well again."""
    library, switch = os.path.join(place.folder, "failing.so"), os.path.join(place.folder, "switch")
    if shutil.which("gcc") is None or "asan" in PROGRAM:
        pytest.skip("no gcc")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, os.path.join(HERE, "failing_sync.c"), "-ldl"], check=True)
    gateway = place.enrol()
    place.peer.fault = 503
    gateway.environment.update(LD_PRELOAD=library, FAILING=switch)
    gateway.start()
    place.read(1)
    for n, failures in ((2, 1), (3, 1)):
        with open(switch, "w", encoding="utf-8") as file:
            file.write(f"{failures}\n")
        place.read(n)
        with open(switch, encoding="utf-8") as file:
            assert file.read() == "0\n"
    assert len([name for name in os.listdir(gateway.path("spool")) if name.endswith(".spool")]) == 3
    with open(switch, "w", encoding="utf-8") as file:
        file.write("2\n")
    place.reader.put(card(4))
    gateway.wait_said("磁盘写入失败")
    place.reader.lift()
    time.sleep(0.1)
    place.read(5)
    place.peer.fault = None
    gateway.wait(lambda: len(place.peer.readings) == 4)
    assert place.peer.numbers() == [id_number(n) for n in (1, 2, 3, 5)]
