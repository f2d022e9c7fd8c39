"""Which errors system calls may return, and which calls of a program fail when."""
import collections
import errno
import random
from typing import NamedTuple

A_WHILE = 20            # times that a call fails in a row
NONE = ""               # the manual names no error, or only those of wrong arguments

# By the manual's pages of section 2, without errors of wrong arguments. Calls that only other processors make count as the ones here.
OPEN, LOOK, MEMORY = "EMFILE ENFILE ENOENT EACCES ENOMEM", "ENOENT EACCES ENOMEM", "ENOMEM EAGAIN"
ERRORS = {
    "read": "EINTR EIO EAGAIN", "write": "EINTR EIO EAGAIN ENOSPC", "write stdout": "EINTR EIO EAGAIN ENOSPC EPIPE", "write wake": "EINTR ENOMEM",
    "close": "EINTR EIO", "open": OPEN, "openat": OPEN, "statx": f"{LOOK} ENOSYS", "stat": LOOK, "lstat": LOOK, "fstat": "ENOMEM", "newfstatat": LOOK, "access": LOOK, "faccessat": LOOK, "readlink": LOOK, "readlinkat": LOOK,
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

# Calls of the sandbox's table that a program on x86_64 does not make in its first three polls, by the reason.
NOT_AT_THE_START = {
    "test_while_it_runs makes it fail": "accept4 fstat nanosleep recvmmsg",
    "the kernel answers it in the program's own memory": "gettimeofday",
    "only an older kernel, which lacks a newer call, is asked": "pipe accept",
    "the C library has another one for this processor": "ppoll clock_nanosleep faccessat statx newfstatat unlinkat",
    "the C library makes it at the end of a thread that nobody joins": "set_robust_list",
    "the kernel makes it itself, after SIGSTOP and SIGCONT": "restart_syscall",
    "it cannot fail, and is not shown": "exit exit_group",
    "listener_at_path compares files only if an output is a Unix socket": "stat",
}

# What brings a thread to calls that it seldom makes: another call's failure, after which a connection is opened anew, or a line logged.
ANEW = "socket setsockopt getsockopt connect getsockname getpeername uname mmap munmap readlink open read lseek fcntl write close"
CAUSES = {
    "poll netlink": [("sendto", "ECONNRESET", ANEW), ("getsockopt", "ENOPROTOOPT", "fstat"), ("write wake", "ENOMEM", "nanosleep")],
    "poll procfs": [("open", "EMFILE", f"{ANEW} poll"), ("write wake", "ENOMEM", "nanosleep")],
    "push datagram": [("sendto", "ECONNRESET", ANEW), ("sendto", "EPIPE", ANEW)],
    "push stream": [("sendto", "ECONNRESET", ANEW), ("open", "EMFILE", "poll write")],
    "relay": [("recvmmsg", "ENOMEM", ANEW), ("recvmmsg", "ENOBUFS", ANEW), ("open", "EMFILE", "poll write")],
}

# What is tried while it runs only if it happens to be called, by the reason. "": in any thread.
BY_CHANCE = {
    "a thread waits for a lock only if another one holds it just then": {"": "futex"},
    "what is lost is looked for once a minute: test_owners tries it": {"poll netlink": "readlinkat getdents64", "poll procfs": "readlinkat getdents64"},
    "of the log and of names, which other threads call often": {"push datagram": "lseek open read fcntl write getrandom",
                                                                "poll netlink": "lseek open fcntl write poll readlink"},
    "datagrams gather only if many have come since the last look, as after a failure": {"relay": "nanosleep"},
    "acknowledgements are waited for where bytes cross a receiver's end": {"push stream": "nanosleep"},
}


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


def row_of(call, arguments):
    """Returns the name of the call's row in ERRORS: writes differ by what is written."""
    if call == "write" and arguments[0] == 1:
        return "write stdout"
    return "write wake" if call == "write" and arguments[2] == 1 else call


def may_fail(call, arguments):
    """Waking a futex does not fail (futex(2)), waiting does."""
    return call != "futex" or arguments[1] & 127 in (0, 9)


def by_chance(phase, row):
    return any(row in of.get(phase, "").split() + of.get("", "").split() for of in BY_CHANCE.values())


class Starting:
    """Fails a call from its n-th time on. `made` counts calls until the first lines are written, `all_made` all of them."""

    def __init__(self, fault=None, first=0):
        self.made, self.all_made = collections.Counter(), collections.Counter()
        self.failed = self.calls = 0
        self.fault, self._first, self._over = fault, first, False

    def __call__(self, _, call, arguments):
        row = row_of(call, arguments)
        self._over |= row == "write stdout"
        self.calls += 1
        assert self.calls < 100_000, "it spins"
        if not may_fail(call, arguments):
            return 0
        self.all_made[row] += 1
        if not self._over:
            self.made[row] += 1
        if not self.fault or row != self.fault.call or self.failed == self.fault.times or self.all_made[row] <= self._first:
            return 0
        self.failed += 1
        return getattr(errno, self.fault.error)

    def rows(self, chance):
        """Returns [(fault, at which time)]: of the start, and of what comes later the calls that the start does not make. What it prints
        first, amid, and last."""
        for row, n in sorted(self.all_made.items()):
            for fault in faults_of(row):
                for first in (0, n // 2, n - 1) if row == "write stdout" else [chance.randrange(self.made[row] or n)]:
                    yield fault, first


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
        self._cause_of = {}                     # by thread: (poll from which on it may begin, cause)

    @property
    def left(self):
        """Returns {(phase, call): faults} that have to be tried yet."""
        return {key: of for key, of in self.rows.items() if of and not by_chance(*key)}

    def __call__(self, thread, call, arguments):
        if thread not in self.phase or not may_fail(call, arguments):
            return 0
        key = self.phase[thread], row_of(call, arguments)
        self.made[key] += 1
        if key not in self.rows:
            self.rows[key] = faults_of(key[1])
            self._chance.shuffle(self.rows[key])
        works = self._has_worked(thread, call)
        if thread not in self._now and works:
            self._begin(thread, key)
        return self._fail(thread, key[1]) or (self._cause(thread, key) if works else 0)

    def _has_worked(self, thread, call):
        """Returns whether no fault came since the thread's connection worked. A stream's has to be sent to for so long that the next one is opened
        soon, a datagram's socket once."""
        stream = self.phase[thread] == "push stream"
        if self._sent.get(thread, 0) - self._opened.get(thread, -HELD) >= HELD - 2 if stream else call == "sendto":
            self._spent.discard(thread)
        if call == "sendto":
            self._sent[thread] = self.polls
        elif call == "socket":
            self._opened[thread] = self.polls
        return not self.phase[thread].startswith("push") or thread not in self._spent

    def _begin(self, thread, key):
        """Calls that are made often in a poll fail at any of these times. What has to be tried comes first."""
        often = self.made[key] / (self.polls + 1)
        if by_chance(*key) and any(phase == key[0] for phase, _ in self.left):
            return
        if self.rows[key] and self.polls >= self._rest.get(thread, 0) and self._chance.random() * often < 2:
            fault = self.rows[key].pop()
            self._now[thread] = [fault, fault.times, self.polls + 3]
            self._spent.add(thread)
            self.begun.append((self.polls, self.phase[thread], fault))

    def _fail(self, thread, row):
        if thread not in self._now:
            return 0
        fault, left, end = now = self._now[thread]
        if self.polls >= end or not left:
            del self._now[thread]
            self._rest[thread] = self.polls + 1
            return 0
        if row != fault.call:
            return 0
        now[1] -= 1
        self.failed += 1
        return getattr(errno, fault.error)

    def _cause(self, thread, key):
        """Fails a call whose own faults were all tried, if that brings the thread to another that was not."""
        phase, row = key
        left = {call for of, call in self.left if of == phase}
        causes = [cause for cause in CAUSES.get(phase, ()) if self.made[phase, cause[0]] and left & set(cause[2].split())]
        if not causes or self.rows[key] or thread in self._now or self.polls < self._rest.get(thread, 0):
            return 0
        begin, cause = self._cause_of.setdefault(thread, (self.polls, self._chance.choice(causes)))
        if cause not in causes or self.polls > begin + 10:
            del self._cause_of[thread]          # it is not needed any more, or not made
        if cause not in causes or self.polls < begin or cause[0] != row:
            return 0
        # The same error again would not be logged.
        self._cause_of[thread] = self.polls + 2, self._chance.choice([other for other in causes if other != cause] or causes)
        if phase == "push stream":
            self._spent.add(thread)
        self.failed += 1
        return getattr(errno, cause[1])
