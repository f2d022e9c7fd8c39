"""Measures what sockpush costs, beside other ways to count sockets: `make bench`.

It makes a network namespace of its own, fills it with real TCP sockets over loopback (hold.c), measures at several sizes (scale.py), and
writes docs/benchmark.md and docs/benchmark.svg. Ratios are to the bare loop (bare.c), or to sockpush, in the same turn on the same core,
because absolute times differ from machine to machine. Targets are reported, never asserted: the exit status is 0 unless something could not
be run at all. Other agents (peers.py) that are absent or fail are reported as skipped.

    BENCH=short     for a quick look: 2,000 and 20,000 sockets, fewer polls, no other agents
    BENCH_SOCKETS   the largest number of sockets (default 1000000, or fewer if the machine allows fewer; short 20000)
    BENCH_POLLS     polls of each case (default 15, short 6, at least 6; at most 11 from 50,000 sockets on, and 6 from 500,000)
    BENCH_BINARY    the sockpush to measure (default build/sockpush)

With any of them it prints the page, and writes the picture into build/bench only.
"""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import connections
import lateness
import measure
import picture
import pods
import relaying
import report
import sampling
import scale
import sending
import targets
from programs import HELPERS, OTHER_CPUS, ROOT, CannotRun, held_sockets

SHORT = os.environ.get("BENCH") == "short"
DOCS = ROOT / "docs"
SENDING_INTERVALS = (0.1,) if SHORT else (0.1, 1)
FLUSHES = 3 if SHORT else 7
TIME_LIMIT_SECONDS = 2400
STARTED = time.monotonic()
SENT_PORTS = {count: {"SOCKPUSH_PORTS": f"{','.join(map(str, range(8000, 8000 + count)))}", "SOCKPUSH_PID": "off"} for count in (1000, 10000)}


def progress(text):
    print(f"bench: {time.monotonic() - STARTED:4.0f} s: {text}", file=sys.stderr, flush=True)


def option(name, default, least):
    try:
        value = int(os.environ.get(name) or default)
    except ValueError:
        value = least - 1
    if value < least:
        raise CannotRun(f"{name} must be a whole number, {least} or more")
    return value


def measure_once(binary, sockets):
    """Measures what does not depend on the number of sockets. Returns {case: bytes of a snapshot}, {case: calls for memory}, {transport:
    resident memory}, the cost of sending, and how late polls are."""
    with held_sockets(sockets):
        progress("memory")
        lines = {name: measure.snapshot_bytes(binary, settings) for name, settings, _ in scale.CASES}
        calls = {name: measure.memory_calls_when_settled(binary, settings, 0.2) for name, settings, _ in scale.CASES
                 if name in (scale.TOTALS, scale.HALF, scale.MANY)}
        connected = connections.memory_kib(binary)
        progress("polls beside stuck receivers")
        late = lateness.lateness_ms(binary)
        progress("datagrams")
        paced = {interval: sending.sending(binary, interval, SENT_PORTS[1000]) for interval in SENDING_INTERVALS}
        flushed = sending.flushes(binary, FLUSHES, SENT_PORTS[10000])
        return lines, calls, connected, (paced, flushed), late


def bench():
    numbers, reason = scale.sizes(option("BENCH_SOCKETS", 20000 if SHORT else scale.MOST, scale.SIZES[0]))
    polls = option("BENCH_POLLS", 6 if SHORT else 15, 6)
    binary = sockpush_binary()
    os.sched_setaffinity(0, OTHER_CPUS)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    progress("samples of accept queues")
    sampled = sampling.costs(binary)
    lines, calls, connected, sent, late = measure_once(binary, numbers[0])
    progress("encoders")
    encoding = measure.encoding_costs()
    sizes = [scale.measure_size(binary, sockets, polls, not SHORT, progress) for sockets in numbers]
    progress("sockets in TIME_WAIT")
    # They come last, because they last a minute.
    time_wait = scale.measure_time_wait(binary, min(scale.TIME_WAIT, numbers[-1]), polls)

    pods_found = pods.costs(binary, progress)
    relay = relaying.measure_relay(binary, not SHORT, progress)

    targets.targets(sizes, lines, time_wait, calls, late)
    relaying.targets(relay)
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        report.heading(binary)
        report.summary(sizes, connected)
        report.picture()
        report.cases(sizes, time_wait, reason)
        if not SHORT:
            report.agents(sizes)
        report.memory(sizes, lines, calls, connected)
        report.start(sizes)
        report.encoding(encoding)
        report.sending(*sent)
        report.lateness(late)
        report.sampling(sampled)
        report.pods(pods_found, pods.HOST_SOCKETS, pods.NAMESPACES, pods.MODES)
        relaying.report(relay)
    publish(page.getvalue().rstrip("\n") + "\n", picture.draw(report.pictured(sizes)))


def publish(page, svg):
    """Writes the page and the picture of a full run into docs. Of any other run the page is printed."""
    full = not any(os.environ.get(name) for name in ("BENCH", "BENCH_SOCKETS", "BENCH_POLLS", "BENCH_BINARY"))
    drawn = (DOCS if full else HELPERS) / "benchmark.svg"
    drawn.write_text(svg)
    if full:
        (DOCS / "benchmark.md").write_text(page)
    else:
        print(page, end="")
    print(f"written: {'docs/benchmark.md and ' if full else ''}{drawn.relative_to(ROOT)}")


def sockpush_binary():
    binary = Path(os.environ.get("BENCH_BINARY") or ROOT / "build" / "sockpush").resolve()
    if not os.access(binary, os.X_OK):
        raise CannotRun(f"{binary} is absent: run `make` first")
    return binary


def build_helpers():
    # Without the flags of a make that runs this: its job server must not be used.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    targets = [f"build/bench/{name}" for name in ("hold", "bare", "lines", "encode")]
    subprocess.run(["make", "-s", "-C", str(ROOT), *targets], env=environment, check=True)


def enter_namespace():
    """Starts this program again in a network namespace of its own, which has only its sockets."""
    for tool in ("unshare", "setarch", "setpriv", "ip", "ss", "make"):
        if not shutil.which(tool):
            raise CannotRun(f"{tool} is needed")
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", "--net", *as_root, sys.executable, __file__, "--inside"]
    os.execvp(command[0], command)


def too_long(*_):
    raise CannotRun(f"not done after {TIME_LIMIT_SECONDS} s")


def main():
    try:
        if os.environ.get("BENCH", "short") not in ("", "short"):
            raise CannotRun(f"BENCH={os.environ['BENCH']}: accepted is short")
        if sys.argv[1:] != ["--inside"]:
            sockpush_binary()
            build_helpers()
            enter_namespace()
        # A signal becomes an exception, so that all started programs are ended on the way out.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(TIME_LIMIT_SECONDS)
        bench()
    except (CannotRun, OSError, subprocess.SubprocessError) as problem:
        sys.exit(f"bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
