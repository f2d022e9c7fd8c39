"""Aggregators on TCP, which keep each connection's bytes apart and end each as the test sets."""
import contextlib
import fcntl
import signal
import socket
import struct
import termios
import threading

import pytest

import ports
import wait
from program import stop

LINGER_0 = b"\1\0\0\0\0\0\0\0"      # struct linger: close sends a reset


def read_all(connection, got):
    """Reads to the sender's end. Returns False if the connection was reset."""
    try:
        while data := connection.recv(1 << 16):
            got += data
    except ConnectionError:
        return False
    return True


def read_poll(connection, got, has_all):
    """Reads at least a byte, and on until has_all(all text so far): a poll has arrived completely, and the next is an interval away."""
    before = len(got)
    connection.settimeout(0.02)
    for _ in range(50 * wait.DEADLINE):
        with contextlib.suppress(TimeoutError):
            got += connection.recv(1 << 16)
        if len(got) > before and has_all(whole(got)):
            break
    connection.settimeout(wait.DEADLINE)


def end_between_polls(program, connection, got):
    """Ends its side while the program is stopped, which finds the end when it continues. Returns how many bytes were there until then."""
    stop(program.process.pid)
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while data := connection.recv(1 << 16):
            got += data
    connection.settimeout(wait.DEADLINE)
    before = len(got)
    connection.shutdown(socket.SHUT_WR)
    program.process.send_signal(signal.SIGCONT)
    return before


def wait_until_full(connection):
    """Reads nothing until no more bytes arrive, because no room is left. The sender sends within less than a second while it can."""
    sizes = []

    def waiting():
        sizes.append(struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0])
        return sizes[-1] and sizes[-20:] == [sizes[-1]] * 20

    wait.until(waiting)


def fin_after(n):
    """Ends its side after n bytes and drains the rest, so no earlier byte is lost. Bytes that cross the end unacknowledged go to the next
    connection instead, because this one may be reset."""
    def serve(connection, got):
        while len(got) < n and (data := connection.recv(n - len(got))):
            got += data
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection, got) or None
    return serve


def reset_after(n):
    """Resets the connection after n bytes, like a killed receiver: unread bytes are lost, though its kernel has acknowledged them."""
    def serve(connection, got):
        while len(got) < n and (data := connection.recv(n - len(got))):
            got += data
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    return serve


class Aggregator:
    """serve(n) returns the function that serves the n-th connection. `connections` has the bytes of each, `ended` what that function
    returned."""

    def __init__(self, serve=lambda n: read_all, port=0, host="127.0.0.1", buffer=None):
        self._serve = serve
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._listener.bind((host, port or ports.unused()))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self.connections, self._how = [], {}
        self._open = set()
        self._over = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while not self._over:
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                connection.settimeout(wait.DEADLINE * 3)
                got = bytearray()
                self.connections.append(got)
                self._open.add(connection)
                thread = threading.Thread(target=self._run, args=(connection, got, len(self.connections) - 1), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _run(self, connection, got, n):
        how = None
        with connection, contextlib.suppress(OSError):
            how = self._serve(n)(connection, got)
        self._open.discard(connection)
        self._how[n] = how

    @property
    def ended(self):
        """Returns the results of the connections that are over, in their order."""
        return [how for _, how in sorted(self._how.copy().items())]

    @property
    def text(self):
        """Returns the whole lines of all connections. A line that was cut at an end is left out."""
        return "".join(whole(got) for got in list(self.connections))

    def lines(self):
        return self.text.splitlines()

    def close(self, reset=False):
        """Closes the listener and, like a program's end, its connections."""
        self._over = True
        self._threads[0].join()         # no connection comes after this
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def whole(got):
    data = bytes(got)
    return data[:data.rfind(b"\n") + 1].decode()


def check(aggregator, polled):
    """Asserts that each connection had whole lines that were polled, none twice, and that it ended within a line only where the receiver
    stopped reading, and by the program's reset only where the receiver ended it. Together they had all."""
    wait.until(lambda: len(aggregator.ended) == len(aggregator.connections) and polled <= set(aggregator.lines()))     # the last connection may not be accepted yet
    assert len(aggregator.ended) == len(aggregator.connections)
    for got, how in zip(aggregator.connections, aggregator.ended):
        *lines, rest = bytes(got).decode().split("\n")
        assert len(set(lines)) == len(lines), "twice in one connection"
        assert set(lines) <= polled, f"never polled: {set(lines) - polled}"
        assert how is not False, "the program reset the connection"
        assert not rest or how is None and any(line.startswith(rest) for line in polled), f"cut: {rest}"
    assert set(aggregator.lines()) == polled


@pytest.fixture
def pair(start):
    """pair(aggregator's port, …) starts a program that also prints what it polls to stdout."""
    def make(port, kind="influx", **env):
        return start(**{"to": f"{kind}+tcp://127.0.0.1:{port},{kind}+stdout:", "replay": "30s", "self": "off", **env})
    return make
