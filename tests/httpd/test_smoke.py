"""A started instance answers, says who it is, and keeps its manners."""
import json
import os

import pytest

# mod_dir's inner redirect joins pools, which the stock httpd does only when it was itself built for a pool-debug APR: under
# that library (the sanitizer suite) the pages are asked for by their full names.
INDEX = "index.html" if os.environ.get("GK_LIBRARY_PATH") else ""


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_ready(site, path):
    reply = site.get(path)
    assert reply.status == 200, reply


def test_metrics_are_prometheus_text(site):
    reply = site.get("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert b"# TYPE gaokao_" in reply.body


@pytest.mark.parametrize("path", ["/ks/" + INDEX, "/hngz/" + INDEX])
def test_pages_come_with_a_strict_policy(site, path):
    reply = site.get(path)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=UTF-8"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert len(reply.headers.get_all("Content-Security-Policy")) == 1


def test_the_console_may_use_the_camera_and_candidates_pages_not(site):
    assert "camera=(self)" in site.get("/hngz/" + INDEX).headers["Permissions-Policy"]
    assert "camera=()" in site.get("/ks/" + INDEX).headers["Permissions-Policy"]


def test_an_unchanged_page_is_answered_by_304(site):
    tag = site.get("/ks/" + INDEX).headers["ETag"]
    assert site.get("/ks/" + INDEX, headers={"If-None-Match": tag}).status == 304


def test_the_contract_is_served(site):
    reply = site.get("/api/openapi.json")
    assert reply.status == 200
    assert json.loads(reply.body)["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/local.mk", "/package.json", "/.npmrc", "/js/", "/../conf/httpd.conf"])
def test_files_of_the_build_are_not_served(site, path):
    assert site.get(path).status in (400, 403, 404)


def test_an_unknown_address_is_a_problem_document(site):
    reply = site.get("/api/v1/nonsense")
    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json()["type"].endswith("no-route")


def test_replies_carry_a_request_id_and_are_not_kept(site):
    reply = site.get("/api/v1/nonsense")
    assert reply.headers.get("X-Request-Id") or reply.json().get("instance")
    assert "no-store" in (reply.headers.get("Cache-Control") or "")


def test_the_client_port_leads_to_the_console(site):
    reply = site.get("/", port=site.client_port)
    assert reply.status == 302
    assert reply.headers["Location"].endswith("/hngz/")
    assert site.get("/hngz/" + INDEX, port=site.client_port).status == 200


def test_there_is_a_login_for_every_role(site):
    logins = site.logins()
    rows = logins if isinstance(logins, list) else logins.get("logins", list(logins.values()))
    roles = {row["role"] for row in rows}
    assert len(roles) >= 8, roles
    for row in rows:
        assert row["login"] and row["password"]


def test_a_second_start_says_that_it_runs(site):
    done = site.run("start")
    assert "Already running" in done.stdout
    assert f":{site.port}/ks/" in done.stdout


def test_status_names_the_process(site):
    done = site.run("status")
    assert str(site.pid()) in done.stdout
