"""Measures how late polls are beside stuck outputs, and alone, at the same time on the same CPU."""

import contextlib
import socket
import subprocess

from programs import running, sockpush_environment

INTERVAL_MS, POLLS = 100, 60


@contextlib.contextmanager
def stuck_receivers():
    """Yields SOCKPUSH_TO of three outputs: connections that nobody accepts, and one whose connecting never ends."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        port, full_port = silent.getsockname()[1], full.getsockname()[1]
        yield f"influx+tcp://127.0.0.1:{port},influx+tls://127.0.0.1:{port},influx+tcp://127.0.0.1:{full_port}"


def latest_ms(text):
    """Returns the delay of the latest poll after its deadline. A deadline is a whole number of intervals after the earliest poll."""
    times = sorted({int(line.rsplit(" ", 1)[1]) // 1_000_000 for line in text.splitlines()})
    phase = min(time - INTERVAL_MS * i for i, time in enumerate(times))
    return max(time - INTERVAL_MS * i - phase for i, time in enumerate(times))


def lateness_ms(binary):
    """Returns how late the latest of POLLS polls is beside stuck outputs, and in a program without them."""
    with stuck_receivers() as stuck, contextlib.ExitStack() as stack:
        children = []
        for outputs in (f"{stuck},influx+stdout:", "influx+stdout:"):
            # Without sockpush's own series, so that all lines fit into one program's pipe while the other's are read.
            environment = sockpush_environment(outputs, POLLS, INTERVAL_MS / 1000, {"SOCKPUSH_TLS_VERIFY": "none", "SOCKPUSH_SELF": "off"})
            children.append(stack.enter_context(running([binary], measured=True, env=environment, stdout=subprocess.PIPE, text=True)))
        return tuple(latest_ms(child.stdout.read()) for child in children)
