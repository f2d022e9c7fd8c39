"""Receivers and applications of a program whose calls fail."""
import contextlib
import os
import socket
import struct
import threading

import posts
import receivers
import streams
import wait
from fault_plan import HELD


class Restarting:
    """Receivers that end each connection in order after HELD polls, as if they were started anew."""

    def __init__(self, plan):
        self._plan, self._first = plan, {}

    def _is_over(self, connection):
        first = self._first.setdefault(connection, self._plan.polls)
        return self._plan.phase and self._plan.polls >= first + HELD

    def tcp(self, n):
        def serve(connection, got):
            connection.settimeout(0.05)
            while not self._is_over(connection):
                with contextlib.suppress(TimeoutError):
                    data = connection.recv(1 << 16)
                    got += data
                    if not data:
                        return True
            connection.settimeout(wait.DEADLINE)
            connection.shutdown(socket.SHUT_WR)
            return streams.read_all(connection, got)
        return serve

    def http(self):
        mark = object()
        return lambda post: posts.answer(connection="close") if self._is_over((mark, post.connection)) else posts.answer()


class Clients:
    """Applications that send counters, as datagrams and over a stream, which they open again when it ends."""

    def __init__(self, port, path):
        self.sent, self._port, self._path, self._over = 0, port, str(path), threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._datagrams, self._stream)]
        for thread in self._threads:
            thread.start()

    def _datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            while not self._over.wait(0.01):
                one.sendto(b"hits:1|c", ("127.0.0.1", self._port))
                self.sent += 1

    def _stream(self):
        while not self._over.wait(0.05):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                one.connect(self._path)
                for _ in range(HELD):
                    if not self._over.wait(0.05):
                        one.sendall(struct.pack("<I", 13) + b"streamed:1|c\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


class Receivers:
    """Receivers of each transport, several of each to try more at the same time, or one of TCP alone."""

    def __init__(self, keep, plan, pki=None):
        restarting = Restarting(plan)
        self.tcp = [keep(streams.Aggregator(restarting.tcp)) for _ in range(3 if pki else 1)]
        self.http = [keep(posts.Receiver(restarting.http(), pki=of)) for of in (None, pki.leaf("faults"))] if pki else []
        self.udp = [keep(receivers.udp()) for _ in range(2 if pki else 0)]

    @property
    def streams(self):
        return [*self.tcp, *self.http]

    @property
    def outputs(self):
        https = self.http[-1:]
        return ["influx+stdout:", *(f"influx+tcp://tcp.test:{one.port}" for one in self.tcp),
                *(f"http{'s' * (one in https)}://127.0.0.1:{one.port}/w" for one in self.http), *(f"influx+udp://udp.test:{one.port}" for one in self.udp)]

    def phases(self, pid, backend):
        """Returns {thread: phase} of the program, whose threads begin in the order of its outputs."""
        main, _, *pushing = sorted(int(task) for task in os.listdir(f"/proc/{pid}/task"))
        names = ["push stream"] * len(self.streams) + ["push datagram"] * len(self.udp) + ["relay"] * bool(self.udp)
        assert len(pushing) == len(names)
        return {main: f"poll {backend}", **(dict(zip(pushing, names)) if self.udp else {})}
