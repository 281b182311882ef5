#!/usr/bin/env python3
"""Makes a device of the demonstration's point and enrols a gateway with it: for `./run reader on`. A gateway that is enrolled
already stays what it is."""
import argparse
import http.cookiejar
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request
import uuid


def main():
    parser = argparse.ArgumentParser()
    for name in ("logins", "server", "gateway", "folder", "reader", "page-port"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--ca")
    options = parser.parse_args()
    conf = os.path.join(options.folder, "gateway.conf")
    subject = ""
    if not os.path.exists(os.path.join(options.folder, "device.key")):
        context = ssl.create_default_context(cafile=options.ca) if options.ca else None
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        head = {"Content-Type": "application/json", "X-Gaokao-Edition": "hngz"}

        def ask(path, body=None):
            more = {"Idempotency-Key": str(uuid.uuid4())} if body is not None else {}
            data = json.dumps(body).encode() if body is not None else None
            with opener.open(urllib.request.Request(options.server + "/api/v1" + path, data, {**head, **more})) as reply:
                return json.load(reply)

        with open(options.logins, encoding="utf-8") as file:
            login = json.load(file)["point"]
        head["X-CSRF-Token"] = ask("/session", {"login": login["login"], "password": login["password"]})["csrf"]
        made = ask("/devices", {"name": "模拟读卡器", "kinds": ["idcard", "camera"]})
        ranges = ask("/ranges")["items"]
        subject = ranges[0]["subject"] if ranges else ""
        words = [options.gateway, "--folder", options.folder, "enrol", "--server", options.server, "--code", made["code"]]
        done = subprocess.run(words + (["--ca", options.ca] if options.ca else []), check=False)
        if done.returncode != 0:
            return done.returncode
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    settings = {"server": options.server, "port": options.reader, "speed": "115200", "page_port": options.page_port}
    if options.ca:
        settings["ca_file"] = options.ca
    if subject:
        settings["subject"] = subject
    for name, value in settings.items():
        text = re.sub(rf"(?m)^{name} =.*$", lambda _, n=name, v=value: f"{n} = {v}", text)
    with open(conf, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
