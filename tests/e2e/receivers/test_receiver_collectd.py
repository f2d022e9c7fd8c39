"""collectd's statsd plugin, which has no tags: the reason for the format statsd."""
import re
import time

import pytest

import naming
import parse
import servers


@pytest.fixture(scope="module")
def collectd(serve):
    return serve(servers.Collectd)


def test_statsd(collectd, push):
    before = time.time()
    expected = naming.values(push("statsd+udp://127.0.0.1", prefix="one"), naming.statsd)
    assert expected["one.web1_example.netstat_port.8080.4.tcp_established"] == 3
    gauges = lambda: {name: rows[-1] for (kind, name), rows in collectd.stored().items() if kind == "gauge" and name.startswith("one.")}
    collectd.settles(lambda: {name: value for name, (_, value) in gauges().items()}, expected)
    assert all(before - 1 < at < time.time() + 1 for at, _ in gauges().values())


def test_own_counters(collectd, run):
    """collectd adds the increments up to a running total."""
    assert run(to="statsd+udp://127.0.0.1", host="b", interval="300ms", polls=3).status == 0
    sent = lambda: {rows[-1][1] for (kind, name), rows in collectd.stored().items()
                    if kind == "derive" and re.fullmatch(r"b\.sockpush_output\.udp_+127_0_0_1_8125\.sent_lines", name)}
    lines = 2 * len(parse.TOTALS) + len(parse.BACKEND) + 4
    collectd.settles(sent, {2 * lines})


def test_dogstatsd_is_refused(collectd, push):
    """collectd stores no line with tags, and logs each of them."""
    points = push("dogstatsd+udp://127.0.0.1", prefix="two")
    lines = [f'Unable to parse line: "two.{measurement}' for measurement in ("netstat.", "netstat_port.")]
    refused = lambda: sum(collectd.log.count(line) for line in lines)
    collectd.settles(refused, sum(len(point.fields) for point in points))
    assert not [name for _, name in collectd.stored() if name.startswith("two.")]
