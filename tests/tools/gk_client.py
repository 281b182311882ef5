"""A signed-in person of a test instance: cookies, CSRF token, Idempotency-Key, If-Match, one-time codes.

    county = Client(site, "hngz").sign_in(site.logins()["county"])
    reply = county.get("/orgs?level=point")
    point = county.post("/orgs", {"level": "point", ...}, expect=201).json()

Every exchange is handed to Client.watch(method, path, request, reply) when somebody set it (the contract test).
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import struct
import time
import uuid

from gk_instance import ROOT, Reply


def totp(secret, when=None, step=0):
    """RFC 6238 code of a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = int((when or time.time()) // 30) + step
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff) % 1000000)


class Client:
    watch = None
    spent = {}  # (instance, login): the time step of the one-time code that was accepted last; a server takes only later ones

    def __init__(self, site, edition="hngz", language="zh-CN"):
        self.site = site
        self.edition = edition
        self.language = language
        self.cookies = {}
        self.csrf = None
        self.me = None
        self.proof = None  # the password, for acts that ask for it again
        self.connection = None

    # ---- requests --------------------------------------------------------------------------------------
    def raw(self, method, path, body=None, headers=None):
        """One request as told, on a kept connection; `path` is below /api/v1."""
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = self.site.connect(timeout=60)
            try:
                self.connection.request(method, "/api/v1" + path, body, headers or {})
                got = self.connection.getresponse()
                reply = Reply(got.status, got.headers, got.read())
                if got.will_close:
                    self.drop()
                return reply
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.drop()
                if attempt:
                    raise
        return None

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def request(self, method, path, body=None, expect=None, version=None, key=None, headers=None, bare=False):
        """`version`: an int or an ETag for If-Match. `bare`: without CSRF token and key. `expect`: status that must come."""
        head = {"X-Gaokao-Edition": self.edition, "Accept-Language": self.language}
        if self.cookies:
            head["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method not in ("GET", "HEAD", "OPTIONS") and not bare:
            if self.csrf:
                head["X-CSRF-Token"] = self.csrf
            head["Idempotency-Key"] = key or str(uuid.uuid4())
        if version is not None:
            head["If-Match"] = version if isinstance(version, str) else f'"v{version}"'
        data = body
        if isinstance(body, (dict, list)):
            data = json.dumps(body, ensure_ascii=False).encode("utf-8")
            head["Content-Type"] = "application/json"
        head.update(headers or {})
        reply = self.raw(method, path, data, head)
        for line in reply.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if Client.watch is not None:
            Client.watch(method, path, body if isinstance(body, (dict, list)) else None, reply)
        if reply.status == 403 and self.proof and reply.body and path != "/session/confirmation" and reply.json().get("code") == "reauth-needed":
            if self.confirm().status == 200:  # as the pages do
                return self.request(method, path, body, expect=expect, version=version, key=key or head.get("Idempotency-Key"), headers=headers, bare=bare)
        if expect is not None:
            wanted = expect if isinstance(expect, (tuple, list, set)) else (expect,)
            assert reply.status in wanted, f"{method} {path}: {reply.status}, wanted {expect}\n{reply.body.decode('utf-8', 'replace')[:1500]}"
        return reply

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def patch(self, path, body, **more):
        return self.request("PATCH", path, body, **more)

    def put(self, path, body, **more):
        return self.request("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, None, **more)

    def items(self, path):
        """All items of a list, page after page."""
        found = []
        after = path
        while True:
            page = self.get(after, expect=200).json()
            found += page["items"]
            if not page["next"]:
                return found
            from urllib.parse import quote
            after = path + ("&" if "?" in path else "?") + "after=" + quote(page["next"])

    # ---- sessions --------------------------------------------------------------------------------------
    def sign_in(self, login, password=None, secret=None, expect=200, change_to=None):
        """`login`: a name, or an entry of demo-logins.json. A forced change sets `change_to`."""
        if isinstance(login, dict):
            login, password, secret = login["login"], login["password"], login.get("totp_secret")
        body = {"login": login, "password": password}
        if secret:
            reply = self.sign_in_by_code(body, secret)
        else:
            reply = self.request("POST", "/session", body, bare=True)
        if expect is not None:
            assert reply.status == expect, f"sign in {login}: {reply!r}"
        if reply.status == 200:
            self.me = reply.json()
            self.csrf = self.me["csrf"]
            self.proof = password
            if self.me.get("must_change_password") and change_to:
                self.change_password(password, change_to)
        return self

    def sign_in_by_code(self, body, secret):
        """With the first code that was not used yet, of this half minute or its neighbours; waits when there is none."""
        who = (self.site.path(""), body["login"])
        while True:
            now = time.time()
            left = [step for step in (0, 1, -1) if int(now // 30) + step > Client.spent.get(who, 0)]
            for step in left:
                body["totp"] = totp(secret, now, step)
                reply = self.request("POST", "/session", body, bare=True)
                if reply.status == 200:
                    Client.spent[who] = int(now // 30) + step
                if reply.status != 401:
                    return reply
            if left:
                return reply
            time.sleep(30.2 - now % 30)

    def change_password(self, current, new, expect=(200, 204)):
        reply = self.request("POST", "/session/password", {"current": current, "new": new}, expect=expect)
        if reply.status == 200 and reply.body:
            document = reply.json()
            self.csrf = document.get("csrf", self.csrf)
            self.me = document
        if reply.status < 300:
            self.proof = new
        return reply

    def confirm(self, **what):
        """Proves again who it is."""
        return self.request("POST", "/session/confirmation", what or {"password": self.proof})


def routes():
    """Rows of routes.def: dicts with method, path, handler, action, body, max, flags, operation."""
    with open(os.path.join(ROOT, "mod_gaokao", "rest", "routes.def"), encoding="utf-8") as file:
        rows = re.findall(r'^GK_ROUTE\((\w+), "([^"]+)", (\w+), (\w+), (\w+), (\d+), ([\w| ]+), "(\w+)"\)', file.read(), re.M)
    names = ("method", "path", "handler", "action", "body", "max", "flags", "operation")
    return [dict(zip(names, row)) | {"max": int(row[5]), "flags": set(re.findall(r"[A-Z_]+", row[6]))} for row in rows]


ROLES = {"P": "province", "C": "city", "N": "county", "O": "point", "R": "reviewer", "A": "auditor", "X": "export",
         "K": "candidate", "D": "device"}


def access():
    """action -> {roles: set of names, scope, window, states}."""
    with open(os.path.join(ROOT, "mod_gaokao", "domain", "access.def"), encoding="utf-8") as file:
        rows = re.findall(r'^GK_ACCESS\((\w+), ([\w|]+), (\w+), "([^"]*)", "([^"]*)"\)', file.read(), re.M)
    table = {}
    for action, roles_, scope, window, states in rows:
        letters = roles_.split("|")
        names = set(ROLES.values()) if letters[0] in ("ANY", "ALL") else {ROLES[letter] for letter in letters}
        table[action] = {"roles": names | ({"public"} if letters[0] == "ALL" else set()), "scope": scope,
                         "window": window, "states": states.split()}
    return table
