"""Reads variables of platform/linux/build.mk."""
import functools
import re

from program import ROOT


@functools.cache
def variable(name):
    text = (ROOT / "platform" / "linux" / "build.mk").read_text()
    return re.search(rf"^{name}\s*=\s*(.*)", text, re.M)[1]
