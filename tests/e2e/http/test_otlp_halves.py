"""A request of OTLP that is refused is sent in halves: only the metrics that the receiver refuses are lost."""
import collections
import functools
import itertools
import random
import re

import pytest

import chaos
import otlp
import parse
import posts
from posts import post                  # fixtures

WORDS = "\x08\x03\x12\x0enot this metric"       # a google.rpc.Status, whose message is cut by its length
BAD = "netstat.tcp_time_wait"
FEW, SOME, MANY = "8080", ",".join(map(str, range(20000, 20040))), ",".join(map(str, range(20000, 20070)))
SIZES = pytest.mark.parametrize("ports", [FEW, MANY], ids=["few", "many"])


@functools.lru_cache
def metrics(body):
    return otlp.requests(body)["metrics"]


def records(one):
    """Returns the metrics of a request, each as (name, attributes of its first point). They are the same in each poll."""
    return [(name, points[0][2]) for name, _, _, points in metrics(one.raw)]


def names(one):
    return {name for name, _ in records(one)}


def send(post, receiver, **more):
    return post(receiver.port, **{"scheme": "otlp+http", "target": "", "ports": FEW, "pid": "off", "interval": "300ms", **more})


def send_one(post, receiver, **more):
    """Sends one poll, and ends the program once each of its samples has arrived or was refused alone."""
    program = send(post, receiver, **{"interval": "1h", **more})
    program.until(lambda: program.out and polled(program) <= arrived(receiver).keys() | refused_alone(receiver))
    assert program.end() == 0
    return program


def refused(receiver):
    return [one for one, sent in zip(list(receiver.posts), list(receiver.sent)) if sent[0] and b" 200 " not in sent[0][:16]]


def accepted(receiver):
    return [one for one, sent in zip(list(receiver.posts), list(receiver.sent)) if sent[0] and b" 200 " in sent[0][:16]]


def arrived(receiver):
    return collections.Counter(sample for one in accepted(receiver) for sample in one.samples)


def alone(receiver):
    """Returns the refused requests of one metric."""
    return [one for one in refused(receiver) if len(records(one)) == 1]


def refused_alone(receiver):
    return {sample for one in alone(receiver) for sample in one.samples}


def polled(program):
    return chaos.samples(parse.influx(program.out), ".")


def dropped(program):
    """Returns how many records the program dropped until its end."""
    found = re.search(r"output=http.* lines were not sent: (\d+) dropped, 0 left", program.log)
    return int(found[1]) if found else 0


def counts(receiver):
    """Returns {time: (sent_lines, dropped_lines, send_errors)} as they were pushed."""
    of = lambda field: {time: value for one in accepted(receiver) for time, name, labels, value in one.samples
                        if name == "sockpush_output." + field and dict(labels)["output"].startswith("http")}
    sent, lost, errors = of("sent_lines"), of("dropped_lines"), of("send_errors")
    return {time: (sent[time], lost[time], errors[time]) for time in sent.keys() & lost.keys() & errors.keys()}


def check_once(receiver):
    """Asserts that no request came twice."""
    again = [body for body, n in collections.Counter(one.raw for one in receiver.posts).items() if n > 1]
    assert not again, f"{len(again)} of {len(receiver.posts)} requests came again"


def no(status, closes):
    """Returns the refusal of a receiver that then keeps the connection, or ends it with or without notice."""
    return [posts.answer(status, WORDS, **({"connection": "close"} if closes == "said" else {})), *([None] if closes else [])]


@pytest.mark.parametrize("status,closes", [(400, ""), (500, ""), (413, ""), (422, ""), (400, "said"), (413, "said"), (400, "unsaid")])
def test_one_bad_metric(post, keep, status, closes):
    """It is dropped from each poll, counted and logged. The others arrive, and are counted as sent."""
    receiver = keep(posts.Receiver(lambda one: no(status, closes) if BAD in names(one) else [posts.answer(200)]))
    program = send(post, receiver, self="on")
    whole = lambda: {max(one.times): len(records(one)) for one in reversed(receiver.posts)}    # the first request of a poll has all of it

    def all_counted():
        """Returns whether a poll had the counts of all polls before it, and asserts that none had more."""
        pushed = counts(receiver)
        n, done = {time // 10**6: n for time, n in whole().items()}, False
        for time, (sent, lost, errors) in pushed.items():
            before = [lines for other, lines in n.items() if other < time]
            all_errors = sum(one.samples[0][0] < time for one in refused(receiver))
            assert lost <= len(before) and sent + lost <= sum(before) and errors <= all_errors
            done |= len(before) >= 3 and (lost, sent + lost, errors) == (len(before), sum(before), all_errors)
        return done

    program.until(all_counted)
    assert program.end() == 0
    polls = parse.by_poll(parse.influx(program.out))
    assert arrived(receiver) == dict.fromkeys((sample for sample in polled(program) if sample[1] != BAD), 1)
    assert dropped(program) == len(polls)
    check_once(receiver)
    [line] = [line for line in program.log.splitlines() if f"the receiver answers {status}" in line]
    assert "not this metri" in line and "lines are dropped" in line
    assert len(receiver.posts) <= 25 * len(polls) and "cannot open" not in program.log
    assert closes or {one.connection for one in receiver.posts} == {0}


@pytest.mark.parametrize("seed", range(8))
@SIZES
def test_any_bad_metrics(post, keep, ports, seed):
    """Any of them are bad, but not 8 in a row, after which sockpush may give up a chunk."""
    chance = random.Random(seed)
    percent = chance.choice([1, 5, 20, 50, 90])
    bad, row = {}, itertools.count()

    def answers(one):
        nonlocal row
        for record in records(one):
            if record not in bad:
                bad[record] = chance.randrange(100) < percent and next(row) < 3
            row = row if bad[record] else itertools.count()
        return no(chance.choice([400, 413, 422, 500]), chance.choice(["", "", "said", "unsaid"])) if any(map(bad.get, records(one))) else [posts.answer(200)]

    receiver = keep(posts.Receiver(answers))
    program = send_one(post, receiver, ports=ports, pid="off")
    assert all(bad[record] for one in alone(receiver) for record in records(one))
    assert arrived(receiver) == dict.fromkeys(polled(program) - refused_alone(receiver), 1)
    assert dropped(program) == len(alone(receiver))
    check_once(receiver)


@pytest.mark.parametrize("ports,fits", [(FEW, True), (SOME, False)], ids=["few", "some"])
def test_size_limit(post, keep, ports, fits):
    """Everything arrives but metrics that are too large alone."""
    receiver = keep(posts.Receiver(lambda one: [posts.answer(413 if len(one.raw) > 1500 else 200)]))
    program = send_one(post, receiver, ports=ports)
    assert bool(alone(receiver)) != fits and max(len(one.raw) for one in receiver.posts) > 1500
    assert arrived(receiver) == dict.fromkeys(polled(program) - refused_alone(receiver), 1)
    assert dropped(program) == len(alone(receiver)) and "a warning" not in program.log
    check_once(receiver)


@pytest.mark.parametrize("closes", ["", "said"])
@SIZES
def test_everything_is_refused(post, keep, ports, closes):
    """A chunk, of up to 16 KiB, takes few requests: halves down to one metric, then 8 metrics. All of it is dropped."""
    receiver = keep(posts.Receiver(lambda one: no(400, closes)))
    program = send(post, receiver, ports=ports, polls=1)
    assert program.end(None) == 1
    chunks = 1 if ports == FEW else 2 * len({sample for one in receiver.posts for sample in one.samples}) * 100 // 16384
    assert len(receiver.posts) <= 20 * chunks
    assert program.log.count("the receiver answers 400") == 1 and "lines are dropped" in program.log
    assert ports == MANY or dropped(program) == len(records(receiver.posts[0]))
    check_once(receiver)


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_retried_amid_its_halves(post, keep, status, at):
    """The chunk is sent again as a whole. All good metrics arrive, and the bad one counts once."""
    receiver = keep(posts.Receiver(lambda one: [posts.answer(status)] if one.n == at else no(400, "") if BAD in names(one) else [posts.answer(200)]))
    program = send_one(post, receiver)
    assert receiver.posts[at + 1].raw == receiver.posts[0].raw
    assert arrived(receiver).keys() == {sample for sample in polled(program) if sample[1] != BAD}
    assert dropped(program) == 1


def test_gone_amid_its_halves(post, keep):
    """The receiver ends the connection amid the halves without an answer, and the next one at once. Then all is sent again."""
    answers = lambda one: [None] if one.n in (2, 3) else no(400, "") if BAD in names(one) else [posts.answer(200)]
    receiver = keep(posts.Receiver(answers))
    program = send_one(post, receiver)
    assert arrived(receiver).keys() == {sample for sample in polled(program) if sample[1] != BAD}
    assert dropped(program) == 1


@pytest.mark.parametrize("form", ["influx", "prometheus"])
def test_other_formats_are_not_halved(post, keep, form):
    receiver = keep(posts.Receiver(lambda one: [posts.answer(400, "no")]))
    program = send(post, receiver, scheme=f"{form}+http", target="/write", polls=3)
    assert program.end(None) == 1
    times = [time for one in receiver.posts for time in one.times]
    assert len(receiver.posts) == len(times) == len(set(times)) == 3
