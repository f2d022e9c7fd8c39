"""Measures what a poll of many network namespaces costs (SOCKPUSH_PODS), with few and with many sockets on the host."""

import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

import measure
from programs import CPUS, HELPERS, WAITED_SECONDS, CannotRun, Receiver, read_line, running, sockpush_environment

NAMESPACES = (10, 100, 250)
HOST_SOCKETS = (0, 100_000)
MODES = ("on", "full")
POLLS = 12
CONNECTIONS = 5  # of each namespace: both ends are in it

# Makes N namespaces, each with a process, a listener and connections; prints "ready", and ends with its standard input.
MAKER = r"""
import ctypes, fcntl, os, signal, socket, struct, sys
libc, children = ctypes.CDLL(None, use_errno=True), []
for _ in range(int(sys.argv[1])):
    mine, theirs = os.pipe()
    child = os.fork()
    if not child:
        libc.prctl(1, signal.SIGKILL)
        if libc.unshare(0x40000000):
            os._exit(1)
        with socket.socket() as s:
            fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0x43))
        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        held = [socket.create_connection(server.getsockname()) for _ in range(int(sys.argv[2]))]
        held += [server.accept()[0] for _ in held]
        os.write(theirs, b"x")
        signal.pause()
    os.close(theirs)
    if not os.read(mine, 1):
        sys.exit("no network namespace")
    os.close(mine)
    children.append(child)
print("ready", flush=True)
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@contextlib.contextmanager
def namespaces(count):
    command = [sys.executable, "-c", MAKER, count, CONNECTIONS]
    with running(command, cpus=CPUS, patience=WAITED_SECONDS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        if read_line(maker, WAITED_SECONDS) != "ready":
            raise CannotRun("the namespaces could not be made")
        yield


@contextlib.contextmanager
def host_sockets(count):
    """Holds sockets in a namespace that is none of those above."""
    if not count:
        yield
        return
    command = ["unshare", "--net", "sh", "-c", f'ip link set lo up && exec "{HELPERS / "hold"}" {count}']
    with running(command, cpus=CPUS, patience=WAITED_SECONDS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hold:
        if read_line(hold, 2 * WAITED_SECONDS) != "ready":
            raise CannotRun("hold could not make its sockets")
        yield


def cost(binary, mode):
    """Returns CPU seconds of a poll once a second, without the first, and resident KiB."""
    settings = {"SOCKPUSH_PODS": mode, "SOCKPUSH_MAX_PODS": "300", "SOCKPUSH_BACKEND": "off"}
    with Receiver() as receiver, running([binary], measured=True, env=sockpush_environment(receiver.url, 3600, 1, settings)) as child:
        time.sleep(1.5)
        before = measure.cpu_seconds_now(child.pid)
        time.sleep(POLLS)
        used = measure.cpu_seconds_now(child.pid) - before
        if child.poll() is not None:
            raise CannotRun(f"sockpush ended with status {child.returncode}")
        resident = int(re.search(r"^Rss: +(\d+)", Path(f"/proc/{child.pid}/smaps_rollup").read_text(), re.M)[1])
    return used / POLLS, resident


def costs(binary, progress):
    """Returns {(sockets of the host, namespaces, mode): (CPU seconds of a poll, resident KiB)}."""
    found = {}
    for sockets in HOST_SOCKETS:
        with host_sockets(sockets):
            for count in NAMESPACES:
                progress(f"{count} network namespaces beside {sockets} sockets")
                with namespaces(count):
                    found |= {(sockets, count, mode): cost(binary, mode) for mode in MODES}
    return found
