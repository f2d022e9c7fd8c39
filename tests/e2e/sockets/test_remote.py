"""Rules of remote ports on real sockets, and the local ports that are left towards them."""
import collections
import contextlib
import errno
import os
import pathlib
import socket
import subprocess

import pytest

import census
import netns
import parse
import procfs
import rights
import wait
from counting import TWO_POLLS, assert_counted, last_poll, many        # many is a fixture

pytestmark = [pytest.mark.usefixtures("namespace"), pytest.mark.xdist_group("count")]
BACKENDS = pytest.mark.parametrize("backend", ["netlink", "procfs"])


def shown(run):
    """Returns the series with a count, and their counts."""
    return {key: parse.nonzero(fields) for key, fields in run.remotes.items() if parse.nonzero(fields)}


@BACKENDS
def test_a_socket_counts_by_its_local_and_by_its_remote_port(listen, connect, poll, backend):
    for host in ("127.0.0.1", "127.0.0.2", "::1"):
        connect(listen(host, 8080))
    run = poll(ports="8080,>8080", backend=backend)
    assert run.ports["8080", 4]["tcp_established"] == run.ports["8080", 4]["tcp_listen"] == 2
    assert shown(run) == {("8080", 4): {"tcp_established": 2}, ("8080", 6): {"tcp_established": 1}}
    assert set(run.remotes) == {("8080", 4), ("8080", 6)}
    assert run.totals == poll(backend=backend).totals


@BACKENDS
@pytest.mark.parametrize("rules,expected", [
    (">127.0.0.0/8:8080", {"127.0.0.0/8:8080": 4}),
    (">127.0.0.2:8080,>127.0.0.0/30:8080,>8080", {"127.0.0.2:8080": 1, "127.0.0.0/30:8080": 2, "8080": 1}),
    (">8000-8079,>8080-8090", {"8080-8090": 4}),
    (">127.0.0.1:8080,>127.0.0.9:8080", {"127.0.0.1:8080": 1, "127.0.0.9:8080": 1}),
    (">10.0.0.0/8:8080,>8081", {}),
])
def test_the_first_rule_wins(listen, connect, poll, backend, rules, expected):
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9"):
        connect(listen(host, 8080))
    run = poll(ports=rules, backend=backend)
    assert {remote: fields["tcp_established"] for (remote, version), fields in shown(run).items()} == expected
    assert run.totals[4]["tcp_established"] == 8


@BACKENDS
def test_ipv6_and_mapped_addresses(listen, keep, poll, backend):
    netns.ip("address", "add", "2001:db8:1::1/128", "dev", "lo", "nodad")
    for host in ("127.0.0.1", "::1", "2001:db8:1::1"):
        listen(host, 8080)
    for host in ("::1", "2001:db8:1::1"):
        one = keep(socket.socket(socket.AF_INET6))
        assert wait.until(lambda: one.connect_ex((host, 8080)) in (0, errno.EISCONN)), "no route to the new address"
    keep(socket.socket(socket.AF_INET6)).connect(("::ffff:127.0.0.1", 8080))
    run = poll(ports=">[2001:db8::]/32:8080,>[::1]:8080,>127.0.0.0/8:8080", backend=backend)
    assert shown(run) == {("[2001:db8::]/32:8080", 6): {"tcp_established": 1}, ("[::1]:8080", 6): {"tcp_established": 1},
                          ("127.0.0.0/8:8080", 4): {"tcp_established": 1}}
    assert set(run.remotes) == set(shown(run)), "a rule with an address has its own ip_version only"


@BACKENDS
def test_connected_udp(keep, poll, backend):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        keep(socket.socket(family, socket.SOCK_DGRAM)).bind((host, 5353))
        keep(socket.socket(family, socket.SOCK_DGRAM)).connect((host, 5353))
    run = poll(ports=">5353", backend=backend)
    assert shown(run) == {("5353", 4): {"udp_socket": 1}, ("5353", 6): {"udp_socket": 1}}


def test_states(listen, keep, poll):
    """A connection that nobody answers, one that the peer closed, one that is closed on both sides."""
    server = listen("127.0.0.1", 8080)
    clients = [keep(socket.create_connection(server.getsockname())) for _ in range(2)]
    ends = [server.accept()[0] for _ in clients]
    ends[0].close()
    clients[1].close()
    ends[1].close()
    silent = keep(socket.socket())
    silent.setblocking(False)
    netns.ip("route", "add", "192.0.2.0/24", "dev", "lo")
    netns.ip("address", "add", "10.0.0.1/32", "dev", "lo")
    silent.bind(("10.0.0.1", 0))
    assert silent.connect_ex(("192.0.2.1", 8080)) == errno.EINPROGRESS
    expected = {"tcp_close_wait": 1, "tcp_time_wait": 1, "tcp_syn_sent": 1}
    assert shown(poll(ports=">8080")) == {("8080", 4): expected}


def test_the_owner_is_the_clients(listen, connect, poll):
    connect(listen("127.0.0.1", 8080))
    assert poll(ports=">8080").remotes["8080", 4]["pid"] == os.getpid()


def test_groups_have_their_tags(listen, connect, poll):
    connect(listen("127.0.0.1", 8080))
    run = poll(ports='[{"ports":["8080",">8080"],"tags":{"service":"a"}},{"ports":[">127.0.0.1:9090"],"tags":{"service":"b"}}]')
    tags = {dict(tags).get("remote"): dict(tags)["service"] for (name, tags), _ in run.series.items() if name != "netstat"}
    assert tags == {None: "a", "8080": "a", "127.0.0.1:9090": "b"}


def test_table(listen, connect, poll):
    connect(listen("127.0.0.1", 8080))
    lines = poll(ports=">8080", format="table").out.splitlines()
    assert lines[1].split()[:3] == ["IP", "PORT", "ESTAB"] and ["4", ">8080", "1"] in [line.split()[:3] for line in lines]


def test_a_network_with_bits_after_its_prefix(poll):
    run = poll(ports=">10.1.2.3/8:443")
    assert set(run.remotes) == {("10.0.0.0/8:443", 4)}
    assert 'rule \\">10.1.2.3/8:443\\" is read as >10.0.0.0/8:443' in run.log


# ---- as many sockets as the kernel's counters need

def by_ss(matches):
    """Counts sockets by ss, whose remote side matches: {(ip_version, field): count}."""
    found = collections.Counter()
    for line in subprocess.run(["ss", "-tanH"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        state, _, _, _, remote = line.split()[:5]
        host, _, port = remote.rpartition(":")
        host = host.strip("[]").removeprefix("::ffff:")
        if port != "*" and matches(host, int(port)):
            found[6 if ":" in host else 4, census.SS_STATES[state]] += 1
    return found


REMOTE = {
    ">7000": lambda host, port: port == 7000,
    ">127.0.0.2:7000,>[::1]:7000": lambda host, port: port == 7000 and host in ("127.0.0.2", "::1"),
    ">127.0.0.0/31:7000,80,*:443": lambda host, port: port == 7000 and host == "127.0.0.1",
    ">443": lambda host, port: False,
    "22," + ",".join(f">{port}" for port in range(6001, 7200, 3)): lambda host, port: port == 7000,
}


@pytest.mark.parametrize("rules", REMOTE, ids=lambda rules: rules[:20])
@pytest.mark.parametrize("ipv4,mapped,ipv6", [(1500, 0, 0), (900, 500, 40), (20, 30, 1400)])
def test_counted_by_the_kernels_counters(many, poll, rules, ipv4, mapped, ipv6):
    for address, n in (("127.0.0.1", ipv4), ("::ffff:127.0.0.2", mapped), ("::1", ipv6)):
        if n:
            many(address, n)
    asked = {**TWO_POLLS, "polls": 3}
    auto, exact, tables = (poll(**asked, **more) for more in (dict(ports=rules), dict(ports=rules, count="exact"), dict(ports=rules, backend="procfs")))
    without = poll(**asked)
    assert_counted(auto)
    assert last_poll(auto) == last_poll(exact) and parse.as_procfs(last_poll(auto)) == last_poll(tables)
    assert parse.totals(last_poll(auto)) == parse.totals(last_poll(without))
    sums = collections.Counter()
    for (_, version), fields in parse.remotes(last_poll(auto)).items():
        sums.update({(version, field): value for field, value in parse.nonzero(fields).items()})
    assert sums == by_ss(REMOTE[rules])


# ---- the local ports that are left

SERVER = 7000


class Range:
    """The namespace's ports for connections, and connections that take them."""

    def __init__(self, keep):
        self._keep = keep

    def set(self, low, high, reserved=""):
        for name, text in (("ip_local_port_range", f"{low} {high}"), ("ip_local_reserved_ports", reserved), ("tcp_tw_reuse", "0")):
            try:
                pathlib.Path("/proc/sys/net/ipv4", name).write_text(text + "\n")
            except OSError as error:
                rights.skip(f"can't set {name}", error)

    def connect(self, server, n, local=None):
        """Makes n connections. Returns their clients' ends."""
        made = []
        for _ in range(n):
            one = self._keep(socket.socket(server.family))
            if local:
                one.setsockopt(socket.IPPROTO_IP, 24, 1)       # IP_BIND_ADDRESS_NO_PORT
                one.bind((local, 0))
            one.connect(server.getsockname()[:2])
            made.append((one, self._keep(server.accept()[0])))
        return made

    def exhaust(self, server):
        """Connects until no port is left. Returns the number of connections."""
        for n in range(100000):
            try:
                self.connect(server, 1)
            except OSError as error:
                assert error.errno == errno.EADDRNOTAVAIL
                return n


@pytest.fixture
def ports(keep):
    return Range(keep)


def percent(run):
    assert run.status == 0, run.log
    return {key: fields.get("ephemeral_used_percent") for key, fields in run.remotes.items()}


@BACKENDS
def test_until_none_is_left(listen, ports, poll, backend):
    """200 ports, 50 of which are reserved; each address of the server has its own 150."""
    ports.set(20000, 20199, "20010-20049,20055,20060-20068,30000")
    one, other = listen("127.0.0.1", SERVER), listen("127.0.0.2", SERVER)
    asked = dict(ports=f">{SERVER}", backend=backend)
    assert percent(poll(**asked)) == {(str(SERVER), 4): 0, (str(SERVER), 6): 0}
    ports.connect(one, 74)
    assert percent(poll(**asked))[str(SERVER), 4] == 49
    ports.connect(one, 1)
    ports.connect(other, 60)
    assert percent(poll(**asked))[str(SERVER), 4] == 50
    ports.connect(one, 74)
    assert percent(poll(**asked))[str(SERVER), 4] == 99
    assert ports.exhaust(one) == 1
    run = poll(**asked)
    assert percent(run)[str(SERVER), 4] == 100 and run.remotes[str(SERVER), 4]["tcp_established"] == 210
    assert ports.exhaust(other) == 90
    assert percent(poll(ports=f">127.0.0.2:{SERVER},>127.0.0.0/8:{SERVER},>1-65535", backend=backend)) == {
        (f"127.0.0.2:{SERVER}", 4): 100, (f"127.0.0.0/8:{SERVER}", 4): 100, ("1-65535", 4): 0, ("1-65535", 6): 0}


@BACKENDS
def test_time_wait_is_in_use(listen, ports, poll, backend):
    ports.set(20000, 20099)
    server = listen("127.0.0.1", SERVER)
    for client, end in ports.connect(server, 60):
        client.close()
        end.close()
    ports.connect(server, 20)
    run = poll(ports=f">{SERVER}", backend=backend)
    assert parse.nonzero(run.remotes[str(SERVER), 4]) == {"tcp_established": 20, "tcp_time_wait": 60}
    assert percent(run)[str(SERVER), 4] == 80


def test_ipv6_has_the_same_range(listen, ports, poll):
    ports.set(20000, 20099, "20000-20049")
    ports.connect(listen("::1", SERVER), 25)
    assert percent(poll(ports=f">{SERVER}")) == {(str(SERVER), 4): 0, (str(SERVER), 6): 50}
    assert percent(poll(ports=f">[::]/0:{SERVER}")) == {(f"[::]/0:{SERVER}", 6): 50}


def test_each_local_address_has_its_own(listen, ports, poll):
    ports.set(20000, 20099)
    server = listen("127.0.0.1", SERVER)
    ports.connect(server, 30, local="127.0.0.5")
    ports.connect(server, 40, local="127.0.0.6")
    assert percent(poll(ports=f">{SERVER}"))[str(SERVER), 4] == 40


def test_the_settings_are_read_at_each_poll(listen, ports, start):
    ports.set(20000, 20099)
    ports.connect(listen("127.0.0.1", SERVER), 30)
    program = start(ports=f">{SERVER}", self="off")
    found = lambda: [parse.remotes(poll)[str(SERVER), 4].get("ephemeral_used_percent") for poll in program.influx_polls()]
    program.until(lambda: found()[-1:] == [30])
    ports.set(20000, 20199)
    program.until(lambda: found()[-1:] == [15])
    ports.set(20000, 20199, "20100-20199")
    program.until(lambda: found()[-1:] == [30])


def test_a_list_of_reserved_ports_that_is_too_long_is_not_known(listen, ports, poll):
    ports.set(20000, 20099, ",".join(map(str, range(30001, 32000, 2))))
    assert percent(poll(ports=f">{SERVER}"))[str(SERVER), 4] == 0
    ports.set(20000, 20099, ",".join(map(str, range(30001, 34000, 2))))
    assert percent(poll(ports=f">{SERVER}"))[str(SERVER), 4] is None


def test_of_another_namespace_it_is_not_known(tmp_path, poll):
    root = procfs.write(tmp_path, [procfs.Socket("10.0.0.1:40000", "tcp_established", f"10.0.0.2:{SERVER}")])
    run = poll(proc=root, ports=f">{SERVER}")
    assert shown(run) == {(str(SERVER), 4): {"tcp_established": 1}}
    assert set(percent(run).values()) == {None}


@BACKENDS
def test_a_replay_has_the_recorded_range(listen, ports, poll, tmp_path, backend):
    ports.set(20000, 20099)
    ports.connect(listen("127.0.0.1", SERVER), 30)
    asked = dict(ports=f">{SERVER}", pid="off", polls=2, interval="100ms")
    if backend == "netlink":
        recorded = poll(**asked, backend=f"record:{tmp_path}/r")
    else:       # a recording without rules: it may be replayed with some
        poll(backend=f"record:{tmp_path}/r")
        asked["polls"] = 1
        recorded = poll(**asked, backend="procfs")
    ports.set(20000, 20199)
    replayed = poll(**asked, backend=f"replay:{tmp_path}/r")
    assert percent(replayed if backend == "procfs" else poll(**{**asked, "polls": 1}, backend=f"replay:{tmp_path}/r"))[str(SERVER), 4] == 30
    lines = lambda run: [line for line in run.out.splitlines() if backend == "netlink" or "accept_queue_fullest" not in line]    # procfs has no limits
    assert lines(replayed) == lines(recorded)


def test_more_pairs_of_addresses_than_are_kept_apart(many, poll):
    """Of 4,200 addresses of a server 4,096 have room; the log says so once."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("0.0.0.0", SERVER), backlog=4096))
        for i in range(4200):
            one = stack.enter_context(socket.socket())
            one.connect((f"127.1.{i // 250}.{1 + i % 250}", SERVER))
            stack.enter_context(server.accept()[0])
        run = poll(ports=f">{SERVER}", polls=3, interval="100ms", format="influx")
        fields = parse.remotes(last_poll(run))[str(SERVER), 4]
        assert fields["tcp_established"] == 4200 and fields["ephemeral_used_percent"] == 0
        assert run.log.count("match more than 4096 pairs of addresses: 104 sockets are not in ephemeral_used_percent") == 1
