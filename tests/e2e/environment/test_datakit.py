"""DataKit's variables give the series that its users know. The differences are those of docs/from-datakit.md."""
import json

import pytest

import parse
import procfs
from procfs import Socket

WEB = [Socket("10.0.0.5:80"), Socket("10.0.0.6:80"), Socket("10.0.0.5:443"),
       Socket("10.0.0.5:80", "tcp_established", "10.9.9.9:50000"), Socket("[2001:db8::5]:80"), Socket("10.0.0.5:53", "udp_socket")]

# name: (sockets, ENV_INPUT_NETSTAT_ADDR_PORTS, {(addr_port, ip_version): counts} of the series with a count)
RULES = {
    "a port is any address": (WEB, ["80"], {
        ("80", 4): {"tcp_listen": 2, "tcp_established": 1}, ("80", 6): {"tcp_listen": 1}}),
    "an address is that address": (WEB, ["10.0.0.6:80", "443"], {
        ("10.0.0.6:80", 4): {"tcp_listen": 1}, ("443", 4): {"tcp_listen": 1}}),
    "a plain list as SOCKPUSH_PORTS takes it": (WEB, "443,10.0.0.6:80", {
        ("10.0.0.6:80", 4): {"tcp_listen": 1}, ("443", 4): {"tcp_listen": 1}}),
    "ports_match is one series per address": (WEB, [{"ports_match": ["*:80"]}], {
        ("10.0.0.5:80", 4): {"tcp_listen": 1, "tcp_established": 1}, ("10.0.0.6:80", 4): {"tcp_listen": 1},
        ("[2001:db8::5]:80", 6): {"tcp_listen": 1}}),
    "the first rule that matches has the socket": (WEB, ["10.0.0.5:80", "80"], {
        ("10.0.0.5:80", 4): {"tcp_listen": 1, "tcp_established": 1}, ("80", 4): {"tcp_listen": 1}, ("80", 6): {"tcp_listen": 1}}),
    "the first group that matches has the socket": (
        WEB, [{"ports": ["443"]}, {"ports_match": ["*:443", "*:80"]}], {
            ("443", 4): {"tcp_listen": 1}, ("10.0.0.5:80", 4): {"tcp_listen": 1, "tcp_established": 1},
            ("10.0.0.6:80", 4): {"tcp_listen": 1}, ("[2001:db8::5]:80", 6): {"tcp_listen": 1}}),
    "ports_match over ports": (WEB, [{"ports": ["80", "443"], "ports_match": ["*:443"]}], {
        ("10.0.0.5:443", 4): {"tcp_listen": 1}}),
    "UDP sockets count in udp_socket": (WEB, ["53"], {("53", 4): {"udp_socket": 1}}),
    # Deliberate differences of sockpush:
    "SO_REUSEPORT listeners are counted each": ([Socket("10.0.0.5:80")] * 4, ["80"], {("80", 4): {"tcp_listen": 4}}),
    "IPv6 with *:port has brackets": ([Socket("[fe80::1]:80"), Socket("[::]:80")], [{"ports_match": ["*:80"]}], {
        ("[fe80::1]:80", 6): {"tcp_listen": 1}, ("[::]:80", 6): {"tcp_listen": 1}}),
    "v4-mapped is IPv4": ([Socket("[::ffff:10.0.0.5]:80")], [{"ports_match": ["*:80"]}], {
        ("10.0.0.5:80", 4): {"tcp_listen": 1}}),
}


def addr_ports(rules):
    return rules if isinstance(rules, str) else json.dumps(rules)


@pytest.mark.parametrize("name", RULES)
def test_rules(tmp_path, poll, name):
    sockets, rules, expected = RULES[name]
    run = poll(proc=procfs.write(tmp_path, sockets), ENV_INPUT_NETSTAT_ADDR_PORTS=addr_ports(rules))
    assert {key: parse.nonzero(fields) for key, fields in run.ports.items() if parse.nonzero(fields)} == expected
    tcp = [one for one in sockets if one.field != "udp_socket"]
    assert sum(sum(fields[field] for field in parse.TCP) for fields in run.totals.values()) == len(tcp)


def warnings(run):
    return [str(pairs) for level, pairs in parse.log(run.log) if level == "warn"]


def test_ports_match_over_ports_is_warned_about(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path), ENV_INPUT_NETSTAT_ADDR_PORTS='[{"ports":["80"],"ports_match":["*:443"]}]')
    assert any("ENV_INPUT_NETSTAT_ADDR_PORTS" in line for line in warnings(run)), run.log


def test_tags_of_a_group(tmp_path, poll):
    rules = [{"ports": ["80"], "tags": {"service": "http"}}, {"ports_match": ["*:443"], "tags": {"service": "https"}}]
    run = poll(proc=procfs.write(tmp_path, WEB), ENV_INPUT_NETSTAT_ADDR_PORTS=addr_ports(rules))
    services = {dict(tags)["addr_port"]: dict(tags).get("service") for _, tags in run.series if "addr_port" in dict(tags)}
    assert services == {"80": "http", "10.0.0.5:443": "https"}
    assert all("service" not in dict(tags) for name, tags in run.series if name == "netstat")


def test_bare_ipv6_address(tmp_path, poll):
    """DataKit accepts this form. SOCKPUSH_PORTS requires brackets."""
    root = procfs.write(tmp_path, [Socket("[::1]:80"), Socket("[::]:80")])
    run = poll(proc=root, ENV_INPUT_NETSTAT_ADDR_PORTS='["::1:80"]')
    assert {key: parse.nonzero(fields) for key, fields in run.ports.items()} == {("[::1]:80", 6): {"tcp_listen": 1}}
    assert any("::1:80" in line for line in warnings(run)), run.log
    assert poll(proc=root, ports="::1:80").status == 2


def test_sockpush_ports_go_before(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path, WEB), ports="443", ENV_INPUT_NETSTAT_ADDR_PORTS='["80"]')
    assert {addr_port for addr_port, _ in run.ports} == {"443"}


@pytest.mark.parametrize("bad", ['["80"', '[{"ports":["80"],"ports":["81"]}]', "nonsense", '["70000"]'])
def test_bad_foreign_rules_are_warned_about_once(tmp_path, poll, bad):
    run = poll(proc=procfs.write(tmp_path, WEB), ENV_INPUT_NETSTAT_ADDR_PORTS=bad)
    assert run.status == 0 and run.ports == {}
    assert len([line for line in warnings(run) if "ENV_INPUT_NETSTAT_ADDR_PORTS" in line]) == 1, run.log


@pytest.mark.parametrize("given,effective", [("100ms", "1000ms"), ("10m", "60000ms"), ("30s", "30000ms")])
def test_interval_is_clamped(tmp_path, run, given, effective):
    checked = run("--check", proc=procfs.write(tmp_path), to="stdout:", ENV_INPUT_NETSTAT_INTERVAL=given)
    assert checked.status == 0, checked.log
    assert f"SOCKPUSH_INTERVAL={effective}" in checked.out


def test_interval_is_clamped_in_deed(tmp_path, start):
    program = start(proc=procfs.write(tmp_path), interval=None, polls=3, ENV_INPUT_NETSTAT_INTERVAL="1ms")
    assert program.end(number=None) == 0
    first, _, third = sorted({point.time for point in parse.influx(program.out)})      # the second may come at any time between
    assert third - first >= 1_000_000_000


def test_sockpush_interval_goes_before(tmp_path, start):
    program = start(proc=procfs.write(tmp_path), polls=2, ENV_INPUT_NETSTAT_INTERVAL="60s")
    assert program.end(number=None) == 0


def test_tags(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path), ENV_GLOBAL_HOST_TAGS="region=eu,rack=1", ENV_INPUT_NETSTAT_TAGS="rack=2,role=db")
    for _, tags in run.series:
        assert dict(tags) == {"host": "a", "rack": "2", "region": "eu", "role": "db", "ip_version": dict(tags)["ip_version"]}


def test_hostname(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path), host=None, ENV_HOSTNAME="node-7")
    assert {dict(tags)["host"] for _, tags in run.series} == {"node-7"}


def test_unix_sockets_are_not_counted(tmp_path, poll):
    """DataKit counts them under a third ip_version, `unknown`."""
    root = procfs.write(tmp_path, WEB)
    (root / "1" / "net" / "unix").write_text("Num       RefCount Protocol Flags    Type St Inode Path\n"
                                             "0000000000000000: 00000002 00000000 00010000 0001 01 20000 /run/a\n")
    assert set(poll(proc=root).totals) == {4, 6}


def test_pid_is_the_owners(tmp_path, poll):
    """The pid is that of the process with the listening socket, the lowest of several, and not that of a process with a connection."""
    sockets = [Socket("10.0.0.5:80", inode=700), Socket("10.0.0.5:80", "tcp_established", "10.9.9.9:1", inode=701)]
    root = procfs.write(tmp_path, sockets, owners={4243: [700], 4242: [700], 300: [701]})
    assert poll(proc=root, ENV_INPUT_NETSTAT_ADDR_PORTS='["80"]').ports["80", 4]["pid"] == 4242


def test_zeros_instead_of_gaps(tmp_path, poll):
    run = poll(proc=procfs.write(tmp_path), ENV_INPUT_NETSTAT_ADDR_PORTS='["80"]')
    assert run.ports == {("80", version): dict.fromkeys(parse.PORT, 0) for version in (4, 6)}


def test_close(tmp_path, poll):
    """The field of state 07, which Linux never lists, is there all the same."""
    assert poll(proc=procfs.write(tmp_path, [Socket("10.0.0.5:80", "tcp_close")])).totals[4]["tcp_close"] == 1
