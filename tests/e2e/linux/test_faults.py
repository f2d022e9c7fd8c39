"""Each system call of the program fails with each errno that a kernel may return: once, and for a while."""
import collections
import concurrent.futures
import contextlib
import errno
import os
import platform
import random
import re
import socket
import struct
import subprocess
import threading
import time
from typing import NamedTuple

import pytest

import faults
import parse
import ports
import posts
import receivers
import streams
import wait
from chaos import report        # a fixture
from program import BINARY, Program, environment
from tls_pki import pki         # a fixture

X86_64 = platform.machine() == "x86_64" and BINARY.read_bytes()[18:20] == b"\x3e\0"
pytestmark = [pytest.mark.skipif(not X86_64 or not faults.NUMBERS, reason="not a program of x86_64, or its kernel's headers are not installed"),
              pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="the sanitizers need calls of their own")]

SEED = int(os.environ.get("SOCKPUSH_TEST_SEED", "28"))
A_WHILE = 20            # times that a call fails in a row
NONE = ""               # the manual names no error, or only those of wrong arguments

# By the manual's pages of section 2, without errors of wrong arguments. Calls that only other processors make count as the ones here.
OPEN, LOOK, MEMORY = "EMFILE ENFILE ENOENT EACCES ENOMEM", "ENOENT EACCES ENOMEM", "ENOMEM EAGAIN"
ERRORS = {
    "read": "EINTR EIO EAGAIN", "write": "EINTR EIO EAGAIN ENOSPC", "close": "EINTR EIO", "open": OPEN, "openat": OPEN, "statx": f"{LOOK} ENOSYS",
    "stat": LOOK, "lstat": LOOK, "fstat": "ENOMEM", "newfstatat": LOOK, "access": LOOK, "faccessat": LOOK, "readlink": LOOK, "readlinkat": LOOK,
    "lseek": "ESPIPE", "getdents64": "ENOENT ENOMEM", "unlink": "EACCES EROFS", "unlinkat": "EACCES EROFS", "ioctl": "ENOTTY ENODEV", "fcntl": "EPERM",
    "poll": "EINTR ENOMEM", "ppoll": "EINTR ENOMEM", "pipe": "EMFILE ENFILE", "pipe2": "EMFILE ENFILE ENOSYS",
    "socket": "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT", "connect": "ECONNREFUSED ENETUNREACH EADDRNOTAVAIL EACCES EAGAIN ETIMEDOUT",
    "sendto": "EAGAIN EINTR ENOBUFS ECONNRESET EPIPE EPERM EMSGSIZE", "recvfrom": "EAGAIN EINTR ECONNRESET ENOMEM ENOBUFS ETIMEDOUT",
    "recvmmsg": "EAGAIN EINTR ENOMEM ENOBUFS", "accept": "EMFILE ECONNABORTED ENOBUFS", "accept4": "EMFILE ENFILE ECONNABORTED ENOBUFS EAGAIN",
    "getsockname": "ENOBUFS", "getpeername": "ENOTCONN ENOBUFS", "setsockopt": "ENOPROTOOPT ENOMEM", "getsockopt": "ENOPROTOOPT ENOBUFS",
    "shutdown": "ENOTCONN", "bind": "EADDRINUSE EADDRNOTAVAIL EACCES", "listen": "EADDRINUSE",
    "futex": "EAGAIN EINTR", "nanosleep": "EINTR", "clock_nanosleep": "EINTR", "rt_sigtimedwait": "EAGAIN EINTR", "kill": "EPERM",
    "mmap": MEMORY, "munmap": "ENOMEM", "mprotect": "ENOMEM", "clone": "EAGAIN ENOMEM EPERM", "getrandom": "EINTR EAGAIN ENOSYS",
    "prctl": "EINVAL EPERM", "chmod": "EPERM EROFS", "mount": "EPERM", "prlimit64": "EPERM",
    "setgroups": "EPERM ENOMEM", "setresgid": "EPERM", "setresuid": "EPERM EAGAIN", "capget": "EPERM", "capset": "EPERM", "faccessat2": f"{LOOK} ENOSYS",
    "landlock_create_ruleset": "ENOSYS EOPNOTSUPP ENOMEM", "landlock_add_rule": "ENOMEM", "landlock_restrict_self": "EPERM E2BIG",
    # the kernel answers the first three in the program's own memory (vdso(7))
    "clock_gettime": NONE, "clock_getres": NONE, "gettimeofday": NONE, "restart_syscall": NONE, "rt_sigprocmask": NONE, "rt_sigaction": NONE,
    "set_robust_list": NONE, "exit": NONE, "exit_group": NONE, "getpid": NONE, "gettid": NONE, "uname": NONE, "geteuid": NONE, "brk": NONE,
    "arch_prctl": NONE, "set_tid_address": NONE,
}
DATAGRAMS_ALONE = {("sendto", "EMSGSIZE"), ("sendto", "EPERM")}


def errors_of(call):
    assert call in ERRORS, f"{call} has no row in ERRORS: which errors may it return?"
    return ERRORS[call].split()


def test_every_call_of_the_table_has_a_row():
    for call in faults.table() & set(faults.NUMBERS):
        errors_of(call)


class Fault(NamedTuple):
    call: str
    error: str
    times: int

    def __str__(self):
        return f"{self.call}-{self.error}-{self.times}"


def faults_of(call):
    return [Fault(call, error, times) for error in errors_of(call) for times in (1, A_WHILE)]


def may_fail(call, arguments):
    """Waking a futex does not fail (futex(2)), waiting does. Nor does a byte into a pipe that does not block and has room, which wakes a
    thread."""
    if call == "write":
        return arguments[0] < 3
    return call != "futex" or arguments[1] & 127 in (0, 9)


# --- the start: what is called before the first lines are written

class Starting:
    """Fails a call from its n-th time before the first lines on."""

    def __init__(self, fault=None, first=0):
        self.made = collections.Counter()
        self.failed = self.calls = 0
        self._fault, self._first, self._over = fault, first, False

    def __call__(self, _, call, arguments):
        self._over |= call == "write" and arguments[0] == 1
        self.calls += 1
        assert self.calls < 100_000, "it spins"
        if not may_fail(call, arguments):
            return 0
        if not self._over:
            self.made[call] += 1
        if not self._fault or call != self._fault.call or self.failed == self._fault.times or (not self.failed and self.made[call] <= self._first):
            return 0
        self.failed += 1
        return getattr(errno, self._fault.error)


class Start(NamedTuple):
    """A run of three polls, to its end."""
    host: str
    status: int
    out: str
    log: str
    plan: Starting

    @property
    def series(self):
        """Returns the series of each poll, without the kernel's counters: those that cannot be read are left out of a poll."""
        return [{(point.measurement, tuple(tag for tag in point.tags if tag[0] not in ("host", "listen", "backend"))) for point in points
                 if point.measurement != "netstat_kernel"} for points in parse.by_poll(parse.influx(self.out))]


@pytest.fixture
def start_once(namespace, keep, tmp_path):
    """start_once(host, plan) runs the program with a TCP and an HTTP receiver. Returns the run and what both received."""
    tcp, http, udp = keep(streams.Aggregator()), keep(posts.Receiver()), keep(receivers.udp())
    keep(socket.create_server(("127.0.0.1", 8080)))

    def run(host, plan):
        supervisor = faults.Supervisor(plan)
        env = {"to": f"influx+stdout:,influx+tcp://127.0.0.1:{tcp.port},http://127.0.0.1:{http.port}/w,influx+udp://127.0.0.1:{udp.port}", "host": host,
               "polls": 3, "interval": "100ms", "listen": f"udp://127.0.0.1:{ports.unused()}", "ports": "8080", "kernel": "on", "queues": "on"}
        program = Program(environment({}, env), preexec_fn=supervisor.preexec)
        try:
            status = program.end(None)
        except subprocess.TimeoutExpired:
            status = "hangs"
        finally:
            program.kill()
            supervisor.close()
        return Start(host, status, program.out, program.log, plan)
    run.tcp, run.http = tcp, http
    return run


def outcome(one, normal, received):
    """Returns how a start with a fault went; "wrong: …" if it is not as it should be."""
    lines, reported = one.out.splitlines(), re.search(r"^(\S+ (warn|error)|sockpush:) ", one.log, re.M)
    if one.status not in (0, 1, 2):
        return f"wrong: status {one.status}"
    if not lines:
        return "ended with a reason" if one.status and reported else "wrong: no reason"
    if one.status == 0 and not all(set(lines) <= set(got) for got in received):
        return "wrong: lines are missing at a receiver"
    if one.status and "were not sent" not in one.log:
        return f"wrong: no reason for status {one.status}"
    if len(one.series) == 3 and all(series >= normal for series in one.series):
        return "went on with all series"
    return "went on, and reported it" if reported else f"wrong: without a word {normal - min(one.series, key=len)} are missing"


def test_the_start(start_once, report):
    began = time.monotonic()
    chance = random.Random(SEED)
    normal = start_once("normal", Starting())
    assert normal.status == 0 and len(normal.series) == 3, normal.log
    rows = [(fault, chance.randrange(n)) for call, n in sorted(normal.plan.made.items()) for fault in faults_of(call)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda row: start_once(str(row[0]), Starting(*row)), rows))
    wait.until(lambda: len(start_once.tcp.ended) == len(start_once.tcp.connections))
    received = [collections.defaultdict(list), collections.defaultdict(list)]
    for got, lines in zip(received, (start_once.tcp.lines(), start_once.http.lines())):
        for line in lines:
            got[re.search("host=([^, ]*)", line)[1]].append(line)
    found = collections.defaultdict(list)
    for one in runs:
        found[outcome(one, set.intersection(*normal.series), [got[one.host] for got in received])].append(one)
    wrong = [f"{one.host}: {how}\n{one.log}" for how, of in found.items() if how.startswith("wrong") for one in of]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(rows)}, seed {SEED}:", *wrong])
    report(f"{len(rows)} faults in {len(normal.plan.made)} calls, {sum(one.plan.failed for one in runs)} failed calls: "
           f"{', '.join(f'{len(of)} {how}' for how, of in sorted(found.items()))}; {time.monotonic() - began:.0f} s, seed {SEED}")


# --- while it runs: the main thread polls, a thread for each output pushes, one more takes the applications' lines

POLLS_MAX = 330         # a bound for all faults together
HELD = 13               # polls until a receiver ends a connection: longer than the program waits before it opens another at once


class Running:
    """Fails the calls of each thread, one fault at a time. `phase` names what a thread does, `polls` is how many polls were seen; others set
    both. A fault begins where its call is made, so each call that is made in a phase is tried there."""

    def __init__(self, seed):
        self.phase, self.polls = {}, 0
        self.made, self.rows, self.begun = collections.Counter(), {}, []
        self.failed = 0
        self._chance = random.Random(seed)
        self._now, self._rest = {}, {}          # by thread: [fault, times left, poll of its end], and the poll until which nothing fails
        self._opened, self._spent = {}, set()

    @property
    def left(self):
        return sum(map(len, self.rows.values()))

    def __call__(self, thread, call, arguments):
        if thread not in self.phase or not may_fail(call, arguments):
            return 0
        key = self.phase[thread], call
        self.made[key] += 1
        if key not in self.rows:
            self.rows[key] = [fault for fault in faults_of(call) if key[0] == "push datagram" or (call, fault.error) not in DATAGRAMS_ALONE]
            self._chance.shuffle(self.rows[key])
        if thread not in self._now and self._has_worked(thread, call):
            self._begin(thread, key)
        return self._fail(thread, call)

    def _has_worked(self, thread, call):
        """Returns whether the thread's connection has lasted, so that the next one is opened soon, and no fault came since."""
        if self.polls - self._opened.get(thread, -HELD) >= HELD - 2:
            self._spent.discard(thread)
        if call == "connect":
            self._opened[thread] = self.polls
        return thread not in self._spent

    def _begin(self, thread, key):
        """Calls that are made often in a poll fail at any of these times."""
        often = self.made[key] / (self.polls + 1)
        if self.rows[key] and self.polls >= self._rest.get(thread, 0) and self._chance.random() * often < 2:
            fault = self.rows[key].pop()
            self._now[thread] = [fault, fault.times, self.polls + 3]
            self._spent.add(thread)
            self.begun.append((time.strftime('%T'), self.polls, thread, self.phase[thread], str(fault)))

    def _fail(self, thread, call):
        if thread not in self._now:
            return 0
        fault, left, end = now = self._now[thread]
        if self.polls >= end or not left:
            del self._now[thread]
            self._rest[thread] = self.polls + 1
            return 0
        if call != fault.call:
            return 0
        now[1] -= 1
        self.failed += 1
        return getattr(errno, fault.error)


class Restarting:
    """Receivers that end each connection in order after HELD polls, as if they were started anew."""

    def __init__(self, plan):
        self._plan, self._first = plan, {}

    def _is_over(self, connection):
        first = self._first.setdefault(connection, self._plan.polls)
        return self._plan.phase and self._plan.polls >= first + HELD

    def tcp(self, n):
        def serve(connection, got):
            connection.settimeout(0.05)
            while not self._is_over(connection):
                with contextlib.suppress(TimeoutError):
                    data = connection.recv(1 << 16)
                    got += data
                    if not data:
                        return True
            connection.settimeout(wait.DEADLINE)
            connection.shutdown(socket.SHUT_WR)
            return streams.read_all(connection, got)
        return serve

    def http(self):
        mark = object()
        return lambda post: posts.answer(connection="close") if self._is_over((mark, post.connection)) else posts.answer()


class Clients:
    """Applications that send counters, as datagrams and over a stream, which they open again when it ends."""

    def __init__(self, port, path):
        self.sent, self._port, self._path, self._over = 0, port, str(path), threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._datagrams, self._stream)]
        for thread in self._threads:
            thread.start()

    def _datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            while not self._over.wait(0.01):
                one.sendto(b"hits:1|c", ("127.0.0.1", self._port))
                self.sent += 1

    def _stream(self):
        while not self._over.wait(0.05):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                one.connect(self._path)
                for _ in range(HELD):
                    if not self._over.wait(0.05):
                        one.sendall(struct.pack("<I", 13) + b"streamed:1|c\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def field(line, name):
    found = re.search(rf"[ ,]{name}=([0-9]+)", line)
    return int(found[1]) if found else 0


def cut(got, lines):
    """Returns whether a connection's bytes end within a line that is none's beginning."""
    rest = bytes(got).decode().rpartition("\n")[2]
    return rest and not any(line.startswith(rest) for line in lines)


def test_while_it_runs(namespace, keep, tmp_path, pki, report):
    began = time.monotonic()
    plan = Running(SEED)
    restarting = Restarting(plan)
    tcp = [keep(streams.Aggregator(restarting.tcp)) for _ in range(3)]
    http = [keep(posts.Receiver(restarting.http(), pki=of_pki)) for of_pki in (None, None, pki.leaf("faults"))]
    udp = keep(receivers.udp())
    keep(socket.create_server(("127.0.0.1", 8080)))
    outputs = ["influx+stdout:", *(f"influx+tcp://127.0.0.1:{one.port}" for one in tcp),
               *(f"http{'s' * (one is http[2])}://127.0.0.1:{one.port}/w" for one in http), f"influx+udp://127.0.0.1:{udp.port}"]
    port, path = ports.unused(), tmp_path / "listen"
    supervisor = faults.Supervisor(plan)
    program = Program(environment({}, {"to": ",".join(outputs), "host": "a", "interval": "100ms", "replay": "2s", "buffer": "4MiB", "tls_ca": pki.ca,
                                       "listen": f"udp://127.0.0.1:{port},unixstream://{path}", "ports": "8080", "kernel": "on", "queues": "on"}),
                      preexec_fn=supervisor.preexec)
    seen = lambda: program.out.count("\nsockpush,")
    try:
        program.until(lambda: seen() > 3 and all(one.connections for one in (*tcp, *http)))
        main, _, *pushing, relay = sorted(int(task) for task in os.listdir(f"/proc/{program.process.pid}/task"))
        assert len(pushing) == len(outputs) - 1
        normal = program.log
        with Clients(port, path) as clients:
            plan.phase = {main: "poll", relay: "relay", **dict.fromkeys(pushing[:-1], "push stream"), pushing[-1]: "push datagram"}
            while plan.polls < POLLS_MAX and not (plan.polls > 20 and not plan.left):
                before = plan.polls
                program.until(lambda: seen() > before)
                plan.polls = seen()
        plan.phase = {}
        caught_up = lambda own: all(own <= set(one.lines()) for one in (*tcp, *http))
        program.until(lambda: seen() > plan.polls + 5)
        own = set(program.out.splitlines())
        program.until(lambda: caught_up(own))
        assert program.end() == 0, program.log
    finally:
        program.kill()
        supervisor.close()
    print(program.log[len(normal):])
    for one in plan.begun:
        print(one)
    check_running(program, tcp, http, clients)
    calls = {call for _, call in plan.rows}
    report(f"{len(plan.begun)} faults in {len(calls)} calls of {len({phase for phase, _ in plan.rows})} phases, {plan.failed} failed calls, "
           f"{plan.left} whose call came too seldom; {plan.polls} polls, {time.monotonic() - began:.0f} s, seed {SEED}")
    print({key: len(rows) for key, rows in plan.rows.items() if rows})


def check_running(program, tcp, http, clients):
    printed = program.out.splitlines()
    own = set(printed)
    assert len(own) == len(printed), "lines are printed twice"
    wait.until(lambda: all(len(one.ended) == len(one.connections) for one in tcp))
    for one in tcp:
        assert set(one.lines()) == own, f"{len(own - set(one.lines()))} of {len(own)} were not received; strange: {list(set(one.lines()) - own)[:2]}"
        assert not [got for got in one.connections if cut(got, own)], "a line was cut"
        for got in one.connections:
            lines = streams.whole(got).splitlines()
            assert len(lines) == len(set(lines)), "twice in one connection"
    for one in http:
        assert set(one.lines()) == own, f"{len(own - set(one.lines()))} of {len(own)} were not stored; strange: {list(set(one.lines()) - own)[:2]}"
    hits = sum(field(line, "value") for line in printed if line.startswith("hits,"))
    assert hits == clients.sent, f"{hits} of {clients.sent} datagrams were counted"
