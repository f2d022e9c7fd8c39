"""netstat_pod_port: SOCKPUSH_PORTS in each namespace."""
from random import Random

import parse
import wait
from pods import machine, make, watch      # fixtures

N = 10
RULES = dict(pods="full", pods_ports="on")


def fill(one, random):
    for version in 4, 6:
        one.ask("make", version, listening=random.randint(1, 3), waiting=random.randint(0, 4), established=random.randint(0, 5),
                close_wait=random.randint(0, 2), time_wait=random.randint(0, 3), udp=random.randint(0, 3))
    one.ask("mapped", random.randint(0, 3))


def nonzero(fields):
    return {name: n for name, n in fields.items() if n and name in (*parse.TCP, "udp_socket", "accept_queue")}


def agree(pushed, one):
    """Returns whether the newest ports are those of ss. Those that have closed are pushed as zeros for a while."""
    there = {(port, version): nonzero(fields) for port, version, fields in one.ask("ports")}
    return {key: nonzero(fields) for key, fields in pushed.read().ports[str(one.number)].items() if nonzero(fields)} == there


def test_each_port_is_that_of_ss(make, watch):
    random = Random(2)
    all_of_them = [make() for _ in range(N)]
    for one in all_of_them:
        fill(one, random)
    pushed = watch(ports="listen", **RULES)
    for one in all_of_them:
        assert wait.until(lambda: agree(pushed, one)), f"expected {one.ask('ports')}, pushed {pushed.ports[str(one.number)]}"


def test_the_same_port_in_each(make, watch):
    """Rules are those of the program, sockets those of each namespace: nobody's are another one's."""
    one, other, none = make(), make(), make()
    for namespace, connections in (one, 3), (other, 5):
        namespace.ask("at_port", 8080, connections)
    pushed = watch(ports="8080,8081", **RULES)
    counts = lambda namespace: {key: nonzero(fields) for key, fields in pushed.ports[str(namespace.number)].items()}
    pushed.until(lambda latest: counts(other) == {(8080, 4): {"tcp_listen": 1, "tcp_established": 5, "accept_queue": 5}})
    assert counts(one) == {(8080, 4): {"tcp_listen": 1, "tcp_established": 3, "accept_queue": 3}}
    assert counts(none) == {}
    one.close()
    pushed.until(lambda latest: counts(one) == {(8080, 4): {}})
    assert counts(other)[8080, 4]["tcp_established"] == 5


def test_without_the_variable_there_are_none(make, watch):
    one = make()
    one.ask("at_port", 8080, 1)
    pushed = watch(ports="8080", pods="full")
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_listen") == 1)
    pushed.more()
    assert not pushed.ports
