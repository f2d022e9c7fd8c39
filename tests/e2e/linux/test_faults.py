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


def test_ipv6_is_counted_if_the_kernel_cannot_be_asked_for_it(start_once):
    """netlink is asked for IPv6 if procfs has a table of it. That procfs cannot be read now does not mean that it has none."""
    normal = start_once("normal", Starting())
    assert normal.plan.made["access"] > 1
    for n in range(normal.plan.made["access"]):
        one = start_once(f"access{n}", Starting(Fault("access", "ENOMEM", 1), n))
        assert one.plan.failed == 1 and outcome(one, set.intersection(*normal.series), []) == "went on with all series", one.log


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
        self._opened, self._sent, self._spent = {}, {}, set()

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
        """Returns whether the thread's connection was sent to for so long that the next one is opened soon, and no fault came since."""
        if self._sent.get(thread, 0) - self._opened.get(thread, -HELD) >= HELD - 2:
            self._spent.discard(thread)
        if call == "sendto":
            self._sent[thread] = self.polls
        elif call == "socket":
            self._opened[thread] = self.polls
        return self.phase[thread] != "push stream" or thread not in self._spent

    def _begin(self, thread, key):
        """Calls that are made often in a poll fail at any of these times."""
        often = self.made[key] / (self.polls + 1)
        if self.rows[key] and self.polls >= self._rest.get(thread, 0) and self._chance.random() * often < 2:
            fault = self.rows[key].pop()
            self._now[thread] = [fault, fault.times, self.polls + 3]
            self._spent.add(thread)
            self.begun.append((self.polls, self.phase[thread], fault))

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


class Receivers:
    """Receivers of each transport, or one of TCP alone."""

    def __init__(self, keep, plan, pki=None):
        restarting = Restarting(plan)
        self.tcp = [keep(streams.Aggregator(restarting.tcp)) for _ in range(3 if pki else 1)]
        self.http = [keep(posts.Receiver(restarting.http(), pki=of)) for of in (None, None, pki.leaf("faults"))] if pki else []
        self.udp = [keep(receivers.udp())] if pki else []

    @property
    def streams(self):
        return [*self.tcp, *self.http]

    @property
    def outputs(self):
        https = self.http[-1:]
        return ["influx+stdout:", *(f"influx+tcp://127.0.0.1:{one.port}" for one in self.tcp),
                *(f"http{'s' * (one in https)}://127.0.0.1:{one.port}/w" for one in self.http), *(f"influx+udp://127.0.0.1:{one.port}" for one in self.udp)]

    def phases(self, pid):
        """Returns {thread: phase} of the program, whose threads begin in the order of its outputs."""
        main, _, *pushing = sorted(int(task) for task in os.listdir(f"/proc/{pid}/task"))
        names = ["push stream"] * len(self.streams) + (["push datagram", "relay"] if self.udp else [])
        assert len(pushing) == len(names)
        return {main: "poll", **(dict(zip(pushing, names)) if self.udp else {})}


def take_faults(program, plan, phase):
    """Lets the program fail until all was tried, or nothing new is called. Then waits until it works again."""
    seen = lambda: program.out.count("\nsockpush,")
    plan.phase, last = phase, 0
    while plan.polls < POLLS_MAX and plan.polls < last + 60:
        begun = len(plan.begun)
        program.until(lambda: seen() > plan.polls)
        plan.polls = seen()
        last = plan.polls if len(plan.begun) > begun or not last else last
    plan.phase = {}
    program.until(lambda: seen() > plan.polls + 5)


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_while_it_runs(namespace, keep, tmp_path, pki, report, backend):
    """With netlink all threads fail, with procfs the main thread alone, because the rest is the same."""
    began = time.monotonic()
    plan = Running(SEED)
    others = Receivers(keep, plan, pki if backend == "netlink" else None)
    keep(socket.create_server(("127.0.0.1", 8080)))
    port, path = ports.unused(), tmp_path / "listen"
    listen = {"listen": f"udp://127.0.0.1:{port},unixstream://{path}"} if others.udp else {}
    supervisor = faults.Supervisor(plan)
    program = Program(environment({}, {"to": ",".join(others.outputs), "host": "a", "interval": "100ms", "replay": "2s", "buffer": "4MiB", "tls_ca": pki.ca,
                                       "backend": backend, "ports": "8080", "kernel": "on", "queues": "on", **listen}), preexec_fn=supervisor.preexec)
    try:
        program.until(lambda: program.out.count("\nsockpush,") > 3 and all(one.connections for one in others.streams))
        start = len(program.log)
        with Clients(port, path) if listen else contextlib.nullcontext() as clients:
            take_faults(program, plan, others.phases(program.process.pid))
        own = set(program.out.splitlines())
        program.until(lambda: all(own <= set(one.lines()) for one in others.streams))
        assert program.end() == 0, program.log
    finally:
        program.kill()
        supervisor.close()
        print(*plan.begun, program.log[start:], sep="\n")
    check_received(program, others)
    own_lines = "".join(line + "\n" for line in program.out.splitlines() if line.startswith(("netstat", "sockpush")))
    lost = uncounted(parse.influx(own_lines), plan.begun)
    assert not lost, f"without counts, which no poll_errors counts: polls {lost}"
    assert not re.search("backend=none .*no IPv6", program.log), "what was not read is not known"
    if clients:
        hits = sum(float(value) for value in re.findall("^hits,.* value=([0-9.]+) ", program.out, re.M))
        assert hits == clients.sent, f"{hits} of {clients.sent} datagrams were counted"
    assert len(plan.begun) > plan.left, f"most were not tried: {plan.rows}"
    report(f"{len(plan.begun)} faults in {len({call for _, call in plan.made})} calls, {plan.failed} failed calls, {plan.left} not tried, because their call "
           f"is seldom made; {plan.polls} polls, {time.monotonic() - began:.0f} s, seed {SEED}")


def check_received(program, others):
    """Asserts that each stream received each printed line, that none was cut or never printed, and that lost datagrams were counted."""
    printed = program.out.splitlines()
    own = set(printed)
    assert len(own) == len(printed), "lines are printed twice"
    assert wait.until(lambda: all(len(one.ended) == len(one.connections) for one in others.streams))
    for one in others.streams:
        missing, strange = own - set(one.lines()), set(one.lines()) - own
        assert not missing and not strange, f"{len(missing)} of {len(own)} were not received; {len(strange)} never printed: {sorted(strange)[:2]}"
    for got in (got for one in others.tcp for got in one.connections):
        *lines, rest = bytes(got).decode().split("\n")
        assert len(lines) == len(set(lines)), "twice in one connection"
        assert any(line.startswith(rest) for line in own), f"cut: {rest}"
    for one in others.udp:
        missing = own - set(one.text.splitlines())
        dropped = re.search(rf"udp://127.0.0.1:{one.port} msg=\"[0-9]+ lines were not sent: ([0-9]+) dropped", program.log)
        assert len(missing) <= int(dropped[1] if dropped else 0), f"{len(missing)} lines were lost, {dropped and dropped[1]} counted"


def uncounted(points, begun):
    """Returns the numbers of the polls whose counts are not whole, though poll_errors did not grow. An absent table means a kernel without
    IPv6."""
    absent = {first + n for first, _, fault in begun if fault.error == "ENOENT" for n in range(5)}
    found, before = [], 0
    for n, poll in enumerate(parse.by_poll(points)):
        whole = [point for point in poll if point.measurement == "netstat" and {"tcp_established", "udp_socket"} <= set(point.fields)]
        errors = max((point.fields["poll_errors"] for point in poll if point.measurement == "sockpush"), default=None)
        if errors is None:
            continue        # the end: lines of applications alone
        if errors == before and len(whole) < 2 and n not in absent:
            found.append(n)
        before = errors
    return found
