"""Faults break things: each test has an instance of its own."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))
sys.path.insert(0, os.path.dirname(__file__))
from gk_instance import Instance  # noqa: E402 pylint: disable=wrong-import-position


def make(name, engine):
    if engine == "pgsql" and not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    return Instance.create(name, engine, candidates=300)


@pytest.fixture(scope="module", params=["sqlite", "pgsql"])
def broken(request):
    """An instance that the tests of one module may break and must leave working."""
    instance = make("faults", request.param)
    yield instance
    instance.stop()
