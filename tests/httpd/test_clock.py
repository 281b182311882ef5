"""The clock of a demonstration can be set off, and never silently (P2, PE-12): what is open follows it, /readyz and /season
say so (each audit row too, under its seal); without a demonstration the offset is refused."""
import subprocess

from gk_client import Client
from gk_instance import Instance

YEARS = 3 * 366 * 86400


def settings(site, **changed):
    """Sets lines of gaokao.conf; None takes one out."""
    with open(site.path("gaokao.conf"), encoding="utf-8") as file:
        lines = [line for line in file if line.split(" = ")[0] not in changed]
    lines += [f"{key} = {value}\n" for key, value in changed.items() if value is not None]
    with open(site.path("gaokao.conf"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def test_an_offset_moves_the_windows_and_is_told(engine):
    site = Instance.create("clock", engine)
    try:
        me = Client(site, "ks").sign_in(site.logins()["candidate"])
        assert me.get("/season", expect=200).json()["clock_offset_s"] == 0
        site.stop()
        settings(site, clock_offset=YEARS)
        site.start()
        me = Client(site, "ks").sign_in(site.logins()["candidate"])
        record = me.get("/me", expect=200)
        reply = me.patch("/me", {"fields": {"receiver": "晚了"}}, version=record.headers["ETag"])
        assert reply.status == 403 and reply.json()["code"] == "window-closed", reply
        season = me.get("/season", expect=200).json()
        assert season["clock_offset_s"] == YEARS and not any(w["open"] for w in season["windows"])
        assert site.get("/readyz").json()["clock_offset_s"] == YEARS
        point = Client(site).sign_in(site.logins()["point"])
        point.get(f"/candidates/{record.json()['id']}", expect=200)
        site.stop()
        settings(site, demo="off")
        done = subprocess.run([site.path("app", "bin", "gaokaoctl"), "check", "--instance", site.folder], capture_output=True,
                              text=True, check=False, timeout=60)
        assert done.returncode != 0 and "clock_offset" in done.stdout + done.stderr, done
    finally:
        settings(site, clock_offset=None)
        site.close()
