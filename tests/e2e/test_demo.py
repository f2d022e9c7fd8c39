"""make demo: what the load opens is what VictoriaMetrics has stored and what the page draws; and its end leaves nothing behind."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import servers
import wait
from program import ROOT

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--virtual-time-budget=4000", "--dump-dom"]


class Demo:
    def __init__(self, place):
        if not shutil.which("victoria-metrics", path=servers.PATH):
            pytest.skip("victoria-metrics is not on this machine; `make receivers` gets it, or says why not")
        if not (servers.NPM / "demo").exists():
            pytest.skip("uPlot is not there; `make receivers` gets it, or says why not")
        self.place = place
        self.process = subprocess.Popen([sys.executable, ROOT / "demo" / "demo.py"], env={"PATH": servers.PATH, "TMPDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)/", self.process.stdout.readline())[1])

    def children(self):
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def values(self, query):
        """Of the series that it gives, of each second of the last minute."""
        answer = json.loads(servers.get(self.port, "/api/v1/query_range", query=query, start=time.time() - 60, end=time.time(), step="1s", nocache=1))
        [series] = answer["data"]["result"]
        return [float(value) for _, value in series["values"]]

    def end(self, number):
        """Its status; all that it started is gone."""
        children = self.children()
        assert len(children) == 2
        self.process.send_signal(number)
        status = self.process.wait(wait.DEADLINE)
        assert wait.until(lambda: not any(os.path.exists(f"/proc/{child}") and "Z" not in open(f"/proc/{child}/stat").read().split()[2] for child in children))
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def demo(namespace, keep, tmp_path):
    return keep(Demo(tmp_path))


def drawn(port, place):
    """What the page says of its charts."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not on this machine; `make need-browser` installs it")
    done = subprocess.run([chromium, *CHROMIUM, f"--user-data-dir={place}", f"http://127.0.0.1:{port}/"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_pattern(demo, tmp_path):
    time.sleep(20)
    sine = demo.values('netstat_port_tcp_established{load="sine",ip_version="4"}')
    assert max(sine) >= 78 and min(sine) <= 2 and len(set(sine)) > 8
    square = demo.values('netstat_port_tcp_established{load="square",ip_version="4"}')
    assert {0, 40} <= set(square)
    leak = demo.values('netstat_port_tcp_close_wait{load="leak",ip_version="4"}')
    assert max(leak) >= 70 and leak.index(max(leak)) > len(leak) / 2
    assert set(demo.values("sum(sockpush_output_dropped_lines)")) == {0}
    page = drawn(demo.port, tmp_path / "chromium")
    assert 'data-series="3 5 3"' in page, "not each line of each chart was drawn"
    assert all(int(n) >= 18 for n in re.search(r'data-points="(\d+) (\d+) (\d+)"', page).groups())
    assert page.count("<canvas") == 3 and len(re.findall(r'class="u-series"', page)) == 3 + 3 + 5 + 3, "and each has its time"
    assert demo.end(signal.SIGINT) == 0
    assert not list(tmp_path.glob("sockpush-demo-*"))


def test_killed(demo):
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL


def test_bad_port():
    done = subprocess.run([sys.executable, ROOT / "demo" / "demo.py"], env={"DEMO_PORT": "80a", "PATH": servers.PATH}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and 'DEMO_PORT="80a"' in done.stderr
