"""Alpine's package for apk, version 2 of the format: two gzip streams, which together are one tar archive.

    control    .PKGINFO, which has the sha256 of the other stream, and the scripts; without the end of an archive
    data       the files, each with its sha1 in a PAX header

A package of Alpine's own begins with a third one, a signature by a key that the machine trusts. This has none, so apk asks for
--allow-untrusted. Who verifies SHA256SUMS has verified it.
"""
import hashlib

import archive
from description import LICENSE, MAINTAINER, SUMMARY, URL

SCRIPTS = {".post-install": "installed", ".post-upgrade": "upgraded", ".pre-deinstall": "removing"}


def build(package):
    data = archive.gz(archive.tar(package.entries, package.epoch, headers=lambda data: {"APK-TOOLS.checksum.SHA1": hashlib.sha1(data).hexdigest()}))
    info = {
        "pkgname": package.name, "pkgver": package.full, "pkgdesc": SUMMARY, "url": URL, "builddate": package.epoch, "packager": MAINTAINER,
        "size": package.size, "arch": package.arch, "origin": package.name, "license": LICENSE, "datahash": hashlib.sha256(data).hexdigest(),
    }
    text = "".join(f"{name} = {value}\n" for name, value in info.items())
    scripts = [(name, 0o755, package.script(call).encode()) for name, call in SCRIPTS.items()]
    return archive.gz(archive.tar([(".PKGINFO", 0o644, text.encode()), *scripts], package.epoch, end=False)) + data
