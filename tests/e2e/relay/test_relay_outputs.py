"""Outputs of lines that are passed on: a slow one, the program's end, and own counters."""
import contextlib
import re
import socket
import struct
import threading

import pytest

import parse
import passed_on
import ports
import receivers
import streams
import tls_pki
import wait
from passed_on import DIALECTS
from test_relay import counters, relay, udp      # relay: a fixture
from tls_pki import pki                          # a fixture


def values(data):
    """Returns [n] of the lines n:0|c, n:1|c …"""
    return [int(line.split(b"|")[0][2:]) for line in passed_on.lines(bytes(data))]


# ---- a slow one

def dropped(program, port):
    found = re.findall(rf"^sockpush_output,.*output=tcp://127.0.0.1:{port} .*dropped_lines=(\d+)i", program.out, re.M)
    return int(found[-1]) if found else 0


def test_a_stuck_output_costs_only_its_own_lines(relay, keep):
    """A receiver that does not read for a while misses the oldest lines, all of which are counted. The other one gets each, and the listener
    goes on."""
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv4/tcp_wmem", "w") as file:
        file.write("4096 16384 16384")      # of the test's network namespace, so that fewer lines are enough
    stuck, fast = keep(socket.create_server(("127.0.0.1", 0))), keep(streams.Aggregator())
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    port, sent = stuck.getsockname()[1], 0
    program = relay(to=f"influx+stdout:,dogstatsd+tcp://127.0.0.1:{port},dogstatsd+tcp://127.0.0.1:{fast.port}", interval="100ms", buffer="64KiB")

    def send(got):
        """Sends 20 KB, and waits until they have arrived there."""
        nonlocal sent
        udp(8125, *("\n".join(f"n:{n}|c|#k:{'x' * 200}" for n in range(sent + i, sent + i + 20)) for i in range(0, 80, 20)))
        sent += 80
        program.until(lambda: b"\nn:%d|c" % (sent - 1) in got())

    read_fast = lambda: b"".join(fast.connections)
    while not dropped(program, port):
        send(read_fast)
    connection, got = keep(stuck.accept()[0]), bytearray()
    connection.settimeout(wait.DEADLINE)
    reader = threading.Thread(target=streams.read_all, args=(connection, got), daemon=True)
    reader.start()
    send(lambda: got)
    seen = program.out.count("sockpush_listen,")
    program.until(lambda: program.out.count("sockpush_listen,") > seen + 1)
    assert program.end() == 0, program.log
    reader.join()
    assert values(read_fast()) == [*range(sent)] and dropped(program, fast.port) == 0
    assert values(got) == sorted(set(values(got))) and dropped(program, port) > 0
    assert got.count(b"\n") + dropped(program, port) == read_fast().count(b"\n")
    assert (counters(program.out)["kernel_drops"], counters(program.out)["lines"]) == (0, sent)


# ---- the end

@pytest.fixture
def receiver(keep, tmp_path, pki):
    """receiver(transport) starts one. Returns its URL, and what gives its bytes when the sender has ended."""
    def make(transport):
        if transport == "udp":
            one = keep(receivers.udp())
            return f"udp://127.0.0.1:{one.port}", lambda: one.data
        if transport == "tcp":
            one = keep(streams.Aggregator())
            return f"tcp://127.0.0.1:{one.port}", lambda: b"".join(one.connections)
        if transport == "tls":
            one = keep(tls_pki.Server(pki.leaf_p256))
            return f"tls://localhost:{one.port}", lambda: one.so_far.encode()
        one = keep((receivers.unix_stream if transport == "unixstream" else receivers.unix_datagram)(tmp_path / "to.sock"))
        return f"{transport}://{tmp_path}/to.sock", lambda: one.data
    return make


@contextlib.contextmanager
def client(listen, path):
    """Yields a function that sends lines there."""
    kind = socket.SOCK_STREAM if listen == "unixstream" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET if listen == "udp" else socket.AF_UNIX, kind) as sender:
        sender.connect(("127.0.0.1", 8125) if listen == "udp" else path)
        yield lambda data: sender.sendall(struct.pack("<I", len(data)) + data if listen == "unixstream" else data)


WAYS = [*((format, to, "udp") for format in DIALECTS for to in ("udp", "unix", "unixstream", "tcp", "tls")),
        ("dogstatsd", "tcp", "unix"), ("dogstatsd", "tcp", "unixstream")]


@pytest.mark.parametrize("format, to, listen", WAYS)
def test_what_has_arrived_before_the_end_is_sent(relay, receiver, pki, tmp_path, format, to, listen):
    """All of it, once, in order. On Datadog's Unix stream the packets have their lengths before them."""
    url, received = receiver(to)
    path = f"{tmp_path}/listen.sock"
    program = relay(to=f"{format}+{url}", listen="udp://127.0.0.1:8125" if listen == "udp" else f"{listen}://{path}", tls_ca=pki.ca, interval="1h")
    with client(listen, path) as send:
        for n in range(0, 2000, 20):
            send("\n".join(f"n:{i}|c" for i in range(n, n + 20)).encode())
        assert program.end() == 0, program.log

    def lines():
        if (format, to) == ("datadog", "unixstream"):
            return "".join(packet + "\n" for packet in parse.frames(received())).encode()
        return received()

    wait.until(lambda: values(lines()) == [*range(2000)])
    assert values(lines()) == [*range(2000)]


# ---- own counters

def own_lines(text):
    """Returns [(name, value, type)] of sockpush_listen."""
    return re.findall(r"^sockpush_listen\.(\w+):(\d+)\|([cg])\|#host:h,listen:udp://127.0.0.1:8125$", text, re.M)


def test_own_counters_add_up(relay, keep):
    """Increments that did not arrive come with the next ones, whatever connections break. How full the buffer is, is a gauge."""
    port = ports.unused()
    program = relay(to=f"influx+stdout:,dogstatsd+tcp://127.0.0.1:{port}", interval="100ms")
    polls = lambda: program.out.count("sockpush_listen,")

    def count_until(condition):
        program.until(lambda: udp(8125, "n:1|c\nbad\n_e{1,1}:a|b\nn:2:3|c") or condition())

    count_until(lambda: polls() > 3)        # nobody is there yet
    receiver = keep(streams.Aggregator(lambda n: streams.fin_after(4000) if n < 3 else streams.read_all, port=port))
    count_until(lambda: len(receiver.connections) > 3)
    seen = polls()
    count_until(lambda: polls() > seen + 2)
    assert program.end() == 0, program.log
    totals, sums, gauges = counters(program.out), {}, ("series", "buffer_used_percent")
    wait.until(lambda: len(receiver.ended) == len(receiver.connections))
    for name, value, kind in own_lines(receiver.text):
        assert kind == ("g" if name in gauges else "c")
        sums[name] = sums.get(name, 0) + int(value)
    wanted = {name: value for name, value in totals.items() if name not in gauges}
    assert {name: sums[name] for name in wanted} == wanted and totals["lines"] == 3 * totals["datagrams"] > 0
    assert totals["refused_lines"] == totals["unsupported_lines"] == totals["datagrams"]
