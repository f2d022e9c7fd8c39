"""deb(5): Debian, Ubuntu. The same parts make OpenWrt's ipk, whose outer archive is a gzipped tar."""
import hashlib

import archive
from package import fields, indented
from description import MAINTAINER, SUMMARY, URL

# dpkg calls the installation after a removal, which has disabled the service, as it calls an upgrade. So what is off gets the hint again.
SCRIPTS = {
    "postinst": 'if [ "$1" = configure ]; then\n    if [ -n "$2" ]; then upgraded; is_on || hint; else installed; fi\nfi',
    "prerm": 'if [ "$1" = remove ]; then removing; fi',
    "postrm": 'if [ "$1" = remove ]; then removed; fi',
}


def control(package, more):
    return fields({
        "Package": package.name, "Version": package.full, "Architecture": package.arch, "Maintainer": MAINTAINER, "Section": "net",
        "Priority": "optional", "Homepage": URL, **more, "Description": f"{SUMMARY}\n{indented()}",
    })


def control_tar(package, text, scripts, more=()):
    files = {
        "control": (0o644, text), "conffiles": (0o644, "".join(f"/{path}\n" for path in package.format.configuration)), **dict(more),
        **{name: (0o755, package.script(call)) for name, call in scripts.items()},
    }
    entries = [("", 0o755, None), *((name, mode, text.encode()) for name, (mode, text) in sorted(files.items()))]
    return archive.tar(entries, package.epoch, prefix="./")


def data_tar(package):
    return archive.tar([("", 0o755, None), *package.entries], package.epoch, prefix="./")


def build(package):
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in package.files if path not in package.format.configuration)
    inner = control_tar(package, control(package, {"Installed-Size": package.kib}), SCRIPTS, {"md5sums": (0o644, sums)}.items())
    members = [("debian-binary", b"2.0\n"), ("control.tar.xz", archive.xz(inner)), ("data.tar.xz", archive.xz(data_tar(package)))]
    return archive.ar(members, package.epoch)
