"""Measures the cost of sending datagrams and how fast they leave: the program itself, with a UDP receiver on loopback."""

import contextlib
import re
import socket
import statistics
import struct
import threading
import time
from pathlib import Path

from programs import CannotRun, running, sockpush_environment

PAUSE_SECONDS = 0.03  # the least pause between two snapshots: longer than any pause within one
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35  # Linux, asm-generic/socket.h; the socket module lacks them
RECEIVE_BUFFER = 32 << 20
MEASURED_SECONDS, MEASURED_POLLS = 5, 8
STARTED_SECONDS = 10  # at most, until the program has started


def sent_and_lost():
    """Returns the datagrams that this namespace has sent, and those that it had to drop on arrival."""
    names, values = re.findall(r"^Udp: (.*)$", Path("/proc/net/snmp").read_text(), re.M)
    udp = dict(zip(names.split(), map(int, values.split())))
    return udp["OutDatagrams"], udp["InErrors"]


def sender_thread(pid):
    """Returns the output's thread, which starts soon after the program; the main thread polls and encodes."""
    for _ in range(STARTED_SECONDS * 10):
        threads = [path for path in Path(f"/proc/{pid}/task").iterdir() if path.name != str(pid)]
        if len(threads) == 1:
            return threads[0]
        time.sleep(0.1)
    raise CannotRun(f"sockpush has {len(threads)} threads beside its main one, not 1")


def cpu_seconds(thread):
    return int((thread / "schedstat").read_text().split()[0]) / 1e9


def snapshots(arrivals):
    """Returns, for each snapshot, its datagrams and the seconds from the first to the last. The last snapshot is left out, because it may
    be cut."""
    first, found = 0, []
    for i in range(1, len(arrivals)):
        if arrivals[i] - arrivals[i - 1] > PAUSE_SECONDS:
            found.append((i - first, arrivals[i - 1] - arrivals[first]))
            first = i
    return found


@contextlib.contextmanager
def receiving():
    """Yields the URL of a receiver and the times so far. The kernel notes when each datagram arrived, because this process may be slower."""
    arrivals = []

    def receive():
        while True:
            datagram, ancillary, _, _ = receiver.recvmsg(65536, 64)
            if not datagram:
                return
            seconds, nanoseconds = struct.unpack("@ll", ancillary[0][2])
            arrivals.append(seconds + nanoseconds / 1e9)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        receiver.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        try:
            yield f"udp://127.0.0.1:{receiver.getsockname()[1]}", arrivals
        finally:
            receiver.sendto(b"", receiver.getsockname())  # the end
            thread.join(5)


def sending(binary, interval, settings):
    """Returns medians: datagrams of a snapshot, seconds from its first to its last; then CPU seconds per datagram, and how many were lost
    on the way."""
    with receiving() as (url, arrivals), running(
            [binary], measured=True, env=sockpush_environment(url, 1000, interval, settings)) as child:
        thread = sender_thread(child.pid)
        time.sleep(1.5 * interval)
        sent_before, lost_before = sent_and_lost()
        cpu_before = cpu_seconds(thread)
        time.sleep(max(MEASURED_SECONDS, MEASURED_POLLS * interval))
        sent, lost = sent_and_lost()
        cpu = cpu_seconds(thread) - cpu_before
    found = snapshots(arrivals)
    if sent == sent_before or not found:
        raise CannotRun("sockpush sent nothing")
    datagrams, seconds = (statistics.median(column) for column in zip(*found))
    return datagrams, seconds, cpu / (sent - sent_before), lost - lost_before


def flushes(binary, runs, settings):
    """Returns, for each last snapshot before an end, which is sent without pauses: its datagrams, seconds from the first to the last, how
    many were lost."""
    found = []
    for _ in range(runs):
        lost = sent_and_lost()[1]
        with receiving() as (url, arrivals):
            with running([binary], measured=True, env=sockpush_environment(url, 1, 1, settings)) as child:
                child.wait(timeout=60)
        if len(arrivals) < 2:
            raise CannotRun("sockpush sent nothing")
        found.append((len(arrivals), arrivals[-1] - arrivals[0], sent_and_lost()[1] - lost))
    return found
