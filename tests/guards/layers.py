#!/usr/bin/env python3
"""Includes point inward (HACKING.md, table of folders), and each borrowed library has one door."""
import os
import re

from gk_guard import check, main, sources, text

CORE = "mod_gaokao"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)

# Folder: the folders of the core its files may include. "" is mod_gaokao/ itself and generated files.
INWARD = {
    "base": {"base"},
    "crypto": {"crypto", "base"},
    "store": {"store", "base", "crypto", "domain"},
    "domain": {"domain", "base", "crypto"},
    "plugin": {"plugin", "base", "domain", "crypto"},
    "print": {"print", "base", "domain"},
    "rest": {"rest", "base", "crypto", "domain", "store", "plugin", "print", "jobs"},
    "httpd": {"httpd", "rest", "base", "crypto", "domain", "store", "plugin", "jobs"},
    "jobs": {"jobs", "base", "crypto", "domain", "store", "plugin", "print"},
    "worker": {"worker", "jobs", "base", "crypto", "domain", "store", "plugin"},
    "ctl": {"ctl", "jobs", "base", "crypto", "domain", "store", "plugin", "print"},
    "gateway": {"gateway", "base", "crypto"},
    "include": set(),
    "": {"httpd", "rest", "base"},
}

# What looks outward all the same, and why.
EXCEPTIONS = {
    ("domain/act.h", "store/db.h"),       # an act carries its connection, opaque to the domain
    ("domain/core.h", "store/db.h"),      # so does what a process holds
    ("domain/core.c", "plugin/plugin.h"),  # puts a process together: plugins,
    ("domain/core.c", "plugin/policy.h"),  # the season's rules
    ("domain/core.c", "plugin/overrides.h"),  # and options changed at run time
}

# A header of a borrowed library: where it may be included.
DOORS = [
    (r"jansson\.h$", ["base/json.c"]),
    (r"libxml/", ["base/xml.c", "base/xml_stream.c"]),
    (r"png\.h$|jpeglib\.h$|jerror\.h$", ["base/image.c"]),
    (r"(zlib|zstd)\.h$", ["jobs/squeeze.c", "jobs/archive.c", "base/zip.c"]),
    (r"^zip\.h$", ["base/sheet_xlsx.c", "base/sheet_write.c"]),
    (r"uni(norm|str|case|ctype)\.h$", ["base/text.c"]),
    (r"openssl/|sodium(/|\.h$)|gcrypt\.h$", ["crypto/"]),
    (r"(httpd|ap_[a-z_]+|http_[a-z]+|util_[a-z_]+|mpm_common|mod_[a-z_]+|scoreboard|unixd)\.h$",
     ["httpd/", "mod_gaokao.c"]),
    (r"curl/", ["gateway/post.c", "ctl/pull.c"]),
    (r"sqlite3\.h$|libpq-fe\.h$", ["store/"]),
    (r"cairo|pango/|fontconfig/|qrencode\.h$|glib", ["print/"]),
    (r"apr_dbd\.h$", ["store/", "httpd/dbd.c", "ctl/"]),
]


def includes(path):
    for kind, header in INCLUDE.findall(text(path)):
        yield kind, header


def core_files():
    for path in sources(CORE, ".c", ".h", ".def"):
        inside = os.path.relpath(path, CORE)
        yield path, inside, inside.split("/")[0] if "/" in inside else ""


@check("includes point inward")
def inward():
    for path, inside, folder in core_files():
        if folder not in INWARD:
            yield f"{path}: folder '{folder}' has no row in tests/guards/layers.py and HACKING.md"
            continue
        for kind, header in includes(path):
            target = header.split("/")[0] if "/" in header else None
            if kind == '"' and target in INWARD and target not in INWARD[folder] and (inside, header) not in EXCEPTIONS:
                yield f"{path}: includes {header}: {folder or 'mod_gaokao.c'} may not see {target}/"


@check("borrowed libraries are included at their one door")
def doors():
    for path, inside, _ in core_files():
        for _, header in includes(path):
            for pattern, allowed in DOORS:
                if re.match(pattern, header) and not any(
                        inside == place or (place.endswith("/") and inside.startswith(place)) for place in allowed):
                    yield f"{path}: includes {header}, which only {', '.join(allowed)} may"


@check("plugins see only gaokao_plugin.h, APR and libraries")
def plugins():
    for path in sources("plugins", ".c", ".h"):
        for kind, header in includes(path):
            if kind == '"' and header != "gaokao_plugin.h" and "/" in header:
                yield f"{path}: includes {header}: a plugin sees only gaokao_plugin.h and files of its own folder"
            if re.match(DOORS[4][0], header) or header == "apr_dbd.h":
                yield f"{path}: includes {header}: plugins reach neither httpd nor the database"


@check("the plugin ABI header includes only APR and the C library")
def abi():
    path = "mod_gaokao/include/gaokao_plugin.h"
    for name in sources("mod_gaokao/include", ".h"):
        for kind, header in includes(name):
            if kind == '"' or not re.match(r"(apr|apu)[a-z_]*\.h$|std[a-z]+\.h$|limits\.h$|inttypes\.h$", header):
                if not (name != path and header == "gaokao_plugin.h"):
                    yield f"{name}: includes {header}"


main()
