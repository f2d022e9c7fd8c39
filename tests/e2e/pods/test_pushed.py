"""netstat_pod on its way: increments over connections that break, what real receivers store, and what --check finds."""
import collections
import os
import signal

import pytest

import parse
import pods
import ports
import servers
import streams
import wait
from pods import machine, make, watch      # fixtures
from program import environment, run_binary


def test_increments_add_up(make, watch, keep):
    """Increments that did not arrive come with the next ones, each with those of its own namespace, whatever connections break. They are more
    than the program encodes at once."""
    port = ports.unused()
    busy, *others = [make() for _ in range(30)]
    pushed = watch(to=f"influx+stdout:,dogstatsd+tcp://127.0.0.1:{port}")

    def work_until(condition):
        pushed.program.until(lambda: busy.ask("traffic") or others[-1].ask("traffic") or condition())

    work_until(lambda: pushed.of(busy).get("active_opens", 0) > 5 and all(pushed.of(one) for one in others))      # nobody is there yet
    receiver = keep(streams.Aggregator(lambda n: streams.fin_after(20000) if n < 3 else streams.read_all, port=port))
    work_until(lambda: len(receiver.connections) > 3)
    end = pushed.read().polls + 3
    work_until(lambda: pushed.read().polls > end)
    os.kill(pushed.pid, signal.SIGTERM)
    assert pushed.program.end(None) == 0, pushed.program.log
    wait.until(lambda: len(receiver.ended) == len(receiver.connections))
    sums = collections.Counter()
    for point in parse.dogstatsd(receiver.text):
        [[field, value]] = point.fields.items()
        if point.measurement == "netstat_pod":
            assert point.kind == ("c" if field in pods.INCREASES else "g")
            sums[point.tag("netns"), field] += value if point.kind == "c" else 0
    for one in busy, *others:
        totals = {name: pushed.of(one)[name] for name in pods.INCREASES}
        assert {name: sums[str(one.number), name] for name in pods.INCREASES} == totals
        assert any(totals.values()) == (one in (busy, others[-1]))


def of_influxdb(server, field, one, version):
    found = [fields.get(field) for tags, fields, _ in server.points("netstat_pod") if (tags["netns"], tags.get("ip_version", "")) == (str(one.number), version)]
    return found[-1:]


def by_query(dot):
    def ask(server, field, one, version):
        return server.query(f'{{__name__="netstat_pod{dot}{field}",netns="{one.number}",ip_version="{version}"}}')
    return ask


@pytest.mark.parametrize("kind,to,ask", [
    (servers.InfluxDB, "influx+udp://127.0.0.1", of_influxdb),
    (servers.Prometheus, "prometheus+http://127.0.0.1:9090", by_query("_")),
    (servers.VictoriaMetricsOtlp, "otlp+http://127.0.0.1:8428/opentelemetry/v1/metrics", by_query(".")),
], ids=["influxdb", "prometheus", "victoriametrics"])
def test_stored(make, watch, keep, tmp_path, kind, to, ask):
    """Each pod's newest numbers are there, under its tags."""
    server = keep(kind(tmp_path))
    one, other = make(), make()
    one.ask("make", 4, listening=3, udp=1)
    other.ask("make", 6, listening=2)
    watch(to=to, interval="1s")
    expected = {(one, "4"): 3, (one, "6"): 0, (other, "4"): 0, (other, "6"): 2}
    server.until(lambda: all(ask(server, "tcp_inuse", *of) == [n] for of, n in expected.items()))
    server.until(lambda: ask(server, "udp_socket", one, "4") == [1] and ask(server, "udp_socket", other, "4") == [0])
    server.until(lambda: ask(server, "active_opens", one, "") == [0])
    before = one.ask("counters")["active_opens"]
    one.ask("make", 4, listening=2)
    one.ask("traffic", 2)
    more = one.ask("counters")["active_opens"] - before
    server.until(lambda: ask(server, "tcp_inuse", one, "4") == [5])
    server.until(lambda: ask(server, "active_opens", one, "") == [more])
    assert ask(server, "active_opens", other, "") == [0]


def test_check(machine, make):
    """It says how many namespaces there are beside the program's own, and where it looked."""
    for _ in range(3):
        make()
    command = machine.program()
    env = environment({}, {"to": "stdout:", "pods": "on", "pod_logs": machine.place})
    checked = run_binary(env, *command["arguments"], "--check", binary=command["binary"])
    [line] = [line for line in checked.out.splitlines() if line.startswith("pods: ")]
    assert checked.status == 0, checked.log
    assert line == f"pods: 3 network namespaces of 5 processes below /proc, 0 with a pod's name from {machine.place}"
