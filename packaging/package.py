"""The files of a package, and its scripts."""
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import time

import archive
from description import FORMATS, MAINTAINER, NAME, PROCESSORS, RELEASE, TEXT, URL

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "third_party"))
import licences

SCRIPTS = ROOT / "packaging" / "scripts"
SERVICE = ROOT / "platform" / "linux" / "service.sh"


def released():
    """Returns the source's version, and its date as seconds since 1970."""
    text = (ROOT / "src/base/version.h").read_text()
    return re.search(r'SOCKPUSH_VERSION *"(.*)"', text)[1], int(re.search(r"SOCKPUSH_BUILD_DATE_MS *(\d+)", text)[1]) // 1000


class Package:
    """What a package of one format and processor is made of.

    entries: [(path, mode, data)] of its files and directories, sorted, without a leading slash; data is None of a directory.
    """

    def __init__(self, format, cpu, binary, version, epoch):
        self.format, self.version, self.epoch = FORMATS[format], version, epoch
        self.name = NAME
        self.arch = PROCESSORS[cpu][format]
        self.full = self.format.version.format(version=version, release=RELEASE)
        self.file = self.format.file.format(name=NAME, full=self.full, arch=self.arch)
        files = {**self._of_the_service(), "usr/bin/sockpush": (0o755, binary.read_bytes())}
        if self.format.manual:
            files["usr/share/man/man8/sockpush.8.gz"] = (0o644, archive.gz((ROOT / "docs/sockpush.8").read_bytes()))
        if format == "deb":
            doc = f"usr/share/doc/{NAME}"
            files[f"{doc}/copyright"] = (0o644, self._copyright().encode())
            files[f"{doc}/changelog.gz"] = (0o644, archive.gz((ROOT / "CHANGELOG.md").read_bytes()))
            files[f"{doc}/changelog.Debian.gz"] = (0o644, archive.gz(self._changelog().encode()))
            files[f"usr/share/lintian/overrides/{NAME}"] = (0o644, (ROOT / "packaging/lintian-overrides").read_bytes())
        else:
            files[f"usr/share/licenses/{NAME}/LICENSES.gz"] = (0o644, archive.gz(licences.together().encode()))
        directories = {str(parent) for path in files for parent in pathlib.PurePath(path).parents} - {"."}
        self.entries = sorted([*((path, 0o755, None) for path in directories), *((path, *file) for path, file in files.items())])

    def _of_the_service(self):
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([SERVICE, "install", place, "/usr", self.format.system], check=True, stdout=subprocess.DEVNULL)
            return {str(path.relative_to(place)): (path.stat().st_mode & 0o777, path.read_bytes()) for path in pathlib.Path(place).rglob("*") if path.is_file()}

    def _copyright(self):
        """Debian has the text of the Apache License itself, and wants a reference to it."""
        texts = {name: text for name, text in licences.texts().items() if name != "mbedtls"}
        texts["mbedtls"] = "Apache-2.0, chosen of two licences: /usr/share/common-licenses/Apache-2.0\nCopyright The Mbed TLS Contributors\n"
        return f"{NAME}, from {URL}, with what is linked in.\n\n" + licences.joined(texts)

    def _changelog(self):
        date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(self.epoch))
        return f"{NAME} ({self.full}) stable; urgency=medium\n\n  * What is new is in changelog.gz.\n\n -- {MAINTAINER}  {date}\n"

    @property
    def files(self):
        return [(path, data) for path, _, data in self.entries if data is not None]

    @property
    def size(self):
        """Returns the bytes of all files."""
        return sum(len(data) for _, data in self.files)

    @property
    def kib(self):
        """Returns the size as dpkg counts it: each file in whole KiB, and 1 for each directory."""
        return sum(1 if data is None else -(-len(data) // 1024) for _, _, data in self.entries)

    def script(self, call):
        """Returns a maintainer script: the functions of the service's system, and a call of them."""
        return f"#!/bin/sh\n{(SCRIPTS / self.format.system).with_suffix('.sh').read_text()}\n{call}\n"


def indented(text=TEXT):
    """Returns the text as deb and ipk continue a field."""
    return textwrap.indent(text, " ")


def fields(pairs):
    return "".join(f"{name}: {value}\n" for name, value in pairs.items())
