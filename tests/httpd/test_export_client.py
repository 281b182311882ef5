"""Export clients (ID-16): a certificate bound to the account, asked for with every request; or a token signed for one request, good
once and for five minutes. Only mod_ssl's word counts, never a header."""
import base64
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time
import uuid

import pytest

from badproxy import BadProxy
from gk_client import Client
from gk_instance import ROOT, Instance, free_ports, need_engine


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, input=data, timeout=60).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """Signs requests as docs/province.md says, with openssl."""

    def __init__(self, folder, name="client"):
        self.key, self.public, self.text = (os.path.join(folder, f"{name}.{end}") for end in ("key", "pub", "txt"))
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)

    def token(self, kid, year, method, path, **other):
        head = {"alg": "EdDSA", "typ": "gk-request+1", "kid": str(kid), "aud": f"gk:request:{year}", "iat": int(time.time()), "jti": uuid.uuid4().hex, **other}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps({"method": method, "path": path}).encode())
        with open(self.text, "w", encoding="ascii") as file:
            file.write(text)
        return text + "." + b64(openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", self.text))


def bind(site, login, option, file):
    """gaokaoctl runs as httpd's user: it has to be able to read what it is given."""
    there = site.path(f"{uuid.uuid4().hex}.pem")
    shutil.copyfile(file, there)
    os.chmod(there, 0o644)
    return json.loads(site.ctl("export", "client", login, option, there, "--json").stdout)


@pytest.fixture(scope="module")
def client(site, tmp_path_factory):
    """An export account of its own, with a key, and its year."""
    made = json.loads(site.ctl("account", "create", "--role", "export", "--login", f"tok{uuid.uuid4().hex[:6]}", "--json").stdout)
    signer = Signer(str(tmp_path_factory.mktemp("token")))
    for option, text in (("--certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ("--public-key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
                         ("--certificate", openssl("pkey", "-in", signer.key, "-pubout").decode()), ("--public-key", openssl("pkey", "-in", signer.key).decode())):
        with open(site.path("none.pem"), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        done = site.ctl("export", "client", made["login"], option, file.name, check=False)
        assert done.returncode != 0 and "PEM" in done.stdout + done.stderr, (option, text, done)
    told = bind(site, made["login"], "--public-key", signer.public)
    assert told["id"] == made["id"] and len(told["public_key"]) == 64 and told["certificate_sha256"] is None
    year = json.loads(site.get("/api/v1/season").body)["year"]
    return made["login"], made["id"], signer, year


def ask(site, path, token, method="GET", body=None, headers=None):
    head = {"Authorization": f"GK-Token {token}", **(headers or {})}
    if body is not None:
        head |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    return site.request(method, path, body, head)


def test_token_stands_for_one_request(site, client, tmp_path):
    _, kid, signer, year = client
    path = "/api/v1/export/pulls?limit=1"
    token = signer.token(kid, year, "GET", path)
    assert ask(site, path, token).status == 200
    assert site.get(path).status == 401

    def refused(words, token, path=path, method="GET", body=None):
        reply = ask(site, path, token, method, body)
        assert reply.status == 401 and reply.json()["code"] == "not-signed-in", (words, reply)
        assert words in reply.json()["texts"]["en"], (words, reply)

    refused("used before", token)
    refused("another request", signer.token(kid, year, "GET", path), path="/api/v1/export/pulls?limit=2")
    refused("another request", signer.token(kid, year, "GET", "/api/v1/export/pulls"), path="/api/v1/export/pulls", method="POST", body={})
    now = int(time.time())
    refused("out of date", signer.token(kid, year, "GET", path, iat=now - 301))
    refused("future", signer.token(kid, year, "GET", path, iat=now + 90))
    refused("another season", signer.token(kid, year - 1, "GET", path))
    refused("typ", signer.token(kid, year, "GET", path, typ="gk-reading+1"))
    refused("alg", signer.token(kid, year, "GET", path, alg="none"))
    refused("jti", signer.token(kid, year, "GET", path, jti="x"))
    refused("signature", Signer(str(tmp_path), "other").token(kid, year, "GET", path))
    refused("signature", signer.token(999999, year, "GET", path))
    good = signer.token(kid, year, "GET", path)
    head, payload, signature = good.split(".")
    refused("signature", ".".join((head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB"))))
    refused("signature", ".".join((head, b64(json.dumps({"method": "GET", "path": path, "x": 1}).encode()), signature)))
    for text in ("x", "a.b", "a.b.c.d", "A" * 5000, "%%.%%.%%"):
        refused("PROTECTED", text)
    # Another role has no token, whatever key it would have; this role has its own rights only.
    assert ask(site, "/api/v1/orgs", signer.token(kid, year, "GET", "/api/v1/orgs")).status == 403


def test_a_token_makes_no_session_and_no_other_proof(site, client):
    """What is good for one request can't become a cookie, a password or a one-time code (ID-16): it opens what the contract names
    for it, and nothing else."""
    _, kid, signer, year = client
    with open(os.path.join(ROOT, "htdocs", "api", "openapi.json"), encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    opened = set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            there = "/api/v1" + re.sub(r"\{\w+\}", "1", path)
            reply = ask(site, there, signer.token(kid, year, method.upper(), there), method.upper(), {} if method != "get" else None)
            assert reply.headers.get("Set-Cookie") is None, (method, path)
            if {"token": []} in operation["security"]:
                opened.add(operation["operationId"])
                assert reply.status not in (401, 403), (method, path, reply)
            else:
                assert reply.status == 403, (method, path, reply)
    assert {"createPull", "getPullPart", "acknowledgePull", "returnCandidates", "createJob"} <= opened
    secret = base64.b32encode(os.urandom(20)).decode()
    totp = ask(site, "/api/v1/session/totp", signer.token(kid, year, "POST", "/api/v1/session/totp"), "POST", {"secret": secret, "code": "123456"})
    assert totp.status == 403 and "sign in" in totp.json()["texts"]["en"], totp


def test_a_pull_by_tokens_alone(site, client, tmp_path):
    """No cookie, no CSRF token: ask, wait, manifest, parts by range, receipt."""
    login, kid, signer, year = client

    def send(method, path, body=None, expect=200, **headers):
        path = "/api/v1" + path
        reply = ask(site, path, signer.token(kid, year, method, path), method, body, headers)
        assert reply.status == expect, reply
        return reply

    pull = send("POST", "/export/pulls", {"part_records": 10}, 201).json()
    site.wait(lambda: send("GET", f"/export/pulls/{pull['id']}").json()["state"] == "ready", 60, "the pull is written")
    done = send("GET", f"/export/pulls/{pull['id']}").json()
    assert send("GET", f"/export/pulls/{pull['id']}/manifest.xml").body.startswith(b"<?xml")
    assert len(send("GET", f"/export/pulls/{pull['id']}/parts/1", None, 206, Range="bytes=10-").body) == done["parts"][0]["bytes"] - 10
    receipt = send("POST", f"/export/pulls/{pull['id']}/receipt", {"manifest_sha256": done["manifest_sha256"]}, **{"If-Match": f'"v{done["version"]}"'})
    assert receipt.json()["pull"]["state"] == "acknowledged"
    # gaokaoctl does the same over a line that breaks: each try has a token of its own. Another's key is refused.
    with open(tmp_path / "export.pem", "w", encoding="ascii") as file:
        file.write(site.ctl("export", "key").stdout)
    other = Signer(str(tmp_path), "other")
    with BadProxy(("127.0.0.1", site.port), fault={"cut_down": 12000}) as proxy:
        for key_file, wanted in ((other.key, 1), (signer.key, 0)):
            for _ in range(10):
                run = subprocess.run([site.path("app", "bin", "gaokaoctl"), "export", "pull", f"http://127.0.0.1:{proxy.port}/", str(tmp_path / "pull"), "--key", file.name,
                                      "--token-key", key_file, "--kid", str(kid), "--part-records", "20", "--states", "any", "--json"],
                                     check=False, capture_output=True, text=True, timeout=60)
                if run.returncode != 3:
                    break
            assert run.returncode == wanted, run
    told = json.loads(run.stdout)
    assert told["good"] and told["records"] > 20 and proxy.connections > 4, (told, proxy.connections)
    # Switched off, or its key taken away: at once nothing works.
    site.ctl("export", "client", login, "--clear")
    path = "/api/v1/export/pulls"
    assert ask(site, path, signer.token(kid, year, "GET", path)).status == 401


# ---- certificates ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def secure():
    need_engine("sqlite")
    export_port, = free_ports(1)
    instance = Instance.create("client", "sqlite", extra=("--tls", "--host", "bm.example.cn", "--export-port", str(export_port)))
    instance.export_port = export_port
    instance.tls = ssl.create_default_context(cafile=instance.path("tls", "ca.pem"))
    yield instance
    instance.close()


def issue(secure, name, *more):
    """Another certificate of the client CA."""
    tls = secure.path("tls")
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{tls}/{name}.key", "-out", f"{tls}/{name}.csr", "-subj", f"/O=mod_gaokao/CN={name}")
    openssl("x509", "-req", "-in", f"{tls}/{name}.csr", "-CA", f"{tls}/client-ca.pem", "-CAkey", f"{tls}/client-ca.key", "-out", f"{tls}/{name}.pem",
            "-set_serial", str(uuid.uuid4().int >> 70), *more)
    return f"{tls}/{name}.pem", f"{tls}/{name}.key"


class Line:
    def __init__(self, secure, certificate=None, port=None):
        self.context = ssl.create_default_context(cafile=secure.path("tls", "ca.pem"))
        if certificate:
            self.context.load_cert_chain(*certificate)
        self.port = port or secure.export_port
        self.head = {"X-Gaokao-Edition": "hngz", "Content-Type": "application/json"}

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.context)
        try:
            connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, {**self.head, **headers})
            reply = connection.getresponse()
            return reply.status, reply.read(), reply.headers
        finally:
            connection.close()

    def sign_in(self, login):
        status, body, headers = self.ask("POST", "/session", {key: login[key] for key in ("login", "password")})
        assert status == 200, body
        self.head["Cookie"] = "; ".join(line.split(";")[0] for line in headers.get_all("Set-Cookie"))
        self.head["X-CSRF-Token"] = json.loads(body)["csrf"]
        return self


def test_bound_certificate_is_asked_for_with_every_request(secure):
    login = secure.logins()["export"]
    own = secure.path("tls", "export-client.pem"), secure.path("tls", "export-client.key")
    other = issue(secure, "other", "-days", "5")
    on_portal, with_own, with_other = (Line(secure, *more).sign_in(login) for more in ((None, secure.port), (own,), (other,)))
    for line in (on_portal, with_own, with_other):  # nothing is bound yet
        assert line.ask("GET", "/export/pulls")[0] == 200
    told = bind(secure, login["login"], "--certificate", own[0])
    assert told["certificate_sha256"] == openssl("x509", "-in", own[0], "-noout", "-fingerprint", "-sha256").decode().split("=")[1].strip().replace(":", "").lower()
    status, body, _ = with_own.ask("POST", "/export/pulls", {"part_records": 10}, **{"Idempotency-Key": uuid.uuid4().hex})
    assert status == 201, body
    pull = json.loads(body)["id"]
    secure.wait(lambda: json.loads(with_own.ask("GET", f"/export/pulls/{pull}")[1])["state"] == "ready", 60, "the pull is written")
    for path in ("/export/pulls", f"/export/pulls/{pull}/manifest.xml", f"/export/pulls/{pull}/parts/1", "/export/candidates.xml", "/jobs"):
        assert with_own.ask("GET", path)[0] == 200, path
        for line, words in ((on_portal, "with its client certificate only"), (with_other, "not this account's")):
            status, body, _ = line.ask("GET", path)
            assert status == 403 and words in json.loads(body)["texts"]["en"], (path, body)
    # A header says nothing, whatever it is called (NE-6).
    with open(own[0], encoding="ascii") as file:
        pem = file.read().replace("\n", " ")
    for name in ("SSL-Client-Cert", "SSL_CLIENT_CERT", "X-SSL-Client-Cert", "X-Client-Cert", "X-Forwarded-Client-Cert", "SSL-Client-Verify"):
        assert on_portal.ask("GET", "/export/pulls", **{name: pem})[0] == 403, name
    # The right certificate opens the door for its own account only, and gives no other role.
    clerk = Line(secure, own).sign_in(secure.logins()["point"])
    assert clerk.ask("GET", "/export/pulls")[0] == 403
    # A certificate that is over is refused at the door, whoever signed it.
    over = issue(secure, "over", "-not_before", "20240101000000Z", "-not_after", "20240201000000Z") if b"-not_before" in openssl_help() else None
    if over is None:
        over = issue(secure, "over", "-days", "-1")
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        Line(secure, over).ask("GET", "/export/pulls")
    # The account with a token needs none, at the portal's port.
    signer = Signer(secure.path("tls"), "token")
    told = bind(secure, login["login"], "--public-key", signer.public)
    assert told["certificate_sha256"], "the certificate stays"
    year = json.loads(Line(secure, None, secure.port).ask("GET", "/season")[1])["year"]
    token = signer.token(told["id"], year, "GET", "/api/v1/export/pulls")
    plain = Line(secure, None, secure.port)
    assert plain.ask("GET", "/export/pulls", Authorization=f"GK-Token {token}")[0] == 200


def openssl_help():
    return subprocess.run(["openssl", "x509", "-help"], check=False, capture_output=True, timeout=30).stderr
