"""RPM: Fedora, RHEL, SUSE. rpmbuild makes it of a tree and a spec, without looking at the binary."""
import os
import pathlib
import subprocess
import sys
import tempfile

from description import LICENSE, SUMMARY, TEXT, URL

SCRIPTS = {
    "post": 'if [ "$1" -gt 1 ]; then upgraded; else installed; fi',
    "preun": 'if [ "$1" = 0 ]; then removing; fi',
    "postun": 'if [ "$1" = 0 ]; then removed; fi',
}
# The time is that of the release, and the machine has no name. Nothing is stripped, compressed or looked into.
MACROS = {
    "use_source_date_epoch_as_buildtime": 1, "clamp_mtime_to_source_date_epoch": 1, "source_date_epoch_from_changelog": 0,
    "_buildhost": "reproducible", "_build_id_links": "none", "debug_package": "%{nil}", "__os_install_post": "%{nil}",
    "_binary_payload": "w6.xzdio", "_build_name_fmt": "package.rpm",
}
SPEC = """\
Name: {package.name}
Version: {package.version}
Release: {release}
Summary: {summary}
License: {license}
URL: {url}
AutoReqProv: no

%description
{text}

%install
cp -R {tree}/. %{{buildroot}}

{scripts}
%files
{files}
"""


def put(package, tree):
    for path, mode, data in package.entries:
        place = tree / path
        if data is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.write_bytes(data)
            os.utime(place, (package.epoch, package.epoch))


def listed(package, path, mode, data):
    """Returns the line of a file, or of a directory that no other package has."""
    if data is None:
        return f"%dir %attr({mode:04o},root,root) /{path}" if path.endswith(f"/{package.name}") else ""
    kind = "%config(noreplace) " if path in package.format.configuration else "%license " if path.startswith("usr/share/licenses/") else ""
    return f"{kind}%attr({mode:04o},root,root) /{path}"


def spec(package, tree):
    return SPEC.format(
        package=package, release=package.full.rsplit("-", 1)[1], summary=SUMMARY, license=LICENSE, url=URL, text=TEXT, tree=tree,
        # a "%" is a macro there
        scripts="".join(f"%{name}\n{package.script(call)}\n".replace("%", "%%").replace("%%", "%", 1) for name, call in SCRIPTS.items()),
        files="\n".join(listed(package, *entry) for entry in package.entries))


def build(package):
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        put(package, place / "tree")
        (place / "spec").write_text(spec(package, place / "tree"))
        macros = {**MACROS, "_topdir": place / "top", "_tmppath": place, "_dbpath": place / "db", "_rpmdir": place}
        words = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
        # HOME, because the user's own macros stand there
        done = subprocess.run(["rpmbuild", "-bb", "--quiet", "--target", f"{package.arch}-linux", *words, place / "spec"], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(place), "SOURCE_DATE_EPOCH": str(package.epoch), "LC_ALL": "C"})
        if done.returncode:
            sys.exit(f"rpmbuild: {done.stdout}{done.stderr}")
        return (place / "package.rpm").read_bytes()
