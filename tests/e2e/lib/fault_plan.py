"""Which errors system calls may return, and which calls of a program fail when."""
import collections
import errno
import random
from typing import NamedTuple

A_WHILE = 20            # times that a call fails in a row
LOG = 3                 # the first descriptor that the program opens: stderr, anew
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
        return arguments[0] <= LOG
    return call != "futex" or arguments[1] & 127 in (0, 9)


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
