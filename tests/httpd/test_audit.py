"""Who saw or changed what: the audit's search with its filters and its scope, and the anchors that go out (issue 4, item 4)."""
import json
import re

import pytest

from gk_client import Client


@pytest.fixture(scope="module")
def people(site):
    logins = site.logins()
    return {role: Client(site).sign_in(logins[role]) for role in ("province", "city", "county", "point", "auditor", "export")}


@pytest.fixture(scope="module")
def seen(people):
    """A candidate whose record the point has just read."""
    item = next(i for i in people["point"].items("/candidates?limit=50") if i["number"])
    people["point"].get(f"/candidates/{item['id']}", expect=200)
    return item


def rows(client, query):
    return client.get("/audit?" + query, expect=200).json()["items"]


def test_who_saw_a_candidate(people, seen):
    """By registration number, from the auditor down to the county."""
    for role in ("auditor", "province", "county"):
        found = rows(people[role], f"number={seen['number']}")
        assert any(r["action"] == "candidate.read" and r["actor"]["login"] == people["point"].me["account"]["login"] and
                   r["object"] == {"kind": "candidate", "id": seen["id"], "version": r["object"]["version"]} for r in found), (role, found[:3])
    assert rows(people["county"], f"candidate={seen['id']}&action=candidate.read")
    assert people["county"].get("/audit?number=99999999").status == 404


def test_what_somebody_did(people, seen):
    login = people["point"].me["account"]["login"]
    found = rows(people["county"], f"login={login}&limit=200")
    assert found and {r["actor"]["login"] for r in found} == {login}
    assert people["county"].get("/audit?login=nobody-here").status == 404


def test_rows_of_a_unit(people, seen):
    path = people["point"].me["org"]["path"]
    code = path.strip("/").split("/")[-1]
    found = rows(people["province"], f"org={code}&limit=200")
    assert found and all(r["org"].startswith(path) for r in found)
    other = next(o for o in people["province"].items("/orgs?level=point") if not o["path"].startswith(people["county"].me["org"]["path"]))
    assert people["county"].get(f"/audit?org={other['code']}").status == 404


def test_a_county_sees_its_own_only(people):
    path = people["county"].me["org"]["path"]
    assert all(r["org"].startswith(path) for r in rows(people["county"], "limit=200"))


def test_a_search_leaves_a_row_itself(people, seen):
    rows(people["county"], f"number={seen['number']}&action=candidate.")
    found = rows(people["auditor"], "action=audit.search&limit=5")
    mine = next(r for r in found if r["actor"]["role"] == "county")
    changes = {c["field"]: c["after"] for c in mine["changes"]}
    assert changes["candidate"] == seen["id"] and changes["action"] == "candidate."


def test_gaokaoctl_searches_too(site, people, seen):
    found = json.loads(site.ctl("audit", "search", "--number", seen["number"], "--json").stdout)
    assert any(r["action"] == "candidate.read" for r in found)
    assert json.loads(site.ctl("audit", "search", "--action", "audit.search", "--json").stdout)[0]["actor"]["id"] == 0
    assert site.ctl("audit", "search", "--id", "3", check=False).returncode == 2


def test_the_anchor_goes_out(site, people):
    """In GET /audit/anchor, gaokaoctl audit anchor, the export's root element and the export job's result."""
    site.ctl("audit", "seal")
    anchor = people["auditor"].get("/audit/anchor", expect=200).json()
    told = json.loads(site.ctl("audit", "anchor", "--json").stdout)
    assert anchor["seal"] >= 1 and anchor["anchor"] == f"{anchor['seal']}:{anchor['digest'][:16]}"
    assert told["seal"] >= anchor["seal"]
    assert people["point"].get("/audit/anchor").status == 403
    body = people["export"].get("/export/candidates.xml?state=any", expect=200).body.decode()
    given = re.search(r'auditAnchor="([0-9]+:[0-9a-f]{64})"', body).group(1)
    assert site.ctl("audit", "verify", "--anchor", given).returncode == 0
    number, digest = given.split(":")
    forged = f"{number}:{'0' * 16 if digest[:16] != '0' * 16 else '1' * 16}"
    assert site.ctl("audit", "verify", "--anchor", forged, check=False).returncode == 1
    job = people["export"].post("/jobs", {"kind": "export_xml", "args": {"state": "any"}}, expect=201).json()
    site.wait(lambda: people["export"].get(f"/jobs/{job['id']}", expect=200).json()["state"] == "done", 60, "the export")
    result = people["export"].get(f"/jobs/{job['id']}", expect=200).json()["result"]
    assert site.ctl("audit", "verify", "--anchor", result["audit_anchor"]).returncode == 0
