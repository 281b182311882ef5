"""What the source guards share: the list of source files and a TAP writer.

A guard is a script of @check functions that yield one sentence per fault:

    from gk_guard import check, main, sources, text

    @check("no tabs in C files")
    def tabs():
        for path in sources("mod_gaokao", ".c", ".h"):
            if "\t" in text(path):
                yield f"{path}: has a tab"

    main()
"""
import os
import re
import sys

ROOT = os.path.abspath(os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("top_builddir") or os.path.join(ROOT, "build", "dev"))
SKIPPED_FOLDERS = {".git", "build", "build-aux", "autom4te.cache", "node_modules", "__pycache__", "instance",
                   ".pytest_cache", ".libs", ".deps"}
CHECKS = []


class Skip(Exception):
    """Raised by a check that can't run here; its text is the reason."""


def check(title):
    def register(function):
        CHECKS.append((title, function))
        return function
    return register


def sources(folder="", *endings):
    """Paths below ROOT/folder, relative to ROOT, sorted; build output left out."""
    found = []
    for top, folders, files in os.walk(os.path.join(ROOT, folder)):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS
                      and not os.path.exists(os.path.join(top, f, "config.status"))]
        for name in files:
            if not endings or name.endswith(endings):
                found.append(os.path.relpath(os.path.join(top, name), ROOT))
    return sorted(found)


def exists(path):
    return os.path.exists(os.path.join(ROOT, path))


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments(c_text):
    """C text with comments blanked; line numbers and string literals stay."""
    pattern = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*'
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return re.sub(pattern, blank, c_text, flags=re.S)


def main():
    print(f"1..{len(CHECKS)}")
    failed = 0
    for number, (title, function) in enumerate(CHECKS, 1):
        try:
            faults = list(function())
        except Skip as reason:
            print(f"ok {number} - {title} # SKIP {reason}")
            continue
        for fault in faults:
            print(f"# {fault}")
        failed += bool(faults)
        print(f"{'not ' if faults else ''}ok {number} - {title}", flush=True)
    sys.exit(1 if failed else 0)
