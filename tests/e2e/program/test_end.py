"""The program's end: on a signal, after SOCKPUSH_POLLS, as process 1."""
import os
import signal
import socket
import subprocess
import time

import pytest

import netns
import parse
import procfs
import rights
import wait
from program import BINARY, stop

pytestmark = pytest.mark.windows


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal(root, start, number):
    """The status is 0 without the next poll, which is an hour away. Every line is whole."""
    program = start(proc=root, interval="1h", ports=",".join(map(str, range(1, 200))),
                    popen={"preexec_fn": lambda: signal.signal(number, signal.SIG_DFL)})
    program.until(lambda: program.out)
    assert program.end(number) == 0
    assert parse.ended_by_itself(program.log) and "ends after 1 polls" in program.log, program.log
    raw = bytes(program._text[program.process.stdout]).decode()
    assert len(parse.ports(parse.series(parse.influx(raw)))) == 398


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ignored_signal(root, start, number):
    """A signal that was ignored at the start stays ignored, as under nohup or in a script's background."""
    program = start(proc=root, popen={"preexec_fn": lambda: signal.signal(number, signal.SIG_IGN)})
    program.until(lambda: program.out)
    program.process.send_signal(number)
    polls = len(program.influx_polls())
    program.until(lambda: len(program.influx_polls()) > polls + 2)
    assert program.end() == 0


def test_signal_at_the_very_start(root, start):
    for delay in (0, 0.001, 0.003, 0.01):
        program = start(proc=root)
        time.sleep(delay)
        assert program.end() in (0, -signal.SIGTERM), "until it has installed its handler the signal may end it"


def test_flush(tmp_path, root, start):
    """Lines queued at the signal are still delivered, because the receiver was only late."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        program = start(to=f"unixstream://{path}", proc=root, interval="1h", ports=",".join(map(str, range(1, 2000))), buffer="8MiB")
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(wait.DEADLINE)
            data = connection.recv(1 << 16)
            program.process.send_signal(signal.SIGTERM)
            while more := connection.recv(1 << 16):
                data += more
        assert program.end(number=None) == 0
    assert len(parse.ports(parse.series(parse.influx(data.decode())))) == 2 * 1999


def test_receiver_does_not_read_at_the_end(tmp_path, root, start):
    """The flush takes five seconds at most. The log has the number of lines left."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        program = start(to=f"unixstream://{path}", proc=root, ports=",".join(map(str, range(1, 2000))))
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            assert program.end() == 0
    assert "lines" in program.log.splitlines()[-1] or "lines" in program.log.splitlines()[-2]
    assert parse.ended_by_limit(program.log), program.log


def test_second_signal(tmp_path, root, start):
    """The second signal ends it, whatever a thread does. The test waits until each signal is handled, because two different ones could
    arrive together."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        program = start(to=f"unixstream://{path}", proc=root, ports=",".join(map(str, range(1, 2000))),
                        popen={"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)})
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            program.process.send_signal(signal.SIGTERM)
            assert program.end(signal.SIGINT) == 0
    assert parse.ended_by_second_signal(program.log), program.log


def test_polls(root, poll):
    run = poll(proc=root, polls=5, interval="100ms", format="influx")
    assert len(parse.by_poll(run.points)) == 5


def test_deadlines_are_skipped_not_caught_up(root, start):
    """A program that was stopped skips the polls it missed: each interval has at most one, however late it comes."""
    program = start(proc=root)
    program.until(lambda: len(program.influx_polls()) >= 2)
    stop(program.process.pid)
    time.sleep(1)
    program.process.send_signal(signal.SIGCONT)
    count = len(program.influx_polls())
    program.until(lambda: len(program.influx_polls()) >= count + 5)
    times = sorted({point.time // 1_000_000 for point in parse.influx(program.out)})
    assert any(b - a > 800 for a, b in zip(times, times[1:])), times
    crowded = [(a, b) for i, a in enumerate(times) for j, b in enumerate(times) if j > i + 1 and b - a < 100 * (j - i - 1) - 10]
    assert not crowded, f"{crowded} of {times}"


def test_as_process_1(as_root, root):
    """In a container no other process handles signals, and process 1 ignores those without a handler."""
    first = os.fork()
    if first == 0:
        try:
            try:
                netns.unshare(netns.CLONE_NEWPID)
            except PermissionError:
                os._exit(98)
            env = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_PROC": str(root), "SOCKPUSH_INTERVAL": "100ms"}
            second = subprocess.Popen([BINARY], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                second.stdout.readline()
                second.terminate()
                os._exit(second.wait(wait.DEADLINE))
            finally:
                second.kill()
        except BaseException:
            os._exit(99)
    status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    if status == 98:
        rights.needs_root("can't make a pid namespace")
    assert status == 0
