"""The packages' bytes, read by their formats: the same files in each, root's, and of the release's time."""
import gzip
import hashlib
import io
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import zlib

import pytest

import build_mk
import licences
from description import FORMATS, PROCESSORS
from program import BINARY, ROOT
from package import released

SERVICE = {"usr/lib/systemd/system/sockpush.service": 0o644, "etc/default/sockpush": 0o600}
COMMON = {"usr/bin/sockpush": 0o755}
MANUAL = {"usr/share/man/man8/sockpush.8.gz": 0o644}
VARIABLES = {"usr/share/doc/sockpush/variables": 0o644}
LICENCES = {"usr/share/licenses/sockpush/LICENSES.gz": 0o644}
DOC = {f"usr/share/doc/sockpush/{name}": 0o644 for name in ("copyright", "changelog.gz", "changelog.Debian.gz")}
FILES = {
    "deb": {**COMMON, **SERVICE, **MANUAL, **VARIABLES, **DOC, "usr/share/lintian/overrides/sockpush": 0o644},
    "rpm": {**COMMON, **SERVICE, **MANUAL, **VARIABLES, **LICENCES},
    "apk": {**COMMON, **MANUAL, **VARIABLES, **LICENCES, "etc/init.d/sockpush": 0o755, "etc/conf.d/sockpush": 0o600},
    "ipk": {**COMMON, **LICENCES, "etc/init.d/sockpush": 0o755, "etc/config/sockpush": 0o600},
}


def tar(data):
    """Returns the members of a tar archive, {name without ./: (member, bytes)}."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name.removeprefix("./"): (member, archive.extractfile(member).read() if member.isfile() else b"") for member in archive}


def deb(data):
    """Returns the control files and the data of ar(5)'s members."""
    assert data.startswith(b"!<arch>\n")
    at, members = 8, {}
    while at < len(data):
        name, size = data[at:at + 16].decode().strip(), int(data[at + 48:at + 58])
        members[name] = data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
    assert list(members) == ["debian-binary", "control.tar.xz", "data.tar.xz"] and members["debian-binary"] == b"2.0\n"
    return tar(lzma.decompress(members["control.tar.xz"])), tar(lzma.decompress(members["data.tar.xz"]))


def ipk(data):
    members = {name: inner for name, (_, inner) in tar(gzip.decompress(data)).items()}
    assert sorted(members) == ["control.tar.gz", "data.tar.gz", "debian-binary"]
    return tar(gzip.decompress(members["control.tar.gz"])), tar(gzip.decompress(members["data.tar.gz"]))


def streams(data):
    """Returns the compressed bytes of each gzip stream, and what is in it."""
    while data:
        one = zlib.decompressobj(wbits=31)
        inner = one.decompress(data)
        yield data[:len(data) - len(one.unused_data)], inner
        data = one.unused_data


def apk(data):
    """Reads it as apk does. Control has no end of an archive, so that both are one."""
    (_, control), (compressed, inner) = streams(data)
    assert not control.endswith(bytes(1024)) and tar(control + inner).keys() == tar(control).keys() | tar(inner).keys()
    found = tar(control)
    assert info(found)["datahash"] == [hashlib.sha256(compressed).hexdigest()]
    return found, tar(inner)


def rpm(path):
    """rpm2archive knows neither owners' names nor the scripts: test_rpm.py asks rpm."""
    done = subprocess.run(["rpm2archive", "-n", "-"], stdin=path.open("rb"), check=True, capture_output=True)
    return {}, tar(done.stdout)


def read(path):
    if path.suffix == ".rpm":
        return rpm(path)
    return {".deb": deb, ".ipk": ipk, ".apk": apk}[path.suffix](path.read_bytes())


def info(control):
    """Returns {name: values} of .PKGINFO."""
    found = {}
    for line in control[".PKGINFO"][1].decode().splitlines():
        name, value = line.split(" = ", 1)
        found.setdefault(name, []).append(value)
    return found


def fields(control):
    return dict(re.findall(r"^([\w-]+): (.*)", control["control"][1].decode(), re.M))


@pytest.fixture(params=FORMATS)
def format(request):
    if request.param == "rpm" and not shutil.which("rpmbuild"):
        pytest.skip("rpmbuild is not on this machine; `make deps FOR=rpm` installs it")
    return request.param


def test_files(package, format):
    control, data = read(package(format))
    _, epoch = released()
    assert {name: member.mode for name, (member, _) in data.items() if member.isfile()} == FILES[format]
    assert {member.mode for member, _ in data.values() if member.isdir()} <= {0o755}
    for member, _ in [*control.values(), *data.values()]:
        assert (member.uid, member.gid, member.mtime) == (0, 0, epoch), member.name
    assert data["usr/bin/sockpush"][1] == BINARY.read_bytes()
    assert list(data) == sorted(data)


def test_texts(package, format):
    """Each is what the source has: the unit, its configuration, the list of variables, the manual page, the licences of what is linked."""
    _, data = read(package(format))
    text = {name: (gzip.decompress(inner) if name.endswith(".gz") else inner).decode() for name, (_, inner) in data.items() if name != "usr/bin/sockpush"}
    linux = ROOT / "platform/linux"
    if format in ("deb", "rpm"):
        assert "\nExecStart=/usr/bin/sockpush\n" in text["usr/lib/systemd/system/sockpush.service"]
        assert text["etc/default/sockpush"] == (linux / "sockpush.default").read_text()
    if format == "apk":
        assert text["etc/conf.d/sockpush"] == (linux / "openrc/sockpush.conf").read_text()
        assert "\ncommand=/usr/bin/sockpush\n" in text["etc/init.d/sockpush"]
    if format == "ipk":
        assert text["etc/init.d/sockpush"] == (linux / "openwrt/sockpush.init").read_text()
        assert text["etc/config/sockpush"] == (linux / "openwrt/sockpush.config").read_text()
    else:
        assert text["usr/share/doc/sockpush/variables"] == (linux / "sockpush.variables").read_text()
        assert text["usr/share/man/man8/sockpush.8.gz"] == (ROOT / "docs/sockpush.8").read_text()
    [found] = [inner for name, inner in text.items() if name.endswith(("LICENSES.gz", "copyright"))]
    for name in licences.texts():
        assert f"=== {name}\n" in found


def test_two_builds_are_the_same_bytes(package, format, tmp_path, monkeypatch):
    """Another umask, time zone, language and home change nothing."""
    first = package(format).read_bytes()
    monkeypatch.setattr(os, "environ", {**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)})
    mask = os.umask(0o077)
    try:
        second = package(format, folder=tmp_path / "again").read_bytes()
    finally:
        os.umask(mask)
    assert first == second


def test_processors():
    """Each processor of `make dist` has a package of each format whose system runs on it."""
    assert list(PROCESSORS) == build_mk.variable("PROCESSORS").split()
    for format in FORMATS:
        names = [names[format] for names in PROCESSORS.values() if names[format] != "-"]
        assert len(set(names)) == len(names) >= 8


@pytest.mark.parametrize("machine,cpu", [
    ("arm-linux-gnueabihf", "armv7"), ("arm-linux-gnueabi", "armv5"), ("powerpc64le-linux-gnu", "ppc64le"), ("x86_64-linux-gnu", "x86_64"),
    ("i686-linux-gnu", "i386"), ("mipsel-linux-gnu", "mipsel"), ("armv7-alpine-linux-musleabihf", "armv7"), ("powerpc64le-alpine-linux-musl", "ppc64le"),
    ("i586-alpine-linux-musl", "i386"), ("x86_64-redhat-linux", "x86_64")])
def test_this_machines_processor(machine, cpu):
    """Without CPU= a package is for the machine of the compiler."""
    assert build_mk.evaluated("FOR_CPU", f"MACHINE={machine}") == cpu
    assert build_mk.evaluated("FOR_CPU", f"MACHINE={machine}", "CPU=riscv64") == "riscv64"


def test_debs_fields(package):
    path = package("deb", cpu="mipsel")
    control, data = deb(path.read_bytes())
    version, _ = released()
    found = fields(control)
    assert path.name == f"sockpush_{version}-1_mipsel.deb"
    assert (found["Package"], found["Version"], found["Architecture"]) == ("sockpush", f"{version}-1", "mipsel")
    assert not found.keys() & {"Depends", "Pre-Depends", "Recommends"}
    assert control["conffiles"][1] == b"/etc/default/sockpush\n"
    sums = dict(reversed(line.split("  ")) for line in control["md5sums"][1].decode().splitlines())
    assert sums == {name: hashlib.md5(inner).hexdigest() for name, (member, inner) in data.items() if member.isfile() and name != "etc/default/sockpush"}
    if shutil.which("dpkg-deb"):
        shown = subprocess.run(["dpkg-deb", "-W", path], check=True, capture_output=True, text=True).stdout
        assert shown == f"sockpush\t{version}-1\n"


def test_apks_fields(package):
    control, data = apk(package("apk", cpu="armv5").read_bytes())
    version, epoch = released()
    found = info(control)
    assert (found["pkgname"], found["pkgver"], found["arch"], found["builddate"]) == (["sockpush"], [f"{version}-r1"], ["armhf"], [str(epoch)])
    assert "depend" not in found
    files = [(member, inner) for member, inner in data.values() if member.isfile()]
    assert found["size"] == [str(sum(len(inner) for _, inner in files))]
    for member, inner in files:
        assert member.pax_headers["APK-TOOLS.checksum.SHA1"] == hashlib.sha1(inner).hexdigest()
    assert set(control) == {".PKGINFO", ".post-install", ".post-upgrade", ".pre-deinstall"}


def test_ipks_fields(package):
    """They agree with the package that OpenWrt's SDK makes of its Makefile."""
    control, _ = ipk(package("ipk", cpu="mips").read_bytes())
    sdk = (ROOT / "platform/linux/openwrt/Makefile").read_text()
    found = fields(control)
    assert found["Architecture"] == "mips_24kc" and "Depends" not in found
    assert found["Section"] == re.search("SECTION:=(.*)", sdk)[1] and found["Description"] == re.search("TITLE:=(.*)", sdk)[1]
    assert control["conffiles"][1].decode().split() == re.search(r"conffiles\n(.*?)endef", sdk, re.S)[1].split()
    assert {name for name, (member, _) in control.items() if member.isfile()} == {"control", "conffiles", "postinst", "prerm"}


FUNCTIONS = """
default_postinst() { echo "postinst $*"; }
default_prerm() { echo "prerm $*"; }
"""


@pytest.mark.skipif(not shutil.which("busybox"), reason="busybox is not on this machine")
@pytest.mark.parametrize("name,words,env,expected", [
    ("postinst", ["configure"], {}, "postinst SCRIPT configure\n"),
    ("prerm", ["remove"], {}, "prerm SCRIPT remove\n"),
    ("postinst", ["configure"], {"IPKG_NO_SCRIPT": "1"}, ""),
    ("postinst", ["configure"], {"IPKG_INSTROOT": "/nowhere"}, ""),
])
def test_ipks_scripts(package, tmp_path, name, words, env, expected):
    """They call what OpenWrt has for it, under OpenWrt's shell."""
    control, _ = ipk(package("ipk").read_bytes())
    script = tmp_path / "sockpush.postinst"
    script.write_bytes(control[name][1])
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/functions.sh").write_text(FUNCTIONS)
    done = subprocess.run(["busybox", "sh", script, *words], env={"IPKG_INSTROOT": str(tmp_path), **env}, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", expected.replace("SCRIPT", str(script)))
