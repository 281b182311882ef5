#!/usr/bin/env python3
"""A proxy that does to TCP or Unix connections what networks do: for tests, between a client and httpd or between httpd and PostgreSQL.

    with BadProxy(("127.0.0.1", site.port)) as proxy:      # proxy.port, or BadProxy(target, listen="/path/of/socket")
        proxy.fault = {"swallow": True, "times": 1}        # the next connection only; without "times" all
        ...
    proxy.connections, proxy.replies

Faults, which may be combined; they hold for connections accepted after they were set:
    delay: S        waits before it hands each piece on, both ways
    drip: True      hands on one byte at a time (drip_pause S between them)
    cut_up: N       after N bytes of the client both ends are closed; cut_down: N after N bytes of the server
    reset: True     closes by RST instead of FIN
    swallow: True   the server's answer arrives here and nowhere else; the client's connection is closed
    twice: True     when the server answers, the client's bytes are sent again on a second connection; `replies` holds that answer
    hold: True      takes bytes and hands nothing on, to nobody (half open)
    refuse: True    closes at once
By hand: badproxy.py LISTEN TARGET [NAME=VALUE...], where an address is HOST:PORT or the path of a socket.
"""
import os
import socket
import struct
import sys
import threading
import time

PIECE = 65536


def _socket(address):
    return socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, socket.SOCK_STREAM)


def _close(sock, reset=False):
    """Also when another thread waits in recv(): shutdown wakes it, and only then the kernel closes (and sends RST)."""
    try:
        if reset and sock.family == socket.AF_INET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


class BadProxy:
    def __init__(self, target, listen=("127.0.0.1", 0), fault=None, patience=30):
        self.target, self.fault, self.patience = target, dict(fault or {}), patience
        self.connections = 0
        self.replies = []           # second answers of `twice`, and what `swallow` kept back
        self.lock = threading.Lock()
        self.open = set()
        self.listener = _socket(listen)
        if isinstance(listen, str) and os.path.exists(listen):
            os.unlink(listen)
        if isinstance(listen, tuple):
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(listen)
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1] if isinstance(listen, tuple) else None
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """No new connections, and an end to those there are."""
        _close(self.listener)
        self.cut_all()

    def cut_all(self, reset=False):
        with self.lock:
            for sock in list(self.open):
                _close(sock, reset)
            self.open.clear()

    def _next_fault(self):
        with self.lock:
            self.connections += 1
            if self.fault.get("times", 1) <= 0:
                return {}
            if "times" in self.fault:
                self.fault["times"] -= 1
            return dict(self.fault)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, self._next_fault()), daemon=True).start()

    def _serve(self, client, fault):
        if fault.get("refuse"):
            return _close(client, fault.get("reset"))
        server = _socket(self.target)
        try:
            server.connect(self.target)
        except OSError:
            return _close(client, True)
        with self.lock:
            self.open.update((client, server))
        sent = bytearray()
        up = threading.Thread(target=self._pump, args=(client, server, fault, "up", sent), daemon=True)
        up.start()
        self._pump(server, client, fault, "down", sent)
        up.join(self.patience)
        with self.lock:
            self.open -= {client, server}
        return None

    def _pump(self, source, sink, fault, way, sent):
        """One direction, until its end or the fault's."""
        done, left = 0, fault.get("cut_" + way)
        first, kept = True, bytearray()
        try:
            while True:
                piece = source.recv(PIECE if left is None else max(1, min(PIECE, left - done)))
                if not piece:
                    break
                if way == "up":
                    sent += piece
                elif first and fault.get("twice"):
                    self._again(bytes(sent))
                first = False
                done += len(piece)
                if fault.get("hold"):
                    continue
                if way == "down" and fault.get("swallow"):
                    kept += piece
                    with self.lock:
                        self.replies.append(bytes(kept))
                    _close(sink, fault.get("reset"))
                    _close(source)
                    return
                for at in range(0, len(piece), 1 if fault.get("drip") else len(piece)):
                    if fault.get("delay") or fault.get("drip_pause"):
                        time.sleep(fault.get("drip_pause", 0) if fault.get("drip") else fault["delay"])
                    sink.sendall(piece[at:at + 1] if fault.get("drip") else piece)
                if left is not None and done >= left:
                    _close(sink, fault.get("reset"))
                    _close(source, fault.get("reset"))
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _close(sink, fault.get("reset"))

    def _again(self, sent):
        """The client's bytes on a connection of their own; its answer is waited for, not shown to the client."""
        with _socket(self.target) as other:
            other.settimeout(self.patience)
            other.connect(self.target)
            other.sendall(sent)
            answer = other.recv(PIECE)
        with self.lock:
            self.replies.append(answer)


def _address(text):
    host, colon, port = text.rpartition(":")
    return (host, int(port)) if colon and "/" not in text else text


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    faults = {name: float(value) if "." in value else int(value) for name, value in (word.split("=") for word in sys.argv[3:])}
    BadProxy(_address(sys.argv[2]), _address(sys.argv[1]), faults)
    threading.Event().wait()
