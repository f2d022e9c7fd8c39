"""Port rules on real sockets: the series, and their counts."""
import json
import socket

import pytest

import parse

pytestmark = pytest.mark.usefixtures("namespace")


def shown(run):
    """Returns the series with a count, and their counts."""
    return {key: parse.nonzero(fields) for key, fields in run.ports.items() if parse.nonzero(fields)}


def test_plain_port_is_local_on_any_address(listen, connect, poll):
    for host in ("127.0.0.1", "127.0.0.2", "::1"):
        connect(listen(host, 8080))
    listen("0.0.0.0", 9090)
    assert shown(poll(ports="8080")) == {
        ("8080", 4): {"tcp_listen": 2, "tcp_established": 2},       # the clients' port 8080 is remote: not counted
        ("8080", 6): {"tcp_listen": 1, "tcp_established": 1},
    }


def test_reuseport_listeners_are_counted_each(listen, poll):
    for _ in range(3):
        listen("127.0.0.1", 8080)
    assert shown(poll(ports="8080")) == {("8080", 4): {"tcp_listen": 3}}


def test_range_is_one_series(listen, poll):
    for port in (7999, 8000, 8050, 8100, 8101):
        listen("127.0.0.1", port)
    assert shown(poll(ports="8000-8100")) == {("8000-8100", 4): {"tcp_listen": 3}}


def test_udp_counts_too(keep, poll):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        keep(socket.socket(family, socket.SOCK_DGRAM)).bind((host, 5353))
    assert shown(poll(ports="5353")) == {("5353", 4): {"udp_socket": 1}, ("5353", 6): {"udp_socket": 1}}


def test_address_rule_is_that_address_only(listen, connect, poll):
    """The rule matches the connections accepted on the address, but not the wildcard listener."""
    wildcard = listen("0.0.0.0", 8080)
    connect(wildcard, "127.0.0.2")
    connect(wildcard, "127.0.0.3")
    run = poll(ports="127.0.0.2:8080")
    assert shown(run) == {("127.0.0.2:8080", 4): {"tcp_established": 1}}
    assert set(run.ports) == {("127.0.0.2:8080", 4)}, "a rule with an address has its own ip_version only"


def test_wildcard_address_is_the_wildcard_socket(listen, connect, poll):
    connect(listen("0.0.0.0", 80), "127.0.0.2")
    listen("127.0.0.3", 80)
    assert shown(poll(ports="0.0.0.0:80")) == {("0.0.0.0:80", 4): {"tcp_listen": 1}}


def test_ipv6_address_rule(listen, connect, poll):
    connect(listen("::1", 9000))
    listen("::", 9000)
    run = poll(ports="[0:0::01]:09000")
    assert shown(run) == {("[::1]:9000", 6): {"tcp_listen": 1, "tcp_established": 1}}, "addr_port is the canonical text"


def test_mapped_address_rule_is_ipv4(keep, poll):
    one = keep(socket.socket(socket.AF_INET6))
    one.bind(("::ffff:127.0.0.1", 8080))
    one.listen()
    assert shown(poll(ports="[::ffff:127.0.0.1]:8080")) == {("127.0.0.1:8080", 4): {"tcp_listen": 1}}


def test_star_has_a_series_per_local_address(listen, connect, poll):
    connect(listen("0.0.0.0", 8080), "127.0.0.2")
    listen("127.0.0.3", 8081)
    connect(listen("::1", 8080))
    listen("::", 8081)
    assert shown(poll(ports="*:8080-8081")) == {
        ("0.0.0.0:8080", 4): {"tcp_listen": 1},
        ("127.0.0.2:8080", 4): {"tcp_established": 1},
        ("127.0.0.3:8081", 4): {"tcp_listen": 1},
        ("[::1]:8080", 6): {"tcp_listen": 1, "tcp_established": 1},
        ("[::]:8081", 6): {"tcp_listen": 1},
    }


def test_star_has_no_series_before_its_first_socket(poll):
    assert poll(ports="*:8080").ports == {}


def test_listen_takes_what_is_left(listen, connect, poll):
    for port in (80, 443, 8080):
        connect(listen("127.0.0.1", port))
    listen("::1", 443)
    found = shown(poll(ports="80,listen"))
    assert found == {
        ("80", 4): {"tcp_listen": 1, "tcp_established": 1},
        ("443", 4): {"tcp_listen": 1, "tcp_established": 1},
        ("443", 6): {"tcp_listen": 1},
        ("8080", 4): {"tcp_listen": 1, "tcp_established": 1},
    }


@pytest.mark.parametrize("rules", [["8050", "8000-8100", "127.0.0.1:8051"], ["8000-8100", "8050"], ["127.0.0.1:8050", "8050"]])
def test_first_match_wins(listen, poll, rules):
    """Each socket counts once among the rules, and always in the totals."""
    for host in ("127.0.0.1", "127.0.0.2"):
        for port in (8050, 8051):
            listen(host, port)
    run = poll(ports=",".join(rules))
    expected = {"8050,8000-8100,127.0.0.1:8051": {"8050": 2, "8000-8100": 2},
                "8000-8100,8050": {"8000-8100": 4},
                "127.0.0.1:8050,8050": {"127.0.0.1:8050": 1, "8050": 1}}[",".join(rules)]
    assert {addr_port: fields["tcp_listen"] for (addr_port, _), fields in shown(run).items()} == expected
    assert run.totals[4]["tcp_listen"] == 4


@pytest.mark.parametrize("rules", ["80,80", "8000-8100,8050", "*:80,127.0.0.1:80", "80,*:80"])
def test_rule_that_can_never_match_is_warned_about(poll, rules):
    run = poll(ports=rules)
    assert run.status == 0
    warnings = [pairs for level, pairs in parse.log(run.log) if level == "warn"]
    assert any(rules.split(",")[1] in str(pairs) for pairs in warnings), run.log


def test_json_groups_with_tags(listen, poll):
    for port in (80, 443, 5432, 6379, 9000):
        listen("127.0.0.1", port)
    groups = [{"ports": ["80", 443], "tags": {"service": "http"}},
              {"ports_match": ["*:5432"], "tags": {"service": "db", "tier": "1"}},
              {"ports": ["listen"], "tags": {"service": "rest"}}]
    run = poll(ports=json.dumps(groups))
    tags = {dict(tags)["addr_port"]: dict(tags) for (name, tags), fields in run.series.items()
            if name == "netstat_port" and parse.nonzero(fields)}
    assert {addr_port: tag["service"] for addr_port, tag in tags.items()} == {
        "80": "http", "443": "http", "127.0.0.1:5432": "db", "6379": "rest", "9000": "rest"}
    assert tags["127.0.0.1:5432"]["tier"] == "1"


def test_json_array_of_strings_is_one_group(listen, poll):
    listen("127.0.0.1", 80)
    assert shown(poll(ports='["80","443"]')) == {("80", 4): {"tcp_listen": 1}}


def test_ports_match_over_ports(listen, poll):
    listen("127.0.0.1", 80)
    listen("127.0.0.1", 443)
    run = poll(ports='[{"ports":["80"],"ports_match":["*:443"]}]')
    assert shown(run) == {("127.0.0.1:443", 4): {"tcp_listen": 1}}
    assert ("80", 4) not in run.ports
    assert any(level == "warn" and "ports_match" in str(pairs) for level, pairs in parse.log(run.log))


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_many_rules_count_as_one_does(listen, poll, backend):
    """1,000 rules: one for each port, and one for the rest."""
    for port in (1024, 1500, 2022, 2023, 30000):
        listen("127.0.0.1", port)
    run = poll(ports=",".join(map(str, range(1024, 2023))) + ",1-65535", backend=backend)
    assert {addr_port: fields["tcp_listen"] for (addr_port, _), fields in shown(run).items()} == {
        "1024": 1, "1500": 1, "2022": 1, "1-65535": 2}
