"""tcp: connections break, and in the end all polls are there: whole lines only, none twice within a connection. SOCKPUSH_TEST_SLOW=1
breaks more of them."""
import os
import random
import time

import pytest

import parse
import ports
import streams
import wait
from streams import pair        # a fixture

pytestmark = pytest.mark.windows

MANY_PORTS = ",".join(map(str, range(1, 41)))
SLOW = pytest.mark.skipif("SOCKPUSH_TEST_SLOW" not in os.environ, reason="takes minutes: set SOCKPUSH_TEST_SLOW=1")


def break_and_check(program, aggregator, n):
    """Waits until n connections have broken and one stays, then checks all lines."""
    assert wait.until(lambda: len(aggregator.connections) > n, 90 * n), program.log
    polls = program.out.count("\n")
    program.until(lambda: program.out.count("\n") > polls + 10)
    assert program.end() == 0
    streams.check(aggregator, set(program.out.splitlines()))


@pytest.mark.parametrize("kind,seed", [("influx", 1), ("influx", 2), ("graphite", 3)])
def test_connections_that_break(pair, kind, seed):
    """They break at random bytes, by a close or a reset. Breaks in quick succession make the pause before the next connection grow."""
    chance = random.Random(seed)
    ends = [chance.choice([streams.fin_after, streams.reset_after])(chance.randrange(1, 6000)) for _ in range(3)]
    serve = lambda n: ends[n] if n < len(ends) else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, kind, interval="1s" if kind == "graphite" else "100ms", ports="1,2,*:3")
        break_and_check(program, aggregator, len(ends))
    getattr(parse, kind)(program.out)


@SLOW
@pytest.mark.parametrize("seed", range(4))
def test_many_connections_that_break(pair, seed):
    """Each breaks after about a second and a number of bytes."""
    chance = random.Random(seed)

    def serve(n):
        how, seconds = chance.choice([streams.fin_after, streams.reset_after]), 1 + chance.random()
        n_bytes = chance.randrange(1, 6000)

        def wait_and_serve(connection, got):
            end = time.monotonic() + seconds
            while time.monotonic() < end and (data := connection.recv(1 << 16)):
                got += data
            return how(len(got) + n_bytes)(connection, got)
        return wait_and_serve if n < 40 else streams.read_all

    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, ports="1,2,*:3", buffer="1MiB", replay="5s")
        break_and_check(program, aggregator, 40)


# ---- sockpush's own counters

def self_counters(text, kind="influx"):
    """Returns [(time, {counter: value})] of the output over TCP."""
    found = {}
    for point in getattr(parse, kind)(text):
        if point.measurement == "sockpush_output" and "tcp" in point.tag("output"):
            found.setdefault(point.time, {}).update(point.fields)
    return sorted(found.items())


def lines_before(text, kind, time):
    return sum(point.time < time for point in getattr(parse, kind)(text))


def test_counters(pair):
    """Its counters agree with what the receiver saw: at the latest when nothing is under way, each line was sent once."""
    with streams.Aggregator(lambda n: streams.reset_after(2000) if n < 2 else streams.read_all) as aggregator:
        program = pair(aggregator.port, self="on")
        lines = lambda at: lines_before(program.out, "influx", at)
        all_sent = lambda at, fields: fields["reconnects"] == 2 and fields["sent_lines"] == lines(at)
        program.until(lambda: any(all_sent(*one) for one in self_counters(aggregator.text)[-5:]))
        assert program.end() == 0
        streams.check(aggregator, set(program.out.splitlines()))
        reported = self_counters(program.out)
    assert all(fields["sent_lines"] <= lines(at) for at, fields in reported), "more than it sent"
    assert all(a["sent_lines"] <= b["sent_lines"] for (_, a), (_, b) in zip(reported, reported[1:]))
    assert reported[-1][1]["dropped_lines"] == 0 and reported[-1][1]["reconnects"] == 2 and reported[-1][1]["send_errors"] >= 2


@pytest.mark.parametrize("kind,interval,enough", [("influx", "100ms", 10), ("graphite", "1s", 3)])
def test_overflow(pair, kind, interval, enough):
    """The receiver is away for longer than the outbox holds. The newest lines arrive, and the count of dropped lines is that of the
    missing ones."""
    port = ports.unused()
    program = pair(port, kind, ports=MANY_PORTS, buffer="16KiB", self="on", interval=interval)
    at = lambda line: int(line.rsplit(" ", 1)[1])
    polls = lambda: len(set(map(at, program.out.splitlines())))
    program.until(lambda: polls() > enough)
    with streams.Aggregator(port=port) as aggregator:
        assert wait.until(lambda: aggregator.connections, 90), program.log
        seen = polls()
        program.until(lambda: polls() > seen + 1)
        assert program.end() == 0
        assert wait.until(lambda: aggregator.ended)
        got, polled = aggregator.lines(), program.out.splitlines()
    missing = set(polled) - set(got)
    assert missing and set(got) <= set(polled) and len(set(got)) == len(got)
    place = {line: i for i, line in enumerate(polled)}
    assert max(place[line] for line in missing) < min(place[line] for line in got), "the oldest go first"
    time, reported = self_counters(aggregator.text, kind)[-1]
    assert reported["dropped_lines"] == len(missing)
    assert reported["sent_lines"] <= lines_before(program.out, kind, time) - len(missing)
