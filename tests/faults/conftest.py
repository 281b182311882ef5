"""Faults break things: each test has an instance of its own."""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))
sys.path.insert(0, os.path.dirname(__file__))
from database import make  # noqa: E402 pylint: disable=wrong-import-position


def rows(item):
    """The catalogue's ids that a test's docstring names, or its module's: {"PR-1", "DB-3"}."""
    text = (getattr(item.function, "__doc__", None) or "") + (item.module.__doc__ or "" if not item.function.__doc__ else "")
    return set(re.findall(r"\b(?:PR|DB|DC|NE|IN|ID|DI|PE)-\d+\b", text))


def pytest_collection_modifyitems(config, items):
    """GK_ROWS="PR-1 DB-3" (tests/faults/run --only): only the tests of these rows."""
    wanted = set(os.environ.get("GK_ROWS", "").split())
    if not wanted:
        return
    out = [item for item in items if not rows(item) & wanted and str(item.fspath).startswith(os.path.dirname(__file__))]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="module", params=["sqlite", "pgsql"])
def broken(request):
    """An instance that the tests of one module may break and must leave working."""
    instance = make("faults", request.param)
    yield instance
    instance.stop()
