"""Many sockets, so that they are counted by the kernel's counters, and what the log says of it."""
import contextlib
import resource
import shutil
import socket
import subprocess

import pytest

import parse
from program import BINARY, ONE_POLL, environment, run_binary

COUNTED = "counted by the kernel's counters"
OTHERS = "most are in other network namespaces"
TWO_POLLS = dict(format="influx", polls=2, interval="100ms", pid="off", log_level="debug")     # the first lists all, to check the counters


def skip_beside_others(text):
    if OTHERS in text:
        pytest.skip("this machine has too many sockets in other network namespaces")


def assert_counted(run):
    skip_beside_others(run.log)
    assert COUNTED in run.log, run.log


def last_poll(run):
    assert run.status == 0, run.log
    return parse.series(parse.by_poll(parse.influx(run.out))[-1])


@contextlib.contextmanager
def descriptors():
    """Allows this process as many as the tests need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 16384:
        pytest.skip(f"only {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def many(namespace):
    """Connects so many times to an address; both ends stay open as long as the test runs."""
    kept = []

    def connect(address, count):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address.removeprefix("::ffff:") if "." in address else address, 7000),
                                        family=socket.AF_INET if "." in address else family, backlog=4096)
        kept.append(listener)
        for _ in range(count):
            one = socket.socket(family, socket.SOCK_STREAM)
            one.connect((address, 7000))
            kept.extend((one, listener.accept()[0]))

    with descriptors():
        yield connect
        for one in kept:
            one.close()


def traced(tmp_path, *options, **env):
    """Runs two polls under strace, whose options must change a call."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    if subprocess.run([strace, "-o", tmp_path / "try", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("strace may not trace here")
    run = run_binary(environment(ONE_POLL, {**TWO_POLLS, **env}), "-f", "-o", str(tmp_path / "trace"), *options, BINARY, binary=strace, timeout=120)
    assert "INJECTED" in (tmp_path / "trace").read_text(), "no such call was made"
    return run
