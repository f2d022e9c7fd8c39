"""What sockpush costs, beside the other ways to count sockets: `make bench`.

Makes a network namespace of its own, fills it with real TCP connections over
loopback (hold.c), measures, prints one report in Markdown, whose part from
"## Cost" on is the README's. Everything is given as a ratio to the bare loop
(bare.c), or to sockpush, in the same minute on the same machine, for absolute
times differ from machine to machine. The targets are reported, never asserted:
the exit status is 0 unless something could not be run at all. Other agents
(peers.py) that are missing or fail are reported as skipped.

    BENCH_SOCKETS   established sockets of the large size (default 100000)
    BENCH_POLLS     polls per row (default 21, at least 11; half of them beside other agents)
    BENCH_BINARY    the sockpush to measure (default build/sockpush)
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import lateness
import measure
import report
import sending
from peers import Turns
from programs import OTHER_CPUS, ROOT, CannotRun, bare_loop, held_sockets

SMALL_SOCKETS = 100
FIRST_PUSHES = 20
SENDING_INTERVALS = (0.1, 1)
FLUSHES = 7
SMALL_TURNS = 5
TIME_LIMIT_SECONDS = 900

# hold.c listens on 8000 and the ports after it, so that half of all sockets (the
# accepted ends) match these rules, and the clients' ends match none.
PORT_RULES = {
    1: "8000",
    100: ",".join(str(port) for port in range(8000, 8100)),
    1000: ",".join(str(port) for port in range(8000, 9000)),
    10000: ",".join(str(port) for port in range(8000, 18000)),
}
VARIANTS = [
    ("sockpush", {}),
    ("sockpush, influx", {"SOCKPUSH_FORMAT": "influx"}),
    ("sockpush, 1 port rule", {"SOCKPUSH_PORTS": PORT_RULES[1]}),
    ("sockpush, 100 port rules", {"SOCKPUSH_PORTS": PORT_RULES[100]}),
    ("sockpush, 1,000 port rules", {"SOCKPUSH_PORTS": PORT_RULES[1000]}),
    ("sockpush, 1,000 port rules, influx", {"SOCKPUSH_PORTS": PORT_RULES[1000], "SOCKPUSH_FORMAT": "influx"}),
    ("sockpush, `*:1-65535`", {"SOCKPUSH_PORTS": "*:1-65535"}),
    ("sockpush, `listen`", {"SOCKPUSH_PORTS": "listen"}),
    ("sockpush, procfs", {"SOCKPUSH_BACKEND": "procfs"}),
]
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
    """At 100 sockets: {name of the settings: memory}, milliseconds of the first pushes and of
    the latest polls, what sending costs, and the other agents."""
    with held_sockets(SMALL_SOCKETS):
        progress(f"{SMALL_SOCKETS} sockets: memory")
        memory = {name: measure.memory_kib(binary, settings, 0.1) for name, settings in MEMORY_VARIANTS}
        progress(f"{SMALL_SOCKETS} sockets: first push")
        pushes = [measure.first_push_ms(binary) for _ in range(FIRST_PUSHES)]
        progress(f"{SMALL_SOCKETS} sockets: polls beside stuck outputs")
        late = lateness.lateness_ms(binary)
        progress(f"{SMALL_SOCKETS} sockets: datagrams")
        paced = {interval: sending.sending(binary, interval, port_rules(1000)) for interval in SENDING_INTERVALS}
        flushed = sending.flushes(binary, FLUSHES, port_rules(10000))
        progress(f"{SMALL_SOCKETS} sockets: other agents")
        return memory, pushes, late, (paced, flushed), Turns(binary, SMALL_TURNS, SMALL_SOCKETS)


def port_rules(count):
    """Without owners: those are looked for by walking all processes' descriptors."""
    return {"SOCKPUSH_PORTS": PORT_RULES[count], "SOCKPUSH_PID": "off"}


def measure_tools(bare, polls, expected):
    """CPU seconds of the bare loop, of ss and of a plain read of the tables, by turns."""
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
    sockets = option("BENCH_SOCKETS", 100000, 1000) // 2 * 2
    polls = option("BENCH_POLLS", 21, 11)
    binary = sockpush_binary()
    os.sched_setaffinity(0, OTHER_CPUS)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    small_memory, pushes, late, sent, small_turns = measure_small(binary)
    progress("encoders")
    encoding = measure.encoding_costs()
    results, large_memory, calls = {}, {}, {}
    progress(f"making {sockets:,} sockets")
    with held_sockets(sockets), bare_loop() as bare:
        progress("bare loop, ss and procfs")
        tools = measure_tools(bare, polls, sockets)
        for name, settings in VARIANTS:
            reader = "procfs" if settings.get("SOCKPUSH_BACKEND") == "procfs" else "bare"
            # Room for a poll in half of it, on a machine that has other work too.
            interval = max(0.4, 6 * statistics.median(tools[reader]))
            progress(f"{name}, a poll each {interval:.1f} s")
            results[name] = measure.sockpush_against_bare(binary, bare, settings, polls, interval, sockets)
        interval = max(0.3, 3 * statistics.median(tools["bare"]))
        for name, settings in MEMORY_VARIANTS:
            progress(f"{name}: memory, and calls for memory")
            large_memory[name] = measure.memory_kib(binary, settings, interval)
            calls[name] = measure.memory_calls_when_settled(binary, settings, 2 * interval)
        progress("other agents")
        large_turns = Turns(binary, polls // 2, sockets)

    report.print_targets(results, small_memory, large_memory, calls, pushes, late)
    # From here on as in the README.
    print(f"## Cost\n\n`make bench`: {report.describe(binary)}; {report.machine()}.\n")
    report.print_agents(SMALL_SOCKETS, sockets, small_turns, large_turns)
    report.print_cpu(sockets, polls, tools, results)
    report.print_memory(SMALL_SOCKETS, sockets, small_memory, large_memory, calls, pushes)
    report.print_encoding(encoding)
    report.print_sending(*sent)


def sockpush_binary():
    binary = Path(os.environ.get("BENCH_BINARY") or ROOT / "build" / "sockpush").resolve()
    if not os.access(binary, os.X_OK):
        raise CannotRun(f"{binary} is not there: run `make` first")
    return binary


def build_helpers():
    # Without the flags of a make that runs us: its job server is not ours to use.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    targets = [f"build/bench/{name}" for name in ("hold", "bare", "encode")]
    subprocess.run(["make", "-s", "-C", str(ROOT), *targets], env=environment, check=True)


def enter_namespace():
    """Starts this program again in a network namespace of its own, where only our sockets are."""
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
        if sys.argv[1:] != ["--inside"]:
            sockpush_binary()
            build_helpers()
            enter_namespace()
        # As exceptions, so that what was started is ended on the way out.
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
