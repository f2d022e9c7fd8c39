"""Traps of OTLP and of remote write, each with its test, unless test_otlp.py or test_remote_write.py has it."""
import pytest

import chaos
import otlp
import parse
import posts
import procfs
from otlp_model import model, opentelemetry     # fixtures
from posts import post                          # fixtures
from tls_pki import pki                         # a fixture

SCHEMES = ["otlp+http", "prometheus+http"]
# What a gRPC server answers to HTTP/1.1: SETTINGS, then GOAWAY.
HTTP_2 = bytes.fromhex("000006040000000000000500004000" "00001d0700000000007fffffff00000001") + b"invalid preface: POST"


def sums(one):
    """Returns [(time, start, value)] of the request's sums."""
    return [(time, start, value) for _, _, kind, points in otlp.requests(one.raw)["metrics"] if kind == "sum" for time, start, _, value in points]


def test_a_sum_begins_with_zero(post, keep):
    """The first point of each sum is 0, so that rate() sees the first increment. Its start is the program's, in all requests and after a broken
    connection, too."""
    receiver = keep(posts.Receiver(lambda one: None if one.connection in (1, 2) else posts.answer(200, connection="close")))
    program = post(receiver.port, scheme="otlp+http", target="", self="on")
    program.until(lambda: sum(sent is not None for sent in list(receiver.sent)) >= 5)
    assert program.end() == 0, program.log
    first, *later = [sums(one) for one in receiver.posts]
    [start] = {start for of in (first, *later) for _, start, _ in of}
    begun = min(time for time, _, _ in first)
    assert start == begun == min(posts.polled(program))
    assert first and all(value == 0 for time, _, value in first if time == begun)
    assert any(value > 0 for of in later for _, _, value in of)


def test_two_replicas(post, model):
    """They differ by service.instance.id, and by a label of each point: a receiver that has only one of both mixes up nothing."""
    programs = [post(model.port, scheme="otlp+http", target="", host=host, polls=3, self="on") for host in ("web1", "web2")]
    for program in programs:
        assert program.end(None) == 0, program.log
    model.check()
    found = {(otlp.requests(one.raw)["resource"]["service.instance.id"], dict(labels)["host"]) for one in model.posts for _, _, labels, _ in one.samples}
    assert found == {("web1", "web1"), ("web2", "web2")}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_to_send(post, keep, tmp_path, scheme):
    """A poll without points posts nothing, though an empty request would be legal."""
    receiver = keep(posts.Receiver())
    procfs.write(tmp_path, [procfs.Socket("127.0.0.1:80")])
    program = post(receiver.port, scheme=scheme, target="", proc=tmp_path)
    program.until(lambda: receiver.posts)
    for table in procfs.TABLES:
        (tmp_path / "1" / "net" / table).rename(tmp_path / table)
    program.until(lambda: "backend=none" in program.log)
    before = len(receiver.posts)
    for table in procfs.TABLES:
        (tmp_path / table).rename(tmp_path / "1" / "net" / table)
    program.until(lambda: len(receiver.posts) > before + 2)
    assert program.end() == 0, program.log
    assert all(one.samples for one in receiver.posts)
    assert {at for one in receiver.posts for at in one.times} == posts.polled(program)


def test_a_wrong_path(run, model):
    """The log has the path that was asked."""
    one = run(to=f"otlp+http://127.0.0.1:{model.port}/v1/metric", polls=1)
    assert one.status == 1
    [line] = [line for line in one.log.splitlines() if "answers 404" in line]
    assert f"127.0.0.1:{model.port}/v1/metric " in line and "page not found" in line


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_content_type_of_ones_own(run, scheme):
    one = run(to=f"{scheme}://127.0.0.1", http_headers="content-type=text/plain")
    assert one.status == 2 and f"the format {scheme.split('+')[0]} has its own" in one.log


def test_an_answer_of_grpc(run, keep):
    """A receiver of gRPC at another port than 4317 is recognised by its answer."""
    receiver = keep(posts.Receiver(lambda one: [HTTP_2, None]))
    one = run(to=f"otlp+http://127.0.0.1:{receiver.port}", polls=1)
    assert one.status == 1 and "gRPC" in one.log and "not spoken" in one.log


@pytest.mark.parametrize("scheme", ["otlp+https", "prometheus+https"])
def test_tls_and_tokens(post, keep, pki, scheme):
    """They come from the settings of all formats over HTTP, and are in no line of the log."""
    receiver = keep(posts.Receiver(pki=pki.chains[3]))
    program = post(receiver.port, scheme=scheme, target="", polls=2, tls_ca=pki.ca, tls_name="localhost", http_token="Bearer sesame-1",
                   http_headers="X-Scope-OrgID=sesame-2", log_level="debug")
    assert program.end(None) == 0, program.log
    assert all(one.headers["authorization"] == "Bearer sesame-1" and one.headers["x-scope-orgid"] == "sesame-2" for one in receiver.posts)
    assert {sample for one in receiver.posts for sample in one.samples} == chaos.samples(parse.influx(program.out), "." if "otlp" in scheme else "_")
    assert "sesame" not in program.log


def test_units(post, keep):
    """Prometheus appends _ratio to the name of a gauge whose unit is 1."""
    receiver = keep(posts.Receiver())
    program = post(receiver.port, scheme="otlp+http", target="", polls=2, self="on")
    assert program.end(None) == 0, program.log
    assert {unit for one in receiver.posts for _, unit, _, _ in otlp.requests(one.raw)["metrics"]} == {"{connection}", ""}


def test_names(post, keep):
    """Remote write has no `__name__` among tags, whatever the user sets, nor has OTLP."""
    for scheme in SCHEMES:
        receiver = keep(posts.Receiver())
        program = post(receiver.port, scheme=scheme, target="", polls=1, tags="__name__=mine,a=b")
        assert program.end(None) == 0, program.log
        assert receiver.posts[0].samples and all("__name__" not in dict(labels) and name.startswith("netstat") for _, name, labels, _ in receiver.posts[0].samples)
        assert "__name__" in program.log
