"""The pushed series besides the counts, and their order."""
import time

import pytest

import parse
import procfs
import receivers
from procfs import Socket

SOCKETS = [Socket("10.0.0.1:80"), Socket("10.0.0.1:443"), Socket("10.0.0.1:53", "udp_socket"), Socket("[2001:db8::1]:80")]


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path, SOCKETS)


def test_order_of_lines_and_fields(root, poll):
    """The order is netstat 4 and 6, the port series in the order of their rules, then sockpush's own. Tags are sorted by key."""
    run = poll(proc=root, format="influx", self="on", ports="443,[2001:db8::1]:80,80,*:53", pid="off", tags="zone=1,area=2")
    order = [(point.measurement, point.tag("addr_port"), point.tag("ip_version")) for point in run.points]
    assert order == [("netstat", None, "4"), ("netstat", None, "6"),
                     ("netstat_port", "443", "4"), ("netstat_port", "443", "6"),
                     ("netstat_port", "[2001:db8::1]:80", "6"),
                     ("netstat_port", "80", "4"), ("netstat_port", "80", "6"), ("netstat_port", "10.0.0.1:53", "4"),
                     ("sockpush", None, None), ("sockpush_output", None, None)]
    for point in run.points:
        fields = {"sockpush": parse.BACKEND, "sockpush_output": parse.OUTPUT}.get(point.measurement, parse.COUNTS)
        if point.measurement == "netstat_port":
            fields = [*fields, *["accept_queue"] * (point.fields["tcp_listen"] > 0), "close_wait_oldest_s"]
        assert list(point.fields) == fields


def test_dogstatsd_has_the_same_order(root, poll):
    env = {"proc": root, "self": "on", "ports": "443,80", "pid": "off"}
    influx, dogstatsd = (poll(format=format, **env).points for format in ("influx", "dogstatsd"))
    assert [(p.measurement, p.tags, f) for p in influx for f in p.fields] == [(p.measurement, p.tags, *p.fields) for p in dogstatsd]


def test_one_time_for_a_poll(root, poll):
    before = time.time_ns()
    points = poll(proc=root, format="influx", self="on", ports="80").points
    times = {point.time for point in points}
    assert len(times) == 1
    assert before - 1_000_000_000 < times.pop() < time.time_ns() + 1_000_000_000


def test_own_series(root, poll):
    run = poll(proc=root, self="on", format="influx")
    own = {name: (dict(tags), fields) for (name, tags), fields in run.series.items() if name.startswith("sockpush")}
    tags, fields = own["sockpush"]
    assert tags == {"host": "a", "backend": "procfs"}
    assert fields["sockets"] == len(SOCKETS) and fields["partial_polls"] == fields["poll_errors"] == fields["count_errors"] == 0
    assert 0 < fields["poll_us"] < 10_000_000
    tags, fields = own["sockpush_output"]
    assert set(tags) == {"host", "output"} and "stdout" in tags["output"]
    assert fields == dict.fromkeys(parse.OUTPUT, 0), "nothing was sent before the first poll"


def test_without_own_series(root, poll):
    assert {name for name, _ in poll(proc=root, self="off").series} == {"netstat"}


def sent(points):
    return [point.fields["sent_lines"] for point in points if "sent_lines" in point.fields]


def test_counters_are_totals_in_influx(root, start):
    program = start(proc=root)
    program.until(lambda: len(program.influx_polls()) >= 6)
    counts = sent(parse.influx(program.out))
    assert counts == sorted(counts) and counts[-1] >= counts[1] * 2


def test_counters_are_increments_in_dogstatsd(root, start):
    """Counters have type c; their increments add up to the lines sent."""
    with receivers.udp() as receiver:
        program = start(proc=root, to=f"dogstatsd+udp://127.0.0.1:{receiver.port}", polls=6, interval="300ms")
        assert program.end(number=None) == 0
        receiver.until(lambda text: text.count("sent_lines") >= 5)
        points = parse.dogstatsd("".join(chunk.decode().rstrip("\n") + "\n" for chunk in receiver.chunks))
    per_poll = 2 * len(parse.COUNTS) + len(parse.BACKEND) + len(parse.OUTPUT)
    assert sum(sent(points)) == per_poll * 5
    kinds = {field: point.kind for point in points for field in point.fields}
    counters = {"partial_polls", "poll_errors", "count_errors", *parse.OUTPUT}
    assert {field for field, kind in kinds.items() if kind == "c"} == counters & set(kinds)


def test_gauges_are_of_kind_g(root, poll):
    run = poll(proc=root, ports="80")
    assert {point.kind for point in run.points} == {"g"}


@pytest.mark.parametrize("format", ["dogstatsd", "influx"])
def test_prefix(root, poll, format):
    run = poll(proc=root, prefix="team.edge", format=format, ports="80", self="on")
    assert {name for name, _ in run.series} == {"team.edge." + name for name in ("netstat", "netstat_port", "sockpush", "sockpush_output")}


def test_escapes_of_influx(root, poll):
    run = poll(proc=root, format="influx", tags="a b=c d,e=f=g", host="one two,three=4")
    tags = next(dict(tags) for name, tags in run.series if name == "netstat")
    assert (tags["a b"], tags["e"], tags["host"]) == ("c d", "f=g", "one two,three=4")


def test_bytes_that_would_break_a_dogstatsd_line(root, poll):
    run = poll(proc=root, host="a|b,c\td")
    host = next(dict(tags)["host"] for name, tags in run.series)
    assert host.startswith("a_b_c")
    run = poll(proc=root, host="Ünïcode-UPPER")
    assert next(dict(tags)["host"] for name, tags in run.series) == "Ünïcode-UPPER", "no lower-casing"


def test_table(root, poll):
    """The table is for people: a header, and each number ends under its column's name."""
    run = poll(proc=root, format="table", ports="80")
    assert run.status == 0
    lines = [line for line in run.out.splitlines() if line.strip()]
    ends = {name: lines[0].index(name) + len(name) for name in ("ESTAB", "LISTEN", "UDP")}
    rows = [line.split()[:2] + [line[:end].split()[-1] for end in ends.values()] for line in lines[1:]]
    assert rows == [["4", "all", "0", "2", "1"], ["6", "all", "0", "1", "0"], ["4", "80", "0", "1", "0"], ["6", "80", "0", "1", "0"]]


def test_table_of_each_poll(root, poll):
    assert poll(proc=root, format="table", polls=3, interval="100ms").out.count("ESTAB") == 3


def test_table_is_for_stdout_only(root, poll):
    assert poll(proc=root, format="table", to="udp://127.0.0.1").status == 2


def test_log(root, poll):
    """The log has one line for the backend and one per output, each valid logfmt."""
    with receivers.udp() as receiver:
        to = f"udp://127.0.0.1:{receiver.port}"
        run = poll(proc=root, to=f"{to},stdout:", format="influx")
    entries = parse.log(run.log)
    assert any("procfs" in str(pairs) for level, pairs in entries if level == "info")
    for output in (to, "stdout:"):
        assert [pairs for level, pairs in entries if level == "info" and output in str(pairs)], run.log


@pytest.mark.parametrize("level", ["error", "warn"])
def test_log_level(root, poll, level):
    assert poll(proc=root, log_level=level).log == ""
