"""Answers that are absent, endless, slow or cut: the lines are sent again, and stored twice at most."""
import pytest

import parse
import ports
import posts
from posts import answer, post      # the latter a fixture
from tls_pki import pki             # a fixture

OK = answer(200, '{"status":"fine"}', "OK", date="Thu, 26 Nov 2026 07:00:00 GMT", x_influxdb_version="1.6.7")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n"


def alternate(*odd):
    """Returns answers with one of these to each second POST, and a good one to the others."""
    return lambda one: odd[one.n // 2 % len(odd)] if one.n % 2 == 0 else answer()


def until(program, receiver, n):
    assert posts.wait.until(lambda: len(receiver.posts) >= n, 90), program.log


def all_stored(program, receiver):
    """Asserts that each line was in exactly one POST with a good answer."""
    assert program.end() == 0, program.log
    assert receiver.lines(b" 20") == program.out.splitlines()


WRONG = {
    "not HTTP": b"220 mail.example ESMTP\r\n",
    "HTTP/2": b"HTTP/2 204\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 099 x\r\n\r\n",
    "four digits": b"HTTP/1.1 2040 x\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "only interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    "an endless line": b"HTTP/1.1 204 " + b"x" * 70000,
    "an endless head": b"HTTP/1.1 103 x\r\n" + b"X-Filler: " + b"x" * 70000,
    "endless headers": b"HTTP/1.1 103 x\r\n" + b"X-Filler: x\r\n" * 6000,
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
}


def test_connection_ends_as_a_post_comes(post):
    """The receiver answers each first POST and ends at the second, like one whose idle time-out equals the interval. No error: the POST is
    sent again at once."""
    with posts.Receiver(lambda one: answer() if one.n % 3 != 1 else None) as receiver:
        program = post(receiver.port, self="on", log_level="debug")
        until(program, receiver, 15)
        all_stored(program, receiver)
        assert " warn " not in program.log and not parse.pauses(program.log), program.log
        own = [point for point in parse.influx(program.out) if point.measurement == "sockpush_output" and "http" in point.tag("output")]
        assert {point.fields["send_errors"] for point in own} == {point.fields["reconnects"] for point in own} == {0}
        unanswered = [pair for pair in zip(receiver.posts, receiver.posts[1:]) if pair[0].n % 3 == 1]
        assert unanswered and all(after.body.startswith(before.body) and after.connection == before.connection + 1 for before, after in unanswered)


def test_connection_ends_without_an_answer_each_time(post):
    """A fresh connection that ends so is an error."""
    with posts.Receiver(lambda one: None if one.n < 3 else answer()) as receiver:
        program = post(receiver.port)
        until(program, receiver, 5)
        all_stored(program, receiver)
        assert program.log.count("ended the connection without an answer") == 1 and "sending again, after 3 errors" in program.log


def test_fail_over_with_connections_that_end(post, full):
    """The second host stays first in line, because each POST would otherwise wait 5 s for the first. The log names it once."""
    with posts.Receiver(lambda one: answer(connection="close")) as receiver:
        program = post(full, target=f"/write,127.0.0.1:{receiver.port}", buffer="1MiB")
        until(program, receiver, 1)
        program.until(lambda: len(receiver.posts) >= 9)
        all_stored(program, receiver)
        assert program.log.count("connected to") == 1, program.log


def test_fail_back_with_connections_that_end(post, keep):
    """However short the connections are, the first host is checked within 30 s."""
    port = ports.unused()
    second = keep(posts.Receiver(lambda one: answer(connection="close")))
    program = post(port, target=f"/write,127.0.0.1:{second.port}")
    until(program, second, 3)
    first = keep(posts.Receiver(lambda one: answer(connection="close"), port=port))
    until(program, first, 3)
    assert program.end() == 0
    assert f"back at 127.0.0.1:{port}" in program.log and sorted(second.lines() + first.lines()) == sorted(program.out.splitlines())


def test_no_answer(post):
    """The log names each reason, the connection ends, and the lines are sent again."""
    with posts.Receiver(alternate(*([bytes_, None] for bytes_ in WRONG.values()))) as receiver:
        program = post(receiver.port, buffer="4MiB", log_level="debug")
        until(program, receiver, 2 * len(WRONG) + 2)
        all_stored(program, receiver)
        for words in ("does not answer with HTTP/1.1", "has no status", "interim answers only", "does not end", "amid its answer"):
            assert words in program.log, words


ODD = {
    "HTTP/1.2": b"HTTP/1.2 204 No Content\r\n\r\n",
    "two blanks": b"HTTP/1.1  204 No Content\r\n\r\n",
    "a NUL in the reason": b"HTTP/1.1 204 \0\r\n\r\n",
    "a lone CR in the reason": b"HTTP/1.1 204 \rx\r\n\r\n",
    "a header that is none": b"HTTP/1.1 204 x\r\nfoo\r\n\r\n",
    "white space before the colon": b"HTTP/1.1 204 x\r\nContent-Length : 0\r\n\r\n",
    "a folded header": b"HTTP/1.1 204 x\r\nA: b\r\n c\r\n\r\n",
    "a NUL": b"HTTP/1.1 204 x\r\nA: \0\r\n\r\n",
    "a lone CR": b"HTTP/1.1 204 x\r\nA: b\rc\r\n\r\n",
    "length -1": b"HTTP/1.1 200 x\r\nContent-Length: -1\r\n\r\n",
    "length 0x5": b"HTTP/1.1 200 x\r\nContent-Length: 0x5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a length beyond all": b"HTTP/1.1 200 x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "gzip and chunked": b"HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an obsolete coding": b"HTTP/1.1 200 x\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
    "a length twice": b"HTTP/1.1 200 x\r\nContent-Length: 2, 2\r\n\r\nok",
    "a body that must be absent": b"HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\nok",
    "an endless head": b"HTTP/1.1 204 x\r\n" + b"X-Filler: " + b"x" * 70000,
    "endless headers": b"HTTP/1.1 204 x\r\n" + b"X-Filler: x\r\n" * 6000,
}


def test_odd_answers(post):
    """The status can be read, so the lines are stored once, whatever follows it."""
    with posts.Receiver(alternate(*([bytes_] for bytes_ in ODD.values()))) as receiver:
        program = post(receiver.port, log_level="debug")
        until(program, receiver, 2 * len(ODD))
        assert program.end() == 0, program.log
        assert "".join(one.body for one in receiver.posts) == program.out
        assert " warn " not in program.log, program.log


GOOD = {
    "chunked": CHUNKED,
    "chunked, in pieces": [piece for n in range(len(CHUNKED)) for piece in (CHUNKED[n:n + 1], 0.001)],
    "a length": OK,
    "in pieces": [piece for n in range(len(OK)) for piece in (OK[n:n + 1], 0.001)],
    "after interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer(),
    "bare newlines": b"HTTP/1.1 204 No Content\nServer: x\n\n",
    "no reason": b"HTTP/1.1 204\r\n\r\n",
    "a long header": answer(204, x_policy="x" * 20000),
    "a length at a 204": b"HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n",
}
ENDING = {
    "HTTP/1.0": [b"HTTP/1.0 204 No Content\r\n\r\n", None],
    "until the end": [b"HTTP/1.1 200 OK\r\n\r\nstored, thank you", None],
    "more than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef",
    "two answers": answer() + answer(400),
    "less than its length": [b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nabc", None],
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk without its end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "chunked and a length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "an endless body": [b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200000, 0.5],
    "endless chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"y" * 1024 + b"\r\n" + 200 * (b"400\r\n" + b"y" * 1024 + b"\r\n")],
}


@pytest.mark.parametrize("name", [*GOOD, *ENDING])
def test_stored(post, name):
    """A head with 2xx counts, whatever the body is. The connection is used again only if the end of the answer is clear."""
    with posts.Receiver(lambda one: GOOD.get(name, ENDING.get(name))) as receiver:
        program = post(receiver.port)
        until(program, receiver, 4)
        assert program.end() == 0
        assert "".join(one.body for one in receiver.posts) == program.out
        assert "warn" not in program.log, program.log
        connections = [one.connection for one in receiver.posts]
        assert connections == (list(range(len(connections))) if name in ENDING else [0] * len(connections))


def test_body_that_does_not_come(post):
    """The verdict counts after 2 s, and the program ends that connection."""
    with posts.Receiver(lambda one: b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nabc") as receiver:
        program = post(receiver.port, log_level="debug")
        until(program, receiver, 2)
        assert receiver.posts[1].at - receiver.posts[0].at > 2
        assert program.end() == 0
        assert program.log.count("the rest of the answer did not come within 2 s") == len(receiver.posts)
        assert " warn " not in program.log and [one.connection for one in receiver.posts] == list(range(len(receiver.posts)))
        assert "".join(one.body for one in receiver.posts) == program.out


def test_slow_loris(post, keep):
    """The head of an answer may take 20 s, however it comes. Polls go on meanwhile."""
    bytes_, headers = ([piece for n in range(25) for piece in (data(n), 1)] for data in (lambda n: OK[n:n + 1], lambda n: b"X-A: b\r\n"))
    slow = [25 * [1], bytes_, [b"HTTP/1.1 204 x\r\n", *headers]]
    receivers = [keep(posts.Receiver(lambda one, first=first: answer() if one.n else first)) for first in slow]
    programs = [post(one.port, interval="500ms") for one in receivers]
    for program, receiver in zip(programs, receivers):
        until(program, receiver, 3)
        assert "the receiver gave no answer for 20 s; retrying" in program.log
        all_stored(program, receiver)
        assert [len(one.times) for one in receiver.posts[:2]] == [1, 1], "one snapshot is tried first"
        assert len(receiver.posts[2].times) > 10, "40 polls fall within 20 s, and all the others follow"


class Cutting:
    """Cuts every second answer after `first` bytes, then after one more, up to `last`. The others are whole."""

    def __init__(self, whole, first, last, pki):
        self.whole, self.head = whole, whole.index(b"\r\n\r\n") + 4
        self.ends = range(first, last)
        self.receiver = posts.Receiver(self.answers, pki)

    def answers(self, one):
        n = one.n // 2
        return [self.whole[:self.ends[n]], None] if one.n % 2 == 0 and n < len(self.ends) else self.whole

    def check(self, program):
        """Asserts that each poll was posted until its status was known, and not after that."""
        posts.wait.until(lambda: len(self.receiver.posts) > 2 * len(self.ends), 90)
        assert program.end() == 0, program.log
        stored, cut = {}, 0
        for one, sent in zip(self.receiver.posts, self.receiver.sent):
            known = sent == self.whole or len(sent[0]) >= self.head
            cut += not known
            for at in one.times:
                assert not stored.get(at), f"posted again though it was stored: {sent}"
                stored[at] = known
        assert all(stored.values()) and stored.keys() == posts.polled(program)
        assert cut == len([n for n in self.ends if n < self.head])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cut_at_every_byte(post, keep, pki, scheme):
    """Before the end of the head nothing is answered, so the lines are sent again. After it the receiver has stored them, so they never
    are."""
    parts = [(whole, n, min(n + 40, len(whole) + 1)) for whole in (OK, CHUNKED) for n in range(0, len(whole) + 1, 40)]
    cutting = [Cutting(*part, pki.leaf_p256 if scheme == "https" else None) for part in parts]
    for one in cutting:
        keep(one.receiver)
    programs = [post(one.receiver.port, scheme=scheme, tls_ca=pki.ca, buffer="1MiB") for one in cutting]
    for program, one in zip(programs, cutting):
        one.check(program)


def test_receiver_ends_an_idle_connection(post):
    """The end of a keep-alive is not an error. The next snapshot goes over a new connection."""
    with posts.Receiver(lambda one: [answer(), 0.3, None]) as receiver:
        program = post(receiver.port, interval="1s")
        until(program, receiver, 3)
        assert program.end() == 0
        assert "warn" not in program.log
        assert "".join(one.body for one in receiver.posts) == program.out


def test_connection_is_reset_with_each_post(post):
    def serve(n):
        return posts.streams.reset_after(100)

    with posts.streams.Aggregator(serve) as receiver:
        program = post(receiver.port)
        program.until(lambda: len(receiver.connections) > 2)
        assert program.end() == 0
        assert parse.ended_by_limit(program.log), program.log
        lines = len(program.out.splitlines())
        assert f"{lines} lines were not sent: 0 dropped, {lines} left at the end" in program.log


def test_https_to_a_port_of_http(run, keep):
    """The log has the reason, with the transports that such a port may be for."""
    def serve(connection, got):
        got += connection.recv(4096)
        connection.sendall(answer(400, connection="close"))

    receiver = keep(posts.streams.Aggregator(lambda n: serve))
    one = run(to=f"https://127.0.0.1:{receiver.port}", polls=1, interval="100ms", tls_verify="none")
    assert one.status == 1 and r'is not TLS; did you mean \"http://127.0.0.1:' in one.log, one.log
