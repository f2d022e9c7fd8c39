"""Connections over loopback, opened and closed in repeating patterns that are easy to recognise in a chart."""
import math
import socket
import struct
import threading
import time

from application import Application

LINGER_0 = struct.pack("ii", 1, 0)      # closed without a TIME_WAIT, which would use up the ports

MOST = 80


def sine(at):
    return round(MOST / 2 * (1 + math.sin(2 * math.pi * at / 24)))


def square(at):
    return MOST // 2 * (int(at / 8) % 2)


def leak(at):
    return int(at / 20 % 1 * MOST)


def close(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    one.close()


class Pool:
    """Connections to a listener of their own. closed: the client has closed them and the server has not, so they stay in CLOSE_WAIT."""

    def __init__(self, wanted, closed=False):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=MOST)
        self.port = self._listener.getsockname()[1]
        self._wanted, self._closed, self._open = wanted, closed, []

    def go_on(self, at):
        self.resize(self._wanted(at))

    def resize(self, n):
        while len(self._open) < n:
            client = socket.create_connection(("127.0.0.1", self.port))
            server, _ = self._listener.accept()
            if self._closed:
                client.close()
            self._open.append([server] if self._closed else [client, server])
        for pair in self._open[n:]:
            for one in pair:
                close(one)
        del self._open[n:]

    def end(self):
        self.resize(0)


class Backlog:
    """Clients of a listener that accepts them at once; `on`: that does not accept, so that they wait in its accept queue until it is full."""

    LIMIT = 32

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=self.LIMIT)
        self.port = self._listener.getsockname()[1]
        self.on, self._clients = False, []

    def go_on(self, _):
        if not self.on:
            self.end()
        elif len(self._clients) <= self.LIMIT:      # the kernel takes one more than the limit
            self._clients.append(socket.create_connection(("127.0.0.1", self.port)))

    def end(self):
        for client in self._clients:
            close(self._listener.accept()[0])
            close(client)
        self._clients.clear()


class Load(threading.Thread):
    """`ports` maps each pattern to its port. `switches` has what a person turns on and off."""

    def __init__(self):
        super().__init__(daemon=True)
        self.application, backlog = Application(), Backlog()
        self.switches = {"application": self.application, "queue": backlog}
        self._loads = {"sine": Pool(sine), "square": Pool(square), "leak": Pool(leak, closed=True), **self.switches}
        self.ports = {what: one.port for what, one in self._loads.items() if one is not self.application}
        self._over = threading.Event()

    def run(self):
        began = time.monotonic()
        while not self._over.wait(0.1):
            for one in self._loads.values():
                one.go_on(time.monotonic() - began)

    def end(self):
        self._over.set()
        self.join()
        for one in self._loads.values():
            one.end()
