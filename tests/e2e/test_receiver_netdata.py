"""Netdata's statsd plugin."""
import time

import pytest

import naming
import servers


@pytest.fixture(scope="module")
def netdata(serve):
    return serve(servers.Netdata)


def chart(name):
    """Netdata parts a name at its first dot or underscore, and has no capital letters after that."""
    return name.replace("_", ".", 1) + "_gauge" if "_" in name.split(".")[0] else name + "_gauge"


def test_statsd(netdata, push):
    before = time.time()
    points = push("statsd+udp://127.0.0.1", prefix="one")
    expected = {chart(name): value for name, value in naming.values(points, naming.statsd).items()}
    assert expected["one.web1_example.netstat_port.8080.4.tcp_established_gauge"] == 3
    charts = lambda: {name: one for name, one in netdata.charts().items() if name.startswith("one.")}
    netdata.settles(lambda: {name: value for name, (value, _) in charts().items()}, expected)
    assert all(before - 1 < at < time.time() + 1 for _, at in charts().values())


def test_dogstatsd_loses_its_tags(netdata, push):
    """Without them the IP versions, and all ports, overwrite each other."""
    points = push("dogstatsd+udp://127.0.0.1", prefix="two")
    charts = lambda: {name for name in netdata.charts() if name.startswith("two.")}
    netdata.settles(charts, {f"{point.measurement}.{field}_gauge" for point in points for field in point.fields})
    assert len(charts()) < sum(len(point.fields) for point in points)
