"""Hostile lines, as many as one core can send: memory is bounded, each datagram is counted, and the polls go on."""
import re
import subprocess

import pytest

import streams
import wait
from chaos import SLOW, report                  # report: a fixture
from program import BINARY, ROOT
from test_relay import counters, relay          # relay: a fixture

LINES = 10_000_000 if SLOW else 1_000_000
SENDER = ROOT / "build" / "bench" / "lines"
MEMORY_KIB = 8 * 1024       # 1 MiB of metrics, 4 MiB of snapshots that wait for the output influx, and the rest


def drain(connection, got):
    """Reads to the sender's end, and keeps nothing but the number of lines."""
    got.append(0)
    n = 0
    while data := connection.recv(1 << 20):
        n += data.count(b"\n")
    return n


def peak_kib(program):
    with open(f"/proc/{program.process.pid}/status") as file:
        return int(re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M)[1])


def test_hostile_lines(relay, keep, report):
    if not SENDER.exists():
        pytest.skip("build/bench/lines is not there: `make e2e` builds it")
    receiver = keep(streams.Aggregator(lambda n: drain))
    program = relay(to=f"influx+stdout:,dogstatsd+tcp://127.0.0.1:{receiver.port}", interval="100ms")
    done = subprocess.run([SENDER, "8125", str(LINES), "0", "hostile", "7"], capture_output=True, text=True, timeout=10 * wait.DEADLINE, check=True)
    sent = done.stdout.split()
    peak = peak_kib(program)
    assert program.end() == 0, program.log
    last = counters(program.out)
    assert last["datagrams"] + last["kernel_drops"] == int(sent[1]), program.log
    assert last["lines"] > 0 and last["refused_lines"] > 0 and last["overflow_lines"] > 0
    assert peak < MEMORY_KIB or b"__asan_" in BINARY.read_bytes()
    [polls] = re.findall(r"ends after (\d+) polls", program.log)
    times = [int(line.rsplit(" ", 1)[1]) for line in program.out.splitlines() if line.startswith("sockpush_listen,")]
    assert len(times) - int(polls) in (0, 1) and times == sorted(times), "each poll, and what came after the last"
    report(f"{sent[0]} lines in {sent[1]} datagrams, of which the kernel dropped {last['kernel_drops']}; {polls} polls; at most {peak} KiB")
