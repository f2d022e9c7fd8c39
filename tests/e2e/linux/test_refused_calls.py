"""Each system call of the program is refused in turn. It neither hangs nor spins nor dies of a signal: it continues without the call, or
reports the reason."""
import platform
import resource
import subprocess
import time

import pytest

import receivers
import seccomp
import streams
import wait
from program import BINARY, ONE_POLL, environment

X86_64 = b"\x3e\0"      # e_machine of its ELF header
pytestmark = [pytest.mark.skipif(platform.machine() != "x86_64" or BINARY.read_bytes()[18:20] != X86_64, reason="not a program of x86_64"),
              pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="the sanitizers need calls of their own")]

# arch/x86/entry/syscalls/syscall_64.tbl, without read and write, which no profile that lets a program run refuses.
CALLS = {"open": 2, "close": 3, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13,
         "rt_sigprocmask": 14, "ioctl": 16, "access": 21, "nanosleep": 35, "getpid": 39, "socket": 41, "connect": 42, "sendto": 44,
         "recvfrom": 45, "shutdown": 48, "getsockname": 51, "getpeername": 52, "setsockopt": 54, "getsockopt": 55, "clone": 56, "kill": 62,
         "uname": 63, "readlink": 89, "rt_sigtimedwait": 128, "futex": 202, "getdents64": 217, "set_tid_address": 218, "openat": 257,
         "readlinkat": 267, "pipe2": 293, "prlimit64": 302, "getrandom": 318, "statx": 332}
NEEDED = {"poll": "waited for", "rt_sigprocmask": "waited for", "rt_sigtimedwait": "waited for", "mmap": "memory",
          "clone": "cannot start an output", "pipe2": "cannot start an output", "mprotect": "cannot start an output"}


@pytest.mark.parametrize("call", CALLS)
def test_refused(namespace, call):
    with streams.Aggregator() as tcp, receivers.udp() as udp:
        env = environment(ONE_POLL, {"to": f"influx+stdout:,influx+tcp://127.0.0.1:{tcp.port},influx+udp://127.0.0.1:{udp.port}",
                                     "format": None, "polls": 3, "interval": "200ms", "ports": "80"})
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([BINARY], env=env, preexec_fn=seccomp.refuse_call(CALLS[call]), timeout=3 * wait.DEADLINE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        spent, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    assert done.returncode in (0, 1), f"{done.returncode}: {done.stderr}"
    assert spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime < max(0.3, seconds / 2), "it spins"
    if call in NEEDED:
        assert done.returncode == 1 and NEEDED[call] in done.stderr and not done.stdout, done.stderr
    else:
        assert done.stdout.count("netstat,") == 6 and "ends after 3 polls" in done.stderr, done.stderr
        assert done.returncode == 0 or "were not sent" in done.stderr
