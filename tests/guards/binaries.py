#!/usr/bin/env python3
"""What the built module and plugins let out and ask for."""
import glob
import os
import subprocess

from gk_guard import BUILD, Skip, check, main

NM = os.environ.get("NM") or "nm"


def symbols(path, which):
    try:
        out = subprocess.run([NM, "-D", which, path], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as no_tool:
        raise Skip("nm is not installed") from no_tool
    return [line.split()[-1].split("@")[0] for line in out.splitlines()]


def built(pattern):
    found = sorted(glob.glob(os.path.join(BUILD, pattern)))
    if not found:
        raise Skip(f"no {pattern} in the build folder")
    return found


def own(names):
    """Without what sanitizers and gcov add."""
    return [n for n in names if not n.startswith(("__asan", "__ubsan", "__odr_asan", "__gcov", "mangle_path", "__sanitizer"))]


@check("the module exports gaokao_module and nothing else")
def module():
    for path in built(".libs/mod_gaokao.so"):
        names = own(symbols(path, "--defined-only"))
        if names != ["gaokao_module"]:
            yield f"{os.path.basename(path)} exports {', '.join(names[:10])}"


@check("the module leaves APR to httpd")
def apr():
    for path in built(".libs/mod_gaokao.so"):
        out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=False).stdout
        for line in out.splitlines():
            if "NEEDED" in line and ("libapr-1" in line or "libaprutil-1" in line):
                yield line.strip()


@check("a plugin exports one gaokao_plugin_NAME and asks for no core symbol")
def plugins():
    for path in built("plugins/*/.libs/*.so"):
        name = os.path.basename(path)[:-3]
        names = own(symbols(path, "--defined-only"))
        if names != [f"gaokao_plugin_{name}"]:
            yield f"{name}.so exports {', '.join(names[:10]) or 'nothing'}, wanted gaokao_plugin_{name}"
        for symbol in symbols(path, "--undefined-only"):
            if symbol.startswith(("gk_", "gaokao_", "ap_")):
                yield f"{name}.so asks for {symbol}"


main()
