"""Grafana's dashboard and docs' list of its queries are the same, and each query finds what sockpush pushed."""
import json
import re
import socket
import time

import pytest

import servers
from program import ROOT

PANELS = [panel for panel in json.loads((ROOT / "docker" / "dashboard.json").read_text())["panels"] if panel["type"] != "row"]
LISTED = dict(re.findall(r"^\| (.+?) \| `(.+)` \|$", (ROOT / "docker" / "queries.md").read_text(), re.M))


def test_listed():
    assert {panel["title"]: panel["targets"][0]["expr"] for panel in PANELS} == LISTED
    assert all(len(panel["targets"]) == 1 and panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)


def test_grid():
    """The grid has 24 columns, and no two panels overlap."""
    cells = [(x, y) for place in (panel["gridPos"] for panel in PANELS) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(cells) == len(set(cells)) and all(x < 24 for x, _ in cells)


@pytest.fixture
def victoria(namespace, keep, tmp_path, run):
    one = keep(servers.VictoriaMetrics(tmp_path))
    keep(socket.create_server(("127.0.0.1", 443)))
    done = run(to="http://127.0.0.1:8428/write", interval="500ms", polls=4, ports="443", host="a")
    assert done.status == 0, done.log
    servers.get(8428, "/internal/force_flush")
    return one


def test_each_finds_something(victoria):
    for title, query in LISTED.items():
        query = query.replace("$host", ".*").replace("$addr_port", ".*")
        answer = json.loads(servers.get(8428, "/api/v1/query_range", query=query, start=time.time() - 10, end=time.time(), step="1s", nocache=1))
        assert answer["status"] == "success" and answer["data"]["result"], title
    assert victoria.query(LISTED["Listeners by port"].replace("$host", "a").replace("$addr_port", "443")) == [1]
    assert victoria.query(LISTED["Listeners by port"].replace("$host", "b").replace("$addr_port", "443")) == []


def test_variables(victoria):
    """The dashboard's variables find their values."""
    names = {one["name"]: one.get("definition") for one in json.loads((ROOT / "docker" / "dashboard.json").read_text())["templating"]["list"]}
    assert set(names) == {"datasource", "host", "addr_port"}
    for name, expected in {"host": ["a"], "addr_port": ["443"]}.items():
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", names[name]).groups()
        assert label == name
        found = json.loads(servers.get(8428, f"/api/v1/label/{label}/values", **{"match[]": series.replace("$host", ".*"), "start": time.time() - 60}))["data"]
        assert found == expected
