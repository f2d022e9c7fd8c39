"""Measures sockpush alone: CPU time per poll and per series, memory, system calls for memory, time to the first push."""

import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from programs import HELPERS, CannotRun, Receiver, on_measured_cpu, running, sockpush_environment

TRACED_POLLS = 10
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


def first_push(binary):
    """Returns the seconds from before the process starts until its first datagram arrives, and those of the poll before it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        to = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
        start = time.monotonic()
        with running([binary], measured=True, env=sockpush_environment(to, 1, 10, {})):
            text = receiver.recv(65536)
            seconds = time.monotonic() - start
            while not (poll := re.search(rb"^sockpush\.poll_us:(\d+)", text, re.M)):
                text = receiver.recv(65536)
    return seconds, int(poll[1]) / 1e6


def snapshot_bytes(binary, settings):
    """Returns the bytes of one snapshot's lines, which lie in the output's buffer until they are sent."""
    environment = sockpush_environment("stdout:", 1, 1, settings)
    return len(subprocess.run([binary], env=environment, stdout=subprocess.PIPE, check=True).stdout)


def owners_seconds(binary, settings, runs):
    """Returns the CPU time of the search for the owners of ports: that of a run of one poll, less that of a run without the search."""
    def one_poll(pid):
        environment = sockpush_environment(receiver.url, 1, 1, {**settings, "SOCKPUSH_PID": pid})
        return statistics.median(cpu_seconds_of([str(binary)], environment) for _ in range(runs))

    with Receiver() as receiver:
        return one_poll("auto") - one_poll("off")
