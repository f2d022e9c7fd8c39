"""InfluxDB 1's UDP listener. Without `precision` its times are nanoseconds, as sockpush sends them."""
import json

import pytest

import parse
import servers

pytestmark = pytest.mark.windows

# Texts that a database should store unchanged. None of them can end a tag, or begin one.
ODD = ["a b", "c,d", "e=f", 'g"h"', "i'j", "\u00fcn\u00efc\u00f6d\u00e9 \u2603", "#k", "l:m|n;o", "[p]{q}", " r ", "true", "12i"]


@pytest.fixture(scope="module")
def influxdb(serve):
    return serve(servers.InfluxDB)


def stored(influxdb, measurement):
    return [(tuple(sorted(tags.items())), fields, time) for tags, fields, time in influxdb.points(measurement)]


def settles(influxdb, points):
    """Asserts that each of these points is stored with its tags, fields and time, and no other of the same measurement."""
    for measurement in {point.measurement for point in points}:
        influxdb.settles(lambda: stored(influxdb, measurement),
                         [(point.tags, point.fields, point.time) for point in points if point.measurement == measurement])


def test_influx(influxdb, push):
    points = push("influx+udp://127.0.0.1", prefix="one", tags="zone=b,area=a", self="on")
    assert {point.measurement for point in points} == {"one.netstat", "one.netstat_port", "one.sockpush", "one.sockpush_output"}
    settles(influxdb, [point for point in points if point.measurement != "one.sockpush_output"])
    influxdb.settles(lambda: [fields for _, fields, _ in stored(influxdb, "one.sockpush_output")],
                     2 * [{"dropped_lines": 0, "reconnects": 0, "send_errors": 0, "sent_lines": 0}])


def test_odd_tags(influxdb, push):
    """Spaces, commas, equals signs, quotes and all of Unicode come back unchanged, in keys and in values."""
    tags = {"k": "v", **{f"key {odd}": odd for odd in ODD}}
    ports = json.dumps([{"ports": ["8080"], "tags": tags}])
    points = push("influx+udp://127.0.0.1", prefix="odd name,x=y", host="web1 a=b,c", ports=ports)
    expected = {**tags, "host": "web1 a=b,c", "addr_port": "8080", "ip_version": "4"}
    assert dict(points[2].tags) == expected
    settles(influxdb, points)


def test_backslash(influxdb, push):
    """A backslash would escape the next byte, so it is replaced. An extra tag, or a value cut short, would be worse."""
    ports = json.dumps([{"ports": ["8080"], "tags": {"a\\": "b\\", "c\\,d": "e\\ f", "g": "\\\\"}}])
    points = push("influx+udp://127.0.0.1", prefix="back", ports=ports)
    assert [(key, value) for key, value in points[2].tags if key[0] in "acg"] == [("a_", "b_"), ("addr_port", "8080"), ("c_,d", "e_ f"), ("g", "__")]
    settles(influxdb, points)


def test_tag_named_time(influxdb, push):
    """InfluxDB refuses a line with such a tag, and with it the counts, so the tag is sent as time_."""
    points = push("influx+udp://127.0.0.1", prefix="six", tags="time=noon")
    counts = lambda: [fields for _, fields, _ in stored(influxdb, "six.netstat")]
    influxdb.until(lambda: counts() or 'input tag \\"time\\"' in influxdb.log)
    influxdb.settles(counts, [point.fields for point in points if point.measurement == "six.netstat"])


def test_line_longer_than_a_datagram(influxdb, push):
    """The fields come in several lines of the same series and time, and are one point again."""
    tags = ",".join(f"tag{i}={'x' * 30}" for i in range(8))
    points = push("influx+udp://127.0.0.1", prefix="long", tags=tags, mtu=512)
    assert len({point.measurement for point in points}) == 2
    settles(influxdb, points)


def test_each_poll_has_its_own_time(influxdb, run):
    one = run(to="influx+stdout:,influx+udp://127.0.0.1", host="a", self="off", prefix="polls", interval="300ms", polls=3)
    assert len(parse.by_poll(one.points)) == 3
    influxdb.settles(lambda: sorted(time for _, _, time in stored(influxdb, "polls.netstat")), sorted(point.time for point in one.points))
