"""Strict, independent readers of sockpush's lines.

They accept less than real receivers do: a line that they refuse is a bug even if some receiver would accept it. A series is
(measurement, tags), where tags is a tuple of (key, value) pairs in the order they were sent.
"""
import os
import re
from typing import NamedTuple

TCP = ("tcp_established tcp_syn_sent tcp_syn_recv tcp_fin_wait1 tcp_fin_wait2 tcp_time_wait tcp_close "
       "tcp_close_wait tcp_last_ack tcp_listen tcp_closing tcp_none").split()
COUNTS = TCP + ["udp_socket"]
TOTALS = COUNTS if os.environ.get("SOCKPUSH_TEST_BINARY", "").endswith("wine.py") else [*COUNTS, "accept_queue_fullest"]     # of netstat; over netlink
QUEUES = ["accept_queue", "accept_queue_limit", "accept_queue_peak"]
PORT = COUNTS if os.environ.get("SOCKPUSH_TEST_BINARY", "").endswith("wine.py") else [*COUNTS, "close_wait_oldest_s"]     # of each series of netstat_port
BYTES = ["tcp_rx_queue_bytes", "tcp_tx_queue_bytes", "udp_rx_queue_bytes"]
OF_PORTS = [*QUEUES, "close_wait_oldest_s", *BYTES, "udp_drops", "pid"]      # of netstat_port, after the counts


class Point(NamedTuple):
    measurement: str
    tags: tuple
    fields: dict
    kind: str = ""          # g or c, StatsD's types
    time: int = None        # nanoseconds; influx and graphite
    sections: tuple = ()    # the fields after the tags: (("c", "ci-…"), …), datadog only

    def tag(self, key):
        return dict(self.tags).get(key)


def _whole_lines(text):
    assert text == "" or text.endswith("\n"), f"the last line has no end: {text[-80:]!r}"
    return text.split("\n")[:-1]


def _may_precede(key, other):
    """Returns whether the keys are in byte order. A `_` may replace a byte that the format does not allow."""
    key, other = (text.encode("utf-8", "surrogateescape") for text in (key, other))
    for a, b in zip(key, other):
        if a != b or a == ord("_"):
            return a < b or ord("_") in (a, b)
    return len(key) < len(other)


def _check_tags(tags, line):
    keys = [key for key, _ in tags]
    assert all(keys), f"a tag without a key: {line!r}"
    assert len(set(keys)) == len(keys), f"a tag twice: {line!r}"
    assert all(map(_may_precede, keys, keys[1:])), f"tags not in order: {line!r}"


_DOGSTATSD = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)\.([a-z0-9_]+):(0|[1-9][0-9]*)\|([gc])(?:\|#([^|]+))?")


def dogstatsd_line(line):
    match = _DOGSTATSD.fullmatch(line)
    assert match, f"not a dogstatsd line: {line!r}"
    measurement, field, value, kind, text = match.groups()
    tags = []
    for item in text.split(",") if text else ():
        key, colon, tag_value = item.partition(":")
        tags.append((key, tag_value if colon else None))
    _check_tags(tags, line)
    return Point(measurement, tuple(tags), {field: int(value)}, kind)


def dogstatsd(text):
    return [dogstatsd_line(line) for line in _whole_lines(text)]


# Section: its pattern, in the order they are sent.
_SECTIONS = {"c": r"ci-[^|,]+|in-[1-9][0-9]*", "e": r"[^|]+", "card": "none|low|orchestrator|high"}
_DATADOG = re.compile(r"(.*?)" + "".join(rf"(?:\|{name}:({text}))?" for name, text in _SECTIONS.items()))


def datadog_line(line):
    head, *sections = _DATADOG.fullmatch(line).groups()
    point = dogstatsd_line(head)
    assert "[" not in (point.tag("addr_port") or "") + (point.tag("remote") or ""), f"brackets: {line!r}"
    return point._replace(sections=tuple((name, text) for name, text in zip(_SECTIONS, sections) if text))


def datadog(text):
    return [datadog_line(line) for line in _whole_lines(text)]


def sections(run):
    """Returns {section: text} of a run's lines, which must agree."""
    assert run.status == 0, run.log
    found = {point.sections for point in datadog(run.out)}
    assert len(found) == 1, found
    return dict(found.pop())


def frames(data):
    """Splits the packets of Datadog's Unix stream, each preceded by its length. The last may be incomplete."""
    packets = []
    while len(data) >= 4:
        size = int.from_bytes(data[:4], "little")
        assert 0 < size <= 8192, f"a frame of {size} bytes, of which the agent takes 1 to 8192"
        if len(data) < 4 + size:
            break
        packets.append(data[4:4 + size].decode())
        data = data[4 + size:]
    return packets


BACKEND = ["poll_us", "sockets", "untracked_sockets", "queue_totals", "partial_polls", "poll_errors", "count_errors"]
GAUGES = ["tcp_orphan", "tcp_mem_pages", "sockets_used", "conntrack_count", "conntrack_max"]
INCREASES = """listen_overflows listen_drops syncookies_sent req_queue_full_drop req_queue_full_cookies retrans_segs syn_retrans timeouts tcp_in_errs out_rsts
    abort_on_memory abort_on_timeout active_opens passive_opens estab_resets udp_in_datagrams udp_out_datagrams udp_in_errors udp_rcvbuf_errors
    udp_sndbuf_errors udp_no_ports""".split()
OUTPUT = ["sent_lines", "send_errors", "dropped_lines", "reconnects"]
LISTEN = ["datagrams", "lines", "refused_lines", "unsupported_lines", "truncated", "kernel_drops", "overflow_lines", "late_times", "series",
          "buffer_used_percent"]

# measurement: (the tags between it and the field, its fields)
_PATHS = {
    "netstat": (["ip_version"], [*TOTALS, *BYTES, "udp_drops"]),
    "netstat_port": (["addr_port", "ip_version"], [*COUNTS, *OF_PORTS]),
    "netstat_remote": (["remote", "ip_version"], [*COUNTS, "ephemeral_used_percent", "close_wait_oldest_s", *BYTES, "udp_drops", "pid"]),
    "netstat_kernel": ([], [*GAUGES, *INCREASES]),
    "sockpush": ([], BACKEND),
    "sockpush_output": (["output"], OUTPUT),
}
_STATSD = re.compile(r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*):(0|[1-9][0-9]*)\|([gc])")


def statsd_line(line, host=True):
    """Parses a line. The prefix and, as its last part, the host precede the measurement; with host=False, the prefix alone."""
    match = _STATSD.fullmatch(line)
    assert match, f"not a statsd line: {line!r}"
    path, value, kind = match.groups()
    *parts, field = path.split(".")
    for name, (keys, fields) in _PATHS.items():
        at = len(parts) - len(keys) - 1
        if at < 0 or parts[at] != name or field not in fields:
            continue
        tags = dict(zip(keys, parts[at + 1:]))
        if host:
            assert at, f"no host: {line!r}"
            tags["host"] = parts[at - 1]
        assert tags.get("ip_version", "4") in ("4", "6"), f"not an IP version: {line!r}"
        return Point(".".join([*parts[:at - host], name]), tuple(sorted(tags.items())), {field: int(value)}, kind)
    raise AssertionError(f"not a path of sockpush: {line!r}")


def statsd(text, host=True):
    return [statsd_line(line, host) for line in _whole_lines(text)]


_GRAPHITE = re.compile(r"([A-Za-z0-9_.-]+)\.([a-z0-9_]+)((?:;[^;!^= ]+=[^;~ ][^; ]*)*) (0|[1-9][0-9]*) ([1-9][0-9]{9})")


def graphite_line(line):
    match = _GRAPHITE.fullmatch(line)
    assert match, f"not a graphite line: {line!r}"
    measurement, field, text, value, seconds = match.groups()
    tags = [tuple(item.split("=", 1)) for item in text.split(";")[1:]]
    _check_tags(tags, line)
    assert "name" not in dict(tags), f"carbon keeps the tag name for itself: {line!r}"
    return Point(measurement, tuple(tags), {field: int(value)}, time=int(seconds) * 1_000_000_000)


def graphite(text):
    return [graphite_line(line) for line in _whole_lines(text)]


def _split(text, at):
    """Splits at each unescaped `at`. The escapes stay."""
    parts, start, i = [], 0, 0
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == at:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    return parts + [text[start:]]


def _unescape(text):
    return re.sub(r"\\([,= ])", r"\1", text)


# A field's value, and its type.
COUNT, FLOAT = (r"(0|[1-9][0-9]*)i", int), (r"(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)", float)


def influx_line(line, value=COUNT):
    assert line and line[0] != "#", f"not an influx line: {line!r}"
    parts = _split(line, " ")
    assert len(parts) in (2, 3), f"not `series fields [time]`: {line!r}"
    head = _split(parts[0], ",")
    tags = []
    for item in head[1:]:
        pair = _split(item, "=")
        assert len(pair) == 2 and pair[1], f"not a tag: {item!r} in {line!r}"
        assert not pair[1].endswith("\\"), f"a tag ends in a backslash: {line!r}"
        tags.append((_unescape(pair[0]), _unescape(pair[1])))
    _check_tags(tags, line)
    assert "time" not in dict(tags), f"InfluxDB refuses a tag of this name: {line!r}"
    fields = {}
    for item in _split(parts[1], ","):
        match = re.fullmatch("([a-z0-9_]+)=" + value[0], item)
        assert match and match[1] not in fields, f"not a field: {item!r} in {line!r}"
        fields[match[1]] = value[1](match[2])
    time = None
    if len(parts) == 3:
        assert re.fullmatch(r"[1-9][0-9]{18}", parts[2]), f"not nanoseconds: {line!r}"
        time = int(parts[2])
        assert time % 1_000_000 == 0, f"not whole milliseconds: {line!r}"
    return Point(_unescape(head[0]), tuple(tags), fields, time=time)


def influx(text):
    return [influx_line(line) for line in _whole_lines(text)]


_LOOKS = [(influx, r".* [a-z0-9_]+=\d+i[a-z0-9_=,]*( \d+)?"), (graphite, r".* \d+ \d{10}"), (datadog, r".*\|[gc]\|(#.*\|)?(c|e|card):.*"),
          (dogstatsd, r".*\|[gc]\|#.*"), (statsd, r".*\|[gc]")]


def any_format(text):
    """Returns the points, in the format that the first line looks like."""
    if not text:
        return []
    first = text.split("\n")[0]
    reader = next((reader for reader, looks in _LOOKS if re.fullmatch(looks, first)), None)
    assert reader, f"unknown format: {first!r}"
    return reader(text)


def series(points):
    """Returns {(measurement, tags): {field: value}} of one poll. Asserts that nothing comes twice."""
    found = {}
    for point in points:
        fields = found.setdefault((point.measurement, point.tags), {})
        for name, value in point.fields.items():
            assert name not in fields, f"{name} twice in {point.measurement} {point.tags}"
            fields[name] = value
    return found


def by_poll(points):
    """Groups influx points by their time, in the order sent."""
    polls = {}
    for point in points:
        polls.setdefault(point.time, []).append(point)
    return list(polls.values())


def totals(found):
    """Returns {ip_version: {field: value}} of the measurement netstat."""
    return {int(dict(tags)["ip_version"]): fields for (name, tags), fields in found.items() if name == "netstat"}


def ports(found, measurement="netstat_port", key="addr_port"):
    """Returns {(addr_port, ip_version): {field: value}} of the measurement netstat_port."""
    result = {}
    for (name, tags), fields in found.items():
        if name == measurement:
            tag = dict(tags)
            named = (tag[key], int(tag["ip_version"]))
            assert named not in result, f"{named} with two sets of tags"
            result[named] = fields
    return result


def remotes(found):
    """Returns {(remote, ip_version): {field: value}} of the measurement netstat_remote."""
    return ports(found, "netstat_remote", "remote")


def as_procfs(found):
    """Returns netlink's series as procfs has them, which knows no limit of an accept queue and gets no samples."""
    of_netlink = {"accept_queue_fullest", "accept_queue_limit", "accept_queue_peak"}
    return {key: {name: value for name, value in fields.items() if name not in of_netlink} for key, fields in found.items()}


def nonzero(fields):
    """Returns the counts that are not 0."""
    assert fields.keys() <= {*TOTALS, *OF_PORTS, "ephemeral_used_percent"}
    return {name: value for name, value in fields.items() if value and name in COUNTS}


_LOG = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (error|warn|info|debug)((?: [a-z_0-9]+=(?:"(?:[^"\\]|\\.)*"|[^ "]*))+)')


def log(text):
    """Returns [(level, {key: value})] of the log. Asserts that each line is whole logfmt."""
    entries = []
    for line in _whole_lines(text):
        match = _LOG.fullmatch(line)
        assert match, f"not a log line: {line!r}"
        pairs = re.findall(r'([a-z_0-9]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "]*))', match[3])
        entries.append((match[2], {key: quoted or bare for key, quoted, bare in pairs}))
    return entries


PRIORITIES = {"<3>": "error", "<4>": "warn", "<6>": "info", "<7>": "debug"}


def journal(text):
    """Returns the same of the log with SOCKPUSH_LOG=systemd. Asserts that each line begins with its level's priority (sd-daemon(3))."""
    lines = _whole_lines(text)
    assert all(line[3:].startswith(PRIORITIES[line[:3]] + " ") for line in lines), text
    return log("".join(f"1970-01-01T00:00:00Z {line[3:]}\n" for line in lines))


# ---- times in the log: a limit that was reached; the bounds between which a pause was drawn

def pauses(text):
    """Returns [(least, most)] in ms of the pause before each attempt to connect or to send again. Needs SOCKPUSH_LOG_LEVEL=debug."""
    return [(int(least), int(most)) for least, most in re.findall(r"next attempt in \d+ ms, drawn from (\d+) to (\d+)", text)]


BY_LIMIT, BY_SIGNAL = "outputs were not done after 5 s", "a second signal came"


def ended_by_itself(text):
    """Returns whether the program ended because its outputs had nothing more to do, or to wait for."""
    return "ends after " in text and BY_LIMIT not in text and BY_SIGNAL not in text


def ended_by_limit(text):
    """Returns whether an output still had work when the time was over."""
    return "ends after " in text and BY_LIMIT in text


def ended_by_second_signal(text):
    return "ends after " in text and BY_SIGNAL in text
