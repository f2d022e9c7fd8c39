"""A board's clock starts in 1970 and is set later, by libfaketime. The program is the sanitized one, which is not static."""
import os
import pathlib
import socket
import time

import pytest

import otlp
import parse
import streams
import tls_pki
import wait
from posts import Receiver
from program import ROOT, Program, environment
from tls_pki import pki         # a fixture

DYNAMIC = ROOT / "build" / "asan" / "sockpush"
FAKETIME = next(map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
START = "1970-01-01 00:00:10"

pytestmark = pytest.mark.skipif(not (FAKETIME and DYNAMIC.exists()), reason="faketime, or build/asan/sockpush, which `make e2e` builds, is not there")


class Board:
    """A program, and the clock that it sees."""

    def __init__(self, place, env):
        self._time = place / "time"
        self._time.write_text(f"@{START}")
        self.program = Program(environment({"TZ": "UTC", "LD_PRELOAD": FAKETIME, "ASAN_OPTIONS": "verify_asan_link_order=0", "FAKETIME_NO_CACHE": "1",
                                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_TIMESTAMP_FILE": str(self._time)}, env), binary=DYNAMIC)

    def set_clock(self, seconds="+0"):
        """Sets the clock to this much after the true time while the program runs."""
        other = self._time.with_suffix(".new")
        other.write_text(seconds)
        os.replace(other, self._time)

    @property
    def warnings(self):
        whole = self.program.log[:self.program.log.rfind("\n") + 1]
        return [entry["msg"] for level, entry in parse.log(whole) if level in ("warn", "error")]


@pytest.fixture
def board(namespace, tmp_path):
    boards = []

    def make(**env):
        boards.append(Board(tmp_path, {"host": "a", "interval": "200ms", **env}))
        return boards[-1]

    yield make
    for one in boards:
        one.program.kill()


def true_times(points):
    """Returns the points with true times. Asserts that the others have none."""
    times = {point.time for point in points} - {None}
    now = time.time_ns()
    assert all(now - 60e9 < at <= now for at in times)
    return times


def test_lines_go_without_time_until_the_clock_is_set(board):
    one = board(to="influx+stdout:")
    program = one.program
    program.until(lambda: program.out.count("\nsockpush,") > 3)
    assert true_times(parse.influx(program.out)) == set()
    assert program.log.startswith("1970-01-01T00:00:")
    assert len(one.warnings) == 1 and "clock" in one.warnings[0]
    one.set_clock()
    program.until(lambda: true_times(parse.influx(program.out)))
    timed = [point.time is not None for point in parse.influx(program.out)]
    assert timed == sorted(timed) and len(one.warnings) == 1
    assert program.end() == 0


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_streams_wait_for_the_clock(board, kind):
    """Outputs that keep lines need times. Polls before the clock is set are dropped and counted."""
    with streams.Aggregator() if kind == "tcp" else Receiver() as receiver:
        text = lambda: receiver.text if kind == "tcp" else "".join(post.body for post in receiver.posts)
        to = f"influx+tcp://127.0.0.1:{receiver.port}" if kind == "tcp" else f"http://127.0.0.1:{receiver.port}/write"
        one = board(to=f"{to},influx+stdout:")
        one.program.until(lambda: one.warnings and one.program.out.count("\nsockpush,") >= 5)
        assert text() == "", "one of these polls came"
        one.set_clock()
        assert wait.until(lambda: len(parse.by_poll(parse.influx(text()))) > 3), one.program.log
        assert one.program.end() == 0
        points = parse.influx(text())
        assert true_times(points) == {point.time for point in points}
        dropped = max(point.fields["dropped_lines"] for point in points if point.measurement == "sockpush_output" and point.tag("output") != "stdout:")
        assert dropped >= 4 * 4, one.program.log      # 4 lines per poll


def test_a_relays_sums_wait_for_the_clock(board):
    """What an application counted before is in the first interval that has a time."""
    with streams.Aggregator() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as application:
        one = board(to=f"influx+tcp://127.0.0.1:{receiver.port},dogstatsd+stdout:", listen="udp://127.0.0.1:8125", backend="off")
        one.program.until(lambda: "taking StatsD" in one.program.log)
        for value in (3, 4):
            before = one.program.out.count("sockpush_listen.datagrams:1|c")
            application.sendto(f"hits:{value}|c".encode(), ("127.0.0.1", 8125))
            one.program.until(lambda: one.program.out.count("sockpush_listen.datagrams:1|c") > before)
        assert "hits" not in receiver.text
        one.set_clock()
        assert wait.until(lambda: "hits," in receiver.text), one.program.log
        assert one.program.end() == 0
        hits = [line for line in receiver.text.splitlines() if line.startswith("hits,")]
        assert [line.split()[1] for line in hits][0] == "value=7" and sum(float(line.split()[1].split("=")[1]) for line in hits) == 7, hits


def test_a_relays_sums_do_not_wait_beyond_the_end(board):
    """They are pushed even if nothing came since the last poll."""
    with streams.Aggregator() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as application:
        one = board(to=f"influx+tcp://127.0.0.1:{receiver.port},dogstatsd+stdout:", listen="udp://127.0.0.1:8125", backend="off", interval="1s")
        one.program.until(lambda: "taking StatsD" in one.program.log)
        application.sendto(b"hits:3|c", ("127.0.0.1", 8125))
        one.program.until(lambda: "sockpush_listen.datagrams:1|c" in one.program.out)
        one.set_clock()
        assert one.program.end() == 0
        assert "hits," in receiver.text, one.program.log


@pytest.mark.parametrize("scheme", ["otlp+http", "prometheus+http"])
def test_protobuf_waits_for_the_clock(board, scheme):
    """No sample has the time 0, or one of 1970, and sums start when the clock is set."""
    with Receiver() as receiver:
        one = board(to=f"{scheme}://127.0.0.1:{receiver.port},influx+stdout:", self="on")
        one.program.until(lambda: one.warnings and one.program.out.count("\nsockpush,") >= 5)
        assert not receiver.posts
        one.set_clock()
        assert wait.until(lambda: len(receiver.posts) > 3), one.program.log
        assert one.program.end() == 0
        times = {at for post in receiver.posts for at in post.times}
        assert times == true_times(parse.influx(one.program.out))
        if scheme == "otlp+http":
            starts = {start for post in receiver.posts for *_, points in otlp.requests(post.raw)["metrics"] for _, start, _, _ in points if start}
            assert starts == {min(times)}


def test_a_certificate_that_is_not_yet_valid(board, pki):
    """The log asks about the clock. Once the clock is set, the receiver is trusted without a restart."""
    with tls_pki.Server(pki.leaf("clock"), connections=8) as server:
        one = board(to=f"dogstatsd+tls://127.0.0.1:{server.port}", tls_ca=pki.ca)
        assert wait.until(lambda: any("not yet valid" in warning for warning in one.warnings)), one.program.log
        [warning] = [warning for warning in one.warnings if "not yet valid" in warning]
        assert "is this machine's clock right?" in warning
        one.set_clock()
        assert wait.until(lambda: "netstat.tcp_established" in server.so_far), one.program.log


@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_a_clock_that_is_stepped_by_an_hour(board, step):
    """Polls go on, with the new time, and all that was printed is received."""
    with streams.Aggregator() as receiver:
        one = board(to=f"influx+tcp://127.0.0.1:{receiver.port},influx+stdout:", replay="2s")
        one.set_clock()
        lines = lambda: one.program.out.count("\nsockpush,")
        times = lambda: [point.time or 0 for point in parse.influx(one.program.out)]
        one.program.until(lambda: any(times()))
        before = lines()
        one.program.until(lambda: lines() > before + 3)
        near, first = max(times()), lines()
        one.set_clock(step)
        one.program.until(lambda: lines() > first + 10 and abs(times()[-1] - near - int(step) * 10**9) < 600e9)
        assert one.program.end() == 0, one.program.log
        timed = {line for line in one.program.out.splitlines() if parse.influx(line + "\n")[0].time}
        streams.check(receiver, timed)
