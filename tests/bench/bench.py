"""Measures what sockpush costs, beside other ways to count sockets: `make bench`.

It makes a network namespace of its own, fills it with real TCP connections over loopback (hold.c), measures, and writes
docs/benchmark.md. Ratios are to the bare loop (bare.c), or to sockpush, in the same minute on the same machine, because absolute times
differ from machine to machine. Targets are reported, never asserted: the exit status is 0 unless something could not be run at all.
Other agents (peers.py) that are absent or fail are reported as skipped.

    BENCH=short     for a quick look: fewer sockets, polls and settings, no other agents; prints the report and writes no file
    BENCH_SOCKETS   established sockets of the large size (default 100000, short 10000)
    BENCH_POLLS     polls per row (default 21, short 11, at least 11; half of them beside other agents)
    BENCH_BINARY    the sockpush to measure (default build/sockpush)
"""

import contextlib
import io
import os
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import connections
import lateness
import measure
import report
import sending
from peers import Turns
from programs import OTHER_CPUS, ROOT, CannotRun, bare_loop, held_sockets

SHORT = os.environ.get("BENCH") == "short"
PAGE = ROOT / "docs" / "benchmark.md"
SMALL_SOCKETS = 100
FIRST_PUSHES = 10 if SHORT else 20
SENDING_INTERVALS = (0.1,) if SHORT else (0.1, 1)
FLUSHES = 3 if SHORT else 7
SMALL_TURNS = 5
TIME_LIMIT_SECONDS = 900
IN_SHORT = "sockpush", "sockpush, influx", "sockpush, 1,000 port rules", "sockpush, procfs"

# hold.c listens on 8000 and the ports after it, so half of all sockets (the accepted ends) match these rules. The clients' ends match none.
PORT_RULES = {
    1: "8000",
    100: ",".join(str(port) for port in range(8000, 8100)),
    1000: ",".join(str(port) for port in range(8000, 9000)),
    10000: ",".join(str(port) for port in range(8000, 18000)),
}
VARIANTS = [
    ("sockpush", {}),
    ("sockpush, influx", {"SOCKPUSH_FORMAT": "influx"}),
    ("sockpush, `SOCKPUSH_COUNT=exact`", {"SOCKPUSH_COUNT": "exact"}),
    ("sockpush, 10 ports without a socket", {"SOCKPUSH_PORTS": "22,25,53,80,110,143,443,587,993,995"}),
    ("sockpush, 1 port rule", {"SOCKPUSH_PORTS": PORT_RULES[1]}),
    ("sockpush, 100 port rules", {"SOCKPUSH_PORTS": PORT_RULES[100]}),
    ("sockpush, 1,000 port rules", {"SOCKPUSH_PORTS": PORT_RULES[1000]}),
    ("sockpush, 1,000 port rules, influx", {"SOCKPUSH_PORTS": PORT_RULES[1000], "SOCKPUSH_FORMAT": "influx"}),
    ("sockpush, `*:1-65535`", {"SOCKPUSH_PORTS": "*:1-65535"}),
    ("sockpush, `listen`", {"SOCKPUSH_PORTS": "listen"}),
    ("sockpush, procfs", {"SOCKPUSH_BACKEND": "procfs"}),
]
if SHORT:
    VARIANTS = [(name, settings) for name, settings in VARIANTS if name in IN_SHORT]
MEMORY_VARIANTS = [(name, settings) for name, settings in VARIANTS
                   if name in ("sockpush", "sockpush, 1,000 port rules", "sockpush, `*:1-65535`")]


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def option(name, default, least):
    try:
        value = int(os.environ.get(name) or default)
    except ValueError:
        value = least - 1
    if value < least:
        raise CannotRun(f"{name} must be a whole number, {least} or more")
    return value


def measure_small(binary):
    """Measures at 100 sockets. Returns {name of the settings: memory}, {transport: memory}, milliseconds of the first pushes and of the
    latest polls, the cost of sending, and the other agents."""
    with held_sockets(SMALL_SOCKETS):
        progress(f"{SMALL_SOCKETS} sockets: memory")
        memory = {name: measure.memory_kib(binary, settings, 0.1) for name, settings in MEMORY_VARIANTS}
        progress(f"{SMALL_SOCKETS} sockets: memory with a connection")
        connected = connections.memory_kib(binary)
        progress(f"{SMALL_SOCKETS} sockets: first push")
        pushes = [measure.first_push_ms(binary) for _ in range(FIRST_PUSHES)]
        progress(f"{SMALL_SOCKETS} sockets: polls beside stuck receivers")
        late = lateness.lateness_ms(binary)
        progress(f"{SMALL_SOCKETS} sockets: datagrams")
        paced = {interval: sending.sending(binary, interval, port_rules(1000)) for interval in SENDING_INTERVALS}
        flushed = sending.flushes(binary, FLUSHES, port_rules(10000))
        return memory, connected, pushes, late, (paced, flushed), other_agents(binary, SMALL_TURNS, SMALL_SOCKETS)


def other_agents(binary, turns, sockets):
    """Runs the other agents. Returns None in short."""
    if SHORT:
        return None
    progress(f"{sockets:,} sockets: other agents")
    return Turns(binary, turns, sockets)


def port_rules(count):
    """Returns the settings of this many rules, without owners, which would need a walk over all processes' descriptors."""
    return {"SOCKPUSH_PORTS": PORT_RULES[count], "SOCKPUSH_PID": "off"}


def measure_tools(bare, polls, expected):
    """Returns CPU seconds of the bare loop, of ss and of a plain read of the tables, measured by turns."""
    times = {"bare": [], "ss": [], "procfs": []}
    for _ in range(polls):
        seconds, established = bare.poll()
        if established != expected:
            raise CannotRun(f"the kernel lists {established} established sockets, not {expected}")
        times["bare"].append(seconds)
        times["ss"].append(measure.cpu_seconds_of(["ss", "-tan"]))
        times["procfs"].append(measure.cpu_seconds_of(["cat", "/proc/net/tcp", "/proc/net/tcp6"]))
    return times


def bench():
    sockets = option("BENCH_SOCKETS", 10000 if SHORT else 100000, 1000) // 2 * 2
    polls = option("BENCH_POLLS", 11 if SHORT else 21, 11)
    binary = sockpush_binary()
    os.sched_setaffinity(0, OTHER_CPUS)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    small_memory, connected, pushes, late, sent, small_turns = measure_small(binary)
    progress("encoders")
    encoding = measure.encoding_costs()
    results, large_memory, calls = {}, {}, {}
    progress(f"making {sockets:,} sockets")
    with held_sockets(sockets), bare_loop() as bare:
        progress("bare loop, ss and procfs")
        tools = measure_tools(bare, polls, sockets)
        for name, settings in VARIANTS:
            reader = "procfs" if settings.get("SOCKPUSH_BACKEND") == "procfs" else "bare"
            # A poll has to fit into half of it, on a machine with other work, too.
            interval = max(0.4, 6 * statistics.median(tools[reader]))
            progress(f"{name}, a poll each {interval:.1f} s")
            results[name] = measure.sockpush_against_bare(binary, bare, settings, polls, interval, sockets)
        interval = max(0.3, 3 * statistics.median(tools["bare"]))
        for name, settings in MEMORY_VARIANTS:
            progress(f"{name}: memory, and calls for memory")
            large_memory[name] = measure.memory_kib(binary, settings, interval)
            calls[name] = measure.memory_calls_when_settled(binary, settings, 2 * interval)
        large_turns = other_agents(binary, polls // 2, sockets)

    report.targets(results, small_memory, large_memory, calls, pushes, late)
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        report.heading(binary)
        report.summary(binary, SMALL_SOCKETS, sockets, connected, results, small_memory, large_memory, pushes, large_turns)
        if large_turns:
            report.agents(SMALL_SOCKETS, sockets, small_turns, large_turns)
        report.cpu(sockets, polls, tools, results)
        report.memory(SMALL_SOCKETS, sockets, small_memory, large_memory, calls, connected, pushes)
        report.encoding(encoding)
        report.sending(*sent)
        report.lateness(late)
    publish(page.getvalue().rstrip("\n") + "\n")


def publish(text):
    """Writes the report of a full run to docs/benchmark.md, and prints that of any other."""
    if SHORT or os.environ.get("BENCH_SOCKETS") or os.environ.get("BENCH_POLLS") or os.environ.get("BENCH_BINARY"):
        print(text, end="")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)
    print(f"written: {PAGE.relative_to(ROOT)}")


def sockpush_binary():
    binary = Path(os.environ.get("BENCH_BINARY") or ROOT / "build" / "sockpush").resolve()
    if not os.access(binary, os.X_OK):
        raise CannotRun(f"{binary} is absent: run `make` first")
    return binary


def build_helpers():
    # Without the flags of a make that runs this: its job server must not be used.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    targets = [f"build/bench/{name}" for name in ("hold", "bare", "encode")]
    subprocess.run(["make", "-s", "-C", str(ROOT), *targets], env=environment, check=True)


def enter_namespace():
    """Starts this program again in a network namespace of its own, which has only its sockets."""
    for tool in ("unshare", "setarch", "ip", "ss", "make"):
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
