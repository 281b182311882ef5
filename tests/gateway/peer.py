"""An honest server for the gateway's own tests: keeps every reading under its jti, verifies, opens, answers as the devices'
routes do. What the real routes do is tested in tests/httpd. Cryptography is libsodium's, called by ctypes."""
import base64
import ctypes
import ctypes.util
import http.server
import json
import threading
import time

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
SODIUM.sodium_init()


def b64u(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def box_pair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    SODIUM.crypto_box_keypair(public, secret)
    return public.raw, secret.raw


def box_open(sealed, public, secret):
    out = ctypes.create_string_buffer(max(len(sealed) - 48, 1))
    if SODIUM.crypto_box_seal_open(out, sealed, ctypes.c_ulonglong(len(sealed)), public, secret) != 0:
        raise ValueError("not sealed to this key")
    return out.raw[:len(sealed) - 48]


def verify(signature, message, public):
    return SODIUM.crypto_sign_verify_detached(signature, message, ctypes.c_ulonglong(len(message)), public) == 0


class Peer:
    """fault: None, or a status (and headers) that every request of a device gets; refuse: jtis' file of bad readings."""

    def __init__(self):
        self.public, self.secret = box_pair()
        self.codes, self.keys, self.revoked = {"GOOD-CODE-0001": None}, {}, set()
        self.readings, self.order, self.requests, self.states = {}, [], [], []
        self.fault = self.retry_after = None
        self.too_many = 10 ** 9          # readings in a batch that are refused as a whole
        self.poison = set()              # id numbers that make the whole batch 422
        self.skew, self.test_mode = 0, False
        self.lock = threading.Lock()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with peer.lock:
                    status, reply, headers = peer.answer(self.path, body)
                text = json.dumps(reply).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json" if status < 300 else "application/problem+json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *unused):  # pylint: disable=arguments-differ
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # clients that were killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def time(self):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.skew))

    def answer(self, path, body):
        self.requests.append(path)
        if path == "/api/v1/devices/enrolment":
            return self.enrol(json.loads(body))
        device, what = path.removeprefix("/api/v1/devices/").split("/")
        if self.fault is not None:
            return self.fault, {"code": "busy"}, {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        if device not in self.keys:
            return 401, {"code": "device-unknown"}, {}
        if device in self.revoked:
            return 401, {"code": "device-revoked"}, {}
        if what == "readings":
            return self.take(device, json.loads(body)["readings"])
        header, payload = self.open(json.loads(body), self.keys[device], device, f"gk-{what}+1")
        said = json.loads(payload)
        if what == "key":
            new = unb64u(said["public_key"])
            assert verify(unb64u(said["proof"]), header["jti"].encode(), new)
            if new not in self.keys[device]:
                self.keys[device].append(new)
            return 200, {"device": device, "next_seq": self.next_seq(device), "server_time": self.time()}, {}
        self.states.append(said)
        return 200, {"state": "active", "server_time": self.time(), "skew_ms": 0, "test_mode": self.test_mode,
                     "sealing_key": {"kid": "k1", "x25519": b64u(self.public)}, "next_seq": self.next_seq(device)}, {}

    def next_seq(self, device):
        return max([r["seq"] for r in self.readings.values() if r["device"] == device], default=0) + 1

    def enrol(self, body):
        code, public = body["code"], unb64u(body["public_key"])
        if code not in self.codes or self.codes[code] not in (None, public):
            return 422, {"code": "code-invalid", "detail": "no such code"}, {}
        device = next((d for d, keys in self.keys.items() if public in keys), None) or str(len(self.keys) + 7)
        self.codes[code] = public
        self.keys.setdefault(device, [public])
        return 201, {"device": device, "kid": device, "audience": "gaokao:2026:0104", "server_time": self.time(), "next_seq": self.next_seq(device),
                     "sealing_key": {"kid": "k1", "x25519": b64u(self.public)}, "point": {"code": "430102001", "name": "模拟报名点"},
                     "season": {"year": 2026, "name": "2026 年"}, "kinds": ["idcard", "camera"],
                     "subjects": [{"code": "1", "zh": "历史类", "en": "History"}, {"code": "5", "zh": "物理类", "en": "Physics"}]}, {}

    def open(self, jws, keys, device, typ):
        signed = (jws["protected"] + "." + jws["payload"]).encode()
        header = json.loads(unb64u(jws["protected"]))
        assert set(jws) == {"protected", "payload", "signature"}
        if not any(verify(unb64u(jws["signature"]), signed, key) for key in keys):
            raise PermissionError("signature")
        assert header["alg"] == "EdDSA" and header["typ"] == typ and header["kid"] == device and header["aud"] == "gaokao:2026:0104", header
        return header, unb64u(jws["payload"])

    def take(self, device, batch):
        assert 1 <= len(batch) <= 200
        opened = []
        for jws in batch:
            try:
                header, payload = self.open(jws, self.keys[device], device, "gk-reading+1")
            except PermissionError:
                return 401, {"code": "signature-invalid"}, {}
            opened.append((header, payload, json.loads(box_open(payload, self.public, self.secret))))
        if len(batch) > self.too_many:
            return 413, {"code": "too-large"}, {}
        if any(plain.get("number") in self.poison for _, _, plain in opened):
            return 422, {"code": "invalid"}, {}
        results = []
        for header, payload, plain in opened:
            known = self.readings.get(header["jti"])
            if known is None:
                self.readings[header["jti"]] = {"device": device, "seq": header["seq"], "payload": payload, "plain": plain, "header": header}
                self.order.append(header["jti"])
                status = "stored"
            else:
                status = "repeated" if known["payload"] == payload else "changed"
            results.append({"jti": header["jti"], "seq": header["seq"], "status": status, "flags": [],
                            "candidate": {"number": "01040317", "name_masked": "测**"}})
        return 200, {"results": results, "holes": [], "next_seq": self.next_seq(device), "server_time": self.time()}, {}

    def plain(self, kind="idcard"):
        return [self.readings[jti]["plain"] for jti in self.order if self.readings[jti]["plain"]["kind"] == kind]

    def numbers(self):
        """ID numbers of the cards that are here, in the order in which they came."""
        return [unb64u(plain["text_block"])[122:158].decode("utf-16-le") for plain in self.plain()]
