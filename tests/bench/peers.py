"""The usual agents, reduced to counting sockets, and the tools that list them."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

from measure import cpu_seconds_of
from programs import UNPACKED, WAITED_SECONDS, CannotRun, read_line, running
from turns import Agent, Skipped, Sockpush

SHOWN = 50          # characters of an agent's log
MANY_PORTS = range(8000, 9000)
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", f"{UNPACKED}/usr/bin", f"{UNPACKED}/usr/sbin"])
ENVIRONMENT = {
    "PATH": PATH,
    "LD_LIBRARY_PATH": os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu*"))),
    "PYTHONPATH": f"{UNPACKED}/usr/lib/python3/dist-packages",
}

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url):
    with direct.open(url, timeout=WAITED_SECONDS) as answer:
        return answer.read().decode()


def found(pattern, text):
    """Returns the last number that the pattern finds."""
    numbers = re.findall(pattern, text, re.M)
    if not numbers:
        raise Skipped("it ran, but pushed or showed no count")
    return int(float(numbers[-1]))


class Peer(Agent):
    """A program that the system has, or that third_party/receivers.sh unpacked."""
    own_sockets = 0  # its own established sockets while it counts: both ends of the connection that queries it
    version_flag = None

    def __init__(self, folder):
        super().__init__()
        self.folder = folder / type(self).__name__
        self.folder.mkdir()
        self.log = self.folder / "log"

    @classmethod
    def find(cls):
        return shutil.which(cls.program, path=PATH)

    def version(self):
        done = subprocess.run([self.find(), self.version_flag], env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = re.search(r"\d+\.\d+\.\d+|$", done.stdout)[0]
        return f"{self.program} {found}"

    def start(self, stack, interval):
        program = self.find()
        if not program:
            raise Skipped(f"{self.program} is not installed")
        log = stack.enter_context(open(self.log, "w"))
        # None of them may outlive the bench, even if that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", *self.command(program, interval)]
        self.child = stack.enter_context(running(command, measured=True, env={**ENVIRONMENT, "HOME": str(self.folder)}, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=log))

    def check_alive(self):
        if self.child.poll() is not None:
            lines = self.log.read_text().strip().splitlines()
            last = ([line for line in lines if re.search("fatal|error", line, re.I)] or lines or [""])[-1]
            raise Skipped(f"it ended with status {self.child.returncode}: {textwrap.shorten(last, SHOWN, placeholder='…')}".replace("|", "/"))

    def resident_kib(self):
        """Returns the most that it had: some have a list of all sockets, and free it after the poll."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return max(super().resident_kib(), int(re.search(r"^VmHWM:\s+(\d+)", status, re.M)[1]))

    def counts_right(self, held):
        return self.established() == held.established + self.own_sockets


class Collectd(Peer):
    name, program = "collectd, tcpconns", "collectd"
    version_flag = "-h"
    weight = 1.5
    ports = ()

    def command(self, program, interval):
        usr = Path(program).resolve().parents[1]
        config = self.folder / "config"
        config.write_text(f"""
            Hostname "bench"
            PluginDir "{usr}/lib/collectd"
            TypesDB "{usr}/share/collectd/types.db"
            BaseDir "{self.folder}"
            PIDFile "{self.folder}/collectd.pid"
            Interval {interval}
            ReadThreads 1
            WriteThreads 1
            LoadPlugin tcpconns
            <Plugin tcpconns>
                ListeningPorts false
                AllPortsSummary true
                {"".join(f"LocalPort {port}{chr(10)}" for port in self.ports)}
            </Plugin>
            LoadPlugin csv
            <Plugin csv>
                DataDir "stdout"
            </Plugin>
            """)
        return [program, "-f", "-C", config]

    def established(self):
        return found(r"tcpconns-all/tcp_connections-ESTABLISHED .*:([\d.]+)$", self.log.read_text())


class CollectdPorts(Collectd):
    name = "collectd, tcpconns, 1,000 ports"
    weight = 7
    ports = MANY_PORTS


class NodeExporter(Peer):
    name, program = "node_exporter, tcpstat", "prometheus-node-exporter"
    version_flag = "--version"
    weight = 4
    asked = True
    own_sockets = 2
    address = "127.0.0.1:9100"
    answer = ""

    def command(self, program, interval):
        return [program, "--collector.disable-defaults", "--collector.tcpstat", "--web.disable-exporter-metrics",
                f"--web.listen-address={self.address}", "--log.level=error"]

    def poll(self):
        self.answer = ask(f"http://{self.address}/metrics")

    def established(self):
        return found(r'^node_tcp_connection_states\{state="established"\} (\S+)', self.answer)


class Psutil(Peer):
    """A loop in Python (psutil_loop.py)."""
    name, program = "Python, psutil", "python3"
    weight = 30
    asked = True
    established_sockets = 0

    def start(self, stack, interval):
        log = stack.enter_context(open(self.log, "w"))
        # Its input ends with the bench.
        self.child = stack.enter_context(running([sys.executable, Path(__file__).with_name("psutil_loop.py")], measured=True, env=ENVIRONMENT,
                                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True))
        try:
            self.found_version = read_line(self.child, WAITED_SECONDS)
        except CannotRun:
            raise Skipped("python3-psutil is not installed") from None

    def version(self):
        return f"psutil {self.found_version}"

    def poll(self):
        self.check_alive()
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        try:
            self.established_sockets = int(read_line(self.child, WAITED_SECONDS))
        except CannotRun as problem:
            raise Skipped(str(problem)) from None

    def established(self):
        return self.established_sockets


class Tool(Agent):
    """A program that starts, lists all sockets and ends."""
    asked = True

    def __init__(self, command, weight):
        super().__init__()
        self.command, self.weight, self.spent = command, weight, 0.0
        self.name = f"`{' '.join(command)}`"

    def poll(self):
        self.spent += cpu_seconds_of(self.command)

    def cpu_now(self):
        return self.spent

    def resident_kib(self):
        return None


def agents(binary, folder):
    """Returns what is compared, in the order of the report."""
    many = {"SOCKPUSH_PORTS": ",".join(map(str, MANY_PORTS)), "SOCKPUSH_PID": "off"}
    return [Sockpush(binary, "sockpush", {}, 0.5), Sockpush(binary, "sockpush, 1,000 ports", many, 1.3), Collectd(folder), CollectdPorts(folder),
            NodeExporter(folder), Psutil(folder), Tool(["ss", "-tan"], 4), Tool(["cat", "/proc/net/tcp", "/proc/net/tcp6"], 3)]
