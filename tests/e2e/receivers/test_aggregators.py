"""The lines arrive over real sockets, and models of StatsD receivers read them (aggregators.py)."""
import contextlib
import json
import socket

import pytest

import aggregators
import parse
import procfs
import receivers
import wait
from aggregators import PROFILES, TAGGING, Refused, receive

AGENT = PROFILES["Datadog agent"]
PORTS = '[{"ports":["[2001:db8::1]:80","80"],"tags":{"service":"web"}},{"ports_match":["*:53"]}]'


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80"), procfs.Socket("[2001:db8::1]:80"), procfs.Socket("10.0.0.1:53", "udp_socket")])


@contextlib.contextmanager
def receiving(transport, tmp_path):
    """Yields a receiver and its URL."""
    if transport == "udp":
        with receivers.udp() as receiver:
            yield receiver, f"udp://127.0.0.1:{receiver.port}"
    else:
        make = receivers.unix_datagram if transport == "unixgram" else receivers.unix_stream
        with make(tmp_path / "agent.sock") as receiver:
            yield receiver, f"{transport}://{tmp_path}/agent.sock"


def packets(receiver, framed):
    if framed:
        return parse.frames(b"".join(receiver.chunks))
    return [chunk.decode() for chunk in receiver.chunks]


def lines_of(receiver, framed):
    """Returns whole lines. The last line must end in a stream without frames, but not in a packet."""
    texts = packets(receiver, framed)
    if isinstance(receiver, receivers.StreamReceiver) and not framed:
        texts = ["".join(texts)]
        assert texts[0].endswith("\n")
    return [line for text in texts for line in text.removesuffix("\n").split("\n")]


def sent(tmp_path, root, run, transport, format, **env):
    """Returns the lines of two polls, with the binary's own series."""
    framed = format == "datadog" and transport == "unixstream"
    with receiving(transport, tmp_path) as (receiver, url):
        one = run(to=f"{format}+{url}", polls=2, interval="300ms", proc=root, host="a", ports=PORTS, **env)
        assert one.status == 0, one.log
        assert wait.until(lambda: "".join(packets(receiver, framed)).count(".reconnects:") >= 2), "not received in time"
        return lines_of(receiver, framed)


# ---- the models themselves

EXAMPLES = [
    # line: receivers that refuse it
    ("users.online:1|c|@0.5", []),
    ("users.online:1|g|#country:china", ["Telegraf", "brubeck"]),
    ("users.online:1:2:3|g", [name for name in PROFILES if name != "Datadog agent"]),
    ("fuel.level:0.5|g|#a:b|c:ci-83c0a99c0a54", ["Telegraf", "brubeck", "veneur"]),
    ("page.views:15|c|#env:dev|T1656581400", ["Telegraf", "brubeck", "veneur"]),
    ("page.views:15|c|#env:dev|e:it-false,cn-web", ["Telegraf", "Telegraf, datadog_extensions", "brubeck", "veneur", "OpenTelemetry", "statsd_exporter"]),
    ("page.views:15|c|#env:dev|card:low", ["Telegraf", "Telegraf, datadog_extensions", "brubeck", "veneur", "OpenTelemetry", "statsd_exporter"]),
    ("users.online:1|g|#canary", ["OpenTelemetry", "brubeck"]),
    ("a:1", list(PROFILES)),
    (":1|g", list(PROFILES)),
    ("a:|g", list(PROFILES)),
]


def refusers(line):
    names = []
    for name, profile in PROFILES.items():
        try:
            receive(line, profile)
        except Refused:
            names.append(name)
    return names


@pytest.mark.parametrize("line,names", EXAMPLES)
def test_model(line, names):
    assert set(refusers(line)) == set(names)


def test_model_takes_all_sections_in_any_order():
    sample = receive("a.b:1:2|c|card:low|#x:y:z,w|e:it-false,cn-a|@0.5|T1656581400|c:in-42", AGENT)
    assert sample == aggregators.Sample("a.b", (1, 2), "c", {"x": "y:z", "w": ""}, 0.5, {
        "cardinality": "low", "external": "it-false,cn-a", "time": "1656581400", "container": "in-42"})


def test_model_of_signs():
    assert {name for name, profile in PROFILES.items() if not receive("a:-5|g", profile).delta} == {"Datadog agent", "gostatsd", "veneur"}


def test_model_of_etsy_spoils_the_last_tag():
    assert receive("a:1|g|#b:c,d:e|c:ci-f", PROFILES["etsy"]).tags == {"b": "c", "d": "e|c:ci-f"}


# ---- dogstatsd: for receivers with tags

@pytest.mark.parametrize("transport", ["udp", "unixgram", "unixstream"])
def test_dogstatsd_is_taken_by_all_that_take_tags(tmp_path, root, run, transport):
    lines = sent(tmp_path, root, run, transport, "dogstatsd", tags="zone=1")
    assert len(lines) > 150
    for line in lines:
        point = parse.dogstatsd_line(line)
        (field, value), = point.fields.items()
        for name in TAGGING:
            sample = receive(line, PROFILES[name])
            assert (sample.name, sample.values, sample.tags) == (f"{point.measurement}.{field}", (value,), dict(point.tags)), name
            assert not sample.sections and not sample.delta
        assert set(refusers(line)) == {"Telegraf", "brubeck"}


def test_tag_without_a_value_is_refused_by_opentelemetry(tmp_path, root, run):
    """OpenTelemetry refuses it unless its enable_simple_tags is set."""
    line = next(line for line in sent(tmp_path, root, run, "udp", "dogstatsd", tags="canary") if line.startswith("netstat."))
    assert "OpenTelemetry" in refusers(line) and receive(line, AGENT).tags["canary"] == ""


# ---- datadog: for the agent, and the reason why it is not the default

DATADOG = {"DD_EXTERNAL_ENV": "it-false,cn-web,pu-1f", "DD_CARDINALITY": "low"}


@pytest.mark.parametrize("transport", ["udp", "unixgram", "unixstream"])
def test_datadog_is_taken_by_the_agent(tmp_path, root, run, transport):
    lines = sent(tmp_path, root, run, transport, "datadog", **DATADOG)
    assert len(lines) > 150
    for line in lines:
        sample = receive(line, AGENT)
        assert sample.tags == dict(parse.datadog_line(line).tags)
        assert (sample.sections["external"], sample.sections["cardinality"]) == ("it-false,cn-web,pu-1f", "low")


@pytest.mark.parametrize("section", DATADOG)
def test_datadog_is_refused_by_others(tmp_path, root, run, section):
    for line in sent(tmp_path, root, run, "udp", "datadog", **{section: DATADOG[section]}):
        assert {"OpenTelemetry", "statsd_exporter", "veneur", "Telegraf, datadog_extensions"} <= set(refusers(line))


def test_datadog_frames_hold_whole_packets(tmp_path, root, run):
    with receiving("unixstream", tmp_path) as (receiver, url):
        ports = ",".join(map(str, range(8000, 8060)))
        assert run(to=f"datadog+{url}", polls=1, proc=root, host="a", self="off", ports=ports).status == 0
        assert wait.until(lambda: sum(packet.count("|g") for packet in packets(receiver, True)) >= 61 * 26)
        data = b"".join(receiver.chunks)
    texts = parse.frames(data)
    assert sum(4 + len(text.encode()) for text in texts) == len(data), "bytes that belong to no frame"
    assert len(texts) > 5
    for text in texts:
        assert all(parse.datadog_line(line) for line in text.removesuffix("\n").split("\n"))


@pytest.mark.parametrize("transport", ["unix", "unixstream"])
def test_dogstatsd_on_a_stream_has_no_frames(tmp_path, root, run, transport):
    with receivers.unix_stream(tmp_path / "agent.sock") as receiver:
        assert run(to=f"{transport}://{tmp_path}/agent.sock", polls=1, proc=root).status == 0
        assert receiver.until(lambda text: "reconnects" in text).startswith("netstat.")


def test_datadog_on_a_stream_that_is_found_out(tmp_path, root, run):
    with receivers.unix_stream(tmp_path / "agent.sock") as receiver:
        assert run(to=f"datadog+unix://{tmp_path}/agent.sock", polls=1, proc=root).status == 0
        assert wait.until(lambda: "reconnects" in "".join(packets(receiver, True)))


def test_frames_after_the_agent_restarts(tmp_path, root, start):
    """The new connection begins with a length, and both hold whole frames."""
    path = tmp_path / "agent.sock"
    first = receivers.unix_stream(path)
    program = start(to=f"unix://{path}", format="datadog", proc=root)
    assert wait.until(lambda: first.chunks)
    receivers.remove(first, path)
    program.until(lambda: "retrying" in program.log)
    with receivers.unix_stream(path) as second:
        assert wait.until(lambda: ".reconnects:1|c" in "".join(packets(second, True)))
        assert program.end() == 0
        assert all(parse.datadog_line(line) for line in lines_of(second, True))


def test_frames_to_a_slow_reader(tmp_path, root, start):
    """The reader's socket is full for a while. Only whole frames are missing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "agent.sock"))
        listener.listen()
        program = start(to=f"datadog+unixstream://{tmp_path}/agent.sock,influx+stdout:", proc=root, ports=",".join(map(str, range(8000, 8100))))
        connection, _ = listener.accept()
        with connection:
            program.until(lambda: len(program.influx_polls()) >= 10)
            connection.settimeout(wait.DEADLINE)
            data = b"".join(connection.recv(4096) for _ in range(100))
            program.process.terminate()
            while more := connection.recv(1 << 16):
                data += more
        assert program.end(number=None) == 0
    texts = parse.frames(data)
    assert sum(4 + len(text.encode()) for text in texts) == len(data)
    assert all(parse.datadog_line(line) for text in texts for line in text.split("\n"))


@pytest.mark.parametrize("transport,format", [("unixstream", "datadog"), ("unixgram", "datadog"), ("unixgram", "dogstatsd"), ("udp", "dogstatsd")])
def test_line_that_is_too_long_is_left_out_and_counted(tmp_path, root, run, transport, format):
    """The other lines of the same poll arrive."""
    long = {f"tag{i}": "x" * 1000 for i in range(9)}
    rules = json.dumps([{"ports": ["80"], "tags": long}, {"ports": ["81"]}])
    framed = transport == "unixstream"
    with receiving(transport, tmp_path) as (receiver, url):
        one = run(to=f"{format}+{url}", polls=2, interval="300ms", proc=root, host="a", ports=rules, pid="off")
        assert wait.until(lambda: "".join(packets(receiver, framed)).count(".reconnects:") >= 2), one.log
        points = [parse.datadog_line(line) for line in lines_of(receiver, framed)]
    assert {point.tag("addr_port") for point in points} == {None, "81"}
    dropped = [point.fields["dropped_lines"] for point in points if "dropped_lines" in point.fields]
    assert dropped == [0, 2 * len([*parse.PORT, "accept_queue"])], one.log


# ---- statsd: for all receivers

@pytest.mark.parametrize("transport", ["udp", "unixstream"])
def test_statsd_is_taken_by_all(tmp_path, root, run, transport):
    for line in sent(tmp_path, root, run, transport, "statsd"):
        point = parse.statsd_line(line)
        assert refusers(line) == []
        sample = receive(line, PROFILES["etsy"])
        assert sample.values == tuple(point.fields.values()) and not sample.delta and not sample.tags


# ---- DataKit

def points(lines, separator):
    return [aggregators.datakit(line, separator) for line in lines]


def test_datakit_with_a_dot_has_our_measurements(tmp_path, root, run):
    lines = sent(tmp_path, root, run, "udp", "dogstatsd")
    fields = {}
    for line, point in zip(lines, points(lines, ".")):
        ours = parse.dogstatsd_line(line)
        assert (point.measurement, point.field) == (ours.measurement, *ours.fields)
        assert {**dict(ours.tags), "metric_type": "counter" if ours.kind == "c" else "gauge"} == point.tags
        fields.setdefault(point.measurement, set()).add(point.field)
    assert set(fields) == {"netstat", "netstat_port", "sockpush", "sockpush_output"}
    assert fields["netstat"] == set(parse.COUNTS) and fields["netstat_port"] == {*parse.PORT, "accept_queue"}


def test_datakit_by_default_mixes_them_up(tmp_path, root, run):
    """Both measurements are `netstat`, and the fields of a port begin with port_. That is why docs/receivers.md sets "."."""
    fields = {}
    for point in points(sent(tmp_path, root, run, "udp", "dogstatsd"), "_"):
        fields.setdefault(point.measurement, set()).add(point.field)
    assert set(fields) == {"netstat", "sockpush"}
    assert fields["netstat"] == {*parse.COUNTS, *("port_" + name for name in parse.PORT), "port_accept_queue"}
    assert {"poll_us", "output_sent_lines"} <= fields["sockpush"]


def test_datakit_with_a_prefix(tmp_path, root, run):
    """The first dot divides, so the prefix becomes the measurement."""
    found = points(sent(tmp_path, root, run, "udp", "dogstatsd", prefix="team"), ".")
    assert {point.measurement for point in found} == {"team"}
    assert {"netstat.udp_socket", "netstat_port.udp_socket"} <= {point.field for point in found}


def test_datakit_refuses_the_sections_of_datadog():
    with pytest.raises(Refused):
        aggregators.datakit("netstat.udp_socket:1|g|#host:a|card:low")
