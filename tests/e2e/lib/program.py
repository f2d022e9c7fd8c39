"""Runs the binary, always in exactly the test's environment, always with a time limit."""
import os
import pathlib
import re
import signal
import subprocess
import threading
from typing import NamedTuple

import parse
import wait

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("SOCKPUSH_TEST_BINARY", ROOT / "build" / "sockpush")).resolve()

OF_SANITIZERS = {name: os.environ[name] for name in ("ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}

ONE_POLL = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_FORMAT": "dogstatsd", "SOCKPUSH_POLLS": "1",
            "SOCKPUSH_SELF": "off", "SOCKPUSH_HOST": "a"}


def environment(base, changes):
    """Adds the changes to the environment. Names in lower case get SOCKPUSH_ in front; None removes a variable.

    The kernel's counters and the sockets' queues, which most tests do not ask for, are off unless the test sets kernel or queues.
    A sanitizer's options stay.
    """
    result = {"SOCKPUSH_KERNEL": "off", "SOCKPUSH_QUEUES": "off", **OF_SANITIZERS, **base}
    for name, value in changes.items():
        if isinstance(name, str) and name.islower():
            name = "SOCKPUSH_" + name.upper()
        result.pop(name, None)
        if value is not None:
            result[name] = value if isinstance(value, bytes) else str(value)
    return result


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def pending(pid, number):
    """Returns whether the process has not handled this signal yet (proc_pid_status(5))."""
    [mask] = [line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("ShdPnd:")]
    return int(mask, 16) >> number - 1 & 1


def stop(pid):
    """Sends SIGSTOP and waits until all threads have stopped, because a later signal could otherwise come first."""
    os.kill(pid, signal.SIGSTOP)
    state = lambda task: (task / "stat").read_text().rpartition(")")[2].split()[0]
    assert wait.until(lambda: all(state(task) == "T" for task in pathlib.Path(f"/proc/{pid}/task").iterdir()))


class Run(NamedTuple):
    status: int
    out: str
    log: str

    @property
    def points(self):
        assert self.status == 0, f"status {self.status}: {self.log}"
        return parse.any_format(self.out)

    @property
    def series(self):
        return parse.series(self.points)

    @property
    def totals(self):
        return parse.totals(self.series)

    @property
    def ports(self):
        return parse.ports(self.series)

    @property
    def remotes(self):
        return parse.remotes(self.series)


def version():
    """Returns the version in src/base/version.h, its only place."""
    return re.search(r'SOCKPUSH_VERSION\s+"(.*)"', (ROOT / "src/base/version.h").read_text())[1]


def run_binary(env, *arguments, binary=BINARY, timeout=3 * wait.DEADLINE, **popen):
    done = subprocess.run([str(binary), *arguments], env=env, timeout=timeout, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
    decode = lambda data: data.decode("utf-8", "surrogateescape")
    return Run(done.returncode, decode(done.stdout), decode(done.stderr))


class Program:
    """A running sockpush whose output and log are read all the while."""

    def __init__(self, env, stdout=subprocess.PIPE, binary=BINARY, arguments=(), **popen):
        self.process = subprocess.Popen([str(binary), *arguments], env=env, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=subprocess.PIPE, **popen)
        self._text = {}
        self._threads = []
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                self._text[pipe] = bytearray()
                self._threads.append(threading.Thread(target=self._drain, args=(pipe,), daemon=True))
                self._threads[-1].start()

    def _drain(self, pipe):
        while data := os.read(pipe.fileno(), 65536):
            self._text[pipe] += data

    @property
    def out(self):
        """Returns the whole lines of stdout. The last line may be incomplete."""
        text = bytes(self._text[self.process.stdout])
        return text[:text.rfind(b"\n") + 1].decode("utf-8", "surrogateescape")

    @property
    def log(self):
        return bytes(self._text[self.process.stderr]).decode()

    def influx_polls(self):
        """Returns the finished polls. The last one may still be growing."""
        return [parse.series(poll) for poll in parse.by_poll(parse.influx(self.out))[:-1]]

    def until(self, condition):
        """Waits until the condition has been true once. It may be false again a moment later."""
        met = lambda: condition() and "met"
        value = wait.until(lambda: met() or self.process.poll() is not None and (met() or "ended"))
        assert value == "met", f"not in time, or ended with {self.process.poll()}; its log:\n{self.log}"

    def end(self, number=signal.SIGTERM, seconds=wait.DEADLINE):
        """Asks the program to end. Returns its status."""
        if number and self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)
        return status

    def end_at_once(self):
        """Ends it by a second signal, because after the first it flushes for 5 s if a receiver takes nothing. Returns its status."""
        self.process.send_signal(signal.SIGTERM)
        wait.until(lambda: self.process.poll() is not None or not pending(self.process.pid, signal.SIGTERM))
        return self.end()

    def kill(self):
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in self._text:
            pipe.close()
