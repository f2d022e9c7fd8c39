"""Prometheus remote write: what real receivers store, and what any receiver gets."""
import random
import signal

import pytest

import chaos
import parse
import posts
import remote_write
import servers
import wait
from chaos import crowd, report, restarted          # fixtures
from posts import post                  # fixtures

RECEIVERS = {"prometheus": (servers.Prometheus, 9090, ""),
             "prometheus 2.53": (servers.NewerPrometheus, 9090, ""),
             "victoriametrics": (servers.VictoriaMetrics, 8428, "/api/v1/write"),
             "victoriametrics 1.112": (servers.NewerVictoriaMetrics, 8428, "/api/v1/write"),
             "influxdb": (servers.InfluxDB, 8086, "/api/v1/prom/write?db=sockpush")}


def in_influxdb(server, names):
    """Returns samples as chaos.samples does. InfluxDB stores a measurement for each name."""
    return {(time // 10**6, name, tuple(sorted((key, value) for key, value in tags.items() if value and key != "__name__")), fields["value"])
            for name in names for tags, fields, time in server.points(name)}


@pytest.mark.parametrize("name", RECEIVERS)
def test_stored(namespace, keep, tmp_path, push, name):
    """Without a path in its URL, Prometheus' own is used."""
    kind, port, path = RECEIVERS[name]
    server = keep(kind(tmp_path))
    if kind is servers.InfluxDB:
        server.create()
    expected = chaos.samples(push(f"prometheus+http://127.0.0.1:{port}{path}", tags="zone=b", ports="8080,>8080", kernel="on", queues="auto"))
    assert len(expected) > 50
    if kind is servers.InfluxDB:
        server.settles(lambda: in_influxdb(server, {sample[1] for sample in expected}), expected)
    else:
        server.settles(lambda: chaos.stored(server).keys(), expected)


@pytest.mark.parametrize("name", RECEIVERS)
def test_restarted(restarted, report, name):
    """Each sample is stored, and in Prometheus, which refuses what is out of order, nothing is refused. InfluxDB, whose write-ahead log has
    all that it acknowledged, is killed."""
    kind, port, path = RECEIVERS[name]
    of_influxdb = kind is servers.InfluxDB
    server, points, _, _ = restarted(kind, port, "prometheus+http", path, *([signal.SIGKILL, servers.InfluxDB.create] if of_influxdb else []))
    expected = chaos.samples(points)
    if of_influxdb:
        server.settles(lambda: in_influxdb(server, {sample[1] for sample in expected}), expected)
        return
    found = chaos.check(server, expected)
    report(f"{len(found)} values stored, {sum(n > 1 for n in found.values())} of them more than once")
    if issubclass(kind, servers.Prometheus):
        assert set(found.values()) == {1}
        assert "out of order" not in server.log.lower()


@pytest.mark.skipif(not chaos.SLOW, reason="a series ends after a minute: SOCKPUSH_TEST_SLOW=1")
@pytest.mark.parametrize("kind", [servers.Prometheus, servers.NewerPrometheus])
def test_a_series_that_ends_is_stale(start, namespace, keep, tmp_path, listen, kind):
    """Without the mark Prometheus would show the last value for five minutes."""
    server = keep(kind(tmp_path))
    value = lambda: server.query('netstat_port_tcp_listen{addr_port="127.0.0.1:8080"}')
    listener = listen("127.0.0.1", 8080)
    start(to="prometheus+http://127.0.0.1:9090", ports="*:8080", interval="1s")
    server.until(lambda: value() == [1])
    listener.close()
    server.until(lambda: value() == [0])
    assert wait.until(lambda: value() == [], 90)
    assert server.query("netstat_tcp_listen")       # others go on


@pytest.mark.parametrize("scheme", ["prometheus+http", "otlp+http"])
def test_the_order_holds_after_an_outage(post, keep, scheme):
    """Something accepts connections and ends them, as a balancer without a receiver does. Then polls come in order, each once."""
    receiver = keep(posts.Receiver(lambda one: None if one.connection < 6 else posts.answer(200)))
    program = post(receiver.port, scheme=scheme, target="", polls=40, interval="200ms")
    assert program.end(None) == 0, program.log
    stored = [next(iter(one.times)) for one, sent in zip(receiver.posts, receiver.sent) if sent]
    assert stored == sorted(posts.polled(program)) and len(receiver.posts) == len(stored) + 6


def test_headers_of_its_own(run):
    one = run(to="prometheus+http://127.0.0.1", http_headers="Content-Type=text/plain")
    assert one.status == 2 and "the format prometheus has its own" in one.log


def test_tags_that_become_the_same_label(run):
    one = run("--check", to="prometheus+http://127.0.0.1:9", tags="addr-port=x,a.b=1,a/b=2")
    assert "tag addr-port is left out of prometheus" in one.log and "tags a.b and a/b become the same label of prometheus" in one.log


def test_any_tags(post, keep):
    """Tags of any bytes become labels that every receiver takes."""
    chance = random.Random(7)
    receiver = keep(posts.Receiver())
    for _ in range(20):
        keys = {"".join(chance.choice("aZ9_.-/:@é ") for _ in range(chance.randrange(1, 6))).strip() or "k" for _ in range(chance.randrange(8))}
        tags = {key: "".join(chance.choice("xY0.\"\\é☃") for _ in range(chance.randrange(4))) for key in keys}
        program = post(receiver.port, scheme="prometheus+http", target="", polls=1, host="h", ports="8080", pid="off",
                       tags=",".join(f"{key}={value}" for key, value in tags.items()))
        assert program.end(None) == 0, program.log
        got = receiver.posts[-1]
        assert got.target == "/api/v1/write" and got.headers["content-type"] == "application/x-protobuf"
        assert got.headers["content-encoding"] == "snappy" and got.headers["x-prometheus-remote-write-version"] == "0.1.0"
        values = {(time, name, value) for time, name, _, value in got.samples}
        assert values == {(time, name, value) for time, name, _, value in chaos.samples(parse.influx(program.out))}
        for _, _, labels, _ in got.samples:
            for key, value in labels:
                assert key in ("host", "ip_version", "addr_port") or value in {tag for name, tag in tags.items() if remote_write.label(name) == key} | {"true"}


def test_many_series_go_in_chunks(post, keep):
    """1,000 rules: several POSTs of up to 64 KiB, each of whole series."""
    receiver = keep(posts.Receiver())
    program = post(receiver.port, scheme="prometheus+http", polls=2, interval="300ms", ports=",".join(map(str, range(20000, 21000))), pid="off")
    assert program.end(None) == 0, program.log
    assert len(receiver.posts) > 6 and max(len(one.raw) for one in receiver.posts) <= 65536 + 6
    got = [sample for one in receiver.posts for sample in one.samples]
    assert set(got) == chaos.samples(parse.influx(program.out)) and len(got) == len(set(got))


def test_refused_for_good(post, keep):
    """400: the series are dropped and counted. Their bytes are not in the log."""
    receiver = keep(posts.Receiver(lambda one: posts.answer(400, "out of order sample")))
    program = post(receiver.port, scheme="prometheus+http", polls=1)
    assert program.end(None) == 1
    assert "lines are dropped" in program.log and "out of order sample" in program.log and "the first is" not in program.log


def test_retried(post, keep):
    """500 is retried, as the specification demands, until it is stored: once."""
    receiver = keep(posts.Receiver(lambda one: posts.answer(500 if one.n == 0 and one.connection == 0 else 204)))
    program = post(receiver.port, scheme="prometheus+http", polls=3, interval="1s")
    assert program.end(None) == 0, program.log
    assert sorted(receiver.posts[0].samples) == sorted(sample for sample in receiver.posts[1].samples if sample[0] == receiver.posts[0].samples[0][0])


def test_the_default_is_prometheus_on_this_machine(run):
    one = run("--check", to=None, format="prometheus")
    assert "SOCKPUSH_TO=http://127.0.0.1:9090/api/v1/write (default)\n" in one.out and "usually" not in one.log


def test_only_over_http(run):
    one = run(to="prometheus+udp://127.0.0.1")
    assert one.status == 2 and "format prometheus is only for http:// and https://" in one.log
