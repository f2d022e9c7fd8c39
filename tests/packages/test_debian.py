"""The package for Debian in fresh trees of Debian 12 and 13, with systemd as process 1: installed, started, upgraded, removed, purged."""
import contextlib
import os
import re
import shutil
import socket
import subprocess

import pytest

import parse
import rights
import wait
from debian import OVERLAY
from systemd import Systemd, control_groups

# $1: the tree   $2: an empty directory   $3: the packages. What systemd may change outside is read-only.
BOOT = OVERLAY + r"""
cp -R "$3" root/packages
cd root
mount -t proc proc proc
mount --rbind /sys sys
mount --bind proc/sys proc/sys
for place in sys proc/sys; do mount -o remount,bind,ro $place; done
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 none dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 none dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 none run
mkdir run/old
pivot_root . run/old
cd /
umount -l run/old
rmdir run/old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=multi-user.target --show-status=no
"""
INSTALLED = "sockpush is not started yet. Set SOCKPUSH_TO in /etc/default/sockpush, then: systemctl enable --now sockpush\n"


class Debian(Systemd):
    def __init__(self, tree, place, packages):
        place.mkdir()
        super().__init__(BOOT, tree, place, packages)

    def started(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.ended or self.init and self.systemctl("is-system-running", "--wait").stdout.strip() in ("running", "degraded")

    def do(self, *words, status=0):
        """Runs a command, asserts its status. Returns what it printed."""
        done = self.run(*words)
        assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def install(self, path):
        return self.do("dpkg", "--install", f"/packages/{path.name}")

    @property
    def state(self):
        """Returns whether the service starts at boot, and whether it runs."""
        return self.systemctl("is-enabled", "sockpush").stdout.strip(), self.show("ActiveState")

    @property
    def files(self):
        """Returns the paths with its name, but dpkg's. Debian's timers may change others at any time."""
        paths = self.do("find", "/", "-xdev", "-name", "*sockpush*").splitlines()
        return {path for path in paths if not path.startswith(("/tmp/", "/var/lib/dpkg/", "/var/lib/systemd/", "/var/log/", "/var/tmp/"))}


@pytest.fixture
def packages(package, next_package, tmp_path):
    """Returns two versions. The second one has another list of variables."""
    place = tmp_path / "packages"
    return [package("deb", "0.1.0", folder=place), next_package("deb", folder=place)]


@pytest.fixture
def debian(tree, namespace, tmp_path, packages):
    if not control_groups():
        pytest.skip("control groups of version 2 are not on this machine")
    one = Debian(tree, tmp_path / "machine", tmp_path / "packages")
    try:
        assert wait.until(one.started, 3 * wait.DEADLINE), "systemd does not start"
        if one.ended:
            pytest.skip(f"systemd does not run here: {one.reason}")
        yield one
    finally:
        one.close()


@pytest.fixture
def receiver(namespace):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(wait.DEADLINE)
        yield one


def configure(debian, receiver):
    """Adds to the configuration what pushes to the receiver. Returns the file's text."""
    path = debian.path("/etc/default/sockpush")
    path.write_text(f"{path.read_text()}SOCKPUSH_TO=udp://127.0.0.1:{receiver.getsockname()[1]}\nSOCKPUSH_INTERVAL=500ms\n")
    return path.read_text()


def arrives(receiver):
    """Waits for a poll that comes after this moment."""
    receiver.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while receiver.recv(65536):
            pass
    receiver.settimeout(wait.DEADLINE)
    return parse.dogstatsd(receiver.recv(65536).decode() + "\n")


def test_lintian(package):
    if not os.environ.get("SOCKPUSH_TEST_SLOW") or not shutil.which("lintian"):
        pytest.skip("takes seconds, and needs lintian: `make test-packages` runs it")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package("deb")], capture_output=True, text=True)
    assert done.returncode == 0 and not re.search("^[EW]:", done.stdout, re.M), done.stdout + done.stderr


def test_installed(debian, packages):
    """Nothing runs before it is configured, and one line says how."""
    out = debian.install(packages[0])
    assert out.endswith(INSTALLED) and out.count("sockpush is not started") == 1
    assert debian.state == ("disabled", "inactive")
    assert debian.do("stat", "-c", "%a %U", "/etc/default/sockpush", "/usr/bin/sockpush") == "600 root\n755 root\n"
    assert debian.do("sockpush", "--version").startswith("sockpush ")
    assert debian.do("dpkg", "--verify", "sockpush") == ""


def test_upgraded_while_it_runs(debian, packages, receiver):
    """The new program runs afterwards, with the configuration as it was. Nothing is asked about it, which without a terminal would fail."""
    debian.install(packages[0])
    text = configure(debian, receiver)
    debian.do("systemctl", "enable", "--now", "sockpush")
    assert arrives(receiver) and debian.state == ("enabled", "active")
    before = debian.show("MainPID")
    variables = debian.path("/usr/share/doc/sockpush/variables")
    assert "SOCKPUSH_NEW" not in variables.read_text()
    out = debian.install(packages[1])
    assert "Configuration file" not in out and "SOCKPUSH_NEW" in variables.read_text()
    assert [path.name for path in debian.path("/etc/default").glob("*sockpush*")] == ["sockpush"]
    assert "not started" not in out and debian.state == ("enabled", "active") and debian.show("MainPID") != before
    assert os.readlink(debian.path(f"/proc/{debian.show('MainPID')}/exe")) == "/usr/bin/sockpush"
    assert debian.path("/etc/default/sockpush").read_text() == text and arrives(receiver)
    assert debian.do("dpkg-query", "-W", "-f", "${Version}", "sockpush") == "0.2.0-1"


def test_upgraded_while_it_does_not_run(debian, packages):
    debian.install(packages[0])
    assert debian.install(packages[1]).endswith(INSTALLED)
    assert debian.state == ("disabled", "inactive")


def test_removed_and_purged(debian, packages, receiver):
    """Removal stops and disables it, and keeps the configuration, with which it comes back: the hint says how. Purged, it leaves nothing."""
    before = debian.files
    debian.install(packages[0])
    text = configure(debian, receiver)
    debian.do("systemctl", "enable", "--now", "sockpush")
    assert arrives(receiver)
    debian.do("dpkg", "--remove", "sockpush")
    assert debian.show("LoadState") == "not-found" and debian.show("ActiveState") == "inactive"
    left = debian.files - before
    assert left == {"/etc/default/sockpush"}
    assert debian.install(packages[0]).endswith(INSTALLED)
    assert debian.path("/etc/default/sockpush").read_text() == text and debian.state == ("disabled", "inactive")
    debian.do("systemctl", "enable", "--now", "sockpush")
    assert arrives(receiver)
    debian.do("dpkg", "--purge", "sockpush")
    assert debian.show("LoadState") == "not-found"
    assert debian.files == before


def test_in_a_chroot(tree, packages, tmp_path):
    """While an image is made there is no systemd to ask. What was enabled there is disabled at the removal."""
    script = OVERLAY + f"""
        cd root
        mkdir packages && mount --bind {tmp_path}/packages packages
        mount --bind /dev/null dev/null
        chroot . dpkg --install /packages/{packages[0].name}
        chroot . systemctl enable sockpush
        [ -L etc/systemd/system/multi-user.target.wants/sockpush.service ]
        chroot . dpkg --install /packages/{packages[1].name}
        chroot . dpkg --purge sockpush
        find etc usr -name '*sockpush*'"""
    (tmp_path / "root").mkdir()
    if not rights.is_machines_root():
        rights.needs_root("a tree is mounted")
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", tree, tmp_path / "root"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count(INSTALLED) == 1, done.stdout + done.stderr
    assert "sockpush.service" not in done.stdout.splitlines()[-1]
