"""tcp: connections break, and in the end all that was polled is there: whole lines only, none twice within a connection."""
import random
import socket
import time

import pytest

import parse
import streams
import wait

MANY_PORTS = ",".join(map(str, range(1, 41)))


@pytest.fixture
def pair(start):
    """pair(aggregator's port, …): a program whose stdout says what was polled."""
    return lambda port, scheme="influx+tcp", **env: start(**{"to": f"{scheme}://127.0.0.1:{port},{scheme.split('+')[0]}+stdout:", "replay": "30s",
                                                             "self": "off", **env})


def check_connection(got, polled):
    """Whole lines that were polled, none twice; the receiver may have stopped reading amid one."""
    text = bytes(got).decode()
    *lines, rest = text.split("\n")
    assert len(set(lines)) == len(lines), "twice in one connection"
    assert set(lines) <= polled, f"never polled: {set(lines) - polled}"
    assert not rest or any(line.startswith(rest) for line in polled)


@pytest.mark.parametrize("kind,seed", [("influx", 1), ("influx", 2), ("graphite", 3)])
def test_connections_that_break(pair, kind, seed):
    """At random bytes, by a close or a reset; after each in short order the pause before the next connection grows."""
    chance = random.Random(seed)
    ends = [chance.choice([streams.fin_after, streams.reset_after])(chance.randrange(1, 6000)) for _ in range(4)]
    serve = lambda n: ends[n] if n < len(ends) else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, f"{kind}+tcp", interval="1s" if kind == "graphite" else "100ms", ports="1,2,*:3")
        assert wait.until(lambda: len(aggregator.connections) > len(ends), 60), program.log
        polls = program.out.count("\n")
        program.until(lambda: program.out.count("\n") > polls + 10)
        assert program.end() == 0
        assert wait.until(lambda: len(aggregator.ended) == len(aggregator.connections))
        polled = set(program.out.splitlines())
        for got in aggregator.connections:
            check_connection(got, polled)
        assert set(aggregator.lines()) == polled
        assert aggregator.ended[-1] is True, "the end was a reset"


def test_counters(pair):
    """What it says of itself agrees with what was seen."""
    with streams.Aggregator(lambda n: streams.fin_after(2000) if n < 2 else streams.read_all) as aggregator:
        program = pair(aggregator.port, self="on")
        own = lambda text: [point.fields for point in parse.influx(text) if point.measurement == "sockpush_output" and "tcp" in point.tag("output")]
        program.until(lambda: len(aggregator.connections) > 2 and own(aggregator.text)[-1]["reconnects"] == 2)
        seen = len(own(program.out))
        program.until(lambda: len(own(program.out)) > seen + 10)
        assert program.end() == 0
        last, polled = own(aggregator.text)[-1], program.out.splitlines()
        assert last["dropped_lines"] == 0 and last["reconnects"] == 2 and last["send_errors"] >= 2
        before = [line for line in polled if int(line.rsplit(" ", 1)[1]) < int(polled[-1].rsplit(" ", 1)[1])]
        assert 0 < last["sent_lines"] <= len(before), "acknowledged by the time of the last poll"
        assert len(polled) - last["sent_lines"] < len(polled) / 2


@pytest.mark.parametrize("kind", ["influx", "graphite"])
def test_overflow(pair, kind):
    """Away for longer than the outbox holds: the newest arrive, and the count of dropped lines is that of the missing ones."""
    port = streams.closed_port()
    program = pair(port, f"{kind}+tcp", ports=MANY_PORTS, buffer="16KiB", self="on", interval="1s" if kind == "graphite" else "100ms")
    polls = lambda: len({line.rsplit(" ", 1)[1] for line in program.out.splitlines()})
    program.until(lambda: polls() > 6)
    time.sleep(0.5)
    with streams.Aggregator(port=port) as aggregator:
        assert wait.until(lambda: aggregator.connections, 40), program.log
        seen = polls()
        program.until(lambda: polls() > seen + 3)
        assert program.end() == 0
        assert wait.until(lambda: aggregator.ended)
        got, polled = aggregator.lines(), program.out.splitlines()
    missing = set(polled) - set(got)
    assert missing and set(got) <= set(polled)
    assert max(int(line.rsplit(" ", 1)[1]) for line in missing) < min(int(line.rsplit(" ", 1)[1]) for line in got), "the oldest go first"
    points = getattr(parse, kind)("\n".join(got) + "\n")
    dropped = [point.fields["dropped_lines"] for point in points if point.measurement == "sockpush_output" and "tcp" in point.tag("output")
               and "dropped_lines" in point.fields]
    assert dropped[-1] == len(missing)


def test_end_seen_before_the_next_write(pair):
    """The receiver closes while nothing is under way: that connection gets not a byte more."""
    def serve(connection, got):
        while got.count(b"\n") < 2:
            got += connection.recv(1 << 16)
        time.sleep(0.1)
        before = len(got)
        connection.shutdown(socket.SHUT_WR)
        streams.read_all(connection, got)
        return len(got) - before

    with streams.Aggregator(lambda n: serve if n < 3 else streams.read_all) as aggregator:
        program = pair(aggregator.port, interval="400ms")
        program.until(lambda: len(aggregator.connections) > 3 and len(aggregator.connections[3]) > 1000)
        assert program.end() == 0
        assert aggregator.ended[:3] == [0, 0, 0]
        assert set(aggregator.lines()) == set(program.out.splitlines())


def test_slow_reader(pair):
    """Through a small window, a few bytes at a time: whole lines, and polls as before."""
    def serve(connection, got):
        while data := connection.recv(700):
            got += data
            time.sleep(0.002)
        return True

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        program = pair(aggregator.port, ports=MANY_PORTS, buffer="4MiB", interval="200ms")
        times = lambda: sorted({point.time for point in parse.influx(program.out)})
        program.until(lambda: len(times()) > 20)
        gaps = [b - a for a, b in zip(times(), times()[1:])]
        assert max(gaps) < 1_000_000_000
        assert program.end() == 0, program.log
        assert aggregator.lines() == program.out.splitlines()


def test_window_that_opens_late(pair):
    """A receiver that reads nothing for a while, then all: nothing is cut where its window ended."""
    opened = []

    def serve(connection, got):
        wait.until(lambda: opened)
        return streams.read_all(connection, got)

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        program = pair(aggregator.port, ports=MANY_PORTS, buffer="4MiB")
        program.until(lambda: program.out.count("ip_version=4") > 15 * 41)
        opened.append(True)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended)
        assert aggregator.lines() == program.out.splitlines()


def test_window_closed_at_a_reset(pair):
    """Its window is full, then it is killed: the next has it all, whole."""
    def serve(connection, got):
        got += connection.recv(5000)
        time.sleep(2)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, streams.LINGER_0)

    with streams.Aggregator(lambda n: streams.read_all if n else serve, buffer=4096) as aggregator:
        program = pair(aggregator.port, ports=MANY_PORTS, buffer="4MiB")
        program.until(lambda: len(aggregator.connections) > 1 and len(aggregator.connections[1]) > 100000)
        assert program.end() == 0, program.log
        polled = set(program.out.splitlines())
        for got in aggregator.connections:
            check_connection(got, polled)
        assert set(aggregator.lines()) == polled


# ---- formats without a time

def increments(text, name):
    """The sum of what was added to each counter of this name, by output."""
    sums = {}
    for point in parse.dogstatsd(text):
        if point.measurement == "sockpush_output" and name in point.fields:
            sums[point.tag("output")] = sums.get(point.tag("output"), 0) + point.fields[name]
    return sums


def test_increments(pair):
    """Gauges are sent again at most once, the newest; counters add up as if nothing had happened."""
    serve = lambda n: streams.fin_after(3000) if n < 4 else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, "dogstatsd+tcp", self="on", ports="1,2")
        program.until(lambda: len(aggregator.connections) > 4)
        polls = program.out.count("poll_us")
        program.until(lambda: program.out.count("poll_us") > polls + 10)
        assert program.end() == 0, program.log
        assert wait.until(lambda: len(aggregator.ended) == 5)
        assert increments(aggregator.text, "sent_lines") == increments(program.out, "sent_lines")
        assert increments(aggregator.text, "reconnects") == increments(program.out, "reconnects")
        assert set(increments(aggregator.text, "reconnects").values()) == {0, 4}


def test_increments_of_an_outage(pair):
    """What polls added while nobody was there comes with the first snapshot after it."""
    port = streams.closed_port()
    program = pair(port, "dogstatsd+tcp", self="on")
    program.until(lambda: program.out.count("poll_us") > 10)
    with streams.Aggregator(port=port) as aggregator:
        assert wait.until(lambda: aggregator.connections, 40), program.log
        polls = program.out.count("poll_us")
        program.until(lambda: program.out.count("poll_us") > polls + 5)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended)
        assert aggregator.text.count("poll_us") < program.out.count("poll_us") - 5, "old gauges were sent"
        for name in ("sent_lines", "send_errors", "dropped_lines"):
            assert increments(aggregator.text, name) == increments(program.out, name)
