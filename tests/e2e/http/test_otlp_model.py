"""What OpenTelemetry's own decoder makes of sockpush's OTLP, and what sockpush makes of answers of OpenTelemetry's encoder."""
import contextlib
import signal
import urllib.error
import urllib.request

import pytest

import chaos
import otlp
import otlp_model
import parse
import posts
import wait
from chaos import report                        # fixtures
from otlp_model import model, opentelemetry     # fixtures
from posts import post                          # fixtures

# A gauge of 12, which real receivers took.
GOLDEN = bytes.fromhex("0a7a0a150a130a0c736572766963652e6e616d6512030a016112610a0d0a08736f636b7075736812013112500a176e6574737461742e7463705f65737461626c69736865641a0c7b636f6e"
                       "6e656374696f6e7d2a270a251900002a36fe9c9717310c000000000000003a110a0a69705f76657273696f6e12030a0134")
# Each byte, in keys and in values, but NUL, which ends a variable, and what ends a tag or its key.
ODD = bytes(set(range(1, 256)) - set(b",:="))
ODD_TAGS = b",".join(b"k%d%sz=v%sz" % (at, ODD[at:at + 20], ODD[at:at + 20]) for at in range(0, len(ODD), 20))


def test_golden_bytes(opentelemetry):
    value = opentelemetry.decode(GOLDEN)["value"]
    assert otlp_model.as_otlp(value) == otlp.requests(GOLDEN)
    assert opentelemetry.encode("request", value) == GOLDEN
    assert otlp_model.count_by_protoc(GOLDEN) in (None, 1)


RUNS = {"plain": {"polls": 3, "interval": "200ms", "ports": None},
        "own counters": {"polls": 3, "interval": "200ms", "self": "on", "kernel": "on", "queues": "auto", "prefix": "app", "tags": "zone=b"},
        "1,000 rules": {"interval": "10m", "ports": ",".join(map(str, range(20000, 21000))), "pid": "off"},
        "odd bytes": {"polls": 2, "interval": "200ms", "tags": ODD_TAGS},
        "no tags": {"polls": 1, "host": "-"}}


@pytest.mark.parametrize("name", RUNS)
def test_decoded(post, model, report, name):
    """All decoders agree, and nothing is refused."""
    program = post(model.port, scheme="otlp+http", target="", **{"host": "web1", "ports": "8080", "pid": "off", **RUNS[name]})
    got = lambda: [sample for one in list(model.posts) for sample in one.samples]
    if "polls" not in RUNS[name]:       # at the program's end the model would have only 5 s
        program.until(lambda: got() and set(got()) == chaos.samples(parse.influx(program.out), "."))
    assert program.end(signal.SIGTERM if "polls" not in RUNS[name] else None) == 0, program.log
    model.check()
    got = got()
    assert len(got) == len(set(got))
    if name != "odd bytes":
        assert set(got) == chaos.samples(parse.influx(program.out), ".")
    report(f"{len(model.posts)} requests, {len(got)} points: the decoders agree")


@pytest.mark.skipif(not chaos.SLOW, reason="a series ends after a minute: SOCKPUSH_TEST_SLOW=1")
def test_series_that_end(post, namespace, model, listen, report):
    """`listen`: each series ends with a point without a value, and comes back."""
    program = post(model.port, scheme="otlp+http", target="", ports="listen", interval="500ms")
    values = lambda: [value for one in list(model.posts) for _, name, labels, value in one.samples
                      if name == "netstat_port.tcp_listen" and dict(labels)["addr_port"] == "8080"]
    listener = listen("127.0.0.1", 8080)
    program.until(lambda: 1 in values())
    listener.close()
    program.until(lambda: values()[-1] == 0)
    assert wait.until(lambda: values()[-1] is None, 90)
    listen("127.0.0.1", 8080)
    program.until(lambda: values()[-1] == 1)
    assert program.end() == 0, program.log
    assert values().count(None) == 1
    model.check()
    report(f"{len(model.posts)} requests, one end of a series: the decoders agree")


def request(name="m", time=5, value=1, kind="gauge", attributes=(("a", "b"),), **more):
    point = {"timeUnixNano": time, "asInt": value, "attributes": [{"key": key, "value": {"stringValue": text}} for key, text in attributes]}
    return {"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"scope": {"name": "s", "version": "1"}, "metrics": [{"name": name, kind: {"dataPoints": [point], **more}}]}]}]}


def status_of(model, body, path="/v1/metrics", kind="application/x-protobuf"):
    asked = urllib.request.Request(f"http://127.0.0.1:{model.port}{path}", body, {"Content-Type": kind})
    with contextlib.suppress(urllib.error.HTTPError):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked) as answer:
            return answer.status
    return model.refused[-1][0]


def test_the_model_refuses(model, opentelemetry):
    """It refuses what real receivers refuse, so that what it takes means something."""
    encode = lambda **more: opentelemetry.encode("request", request(**more))
    good = encode()
    assert status_of(model, good) == status_of(model, good) == 200
    assert status_of(model, b"") == 200
    assert status_of(model, good, path="/") == 404
    assert status_of(model, good, kind="application/json") == 415
    assert status_of(model, good[:-1]) == 400
    assert status_of(model, good.replace(b"\x01a", b"\x01\xff")) == 400
    assert status_of(model, encode(attributes=[("a", "b"), ("a", "c")])) == 400
    assert status_of(model, encode(attributes=[("__name__", "b")])) == 400
    assert status_of(model, encode(time=4)) == 400
    assert status_of(model, encode(value=2)) == 400
    assert status_of(model, encode(kind="sum", aggregationTemporality=1, isMonotonic=True)) == 500
    assert status_of(model, encode(time=6)) == 200


ANSWERS = {"empty": ("response", {}, None),
           "partial": ("response", {"partialSuccess": {"rejectedDataPoints": 3, "errorMessage": "3 are bad"}}, "3 are bad"),
           "warning": ("response", {"partialSuccess": {"errorMessage": "careful"}}, "careful"),
           "long words": ("response", {"partialSuccess": {"rejectedDataPoints": 2**62, "errorMessage": "x" * 3000}}, "x" * 50)}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(post, opentelemetry, keep, name):
    """OpenTelemetry's answers are read: what was not stored is counted and logged, and nothing is sent again."""
    kind, value, words = ANSWERS[name]
    body = opentelemetry.encode(kind, value)
    receiver = keep(posts.Receiver(lambda one: posts.answer(200, content_length=len(body)) + body))
    program = post(receiver.port, scheme="otlp+http", target="", polls=2, interval="300ms")
    status = program.end(None)
    assert len({one.raw for one in receiver.posts}) == len(receiver.posts)
    if value.get("partialSuccess", {}).get("rejectedDataPoints"):
        assert status == 1 and "not all was stored" in program.log and words in program.log
    else:
        assert status == 0 and "not all was stored" not in program.log


def test_status(post, opentelemetry, keep):
    body = opentelemetry.encode("status", {"code": 3, "message": "no such tenant"})
    receiver = keep(posts.Receiver(lambda one: posts.answer(400, content_length=len(body)) + body))
    program = post(receiver.port, scheme="otlp+http", target="", polls=1)
    assert program.end(None) == 1
    assert "the receiver answers 400" in program.log and "no such tenant" in program.log
