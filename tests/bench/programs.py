"""The programs that run beside the bench, and end with it."""

import contextlib
import os
import re
import select
import socket
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "build" / "bench"

# All measured programs run on one CPU, the last: two cores of a machine with other work are seldom equally fast. The bench and the receiver
# run on the others.
CPUS = sorted(os.sched_getaffinity(0))
MEASURED_CPU, OTHER_CPUS = CPUS[-1:], CPUS[:-1] or CPUS


# third_party/receivers.sh unpacks programs here that the system lacks.
UNPACKED = ROOT / "build" / "third_party" / "receivers"


class CannotRun(Exception):
    """A needed program is missing or broken: the report ends here, with status 1."""


@contextlib.contextmanager
def on_measured_cpu():
    """Starts children on the measured CPU, which they inherit."""
    os.sched_setaffinity(0, MEASURED_CPU)
    try:
        yield
    finally:
        os.sched_setaffinity(0, OTHER_CPUS)


@contextlib.contextmanager
def running(command, measured=False, **options):
    """Starts a child process. At the end it is asked to end (end of input, SIGTERM), then killed."""
    with on_measured_cpu() if measured else contextlib.nullcontext():
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
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def read_line(child, seconds):
    readable, _, _ = select.select([child.stdout], [], [], seconds)
    line = child.stdout.readline() if readable else ""
    if not line:
        raise CannotRun(f"{Path(child.args[0]).name} gave no answer")
    return line.strip()


@contextlib.contextmanager
def held_sockets(count):
    command = [HELPERS / "hold", count]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hold:
        if read_line(hold, 120) != "ready":
            raise CannotRun("hold could not make its sockets")
        yield


class Bare:
    """The bare loop, which polls once per request."""

    def __init__(self, child):
        self.child = child

    def poll(self):
        """Polls once. Returns CPU seconds and the number of established sockets."""
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        nanoseconds, _, established = read_line(self.child, 60).split()
        return int(nanoseconds) / 1e9, int(established)


@contextlib.contextmanager
def bare_loop():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with running([HELPERS / "bare"], measured=True, **pipes) as child:
        yield Bare(child)


class Receiver(threading.Thread):
    """An aggregator that receives datagrams and keeps the last count of connections."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.established = {}  # by ip_version

    def run(self):
        total = re.compile(
            rb"^netstat\.tcp_established:(\d+)\|g\|#\S*ip_version:(\d)"
            rb"|^netstat,\S*ip_version=(\d)\S* \S*tcp_established=(\d+)i", re.M)
        with contextlib.suppress(OSError):  # the socket is closed: the end
            while datagram := self.socket.recv(65536):
                for count, version, influx_version, influx_count in total.findall(datagram):
                    self.established[version or influx_version] = int(count or influx_count)

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
