"""build.py FORMAT CPU BINARY FOLDER [VERSION]: puts a package of the binary into the folder, and prints its path.

FORMAT: deb, rpm, apk, ipk. CPU: a processor as platform/linux/build.mk names it. VERSION: instead of the source's, for tests.
"""
import importlib
import pathlib
import sys

from package import Package, released
from description import FORMATS, PROCESSORS


def build(format, cpu, binary, folder, version=None):
    """Returns the path of the package."""
    own, epoch = released()
    package = Package(format, cpu, pathlib.Path(binary), version or own, epoch)
    path = pathlib.Path(folder) / package.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(importlib.import_module(format).build(package))
    return path


if __name__ == "__main__":
    format, cpu = sys.argv[1:3]
    if PROCESSORS.get(cpu, {}).get(format, "-") == "-":
        sys.exit(f"CPU={cpu}: {format} packages are for {' '.join(name for name in PROCESSORS if PROCESSORS[name][format] != '-')}")
    print(build(*sys.argv[1:]))
