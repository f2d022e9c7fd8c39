"""The package for Alpine under OpenRC, Debian's, in a fresh tree: its files are put there, and its scripts are called as apk does it."""
import re
import subprocess

import pytest

import rights
from debian import OVERLAY

# $1: the tree   $2: an empty directory   $3: the package's files and scripts   $4: what to do there
ENTER = OVERLAY + r"""
cp -a "$3"/etc "$3"/usr root
cp "$3"/.p* root/tmp
cd root
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs none run
mkdir run/openrc
for name in daemons exclusive failed hotplugged inactive options scheduled started starting stopping tmp wasinactive; do mkdir run/openrc/$name; done
echo default >run/openrc/softlevel
mount --rbind /dev dev
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . bash -euc "$4"
"""
# until CONDITION: waits for it.   program: prints the program's pid.
FUNCTIONS = r"""
until_() { for _ in {1..600}; do if eval "$1" >/dev/null 2>&1; then return; fi; sleep 0.1; done; echo "not: $1"; cat /var/log/sockpush.log; exit 1; }
program() { for place in /proc/[0-9]*; do if [ "$(readlink $place/exe)" = /usr/bin/sockpush ]; then echo ${place#/proc/}; fi; done | grep .; }
"""


@pytest.fixture
def alpine(openrc_tree, namespace, package, tmp_path):
    """alpine(script) runs it in bash where the package's files are. Returns what it printed."""
    if not rights.is_machines_root():
        rights.needs_root("a tree is mounted")
    for name in ("files", "place"):
        (tmp_path / name).mkdir()
    subprocess.run(["tar", "-xzf", package("apk"), "-C", tmp_path / "files", "--warning=no-unknown-keyword"], check=True)

    def run(script):
        namespaces = ["--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
        words = ["unshare", *namespaces, "sh", "-c", ENTER, "sh", openrc_tree, tmp_path / "place", tmp_path / "files", FUNCTIONS + script]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


@pytest.mark.xdist_group("tree of bookworm")
def test_a_life(alpine):
    """Installed, it is not started. Configured, it runs as nobody, and is started again. An upgrade restarts it, removal ends it."""
    out = alpine(r"""
        sh /tmp/.post-install
        sh /tmp/.post-upgrade
        ! program
        printf '%s\n' "SOCKPUSH_PORTS='80,>443'" SOCKPUSH_LISTEN=unix:///run/sockpush/dsd.sock >>/etc/conf.d/sockpush
        rc-update add sockpush default >/dev/null
        rc-service --quiet sockpush start
        until_ '[ -S /run/sockpush/dsd.sock ] && program'
        first=$(program)
        grep Uid /proc/$first/status
        tr '\0' '\n' </proc/$first/environ | grep ^SOCKPUSH | sort
        kill -9 $first
        until_ '[ "$(program)" -a "$(program)" != $first ]'
        second=$(program)
        sh /tmp/.post-upgrade
        until_ '[ "$(program)" -a "$(program)" != $second ]'
        sh /tmp/.pre-deinstall
        ! program
        ! rc-update show default | grep sockpush
        echo ends: $(grep -c 'ends after' /var/log/sockpush.log)""")
    assert out.startswith("sockpush is not started yet. Set SOCKPUSH_TO in /etc/conf.d/sockpush, then: rc-update add sockpush && rc-service sockpush start\n")
    assert re.search(r"^Uid:\s+65534\s+65534\s", out, re.M), out
    assert "SOCKPUSH_LISTEN=unix:///run/sockpush/dsd.sock\nSOCKPUSH_PORTS=80,>443\n" in out
    assert out.endswith("ends: 2\n"), out
