"""sockpush is process 1 of a machine that has nothing else: no shell, no /etc, no resolver. Each test boots once.

In most tests /helper (helper.c) starts first, opens sockets, and becomes sockpush. Both byte orders are tried, with inet_diag and
without.
"""
import socket

import pytest

import boot
import parse
import streams
import tls_pki
from tls_pki import pki         # a fixture

ONE = {"to": "influx+stdout:", "polls": 1, "host": "a"}
EVERYWHERE = pytest.mark.parametrize("cpu", boot.MACHINES)
BOTH_WAYS = pytest.mark.parametrize("backend", ["netlink", "procfs"])
RULES = "127.0.0.1:7001,[::1]:7001,7001,*:7004"


def sockets(v6=True):
    """Returns {ip_version: {field: count}} of the helper's sockets: two of each state with IPv4, three with IPv6."""
    found = {version: {"tcp_established": 3 * n + 2, "tcp_syn_sent": n, "tcp_syn_recv": n, "tcp_fin_wait2": n, "tcp_time_wait": n,
                       "tcp_close_wait": n, "tcp_listen": 6, "udp_socket": n} for version, n in ((4, 2), (6, 3))}
    if v6:
        found[4]["tcp_established"] += 2        # an IPv4 client of a dual-stack listener, and its accepted end
    else:
        del found[6]
    return found


def by_port(v6=True):
    """Returns {(addr_port, ip_version): {field: count}} of RULES. A rule whose address does not match leaves the socket to the next rule."""
    found = {("127.0.0.1:7001", 4): {"tcp_listen": 1, "tcp_established": 2}, ("7001", 4): {"tcp_listen": 1}, ("127.0.0.1:7004", 4): {"tcp_listen": 1, "tcp_syn_recv": 2}, ("[::1]:7001", 6): {}}
    if v6:
        found["7001", 6] = {}
        found["[::1]:7001", 6] = {"tcp_listen": 1, "tcp_established": 3}
        found["[::1]:7004", 6] = {"tcp_listen": 1, "tcp_syn_recv": 3}
    return found


def nonzero(counts):
    return {key: parse.nonzero(fields) for key, fields in counts.items()}


def start(cpu, *words, modules=(), helper=True, files={}, env={}, **more):
    """Boots the machine. `words` are for the helper, or the kernel."""
    files = {**files, "init": (boot.BUILD / cpu / "sockpush").read_bytes()}
    if helper:
        files["helper"] = (boot.BUILD / cpu / "appliance").read_bytes()
        files.update(boot.modules(cpu, modules))
        words = ("rdinit=/helper", *(["modules"] if modules else []), *words)
    env = {name: value for name, value in {**ONE, **env}.items() if value is not None}
    return boot.boot(cpu, files, [*words, *boot.variables(env)], **more)


def diag(backend):
    return boot.DIAG if backend == "netlink" else []


def backend_of(points):
    return {point.tag("backend") for point in points if point.measurement == "sockpush"}


def check(console, backend, v6=True):
    """Asserts the counts of one poll, and its backend."""
    assert console.status == 0, console.text
    found = parse.series(console.points)
    assert nonzero(parse.totals(found)) == sockets(v6)
    assert backend_of(console.points) == {backend}
    return found


@BOTH_WAYS
@EVERYWHERE
def test_known_sockets_are_counted_with_and_without_inet_diag(cpu, backend):
    console = start(cpu, modules=diag(backend), env={"ports": RULES})
    assert nonzero(parse.ports(check(console, backend))) == by_port()
    first = next(entry["msg"] for _, entry in console.log if entry.get("backend") == backend)
    assert ("others failed: netlink tcp: " in first) == (backend == "procfs")
    assert not console.warnings


@EVERYWHERE
def test_many_sockets_are_counted_by_the_kernels_counters(cpu):
    """The filter's ports are in host byte order, and the kernels are Debian's 6.1."""
    console = start(cpu, "many", modules=boot.DIAG, env={"ports": "7001", "polls": 2, "interval": "1s", "log_level": "debug"})
    assert console.status == 0 and "counted by the kernel's counters" in console.text, console.text
    found = parse.series(parse.by_poll(console.points)[-1])
    expected = sockets()
    for version, ends in ((4, 2000), (6, 40)):
        expected[version]["tcp_established"] += ends
        expected[version]["tcp_listen"] += 1
    assert nonzero(parse.totals(found)) == expected
    assert nonzero(parse.ports(found)) == {("7001", 4): {"tcp_listen": 2, "tcp_established": 2}, ("7001", 6): {"tcp_listen": 1, "tcp_established": 3}}
    assert not console.warnings


@EVERYWHERE
def test_counts_arrive_over_the_network(cpu):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        # The first datagrams wait until the gateway's Ethernet address is known.
        start(cpu, "network", modules=[*boot.DIAG, *boot.MACHINES[cpu].network],
              env={"to": f"udp://10.0.2.2:{receiver.getsockname()[1]}", "polls": 2, "interval": "1s"})
        datagrams = []
        while True:
            try:
                datagrams.append(receiver.recv(65536).decode())
            except BlockingIOError:
                break
    points = [point for datagram in datagrams for point in parse.dogstatsd(datagram + "\n")]
    first = points[:next(i for i, point in enumerate(points) if "poll_us" in point.fields)]
    assert nonzero(parse.totals(parse.series(first))) == sockets()


@EVERYWHERE
def test_nothing_but_sockpush(cpu):
    """The initramfs is one file: no helper, no folder for procfs. The loopback interface is down."""
    console = start(cpu, helper=False)
    assert console.status == 0, console.text
    assert nonzero(parse.totals(parse.series(console.points))) == {4: {}, 6: {}}
    assert backend_of(console.points) == {"procfs"}


@BOTH_WAYS
@pytest.mark.parametrize("cpu", ["aarch64", "s390x"])
def test_a_kernel_without_ipv6(cpu, backend):
    console = start(cpu, "ipv6.disable=1", modules=diag(backend), env={"ports": RULES})
    assert nonzero(parse.ports(check(console, backend, v6=False))) == by_port(v6=False)
    assert not console.warnings


@pytest.mark.parametrize("cpu", ["aarch64", "s390x"])
def test_a_read_only_root(cpu):
    """Process 1 can still mount procfs if a folder for it exists."""
    check(start(cpu, "readonly", folders=["proc"]), "procfs")


def test_no_procfs():
    """Without a folder for procfs, netlink counts."""
    console = start("s390x", "readonly", modules=boot.DIAG, env={"ports": RULES})
    assert nonzero(parse.ports(check(console, "netlink"))) == by_port()


def test_neither_procfs_nor_inet_diag():
    console = start("s390x", "readonly")
    assert console.status == 1 and not console.points
    assert len(console.warnings) == 2 and all("/proc" in warning for warning in console.warnings), console.text


def test_a_name_without_a_resolver():
    """Polls go on, and the program ends in time."""
    console = start("s390x", modules=boot.DIAG, env={"to": "influx+stdout:,udp://name.example:8125", "polls": 3, "interval": "1s"})
    assert len(parse.by_poll(console.points)) == 3
    assert any("name.example" in warning for warning in console.warnings), console.text


@EVERYWHERE
def test_a_board_whose_clock_starts_in_1970(cpu):
    """The log reports it once. Lines are sent without times."""
    console = start(cpu, modules=boot.DIAG, env={"polls": 2, "interval": "1s"}, qemu=["-rtc", "base=1970-01-02"])
    assert "\n1970-01-02T00:0" in console.text
    assert len(console.warnings) == 1 and "clock" in console.warnings[0], console.text
    assert {point.time for point in console.points} == {None}
    polls = [point for point in console.points if point.measurement == "netstat"]
    assert nonzero(parse.totals(parse.series(polls[:2]))) == nonzero(parse.totals(parse.series(polls[2:]))) == sockets()


def test_streams_before_the_clock_is_set(pki):
    """A stream waits for true times. A certificate that is not yet valid makes the log ask about the clock."""
    with streams.Aggregator() as receiver, tls_pki.Server(pki.leaf("board", names="IP:10.0.2.2"), connections=8) as server:
        outputs = f"influx+tcp://10.0.2.2:{receiver.port},dogstatsd+tls://10.0.2.2:{server.port}"
        console = start("aarch64", "network", modules=[*boot.DIAG, *boot.MACHINES["aarch64"].network], files={"ca.pem": pki.ca.read_bytes()},
                        env={"to": outputs, "tls_ca": "/ca.pem", "polls": 3, "interval": "1s"}, qemu=["-rtc", "base=1970-01-02"])
        assert receiver.text == "" == server.so_far
    assert sum("the clock is before" in warning for warning in console.warnings) == 1
    assert any("is not yet valid" in warning and "is this machine's clock right?" in warning for warning in console.warnings), console.text
    assert console.status == 1      # unsent lines are left


def test_32_mib():
    """Debian's kernel leaves half of it."""
    console = start("mipsel", "nokaslr", modules=boot.DIAG, env={"ports": "*:1-65535"}, memory=32)
    found = check(console, "netlink")
    assert sum(fields["tcp_listen"] for fields in parse.ports(found).values()) == 12 and not console.warnings


def test_variables_on_the_kernels_command_line():
    """Values may have commas, equals signs, brackets, quotes. Words after `--` are arguments."""
    env = {"tags": "a=b c,d=e", "ports": '[{"ports":["80"],"tags":{"service":"web server"}}]'}
    console = start("s390x", "hostname=router1", helper=False, env={**env, "host": ""})
    points = {point.measurement: point for point in console.points}
    assert dict(points["netstat"].tags) == {"a": "b c", "d": "e", "host": "router1", "ip_version": "6"}
    assert points["netstat_port"].tag("service") == "web server" and points["netstat_port"].tag("addr_port") == "80"
