"""What `make run` shows somebody who has just cloned this: demo/run.sh."""
import os
import re
import subprocess

from program import BINARY, ROOT


def shown(**env):
    done = subprocess.run([ROOT / "demo" / "run.sh", BINARY], env={"PATH": os.environ["PATH"], "SOCKPUSH_POLLS": "1", **env}, timeout=90,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and done.stderr == b""
    return done.stdout.decode().replace(str(BINARY), "build/sockpush")


def rows(text):
    return [line.split()[:2] for line in text.splitlines() if line[:1] in ("4", "6")]


def test_ports_that_listen_are_shown(namespace, listen):
    listen("127.0.0.1", 8080)
    listen("::1", 80)
    assert rows(shown()) == [["4", "all"], ["6", "all"], ["6", "80"], ["4", "8080"]]


def test_other_ports_on_demand(namespace, listen):
    listen("127.0.0.1", 8080)
    assert rows(shown(SOCKPUSH_PORTS="53")) == [["4", "all"], ["6", "all"], ["4", "53"], ["6", "53"]]


def test_what_is_pushed_is_shown(namespace):
    assert len(re.findall(r"^  netstat\.tcp_\w+:\d+\|g\|#host:\S+,ip_version:4$", shown(), re.M)) == 3


def test_it_fits_into_80_columns(namespace, listen, connect):
    connect(listen("127.0.0.1", 8080))
    assert all(len(line) <= 80 for line in shown(ENV_HOSTNAME="a").splitlines())
