"""statsd/statsd, the original one, by UDP and TCP, with tags and without."""
import re
import socket
import struct
import time

import pytest

import naming
import parse
import servers

NAMES = {"statsd": naming.statsd, "dogstatsd": naming.graphite}     # etsy's statsd writes tags as Graphite does


@pytest.fixture(scope="module")
def etsy(serve):
    return serve(servers.Etsy)


def gauges(etsy, *words):
    """Returns the newest flush's gauges with these words in their names."""
    return {name: value for name, value in etsy.flushes()[-1]["gauges"].items() if all(word in name for word in words)}


def counted(etsy, *words):
    """Returns all increments of the counters with these words in their names."""
    return sum(value for flush in etsy.flushes() for name, value in flush["counters"].items() if all(word in name for word in words))


@pytest.mark.parametrize("format, established", [
    ("statsd", "web1.netstat_port.8080.4.tcp_established"),
    ("dogstatsd", "netstat_port.tcp_established;addr_port=8080;host=web1;ip_version=4")])
def test_udp(etsy, push, format, established):
    prefix = f"{format}-udp"
    expected = naming.values(push(f"{format}+udp://127.0.0.1", prefix=prefix, host="web1"), NAMES[format])
    assert expected[f"{prefix}.{established}"] == 3
    etsy.settles(lambda: gauges(etsy, prefix), expected)


@pytest.mark.parametrize("format, names", [
    ("statsd", ["a.netstat_port.127_0_0_1_8080.4.tcp_established", "a.netstat_port.__1_8080.6.tcp_established"]),
    ("dogstatsd", ["netstat_port.tcp_established;addr_port=127.0.0.18080;host=a;ip_version=4",
                   "netstat_port.tcp_established;addr_port=18080;host=a;ip_version=6"])])
def test_address_and_port(etsy, push, format, names):
    """statsd removes a colon from a tag, so 1.1.1.1:180 and 1.1.1.11:80 would be one. Folded into the name they stay two."""
    push(f"{format}+udp://127.0.0.1", ports="*:8080", host="a", prefix=f"{format}-address")
    expected = {f"{format}-address.{name}": value for name, value in zip(names, (3, 2))}
    etsy.settles(lambda: gauges(etsy, f"{format}-address.", "netstat_port", "tcp_established"), expected)


@pytest.mark.parametrize("format", NAMES)
def test_tcp(etsy, push, format):
    prefix = f"{format}-tcp"
    expected = naming.values(push(f"{format}+tcp://127.0.0.1:8127", prefix=prefix, host="web1"), NAMES[format])
    etsy.settles(lambda: gauges(etsy, prefix), expected)


@pytest.mark.parametrize("format", NAMES)
def test_odd_names(etsy, push, format):
    """No line is refused, and none becomes two."""
    points = push(f"{format}+udp://127.0.0.1", host="a b|c@d#e:f/\u00fc", tags="k=v:w|x,n=1 2;m=3", prefix=f"{format}-odd")
    etsy.settles(lambda: len(gauges(etsy, f"{format}-odd")), sum(len(point.fields) for point in points))
    assert counted(etsy, "bad_lines_seen") == 0


@pytest.mark.parametrize("format", NAMES)
def test_own_counters(etsy, run, format):
    """The increments add up to all lines sent before the last poll."""
    host = f"{format}-own"
    assert run(to=f"{format}+udp://127.0.0.1", host=host, interval="300ms", polls=4).status == 0
    lines = 2 * len(parse.TOTALS) + len(parse.BACKEND) + 4
    etsy.settles(lambda: counted(etsy, host, "sent_lines"), 3 * lines)


@pytest.mark.parametrize("format, rule", [("statsd", "listen"), ("dogstatsd", "*:9090")])
def test_series_that_ended_is_zero(etsy, start, listen, connect, format, rule):
    """statsd repeats the last value of a gauge, so it must be 0, and stay 0 after sockpush has ended."""
    host = f"{format}-end"
    ours = lambda: gauges(etsy, host, "netstat_port", "9090")
    nonzero = lambda: {re.split("[.;]", name)[-1 if format == "statsd" else 1] for name, value in ours().items() if value}
    listener = listen("127.0.0.1", 9090)
    connection = connect(listener)
    program = start(to=f"{format}+udp://127.0.0.1", ports=rule, host=host, self="off")
    etsy.settles(nonzero, {"tcp_established", "tcp_listen", "accept_queue_limit", "pid"})
    held = set(ours())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))     # leaves no TIME_WAIT
    connection.close()
    listener.close()
    etsy.settles(nonzero, set())
    assert program.end() == 0
    seen = len(etsy.flushes())
    etsy.until(lambda: len(etsy.flushes()) >= seen + 3)
    assert nonzero() == set() and set(ours()) == held, "statsd still has them"


def test_times(etsy):
    """A gauge has no time of its own: its time is the flush's."""
    before, seen = time.time(), len(etsy.flushes())
    etsy.until(lambda: len(etsy.flushes()) > seen + 1)
    assert before - 1 <= etsy.flushes()[seen + 1]["time"] <= time.time() + 1, "in whole seconds"
