#!/usr/bin/env python3
"""A card reader on a pseudo-terminal: speaks the frames of the SAM_V module, for tests and for `./run reader on`.

    with ReaderSimulator(link="/tmp/reader") as reader:    # a gateway's port = /tmp/reader
        reader.put(card(1)); reader.wait_read(); reader.lift()

By hand: reader_sim.py LINK [--every SECONDS] [--first N] [--count N]   puts one invented card after the other on it.
Faults, each used once in order at the next "read", or as (command, fault) at that command:
reader.faults.append("noise" | "cut" | "checksum" | "silence" | "drip" | "glue" | 0x41 ...).
"""
import argparse
import os
import pty
import select
import sys
import termios
import threading
import time
import tty

PREAMBLE = bytes.fromhex("AAAAAA9669")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
GIVENS = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文宇轩子涵欣怡浩然雨桐"
PLACES = ("430102", "430103", "430104", "430105", "430111", "430121", "430181", "430224")


def id_number(n):
    """A number with the right check character; no two n give the same."""
    place, sequence, day = PLACES[n % len(PLACES)], n // len(PLACES) % 999 + 1, n // (len(PLACES) * 999) % 300
    digits = f"{place}2008{day // 28 + 1:02d}{day % 28 + 1:02d}{sequence:03d}"
    return digits + "10X98765432"[sum(int(c) * w for c, w in zip(digits, WEIGHTS)) % 11]


def person(n):
    number = id_number(n)
    return {"name": FAMILIES[n % len(FAMILIES)] + GIVENS[n * 7 % len(GIVENS)] + GIVENS[n * 13 % len(GIVENS)],
            "sex": "1" if int(number[16]) % 2 else "2", "nation": f"{n % 56 + 1:02d}", "birth": number[6:14],
            "address": f"湖南省长沙市模拟路{n}号", "id_number": number, "issuer": "长沙市公安局", "valid_from": "20240101", "valid_to": "20340101"}


def text_block(one):
    places = (("name", 15), ("sex", 1), ("nation", 2), ("birth", 8), ("address", 35), ("id_number", 18), ("issuer", 15),
              ("valid_from", 8), ("valid_to", 8))
    text = "".join(one[name].ljust(length)[:length] for name, length in places)
    return text.ljust(128).encode("utf-16-le")


def card(n, photo=None, fingers=0):
    """The three blocks of an invented person's card."""
    return {"text": text_block(person(n)), "photo": photo or bytes((n + i) % 251 for i in range(1024)), "finger": b"C" * 512 * fingers,
            "id_number": id_number(n), "name": person(n)["name"]}


def frame(status, data=b""):
    body = (len(data) + 4).to_bytes(2, "big") + bytes(status) + data
    check = 0
    for byte in body:
        check ^= byte
    return PREAMBLE + body + bytes([check])


MODULE = bytes.fromhex("05000100") + (20240248).to_bytes(4, "little") + (1234567).to_bytes(4, "little") + (987654321).to_bytes(4, "little")


class ReaderSimulator:
    def __init__(self, link, address=False, lying="9F"):
        """address: cards have a newer address. lying: what "find" says to a card that lies since it was read: "9F" or "80"."""
        self.link, self.address, self.lying = link, address, lying
        self.faults, self.commands, self.reads = [], [], 0
        self.on, self.selected, self.was_read = None, False, False
        self.lock = threading.Condition()
        self.master = self.slave = -1
        self.stop = threading.Event()
        self.plug()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def plug(self):
        self.stop = threading.Event()
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave, termios.TCSANOW)
        fresh = self.link + ".new"
        if os.path.lexists(fresh):
            os.unlink(fresh)
        os.symlink(os.ttyname(self.slave), fresh)
        os.replace(fresh, self.link)
        self.thread = threading.Thread(target=self._serve, args=(self.master, self.stop), daemon=True)
        self.thread.start()

    def unplug(self):
        self.stop.set()
        self.thread.join()
        for fd in (self.master, self.slave):
            os.close(fd)
        os.unlink(self.link)

    def close(self):
        if not self.stop.is_set():
            self.unplug()

    def put(self, one):
        with self.lock:
            self.on, self.selected, self.was_read = one, False, False

    def lift(self):
        with self.lock:
            self.on, self.selected = None, False

    def wait_read(self, seconds=30):
        """The card that lies there was handed over whole."""
        with self.lock:
            if not self.lock.wait_for(lambda: self.was_read, seconds):
                raise AssertionError(f"the card was not read; last commands {self.commands[-8:]}")

    def _serve(self, master, stop):
        pending = b""
        while not stop.is_set():
            if not select.select([master], [], [], 0.05)[0]:
                continue
            try:
                pending += os.read(master, 4096)
            except OSError:
                return
            while True:
                at = pending.find(PREAMBLE)
                if at < 0 or len(pending) < at + 7:
                    break
                length = int.from_bytes(pending[at + 5:at + 7], "big")
                if len(pending) < at + 7 + length:
                    break
                body = pending[at + 7:at + 7 + length]
                pending = pending[at + 7 + length:]
                if len(body) >= 3:
                    self._answer(master, body[0] << 8 | body[1])

    def _answer(self, master, command):
        with self.lock:
            self.commands.append(command)
            reply = self._reply(command)
            fault = self._fault(command)
            handed = command in (0x3001, 0x3010) and reply[9] == 0x90
        if isinstance(fault, int):
            self._write(master, frame((0, 0, fault)))
            return
        if fault == "silence":
            return
        if fault == "checksum":
            reply = reply[:-1] + bytes([reply[-1] ^ 0x55])
        elif fault == "cut":
            reply = reply[:len(reply) * 2 // 3]
        elif fault == "noise":
            reply = b"\x00\xaa\xaa\x96\x55" + reply + b"\xaa\xaa"
        elif fault == "glue":
            reply = frame((0, 0, 0x90)) + reply
        if fault == "drip":
            for at in range(len(reply)):
                self._write(master, reply[at:at + 1])
        else:
            self._write(master, reply)
        if handed and fault not in ("checksum", "cut"):
            with self.lock:
                self.was_read = True
                self.reads += 1
                self.lock.notify_all()

    def _fault(self, command):
        if not self.faults or self.on is None:
            return None
        at, fault = self.faults[0] if isinstance(self.faults[0], tuple) else (0x3001, self.faults[0])
        if command != at and not (at == 0x3001 and command == 0x3010):
            return None
        self.faults.pop(0)
        return fault

    @staticmethod
    def _write(master, reply):
        try:
            while reply:
                reply = reply[os.write(master, reply):]
        except OSError:
            pass

    def _reply(self, command):
        if command in (0x10FF, 0x11FF):
            return frame((0, 0, 0x90))
        if command == 0x12FF:
            return frame((0, 0, 0x90), MODULE)
        if command == 0x2001:
            found = self.on is not None and not (self.was_read and self.lying == "80")
            return frame((0, 0, 0x9F), bytes(4)) if found else frame((0, 0, 0x80))
        if command == 0x2002:
            self.selected = self.on is not None
            return frame((0, 0, 0x90), bytes(8)) if self.selected else frame((0, 0, 0x81))
        if command in (0x3001, 0x3010):
            if not self.selected:
                return frame((0, 0, 0x41))
            one = self.on
            finger = one["finger"] if command == 0x3010 else None
            head = b"\x01\x00\x04\x00" + (len(finger).to_bytes(2, "big") if finger is not None else b"")
            return frame((0, 0, 0x90), head + one["text"] + one["photo"] + (finger or b""))
        if command == 0x3003:
            if self.address and self.selected:
                return frame((0, 0, 0x90), "湖南省长沙市新地址1号".ljust(35).encode("utf-16-le"))
            return frame((0, 0, 0x91))
        return frame((0, 0, 0x21))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("link")
    parser.add_argument("--every", type=float, default=4)
    parser.add_argument("--first", type=int, default=int(time.time()) % 2000000)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    done = 0
    with ReaderSimulator(options.link) as reader:
        while not options.count or done < options.count:
            reader.put(card(options.first + done))
            try:
                reader.wait_read(30)
            except AssertionError:
                continue  # nobody reads: a gateway will come
            done += 1
            print(f"card {done} read", flush=True)
            time.sleep(options.every / 2)
            reader.lift()
            time.sleep(options.every / 2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
