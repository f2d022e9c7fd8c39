"""Which capabilities the sandbox keeps, and whether it gives up Landlock, by what the new user may do without them."""
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

import procfs
import receivers
import rights
import seccomp
import wait
from confined import DAC_OVERRIDE, DAC_READ_SEARCH, DOCKER, check, of_x86_64, running, status, with_capabilities, with_landlock, without_sanitizers  # noqa: F401
from program import BINARY, environment

pytestmark = [without_sanitizers]
USER = 54321            # nobody's
FACCESSAT2 = 439        # of x86_64


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


# --- what a user's change takes along

def test_roots_groups_are_left(other_users, running):
    check(status(running(user=USER, popen={"extra_groups": [4, 27]}).process.pid), USER)


def test_it_still_ends_with_its_parent(other_users, place):
    """The kernel clears the signal at the parent's death when the user changes."""
    log = place / "log"
    log.touch()
    words = ["sh", "-c", 'setpriv --pdeathsig TERM "$0" 2>log & echo $!; wait', str(BINARY)]
    with subprocess.Popen(words, cwd=place, env=environment({}, {"to": "udp://127.0.0.1:9", "user": USER, "PATH": os.environ["PATH"]}), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        began = wait.until(lambda: "pushing" in log.read_text())
        parent.kill()
    ended = wait.until(lambda: "ends after" in log.read_text())
    if not ended:
        os.kill(child, signal.SIGKILL)
    assert began and ended, log.read_text()


# --- other processes

@with_landlock
def test_owners_of_other_users_leave_landlock_in_force(open_binary):
    """An ordinary user may look into none of their processes."""
    assert "user 54321, no capabilities, Landlock" in open_binary(USER, ports="80").log


def test_a_process_of_the_same_user_is_looked_into(open_binary):
    with subprocess.Popen(["sleep", "1000"], user=USER + 1, group=USER + 1, extra_groups=()) as other:
        try:
            log = open_binary(USER + 1, ports="80").log
        finally:
            other.kill()
    assert "no capabilities, no Landlock (SOCKPUSH_PID looks into processes)" in log


@with_landlock
def test_dockers_root_cannot_look_and_keeps_landlock(other_users, running):
    program = running(ports="80", user=USER, **with_capabilities(*DOCKER))
    check(status(program.process.pid), USER)
    assert "no capabilities, without CAP_SYS_PTRACE (SOCKPUSH_PID), Landlock" in program.log


def test_docker_with_one_capability_more_can_look(other_users, running):
    rights.needs_capability("CAP_SYS_PTRACE")
    program = running(ports="80", user=USER, **with_capabilities(*DOCKER, "sys_ptrace"))
    assert "CAP_DAC_OVERRIDE (SOCKPUSH_PID), CAP_SYS_PTRACE (SOCKPUSH_PID), no Landlock" in program.log


# --- a kernel that cannot tell what the capabilities in effect allow: before Linux 5.8

old_kernel = {"preexec_fn": seccomp.refuse_call(FACCESSAT2)}


@of_x86_64
@pytest.mark.parametrize("user", ["-", str(USER)])
def test_before_linux_5_8_a_closed_procfs_keeps_one_capability(other_users, running, place, user):
    rights.needs_capability("CAP_DAC_READ_SEARCH")
    proc = procfs.write(place / "proc", [procfs.Socket("10.0.0.1:80")])
    os.chmod(proc, 0o700)
    os.chown(proc, 1000, 1000)
    program = running(proc=proc, user=user, popen=old_kernel)
    check_capabilities(program, DAC_READ_SEARCH)
    assert f"CAP_DAC_READ_SEARCH ({proc}), " in program.log


@of_x86_64
@pytest.mark.parametrize("mode,kept", [(0o600, DAC_OVERRIDE), (0o666, 0)])
def test_before_linux_5_8_a_closed_output_keeps_one_capability(other_users, running, place, mode, kept):
    with receivers.unix_stream(place / "u") as stream:
        os.chmod(place / "u", mode)
        os.chown(place / "u", 1000, 1000)
        program = running(to=f"unix://{place}/u", format="influx", user="-", popen=old_kernel)
        check_capabilities(program, kept)
        stream.until(lambda text: text.count("netstat,") > 4)


@of_x86_64
def test_before_linux_5_8_what_is_open_keeps_none(other_users, running, place):
    (place / "ca.pem").write_text("")
    for user in "-", USER:
        program = running(to="influx+tls://127.0.0.1:9", tls_ca=place / "ca.pem", user=user, popen=old_kernel)
        check_capabilities(program, 0)


def check_capabilities(program, kept):
    one = status(program.process.pid)
    assert int(one["CapEff"], 16) == int(one["CapPrm"], 16) == kept, program.log
