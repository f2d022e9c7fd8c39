"""make demo: VictoriaMetrics stores and the page draws what the load opens, and its buttons do what they say. Its end leaves no process."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import browser
import servers
import wait
from program import ROOT, pending, stop


def lives(pid):
    """Whether a process is there and has not ended. It may end while its state is read."""
    try:
        return "Z" not in open(f"/proc/{pid}/stat").read().split()[2]
    except (FileNotFoundError, ProcessLookupError):
        return False


class Demo:
    def __init__(self, place, words=(sys.executable, ROOT / "demo" / "demo.py")):
        if not shutil.which("victoria-metrics", path=servers.PATH):
            pytest.skip("victoria-metrics is not on this machine; `make receivers` gets it, or reports why not")
        if not (servers.NPM / "demo").exists():
            pytest.skip("uPlot is not there; `make receivers` gets it, or reports why not")
        self.place = place
        self.process = subprocess.Popen(words, env={"PATH": servers.PATH, "TMPDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"}, cwd=ROOT, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.port = int(next(found for line in self.process.stdout if (found := re.search(r"The page: http://127\.0\.0\.1:(\d+)/", line)))[1])

    def descendants(self):
        found = [str(self.process.pid)]
        for pid in found:
            found += pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return found[1:]

    def values(self, query):
        """Returns the values of the query's series, one per second of the last minute."""
        answer = json.loads(servers.get(self.port, "/api/v1/query_range", query=query, start=time.time() - 60, end=time.time(), step="1s", nocache=1))
        series = answer["data"]["result"]
        assert len(series) <= 1
        return [float(value) for _, value in series[0]["values"]] if series else []

    def shows(self, query, seen):
        """Returns those values, as soon as seen(values) holds."""
        values = []
        assert wait.until(lambda: values.append(self.values(query)) or values[-1] and seen(values[-1])), values[-1]
        return values[-1]

    def end(self, number):
        """Ends the demo. Returns its status, once all its processes are gone."""
        children = self.descendants()
        assert len(children) >= 2
        self.process.send_signal(number)
        status = self.process.wait(wait.DEADLINE)
        assert wait.until(lambda: not any(lives(child) for child in children))
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)     # the other processes end with it
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def demo(namespace, keep, tmp_path):
    return keep(Demo(tmp_path))


@pytest.fixture
def page(demo, keep, tmp_path):
    """The demo's page in a browser."""
    return keep(browser.Browser(tmp_path, f"http://127.0.0.1:{demo.port}/"))


def test_pattern(demo):
    demo.shows('netstat_port_tcp_established{load="square",ip_version="4"}', lambda square: {0, 40} <= set(square))
    leak = demo.shows('netstat_port_tcp_close_wait{load="leak",ip_version="4"}', lambda leak: max(leak) >= 70)
    assert all(before <= after or after < 40 for before, after in zip(leak, leak[1:])), "it grows until it begins again"
    demo.shows('netstat_port_tcp_established{load="sine",ip_version="4"}',
               lambda sine: max(sine) >= 78 and min(sine) <= 2 and len(set(sine)) > 8 and len(sine) >= 20)
    assert set(demo.values("sum(sockpush_output_dropped_lines)")) == {0}


LINES = [3, 1, 1, 1, 2, 2, 2, 1, 1, 1, 2]       # per chart


def test_drawn(demo, page, tmp_path):
    """Each line of each chart is drawn, and each chart has its time."""
    page.press("Start it")
    assert wait.until(lambda: page.value("document.body.dataset.series") == " ".join(map(str, LINES))), page.value("document.body.dataset.series")
    assert wait.until(lambda: min(map(int, page.value("document.body.dataset.points").split())) >= 5)
    assert page.value('document.querySelectorAll("canvas").length') == len(LINES)
    assert page.value('document.querySelectorAll(".u-series").length') == len(LINES) + sum(LINES)
    assert demo.end(signal.SIGINT) == 0 and not left(tmp_path)
    page.shows("#state", "The demo has ended")


def samples(page, which, seen):
    """Waits until the page's numbers of this sender fit. Returns them."""
    found = {}

    def fit(match):
        found.update({name: int(number) for name, number in re.findall(r"(counted|stored|lost) (\d+)", match[0])})
        return seen(found)

    page.shows(f"#{which} p", r"counted \d+.*", fit)
    return found


def test_aggregator_killed(demo, page):
    """Nothing that sockpush counted is lost, neither while VictoriaMetrics is away nor what it had in memory. The plain sender's counts are."""
    before = {which: samples(page, which, lambda found: found.get("stored", 0) >= 4)["counted"] for which in ("kept", "plain")}
    page.press("Kill VictoriaMetrics")
    page.shows("#state", "VictoriaMetrics was killed")
    away = {which: samples(page, which, lambda found: found["counted"] >= before[which] + 6)["counted"] for which in ("kept", "plain")}
    page.press("Start VictoriaMetrics again")
    samples(page, "plain", lambda found: found.get("lost", 0) >= 4)
    samples(page, "kept", lambda found: found.get("stored", 0) > away["kept"] and found["lost"] == 0)
    page.shows("#state", "Counted every")
    assert demo.values("sum(sockpush_output_dropped_lines)")[-1] == 0


def test_application(page):
    """Its counters and timers come through sockpush: each request is stored once."""
    page.shows("#latency p", "no requests now")
    page.press("Start it")
    page.shows("#requests p", r"stored (\d+)", lambda found: int(found[1]) >= 100)
    page.shows("#latency p", r"median ([\d.]+) ms, p99 ([\d.]+) ms", lambda found: 0 < float(found[1]) < float(found[2]))
    page.shows("#requests .u-legend", r"requests\W*([\d.]+)", lambda found: float(found[1]) > 1)
    page.press("Stop it")
    page.shows("#requests p", r"sent (\d+) requests, stored \1$")
    page.shows("#latency p", "no requests now")


def test_accept_queue(page):
    page.shows("#queue p", "^0 wait, the limit is 32$")
    page.press("Stop accepting")
    page.shows("#queue p", "^33 wait, the limit is 32: full$")
    page.press("Accept again")
    page.shows("#queue p", "^0 wait, the limit is 32$")


def test_switches_are_the_pages(demo):
    """Another page that the browser has open can't press the buttons."""
    def press(path, origin):
        asked = urllib.request.Request(f"http://127.0.0.1:{demo.port}/{path}", b"", {"Origin": origin})
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=wait.DEADLINE)
        return found.value.code
    assert press("aggregator/off", "http://other.example") == 403
    assert press("aggregator/", f"http://127.0.0.1:{demo.port}") == press("other/on", f"http://127.0.0.1:{demo.port}") == 404
    assert json.loads(servers.get(demo.port, "/state"))["on"] == {"aggregator": True, "application": False, "queue": False}


def left(place):
    return list(place.glob("sockpush-demo-*"))


def test_terminal_closed(demo, tmp_path):
    assert demo.end(signal.SIGHUP) == 0 and not left(tmp_path)


def test_make_is_ended(namespace, keep, tmp_path):
    """A supervisor signals make alone."""
    demo = keep(Demo(tmp_path, ["make", "NO_INSTALL=1", "demo"]))
    assert demo.end(signal.SIGTERM) != 0 and wait.until(lambda: not left(tmp_path))


def test_interrupted_twice(demo, tmp_path):
    """The second signal comes while the demo waits for sockpush, which is stopped."""
    [sockpush] = [pid for pid in demo.descendants() if b"sockpush" in pathlib.Path(f"/proc/{pid}/comm").read_bytes()]
    stop(int(sockpush))
    demo.process.send_signal(signal.SIGINT)
    assert wait.until(lambda: pending(int(sockpush), signal.SIGTERM))
    assert demo.end(signal.SIGINT) == 0 and not left(tmp_path)
    assert "Traceback" not in demo.process.stdout.read()


def test_browser_that_leaves(demo):
    """The browser resets the connection in the middle of an answer."""
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", demo.port)) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.sendall(b"GET /api/v1/query?query=up HTTP/1.0\r\n\r\n")
    assert servers.get(demo.port, "/api/v1/query", query="up")
    assert demo.end(signal.SIGINT) == 0 and "Traceback" not in demo.process.stdout.read()


def test_killed(demo):
    """Neither a process nor the temporary directory is left."""
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL


def test_bad_port():
    done = subprocess.run([sys.executable, ROOT / "demo" / "demo.py"], env={"DEMO_PORT": "80a", "PATH": servers.PATH}, capture_output=True, text=True, timeout=90)
    assert done.returncode == 1 and 'DEMO_PORT="80a"' in done.stderr


def test_busy_port(namespace):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = str(one.getsockname()[1])
        done = subprocess.run([sys.executable, ROOT / "demo" / "demo.py"], env={"DEMO_PORT": port, "PATH": servers.PATH}, capture_output=True, text=True, timeout=90)
    assert done.returncode == 1 and done.stderr == f"demo: DEMO_PORT={port}: Address already in use\n"
