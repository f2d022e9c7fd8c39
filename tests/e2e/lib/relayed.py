"""What applications send as StatsD, what should become of it in each format, and readers of what sockpush pushes.

A series is (name, StatsD's type, tags). A format has a key for each field of a series, under which a receiver has a value for each poll.
"""
import re
from typing import Callable, NamedTuple

import parse

TYPES = {"c": "counter", "g": "gauge", "ms": "timing", "h": "histogram", "d": "distribution", "s": "set"}
TIMED = ("ms", "h", "d")
HOST = ("host", "h")        # sockpush's own tag in these tests


class Call(NamedTuple):
    """A client's call, and the line that it means."""
    kind: str               # StatsD's type; +g changes a gauge
    name: str
    value: object
    rate: float = 1
    tags: dict = {}         # a tag without a value has None

    @property
    def line(self):
        sign = "+" if self.kind == "+g" and self.value >= 0 else ""
        rate = f"|@{self.rate}" if self.rate != 1 else ""
        tags = ",".join(key if value is None else f"{key}:{value}" for key, value in self.tags.items())
        return f"{self.name}:{sign}{self.value}|{self.kind.lstrip('+')}{rate}{tags and '|#' + tags}"


def draw(chance, kinds=("c", "g", "+g", *TIMED, "s"), rates=(1,), tags=({},), n=100):
    """Draws calls for a few series of each kind. Their values, and their sums, are exact as doubles if the rates are."""
    values = {"c": lambda: chance.randrange(1, 100), "g": lambda: chance.randrange(400) / 4, "+g": lambda: chance.randrange(-400, 400) / 4,
              "s": lambda: f"user{chance.randrange(30)}", "ms": lambda: chance.randrange(1, 5000), "h": lambda: chance.randrange(1, 20000) / 4}
    found = []
    for kind in kinds:
        plain = kind.lstrip("+")
        for _ in range(n // len(kinds)):
            value = values.get(kind, values["h"])()
            # "+g" and "g" are the same gauges; neither depends on a rate
            found.append(Call(kind, f"app.{TYPES[plain]}{chance.randrange(2)}", value, 1 if plain == "g" else chance.choice(rates), chance.choice(tags)))
    chance.shuffle(found)
    return found


def aggregated(calls):
    """Returns {series: {field: value}} of all these calls together."""
    found, members = {}, {}
    for call in calls:
        kind = call.kind.lstrip("+")
        series = call.name, kind, tuple(sorted((key, "true" if value is None else value) for key, value in call.tags.items()))
        if kind == "s":
            members.setdefault(series, set()).add(call.value)
            found[series] = {"value": len(members[series])}
        elif kind == "c":
            found[series] = {"value": found.get(series, {"value": 0})["value"] + call.value / call.rate}
        elif kind == "g":
            found[series] = {"value": call.value + (found.get(series, {"value": 0})["value"] if call.kind == "+g" else 0)}
        else:
            weight, before = round(1 / call.rate), found.get(series, {"count": 0, "sum": 0, "lower": call.value, "upper": call.value})
            found[series] = {"count": before["count"] + weight, "sum": before["sum"] + weight * call.value,
                             "lower": min(before["lower"], call.value), "upper": max(before["upper"], call.value)}
    return found


# ---- formats

def last(values):
    return values[-1]


PLAIN = {"c": {"value": sum}, "g": {"value": last}, "s": {"value": max},
         **dict.fromkeys(TIMED, {"count": sum, "sum": sum, "lower": min, "upper": max})}
SINCE_THE_START = {"c": {"value": last}, "g": {"value": last}, "s": {"value": max}, **dict.fromkeys(TIMED, {"count": last, "sum": last})}


class Format(NamedTuple):
    key: Callable           # (name, kind, tags, field): the key of a value
    fold: dict = PLAIN      # {kind: {field: what makes one value of those of all polls}}

    def _keys(self, calls):
        """Yields (key, value, function) of all that should be stored."""
        for (name, kind, tags), fields in aggregated(calls).items():
            tags = tuple(sorted({**dict([HOST]), **dict(tags)}.items()))
            for field, function in self.fold[kind].items():
                yield self.key(name, kind, tags, field), fields[field], function

    def expected(self, calls):
        """Returns {key: value} that there should be after these calls."""
        return {key: value for key, value, _ in self._keys(calls)}

    def folded(self, calls, stored):
        """Returns the same of {key: [values in the order of time]}, and [values] of keys that should not be there."""
        functions = {key: function for key, _, function in self._keys(calls)}
        return {key: functions[key](values) if key in functions else values for key, values in stored.items()}


def _typed(kind, tags):
    return tuple(sorted((*tags, ("metric_type", TYPES[kind]))))


INFLUX = Format(lambda name, kind, tags, field: (name, _typed(kind, tags), field))
VICTORIA_INFLUX = Format(lambda name, kind, tags, field: (f"{name}_{field}", _typed(kind, tags)))


def _graphite_key(name, kind, tags, field):
    end = {"c": ".count", "g": "", "s": ".count"}.get(kind, f".{field}")
    return ";".join([name + end, *map("=".join, _typed(kind, tags))]).replace(" ", "_")


GRAPHITE = Format(_graphite_key)
# VictoriaMetrics makes a counter NAME_count and a gauge NAME_sum of a histogram.
VICTORIA_OTLP = Format(lambda name, kind, tags, field: (f"{name}_{field}" if kind in TIMED else name, tags), SINCE_THE_START)


# ---- readers

DERIVED = re.compile(r"mean|median|p?\d\d(_percentile)?")      # fields of which the tests have no model


def points(text):
    """Returns the influx points of the application's metrics, without sockpush's own."""
    return [parse.influx_line(line, parse.FLOAT) for line in text.splitlines() if "metric_type=" in line]


def values_of(points):
    """Returns {key: [values in the order of time]}."""
    found = {}
    for point in points:
        for field, value in point.fields.items():
            if not DERIVED.fullmatch(field):
                found.setdefault((point.measurement, point.tags, field), []).append(value)
    return found


def read_influx(text):
    return values_of(points(text))


def is_derived(path):
    """Returns whether Graphite's path is that of a derived field."""
    return DERIVED.fullmatch(path.split(";")[0].rsplit(".", 1)[-1])


def read_graphite(text):
    found = {}
    for line in text.splitlines():
        path, value, _ = line.split(" ")
        if not path.startswith("sockpush") and not is_derived(path):
            found.setdefault(path, []).append(float(value))
    return found
