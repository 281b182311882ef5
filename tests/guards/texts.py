#!/usr/bin/env python3
"""Texts of the pages: both languages have the same keys, and each page finds its keys in what it loads (common and its
edition's)."""
import json
import re

from gk_guard import check, main, sources, text

KEY = re.compile(r'\bt\(\s*"([\w.]+)"')
# t(cond ? "a.b" : "c.d")
CHOICE = re.compile(r'\bt\([^()"]*\?\s*"([\w.]+)"\s*:\s*"([\w.]+)"')


def keys(name):
    return set(json.loads(text(f"htdocs/i18n/{name}.json")))


@check("Chinese and English texts have the same keys")
def languages():
    for name in ("common", "ks", "hngz"):
        for key in sorted(keys(f"{name}.zh-CN") ^ keys(f"{name}.en")):
            yield f"htdocs/i18n/{name}: {key} is in one language only"


@check("every text a page asks for is in the files that page loads")
def used():
    common, ks, hngz = (keys(f"{name}.zh-CN") for name in ("common", "ks", "hngz"))
    for path in sources("htdocs/js", ".js"):
        if "/ks/" in path or path.endswith("/ks.js"):
            known = common | ks
        elif "/hngz/" in path or path.endswith("/hngz.js"):
            known = common | hngz
        else:
            known = common | ks | hngz  # parts that only one edition loads
        body = text(path)
        for key in sorted(set(KEY.findall(body)) | {k for pair in CHOICE.findall(body) for k in pair}):
            if key not in known:
                yield f"{path}: there is no text {key}"


@check("docs/gateway.md explains what the gateway tells the clerk")
def gateway():
    document = text("docs/gateway.md")
    for symbol, zh in re.findall(r'^GK_WORD\((\w+), \d, "([^"]+)"', text("mod_gaokao/gateway/words.def"), re.M):
        # Its first words are enough: a row may stand for two.
        if re.split("[：，；]", zh)[0] not in document:
            yield f"docs/gateway.md: nothing about {symbol}: {zh}"


main()
