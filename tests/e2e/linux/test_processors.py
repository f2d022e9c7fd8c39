"""The binaries for other processors: their files, and their counts here, under qemu-user.

qemu-user has no netlink for sockets and passes /proc/net through in this machine's byte order. So local addresses are not checked here
(tests/appliance checks them, on real kernels).
"""
import os
import platform
import re
import shutil
import socket
import struct
import subprocess

import pytest

import chaos
import dnsserver
import parse
import ports
import posts
import procfs
import receivers
import streams
import tls_pki
import wait
from build_mk import variable
from program import ONE_POLL, ROOT, environment, run_binary
from recorded import RECORDED, TEN_STATES
from tls_pki import pki         # a fixture

CPUS = os.environ.get("SOCKPUSH_TEST_CPUS", "").split()
BIG_ENDIAN = ("mips", "s390x")


@pytest.fixture(params=CPUS or [pytest.param(None, marks=pytest.mark.skip(reason="`make test-cpus` runs these"))])
def cpu(request):
    return request.param


@pytest.fixture
def binary(cpu):
    return ROOT / "build" / cpu / "sockpush"


@pytest.fixture
def emulated(cpu, binary):
    """emulated(**environment) runs one poll."""
    qemu = shutil.which(variable(f"QEMU_{cpu}"))
    if not qemu:
        pytest.skip("qemu-user-static is not installed")
    return lambda *arguments, popen={}, **env: run_binary(environment(ONE_POLL, env), binary, *arguments, binary=qemu, **popen)


@pytest.fixture
def everything(etc, keep, tmp_path):
    """Returns the environment of a short run with each transport but TLS, a look-up, and listeners of each kind."""
    keep(dnsserver.Server(otherwise={"A": ["127.0.0.1"]}))
    keep(socket.create_server(("127.0.0.1", 8080)))
    tcp, http, udp = keep(streams.Aggregator()), keep(posts.Receiver()), keep(receivers.udp())
    keep(receivers.unix_datagram(tmp_path / "datagrams")), keep(receivers.unix_stream(tmp_path / "stream"))
    to = ["stdout:", f"tcp://receiver.example:{tcp.port}", f"http://127.0.0.1:{http.port}/w", f"udp://127.0.0.1:{udp.port}",
          f"unixgram://{tmp_path}/datagrams", f"unixstream://{tmp_path}/stream"]
    listen = f"udp://127.0.0.1:{ports.unused()},unix://{tmp_path}/l,unixstream://{tmp_path}/s"
    return {"to": ",".join("influx+" + one for one in to), "polls": 5, "interval": "100ms", "listen": listen, "ports": "8080,>8080", "peak": "10ms",
            "pods": "on", "kernel": "on", "queues": "on", "self": None}


def output_of(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(not shutil.which("readelf"), reason="binutils is not installed")
def test_static_pie(binary):
    elf = output_of("readelf", "-hldSW", binary)
    assert re.search(r"Type:\s+DYN", elf)
    assert "INTERP" not in elf and "(NEEDED)" not in elf
    assert "GNU_RELRO" in elf and re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", elf)
    assert ".symtab" not in elf and ".debug" not in elf
    assert not re.search(r"LOAD(\s+0x[0-9a-f]+)+\s+RWE", elf), "no segment is both written and run"


@pytest.mark.skipif(not shutil.which("readelf"), reason="binutils is not installed")
def test_text_is_not_relocated(binary):
    """If it were, its pages would be written at the start, and each process would need its own."""
    elf = output_of("readelf", "-lrW", binary)
    writable = [(int(m[1], 16), int(m[1], 16) + int(m[2], 16))
                for m in re.finditer(r"LOAD +0x[0-9a-f]+ (0x[0-9a-f]+) 0x[0-9a-f]+ 0x[0-9a-f]+ (0x[0-9a-f]+) RW ", elf)]
    assert writable
    at = [int(m[1], 16) for m in re.finditer(r"^([0-9a-f]{8,16}) +[0-9a-f]{8,16} R_\w+(?<!_NONE) ", elf, re.M)]
    assert all(any(low <= one < high for low, high in writable) for one in at)


# Instructions of an FPU: cvt.s.w and the like, ldc1, mtc1, bc1f, and those that read its registers.
FLOATING = re.compile(r"\t(\w+\.(?:[sdwl]|ps)(?:\.\w+)?|[ls][dw]x?c1|d?m[tf]h?c1|c[tf]c1|bc1\w+|mov[ft])\t", re.M)


def test_no_floating_point(cpu, binary):
    """Routers have no FPU, and their kernels do not emulate one."""
    if not cpu.startswith("mips"):
        pytest.skip("this processor has an FPU, or its binary would not link")
    assert "Soft float" in output_of("readelf", "-A", binary)
    code = output_of(f"{cpu}-linux-gnu-objdump", "-d", binary)
    assert code.count("\n") > 20000 and "\tjr\t" in code
    assert not set(FLOATING.findall(code))


def test_version(cpu, emulated):
    assert re.match(rf"sockpush \d+\.\d+\.\d+( \(commit \S+\))?\nsystem: linux {cpu}, tested\n", emulated("--version").out)


def test_counts(namespace, emulated, listen, connect):
    """procfs counts, in the poll in which netlink was refused."""
    listener = listen("127.0.0.1", 8080)
    for _ in range(3):
        connect(listener)
    connect(listen("::1", 8081))
    run = emulated(ports="8080,8081", backend=None)
    assert "netlink: Protocol not supported" in run.log and re.search(r"backend=procfs .*reading", run.log)
    assert parse.nonzero(run.totals[4]) == {"tcp_listen": 1, "tcp_established": 6}
    assert parse.nonzero(run.totals[6]) == {"tcp_listen": 1, "tcp_established": 2}
    assert parse.nonzero(run.ports["8080", 4]) == {"tcp_listen": 1, "tcp_established": 3}
    assert parse.nonzero(run.ports["8081", 6]) == {"tcp_listen": 1, "tcp_established": 1}


def test_pushes(namespace, emulated):
    """Names, UDP and TCP depend on the C library's structs."""
    with receivers.udp() as receiver:
        assert emulated(to=f"udp://localhost:{receiver.port}").status == 0
        receiver.until(lambda text: "netstat.udp_socket" in text)
    with streams.Aggregator() as aggregator:
        assert emulated(to=f"influx+tcp://localhost:{aggregator.port}").status == 0
        assert wait.until(lambda: "netstat,host=a" in aggregator.text)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_pushes_over_tls(namespace, emulated, pki, version):
    """The ciphers, hashes and keys of this processor work with openssl's."""
    for shown in (pki.chains[3], pki.leaf_p256):
        with tls_pki.Server(shown, version) as server:
            one = emulated(to=f"influx+tls://localhost:{server.port}", tls_ca=pki.ca)
            assert one.status == 0, one.log
            assert "netstat,host=a" in server.text


def varint(n):
    return bytes([n & 0x7F | 0x80]) + varint(n >> 7) if n > 0x7F else bytes([n])


def without_times(post):
    """Returns a request's bytes with zeros for the time of its poll, in OTLP's nanoseconds and in remote write's milliseconds."""
    [time] = post.times
    raw = post.raw
    for bytes_of in (struct.pack("<Q", time), varint(time // 10**6)):
        raw = raw.replace(bytes_of, bytes(len(bytes_of)))
    return raw


@pytest.mark.parametrize("scheme", ["otlp+http", "prometheus+http"])
def test_pushes_protobuf(namespace, emulated, poll, tmp_path, scheme):
    """The same sockets give the same bytes as on this machine, whose OTLP is compared with other decoders (test_otlp_model.py)."""
    procfs.write(tmp_path, [procfs.Socket("127.0.0.1:80"), *[procfs.Socket("127.0.0.1:80", "tcp_established", "127.0.0.1:4000")] * 300,
                            procfs.Socket("[::1]:53", "udp_socket"), procfs.Socket("[2001:db8::1]:80", "tcp_time_wait", "[2001:db8::2]:9")])
    sent = []
    for run in (poll, emulated):
        with posts.Receiver() as receiver:
            one = run(to=f"{scheme}://127.0.0.1:{receiver.port},influx+stdout:", proc=tmp_path, ports="80,53", pid="off", tags="zone=é")
            assert one.status == 0, one.log
            [post] = receiver.posts
            assert set(post.samples) == chaos.samples(parse.influx(one.out), "." if scheme == "otlp+http" else "_")
            assert 300 in {value for _, _, _, value in post.samples} and len(post.samples) == 6 * 13 + 4 + 1     # with the oldest CLOSE_WAIT of each port, the queue of the listener
        sent.append(post)
    assert without_times(sent[0]) == without_times(sent[1]) != sent[1].raw
    assert {**sent[0].headers, "host": ""} == {**sent[1].headers, "host": ""}


def numbers_of(cpu, source):
    """Returns what the numbers of calls in this text are for a processor: the first words of its braces."""
    words = [variable(f"CC_{cpu}").split()[0], "-E", "-P", "-iquote", "src", "-iquote", "platform/linux", "-xc", "-"]
    text = subprocess.run(words, input=source, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {eval(number) for number in re.findall(r"\{\s*([0-9x+()\s]+),", text)}     # (4000 + 3)


def called_after_the_filter(trace):
    """Returns the names of calls, or their numbers if qemu knows no name."""
    _, _, rest = trace.partition(" prctl(22,2,")        # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    return set(re.findall(r"\d+ (\w+)\(", rest.partition("\n")[2])) | set(re.findall(r"Unknown syscall (\d+)", rest))


def test_the_filter_has_the_calls_of_this_processor(cpu, emulated, everything, etc, tmp_path):
    """qemu-user has no filter of calls. So what is called after it would be there is compared with the table."""
    run = emulated(popen={"preexec_fn": etc.enter}, QEMU_STRACE=1, QEMU_LOG_FILENAME=tmp_path / "trace", **everything)
    names = called_after_the_filter((tmp_path / "trace").read_text(errors="replace"))
    assert run.status == 0 and len(names) > 25, run.log
    allowed = numbers_of(cpu, re.sub(".*PART_OLD_CALLS.*", "", (ROOT / "platform/linux/seccomp_filter.c").read_text()))
    wrong = {name for name in names if not numbers_of(cpu, f"#include <asm/unistd.h>\n{{{name if name.isdigit() else '__NR_' + name}, }}") <= allowed}
    assert not wrong, f"the table lacks {wrong}"


def test_the_filter_of_i386_lets_everything_run(cpu, binary, everything, etc):
    """x86_64's kernel runs it, too."""
    if cpu != "i386" or platform.machine() != "x86_64":
        pytest.skip("not a program of this machine")
    try:
        run = run_binary(environment(ONE_POLL, everything), binary=binary, preexec_fn=etc.enter)
    except OSError as error:
        pytest.skip(f"the kernel does not run it: {error}")
    assert run.status == 0 and "seccomp of " in run.log and " 0 lines were not sent" in run.log, run.log


def of_all_versions(totals):
    """Returns the totals of both IP versions. In another byte order an IPv4 address inside an IPv6 one cannot be recognised."""
    return {field: sum(fields.get(field, 0) for fields in totals.values()) for field in parse.COUNTS}


def test_recorded_tables(cpu, emulated):
    """The tables are a little-endian machine's; states and ports are the same on all."""
    run = emulated(proc=RECORDED / "ten-states", ports="1-65535")
    assert of_all_versions(run.totals) == of_all_versions(TEN_STATES)
    assert of_all_versions(run.ports) == of_all_versions(run.totals)
    if cpu not in BIG_ENDIAN:
        assert {version: parse.nonzero(fields) for version, fields in run.totals.items()} == TEN_STATES


def test_recording_of_this_machine(cpu, emulated, poll, listen, tmp_path):
    """A recording gives the same counts on any processor with the same byte order. Others refuse it."""
    listen("127.0.0.1", 0)
    here = poll(backend=f"record:{tmp_path}/recording", ports="listen", pid="off")
    there = emulated(backend=f"replay:{tmp_path}/recording", ports="listen", pid="off")
    if cpu in BIG_ENDIAN:
        assert there.status == 2 and "byte order" in there.log
    else:
        assert there.out == here.out
