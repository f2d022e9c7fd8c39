"""The report: Markdown tables, and what of the targets was met."""

import os
import re
import statistics
import subprocess
from pathlib import Path

from measure import TRACED_POLLS
from peers import AGENTS, TURN_SECONDS

TARGET_RATIO = 1.15
TARGET_RESIDENT_KIB = 350
TARGET_FIRST_PUSH_MS = 10
TARGET_LATER = 10


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return f"{ms(low)} to {ms(high)}"


def machine():
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal: +(\d+)", Path("/proc/meminfo").read_text(), re.M)
    release = re.match(r"\d+\.\d+|", os.uname().release)[0]
    return (f"{os.uname().sysname} {release}, {os.uname().machine}, "
            f"{model[1] if model else 'unknown CPU'}, {os.cpu_count()} cores, {int(memory[1]) // 2**20} GiB")


def describe(binary):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip()
    return f"{version.splitlines()[0] if version else 'sockpush'}, {binary.stat().st_size:,} bytes"


def print_table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def ratio_by_turns(own, others):
    """The median of each poll's ratio to the bare loop's in the same turn: a machine that is
    busy for a while changes both."""
    return statistics.median(mine / bare for mine, bare in zip(own, others))


def verdict(met):
    return "met" if met else "**not met**"


def print_cpu(sockets, polls, tools, results):
    rows = [["bare `sock_diag` loop, only counts", ms(statistics.median(tools["bare"])), quartiles(tools["bare"]), "1.00", ""]]
    for name, (own, others, first, right) in results.items():
        ratio = ratio_by_turns(own, others)
        rows.append([name, ms(statistics.median(own)), quartiles(own),
                     f"{ratio:.2f}" + ("" if right else " (**wrong count**)"), ms(first)])
    for name, key in (("`ss -tan`", "ss"), ("`cat /proc/net/tcp /proc/net/tcp6`", "procfs")):
        rows.append([name, ms(statistics.median(tools[key])), quartiles(tools[key]),
                     f"{ratio_by_turns(tools[key], tools['bare']):.2f}", ""])
    print(f"### CPU per poll, {sockets:,} established sockets\n")
    print(f"User and system time of all threads, median and middle half of {polls} polls; "
          "the ratio is the median of each poll's to that of the bare loop in the same turn, "
          "on the same core.\n")
    print_table(["", "CPU per poll", "middle half", "× bare loop", "start, one poll, end"], rows)


def print_memory(small_sockets, sockets, small, large, calls, pushes):
    print("### Memory\n")
    print("KiB after ten polls, without address randomisation (up to 8 more with it): resident / proportional / private.\n")
    print_table(["", f"{small_sockets} sockets", f"{sockets:,} sockets"],
                [[name, *(" / ".join(str(kib) for kib in memory[name]) for memory in (small, large))]
                 for name in small])
    print("* A hundred sockets do not fill the buffer that the kernel's answers come into: that may be a page. Beyond, only discovered series take more.")
    if None not in calls.values():
        print(f"* Calls of `mmap`, `brk` and their like in {TRACED_POLLS} polls, after the second: {max(calls.values())}.")
    print(f"* First push {statistics.median(pushes):.1f} ms after the start (median of {len(pushes)}, {small_sockets} sockets, "
          "no port rules).\n")


def socket_costs(small, large, name):
    """What the many sockets add to each poll, in CPU seconds."""
    idle = statistics.median(small.results[name].cpu_seconds)
    return [seconds - idle for seconds in large.results[name].cpu_seconds]


def versions(agents):
    return ", ".join(dict.fromkeys(f"{agent.program} {agent.version()}" for agent in agents if agent.version_flag))


def print_agents(small_sockets, sockets, small, large):
    rows = []
    skipped = {**small.skipped, **large.skipped}
    for agent in AGENTS:
        if agent.name in skipped:
            rows.append([agent.name, agent.counts, f"skipped: {skipped[agent.name]}", "", "", "", ""])
            continue
        few, many = small.results[agent.name], large.results[agent.name]
        ratio = ratio_by_turns(socket_costs(small, large, agent.name), socket_costs(small, large, "sockpush"))
        rows.append([agent.name, agent.counts + ("" if few.right and many.right else " (**wrong count**)"),
                     *(ms(statistics.median(size.cpu_seconds)) for size in (few, many)), f"{max(ratio, 0):.2f}",
                     *(f"{size.resident_kib:,} KiB" for size in (few, many))])
    print("### Beside other agents\n")
    print(f"Established sockets: {small_sockets}, then {sockets:,}. Each agent, cut down to counting sockets, collects every "
          f"{TURN_SECONDS} s and pushes or answers, on the same core, in the same run; median of "
          f"{len(large.results['sockpush'].cpu_seconds)}.\nThe ratio is of what the sockets cost: CPU time with many less that "
          f"with few. {versions(agent for agent in AGENTS if agent.name in large.results)}.\n")
    print_table(["", "counts", f"CPU per poll, {small_sockets}", f"{sockets:,}", "× sockpush",
                 f"resident, {small_sockets}", f"{sockets:,}"], rows)
    print("* Most of a poll is the kernel's, which lists each socket to whoever asks: compare the bare loop below.\n"
          "* netdata asks for no sockets. It reads totals that the kernel keeps anyway, in `/proc/net/sockstat` (in use, "
          "TIME_WAIT, orphaned, memory)\n  and `/proc/net/snmp` (established): at any number of sockets for the same, but "
          "without the other states, and without ports.\n"
          "* `NO_INSTALL=1 make bench` leaves out agents that are not there; else their Debian packages are unpacked, not installed.\n")


def print_encoding(costs):
    base = costs["dogstatsd"][0]
    print("### Encoding\n")
    print("CPU time of the encoder alone for one series of a port: 13 values, 3 tags, and in `datadog` a container's id.\n")
    print_table(["format", "CPU per series", "× dogstatsd", "bytes", "lines"],
                [[f"`{name}`", f"{seconds * 1e6:.2f} µs", f"{seconds / base:.2f}", f"{size:,}", str(lines)]
                 for name, (seconds, size, lines) in costs.items()])


def print_sending(paced, flushed):
    def row(name, datagrams, seconds, cpu, lost):
        return [name, f"{datagrams:,.0f}", ms(seconds), f"{datagrams / seconds:,.0f}", cpu, f"{lost:.0f}"]

    rows = [row(f"1,000 port rules, a poll each {interval:g} s", datagrams, seconds, f"{cpu * 1e6:.1f} µs", lost)
            for interval, (datagrams, seconds, cpu, lost) in paced.items()]
    datagrams, seconds, lost = (statistics.median(column) for column in zip(*flushed))
    rows.append(row("10,000 port rules, flushed at the end", datagrams, seconds, "", lost))
    print("### Sending\n")
    print("Datagrams of one snapshot, `dogstatsd`, up to 1,432 bytes, to a receiver on loopback.\nThey are spread over a "
          "quarter of the interval on purpose; only at the program's end they leave as fast as they can. The CPU time is the sending "
          "thread's:\nthe kernel's work to deliver them is in it, and waking up after each pause.\n")
    print_table(["", "datagrams", "within", "per second", "CPU each", "lost"], rows)


def print_targets(results, small, large, calls, pushes, late):
    own, others, _, _ = results["sockpush"]
    ratio = ratio_by_turns(own, others)
    resident = small["sockpush"][0], large["sockpush"][0]
    push = statistics.median(pushes)
    if None in calls.values():
        settled = ["not measured (`strace` is missing or refused)", "unknown"]
    else:
        said = ", ".join(f"{count} ({name})" for name, count in calls.items())
        settled = [f"calls of `brk`, `mmap`, … in {TRACED_POLLS} polls: {said}", verdict(not any(calls.values()))]
    print("### Targets\n")
    print_table(["target", "measured", ""], [
        [f"within {TARGET_RATIO} × the bare loop", f"{ratio:.3f} ×", verdict(ratio <= TARGET_RATIO)],
        [f"under {TARGET_RESIDENT_KIB} KiB resident", f"{max(resident)} KiB", verdict(max(resident) < TARGET_RESIDENT_KIB)],
        ["the same at both sizes", f"{resident[0]} and {resident[1]} KiB", verdict(resident[0] == resident[1])],
        ["no allocation after the second poll", *settled],
        [f"first push within {TARGET_FIRST_PUSH_MS} ms of the start",
         f"{push:.1f} ms, median of {len(pushes)} ({min(pushes):.1f} to {max(pushes):.1f})",
         verdict(push <= TARGET_FIRST_PUSH_MS)],
        [f"polls beside stuck outputs no later than {TARGET_LATER} × those of a program without",
         f"the latest by {late[0]} ms, and by {late[1]} ms", verdict(late[0] <= TARGET_LATER * max(late[1], 1))],
    ])
