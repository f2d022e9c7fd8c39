"""The programs that run beside the bench, and end with it."""

import contextlib
import os
import re
import select
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "build" / "bench"

# All measured programs run on one CPU, the last: two cores of a machine with other work are seldom equally fast. The bench and the receiver
# run on the others.
CPUS = sorted(os.sched_getaffinity(0))
MEASURED_CPU, OTHER_CPUS = CPUS[-1:], CPUS[:-1] or CPUS


# third_party/receivers.sh unpacks programs here that the system lacks.
UNPACKED = ROOT / "build" / "third_party" / "receivers"

WAITED_SECONDS = 120  # at most, for sockets to open or to close, and for a poll


class CannotRun(Exception):
    """A needed program is missing or broken: the report ends here, with status 1."""


@contextlib.contextmanager
def on_cpus(cpus):
    """Starts children on these CPUs, which they inherit."""
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, OTHER_CPUS)


def on_measured_cpu():
    return on_cpus(MEASURED_CPU)


@contextlib.contextmanager
def running(command, measured=False, cpus=OTHER_CPUS, patience=20, **options):
    """Starts a child process. At the end it is asked to end (end of input, SIGTERM), then killed."""
    with on_cpus(MEASURED_CPU if measured else cpus):
        child = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield child
    finally:
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
        if child.stdin is None:
            child.terminate()
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def read_line(child, seconds):
    readable, _, _ = select.select([child.stdout], [], [], seconds)
    line = child.stdout.readline() if readable else ""
    if not line:
        raise CannotRun(f"{Path(child.args[0]).name} gave no answer")
    return line.strip()


class Held(NamedTuple):
    """The TCP sockets of the namespace, beside 100 listeners."""
    established: int
    ipv6: int = 0                  # established, and neither IPv4 nor v4-mapped
    time_wait: int | None = None   # None: it does not matter


def sockstat(name):
    """Returns the sum of one counter of the namespace's TCP sockets: inuse or tw."""
    text = "".join(Path(f"/proc/net/{file}").read_text() for file in ("sockstat", "sockstat6"))
    return sum(int(number) for number in re.findall(rf"^TCP6?:.* {name} (\d+)", text, re.M))


def wait_until_closed(name):
    """Waits until the sockets of the measurement before are closed, by one counter of them."""
    for _ in range(WAITED_SECONDS * 10):
        if sockstat(name) == 0:
            return
        time.sleep(0.1)
    raise CannotRun(f"{sockstat(name)} sockets of earlier measurements stay open")


@contextlib.contextmanager
def held_sockets(count, kind=""):
    """Holds this many sockets (hold.c), of the kind mixed or time-wait, or IPv4 connections. Yields what is held."""
    wait_until_closed("tw" if kind == "time-wait" else "inuse")
    command = [HELPERS / "hold", count, *([kind] if kind else [])]
    with running(command, cpus=CPUS, patience=WAITED_SECONDS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hold:
        if read_line(hold, 2 * WAITED_SECONDS) != "ready":
            raise CannotRun("hold could not make its sockets")
        if kind == "time-wait":
            yield Held(0, time_wait=sockstat("tw"))
        else:
            yield Held(count, ipv6=count // 50 if kind == "mixed" else 0)


class Bare:
    """The bare loop, which polls once per request."""

    def __init__(self, child):
        self.child = child

    def poll(self, walk=False):
        """Polls once. A walk leaves ESTABLISHED out. Returns CPU seconds and the number of established sockets."""
        self.child.stdin.write("walk\n" if walk else "all\n")
        self.child.stdin.flush()
        nanoseconds, _, established = read_line(self.child, WAITED_SECONDS).split()
        return int(nanoseconds) / 1e9, int(established)


@contextlib.contextmanager
def bare_loop():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with running([HELPERS / "bare"], measured=True, **pipes) as child:
        yield Bare(child)


class Receiver(threading.Thread):
    """An aggregator that receives datagrams and keeps the last counts."""
    dogstatsd = re.compile(rb"^netstat\.(tcp_established|tcp_time_wait):(\d+)\|g\|#\S*ip_version:(\d)", re.M)
    influx = re.compile(rb"^netstat,\S*ip_version=(\d)\S* (\S+)", re.M)
    influx_field = re.compile(rb"\b(tcp_established|tcp_time_wait)=(\d+)i")

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.counts = {}  # by field and ip_version

    def run(self):
        with contextlib.suppress(OSError):  # the socket is closed: the end
            while datagram := self.socket.recv(65536):
                for field, count, version in self.dogstatsd.findall(datagram):
                    self.counts[field, version] = int(count)
                for version, fields in self.influx.findall(datagram):
                    for field, count in self.influx_field.findall(fields):
                        self.counts[field, version] = int(count)

    def counted(self, field, version=""):
        """Returns the last count of a field, of one IP version or of both."""
        return sum(count for (name, of), count in self.counts.items() if name == field.encode() and of.decode() in (version or "46"))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        # shutdown wakes the thread that sleeps in recv, which close alone would not. It also fails, because an unconnected socket has
        # nothing to shut down.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self.socket.close()


def sockpush_environment(to, polls, interval, settings):
    """Returns the whole environment. The caller's must not change the result."""
    return {
        "SOCKPUSH_TO": to,
        "SOCKPUSH_HOST": "bench",
        # bounded, so that a sockpush whose bench was killed ends by itself
        "SOCKPUSH_POLLS": str(polls),
        "SOCKPUSH_INTERVAL": f"{round(interval * 1000)}ms",
        "SOCKPUSH_LOG_LEVEL": "error",
        **settings,
    }
