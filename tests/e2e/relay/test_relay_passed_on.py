"""Lines that are passed on to real StatsD servers, which are asked what they made of them."""
import json
import math
import random
import re
import socket
import urllib.error

import pytest

import passed_on
import receivers
import relayed
import servers
from passed_on import DIALECTS

KINDS = ("c", "g", "+g", *relayed.TIMED, "s")
RATES, TAGS = (1, 0.5, 0.25), ({}, {"env": "prod"}, {"env": "a b", "address": "a:80"})


def send(*lines):
    """Sends lines, about a thousand bytes in a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for n in range(0, len(lines), 20):
            sender.sendto(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines[n:n + 20]), ("127.0.0.1", 8225))


@pytest.fixture
def relay(start):
    """relay(outputs…) starts a program that listens at a port of its own in the server's network namespace."""
    def make(*to, **env):
        program = start(**{"to": ",".join(to), "listen": "udp://127.0.0.1:8225", "backend": "off", "format": None, "host": "h", "self": "off", **env})
        program.until(lambda: "taking StatsD" in program.log)
        return program
    return make


def draw(prefix):
    """Draws calls whose names begin with this."""
    return [call._replace(name=f"{prefix}.{call.name}") for call in relayed.draw(random.Random(prefix), KINDS, RATES, TAGS, 150)]


def expected(calls):
    """Returns {(name, kind): value} as StatsD's servers have it without tags: of a timing its values, of a set its members."""
    found, dialect = {}, DIALECTS["statsd"]
    for (name, kind, _), fields in dialect.expected(calls).items():
        of = [call for call in calls if call.name == name and (call.kind.lstrip("+") == kind or kind == "ms" and call.kind in relayed.TIMED)]
        if kind == "ms":
            found[name, kind] = sorted(call.value for call in of), sum(1 / call.rate for call in of)
        else:
            found[name, kind] = {call.value for call in of} if kind == "s" else fields["value"]
    return found


# ---- etsy's statsd

@pytest.fixture(scope="module")
def etsy(serve):
    return serve(servers.Etsy)


def in_etsy(etsy, prefix):
    """Returns the same of all its flushes."""
    found = {}
    for flush in etsy.flushes():
        of = {kind: {name: value for name, value in flush[part].items() if name.startswith(prefix)}
              for kind, part in (("c", "counters"), ("g", "gauges"), ("ms", "timers"), ("weight", "timer_counters"), ("s", "sets"))}
        for name, value in of["c"].items():
            found[name, "c"] = found.get((name, "c"), 0) + value
        for name, value in of["g"].items():
            found[name, "g"] = value
        for name, values in of["ms"].items():
            before, weight = found.get((name, "ms"), ([], 0))
            found[name, "ms"] = sorted(before + values), weight + of["weight"][name]
        for name, members in of["s"].items():
            found[name, "s"] = found.get((name, "s"), set()) | set(members)
    return found


def counted(etsy, name):
    return sum(flush["counters"][f"statsd.{name}"] for flush in etsy.flushes())


@pytest.mark.parametrize("to", ["udp://127.0.0.1", "tcp://127.0.0.1:8127"])
def test_etsy(etsy, relay, to):
    prefix, bad = to.split(":")[0], counted(etsy, "bad_lines_seen")
    program, calls = relay(f"statsd+{to}"), draw(prefix)
    send(*(call.line for call in calls))
    etsy.settles(lambda: in_etsy(etsy, prefix), expected(calls))
    assert program.end() == 0 and counted(etsy, "bad_lines_seen") == bad


# Each of them ends the server, or becomes another metric there, if it is passed on as it is.
TRAPS = ["constructor:1|ms", "con\u00e9structor:1|ms", "__proto__:1|ms", "__ proto__:1|ms", "[__proto__:1|g", "hasOwnProperty:1|s", "a:1|c|@0",
         "a:1|c|@1e-1", "a:1|c|@+0.5", "a:1|c|@.5", "a:1|c|@x", "a:-1|ms", "a:x:y|s", "a:1:2|c", "a:1|h", "a:1|d", "a:1|x", "a:1|", "a|c", "a:1|c|#k:v|T1",
         "a:1|c|c:x", "a:1|c||", "a:NaN|g", "a:0x10|c", "a::1|c", "_e{1,1}:a|b", "_sc|a|0", "a:1|ms|@1e-5", "a:#b|s", "a:1e300|ms", "a:-0|h", "a:1|c|#|#x"]


def hostile(chance):
    """Draws a line that is random in all parts."""
    parts = ["hostile", "\u00e9", "[", " ", "a", "|", ":", "#", ";", "@", "/", "__proto__", "constructor", "\u3000"]
    name = "".join(chance.choice(parts) for _ in range(chance.randrange(1, 5)))
    value = chance.choice(["1", "-1", "+1", "1.5", "1e3", "", ":", "1:2", "0x1", "NaN", " 1", "1e300", "x", "x:y"])
    kind = chance.choice(["c", "g", "ms", "h", "d", "s", "x", "", "c|@0.1", "ms|@1e-9", "c|@1e-3", "g|#", "s|@", "c|T1", "c:2|ms"])
    line = bytearray(f"{name}:{value}|{kind}{chance.choice(['', '|#', '|#k:v', '|#k,:|@0.5', '|c:x', '||'])}".encode())
    if chance.randrange(8) == 0:
        line[chance.randrange(len(line))] = chance.randrange(256)
    return bytes(line).replace(b"\n", b"")


def test_hostile_lines_to_etsy(etsy, relay, keep):
    """It finds no line bad, counts each once, and lives. What it gets also goes to a receiver here."""
    also, chance = keep(receivers.udp()), random.Random(7)
    bad, before = counted(etsy, "bad_lines_seen"), counted(etsy, "metrics_received")
    program = relay("statsd+tcp://127.0.0.1:8127", f"statsd+udp://127.0.0.1:{also.port}")
    for n in range(10):
        send(*TRAPS, *(hostile(chance) for _ in range(500)), f"hostile.last:{n}|c")
        program.until(lambda: b"hostile.last:%d|c\n" % n in also.data)
    etsy.until(lambda: in_etsy(etsy, "hostile.last") == {("hostile.last", "c"): sum(range(10))})
    assert program.end() == 0
    etsy.settles(lambda: counted(etsy, "metrics_received") - before, len(passed_on.lines(also.data)))
    assert counted(etsy, "bad_lines_seen") == bad, re.findall("Bad line.*", etsy.log)


# ---- collectd, Netdata

def in_collectd(collectd):
    """Returns {(type, name): values of all intervals}, without those of nothing."""
    return {key: [value for _, value in rows if not math.isnan(value)] for key, rows in collectd.stored().items()}


def is_in_collectd(found, name, kind, value):
    """Returns whether all intervals together have this. It has times in seconds, each cut to
    milliseconds, and takes a rate for a factor of them."""
    values = lambda kind, end="": found.get((kind, name + end), [])
    if kind == "c":
        return values("derive")[-1:] == [value]
    if kind == "g":
        return values("gauge")[-1:] == [value]
    if kind == "s":
        return max(values("objects"), default=0) <= len(value) <= sum(values("objects"))
    times, _ = value
    if sum(values("gauge", "-count")) != len(times):
        return False
    all_three = [fold(values("latency", end)) for fold, end in ((min, "-lower"), (max, "-upper"), (sum, "-sum"))]
    return all_three == pytest.approx([times[0] / 1000, times[-1] / 1000, sum(times) / 1000], abs=0.02)


def settles(server, wanted, has):
    """Waits until has(name, kind, value) is true of all that is wanted."""
    missing = lambda: [(*key, value) for key, value in wanted.items() if not has(*key, value)]
    server.settles(missing, [])


def test_collectd(namespace, keep, tmp_path, relay):
    collectd = keep(servers.Collectd(tmp_path))
    program = relay("statsd+udp://127.0.0.1")
    calls = [call._replace(rate=1) if call.kind in relayed.TIMED else call for call in draw("x")]
    send(*(call.line for call in calls))
    settles(collectd, expected(calls), lambda *one: is_in_collectd(in_collectd(collectd), *one))
    assert program.end() == 0 and "Unable to parse" not in collectd.log


def in_netdata(chart):
    """Returns {dimension: values of all intervals} of a chart."""
    try:
        answer = json.loads(servers.get(19999, "/api/v1/data", chart=f"statsd_{chart}", after=-600))
    except urllib.error.HTTPError:
        return {}
    rows = [row for row in reversed(answer["data"]) if None not in row]
    return {label: [row[n] for row in rows] for n, label in enumerate(answer["labels"])}


def is_in_netdata(name, kind, value):
    found = in_netdata(f"{name}_{ {'c': 'counter', 'g': 'gauge', 'ms': 'timer', 's': 'set'}[kind]}")
    if kind == "c":
        return sum(found.get("counter", [])) == pytest.approx(value, rel=0.01)      # interpolated where it came in two intervals
    if kind == "g":
        return found.get("gauge", [])[-1:] == [value]
    if kind == "s":
        return max(found.get("unique", []), default=0) <= len(value) <= sum(found.get("unique", []))
    return max(found.get("max", []), default=0) == value[0][-1] and min(filter(None, found.get("min", [])), default=0) == value[0][0]


def test_netdata(namespace, keep, tmp_path, relay):
    netdata, calls = keep(servers.Netdata(tmp_path)), draw("x")
    program = relay("statsd+tcp://127.0.0.1:8125")
    send(*(call.line for call in calls))
    settles(netdata, expected(calls), is_in_netdata)
    assert program.end() == 0
