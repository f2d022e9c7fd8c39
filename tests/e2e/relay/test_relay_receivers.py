"""What applications send as StatsD is in real receivers, with its sums, types and tags."""
import json
import random

import pytest

import relayed
import servers
from test_relay import relay, udp          # relay: a fixture

RATES = (1, 0.5, 0.25)      # the sums stay exact as doubles
TAGS = ({}, {"env": "prod"}, {"env": "test", "address": "a:80 b"})
ROUNDS = 3


@pytest.fixture
def pushed(relay):
    """pushed(output, …) relays some rounds of calls, each in a poll of its own. The last round alone has sets, of which each poll counts the
    members anew. Returns all calls, and the influx points that were pushed."""
    def make(to, **env):
        chance, calls = random.Random(to), []
        program = relay(to=f"influx+stdout:,{to}", **env)
        for n in range(ROUNDS):
            kinds = ("c", "g", "+g", *relayed.TIMED, *["s"] * (n == ROUNDS - 1))
            calls += (more := relayed.draw(chance, kinds, RATES, TAGS, 80))
            udp(8125, "\n".join(call.line for call in more))
            program.until(lambda: relayed.INFLUX.folded(calls, relayed.read_influx(program.out)) == relayed.INFLUX.expected(calls))
        assert program.end() == 0, program.log
        return calls, relayed.points(program.out)
    return make


def values(rows):
    return [value for _, value in sorted(rows)]


def in_influxdb(server):
    """Returns {key: [values in the order of time]}."""
    found = {}
    for name in relayed.TYPES.values():
        for measurement in (f"app.{name}{i}" for i in range(2)):
            for tags, fields, time in server.points(measurement):
                for field in fields:
                    if not relayed.DERIVED.fullmatch(field):
                        found.setdefault((measurement, tuple(sorted((key, text) for key, text in tags.items() if text)), field), []).append((time, fields[field]))
    return {key: values(rows) for key, rows in found.items()}


@pytest.mark.parametrize("to", ["influx+udp://127.0.0.1", "http://127.0.0.1:8086/write?db=sockpush"])
def test_influxdb(pushed, namespace, keep, tmp_path, to):
    server = keep(servers.InfluxDB(tmp_path))
    server.create()
    calls, _ = pushed(to)
    server.settles(lambda: relayed.INFLUX.folded(calls, in_influxdb(server)), relayed.INFLUX.expected(calls))
    types = json.loads(servers.get(8086, "/query", db="sockpush", q='SHOW FIELD KEYS FROM /^app/'))["results"][0]["series"]
    assert {kind for one in types for _, kind in one["values"]} == {"float"}


def by_second(points):
    """Returns {path: [(second, value)]} of Graphite, where the last value of a second stays."""
    found, kinds = {}, {text: kind for kind, text in relayed.TYPES.items()}
    for point in points:
        kind, tags = kinds[point.tag("metric_type")], tuple(tag for tag in point.tags if tag[0] != "metric_type")
        for field in point.fields.keys() & relayed.PLAIN[kind].keys():
            found.setdefault(relayed.GRAPHITE.key(point.measurement, kind, tags, field), {})[point.time // 10**9] = point.fields[field]
    return {path: sorted(values.items()) for path, values in found.items()}


def test_carbon(pushed, namespace, keep, tmp_path):
    server = keep(servers.Carbon(tmp_path))
    _, points = pushed("graphite+tcp://127.0.0.1:2003", interval="1s")
    server.settles(lambda: {path: rows for path, rows in server.stored().items() if path.startswith("app.") and not relayed.is_derived(path)},
                   by_second(points))


def in_victoria(server, derived):
    return {(name, labels): values(rows) for (name, labels), rows in server.stored("app.").items() if not derived(name)}


@pytest.mark.parametrize("to", ["influx+udp://127.0.0.1", "http://127.0.0.1:8428/write"])
def test_victoriametrics(pushed, namespace, keep, tmp_path, to):
    server = keep(servers.VictoriaMetrics(tmp_path))
    calls, _ = pushed(to)
    found = lambda: in_victoria(server, lambda name: relayed.DERIVED.fullmatch(name.split("_", 1)[1]))
    server.settles(lambda: relayed.VICTORIA_INFLUX.folded(calls, found()), relayed.VICTORIA_INFLUX.expected(calls))


def test_victoriametrics_otlp(pushed, namespace, keep, tmp_path):
    """Counters, and the counts and sums of histograms, are totals since the start. The newest buckets hold all that was counted."""
    server = keep(servers.VictoriaMetricsOtlp(tmp_path))
    calls, _ = pushed("otlp+http://127.0.0.1:8428/opentelemetry/v1/metrics")
    found = lambda: in_victoria(server, lambda name: name.endswith("_bucket"))
    server.settles(lambda: relayed.VICTORIA_OTLP.folded(calls, found()), relayed.VICTORIA_OTLP.expected(calls))
    buckets, stored = {}, server.stored("app.")
    for (name, labels), rows in stored.items():
        if name.endswith("_bucket"):
            series = name.removesuffix("_bucket"), tuple(label for label in labels if label[0] != "vmrange")
            newest = max(stored[f"{series[0]}_count", series[1]])[0]
            buckets[series] = buckets.get(series, 0) + dict(rows).get(newest, 0)
    assert buckets == {(name, tuple(sorted((*tags, relayed.HOST)))): fields["count"] for (name, kind, tags), fields in relayed.aggregated(calls).items()
                       if kind in relayed.TIMED}
