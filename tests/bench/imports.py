#!/usr/bin/env python3
"""An import of grades through httpd and its worker: preview, apply and undo of many rows. Not part of ./check.

    tests/bench/imports.py [--engines sqlite,pgsql] [--rows 20000]

Needs a built tree (GK_BUILD, or build/product). Prints a table; docs/performance.md keeps one.
"""
import argparse
import os
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path[:0] = [os.path.join(ROOT, path) for path in ("tests/tools", "tests/httpd", "tools")]
from gk_client import Client  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import Instance  # noqa: E402 pylint: disable=wrong-import-position
from gk_table import xlsx  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import sql, staff  # noqa: E402 pylint: disable=wrong-import-position


def settled(client, made):
    while made["state"] in ("reading", "applying", "undoing"):
        time.sleep(0.2)
        made = client.get(f"/imports/{made['id']}", expect=200).json()
    return made


def resident(site):
    """Peak of the largest job runner, in MiB."""
    most = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().decode("utf-8", "replace").split("\0")
            if not words[0].endswith("gaokao-worker") or "--photo" in words or not any(site.folder in word for word in words):
                continue
            with open(f"/proc/{name}/status", encoding="utf-8") as file:
                most = max(most, next(int(line.split()[1]) for line in file if line.startswith("VmHWM")))
        except OSError:
            continue
    return most / 1024


def run(engine, rows):
    site = Instance.create("imports", engine, candidates=rows + rows // 5)
    try:
        point = Client(site).sign_in(site.logins()["point"]).me["org"]
        county = staff(site, "county", point["code"][:6], f"bench{uuid.uuid4().hex[:6]}")
        # Everybody of one point: what is measured is the import, not where people live.
        sql(site, f"UPDATE candidate SET org_id = {point['id']}, org_path = '{point['path']}', state = 'filling' WHERE id IN"
            f" (SELECT id FROM candidate WHERE number IS NOT NULL AND state NOT IN ('withdrawn', 'submitted', 'accepted') LIMIT {rows})")
        people = sql(site, f"SELECT number || ',' || name FROM candidate WHERE org_path = '{point['path']}' AND state = 'filling'")
        table = [["报名顺序号", "姓名", "语文", "数学", "外语", "物理", "化学", "生物学", "历史", "地理"]]
        table += [one.split(",") + list("ABCDABCD") for one in people]
        body = xlsx([("成绩", table)], inline=True)
        result, began = [], time.monotonic()
        made = county.request("POST", "/imports?kind=grades&name=a.xlsx", body, headers={"Content-Type": "application/octet-stream"}, expect=201).json()
        for step in (None, "apply", "undo"):
            if step:
                began = time.monotonic()
                made = county.post(f"/imports/{made['id']}/{step}", {}, version=made["version"], expect=200).json()
            made = settled(county, made)
            result.append(time.monotonic() - began)
        counts = made["counts"]
        print(f"| {engine} | {len(people)} | {len(body) / 1e6:.1f} MB | " + " | ".join(f"{s:.1f} s ({len(people) / s:.0f}/s)" for s in result) +
              f" | {resident(site):.0f} MiB | {counts.get('undone', 0)} undone, {counts['bad']} bad |", flush=True)
    finally:
        site.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="sqlite,pgsql")
    parser.add_argument("--rows", type=int, default=20000)
    wanted = parser.parse_args()
    print("| engine | rows | file | preview | apply | undo | worker's peak | |\n|---|---:|---:|---:|---:|---:|---:|---|")
    for engine in wanted.engines.split(","):
        run(engine, wanted.rows)


if __name__ == "__main__":
    main()
