"""tcp: several receivers, in order or side by side, and several addresses of one."""
import os

import pytest

import dnsserver
import netns
import ports
import streams
import wait

pytestmark = pytest.mark.windows

SLOW = pytest.mark.skipif("SOCKPUSH_TEST_SLOW" not in os.environ, reason="takes half a minute: set SOCKPUSH_TEST_SLOW=1")


def lines_of(*aggregators):
    return {line for one in aggregators for line in one.lines()}


def test_falls_over(start):
    """The first receives all until it dies. Then the second receives the next lines, and before them those of SOCKPUSH_REPLAY."""
    with streams.Aggregator() as first, streams.Aggregator() as second:
        program = start(to=f"influx+tcp://127.0.0.1:{first.port},127.0.0.1:{second.port},influx+stdout:", self="off",
                        replay="60s")
        program.until(lambda: len(first.lines()) > 10)
        assert not second.connections
        first.close(reset=True)
        program.until(lambda: len(second.lines()) > 10)
        assert program.end() == 0, program.log
        assert wait.until(lambda: second.ended) == [True]
        assert second.text == program.out
    assert f"connected to 127.0.0.1:{second.port}, because 127.0.0.1:{first.port}" in program.log, program.log


def test_first_never_there(start):
    with streams.Aggregator() as second:
        program = start(to=f"influx+tcp://127.0.0.1:{ports.unused()},127.0.0.1:{second.port},influx+stdout:", self="off")
        program.until(lambda: len(second.lines()) > 10)
        assert program.end() == 0
        assert lines_of(second) == set(program.out.splitlines())


@SLOW
def test_goes_back(start):
    """It goes back within half a minute after the first answers again. Nothing is lost, and the second ends in good order."""
    port = ports.unused()
    with streams.Aggregator() as second:
        program = start(to=f"influx+tcp://127.0.0.1:{port},127.0.0.1:{second.port},influx+stdout:", self="off")
        program.until(lambda: len(second.lines()) > 10)
        with streams.Aggregator(port=port) as first:
            assert wait.until(lambda: len(first.lines()) > 10, 90), program.log
            assert wait.until(lambda: second.ended) == [True]
            assert program.end() == 0
            assert wait.until(lambda: first.ended) == [True]
            assert lines_of(first, second) == set(program.out.splitlines())
            assert not set(second.lines()) & set(first.lines()), "what was acknowledged and read to the end is not sent again"
    assert f"back at 127.0.0.1:{port}" in program.log


def test_side_by_side(start):
    """Each has its scheme, so they are two outputs. The end of one does not touch the other."""
    with streams.Aggregator() as first, streams.Aggregator() as second:
        program = start(to=f"influx+tcp://127.0.0.1:{first.port},influx+tcp://127.0.0.1:{second.port},influx+stdout:", self="off")
        program.until(lambda: len(first.lines()) > 4 and len(second.lines()) > 4)
        first.close()
        seen = len(second.lines())
        program.until(lambda: len(second.lines()) > seen + 20)
        assert program.end() == 0
        assert wait.until(lambda: second.ended)
        assert second.text == program.out


def names(keep, answers):
    keep(dnsserver.Server(names=answers))


@pytest.mark.parametrize("addresses", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"],
                                       ["127.0.0.3", "127.0.0.2", "127.0.0.1"]])
def test_address_that_refuses(etc, start, keep, addresses):
    """All addresses of a name are tried, in their order."""
    names(keep, {"agg.example": {"A": addresses}})
    with streams.Aggregator() as aggregator:
        program = start(to=f"influx+tcp://agg.example:{aggregator.port},influx+stdout:", self="off",
                        popen={"preexec_fn": etc.enter})
        program.until(lambda: len(aggregator.lines()) > 4)
        assert program.end() == 0
        assert set(aggregator.lines()) == set(program.out.splitlines())
        assert " warn " not in program.log


def test_address_that_is_silent(etc, start, keep):
    """The first address does not answer, like a machine that is off: the route here drops its packets."""
    netns.ip("route", "add", "blackhole", "192.0.2.0/24")
    names(keep, {"agg.example": {"A": ["192.0.2.1", "127.0.0.1"]}})
    with streams.Aggregator() as aggregator:
        program = start(to=f"influx+tcp://agg.example:{aggregator.port},influx+stdout:", self="off",
                        popen={"preexec_fn": etc.enter})
        program.until(lambda: len(aggregator.lines()) > 4)
        assert program.end() == 0
        assert set(aggregator.lines()) == set(program.out.splitlines())


def test_address_that_moves(etc, start, keep):
    """The name has another address after the connection broke."""
    answers = {"agg.example": {"A": ["127.0.0.1"]}}
    names(keep, answers)
    with streams.Aggregator() as old, streams.Aggregator(host="127.0.0.2", port=old.port) as new:
        program = start(to=f"influx+tcp://agg.example:{old.port},influx+stdout:", self="off",
                        popen={"preexec_fn": etc.enter})
        program.until(lambda: len(old.lines()) > 4)
        answers["agg.example"]["A"] = ["127.0.0.2"]
        old.close()
        program.until(lambda: len(new.lines()) > 10)
        assert program.end() == 0
        assert lines_of(old, new) == set(program.out.splitlines())
