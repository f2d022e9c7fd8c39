"""The Windows parts of sockpush.exe, under wine. `make test-windows` runs these and the other files with the same mark."""
import collections
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import census
import kernel_counters
import parse
import ports
import receivers
import streams
import tls_pki
import wait
from program import BINARY
from tls_pki import pki         # a fixture
from wine import EXE

pytestmark = [pytest.mark.windows, pytest.mark.skipif(BINARY.name != "wine.py", reason="of sockpush.exe: make test-windows")]


def objdump(*options):
    program = shutil.which("x86_64-w64-mingw32-objdump")
    if not program:
        pytest.skip("binutils-mingw-w64 is not installed")
    return subprocess.run([program, *options, EXE], check=True, capture_output=True, text=True).stdout


def test_needs_nothing_but_windows():
    """It needs only the C library that every Windows has, and no library of the compiler."""
    assert {name.lower() for name in re.findall(r"DLL Name: (\S+)", objdump("-p"))} <= {
        "advapi32.dll", "bcrypt.dll", "crypt32.dll", "iphlpapi.dll", "kernel32.dll", "msvcrt.dll", "ws2_32.dll"}


def test_hardened():
    """Random addresses above 4 GiB, and no data that can be run. No time stamp, so that two builds are the same."""
    flags = int(re.search(r"^DllCharacteristics\s+([0-9a-f]+)", objdump("-p"), re.M)[1], 16)
    assert flags & 0x0020 and flags & 0x0040 and flags & 0x0100
    assert re.search(r"^Time/Date\s+(.*)", objdump("-p"), re.M)[1].endswith("1970") and ".debug" not in objdump("-h")


def test_counts_as_procfs_does(namespace, poll, listen, connect, keep):
    listener, six = listen("127.0.0.1", 80), listen("::1", 80)
    for one in (listener, listener, six):
        connect(one)
    keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", 53))
    run = poll(ports="80,*:53", self="on")
    assert collections.Counter({(version, field): n for version, fields in run.totals.items() for field, n in fields.items() if n}) == census.procfs()
    assert parse.nonzero(run.ports["80", 4]) == {"tcp_listen": 1, "tcp_established": 2}
    assert parse.nonzero(run.ports["80", 6]) == {"tcp_listen": 1, "tcp_established": 1}
    assert parse.nonzero(run.ports["127.0.0.1:53", 4]) == {"udp_socket": 1}
    assert {dict(tags).get("backend") for name, tags in run.series if name == "sockpush"} == {"iphlpapi"}


def test_the_kernels_counters(namespace, start):
    """Those that Windows has, of IPv4 and IPv6 together, add up to what the test reads itself. The others are left out. wine gives Linux's TCP
    counters, which are of both, for each of the two."""
    before = kernel_counters.read()
    program = start(kernel="on")
    polls = lambda: [fields for poll in program.influx_polls() for (name, _), fields in poll.items() if name == "netstat_kernel"]
    program.until(polls)
    assert set(polls()[0]) == {"retrans_segs", "tcp_in_errs", "out_rsts", "active_opens", "passive_opens", "estab_resets",
                               "udp_in_datagrams", "udp_out_datagrams", "udp_in_errors", "udp_no_ports"}
    assert not any(polls()[0].values())
    for _ in range(3):
        kernel_counters.traffic()
    grown = lambda: {name: n if name.startswith("udp") else 2 * n for name, n in kernel_counters.since(before).items() if name in polls()[0]}
    program.until(lambda: polls()[-1] == grown())
    assert all(grown()[name] > 0 for name in kernel_counters.GROWN & set(grown()))


def test_a_table_that_grows(namespace, start, keep):
    """Between two polls the table grows far past the first buffer."""
    program = start(self="off")
    count = lambda: [poll for poll in program.influx_polls()][-1:]
    listening = lambda: [fields["tcp_listen"] for poll in count() for (_, tags), fields in poll.items() if dict(tags)["ip_version"] == "4"]
    program.until(lambda: listening() == [0])
    for _ in range(3000):
        keep(socket.create_server(("127.0.0.1", 0)))
    program.until(lambda: listening() == [3000])
    assert "error" not in program.log


def test_ctrl_c_flushes(namespace, start):
    """Lines queued at the signal are still delivered."""
    with streams.Aggregator() as aggregator:
        program = start(to=f"influx+tcp://127.0.0.1:{aggregator.port}", interval="1h")
        program.until(lambda: "pushing" in program.log)
        assert program.end(signal.SIGINT) == 0
        assert "0 lines were not sent" in program.log and wait.until(lambda: "netstat,host=a" in aggregator.text)


def test_texts_are_utf_8(run):
    points = run(to="influx+stdout:", polls=1, tags="ort=Zürich ☃", host="büro").points
    assert dict(points[0].tags)["ort"] == "Zürich ☃" and dict(points[0].tags)["host"] == "büro"


def test_texts_on_a_console():
    """Texts are characters on a console, whatever its code page."""
    here, there = os.openpty()
    program = subprocess.Popen([BINARY, "--help"], stdin=there, stdout=there, stderr=there, env={"TERM": "xterm", "LC_ALL": "C.UTF-8"})
    os.close(there)
    os.set_blocking(here, False)
    shown = bytearray()

    def ended():
        try:
            while more := os.read(here, 65536):
                shown.extend(more)
        except OSError:     # nothing to read now, or the connection is gone
            pass
        return program.poll() is not None

    assert wait.until(ended) and ended() and program.returncode == 0
    os.close(here)
    assert "Token …" in shown.decode(errors="replace")


def test_host_is_the_machines_name(run):
    assert dict(run(to="influx+stdout:", polls=1).points[0].tags)["host"].lower() == socket.gethostname().split(".")[0].lower()


def test_names_of_variables_in_any_case(run):
    one = run(to="influx+stdout:", polls=1, host=None, **{"sockpush_Host": "a"})
    assert dict(one.points[0].tags)["host"] == "a"


def test_zones(namespace, run):
    """A link is chosen by its number or its name, as wine has it."""
    with streams.Aggregator(host="::1") as aggregator:
        for zone, status in (("1", 0), ("loopback_1", 0), ("nosuch", 1)):
            one = run("--check", to=f"tcp://[::1%25{zone}]:{aggregator.port}")
            assert one.status == status, one.out + one.log


def test_what_may_not_have_arrived_is_sent_again(namespace, start):
    """Windows does not report what was acknowledged, so all lines of the last 20 s count as not acknowledged."""
    with streams.Aggregator() as first, streams.Aggregator() as second:
        program = start(to=f"influx+tcp://127.0.0.1:{first.port},127.0.0.1:{second.port}", self="off", replay="0s")
        program.until(lambda: len(first.lines()) > 10)
        first.close(reset=True)
        program.until(lambda: len(second.lines()) > 20)
        assert set(first.lines()) <= set(second.lines())


def test_unix_sockets_are_refused(run):
    for to in ("unix:///run/a", "unixstream:///run/a", "unixgram://@a"):
        one = run(to=to)
        assert one.status == 2 and "not supported here" in one.log and to.partition(":")[0] in one.log


def test_backends_are_named(run):
    one = run(to="stdout:", backend="netlink")
    assert one.status == 2 and "iphlpapi" in one.log


def test_recording(namespace, poll, listen, tmp_path):
    """A recording gives the same counts when it is replayed. Its table is larger than the replay's first buffer."""
    for _ in range(1000):
        listen("127.0.0.1", 0)
    here = poll(backend=f"record:{tmp_path}/tables", ports="listen", pid="off")
    there = poll(backend=f"replay:{tmp_path}/tables", ports="listen", pid="off")
    assert here.series == there.series and here.totals[4]["tcp_listen"] == 1000
    assert (tmp_path / "tables").read_bytes().startswith(b"sockpush recording 2 windows little-endian")


def test_no_such_name(run):
    one = run("--check", to="tcp://no-such-name.invalid:1")
    assert one.status == 1 and "no-such-name.invalid" in one.out and re.search("no such name|no nameserver|cannot look it up", one.out)


def test_output_that_nobody_reads_any_more(start):
    read, write = os.pipe()
    program = start(popen={"stdout": write}, interval="100ms")
    os.close(write)
    os.close(read)
    assert program.process.wait(wait.DEADLINE) in (0, 1) and "stdout" in program.log


def test_refused_datagrams_are_counted(namespace, start):
    """Nobody listens at first."""
    port = ports.unused()
    program = start(to=f"influx+udp://127.0.0.1:{port}")
    program.until(lambda: "refused" in program.log)
    with receivers.udp(port=port) as receiver:
        receiver.until(lambda text: "send_errors=" in text and not re.search(r"send_errors=0i", text.splitlines()[-1]))


@pytest.mark.parametrize("path", ["Z:{}", "\\\\?\\Z:{}"])
def test_paths_of_windows(namespace, run, pki, path):
    """Paths have a drive, or \\\\server\\share."""
    with tls_pki.Server(pki.leaf_p256) as server:
        ca = path.format(str(pki.ca).replace("/", "\\") if "\\" in path else pki.ca)
        one = run(to=f"influx+tls://localhost:{server.port}", tls_ca=ca, polls=1, host="a")
        assert one.status == 0, one.log
        assert "netstat,host=a" in server.text


def test_not_trusted_by_windows(namespace, run, pki):
    """Windows' own root certificates are used if no file is named."""
    with tls_pki.Server(pki.leaf_p256) as server:
        one = run("--check", to=f"influx+tls://localhost:{server.port}")
        assert one.status == 1 and "Windows' root store" in one.out, one.out + one.log


def test_relative_paths_are_refused(run):
    for path in ("ca.pem", "C:ca.pem", "\\ca.pem", "etc/ca.pem"):
        one = run(to="tls://a:1", tls_ca=path)
        assert one.status == 2 and "absolute path" in one.log
