"""A sockpush in its sandbox, as /proc/PID/status and its log show it."""
import ctypes
import pathlib
import platform
import shutil
import struct
import subprocess

import pytest

import seccomp
from program import BINARY

ASAN = b"__asan_" in BINARY.read_bytes()
X86_64 = platform.machine() == "x86_64" and BINARY.read_bytes()[18:20] == b"\x3e\0"
without_sanitizers = pytest.mark.skipif(ASAN, reason="a build with sanitizers has no sandbox")
of_x86_64 = pytest.mark.skipif(not X86_64, reason="not a program of x86_64")

DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, SYS_PTRACE = 1 << 1, 1 << 2, 1 << 3, 1 << 19
CREATE_RULESET, RESTRICT_SELF, VERSION, REMOVE_FILE = 444, 446, 1, 1 << 5


def _landlock():
    """Returns Landlock's version, or -1 where a program cannot restrict itself. A child tries, because there is no way back."""
    libc = ctypes.CDLL(None)
    ruleset = ctypes.create_string_buffer(struct.pack("=Q", REMOVE_FILE), 8)

    def restrict():
        libc.prctl(seccomp.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        rules = libc.syscall(CREATE_RULESET, ruleset, ctypes.c_size_t(8), 0)
        if rules < 0 or libc.syscall(RESTRICT_SELF, rules, 0):
            raise OSError("no Landlock")

    try:
        subprocess.run(["true"], preexec_fn=restrict, check=True)
    except subprocess.SubprocessError:
        return -1
    return libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)


LANDLOCK = _landlock() if platform.machine() != "mips" else -1
with_landlock = pytest.mark.skipif(LANDLOCK < 4, reason="Landlock of version 4 cannot be had here")


@pytest.fixture
def running(start):
    def make(**env):
        program = start(**env)
        program.until(lambda: "pushing" in program.log)
        return program
    return make


def status(pid):
    """Returns /proc/PID/status of all its threads, which must agree, as {name: text}."""
    wanted = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
        found.append({name: " ".join(lines[name].split()) for name in wanted})
    assert len(found) > 1 and all(one == found[0] for one in found)
    return found[0]


def check(one, uid, gid=None, capabilities=0):
    """Checks a status: this user, these capabilities, and none that could come back."""
    assert one["Uid"] == " ".join([str(uid)] * 4) and one["Gid"] == " ".join([str(uid if gid is None else gid)] * 4) and one["Groups"] == ""
    assert int(one["CapEff"], 16) == int(one["CapPrm"], 16) == capabilities
    assert int(one["CapInh"], 16) == int(one["CapBnd"], 16) == int(one["CapAmb"], 16) == 0
    assert one["NoNewPrivs"] == "1" and one["Seccomp"] == "2"


def with_capabilities(*names):
    """Returns what makes Program start as root with these alone, as a container's."""
    words = ["--bounding-set=-all" + "".join(f",+{name}" for name in names), "--inh-caps=-all", str(BINARY)]
    return {"popen": {"binary": shutil.which("setpriv") or pytest.skip("util-linux is not installed"), "arguments": words}}


DOCKER = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw", "sys_chroot", "mknod",
          "audit_write", "setfcap")       # the capabilities of a container's root
