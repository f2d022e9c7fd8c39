"""SOCKPUSH_COUNT=auto: the kernel's counters give what a list of all sockets gives, and what was made."""
import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import time
from random import Random

import pytest

import census
import netns
import parse
import peer
import rights
import states
import wait
from counting import COUNTED, OTHERS, TWO_POLLS, assert_counted, descriptors, last_poll, many, skip_beside_others, traced      # many is a fixture
from program import BINARY, ONE_POLL, environment, run_binary

# In one process, because sockets of other namespaces make the filter useless: test_a_small_namespace_on_a_busy_machine.
pytestmark = [pytest.mark.skipif(not shutil.which("ip") or not shutil.which("ss"), reason="iproute2 is not installed"), pytest.mark.xdist_group("count")]

TIMES = 25                      # of each number of states.NUMBERS: 2,000 sockets and more, or each of them is listed
CHECKS = 10                     # so many in a row must differ, in the same direction
FRESH_SECONDS = 25              # TIME_WAIT, and FIN_WAIT2 of closed sockets, last 60 s (tcp_fin_timeout)


class World:
    """Sockets in every state, as in test_states.py, but more. They are made anew when they are too old for another test."""

    def __init__(self, *numbers):
        self._numbers = numbers         # see states.Sockets.make_all
        self._stack = contextlib.ExitStack()
        self._made_at = None

    def made(self):
        if self._made_at is None or time.monotonic() > self._made_at + FRESH_SECONDS or census.procfs() != self._sockets.made:
            self.close()
            start = time.monotonic()
            self._stack.enter_context(descriptors())
            self._stack.enter_context(rights.namespace_or_skip())
            self._sockets = states.Sockets(self._stack.enter_context(contextlib.closing(self._peer())))
            self._stack.enter_context(contextlib.closing(self._sockets))
            self._sockets.make_all(*self._numbers)
            assert census.settle(self._sockets.made) == self._sockets.made, "the test did not make what it meant to"
            self._made_at = start
        return self._sockets.made

    @staticmethod
    def _peer():
        try:
            return peer.Peer()
        except (OSError, subprocess.CalledProcessError) as error:
            rights.skip("can't make a TUN device", error)

    def close(self):
        self._stack.close()
        self._made_at = None


@pytest.fixture(scope="module")
def world():
    with contextlib.closing(World(TIMES)) as one:
        yield one


@pytest.fixture
def made(world):
    """Returns {(ip_version, field): count} of sockets that exist."""
    return world.made()


def counted(series):
    return {(version, field): value for version, fields in parse.totals(series).items() for field, value in fields.items() if value}


SINGLE = ",".join(map(str, [1, *range(1007, 63000, 1000), 5000, 65535]))        # as many ranges as a filter has
MANY = ",".join(map(str, range(1001, 3001, 2)))
RULES = [None, "80", SINGLE, "5000-5002", "1-1000,2004,62000-64000", "10.99.0.1:5000,[fd99::1]:5002", "listen", "*:5001,listen",
         MANY, f">{peer.CLOSES_TOO}", f"80,>{peer.THEIRS[4]}:{peer.CLOSES_TOO},>[fd99::]/64:{peer.NO_ANSWER}",
         MANY + "".join(f",>{port}" for port in range(2003, 60000, 499)), "listen,>443,>10.0.0.0/8:2003"]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: str(rules)[:30])
def test_auto_counts_what_exact_counts(made, poll, rules):
    auto, exact = (poll(**TWO_POLLS, count=count, ports=rules) for count in ("auto", "exact"))
    assert_counted(auto)
    assert "SOCKPUSH_COUNT=exact" in exact.log
    assert counted(last_poll(auto)) == counted(last_poll(exact)) == made
    assert last_poll(auto) == last_poll(exact)


@pytest.mark.parametrize("seed", range(4))
def test_random_mixes(poll, seed):
    """Any numbers of sockets in each state, and any ports."""
    random = Random(seed)
    numbers = {what: [random.randint(0, random.choice((3, 90))) for _ in states.KINDS] for what in states.NUMBERS}
    for i in range(len(states.KINDS)):
        numbers["tcp_established"][i] += random.choice((0, 300, 700))
    missing = 2100 - sum(map(sum, numbers.values()))
    numbers["tcp_established"][random.randrange(3)] += max(missing, 0)
    ports = sorted(random.sample(range(1, 65536), 2 * random.choice((1, 30, 200))))
    rules = ",".join(str(low) if random.random() < .5 else f"{low}-{high}" for low, high in zip(ports[::2], ports[1::2]))
    with contextlib.closing(World(1, numbers, [random.randint(1, 150) for _ in states.KINDS])) as world:
        made = world.made()
        remote = ",".join(f">{random.choice(('', '10.99.0.0/16:', '[fd99::2]:'))}{port}" for port in (*random.sample(range(2001, 2008), 4), *ports))
        for text in (None, rules, rules + ",5001", "listen", remote, rules + "," + remote):
            asked = dict(TWO_POLLS, polls=3, ports=text, max_series=1000)
            auto, exact = poll(**asked), poll(**asked, count="exact")
            assert counted(last_poll(auto)) == counted(last_poll(exact)) == made
            assert last_poll(auto) == last_poll(exact)


@pytest.mark.parametrize("rules", ["1-65535", "*:1-65535"])
def test_rules_that_want_most_sockets_have_them_listed(made, poll, rules):
    run = poll(**TWO_POLLS, ports=rules, max_series=10000)
    skip_beside_others(run.log)
    assert "port rules or both IP versions want most" in run.log
    assert counted(last_poll(run)) == made
    assert last_poll(run) == last_poll(poll(**TWO_POLLS, ports=rules, max_series=10000, count="exact"))


def test_check_says_how_it_counts(made, run):
    for count, why in (("auto", ", this time, to check the kernel's counters"), ("exact", ": SOCKPUSH_COUNT=exact")):
        checked = run("--check", to="stdout:", count=count).out
        skip_beside_others(checked)
        why = "every TCP socket is listed" + why
        assert why in checked
        assert why in next(line for line in run(to="stdout:", polls=1, count=count).log.splitlines() if "reading" in line)


def test_replay_gives_the_same(made, poll, tmp_path):
    recorded = poll(**TWO_POLLS, backend=f"record:{tmp_path}/r", ports="listen")
    assert counted(last_poll(recorded)) == made
    assert last_poll(poll(**TWO_POLLS, backend=f"replay:{tmp_path}/r", ports="listen")) == last_poll(recorded)


@pytest.mark.parametrize("more,errors", [
    ([100] * 12, 1),
    ([-1] * CHECKS, 1),
    ([1] * (CHECKS - 1) + [0, 1, 1], 0),            # differences of moments
    ([1, 1, -1] * 4, 0),                            # listeners that come and go
])
def test_counters_that_contradict_the_list_are_not_used(made, poll, tmp_path, more, errors):
    """Of a recording, each poll of which is a check, inuse is changed: the first 8 of the 40 bytes of each reading, two a poll."""
    polls = {**TWO_POLLS, "polls": len(more)}
    poll(**polls, backend=f"record:{tmp_path}/r")
    whole = (tmp_path / "r").read_bytes()
    order, left = "little" if b"little-endian" in whole else "big", [n for n in more for _ in range(2)]
    changed = lambda found: found[0][:8] + (int.from_bytes(found[1], order) + left.pop(0)).to_bytes(8, order)
    (tmp_path / "r").write_bytes(re.sub(rb"data\x28\0\0\0(.{8})", changed, whole, flags=re.S))
    assert not left
    run = poll(**polls, backend=f"replay:{tmp_path}/r", self="on")
    assert run.log.count("differ from its list") == errors and counted(last_poll(run)) == made
    assert [fields["count_errors"] for (name, _), fields in last_poll(run).items() if name == "sockpush"] == [errors]


@pytest.mark.parametrize("file", ["sockstat", "sockstat6", "snmp"])
def test_without_counters_all_are_listed(made, tmp_path, file):
    run = traced(tmp_path, "-P", f"/proc/net/{file}", "-e", "inject=?open,openat:error=EACCES")
    assert "the kernel's counters cannot be read" in run.log and counted(last_poll(run)) == made


WRONG = {
    "garbage": b"TCP: inuse x tw y alloc z\nTCP6: inuse\n\x00\xff",
    "nothing": b"",
    "cut": b"TCP: inuse 5 orphan 0 tw 3 alloc 8 me",
    "long": b"x" * 100000,
}


@pytest.mark.parametrize("file", ["sockstat", "sockstat6", "snmp"])
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_counters_that_are_none(made, tmp_path, file, text):
    """netlink as it is, below a /proc whose counters are not."""
    (tmp_path / "net").mkdir()
    for name in ("sockstat", "sockstat6", "snmp", "tcp", "tcp6"):
        (tmp_path / "net" / name).write_bytes(text if name == file else pathlib.Path("/proc/net", name).read_bytes())

    def enter():
        netns.private_mounts()
        netns.mount(str(tmp_path), "/proc", None, netns.MS_BIND)

    run = run_binary(environment(ONE_POLL, TWO_POLLS), preexec_fn=enter)
    skip_beside_others(run.log)
    assert "the kernel's counters cannot be read" in run.log and counted(last_poll(run)) == made


def test_a_filter_that_the_kernel_refuses(made, tmp_path):
    """As an old one does: by EINVAL. Of the second poll's requests it is the second; three are of the first poll."""
    run = traced(tmp_path, "-e", "inject=sendto:error=EINVAL:when=5", polls=4)
    skip_beside_others(run.log)
    assert counted(last_poll(run)) == made
    assert run.log.count("the kernel refuses filters") == 1
    assert [counted(parse.series(one)) for one in parse.by_poll(parse.influx(run.out))] == [made] * 4


# ---- connections on loopback

@pytest.mark.parametrize("ipv4,mapped,ipv6", [(1100, 0, 0), (0, 1100, 0), (0, 0, 1100), (20, 0, 1100), (600, 550, 20), (30, 20, 1100)])
@pytest.mark.parametrize("rules", [None, "7000"])
def test_families(many, poll, ipv4, mapped, ipv6, rules):
    """Whichever family has more: three polls, for the second finds out which it is."""
    many("127.0.0.1", ipv4)
    many("::ffff:127.0.0.2", mapped)
    many("::1", ipv6)
    run = poll(**{**TWO_POLLS, "polls": 3, "ports": rules})
    assert_counted(run)
    totals = parse.totals(last_poll(run))
    assert (totals[4]["tcp_established"], totals[6]["tcp_established"]) == (2 * (ipv4 + mapped), 2 * ipv6)
    assert (totals[4]["tcp_listen"], totals[6]["tcp_listen"]) == (2, 1)
    assert last_poll(run) == last_poll(poll(**TWO_POLLS, ports=rules, count="exact"))


@pytest.mark.parametrize("rules", [None, "7000", "listen"])
@pytest.mark.parametrize("ipv4,mapped,ipv6", [(1000, 0, 0), (500, 400, 40), (10, 20, 900)])
def test_many_in_time_wait(many, poll, ipv4, mapped, ipv6, rules):
    """So many that they are counted, too: those of ended connections, beside 1,100 open ones."""
    many("127.0.0.1", 550)
    for address, count in (("127.0.0.3", ipv4), ("::ffff:127.0.0.4", mapped), ("::1", ipv6)):
        with socket.create_server((address.removeprefix("::ffff:"), 7003), family=socket.AF_INET if "." in address else socket.AF_INET6) as listener:
            for n in range(count):
                with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as one:
                    one.bind((address, 20000 + n))      # a port that was used would replace its socket in TIME_WAIT
                    one.connect((address, 7003))
                    listener.accept()[0].close()
                    assert one.recv(1) == b""
    assert wait.until(lambda: census.procfs()[4, "tcp_time_wait"] == ipv4 + mapped and census.procfs()[6, "tcp_time_wait"] == ipv6)
    run = poll(**{**TWO_POLLS, "polls": 3, "ports": rules})
    assert_counted(run)
    totals = parse.totals(last_poll(run))
    assert (totals[4]["tcp_time_wait"], totals[6]["tcp_time_wait"]) == (ipv4 + mapped, ipv6)
    assert (totals[4]["tcp_established"], totals[6]["tcp_established"]) == (1100, 0)
    assert last_poll(run) == last_poll(poll(**TWO_POLLS, ports=rules, count="exact"))


def test_fast_open_children(many, poll):
    """They are full sockets in SYN_RECV, where requests are none."""
    pathlib.Path("/proc/sys/net/ipv4/tcp_fastopen").write_text("1538")      # listeners take data without a cookie
    far = peer.Peer()
    many("127.0.0.1", 1100)
    try:
        with socket.create_server((peer.OURS[4], 5000), backlog=1024) as listener:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 1024)
            for i in range(400):
                far.syn(4, 40000 + i, 5000, b"x" * (i % 2))
            wait.until(lambda: census.procfs()[4, "tcp_syn_recv"] == 400)
            [inuse] = re.findall(r"^TCP: inuse (\d+)", pathlib.Path("/proc/net/sockstat").read_text(), re.M)
            assert int(inuse) == 2200 + 2 + 200, "the kernel made no children"
            run = poll(**TWO_POLLS)
            assert_counted(run)
            fields = parse.totals(last_poll(run))[4]
            assert (fields["tcp_syn_recv"], fields["tcp_established"]) == (400, 2200)
            assert last_poll(run) == last_poll(poll(**TWO_POLLS, count="exact"))
    finally:
        far.close()


def test_mptcp(many, poll):
    """Its subflows are TCP sockets to the counters and to the list."""
    many("127.0.0.1", 1100)
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    except OSError as error:
        pytest.skip(f"no MPTCP here: {error}")
    kept = [listener]
    listener.bind(("127.0.0.1", 7002))
    listener.listen(64)
    for _ in range(20):
        kept.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
        kept[-1].connect(("127.0.0.1", 7002))
        kept.append(listener.accept()[0])
    run = poll(**TWO_POLLS)
    assert_counted(run)
    assert "differ from its list" not in run.log
    assert last_poll(run) == last_poll(poll(**TWO_POLLS, count="exact"))
    for one in kept:
        one.close()


def test_a_small_namespace_on_a_busy_machine(many, poll):
    """Where rules would take a second walk of a table that is full of other namespaces' sockets, one list is cheaper."""
    many("127.0.0.1", 1100)
    with netns.entered():
        many("127.0.0.1", 3500)
    run = poll(**TWO_POLLS, ports="80")
    assert OTHERS in run.log
    assert parse.totals(last_poll(run))[4]["tcp_established"] == 2200
    assert COUNTED in poll(**TWO_POLLS).log, "one walk is never dearer"
