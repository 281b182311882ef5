#!/usr/bin/env python3
"""Tables in the code and the texts that repeat them say the same."""
import json
import re

from gk_guard import Skip, check, exists, main, sources, text


def need(path):
    if not exists(path):
        raise Skip(f"{path} is not there yet")
    return text(path)


@check("every problem slug is documented in docs/api.md")
def slugs():
    table = re.findall(r'^GK_ERROR\((\w+), *(\d+), *"([^"]+)"', need("mod_gaokao/base/error_codes.def"), re.M)
    document = need("docs/api.md")
    for _, status, slug in table:
        if not re.search(rf"`{re.escape(slug)}`[^\n]*\b{status}\b|\b{status}\b[^\n]*`{re.escape(slug)}`", document):
            yield f"docs/api.md: no row with `{slug}` and {status}"


@check("conf/gaokao.conf.in shows every directive, and none that is not there")
def directives():
    rows = need("mod_gaokao/httpd/directives.def")
    known = set(re.findall(r'"(Gaokao\w+)"', rows)) or set(re.findall(r"\b(Gaokao\w+)\b", rows))
    shown = set(re.findall(r"^[# ]*(Gaokao\w+)\b", need("conf/gaokao.conf.in"), re.M))
    for name in sorted(known - shown):
        yield f"conf/gaokao.conf.in: {name} is not shown"
    for name in sorted(shown - known):
        yield f"conf/gaokao.conf.in: {name} is no directive of httpd/directives.def"


@check("every route is in openapi.json, and no other")
def routes():
    rows = need("mod_gaokao/rest/routes.def")
    contract = json.loads(need("htdocs/api/openapi.json"))
    pattern = r'\b(GET|POST|PUT|PATCH|DELETE)\b[^"\n]*"([^"]+)"'
    coded = {(method, re.sub(r"^(/api/v1)?/?", "/api/v1/", path)) for method, path in re.findall(pattern, rows)}
    base = (contract.get("servers") or [{"url": ""}])[0]["url"].rstrip("/")
    said = {(method.upper(), path if path.startswith("/api/") else base + path)
            for path, item in contract["paths"].items() for method in item
            if method in ("get", "post", "put", "patch", "delete")}
    said = {(method, path) for method, path in said if path.startswith("/api/v1/")}
    def shape(pair):
        return pair[0], re.sub(r"\{[^}]*\}", "{}", pair[1])
    for pair in sorted({shape(p) for p in coded} - {shape(p) for p in said}):
        yield f"htdocs/api/openapi.json: {' '.join(pair)} is missing"
    for pair in sorted({shape(p) for p in said} - {shape(p) for p in coded}):
        yield f"htdocs/api/openapi.json: {' '.join(pair)} is not in routes.def"


@check("relative links in the documents lead somewhere")
def links():
    import os
    for path in sources("", ".md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text(path)):
            if not re.match(r"[a-z]+:", target) and not exists(os.path.join(os.path.dirname(path), target)):
                yield f"{path}: {target} is not there"


@check("every fault of the catalogue stands in docs/reliability.md, with a test that is there or with what is not met")
def catalogue():
    wanted = set(need("tests/faults/catalogue.txt").split())
    tests = " ".join(sources("tests"))
    found = set()
    for row in re.findall(r"^\|(.*)\|$", need("docs/reliability.md"), re.M):
        ids = re.findall(r"\b(?:PR|DB|DC|NE|IN|ID|DI|PE)-\d+\b", row.split("|")[0])
        named = re.findall(r"\btest_\w+\.py\b|tests/[\w/]+\.(?:py|mjs|c)\b", row)
        for name in named:
            if name not in tests:
                yield f"docs/reliability.md: {name}, named for {ids}, is not there"
        found.update(ids)
    for name in sorted(wanted - found):
        yield f"docs/reliability.md: no row for {name}"


main()
