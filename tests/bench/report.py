"""Writes the page docs/benchmark.md."""

import os
import re
import statistics
import subprocess
import textwrap
import time
from pathlib import Path

from programs import ROOT
from scale import BARE, CASES, HALF, TOTALS, WALK

REFERENCE_SOCKETS = 200000
COLUMNS = 140
PICTURED_AGENTS = "collectd, tcpconns", "node_exporter, tcpstat", "Python, psutil", "`ss -tan`", "`cat /proc/net/tcp /proc/net/tcp6`"


def ms(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def in_kib(size):
    return round(size / 1024)


def memory_size(kib):
    return f"{kib:,} KiB" if kib < 10000 else f"{kib / 1024:,.0f} MiB"


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
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmark.md", ":!docs/benchmark.svg")
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


def reference(sizes):
    """Returns the size whose figures stand for all, where only one is named."""
    return [size for size in sizes if size.sockets <= REFERENCE_SOCKETS or size is sizes[0]][-1]


def residents(size):
    """Returns the resident memory of other agents that have been measured."""
    results = size.agents.results if size.agents else {}
    found = [f"{name} has {memory_size(results[name].resident_kib)}" for name in PICTURED_AGENTS
             if name in results and results[name].resident_kib]
    return f", where {', '.join(found)}" if found else ""


def summary(sizes, connections):
    at, most = reference(sizes), sizes[-1]
    results = at.cases.results
    own = results[TOTALS]
    lines = [f"A poll of {at.sockets:,} sockets takes {ms(own.median())} of CPU time, {own.against(results[BARE]):.2f} times that of a bare loop "
             "that asks the kernel for all of them and only counts."
             + (f" A poll of {most.sockets:,} takes {ms(most.cases.results[TOTALS].median())}." if most is not at else ""),
             f"With ten port rules that match half of {at.sockets:,} sockets it takes {ms(results[HALF].median())}."]
    if at.agents:
        agents = at.agents.results
        others = [f"{name} {agents[name].against(agents['sockpush']):.1f} times" for name in PICTURED_AGENTS if name in agents]
        lines.append(f"For the same {at.sockets:,} sockets the CPU time of others is, against sockpush: {', '.join(others)}.")
    lines.append(f"Resident memory is {sizes[0].cases.results[TOTALS].resident_kib} KiB at {sizes[0].sockets:,} sockets and "
                 f"{most.cases.results[TOTALS].resident_kib} KiB at {most.sockets:,}" + residents(most) + "."
                 + (f" A TLS connection adds {connections['tls'] - connections['tcp']} KiB to one over TCP." if "tls" in connections else ""))
    lines.append(f"From the start to the first push it takes {ms(at.push_seconds())} and the first poll.")
    print("## In short\n")
    bullets(*lines)


def pictured(sizes):
    """Returns the lines of the picture."""
    lines = [("sockpush", [(size.sockets, size.cases.results[TOTALS].median()) for size in sizes]),
             ("sockpush, ten port rules", [(size.sockets, size.cases.results[HALF].median()) for size in sizes]),
             ("bare full dump", [(size.sockets, size.cases.results[BARE].median()) for size in sizes])]
    for name in PICTURED_AGENTS:
        found = [(size.sockets, size.agents.results[name].median()) for size in sizes if size.agents and name in size.agents.results]
        if found:
            lines.append(("cat /proc/net/tcp*" if "cat" in name else name.strip("`"), found))
    return lines


def picture():
    print("![CPU time of a poll by the number of TCP sockets, a line for each program: the figures are in the tables below](benchmark.svg)\n")


# ---- the tables

def by_size(first, sizes):
    return [first, *(f"{size.sockets:,}" for size in sizes)]


def cell(result, base=None):
    ratio = f", {result.against(base):.2f} ×" if base else ""
    return ms(result.median()) + ratio + ("" if result.right else " (**wrong count**)")


def cases(sizes, time_wait, reason):
    def row(name, turns, case):
        return [name, *(cell(results[case], results[BARE] if case != BARE else None) for results in turns)]

    plain, mixed = [size.cases.results for size in sizes], [size.mixed.results for size in sizes]
    rows = [row(BARE, plain, BARE), row(WALK, plain, WALK), *(row(f"sockpush, {name}", plain, name) for name, _, _ in CASES)]
    rows += [row(f"half v4-mapped, 2 % IPv6: {name}", mixed, case) for name, case in ((BARE, BARE), (WALK, WALK), ("sockpush, no rules", TOTALS))]
    count, turns = time_wait
    print("## CPU per poll\n")
    paragraph("All sockets are established connections over loopback, beside 100 listeners. CPU time is user and system time of all threads, sending "
              f"included: the median of {', '.join(str(len(size.cases.results[TOTALS].cpu_seconds)) for size in sizes)} polls. In each turn each program "
              "polls once, on the same core. The ratio is to the bare full dump, which asks the kernel for all sockets and counts them, nothing else: "
              "the median of the ratios of the turns. The walk is the same loop, but the kernel leaves out what is ESTABLISHED.")
    paragraph(f"There are not more than {sizes[-1].sockets:,} sockets, because {reason}.")
    table(by_size("program and case", sizes), rows)
    results = turns.results
    bullets(f"With {count:,} sockets in TIME_WAIT instead, and no connections, sockpush takes {cell(results[TOTALS], results[BARE])}. The bare full "
            f"dump takes {cell(results[BARE])}.",
            "Rules are compared in `influx`, because 1,000 rules are more than a thousand datagrams in `dogstatsd`: that would compare sending.",
            "Rules are measured without owners (`SOCKPUSH_PID=off`). The search for the owners of ports takes "
            + ", ".join(f"{ms(size.owners_seconds)} at {size.sockets:,} sockets" for size in sizes) + ". It takes place at most once a minute.",
            "Listing each socket to a program that asks is most of a poll's cost, and it is the kernel's work. sockpush asks for fewer: [how it "
            "counts](internals.md#counting).")


def agents(sizes):
    turns = [size.agents for size in sizes]
    names = list(dict.fromkeys(name for found in turns for name in (*found.results, *found.skipped)))

    def cells(name):
        for found in turns:
            if name in found.skipped:
                yield f"skipped: {found.skipped[name]}"
                continue
            result = found.results[name]
            base = None if name == "sockpush" else found.results["sockpush"]
            yield cell(result, base) + (f", {memory_size(result.resident_kib)}" if result.resident_kib else "")

    versions = dict.fromkeys(version for found in turns for version in found.versions)
    print("## Beside other agents\n")
    paragraph("Each agent only counts sockets: all else is switched off. Each collects at its interval, or answers a query, in turns on the same core. "
              "Cells have CPU time of a poll, its ratio to sockpush's in the same turn, and the most resident memory that it had. Times are the median of "
              f"{', '.join(str(len(found.results['sockpush'].cpu_seconds)) for found in turns)} polls."
              + (f" Versions: {', '.join(versions)}." if versions else ""))
    table(by_size("agent", sizes), [[name, *cells(name)] for name in names])
    bullets("sockpush counts TCP by state and IP version, and UDP. collectd and psutil count TCP by state, node_exporter also bytes in queues. "
            "1,000 ports are also counted apart.",
            "psutil takes the place of gopsutil. Both make an object of every socket, and look for its process in all processes' descriptors; psutil "
            "cannot leave that out.",
            "`ss` and `cat` count nothing. They start, list all sockets and end.",
            "`make bench` unpacks the agents' Debian packages and does not install them. `NO_INSTALL=1 make bench` skips agents that are absent.")


def memory(sizes, lines, calls, connections):
    print("## Memory\n")
    paragraph("Resident KiB after ten polls or more, without address randomisation, which adds up to 8. Resident is all memory that the kernel holds for "
              "the program, its code included. The last column is one snapshot's lines, which lie in the output's buffer until they are sent and are "
              "part of it.")
    table([*by_size("sockpush", sizes), "lines"],
          [[name, *(f"{size.cases.results[name].resident_kib:,} KiB" for size in sizes), f"{lines[name]:,} bytes"] for name in lines])
    notes = ["sockpush keeps no table of sockets. It counts those that the kernel lists, and forgets them. Only series that are discovered "
             "(`*:1-65535`, `listen`) take memory as they come."]
    if None not in calls.values():
        notes.append(f"After the second poll, ten polls made {max(calls.values())} calls of `mmap`, `brk` and the like.")
    bullets(*notes)
    print("### Of a connection\n")
    paragraph(f"Resident KiB of sockpush with one output, {sizes[0].sockets:,} sockets, after ten polls. The TLS receiver has TLS 1.3 and a P-256 certificate.")
    table(["output", "resident", "more than UDP"], [[f"`{transport}://`", f"{kib:,} KiB", f"{kib - connections['udp']:+,} KiB" if transport != "udp" else ""]
                                                    for transport, kib in connections.items()])


def start(sizes):
    print("## Start\n")
    paragraph("From before the process starts until its first datagram arrives, without rules. The first poll lists all sockets. The rest is that time "
              "less the poll's own, which sockpush reports as `poll_us`. Medians.")
    table(["", *by_size("", sizes)[1:]], [
        ["first push", *(ms(statistics.median(total for total, _ in size.pushes)) for size in sizes)],
        ["without the poll", *(ms(size.push_seconds()) for size in sizes)]])


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


def sampling(costs):
    print("## Samples of accept queues\n")
    paragraph("With rules of local ports the listeners are read each 100 ms, between the polls, or as rarely as keeps it at 0.1 % of a core.")
    table(["listeners", "rules", "of a core", "samples a second", "each"],
          [[f"{listeners:,}", f"`{rules}`", f"{100 * share:.3f} %", f"{rate:.1f}", f"{share / rate * 1e6:.0f} µs" if rate else ""]
           for (listeners, rules), (share, rate) in costs.items()])


def pods(costs, sockets, namespaces, modes):
    print("## Pods\n")
    paragraph("`SOCKPUSH_PODS`: network namespaces, each with a listener and five connections within it, and a poll once a second; "
              "`SOCKPUSH_BACKEND=off`, so that nothing else is read. Encoding and sending are part of it. Beside them, another namespace "
              "has many connections or none.")
    table(["namespaces", "other sockets", *(f"CPU time of a poll, `{mode}`" for mode in modes), "of each", "memory"],
          [[f"{count:,}", f"{others:,}", *(f"{1000 * costs[others, count, mode][0]:.1f} ms" for mode in modes),
            f"{1e6 * costs[others, count, modes[0]][0] / count:.0f} µs", f"{costs[others, count, modes[0]][1]:,} KiB"]
           for others in sockets for count in namespaces])
