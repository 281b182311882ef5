"""Fixtures of the httpd tests: one instance an engine for the whole run (`site`), a fresh one where a test breaks
things (`own_instance`). A test that uses `site` runs on SQLite and on PostgreSQL. Every exchange of a Client is held
against the contract; test_contract.py tells at the end what did not keep it."""
import collections
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))
from gk_client import Client  # noqa: E402 pylint: disable=wrong-import-position
from gk_contract import Contract, jsonschema  # noqa: E402 pylint: disable=wrong-import-position
from gk_instance import Instance, need_engine  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import World  # noqa: E402 pylint: disable=wrong-import-position

# GK_ENGINES="pgsql": tests on this one only, so that two runs can share the work.
ENGINES = os.environ.get("GK_ENGINES", "sqlite pgsql").split()
if os.environ.get("GK_PRELOAD") and "GK_ENGINES" not in os.environ:
    ENGINES = ["sqlite"]


class Record:
    """What was exchanged in this run: operations answered with 2xx, and breaches of the contract with their test."""

    def __init__(self):
        # GK_SEEN: a file with what an earlier run saw, for the second run of single tests: a breach stays one until its test ran again.
        self.kept = os.environ.get("GK_SEEN")
        self.seen = set()
        self.faults = collections.OrderedDict()
        if self.kept and os.path.exists(self.kept):
            with open(self.kept, encoding="utf-8") as file:
                earlier = json.load(file)
            self.seen.update(earlier["seen"])
            self.faults.update(earlier["faults"])
        self.contract = Contract()
        self.file = None
        if os.environ.get("GK_EXCHANGES"):  # for tests/tools/openapi_examples.py
            self.file = open(os.environ["GK_EXCHANGES"], "a", encoding="utf-8")

    def __call__(self, method, path, body, reply):
        operation = self.contract.operation(method, path)
        if operation is not None and 200 <= reply.status < 300:
            self.seen.add(operation)
        for fault in self.contract.faults(method, path, body, reply):
            self.faults.setdefault(fault, os.environ.get("PYTEST_CURRENT_TEST", ""))
        if self.file is not None:
            kind = reply.headers.get("Content-Type") or ""
            answer = reply.json() if "json" in kind and reply.body else None
            self.file.write(json.dumps({"method": method, "path": path, "body": body, "status": reply.status, "reply": answer},
                                       ensure_ascii=False) + "\n")
            self.file.flush()


def pytest_configure(config):
    config.record = None
    if jsonschema is not None:
        config.record = Record()
        Client.watch = config.record


def pytest_unconfigure(config):
    record = getattr(config, "record", None)
    if record is not None and record.kept:
        with open(record.kept, "w", encoding="utf-8") as file:
            json.dump({"seen": sorted(record.seen), "faults": record.faults}, file, ensure_ascii=False)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Tests without a database run beside SQLite's; those marked by `at_the_end` come after everything else."""
    if "sqlite" not in ENGINES:
        def elsewhere(item):
            one = getattr(item, "callspec", None)
            return "engine" not in item.fixturenames or (one and one.params.get("engine", ENGINES[0]) not in ENGINES)
        out = [item for item in items if elsewhere(item)]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
    items.sort(key=lambda item: getattr(getattr(item, "function", None), "at_the_end", False))


def pytest_collection_finish(session):
    record = getattr(session.config, "record", None)
    again = {item.nodeid for item in session.items}
    for fault in [fault for fault, test in (record.faults if record else {}).items() if test.rsplit(" (", 1)[0] in again]:
        del record.faults[fault]


@pytest.fixture(scope="session")
def record(request):
    if request.config.record is None:
        pytest.skip("python3-jsonschema is not installed")
    return request.config.record


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    need_engine(request.param)
    return request.param


@pytest.fixture(scope="session")
def site(engine):
    # One of the two stands in New York: nothing may follow the machine's time zone (faults.md DC-6).
    if engine == "pgsql":
        os.environ["TZ"] = "America/New_York"
    try:
        instance = Instance.create(engine, engine)
    finally:
        os.environ.pop("TZ", None)
    yield instance
    instance.close()


@pytest.fixture(scope="session")
def world(site):
    return World(site)


@pytest.fixture
def own_instance(engine):
    instance = Instance.create("own", engine)
    yield instance
    instance.close()
