#!/usr/bin/env python3
"""A gateway for tests in other languages: commands as JSON lines on standard input, an answer to each on standard output.

    {"enrol": "A1B2-C3D4-E5F6", "site": "http://127.0.0.1:8080"}
    {"post": [{"name": "测试甲", "number": "430102...", "address": "...", "subject": "1", "purpose": "auto"}], "clock": 0}
    {"state": {"reader_module": "..."}}
    {"number": ["430102", "20070315", 7]}                 an ID number with its check character

A card with "cut": true comes as 200 bytes, which no plugin reads. Needs PyNaCl; exits 77 without it.
"""
import functools
import http.client
import json
import os
import ssl
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from gk_gateway import Gateway, text_block
except ImportError:
    sys.exit(77)
from gk_world import id_number  # noqa: E402 pylint: disable=wrong-import-position


def card(gateway, one):
    more = {key: one[key] for key in ("subject", "purpose") if key in one}
    block = text_block(one["name"], one["number"], **({"address": one["address"]} if "address" in one else {}))
    return gateway.card(block[:200] if one.get("cut") else block, **more)


def main():
    gateway = None
    for line in sys.stdin:
        command = json.loads(line)
        if "enrol" in command:
            if command["site"].startswith("https:"):  # a test's own certificate, which nobody signed
                http.client.HTTPConnection = functools.partial(http.client.HTTPSConnection, context=ssl._create_unverified_context())  # pylint: disable=protected-access
            gateway = Gateway(command["site"])
            status, answer = gateway.enrol(command["enrol"])
        elif "post" in command:
            gateway.clock = lambda ahead=command.get("clock", 0): time.time() + ahead
            status, answer = gateway.post([card(gateway, one) for one in command["post"]])
        elif "state" in command:
            status, answer = gateway.state(**command["state"])
        else:
            division, birth, serial = command["number"]
            status, answer = 200, {"number": id_number(division, birth, serial)}
        print(json.dumps({"status": status, "answer": answer}), flush=True)


if __name__ == "__main__":
    main()
