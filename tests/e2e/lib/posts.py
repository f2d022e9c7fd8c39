"""Receivers of POSTs, which answer as the test sets, byte for byte, and a relay to a real receiver, which keeps what it passed on."""
import contextlib
import dataclasses
import functools
import socket
import ssl
import time

import pytest

import otlp
import parse
import remote_write
import streams
import wait


@dataclasses.dataclass
class Post:
    """A request, and what became of it."""
    connection: int             # the number of its connection
    n: int                      # its number within the connection
    target: str
    headers: dict               # names in lower case
    raw: bytes                  # its body
    at: float                   # when all of it had arrived
    status: int = None          # the answer of the receiver after a relay
    answered: bool = False      # all of the answer was passed on

    @functools.cached_property
    def body(self):
        return self.raw.decode()

    @functools.cached_property
    def samples(self):
        """Returns the samples of a remote write, or of OTLP."""
        return (remote_write if "content-encoding" in self.headers else otlp).samples(self.raw)

    @property
    def is_protobuf(self):
        return self.headers.get("content-type") == "application/x-protobuf"

    @functools.cached_property
    def times(self):
        """Returns the times of its polls, in ns."""
        if self.is_protobuf:
            return {time * 10**6 for time, *_ in self.samples}
        return {point.time for point in parse.influx(self.body)}

    @functools.cached_property
    def host(self):
        """Returns the host of its lines."""
        if self.is_protobuf:
            return dict(self.samples[0][2])["host"]
        return parse.influx(self.body)[0].tag("host")


class Pipe:
    """Reads a connection by lines and by lengths. Raises EOFError at its end."""

    def __init__(self, connection):
        self._connection, self._data = connection, b""

    def _more(self):
        data = self._connection.recv(1 << 16)
        if not data:
            raise EOFError
        self._data += data

    def take(self, n):
        while len(self._data) < n:
            self._more()
        taken, self._data = self._data[:n], self._data[n:]
        return taken

    def head(self):
        """Returns the first line, {name in lower case: value}, and all of the head as it came."""
        while b"\r\n\r\n" not in self._data:
            self._more()
        whole = self.take(self._data.index(b"\r\n\r\n") + 4)
        first, *rest = whole.decode("ascii").split("\r\n")[:-2]
        headers = [line.split(": ", 1) for line in rest]
        names = [name.lower() for name, _ in headers]
        assert len(set(names)) == len(names), f"a header twice: {rest}"
        return first, dict(zip(names, (value for _, value in headers))), whole


def read_post(pipe, connection, n):
    first, headers, _ = pipe.head()
    method, target, version = first.split(" ")
    assert (method, version) == ("POST", "HTTP/1.1"), first
    assert "transfer-encoding" not in headers and headers["host"]
    return Post(connection, n, target, headers, pipe.take(int(headers["content-length"])), time.monotonic())


def answer(status=204, body="", reason="", **headers):
    """Returns an answer's bytes. Names of headers have _ for -. A Content-Length is added if a body is possible."""
    if "content_length" not in headers and status >= 200 and status != 204:
        headers["content_length"] = len(body)
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Receiver(streams.Aggregator):
    """answers(post) gives what to send: bytes, or several with seconds between them. None, and the end of a list, closes the connection.
    `posts` has all requests, `sent` all answers."""

    def __init__(self, answers=lambda post: answer(), pki=None, **more):
        self.posts, self.sent = [], []
        self._answers = answers
        self._tls = None
        if pki:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(pki.chain, pki.key)
        super().__init__(lambda n: lambda connection, got: self._converse(connection, n), **more)

    def _converse(self, connection, number):
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
        pipe = Pipe(connection)
        with contextlib.suppress(EOFError):
            while True:
                post = read_post(pipe, number, len(self.posts))
                sent = self._answers(post)
                self.posts.append(post)
                self.sent.append(sent)
                for piece in sent if isinstance(sent, list) else [sent]:
                    if piece is None:
                        return
                    if isinstance(piece, (int, float)):
                        self._sleep(piece)
                    else:
                        connection.sendall(piece)

    def _sleep(self, seconds):
        """Sleeps, but no longer than the test runs."""
        wait.until(lambda: self._over, seconds) if seconds > 0.1 else time.sleep(seconds)

    def bodies(self, status=b" 204 "):
        """Returns the bodies of the POSTs with this status."""
        return [post.body for post, sent in zip(list(self.posts), list(self.sent)) if isinstance(sent, bytes) and status in sent[:16]]

    def lines(self, status=b" 204 "):
        return "".join(self.bodies(status)).splitlines()


class Relay(streams.Aggregator):
    """Relays to a receiver on the port `target`. cut(n, answer) returns the bytes to pass on; if not all, the connection ends there."""

    def __init__(self, target, cut=lambda n, whole: whole, **more):
        self.posts = []
        self._target, self._cut = target, cut
        super().__init__(lambda n: lambda connection, got: self._converse(connection, n), **more)

    def _converse(self, connection, number):
        pipe = Pipe(connection)
        with contextlib.suppress(EOFError):
            while True:
                post = read_post(pipe, number, len(self.posts))
                self.posts.append(post)
                whole = self._ask(post)
                passed = self._cut(post.n, whole)
                connection.sendall(passed)
                post.answered = passed == whole
                if not post.answered:
                    return

    def _ask(self, post):
        head = "".join(f"{name}: {value}\r\n" for name, value in post.headers.items() if name != "connection")
        with socket.create_connection(("127.0.0.1", self._target)) as target:
            target.settimeout(wait.DEADLINE)
            target.sendall(f"POST {post.target} HTTP/1.1\r\n{head}connection: close\r\n\r\n".encode() + post.raw)
            pipe = Pipe(target)
            first, headers, whole = pipe.head()
            body = pipe.take(int(headers.get("content-length", 0)))
            post.status = int(first.split(" ")[1])
            return whole.replace(b"Connection: close\r\n", b"") + body


def check_posted_once(posts, polled):
    """Asserts that each of these times was posted until a 2xx was passed on, and never after it. Returns the times that were posted more
    than once."""
    twice = set()
    for at in polled:
        of = [post for post in posts if at in post.times]
        done = [post.answered and 200 <= (post.status or 0) < 300 for post in of]
        assert done and done[-1] and not any(done[:-1]), f"of {len(posts)} {at} was posted {len(of)} times, and answered: {[(post.status, post.answered) for post in of]}"
        if len(of) > 1:
            twice.add(at)
    return twice


def polled(program):
    """Returns the times of the program's polls."""
    return {point.time for point in parse.influx(program.out)}


@pytest.fixture
def post(start):
    """post(port, …) starts a program that also prints what it polls to stdout."""
    def make(port, target="/write?db=x", scheme="http", **env):
        return start(**{"to": f"{scheme}://127.0.0.1:{port}{target},influx+stdout:", "self": "off", **env})
    return make
