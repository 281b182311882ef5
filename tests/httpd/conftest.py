"""Fixtures of the httpd tests: one instance an engine for the whole run (`site`), a fresh one where a test breaks
things (`own_instance`). A test that uses `site` runs on SQLite and on PostgreSQL."""
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))
from gk_instance import Instance  # noqa: E402 pylint: disable=wrong-import-position

ENGINES = ["sqlite", "pgsql"]
if os.environ.get("GK_PRELOAD"):
    ENGINES = ["sqlite"]


def need_engine(engine):
    if engine == "pgsql" and not os.path.isdir("/usr/lib/postgresql"):
        pytest.skip("postgresql-15 is not installed")
    if shutil.which("setpriv") is None and os.geteuid() == 0:
        pytest.skip("setpriv is not installed")


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    need_engine(request.param)
    return request.param


@pytest.fixture(scope="session")
def site(engine):
    instance = Instance.create(engine, engine)
    yield instance
    instance.close()


@pytest.fixture
def own_instance(engine):
    instance = Instance.create("own", engine)
    yield instance
    instance.close()
