#!/usr/bin/env python3
"""House rules that a look at the files decides."""
import os
import re
import subprocess

from gk_guard import ROOT, Skip, check, exists, main, sources, text, without_comments

CODE = (".c", ".h", ".def", ".py", ".js", ".mjs", ".css", ".html", ".sh", ".m4", ".mk", ".am", ".ac", ".in", ".awk",
        ".sql", ".md", ".json", ".xml", ".rng", ".xsd")


@check("no file over 700 lines")
def length():
    for path in sources("", ".c", ".h", ".js", ".py", ".css", ".sh") + ["run", "check"]:
        lines = text(path).count("\n")
        if lines > 700:
            yield f"{path}: {lines} lines ask for a second noun"


@check("every source file is listed in a local.mk")
def listed():
    makefiles = {path: text(path) for path in sources("", "local.mk")}
    words = set()
    for path, content in makefiles.items():
        folder = os.path.dirname(path)
        words.update(content.replace("%D%", folder).replace("\\\n", " ").split())
    for path in sources("mod_gaokao", ".c", ".h", ".def", ".awk", ".sql") + sources("plugins", ".c", ".h"):
        if path not in words:
            yield f"{path}: stands in no local.mk"
    for path in sources("tests", ".c"):
        if path.startswith("tests/bench/"):
            continue  # built by tests/bench/run
        if path not in words and path[:-2] not in words:
            yield f"{path}: stands in no local.mk"
    for path in sources("tests", ".h"):
        if path not in words:
            yield f"{path}: stands in no local.mk: the tarball would lack it"
    for path in sources("tests/guards", ".py", ".sh"):
        if path not in words:
            yield f"{path}: stands in no local.mk"


@check("makefile fragments say each thing once")
def once():
    # They are merged line by line (.gitattributes): a rule changed on two branches can come out doubled.
    for path in sources("", "local.mk"):
        seen = set()
        for line in text(path).split("\n"):
            if line and not line.startswith(("\t", "#", "else", "endif", "if ", "  ")):
                key = line.split("=")[0] if re.match(r"\w+ = ?", line) else line
                if key in seen:
                    yield f"{path}: twice: {line}"
                seen.add(key)


SQL = re.compile(r'"\s*(?:SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX)'
                 r'|ALTER\s+TABLE|DROP\s+TABLE)', re.I)


@check("SQL stands only in store/")
def sql():
    for path in sources("mod_gaokao", ".c", ".h") + sources("plugins", ".c", ".h"):
        if path.startswith("mod_gaokao/store/"):
            continue
        for number, line in enumerate(without_comments(text(path)).split("\n"), 1):
            if SQL.search(line):
                yield f"{path}:{number}: SQL text outside store/"


@check("nothing in the programs opens the SQLite file but SQLite (DB-13)")
def sqlite_file():
    # Closing any descriptor of the file drops the locks this process holds on it. Sizes come from stat, copies from VACUUM INTO.
    pattern = re.compile(r"\b(?:open|fopen|freopen|mmap|apr_file_open|apr_file_copy|apr_file_append|gk_ctl__read_file)\s*\([^;]*db_params\b(?!,? \"\.lock)")
    shell = re.compile(r"\b(?:cp|cat|dd|sha256sum|md5sum|rsync|tar|gzip)\b[^|;&]*gaokao\.db\b")
    for path in sources("mod_gaokao", ".c"):
        content = without_comments(text(path))
        for match in pattern.finditer(content):
            yield f"{path}: {match.group(0)[:70]}"
    for path in ["run"] + sources("tools", ".sh"):
        for number, line in enumerate(text(path).split("\n"), 1):
            if shell.search(line) and not line.lstrip().startswith("#"):
                yield f"{path}:{number}: {line.strip()[:80]}"


@check("the SQL generators write the same under every awk")
def awks():
    import shutil
    import tempfile
    found = [a for a in ("mawk", "gawk", "original-awk", "busybox") if shutil.which(a)]
    if len(found) < 2:
        raise Skip("one awk only")
    for script, marks, files in (
            ("sqlgen.awk", ("out_h", "out_c"), sources("mod_gaokao/store/sql", ".sql")),
            ("schemagen.awk", ("out",), sources("mod_gaokao/store/sql/schema", ".sql"))):
        files = [f for f in files if ("/schema/" in f) == (script == "schemagen.awk")]
        seen = {}
        for awk in found:
            with tempfile.TemporaryDirectory() as folder:
                command = [awk] + (["awk"] if awk == "busybox" else [])
                for mark in marks:
                    command += ["-v", f"{mark}={folder}/{mark}"]
                done = subprocess.run([*command, "-f", f"mod_gaokao/store/{script}", *files], cwd=ROOT, text=True,
                                      capture_output=True, check=False, stdin=subprocess.DEVNULL)
                if done.returncode != 0:
                    yield f"{awk} -f {script}: {done.stderr.strip()}"
                    continue
                written = []
                for mark in marks:
                    with open(os.path.join(folder, mark), encoding="utf-8") as file:
                        written.append(file.read())
                seen[awk] = written
        first = next(iter(seen), None)
        for awk, written in seen.items():
            if written != seen[first]:
                yield f"{script}: {awk} and {first} write different text"


@check("no paths or hosts of one machine")
def machine():
    # Put together here, so that this file passes its own rule.
    pattern = re.compile("/wo" + "rk/|/fa" + "rm/|\\.lib" + "rary/|/ho" + "me/[a-z]")
    for path in sources("", *CODE) + ["run", "check"]:
        if path.startswith("m4/") and not path.startswith("m4/gk_"):
            continue  # libtool's, copied here by autoreconf
        for number, line in enumerate(text(path).split("\n"), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()[:80]}"
    for path in sources("", "package-lock.json"):
        if '"resolved"' in text(path):
            yield f"{path}: names registry hosts: set omit-lockfile-registry-resolved=true in .npmrc"


@check("core functions and types carry gk_, plugin exports gaokao_")
def prefixes():
    pattern = re.compile(r"^(?!static|typedef|extern|#|return|else)[A-Za-z_][\w \*]*?\b(\w+)\([^;{}]*\)\s*(?:;|\{|$)", re.M)
    for path in sources("mod_gaokao", ".h"):
        content = without_comments(text(path))
        for match in pattern.finditer(content):
            name = match.group(1)
            if not re.match(r"_*(gk_|GK_|gaokao_|GAOKAO_|apr_|__attribute__)", name):
                yield f"{path}: {name} is shared, but not named gk_..."


@check("headers have guards named after their path")
def header_guards():
    for path in sources("mod_gaokao", ".h"):
        match = re.search(r"^#ifndef (\w+)\n#define \1$", text(path), re.M)
        if not match or not match.group(1).startswith(("GK_", "GAOKAO_")):
            yield f"{path}: no #ifndef GK_... / #define pair"


@check("no tabs or trailing spaces in C, lines up to 132 columns")
def layout():
    for path in sources("mod_gaokao", ".c", ".h") + sources("plugins", ".c", ".h") + sources("tests", ".c", ".h"):
        for number, line in enumerate(text(path).split("\n"), 1):
            if "\t" in line:
                yield f"{path}:{number}: a tab"
            elif line != line.rstrip():
                yield f"{path}:{number}: spaces at the end"
            elif len(line) > 132:
                yield f"{path}:{number}: {len(line)} columns"


@check("shell scripts pass shellcheck")
def shellcheck():
    scripts = ["run", "check"] + [p for p in (".ci/run",) if exists(p)] + sources("", ".sh")
    for path in sources("tests"):
        if "." not in os.path.basename(path) and text(path).startswith(("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")):
            scripts.append(path)
    try:
        done = subprocess.run(["shellcheck", "-x", "-f", "gcc", *scripts], cwd=ROOT, capture_output=True, text=True,
                              check=False)
    except FileNotFoundError as no_tool:
        raise Skip("shellcheck is not installed") from no_tool
    yield from done.stdout.splitlines()


main()
