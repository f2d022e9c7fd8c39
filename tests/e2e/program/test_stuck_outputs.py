"""An output that waits holds up no poll: many polls come within one wait."""
import os
import socket

import pytest

import dnsserver
from tls_pki import pki         # a fixture

POLLS = 20          # 2 s of an idle machine; the waits here take 5 s or more


def polls(program):
    return len({line.rsplit(" ", 1)[1] for line in program.out.splitlines()})


def poll_while_stuck(program):
    """Asserts that many polls come before the first wait is over, which the log would report."""
    program.until(lambda: polls(program) > POLLS or "retrying" in program.log)
    assert polls(program) > POLLS and "retrying" not in program.log, program.log


@pytest.fixture
def silent(keep):
    """The port of a listener that accepts no connection, and so reads nothing."""
    one = keep(socket.create_server(("127.0.0.1", 0)))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return one.getsockname()[1]


def test_never_reads(silent, start):
    poll_while_stuck(start(to=f"influx+tcp://127.0.0.1:{silent},influx+stdout:", ports=",".join(map(str, range(1, 200)))))


def test_never_accepts(full, start):
    poll_while_stuck(start(to=f"influx+tcp://127.0.0.1:{full},influx+stdout:"))


def test_handshake_that_hangs(silent, start, pki):
    poll_while_stuck(start(to=f"influx+tls://127.0.0.1:{silent},influx+stdout:", tls_ca=pki.ca))


def test_resolver_that_never_answers(etc, start, keep):
    keep(dnsserver.Server(names={}, otherwise=dnsserver.SILENT))
    poll_while_stuck(start(to="influx+tcp://agg.example:1,influx+tls://agg.example:2,influx+udp://agg.example:3,influx+stdout:",
                           popen={"preexec_fn": etc.enter}))


def test_no_resolver_at_all(etc, start):
    """Neither /etc/hosts nor /etc/resolv.conf is there, as in an image from scratch."""
    os.unlink(etc.folder / "resolv.conf")
    program = start(to="influx+tcp://agg.example:1,influx+udp://agg.example:3,influx+stdout:", popen={"preexec_fn": etc.enter})
    program.until(lambda: polls(program) > POLLS)
    assert program.log.count("no nameserver answers") == 2, "each output logs it once"


def test_all_at_once(etc, silent, full, start, keep, pki):
    keep(dnsserver.Server(names={}, otherwise=dnsserver.SILENT))
    program = start(to=f"influx+tcp://127.0.0.1:{silent},influx+tcp://127.0.0.1:{full},influx+tls://127.0.0.1:{silent},"
                       "influx+tls://agg.example:1,influx+tcp://agg.example:1,influx+udp://agg.example:1,influx+stdout:",
                    popen={"preexec_fn": etc.enter}, tls_ca=pki.ca)
    poll_while_stuck(program)
    assert program.end_at_once() == 0
