"""netstat_kernel: what the kernel counted itself while sockpush ran, compared with what the test reads."""
import pathlib
import socket

import pytest

import kernel_counters
import parse
import streams
import wait
from streams import pair        # a fixture


def last(program):
    """Returns the fields of the last whole poll."""
    [fields] = [fields for (name, _), fields in program.influx_polls()[-1].items() if name == "netstat_kernel"]
    return fields


def increases(fields):
    return {name: value for name, value in fields.items() if name in kernel_counters.COLUMNS}


def polls(program):
    return program.out.count("netstat_kernel,")


def test_totals(namespace, start):
    """Ten polls' increases, and more, add up to the difference of two readings. The first poll has zeros."""
    kernel_counters.traffic()       # before the base
    before = kernel_counters.read()
    program = start(kernel="on")
    program.until(lambda: program.influx_polls())
    assert not any(increases(last(program)).values())
    for n in range(2, 13):
        kernel_counters.traffic()
        program.until(lambda: polls(program) >= n)
    program.until(lambda: increases(last(program)) == kernel_counters.since(before))
    found = last(program)
    assert all(found[name] > 0 for name in kernel_counters.GROWN), found
    assert set(found) >= {*parse.INCREASES, "sockets_used"}
    seen = [next(fields for (name, _), fields in poll.items() if name == "netstat_kernel") for poll in program.influx_polls()]
    for name in parse.INCREASES:
        values = [fields[name] for fields in seen]
        assert values == sorted(values), f"{name} fell: {values}"


def test_gauges(namespace, keep, poll):
    """What is the whole machine's is left out in a network namespace that is not the host's."""
    for _ in range(10):
        keep(socket.create_server(("127.0.0.1", 0)))
    run = poll(kernel="on", format="influx")
    [fields] = [fields for (name, tags), fields in run.series.items() if name == "netstat_kernel" and tags == (("host", "a"),)]
    own = kernel_counters.gauge("sockstat", "sockets:", "used")
    assert own >= 10 and fields["sockets_used"] - own in range(4), "sockpush itself has some"
    assert not {"tcp_orphan", "tcp_mem_pages"} & set(fields)
    folder = pathlib.Path("/proc/sys/net/netfilter")
    for name in ("conntrack_count", "conntrack_max"):
        path = folder / f"nf_{name}"
        assert fields.get(name) == (int(path.read_text()) if path.exists() else None)


def test_the_hosts_gauges(poll):
    host = pathlib.Path("/proc/sys/net/core/dev_weight").exists()
    [fields] = [fields for (name, _), fields in poll(kernel="on", format="influx").series.items() if name == "netstat_kernel"]
    assert ({"tcp_orphan", "tcp_mem_pages"} <= set(fields)) == host


@pytest.mark.parametrize("form", ["dogstatsd", "datadog", "statsd", "graphite"])
def test_formats(namespace, poll, form):
    """Gauges come first, then increases, each in its order."""
    env = {"kernel": "on", "tags": "zone=b", "self": "on", "interval": "1s", "polls": 1}
    points = [point for point in poll(format=form, **env).points if point.measurement == "netstat_kernel"]
    expected = [name for name in [*parse.GAUGES, *parse.INCREASES]
                if name not in ("tcp_orphan", "tcp_mem_pages") and (name[:9] != "conntrack" or pathlib.Path(f"/proc/sys/net/netfilter/nf_{name}").exists())]
    assert [name for point in points for name in point.fields] == expected
    assert {point.tags for point in points} == {(("host", "a"),) if form == "statsd" else (("host", "a"), ("zone", "b"))}
    if form != "graphite":
        assert [point.kind for point in points] == ["g" if name in parse.GAUGES else "c" for name in expected]


def test_table(namespace, poll):
    out = poll(kernel="on", format="table").out
    assert "\nnetstat_kernel sockets_used=" in out and max(map(len, out.splitlines())) <= 80


def test_off(namespace, poll, run):
    assert "netstat_kernel" in poll(kernel=None).out, "it is the default"
    assert "netstat_kernel" not in poll(kernel="off").out
    off = run(to="influx+stdout:", listen="udp://127.0.0.1:8125", backend="off", kernel="on", polls=1, interval="100ms")
    assert off.status == 0 and "sockpush," in off.out and "netstat_kernel" not in off.out


# ---- what is lost on the way, and what comes twice

def increments(text):
    sums = dict.fromkeys(parse.INCREASES, 0)
    for point in parse.dogstatsd(text):
        if point.measurement == "netstat_kernel" and point.kind == "c":
            [(name, value)] = point.fields.items()
            sums[name] += value
    return sums


def test_a_stream_that_breaks(namespace, pair):
    """Increments are neither lost nor pushed twice."""
    before = kernel_counters.read()
    serve = lambda n: streams.fin_after(6000) if n < 4 else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, "dogstatsd", kernel="on")
        seen = lambda: increments(program.out)["udp_no_ports"]

        def send():
            count = seen()
            kernel_counters.datagrams_to_nobody(5)
            program.until(lambda: seen() == count + 10)

        program.until(lambda: "netstat_kernel.udp_no_ports" in program.out)
        while len(aggregator.connections) < 5:
            send()
        send()
        program.until(lambda: increments(streams.whole(aggregator.connections[-1]))["udp_no_ports"])
        assert program.end() == 0, program.log
        assert wait.until(lambda: len(aggregator.ended) == len(aggregator.connections))
        assert increments(aggregator.text) == increments(program.out)
        assert seen() == kernel_counters.since(before)["udp_no_ports"]


def test_a_stream_that_breaks_with_totals(namespace, pair):
    """What is sent again has the same time and the same total."""
    serve = lambda n: streams.reset_after(6000) if n < 3 else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, "influx", kernel="on")
        while len(aggregator.connections) < 4 or polls(program) < 10:
            before = polls(program)
            kernel_counters.datagrams_to_nobody()
            program.until(lambda: polls(program) > before)
        assert program.end() == 0, program.log
        polled = set(program.out.splitlines())
        streams.check(aggregator, polled)
        assert len({line.split(" ")[2] for line in polled if line.startswith("netstat_kernel")}) == polls(program)


# ---- recordings

def test_recording(namespace, start, poll, tmp_path):
    """A replay pushes the same. Where no counters were recorded, as before they were read, there are none."""
    path = tmp_path / "r"
    env = {"format": "dogstatsd", "self": "off", "to": "stdout:"}
    recorder = start(backend=f"record:{path}", kernel="on", polls=5, **env)
    while recorder.process.poll() is None:
        kernel_counters.datagrams_to_nobody()
    assert recorder.end(None) == 0, recorder.log
    assert increments(recorder.out)["udp_no_ports"] > 0
    replay = dict(backend=f"replay:{path}", polls=0, interval="100ms", **env)
    assert poll(kernel="on", **replay).out == recorder.out
    without = "".join(line for line in recorder.out.splitlines(True) if not line.startswith("netstat_kernel"))
    assert poll(kernel="off", **replay).out == without

    old = tmp_path / "old"
    before = poll(backend=f"record:{old}", kernel="off", polls=3, interval="100ms").out
    assert before and poll(backend=f"replay:{old}", kernel="on", polls=0, interval="100ms").out == before
