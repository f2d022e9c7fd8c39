"""Graphite's carbon, by UDP and TCP, and the whisper files that it writes."""
import socket
import time

import pytest

import naming
import servers


@pytest.fixture(scope="module")
def carbon(serve):
    return serve(servers.Carbon)


def stored(carbon, prefix):
    return {name: rows for name, rows in carbon.stored().items() if name.startswith(prefix)}


@pytest.mark.parametrize("to, prefix", [("udp://127.0.0.1", "one"), ("tcp://127.0.0.1:2003", "four")])
def test_graphite(carbon, push, to, prefix):
    """Each series has a file, found by name and tags. The value is at the poll's second."""
    points = push(f"graphite+{to}", prefix=prefix, tags="zone=b,area=a")
    expected = {name: [(points[0].time // 10**9, value)] for name, value in naming.values(points, naming.graphite).items()}
    name = f"{prefix}.netstat_port.tcp_established;addr_port=8080;area=a;host=web1.example;ip_version=4;zone=b"
    assert expected[name][0][1] == 3
    carbon.settles(lambda: stored(carbon, f"{prefix}."), expected)


def test_odd_tags(carbon, push):
    """Each count is one series, whatever its tags are."""
    points = push("graphite+udp://127.0.0.1", prefix="two", host="a;b c~d=e\u00fc", tags="name=x,e^f!=~g,h")
    carbon.settles(lambda: len(stored(carbon, "two.")), sum(len(point.fields) for point in points))
    name = next(name for name in stored(carbon, "two.netstat_port.tcp_established") if "ip_version=4" in name)
    assert name == "two.netstat_port.tcp_established;addr_port=8080;e_f_=_g;h=true;host=a_b_c~d=e\u00fc;ip_version=4;name_=x"


def test_time_left_to_the_receiver(carbon):
    """The time is -1, which means the receiver's time. The test sends it, because a clock is hard to take away."""
    before = int(time.time())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"three.netstat.tcp_established;host=a 12 -1\n", ("127.0.0.1", 2003))
    [[at, value]] = carbon.until(lambda: stored(carbon, "three.")).popitem()[1]
    assert before <= at <= time.time() and value == 12
