"""Measures the relay: lines a second without a drop, CPU time of a line and memory, beside other programs that aggregate StatsD.

The sender (lines.c) runs on another core than what is measured. All programs get the same input in the same run. What was sent is what was
received and what the kernel dropped, exactly: sockpush's own counters say so, or the bench ends."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from measure import cpu_seconds_now
from peers import PATH, Peer
from programs import HELPERS, ROOT, UNPACKED, CannotRun, running, sockpush_environment
from report import bullets, paragraph, table
from targets import verdict
from turns import Skipped

PORT = 8125
RATES = (0, 6_000_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000, 500_000)    # lines a second, until none is dropped; 0: as fast as it can
ONE_RATES = (300_000, 200_000, 100_000)
SECONDS = 2             # of sending
FLUSH_SECONDS = 1
SERIES = (10, 1000, 10000)
PEERS_SERIES = 1000
PEERS_RATES = {300_000: 1_200_000, 0: 4_000_000}         # lines in all, by rate
MEMORY = {10000: "4MiB"}                                                        # of more series than the default has room for
PACKED_TARGET, ONE_TARGET, RESIDENT_TARGET = 3_000_000, 300_000, 2048
ETSY_TARGET, PEERS_TARGET = 20, 3


class Taken(NamedTuple):
    """What a program got, and what it cost."""
    lines: int          # sent
    per_second: float   # sent
    dropped: int        # datagrams
    cpu_seconds: float  # of a line that was received
    resident_kib: int


def socket_of_port():
    """Returns the bytes that wait in the socket at PORT, and the datagrams that the kernel dropped there."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[1].endswith(f":{PORT:04X}"):
            return int(columns[4].split(":")[1], 16), int(columns[12])
    return None


def wait_for(condition, what):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise Skipped(what)


def send(lines, rate, kind, series):
    """Returns the lines and datagrams sent, and the seconds that took."""
    with running([HELPERS / "lines", PORT, lines, rate, kind, series], stdout=subprocess.PIPE, text=True) as sender:
        sent, datagrams, seconds = sender.stdout.read().split()
        return int(sent), int(datagrams), float(seconds)


def resident_kib(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def taken(pid, lines, rate, kind, series):
    """Sends, and returns (Taken, datagrams) once all is received and flushed."""
    cpu, before = cpu_seconds_now(pid), socket_of_port()[1]
    sent, datagrams, seconds = send(lines, rate, kind, series)
    wait_for(lambda: socket_of_port()[0] == 0, "it did not read what it was sent")
    time.sleep(1.5 * FLUSH_SECONDS)
    dropped = socket_of_port()[1] - before
    received = sent * (datagrams - dropped) / datagrams
    return Taken(sent, sent / seconds, dropped, (cpu_seconds_now(pid) - cpu) / max(received, 1), resident_kib(pid)), datagrams


def counters(out):
    """Returns the last counters of sockpush_listen."""
    return {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)i", [line for line in out.splitlines() if line.startswith("sockpush_listen,")][-1])}


@contextlib.contextmanager
def sockpush(binary, folder, series):
    """Yields the process, which writes into the file `out` of the folder."""
    settings = {"SOCKPUSH_LISTEN": f"udp://127.0.0.1:{PORT}", "SOCKPUSH_BACKEND": "off", "SOCKPUSH_LISTEN_MEMORY": MEMORY.get(series, "1MiB")}
    with open(folder / "out", "w") as out, running([binary], measured=True, stdout=out, stdin=subprocess.DEVNULL,
                                                   env=sockpush_environment("influx+stdout:", 600, FLUSH_SECONDS, settings)) as child:
        wait_for(lambda: socket_of_port() or child.poll() is not None, "it does not listen")
        yield child
        child.terminate()
        child.wait(20)


def once(binary, lines, rate, kind, series):
    """Sends to a new sockpush. Its own counters have to agree with the kernel's and the sender's."""
    with tempfile.TemporaryDirectory() as folder:
        with sockpush(binary, Path(folder), series) as child:
            result, datagrams = taken(child.pid, lines, rate, kind, series)
        seen = counters((Path(folder) / "out").read_text())
    if (seen["datagrams"], seen["kernel_drops"]) != (datagrams - result.dropped, result.dropped) or (not result.dropped and seen["lines"] != result.lines):
        raise CannotRun(f"sent {result.lines} lines in {datagrams} datagrams, of which {result.dropped} were dropped; sockpush counted {seen}")
    return result


def fastest(binary, kind, series):
    """Returns the result of the highest rate at which none is dropped, or of the lowest one."""
    for rate in ONE_RATES if kind == "one" else RATES:
        result = once(binary, SECONDS * (rate or RATES[1]), rate, kind, series)
        if not result.dropped:
            break
    return result


# ---- other programs

class Aggregator(Peer):
    """A program that takes StatsD at PORT, and flushes each second."""

    def take(self, stack, rate):
        self.start(stack, FLUSH_SECONDS)
        wait_for(lambda: socket_of_port() or self.child.poll() is not None, "it does not listen")
        self.check_alive()
        return taken(self.child.pid, PEERS_RATES[rate], rate, "packed", PEERS_SERIES)[0]

    def configured(self, name, text):
        """Writes its configuration. Returns the path."""
        path = self.folder / name
        path.write_text(text)
        return path


class Etsy(Aggregator):
    name, program = "etsy's statsd", "node"

    def command(self, program, interval):
        found = UNPACKED / "npm" / "receivers" / "node_modules" / "statsd"
        if not found.is_dir():
            raise Skipped("statsd is not installed")
        self.found = json.loads((found / "package.json").read_text())["version"]
        settings = {"mgmt_address": "127.0.0.1", "flushInterval": interval * 1000, "backends": [],
                    "servers": [{"server": "./servers/udp", "address": "127.0.0.1", "port": PORT}]}
        return [program, found / "stats.js", self.configured("statsd.js", json.dumps(settings))]

    def version(self):
        return f"statsd {self.found}"


class Collectd(Aggregator):
    name, program = "collectd, statsd", "collectd"
    version_flag = "-h"

    def command(self, program, interval):
        usr = Path(program).resolve().parents[1]
        return [program, "-f", "-C", self.configured("collectd.conf", f"""
            BaseDir "{self.folder}"
            PIDFile "{self.folder}/pid"
            PluginDir "{usr}/lib/collectd"
            TypesDB "{usr}/share/collectd/types.db"
            Interval {interval}
            ReadThreads 1
            WriteThreads 1
            LoadPlugin statsd
            <Plugin statsd>
                Host "127.0.0.1"
                Port "{PORT}"
            </Plugin>
            LoadPlugin csv
            <Plugin csv>
                DataDir "stdout"
            </Plugin>
            """)]


class Netdata(Aggregator):
    name, program = "netdata, statsd", "netdata"
    version_flag = "-v"

    def command(self, program, interval):
        text = (ROOT / "tests" / "e2e" / "lib" / "conf" / "netdata.conf").read_text()
        for word, value in {"DIR": self.folder, "USER": os.environ.get("USER") or "root"}.items():
            text = re.sub(rf"\b{word}\b", str(value), text)
        return [program, "-D", "-c", self.configured("netdata.conf", text)]


def peers():
    """Returns {rate: {name: Taken}}, {name: why there is none}, and versions."""
    found, skipped, versions = {rate: {} for rate in PEERS_RATES}, {}, {}
    for kind in (Etsy, Collectd, Netdata):
        for rate in PEERS_RATES:
            with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
                one = kind(Path(folder))
                try:
                    found[rate][one.name] = one.take(stack, rate)
                    versions[one.version()] = True
                except (Skipped, OSError) as problem:
                    skipped[one.name] = str(problem)
    return found, skipped, list(versions)


class Relaying(NamedTuple):
    packed: dict        # {series: Taken}
    one: dict
    timings: Taken
    own: dict           # {rate: Taken} of the peers' input
    peers: dict         # {rate: {name: Taken}}
    skipped: dict
    versions: list


def measure_relay(binary, with_peers, progress):
    def each(kind):
        results = {}
        for series in SERIES:
            progress(f"relay: {kind}, {series:,} series")
            results[series] = fastest(binary, kind, series)
        return results

    packed, one = each("packed"), each("one")
    timings = fastest(binary, "timings", PEERS_SERIES)
    progress("relay: other programs")
    own = {rate: once(binary, lines, rate, "packed", PEERS_SERIES) for rate, lines in PEERS_RATES.items()}
    return Relaying(packed, one, timings, own, *(peers() if with_peers else ({}, {}, [])))


# ---- the report

def per_second(result):
    return f"{result.per_second / 1e6:.1f} M" + (f" (**{result.dropped:,} datagrams dropped**)" if result.dropped else "")


def ns(seconds):
    return f"{seconds * 1e9:,.0f} ns"


def at_rate(rate):
    return f"{rate:,} lines/s" if rate else "full speed"


def targets(relay):
    """Prints the targets and which were met."""
    slowest, one = (min(results.values(), key=lambda result: (not result.dropped, result.per_second)) for results in (relay.packed, relay.one))
    rows = [[f"packed: {PACKED_TARGET:,} lines/s without a drop", per_second(slowest), verdict(not slowest.dropped and slowest.per_second >= PACKED_TARGET)],
            [f"a line in each datagram: {ONE_TARGET:,}/s without a drop", per_second(one), verdict(not one.dropped and one.per_second > 0.9 * ONE_TARGET)],
            [f"resident, 1,000 series, 100 of them timings: at most {RESIDENT_TARGET:,} KiB", f"{relay.timings.resident_kib:,} KiB",
             verdict(relay.timings.resident_kib <= RESIDENT_TARGET)]]
    for rate, results in relay.peers.items():
        others = {name: result.cpu_seconds / relay.own[rate].cpu_seconds for name, result in results.items()}
        for least, name, ratio in ((ETSY_TARGET, "etsy's statsd", others.pop(Etsy.name, None)), (PEERS_TARGET, "the best other", min(others.values(), default=None))):
            if ratio is not None:
                rows.append([f"{least} × cheaper a line than {name}, {at_rate(rate)}", f"{ratio:.1f} ×", verdict(ratio >= least)])
    table(["target of the relay", "measured", ""], rows)


def report(relay):
    def row(name, result):
        return [name, per_second(result), ns(result.cpu_seconds), f"{result.resident_kib:,} KiB"]

    print("## Relay\n")
    paragraph(f"`SOCKPUSH_LISTEN` takes counters over UDP, and aggregates them for `influx`. The sender has the other core. The rate is the highest "
              "tried without a drop; at the first, the sender sends as fast as it can. Received and dropped datagrams are those that were sent, exactly. "
              "CPU time is of all threads, the kernel's part of receiving and the flush each second included.")
    table(["input", "lines a second", "CPU a line", "resident, at most"],
          [row(f"packed, {series:,} series", result) for series, result in relay.packed.items()]
          + [row(f"packed, {PEERS_SERIES:,} series, a tenth of them timings", relay.timings)]
          + [row(f"a line in each datagram, {series:,} series", result) for series, result in relay.one.items()])
    if relay.peers:
        paragraph(f"Beside other programs: {PEERS_SERIES:,} counters, packed, flushed each second. CPU is of a line that was received. At full speed "
                  "the sender sends as fast as it can." + (f" Versions: {', '.join(relay.versions)}." if relay.versions else ""))
    for rate, results in relay.peers.items():
        own = relay.own[rate]
        rows = [["sockpush", ns(own.cpu_seconds), "", f"{own.dropped:,}", f"{own.resident_kib:,} KiB"]]
        rows += [[name, ns(result.cpu_seconds), f"{result.cpu_seconds / own.cpu_seconds:.1f} ×", f"{result.dropped:,}", f"{result.resident_kib:,} KiB"]
                 for name, result in results.items()]
        table([f"program, {at_rate(rate)}", "CPU a line", "to sockpush's", "datagrams dropped", "resident, at most"],
              rows + [[name, f"skipped: {why}", "", "", ""] for name, why in relay.skipped.items()])
    bullets("Timings have histograms, counters only sums: that is the difference of their rows.")
