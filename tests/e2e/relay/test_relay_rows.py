"""Odd lines that applications send, and what comes out of them in each format. One program for each format gets all rows."""
import re
import socket
from typing import NamedTuple

import pytest

import otlp
import passed_on
import posts
import receivers
import relayed
import wait
from relayed import Call
from test_relay import relay        # a fixture

NUMBER, TYPE, NO_TYPE, VALUE = "value is not a number", "unknown type", "no type", "no value"
RATE, MIXED, CONTROL = "rate is not a number from 0.000001 to 1", "two ways of several values, or sections after several types", "control character"
EVENT, CHECK, NO_COLON, NO_NAME = "event whose lengths do not fit", "service check without a name or a status from 0 to 3", "no colon after a name", "no name"


class Row(NamedTuple):
    """What is sent, in a datagram of its own, where `row` is another name in each row. The lines are without our tag where it comes last."""
    sent: str
    means: tuple = ()               # calls, for the formats that aggregate
    datadog: tuple = ()             # lines
    dogstatsd: tuple = ()
    statsd: tuple = ()
    fault: str = None               # why the line is refused
    names: dict = {}                # by format, where it is not "row"
    one_path: bool = False          # Graphite has one path for both series


def calls(kind, *values, **tags):
    return tuple(Call(kind, "row", value, 1, tags) for value in values)


def good(sent, means, datadog=None, dogstatsd=None, statsd=None, names={}):
    """A row that all can have. A format that is left out gets what the one before it gets."""
    datadog = (sent.strip("\r\n"),) if datadog is None else datadog
    dogstatsd = datadog if dogstatsd is None else dogstatsd
    return Row(sent, means, datadog, dogstatsd, dogstatsd if statsd is None else statsd, names=names)


def named(name, **names):
    """A row with an odd name."""
    return good(f"{name}:1|c", ONE, names={"influx": name, **names})


def bad(fault, *lines):
    return [Row(line, fault=fault) for line in lines]


ONE, PLAIN = calls("c", 1), ("row:1|c",)

ROWS = [
    # the ends of lines
    *(good(sent, ONE, PLAIN) for sent in ("row:1|c", "row:1|c\n", "row:1|c\r\n", "\n\nrow:1|c\n")),
    good("", (), ()),
    # numbers
    good("row:1.5|c", calls("c", 1.5)), good("row:1e2|c", calls("c", 100)), good("row:-3|c", calls("c", -3)), good("row:+3|c", calls("c", 3)),
    good("row:1:2:3|c", calls("c", 6), None, ("row:1|c", "row:2|c", "row:3|c")),
    good("row:1:2:3|ms|@0.5", calls("ms", 1, 1, 2, 2, 3, 3), None, ("row:1|ms|@0.5", "row:2|ms|@0.5", "row:3|ms|@0.5")),
    good("row:1:2:3|g", calls("g", 3), None, ("row:1|g", "row:2|g", "row:3|g")),
    good("row:1::3|c", calls("c", 4), None, ("row:1|c", "row:3|c")),
    *bad(VALUE, "row:|c", "row::|c"),
    good("row:1|c:2|c:3|c", calls("c", 6), ("row:1|c", "row:2|c", "row:3|c")),
    good("row:x:y|s", calls("s", "x:y"), None, None, ()),
    *bad("colon in the name", "row::Bar:1|c"),
    *bad(NO_NAME, ":1|c"), *bad(NO_COLON, "row", "|c"), *bad(NO_TYPE, "row:", "row:1", "row:1|"),
    *bad(TYPE, "row:1|C", "row:1|kv", "row:1|x", "row:1|m"),
    *bad(NUMBER, "row:NaN|g", "row:Inf|g", "row:0x10|c", "row: 1 |c", "row:1,5|g"),
    *bad(MIXED, "row:1:2|c:3|c"),
    # rates
    good("row:1|c|@0.1", calls("c", 10)),
    good("row:1|c|@1e-1", calls("c", 10), None, ("row:1|c|@0.1",)),
    good("row:1|c|@2", ONE, None, PLAIN),
    *bad(RATE, "row:1|c|@0", "row:1|c|@-1", "row:1|c|@", "row:1|c|@x", "row:1|c|@1e-9"),
    good("row:5|g|@0.1", calls("g", 5), None, ("row:5|g",)),
    good("row:x|s|@0.1", calls("s", "x"), None, ("row:x|s",)),
    good("row:100|ms|@0.1", calls("ms", *[100] * 10)),
    good("row:-1|ms", calls("ms", -1), None, None, ()),
    # tags
    good("row:1|c|#", ONE, ("row:1|c|#",), PLAIN),
    good("row:1|c|#,,x:y,", calls("c", 1, x="y"), ("row:1|c|#,,x:y,host:h",), ("row:1|c|#x:y",), PLAIN),
    good("row:1|c|#k:", calls("c", 1, k=""), None, None, PLAIN),
    good("row:1|c|#:v", ONE, None, PLAIN),
    good("row:1|c|#k:v:w", calls("c", 1, k="v:w"), None, None, PLAIN),
    good("row:1|c|#a:b|@0.5", calls("c", 2, a="b"), ("row:1|c|#a:b,host:h|@0.5",), ("row:1|c|@0.5|#a:b",), ("row:1|c|@0.5",)),
    good("row:1|c|#host:mine,prod", calls("c", 1, host="mine", prod=None), ("row:1|c|#host:mine,prod",), None, PLAIN),
    good("row:1|c|#dd.internal.entity_id:x", calls("c", 1), None, PLAIN),
    # other sections
    good("row:1|c|#k:v|T1700000000", calls("c", 1, k="v"), ("row:1|c|#k:v,host:h|T1700000000",), ("row:1|c|#k:v",), PLAIN),
    good("row:1|ms|T1700000000", calls("ms", 1), None, ("row:1|ms",)),
    good("row:1|c|c:abc|e:it-false,cn-x|card:low", ONE, None, PLAIN),
    good("row:1|c|zz:future", ONE, None, PLAIN),
    # both kinds of a name, and the kinds that statsd has not
    good("row:1|c\nrow:5|ms", (*ONE, *calls("ms", 5)), ("row:1|c", "row:5|ms"))._replace(one_path=True),
    good("row:5|h", calls("h", 5), None, None, ("row:5|ms",)), good("row:7|d", calls("d", 7), None, None, ("row:7|ms",)),
    # names; the last is not UTF-8
    named("row a/b", graphite="row_a/b", prometheus="row_a_b", otlp="row a/b"),
    named("row,k=v;k=v#k[k]", graphite="row,k_v_k_v#k[k]", prometheus="row_k_v_k_v_k_k_", otlp="row,k=v;k=v#k[k]"),
    named("row\u00e9\U0001f600", graphite="row\u00e9\U0001f600", prometheus="row______", otlp="row\u00e9\U0001f600"),
    named("row\udcff\udcc3x", graphite="row__x", prometheus="row__x", otlp="row__x"),
    # no metrics
    Row("_e{5,4}:title|text", datadog=("_e{5,4}:title|text",)), Row("_sc|name|0", datadog=("_sc|name|0",)),
    Row("_sc|name|0|m:a|b", datadog=("_sc|name|0|#host:h|m:a|b",)),
    *bad(EVENT, "_e{5,5}:title|text", "_e{5}:title|text", "_e{99999999999,4}:title|text"), *bad(CHECK, "_sc|name|4", "_sc||0"),
    *bad(NO_COLON, "#EOF", "GET / HTTP/1.1\r\n"), *bad(CONTROL, "row:1|c\0", "ro\x01w:1|c", "\x16\x03\x01\x02\0\x01\0\x01"),
]

PASSED = "datadog", "dogstatsd", "statsd"


def without_empty(form):
    """Leaves out empty tags, which the format cannot have."""
    return form._replace(key=lambda name, kind, tags, field: form.key(name, kind, tuple(tag for tag in tags if tag[1]), field))


def of_samples(name, kind, tags, field):
    return (f"{name}_{field}" if kind in relayed.TIMED else name), tags


def read_samples(receiver):
    """Reads OTLP, and remote write without its quantiles."""
    found = {}
    for _, name, tags, value in (sample for post in receiver.posts for sample in post.samples):
        values = {f"{name}_count": value[0], f"{name}_sum": value[1]} if isinstance(value, tuple) else {name: value}
        for key, value in values.items():
            if not key.startswith("sockpush") and "quantile" not in dict(tags):
                found.setdefault((key, tags), []).append(value)
    return found


def text(receiver):
    return receiver.data.decode("utf-8", "surrogateescape")


# The formats that aggregate: their keys, and who reads them in what was received.
AGGREGATED = {"influx": (without_empty(relayed.INFLUX), lambda receiver: relayed.read_influx(text(receiver))),
              "graphite": (without_empty(relayed.GRAPHITE), lambda receiver: relayed.read_graphite(text(receiver))),
              "otlp": (relayed.Format(of_samples, relayed.SINCE_THE_START), read_samples),
              "prometheus": (without_empty(relayed.Format(of_samples, relayed.SINCE_THE_START)), read_samples)}
# Own counters in formats of lines; those of samples have them as read_samples does.
OWN = {"influx": r"^sockpush_(?:listen|output),.*[ ,]{}=(\d+)i", "graphite": r"^sockpush_(?:listen|output)\.{};\S+ (\d+)",
       **dict.fromkeys(PASSED, r"sockpush_(?:listen|output)\b.*\b{}:(\d+)\|c")}


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def numbered(n, text):
    return text.replace("row", f"row{n:02}")


def with_ours(line, format):
    """Returns a line with our tag after its own, unless it shows where that is."""
    if format == "statsd" or "host:" in line:
        return line
    head, mark, tags = line.partition("|#")
    return f"{line}{',' * bool(tags)}host:h" if mark else f"{line}|#host:h"


def counts(format):
    """Returns what sockpush_listen should count."""
    taken = [row for row in ROWS if row.sent and not row.fault]
    unsupported = [row for row in taken if not (row.means if format in AGGREGATED else getattr(row, format))]
    return {"datagrams": len(ROWS), "lines": sum(max(len(row.datadog), 1) if "\n" in row.sent else 1 for row in taken),
            "refused_lines": sum(row.fault is not None for row in ROWS), "unsupported_lines": len(unsupported), "truncated": 0}


def counted(format, receiver, names):
    """Returns these counters, of which OWN has the measurement."""
    if format in OWN:
        values = lambda name: [int(value) for value in re.findall(OWN[format].format(name), text(receiver), re.M)]
        fold = sum if format in PASSED else lambda found: found[-1] if found else None
        return {name: fold(values(name)) for name in names}
    samples = [sample for post in receiver.posts for sample in post.samples]
    return {name: max((value for _, found, _, value in samples if re.fullmatch(f"sockpush_(listen|output)[._]{name}", found)), default=None) for name in names}


@pytest.fixture
def check(relay, keep):
    """check(format, datagrams, ask, expected, counts) starts a program, sends the datagrams, ends it, and asserts that in the end
    ask(receiver) gives what is expected, and that it has these own counters. Returns the program and its receiver."""
    def make(format, datagrams, ask, expected, counts, interval="1h"):
        http = format not in OWN
        receiver = keep(posts.Receiver() if http else receivers.udp())
        program = relay(to=f"{format}+{'http' if http else 'udp'}://127.0.0.1:{receiver.port}", interval=interval)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", 8125))
        program.until(lambda: interval == "1h" or counted(format, receiver, counts) == counts)     # the last push has no counters of outputs
        assert program.end() == 0, program.log
        wait.until(lambda: (ask(receiver), counted(format, receiver, counts)) == (expected, counts))
        assert ask(receiver) == expected
        assert counted(format, receiver, counts) == counts
        return program, receiver
    return make


@pytest.fixture
def check_rows(check):
    """check_rows(format, ask, expected) checks all rows, and what was logged of them. Returns the receiver."""
    def make(format, ask, expected):
        datagrams = [encode(numbered(n, row.sent)) for n, row in enumerate(ROWS)]
        program, receiver = check(format, datagrams, ask, expected, counts(format))
        first = {row.fault: numbered(n, row.sent).strip().replace("\0", "?") for n, row in reversed([*enumerate(ROWS)]) if row.fault}
        assert re.findall("a line was refused: (.*?): (.*); more of this kind", program.log) == sorted(first.items(), key=lambda one: program.log.index(one[0]))
        return receiver
    return make


@pytest.mark.parametrize("format", PASSED)
def test_passed_on(check_rows, format):
    check_rows(format, lambda receiver: passed_on.lines(receiver.data),
               [encode(numbered(n, with_ours(line, format))) for n, row in enumerate(ROWS) for line in getattr(row, format)])


@pytest.mark.parametrize("format", AGGREGATED)
def test_aggregated(check_rows, format):
    form, read = AGGREGATED[format]
    all_calls = [call._replace(name=numbered(n, row.names.get(format, "row"))) for n, row in enumerate(ROWS) for call in row.means]
    one_path = [numbered(n, "row") for n, row in enumerate(ROWS) if row.one_path and format == "graphite"]
    apart = lambda found: {key: value for key, value in found.items() if not any(name in key for name in one_path)}
    receiver = check_rows(format, lambda receiver: apart(form.folded(all_calls, read(receiver))), apart(form.expected(all_calls)))
    if format == "otlp":
        kinds = {name: kind for post in receiver.posts for name, _, kind, _ in otlp.requests(post.raw)["metrics"]}
        updown = {name for name, kind in kinds.items() if kind == "updown"}
        assert updown == {numbered(n, "row") for n, row in enumerate(ROWS) if row.sent == "row:-3|c"}


@pytest.mark.parametrize("format", [*PASSED, *AGGREGATED])
def test_too_long(check, format):
    """A datagram that is cut loses its last line. What has more name and tags than an aggregated metric may have goes on as it came,
    unless it is longer than a packet."""
    tagged = lambda length: f"row:7|c|#k:{'x' * length}"
    named = "y" * 500 + ":1|c"
    datagrams = [f"row:1|c\n{tagged(9000)}", tagged(1200), tagged(1500), f"{named}|#{'z' * 900}", "row:2|c"]
    own = {"datagrams": len(datagrams), "lines": 5, "refused_lines": 1, "truncated": 1, "dropped_lines": 0}
    if format in AGGREGATED:
        form, read = AGGREGATED[format]
        all_calls = calls("c", 1, 2)
        ask, expected = lambda receiver: form.folded(all_calls, read(receiver)), form.expected(all_calls)
        own |= {"lines": 2, "refused_lines": 4}
    elif format == "statsd":
        ask, expected = lambda receiver: passed_on.lines(receiver.data), list(map(encode, ["row:1|c", "row:7|c", "row:7|c", named, "row:2|c"]))
    else:
        ask, expected = lambda receiver: passed_on.lines(receiver.data), [encode(with_ours(line, format)) for line in ("row:1|c", datagrams[1], *datagrams[3:])]
        own |= {"dropped_lines": 1}
    program, _ = check(format, map(encode, datagrams), ask, expected, own, "100ms" if format in PASSED else "1h")
    assert ("lines of applications that are longer than 1432 bytes are dropped" in program.log) == (own["dropped_lines"] > 0)
    assert "a datagram was cut: it is longer than 8192 bytes" in program.log and program.log.count("a line was refused: too long, or cut: row:7|c|#k:xxx") == 1
