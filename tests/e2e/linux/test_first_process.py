"""Process 1, in a container or as an appliance's only program: it has to mount /proc and reap children itself."""
import os
import shutil
import signal
import subprocess

import pytest

import rights
import servers
import wait
from program import BINARY, ONE_POLL, Program, children, run_binary

CHROOT = shutil.which("chroot", path=servers.PATH)
ALONE = ["unshare", "--pid", "--mount", "--fork", "--kill-child"]


@pytest.fixture(scope="module", autouse=True)
def pid_namespaces():
    done = subprocess.run([*ALONE, "true"], capture_output=True, text=True)
    if done.returncode:
        rights.needs_root(f"can't make a pid namespace: {done.stderr.strip()}")


@pytest.fixture
def empty(tmp_path):
    shutil.copy(BINARY, tmp_path / "sockpush")
    tmp_path.chmod(0o755)
    return tmp_path


def first(env, *words):
    """Runs it by words that execute their arguments."""
    return run_binary(env, *ALONE[1:], *words, binary=ALONE[0])


def test_mounts_proc_where_there_is_none(empty):
    run = first({**ONE_POLL, "SOCKPUSH_BACKEND": "procfs"}, CHROOT, empty, "/sockpush")
    assert set(run.totals) >= {4} and "mounted /proc" in run.log


def test_leaves_the_proc_that_is_there(empty):
    run = first({**ONE_POLL, "SOCKPUSH_BACKEND": "procfs"}, "--mount-proc", BINARY)
    assert set(run.totals) >= {4} and "/proc" not in run.log.replace("/proc/net", "")


def test_cannot_mount_proc(other_users, empty):
    """Without the right to mount, the log reports it, and netlink counts without /proc."""
    run = first(ONE_POLL, CHROOT, "--userspec=65534:65534", empty, "/sockpush")
    assert set(run.totals) >= {4} and "cannot mount /proc: " in run.log


def test_others_mount_nothing(empty):
    run = run_binary({**ONE_POLL, "SOCKPUSH_BACKEND": "procfs"}, empty, "/sockpush", binary=CHROOT)
    assert run.status == 1 and not (empty / "proc").exists()


def comm(pid):
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()


def test_reaps(tmp_path):
    """The shell that it replaced left a child, which ends later."""
    env = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_INTERVAL": "100ms", "PATH": "/usr/bin:/bin"}
    words = [*ALONE, "sh", "-c", f'(sleep 1000 & sleep 1001 &); exec "{BINARY}"']
    program = Program(env, binary=words[0], arguments=words[1:])
    try:
        program.until(lambda: "netstat" in program.out)
        [one] = children(program.process.pid)
        sleeping = children(one)
        assert comm(one) == "sockpush" and [comm(pid) for pid in sleeping] == ["sleep"] * 2
        for pid in sleeping:
            os.kill(pid, signal.SIGTERM)
        assert wait.until(lambda: not children(one)), "a process that ended is still there"
    finally:
        program.kill()
