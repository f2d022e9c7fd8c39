"""OTLP over HTTP: what a model of a receiver decodes, and what real ones store."""
import random
import re

import pytest

import chaos
import otlp
import parse
import posts
import servers
import wait
from posts import post                  # fixtures

COUNTERS = {"partial_polls", "poll_errors", "count_errors", "sent_lines", "send_errors", "dropped_lines", "reconnects"}


def send(post, receiver, **more):
    return post(receiver.port, **{"scheme": "otlp+http", "target": "", "host": "web1", "ports": "8080", **more})


def test_decoded(namespace, post, keep):
    """One resource and scope, a metric for each name with the points of all series, and each value as it was polled."""
    receiver = keep(posts.Receiver())
    program = send(post, receiver, polls=3, tags="zone=b", prefix="app", self="on", interval="200ms")
    assert program.end(None) == 0, program.log
    assert sum((one.samples for one in receiver.posts), start=[]) and all(
        one.target == "/v1/metrics" and one.headers["content-type"] == "application/x-protobuf" and "content-encoding" not in one.headers for one in receiver.posts)
    got = {sample for one in receiver.posts for sample in one.samples}
    assert got == chaos.samples(parse.influx(program.out), ".")
    starts = set()
    for request in (otlp.requests(one.raw) for one in receiver.posts):
        assert request["resource"] == {"service.name": "sockpush", "service.instance.id": "web1", "host.name": "web1"}
        assert request["scope"][0] == "sockpush" and re.fullmatch(r"\d+\.\d+\.\d+", request["scope"][1])
        names = [name for name, *_ in request["metrics"]]
        assert len(set(names)) == len(names)
        for name, unit, kind, points in request["metrics"]:
            field = name.rpartition(".")[2]
            assert kind == ("sum" if field in COUNTERS else "gauge"), name
            assert unit == ("{connection}" if ".netstat" in name and field not in ("accept_queue_fullest", "close_wait_oldest_s", "pid") else ""), name
            starts |= {start for _, start, _, _ in points if start}
            assert all(time >= (start or 0) for time, start, _, _ in points)
            assert all(dict(attributes)["host"] == "web1" for _, _, attributes, _ in points)
    assert len(starts) == 1


def test_many_series(post, keep):
    receiver = keep(posts.Receiver())
    program = send(post, receiver, polls=2, interval="300ms", ports=",".join(map(str, range(20000, 21000))), pid="off")
    assert program.end(None) == 0, program.log
    got = [sample for one in receiver.posts for sample in one.samples]
    assert set(got) == chaos.samples(parse.influx(program.out), ".") and len(got) == len(set(got))
    assert max(len(one.raw) for one in receiver.posts) < 65536 + 4200


def test_any_tags(post, keep):
    chance = random.Random(8)
    receiver = keep(posts.Receiver())
    for _ in range(10):
        tags = {"".join(chance.choice("aZ9_.-/:@é") for _ in range(chance.randrange(1, 6))): chance.choice(["x", "☃", "a b", '"\\']) for _ in range(chance.randrange(8))}
        program = send(post, receiver, polls=1, tags=",".join(f"{key}={value}" for key, value in tags.items()))
        assert program.end(None) == 0, program.log
        assert {(time, name, value) for time, name, _, value in receiver.posts[-1].samples} == \
            {(time, name, value) for time, name, _, value in chaos.samples(parse.influx(program.out), ".")}


PATH = "/opentelemetry/v1/metrics"
RETRIED = [429, 502, 503, 504]
FINAL = [400, 408, 425, 500, 501]


@pytest.mark.parametrize("status", RETRIED)
def test_retried(post, keep, status):
    receiver = keep(posts.Receiver(lambda one: posts.answer(status if one.connection == 0 and one.n == 0 else 200)))
    program = send(post, receiver, polls=2, interval="1s")
    assert program.end(None) == 0, program.log
    assert receiver.posts[0].raw == receiver.posts[1].raw


@pytest.mark.parametrize("status", FINAL)
def test_never_retried(post, keep, status):
    """The body is a google.rpc.Status, whose message goes to the log."""
    receiver = keep(posts.Receiver(lambda one: posts.answer(status, "\x08\x03\x12\x0enot this metric")))
    program = send(post, receiver, polls=1)
    assert program.end(None) == 1
    assert "lines are dropped" in program.log and f"the receiver answers {status}" in program.log and "not this metri" in program.log
    assert len({one.raw for one in receiver.posts}) == len(receiver.posts)


def test_partial_success(namespace, post, keep):
    """Points that the receiver could not store are counted and logged, and not sent again."""
    receiver = keep(posts.Receiver(lambda one: posts.answer(200, "\x0a\x0f\x08\x03\x12\x0bname is bad" if one.n < 2 else "")))
    program = send(post, receiver, polls=4, interval="300ms", self="on")
    assert program.end(None) in (0, 1), program.log
    assert "not all was stored" in program.log and "name is bad" in program.log
    assert len({one.raw for one in receiver.posts}) == len(receiver.posts)
    [dropped] = [value for _, name, labels, value in receiver.posts[-1].samples
                 if name == "sockpush_output.dropped_lines" and dict(labels)["output"].startswith("http")]
    assert dropped == 6


def test_series_that_end_have_no_value(post, keep):
    receiver = keep(posts.Receiver())
    program = send(post, receiver, polls=1)
    assert program.end(None) == 0
    assert all(value is not None for one in receiver.posts for *_, value in one.samples)


def test_grpc_port(run):
    one = run("--check", to="otlp+http://127.0.0.1:4317")
    assert "4317" in one.log and "gRPC" in one.log and "4318" in one.log


def test_stored_by_victoriametrics(namespace, keep, tmp_path, push):
    server = keep(servers.NewerVictoriaMetrics(tmp_path))
    expected = chaos.samples(push(f"otlp+http://127.0.0.1:8428{PATH}", tags="zone=b"), ".")
    resource = {("service.name", "sockpush"), ("service.instance.id", "web1.example"), ("host.name", "web1.example")}
    stored = lambda: {(time, name, tuple(sorted(set(labels) - resource)), value) for time, name, labels, value in chaos.stored(server)}
    assert wait.until(lambda: stored() == expected), sorted(stored() ^ expected)[:4]


def test_more_is_rejected_than_was_sent(post, keep):
    """An odd number from a receiver does not spoil the counters: no more lines count as dropped than it got."""
    body = b"\x0a\x0a\x08" + b"\xff" * 8 + b"\x7f"      # 2^63 - 1
    receiver = keep(posts.Receiver(lambda one: posts.answer(200, content_length=len(body)) + body))
    program = send(post, receiver, polls=3, interval="300ms", self="on")
    assert program.end(None) == 1
    values = [value for one in receiver.posts for _, name, labels, value in one.samples if name in ("sockpush_output.sent_lines", "sockpush_output.dropped_lines")]
    assert values and max(values) < 1000 and "dropped, 0 left" in program.log


def test_a_warning_is_logged(post, keep):
    """All points were stored: the words are a warning, and nothing counts as dropped."""
    receiver = keep(posts.Receiver(lambda one: posts.answer(200, "\x0a\x0d\x12\x0bold version")))
    program = send(post, receiver, polls=2, interval="300ms")
    assert program.end(None) == 0
    assert "stored with a warning" in program.log and "old version" in program.log and "dropped" not in program.log
