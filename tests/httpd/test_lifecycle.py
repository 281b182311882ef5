"""./run start, stop and what happens when processes are killed. The tests share an instance and leave it running."""
import os
import signal
import time

import pytest
from gk_instance import Instance, alive, free_ports
from gk_world import sql


@pytest.fixture(scope="module")
def own_instance(engine):
    instance = Instance.create("life", engine)
    yield instance
    instance.close()


def test_stop_and_start_keep_the_data(own_instance):
    before = own_instance.logins()
    own_instance.stop()
    assert "Not running" in own_instance.run("status", check=False).stdout
    own_instance.start()
    assert own_instance.get("/readyz").status == 200
    assert own_instance.logins() == before


def test_stop_finds_the_children_of_a_killed_parent(own_instance):
    children = own_instance.children()
    assert children
    os.kill(own_instance.pid(), signal.SIGKILL)
    own_instance.stop()
    assert not [pid for pid in children if alive(pid)]
    own_instance.start()


def test_start_clears_up_after_a_killed_parent(own_instance):
    os.kill(own_instance.pid(), signal.SIGKILL)
    own_instance.start()
    assert own_instance.get("/readyz").status == 200


def test_a_killed_child_is_replaced(own_instance):
    for pid in own_instance.children():
        os.kill(pid, signal.SIGKILL)
    own_instance.wait(lambda: own_instance.get("/readyz", timeout=2).status == 200, 5, "service after kill -9 of all children")


def test_a_graceful_restart_keeps_serving(own_instance):
    os.kill(own_instance.pid(), signal.SIGUSR1)
    own_instance.wait(lambda: own_instance.get("/readyz", timeout=2).status == 200, 10, "service after a graceful restart")
    assert own_instance.get("/api/v1/nonsense").status == 404
    # Its list of nodes: those heard of lately, by itself too. In a linguistic collation nothing lies between 'node:' and 'node;'.
    sql(own_instance, "INSERT INTO setting (name, value) VALUES ('node:gone', '1383638400000000')")
    sql(own_instance, f"INSERT INTO setting (name, value) VALUES ('node:other', '{int(time.time() * 1000000)}')")
    if own_instance.engine == "pgsql":
        sql(own_instance, "ALTER TABLE setting ALTER COLUMN name TYPE TEXT COLLATE \"en-x-icu\"")
        os.kill(own_instance.pid(), signal.SIGUSR1)

    def nodes():
        return [node["node"] for node in own_instance.get("/readyz").json()["nodes"]]

    own_instance.wait(lambda: "other" in nodes() and len(nodes()) == 2, 20, "the list of nodes")


def test_another_database_is_refused(own_instance):
    other = "pgsql" if own_instance.engine == "sqlite" else "sqlite"
    own_instance.stop()
    done = own_instance.run("start", "--db", other, check=False)
    assert done.returncode != 0
    assert "another --instance" in done.stderr
    own_instance.start()


def test_a_taken_port_is_named(own_instance):
    own_instance.stop()
    import socket
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        done = own_instance.run("start", "--port", str(port), "--client-port", str(free_ports(1)[0]), check=False)
        assert done.returncode != 0
        assert f"port {port} is taken" in done.stderr
    own_instance.start()
