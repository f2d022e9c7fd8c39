"""dogstatsd+tcp: only the newest gauges are sent again, and counters add up as if no connection had broken."""
import re

import parse
import ports
import streams
import wait
from streams import pair        # a fixture

COUNTERS = ("sent_lines", "send_errors", "dropped_lines", "reconnects")


def increments(text, name):
    """Returns the sum of each counter of this name, by output."""
    sums = {}
    for point in parse.dogstatsd(text):
        if point.measurement == "sockpush_output" and name in point.fields:
            assert point.kind == "c"
            sums[point.tag("output")] = sums.get(point.tag("output"), 0) + point.fields[name]
    return sums


def polls(text):
    return text.count("poll_us:")


def check(aggregator, program):
    """Compares with the other output, which never breaks. The receiver read all that it was sent."""
    assert wait.until(lambda: len(aggregator.ended) == len(aggregator.connections))
    assert all(how is True for how in aggregator.ended)
    for name in COUNTERS:
        assert increments(aggregator.text, name) == increments(program.out, name)


def test_connections_that_break(pair):
    """A connection repeats one snapshot of gauges at most. Increments never come again, and none is missing."""
    serve = lambda n: streams.fin_after(3000) if n < 4 else streams.read_all
    with streams.Aggregator(serve) as aggregator:
        program = pair(aggregator.port, "dogstatsd", self="on", ports="1,2")
        program.until(lambda: len(aggregator.connections) > 4)
        seen = polls(program.out)
        program.until(lambda: polls(program.out) > seen + 10)
        assert program.end() == 0, program.log
        check(aggregator, program)
        assert max(increments(aggregator.text, "reconnects").values()) <= 4
        assert polls(aggregator.text) <= polls(program.out) + 4, "old gauges were sent again"


def test_nothing_comes_again_without_its_time(pair):
    """The receiver closes after its second poll. Neither its gauges nor its increments come again, because the next poll's are newer."""
    programs, ends = [], [0]
    last_lines = lambda text: len(re.findall("^sockpush_output.reconnects:.*stdout:", text, re.M))     # number of polls

    def has_all(text):
        return programs and last_lines(text) and last_lines(text) == last_lines(programs[0].out) and text.count("\n") == programs[0].out.count("\n")

    def serve(connection, got):
        for _ in range(2):
            streams.read_poll(connection, got, has_all)
            ends.append(len(got))
        ends[-1] = streams.end_between_polls(programs[0], connection, got)
        return streams.read_all(connection, got)

    with streams.Aggregator(lambda n: streams.read_all if n else serve) as aggregator:
        programs.append(pair(aggregator.port, "dogstatsd", self="on", interval="500ms"))
        program = programs[0]
        program.until(lambda: len(aggregator.connections) > 1 and polls(streams.whole(aggregator.connections[1])) > 2)
        assert program.end() == 0, program.log
        check(aggregator, program)
        again = streams.whole(aggregator.connections[1])
    assert again in program.out, "it carried the next polls, once each"


def test_nobody_there_for_a_while(pair):
    """Increments added meanwhile come with the first snapshots after it. Their gauges never do, and they are counted as dropped."""
    port = ports.unused()
    program = pair(port, "dogstatsd", self="on")
    program.until(lambda: polls(program.out) > 10)
    with streams.Aggregator(port=port) as aggregator:
        assert wait.until(lambda: aggregator.connections, 90), program.log
        seen = polls(program.out)
        program.until(lambda: polls(program.out) > seen + 5)
        assert program.end() == 0, program.log
        check(aggregator, program)
        assert polls(aggregator.text) < polls(program.out) - 5, "old gauges were sent"
        dropped = increments(aggregator.text, "dropped_lines")[f"tcp://127.0.0.1:{port}"]
        assert dropped == program.out.count("\n") - aggregator.text.count("\n")
