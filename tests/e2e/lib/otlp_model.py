"""A model of an OTLP receiver on OpenTelemetry's own decoder, which refuses what real ones refuse."""
import base64
import json
import re
import shutil
import subprocess
import threading

import pytest

import otlp
import posts
import servers

DECODER = servers.NPM / "otlp"
DELTA = 1


class OpenTelemetry:
    """OpenTelemetry's JavaScript, in a process of its own."""

    def __init__(self):
        node = shutil.which("node")
        if not node or not DECODER.is_dir():
            pytest.skip("node, or OpenTelemetry's decoder, is not here; `make receivers` gets it, or reports why not")
        self._process = subprocess.Popen([node, str(servers.CONF / "otlp.js"), str(DECODER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lock = threading.Lock()

    def _ask(self, **question):
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def decode(self, body):
        """Returns {"value": request} or {"error": text}."""
        return self._ask(decode=base64.b64encode(body).decode())

    def encode(self, name, value):
        """Returns the bytes of a `request`, `response` or `status`."""
        return base64.b64decode(self._ask(encode=name, value=value)["bytes"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _attributes(of):
    return [(one["key"], one["value"]["stringValue"]) for one in of.get("attributes", ())]


def _value(point):
    return None if point.get("flags") == 1 else int(point["asInt"])


def _all(value):
    """Yields (resource, scope, metric, kind, point) of each point of a request."""
    for one in value.get("resourceMetrics", ()):
        for scope in one["scopeMetrics"]:
            for metric in scope["metrics"]:
                [kind] = {"gauge", "sum"} & set(metric)
                for point in metric[kind]["dataPoints"]:
                    yield one["resource"], scope["scope"], metric, kind, point


def as_otlp(value):
    """Returns the request as otlp.requests does."""
    metrics, resource, scope = [], None, None
    for resource, scope, metric, kind, point in _all(value):
        if not metrics or metrics[-1][0] is not metric:
            metrics.append((metric, kind, []))
        start = point.get("startTimeUnixNano")
        metrics[-1][2].append((int(point["timeUnixNano"]), start and int(start), tuple(sorted(_attributes(point))), _value(point)))
    return {"resource": dict(_attributes(resource)), "scope": (scope["name"], scope["version"]),
            "metrics": [(metric["name"], metric.get("unit", ""), kind, points) for metric, kind, points in metrics]}


def count_by_protoc(body):
    """Returns how many metrics protoc finds without a schema, or None without protoc."""
    protoc = shutil.which("protoc", path=servers.PATH)
    if not protoc:
        return None
    done = subprocess.run([protoc, "--decode_raw"], input=body, capture_output=True, env=servers.ENV)
    assert done.returncode == 0, done.stderr
    return len(re.findall(r"^    2 \{", done.stdout.decode(), re.M))


class Refused(Exception):
    """A status and its words."""


class Model(posts.Receiver):
    """`refused` has the answers that were not 200, each with its words."""

    def __init__(self, opentelemetry, path="/v1/metrics"):
        self.refused = []
        self._path = path
        self._opentelemetry = opentelemetry
        self._taken = []            # (body, what it decodes to)
        self._newest = {}           # series: its newest time and that time's value
        self._one = threading.Lock()
        super().__init__(self._answer)

    def _answer(self, post):
        with self._one:
            try:
                self._take(post)
                status, body = 200, self._opentelemetry.encode("response", {})
            except Refused as error:
                status, words = error.args
                self.refused.append((status, words))
                body = self._opentelemetry.encode("status", {"code": 3, "message": words})
        return posts.answer(status, content_type="application/x-protobuf", content_length=len(body)) + body

    def _take(self, post):
        if post.target != self._path:
            raise Refused(404, "page not found")
        if post.headers.get("content-type") != "application/x-protobuf":
            raise Refused(415, "unsupported media type")
        found = self._opentelemetry.decode(post.raw)
        if "error" in found:
            raise Refused(400, found["error"])
        self._judge(_all(found["value"]))
        self._taken.append((post.raw, found["value"]))

    def _judge(self, points):
        """Refuses as Prometheus does: the whole request for one point."""
        newest = {}
        for resource, _, metric, kind, point in points:
            attributes = _attributes(point)
            if metric[kind].get("aggregationTemporality") == DELTA:
                raise Refused(500, "invalid temporality and type combination")
            if len(dict(attributes)) != len(attributes) or "__name__" in dict(attributes):
                raise Refused(400, f"duplicate label in {attributes}")
            series = metric["name"], kind, *sorted(_attributes(resource)), *sorted(attributes)
            time, value = int(point["timeUnixNano"]), _value(point)
            before = newest.get(series) or self._newest.get(series) or (0, None)
            if not time or time < before[0]:
                raise Refused(400, f"out of order sample of {series}")
            if time == before[0] and value != before[1]:
                raise Refused(400, f"duplicate sample of {series}")
            newest[series] = time, value
        self._newest.update(newest)

    def check(self):
        """Asserts that it took requests, refused none, and that lib/otlp.py and protoc find the same in each."""
        assert self._taken and not self.refused, self.refused[:3]
        for body, value in self._taken:
            decoded = as_otlp(value)
            assert otlp.requests(body) == decoded
            assert count_by_protoc(body) in (None, len(decoded["metrics"]))


@pytest.fixture
def opentelemetry(keep):
    return keep(OpenTelemetry())


@pytest.fixture
def model(opentelemetry, keep):
    return keep(Model(opentelemetry))
