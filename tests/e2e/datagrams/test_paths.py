"""udp: datagrams fit the path to the receiver, and no socket is connected to itself."""
import re
import socket
import subprocess

import pytest

import netns
import parse
import rights
import wait

pytestmark = pytest.mark.usefixtures("namespace")


def datagrams(receiver, n):
    receiver.settimeout(wait.DEADLINE)
    return [receiver.recv(65536) for _ in range(n)]


@pytest.fixture
def receiver():
    """A receiver at ::1 and at 127.0.0.1."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as reserved:
        port = reserved.getsockname()[1]
    one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.bind(("::", port))
    with one:
        yield one


@pytest.mark.parametrize("host,headers", [("127.0.0.1", 28), ("[::1]", 48)])
@pytest.mark.parametrize("mtu", [1420, 1300, 65536])
def test_datagrams_fit_the_path(start, receiver, host, headers, mtu):
    """The first poll's datagrams fit, too, though they are packed before the path is known."""
    netns.ip("link", "set", "lo", "mtu", str(mtu))
    program = start(to=f"dogstatsd+udp://{host}:{receiver.getsockname()[1]},dogstatsd+stdout:", ports="80,443,5432", self="off", polls=2, interval="300ms", format=None)
    assert program.end(number=None) == 0
    got = datagrams(receiver, len(program.out) // 1432)
    receiver.settimeout(1)
    try:
        while True:
            got.append(receiver.recv(65536))
    except TimeoutError:
        pass
    assert sorted(line for one in got for line in one.decode().split("\n")) == sorted(program.out.splitlines())
    assert max(map(len, got)) <= min(1432, mtu - headers) and max(map(len, got)) > min(1432, mtu - headers) - 100
    assert ("takes" in program.log) == (mtu < 1460), program.log


def test_set_mtu_is_obeyed_and_warned_about(start, receiver):
    netns.ip("link", "set", "lo", "mtu", "1300")
    program = start(to=f"dogstatsd+udp://127.0.0.1:{receiver.getsockname()[1]}", ports="80,443,5432", mtu=1432, polls=1, format=None)
    assert program.end(number=None) == 0
    assert max(len(one) for one in datagrams(receiver, 3)) > 1300
    assert re.search(r" warn .*SOCKPUSH_MTU=1432 is more than the 1272 bytes that the path takes", program.log), program.log


@pytest.mark.parametrize("transport", ["tcp", "udp", "http"])
def test_nobody_is_connected_to_himself(start, transport):
    """The kernel has one port left for clients, which is the receiver's, so it would connect a socket to itself."""
    try:
        subprocess.run(["sh", "-c", "echo 45002 45002 >/proc/sys/net/ipv4/ip_local_port_range"], check=True, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        rights.needs_root("can't choose the ports for clients")
    program = start(to=f"influx+{transport}://127.0.0.1:45002")
    program.until(lambda: "Connection refused; retrying" in program.log)
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as receiver:
        receiver.bind(("127.0.0.1", 45002))     # the receiver can still bind its port
    assert parse.log(program.log)
    program.kill()
