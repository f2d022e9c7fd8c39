"""Namespaces for the calling thread. They have no name or mount that others could see, so nothing remains."""
import contextlib
import ctypes
import math
import os
import shutil
import subprocess

CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0):
    encode = lambda text: None if text is None else os.fsencode(text)
    _check(_libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), None), f"mount {target}")


def private_mounts():
    """Enters a mount namespace whose mounts the rest of the machine never sees."""
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def shift_clock(seconds):
    """Enters a time namespace whose clocks since the machine's start are later by these seconds, which may be negative (time_namespaces(7)). Only a
    process with one thread may call it."""
    unshare(CLONE_NEWTIME)
    with open("/proc/self/timens_offsets", "w") as file:
        offset = f"{math.floor(seconds)} {int(seconds % 1 * 10**9)}"
        file.write(f"monotonic {offset}\nboottime {offset}\n")
    with open("/proc/self/ns/time_for_children") as file:
        _check(_libc.setns(file.fileno(), CLONE_NEWTIME), "setns")


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def reset_all():
    """Resets what is left of TCP in this thread's namespace. Closed sockets with unsent data would stay for minutes, and count as the machine's."""
    if shutil.which("ss"):
        subprocess.run(["ss", "-K", "-t", "state", "all"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def entered():
    """Enters a fresh network namespace with its loopback up, until the block ends.

    Only the main thread may call it: /proc/net shows the namespace of the process's first thread.
    """
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(CLONE_NEWNET)
        try:
            ip("link", "set", "lo", "up")
            yield
        finally:
            reset_all()
            _check(_libc.setns(home, CLONE_NEWNET), "setns")
    finally:
        os.close(home)


class Etc:
    """The program's /etc, which holds only the test's files. A file may change while the program runs."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def enter(self):
        private_mounts()
        mount(str(self.folder), "/etc", None, MS_BIND)
