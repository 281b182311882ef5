#!/usr/bin/env python3
"""Counts test results: count.py trs DIR | junit FILE [AGAIN] | tap FILE [AGAIN]. Prints "PASSED FAILED SKIPPED"; names what failed
and what was skipped, with its reason, on stderr. AGAIN holds the second run of what failed in FILE: its word counts, and
what passed only then is named."""
import os
import re
import sys
import xml.etree.ElementTree as ET


def tap(path, again=None):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    second = set()
    if again:
        with open(again, encoding="utf-8", errors="replace") as file:
            second = {match.group(1) for match in (re.match(r"ok\b *\d* *-? *(.*)", line.rstrip("\n")) for line in file) if match}
    where = os.path.basename(path)
    passed = failed = skipped = 0
    planned = None
    notes = []
    for line in lines:
        line = line.rstrip("\n")
        match = re.match(r"(not )?ok\b *\d* *-? *(.*)", line)
        if re.match(r"1\.\.\d+", line):
            planned = int(re.match(r"1\.\.(\d+)", line).group(1))
            if planned == 0:
                skipped += 1
                print(f"  skipped: {where}: {line}", file=sys.stderr)
        elif line.startswith("#"):
            notes.append(line)
        elif line.startswith("Bail out!"):
            failed += 1
            print(f"  FAILED: {where}: {line}", file=sys.stderr)
        elif match:
            bad, title = match.groups()
            if re.search(r"# *SKIP", title, re.I):
                skipped += 1
                print(f"  skipped: {where}: {title}", file=sys.stderr)
            elif bad and title in second:
                passed += 1
                print(f"  unsteady: {title} failed beside others and passed by itself", file=sys.stderr)
            elif bad and not re.search(r"# *TODO", title, re.I):
                failed += 1
                print("\n".join([f"  FAILED: {where}: {title}"] + ["    " + n for n in notes[-20:]]), file=sys.stderr)
            else:
                passed += 1
            notes = []
    if planned is None or planned > passed + failed + skipped:
        failed += 1
        print(f"  FAILED: {where}: ended after {passed + failed + skipped - 1} tests, planned {planned}", file=sys.stderr)
    return passed, failed, skipped


def trs(folder):
    """automake's results: a .trs beside each .log."""
    total = [0, 0, 0]
    for top, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if not name.endswith(".trs"):
                continue
            where = os.path.relpath(os.path.join(top, name[:-4]), folder)
            with open(os.path.join(top, name[:-4] + ".log"), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
            results = [re.match(r"(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR): \S+ ?(.*)", line) for line in lines]
            results = [match.groups() for match in results if match]
            bad = not results
            total[1] += bad
            for result, title in results:
                if result in ("PASS", "XFAIL"):
                    total[0] += 1
                elif result == "SKIP":
                    total[2] += 1
                    print(f"  skipped: {where}: {title.replace('# SKIP', '')}", file=sys.stderr)
                elif not (bad and title.startswith("- exited with status")):  # says again that tests failed
                    total[1] += 1
                    bad = True
                    print(f"  FAILED: {where}: {title}", file=sys.stderr)
            if bad:
                notes = [n for n in lines if not n.startswith(("ok ", "PASS:", "1.."))]
                print("\n".join("    " + n for n in notes[-40:]), file=sys.stderr)
    return total


def cases(path):
    """{name: [testcase, ...]} of a JUnit file: a test whose fixture fails at its end stands there twice."""
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        found.setdefault(f"{case.get('classname')}.{case.get('name')}", []).append(case)
    return found


def faults(case):
    return [c for c in case if c.tag in ("failure", "error")]


def junit(path, again=None):
    total = [0, 0, 0]
    first = cases(path)
    second = cases(again) if again else {}
    for name in sorted(second):
        if any(faults(case) for case in first.get(name, [])) and not any(faults(case) for case in second[name]):
            print(f"  unsteady: {name} failed beside others and passed by itself", file=sys.stderr)
            first[name] = second[name]
    for name, case in ((name, case) for name in first for case in first[name]):
        bad = faults(case)
        skips = [c for c in case if c.tag == "skipped"]
        if bad:
            total[1] += 1
            print(f"  FAILED: {name}", file=sys.stderr)
            print("\n".join("    " + n for n in (bad[0].text or "").splitlines()[-30:]), file=sys.stderr)
        elif skips:
            total[2] += 1
            print(f"  skipped: {name}: {skips[0].get('message')}", file=sys.stderr)
        else:
            total[0] += 1
    return total


def main():
    kind, path = sys.argv[1:3]
    counts = {"trs": trs, "junit": junit, "tap": tap}[kind](path, *sys.argv[3:])
    print(*counts)


main()
