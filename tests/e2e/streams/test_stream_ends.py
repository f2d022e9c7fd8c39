"""tcp: how the program ends, with a receiver that takes all, and with others."""
import re
import signal
import socket
import threading
import time

import pytest

import parse
import streams
import wait


def to(port, rest=""):
    return f"influx+tcp://127.0.0.1:{port}{rest}"


def test_all_is_there(run):
    """After SOCKPUSH_POLLS: status 0, and the connection ended in good order."""
    with streams.Aggregator() as aggregator:
        one = run(to=f"{to(aggregator.port)},influx+stdout:", polls=5, interval="100ms", self="off", host="a")
        assert one.status == 0, one.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == one.out


def test_signal(start):
    """As on SIGTERM; the last poll's lines, just put, are there as well."""
    with streams.Aggregator() as aggregator:
        program = start(to=f"{to(aggregator.port)},stdout:", self="off", ports=",".join(map(str, range(1, 200))))
        program.until(lambda: program.out.count("\n") > 400)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == program.out


@pytest.mark.parametrize("polls", [1, 3])
def test_nobody_there(run, polls):
    """It tries for a while, says how many lines are left, and SOCKPUSH_POLLS ends with status 1."""
    began = time.monotonic()
    one = run(to=to(streams.closed_port()), polls=polls, interval="100ms", self="off", host="a")
    assert one.status == 1
    assert time.monotonic() - began < 10
    levels = parse.log(one.log)
    assert any(level == "warn" and "refused" in entry["msg"].lower() for level, entry in levels)
    assert any(f"{2 * polls} lines" in entry["msg"] for _, entry in levels), one.log


def test_back_in_time(run):
    """The receiver comes back while the program is ending."""
    port = streams.closed_port()
    got = []

    def later():
        time.sleep(1)
        with streams.Aggregator(port=port) as aggregator:
            wait.until(lambda: aggregator.ended)
            got.append(aggregator.text)

    thread = threading.Thread(target=later)
    thread.start()
    one = run(to=f"{to(port)},influx+stdout:", polls=2, interval="100ms", self="off", host="a")
    thread.join()
    assert one.status == 0, one.log
    assert got == [one.out]


@pytest.fixture
def never_reads(keep):
    """A listener with a small window."""
    one = keep(socket.create_server(("127.0.0.1", 0)))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return one


PORTS = ",".join(map(str, range(1, 100)))


def test_never_reads(never_reads, start):
    """More than its kernel takes: the end is bounded in time, and the log says what is left."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS)
    connection, _ = never_reads.accept()
    with connection:
        program.until(lambda: program.out.count("\n") > 2000)
        began = time.monotonic()
        assert program.end() == 0, "who stops it by a signal wants it to end"
        assert time.monotonic() - began < 8
    assert any(" lines" in entry["msg"] and "tcp" in str(entry) for _, entry in parse.log(program.log)[-3:]), program.log


def test_never_reads_all_polls(never_reads, start):
    """It took some: left are those that it does not have in the end, and what was still under way."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS, polls=5, buffer="1MiB")
    connection, _ = never_reads.accept()
    with connection:
        began = time.monotonic()
        assert program.end(number=None) == 1
        assert time.monotonic() - began < 10
        got = bytearray()
        streams.read_all(connection, got)
    left = program.out.count("\n") - got.count(b"\n")
    assert program.out.startswith(got.decode()) and got.endswith(b"\n")
    said = int(re.search(r"ends after 5 polls; (\d+) lines were not sent", program.log)[1])
    assert left <= said < left + 20, "more than a segment under way"


def test_second_signal(never_reads, start):
    """At once, whatever is left."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS)
    program.until(lambda: program.out.count("\n") > 2000)
    program.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert program.process.poll() is None
    began = time.monotonic()
    program.end()
    assert time.monotonic() - began < 1


def test_receiver_ends_without_reading(run):
    """It says that it is done and reads nothing: what its kernel has not taken was not delivered."""
    def serve(connection, got):
        connection.shutdown(socket.SHUT_WR)
        time.sleep(10)

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        one = run(to=to(aggregator.port), polls=3, interval="100ms", self="off", host="a", ports=",".join(map(str, range(1, 400))), buffer="8MiB")
        assert one.status == 1, one.log
