"""Bytes that wait in the sockets' queues, and what UDP sockets lose, as `ss` shows them."""
import re
import shutil
import socket
import struct
import subprocess

import pytest

import parse
import streams
import wait
from counting import descriptors, skip_beside_others
from streams import pair        # a fixture

pytestmark = [pytest.mark.usefixtures("namespace"), pytest.mark.skipif(not shutil.which("ss"), reason="iproute2 is not installed")]

BACKENDS = ["netlink", "procfs"]


def ss(options, port=None):
    """Returns the rows of ss, each a list of words; those of one local port only."""
    rows = ["ss", f"-{options}nH", *([f"sport = :{port}"] if port else [])]
    return [line.split() for line in subprocess.run(rows, check=True, capture_output=True, text=True).stdout.splitlines()]


def waiting(port=None):
    """Returns (bytes to read, bytes to be acknowledged) of all TCP sockets but listeners, FIN and SYN included."""
    rows = [words for words in ss("ta", port) if words[0] != "LISTEN"]
    return sum(int(words[1]) for words in rows), sum(int(words[2]) for words in rows)


def udp_drops(port):
    """Returns what the sockets of a port have lost, and the memory of what they have not read."""
    found = [(re.search(r"skmem:\(r(\d+),.*,d(\d+)\)", " ".join(words)), words) for words in ss("uamO", port)]
    assert all(int(memory[1]) == int(words[1]) for memory, words in found)
    return sum(int(memory[2]) for memory, _ in found), sum(int(memory[1]) for memory, _ in found)


def bytes_of(fields):
    return tuple(fields.get(name) for name in parse.BYTES)


def while_steady(read, act):
    """Returns what was read, the same before and after the act, and the act's result. Bytes that wait may still move for a while."""
    def try_once():
        before = read()
        result = act()
        return read() == before and (before, result)
    return wait.until(try_once)


@pytest.fixture
def connect(keep):
    """connect(port, host) returns both ends of a new connection, the client's first."""
    listeners = {}

    def make(port=7000, host="127.0.0.1"):
        if (port, host) not in listeners:
            listeners[port, host] = keep(socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1000))
        client = keep(socket.create_connection((host, port)))
        return client, keep(listeners[port, host].accept()[0])
    return make


def fill(end):
    """Sends until nothing more is taken."""
    end.setblocking(False)
    try:
        while True:
            end.send(bytes(65536))
    except BlockingIOError:
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_tcp_as_ss(connect, poll, backend, host):
    """What one end has sent and the other has not read waits at both, once the window is full."""
    version, pairs = 6 if ":" in host else 4, [connect(7000, host) for _ in range(5)]
    for n, (client, server) in enumerate(pairs):
        client.send(bytes(1000 * n))
    fill(pairs[0][0])
    fill(pairs[1][1])
    read = lambda: (waiting(7000), waiting())
    ((received, sent), everything), run = while_steady(read, lambda: poll(ports="7000,>7000", queues="auto", backend=backend))
    assert received > 10000 and sent > 10000
    assert bytes_of(run.ports["7000", version]) == (received, sent, 0)
    assert bytes_of(run.ports["7000", 10 - version]) == (0, 0, 0)
    assert bytes_of(run.totals[version]) == (*everything, 0)
    assert bytes_of(run.remotes["7000", version]) == (everything[0] - received, everything[1] - sent, 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fin_is_no_byte(connect, poll, backend):
    """ss counts one that was not read, and one that was not acknowledged because the window is full."""
    for n in (0, 0, 10):
        client, server = connect()
        client.send(bytes(n))
        client.close()
    assert wait.until(lambda: [words[0] for words in ss("ta", 7000)].count("CLOSE-WAIT") == 3)
    assert waiting(7000) == (13, 0)
    client, server = connect(7001)
    fill(server)
    server.close()
    read = lambda: [words[:3] for words in ss("ta", 7001) if words[0] != "LISTEN"]
    [[state, _, sent]], run = while_steady(read, lambda: poll(ports="7000,7001", queues="auto", backend=backend))
    assert state == "FIN-WAIT-1"
    assert bytes_of(run.ports["7000", 4]) == (10, 0, 0)
    assert bytes_of(run.ports["7001", 4]) == (0, int(sent) - 1, 0)


def test_connections_that_wait_are_no_bytes(keep, poll):
    listener = keep(socket.create_server(("127.0.0.1", 7000)))
    for _ in range(3):
        keep(socket.create_connection(listener.getsockname()))
    fields = poll(ports="7000", queues="auto").ports["7000", 4]
    assert fields["accept_queue"] == 3 and bytes_of(fields) == (0, 0, 0)


def test_a_total_needs_a_list_of_all(connect, poll, keep):
    """Where TCP sockets are many, the total is pushed only if SOCKPUSH_QUEUES asks for a list. The series have theirs always."""
    with descriptors():
        pairs = [connect() for _ in range(1100)]
        client, server = connect(7001)
        client.send(bytes(77))
        totals = lambda run: run.totals[4].keys() & set(parse.BYTES)
        own = lambda run: next(fields for (name, _), fields in run.series.items() if name == "sockpush")
        for queues, expected in (("auto", 0), ("on", 1)):
            run = poll(ports="7001", queues=queues, self="on", count="auto")
            skip_beside_others(run.log)
            assert bytes_of(run.ports["7001", 4]) == (77, 0, 0)
            assert own(run)["queue_totals"] == expected, run.log
            assert totals(run) == (set(parse.BYTES) if expected else {"udp_rx_queue_bytes"})
        assert run.totals[4]["tcp_rx_queue_bytes"] == 77
        assert "SOCKPUSH_QUEUES=on" in run.log
        run = poll(ports="7001", queues="off", self="on")
        assert own(run)["queue_totals"] == 0 and not totals(run) and not {*parse.BYTES, "udp_drops"} & run.ports["7001", 4].keys()
    for pair_of_ends in pairs:
        for end in pair_of_ends:
            end.close()
    one = wait.until(lambda: (run := poll(ports="7001", queues="auto", self="on")) and own(run)["queue_totals"] and run)
    assert one.totals[4]["tcp_rx_queue_bytes"] == 77, "few sockets are listed anyway"


def test_a_total_does_not_come_and_go(connect, start):
    """Where there are about 2,000 sockets."""
    with descriptors():
        pairs = [connect() for _ in range(900)]
        program = start(queues="auto", count="auto")      # no rules, so that other namespaces make no difference
        own = lambda: [(fields["sockets"], fields["queue_totals"]) for one in program.influx_polls() for (name, _), fields in one.items() if name == "sockpush"]

        def reach(count):
            pairs.extend(connect() for _ in range(count - len(pairs)))
            while len(pairs) > count:
                for end in pairs.pop():
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.close()
            program.until(lambda: own() and own()[-1][0] == 2 * count + 1)
            return own()[-1][1]

        assert reach(900) and reach(1050)
        program.until(lambda: not reach(1200))
        assert not reach(1050)
        assert reach(950)


# ---- UDP

@pytest.fixture
def receiver(keep):
    """receiver(port) is a UDP socket with little room."""
    def make(port=7000, host="127.0.0.1"):
        one = keep(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.bind((host, port))
        return one
    return make


def flood(port=7000, n=100, host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(n):
            sender.sendto(bytes(100), (host, port))


def lost(program, addr_port="7000", version=4):
    """Returns udp_drops of each poll, of the series or, for None, of all."""
    series = lambda one: parse.totals(one)[version] if addr_port is None else parse.ports(one)[addr_port, version]
    return [series(one)["udp_drops"] for one in program.influx_polls()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_udp_as_ss(receiver, start, backend, host):
    """The socket's first poll is its base. After that each datagram counts once. One that is closed and opened again makes no jump."""
    version = 6 if ":" in host else 4
    one = receiver(7000, host)
    flood(host=host)
    base, memory = wait.until(lambda: (found := udp_drops(7000))[0] and found)
    assert memory > 0
    program = start(ports="7000", queues="auto", backend=backend, pid="off")
    program.until(lambda: program.influx_polls())
    for n in range(1, 4):
        flood(host=host)
        drops = 100 * n
        assert wait.until(lambda: udp_drops(7000)[0] - base == drops)
        program.until(lambda: lost(program, version=version)[-1] == drops)
    assert lost(program, None, version)[-1] == drops and set(lost(program, version=10 - version)) == {0}
    assert parse.ports(program.influx_polls()[-1])["7000", version]["udp_rx_queue_bytes"] == memory
    one.close()
    receiver(7000, host)
    flood(host=host)
    seen = len(lost(program))
    program.until(lambda: len(lost(program)) > seen + 2)
    again = lost(program, version=version)[-1]
    assert drops <= again <= drops + udp_drops(7000)[0], "as many of the new one's as came after the first poll that saw it"
    found = lost(program, version=version)
    assert found == sorted(found)


def test_sockets_beyond_the_room(keep, start):
    """Of ten thousand, a thousand are followed, and the rest is counted."""
    with descriptors():
        many = [keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(10000)]
        for one in many:
            one.bind(("127.0.0.1", 0))
        program = start(queues="auto", backend="netlink")
        untracked = lambda: [fields["untracked_sockets"] for one in program.influx_polls() for (name, _), fields in one.items() if name == "sockpush"]
        program.until(lambda: len(untracked()) >= 3)
        assert set(untracked()) == {9000}
        for one in many:
            one.close()
        program.until(lambda: untracked()[-1] == 0)
        assert program.end() == 0, program.log


def increments(text):
    """Returns what a receiver of dogstatsd adds up: (of all, of the port)."""
    points = [point for point in parse.dogstatsd(text) if "udp_drops" in point.fields]
    assert all(point.kind == "c" for point in points)
    return tuple(sum(point.fields["udp_drops"] for point in points if point.measurement == name) for name in ("netstat", "netstat_port"))


def test_a_stream_that_breaks(receiver, pair):
    """Increments are neither lost nor pushed twice."""
    receiver()
    serve = lambda n: streams.fin_after(6000) if n < 4 else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, "dogstatsd", queues="auto", ports="7000", pid="off")
        program.until(lambda: "netstat.udp_drops:0|c" in program.out)
        flood()
        dropped = lambda: udp_drops(7000)[0]

        def send():
            flood(n=5)
            program.until(lambda: increments(program.out)[1] == dropped())

        while len(aggregator.connections) < 5:
            send()
        send()
        program.until(lambda: increments(streams.whole(aggregator.connections[-1]))[1])
        assert program.end() == 0, program.log
        assert wait.until(lambda: len(aggregator.ended) == len(aggregator.connections))
        assert increments(aggregator.text) == increments(program.out) == (dropped(),) * 2


def test_a_series_has_drops_from_the_first_one_on(receiver, start):
    """In the formats of StatsD."""
    receiver()
    receiver(7001)
    program = start(to="dogstatsd+stdout:", ports="7000,7001", queues="auto", pid="off")
    program.until(lambda: program.out.count("netstat.udp_drops:0|c") >= 4)
    assert "netstat_port.udp_drops" not in program.out
    flood(7001)
    program.until(lambda: program.out.count("netstat_port.udp_drops") >= 3)
    assert program.end() == 0
    points = [point for point in parse.dogstatsd(program.out) if point.measurement == "netstat_port" and "udp_drops" in point.fields]
    assert {point.tag("addr_port") for point in points} == {"7001"}
    assert sum(point.fields["udp_drops"] for point in points) == udp_drops(7001)[0]


@pytest.mark.parametrize("form", ["dogstatsd", "statsd", "table"])
def test_recording(receiver, connect, start, poll, tmp_path, form):
    """A replay pushes the same."""
    path, env = tmp_path / "r", {"format": form, "self": "off", "to": "stdout:", "ports": "7000", "pid": "off"}
    receiver()
    client, server = connect()
    client.send(bytes(55))
    recorder = start(backend=f"record:{path}", queues="auto", polls=4, **env)
    while recorder.process.poll() is None:
        flood(n=3)
    assert recorder.end(None) == 0, recorder.log
    if form == "dogstatsd":
        assert "tcp_rx_queue_bytes:55|g" in recorder.out and increments(recorder.out)[1] > 0
    replayed = poll(backend=f"replay:{path}", queues="auto", interval="100ms", **{**env, "polls": 0})
    assert replayed.status == 0 and replayed.out == recorder.out


@pytest.mark.parametrize("value", ["yes", "1", "all"])
def test_a_value_that_is_wrong(run, value):
    one = run(queues=value, polls=1)
    assert one.status == 2 and f'SOCKPUSH_QUEUES' in one.log and "auto, on, off" in one.log
