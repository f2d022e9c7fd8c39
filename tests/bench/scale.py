"""Measures the cost of a poll by the number of sockets: sockpush in several cases, the bare loop, other agents."""

import contextlib
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import measure
import peers
from programs import CannotRun, bare_loop, held_sockets
from turns import BareDump, Sockpush, Turns

SIZES = 2000, 20000, 200000
MOST = 1000000
SOCKET_BYTES = 5120  # of the kernel's memory, at most
WHOLE = 2000         # a size is a multiple of this, so that a mixture has whole shares
TIME_WAIT = 100000
MOST_TIME_WAIT = Path("/proc/sys/net/ipv4/tcp_max_tw_buckets")

BARE, WALK = "bare full dump", "walk that leaves ESTABLISHED out"
TOTALS, NO_MATCH, HALF = "no rules", "ten ports without a socket", "ten rules that match half, influx"
MANY, MANY_DOGSTATSD, LISTEN = "1,000 rules that match the same, influx", "1,000 rules, dogstatsd", "`listen`, 100 listeners, influx"
ANY, EXACT, PROCFS = "`*:1-65535`, influx", "no rules, `SOCKPUSH_COUNT=exact`", "no rules, procfs"
HALF_OFF, QUEUES_ON = "ten rules that match half, influx, `SOCKPUSH_QUEUES=off`", "no rules, `SOCKPUSH_QUEUES=on`"

# hold.c connects to ports 8000 to 8009, so half of all sockets (the accepted ends) match rules of these. The clients' ends match none.
TEN_PORTS = {"SOCKPUSH_PORTS": ",".join(map(str, range(8000, 8010)))}
THOUSAND_PORTS = {"SOCKPUSH_PORTS": ",".join(map(str, range(8000, 9000)))}
INFLUX = {"SOCKPUSH_FORMAT": "influx"}

# The name of a case, its settings, and how long a poll may take, in polls of the bare loop. None looks for the owners of ports.
CASES = [(name, {"SOCKPUSH_PID": "off", **settings}, weight) for name, settings, weight in [
    (TOTALS, {}, 0.5),
    (NO_MATCH, {"SOCKPUSH_PORTS": "22,25,53,80,110,143,443,587,993,995"}, 0.7),
    (HALF, {**TEN_PORTS, **INFLUX}, 1.1),
    (HALF_OFF, {**TEN_PORTS, **INFLUX, "SOCKPUSH_QUEUES": "off"}, 1.1),
    (MANY, {**THOUSAND_PORTS, **INFLUX}, 1.2),
    (LISTEN, {"SOCKPUSH_PORTS": "listen", **INFLUX}, 1.2),
    (MANY_DOGSTATSD, THOUSAND_PORTS, 1.3),
    (ANY, {"SOCKPUSH_PORTS": "*:1-65535", **INFLUX}, 1.8),
    (EXACT, {"SOCKPUSH_COUNT": "exact"}, 1.2),
    (QUEUES_ON, {"SOCKPUSH_QUEUES": "on"}, 1.2),
    (PROCFS, {"SOCKPUSH_BACKEND": "procfs"}, 2.3),
]]


class Size(NamedTuple):
    sockets: int
    cases: Turns
    mixed: Turns
    agents: Turns | None
    pushes: list           # seconds from the start to the first push, and of the poll before it
    owners_seconds: float  # of the search for the owners of ports

    def push_seconds(self):
        """Returns the median time from the start to the first push, without the poll."""
        return statistics.median(total - poll for total, poll in self.pushes)


def largest(limit):
    """Returns how many sockets the machine allows, at most `limit`, and why not more."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    used, _, most = map(int, Path("/proc/sys/fs/file-nr").read_text().split())
    bounds = [
        (limit, "the bench takes no more" if limit == MOST else "`BENCH_SOCKETS` says so"),
        (memory_bytes() // 3 // SOCKET_BYTES, f"they may take a third of the free memory, {SOCKET_BYTES // 1024} KiB each"),
        (255 * min(16000, (hard - 132) // 200 * 200), f"of 255 processes, each may open {hard:,} files"),
        (int(0.9 * (most - used)), f"the machine may open {most:,} files"),
    ]
    sockets, reason = min(bounds)
    return sockets // WHOLE * WHOLE, reason


def memory_bytes():
    """Returns the memory that the machine, or the control group of this process, has left."""
    kib = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemAvailable:"))
    group = Path("/sys/fs/cgroup")
    try:
        return min(kib * 1024, int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # there is no group, or it has no limit
        return kib * 1024


def sizes(limit):
    """Returns the numbers of sockets to measure at, and why there are not more."""
    sockets, reason = largest(min(limit, MOST))
    # Another size close to one of these would tell nothing more.
    smaller = [size for size in SIZES if size <= sockets]
    return smaller + [sockets] if not smaller or sockets >= 1.5 * smaller[-1] else smaller, reason


def polls_for(sockets, polls):
    """Returns how many polls of each case are counted, of each other agent, and how many of these are not counted before."""
    if sockets > 500000:
        return min(polls, 6), 2, 0
    return (min(polls, 11), 4, 1) if sockets > 50000 else (polls, min(polls, 10), 1)


def bare_unit(bare, held):
    """Returns how long a poll of the bare loop takes. It must list what is held."""
    times = []
    for _ in range(3):
        start = time.monotonic()
        established = bare.poll()[1]
        times.append(time.monotonic() - start)
        if established != held.established:
            raise CannotRun(f"the kernel lists {established} established sockets, not {held.established}")
    return statistics.median(times)


def run_cases(binary, held, cases, polls):
    """Runs sockpush in some cases beside the bare loop. At least ten polls come before memory is read: at the start, three, and six."""
    with bare_loop() as bare:
        unit = bare_unit(bare, held)
        dumps = [BareDump(BARE, bare, False, 1), BareDump(WALK, bare, True, 0.3)]
        return Turns([Sockpush(binary, *case) for case in cases] + dumps, held, unit, 3, polls)


def run_agents(binary, held, polls, uncounted):
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, bare_loop() as bare:
        return Turns(peers.agents(binary, Path(folder)), held, bare_unit(bare, held), uncounted, polls)


def measure_size(binary, sockets, polls, with_agents, progress):
    polls, *of_agents = polls_for(sockets, polls)
    few = 3 if sockets > 500000 else 7
    progress(f"making {sockets:,} sockets")
    with held_sockets(sockets) as held:
        progress(f"{sockets:,} sockets: {len(CASES)} cases")
        cases = run_cases(binary, held, CASES, polls)
        progress(f"{sockets:,} sockets: first push, owners of ports")
        pushes = [measure.first_push(binary) for _ in range(few)]
        owners = measure.owners_seconds(binary, TEN_PORTS, few // 3)
        agents = None
        if with_agents:
            progress(f"{sockets:,} sockets: other agents")
            agents = run_agents(binary, held, *of_agents)
    progress(f"making {sockets:,} sockets, half of them v4-mapped")
    with held_sockets(sockets, "mixed") as held:
        mixed = run_cases(binary, held, CASES[:1], polls)
    return Size(sockets, cases, mixed, agents, pushes, owners)


def measure_time_wait(binary, sockets, polls):
    """Measures beside sockets in TIME_WAIT, which last a minute. Returns how many there were, and the turns."""
    if int(MOST_TIME_WAIT.read_text()) < 2 * sockets:
        with contextlib.suppress(OSError):  # fewer will stay
            MOST_TIME_WAIT.write_text(str(2 * sockets))
    with held_sockets(sockets, "time-wait") as held:
        return held.time_wait, run_cases(binary, held, CASES[:1], min(polls, 11))
