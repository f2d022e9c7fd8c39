"""tcp: the program's end, with a receiver that takes everything, and with others."""
import re
import signal
import socket
import threading

import pytest

import parse
import ports
import streams
import wait


def to(port, rest=""):
    return f"influx+tcp://127.0.0.1:{port}{rest}"


def test_all_is_there(run):
    """After SOCKPUSH_POLLS the status is 0 and the connection ends in good order."""
    with streams.Aggregator() as aggregator:
        one = run(to=f"{to(aggregator.port)},influx+stdout:", polls=5, interval="100ms", self="off", host="a")
        assert one.status == 0, one.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == one.out


def test_signal(start):
    """After SIGTERM the last poll's lines, just put, are there as well."""
    with streams.Aggregator() as aggregator:
        program = start(to=f"{to(aggregator.port)},stdout:", self="off", ports=",".join(map(str, range(1, 200))))
        program.until(lambda: program.out.count("\n") > 400)
        assert program.end() == 0, program.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == program.out


@pytest.mark.parametrize("polls", [1, 3])
def test_nobody_there(run, polls):
    """It tries for a while and logs the number of lines left. SOCKPUSH_POLLS ends with status 1."""
    one = run(to=to(ports.unused()), polls=polls, interval="100ms", self="off", host="a")
    assert one.status == 1 and parse.ended_by_limit(one.log), one.log
    levels = parse.log(one.log)
    assert any(level == "warn" and "refused" in entry["msg"].lower() for level, entry in levels)
    assert any(f"{2 * polls} lines" in entry["msg"] for _, entry in levels), one.log


def test_back_in_time(start):
    """The receiver comes back while the program is ending."""
    port = ports.unused()
    program = start(to=f"{to(port)},influx+stdout:", polls=2, self="off")
    program.until(lambda: program.out.count("\n") == 4 and "refused" in program.log)
    with streams.Aggregator(port=port) as aggregator:
        assert program.end(number=None) == 0, program.log
        assert wait.until(lambda: aggregator.ended) == [True]
        assert aggregator.text == program.out
    assert parse.ended_by_itself(program.log)


@pytest.fixture
def never_reads(keep):
    """The port of a listener with a small window."""
    one = keep(socket.create_server(("127.0.0.1", 0)))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return one


PORTS = ",".join(map(str, range(1, 100)))


def test_never_reads(never_reads, start):
    """More is queued than its kernel takes: the end is bounded in time, and the log has the number of lines left."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS)
    connection, _ = never_reads.accept()
    with connection:
        program.until(lambda: program.out.count("\n") > 2000)
        assert program.end() == 0, "who stops it by a signal wants it to end"
        assert parse.ended_by_limit(program.log), program.log
    assert any(" lines" in entry["msg"] and "tcp" in str(entry) for _, entry in parse.log(program.log)[-3:]), program.log


def test_never_reads_all_polls(never_reads, start):
    """The receiver took some. The lines left are those that it lacks in the end, and those still under way."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS, polls=5, buffer="1MiB")
    connection, _ = never_reads.accept()
    with connection:
        assert program.end(number=None) == 1
        assert parse.ended_by_limit(program.log), program.log
        got = bytearray()
        streams.read_all(connection, got)
    left = program.out.count("\n") - got.count(b"\n")
    assert program.out.startswith(got.decode()) and got.endswith(b"\n")
    reported = int(re.search(r"ends after 5 polls; (\d+) lines were not sent", program.log)[1])
    assert left <= reported < left + 20, "more than a segment under way"


def test_second_signal(never_reads, start):
    """The second signal ends it before the limit of a flush, whatever is left. The test waits until each signal is handled, because two
    different ones could arrive together."""
    program = start(to=f"{to(never_reads.getsockname()[1])},stdout:", self="off", ports=PORTS, popen={"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)})
    program.until(lambda: program.out.count("\n") > 2000)
    program.process.send_signal(signal.SIGTERM)
    assert program.end(signal.SIGINT) == 0
    assert parse.ended_by_second_signal(program.log) and " left at the end" in program.log, program.log


def test_receiver_ends_without_reading(run):
    """The receiver ends its side and reads nothing. Lines that its kernel has not taken were not delivered."""
    over = threading.Event()

    def serve(connection, got):
        connection.shutdown(socket.SHUT_WR)
        over.wait()

    with streams.Aggregator(lambda n: serve, buffer=4096) as aggregator:
        one = run(to=to(aggregator.port), polls=3, interval="100ms", self="off", host="a", ports=",".join(map(str, range(1, 400))), buffer="8MiB")
        over.set()
        assert one.status == 1, one.log
