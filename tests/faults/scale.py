"""How long a fault test runs, and where it tells its figures. `tests/faults/run --long` sets the environment:

GK_LONG     multiplies the repetitions of the short form: times(8) is 8 in ./check and 80 with GK_LONG=10
GK_MINUTES  how long a soak runs
GK_CASES    file that record_case() appends a line of JSON to; run prints them as a table

    for _ in range(times(8, long=100)):
        kill_one()
    record_case("PR-1", n=times(8, long=100), injected=killed, lost=0, longest_gap=load.longest_gap(), engine=site.engine)
"""
import json
import os

LONG = float(os.environ.get("GK_LONG") or 0)
MINUTES = float(os.environ.get("GK_MINUTES") or 0)


def times(short, long=None):
    """Repetitions: `short` in ./check; in the long form `long`, or as many times more as GK_LONG says."""
    if not LONG:
        return short
    return long if long is not None else max(short, round(short * LONG))


def seconds(short, long=None):
    """How long something goes on: `short` in ./check; in the long form GK_MINUTES, else `long`, else GK_LONG times more."""
    if not LONG:
        return short
    if MINUTES:
        return MINUTES * 60
    return long if long is not None else short * LONG


def record_case(case, n, injected, lost, longest_gap=None, engine=None, **more):
    """What came of one case: `n` repetitions, `injected` faults that really happened, `lost` acknowledged writes that were
    not found afterwards, `longest_gap` seconds between two good answers to one client. `more`: other figures for the table."""
    path = os.environ.get("GK_CASES")
    if not path:
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0].rpartition("::")[2]
    line = {"case": case, "engine": engine, "n": n, "injected": injected, "lost": lost, "longest_gap": longest_gap, "test": test,
            **more}
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
