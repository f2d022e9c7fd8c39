"""Decodes OTLP's ExportMetricsServiceRequest, and asserts what its receivers demand."""
import struct

from remote_write import fields

START, TIME, VALUE, ATTRIBUTE, FLAGS = 2, 3, 6, 7, 8


def _all(message, number):
    return [content for found, content in fields(message) if found == number]


def _attributes(messages):
    pairs = [(key.decode(), dict(fields(value))[1].decode()) for key, value in (dict(fields(one)).values() for one in messages)]
    assert len(dict(pairs)) == len(pairs), f"an attribute twice: {pairs}"
    return tuple(sorted(pairs))


def _number(content):
    return struct.unpack("<Q", content)[0]


def requests(body):
    """Returns {"resource": attributes, "scope": (name, version), "metrics": [(name, unit, kind, points)]}. The kind is gauge, sum (monotonic)
    or updown. A point is (time in ns, start, attributes, value); the value that ends a series is None."""
    [one] = _all(body, 1)
    [resource], [scope_metrics] = _all(one, 1), _all(one, 2)
    [scope] = _all(scope_metrics, 1)
    metrics = []
    for metric in _all(scope_metrics, 2):
        parts = dict(fields(metric))
        data = parts[5] if 5 in parts else parts[7]
        kind = "gauge" if 5 in parts else "sum" if _all(data, 3) else "updown"
        if kind != "gauge":
            assert _all(data, 2) == [2] and _all(data, 3) in ([1], []), "not cumulative"
        points = []
        for point in _all(data, 1):
            value = [_number(content) for content in _all(point, VALUE)]
            assert bool(value) != (_all(point, FLAGS) == [1])
            start = [_number(content) for content in _all(point, START)]
            assert bool(start) == (kind != "gauge")
            [time] = [_number(content) for content in _all(point, TIME)]
            points.append((time, *(start or [None]), _attributes(_all(point, ATTRIBUTE)), *(value or [None])))
        assert points
        metrics.append((parts[1].decode(), parts.get(3, b"").decode(), kind, points))
    return {"resource": dict(_attributes(_all(resource, 1))), "scope": tuple(part.decode() for _, part in fields(scope)), "metrics": metrics}


def samples(body):
    """Returns [(time in ms, name, attributes, value)]."""
    return [(time // 10**6, name, attributes, value) for name, _, _, points in requests(body)["metrics"] for time, _, attributes, value in points]
