"""Connections that come and go, made by processes that know when. `churn.py HOW ADDRESS PORT RATE` makes them one after the other, both ends in
one process, until its standard input ends. Then it writes when each began and ended, as 64-bit nanoseconds since 1970.

Before its beginning, and after its end, none of a connection's sockets is in the kernel's tables, but for one in TIME_WAIT:

* reset: the client resets. Nothing stays.
* fin: the server closes first. Its end stays in TIME_WAIT.
* listen: no connection. A listener is made and closed.
"""
import array
import bisect
import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time

import wait

RESETS = struct.pack("ii", 1, 0)        # SO_LINGER of 0 s
CLOSE = 7                               # the first byte of struct tcp_info


def reset(listener):
    with socket.socket(listener.family) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        client.connect(listener.getsockname())
        server = listener.accept()[0]
    with server:
        try:
            server.recv(1)
        except ConnectionResetError:
            pass


def fin(listener):
    with socket.socket(listener.family) as client:
        client.connect(listener.getsockname())
        listener.accept()[0].close()
        client.recv(1)
        client.shutdown(socket.SHUT_WR)
        while client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != CLOSE:
            time.sleep(0)


def listen(listener):
    with socket.socket(listener.family) as one:
        one.bind((listener.getsockname()[0], 0))
        one.listen()
        time.sleep(0.0001)      # about half of the time there is one


def main(how, address, port, rate):
    one, rate = {"reset": reset, "fin": fin, "listen": listen}[how], int(rate)
    listener = socket.create_server((address, int(port)), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    times, start = array.array("q"), time.monotonic()
    while not ended.is_set():
        times.append(time.time_ns())
        one(listener)
        times.append(time.time_ns())
        if len(times) == 2:
            print("one came and went", flush=True)
        ahead = len(times) / 2 / rate - (time.monotonic() - start)
        if ahead > 0:
            time.sleep(ahead)
    sys.stdout.buffer.write(times.tobytes())


class Churn:
    """Processes that do so, in the caller's network namespace."""

    def __init__(self, how, address, ports, rate):
        self._times = []
        self._processes = [subprocess.Popen([sys.executable, __file__, how, address, str(port), str(rate)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE) for port in ports]
        for process in self._processes:
            assert process.stdout.readline() == b"one came and went\n"

    def end(self):
        while self._processes:
            process = self._processes.pop()
            times = array.array("q", process.communicate(timeout=wait.DEADLINE)[0])
            assert process.returncode == 0 and len(times) >= 2
            self._times.append((times[::2], times[1::2]))

    close = end

    def during(self, begin_ns, end_ns):
        """Returns how many may have had a socket in this time."""
        return sum(bisect.bisect_right(begins, end_ns) - bisect.bisect_left(ends, begin_ns) for begins, ends in self._times)

    def until(self, end_ns):
        """Returns how many began until then."""
        return sum(bisect.bisect_right(begins, end_ns) for begins, _ in self._times)


@contextlib.contextmanager
def running(how, address, ports, rate):
    with contextlib.closing(Churn(how, address, ports, rate)) as churn:
        yield churn


if __name__ == "__main__":
    main(*sys.argv[1:])
