"""tcp: receivers that read slowly, late or never before their end, and one that ends while nothing is under way."""
import socket
import time

import pytest

import streams
import wait
from streams import pair        # a fixture

MANY_PORTS = ",".join(map(str, range(1, 41)))


def test_slow_reader(pair):
    """The receiver reads a few bytes with each poll through a small window, so it lags more and more. Lines stay whole, and polls do not
    wait for it."""
    programs, over = [], []
    polls = lambda: programs[0].out.count("ip_version=6") // 7

    def serve(connection, got):
        wait.until(lambda: programs)
        while data := connection.recv(700):
            got += data
            seen = polls()
            wait.until(lambda: over or polls() > seen)
        return True

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        program = pair(aggregator.port, ports="1,2,3,4,5,6", buffer="4MiB")
        programs.append(program)
        program.until(lambda: polls() > 20)
        assert len(aggregator.text) < len(program.out) / 2
        over.append(True)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == program.out


def test_window_that_opens_late(pair):
    """The receiver reads nothing for a while, then all. No line is cut where its window ended."""
    opened = []

    def serve(connection, got):
        wait.until(lambda: opened)
        return streams.read_all(connection, got)

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        program = pair(aggregator.port, ports=MANY_PORTS, buffer="4MiB")
        program.until(lambda: program.out.count("ip_version=4") > 15 * 41)
        opened.append(True)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == program.out


@pytest.mark.parametrize("buffer", [2304, 4096])
def test_window_closed_at_a_reset(pair, buffer):
    """Its window is full, then it is killed. Even its unread bytes are whole lines, and the next receiver has them all."""
    def serve(connection, got):
        streams.wait_until_full(connection)
        got += connection.recv(1 << 16, socket.MSG_PEEK)        # MSG_PEEK does not open the window again
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, streams.LINGER_0)
        return "read all there was"

    def read_on(connection, got):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)     # with the small one the rest can take minutes
        return streams.read_all(connection, got)

    with streams.Aggregator(lambda n: read_on if n else serve, buffer=buffer) as aggregator:
        program = pair(aggregator.port, ports=MANY_PORTS, buffer="4MiB")
        program.until(lambda: len(aggregator.connections) > 1 and len(aggregator.connections[1]) > 100000)
        assert program.end() == 0, program.log
        streams.check(aggregator, set(program.out.splitlines()))


def test_end_seen_before_the_next_write(pair):
    """The receiver closes between two polls. That connection gets not a byte more, and no line is lost."""
    programs = []

    def has_all(text):
        polled = programs[0].out.splitlines(True) if programs else []
        return bool(polled) and "ip_version=6" in polled[-1] and text.endswith(polled[-1])

    def serve(connection, got):
        streams.read_poll(connection, got, has_all)     # and lines that the connection before may have lost
        streams.read_poll(connection, got, has_all)
        before = streams.end_between_polls(programs[0], connection, got)
        streams.read_all(connection, got)
        return len(got) - before

    with streams.Aggregator(lambda n: serve if n < 3 else streams.read_all) as aggregator:
        programs.append(pair(aggregator.port, interval="500ms"))
        program = programs[0]
        program.until(lambda: len(aggregator.connections) > 3 and len(aggregator.connections[3]) > 1000)
        assert program.end() == 0
        streams.check(aggregator, set(program.out.splitlines()))
        assert aggregator.ended[:3] == [0, 0, 0]


def test_reset_of_an_idle_connection(start):
    """NAT and balancers do so. Nothing was pending, so it is neither an error nor a reconnect."""
    def serve(connection, got):
        got += connection.recv(1 << 16)
        time.sleep(3)       # it must be idle for a second
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, streams.LINGER_0)

    with streams.Aggregator(lambda n: streams.read_all if n else serve) as aggregator:
        program = start(to=f"influx+tcp://127.0.0.1:{aggregator.port}", interval="30s", self="off")
        program.until(lambda: "with everything acknowledged" in program.log or " warn " in program.log)
        assert " warn " not in program.log, program.log
        assert program.end() == 0
