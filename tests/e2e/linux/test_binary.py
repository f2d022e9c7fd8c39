"""The file itself is static, hardened and small, and needs nothing around it."""
import contextlib
import os
import re
import shutil
import signal
import subprocess

import pytest

import build_mk
import netns
import parse
import procfs
import receivers
import rights
import wait
from program import BINARY, ONE_POLL, run_binary

readelf_or_skip = pytest.mark.skipif(not shutil.which("readelf"), reason="binutils is not installed")


@pytest.fixture(scope="module")
def elf():
    if b"__asan_" in BINARY.read_bytes():
        pytest.skip("this is the sanitizers' build")
    return subprocess.run(["readelf", "-hldSW", BINARY], check=True, stdout=subprocess.PIPE, text=True).stdout


@readelf_or_skip
def test_static_pie(elf):
    """musl-gcc -static-pie builds a dynamic program that runs only where musl is installed."""
    assert re.search(r"Type:\s+DYN", elf)
    assert "INTERP" not in elf and "(NEEDED)" not in elf and "TEXTREL" not in elf


@readelf_or_skip
def test_hardened(elf):
    assert "GNU_RELRO" in elf and re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", elf)
    assert re.search(r"GNU_STACK(\s+0x[0-9a-f]+)+\s+RW\s", elf)
    assert not re.search(r"LOAD(\s+0x[0-9a-f]+)+\s+RWE", elf), "nothing is both written and run"


@readelf_or_skip
def test_stripped(elf):
    assert ".symtab" not in elf and ".debug" not in elf


def test_small(elf):
    """`make size` has the same limit."""
    assert BINARY.stat().st_size <= int(build_mk.evaluated("MAX_SIZE"))


@pytest.fixture
def empty(tmp_path, elf):
    """A directory that holds only the binary, with room for a procfs."""
    shutil.copy(BINARY, tmp_path / "sockpush")
    (tmp_path / "proc").mkdir()
    return tmp_path


def chrooted(empty, proc):
    def enter():
        if proc:
            netns.private_mounts()
            netns.mount("/proc", str(empty / "proc"), None, netns.MS_BIND | netns.MS_REC)
        os.chroot(empty)
        os.chdir("/")
    return lambda **env: run_binary({**ONE_POLL, **env}, binary="/sockpush", preexec_fn=enter)


@pytest.mark.parametrize("proc", [True, False], ids=["with /proc", "without /proc"])
def test_empty_root(as_root, empty, proc):
    if proc:
        try:
            subprocess.run(["true"], preexec_fn=netns.private_mounts, check=True)
        except subprocess.SubprocessError as error:
            rights.needs_root(f"can't make a mount namespace: {error}")
    run = chrooted(empty, proc)()
    assert run.status == 0 and set(run.totals) >= {4}


def test_empty_root_by_name(as_root, empty):
    """localhost needs no /etc/hosts, because it is built in."""

    with receivers.udp() as receiver:
        run = chrooted(empty, False)(SOCKPUSH_TO=f"udp://localhost:{receiver.port}")
        assert run.status == 0, run.log
        receiver.until(lambda text: "netstat" in text)


def test_empty_root_procfs_missing(as_root, empty):
    run = chrooted(empty, False)(SOCKPUSH_BACKEND="procfs")
    assert run.status == 1 and "/proc" in run.log


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_standard_streams_closed_at_the_start(tmp_path, closed):
    """The next opened files get the numbers of closed streams. The log must not go into one of those."""
    root = procfs.write(tmp_path, [procfs.Socket("10.0.0.1:80")])
    with receivers.udp() as receiver, receivers.unix_stream(tmp_path / "u") as stream:
        env = {**ONE_POLL, "SOCKPUSH_TO": f"udp://127.0.0.1:{receiver.port},unix://{tmp_path}/u", "SOCKPUSH_PROC": str(root), "SOCKPUSH_QUEUES": "off",
               "SOCKPUSH_POLLS": "3", "SOCKPUSH_INTERVAL": "100ms"}
        done = subprocess.run(["sh", "-c", f'exec "$0" {closed}', BINARY], env=env, timeout=90, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0
        for one in (receiver, stream):
            points = parse.dogstatsd(one.until(lambda text: text.count("netstat.udp_socket") >= 6))
            assert len(points) == 3 * 2 * len(parse.COUNTS)
    assert done.stdout == b""


def test_stdout_closed_at_the_start(poll):
    """Its only output is gone: the log reports it, and the status is 1."""
    done = subprocess.run(["sh", "-c", 'exec "$0" >&-', BINARY], env=ONE_POLL, timeout=90, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"stdout" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("argument", ["--help", "--version", "--check"])
def test_printing_is_ended_at_once(argument, number):
    """stdout is a full pipe that is never drained. Nothing is flushed, so the end does not wait."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, bytes(4096))
    os.set_blocking(write, True)
    program = subprocess.Popen([BINARY, argument], env={"SOCKPUSH_TO": "stdout:"}, stdout=write, stderr=subprocess.DEVNULL)
    assert wait.until(lambda: open(f"/proc/{program.pid}/stat").read().rpartition(")")[2].split()[0] == "S")
    program.send_signal(number)
    assert program.wait(wait.DEADLINE) == -number
    os.close(read)
    os.close(write)


def test_relocated_data_is_read_only(start, tmp_path):
    """RELRO in the headers alone protects nothing. The start code has to ask the kernel for it."""
    program = start(to="stdout:", proc=procfs.write(tmp_path))
    program.until(lambda: "pushing" in program.log)
    with rights.open_of(program.process.pid, "maps") as maps:
        modes = [line.split()[1] for line in maps if "sockpush" in line]
    assert modes[-2:] in (["rw-p", "r--p"], ["r--p", "rw-p"])   # data and relocated data, in the order of either layout
    assert not any("w" in each and "x" in each for each in modes)


def test_code_of_tls_is_not_in_memory_before_a_connection_needs_it(start, tmp_path):
    """It has a segment of its own (sockpush.ld): else the kernel would map it around other code."""
    program = start(to="stdout:", proc=procfs.write(tmp_path))
    program.until(lambda: "pushing" in program.log)
    with rights.open_of(program.process.pid, "smaps") as smaps:
        resident = [int(kib) for kib in re.findall(r"^\S+ r-xp .*sockpush\n(?:\w+: .*\n)*?Rss: +(\d+)", smaps.read(), re.M)]
    if len(resident) < 2:
        pytest.skip("this binary has no segment for TLS")
    assert resident[0] == 0


@readelf_or_skip
def test_code_of_the_start_is_unmapped(elf, start, tmp_path):
    """It has a segment of its own, too."""
    segments = len(re.findall(r"LOAD(?:\s+0x[0-9a-f]+)+\s+R E\s", elf))
    if segments < 2:
        pytest.skip("this binary has one segment of code")
    program = start(to="stdout:", proc=procfs.write(tmp_path))
    program.until(lambda: "pushing" in program.log)
    with rights.open_of(program.process.pid, "maps") as maps:
        assert len([line for line in maps if " r-xp " in line and "sockpush" in line]) == segments - 1
