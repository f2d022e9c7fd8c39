"""Models of StatsD receivers, written from their documents, without a line of their code.

A DogStatsD line is NAME:VALUE[:VALUE…]|TYPE, then sections in any order: |@rate (1.0), |#tags (1.0), |c:container (1.2), |Tseconds
(1.3), |e:external data (1.5), |card:cardinality (1.6). A profile has, for each section, whether the receiver takes it, ignores it or
refuses the line.
"""
import re
from typing import NamedTuple

TAKES, IGNORES, REFUSES = "takes", "ignores", "refuses"
COLON = "refuses it if a colon is in it"        # Telegraf splits the rest of the line at colons, into values
SWALLOWS = "puts it into the last tag"


class Refused(Exception):
    pass


class Profile(NamedTuple):
    tags: str = TAKES
    container: str = TAKES
    time: str = TAKES
    external: str = TAKES
    cardinality: str = TAKES
    bare_tags: str = TAKES          # tags without a value
    several_values: str = REFUSES
    signed: str = "delta"           # the meaning of a gauge with a sign
    utf8_only: bool = False


PROFILES = {
    "Datadog agent": Profile(several_values=TAKES, signed="absolute"),
    "Vector": Profile(container=IGNORES, time=IGNORES, external=IGNORES, cardinality=IGNORES),
    "Telegraf": Profile(tags=COLON, container=COLON, time=IGNORES, external=COLON, cardinality=COLON, bare_tags=IGNORES),
    "Telegraf, datadog_extensions": Profile(container=IGNORES, time=IGNORES, external=COLON, cardinality=COLON),
    "gostatsd": Profile(time=IGNORES, external=IGNORES, cardinality=IGNORES, signed="absolute"),
    "OpenTelemetry": Profile(external=REFUSES, cardinality=REFUSES, bare_tags=REFUSES),
    "statsd_exporter": Profile(external=REFUSES, cardinality=REFUSES, bare_tags=IGNORES, utf8_only=True),
    "veneur": Profile(container=REFUSES, time=REFUSES, external=REFUSES, cardinality=REFUSES, signed="absolute"),
    "brubeck": Profile(*[REFUSES] * 5),
    "etsy": Profile(container=SWALLOWS, time=SWALLOWS, external=SWALLOWS, cardinality=SWALLOWS),
}

TAGGING = [name for name in PROFILES if name not in ("Telegraf", "brubeck")]

_SECTIONS = {"#": "tags", "c:": "container", "T": "time", "e:": "external", "card:": "cardinality"}
_TYPES = ("c", "g", "ms", "h", "s", "d")


class Sample(NamedTuple):
    name: str
    values: tuple
    kind: str
    tags: dict
    rate: float = 1.0
    sections: dict = {}
    delta: bool = False


def _number(text):
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
        raise Refused(f"not a number: {text!r}")
    return float(text)


def _tags(text, profile):
    tags = {}
    for item in text.split(","):
        key, _, value = item.partition(":")
        if not key:
            raise Refused("a tag without a key")
        if not value and profile.bare_tags == REFUSES:
            raise Refused(f"a tag without a value: {key!r}")
        if value or profile.bare_tags == TAKES:
            tags[key] = value
    return tags


def _sections(texts, profile):
    """Returns {section: text} of the sections that the profile takes, with the rate as "rate"."""
    found = {}
    for text in texts:
        start = next((start for start in ("@", *_SECTIONS) if text.startswith(start)), None)
        if start is None:
            raise Refused(f"an unknown section: {text!r}")
        what = _SECTIONS.get(start, "rate")
        does = getattr(profile, what, TAKES)
        if does == REFUSES or does == COLON and ":" in text or what in found:
            raise Refused(f"{what}: {text!r}")
        if does == SWALLOWS and "tags" in found:
            found["tags"] += "|" + text
        elif does == TAKES:
            found[what] = text[len(start):]
    return found


def receive(line, profile):
    """Returns the sample that a receiver of this profile stores, or raises Refused."""
    if profile.utf8_only and re.search("[\udc80-\udcff]", line):
        raise Refused("not UTF-8")
    head, *rest = line.split("|")
    name, colon, values = head.partition(":")
    if not name or not colon or not rest or rest[0] not in _TYPES:
        raise Refused(f"not NAME:VALUE|TYPE: {line!r}")
    kind = rest[0]
    values = [values] if kind == "s" else values.split(":")
    if len(values) > 1 and profile.several_values == REFUSES:
        raise Refused("several values")
    found = _sections(rest[1:], profile)
    tags = _tags(found.pop("tags"), profile) if "tags" in found else {}
    rate = _number(found.pop("rate", "1"))
    numbers = tuple(values) if kind == "s" else tuple(map(_number, values))
    delta = kind == "g" and values[0][0] in "+-" and profile.signed == "delta"
    return Sample(name, numbers, kind, tags, rate, found, delta)


class DataKitPoint(NamedTuple):
    measurement: str
    field: str
    value: float
    tags: dict


def datakit(line, metric_separator="_"):
    """Returns the point of DataKit's statsd input with data_dog_extensions: dots of the name become separators, and the first separator
    divides measurement and field. A name without a separator is both."""
    sample = receive(line, PROFILES["Telegraf, datadog_extensions"])
    measurement, found, field = sample.name.replace(".", metric_separator).partition(metric_separator)
    kind = {"g": "gauge", "c": "counter"}[sample.kind]
    return DataKitPoint(measurement, field if found else measurement, sample.values[0] / sample.rate, {**sample.tags, "metric_type": kind})
