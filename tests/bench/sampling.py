"""Measures what samples of the accept queues cost between two polls, by the number of listeners."""

import contextlib
import socket
import time

import measure
from programs import CannotRun, running, sockpush_environment

LISTENERS = 10, 1000
SECONDS = 5
SETTINGS = {"SOCKPUSH_PORTS": "listen", "SOCKPUSH_PID": "off"}  # and SOCKPUSH_PEAK's default


def share(binary, listeners, settings=SETTINGS):
    """Returns the CPU time per second. The namespace must have no other sockets."""
    with contextlib.ExitStack() as stack:
        for _ in range(listeners):
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        environment = sockpush_environment("udp://127.0.0.1:9", 2, 3600, settings)
        child = stack.enter_context(running([binary], measured=True, env=environment))
        time.sleep(1)  # for the first poll, which is the only one
        before, start = measure.cpu_seconds_now(child.pid), time.monotonic()
        time.sleep(SECONDS)
        used, seconds = measure.cpu_seconds_now(child.pid) - before, time.monotonic() - start
        if child.poll() is not None:
            raise CannotRun(f"sockpush ended with status {child.returncode}")
        return used / seconds


def shares(binary):
    """Returns {listeners: share of a core}."""
    return {listeners: share(binary, listeners) for listeners in LISTENERS}
