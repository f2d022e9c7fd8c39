"""SOCKPUSH_TO=otlp goes where OpenTelemetry's variables lead, as the SDK of an application in the same container would."""
import pytest

import otlp
import posts
import receivers
from tls_pki import pki             # a fixture

OTLP = "OTEL_EXPORTER_OTLP_"


def endpoint(receiver, path="", scheme="http"):
    return f"{scheme}://127.0.0.1:{receiver.port}{path}"


def test_an_applications_environment(run, pki):
    """Path, header, certificate and resource are those of the variables; a header's value shows nowhere."""
    with posts.Receiver(pki=pki.leaf_p256) as receiver:
        env = {f"{OTLP}ENDPOINT": endpoint(receiver, "/otlp/", "https"), f"{OTLP}HEADERS": "api-key=sesame%2Cone, x-scope = t ",
               f"{OTLP}CERTIFICATE": str(pki.ca), f"{OTLP}PROTOCOL": "http/protobuf", "OTEL_SERVICE_NAME": "shop",
               "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,k8s.pod.name=shop%2D7", "to": "otlp", "host": "web1", "log_level": "debug"}
        one = run(polls=1, **env)
        assert one.status == 0, one.log
        [post] = receiver.posts
        assert post.target == "/otlp/v1/metrics" and post.headers["api-key"] == "sesame,one" and post.headers["x-scope"] == "t"
        assert otlp.requests(post.raw)["resource"] == {"service.name": "shop", "k8s.pod.name": "shop-7", "service.instance.id": "web1", "host.name": "web1"}
        assert "sesame" not in one.log
        checked = run("--check", **env)
        assert f"otlp: {endpoint(receiver, '/otlp/v1/metrics', 'https')} (from {OTLP}ENDPOINT, {OTLP}CERTIFICATE, {OTLP}HEADERS)" in checked.out
        assert "sesame" not in checked.out + checked.log


def test_the_headers_are_for_that_receiver_alone(run):
    with posts.Receiver() as mine, posts.Receiver() as other:
        one = run(polls=1, to=f"influx+http://127.0.0.1:{other.port}/write,otlp", http_headers="both=1",
                  **{f"{OTLP}METRICS_ENDPOINT": endpoint(mine, "/as/it/is"), f"{OTLP}METRICS_HEADERS": "api-key=1", f"{OTLP}HEADERS": "general=1"})
        assert one.status == 0, one.log
        assert mine.posts[0].target == "/as/it/is"
        assert [("both" in at.posts[0].headers, "api-key" in at.posts[0].headers, "general" in at.posts[0].headers) for at in (mine, other)] == \
            [(True, True, False), (True, False, False)]


def test_a_request_has_its_timeout(run):
    """The first request gets no answer, and is sent again over another connection."""
    with posts.Receiver(lambda one: posts.answer(200) if one.connection else [3600]) as receiver:
        one = run(polls=2, interval="300ms", to="otlp", **{f"{OTLP}ENDPOINT": endpoint(receiver), f"{OTLP}TIMEOUT": "700"})
        assert one.status == 0 and "the receiver gave no answer for 700 ms; retrying" in one.log, one.log
        assert receiver.posts[0].raw == receiver.posts[1].raw and receiver.posts[1].connection == 1


@pytest.mark.parametrize("protocol", ["grpc", "http/json"])
def test_other_protocols_are_refused(run, protocol):
    one = run(to="otlp", **{f"{OTLP}PROTOCOL": protocol})
    assert one.status == 2 and f"{OTLP}PROTOCOL" in one.log and protocol in one.log and "http/protobuf" in one.log


def test_nothing_is_sent_only_because_they_are_set(namespace, run):
    with posts.Receiver() as collector, receivers.udp("127.0.0.1", 8125) as statsd:
        one = run(polls=1, **{f"{OTLP}ENDPOINT": endpoint(collector), f"{OTLP}PROTOCOL": "grpc", "OTEL_SERVICE_NAME": "a", "OTEL_METRICS_EXPORTER": "otlp"})
        assert one.status == 0 and "OTEL" not in one.log, one.log
        statsd.until(lambda text: "netstat.tcp_established" in text)
        assert not collector.posts


def test_a_wrong_path_is_named(start):
    """A 404 is for a person to mend: the log has the path that was asked for."""
    with posts.Receiver(lambda one: posts.answer(404)) as receiver:
        program = start(to="otlp", **{f"{OTLP}METRICS_ENDPOINT": endpoint(receiver)})
        program.until(lambda: "the receiver answers 404" in program.log)
        assert f"output={endpoint(receiver, '/')} " in program.log and receiver.posts[0].target == "/"
        program.end_at_once()
