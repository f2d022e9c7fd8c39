"""SOCKPUSH_LISTEN to Prometheus: counters are exact from their first increment on, and nothing that applications send makes a receiver refuse
a request."""
import json
import random
import socket

import pytest

import servers
from strict import Strict

RECEIVERS = {"prometheus": (servers.Prometheus, 9090, ""),
             "prometheus 2.53": (servers.NewerPrometheus, 9090, ""),
             "victoriametrics": (servers.VictoriaMetrics, 8428, "/api/v1/write"),
             "victoriametrics 1.112": (servers.NewerVictoriaMetrics, 8428, "/api/v1/write")}


def udp(*lines):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto("\n".join(lines).encode(), ("127.0.0.1", 8125))


@pytest.fixture
def relay(namespace, start):
    """relay(port, …) starts a program that listens on UDP port 8125 and pushes to this port."""
    def make(port, path="", scheme="prometheus", **env):
        program = start(**{"to": f"{scheme}+http://127.0.0.1:{port}{path}", "listen": "udp://127.0.0.1:8125", "interval": "300ms", "host": "h", **env})
        program.until(lambda: "taking StatsD" in program.log)
        return program
    return make


def rows(server, name, **labels):
    """Returns [(time in ms, value)] of the series with this name and, beside host, these labels."""
    server.query("up")          # makes VictoriaMetrics write what it has
    return server.stored().get((name, tuple(sorted({"host": "h", **labels}.items()))), [])


def increase(server, port, name):
    """Returns the increase from the first sample to the last."""
    last = rows(server, name)[-1][0] / 1000
    answer = json.loads(servers.get(port, "/api/v1/query", query=f"increase({name}[1h])", time=f"{last:.3f}", nocache=1))
    return [float(row["value"][1]) for row in answer["data"]["result"]]


@pytest.mark.parametrize("name", RECEIVERS)
def test_real_receivers(relay, keep, tmp_path, name):
    kind, port, path = RECEIVERS[name]
    server = keep(kind(tmp_path))
    program = relay(port, path)
    server.until(lambda: rows(server, "netstat_tcp_established", ip_version="4"))
    for n in range(3):
        udp("hits:3|c", "req:1|c", "req:5|g", "a.b:1|g", "a_b:2|g", "a_b:1|ms", "load:7|g", "load:+1|g", "users:x|s", "users:y|s",
            "netstat.tcp_established:99|g|#ip_version:4", "wait:10|ms", "wait:20|ms", "wait:30|ms")
        server.until(lambda: max((value for _, value in rows(server, "hits")), default=0) == 3 * (n + 1))
    server.until(lambda: len(rows(server, "hits")) > 5)
    assert increase(server, port, "hits") == [9] and increase(server, port, "wait_count") == [9] and increase(server, port, "wait_sum") == [180]
    assert [value for _, value in rows(server, "hits")][:2] == [0, 3]
    for gauge, value in (("a_b", 1), ("load", 8)):
        assert {found for _, found in rows(server, gauge)} == {value}
    assert max(value for _, value in rows(server, "users")) == 2
    [one] = {name for name, labels in server.stored() if name == "req"}
    for quantile, value in (("0.5", 20), ("0.9", 30), ("0.99", 30)):
        assert all(abs(found - value) < 0.05 * value for _, found in rows(server, "wait", quantile=quantile))
    assert 99 not in {value for _, value in rows(server, "netstat_tcp_established", ip_version="4")}
    assert program.end() == 0
    assert "would be the same series" in program.log and "lines are dropped" not in program.log
    assert not any(words in server.log.lower() for words in ("out of order", "duplicate sample", "out-of-order"))


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_metric_that_expired_is_stale(relay, keep, tmp_path, name):
    """It comes back with all that it counts since."""
    kind, port, path = RECEIVERS[name]
    server = keep(kind(tmp_path))
    program = relay(port, path, listen_expiry="1s")
    server.until(lambda: server.query("netstat_tcp_listen"))
    for load in (5, 7):
        udp(f"load:{load}|g", "hits:4|c", "wait:3|ms")
        server.until(lambda: load in {value for _, value in rows(server, "load")})
        server.until(lambda: not server.query('{__name__=~"load|hits|wait.*"}'))
        assert server.query("netstat_tcp_listen")
    udp("hits:4|c")
    server.until(lambda: increase(server, port, "hits") == [12])
    assert program.end() == 0 and "lines are dropped" not in program.log


OWN = "netstat", "sockpush"


def is_own(name):
    return name.startswith(OWN)


def names(post):
    return {name for _, name, _, _ in post.samples}


@pytest.mark.parametrize("scheme", ["prometheus", "otlp"])
@pytest.mark.parametrize("seed", range(3))
def test_lost_answers(relay, keep, scheme, seed):
    """A request that comes again changes nothing, and is not refused. Own counts and applications' metrics are in different requests, and so
    are zeros and values."""
    chance = random.Random(seed)
    lost = set()

    def lose(post):
        if len(lost) == 6 or post.raw in lost or all(map(is_own, names(post))) or chance.randrange(3) == 0:
            return False
        lost.add(post.raw)
        return True

    receiver = keep(Strict(lose))
    program = relay(receiver.port, scheme=scheme, interval="100ms", listen_expiry="1s", buffer="4MiB")
    program.until(lambda: receiver.stored)
    total, known = {name: 0 for name in "abcd"}, 0
    while len(lost) < 6 or known < 4:
        name, n = chance.choice("abcd"), chance.randrange(1, 50)
        udp(f"{name}:{n}|c", f"t{name}:{n}|ms", f"g.{name}:{n}|g", f"g_{name}:1|g")
        total[name] += n
        program.until(lambda: receiver.values(name) and increases(receiver.values(name)) == total[name])
        known = sum(n > 0 for n in total.values())
    assert program.end() == 0, program.log
    assert not receiver.refused and len(receiver.lost) == 6
    for name in "abcd":
        assert receiver.values(name)[0] == 0 and increases(receiver.values(name)) == total[name]
    for post in receiver.posts:
        assert len({is_own(name) for name in names(post)}) == 1
        assert len({time for time, *_ in post.samples}) == 1
    bodies = [post.raw for post in receiver.posts]
    assert {body for body in bodies if bodies.count(body) > 1} == lost
    assert "lines are dropped" not in program.log


def increases(values):
    """Returns the increase of a counter that restarts at 0 after each end, which is None."""
    sums, before = 0, None
    for value in values:
        assert before is not None or value in (0, None)
        if value is not None and before is not None:
            assert value >= before
            sums += value - before
        before = value
    return sums


def test_what_is_left_out_is_counted(relay, keep):
    """By value, in dropped_lines; the first is in the log."""
    receiver = keep(Strict())
    program = relay(receiver.port, backend="off", interval="100ms")
    program.until(lambda: receiver.stored)
    udp("req:1|c", "req:2|g", "sockpush.polls:1|ms", "a b:1|g|#x.y:1", "a.b:1|g|#x_y:1")
    program.until(lambda: receiver.values("sockpush_output_dropped_lines")[-1:] and receiver.values("sockpush_output_dropped_lines")[-1] >= 5)
    assert program.end() == 0 and not receiver.refused
    assert receiver.values("req")[:2] == [0, 1] and receiver.values("a_b")[0] == 1
    assert program.log.count("would be the same series") == 1
    assert "the gauge req would be the same series as counter req in prometheus: it is left out" in program.log
    dropped = receiver.values("sockpush_output_dropped_lines")
    assert {after - before for before, after in zip(dropped, dropped[1:])} <= {0, 2, 3}


def test_own_names(relay, keep):
    """With the prefix, ours are others."""
    receiver = keep(Strict())
    program = relay(receiver.port, interval="100ms", prefix="app")
    program.until(lambda: receiver.stored)
    udp("app.sockpush.sockets:77|g", "sockpush.sockets:78|g", "app_netstat_x:1|g")
    program.until(lambda: receiver.values("sockpush_sockets"))
    assert program.end() == 0 and not receiver.refused
    assert 77 not in receiver.values("app_sockpush_sockets") and receiver.values("sockpush_sockets")[0] == 78
    assert not receiver.values("app_netstat_x")
    assert "the gauge app.sockpush.sockets would be the same series as sockpush's own in prometheus" in program.log


def is_histogram(post):
    return any(isinstance(value, tuple) for *_, value in post.samples)


def test_a_receiver_that_refuses_histograms(relay, keep):
    """An older one refuses all of a request with exponential histograms. Own counts, counters and gauges of each poll arrive all the same,
    however many histograms there are."""
    receiver = keep(Strict(refuse=lambda post: "no histograms" if is_histogram(post) else None))
    program = relay(receiver.port, scheme="otlp", path=",influx+stdout:", interval="200ms", listen_expiry="0s")
    program.until(lambda: receiver.stored)
    for n in range(4):
        udp(*(f"t{i}:{i}|ms" for i in range(40)), "hits:3|c", "load:7|g")
        program.until(lambda: receiver.values("hits")[-1:] == [3 * (n + 1)])
    assert program.end() == 0 and set(receiver.refused) == {"no histograms"}
    times = lambda name: {int(line.rsplit(" ")[-1]) // 10**6 for line in program.out.splitlines() if line.startswith(name + ",")}
    stored = lambda name: {time for (other, _), rows in receiver.stored.items() if other == name for time, _ in rows}
    assert stored("netstat.tcp_established") == times("netstat") and stored("sockpush.sockets") == times("sockpush")
    assert stored("load") == times("load") and stored("hits") >= times("hits")
    assert set(receiver.values("load")) == {7}
