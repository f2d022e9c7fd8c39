"""Applications' lines that sockpush passes on: what they should become, and strict readers of what arrives."""
import re
from typing import NamedTuple

import relayed
from relayed import Call

_OWN = re.compile(rb"(h\.)?(sockpush|netstat)(_[a-z]+)?\.")
_DATADOG = re.compile(r"([^:|]+):([^|]+)\|(c|g|ms|h|d|s)((?:\|[^|]+)*)")
_DOGSTATSD = re.compile(r"([^:|]+):([^|]+)\|(c|g|ms|h|d|s)(?:\|@([0-9.]+))?(?:\|#([^|]+))?")
_STATSD = re.compile(r"([^:|]+):([^|]+)\|(c|g|ms|s)(?:\|@([0-9.]+))?")


def lines(data):
    """Returns the whole lines, in bytes, without sockpush's own."""
    return [line for line in data.split(b"\n")[:-1] if not _OWN.match(line)]


def _tags(text):
    """Parses tags into {key: value}, which is None where it is absent. Asserts that no key comes twice."""
    pairs = [tag.partition(":") for tag in text.split(",")] if text else []
    found = {key: value if colon else None for key, colon, value in pairs}
    assert all(found) and len(found) == len(pairs), text
    return found


def _datadog(line):
    """Parses a line with sections in any order. Several values make several calls."""
    match = _DATADOG.fullmatch(line)
    assert match, line
    name, values, kind, sections = match.groups()
    rates = re.findall(r"\|@([^|]+)", sections)
    tags = re.findall(r"\|#([^|]+)", sections)
    assert len(rates) < 2 and len(tags) < 2, line
    return [(name, value, kind, *(rates or ["1"]), *(tags or [""])) for value in (values.split(":") if kind != "s" else [values])]


def _one(pattern):
    def parse(line):
        match = pattern.fullmatch(line)
        assert match, line
        name, value, kind, rate, *tags = match.groups("")
        return [(name, value, kind, rate or "1", *(tags or [""]))]
    return parse


class Dialect(NamedTuple):
    """A format of lines. `deltas`: its receivers take a gauge with a sign as a change."""
    parse: object
    has_tags: bool = True
    has_events: bool = False
    deltas: bool = False

    def read(self, data, deltas):
        """Returns the calls that the lines mean. deltas: a gauge with a sign is a change for the application."""
        found = []
        for line in lines(data):
            if self.has_events and line.startswith((b"_e{", b"_sc|")):
                continue
            for name, value, kind, rate, tags in self.parse(line.decode()):
                signed = kind == "g" and value[0] in "+-" and (deltas or self.deltas)
                found.append(Call("+g" if signed else kind, name, value if kind == "s" else float(value), float(rate), _tags(tags)))
        return found

    def _expected(self, call):
        if self.has_tags:
            return call._replace(tags={**dict([relayed.HOST]), **call.tags})
        return call._replace(kind="ms" if call.kind in relayed.TIMED else call.kind, tags={})

    def expected(self, calls):
        """Returns what the receiver should make of these calls."""
        return relayed.aggregated(map(_without_none, map(self._expected, calls)))

    def received(self, data, deltas=True):
        """Returns what the receiver makes of the lines."""
        return relayed.aggregated(map(_without_none, self.read(data, deltas)))


def _without_none(call):
    """Tells a tag without a value from one of the value "true"."""
    return call._replace(tags={key: "no value" if value is None else value for key, value in call.tags.items()})


DIALECTS = {"datadog": Dialect(_datadog, has_events=True), "dogstatsd": Dialect(_one(_DOGSTATSD)),
            "statsd": Dialect(_one(_STATSD), has_tags=False, deltas=True)}
