"""Netdata's statsd plugin."""
import re
import time

import pytest

import naming
import servers


@pytest.fixture(scope="module")
def netdata(serve):
    return serve(servers.Netdata)


def chart(name):
    """Returns the name of Netdata's chart. Netdata ends the chart's type at the first dot or underscore, and uses lower case only."""
    return re.sub("[._]", ".", name.lower(), count=1) + "_gauge"


@pytest.mark.parametrize("to, host, prefix, established", [
    ("udp://127.0.0.1", "web1.example", "one", "one.web1_example.netstat_port.8080.4.tcp_established_gauge"),
    ("udp://127.0.0.1", "WEB2.example", None, "web2.example.netstat_port.8080.4.tcp_established_gauge"),
    ("tcp://127.0.0.1:8125", "web3.example", "three", "three.web3_example.netstat_port.8080.4.tcp_established_gauge")])
def test_statsd(netdata, push, to, host, prefix, established):
    before = time.time()
    expected = naming.values(push(f"statsd+{to}", host=host, prefix=prefix), naming.statsd)
    expected = {chart(name): value for name, value in expected.items()}
    assert expected[established] == 3
    charts = lambda: {name: one for name, one in netdata.charts().items() if name in expected}
    netdata.settles(lambda: {name: value for name, (value, _) in charts().items()}, expected)
    assert all(before - 1 < at < time.time() + 1 for _, at in charts().values())


def test_dogstatsd_loses_its_tags(netdata, push):
    """Without tags the IP versions, and all ports, overwrite each other."""
    points = push("dogstatsd+udp://127.0.0.1", prefix="two")
    charts = lambda: {name for name in netdata.charts() if name.startswith("two.")}
    netdata.settles(charts, {f"{point.measurement}.{field}_gauge" for point in points for field in point.fields})
    assert len(charts()) < sum(len(point.fields) for point in points)
