"""Readings while the plugin that reads them is switched off: they wait at the gateway (issue "Policy packs" 7, docs/policy.md)."""
import contextlib

import pytest

pytest.importorskip("nacl", reason="python3-nacl is not installed")
from gk_client import Client  # noqa: E402 pylint: disable=wrong-import-position
from gk_gateway import b64u  # noqa: E402 pylint: disable=wrong-import-position
from gk_picture import png  # noqa: E402 pylint: disable=wrong-import-position
from gk_world import sql  # noqa: E402 pylint: disable=wrong-import-position
from test_devices import Heard, Place, many, one, origin  # noqa: E402 pylint: disable=wrong-import-position


@contextlib.contextmanager
def switched_off(site, name):
    province = Client(site).sign_in(site.logins()["province"])
    province.confirm()

    def everywhere(wanted):
        seen = []
        for _ in range(12):
            province.drop()
            seen.append(next(p for p in province.items("/plugins") if p["name"] == name)["state"])
        return set(seen) == {wanted}
    province.post(f"/plugins/{name}/state", {"enabled": False, "reason": "厂家通知停用"}, expect=200)
    try:
        site.wait(lambda: everywhere("disabled"), 20, "off in every process")
        yield
    finally:
        province.post(f"/plugins/{name}/state", {"enabled": True, "reason": "厂家已经修复"}, expect=200)
    site.wait(lambda: everywhere("started"), 20, "on in every process")


def readings_of(site, gateway):
    return int(sql(site, f"SELECT count(*) FROM reading WHERE device_id = {int(gateway.device)}")[0])


def goes_back(gateway, batch):
    """503 with Retry-After: the gateway keeps what it has."""
    status, problem = gateway.post(batch)
    assert (status, problem["code"]) == (503, "plugin") and "停用" in problem["texts"]["zh"], (status, problem)
    assert int(gateway.headers["Retry-After"]) >= 1


def test_readings_wait_while_their_plugin_is_switched_off(site):
    """Issue "Policy packs" 7: nothing of the post is kept, and the same post is stored once afterwards; what other plugins read goes on."""
    place = Place(site, "0963", 20, "devices-off")
    gateway, other = place.gateway(), place.gateway(name="二号读卡机")
    made = place.county.post("/devices", {"name": "体检", "kinds": ["exam"], "org_id": place.point["id"]}, expect=201).json()
    exam = Heard(origin(site))
    assert exam.enrol(made["code"])[0] == 201
    cards = [gateway.card(place.block(), subject="1") for _ in range(2)]
    number = one(other.post([other.card(place.block(), subject="1")]))["candidate"]["number"]
    picture = [other.reading({"kind": "camera", "picture": b64u(png(480, 640)), "number": number})]
    results = [exam.reading({"kind": "exam", "number": number, "items": {"WK_SG": 172.5}})]
    with switched_off(site, "device_idcard"):
        goes_back(gateway, cards)
        goes_back(gateway, [gateway.reading({"kind": "camera", "picture": b64u(png(480, 640)), "number": number}), *cards])
        assert readings_of(site, gateway) == 0 and place.device(gateway)["readings"] == 0
        assert one(gateway.post([gateway.card(place.block(), purpose="test")]))["verdict"] == "test"
        assert one(other.post(picture))["verdict"] == "picture"
        assert one(exam.post([exam.reading({"kind": "exam", "number": number, "items": {"WK_SG": 171}})]))["verdict"] == "examination"
    assert [(r["status"], r["verdict"]) for r in many(gateway.post(cards))] == [("stored", "created")] * 2
    assert [r["status"] for r in many(gateway.post(cards))] == ["repeated"] * 2 and readings_of(site, gateway) == 2
    with switched_off(site, "device_exam"):
        goes_back(exam, results)
        # What no plugin knows is not the one's that is off.
        strange = one(gateway.post([gateway.card(b"x" * 255, subject="1")]))
        assert (strange["status"], strange["verdict"], strange["problem"]["code"]) == ("stored", "undecoded", "invalid"), strange
        assert one(gateway.post([gateway.card(place.block(), subject="1")]))["verdict"] == "created"
    assert readings_of(site, exam) == 1 and one(exam.post(results))["status"] == "stored"
    again = [other.reading({"kind": "camera", "picture": b64u(png(481, 640)), "number": number})]
    with switched_off(site, "device_camera"):
        goes_back(other, again)
        assert [r["status"] for r in many(other.post(picture))] == ["repeated"]  # examined once only
        assert one(gateway.post([gateway.card(place.block(), subject="1")]))["verdict"] == "created"
    assert one(other.post(again))["verdict"] == "picture" and readings_of(site, other) == 3
