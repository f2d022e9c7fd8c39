"""The machine that runs the documents' commands: a scratch directory, few programs, its own /etc, /run and /tmp. All else is read-only."""
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
from typing import NamedTuple

import netns
import wait
from program import BINARY

# A command that uses another program needs a marker in its document.
TOOLS = ("sh env cat echo printf sleep timeout grep sed sort head tail awk ls mkdir cp mv rm chmod test true false kill tr cut uniq tee wc date "
         "strings id diff touch cmp").split()
# Records how sockpush is called, then executes it.
WRAPPER = """#!/bin/sh
/mnt/bin/env -0 >"/mnt/calls/$$.env"
for argument; do printf '%s\\0' "$argument"; done >"/mnt/calls/$$.arguments"
exec /mnt/program/sockpush "$@"
"""
AT_FDCWD, AT_RECURSIVE, SYS_MOUNT_SETATTR, RDONLY = -100, 0x8000, 442, 1    # linux/mount.h, linux/fcntl.h; the number is the same on every processor

_libc = ctypes.CDLL(None, use_errno=True)


def _set_attributes(path, set=0, clear=0, flags=0):
    """mount_setattr(2), since Linux 5.12."""
    attributes = struct.pack("=QQQQ", set, clear, 0, 0)
    if _libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), flags, attributes, ctypes.c_size_t(len(attributes))):
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}")


class Call(NamedTuple):
    """One start of sockpush by the commands."""
    env: dict
    arguments: list


class Done(NamedTuple):
    status: int             # None: it did not end
    out: str
    err: str
    calls: list


class Machine:
    def __init__(self, place):
        self.place = place
        for name in ("bin", "program", "calls", "real-etc", "etc/ssl/certs", "run", "tmp", "work/build"):
            (place / name).mkdir(parents=True)
        for name in TOOLS:
            if found := shutil.which(name):
                (place / "bin" / name).symlink_to(found)
        shutil.copy(BINARY, place / "program" / "sockpush")
        (place / "bin" / "sockpush").write_text(WRAPPER)
        (place / "bin" / "sockpush").chmod(0o755)
        (place / "work" / "build" / "sockpush").symlink_to("/mnt/bin/sockpush")
        for entry in os.listdir("/etc"):
            if entry not in ("ssl", "hosts", "resolv.conf", "hostname", "default"):
                (place / "etc" / entry).symlink_to(f"/mnt/real-etc/{entry}")
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")

    def write(self, path, text):
        file = self.place / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _enter(self, hostname):
        os.setsid()
        netns.unshare(netns.CLONE_NEWUTS)
        socket.sethostname(hostname)
        netns.private_mounts()
        netns.mount(str(self.place), "/mnt", None, netns.MS_BIND)
        netns.mount("/etc", "/mnt/real-etc", None, netns.MS_BIND | netns.MS_REC)
        for name in "etc", "run", "tmp":
            netns.mount(f"/mnt/{name}", f"/{name}", None, netns.MS_BIND)
        _set_attributes("/", set=RDONLY, flags=AT_RECURSIVE)
        for path in "/mnt", "/run", "/tmp":
            _set_attributes(path, clear=RDONLY)
        os.chdir("/mnt/work")

    def run(self, script, hostname="web1", **env):
        """Runs the script with sh -e, until all its processes have ended."""
        self.write("/script", script)
        whole = {"PATH": "/mnt/bin", "HOME": "/mnt/work", "LC_ALL": "C.UTF-8", "SOCKPUSH_POLLS": "1", "ASAN_OPTIONS": "detect_leaks=0", **env}
        with subprocess.Popen(["/bin/sh", "-e", "/mnt/script"], env=whole, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=lambda: self._enter(hostname)) as process:
            try:
                out, err = process.communicate(timeout=wait.DEADLINE)
                status = process.returncode
            except subprocess.TimeoutExpired:
                status = None
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if status is None:
                out, err = process.communicate()
        return Done(status, out.decode(errors="replace"), err.decode(errors="replace"), self._calls())

    def _calls(self):
        found = []
        for path in sorted((self.place / "calls").glob("*.env")):
            env = dict(item.split("=", 1) for item in path.read_text(errors="surrogateescape").split("\0")[:-1])
            found.append(Call(env, path.with_suffix(".arguments").read_text().split("\0")[:-1]))
        return found
