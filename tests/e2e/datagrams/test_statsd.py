"""Formats with fewer features than the others: statsd (no tags), graphite (whole seconds)."""
import re
import time

import pytest

import parse
import procfs
import receivers
from procfs import Socket

SOCKETS = [Socket("10.0.0.1:80"), Socket("10.0.0.1:80", "tcp_established", "10.9.9.9:1"), Socket("[2001:db8::1]:80"), Socket("10.0.0.1:53", "udp_socket")]


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", SOCKETS)


def names(run):
    return {line.split(":")[0] for line in run.out.splitlines()}


def warnings(run):
    return [line for line in run.log.splitlines() if " warn " in line]


# ---- statsd

def test_the_same_counts_as_dogstatsd(root, poll):
    env = {"proc": root, "ports": "[2001:db8::1]:80,80,*:53", "pid": "off", "self": "on"}
    statsd, dogstatsd = (poll(format=format, **env).points for format in ("statsd", "dogstatsd"))
    plain = lambda text: text and re.sub(r"[^A-Za-z0-9_-]", "_", re.sub(r"[][]", "", text))
    left = [(p.measurement, plain(p.tag("addr_port")), p.tag("ip_version"), p.kind, *p.fields) for p in dogstatsd]
    assert left == [(p.measurement, p.tag("addr_port"), p.tag("ip_version"), p.kind, *p.fields) for p in statsd]
    counts = lambda points: [p.fields for p in points if p.measurement.startswith("netstat")]
    assert counts(statsd) == counts(dogstatsd)


def test_path(root, poll):
    run = poll(proc=root, format="statsd", ports="80,10.0.0.1:53,[::1]:9000,8000-8100", pid="off", self="on", host="web-1.example.org")
    assert names(run) >= {f"web-1_example_org.{rest}.tcp_established" for rest in (
        "netstat.4", "netstat.6", "netstat_port.80.4", "netstat_port.10_0_0_1_53.4", "netstat_port.__1_9000.6", "netstat_port.8000-8100.4")}
    assert "web-1_example_org.sockpush.poll_us" in names(run)
    outputs = [name for name in names(run) if "sockpush_output" in name]
    assert outputs and all(re.fullmatch(r"web-1_example_org\.sockpush_output\.stdout_\.[a-z_]+", name) for name in outputs)


@pytest.mark.parametrize("prefix,host,start", [("team.edge", "a", "team.edge.a.netstat.4."), ("team.", "a", "team.a.netstat.4."),
                                               (None, "-", "netstat.4."), ("team", "-", "team.netstat.4."), ("team", "a.b", "team.a_b.netstat.4.")])
def test_prefix_and_host(root, poll, prefix, host, start):
    assert poll(proc=root, format="statsd", prefix=prefix, host=host).out.startswith(start + "tcp_established:1|g\n")


def test_host_is_the_hosts_name(root, poll):
    assert poll(proc=root, format="statsd", host=None, NODE_NAME="node-7.x").out.startswith("node-7_x.netstat.4.")


def test_host_of_the_tags(root, poll):
    """The value of the tag host is in the name, whoever set it."""
    assert poll(proc=root, format="statsd", host=None, tags="host=b.c").out.startswith("b_c.netstat.4.")


def test_no_sign_ever(root, start):
    """In StatsD +1 and -1 are changes, so values are never sent with a sign."""
    with receivers.udp() as receiver:
        program = start(proc=root, to=f"statsd+udp://127.0.0.1:{receiver.port}", ports="80", polls=4, interval="300ms")
        assert program.end(number=None) == 0
        text = receiver.until(lambda text: text.count("reconnects") == 4)
    values = re.findall(r":([^|\n]*)\|[gc]$", text, re.M)
    assert len(values) == text.count("\n") and all(value.isdigit() for value in values)


def test_increments(root, start):
    with receivers.udp() as receiver:
        program = start(proc=root, to=f"statsd+udp://127.0.0.1:{receiver.port}", polls=4, interval="300ms")
        assert program.end(number=None) == 0
        points = parse.statsd(receiver.until(lambda text: text.count("reconnects") == 4))
    sent = [point.fields["sent_lines"] for point in points if "sent_lines" in point.fields]
    assert sent[0] == 0 and sum(sent) == 3 * len(points) / 4


def test_tags_left_out_are_logged_once(root, poll):
    run = poll(proc=root, format="statsd", polls=3, interval="100ms", tags="zone=1,canary", DD_ENV="prod",
               ports='[{"ports":["80"],"tags":{"service":"web"}},{"ports":["81"],"tags":{"service":"other"}}]')
    warned = [line for line in warnings(run) if "left out" in line]
    assert len(warned) == 1
    for key in ("zone", "canary", "env", "service"):
        assert re.search(rf"\b{key}\b", warned[0])
    assert not re.search(r"\b(host|ip_version|addr_port|output|backend)\b", warned[0])
    assert not any(word in run.out for word in ("zone", "canary", "prod", "web", "service"))


def test_nothing_left_out_nothing_logged(root, poll):
    assert not warnings(poll(proc=root, format="statsd", ports="80"))


def test_left_out_of_one_of_two_outputs(root, run):
    with receivers.udp() as receiver:
        one = run(to=f"statsd+udp://127.0.0.1:{receiver.port},influx+stdout:", proc=root, polls=1, tags="zone=1", host="a")
        assert one.status == 0 and len([line for line in warnings(one) if "left out" in line]) == 1
        receiver.until(lambda text: parse.statsd(text) and "reconnects" in text)
    assert {point.tag("zone") for point in parse.influx(one.out)} == {"1"}


def test_many_keys_are_all_named(root, poll):
    """The log names the tags that are left out, or how many more there are."""
    run = poll(proc=root, format="statsd", tags=",".join(f"a_rather_long_key_{i}=1" for i in range(20)))
    warned, = [line for line in warnings(run) if "left out" in line]
    assert "a_rather_long_key_19" in warned or re.search(r"\b\d+ (more|others?)|…|\.\.\.", warned), warned


@pytest.mark.parametrize("key", ["output", "backend"])
def test_a_users_tag_is_no_part_of_the_name(root, poll, key):
    """Only sockpush's own tags are folded into the name."""
    run = poll(proc=root, format="statsd", self="on", tags=f"{key}=x")
    assert parse.statsd(run.out) and "x." not in run.out


@pytest.mark.parametrize("host", ["[", "[]", "[::1]", "ü"])
def test_host_is_never_empty(root, poll, host):
    assert parse.statsd(poll(proc=root, format="statsd", host=host).out)


def test_outputs_that_fold_alike(tmp_path, root, start):
    """Two outputs with one folded name are an error, as two rules are, or differ."""
    with receivers.unix_datagram(tmp_path / "a.b") as first, receivers.unix_datagram(tmp_path / "a_b"):
        program = start(proc=root, to=f"statsd+unixgram://{tmp_path}/a.b,statsd+unixgram://{tmp_path}/a_b", polls=1)
        if program.end(number=None) == 0:
            names = [line.split(":")[0] for line in first.until(lambda text: "reconnects" in text).splitlines()]
            assert len(set(names)) == len(names), "two series have one name"


# ---- graphite

def test_graphite_line(root, poll):
    before = int(time.time())
    run = poll(proc=root, format="graphite", ports="10.0.0.1:80", pid="off", self="on", tags="canary,name=x,b=~c")
    found = parse.graphite(run.out)
    assert found[0] == parse.Point("netstat", (("b", "_c"), ("canary", "true"), ("host", "a"), ("ip_version", "4"), ("name_", "x")), {"tcp_established": 1}, time=found[0].time)
    assert len({point.time for point in found}) == 1 and before <= found[0].time // 1_000_000_000 <= time.time()
    assert {point.measurement for point in found} == {"netstat", "netstat_port", "sockpush", "sockpush_output"}


def test_graphite_has_totals_of_counters(root, start):
    program = start(proc=root, to="stdout:", format="graphite", interval="1s", polls=3)
    assert program.end(number=None) == 0
    sent = [point.fields["sent_lines"] for point in parse.graphite(program.out) if "sent_lines" in point.fields]
    assert sent == [0, len(program.out.splitlines()) // 3, len(program.out.splitlines()) // 3 * 2]


@pytest.mark.parametrize("env,variable", [({"interval": "100ms"}, "SOCKPUSH_INTERVAL"), ({"interval": "999ms"}, "SOCKPUSH_INTERVAL"),
                                          ({"interval": "500ms", "to": "influx+stdout:,graphite+udp://127.0.0.1", "format": "influx"}, "SOCKPUSH_INTERVAL")])
def test_graphite_needs_whole_seconds(root, poll, env, variable):
    run = poll(**{"proc": root, "format": "graphite", **env})
    assert run.status == 2 and run.out == ""
    assert [line for line in run.log.splitlines() if " error " in line and variable in line], run.log


@pytest.mark.parametrize("interval", ["1s", "1500ms", None])
def test_graphite_takes_a_second(root, poll, interval):
    assert poll(proc=root, format="graphite", interval=interval).status == 0


# ---- ports

@pytest.mark.parametrize("format,port", [("dogstatsd", 8125), ("datadog", 8125), ("statsd", 8125), ("influx", 8089), ("graphite", 2003)])
@pytest.mark.parametrize("how", ["of the output", "of all"])
def test_default_port(namespace, root, run, format, port, how):
    with receivers.udp("127.0.0.1", port) as receiver:
        env = {"to": f"{format}+udp://127.0.0.1"} if how == "of the output" else {"to": "udp://127.0.0.1", "format": format}
        assert run(proc=root, polls=1, host="a", **env).status == 0
        assert getattr(parse, format)(receiver.until(lambda text: "reconnects" in text))


def test_format_alone_leads_to_its_port(namespace, root, run):
    """Without SOCKPUSH_TO the destination is this machine, at the format's port."""
    with receivers.udp("127.0.0.1", 2003) as receiver:
        assert run(proc=root, polls=1, host="a", format="graphite").status == 0
        receiver.until(parse.graphite)
