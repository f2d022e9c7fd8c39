"""What a soak does to a program all the while: sockets, namespaces and clients come and go, receivers end, move and change certificates."""
import contextlib
import os
import pathlib
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import streams

ADDRESSES = ["127.0.0.2", "127.0.0.3", "::1"]
SLEEPER = "import socket, sys; s = socket.create_server(('0.0.0.0', 80)); sys.stdin.read()"


class Loop:
    """Calls step() again and again in a thread, until the block ends. A failure is raised at the end of the block."""

    def __init__(self, step):
        self._step, self._over, self._error = step, threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self._over.is_set():
                self._step()
        except BaseException as error:      # it is raised in the other thread
            self._error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        if self._error:
            raise self._error


class Receiver:
    """Listens for one connection at a time, each at another address, ends it after a while, and is away for another. calm() makes it stay.
    It has what streams.check() looks at."""

    def __init__(self, port, seed, before=lambda n, host: None, contexts=(None,)):
        self.port, self._before, self._contexts = port, before, contexts
        self._chance, self._calm, self._over = random.Random(seed), threading.Event(), threading.Event()
        self.connections, self.ended = [], []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def text(self):
        return "".join(streams.whole(got) for got in list(self.connections))

    def lines(self):
        return self.text.splitlines()

    def _accept(self, host):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, self.port))
            listener.listen()
            listener.settimeout(0.1)
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    return listener.accept()[0]

    def _serve(self, connection, n):
        """Ends its side after a while, and reads the rest. Returns what streams.fin_after() returns."""
        got, end = bytearray(), time.monotonic() + self._chance.uniform(0.05, 3)
        self.connections.append(got)
        connection.settimeout(0.1)
        while (time.monotonic() < end or self._calm.is_set()) and not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                data = connection.recv(1 << 16)
                if not data:
                    return True
                got += data
        connection.settimeout(60)
        socket.socket.shutdown(connection, socket.SHUT_WR)      # SSLSocket's would end the decryption, too
        return streams.read_all(connection, got) or None

    def _run(self):
        n = 0
        while not self._over.is_set():
            host = ADDRESSES[n % len(ADDRESSES)]
            self._before(n, host)
            connection = self._accept(host)
            if connection is None:
                return
            context = self._contexts[n % len(self._contexts)]
            with connection:
                try:
                    secured = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) if context else connection
                except (ssl.SSLError, OSError):     # it was verified by the CA of the connection before
                    continue
                self.ended.append(self._serve(secured, n))
            n += 1
            if not self._calm.is_set():
                time.sleep(self._chance.choice([0, 0, 0.2, 1]))

    def calm(self):
        self._calm.set()

    def close(self):
        self._over.set()
        self._thread.join()


def contexts(*certificates):
    made = []
    for one in certificates:
        made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        made[-1].load_cert_chain(one.chain, one.key)
    return made


def put(place, source):
    """Takes the place of a file at once, as a secret that is mounted anew does."""
    shutil.copy(source, f"{place}.new")
    pathlib.Path(f"{place}.new").rename(place)


class Namespaces:
    """Processes in network namespaces of their own, which begin and end."""

    def __init__(self, seed):
        self._chance, self._running = random.Random(seed), []

    def step(self):
        if len(self._running) < self._chance.randrange(1, 6):
            self._running.append(subprocess.Popen(["unshare", "--net", sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE))
        else:
            self._running.pop(self._chance.randrange(len(self._running))).communicate()
        time.sleep(0.3)

    def close(self):
        for one in self._running:
            one.communicate()


class Clients:
    """Clients of the relay, which count what they sent: datagrams, and streams that begin and end."""

    def __init__(self, port, path):
        self.sent, self._path = 0, str(path)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.connect(("127.0.0.1", port))

    def step(self):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self._path)
            for _ in range(20):
                with contextlib.suppress(ConnectionRefusedError):
                    self._udp.send(b"soak.requests:1|c")
                line = b"soak.requests:1|c|#way:stream"
                stream.sendall(struct.pack("<I", len(line)) + line)
                self.sent += 2
                time.sleep(0.002)

    def close(self):
        self._udp.close()


def process(pid):
    """Returns (bytes of its address space, resident KiB, descriptors, threads)."""
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines())
    number = lambda name: int(status[name].split()[0])
    return number("VmSize"), number("VmRSS"), len(os.listdir(f"/proc/{pid}/fd")), number("Threads")
