#!/usr/bin/python3
"""make demo: a load, sockpush, VictoriaMetrics and a page that draws the stored values, all on loopback, until Ctrl-C.

DEMO_PORT=8000 sets the page's port; unset, any free port is used."""
import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import store
from load import Load
from serve import FILES, Page
from store import Samples

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
FETCHED = ROOT / "build" / "third_party" / "receivers"
PR_SET_PDEATHSIG = 1        # prctl(2)

_libc = ctypes.CDLL(None)


def stop(text):
    sys.exit(f"demo: {text}")


def free_port():
    """Returns a port that neither TCP nor UDP uses."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            with contextlib.suppress(OSError):
                other.bind(one.getsockname())
                return one.getsockname()[1]


_processes = []


def start(words, output=None, log=None, **env):
    """Starts a program that ends with this one, whatever ends this one. Ctrl-C reaches only this one, which then ends the others in order.
    Only the main thread may call it, because the program ends with the thread that started it."""
    def prepare():
        os.setsid()
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _processes.append(subprocess.Popen(words, env={"PATH": os.environ.get("PATH", ""), **env}, stdin=subprocess.DEVNULL, stdout=output, stderr=log,
                                       text=True, preexec_fn=prepare))
    return _processes[-1]


class Aggregator:
    """VictoriaMetrics, which follows the switch `on` when go_on() is called. `lives`: it answers."""

    def __init__(self, place):
        self._place = place
        self._program = shutil.which("victoria-metrics", path=f"{FETCHED}/usr/bin:{os.environ.get('PATH', '')}")
        if not self._program:
            stop("victoria-metrics is not there; third_party/receivers.sh demo gets it, or reports why not")
        self.port, self.lines_port = free_port(), free_port()
        self.on, self.lives, self._process = True, False, None

    def go_on(self):
        if self.on and not self.lives:
            self._start()
        elif self.lives and not self.on:
            self.lives = False
            self._process.kill()
            self._process.wait()
            _processes.remove(self._process)

    def _start(self):
        """Starts it. A stream repeats what came in the last 30 s before it was killed, hence dedup."""
        with open(self._place / "log", "w") as log:
            self._process = start([self._program, f"-storageDataPath={self._place}/data", f"-httpListenAddr=127.0.0.1:{self.port}",
                                   f"-influxListenAddr=127.0.0.1:{self.lines_port}", "-dedup.minScrapeInterval=1ms", "-search.latencyOffset=1ms",
                                   "-loggerLevel=WARN"], log, log)
        _processes.insert(0, _processes.pop())      # it ends last, when sockpush has delivered all
        for _ in range(600):
            try:
                store.get(self.port, "/health")
                self.lives = True
                return
            except store.Away:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        stop(f"victoria-metrics does not start: {(self._place / 'log').read_text()[-1000:]}")


def start_senders(aggregator, load):
    """Starts sockpush and the plain sender. Returns what both have counted, as Samples."""
    listen, rules = free_port(), [{"ports": [str(port)], "tags": {"load": what}} for what, port in load.ports.items()]
    load.application.send_to(listen)
    sockpush = start([ROOT / "build" / "sockpush"], subprocess.PIPE, SOCKPUSH_TO=f"influx+tcp://127.0.0.1:{aggregator.lines_port},influx+stdout:",
                     SOCKPUSH_INTERVAL="500ms", SOCKPUSH_BUFFER="32MiB", SOCKPUSH_LISTEN=f"udp://127.0.0.1:{listen}", SOCKPUSH_LISTEN_MEMORY="64KiB",
                     SOCKPUSH_LOG_LEVEL="error", SOCKPUSH_PORTS=json.dumps(rules))
    plain = start([sys.executable, HERE / "plain.py", f"http://127.0.0.1:{aggregator.port}/write", str(load.ports["sine"])], subprocess.PIPE)
    found = {"sockpush": Samples(sockpush.stdout, "netstat_port"), "plain": Samples(plain.stdout, "plain")}
    for samples in found.values():
        samples.start()
    return found


def page_port():
    text = os.environ.get("DEMO_PORT") or "0"
    if not text.isdecimal() or int(text) > 65535:
        stop(f'DEMO_PORT="{text}": accepted is a port, 0 to 65535')
    return int(text)


def interrupt(*_):
    raise KeyboardInterrupt


def on_signals(what):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, what)


def end_all():
    for process in reversed(_processes):
        process.terminate()
        try:
            process.wait(7)     # sockpush may flush for 5 s
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main():
    on_signals(interrupt)
    port, load = page_port(), Load()
    missing = [str(path.relative_to(ROOT)) for path, _ in FILES.values() if not path.exists()]
    if missing:
        stop(f"{', '.join(missing)}: absent; `make deps FOR=node`, then `make demo`, gets them")
    with tempfile.TemporaryDirectory(prefix="sockpush-demo-") as place:
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
            aggregator = Aggregator(pathlib.Path(place))
            aggregator.go_on()
            Page.victoria, Page.application, Page.switches = aggregator.port, load.application, {"aggregator": aggregator, **load.switches}
            Page.samples = start_senders(aggregator, load)
            load.start()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(f"The page: http://127.0.0.1:{server.server_port}/   Ctrl-C ends all of it.", flush=True)
            print(f"VictoriaMetrics: http://127.0.0.1:{aggregator.port}/api/v1/query?query=netstat_tcp_established", flush=True)
            while True:
                aggregator.go_on()
                time.sleep(0.1)
        except KeyboardInterrupt:
            print()
        except OSError as error:
            stop(f"DEMO_PORT={port}: {error.strerror}" if not _processes else error)
        finally:
            on_signals(signal.SIG_IGN)
            end_all()
            if load.is_alive():
                load.end()


main()
