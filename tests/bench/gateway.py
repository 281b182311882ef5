#!/usr/bin/env python3
"""The gateway against httpd on loopback: reading to "stored", a spool that drains, memory. Not part of ./check.

    tests/bench/gateway.py [--engines sqlite,pgsql] [--cards 200] [--spool 5000]

Needs a built tree (GK_BUILD, or build/product) and python3-nacl. Prints a table; docs/performance.md keeps one.
"""
import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path[:0] = [os.path.join(ROOT, path) for path in ("tests/tools", "tests/httpd", "tools")]
import nacl.public  # noqa: E402 pylint: disable=wrong-import-position
import nacl.signing  # noqa: E402 pylint: disable=wrong-import-position
from gateway_process import Gateway  # noqa: E402 pylint: disable=wrong-import-position
from gk_gateway import b64u, unb64u  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import Instance  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import sql  # noqa: E402 pylint: disable=wrong-import-position
from reader_sim import ReaderSimulator, card, person, text_block  # noqa: E402 pylint: disable=wrong-import-position
from test_devices import Place  # noqa: E402 pylint: disable=wrong-import-position


def line(text):
    data = text.encode()
    return b"%08x %s %s\n" % (len(data), hashlib.sha256(data).hexdigest().encode(), data)


def fill(gateway, first, count, subject):
    """A spool as the gateway writes it (mod_gaokao/gateway/spool.h)."""
    with open(gateway.path("device.json"), encoding="utf-8") as file:
        device = json.load(file)
    with open(gateway.path("device.key"), encoding="utf-8") as file:
        key = nacl.signing.SigningKey(unb64u(file.read().strip()))
    box = nacl.public.SealedBox(nacl.public.PublicKey(unb64u(device["sealing_key"]["x25519"])))
    now = int(time.time())
    for start in range(0, count, 1000):
        with open(gateway.path("spool", f"{first // 1000 + start // 1000 + 100:010d}.spool"), "wb") as file:
            for n in range(first + start, first + min(start + 1000, count)):
                # Names of their own: card() has forty, so that each new person had dozens of namesakes to be looked through.
                one, jti = {**card(n), "text": text_block({**person(n), "name": f"测{chr(0x4e00 + n)}"})}, os.urandom(16).hex()
                plain = {"kind": "idcard", "purpose": "auto", "subject": subject, "captured_at": "2026-11-30T08:00:00.000Z",
                         "layout": "resident", "text_block": b64u(one["text"]), "photo_block": b64u(one["photo"])}
                header = {"alg": "EdDSA", "typ": "gk-reading+1", "kid": device["device"], "aud": device["audience"], "iat": now,
                          "jti": jti, "seq": n + 1, "skid": device["sealing_key"]["kid"]}
                protected, payload = b64u(json.dumps(header).encode()), b64u(box.encrypt(json.dumps(plain).encode()))
                signature = b64u(key.sign(f"{protected}.{payload}".encode()).signature)
                jws = json.dumps({"protected": protected, "payload": payload, "signature": signature}, separators=(",", ":"))
                file.write(line(f"R {n + 1} {jti} {device['device']} {now} {jws}"))


def measure(engine, options):
    instance = Instance.create("bench", engine, candidates=20)
    folder = tempfile.mkdtemp(prefix="gk-bench.", dir="/tmp")
    reader = ReaderSimulator(os.path.join(folder, "reader"))
    gateway = Gateway(instance.path("app", "bin", "gaokao-gateway"), os.path.join(folder, "gateway"))
    try:
        place = Place(instance, "0879", options.cards + options.spool + 10, "bench")
        made = place.operator.post("/devices", {"name": "bench", "kinds": ["idcard"]}, expect=201).json()
        gateway.enrol(f"http://127.0.0.1:{instance.port}", made["code"], port=reader.link, speed=115200, find_ms=10, subject=1, page_port=0)
        gateway.start()
        gateway.wait_said("读卡器已就绪")
        gateway.wait(lambda: gateway.state()["link"] == "online")
        times = []
        for n in range(options.cards):
            reader.put(card(n))
            reader.wait_read()
            began = time.perf_counter()
            gateway.wait_said("服务器已收到", count=n + 1)
            times.append((time.perf_counter() - began) * 1000)
            reader.lift()
            time.sleep(0.1)
        times.sort()
        print(f"| reading to \"stored\", {options.cards} cards one by one, {engine} | median {statistics.median(times):.1f} ms, "
              f"p99 {times[int(len(times) * 0.99) - 1]:.1f} ms | p99 50 ms |")
        rss = gateway.memory()
        gateway.stop()
        sql(instance, "ANALYZE")  # autovacuum does it within a minute; until then plans are those of empty tables
        fill(gateway, options.cards, options.spool, "1")
        began = time.perf_counter()
        gateway.start()
        gateway.wait(lambda: gateway.process.poll() is None and gateway.state()["running"] and gateway.state()["posted"] >= options.spool, 600)
        seconds = time.perf_counter() - began
        with open(f"/proc/{gateway.process.pid}/stat", encoding="utf-8") as file:
            ticks = file.read().rpartition(")")[2].split()[11:13]
        own = sum(int(n) for n in ticks) / os.sysconf("SC_CLK_TCK")
        print(f"| spool of {options.spool}, opened and drained, {engine} | {options.spool / seconds:,.0f} readings/s "
              f"({seconds:.1f} s, {own:.2f} s of CPU the gateway's own) | {300 if engine == 'sqlite' else 1000} |")
        print(f"| largest memory of the gateway, {engine} | one by one {rss / 2**20:.1f} MiB, with the spool {gateway.memory() / 2**20:.1f} MiB | 16 MiB |")
    finally:
        if gateway.process is not None:
            gateway.stop()
        reader.close()
        instance.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="sqlite,pgsql")
    parser.add_argument("--cards", type=int, default=200)
    parser.add_argument("--spool", type=int, default=5000)
    options = parser.parse_args()
    print("| what | reached | goal |\n|---|---|---|")
    for engine in options.engines.split(","):
        measure(engine, options)


if __name__ == "__main__":
    main()
