"""Real sockets in every state that the kernel lists: the counts equal the sockets made."""
import shutil
import socket
import struct
import subprocess

import pytest

import census
import parse
import peer
import rights
import states

pytestmark = [pytest.mark.windows, pytest.mark.skipif(not shutil.which("ip") or not shutil.which("ss"), reason="iproute2 is not installed")]


@pytest.fixture(scope="module")
def made():
    """Holds the sockets in their states as long as this module's tests run. Returns {(ip_version, field): count}."""
    with rights.namespace_or_skip():
        try:
            far = peer.Peer()
        except (OSError, subprocess.CalledProcessError) as error:
            rights.skip("can't make a TUN device", error)
        sockets = states.Sockets(far)
        try:
            sockets.make_all()
            assert census.settle(sockets.made) == sockets.made, "the test did not make what it meant to"
            yield sockets.made
        finally:
            sockets.close()
            far.close()


def counted(run):
    return {(version, field): value for version, fields in run.totals.items()
            for field, value in fields.items() if value}


def test_the_world_is_complete(made):
    for version in (4, 6):
        missing = [field for field in parse.COUNTS if not made[version, field]]
        assert missing == ["tcp_close", "tcp_none"]


def test_time_wait_minisockets_in_fin_wait2(made):
    """Closed FIN_WAIT2 sockets shrink to the kernel's struct for TIME_WAIT (timer 3, no owner), but count as FIN_WAIT2."""
    shrunk = [row for table in ("tcp", "tcp6") for row in census.rows(table) if row[3] == "05" and row[5].startswith("03:")]
    assert len(shrunk) == sum(states.NUMBERS["tcp_fin_wait2 time-wait"])


@pytest.mark.parametrize("backend", ["auto", "netlink", "procfs"])
@pytest.mark.parametrize("format", ["dogstatsd", "influx"])
def test_counts_are_what_was_made(made, poll, backend, format):
    assert counted(poll(backend=backend, format=format)) == made


def test_ss_agrees(made, poll):
    assert census.ss() == counted(poll())


def test_auto_is_netlink(made, poll):
    run = poll(self="on")
    assert {dict(tags).get("backend") for name, tags in run.series if name == "sockpush"} == {"netlink"}


@pytest.mark.parametrize("rules", ["*:1-65535", "1-65535", "listen", "10.99.0.1:5000,10.99.0.1:5001,[fd99::1]:5002"])
def test_backends_agree_by_port(made, poll, rules):
    netlink, procfs = (poll(backend=backend, ports=rules, pid="off").series for backend in ("netlink", "procfs"))
    assert parse.as_procfs(netlink) == procfs
    assert parse.ports(netlink)


def test_every_socket_has_a_port(made, poll):
    """One rule for all ports has the same counts as the totals."""
    run = poll(ports="1-65535", pid="off")
    for version in (4, 6):
        assert {name: run.ports["1-65535", version][name] for name in parse.COUNTS} == {name: run.totals[version][name] for name in parse.COUNTS}


def test_listener_series_hold_their_connections(made, poll):
    """A port's series has its listeners and the half-open connections to them."""
    run = poll(ports="listen", pid="off")
    for i, (_, version, _) in enumerate(states.KINDS):
        assert parse.nonzero(run.ports[str(states.LISTEN_PORT + i), version]) == {
            "tcp_listen": i + 1, "tcp_syn_recv": states.NUMBERS["tcp_syn_recv"][i]}


def test_reset_socket_is_nowhere(namespace, poll):
    """A socket that was reset is CLOSE and in no table, so it cannot be counted."""
    with socket.create_server(("127.0.0.1", 7000)) as listener:
        with socket.create_connection(("127.0.0.1", 7000)) as client:
            server, _ = listener.accept()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.close()
            census.settle({(4, "tcp_listen"): 1})
            assert parse.nonzero(poll().totals[4]) == {"tcp_listen": 1}
            assert client.fileno() >= 0


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_empty_namespace(namespace, poll, backend):
    """Without sockets all fields are zeros, for both families."""
    zeros = dict.fromkeys(parse.TOTALS if backend == "netlink" else parse.COUNTS, 0)
    assert poll(backend=backend).totals == {4: zeros, 6: zeros}


def test_dual_stack_listener(namespace, poll):
    """It counts under 6, its IPv4 clients under 4."""
    with socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        with socket.create_connection(("127.0.0.1", 7000)), socket.create_connection(("::1", 7000)):
            kept = [listener.accept()[0] for _ in range(2)]
            totals = poll().totals
            assert parse.nonzero(totals[4]) == {"tcp_established": 2}
            assert parse.nonzero(totals[6]) == {"tcp_established": 2, "tcp_listen": 1}
            for one in kept:
                one.close()


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_without_rights(made, backend, open_binary):
    """Counting takes no capability."""
    assert counted(open_binary(backend=backend, user=65534)) == made
