"""A model of DataKit's HTTP API, /v1/write/metric, written from its documents. The measurements and fields that its dashboards query are
there."""
import json
import os
import urllib.parse

import pytest

import parse
import posts
from posts import answer, post      # the latter a fixture

UNITS = {"n": 1, "u": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class DataKit(posts.Receiver):
    """Accepts a line protocol body whole or refuses it. Adds global host tags to points that lack them."""

    def __init__(self, global_tags={}, fails=lambda post: None):
        self.points = []            # (measurement, {tag: value}, {field: value}, time in ns)
        self._global_tags, self._fails = global_tags, fails
        super().__init__(self._take)

    def _refuse(self, status, code, message):
        return answer(status, json.dumps({"error_code": f"datakit.{code}", "message": message}), content_type="application/json")

    def _take(self, post):
        url = urllib.parse.urlsplit(post.target)
        query = dict(urllib.parse.parse_qsl(url.query))
        if failure := self._fails(post):
            return self._refuse(*failure)
        if url.path != "/v1/write/metric":
            return self._refuse(404, "notFound", url.path)
        if "json" in post.headers.get("content-type", ""):
            return self._refuse(400, "invalidJSON", "invalid JSON")
        if not post.body:
            return self._refuse(400, "emptyBody", "empty body")
        unit = UNITS.get(query.get("precision", "n"), 1)
        try:
            points = [self._point(line, unit) for line in post.body.splitlines()]
        except AssertionError as error:
            return self._refuse(400, "invalidLinePoint", str(error))
        tags = {} if query.get("ignore_global_host_tags") else self._global_tags
        self.points += [(name, {**tags, **own}, fields, at) for name, own, fields, at in points]
        return answer(200, "{}", "OK", content_type="application/json", x_datakit="1.80.0/x")

    @staticmethod
    def _point(line, unit):
        series, _, time = line.rpartition(" ")
        point = parse.influx_line(f"{series} {int(time) * unit}")
        return point.measurement, dict(point.tags), point.fields, point.time

    def last(self, measurement, field, *by):
        """Returns a dashboard's query: the newest value of a field for each combination of these tags."""
        found = {}
        for name, tags, fields, at in sorted(self.points, key=lambda point: point[3]):
            if name == measurement and field in fields:
                found[tuple(tags.get(tag) for tag in by)] = fields[field]
        return found


@pytest.mark.parametrize("query", ["", "?precision=ms", "?precision=n&input=netstat"])
def test_dashboard(namespace, listen, connect, run, query):
    for host, n in (("127.0.0.1", 3), ("::1", 2)):
        listener = listen(host, 8080)
        for _ in range(n):
            connect(listener)
    with DataKit() as datakit:
        to = f"http://127.0.0.1:{datakit.port}/v1/write/metric{query}"
        one = run(to=to, polls=1, queues="auto", ENV_HOSTNAME="node-7", ENV_INPUT_NETSTAT_ADDR_PORTS='[{"ports":["8080"],"tags":{"service":"web"}}]')
        assert one.status == 0, one.log
        assert datakit.last("netstat_port", "tcp_established", "host", "addr_port", "ip_version", "service") == \
            {("node-7", "8080", "4", "web"): 3, ("node-7", "8080", "6", "web"): 2}
        assert datakit.last("netstat_port", "tcp_listen", "addr_port", "ip_version") == {("8080", "4"): 1, ("8080", "6"): 1}
        assert set(datakit.last("netstat", "tcp_established", "host", "ip_version")) == {("node-7", "4"), ("node-7", "6")}
        for measurement, fields in (("netstat", [*parse.TOTALS, *parse.BYTES, "udp_drops"]), ("netstat_port", [*parse.COUNTS, *parse.OF_PORTS])):
            for field in fields:
                values = datakit.last(measurement, field, "ip_version")
                assert set(values) == {("4",), ("6",)}
                assert all(type(value) is int for value in values.values())
        assert datakit.last("netstat_port", "pid", "ip_version")["4",] == os.getpid()


def test_global_host_tags_are_datakits(run):
    """DataKit does not overwrite a tag that sockpush sends."""
    with DataKit({"host": "datakit", "region": "eu"}) as datakit:
        for query in ("", "?ignore_global_host_tags=true"):
            assert run(to=f"http://127.0.0.1:{datakit.port}/v1/write/metric{query}", polls=1, host="a", self="off").status == 0
        assert {(tags["host"], tags.get("region")) for _, tags, _, _ in datakit.points} == {("a", "eu"), ("a", None)}


def test_datakit_has_its_limits(post):
    """After 429 the post is repeated. Nothing is missing and nothing is there twice."""
    with DataKit(fails=lambda one: (429, "reachLimit", "reach max API limit") if one.n < 2 else None) as datakit:
        program = post(datakit.port, "/v1/write/metric")
        program.until(lambda: len(datakit.posts) > 4)
        assert program.end() == 0
        assert "datakit.reachLimit" in program.log
        assert [(name, at) for name, _, _, at in datakit.points] == [(point.measurement, point.time) for point in parse.influx(program.out)]


def test_datakit_is_closed_to_others(post):
    with DataKit(fails=lambda one: (403, "publicAccessDisabled", "public access disabled")) as datakit:
        program = post(datakit.port, "/v1/write/metric?token=tkn_0123456789")
        program.until(lambda: "public access disabled" in program.log)
        assert program.end() == 0
        assert len(datakit.posts) == 1 and "tkn_0" not in program.log
