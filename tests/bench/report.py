"""Writes the report docs/benchmark.md, and a table of the targets that were met."""

import os
import re
import statistics
import subprocess
import textwrap
import time
from pathlib import Path

from measure import TRACED_POLLS
from peers import AGENTS, TURN_SECONDS
from programs import ROOT

TARGET_RATIO = 1.15
TARGET_RESIDENT_KIB = 350
TARGET_FIRST_PUSH_MS = 10
TARGET_LATER = 10
COLUMNS = 140


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def median_ms(values):
    return ms(statistics.median(values))


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return f"{ms(low)} to {ms(high)}"


def paragraph(text):
    print(textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False) + "\n")


def bullets(*texts):
    for text in texts:
        print(textwrap.fill(text, COLUMNS, initial_indent="* ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    print()


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def ratio_by_turns(own, others):
    """Returns the median of each poll's ratio to the bare loop's in the same turn, because a busy machine slows both."""
    return statistics.median(mine / bare for mine, bare in zip(own, others))


def verdict(met):
    return "met" if met else "**not met**"


# ---- the machine and the program

def machine():
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal: +(\d+)", Path("/proc/meminfo").read_text(), re.M)
    release = re.match(r"\d+\.\d+|", os.uname().release)[0]
    return (f"{os.uname().sysname} {release}, {os.uname().machine}, "
            f"{model[1] if model else 'unknown CPU'}, {os.cpu_count()} cores, {int(memory[1]) // 2**20} GiB of memory")


def version(binary):
    text = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.split()
    return text[1] if len(text) > 1 else "of no version"


def commit():
    """Returns the commit, marked if the tree differs from it, or an empty text outside of a clone."""
    def git(*words):
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "--short=12", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmark.md")
    return f", commit {found}{' with changes' if changed else ''}" if found else ""


def with_tls(binary):
    """Returns whether the program has TLS. One without refuses tls:// by name."""
    done = subprocess.run([binary, "--check"], env={"SOCKPUSH_TO": "tls://127.0.0.1:9"}, capture_output=True, text=True, timeout=60)
    return "without TLS" not in done.stdout + done.stderr


def heading(binary):
    tls = "with TLS" if with_tls(binary) else "without TLS"
    print("# What sockpush costs\n")
    paragraph("`make bench` wrote this page. All figures are of one run on one machine. Times differ from machine to machine, so look at the ratios.")
    table(["what", "in this run"], [
        ["date", time.strftime("%Y-%m-%d", time.gmtime())],
        ["version", f"sockpush {version(binary)}{commit()}"],
        ["program", f"{binary.stat().st_size:,} bytes, {tls}"],
        ["machine", machine()]])


def summary(binary, small_sockets, sockets, connections, results, small, large, pushes, turns):
    own, others, *_ = results["sockpush"]
    lines = [f"A poll of {sockets:,} sockets takes {median_ms(own)} of CPU time, {ratio_by_turns(own, others):.2f} times that of a bare "
             "loop that asks the kernel for them and counts."]
    if turns:
        agents = {agent.name: turns.results[agent.name] for agent in AGENTS if agent.name in turns.results}
        compared = [f"{name} {median_ms(agents[name].cpu_seconds)} and {agents[name].resident_kib:,} KiB"
                for name in ("sockpush", "collectd, tcpconns", "node_exporter, tcpstat") if name in agents]
        if len(compared) > 1:
            lines.append(f"Beside other agents, CPU time of a poll and resident memory at {sockets:,} sockets: {'; '.join(compared)}.")
    lines += [f"Resident memory is {small['sockpush'][0]} KiB at {small_sockets} sockets and {large['sockpush'][0]} KiB at {sockets:,}.",
              f"The program is one file of {binary.stat().st_size:,} bytes."]
    if "tls" in connections:
        lines.append(f"With a TLS connection its resident memory is {connections['tls']} KiB, {connections['tls'] - connections['tcp']} KiB more than over TCP.")
    lines.append(f"The first push leaves {statistics.median(pushes):.1f} ms after the start.")
    print("## In short\n")
    bullets(*lines)


# ---- the tables

def socket_costs(small, large, name):
    """Returns the CPU seconds that the many sockets add to each poll."""
    idle = statistics.median(small.results[name].cpu_seconds)
    return [seconds - idle for seconds in large.results[name].cpu_seconds]


def versions(agents):
    return ", ".join(dict.fromkeys(f"{agent.program} {agent.version()}" for agent in agents if agent.version_flag))


def agents(small_sockets, sockets, small, large):
    rows = []
    skipped = {**small.skipped, **large.skipped}
    for agent in AGENTS:
        if agent.name in skipped:
            rows.append([agent.name, agent.counts, f"skipped: {skipped[agent.name]}", "", "", "", ""])
            continue
        few, many = small.results[agent.name], large.results[agent.name]
        ratio = ratio_by_turns(socket_costs(small, large, agent.name), socket_costs(small, large, "sockpush"))
        rows.append([agent.name, agent.counts + ("" if few.right and many.right else " (**wrong count**)"),
                     *(median_ms(size.cpu_seconds) for size in (few, many)), f"{max(ratio, 0):.2f}",
                     *(f"{size.resident_kib:,} KiB" for size in (few, many))])
    print("## Beside other agents\n")
    measured = versions(agent for agent in AGENTS if agent.name in large.results)
    paragraph(f"There are {small_sockets} established sockets, then {sockets:,}. Each agent only counts sockets: all else is switched off. Each "
              f"collects every {TURN_SECONDS} s and pushes or answers a query. All run at the same time, on the same core. "
              f"Times are the median of {len(large.results['sockpush'].cpu_seconds)} polls." + (f" Versions: {measured}." if measured else ""))
    paragraph("The ratio compares what the sockets cost: CPU time with many sockets less CPU time with few.")
    table(["agent", "counts", f"CPU per poll, {small_sockets}", f"{sockets:,}", "× sockpush", f"resident, {small_sockets}", f"{sockets:,}"], rows)
    bullets("Listing each socket to a program that asks is most of a poll's cost, and it is the kernel's work. sockpush asks for fewer: "
            "[how it counts](internals.md#counting).",
            "netdata does not list sockets. It reads totals from `/proc/net/sockstat` and `/proc/net/snmp`, which the kernel keeps anyway. "
            "Their cost does not depend on the number of sockets. They have no states but ESTABLISHED and TIME_WAIT, and no ports.",
            "`make bench` unpacks the agents' Debian packages and does not install them. `NO_INSTALL=1 make bench` skips agents that are absent.")


def cpu(sockets, polls, tools, results):
    rows = [["bare `sock_diag` loop, only counts", median_ms(tools["bare"]), quartiles(tools["bare"]), "1.00", ""]]
    for name, (own, others, first, right) in results.items():
        ratio = ratio_by_turns(own, others)
        rows.append([name, median_ms(own), quartiles(own), f"{ratio:.2f}" + ("" if right else " (**wrong count**)"), ms(first)])
    for name, key in (("`ss -tan`", "ss"), ("`cat /proc/net/tcp /proc/net/tcp6`", "procfs")):
        rows.append([name, median_ms(tools[key]), quartiles(tools[key]), f"{ratio_by_turns(tools[key], tools['bare']):.2f}", ""])
    print(f"## CPU per poll, {sockets:,} established sockets\n")
    paragraph(f"CPU time is user and system time of all threads. The table has the median and the middle half of {polls} polls. The bare loop "
              "asks the kernel for all sockets and counts them, nothing else. It runs in turns with sockpush, on the same core. The ratio is the "
              "median of the ratios of the turns.")
    paragraph("The last column is the CPU time of a program that starts, polls once and ends. With port rules it includes the search for the "
              "owners of ports, which later polls repeat at most once a minute.")
    table(["program", "CPU per poll", "middle half", "× bare loop", "start, one poll, end"], rows)


def memory(small_sockets, sockets, small, large, calls, connections, pushes):
    print("## Memory\n")
    paragraph("KiB after ten polls, without address randomisation, which adds up to 8: resident / proportional / private. Resident is all "
              "memory that the kernel holds for the program, its code included.")
    table(["program", f"{small_sockets} sockets", f"{sockets:,} sockets"],
          [[name, *(" / ".join(f"{kib:,}" for kib in memory[name]) for memory in (small, large))] for name in small])
    notes = ["sockpush keeps no table of sockets. It counts those that the kernel lists, and forgets them. Only series that are discovered (`*:1-65535`, `listen`) take "
             "memory as they come.",
             f"{small_sockets} sockets do not fill the buffer for the kernel's answers. That can save a page."]
    if None not in calls.values():
        notes.append(f"After the second poll, ten polls made {max(calls.values())} calls of `mmap`, `brk` and the like.")
    notes.append(f"The first push left {statistics.median(pushes):.1f} ms after the start: median of {len(pushes)}, {small_sockets} sockets, no port rules.")
    bullets(*notes)
    print("### Of a connection\n")
    paragraph(f"Resident KiB of sockpush with one output, {small_sockets} sockets, after ten polls. The TLS receiver has TLS 1.3 and a P-256 certificate.")
    table(["output", "resident", "more than UDP"], [[f"`{transport}://`", f"{kib:,} KiB", f"{kib - connections['udp']:+,} KiB" if transport != "udp" else ""]
                                                    for transport, kib in connections.items()])


def encoding(costs):
    base = costs["dogstatsd"][0]
    print("## Encoding\n")
    paragraph("CPU time of the encoder alone, for one series of a port: 13 values and 3 tags. `datadog` also has a container's id.")
    table(["format", "CPU per series", "× dogstatsd", "bytes", "lines"],
          [[f"`{name}`", f"{seconds * 1e6:.2f} µs", f"{seconds / base:.2f}", f"{size:,}", str(lines)]
           for name, (seconds, size, lines) in costs.items()])


def sending(paced, flushed):
    def row(name, datagrams, seconds, cpu, lost):
        return [name, f"{datagrams:,.0f}", ms(seconds), f"{datagrams / seconds:,.0f}", cpu, f"{lost:.0f}"]

    rows = [row(f"1,000 port rules, a poll each {interval:g} s", datagrams, seconds, f"{cpu * 1e6:.1f} µs", lost)
            for interval, (datagrams, seconds, cpu, lost) in paced.items()]
    datagrams, seconds, lost = (statistics.median(column) for column in zip(*flushed))
    rows.append(row("10,000 port rules, flushed at the end", datagrams, seconds, "", lost))
    print("## Sending\n")
    paragraph("Datagrams of one snapshot in `dogstatsd`, of up to 1,432 bytes, to a receiver on loopback. sockpush spreads them over a quarter of "
              "the interval, at most 500 ms, so that the receiver's buffer does not overflow. Only at its end it sends as fast as it can.")
    paragraph("CPU time is that of the sending thread. It includes the kernel's work to deliver the datagrams, and waking up after each pause.")
    table(["snapshot", "datagrams", "within", "per second", "CPU each", "lost"], rows)


def lateness(late):
    print("## Beside stuck receivers\n")
    paragraph("Two sockpush poll every 100 ms for 6 s. One also pushes to three receivers that are stuck: they accept no connection, or read "
              "nothing. A stuck receiver must not delay a poll.")
    table(["outputs", "latest poll"], [["only `stdout:`", f"{late[1]} ms late"], ["three stuck receivers and `stdout:`", f"{late[0]} ms late"]])


def targets(results, small, large, calls, pushes, late):
    own, others, _, _ = results["sockpush"]
    ratio = ratio_by_turns(own, others)
    resident = small["sockpush"][0], large["sockpush"][0]
    push = statistics.median(pushes)
    if None in calls.values():
        settled = ["not measured: `strace` is absent or refused", "unknown"]
    else:
        counted = ", ".join(f"{count} ({name})" for name, count in calls.items())
        settled = [f"calls of `brk`, `mmap`, … in {TRACED_POLLS} polls: {counted}", verdict(not any(calls.values()))]
    print("## Targets\n")
    table(["target", "measured", ""], [
        [f"at most {TARGET_RATIO} × the bare loop", f"{ratio:.3f} ×", verdict(ratio <= TARGET_RATIO)],
        [f"less than {TARGET_RESIDENT_KIB} KiB resident", f"{max(resident)} KiB", verdict(max(resident) < TARGET_RESIDENT_KIB)],
        ["the same at both sizes", f"{resident[0]} and {resident[1]} KiB", verdict(resident[0] == resident[1])],
        ["no allocation after the second poll", *settled],
        [f"first push within {TARGET_FIRST_PUSH_MS} ms of the start",
         f"{push:.1f} ms, median of {len(pushes)} ({min(pushes):.1f} to {max(pushes):.1f})",
         verdict(push <= TARGET_FIRST_PUSH_MS)],
        [f"polls beside stuck receivers at most {TARGET_LATER} × as late as without",
         f"the latest by {late[0]} ms, without by {late[1]} ms", verdict(late[0] <= TARGET_LATER * max(late[1], 1))],
    ])
