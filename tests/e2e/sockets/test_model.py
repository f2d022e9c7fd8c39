"""Random sockets under random rules: sockpush counts what a few plain lines of Python count."""
import collections
import ipaddress
import random

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


def random_rule(dice):
    kind = dice.choice(["any", "any", "*", "*", "listen", dice.choice(ADDRESSES)])
    if kind == "listen":
        return kind, [1, 65535]
    first, last = random_span(dice)
    return kind, [first, last if kind in ("any", "*") else first]


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
    return f"*:{span}" if kind == "*" else with_port(kind, first)


def series_of(rule, address, port, listening):
    """Returns the addr_port under which a rule counts a socket, or None if it does not match."""
    kind, (first, last) = rule
    if not first <= port <= last:
        return None
    if kind == "any":
        return text(rule)
    if kind == "*":
        return with_port(address, port)
    if kind == "listen":
        return str(port) if port in listening else None
    return with_port(address, port) if canonical(kind) == address else None


def model(sockets, rules):
    """Returns the counts of each series, and the accept queues of those with a listener."""
    listening = {port for _, port, field, _ in sockets if field == "tcp_listen"}
    found, queues = collections.defaultdict(collections.Counter), collections.Counter()
    for address, port, field, queue in sockets:
        address = canonical(address)
        matches = (series_of(rule, address, port, listening) for rule in rules)
        addr_port = next((match for match in matches if match), None)
        if addr_port:
            found[addr_port, address.version][field] += 1
            if field == "tcp_listen":
                queues[addr_port, address.version] += queue
    return {key: dict(counts) for key, counts in found.items()}, dict(queues)


@pytest.mark.parametrize("seed", range(200))
def test_rules(tmp_path, poll, seed):
    dice = random.Random(seed)
    sockets = [(dice.choice(ADDRESSES), random_port(dice), dice.choice(FIELDS), dice.choice([0, 1, 4097])) for _ in range(dice.randint(0, 40))]
    rules = [random_rule(dice) for _ in range(dice.randint(1, 8))]
    root = procfs.write(tmp_path, [procfs.Socket(with_port(address, port), field, queue=queue) for address, port, field, queue in sockets])
    run = poll(proc=root, ports=",".join(map(text, rules)), format="influx", pid="off")
    counted = {key: parse.nonzero(fields) for key, fields in run.ports.items() if parse.nonzero(fields)}
    queues = {key: fields["accept_queue"] for key, fields in run.ports.items() if "accept_queue" in fields}
    assert (counted, queues) == model(sockets, rules), (sockets, rules)
    totals = collections.Counter((canonical(address).version, field) for address, _, field, _ in sockets)
    assert {(version, field): value for version, fields in run.totals.items() for field, value in fields.items() if value} == totals
