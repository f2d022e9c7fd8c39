"""Tests of the readers that every other test relies on: what they accept, and that they refuse what is nearly right."""
import pytest

import parse

HOST = (("host", "a"), ("ip_version", "4"))
SECOND = 1700000000 * 1_000_000_000

TAKEN = [
    (parse.statsd, "a.netstat.4.tcp_established:12|g", "netstat", HOST),
    (parse.statsd, "team.edge.a.netstat.4.udp_socket:1|g", "team.edge.netstat", HOST),
    (parse.statsd, "a.netstat_port.80.4.pid:1|g", "netstat_port", (("addr_port", "80"), *HOST)),
    (parse.statsd, "a.netstat_remote.10_0_0_0_8_443.4.ephemeral_used_percent:1|g", "netstat_remote", (*HOST, ("remote", "10_0_0_0_8_443"))),
    (parse.statsd, "sockpush.sockpush.poll_us:9|g", "sockpush", (("host", "sockpush"),)),
    (parse.statsd, "a.sockpush_output.netstat_4.sent_lines:3|c", "sockpush_output", (("host", "a"), ("output", "netstat_4"))),
    (parse.statsd, "a.sockpush_output.sockpush.sent_lines:3|c", "sockpush_output", (("host", "a"), ("output", "sockpush"))),
    (parse.datadog, "netstat.tcp_listen:0|g|#host:a,ip_version:4|c:in-42|e:it-false,cn-a|card:low", "netstat", HOST),
    (parse.graphite, "netstat.tcp_listen;host=a;ip_version=4 12 1700000000", "netstat", HOST),
    (parse.graphite, "p.sockpush.poll_us 12 1700000000", "p.sockpush", ()),
    (parse.influx, "netstat,host=a,ip_version=4 tcp_listen=1i 1700000000123000000", "netstat", HOST),
    (parse.dogstatsd, "netstat.tcp_listen:0|g|#host:a,ip_version:4", "netstat", HOST),
]

REFUSED = [
    (parse.statsd, ["netstat.4.tcp_established:12|g", "a.netstat.5.tcp_established:1|g", "a.netstat.4.tcp_established:+1|g", "a.netstat.4.pid:1|g",
                    "a.netstat.4.tcp_established:1|g|#host:a", "a b.netstat.4.tcp_established:1|g", "a..netstat.4.tcp_established:1|g",
                    "a.netstat_port.10.0.0.1:80.4.pid:1|g", "a.netstat.4.tcp_established:1|ms", "a.netstat.4.tcp_established:012|g"]),
    (parse.datadog, ["netstat.tcp_listen:0|g|#host:a|card:medium", "netstat.tcp_listen:0|g|#host:a|e:a|c:ci-b", "netstat.tcp_listen:0|g|#host:a|c:b",
                     "netstat_port.tcp_listen:0|g|#addr_port:[::1]:80", "netstat_remote.tcp_listen:0|g|#remote:[::1]:80",
                     "netstat.tcp_listen:0|g|#host:a|c:ci-b|c:ci-b", "netstat.tcp_listen:0|g|c:ci-a|#host:a"]),
    (parse.graphite, ["netstat.tcp_listen;host= 1 1700000000", "netstat.tcp_listen;host=~a 1 1700000000", "netstat.tcp_listen;name=a 1 1700000000",
                      "netstat.tcp_listen;host=a 1 1700000000123", "netstat.tcp_listen;host=a 1", "netstat.tcp_listen;b=1;a=1 1 1700000000",
                      "netstat.tcp_listen;host=a b 1 1700000000", "netstat.tcp_listen;a^=b 1 1700000000", "netstat.tcp_listen;host=a -1 1700000000"]),
]


@pytest.mark.parametrize("reader,line,measurement,tags", TAKEN)
def test_taken(reader, line, measurement, tags):
    point, = reader(line + "\n")
    assert (point.measurement, point.tags) == (measurement, tags)
    assert parse.any_format(line + "\n") == [point]


@pytest.mark.parametrize("reader,line", [(reader, line) for reader, lines in REFUSED for line in lines])
def test_refused(reader, line):
    with pytest.raises(AssertionError):
        reader(line + "\n")


def test_host_left_out():
    point, = parse.statsd("team.netstat.4.tcp_listen:1|g\n", host=False)
    assert (point.measurement, point.tags) == ("team.netstat", (("ip_version", "4"),))


def test_sections():
    point, = parse.datadog("netstat.tcp_listen:0|g|#host:a,ip_version:4|c:ci-1f|e:it-false,cn-a|card:low\n")
    assert point.sections == (("c", "ci-1f"), ("e", "it-false,cn-a"), ("card", "low"))


def test_frames():
    assert parse.frames(b"\x02\0\0\0ab\x01\0\0\0c\x05\0\0\0hal") == ["ab", "c"]
