"""The usual agents, reduced to counting sockets, beside sockpush: the same sockets, the same turns.

In a turn each of them collects once, at its own moment, on the measured CPU, and sends its result. So a whole poll of each is compared.
CPU time is read at the end of the turn, when all of them sleep."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from measure import cpu_seconds_now, sleep_until
from programs import UNPACKED, CannotRun, Receiver, running, sockpush_environment

TURN_SECONDS = 3  # netdata has whole seconds only
UNCOUNTED_TURNS = 3
SHOWN = 50          # characters of an agent's log
MANY_PORTS = range(8000, 9000)
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", f"{UNPACKED}/usr/bin", f"{UNPACKED}/usr/sbin"])
LIBRARIES = os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu*")))

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Result(NamedTuple):
    cpu_seconds: list  # per turn
    resident_kib: int
    right: bool        # its number of established sockets was right


class Skipped(Exception):
    """The reason why an agent has no figures."""


def ask(url):
    with direct.open(url, timeout=30) as answer:
        return answer.read().decode()


def found(pattern, text):
    """Returns the last number that the pattern finds."""
    numbers = re.findall(pattern, text, re.M)
    if not numbers:
        raise Skipped("it ran, but pushed or showed no count")
    return int(float(numbers[-1]))


class Agent:
    """One program that counts sockets."""
    moment = 0.0    # when in the turn it collects
    ports = ()      # ports that it counts apart
    own_sockets = 0  # its own established sockets while it counts: both ends of the connection that queries it
    environment = {"PATH": PATH, "LD_LIBRARY_PATH": LIBRARIES}
    version_flag = None

    def __init__(self, folder):
        self.folder = Path(folder) / type(self).__name__
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.child, self.cpu_seconds = None, []

    @classmethod
    def find(cls):
        return shutil.which(cls.program, path=PATH)

    @classmethod
    def version(cls):
        done = subprocess.run([cls.find(), cls.version_flag], env=cls.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return re.search(r"\d+\.\d+\.\d+|$", done.stdout)[0]

    def config(self, text):
        path = self.folder / "config"
        path.write_text(text)
        return path

    def start(self, stack):
        program = self.find()
        if not program:
            raise Skipped(f"{self.program} is not installed")
        log = stack.enter_context(open(self.log, "w"))
        # None of them may outlive the bench, even if that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", *self.command(program)]
        self.child = stack.enter_context(running(command, measured=True, env=self.environment, stdout=log, stderr=log))

    def collect(self):
        """Makes an agent collect that does not do so by itself."""

    def check_alive(self):
        if self.child.poll() is not None:
            lines = self.log.read_text().strip().splitlines()
            last = ([line for line in lines if re.search("fatal|error", line, re.I)] or lines or [""])[-1]
            raise Skipped(f"it ended with status {self.child.returncode}: {textwrap.shorten(last, SHOWN, placeholder='…')}".replace("|", "/"))

    def end_turn(self, counted):
        self.check_alive()
        now = cpu_seconds_now(self.child.pid)
        if counted:
            self.cpu_seconds.append(now - self.cpu_before)
        self.cpu_before = now

    def resident_kib(self):
        rollup = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss: +(\d+)", rollup, re.M)[1])


class Sockpush(Agent):
    name, counts = "sockpush", "TCP by state and IP version, UDP"
    moment = 0.1

    def __init__(self, folder):
        super().__init__(folder)
        self.receiver = Receiver()

    def start(self, stack):
        stack.enter_context(self.receiver)
        settings = {"SOCKPUSH_PORTS": ",".join(map(str, self.ports))}
        self.environment = sockpush_environment(self.receiver.url, 1000, TURN_SECONDS, settings)
        super().start(stack)

    def command(self, program):
        return [program]

    def established(self):
        return sum(self.receiver.established.values())


class SockpushPorts(Sockpush):
    name, counts = "sockpush, 1,000 port rules", "the same, and for each port"
    moment = 0.5
    ports = MANY_PORTS


class Collectd(Agent):
    name, counts, program = "collectd, tcpconns", "TCP by state", "collectd"
    version_flag = "-h"

    def command(self, program):
        usr = Path(program).resolve().parents[1]
        config = self.config(f"""
            Hostname "bench"
            PluginDir "{usr}/lib/collectd"
            TypesDB "{usr}/share/collectd/types.db"
            BaseDir "{self.folder}"
            PIDFile "{self.folder}/collectd.pid"
            Interval {TURN_SECONDS}
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
    name, counts = "collectd, tcpconns, 1,000 ports", "the same, and for each port"
    moment = 0.2
    ports = MANY_PORTS


class NodeExporter(Agent):
    name, counts, program = "node_exporter, tcpstat", "TCP by state, bytes in queues", "prometheus-node-exporter"
    version_flag = "--version"
    moment = 0.75
    own_sockets = 2
    address = "127.0.0.1:9100"
    answer = ""

    def command(self, program):
        return [program, "--collector.disable-defaults", "--collector.tcpstat", "--web.disable-exporter-metrics",
                f"--web.listen-address={self.address}", "--log.level=error"]

    def collect(self):
        self.answer = ask(f"http://{self.address}/metrics")

    def established(self):
        return found(r'^node_tcp_connection_states\{state="established"\} (\S+)', self.answer)


class Netdata(Agent):
    name, counts, program = "netdata, proc plugin", "the kernel's totals: no states, no ports", "netdata"
    version_flag = "-V"
    address = "127.0.0.1:19999"

    # Its other reads of /proc and of itself, unless configured otherwise.
    elsewhere = """/proc/diskstats /proc/interrupts /proc/loadavg /proc/mdstat /proc/meminfo /proc/net/dev /proc/net/ip_vs/stats
        /proc/net/rpc/nfs /proc/net/rpc/nfsd /proc/net/sctp/snmp /proc/net/softnet_stat /proc/net/stat/conntrack
        /proc/net/stat/synproxy /proc/net/wireless /proc/pagetypeinfo /proc/pressure /proc/softirqs /proc/spl/kstat/zfs/arcstats
        /proc/spl/kstat/zfs/pool/state /proc/stat /proc/sys/kernel/random/entropy_avail /proc/uptime /proc/vmstat
        /sys/block/zram /sys/class/infiniband /sys/class/power_supply /sys/devices/system/edac/mc /sys/devices/system/node
        /sys/fs/btrfs /sys/kernel/mm/ksm ipc"""
    plugins = "apps cgroups diskspace go.d idlejitter statsd tc timex"

    def command(self, program):
        def switched_off(names):
            return "".join(f"{name} = no\n" for name in names.split())

        folders = "".join(f"{kind} = {self.folder}\n" for kind in
                          ("config", "stock config", "plugins", "web", "home", "cache", "lib", "log", "registry"))
        config = self.config(
            f"[global]\nrun as user = root\n[directories]\n{folders}"
            f"[db]\nmode = ram\nupdate every = {TURN_SECONDS}\n"
            "[logs]\ndebug = none\nerror = stderr\naccess = none\nhealth = none\n"
            "[ml]\nenabled = no\n[health]\nenabled = no\n[statsd]\nenabled = no\n"
            f"[web]\nbind to = {self.address}\n"
            f"[plugins]\nenable running new plugins = no\n{switched_off(self.plugins)}"
            f"netdata monitoring = no\nnetdata monitoring extended = no\n"
            f"[plugin:proc]\n{switched_off(self.elsewhere)}")
        return [program, "-D", "-c", config]

    def established(self):
        """Returns the number in /proc/net/snmp, which the same plugin reads. The plugin's purpose is another."""
        return found(r'^NETDATA_IPV4_TCPSOCK_CONNECTIONS="(\S+)"', ask(f"http://{self.address}/api/v1/allmetrics?format=shell"))


AGENTS = [Sockpush, SockpushPorts, Collectd, CollectdPorts, NodeExporter, Netdata]


class Turns:
    """Runs all agents for some turns. Figures are in `results`, agents without figures in `skipped`."""

    def __init__(self, binary, turns, sockets):
        Sockpush.program = str(binary)
        self.results, self.skipped = {}, {}
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
            self.agents = sorted((kind(folder) for kind in AGENTS), key=lambda agent: agent.moment)
            self.run(stack, turns)
            self.for_each(lambda agent: self.note(agent, sockets))
        if Sockpush.name in self.skipped:
            raise CannotRun(f"sockpush: {self.skipped[Sockpush.name]}")

    def for_each(self, action):
        for agent in list(self.agents):
            try:
                action(agent)
            except (Skipped, OSError) as problem:
                self.skipped[agent.name] = str(problem)
                self.agents.remove(agent)

    def run(self, stack, turns):
        begin = time.monotonic() + 0.1

        def start(agent):
            sleep_until(begin + agent.moment * TURN_SECONDS)
            agent.start(stack)

        def collect(agent):
            sleep_until(begin + (turn + agent.moment) * TURN_SECONDS)
            agent.check_alive()
            agent.collect()

        self.for_each(start)
        for turn in range(1, UNCOUNTED_TURNS + turns + 1):
            self.for_each(collect)
            sleep_until(begin + (turn + 0.9) * TURN_SECONDS)
            self.for_each(lambda agent: agent.end_turn(counted=turn > UNCOUNTED_TURNS))

    def note(self, agent, sockets):
        resident = agent.resident_kib()
        right = agent.established() == sockets + agent.own_sockets
        self.results[agent.name] = Result(agent.cpu_seconds, resident, right)
