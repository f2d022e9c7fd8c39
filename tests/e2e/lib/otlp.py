"""Decodes OTLP's ExportMetricsServiceRequest, and asserts what its receivers demand."""
import struct

from remote_write import fields

START, TIME, DOUBLE, VALUE, ATTRIBUTE, FLAGS = 2, 3, 4, 6, 7, 8


def _all(message, number):
    return [content for found, content in fields(message) if found == number]


def _attributes(messages):
    pairs = [(key.decode(), dict(fields(value))[1].decode()) for key, value in (dict(fields(one)).values() for one in messages)]
    assert len(dict(pairs)) == len(pairs), f"an attribute twice: {pairs}"
    return tuple(sorted(pairs))


def _number(content):
    return struct.unpack("<Q", content)[0]


def _double(content):
    return struct.unpack("<d", content)[0]


def requests(body):
    """Returns {"resource": attributes, "scope": (name, version), "metrics": [(name, unit, kind, points)]}. The kind is gauge, sum (monotonic),
    updown, or histogram (exponential). A point is (time in ns, start, attributes, value); the value that ends a series is None, and that of a
    histogram (count, sum)."""
    [one] = _all(body, 1)
    [resource], [scope_metrics] = _all(one, 1), _all(one, 2)
    [scope] = _all(scope_metrics, 1)
    metrics = []
    for metric in _all(scope_metrics, 2):
        parts = dict(fields(metric))
        [data] = [parts[number] for number in (5, 7, 10) if number in parts]
        kind = "gauge" if 5 in parts else "histogram" if 10 in parts else "sum" if _all(data, 3) else "updown"
        attribute, flags = (1, 10) if kind == "histogram" else (ATTRIBUTE, FLAGS)
        if kind != "gauge":
            assert _all(data, 2) == [2] and _all(data, 3) in ([1], []), "not cumulative"
        points = []
        for point in _all(data, 1):
            value = [_number(content) for content in _all(point, VALUE)] if kind != "histogram" else []
            value += [_double(content) for content in _all(point, DOUBLE)] if kind != "histogram" else \
                [(_number(count), _double(total)) for count, total in zip(_all(point, 4), _all(point, 5))]
            assert bool(value) != (_all(point, flags) == [1])
            start = [_number(content) for content in _all(point, START)]
            assert bool(start) == (kind != "gauge")
            [time] = [_number(content) for content in _all(point, TIME)]
            points.append((time, *(start or [None]), _attributes(_all(point, attribute)), *(value or [None])))
        assert points
        metrics.append((parts[1].decode(), parts.get(3, b"").decode(), kind, points))
    return {"resource": dict(_attributes(_all(resource, 1))), "scope": tuple(part.decode() for _, part in fields(scope)), "metrics": metrics}


def samples(body):
    """Returns [(time in ms, name, attributes, value)]."""
    return [(time // 10**6, name, attributes, value) for name, _, _, points in requests(body)["metrics"] for time, _, attributes, value in points]
