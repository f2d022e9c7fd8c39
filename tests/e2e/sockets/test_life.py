"""When a port series begins and ends, and how many there may be."""
import pytest

import parse

pytestmark = pytest.mark.usefixtures("namespace")


def shown(run):
    """Returns the series with a count, and their counts."""
    return {key: parse.nonzero(fields) for key, fields in run.ports.items() if parse.nonzero(fields)}


def test_explicit_rules_are_zeros_from_the_first_poll(poll):
    run = poll(ports="80,8000-8100,127.0.0.1:443,[::1]:443")
    zeros = dict.fromkeys(parse.PORT, 0)
    assert run.ports == {("80", 4): zeros, ("80", 6): zeros, ("8000-8100", 4): zeros, ("8000-8100", 6): zeros,
                         ("127.0.0.1:443", 4): zeros, ("[::1]:443", 6): zeros}


@pytest.mark.parametrize("rules,addr_port", [("*:8080", "127.0.0.1:8080"), ("listen", "8080")])
def test_discovered_series_goes_on_as_zeros(listen, start, rules, addr_port):
    """A StatsD server repeats a gauge until it gets a 0. (A unit test checks that the series ends later.)"""
    program = start(ports=rules, pid="off")
    program.until(lambda: len(program.influx_polls()) >= 2)
    assert parse.ports(program.influx_polls()[0]) == {}
    listener = listen("127.0.0.1", 8080)
    seen = lambda: [parse.ports(one).get((addr_port, 4)) for one in program.influx_polls()]
    program.until(lambda: any(seen()))
    listener.close()
    program.until(lambda: seen()[-1] and not parse.nonzero(seen()[-1]))
    before = len(seen())
    program.until(lambda: len(seen()) >= before + 15)
    assert all(fields == dict.fromkeys(parse.PORT, 0) for fields in seen()[before:])


def test_explicit_series_never_ends(listen, start):
    program = start(ports="8080")
    listener = listen("127.0.0.1", 8080)
    seen = lambda: [parse.ports(one)["8080", 4]["tcp_listen"] for one in program.influx_polls()]
    program.until(lambda: 1 in seen())
    listener.close()
    program.until(lambda: seen()[-1] == 0 and len(seen()) > 15)


@pytest.mark.parametrize("rules", ["*:9000-9010", "listen"])
def test_too_many_discovered_series_are_one(listen, poll, rules):
    for port in range(9000, 9006):
        listen("127.0.0.1", port)
    run = poll(ports=rules + ",80", max_series=2)
    counts = {addr_port: fields["tcp_listen"] for (addr_port, _), fields in shown(run).items()}
    assert len(counts) == 3 and counts["other"] == 4 and sum(counts.values()) == 6
    assert ("80", 4) in run.ports, "explicit rules are not bounded"
    assert len([pairs for _, pairs in parse.log(run.log) if "SOCKPUSH_MAX_SERIES" in str(pairs)]) == 1, run.log
