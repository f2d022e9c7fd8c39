"""A receiver's status decides whether lines are done, sent again, dropped or kept."""
import contextlib
import re
import pytest

import parse
import posts
from posts import answer, post      # the latter a fixture


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_taken(post, status):
    with posts.Receiver(lambda post: answer(status, "" if status == 204 else "fine")) as receiver:
        program = post(receiver.port)
        program.until(lambda: len(receiver.posts) >= 3)
        assert program.end() == 0
        assert {one.connection for one in receiver.posts} == {0}
        assert "".join(one.body for one in receiver.posts) == program.out


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 600, 999])
def test_again(post, status):
    """They are sent again with newer lines. The log reports begin and end once."""
    with posts.Receiver(lambda post: answer(status, "be patient") if post.n < 2 else answer()) as receiver:
        program = post(receiver.port, self="on")
        program.until(lambda: len(receiver.posts) >= 5)
        assert program.end() == 0
        first, second, third = receiver.posts[:3]
        assert second.body.startswith(first.body) and third.body.startswith(second.body)
        assert receiver.lines() == program.out.splitlines()
        assert program.log.count(f"the receiver answers {status}") == 1 and 'be patient' in program.log
        assert program.log.count("sending again, after 2 errors") == 1
        assert max(point.fields.get("send_errors", 0) for point in parse.influx(program.out)) == 2
        assert max(point.fields.get("dropped_lines", 0) for point in parse.influx(program.out)) == 0


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after(post, status, form):
    """The next try comes not before that time, and only a little later. A date is compared with the answer's Date, because the machine's
    clock may be wrong."""
    headers = {"retry_after": "2"} if form == "seconds" else {"date": "Sat, 28 Feb 2004 23:59:59 GMT", "retry_after": "Sun, 29 Feb 2004 00:00:01 GMT"}
    with posts.Receiver(lambda post: answer(status, **headers) if not post.n else answer()) as receiver:
        program = post(receiver.port, log_level="debug")
        program.until(lambda: len(receiver.posts) >= 2)
        assert receiver.posts[1].at - receiver.posts[0].at >= 2
        assert program.end() == 0
        assert parse.pauses(program.log) == [(2000, 2500)]
        assert receiver.lines() == program.out.splitlines()


def grows(program, receiver):
    """Asserts that the pause before an attempt is drawn from a span that doubles each time."""
    program.until(lambda: len(parse.pauses(program.log)) >= 3)
    program.kill()
    assert parse.pauses(program.log)[:3] == [(0, 500), (0, 1000), (0, 2000)]
    assert abs(len(receiver.posts) - len(parse.pauses(program.log))) <= 1, "one pause after each"


def test_retry_after_0_is_no_reason_to_hurry(post):
    with posts.Receiver(lambda post: answer(503, retry_after="0")) as receiver:
        grows(post(receiver.port, log_level="debug"), receiver)


def test_slow_to_refuse(post):
    """A receiver that takes longer than a second for its 503 gets pauses, too."""
    with posts.Receiver(lambda post: [1.2, answer(503)]) as receiver:
        grows(post(receiver.port, log_level="debug"), receiver)


@pytest.mark.parametrize("status", [301, 308, 401, 403, 404, 405])
def test_only_an_operator_can_help(post, status):
    """The lines are kept and tried again slowly. The log reports it once."""
    with posts.Receiver(lambda post: answer(status, "<html>no</html>", location="http://other.example/write?p=x")) as receiver:
        program = post(receiver.port, log_level="debug")
        program.until(lambda: parse.pauses(program.log))
        assert parse.pauses(program.log) == [(30000, 37500)] and len(receiver.posts) == 1
        assert program.log.count(" warn ") == 1 and f"the receiver answers {status}" in program.log
        assert ("to http://other.example/write" in program.log) == (status < 400)
        assert "html" not in program.log and "p=x" not in program.log
        assert program.end() == 0
        assert len(receiver.posts) == 1 and parse.ended_by_itself(program.log), "it waited for an operator at its end"
        lines = len(program.out.splitlines())
        assert f"{lines} lines were not sent: 0 dropped, {lines} left at the end" in program.log


def test_mended_by_its_operator(post):
    """About 30 s later the receiver has all lines with their original times."""
    with posts.Receiver(lambda post: answer(401) if not post.n else answer()) as receiver:
        program = post(receiver.port, interval="1s", buffer="1MiB")
        assert posts.wait.until(lambda: len(receiver.posts) > 3, 90), program.log
        assert receiver.posts[1].at - receiver.posts[0].at > 25
        assert program.end() == 0
        assert receiver.lines() == program.out.splitlines()


def refuses(status, bad, outage=3):
    """Returns answers that, after an outage, refuse each POST with one of these polls."""
    seen = []

    def answers(post):
        times = {point.time for point in parse.influx(post.body)}
        seen.extend(sorted(times - set(seen)))
        if post.n < outage:
            return answer(503)
        return answer(status, '{"error":"unable to parse that"}') if times & {seen[n] for n in bad if n < len(seen)} else answer()
    return answers


@pytest.mark.parametrize("status,bad", [(400, [0]), (400, [3]), (400, [1, 2]), (413, [2, 7]), (422, [4])])
def test_refused(post, status, bad):
    """Each snapshot of a refused batch is sent alone. The bad ones are dropped, counted and logged with the receiver's words; the others
    arrive."""
    with posts.Receiver(refuses(status, bad)) as receiver:
        program = post(receiver.port, self="on", buffer="1MiB")
        polls = lambda: parse.by_poll(parse.influx(program.out))
        dropped = lambda: max((point.fields.get("dropped_lines", 0) for poll in polls() for point in poll), default=0)
        program.until(lambda: len(receiver.bodies()) > 12 and dropped() >= sum(len(polls()[n]) for n in bad))
        assert program.end() == 0
        stored, polls = receiver.lines(), parse.by_poll(parse.influx(program.out))
        times = [poll[0].time for poll in polls]
        assert [poll[0].time for poll in parse.by_poll(parse.influx("".join(line + "\n" for line in stored)))] == \
            [at for n, at in enumerate(times) if n not in bad]
        assert max(point.fields.get("dropped_lines", 0) for point in parse.influx(program.out)) == sum(len(polls[n]) for n in bad)
        assert re.search(rf'the receiver answers {status}.*unable to parse that.*lines are dropped', program.log)


def test_refused_after_other_troubles(post):
    """The log reports dropped lines, whatever it reported earlier about kept ones."""
    outage = [500, 502, 504, 507, 501]
    first = []

    def answers(one):
        first[:] = first or [min(one.times)]
        return answer(outage[one.n]) if one.n < len(outage) else answer(400, "unable to parse that") if first[0] in one.times else answer()

    with posts.Receiver(answers) as receiver:
        program = post(receiver.port, interval="1s", buffer="1MiB")
        assert posts.wait.until(lambda: "sending again" in program.log, 90), program.log
        program.kill()
        assert re.search("unable to parse that.*lines are dropped", program.log), program.log


def test_all_is_refused(post):
    """The receiver accepts no poll. The log reports it once, each poll is dropped once, and no extra connection is made."""
    with posts.Receiver(lambda one: answer(400, "no")) as receiver:
        program = post(receiver.port)
        program.until(lambda: len(receiver.posts) > 6)
        assert program.end() == 0
        assert {one.connection for one in receiver.posts} == {0}
        assert "".join(one.body for one in receiver.posts) == program.out
        assert program.log.count("answers 400") == 1


def test_too_large_for_a_proxy(post):
    """The proxy accepts 3,000 bytes. Each snapshot is smaller, so all arrive after an outage."""
    with posts.Receiver(lambda one: answer(503) if one.n < 3 else answer(413, connection="close") if len(one.body) > 3000 else answer()) as receiver:
        program = post(receiver.port, buffer="1MiB", ports="80")
        program.until(lambda: len(receiver.bodies()) > 12)
        assert program.end() == 0
        assert receiver.lines() == program.out.splitlines()


def test_too_large_for_a_proxy_each_time(post):
    """A snapshot of several chunks is cut between them. Chunks have up to 16 KiB."""
    with posts.Receiver(lambda one: answer(413) if len(one.body) > 20000 else answer()) as receiver:
        program = post(receiver.port, interval="1s", ports=",".join(map(str, range(1, 101))))
        program.until(lambda: len(receiver.bodies()) > 6)
        assert program.end() == 0
        assert receiver.lines() == program.out.splitlines()


def test_refusal_while_the_body_is_on_its_way(start):
    """The receiver answers early and ends the connection. The rest of the request meets a reset, but the answer is read."""
    def serve(n):
        def converse(connection, got):
            with contextlib.suppress(EOFError):    # the program's end ends the last connection
                posts.Pipe(connection).head()
                connection.sendall(answer(413, "enough", connection="close"))
        return converse

    with posts.streams.Aggregator(serve, buffer=4096) as receiver:
        program = start(to=f"http://127.0.0.1:{receiver.port}/", ports=",".join(map(str, range(1, 601))), interval="10s", buffer="4MiB")
        program.until(lambda: "answers 413" in program.log and "enough" in program.log)
        program.until(lambda: "lines are dropped" in program.log)
        program.kill()


def test_polls_go_on_while_the_receiver_takes_its_time(post):
    """The receiver answers after ten more polls."""
    programs, more = [], []

    def answers(one):
        posts.wait.until(lambda: programs)
        before = len(posts.polled(programs[0]))
        new = lambda: len(posts.polled(programs[0])) - before
        posts.wait.until(lambda: new() >= 10 or programs[0].process.poll() is not None)
        more.append(new())
        return answer()

    with posts.Receiver(answers) as receiver:
        programs.append(post(receiver.port))
        programs[0].until(lambda: len(more) >= 2)
        programs[0].kill()
        assert min(more[:2]) >= 10
