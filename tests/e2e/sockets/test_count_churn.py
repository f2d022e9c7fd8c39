"""Counting by the kernel's counters while connections come and go: the count is the population that the test keeps, but for the sockets
that came or went during the poll. The test knows of each when it did. SOCKPUSH_TEST_SLOW=1 takes minutes, and has more than one check of the counters."""
import os
import shutil

import pytest

import churn
import parse
import wait
from counting import many, skip_beside_others       # many is a fixture

pytestmark = [pytest.mark.skipif(not shutil.which("ip"), reason="iproute2 is not installed"), pytest.mark.xdist_group("count")]

POLLS = 601 if os.environ.get("SOCKPUSH_TEST_SLOW") else 15
ADDRESS = {4: "127.0.0.1", 6: "::1"}
KEPT = 1100                     # connections, with both ends
DIFFER = "differ from its list"
LISTED = "1-65535"              # most are wanted, so every poll lists all, and is a check of the counters
SLOW, FAST = ("reset", [7001], 3000), ("reset", [7001, 7002], 10000)        # how, towards which ports, connections a second of each process
WAITS = ("fin", [7001], 3000)
CASES = [(SLOW, 4, None), (SLOW, 6, "7001"), (SLOW, 4, LISTED), (FAST, 4, None), (FAST, 6, None), (FAST, 4, "7000"), (FAST, 4, "7001"),
         (FAST, 4, "listen"), (FAST, 4, LISTED), (WAITS, 4, None), (WAITS, 6, None), (WAITS, 4, "7001"), (WAITS, 6, "listen"), (WAITS, 4, LISTED)]


def polls_while(start, how, address, ports, rate, rules):
    """Returns [(series, number that came or went meanwhile, number that came so far)] of each poll, and the log."""
    with churn.running(how, address, ports, rate) as going:
        program = start(to="stdout:", format="influx", interval="100ms", ports=rules, self="on", pid="off", log_level="debug", polls=POLLS,
                        max_series=20000)
        status = program.end(number=None, seconds=wait.DEADLINE + POLLS)
        going.end()
    skip_beside_others(program.log)
    assert status == 0, program.log
    found = []
    for points in parse.by_poll(parse.influx(program.out)):
        series = parse.series(points)
        [poll_us] = [fields["poll_us"] for (name, _), fields in series.items() if name == "sockpush"]
        end = points[0].time + 1000000 + 1000 * poll_us         # the time is cut to ms
        found.append((series, going.during(points[0].time, end), going.until(end)))
    assert len(found) == POLLS
    return found, program.log


def assert_ports_are_within_the_totals(series):
    for version, total in parse.totals(series).items():
        for field in parse.COUNTS:
            assert sum(fields[field] for (_, of), fields in parse.ports(series).items() if of == version) <= total[field]


@pytest.mark.parametrize("way,version,rules", CASES)
def test_connections_that_come_and_go(many, start, way, version, rules):
    how, ports, rate = way
    many("127.0.0.1", KEPT)
    many("::1", 10)
    polls, log = polls_while(start, how, ADDRESS[version], ports, rate, rules)
    assert DIFFER not in log
    for series, came, so_far in polls:
        totals, port = parse.totals(series), parse.ports(series)
        established = {4: totals[4]["tcp_established"] - 2 * KEPT, 6: totals[6]["tcp_established"] - 20}
        # Each connection has two sockets. A list may see each twice, in two states; a counter, which is a sum over CPUs, its beginning and not its end.
        assert all(-4 * came <= more <= 4 * came for more in established.values())
        assert totals[4]["tcp_listen"] + totals[6]["tcp_listen"] == 2 + len(ports)
        assert totals[version]["tcp_time_wait"] <= (so_far + came if how == "fin" else 0)
        if rules == "7000":
            assert abs(port["7000", 4]["tcp_established"] - KEPT) <= came and port["7000", 4]["tcp_listen"] == 1
        assert_ports_are_within_the_totals(series)


@pytest.mark.parametrize("rules", [None, LISTED, "listen"])
def test_listeners_that_come_and_go(many, start, rules):
    """No counter has how many they were. So some of the checks differ, but each in its own direction."""
    many("127.0.0.1", KEPT)
    polls, log = polls_while(start, "listen", ADDRESS[4], [7001, 7002], 5000, rules)
    assert DIFFER not in log
    for series, came, _ in polls:
        assert abs(parse.totals(series)[4]["tcp_established"] - 2 * KEPT) <= came
