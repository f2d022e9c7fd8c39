"""Accept queues: connections that wait for a listener, their limit, and their peak between two polls, as `ss` shows them."""
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

import parse
import wait
from counting import descriptors, last_poll, traced

pytestmark = [pytest.mark.usefixtures("namespace"), pytest.mark.skipif(not shutil.which("ss"), reason="iproute2 is not installed")]

SOMAXCONN = 300
BURST = 5


def ss(port):
    """Returns [(waiting, limit)] of the listeners on a port."""
    out = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], check=True, capture_output=True, text=True).stdout
    return [(int(words[1]), int(words[2])) for words in map(str.split, out.splitlines())]


@pytest.fixture
def server(keep):
    """server(port, backlog, host) opens a listener that accepts nothing by itself."""
    def make(port=7000, backlog=128, host="127.0.0.1"):
        one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((host, port))
        one.listen(backlog)
        return keep(one)
    return make


@pytest.fixture
def queue(keep):
    """queue(listener, count) connects so often, and waits until all wait to be accepted."""
    def make(listener, count):
        address = listener.getsockname()[:2]
        before = sum(waiting for waiting, _ in ss(address[1]))
        for _ in range(count):
            keep(socket.create_connection(address))
        assert wait.until(lambda: sum(waiting for waiting, _ in ss(address[1])) == before + count)
    return make


def queues(fields):
    return {name: value for name, value in fields.items() if name.startswith("accept_queue")}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("waits", [lambda limit: 0, lambda limit: 1, lambda limit: limit, lambda limit: limit + 1], ids=["none", "one", "limit", "full"])
@pytest.mark.parametrize("backlog", [0, 5, 128, 4096])
def test_as_ss(server, queue, poll, host, waits, backlog):
    """The kernel takes one connection more than the limit."""
    pathlib.Path("/proc/sys/net/core/somaxconn").write_text(str(SOMAXCONN))
    limit, version = min(backlog, SOMAXCONN), 6 if ":" in host else 4
    count = waits(limit)
    with descriptors():
        queue(server(7000, backlog, host), count)
    assert ss(7000) == [(count, limit)]
    run = poll(ports="7000", format="influx")
    assert queues(run.ports["7000", version]) == {"accept_queue": count, "accept_queue_limit": limit, "accept_queue_peak": count}
    assert queues(run.ports["7000", 10 - version]) == {}
    fullest = {totals_version: fields["accept_queue_fullest"] for totals_version, fields in run.totals.items()}
    assert fullest == {version: 100 * count // (limit + 1), 10 - version: 0}
    run = poll(ports="7000", format="influx", backend="procfs")
    assert queues(run.ports["7000", version]) == {"accept_queue": count}
    assert [queues(fields) for fields in run.totals.values()] == [{}, {}]


def test_listeners_that_share_a_port_add_up(server, queue, poll):
    one = server(7000, 20)
    server(7000, 30)
    queue(one, 9)
    assert sorted(limit for _, limit in ss(7000)) == [20, 30] and sum(waiting for waiting, _ in ss(7000)) == 9
    run = poll(ports="7000")
    assert queues(run.ports["7000", 4]) == {"accept_queue": 9, "accept_queue_limit": 50, "accept_queue_peak": 9}
    assert run.totals[4]["accept_queue_fullest"] == max(100 * waiting // (limit + 1) for waiting, limit in ss(7000))


@pytest.mark.parametrize("rules", ["7000-7002", "*:1-65535", "listen", None])
def test_the_fullest_of_all(server, queue, poll, rules):
    for port, backlog, count in ((7000, 100, 30), (7001, 5, 3), (7002, 1000, 40)):
        queue(server(port, backlog), count)
    run = poll(ports=rules)
    assert run.totals[4]["accept_queue_fullest"] == 50 and run.totals[6]["accept_queue_fullest"] == 0
    assert sum(queues(fields).get("accept_queue", 0) for fields in run.ports.values()) == (73 if rules else 0)


def polls_of(program):
    """Returns the fields of the port's series, of each poll that is whole."""
    return [parse.ports(one)["7000", 4] for one in program.influx_polls()]


@pytest.mark.parametrize("rules", ["7000", "listen", "7000," + ",".join(map(str, range(8001, 8201, 2)))], ids=["one", "listen", "many"])
def test_a_burst_between_two_polls_shows_in_the_peak(server, start, rules):
    """The kernel lists only the rules' listeners for samples, or all. The burst is over before the next poll. On a machine that is slow it may not be,
    or no sample comes in between: then another burst follows."""
    listener = server()
    for port in (6999, 7001):
        server(port)
    program = start(ports=rules, interval="2s", self="off")

    def burst():
        clients = [socket.create_connection(listener.getsockname()) for _ in range(BURST)]
        time.sleep(.3)
        for client in clients:
            listener.accept()[0].close()
            client.close()

    def poll_and_burst():
        before = program.out.count("netstat_port")
        program.until(lambda: program.out.count("netstat_port") > before)
        burst()
        return any((fields["accept_queue"], fields["accept_queue_peak"]) == (0, BURST) for fields in polls_of(program))

    assert any(poll_and_burst() for _ in range(20)), program.out
    seen = len(polls_of(program)) + 1
    program.until(lambda: len(polls_of(program)) > seen and polls_of(program)[-1]["accept_queue_peak"] == 0)


def test_a_filter_that_the_kernel_refuses(server, queue, tmp_path):
    """By EINVAL, as an old one does. The fourth request is the first sample's, since three are the first poll's, or the second poll's if no sample
    came in between. After that there is no netlink, and another run follows."""
    queue(server(), 3)

    def sampled():
        run = traced(tmp_path, "-e", "inject=sendto:error=EINVAL:when=4", ports="7000", interval="2s", peak="10ms")
        assert "could not be sampled" not in run.log
        return queues(parse.ports(last_poll(run))["7000", 4]) == {"accept_queue": 3, "accept_queue_limit": 128, "accept_queue_peak": 3}

    assert any(sampled() for _ in range(5))


def test_where_only_polls_are_samples(server, queue, poll):
    queue(server(), 3)
    for peak in ("100ms", "1h"):
        run = poll(ports="7000", peak=peak, polls=3, interval="100ms", format="influx")
        assert [parse.ports(parse.series(one))["7000", 4]["accept_queue_peak"] for one in parse.by_poll(run.points)] == [3, 3, 3]
    for peak in ("0", "0s"):
        assert queues(poll(ports="7000", peak=peak).ports["7000", 4]) == {"accept_queue": 3, "accept_queue_limit": 128}


def test_a_recording_has_no_peak(server, queue, poll, tmp_path):
    queue(server(), 3)
    env = dict(ports="7000", pid="off", polls=2, interval="100ms", peak="10ms")
    recorded = poll(backend=f"record:{tmp_path}/r", **env)
    assert ".accept_queue:3|g" in recorded.out and "peak" not in recorded.out
    assert poll(backend=f"replay:{tmp_path}/r", **env).out == recorded.out


def test_the_last_listener_goes(server, queue, start):
    """A StatsD server repeats a gauge until it gets a 0, which is sent once."""
    listener = server()
    queue(listener, 3)
    program = start(ports="7000", format="dogstatsd", self="off", pid="off")
    lines = lambda name: [line for line in program.out.splitlines() if line.startswith(f"netstat_port.{name}:") and line.endswith("ip_version:4")]
    program.until(lambda: lines("accept_queue"))
    listener.close()
    program.until(lambda: any(".tcp_listen:0|" in line for line in lines("tcp_listen")))
    after = len(lines("tcp_listen")) + 10
    program.until(lambda: len(lines("tcp_listen")) > after)
    for name, value in (("accept_queue", 3), ("accept_queue_limit", 128), ("accept_queue_peak", 3)):
        values = [int(line.split(":")[1].split("|")[0]) for line in lines(name)]
        assert values == [value] * (len(values) - 1) + [0], values
