"""Measures what samples of the accept queues cost between two polls, by the number of listeners and by rules."""

import contextlib
import socket
import time
from pathlib import Path

import measure
from programs import CannotRun, running, sockpush_environment

CASES = [(listeners, rules) for listeners in (10, 1000) for rules in ("80", "listen")]
SECONDS = 5


def waits_now(pid):
    """Returns how often the main thread has waited."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("voluntary_ctxt_switches:")[1].split()[0])


def cost(binary, listeners, settings):
    """Returns the CPU time per second, and samples per second. The namespace must have no other sockets."""
    with contextlib.ExitStack() as stack:
        for _ in range(listeners):
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        environment = sockpush_environment("udp://127.0.0.1:9", 2, 3600, {"SOCKPUSH_PID": "off"} | settings)
        child = stack.enter_context(running([binary], measured=True, env=environment))
        time.sleep(1)  # for the first poll, which is the only one
        before, waits, start = measure.cpu_seconds_now(child.pid), waits_now(child.pid), time.monotonic()
        time.sleep(SECONDS)
        used, waits, seconds = measure.cpu_seconds_now(child.pid) - before, waits_now(child.pid) - waits, time.monotonic() - start
        if child.poll() is not None:
            raise CannotRun(f"sockpush ended with status {child.returncode}")
        return used / seconds, waits / seconds


def costs(binary):
    """Returns {(listeners, rules): (share of a core, samples per second)}, with SOCKPUSH_PEAK's default."""
    return {(listeners, rules): cost(binary, listeners, {"SOCKPUSH_PORTS": rules}) for listeners, rules in CASES}
