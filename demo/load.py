"""Connections over loopback, opened and closed in repeating patterns that are easy to recognise in a chart."""
import math
import socket
import struct
import threading
import time

LINGER_0 = struct.pack("ii", 1, 0)      # closed without a TIME_WAIT, which would use up the ports

MOST = 80


def sine(at):
    return round(MOST / 2 * (1 + math.sin(2 * math.pi * at / 24)))


def square(at):
    return MOST // 2 * (int(at / 8) % 2)


def leak(at):
    return int(at / 20 % 1 * MOST)


class Pool:
    """Connections to a listener of their own. closed: the client has closed them and the server has not, so they stay in CLOSE_WAIT."""

    def __init__(self, wanted, closed=False):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=MOST)
        self.port = self._listener.getsockname()[1]
        self.wanted, self._closed, self._open = wanted, closed, []

    def resize(self, n):
        while len(self._open) < n:
            client = socket.create_connection(("127.0.0.1", self.port))
            server, _ = self._listener.accept()
            if self._closed:
                client.close()
            self._open.append([server] if self._closed else [client, server])
        for pair in self._open[n:]:
            for one in pair:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
                one.close()
        del self._open[n:]


class Load(threading.Thread):
    """`ports` maps each pattern to its port."""

    def __init__(self):
        super().__init__(daemon=True)
        self._pools = {"sine": Pool(sine), "square": Pool(square), "leak": Pool(leak, closed=True)}
        self.ports = {what: pool.port for what, pool in self._pools.items()}
        self._over = threading.Event()

    def run(self):
        began = time.monotonic()
        while not self._over.wait(0.1):
            for pool in self._pools.values():
                pool.resize(pool.wanted(time.monotonic() - began))

    def end(self):
        self._over.set()
        self.join()
        for pool in self._pools.values():
            pool.resize(0)
