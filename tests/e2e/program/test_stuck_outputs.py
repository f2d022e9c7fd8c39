"""A poll is never late because of an output, whatever that output waits for."""
import os
import socket

import pytest

import dnsserver

POLLS = 40
BOUND_MS = 1000     # what waits here waits 5 s or more; on an idle machine a poll is late by less than 5 ms, on a busy one at times by 100


def lateness_ms(program):
    """How far each poll's time is from its deadline, which is a whole number of intervals after the earliest."""
    times = lambda: sorted({int(line.rsplit(" ", 1)[1]) // 1_000_000 for line in program.out.splitlines()})
    program.until(lambda: len(times()) > POLLS)
    times = times()
    phase = min(time - 100 * i for i, time in enumerate(times))
    late = [time - 100 * i - phase for i, time in enumerate(times)]
    print(f"{len(late)} polls, the latest by {max(late)} ms")
    return max(late)


@pytest.fixture
def silent(keep):
    """A listener whose connections nobody accepts, let alone reads."""
    one = keep(socket.create_server(("127.0.0.1", 0)))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return one.getsockname()[1]


def test_never_reads(silent, start):
    program = start(to=f"influx+tcp://127.0.0.1:{silent},influx+stdout:", ports=",".join(map(str, range(1, 200))))
    assert lateness_ms(program) < BOUND_MS


def test_never_accepts(full, start):
    assert lateness_ms(start(to=f"influx+tcp://127.0.0.1:{full},influx+stdout:")) < BOUND_MS


def test_handshake_that_hangs(silent, start):
    assert lateness_ms(start(to=f"influx+tls://127.0.0.1:{silent},influx+stdout:")) < BOUND_MS


def test_resolver_that_never_answers(etc, start, keep):
    keep(dnsserver.Server(names={}, otherwise=dnsserver.SILENT))
    program = start(to="influx+tcp://agg.example:1,influx+tls://agg.example:2,influx+udp://agg.example:3,influx+stdout:", popen={"preexec_fn": etc.enter})
    assert lateness_ms(program) < BOUND_MS


def test_no_resolver_at_all(etc, start):
    """Neither /etc/hosts nor /etc/resolv.conf, as in an image from scratch."""
    os.unlink(etc.folder / "resolv.conf")
    program = start(to="influx+tcp://agg.example:1,influx+udp://agg.example:3,influx+stdout:", popen={"preexec_fn": etc.enter})
    assert lateness_ms(program) < BOUND_MS


def test_all_at_once(etc, silent, full, start, keep):
    keep(dnsserver.Server(names={}, otherwise=dnsserver.SILENT))
    program = start(to=f"influx+tcp://127.0.0.1:{silent},influx+tcp://127.0.0.1:{full},influx+tls://127.0.0.1:{silent},"
                       "influx+tls://agg.example:1,influx+tcp://agg.example:1,influx+udp://agg.example:1,influx+stdout:",
                    popen={"preexec_fn": etc.enter})
    assert lateness_ms(program) < BOUND_MS
    assert program.end() == 0
