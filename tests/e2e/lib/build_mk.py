"""Reads variables of platform/linux/build.mk, and the value that one of the Makefile has."""
import functools
import os
import re
import subprocess

from program import ROOT


@functools.cache
def variable(name):
    text = (ROOT / "platform" / "linux" / "build.mk").read_text()
    return re.search(rf"^{name}\s*=\s*(.*)", text, re.M)[1]


@functools.cache
def evaluated(name, *settings):
    """Returns the value of a variable as make expands it, with NAME=VALUE settings."""
    command = ["make", "--no-print-directory", "-s", "-C", ROOT, f"--eval=print-it: ; @echo '$({name})'", *settings, "print-it"]
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
