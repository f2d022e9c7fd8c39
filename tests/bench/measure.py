"""Measures sockpush alone: CPU time per poll and per series, memory, system calls for memory, time to the first push."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from programs import HELPERS, CannotRun, Receiver, on_measured_cpu, running, sockpush_environment

TRACED_POLLS = 10
UNCOUNTED_POLLS = 4
SENDING = ("sendto", "sendmsg", "write")


def cpu_seconds_now(pid):
    """Returns the CPU time of all threads so far: exact while they sleep, unlike the ticks in /proc/PID/stat."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def cpu_seconds_of(command, environment=None):
    """Returns the CPU time of one run of a command, its start included."""
    to_null = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    with on_measured_cpu():
        pid = os.posix_spawn(shutil.which(command[0]), command, environment or os.environ, file_actions=to_null)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise CannotRun(f"{' '.join(command)} ended with status {status}")
    return usage.ru_utime + usage.ru_stime


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))


def sockpush_against_bare(binary, bare, settings, polls, interval, expected):
    """Polls with sockpush and with the bare loop by turns, so that anything that slows the machine slows both.

    sockpush polls at its start and at every whole interval after it. Half an interval later it sleeps (its datagrams are spread over a
    quarter of the interval): then its CPU time is read, and then the bare loop has its turn. Returns (CPU seconds of each poll, those
    of each bare poll, those of a run of one poll only, whether the count was right)."""
    own, others = [], []
    with Receiver() as receiver:
        first = cpu_seconds_of([str(binary)], sockpush_environment(receiver.url, 1, interval, settings))
        environment = sockpush_environment(receiver.url, polls + 20, interval, settings)
        start = time.monotonic()
        with running([binary], measured=True, env=environment) as child:
            # The first polls are not counted: they touch memory and look for the ports' owners.
            sleep_until(start + (UNCOUNTED_POLLS - 0.5) * interval)
            before = cpu_seconds_now(child.pid)
            for n in range(UNCOUNTED_POLLS, UNCOUNTED_POLLS + polls):
                others.append(bare.poll()[0])
                sleep_until(start + (n + 0.5) * interval)
                if child.poll() is not None:
                    raise CannotRun(f"sockpush ended with status {child.returncode}, {settings}")
                now = cpu_seconds_now(child.pid)
                own.append(now - before)
                before = now
        right = sum(receiver.established.values()) == expected
    return own, others, first, right


def memory_kib(binary, settings, interval):
    """Returns resident, proportional and private KiB after ten polls. Nobody reads the lines.

    Address randomisation is off, because the place of a stack within its page alone moves the figure by up to two pages from run to
    run."""
    environment = sockpush_environment("udp://127.0.0.1:9", 100, interval, settings)
    with running(["setarch", "-R", binary], env=environment) as child:
        time.sleep(10.5 * interval)
        if child.poll() is not None:
            raise CannotRun(f"sockpush ended with status {child.returncode}, {settings}")
        text = Path(f"/proc/{child.pid}/smaps_rollup").read_text()
    value = {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return value["Rss"], value["Pss"], value["Private_Clean"] + value["Private_Dirty"]


def memory_calls_when_settled(binary, settings, interval):
    """Counts calls of brk, mmap, munmap, mprotect, … in the ten polls after the second, in all threads.

    strace also shows the request that begins each TCP dump, and so where a poll begins. Returns None if strace is absent, or if its
    trace cannot be read so."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r", prefix="bench-strace-") as trace, Receiver() as receiver:
        environment = sockpush_environment(receiver.url, 2 + TRACED_POLLS + 1, interval, settings)
        command = ["strace", "-f", "--seccomp-bpf", "-o", trace.name,
                   "-e", "trace=%memory," + ",".join(SENDING), binary]
        # The status is ignored: strace may slow the sending so much that lines are left over.
        subprocess.run(command, env={"PATH": os.environ["PATH"], **environment},
                       stderr=subprocess.DEVNULL, timeout=120)
        lines = trace.readlines()
    # strace prints the request's name only once it knows the socket's protocol.
    begins = [i for i, line in enumerate(lines) if re.search(r"nlmsg_type=(TCPDIAG_GETSOCK|0x12)\b", line)]
    if len(begins) < 2 + TRACED_POLLS + 1:
        return None
    settled = lines[begins[2]:begins[2 + TRACED_POLLS]]
    calls = [match[1] for line in settled if (match := re.match(r"\d+ +(\w+)\(", line))]
    return sum(call not in SENDING for call in calls)


def encoding_costs():
    """Returns, by format, CPU seconds, bytes and lines of one series (encode.c)."""
    with on_measured_cpu():
        text = subprocess.run([HELPERS / "encode"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = (line.split() for line in text.splitlines())
    return {name: (int(nanoseconds) / 1e9, int(size), int(lines)) for name, nanoseconds, size, lines in rows}


def first_push_ms(binary):
    """Returns the milliseconds from before the process starts until its first datagram arrives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(30)
        to = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
        start = time.monotonic()
        with running([binary], measured=True, env=sockpush_environment(to, 1, 10, {})):
            receiver.recv(65536)
            return (time.monotonic() - start) * 1000
