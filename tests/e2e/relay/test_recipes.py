"""The recipes of docs/relay.md: what an application sends is stored by the receiver, and found there as the document says."""
import json
import re
import shlex
import socket
import ssl
import sys

import pytest

import posts
import receivers
import servers
import streams
from program import ROOT
from tls_pki import pki         # a fixture

sys.path.insert(0, str(ROOT / "tests" / "lint"))
import markdown

DOCUMENT = (ROOT / "docs" / "relay.md").read_text()


def section(heading):
    return re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##)", DOCUMENT, re.M | re.S)[1]


def shown(heading, beginning):
    """Returns the query of that section that begins so."""
    return re.search(rf"`({re.escape(beginning)}[^`]*)`", section(heading))[1]


@pytest.fixture
def recipe(start, namespace, tmp_path):
    """recipe(heading, host:port or path of a receiver here, certificates) runs the section's command, and sends to it once."""
    def make(heading, there, pki=None):
        [block] = [block for block in markdown.blocks(section(heading)) if block.language == "sh"]
        *variables, program = shlex.split(block.text)
        assert program == "sockpush"
        env = dict(variable.split("=", 1) for variable in variables)
        env["SOCKPUSH_TO"] = re.sub(r"//([a-z]+\.example:\d+|/run/.*)", f"//{there}", env["SOCKPUSH_TO"])
        if pki:
            env["SOCKPUSH_TLS_CA"] = str(pki.ca)
        program = start(**{"interval": "200ms", "format": None, **env})
        program.until(lambda: "taking StatsD" in program.log)
        send_all()
        return program
    return make


def send_all():
    """Sends what the document's application sends: three requests, and timings from 1 to 100 ms, in one datagram."""
    lines = [*["requests:1|c|#path:/"] * 3, *(f"latency:{ms}|ms|#path:/" for ms in range(1, 101))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto("\n".join(lines).encode(), ("127.0.0.1", 8125))


def test_vector(recipe, keep, pki):
    def serve(connection, got):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.chains[3].chain, pki.chains[3].key)
        return streams.read_all(context.wrap_socket(connection, server_side=True), got)

    vector = keep(streams.Aggregator(lambda n: serve))
    program = recipe("To Vector, over TLS", f"localhost:{vector.port}", pki)
    program.until(lambda: "latency," in vector.text)
    assert program.end() == 0 and "warn" not in program.log, program.log
    gauges = gauges_of(vector.text)
    assert sum(gauges["requests_value"]) == 3 and gauges["latency_mean"] == [50.5] and gauges["latency_99_percentile"] == [pytest.approx(99, rel=0.05)]


def gauges_of(text):
    """Returns {name: [value]} of the gauges that Vector's codec influxdb makes: one of each field, named MEASUREMENT_FIELD."""
    found = {}
    for line in text.splitlines():
        series, fields, _ = line.rsplit(" ", 2)
        for field in fields.split(","):
            name, value = field.split("=")
            found.setdefault(f"{series.split(',')[0]}_{name}", []).append(float(value.rstrip("i")))
    return found


def test_victoriametrics(recipe, keep, tmp_path):
    heading = "To VictoriaMetrics, by OTLP"
    victoria = keep(servers.NewerVictoriaMetrics(tmp_path))
    program = recipe(heading, "127.0.0.1:8428")
    victoria.settles(lambda: victoria.query('requests{path="/",host="a"}'), [3])
    rates = lambda beginning: send_all() or [value for value in victoria.query(shown(heading, beginning)) if value > 0]
    assert victoria.until(lambda: rates("rate("))
    assert victoria.until(lambda: rates("histogram_quantile(")) == [pytest.approx(99, rel=0.05)]
    assert program.end() == 0 and "warn" not in program.log, program.log


def test_influxdb(recipe, keep, tmp_path, pki):
    heading = "To InfluxDB, by HTTPS"
    for name in "influxdb", "stunnel":
        (tmp_path / name).mkdir()
    influxdb = keep(servers.InfluxDB(tmp_path / "influxdb"))
    influxdb.create()
    keep(posts.Relay(8086, port=8186))
    keep(servers.Stunnel(tmp_path / "stunnel", pki.chains[3]))
    program = recipe(heading, "localhost:6443", pki)

    def requests():
        answer = json.loads(servers.get(8086, "/query", db="sockpush", q=shown(heading, "SELECT ")))
        return sum(row[1] or 0 for one in answer["results"][0].get("series", []) for row in one["values"])

    influxdb.settles(requests, 3)
    influxdb.until(lambda: [fields for tags, fields, _ in influxdb.points("latency") if tags["path"] == "/" and (fields["count"], fields["mean"]) == (100, 50.5)])
    assert program.end() == 0 and "warn" not in program.log, program.log


def test_datadog(recipe, keep, tmp_path):
    """Each line arrives with the application's tags and with sockpush's."""
    agent = keep(receivers.unix_datagram(tmp_path / "dsd.socket"))
    program = recipe("To the Datadog agent on the node", tmp_path / "dsd.socket")
    agent.until(lambda text: "latency:100|ms" in text)
    lines = [line for line in agent.text.splitlines() if line.startswith("requests:")]
    assert [line.split("|#")[0] for line in lines] == ["requests:1|c"] * 3
    assert all({"path:/", "host:a"} <= set(line.split("|#")[1].split("|")[0].split(",")) for line in lines)
    assert program.end() == 0 and "warn" not in program.log, program.log
