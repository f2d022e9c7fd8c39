"""Grafana's dashboard and docs' list of its queries are the same, and each query finds what sockpush pushed, however its names are spelled."""
import json
import re
import socket
import subprocess
import sys
import time

import pytest

import netns
import parse
import servers
from program import ROOT

PANELS = [panel for panel in json.loads((ROOT / "docker" / "dashboard.json").read_text())["panels"] if panel["type"] != "row"]
LISTED = dict(re.findall(r"^\| ([\w ]+) \| `(.+)` \|$", (ROOT / "docker" / "queries.md").read_text(), re.M))


def test_listed():
    assert {panel["title"]: panel["targets"][0]["expr"] for panel in PANELS} == LISTED
    assert all(len(panel["targets"]) == 1 and panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)


def test_grid():
    """The grid has 24 columns, and no two panels overlap."""
    cells = [(x, y) for place in (panel["gridPos"] for panel in PANELS) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(cells) == len(set(cells)) and all(x < 24 for x, _ in cells)


class WithPrometheusNames(servers.VictoriaMetrics):
    more = ["-opentelemetry.usePrometheusNaming"]


# Connects again and again to a listener whose accept queue is full.
OVERFLOWS = """
import collections, socket, time
one = socket.create_server(("127.0.0.1", 80), backlog=0)
clients = collections.deque(maxlen=5)
while True:
    clients.append(socket.socket())
    clients[-1].setblocking(False)
    clients[-1].connect_ex(("127.0.0.1", 80))
    time.sleep(0.05)
"""


@pytest.fixture
def other(namespace):
    """Runs a process in a network namespace of its own, in which connections wait and overflow."""
    words = ["sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, "-c", OVERFLOWS]
    with subprocess.Popen(words, preexec_fn=lambda: netns.unshare(netns.CLONE_NEWNET)) as process:
        yield
        process.kill()


OTLP = "otlp+http://127.0.0.1:8428/opentelemetry/v1/metrics"
# Each way in which the names are spelled: a server, its port, where to push, and a name that it then has.
SPELLINGS = {
    "influx": (servers.VictoriaMetrics, 8428, "http://127.0.0.1:8428/write", "sockpush_output_sent_lines"),
    "graphite": (servers.VictoriaMetrics, 8428, "graphite+tcp://127.0.0.1:2003", "sockpush_output.sent_lines"),
    "prometheus": (servers.Prometheus, 9090, "prometheus+http://127.0.0.1:9090", "sockpush_output_sent_lines"),
    "otlp": (servers.VictoriaMetrics, 8428, OTLP, "sockpush_output.sent_lines"),
    "otlp as Prometheus names it": (WithPrometheusNames, 8428, OTLP, "sockpush_output_sent_lines_total")}


@pytest.fixture(params=SPELLINGS)
def server(request, namespace, other, keep, tmp_path, run):
    kind, port, to, name = SPELLINGS[request.param]
    if "otlp" in request.param and "opentelemetry.usePrometheusNaming" not in servers.usage(kind):
        pytest.skip("this VictoriaMetrics is too old for OTLP with Prometheus' names")
    one = keep(kind(tmp_path))
    one.port = port
    keep(socket.create_server(("127.0.0.1", 443)))
    done = run(to=to, interval="1s" if request.param == "graphite" else "500ms", polls=4, ports="443,>443", kernel="on", queues="auto", pods="on", host="a")
    assert done.status == 0, done.log
    one.until(lambda: one.query(f'{{__name__="{name}"}}'))
    return one


def ask(server, path, **query):
    return json.loads(servers.get(server.port, path, nocache=1, **query))


def test_each_finds_something(server):
    for title, query in LISTED.items():
        query = query.replace("$host", ".*").replace("$addr_port", ".*")
        answer = ask(server, "/api/v1/query_range", query=query, start=time.time() - 10, end=time.time(), step="1s")
        assert answer["status"] == "success" and answer["data"]["result"], title
    assert server.query(LISTED["Listeners by port"].replace("$host", "a").replace("$addr_port", "443")) == [1]
    assert server.query(LISTED["Listeners by port"].replace("$host", "b").replace("$addr_port", "443")) == []


def test_states_are_counts_of_sockets(server):
    """Bytes that wait have names that begin alike."""
    for title in ("All states", "States of the ports"):
        found = ask(server, "/api/v1/query", query=LISTED[title].replace("$host", ".*").replace("$addr_port", ".*"))["data"]["result"]
        assert {re.split("[._]", one["metric"]["__name__"], maxsplit=1 if title == "All states" else 2)[-1] for one in found} == set(parse.TCP)


def test_variables(server):
    """The dashboard's variables find their values."""
    names = {one["name"]: one.get("definition") for one in json.loads((ROOT / "docker" / "dashboard.json").read_text())["templating"]["list"]}
    assert set(names) == {"datasource", "host", "addr_port"}
    for name, expected in {"host": ["a"], "addr_port": ["443"]}.items():
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", names[name]).groups()
        assert label == name
        found = ask(server, f"/api/v1/label/{label}/values", **{"match[]": series.replace("$host", ".*"), "start": time.time() - 60})["data"]
        assert found == expected
