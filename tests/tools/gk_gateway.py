"""A gateway in one file, written from docs/devices.md alone; needs PyNaCl (package python3-nacl) and nothing of this project.

    gateway = Gateway("http://127.0.0.1:8080")
    gateway.enrol("A1B2-C3D4-E5F6")
    answer = gateway.post([gateway.card(text_block, subject="1")])
"""
import base64
import datetime
import http.client
import json
import secrets
import time
import urllib.parse

import nacl.public
import nacl.signing


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


class Gateway:
    def __init__(self, site, seed=None):
        url = urllib.parse.urlsplit(site)
        self.host, self.port = url.hostname, url.port
        self.key = nacl.signing.SigningKey(seed or secrets.token_bytes(32))
        self.device = self.audience = self.sealing = self.terms = None
        self.seq = 1
        self.clock = time.time

    # ---- talking ---------------------------------------------------------------------------------------
    def send(self, path, body):
        """Status, answer and headers of a POST."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        data = body if isinstance(body, bytes) else compact(body)
        connection.request("POST", "/api/v1/devices/" + path, data, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        self.headers = reply.headers
        return reply.status, json.loads(text) if text else None

    def enrol(self, code):
        status, terms = self.send("enrolment", {"code": code, "public_key": b64u(bytes(self.key.verify_key)), "software": "example 1.0"})
        if status in (200, 201):
            self.device, self.audience, self.terms = terms["device"], terms["audience"], terms
            self.sealing = terms["sealing_key"]
            self.seq = terms["next_seq"]
        return status, terms

    # ---- signing ---------------------------------------------------------------------------------------
    def sign(self, typ, payload, key=None, **header):
        head = {"alg": "EdDSA", "typ": typ, "kid": self.device, "aud": self.audience, "iat": int(self.clock()), "jti": secrets.token_hex(16)}
        head.update(header)
        head = {name: value for name, value in head.items() if value is not None}
        protected, body = b64u(compact(head)), b64u(payload)
        signature = (key or self.key).sign((protected + "." + body).encode("ascii")).signature
        return {"protected": protected, "payload": body, "signature": b64u(signature)}

    def seal(self, content):
        box = nacl.public.SealedBox(nacl.public.PublicKey(unb64u(self.sealing["x25519"])))
        return box.encrypt(content if isinstance(content, bytes) else compact(content))

    def reading(self, content, key=None, **header):
        """A signed reading of any kind; `header` changes or (None) removes members."""
        if "seq" not in header:
            header["seq"] = self.seq
            self.seq += 1
        moment = datetime.datetime.fromtimestamp(self.clock(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        content = {"captured_at": moment, **content} if isinstance(content, dict) else content
        return self.sign("gk-reading+1", self.seal(content), key, **{"skid": self.sealing["kid"], **header})

    def card(self, text_block, purpose="auto", **more):
        return self.reading({"kind": "idcard", "purpose": purpose, "text_block": b64u(text_block), **more})

    # ---- posting ---------------------------------------------------------------------------------------
    def post(self, readings):
        return self.send(f"{self.device}/readings", {"readings": readings})

    def state(self, **content):
        moment = datetime.datetime.fromtimestamp(self.clock(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.send(f"{self.device}/state", self.sign("gk-state+1", compact({"software": "example 1.0", "clock": moment, "waiting": 0, **content})))

    def rotate(self):
        new = nacl.signing.SigningKey(secrets.token_bytes(32))
        jti = secrets.token_hex(16)
        payload = {"public_key": b64u(bytes(new.verify_key)), "proof": b64u(new.sign(jti.encode("ascii")).signature)}
        message = self.sign("gk-key+1", compact(payload), jti=jti)
        status, answer = self.send(f"{self.device}/key", message)
        if status == 200:
            self.key = new
        return status, answer, message


def text_block(name, number, sex=None, nation="01", birth=None, address="湖南省长沙市测试路1号", issuer="测试市公安局",
               valid_from="20240101", valid_to="20340101"):
    """The 256 bytes of a resident's card."""
    fields = ((name, 15), (sex or ("1" if int(number[16]) % 2 else "2"), 1), (nation, 2), (birth or number[6:14], 8), (address, 35), (number, 18),
              (issuer, 15), (valid_from, 8), (valid_to, 8), ("", 18))
    return b"".join((text + " " * units)[:units].encode("utf-16-le") if len(text.encode("utf-16-le")) // 2 <= units
                    else text.encode("utf-16-le")[:2 * units] for text, units in fields)
