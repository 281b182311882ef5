"""Notices with files (P5), packs and plugins over HTTP."""
import contextlib

import pytest

from gk_client import Client
from gk_world import sql

PDF = b"%PDF-1.4\n% an empty page\n"


@pytest.fixture(scope="module")
def people(site):
    logins = site.logins()
    found = {role: Client(site, "ks" if role == "candidate" else "hngz").sign_in(logins[role])
             for role in ("province", "county", "point", "auditor", "export", "candidate")}
    found["public"] = Client(site)
    return found


def titles(client):
    return [n["title"] for n in client.items("/notices")]


def write(client, title, audience, **more):
    return client.post("/notices", {"title": title, "audience": audience, "body": "第一行\n第二行", **more}, expect=201)


def test_who_sees_which_notice(people):
    for audience in ("public", "candidates", "points", "staff"):
        write(people["province"], f"省-{audience}", audience)
        write(people["county"], f"县-{audience}", audience)
    seen = {role: {t for t in titles(client) if t[:2] in ("省-", "县-")} for role, client in people.items()}
    assert seen["public"] == {"省-public"}
    assert seen["candidate"] == {"省-public", "省-candidates", "县-public", "县-candidates"}
    assert seen["point"] == {f"{u}-{a}" for u in "省县" for a in ("public", "candidates", "points", "staff")}
    assert seen["province"] == {f"省-{a}" for a in ("public", "candidates", "points", "staff")}


def test_a_notice_appears_at_its_moment(people):
    write(people["county"], "以后发布", "public", published_at="2099-01-01T08:00:00+08:00")
    assert "以后发布" in titles(people["county"])
    assert "以后发布" not in titles(people["point"])
    assert "以后发布" not in titles(people["candidate"])


def test_only_the_writer_changes_and_withdraws(people):
    reply = write(people["province"], "请勿改动", "public")
    path, etag = f"/notices/{reply.json()['id']}", reply.headers["ETag"]
    assert people["county"].patch(path, {"title": "改了"}, version=etag).status == 403
    changed = people["province"].patch(path, {"title": "已更正"}, version=etag, expect=200)
    assert changed.json()["title"] == "已更正"
    assert people["province"].patch(path, {"title": "旧版"}, version=etag).status == 412
    people["province"].delete(path, version=changed.headers["ETag"], expect=204)
    assert people["province"].get(path).status == 404
    assert people["public"].get(path).status == 404


def upload(client, notice, name, content, content_type="application/octet-stream"):
    from urllib.parse import quote
    return client.request("POST", f"/notices/{notice}/files?name={quote(name)}", content, headers={"Content-Type": content_type})


def test_files_come_back_as_they_were(people):
    notice = write(people["county"], "报名须知", "candidates").json()["id"]
    reply = upload(people["county"], notice, "报名 须知\"'.pdf", PDF)
    assert reply.status == 201, reply
    file = reply.json()
    assert file["media_type"] == "application/pdf" and file["bytes"] == len(PDF)
    got = people["candidate"].get(f"/notices/{notice}/files/{file['id']}", expect=200)
    assert got.body == PDF
    assert got.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "filename*=UTF-8''%E6%8A%A5%E5%90%8D%20" in got.headers["Content-Disposition"]
    assert got.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in got.headers["Content-Security-Policy"]
    assert people["public"].get(f"/notices/{notice}/files/{file['id']}").status == 404
    people["county"].delete(f"/notices/{notice}/files/{file['id']}", expect=204)
    assert people["county"].get(f"/notices/{notice}/files/{file['id']}").status == 404


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"  <svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xfe\x00\x01", b""],
                         ids=["html", "svg", "bytes", "empty"])
def test_markup_and_unknown_bytes_are_refused(people, content):
    notice = write(people["county"], "附件测试", "staff").json()["id"]
    reply = upload(people["county"], notice, "a.pdf", content, "application/pdf")
    assert reply.status == 422, reply
    assert not people["county"].get(f"/notices/{notice}", expect=200).json()["files"]


def test_a_name_must_fit_the_bytes_and_the_etag_covers_the_files(people):
    reply = write(people["county"], "附件与版本", "staff")
    notice, etag = reply.json()["id"], reply.headers["ETag"]
    for name in ("a.exe", "a.pdf.html", ".pdf", "x/y.pdf"):
        refused = upload(people["county"], notice, name, PDF)
        assert refused.status == 422 and refused.json()["violations"][0]["pointer"] == "?name", refused
    assert upload(people["county"], notice, "a.pdf", PDF).status == 201
    now = people["county"].get(f"/notices/{notice}", expect=200)
    assert now.headers["ETag"] != etag and len(now.json()["files"]) == 1
    assert people["county"].patch(f"/notices/{notice}", {"title": "旧版"}, version=etag).status == 412
    assert upload(people["province"], notice, "b.pdf", PDF).status in (403, 404), "another unit's notice"


def test_packs_are_listed(people):
    packs = people["auditor"].items("/packs")
    assert {p["name"] for p in packs} == {"hunan-2014", "hunan-2025"}
    assert sum(p["active"] for p in packs) == 1
    one = people["auditor"].get(f"/packs/{packs[0]['id']}", expect=200).json()
    assert one == packs[0]
    assert people["point"].get("/packs").status == 403


def test_plugins_show_their_state(people):
    plugins = {p["name"]: p for p in people["province"].items("/plugins")}
    assert {"policy_xpath", "export_xml"} <= set(plugins)
    assert plugins["policy_xpath"]["state"] == "started"
    assert "gaokao_plugin_calls_total" in people["province"].site.get("/metrics").body.decode()


def test_a_plugin_is_reset_by_the_province_only(people):
    assert people["auditor"].post("/plugins/policy_xpath/reset").status == 403
    assert people["province"].post("/plugins/no_such_plugin/reset").status == 404
    plugin = people["province"].post("/plugins/policy_xpath/reset", expect=200).json()
    assert plugin["state"] == "started" and plugin["suspects"] == []


def test_an_option_changes_at_run_time_in_every_process(people, site):
    plugin = next(p for p in people["province"].items("/plugins") if p["name"] == "policy_xpath")
    option = next(o for o in plugin["options"] if o["type"] in ("int", "integer", "number"))
    value = str(int(option["value"]) + 1)
    path = "/plugins/policy_xpath"
    wrong = people["province"].patch(path, {"options": {"no_such_option": "1"}})
    assert wrong.status == 422 and wrong.json()["violations"][0]["pointer"].startswith("/options"), wrong
    people["province"].patch(path, {"options": {option["key"]: value}}, expect=200)

    def everywhere():
        seen = set()
        for _ in range(12):  # fresh connections reach all children
            people["province"].drop()
            now = next(p for p in people["province"].items("/plugins") if p["name"] == "policy_xpath")
            seen.add(next(o["value"] for o in now["options"] if o["key"] == option["key"]))
        return seen == {value} or seen == {int(value)}

    site.wait(everywhere, 20, "the option in every process")
    people["province"].patch(path, {"options": {option["key"]: None}}, expect=200)


def seen_everywhere(client, name, wanted):
    """Every process says so of the plugin: fresh connections reach all children."""
    for _ in range(12):
        client.drop()
        if next(p for p in client.items("/plugins") if p["name"] == name)["state"] != wanted:
            return False
    return True


@contextlib.contextmanager
def stored_nowhere(site):
    """The database refuses to note that a plugin is off; what is answered to a trigger of ours is in no contract."""
    begin, end = ("CREATE TRIGGER refuse BEFORE INSERT ON plugin_option BEGIN SELECT RAISE(ABORT, 'refused'); END",
                  "DROP TRIGGER refuse") if site.engine == "sqlite" else (
                      "ALTER TABLE plugin_option ADD CONSTRAINT refuse CHECK (option_key <> '@off') NOT VALID",
                      "ALTER TABLE plugin_option DROP CONSTRAINT refuse")
    watch, Client.watch = Client.watch, None
    sql(site, begin)
    try:
        yield
    finally:
        sql(site, end)
        Client.watch = watch


def test_a_plugin_is_switched_off_and_on_everywhere(people, site):
    """Issue "Policy packs" 7: off with a reason, in every process, without a restart; on again; the rule engine never."""
    province = people["province"]
    path = "/plugins/export_xml/state"
    province.confirm()
    assert people["auditor"].post(path, {"enabled": False, "reason": "厂家通知停用"}).status == 403
    refused = province.post("/plugins/policy_xpath/state", {"enabled": False, "reason": "试一试停用"}, expect=409).json()
    assert "规则插件不能停用" in refused["detail"] and province.items("/plugins")
    with stored_nowhere(site):
        lost = province.post(path, {"enabled": False, "reason": "厂家通知停用"})
        assert lost.status in (409, 500), lost
        assert seen_everywhere(province, "export_xml", "started"), "what was not stored is in force nowhere"
    off = province.post(path, {"enabled": False, "reason": "厂家通知停用"}, expect=200).json()
    assert (off["state"], off["reason"]["zh"], off["needed"]) == ("disabled", "厂家通知停用", None)
    site.wait(lambda: seen_everywhere(province, "export_xml", "disabled"), 20, "off in every process")
    assert province.patch("/plugins/export_xml", {"options": {"@off": None}}).status == 422, "no option switches it on"
    away = people["export"].get("/export/candidates.xml?state=any")
    assert away.status == 503 and "停用" in away.json()["detail"] and int(away.headers["Retry-After"]) >= 1
    assert site.get("/readyz").status == 200, "what an administrator switched off is no fault"
    province.post(path, {"enabled": True, "reason": "厂家已经修复"}, expect=200)
    site.wait(lambda: seen_everywhere(province, "export_xml", "started"), 20, "on in every process")
    assert people["export"].get("/export/candidates.xml?state=any").status == 200
    rows = [row for row in province.items("/audit?object_kind=plugin") if row["action"] in ("plugin.disable", "plugin.enable")]
    assert {row["action"] for row in rows} == {"plugin.disable", "plugin.enable"}


def test_a_plugin_is_made_anew(people):
    province = people["province"]
    assert people["auditor"].post("/plugins/policy_xpath/reload").status == 403
    province.post("/plugins/no_such_plugin/reload", expect=404)
    province.post("/plugins/no_such_plugin/state", {"enabled": False, "reason": "没有这一个"}, expect=404)
    again = province.post("/plugins/policy_xpath/reload", expect=200).json()
    assert again["state"] == "started" and again["needed"]["zh"]
    someone = people["point"].items("/candidates")[0]
    people["point"].get(f"/candidates/{someone['id']}/verdicts", expect=200)  # rules go on with the new one
    assert "plugin.reload" in [row["action"] for row in province.items("/audit?object_kind=plugin")]
