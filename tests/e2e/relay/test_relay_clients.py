"""Real clients of StatsD and DogStatsD make known calls (clients/). All of them are counted, or passed
on, with their types, rates and tags."""
import json
import os
import pathlib
import random
import shutil
import subprocess
from typing import NamedTuple

import pytest

import receivers
import relayed
import servers
import wait
from passed_on import DIALECTS
from relayed import Call
from test_relay import counters, relay          # relay: a fixture

CLIENTS = pathlib.Path(__file__).parent / "clients"
NPM = servers.NPM / "clients" / "node_modules"
ENV = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "NODE_PATH": f"{NPM}:{CLIENTS}", "DD_EXTERNAL_ENV": "it-false,cn-web",
       "PYTHONDONTWRITEBYTECODE": "1"}
PYTHON = "/usr/bin/python3"
RATES = (1, 0.5, 0.25, 0.1)
TAGS = ({}, {"env": "prod"}, {"url": "http://a:80/b", "env": "a b=c"}, {"canary": None})
DOGSTATSD = {"listen_gauges": "absolute"}


class Client(NamedTuple):
    command: tuple                      # before the options, in JSON; the calls are on stdin
    package: pathlib.Path               # what has to be there
    kinds: str                          # of its calls
    tags: tuple = ({},)
    rates: tuple = RATES
    env: dict = {}                      # of sockpush
    colons: str = None                  # what it makes of :: in a name; None: it sends them, and the line is refused
    more: tuple = ()                    # calls that not all clients can make
    more_lines: int = 0                 # calls of which it makes two lines
    unsupported: tuple = ()             # events and checks

    def skip_unless_there(self):
        if not shutil.which(self.command[0]) or not self.package.exists():
            by = "make receivers` gets it, or reports why not" if NPM in self.package.parents else "make deps FOR=test` gets it"
            pytest.skip(f"{self.package.name} or {self.command[0]} is not on this machine; `{by}")

    def calls(self, seed):
        drawn = relayed.draw(random.Random(seed), self.kinds.split(), self.rates, self.tags)
        return [*drawn, *self.more, Call("c", "Foo::Bar", 3)]

    def sent(self, calls):
        """Returns the calls, with the names that it sends."""
        return [call._replace(name=call.name.replace("::", self.colons or "")) for call in calls if self.colons or "::" not in call.name]

    def make(self, calls, options):
        done = subprocess.run([*self.command, json.dumps(options)], input=json.dumps([*calls, *self.unsupported]), env=ENV, text=True, capture_output=True,
                              timeout=wait.DEADLINE)
        assert (done.returncode, done.stderr) == (0, ""), done


class Netcat(Client):
    """Lines, each thousand bytes in a datagram by a process of its own."""

    def skip_unless_there(self):
        super().skip_unless_there()
        shown = subprocess.run([*self.command, "--help"], capture_output=True, text=True)
        if "busybox" in self.command and "-u" not in shown.stderr:
            pytest.skip("busybox' nc has no UDP here")

    def make(self, calls, options):
        lines = [call.line for call in calls]
        while lines:
            n = next((n for n in range(len(lines)) if len("\n".join(lines[:n + 1])) > 1000), len(lines))
            done = subprocess.run([*self.command, *options], input="\n".join(lines[:n]), env=ENV, text=True, capture_output=True, timeout=wait.DEADLINE)
            assert (done.returncode, done.stderr) == (0, ""), done
            del lines[:n]


def driver(name, program=PYTHON):
    return (program, str(CLIENTS / name))


HOT_SHOTS = Client(driver("hot_shots.js", "node"), NPM / "hot-shots", "c g ms h d s", TAGS, env=DOGSTATSD, colons="__", more=(Call("g", "app.below", -5.5),),
                   unsupported=(("event", "a title", "a text\nof two lines", 1, {}), ("check", "a.check", 2, 1, {"env": "prod"})))
STATSD_CLIENT = Client(driver("statsd_client.js", "node"), NPM / "statsd-client", "c g +g ms h d s", TAGS[:3], (1,))
PYTHON_STATSD = Client(driver("python_statsd.py"), pathlib.Path("/usr/lib/python3/dist-packages/statsd"), "c g +g ms s", more=(Call("g", "app.below", -5.5),),
                       more_lines=1)
AIODOGSTATSD = Client(driver("aiodogstatsd_client.py"), pathlib.Path("/usr/lib/python3/dist-packages/aiodogstatsd"), "c g ms h d", TAGS[:3], env=DOGSTATSD,
                      more=(Call("g", "app.below", -5.5),))
RUBY = Client(driver("ruby_statsd.rb", "ruby"), pathlib.Path("/usr/lib/ruby/vendor_ruby/statsd.rb"), "c g ms s", colons=".")
PERL = Client(driver("net_statsd.pl", "perl"), pathlib.Path("/usr/share/perl5/Net/Statsd.pm"), "c g ms")
BUSYBOX = Netcat(("busybox", "nc"), pathlib.Path("/"), "c g +g ms h d s", TAGS)
NETCAT = Netcat(("nc.openbsd",), pathlib.Path("/usr/bin/nc.openbsd"), "c g +g ms h d s", TAGS)

DATADOG = {"datadog": True, "containerID": "ci-83c0a99c0a54", "cardinality": "low"}
AT = {"host": "127.0.0.1", "port": 8125}

# The client, what sockpush listens on, the client's options, and whether a datagram has several lines. PATH is the Unix socket's.
WAYS = {"hot-shots": (HOT_SHOTS, "udp", AT, False),
        "hot-shots, packed": (HOT_SHOTS, "udp", {**AT, **DATADOG, "maxBufferSize": 1432}, True),
        "hot-shots, aggregating": (HOT_SHOTS, "udp", {**AT, "maxBufferSize": 1432, "aggregation": True}, True),
        "hot-shots, unix": (HOT_SHOTS, "unix", {**DATADOG, "protocol": "uds", "path": "PATH"}, True),
        "hot-shots, unixstream": (HOT_SHOTS, "unixstream", {**DATADOG, "protocol": "stream", "stream": "PATH", "maxBufferSize": 1432}, False),
        "statsd-client": (STATSD_CLIENT, "udp", {**AT, "maxBufferSize": 0}, False),
        "statsd-client, packed": (STATSD_CLIENT, "udp", AT, True),
        "python3-statsd": (PYTHON_STATSD, "udp", AT, False),
        "python3-statsd, packed": (PYTHON_STATSD, "udp", {**AT, "packed": True}, True),
        "python3-statsd, unixstream": (PYTHON_STATSD, "unixstream", {"path": "PATH", "packed": True}, False),
        "aiodogstatsd": (AIODOGSTATSD, "udp", AT, False),
        "ruby-statsd": (RUBY, "udp", AT, False),
        "ruby-statsd, packed": (RUBY, "udp", {**AT, "packed": True}, True),
        "Net::Statsd": (PERL, "udp", AT, False),
        "Net::Statsd, packed": (PERL, "udp", {**AT, "packed": True}, True),
        "busybox nc": (BUSYBOX, "udp", ("-u", "-w1", "127.0.0.1", "8125"), True),
        "nc": (NETCAT, "udp", ("-u", "-q0", "127.0.0.1", "8125"), True),
        "nc, unix": (NETCAT, "unix", ("-uU", "-q0", "PATH"), True)}

# Formats of what is aggregated: their keys, and who reads them in what was sent.
AGGREGATED = {"influx": (relayed.INFLUX, relayed.read_influx), "graphite": (relayed.GRAPHITE, relayed.read_graphite)}


@pytest.fixture
def listening(relay, keep, tmp_path):
    """listening(scheme, …) starts a program that aggregates until its end, and passes on. Returns it, its receivers by format, and the Unix
    socket's path."""
    def make(scheme, **env):
        to = {format: keep(receivers.udp()) for format in (*AGGREGATED, *DIALECTS)}
        path = f"{tmp_path}/dsd.sock"
        program = relay(to=",".join(["influx+stdout:", *(f"{format}+udp://127.0.0.1:{receiver.port}" for format, receiver in to.items())]), interval="1h",
                        listen="udp://127.0.0.1:8125" if scheme == "udp" else f"{scheme}://{path}", **env)
        program.until(lambda: "sockpush_listen" in program.out)     # the first poll is over
        return program, to, path
    return make


@pytest.mark.parametrize("way", WAYS)
def test_client(listening, way):
    client, scheme, options, packed = WAYS[way]
    client.skip_unless_there()
    program, to, path = listening(scheme, **client.env)
    calls = client.calls(way)
    client.make(calls, json.loads(json.dumps(options).replace("PATH", path)))
    assert program.end() == 0, program.log
    sent, seen = client.sent(calls), counters(program.out)
    if "aggregating" not in way:
        assert seen["lines"] - seen["unsupported_lines"] == len(sent) + client.more_lines
        assert (seen["datagrams"] < seen["lines"]) == packed
    assert (seen["refused_lines"], seen["unsupported_lines"]) == (len(calls) - len(sent), len(client.unsupported)), program.log
    assert (seen["truncated"], seen["kernel_drops"] if scheme == "udp" else 0, seen["overflow_lines"], seen["late_times"]) == (0, 0, 0, 0)
    for format, (form, read) in AGGREGATED.items():
        settles(lambda: form.folded(sent, read(to[format].text)), form.expected(sent), format)
    for format, dialect in DIALECTS.items():
        # without tags several gauges become one, and a client that aggregates sends them in its own order
        orderly = lambda found: {key: value for key, value in found.items() if dialect.has_tags or "aggregating" not in way or key[1] != "g"}
        settles(lambda: orderly(dialect.received(to[format].data, client.env != DOGSTATSD)), orderly(dialect.expected(sent)), format)
        assert to[format].data.count(b"\n_e{") + to[format].data.count(b"\n_sc|") == len(client.unsupported) * (format == "datadog")
        assert (b"|c:ci-" in to[format].data) == (b"|card:low" in to[format].data) == ("containerID" in options and format == "datadog")


def settles(ask, expected, format):
    wait.until(lambda: ask() == expected)
    assert ask() == expected, format
