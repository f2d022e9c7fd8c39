"""What sockpush gives up before its first thread. Calls are injected into the running program, as by one who has taken it over."""
import contextlib
import errno
import os
import pathlib
import platform
import queue
import re
import shutil
import socket
import subprocess
import tempfile

import pytest

import dnsserver
import faults
import inject
import ports
import procfs
import receivers
import rights
import seccomp
import streams
from confined import (DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, LANDLOCK, SYS_PTRACE, check, of_x86_64, running, status,  # noqa: F401
                      with_capabilities, with_landlock, without_sanitizers)
from program import BINARY, ONE_POLL, ROOT, Program, environment, run_binary

pytestmark = [without_sanitizers]


# --- user, capabilities

@pytest.mark.parametrize("user,uid,gid", [(None, 65534, 65534), ("1000", 1000, 1000), ("1000:1001", 1000, 1001)])
def test_root_becomes_another_user_without_rights(other_users, running, user, uid, gid):
    program = running(user=user)
    check(status(program.process.pid), uid, gid)
    assert f"user {uid}, no capabilities" in program.log


def test_root_may_stay(other_users, running):
    program = running(user="-")
    one = status(program.process.pid)
    assert one["Uid"] == "0 0 0 0" and int(one["CapPrm"], 16) == int(one["CapBnd"], 16) == 0 and "user 0, no capabilities" in program.log


def test_owners_keep_two_capabilities(other_users, running):
    rights.needs_capability("CAP_SYS_PTRACE")
    program = running(ports="80")
    check(status(program.process.pid), 65534, capabilities=DAC_READ_SEARCH | SYS_PTRACE)
    assert "CAP_DAC_READ_SEARCH (SOCKPUSH_PID), CAP_SYS_PTRACE (SOCKPUSH_PID), no Landlock (SOCKPUSH_PID looks into processes)" in program.log
    check(status(running(ports="80", pid="off").process.pid), 65534)


@with_landlock
def test_where_no_other_process_is_seen_owners_need_nothing(other_users):
    """As in a container. It is process 1 of a pid namespace."""
    env = environment(ONE_POLL, {"ports": "80", "sandbox": "strict", "PATH": os.environ["PATH"]})
    run = run_binary(env, "-p", "--fork", "--mount-proc", str(BINARY), binary="unshare")
    if "sandbox" not in run.log:
        rights.needs_root(f"can't make a pid namespace: {run.log}")
    assert run.status == 0 and "user 65534, no capabilities, Landlock" in run.log


def test_a_closed_procfs_keeps_a_capability(other_users, running, tmp_path):
    """pytest's directories are open to root alone."""
    rights.needs_capability("CAP_DAC_READ_SEARCH")
    program = running(proc=procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")]))
    check(status(program.process.pid), 65534, capabilities=DAC_READ_SEARCH)
    assert f"CAP_DAC_READ_SEARCH ({tmp_path}/proc)" in program.log


def test_dockers_root_keeps_the_wider_capability(other_users, running, tmp_path):
    """It has CAP_DAC_OVERRIDE, and CAP_DAC_READ_SEARCH not."""
    proc = procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])
    program = running(proc=proc, **with_capabilities("chown", "dac_override", "fowner", "setgid", "setuid", "setpcap", "net_bind_service"))
    check(status(program.process.pid), 65534, capabilities=DAC_OVERRIDE)
    assert f"CAP_DAC_OVERRIDE ({tmp_path}/proc)" in program.log


def test_a_capability_that_is_not_there_is_named(other_users, start, tmp_path):
    proc = procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])
    program = start(proc=proc, **with_capabilities("setgid", "setuid"))
    assert program.end(number=None) == 1
    assert f"no capabilities, without CAP_DAC_OVERRIDE ({tmp_path}/proc)" in program.log


def test_a_procfs_that_hides_processes_keeps_a_capability(other_users, tmp_path):
    """Process 1, here of another pid namespace, is hidden from all but root and its group (hidepid=2)."""
    rights.needs_capability("CAP_SYS_PTRACE")
    (tmp_path / "proc").mkdir()
    script = 'mount -t proc -o hidepid=2 proc "$SOCKPUSH_PROC" && { "$0"; exit; }'
    env = environment(ONE_POLL, {"proc": tmp_path / "proc", "backend": "procfs", "PATH": os.environ["PATH"]})
    run = run_binary(env, "-m", "-p", "--fork", "sh", "-c", script, str(BINARY), binary="unshare")
    if "sandbox" not in run.log:
        rights.needs_root(f"can't mount procfs: {run.log}")
    assert run.status == 0 and f"CAP_SYS_PTRACE ({tmp_path}/proc), no Landlock (it looks into processes)" in run.log


def test_a_closed_output_keeps_a_capability(other_users, running, tmp_path):
    with receivers.unix_stream(tmp_path / "u") as stream:
        program = running(to=f"unix://{tmp_path}/u", format="influx")
        check(status(program.process.pid), 65534, capabilities=DAC_OVERRIDE)
        assert f"CAP_DAC_OVERRIDE ({tmp_path}/u)" in program.log
        stream.until(lambda text: text.count("netstat,") > 4)


def test_the_listeners_file_is_removed_at_the_end(other_users, running, tmp_path):
    program = running(listen=f"unix://{tmp_path}/l", backend="off")
    check(status(program.process.pid), 65534, capabilities=DAC_OVERRIDE | FOWNER)
    assert (tmp_path / "l").exists()
    assert program.end() == 0 and not (tmp_path / "l").exists()


def test_an_open_directory_of_the_listener_needs_no_capability(other_users, running):
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        program = running(listen=f"unix://{place}/l", backend="off")
        check(status(program.process.pid), 65534)
        assert program.end() == 0 and os.listdir(place) == []


def test_a_drop_that_fails_is_reported(as_root, tmp_path):
    """A user namespace without other users."""
    words = ["unshare", "--user", "--map-root-user", "--net", str(BINARY)]
    env = environment(ONE_POLL, {"PATH": os.environ["PATH"]})
    run = run_binary(env, *words[1:], binary=words[0])
    if "unshare" in run.log:
        pytest.skip(run.log)
    assert run.status == 0 and "user 0 (not 65534: " in run.log
    run = run_binary({**env, "SOCKPUSH_SANDBOX": "strict"}, *words[1:], binary=words[0])
    assert run.status == 2 and not run.out and "user 0 (not 65534: " in run.log


def test_an_ordinary_user_is_not_dumpable(other_users):
    """The kernel gives files below /proc/PID to root then. No other process of the user can read its memory."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        program = Program(environment(ONE_POLL, {"to": "stdout:", "polls": None}), binary=shutil.copy(BINARY, place), user=1000, group=1000, extra_groups=(), cwd="/")
        try:
            program.until(lambda: "pushing" in program.log)
            one = status(program.process.pid)
            assert one["Uid"] == "1000 1000 1000 1000" and one["NoNewPrivs"] == "1" and one["Seccomp"] == "2"
            assert os.stat(f"/proc/{program.process.pid}/environ").st_uid == 0
        finally:
            program.kill()


# --- the order

class Watching(dnsserver.Server):
    """Notes whether the filter of calls is in force in the process that asks, while it waits for the answer."""

    def __init__(self):
        self.pid, self.found = queue.Queue(), []
        super().__init__(otherwise={"A": ["192.0.2.1"]})

    def _answer(self, transport, query):
        self.pid.put(pid := self.pid.get())
        self.found += re.findall("^Seccomp:\t(.*)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
        return super()._answer(transport, query)


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check"])
def test_no_byte_of_the_network_is_read_before(etc, keep, start, arguments):
    """The output's name is looked up at the start, because it may lead to the listener."""
    server = keep(Watching())
    program = start(to="influx+stdout:,influx+udp://receiver.example:8125", listen="udp://127.0.0.1:8125", backend="off",
                    popen={"preexec_fn": etc.enter, "arguments": arguments})
    server.pid.put(program.process.pid)
    program.until(lambda: server.found)
    program.end()
    assert set(server.found) == {"2"}


# --- calls

SYSCALL = {"bind": 49, "fork": 57, "execve": 59, "kill": 62, "ptrace": 101, "setuid": 105, "prctl": 157, "mount": 165, "io_uring_setup": 425}
CLONE_VM, CLONE_VFORK, O_CREAT, PROT_EXEC, MSG_FASTOPEN, AF_PACKET, AF_UNIX, AF_INET = 0x100, 0x4000, 0o100, 4, 0x20000000, 17, 1, 2
FORBIDDEN = {**{name: (number,) for name, number in SYSCALL.items()},
             "kill of others": (62, 1, 0), "clone of a process": (56, CLONE_VM | CLONE_VFORK, 0), "a new file": (257, -100, b"/tmp/new", O_CREAT, 0o600),
             "openat O_WRONLY": (257, -100, b"/dev/null", os.O_WRONLY), "openat O_RDWR": (257, -100, b"/dev/null", os.O_RDWR),
             "open O_WRONLY": (2, b"/dev/null", os.O_WRONLY),
             "code": (9, 0, 4096, 1 | PROT_EXEC, 0x22, -1, 0), "rights to run": (10, 0, 4096, PROT_EXEC), "raw packets": (41, AF_PACKET, 3, 0),
             "MPTCP": (41, AF_INET, 1, 262), "SCTP": (41, AF_INET, 1, 132), "DCCP": (41, AF_INET, 6, 0),
             "fast open": (44, 0, b"x", 1, MSG_FASTOPEN, b"", 0),
             "a Unix socket": (41, AF_UNIX, 1, 0), "a number of x32": (0x40000000 + 39,)}


@of_x86_64
@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_call_kills_the_process(as_root, running, name):
    program = running(to="influx+udp://127.0.0.1:9")
    with inject.into(program.process) as process:
        assert process.call(39) == program.process.pid, "getpid is allowed"
        assert process.call(*FORBIDDEN[name]) is None
    assert program.process.returncode == inject.KILLED


@of_x86_64
def test_parts_that_are_not_used_have_no_calls(as_root, running):
    """The one call of each that the others do not make."""
    for env, allowed in (({}, set()), ({"listen": "udp", "backend": "off"}, {"recvmmsg"}), ({"to": "influx+udp://127.0.0.1:9"}, {"connect"})):
        for name, number in {"recvmmsg": 299, "connect": 42, "accept4": 288, "unlink": 87}.items():
            program = running(**{key: f"udp://127.0.0.1:{ports.unused()}" if key == "listen" else value for key, value in env.items()})
            with inject.into(program.process) as process:
                assert (process.call(number, -1, 0, 0, 0, 0) is not None) == (name in allowed), (env, name)


# --- files, ports

def opened(process, path):
    """Returns 0, or the errno of opening the file to read."""
    return max(0, -process.call(257, -100, os.fsencode(path), 0, 0))


@of_x86_64
@with_landlock
def test_files_outside_are_closed(as_root, running, tmp_path):
    """All of them may be read by everyone, so Landlock alone closes them."""
    program = running(to="influx+udp://127.0.0.1:9")
    with inject.into(program.process) as process:
        assert opened(process, "/proc/net/tcp") == 0
        for path in "/etc/passwd", "/etc/hosts", "/", "/bin/sh", "/sys/kernel":
            assert opened(process, path) == errno.EACCES, path
    program = running(to="influx+udp://localhost:9")
    with inject.into(program.process) as process:
        assert opened(process, "/etc/hosts") == 0
        assert opened(process, "/bin/sh") == errno.EACCES


@of_x86_64
@with_landlock
def test_certificates_may_be_replaced(as_root, running, pki_folder):
    """Kubernetes replaces a link to a directory of the files."""
    program = running(to="influx+tls://127.0.0.1:9", tls_ca=pki_folder / "certs" / "ca.pem")
    with inject.into(program.process) as process:
        (pki_folder / "certs" / "new").mkdir()
        (pki_folder / "certs" / "new" / "ca.pem").write_text("new")
        os.unlink(pki_folder / "certs" / "..data")
        os.symlink("new", pki_folder / "certs" / "..data")
        assert opened(process, pki_folder / "certs" / "ca.pem") == 0
        assert opened(process, pki_folder / "other.pem") == errno.EACCES


@of_x86_64
@with_landlock
def test_a_link_whose_target_comes_later_may_be_read(as_root, running, etc, pki_folder):
    """resolv.conf leads to what a DHCP client writes, often after the start."""
    (etc.folder / "resolv.conf").unlink()
    (etc.folder / "resolv.conf").symlink_to(pki_folder / "certs" / "resolv.conf")
    program = running(to="influx+udp://localhost:9", popen={"preexec_fn": etc.enter})
    (pki_folder / "certs" / "resolv.conf").write_text("nameserver 127.0.0.1")
    with inject.into(program.process) as process:
        assert opened(process, "/etc/resolv.conf") == 0
        assert opened(process, pki_folder / "other.pem") == errno.EACCES


@pytest.fixture
def pki_folder():
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        root.chmod(0o755)
        (root / "other.pem").write_text("other")
        (root / "certs" / "old").mkdir(parents=True)
        (root / "certs" / "old" / "ca.pem").write_text("old")
        os.symlink("old", root / "certs" / "..data")
        os.symlink("..data/ca.pem", root / "certs" / "ca.pem")
        yield root


@of_x86_64
@with_landlock
def test_other_ports_are_closed(as_root, namespace, running):
    with streams.Aggregator() as good, streams.Aggregator() as other:
        program = running(to=f"influx+tcp://127.0.0.1:{good.port}")
        with inject.into(program.process) as process:
            for port, error in (good.port, 0), (other.port, -errno.EACCES):
                fd = process.call(41, socket.AF_INET, socket.SOCK_STREAM, 0)
                address = b"\x02\0" + port.to_bytes(2, "big") + socket.inet_aton("127.0.0.1") + bytes(8)
                assert process.call(42, fd, address, 16) == error


@pytest.mark.skipif(LANDLOCK < 6, reason="the kernel has no Landlock of version 6")
@of_x86_64
def test_abstract_sockets_are_closed_unless_one_is_an_output(as_root, namespace, running, tmp_path):
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        receiver.bind("\0sockpush-test")
        closed = stack.enter_context(receivers.unix_datagram(tmp_path / "u"))
        for to, error in ("unixgram://@sockpush-test", 0), (f"unixgram://{tmp_path}/u", -errno.EPERM):
            program = running(to=f"influx+{to}")
            with inject.into(program.process) as process:
                fd = process.call(41, socket.AF_UNIX, socket.SOCK_DGRAM, 0)
                assert process.call(42, fd, b"\x01\0\0sockpush-test", 3 + len("sockpush-test")) == error


# --- what the variable does

def test_off(as_root, running):
    program = running(sandbox="off")
    own, one = status_of_self(), status(program.process.pid)
    assert one["Uid"] == own["Uid"] and one["CapEff"] == own["CapEff"] and one["Seccomp"] == own["Seccomp"] and one["NoNewPrivs"] == own["NoNewPrivs"]
    assert "sandbox" not in program.log


def status_of_self():
    return dict((name, " ".join(text.split())) for name, text in
                (line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines()))


@with_landlock
def test_strict_starts_where_all_is_in_force(other_users, poll):
    run = poll(sandbox="strict")
    assert run.status == 0 and set(run.totals) >= {4} and "seccomp of " in run.log


def test_strict_does_not_start_with_owners(poll, run):
    """Landlock would hide the processes."""
    rights.needs_capability("CAP_SYS_PTRACE")
    assert run("--check", to="stdout:", sandbox="strict", ports="80").status == 1
    one = poll(sandbox="strict", ports="80")
    assert one.status == 2 and not one.out and "SOCKPUSH_PID" in one.log


REFUSED = {"no_new_privs, seccomp": (157, "no seccomp (Operation not permitted)"), "dumpable": (157, ", dumpable (Operation not permitted)"),
           "capget": (125, "user 65534 and all it had (Operation not permitted)"), "Landlock": (444, "no Landlock (Operation not permitted)"),
           "rules": (446, "no Landlock (Operation not permitted)"), "setresuid": (117, "(not 65534: Operation not permitted), group 65534"),
           "capset": (126, "and all it had (Operation not permitted)")}


@of_x86_64
@pytest.mark.parametrize("name", REFUSED)
def test_what_the_kernel_refuses_is_reported(other_users, name):
    number, text = REFUSED[name]
    refused = lambda **env: run_binary(environment(ONE_POLL, env), preexec_fn=seccomp.refuse_call(number))
    run = refused()
    assert run.status == 0 and text in run.log and set(run.totals) >= {4}
    run = refused(sandbox="strict")
    assert run.status == 2 and text in run.log and not run.out


def test_check_tries_it(other_users, run):
    one = run("--check", to="stdout:")
    assert one.status == 0 and re.search("^sandbox: no_new_privs, user 65534, no capabilities, .*seccomp of [0-9]+ calls$", one.out, re.M)
    assert "sandbox" not in run("--check", to="stdout:", sandbox="off").out


# --- the table

# Calls of the start and of the C library's functions that are linked, and never called once the sandbox is entered.
START = {"rt_sigaction", "rt_sigreturn", "arch_prctl", "set_tid_address", "mount", "mkdirat", "bind", "listen", "chmod", "sched_setscheduler",
         "geteuid", "getegid", "prctl"}


# Rows whose call called() does not see, each with the reason.
UNSEEN = {**dict.fromkeys(("open", "ppoll", "clock_nanosleep", "rt_sigtimedwait"), "a number handed on to the function that makes the call (__syscall_cp)"),
          **dict.fromkeys(("getdents64", "statx"), "a number handed to syscall(2)"),
          **dict.fromkeys(("faccessat", "unlinkat"), "for newer processors, which have not access and unlink"),
          **dict.fromkeys(("lstat", "stat"), "a jump between its number and the call, of stat with gcc 14"),
          "clone": "its number is set in the lowest byte", "restart_syscall": "the kernel makes it"}


@of_x86_64
@pytest.mark.skipif(not shutil.which("objdump"), reason="binutils is not installed")
@pytest.mark.skipif(not faults.NUMBERS, reason="the kernel's headers are not installed")
def test_the_table_has_every_call_in_the_binary_and_no_other():
    found = {faults.NAMES[number] for number in called(BINARY)}
    assert len(found) > 40, "objdump's output is not as expected"
    table = faults.table()
    assert found - START - table == set() == START & table
    assert (table & set(faults.NUMBERS)) - found <= set(UNSEEN), "the other rows are for processors of 32 bits"


def called(binary):
    """Returns the numbers of the calls whose number is set just before the instruction."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], check=True, stdout=subprocess.PIPE, text=True).stdout
    last, pushed, result = None, None, set()
    for line in text.splitlines():
        if found := re.search(r"\tpush +\$0x([0-9a-f]+)$", line):
            pushed = int(found[1], 16)
        elif re.search(r"\tpop +%rax$", line):
            last = pushed
        elif found := re.search(r"\tmov +\$0x([0-9a-f]+),%[er]ax$", line):
            last = int(found[1], 16)
        elif re.search(r"\txor +%eax,%eax$", line):
            last = 0
        elif re.search(r",%[er]ax$", line) and "cmp" not in line and "test" not in line:
            last = None
        elif re.search(r"\tsyscall ?$", line):
            result |= {last} - {None}
            last = None
    return result
