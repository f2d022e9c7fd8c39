"""Real receivers, started for a test on loopback, in a directory of their own, and queried for what they stored.

They listen on their usual ports, so start them in a network namespace (netns.py). Their programs are the system's, or are unpacked
where `make receivers` puts them. A test whose receiver is absent is skipped.
"""
import contextlib
import csv
import glob
import importlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import struct
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest

import wait
from program import ROOT

UNPACKED = ROOT / "build" / "third_party" / "receivers"
NEWER = UNPACKED / "trixie" / "usr" / "bin"       # of Debian 13, on an older one
NPM = UNPACKED / "npm"
STATSD = NPM / "receivers" / "node_modules" / "statsd"
CONF = pathlib.Path(__file__).parent / "conf"
PATH = os.pathsep.join([f"{UNPACKED}/usr/bin", f"{UNPACKED}/usr/sbin", os.environ.get("PATH", ""), "/usr/sbin"])
PYTHON = f"{UNPACKED}/usr/lib/python3/dist-packages"
ENV = {"PATH": PATH, "LANG": "C.UTF-8", "PYTHONPATH": PYTHON, "PYTHONDONTWRITEBYTECODE": "1",
       "LD_LIBRARY_PATH": os.pathsep.join(glob.glob(f"{UNPACKED}/usr/lib/*-linux-gnu*"))}

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(port, path, **query):
    with _direct.open(f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}", timeout=wait.DEADLINE) as answer:
        return answer.read().decode()


def put(port, path, body=b"", **query):
    """Sends a POST. Returns the status of its answer."""
    with _direct.open(f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}", body, timeout=wait.DEADLINE) as answer:
        return answer.status


def answers(port, path):
    try:
        get(port, path)
        return True
    except OSError:
        return False


def listens(protocol, port):
    """Returns whether a socket is bound to this port in the calling thread's namespace."""
    return any(line.split()[1].endswith(f":{port:04X}") for table in (protocol, protocol + "6")
               for line in open(f"/proc/thread-self/net/{table}"))


def usage(kind):
    """Returns what the server's program prints as help."""
    program = shutil.which(kind.program, path=PATH)
    return subprocess.run([program, "-help"], env=ENV, capture_output=True, text=True).stdout if program else ""


def whisper():
    """Returns Graphite's own reader of its files."""
    if PYTHON not in sys.path:
        sys.path.append(PYTHON)
    return importlib.import_module("whisper")


class Server:
    """A receiver that runs until the `with` block ends."""
    program = None
    conf = ()

    def __init__(self, place):
        self.place = pathlib.Path(place)
        program = self.find()
        if not program:
            pytest.skip(f"{self.program} is not on this machine; `make receivers` gets it, or reports why not")
        for name in self.conf:
            self._write(name, UNPACKED if program.startswith(str(UNPACKED)) else "")
        self._log = open(self.place / "log", "w")
        self.process = subprocess.Popen([program, *self.arguments()], env={**ENV, "HOME": str(self.place)}, cwd=place,
                                        stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True)

    def _write(self, name, base):
        text = (CONF / name).read_text()
        for word, value in {"DIR": self.place, "BASE": base, "USER": pwd.getpwuid(os.getuid()).pw_name}.items():
            text = re.sub(rf"\b{word}\b", str(value), text)
        (self.place / name).write_text(text)

    def find(self):
        """Returns the program's path, or None."""
        return shutil.which(self.program, path=PATH)

    @property
    def log(self):
        return (self.place / "log").read_text(errors="replace")

    def until(self, condition, what="what was sent"):
        """Repeats the question until the answer is true. Returns the answer."""
        answer = wait.until(lambda: condition() or self.process.poll() is not None)
        assert self.process.poll() is None, f"{self.program} ended with {self.process.poll()}: {self.log[-3000:]}"
        assert answer, f"{self.program} does not have {what}; its log ends with: {self.log[-3000:]}"
        return answer

    def settles(self, ask, expected):
        """Repeats the question until the answer is the expected one."""
        wait.until(lambda: ask() == expected or self.process.poll() is not None)
        assert ask() == expected, f"{self.program}'s log ends with: {self.log[-1000:]}"

    def end(self):
        """Ends the server as its operator would, so that it writes its memory to disk."""
        self.process.terminate()
        self.process.wait(wait.DEADLINE)

    def __enter__(self):
        try:
            self.until(self.ready, "started")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):       # the server has already ended
            os.killpg(self.process.pid, signal.SIGKILL)     # kills its children, too; its data are dropped
        self.process.wait()
        self._log.close()


class Collectd(Server):
    """collectd's statsd plugin, read through its csv plugin."""
    program = "collectd"
    conf = ["collectd.conf"]

    def arguments(self):
        return ["-f", "-C", "collectd.conf"]

    def ready(self):
        return listens("udp", 8125)

    def stored(self):
        """Returns {(type, name): [(time, value)]}, without files that are being created."""
        found = {}
        for path in (self.place / "csv").glob("collectd/statsd/*"):
            kind, name = re.fullmatch(r"([a-z]+)-(.*)-\d{4}-\d\d-\d\d", path.name).groups()
            if rows := list(csv.reader(path.read_text().splitlines()))[1:]:
                found.setdefault((kind, name), []).extend((float(time), float(value)) for time, value in rows)
        return found


class Etsy(Server):
    """statsd/statsd with its servers udp (8125) and tcp (8127), and a backend that writes each flush to a file."""
    program = "node"
    conf = ["statsd.js", "statsd_backend.js"]

    def arguments(self):
        if not STATSD.is_dir():
            pytest.skip("statsd is not here; `make receivers` gets it, or reports why not")
        return [str(STATSD / "stats.js"), "statsd.js"]

    def ready(self):
        return self.flushes()

    def flushes(self):
        """Returns [{"time": seconds, "gauges": {…}, "counters": {…}, "timers": {name: [value]}, "timer_counters": {…}, "sets": {name: [member]}}],
        the oldest first."""
        return [json.loads(line) for line in self.log.split("\n")[:-1] if line.startswith("{")]


class Netdata(Server):
    """Netdata's statsd plugin, which makes a chart of each metric."""
    program = "netdata"
    conf = ["netdata.conf"]

    def arguments(self):
        return ["-D", "-c", "netdata.conf"]

    def ready(self):
        return listens("udp", 8125) and answers(19999, "/api/v1/info")

    def charts(self):
        """Returns {chart: (newest value, its time)}."""
        charts = json.loads(get(19999, "/api/v1/allmetrics", format="json"))
        return {name.removeprefix("statsd_"): (*(one["value"] for one in chart["dimensions"].values()), chart["last_updated"])
                for name, chart in charts.items() if name.startswith("statsd_")}


class InfluxDB(Server):
    program = "influxd"
    conf = ["influxdb.conf"]

    def arguments(self):
        return ["run", "-config", "influxdb.conf"]

    def ready(self):
        return listens("udp", 8089) and answers(8086, "/ping")

    def create(self):
        """Creates the database, unless a datagram has done so."""
        assert put(8086, "/query", q="CREATE DATABASE sockpush") == 200
        assert wait.until(lambda: self._is_there()), "it has made no database"

    @staticmethod
    def _is_there():
        """Returns whether the database exists. InfluxDB may deny it just after it has reported that it exists."""
        try:
            return put(8086, "/write", db="sockpush")
        except urllib.error.HTTPError as error:
            return error.code != 404

    def write(self, lines):
        assert put(8086, "/write", lines.encode(), db="sockpush") == 204

    def points(self, measurement):
        """Returns [(tags, fields, time in ns)]."""
        results = json.loads(get(8086, "/query", db="sockpush", epoch="ns", q=f'SELECT * FROM "{measurement}" GROUP BY *'))["results"]
        return [(one["tags"], {name: value for name, value in zip(one["columns"][1:], row[1:]) if value is not None}, row[0])
                for one in results[0].get("series", []) for row in one["values"]]


class VictoriaMetrics(Server):
    """VictoriaMetrics by UDP and TCP. If started again in the same place, it still has its data."""
    program = "victoria-metrics"
    more = ()

    def arguments(self):
        return ["-storageDataPath=data", "-httpListenAddr=127.0.0.1:8428", "-influxListenAddr=127.0.0.1:8089",
                "-graphiteListenAddr=127.0.0.1:2003", "-search.latencyOffset=1ms", *self.more]

    def ready(self):
        return listens("udp", 8089) and listens("udp", 2003) and answers(8428, "/health")

    def stored(self, prefix=""):
        """Returns {(name, labels): [(time in ms, value)]} of the series with this prefix. A value that was sent twice is there twice."""
        get(8428, "/internal/force_flush")
        rows = [json.loads(line) for line in get(8428, "/api/v1/export", **{"match[]": '{__name__!=""}'}).splitlines()]
        return {(row["metric"].pop("__name__"), tuple(sorted(row["metric"].items()))): list(zip(row["timestamps"], row["values"]))
                for row in rows if row["metric"]["__name__"].startswith(prefix)}

    def query(self, expression):
        """Returns [value] of the series that the expression gives now."""
        get(8428, "/internal/force_flush")
        return [float(row["value"][1]) for row in json.loads(get(8428, "/api/v1/query", query=expression, nocache=1))["data"]["result"]]


class VictoriaMetricsWithoutDuplicates(VictoriaMetrics):
    more = ["-dedup.minScrapeInterval=1ms"]


class Prometheus(Server):
    """Prometheus as a receiver of remote write. If started again in the same place, it still has its data."""
    program = "prometheus"

    def arguments(self):
        (self.place / "prometheus.yml").write_text("global: {}\n")
        return ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:9090", "--web.enable-remote-write-receiver"]

    def ready(self):
        return answers(9090, "/-/ready")

    def stored(self):
        """Returns {(name, labels): [(time in ms, value)]} of the last hour."""
        rows = json.loads(get(9090, "/api/v1/query", query='{__name__!=""}[1h]'))["data"]["result"]
        return {(row["metric"].pop("__name__"), tuple(sorted(row["metric"].items()))): [(round(1000 * time), float(value)) for time, value in row["values"]]
                for row in rows}

    def query(self, expression):
        """Returns [value] of the series that the expression gives now."""
        return [float(row["value"][1]) for row in json.loads(get(9090, "/api/v1/query", query=expression))["data"]["result"]]


class Newer:
    """Makes a receiver Debian 13's, which there is the usual one."""

    def find(self):
        return shutil.which(self.program, path=NEWER) or (super().find() if "trixie" in pathlib.Path("/etc/os-release").read_text() else None)


class NewerVictoriaMetrics(Newer, VictoriaMetrics):
    """VictoriaMetrics 1.112, which also takes OTLP."""


class VictoriaMetricsOtlp(NewerVictoriaMetrics):
    """It makes labels of OTLP's resource, too, which are left out here."""

    def stored(self, prefix=""):
        found = {}
        for (name, labels), rows in super().stored(prefix).items():
            host = dict(labels)["host"]
            resource = {("service.name", "sockpush"), ("service.instance.id", host), ("host.name", host)}
            assert resource <= set(labels)
            found[name, tuple(label for label in labels if label not in resource)] = rows
        return found


class NewerPrometheus(Newer, Prometheus):
    """Prometheus 2.53."""


class Terminator(Server):
    """A TLS terminator before receivers without TLS."""

    def __init__(self, place, shown):
        shutil.copy(shown.chain, place / "receiver.pem")
        shutil.copy(shown.key, place / "receiver.key")
        (place / "receiver.both").write_text(shown.chain.read_text() + shown.key.read_text())
        super().__init__(place)

    def ready(self):
        return all(listens("tcp", port) for port in self.ports)


class Stunnel(Terminator):
    """stunnel before VictoriaMetrics' line protocol (6514) and its Graphite (6515), and before HTTP on 8186 (6443)."""
    program = "stunnel4"
    conf = ["stunnel.conf"]
    ports = 6514, 6515, 6443

    def arguments(self):
        return ["stunnel.conf"]


class Haproxy(Terminator):
    """HAProxy before HTTP on 8186. It refuses two of ten requests, one by 503 and one by 429."""
    program = "haproxy"
    conf = ["haproxy.cfg"]
    ports = 6444,

    def arguments(self):
        return ["-db", "-f", "haproxy.cfg"]


class Nginx(Terminator):
    """nginx before HTTP on 8186, with the same refusals."""
    program = "nginx"
    conf = ["nginx.conf"]
    ports = 6445,

    def arguments(self):
        return ["-p", str(self.place), "-c", str(self.place / "nginx.conf"), "-e", "stderr"]


class Carbon(Server):
    program = "carbon-cache"
    conf = ["carbon.conf", "storage-schemas.conf"]

    def arguments(self):
        return ["--config=carbon.conf", "--debug", "start"]

    def ready(self):
        return listens("udp", 2003) and re.search(r"starting on 2004\n.*Starting factory", self.log)

    def stored(self):
        """Returns {name with its tags: [(time, value)]}, without files that are being created."""
        found = {self._name(path): self._read(path) for path in (self.place / "whisper").rglob("*.wsp")}
        return {name: rows for name, rows in found.items() if rows}

    def _name(self, path):
        return path.stem.replace("_DOT_", ".")

    def _read(self, path):
        try:
            (start, _, step), values = whisper().fetch(str(path), 0)
        except (whisper().CorruptWhisperFile, struct.error):    # the header or the points are not there yet
            return []
        return [(start + i * step, value) for i, value in enumerate(values) if value is not None]
