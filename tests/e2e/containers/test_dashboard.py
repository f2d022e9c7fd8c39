"""The dashboards are what docker/dashboards.py writes, and docs' list has the queries of the first. Each query of PromQL finds what sockpush pushed,
however its names are spelled. So does each of InfluxQL. No InfluxDB with Flux is at hand, so its queries are checked by Flux's compiler alone.
Datadog's are compared with what is pushed."""
import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

import kernel_counters
import netns
import parse
import servers
import wait
from program import ROOT



def read(name):
    return json.loads((ROOT / "docker" / name).read_text())


def panels(name):
    return [panel for panel in read(name)["panels"] if panel["type"] != "row"]


GRAFANA = ["dashboard.json", "dashboard-influxql.json", "dashboard-flux.json"]
PANELS = panels("dashboard.json")
LISTED = dict(re.findall(r"^\| ([\w ]+) \| `(.+)` \|$", (ROOT / "docker" / "queries.md").read_text(), re.M))


def test_listed():
    assert {panel["title"]: panel["targets"][0]["expr"] for panel in PANELS} == LISTED
    assert all(len(panel["targets"]) == 1 and panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)


def test_written():
    done = subprocess.run([sys.executable, "-B", ROOT / "docker" / "dashboards.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", GRAFANA)
def test_grid(name):
    """The grid has 24 columns, and no two panels overlap."""
    cells = [(x, y) for place in (panel["gridPos"] for panel in panels(name)) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(cells) == len(set(cells)) and all(x < 24 for x, _ in cells)


def test_titles():
    """Each dashboard has the same panels, and Grafana's have names of their own."""
    titles = [[panel["title"] for panel in panels(name)] for name in GRAFANA]
    titles.append([widget["definition"]["title"] for group in read("dashboard-datadog.json")["widgets"] for widget in group["definition"]["widgets"]])
    assert all(one == titles[0] for one in titles)
    assert len({read(name)["uid"] for name in GRAFANA}) == len(GRAFANA)


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
        try:
            assert wait.until(lambda: kernel_counters.read(f"/proc/{process.pid}/net")["listen_overflows"])
            yield
        finally:
            process.kill()


POLLS = {"polls": 4, "ports": "443,>443", "kernel": "on", "queues": "auto", "pods": "on", "host": "a"}


def wait_at_443(keep):
    """Has a connection wait in an accept queue whose limit is 3."""
    keep(socket.create_server(("127.0.0.1", 443), backlog=3))
    keep(socket.create_connection(("127.0.0.1", 443)))


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
    wait_at_443(keep)
    done = run(to=to, interval="1s" if request.param == "graphite" else "500ms", **POLLS)
    assert done.status == 0, done.log
    one.until(lambda: one.query(f'{{__name__="{name}"}}'))
    return one


def ask(server, path, **query):
    return json.loads(servers.get(server.port, path, nocache=1, **query))


def test_each_finds_something(server):
    for title, query in LISTED.items():
        query = query.replace("$host", ".*").replace("$addr_port", ".*")
        # At its newest point VictoriaMetrics shows the one before, of a second ago.
        drawn = lambda: ask(server, "/api/v1/query_range", query=query, start=time.time() - 30, end=time.time(), step="1s")["data"]["result"]
        assert wait.until(drawn), title
    assert server.query(LISTED["Listeners by port"].replace("$host", "a").replace("$addr_port", "443")) == [1]
    assert server.query(LISTED["Accept queue against its limit"].replace("$host", "a").replace("$addr_port", "443")) == [25]
    assert server.query(LISTED["Listeners by port"].replace("$host", "b").replace("$addr_port", "443")) == []


def test_states_are_counts_of_sockets(server):
    """Bytes that wait have names that begin alike."""
    for title in ("All states", "States of the ports"):
        found = ask(server, "/api/v1/query", query=LISTED[title].replace("$host", ".*").replace("$addr_port", ".*"))["data"]["result"]
        assert {re.split("[._]", one["metric"]["__name__"], maxsplit=1 if title == "All states" else 2)[-1] for one in found} == set(parse.TCP)


def test_variables(server):
    """The dashboard's variables find their values."""
    names = {one["name"]: one.get("definition") for one in read("dashboard.json")["templating"]["list"]}
    assert set(names) == {"datasource", "host", "addr_port"}
    for name, expected in {"host": ["a"], "addr_port": ["443"]}.items():
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", names[name]).groups()
        assert label == name
        found = ask(server, f"/api/v1/label/{label}/values", **{"match[]": series.replace("$host", ".*"), "start": time.time() - 60})["data"]
        assert found == expected


@pytest.fixture
def influxdb(namespace, other, keep, tmp_path, run):
    one = keep(servers.InfluxDB(tmp_path))
    one.create()
    wait_at_443(keep)
    done = run(to="http://127.0.0.1:8086/write?db=sockpush", interval="1s", **POLLS)
    assert done.status == 0, done.log
    return one


def influxql(query, host=".*", addr_port=".*"):
    """Returns [(tags, columns, rows)] for a query with Grafana's variables."""
    for name, value in {"$timeFilter": "time >= now() - 1h AND time <= now()", "$__interval": "1s", "$host": host, "$addr_port": addr_port}.items():
        query = query.replace(name, value)
    [result] = json.loads(servers.get(8086, "/query", db="sockpush", q=query))["results"]
    assert "error" not in result, (query, result)
    return [(one.get("tags", {}), one["columns"], one["values"]) for one in result.get("series", [])]


def test_influxql(influxdb):
    queries = {panel["title"]: panel["targets"][0]["query"] for panel in panels("dashboard-influxql.json")}
    for title, query in queries.items():
        assert influxql(query), title
    last = lambda title, **chosen: [rows[-1][1] for _, _, rows in influxql(queries[title], **chosen)]
    assert last("Listeners by port", host="a", addr_port="443") == [1] and last("Listeners by port", host="b") == []
    assert last("Accept queue against its limit") == [25]
    assert all(value > 0 for _, _, rows in influxql(queries["Pods with overflows"]) for _, value in rows)
    assert {tag for tags, _, _ in influxql(queries["Local ports in use by remote"]) for tag in tags} == {"host", "remote"}
    for title in ("All states", "States of the ports"):
        [(_, columns, rows)] = influxql(queries[title])
        assert sorted(columns) == sorted(["time", *parse.TCP])
    assert rows[-1][columns.index("tcp_listen")] == 1
    variables = {one["name"]: one.get("definition") for one in read("dashboard-influxql.json")["templating"]["list"]}
    for name, expected in {"host": "a", "addr_port": "443"}.items():
        assert {row[1] for _, _, rows in influxql(variables[name]) for row in rows} == {expected}


# What Grafana adds to each query of Flux.
OPTION = 'option v = {defaultBucket: "sockpush", timeRangeStart: -1h, timeRangeStop: now(), windowPeriod: 10s}'
COMPILER = servers.NPM / "receivers" / "node_modules" / "@influxdata" / "flux-lsp-browser"


def test_flux():
    """Flux's compiler finds names, arguments and types right. Whether an InfluxDB answers as it should was not tried."""
    if not shutil.which("node") or not COMPILER.is_dir():
        pytest.skip("node or Flux's compiler is not here; `make receivers` gets it, or reports why not")
    queries = {panel["title"]: panel["targets"][0]["query"] for panel in panels("dashboard-flux.json")}
    queries |= {one["name"]: one["definition"] for one in read("dashboard-flux.json")["templating"]["list"] if one["name"] != "datasource"}
    changes = ("derivative", "derivation"), ("nonNegative: true", "nonNegative: 1"), ("|> sum()", "|> sum(")
    wrong = [queries["Lines sent"].replace(*change) for change in changes]
    scripts = [re.sub(r"\$\{\w+:regex\}", ".*", re.sub(r"^(import .*\n)?", rf"\g<0>{OPTION}\n", query)) for query in [*queries.values(), *wrong]]
    done = subprocess.run(["node", ROOT / "tests" / "e2e" / "lib" / "flux.mjs", COMPILER], input=json.dumps(scripts), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    valid = json.loads(done.stdout)
    assert valid[len(queries):] == [False] * len(wrong) and [title for title, well in zip(queries, valid) if not well] == []


PODS = {"namespace", "pod_name", "pod_uid", "container_id", "netns"}     # a pod has some of them
ASKED = re.compile(r"(\w+):([\w.]+)\{([$\w,]+)\}(?: by \{([\w,]+)\})?(\.as_(?:count|rate)\(\))?")


@contextlib.contextmanager
def losing():
    """Sends datagrams to a socket at port 443 that has no room. Its drops are a series from the first one on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        full.bind(("127.0.0.1", 443))
        over = threading.Event()

        def send():
            while not over.wait(0.01):
                sender.sendto(bytes(1000), ("127.0.0.1", 443))
        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def pushed(lines):
    """Returns {metric: (type, the keys of its tags)} of lines of `datadog`."""
    found = {}
    for line in lines:
        name, kind, tags = re.match(r"([^:]+):[^|]+\|(\w+)(?:\|#([^|]+))?", line).groups()
        found.setdefault(name, (kind, set()))[1].update(tag.split(":")[0] for tag in (tags or "").split(","))
    return found


def test_datadog(other, keep, run):
    """Each metric is pushed, as the type and with the tags that its query takes. Datadog itself can't be asked."""
    wait_at_443(keep)
    with losing():
        done = run(to="datadog+stdout:", interval="500ms", **POLLS)
    found, board = pushed(done.out.splitlines()), read("dashboard-datadog.json")
    variables = {one["name"]: one["prefix"] for one in board["template_variables"]}
    for panel in (widget["definition"] for group in board["widgets"] for widget in group["definition"]["widgets"]):
        [request] = panel["requests"]
        for query in (one["query"] for one in request["queries"]):
            combine, name, chosen, by, ending = ASKED.fullmatch(query).groups()
            kind, tags = found[name]
            assert combine in ("sum", "max") and (ending is not None) == (kind == "c"), query
            wanted = {*(variables[word[1:]] for word in chosen.split(",")), *(by.split(",") if by else ())} - {"host"}      # the agent sets the host
            assert wanted - PODS <= tags and (not wanted & PODS or tags & PODS), query
        names = {one["name"] for one in request["queries"]}
        assert {word for one in request["formulas"] for word in re.findall(r"[a-z]\w*", one["formula"])} - {"cutoff_min"} == names
