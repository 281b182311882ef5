#!/usr/bin/env python3
"""Renews the examples of htdocs/api/openapi.json from a run of the httpd tests, whose persons are invented:

    GK_EXCHANGES=/tmp/x.jsonl ... pytest tests/httpd -k sqlite && tests/tools/openapi_examples.py /tmp/x.jsonl [operationId ...]

Without names only operations that have no example yet get one. Long lists are cut; everything else stays as it was sent.
"""
import json
import re
import sys

from gk_contract import Contract, write

SHARED = {"getCandidate": "Candidate"}


def short(value, key=""):
    """Long lists and texts cut; the address of the test machine replaced."""
    if isinstance(value, dict):
        members = list(value.items())
        if key in ("texts", "by_subject", "facts", "events") and "zh" not in value:
            members = members[:2]
        return {name: short(member, name) for name, member in members}
    if isinstance(value, list):
        whole = any(not isinstance(member, (dict, list)) for member in value)
        return [short(member) for member in (value[:6] if whole else value[:2])]
    if isinstance(value, str):
        value = re.sub(r"^http://127\.0\.0\.1:\d+", "https://baoming.example", value)
        return value if len(value) <= 200 else value[:120] + "…"
    return value


def better(new, old):
    """A fuller list, a record that is further on."""
    def weight(exchange):
        text = json.dumps(exchange["reply"], ensure_ascii=False)
        return (min(len((exchange["reply"] or {}).get("items", "xx")), 2) if isinstance(exchange["reply"], dict) else 0,
                min(len(text), 6000), len(json.dumps(exchange["body"])))
    return old is None or weight(new) > weight(old)


def main():
    contract = Contract()
    wanted = set(sys.argv[2:])
    shared = contract.document["components"]["examples"]
    best, problems = {}, {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            exchange = json.loads(line)
            name = contract.operation(exchange["method"], exchange["path"])
            if name is None or exchange["reply"] is None and exchange["body"] is None:
                continue
            told = contract.operations[name][2]["responses"].get(str(exchange["status"]))
            if told is None:
                continue
            if exchange["status"] >= 400:
                problems.setdefault(told.get("$ref", "").rpartition("/")[2], exchange["reply"])
            elif better(exchange, best.get(name)):
                best[name] = exchange
    for name, (_, _, operation) in contract.operations.items():
        if name not in best or wanted and name not in wanted:
            continue
        exchange = best[name]
        sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if sent is not None and exchange["body"] is not None and (wanted or "example" not in sent):
            sent["example"] = short(exchange["body"])
        told = operation["responses"][str(exchange["status"])].get("content", {}).get("application/json")
        if told is None or exchange["reply"] is None:
            continue
        if name in SHARED and (wanted or not shared.get(SHARED[name])):
            shared[SHARED[name]] = {"value": short(exchange["reply"])}
        if "examples" not in told and (wanted or "example" not in told):
            told["example"] = short(exchange["reply"])
    for name, response in contract.document["components"]["responses"].items():
        if problems.get(name) and (wanted or "example" not in response["content"]["application/problem+json"]):
            response["content"]["application/problem+json"]["example"] = short(problems[name])
    write(contract.document)


main()
