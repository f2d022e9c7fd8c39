"""Boots an emulated machine whose root file system is an initramfs of a few files, and reads its console."""
import gzip
import lzma
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
from typing import NamedTuple

import pytest

import parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DEADLINE = 120          # seconds; a boot takes three to eight

DIAG = ["tcp_diag", "udp_diag"]


class Machine(NamedTuple):
    qemu: str
    arguments: list
    console: str
    network: list               # modules for eth0
    longest: int = 2000         # bytes of the kernel's command line


MACHINES = {
    "aarch64": Machine("qemu-system-aarch64", ["-M", "virt", "-cpu", "cortex-a57", "-device", "virtio-net-pci,netdev=n,romfile="],
                       "ttyAMA0", ["virtio_pci", "virtio_net"]),
    # Big endian.
    "s390x": Machine("qemu-system-s390x", ["-M", "s390-ccw-virtio", "-device", "virtio-net-ccw,netdev=n"], "ttysclp0", ["virtio_net"]),
    # Many routers have this processor. qemu's firmware cuts the line, and puts some 50 bytes before the test's.
    "mipsel": Machine("qemu-system-mipsel", ["-M", "malta", "-device", "pcnet,netdev=n,romfile="], "ttyS0", ["pcnet32"], 200),
}


# --- the initramfs

def _entry(name, mode, data=b""):
    """Returns one entry of the kernel's `newc` format: a header of hexadecimal numbers, the name, the data, the latter two padded to four
    bytes."""
    pad = lambda data: data + b"\0" * (-len(data) % 4)
    numbers = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    return pad(b"070701" + b"".join(b"%08X" % n for n in numbers) + name.encode() + b"\0") + pad(data)


def initramfs(files, folders):
    """Returns an initramfs with files {path: bytes}. /dev/console exists already: the kernel has an initramfs of its own below this one."""
    folders = sorted({*folders, *(str(parent) for path in files for parent in pathlib.PurePath(path).parents)} - {"."})
    entries = [_entry(name, stat.S_IFDIR | 0o755) for name in folders]
    entries += [_entry(name, stat.S_IFREG | 0o755, data) for name, data in files.items()]
    return gzip.compress(b"".join(entries) + _entry("TRAILER!!!", 0), 1)


def _module(folder, name):
    """Returns the module's path, or None if the kernel has it built in."""
    for path, read in ((folder / f"{name}.ko", bytes), (folder / f"{name}.ko.xz", lzma.decompress)):
        if path.exists():
            return read(path.read_bytes())
    return None


def _with_dependencies(folder, names, found):
    for name in names:
        data = _module(folder, name)
        if data and name not in found:
            _with_dependencies(folder, re.search(rb"\0depends=([^\0]*)", data)[1].decode().split(","), found)
            found[name] = data
    return found


def modules(cpu, names):
    """Returns {path: bytes} of the modules and all that they need, numbered in the order in which the helper loads them."""
    found = _with_dependencies(BUILD / "third_party" / "kernels" / cpu, names, {})
    return {f"modules/{i:02}.ko": data for i, data in enumerate(found.values())}


# --- the console

class Console(NamedTuple):
    text: str

    @property
    def lines(self):
        """Returns the lines from sockpush's or the helper's first to the panic that ends the machine, without the kernel's between them."""
        own = [line for line in self.text.splitlines() if not re.match(r"\[ *\d+\.\d+\] ", line)]
        first = next((i for i, line in enumerate(own) if re.match(r"\d{4}-\d\d-\d\dT|helper: ", line)), None)
        assert first is not None, f"no line of sockpush:\n{self.text}"
        assert "Attempted to kill init" in self.text, f"did not end:\n{self.text}"
        return own[first:]

    @property
    def log(self):
        return parse.log("".join(line + "\n" for line in self.lines if re.match(r"\d{4}-", line)))

    @property
    def warnings(self):
        return [entry["msg"] for level, entry in self.log if level in ("warn", "error")]

    @property
    def points(self):
        return parse.influx("".join(line + "\n" for line in self.lines if not re.match(r"\d{4}-|helper: ", line)))

    @property
    def notes(self):
        """Returns the helper's lines."""
        return [line.removeprefix("helper: ") for line in self.lines if line.startswith("helper: ")]

    @property
    def status(self):
        return int(re.search(r"Attempted to kill init! exitcode=0x([0-9a-f]{8})", self.text)[1], 16) >> 8


def variables(env):
    """Returns the variables as words of the kernel's command line. A value with a space gets quotes, unless its spaces are between quotes
    of its own, as in JSON."""
    quoted = lambda value: f'"{value}"' if " " in value and '"' not in value else value
    return [f"SOCKPUSH_{name.upper()}={quoted(str(value))}" for name, value in env.items()]


def boot(cpu, files, words, folders=(), memory=256, qemu=()):
    """Runs the machine until its process 1 ends. The kernel then panics, and qemu ends, too."""
    machine = MACHINES[cpu]
    kernel = BUILD / "third_party" / "kernels" / cpu / "kernel"
    if not shutil.which(machine.qemu):
        pytest.skip(f"{machine.qemu} is not installed")
    if not kernel.exists():
        pytest.skip(f"no kernel for {cpu}: third_party/kernels.sh {cpu}")
    line = " ".join([f"console={machine.console}", "quiet", "panic=-1", *words])
    assert len(line) <= machine.longest, f"{len(line)} bytes, {machine.longest} fit: {line}"
    with tempfile.NamedTemporaryFile() as image:
        image.write(initramfs(files, folders))
        image.flush()
        command = [machine.qemu, *machine.arguments, "-netdev", "user,id=n", "-m", str(memory), "-nodefaults", "-nographic", "-no-reboot",
                   "-serial", "stdio", "-kernel", str(kernel), "-initrd", image.name, "-append", line, *qemu]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE)
            out = done.stdout
        except subprocess.TimeoutExpired as late:
            out = late.stdout or b""
    return Console(out.decode("utf-8", "replace").replace("\r\n", "\n"))
