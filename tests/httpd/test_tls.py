"""TLS as ./run --tls sets it up, and what is refused without it: NE-9, NE-6 (client certificates), V12 (TLS), V3.3 (cookies), V3.4 (HSTS).
One engine: nothing here depends on the database."""
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import urllib.parse

import pytest

from gk_instance import need_engine
from gk_client import Client
from gk_instance import Instance, free_ports

APACHE = os.environ.get("HTTPD", "/usr/sbin/apache2")
YEAR = "max-age=31536000"


def trusting(instance, certificate=None):
    """Verifies chain and name, as a browser that imported ca.pem."""
    context = ssl.create_default_context(cafile=instance.path("tls", "ca.pem"))
    if certificate:
        context.load_cert_chain(*certificate)
    return context


@pytest.fixture(scope="module")
def secure():
    need_engine("sqlite")
    export_port, = free_ports(1)
    instance = Instance.create("tls", "sqlite", extra=("--tls", "--host", "bm.example.cn", "--export-port", str(export_port)))
    instance.export_port = export_port
    instance.tls = trusting(instance)
    yield instance
    instance.close()


def talk(port, context, name="127.0.0.1"):
    """The TLS socket of a handshake that went well."""
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname=name)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60).stdout


# ---- certificates ------------------------------------------------------------------------------------------

def test_certificate_names_and_files(secure):
    for name in ("127.0.0.1", "localhost", "bm.example.cn"):
        for port in (secure.port, secure.client_port):
            with talk(port, secure.tls, name) as sock:
                assert sock.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(secure.port, secure.tls, "other.example.cn")
    with pytest.raises(ssl.SSLCertVerificationError):  # not one that everybody trusts
        talk(secure.port, ssl.create_default_context())
    for name in os.listdir(secure.path("tls")):
        mode = os.stat(secure.path("tls", name)).st_mode & 0o777
        assert mode == (0o600 if name.endswith((".key", ".p12", ".password")) else mode & 0o644), (name, oct(mode))
    assert os.stat(secure.path("tls")).st_mode & 0o777 == 0o700
    assert secure.run("status").returncode == 0


def test_old_protocols_and_ciphers_are_refused(secure):
    def handshake(low, high, ciphers):
        context = trusting(secure)
        context.minimum_version, context.maximum_version = low, high
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        with talk(secure.port, context) as sock:
            return sock.version(), sock.cipher()[0]

    versions = ssl.TLSVersion
    assert handshake(versions.TLSv1_2, versions.TLSv1_2, "ECDHE+AESGCM") == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    for low, high, ciphers in ((versions.TLSv1, versions.TLSv1_1, "ALL"), (versions.TLSv1_2, versions.TLSv1_2, "ECDHE+AES+SHA1"),
                               (versions.TLSv1_2, versions.TLSv1_2, "kRSA"), (versions.TLSv1_2, versions.TLSv1_2, "ECDHE+AESCCM")):
        with pytest.raises((ssl.SSLError, OSError)):
            handshake(low, high, ciphers)


def test_plain_http_gets_nothing(secure):
    """NE-9: what speaks HTTP without TLS is told so, and no cookie, page or API answers."""
    for port in (secure.port, secure.client_port, secure.export_port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/api/v1/season")
        reply = connection.getresponse()
        assert reply.status == 400 and reply.headers["Set-Cookie"] is None and b"season" not in reply.read()
        connection.close()


# ---- headers and cookies -------------------------------------------------------------------------------------

def test_hsts_on_every_reply_of_every_port(secure):
    for port in (secure.port, secure.client_port):
        for path in ("/ks/", "/hngz/", "/js/app.js", "/api/v1/season", "/api/v1/nothing", "/nothing", "/healthz", "/"):
            assert secure.get(path, port=port).headers["Strict-Transport-Security"] == YEAR, (port, path)


def test_cookies_are_host_bound_and_secure(secure):
    logins = secure.logins()
    for role, edition, name in (("county", "hngz", "__Host-gk-hn"), ("candidate", "ks", "__Host-gk-ks")):
        body = {key: logins[role][key] for key in ("login", "password")}
        reply = secure.request("POST", "/api/v1/session", body, {"X-Gaokao-Edition": edition, "Origin": f"https://localhost:{secure.port}"})
        assert reply.status == 200, reply
        cookies = reply.headers.get_all("Set-Cookie")
        assert any(cookie.startswith(name + "=") for cookie in cookies), cookies
        for cookie in cookies:
            words = [word.strip().lower() for word in cookie.split(";")]
            assert words[0].startswith("__host-") and "secure" in words and "httponly" in words and "path=/" in words, cookie
            assert not any(word.startswith("domain") for word in words)
        # A cookie of the plain name, such as one that a plain site of the host set, signs nobody in.
        value = next(cookie for cookie in cookies if cookie.startswith(name + "=")).split(";")[0].split("=", 1)[1]
        head = {"X-Gaokao-Edition": edition}
        assert secure.get("/api/v1/session", headers=head | {"Cookie": f"{name}={value}"}).status == 200
        assert secure.get("/api/v1/session", headers=head | {"Cookie": f"{name[7:]}={value}"}).status == 401
    county = Client(secure).sign_in(logins["county"])
    assert county.get("/orgs?limit=1", expect=200).json()["items"]
    stranger = {"Origin": f"http://127.0.0.1:{secure.port}"}  # the same address without TLS is another origin
    county.post("/session/password", {"current": "x", "new": "y"}, headers=stranger, expect=403)


# ---- export clients --------------------------------------------------------------------------------------------

def ask_export(secure, context, path="/healthz", method="GET", body=None, headers=None):
    connection = http.client.HTTPSConnection("127.0.0.1", secure.export_port, timeout=20, context=context)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


def client_certificate(secure):
    return secure.path("tls", "export-client.pem"), secure.path("tls", "export-client.key")


def test_export_host_asks_for_its_own_certificate(secure, tmp_path):
    assert ask_export(secure, trusting(secure, client_certificate(secure)))[0] == 200
    stranger = str(tmp_path / "stranger.pem"), str(tmp_path / "stranger.key")
    openssl("req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", stranger[1], "-out", stranger[0], "-days", "5",
            "-subj", "/O=mod_gaokao/CN=export")
    server = secure.path("tls", "server.pem"), secure.path("tls", "server.key")
    claims = {"X-SSL-Client-Verify": "SUCCESS", "SSL_CLIENT_VERIFY": "SUCCESS", "SSL-Client-S-DN": "CN=export"}
    for certificate in (None, stranger, server):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            ask_export(secure, trusting(secure, certificate), headers=claims)
    # The .p12 holds the same, under its password.
    words = ("-in", secure.path("tls", "export-client.p12"), "-passin", "file:" + secure.path("tls", "export-client.password"))
    assert "BEGIN CERTIFICATE" in openssl("pkcs12", *words, "-nokeys", "-clcerts")


def test_session_of_another_port_does_not_resume_there(secure):
    """A TLS session of the portal, made without a certificate, must not get past the export host's demand."""
    context = trusting(secure)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    first = talk(secure.port, context)
    first.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert first.recv(4096).startswith(b"HTTP/1.1 200")
    session = first.session
    first.close()
    with pytest.raises((ssl.SSLError, OSError)):
        sock = context.wrap_socket(socket.create_connection(("127.0.0.1", secure.export_port), timeout=10),
                                   server_hostname="127.0.0.1", session=session)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = sock.recv(4096)
        raise ConnectionError(answer) if not answer.startswith(b"HTTP/1.1 200") else AssertionError("resumed")


def test_export_host_serves_the_pull_and_no_more(secure):
    context = trusting(secure, client_certificate(secure))
    for path in ("/ks/", "/hngz/", "/api/v1/orgs", "/api/v1/candidates", "/api/v1/exports", "/metrics", "/readyz", "/api/openapi.json"):
        assert ask_export(secure, context, path)[0] == 403, path
    assert ask_export(secure, context, "/api/v1/export/candidates.xml")[0] == 401  # a certificate alone signs nobody in
    login = secure.logins()["export"]
    body = json.dumps({key: login[key] for key in ("login", "password")})
    status, _, headers = ask_export(secure, context, "/api/v1/session", "POST", body, {"Content-Type": "application/json"})
    assert status == 200
    cookie = "; ".join(line.split(";")[0] for line in headers.get_all("Set-Cookie"))
    status, document, headers = ask_export(secure, context, "/api/v1/export/candidates.xml", headers={"Cookie": cookie})
    assert status == 200 and document.rstrip().endswith(b">") and headers["Strict-Transport-Security"] == YEAR


# ---- second start, renewal, revocation -------------------------------------------------------------------------

def served(secure):
    return openssl("x509", "-in", secure.path("tls", "server.pem"), "-noout", "-serial").strip()


def on_the_wire(port, context):
    with talk(port, context) as sock:
        return "serial=" + sock.getpeercert()["serialNumber"]


def test_second_start_changes_nothing_and_renewal_needs_no_stop(secure):
    before, pid = served(secure), secure.pid()
    kept = open(secure.path("tls", "ca.pem"), encoding="utf-8").read()
    assert on_the_wire(secure.port, secure.tls) == before
    assert "Already running" in secure.start("--tls").stdout
    assert served(secure) == before and on_the_wire(secure.port, secure.tls) == before
    # Five days are left: it is made anew, and the running httpd takes it without a stop. The CA stays.
    tls = secure.path("tls")
    openssl("req", "-new", "-key", f"{tls}/server.key", "-subj", "/CN=old", "-out", f"{tls}/old.csr", "-config", f"{tls}/openssl.cnf")
    openssl("x509", "-req", "-in", f"{tls}/old.csr", "-CA", f"{tls}/ca.pem", "-CAkey", f"{tls}/ca.key", "-days", "5", "-set_serial", "7",
            "-extfile", f"{tls}/openssl.cnf", "-extensions", "server", "-out", f"{tls}/server.pem")
    assert "Making the server's certificate" in secure.start("--tls").stdout
    assert served(secure) not in (before, "serial=07")
    secure.wait(lambda: on_the_wire(secure.port, secure.tls) == served(secure), 10, "the new certificate")
    assert secure.pid() == pid and open(f"{tls}/ca.pem", encoding="utf-8").read() == kept
    # Another name: the certificate follows.
    secure.start("--tls", "--host", "second.example.cn")
    secure.wait(lambda: bool(talk(secure.port, secure.tls, "second.example.cn").close() or True), 10, "the new name")


def test_revoked_client_certificate(secure):
    tls = secure.path("tls")
    assert ask_export(secure, trusting(secure, client_certificate(secure)))[0] == 200
    for words in (["-revoke", "export-client.pem"], ["-gencrl", "-out", "client-ca.crl"]):  # as docs/operator.md says
        subprocess.run(["openssl", "ca", "-config", "openssl.cnf", "-name", "client_ca", *words], cwd=tls, check=True,
                       capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    os.kill(secure.pid(), 10)

    def refused():
        try:
            ask_export(secure, trusting(secure, client_certificate(secure)))
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return True
        return False

    secure.wait(refused, 10, "the revocation")
    os.unlink(os.path.join(tls, "export-client.pem"))
    secure.start("--tls")
    secure.wait(lambda: ask_export(secure, trusting(secure, client_certificate(secure)))[0] == 200, 10, "the next certificate")


# ---- beyond loopback -------------------------------------------------------------------------------------------

def refused_start(instance, conf):
    """What the module says about an httpd configuration, for a server of its own that must not start."""
    with open(instance.path("conf", "try.conf"), "w", encoding="utf-8") as file:
        file.write(re.sub(r"^PidFile .*", "PidFile run/try.pid", conf.replace("log/error.log", "log/try.log"), flags=re.M))
    if os.path.exists(instance.path("log", "try.log")):
        os.unlink(instance.path("log", "try.log"))
    done = subprocess.run([APACHE, "-d", instance.folder, "-f", "conf/try.conf", "-k", "start"], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        subprocess.run([APACHE, "-d", instance.folder, "-f", "conf/try.conf", "-k", "stop"], check=False, timeout=60)
        return None
    log = instance.path("log", "try.log")
    return done.stdout + done.stderr + (open(log, encoding="utf-8", errors="replace").read() if os.path.exists(log) else "")


def test_module_refuses_clear_text_beyond_loopback(secure):
    """NE-9, PE-12: whatever wrote the configuration, the module looks at the listeners themselves."""
    with open(secure.path("conf", "httpd.conf"), encoding="utf-8") as file:
        tls = file.read()
    for port, other in zip((secure.port, secure.client_port, secure.export_port), free_ports(3)):
        tls = tls.replace(f":{port}", f":{other}")
    port = re.search(r"^Listen [^:]*:(\d+)", tls, re.M).group(1)
    plain = tls.replace("Define GaokaoTLS", "#Define GaokaoTLS", 1)
    wide = {name: text.replace("Listen 127.0.0.1:", "Listen 0.0.0.0:") for name, text in (("tls", tls), ("plain", plain))}
    settings = secure.path("gaokao.conf")
    with open(settings, encoding="utf-8") as file:
        kept = file.read()
    try:
        why = refused_start(secure, wide["tls"])
        assert why is not None and "this is a demonstration" in why and "演示" in why, why
        with open(settings, "w", encoding="utf-8") as file:
            file.write(kept.replace("demo = on", "demo = public"))
        for conf in (wide["plain"], wide["plain"].replace("ServerName localhost", "ServerName https://bm.example.cn"),
                     wide["tls"] + f"\nListen 0.0.0.0:{free_ports(1)[0]}\nSSLEngine off\n",
                     wide["tls"] + "\n<VirtualHost *:%s>\nSSLEngine off\n</VirtualHost>\n" % port):
            why = refused_start(secure, conf)
            assert why is not None and "has no TLS" in why and "未启用 TLS" in why, (conf[-200:], why)
        assert refused_start(secure, wide["tls"]) is None
        assert refused_start(secure, wide["plain"].replace("GaokaoInsecure off", "GaokaoInsecure on")) is None
    finally:
        with open(settings, "w", encoding="utf-8") as file:
            file.write(kept)


def test_run_refuses_it_before_it_builds(secure):
    here = Instance(secure.folder + ".no", "sqlite", *free_ports(2))
    for flags, words in ((("--address", "0.0.0.0"), "Use --tls"), (("--address", "0.0.0.0", "--tls"), "demonstration"),
                         (("--address", "127.0.0.256"), "not an IPv4 address"), (("--host", "a b"), "not a host")):
        done = here.run("start", *flags, check=False)
        assert done.returncode != 0 and words in done.stderr, (flags, done.stderr)
    shutil.rmtree(here.folder, ignore_errors=True)


def test_plain_port_only_leads_to_the_site(secure):
    """A <VirtualHost> with `GaokaoInsecure redirect`, as for port 80: pages lead to the configured address, whatever Host says."""
    port, = free_ports(1)
    conf = secure.path("conf", "httpd.conf")
    with open(conf, encoding="utf-8") as file:
        kept = file.read()
    with open(conf, "a", encoding="utf-8") as file:
        file.write(f"\nListen 127.0.0.1:{port}\n<VirtualHost *:{port}>\nSSLEngine off\nGaokaoInsecure redirect\n</VirtualHost>\n")
    try:
        os.kill(secure.pid(), 10)
        with open(secure.path("gaokao.conf"), encoding="utf-8") as file:
            site = re.search(r"^site = (.*)$", file.read(), re.M).group(1)

        def ask(method, path, body=None, headers=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path, body, {"Host": "evil.example"} | (headers or {}))
            reply = connection.getresponse()
            got = reply.status, reply.headers["Location"], reply.read(), reply.headers
            connection.close()
            return got

        secure.wait(lambda: ask("GET", "/ks/")[0] == 301, 10, "the plain port")
        assert ask("GET", "/ks/?a=%E5%BC%A0&b=1")[1] == site + "/ks/?a=%E5%BC%A0&b=1"
        for path in ("/ks/", "/js/app.js", "/healthz", "/%0d%0aSet-Cookie:x=1", "//evil.example/", "http://evil.example/x"):
            status, location, _, headers = ask("GET", path)
            assert status == 301 and urllib.parse.urlsplit(location).netloc == urllib.parse.urlsplit(site).netloc, (path, location)
            assert headers["Set-Cookie"] is None
        login = secure.logins()["county"]
        body = json.dumps({key: login[key] for key in ("login", "password")})
        for method, path in (("POST", "/api/v1/session"), ("GET", "/api/v1/season"), ("DELETE", "/api/v1/session")):
            status, location, body_, headers = ask(method, path, body if method == "POST" else None, {"Content-Type": "application/json"})
            assert status == 403 and location is None and headers["Set-Cookie"] is None and b"https" in body_, (method, status)
    finally:
        with open(conf, "w", encoding="utf-8") as file:
            file.write(kept)
        os.kill(secure.pid(), 10)
