"""--top: the ports for a person, on a terminal or as plain text."""
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import receivers
import terminal
from program import BINARY

HEADINGS = "IP PORT                ESTAB  SYN TIME_W CLOSE_W   UDP QUEUE  PEAK LIMIT     PID"


def rows(text):
    """Returns the words of each port's line, by IP version and port."""
    lines = text.partition(HEADINGS)[2].splitlines()
    return {tuple(line.split()[:2]): line.split()[2:] for line in lines if line[:1] in ("4", "6")}


@pytest.fixture
def queue(namespace, keep):
    """queue(port, waiting) listens with a limit of 1, and accepts none of the connections."""
    def make(port, waiting):
        one = keep(socket.create_server(("127.0.0.1", port), backlog=1))
        for _ in range(waiting):
            keep(socket.create_connection(one.getsockname()))
        return one
    return make


# --- plain text

def test_one_poll_as_text(run, namespace, listen, connect, queue, keep):
    connect(listen("127.0.0.1", 8080))
    queue(7000, 2)
    keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", 53))
    shown = run("--top", polls=1, host="web1", pid="off")
    assert shown.status == 0 and shown.log == "" and "\33" not in shown.out
    assert re.match(r"sockpush  netlink  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  every 1000 ms  web1\n", shown.out)
    assert all(len(line) <= 80 and line == line.rstrip() for line in shown.out.splitlines())
    assert re.search(r"^4  all +6( +0){6} +2 +1$", shown.out, re.M)
    found = rows(shown.out)
    assert found["4", "8080"] == ["1", "0", "0", "0", "0", "0", "0", "128", "-"]
    assert found["4", "7000"][5:8] == ["2", "2", "1"]
    assert found["4", "127.0.0.1:53"] == ["0", "0", "0", "0", "1"]
    assert found["4", ">8080"][0] == "1" and found["4", ">1-32767"][0] == "2"
    assert ("4", ">443") not in found and ("6", "8080") not in found


def test_a_table_for_each_poll(run, namespace):
    shown = run("--top", polls=3, interval="100ms", host="web1", kernel="on")
    assert shown.status == 0 and shown.out.count(HEADINGS) == 3 and shown.out.count("every 100 ms") == 3 and shown.out.endswith("\n\n")
    assert len(re.findall(r"^Kernel: .*sockets \d+", shown.out, re.M)) == 3
    assert len(re.findall(r"^In \d+ ms: accepted \d+, opened \d+, resent \d+, queue overflows \d+$", shown.out, re.M)) == 2


def test_only_the_ports_that_are_set(run, namespace, listen):
    listen("127.0.0.1", 8080)
    found = rows(run("--top", polls=1, host="a", ports='[{"ports":["80","8080"],"tags":{"team":"a"}}]').out)
    assert list(found) == [("4", "80"), ("6", "80"), ("4", "8080"), ("6", "8080")] and found["4", "8080"][0] == "team=a"


def test_nothing_is_pushed_or_opened(run, namespace, tmp_path):
    with receivers.udp() as receiver:
        shown = run("--top", polls=2, interval="100ms", to=f"udp://127.0.0.1:{receiver.port}", listen="udp://127.0.0.1:8125", host="a", pods="on",
                    backend=f"record:{tmp_path}/recording", ports="8125")
        assert shown.status == 0 and receiver.chunks == [] and not (tmp_path / "recording").exists()
        assert set(run("--top", polls=1, host="a", to="nonsense").out.splitlines()[0].split()) >= {"sockpush", "netlink"}
    assert rows(shown.out)["4", "8125"][4] == "0"


@pytest.mark.parametrize("env", [{"pods": "full", "pods_ports": "on"}, {"backend": "off", "pods": "on"}, {"backend": "off", "listen": "udp://127.0.0.1:1"}])
def test_what_it_leaves_out_is_no_error(run, namespace, env):
    """The same environment as the service's."""
    shown = run("--top", polls=1, kernel="off", **env)
    assert shown.status == 0 and HEADINGS in shown.out and " error " not in shown.log


def test_its_reader_goes(namespace):
    """As with `sockpush --top | head -1`."""
    done = subprocess.run(["sh", "-c", '{ "$0" --top; echo "status $?" >&2; } | head -1', BINARY], env={"SOCKPUSH_INTERVAL": "100ms", "PATH": os.environ["PATH"]},
                          capture_output=True, text=True, timeout=90)
    assert done.stderr == "status 0\n" and done.stdout.startswith("sockpush  ")


def test_what_cannot_be_read_is_reported(run, tmp_path):
    (tmp_path / "proc").mkdir()
    shown = run("--top", polls=1, proc=tmp_path / "proc", host="a")
    assert shown.status == 1 and shown.out == "" and "no backend can read" in shown.log


def test_a_bad_variable(run):
    shown = run("--top", ports="nonsense")
    assert shown.status == 2 and "SOCKPUSH_PORTS" in shown.log


# --- a terminal

def test_a_port_appears_and_its_queue_fills(namespace, queue):
    with terminal.opened() as screen:
        screen.until(lambda: HEADINGS in screen.text)
        assert screen.modes() == "100"
        queue(7000, 0)
        screen.until(lambda: screen.ports.get("7000", [])[7:10] == ["0", "0", "1"])
        one = queue(7001, 2)
        screen.until(lambda: screen.ports.get("7001", [])[7:10] == ["2", "2", "1"])
        one.accept()
        screen.until(lambda: screen.ports["7001"][7:10] == ["1", "1", "1"])
        one.close()
        screen.until(lambda: "7001" not in screen.ports)
        assert all(len(line) <= 80 for line in screen.text.splitlines())


def test_keys_sort(namespace, listen, connect, queue):
    listener = listen("127.0.0.1", 8080)
    for _ in range(4):
        connect(listener)
    queue(7000, 2)
    with terminal.opened() as screen:
        sorted_by = lambda key, *ports: screen.until(lambda: f"[{key} " in screen.text and [port for port in screen.ports if port in ports] == list(ports))
        sorted_by("e", "8080", "7000")
        screen.press("a")
        sorted_by("a", "7000", "8080")
        screen.press("e")
        sorted_by("e", "8080", "7000")
        screen.press("Down", "F1", "C-Left", "x", "p")
        sorted_by("p", "7000", "8080", ">1-32767", ">8080")


def test_a_resize_is_followed(namespace, listen):
    for port in range(8001, 8031):
        listen("127.0.0.1", port)
    with terminal.opened(lines=20, interval="1h") as screen:
        left_out = lambda lines: 30 - (lines - 6 - 1)
        fits = lambda lines: screen.until(lambda: screen.text.rstrip().splitlines()[lines - 1:] == [f"{left_out(lines)} more"])
        fits(20)
        screen.tmux("resize-window", "-x", "80", "-y", "12")
        fits(12)
        screen.tmux("resize-window", "-x", "100", "-y", "50")
        screen.until(lambda: " more" not in screen.text and "8030" in screen.ports)


def test_columns_without_room_are_left_out(namespace, listen):
    listen("127.0.0.1", 8080)
    with terminal.opened(interval="1h") as screen:
        screen.until(lambda: screen.ports.get("8080", [])[7:10] == ["0", "0", "128"])
        screen.tmux("resize-window", "-x", "70", "-y", "24")
        screen.until(lambda: screen.ports.get("8080", [])[7:] == ["0", "0"] and re.search("QUEUE  PEAK$", screen.text, re.M))


@pytest.mark.parametrize("redirect", ["</dev/null", "<&-", ">/dev/tty"])
def test_keys_work_with_streams_elsewhere(namespace, listen, redirect):
    with terminal.opened(redirect=redirect) as screen:
        screen.until(lambda: "[e ESTAB]" in screen.text)
        screen.press("u")
        screen.until(lambda: "[u UDP]" in screen.text)
        screen.press("q")
        assert screen.read("after") == screen.read("before") and screen.read_log() == ""


def test_no_keys_can_be_read(namespace):
    with terminal.opened(redirect="</dev/null >/dev/tty") as screen:
        screen.until(lambda: HEADINGS in screen.text)
        screen.press("q", "e", "C-c")
        assert screen.read("after") == screen.read("before") and screen.read_log() == ""


@pytest.mark.parametrize("end", ["q", "C-c", signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored(namespace, end):
    with terminal.opened() as screen:
        screen.until(lambda: HEADINGS in screen.text)
        if isinstance(end, str):
            screen.press(end)
        else:
            os.kill(screen.pid, end)
        assert screen.read("after") == screen.read("before")
        assert HEADINGS not in screen.text and screen.modes() == "011"
        assert screen.read_log() == ""


def test_it_can_be_suspended(namespace):
    with terminal.opened() as screen:
        screen.until(lambda: HEADINGS in screen.text)
        screen.press("C-z")
        assert screen.read("suspended") == screen.read("before")
        screen.until(lambda: HEADINGS in screen.text and screen.modes() == "100")
        screen.press("q")
        assert screen.read("after") == screen.read("before") and screen.modes() == "011"


@pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="a build with sanitizers has no sandbox")
def test_it_is_in_the_sandbox(namespace):
    with terminal.opened() as screen:
        screen.until(lambda: HEADINGS in screen.text)
        status = pathlib.Path(f"/proc/{screen.pid}/status").read_text()
        assert "\nSeccomp:\t2\n" in status and "\nNoNewPrivs:\t1\n" in status


def test_a_dumb_terminal_gets_plain_text(namespace):
    with terminal.opened(term="dumb", polls=2) as screen:
        assert screen.read("after") == screen.read("before")
        assert screen.text.count("sockpush  netlink") == 2 and screen.modes() == "011"
