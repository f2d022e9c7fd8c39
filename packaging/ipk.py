"""OpenWrt's package for opkg, as scripts/ipkg-build of its SDK makes it."""
import archive
import deb
from description import LICENSE

SCRIPTS = {"postinst": 'installed "$@"', "prerm": 'removing "$@"'}


def build(package):
    text = deb.control(package, {"License": LICENSE, "SourceDateEpoch": package.epoch, "Installed-Size": package.size})
    members = {
        "debian-binary": b"2.0\n",
        "data.tar.gz": archive.gz(deb.data_tar(package)),
        "control.tar.gz": archive.gz(deb.control_tar(package, text, SCRIPTS)),
    }
    return archive.gz(archive.tar([(name, 0o644, data) for name, data in members.items()], package.epoch, prefix="./"))
