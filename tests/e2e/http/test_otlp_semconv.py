"""SOCKPUSH_OTLP_NAMES=semconv: the totals also in the names of OpenTelemetry's semantic conventions."""
import otlp
import posts
from posts import post                  # fixtures

NAME = "system.network.connection.count"
STATE, TRANSPORT, TYPE = "network.connection.state", "network.transport", "network.type"
FIELDS = {"established": "tcp_established", "syn_sent": "tcp_syn_sent", "syn_received": "tcp_syn_recv", "fin_wait_1": "tcp_fin_wait1",
          "fin_wait_2": "tcp_fin_wait2", "time_wait": "tcp_time_wait", "close_wait": "tcp_close_wait", "last_ack": "tcp_last_ack",
          "listen": "tcp_listen", "closing": "tcp_closing", "closed": "tcp_close", None: "udp_socket"}


def send(post, receiver, **more):
    program = post(receiver.port, **{"scheme": "otlp+http", "target": "", "host": "web1", "otlp_names": "semconv", **more})
    assert program.end(None) == 0, program.log
    return [otlp.requests(one.raw)["metrics"] for one in receiver.posts]


def totals(metrics, prefix=""):
    """Returns {(field, IP version): value} of netstat."""
    return {(name.rpartition(".")[2], dict(attributes)["ip_version"]): value for name, _, _, points in metrics
            if name.startswith(f"{prefix}netstat.") for _, _, attributes, value in points}


def counts(metrics):
    """Returns the points of the conventions' metrics: [(unit, kind, time, start, attributes, value)]."""
    return [(unit, kind, *point[:2], dict(point[2]), point[3]) for name, unit, kind, points in metrics if name == NAME for point in points]


def test_the_same_counts(namespace, post, keep, listen, connect):
    """Each point has the value of its field in the same request. So the sums by transport are those of netstat."""
    for host, n in (("127.0.0.1", 3), ("::1", 2)):
        listener = listen(host, 8080)
        for _ in range(n):
            connect(listener)
    receiver = keep(posts.Receiver())
    requests = send(post, receiver, polls=3, prefix="app", ports="8080", interval="200ms", tags="zone=b")
    assert requests
    for metrics in requests:
        assert [name for name, *_ in metrics].count(NAME) == 1
        known, found = totals(metrics, "app."), counts(metrics)
        times = {time for _, _, _, points in metrics for time, *_ in points}
        assert len(times) == 1 and {time for _, _, time, *_ in found} == times
        assert {(unit, kind) for unit, kind, *_ in found} == {("{connection}", "updown")}
        assert all(0 < start <= time for _, _, time, start, *_ in found)
        for *_, attributes, value in found:
            version = attributes["ip_version"]
            assert attributes[TYPE] == f"ipv{version}" and attributes[TRANSPORT] == ("tcp" if STATE in attributes else "udp")
            assert {key: attributes[key] for key in ("host", "zone")} == {"host": "web1", "zone": "b"} and "addr_port" not in attributes
            assert value == known[FIELDS[attributes.get(STATE)], version]
        assert len(found) == len({tuple(sorted(attributes.items())) for *_, attributes, _ in found}) == 2 * len(FIELDS)
        tcp = sum(value for *_, attributes, value in found if attributes[TRANSPORT] == "tcp")
        assert tcp == sum(value for (field, _), value in known.items() if field.startswith("tcp_")) >= 2 * (3 + 2) + 2


def test_tags_with_these_keys(post, keep):
    """They stay on all other metrics, and are replaced on this one: keys are unique (the model refuses others)."""
    receiver = keep(posts.Receiver())
    mine = {STATE: "a", TRANSPORT: "b", TYPE: "c"}
    [metrics] = send(post, receiver, polls=1, tags=",".join(f"{key}={value}" for key, value in mine.items()))
    for name, _, _, points in metrics:
        for _, _, attributes, _ in points:
            kept = {key: value for key, value in attributes if mine.get(key) == value}
            assert kept == ({} if name == NAME else mine)
    assert len(counts(metrics)) == 2 * len(FIELDS)


def test_many_tags(post, keep):
    """With long tags the points are in several metrics, none of which is left out."""
    receiver = keep(posts.Receiver())
    requests = send(post, receiver, polls=1, tags=",".join(f"key{i}={'v' * 900}" for i in range(4)))
    assert sum(len(counts(metrics)) for metrics in requests) == 2 * len(FIELDS)
    assert sum(name == NAME for metrics in requests for name, *_ in metrics) > 1


def test_not_by_default(post, keep):
    receiver = keep(posts.Receiver())
    [metrics] = send(post, receiver, polls=1, otlp_names="sockpush")
    assert not counts(metrics) and totals(metrics)


def test_a_bad_value(run):
    one = run("--check", to="otlp+http://127.0.0.1:4318", otlp_names="otel")
    assert one.status == 2
    assert "SOCKPUSH_OTLP_NAMES" in one.log and "sockpush, semconv" in one.log
