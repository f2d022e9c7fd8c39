"""pid: the process that holds a port's listening socket."""
import os
import socket
import subprocess
import sys

import pytest

import parse
import procfs
from procfs import Socket

# Listens at argv[1], then forks argv[2] processes that all hold the socket. Each prints its pid.
HOLDERS = """
import os, socket, sys
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
one.bind(("127.0.0.1", int(sys.argv[1])))
one.listen()
for _ in range(int(sys.argv[2]) - 1):
    if os.fork() == 0:
        break
os.write(1, b"%d\\n" % os.getpid())
os.read(0, 1)
"""


@pytest.fixture
def holders(namespace):
    """holders(port, count) starts processes that hold one listener. Returns their pids."""
    started = []

    def make(port, count=1):
        process = subprocess.Popen([sys.executable, "-c", HOLDERS, str(port), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        return [int(process.stdout.readline()) for _ in range(count)]

    yield make
    for process in started:
        process.stdin.close()       # the end of their input ends them all
        process.stdout.read()
        process.wait()


def pids(run):
    return {key: fields["pid"] for key, fields in run.ports.items() if "pid" in fields}


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
@pytest.mark.parametrize("rule,addr_port", [("8080", "8080"), ("127.0.0.1:8080", "127.0.0.1:8080"), ("*:8080", "127.0.0.1:8080"), ("listen", "8080")])
def test_listener(holders, poll, backend, rule, addr_port):
    pid, = holders(8080)
    assert pids(poll(ports=rule, backend=backend)) == {(addr_port, 4): pid}


def test_prefork(holders, poll):
    """All processes of a prefork server hold the listener."""
    together = holders(8080, 4)
    assert pids(poll(ports="8080")) == {("8080", 4): min(together)}


def test_two_listeners_in_two_processes(holders, poll):
    together = holders(8080) + holders(8080)
    run = poll(ports="8080")
    assert pids(run) == {("8080", 4): min(together)}
    assert run.ports["8080", 4]["tcp_listen"] == 2


def test_off(holders, poll):
    holders(8080)
    assert pids(poll(ports="8080", pid="off")) == {}


def test_own_process_for_a_connection_without_listener(namespace, poll):
    """Without a listener at the port, the owner of any socket of the series counts."""
    with socket.create_server(("127.0.0.1", 8080)) as listener, socket.create_connection(("127.0.0.1", 8080)):
        server, _ = listener.accept()
        with server:
            listener.close()
            run = poll(ports="8080")
            assert parse.nonzero(run.ports["8080", 4]) == {"tcp_established": 1}
            assert pids(run) == {("8080", 4): os.getpid()}


def test_udp(namespace, poll):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 5353))
        assert pids(poll(ports="5353")) == {("5353", 4): os.getpid()}


def test_without_rights_it_is_left_out(holders, open_binary):
    """The holder belongs to another user: the pid is unknown, not 0."""
    holders(8080)
    run = open_binary(user=65534, ports="8080")
    assert run.ports["8080", 4]["tcp_listen"] == 1 and pids(run) == {}


def test_lost_owner_is_one_zero(holders, start):
    """A StatsD server would show the old pid for ever."""
    process = subprocess.Popen([sys.executable, "-c", HOLDERS, "8080", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        pid = int(process.stdout.readline())
        program = start(ports="8080", format="dogstatsd")
        shown = lambda: [point.fields["pid"] for point in parse.dogstatsd(program.out)
                         if "pid" in point.fields and point.tag("ip_version") == "4"]
        polls = lambda: program.out.count("netstat.udp_socket") // 2
        program.until(lambda: len(shown()) >= 3)
    finally:
        process.stdin.close()
        process.stdout.read()
        process.wait()
    program.until(lambda: shown()[-1] == 0)
    seen = polls()
    program.until(lambda: polls() > seen + 10)
    assert set(shown()[:-1]) == {pid} and shown()[-1] == 0


# fixture: (sockets, {pid: inodes}, the pid or None)
LISTENER, CLIENT = Socket("10.0.0.1:80", inode=700), Socket("10.0.0.1:80", "tcp_established", "10.0.0.2:5000", inode=701)
OWNERS = {
    "nobody": ([LISTENER], {}, None),
    "somebody else": ([LISTENER], {50: [701, 7001, 70]}, None),
    "the listener's, not the connection's": ([CLIENT, LISTENER], {40: [701], 50: [700]}, 50),
    "the connection's when there is no listener": ([CLIENT], {40: [701]}, 40),
    "the lowest": ([LISTENER], {70: [700], 8: [700], 101: [700]}, 8),
    "not process 1 (socket activation)": ([LISTENER], {1: [700], 60: [700]}, 60),
    "process 1 alone": ([LISTENER], {1: [700]}, 1),
    "the lowest of two listeners": ([LISTENER, Socket("10.0.0.1:80", inode=702)], {90: [700], 80: [702]}, 80),
    "no inode (time-wait)": ([Socket("10.0.0.1:80", "tcp_time_wait", inode=0)], {40: [0]}, None),
}


@pytest.mark.parametrize("name", OWNERS)
def test_which(tmp_path, poll, name):
    sockets, owners, pid = OWNERS[name]
    run = poll(proc=procfs.write(tmp_path, sockets, owners), ports="80")
    assert run.ports["80", 4].get("pid") == pid


def test_pid_comes_last(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path, [LISTENER], {50: [700]}), ports="80", format="influx")
    assert list(run.ports["80", 4]) == parse.COUNTS + ["accept_queue", "close_wait_oldest_s", "pid"]


def test_many_descriptors(tmp_path, poll):
    """One walk over all processes serves all series."""
    sockets = [Socket(f"10.0.0.1:{1000 + i}", inode=5000 + i) for i in range(300)]
    owners = {200 + i: range(5000 + 30 * i, 5030 + 30 * i) for i in range(10)}
    found = pids(poll(proc=procfs.write(tmp_path, sockets, owners), ports="listen"))
    assert found == {(str(1000 + i), 4): 200 + i // 30 for i in range(300)}
