"""What happens around a running program: it has no descriptors or memory left, is stopped, is sent signals, loses /proc or the network. It polls
on, and what a stream waits with is delivered."""
import contextlib
import math
import os
import re
import resource
import signal
import socket
import subprocess
import time

import pytest

import netns
import parse
import ports
import streams
from confined import with_landlock
from program import BINARY, stop

pytestmark = pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="the sanitizers need memory and descriptors of their own")


def polls(program):
    return program.out.count("\nsockpush,")


@pytest.fixture
def around(namespace, start, keep):
    """around(…) starts a program with a TCP receiver, as `program.receiver`."""
    def make(popen={}, **env):
        receiver = keep(streams.Aggregator(lambda n: streams.read_all))
        program = start(popen, to=f"influx+tcp://127.0.0.1:{receiver.port},influx+stdout:", ports="8080", replay="2s", **env)
        program.receiver = receiver
        program.until(lambda: polls(program) > 2 and receiver.text)
        return program
    return make


def goes_on(program, n=5):
    before = polls(program)
    program.until(lambda: polls(program) > before + n)


def check(program):
    """Asserts that all that was printed was received, once the program works again."""
    goes_on(program)
    own = set(program.out.splitlines())
    program.until(lambda: own <= set(program.receiver.lines()))
    assert program.end() == 0, program.log
    assert program.log.endswith(' 0 lines were not sent"\n'), program.log
    streams.check(program.receiver, set(program.out.splitlines()))


def recovers(program):
    """Waits until polls have all series that the first had."""
    before = polls(program)
    program.until(lambda: polls(program) > before + 2 and program.influx_polls()[-1].keys() >= program.influx_polls()[0].keys())


def last(program, field):
    return [point.fields[field] for point in parse.influx(program.out) if point.measurement == "sockpush"][-1]


def limit(program, what, soft):
    """Sets the soft limit of a program that has stayed this user. Returns the one before."""
    before, hard = resource.prlimit(program.process.pid, what)
    resource.prlimit(program.process.pid, what, (soft, hard))
    return before


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_no_descriptor_is_free(around, backend):
    program = around(backend=backend, user="-")
    before = limit(program, resource.RLIMIT_NOFILE, 3)
    goes_on(program)
    if backend == "procfs":
        program.until(lambda: last(program, "poll_errors") and "Too many open files" in program.log)
    limit(program, resource.RLIMIT_NOFILE, before)
    recovers(program)
    check(program)


def test_no_memory_is_free(around):
    """It has all that it needs, from the start on."""
    program = around(user="-")
    limit(program, resource.RLIMIT_AS, 4096)
    check(program)
    assert " warn " not in program.log


def test_stopped_for_a_minute(around):
    """Polls that were missed are skipped, not caught up. It costs no processor's time, and other tests run beside it."""
    program = around()
    stop(program.process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.process.wait(60)
    program.process.send_signal(signal.SIGCONT)
    check(program)
    times = sorted({point.time for point in parse.influx(program.out)})
    gap = max(after - first for first, after in zip(times, times[1:]))
    assert gap > 59e9, "it was not stopped"
    assert len(times) < (times[-1] - times[0] - gap) / 0.1e9 + 6, "polls were caught up"


BORDERS = {"boot": 0, "2^32 ms": 2**32 / 1000, "2^31 s": 2**31, "2^32 s": 2**32}


@pytest.mark.parametrize("border", BORDERS)
def test_the_monotonic_clock_passes(around, border):
    """In a time namespace of the program's own, just after the machine's start, or shortly before its clock passes a border."""
    offset = BORDERS[border] - time.monotonic() - (1 if BORDERS[border] else 0)
    enter = lambda: netns.shift_clock(offset)
    try:
        subprocess.run(["true"], preexec_fn=enter, check=True)
    except subprocess.SubprocessError:
        pytest.skip("no time namespace (Linux 5.6), or not for this user or so far")
    port = ports.unused()
    program = around(popen={"preexec_fn": enter}, listen=f"udp://127.0.0.1:{port}")
    now = lambda: float(subprocess.run(["nsenter", "-t", str(program.process.pid), "-T", "cat", "/proc/uptime"], check=True, capture_output=True).stdout.split()[0])
    with open(f"/proc/{program.process.pid}/timens_offsets") as file:
        assert f"{math.floor(offset)} " in file.read()
    program.until(lambda: now() > BORDERS[border])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as application:
        application.sendto(b"late:1|c", ("127.0.0.1", port))
    program.until(lambda: re.search("^late,.* value=1 ", program.out, re.M))
    check(program)


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGWINCH, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
def test_signals_without_end(around, number):
    """Ignored, blocked, or the one by which threads wake the main thread."""
    program = around()
    for _ in range(1000):
        program.process.send_signal(number)
    check(program)


def test_stopped_again_and_again(around):
    """Each SIGCONT interrupts the calls that wait."""
    program = around()
    for _ in range(100):
        stop(program.process.pid)
        program.process.send_signal(signal.SIGCONT)
    check(program)


@pytest.fixture
def own_proc():
    """Returns how to start a program in a mount namespace with a procfs of its own."""
    def enter():
        netns.private_mounts()
        netns.mount("proc", "/proc", "proc")
    try:
        subprocess.run(["true"], preexec_fn=enter, check=True)
    except subprocess.SubprocessError:
        pytest.skip("can't mount procfs")
    return {"preexec_fn": enter}


def inside(program, *words):
    subprocess.run(["nsenter", "-t", str(program.process.pid), "-m", *words], check=True)


def take_procfs_away(program):
    for _ in range(8):      # what was mounted over it, too
        with contextlib.suppress(subprocess.CalledProcessError):
            inside(program, "umount", "-l", "/proc")
    program.until(lambda: "counters of the kernel cannot be read any more" in program.log)
    goes_on(program)


@pytest.mark.parametrize("backend", ["auto", "procfs"])
def test_procfs_is_taken_away(around, own_proc, backend):
    """It is given back. Landlock would open the one of the start alone."""
    program = around(popen=own_proc, backend=backend, sandbox="off", kernel="on")
    take_procfs_away(program)
    if backend == "procfs":
        program.until(lambda: last(program, "poll_errors"))
    inside(program, "mount", "-t", "proc", "proc", "/proc")
    recovers(program)
    program.until(lambda: "counters of the kernel are read again" in program.log)
    check(program)


@with_landlock
def test_another_procfs_stays_closed(around, own_proc):
    """It polls on by netlink, and counts what it cannot read."""
    program = around(popen=own_proc, pid="off", kernel="on")
    take_procfs_away(program)
    inside(program, "mount", "-t", "proc", "proc", "/proc")
    before = last(program, "poll_errors")
    program.until(lambda: last(program, "poll_errors") > before)
    check(program)
    assert "are read again" not in program.log and program.influx_polls()[-1].keys() >= {key for key in program.influx_polls()[0] if key[0] != "netstat_kernel"}


def test_the_loopback_is_taken_away(around):
    """Neither the connection nor the datagrams work until it is given back."""
    program = around()
    netns.ip("link", "set", "lo", "down")
    goes_on(program, 10)
    netns.ip("link", "set", "lo", "up")
    check(program)
