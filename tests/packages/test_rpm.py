"""The package for Fedora, RHEL and SUSE, by rpm itself in an empty tree, whose shell is busybox and whose systemctl records its calls."""
import os
import re
import shutil
import subprocess

import pytest

import rights
from package import released

pytestmark = pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not on this machine; `make deps FOR=rpm` installs it")


def rpm(*words):
    done = subprocess.run(["rpm", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def query(path, *words):
    return rpm("--query", "--package", *words, str(path)).splitlines()


def test_what_it_says(package):
    path = package("rpm", cpu="armv7")
    version, epoch = released()
    assert path.name == f"sockpush-{version}-1.armv7hl.rpm"
    tags = "%{NAME} %{VERSION}-%{RELEASE} %{ARCH} %{OS} %{BUILDTIME} %{BUILDHOST}"
    assert query(path, "--queryformat", tags) == [f"sockpush {version}-1 armv7hl linux {epoch} reproducible"]
    assert query(path, "--configfiles") == ["/etc/default/sockpush"] and query(path, "--licensefiles") == ["/usr/share/licenses/sockpush/LICENSES.gz"]
    assert {words.split()[0] for words in query(path, "--requires") if not words.startswith("rpmlib(")} == {"/bin/sh"}, "its scripts' shell"
    assert {line.split()[2:4] == ["root", "root"] for line in query(path, "--list", "--verbose")} == {True}
    assert "signatures" not in subprocess.run(["rpm", "--checksig", path], capture_output=True, text=True).stdout, "SHA256SUMS is signed"


class Tree:
    def __init__(self, root):
        self.root = root
        for path in ("bin", "usr/bin", "run/systemd/system", "dev"):
            (root / path).mkdir(parents=True)
        self._copy("/bin/busybox", "bin/sh")
        self.write("usr/bin/systemctl", '#!/bin/sh\necho "$*" >>/calls\n')
        os.chmod(root / "usr/bin/systemctl", 0o755)

    def _copy(self, path, to):
        """Copies a program and its libraries."""
        shutil.copy(path, self.root / to)
        for library in re.findall(r"(/\S+\.so\S*)", subprocess.run(["ldd", path], capture_output=True, text=True).stdout):
            (self.root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, self.root / library[1:])

    def write(self, path, text):
        (self.root / path).write_text(text)

    def rpm(self, *words):
        return rpm("--root", str(self.root), "--dbpath", "/var/lib/rpm", *map(str, words))

    def change(self, *words):
        """--nodeps, because no package has brought the shell."""
        return self.rpm("--nodeps", *words)

    @property
    def calls(self):
        """Returns what systemctl was asked since the last look."""
        path = self.root / "calls"
        text = path.read_text() if path.exists() else ""
        self.write("calls", "")
        return text.splitlines()


@pytest.fixture
def tree(tmp_path):
    if not shutil.which("busybox"):
        pytest.skip("busybox is not on this machine")
    if not rights.is_machines_root():
        rights.needs_root("rpm changes its root")
    return Tree(tmp_path / "tree")


def test_installed_upgraded_removed(tree, package, next_package):
    """The list of variables is new after the upgrade. The configuration is the user's, with no other one beside it."""
    assert "sockpush is not started yet" in tree.change("--install", package("rpm", "0.1.0")) and tree.calls == ["daemon-reload"]
    assert tree.change("--verify", "sockpush") == ""
    assert subprocess.run([tree.root / "usr/bin/sockpush", "--version"], capture_output=True).returncode == 0
    configuration = tree.root / "etc/default/sockpush"
    assert configuration.stat().st_mode & 0o777 == 0o600
    configuration.write_text("SOCKPUSH_TO=udp://statsd.example\n")
    variables = tree.root / "usr/share/doc/sockpush/variables"
    assert "SOCKPUSH_NEW" not in variables.read_text()
    assert "not started" not in tree.change("--upgrade", next_package("rpm"))
    assert "SOCKPUSH_NEW" in variables.read_text() and [path.name for path in configuration.parent.iterdir()] == ["sockpush"]
    assert tree.calls == ["daemon-reload", "try-restart sockpush.service"]
    assert configuration.read_text() == "SOCKPUSH_TO=udp://statsd.example\n"
    assert tree.rpm("--query", "sockpush").startswith("sockpush-0.2.0-1.")
    tree.change("--erase", "sockpush")
    assert tree.calls == ["stop sockpush.service", "--quiet disable sockpush.service", "daemon-reload", "reset-failed sockpush.service"]
    assert [path.name for path in tree.root.rglob("*sockpush*") if path.is_file()] == ["sockpush.rpmsave"]


def test_in_an_image(tree, package):
    """Without systemd the links are removed, and nothing else is asked."""
    (tree.root / "run/systemd/system").rmdir()
    tree.change("--install", package("rpm", "0.1.0"))
    tree.change("--upgrade", package("rpm", "0.2.0"))
    assert tree.calls == []
    tree.change("--erase", "sockpush")
    assert tree.calls == ["--quiet disable sockpush.service"] and not list(tree.root.rglob("*sockpush*"))
