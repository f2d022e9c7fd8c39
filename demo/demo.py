#!/usr/bin/python3
"""make demo: a load, sockpush, VictoriaMetrics and a page that draws the stored values, all on loopback, until Ctrl-C.

DEMO_PORT=8000 sets the page's port; unset, any free port is used."""
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
import time
import urllib.error
import urllib.request

from load import Load

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
FETCHED = ROOT / "build" / "third_party" / "receivers"
UPLOT = FETCHED / "npm" / "demo" / "node_modules" / "uplot" / "dist"
FILES = {"/": (HERE / "index.html", "text/html"), "/page.js": (HERE / "page.js", "text/javascript"),
         "/uplot.js": (UPLOT / "uPlot.iife.min.js", "text/javascript"), "/uplot.css": (UPLOT / "uPlot.min.css", "text/css")}
PR_SET_PDEATHSIG = 1        # prctl(2)

_libc = ctypes.CDLL(None)
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def stop(text):
    sys.exit(f"demo: {text}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


_processes = []


def start(words, log=None, **env):
    """Starts a program that ends with this one, whatever ends this one. Ctrl-C reaches only this one, which then ends the others in order."""
    def prepare():
        os.setsid()
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _processes.append(subprocess.Popen(words, env={"PATH": os.environ.get("PATH", ""), **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=prepare))
    return _processes[-1]


def start_victoria(place):
    program = shutil.which("victoria-metrics", path=f"{FETCHED}/usr/bin:{os.environ.get('PATH', '')}")
    if not program:
        stop("victoria-metrics is not there; third_party/receivers.sh demo gets it, or reports why not")
    port = free_port()
    log = open(place / "log", "w")
    process = start([program, f"-storageDataPath={place}/data", f"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=1ms", "-loggerLevel=WARN"], log)
    for _ in range(200):
        try:
            _direct.open(f"http://127.0.0.1:{port}/health", timeout=1).close()
            return port
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    stop(f"victoria-metrics does not start: {(place / 'log').read_text()[-1000:]}")


def start_sockpush(victoria, ports):
    return start([ROOT / "build" / "sockpush"], SOCKPUSH_TO=f"http://127.0.0.1:{victoria}/write", SOCKPUSH_INTERVAL="500ms",
                 SOCKPUSH_LOG_LEVEL="warn", SOCKPUSH_PORTS=json.dumps([{"ports": [str(port)], "tags": {"load": what}} for what, port in ports.items()]))


class Page(http.server.BaseHTTPRequestHandler):
    """Serves the page and VictoriaMetrics' queries, so that both have one origin."""
    victoria = None

    def do_GET(self):
        try:
            if self.path.startswith("/api/v1/query"):
                with _direct.open(f"http://127.0.0.1:{self.victoria}{self.path}", timeout=10) as answer:
                    return self._answer(answer.read(), "application/json")
            if self.path in FILES:
                path, kind = FILES[self.path]
                return self._answer(path.read_bytes(), f"{kind}; charset=utf-8")
            self.send_error(404)
        except urllib.error.HTTPError as error:
            self.send_error(error.code)
        except ConnectionError:
            pass    # the browser has left
        except OSError:
            self.send_error(502)

    def _answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


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
            with http.server.ThreadingHTTPServer(("127.0.0.1", port), Page) as server:
                Page.victoria = start_victoria(pathlib.Path(place))
                load.start()
                start_sockpush(Page.victoria, load.ports)
                print(f"The page: http://127.0.0.1:{server.server_port}/   Ctrl-C ends all of it.", flush=True)
                print(f"VictoriaMetrics: http://127.0.0.1:{Page.victoria}/api/v1/query?query=netstat_tcp_established", flush=True)
                server.serve_forever()
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
