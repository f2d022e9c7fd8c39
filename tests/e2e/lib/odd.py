"""Texts made by Hypothesis, the binary run with them, and the checks of what it pushed.

The texts are the same in each run. The readers of parse.py read what the real binary encodes.
"""
import re

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import parse
from program import ONE_POLL, environment, run_binary

FORMATS = ["dogstatsd", "datadog", "statsd", "influx", "graphite"]
READERS = {name: getattr(parse, name) for name in FORMATS}
BLANK = b" \t\n\v\f\r"

bounded = settings(derandomize=True, deadline=None, max_examples=120,
                   suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])


# ---- texts: any bytes but NUL, often the troublesome ones

NASTY = [b" ", b",", b"=", b":", b"|", b"#", b"@", b";", b"\\", b'"', b"~", b"!", b"^", b".", b"/", b"_", b"-", b"\n", b"\r", b"\t", b"\x1b", b"\x7f",
         b"{", b"[", b"]", b"%", b"|c", b"|g", b"name", b"a", b"b", b"\xc3\xa9", b"\xe2\x80\xa8", b"\xc2\x85", b"\xff", b"\xc3", b"1"]
pieces = st.one_of(st.sampled_from(NASTY), st.integers(1, 255).map(lambda byte: bytes([byte])))
texts = st.lists(pieces, max_size=8).map(b"".join)
words = st.lists(pieces, min_size=1, max_size=6).map(b"".join)
# Texts in JSON.
characters = st.text(st.one_of(st.sampled_from(' ,=:|#@;\\"~!^./_-\n\r\t\x7f[]ab\xe9\u2028'),
                               st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")), max_size=8)


# ---- the pushed form of a text

def same_or_replaced(sent, got):
    """Asserts that each byte is as sent or a `_`. Bytes that break no format stay, and so does UTF-8."""
    got = got.encode("utf-8", "surrogateescape")
    try:
        sent.decode()
        kept = rb"[A-Za-z0-9_./\x80-\xff-]"
    except UnicodeDecodeError:
        kept = rb"[A-Za-z0-9_./-]"
    return len(got) == len(sent) and all(g == s or g == ord("_") and not re.match(kept, bytes([s])) for s, g in zip(sent, got))


def folded(sent, got):
    """Asserts the same within a name of statsd, where brackets are removed."""
    fold = lambda text: re.sub(rb"[^A-Za-z0-9_-]", b"_", text).decode()
    return got in (fold(sent), fold(re.sub(rb"[][]", b"", sent)))


RENAMED = {"graphite": b"name", "influx": b"time"}     # receivers reserve these


def key_of(format, key):
    return key + b"_" if key == RENAMED.get(format) else key


def value_of(format, value):
    return b"true" if value is None and format in ("influx", "graphite") else value


def check_tags(format, point, expected):
    """Asserts that the point has exactly these tags, {key: value}, in the order of their keys."""
    expected = sorted(expected.items())
    got = list(point.tags)
    assert len(got) == len(expected), f"{got} for {expected}"
    for (key, value), (got_key, got_value) in zip(expected, got):
        key, value = key_of(format, key), value_of(format, value)
        assert same_or_replaced(key, got_key), f"key {got_key!r} for {key!r}"
        assert (got_value is None) == (value is None), f"value {got_value!r} for {value!r}"
        assert value is None or same_or_replaced(value, got_value) or value[:1] == b"~" and same_or_replaced(b"^" + value[1:], got_value), \
            f"value {got_value!r} for {value!r}"


# ---- one poll

def run(format, **env):
    one = run_binary(environment({**ONE_POLL, "SOCKPUSH_FORMAT": format, "SOCKPUSH_INTERVAL": "10s"}, env))
    parse.log(one.log)
    assert one.status in (0, 1, 2), one.log
    return one


def shape(points):
    return [(point.measurement, tuple(point.fields), point.kind) for point in points]


_plain = {}


def points(one, format, prefix=b"", host=True, **plain):
    """Returns the pushed points. Asserts that lines and fields are the same as with plain texts in place of the odd ones."""
    key = (format, str(plain))
    if key not in _plain:
        _plain[key] = shape(READERS[format](run(format, **plain).out))
    text = one.out
    if prefix and format != "influx":
        text = without_prefix(text, format, prefix)
    found = parse.statsd(text, host) if format == "statsd" else READERS[format](text)
    if prefix and format == "influx":
        for point in found:
            assert same_or_replaced(prefix, point.measurement.rpartition(".")[0])
        found = [point._replace(measurement=point.measurement.rpartition(".")[2]) for point in found]
    assert shape(found) == _plain[key]
    return found


def without_prefix(text, format, prefix):
    breaks = rb"[\x00-\x20;\x7f]" if format == "graphite" else rb"[\x00-\x20|:#@\x7f]"
    lines = []
    for line in text.encode("utf-8", "surrogateescape").split(b"\n")[:-1]:
        head, dot, rest = line[:len(prefix)], line[len(prefix):len(prefix) + 1], line[len(prefix) + 1:]
        if format == "statsd":
            assert head == re.sub(rb"[^A-Za-z0-9_.-]", b"_", prefix)
        else:
            assert same_or_replaced(prefix.replace(b"/", b"~"), head.decode("utf-8", "surrogateescape").replace("/", "~"))
        assert dot == b"." and not re.search(breaks, head), line
        lines.append(rest + b"\n")
    return b"".join(lines).decode("utf-8", "surrogateescape")
