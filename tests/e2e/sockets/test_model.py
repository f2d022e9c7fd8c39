"""Random sockets under random rules: sockpush counts what a few plain lines of Python count."""
import collections
import ipaddress
import random
from typing import NamedTuple

import pytest

import parse
import procfs

ADDRESSES = ["10.0.0.1", "10.0.0.2", "127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:0.0.0.0"]
FIELDS = [*procfs.NUMBERS, "udp_socket", "tcp_listen", "tcp_listen"]


def random_port(dice):
    return dice.choice([dice.randint(75, 85), dice.choice([1, 2, 443, 1023, 65534, 65535])])


def random_span(dice):
    """Returns [first, last]; half of the spans are a single port."""
    first, last = sorted((random_port(dice), random_port(dice)))
    return dice.choice([[first, first], [first, last]])


def random_network(dice):
    """Returns a network of a few addresses, as text with its prefix, or "" for any remote address."""
    address = canonical(dice.choice(ADDRESSES))
    prefix = dice.choice([dice.randint(0, address.max_prefixlen), address.max_prefixlen])
    return dice.choice(["", str(ipaddress.ip_network((address, prefix), strict=False))])


def random_rule(dice):
    kind = dice.choice(["any", "any", "*", "*", "listen", dice.choice(ADDRESSES), ">" + random_network(dice), ">"])
    if kind == "listen":
        return kind, [1, 65535]
    first, last = random_span(dice)
    return kind, [first, last if kind in ("any", "*", ">") else first]


def canonical(address):
    found = ipaddress.ip_address(address)
    return found.ipv4_mapped or found if found.version == 6 else found


def with_port(address, port):
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


def text(rule):
    kind, (first, last) = rule
    span = f"{first}" if first == last else f"{first}-{last}"
    if kind in ("any", "listen"):
        return span if kind == "any" else kind
    if kind.startswith(">"):
        return ">" + remote_text(kind[1:], span)
    return f"*:{span}" if kind == "*" else with_port(kind, first)


def remote_text(network, span):
    if not network:
        return span
    address, _, prefix = network.partition("/")
    whole = int(prefix) == ipaddress.ip_address(address).max_prefixlen
    return (f"[{address}]" if ":" in address else address) + ("" if whole else "/" + prefix) + ":" + span


def remote_of(rule, address, port):
    """Returns the remote under which a rule of remote ports counts a socket, or None if it does not match."""
    kind, (first, last) = rule
    if not kind.startswith(">") or not first <= port <= last:
        return None
    if kind != ">" and address not in ipaddress.ip_network(kind[1:]):
        return None
    return text(rule)[1:]


def series_of(rule, address, port, listening):
    """Returns the addr_port under which a rule counts a socket, or None if it does not match."""
    kind, (first, last) = rule
    if kind.startswith(">") or not first <= port <= last:
        return None
    if kind == "any":
        return text(rule)
    if kind == "*":
        return with_port(address, port)
    if kind == "listen":
        return str(port) if port in listening else None
    return with_port(address, port) if canonical(kind) == address else None


def counted(sockets, find):
    """Counts the sockets by what find returns, the name of a series or None."""
    found = collections.defaultdict(collections.Counter)
    for one in sockets:
        if name := find(one):
            found[name, canonical(one.address).version][one.field] += 1
    return {key: dict(counts) for key, counts in found.items()}


def finder(sockets, rules):
    """Returns a function that names the series of a socket, or returns None."""
    first = lambda port: next((rule for rule in rules if rule[0] in ("any", "*") and rule[1][0] <= port <= rule[1][1]), None)
    named = lambda port: first(port) and first(port)[0] == "any" and first(port)[1][0] == first(port)[1][1]     # `listen` leaves it to that rule
    listening = {one.port for one in sockets if one.field == "tcp_listen" and not named(one.port)}
    return lambda one: next(filter(None, (series_of(rule, canonical(one.address), one.port, listening) for rule in rules)), None)


def model(sockets, rules):
    return counted(sockets, finder(sockets, rules))


def queues_model(sockets, rules):
    """Returns the accept queues of the series with a listener."""
    find, found = finder(sockets, rules), collections.Counter()
    for one in sockets:
        if one.field == "tcp_listen" and (name := find(one)):
            found[name, canonical(one.address).version] += one.queue
    return dict(found)


def remote_model(sockets, rules):
    matches = lambda one: (remote_of(rule, canonical(one.remote), one.remote_port) for rule in rules if one.remote_port)
    return counted(sockets, lambda one: next(filter(None, matches(one)), None))


class Socket(NamedTuple):
    address: str
    port: int
    field: str
    remote: str
    remote_port: int        # 0: it has no remote side
    queue: int              # of a listener


def random_socket(dice):
    address, field = dice.choice(ADDRESSES), dice.choice(FIELDS)
    of_table = [other for other in ADDRESSES if (":" in other, canonical(other).version) == (":" in address, canonical(address).version)]
    connected = field != "tcp_listen" and dice.random() < .8
    return Socket(address, random_port(dice), field, dice.choice(of_table), random_port(dice) if connected else 0, dice.choice([0, 1, 4097]))


def row(one):
    return procfs.Socket(with_port(one.address, one.port), one.field, with_port(one.remote, one.remote_port) if one.remote_port else "", queue=one.queue)


@pytest.mark.parametrize("seed", range(200))
def test_rules(tmp_path, poll, seed):
    dice = random.Random(seed)
    sockets = [random_socket(dice) for _ in range(dice.randint(0, 40))]
    rules = [random_rule(dice) for _ in range(dice.randint(1, 8))]
    root = procfs.write(tmp_path, [row(one) for one in sockets])
    run = poll(proc=root, ports=",".join(map(text, rules)), format="influx", pid="off")
    nonzero = lambda series: {key: parse.nonzero(fields) for key, fields in series.items() if parse.nonzero(fields)}
    assert nonzero(run.ports) == model(sockets, rules), (sockets, rules)
    assert nonzero(run.remotes) == remote_model(sockets, rules), (sockets, rules)
    assert {key: fields["accept_queue"] for key, fields in run.ports.items() if "accept_queue" in fields} == queues_model(sockets, rules), (sockets, rules)
    totals = collections.Counter((canonical(one.address).version, one.field) for one in sockets)
    assert {(version, field): value for version, fields in run.totals.items() for field, value in fields.items() if value} == totals
