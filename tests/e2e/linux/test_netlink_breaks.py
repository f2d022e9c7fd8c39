"""netlink opens, then fails during a dump. Its counts are withdrawn, and procfs gives the whole count in the same poll."""
import shutil
import socket
import subprocess

import pytest

import parse
from program import BINARY, ONE_POLL, environment, run_binary

STRACE = shutil.which("strace")


def traced(tmp_path, inject, **env):
    """Polls once, with these system calls made to fail."""
    run = run_binary(environment(ONE_POLL, {"format": "influx", **env}), "-f", "-o", str(tmp_path / "trace"), "-e", "inject=" + inject,
                     BINARY, binary=STRACE, timeout=60)
    assert "INJECTED" in (tmp_path / "trace").read_text(), "no such call was made"
    return run


@pytest.fixture
def sockets(namespace, tmp_path):
    """Opens more sockets than one read of netlink holds. Skips the test if strace is not allowed."""
    if not STRACE:
        pytest.skip("strace is not installed")
    if subprocess.run([STRACE, "-o", tmp_path / "try", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("strace may not trace here")
    kept = [socket.create_server(("127.0.0.1", 7000 + i)) for i in range(300)]
    for i in range(50):
        kept.append(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        kept[-1].bind(("::1", 7000 + i))
    yield
    for one in kept:
        one.close()


@pytest.mark.parametrize("when", ["1", "3", "5", "2+"])
@pytest.mark.parametrize("failure", ["error=ENOBUFS", "error=EIO", "error=EINTR", "error=EAGAIN", "retval=0"])
def test_receive(sockets, tmp_path, failure, when):
    run = traced(tmp_path, f"recvfrom:{failure}:when={when}", ports="7000-7299")
    assert parse.nonzero(run.totals[4]) == parse.nonzero(run.ports["7000-7299", 4]) == {"tcp_listen": 300}
    assert parse.nonzero(run.totals[6]) == parse.nonzero(run.ports["7000-7299", 6]) == {"udp_socket": 50}


@pytest.mark.parametrize("when", ["1", "3", "1+"])
def test_send(sockets, tmp_path, when):
    run = traced(tmp_path, f"sendto:error=EPERM:when={when}")
    assert (run.totals[4]["tcp_listen"], run.totals[6]["udp_socket"]) == (300, 50)
