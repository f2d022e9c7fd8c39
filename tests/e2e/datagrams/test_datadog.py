"""The format of Datadog's agent: when it is the default, and how its sections identify the sender."""
import re

import pytest

import parse
import procfs
import receivers
import wait


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("[2001:db8::1]:80")])


@pytest.fixture
def datadog(root, poll):
    return lambda **env: poll(**{"proc": root, "format": "datadog", **env})


# ---- the default format

def is_datadog(text):
    return "|card:low" in text


DEFAULTS = [
    # environment, is datadog the default; UDP and UNIX are replaced by the two receivers
    ({"DD_AGENT_HOST": "127.0.0.1", "DD_DOGSTATSD_PORT": "UDP"}, True),
    ({"DD_AGENT_HOST": "127.0.0.1:UDP"}, True),
    ({"DD_DOGSTATSD_URL": "udp://127.0.0.1:UDP"}, True),
    ({"DD_DOGSTATSD_URL": "unix://UNIX"}, True),
    ({"DD_DOGSTATSD_URL": "nonsense://a", "DD_AGENT_HOST": "127.0.0.1:UDP"}, True),
    ({"DD_AGENT_HOST": "127.0.0.1:UDP", "format": "dogstatsd"}, False),
    ({"DD_DOGSTATSD_URL": "unix://UNIX", "format": "dogstatsd"}, False),
    ({"to": "udp://127.0.0.1:UDP", "DD_AGENT_HOST": "127.0.0.2", "DD_DOGSTATSD_URL": "udp://127.0.0.2"}, False),
    ({"to": "unix://UNIX"}, False),
    ({"to": "datadog+unix://UNIX"}, True),
    ({"to": "udp://127.0.0.1:UDP", "format": "datadog"}, True),
    ({"STATSD_HOST": "127.0.0.1", "STATSD_PORT": "UDP"}, False),
    ({"STATSD_ADDR": "127.0.0.1:UDP", "DD_DOGSTATSD_PORT": "1"}, False),
    ({"STATSD_ADDR": "127.0.0.1:UDP", "DD_DOGSTATSD_URL": "nonsense://a", "DD_ENV": "prod", "DD_ENTITY_ID": "a"}, False),
]


@pytest.mark.parametrize("env,expected", DEFAULTS)
def test_default_format(tmp_path, root, run, env, expected):
    with receivers.udp() as udp, receivers.unix_datagram(tmp_path / "dsd.socket") as unix:
        env = {key: value.replace("UDP", str(udp.port)).replace("UNIX", str(tmp_path / "dsd.socket")) for key, value in env.items()}
        one = run(proc=root, polls=1, host="a", DD_CARDINALITY="low", **env)
        assert one.status == 0, one.log
        assert wait.until(lambda: "reconnects" in udp.text + unix.text), one.log
        text = udp.text + unix.text
    assert is_datadog(text) == expected
    assert parse.datadog(text) if expected else parse.dogstatsd(text)


def test_default_format_if_the_agents_name_is_bad(namespace, root, run):
    """A name that does not resolve does not prove an agent."""
    with receivers.udp("127.0.0.1", 8125) as udp:
        assert run(proc=root, polls=1, host="a", DD_DOGSTATSD_URL="nonsense://a", DD_CARDINALITY="low").status == 0
        assert not is_datadog(udp.until(lambda text: "reconnects" in text))


@pytest.mark.parametrize("scheme", ["unix", "unixstream"])
def test_stream_of_the_agent(tmp_path, root, run, scheme):
    """DD_DOGSTATSD_URL with a stream's scheme sends frames, as the agent reads them."""
    with receivers.unix_stream(tmp_path / "dsd.socket") as receiver:
        assert run(proc=root, polls=1, DD_DOGSTATSD_URL=f"{scheme}://{tmp_path}/dsd.socket").status == 0
        text = lambda: "".join(packet.removesuffix("\n") + "\n" for packet in parse.frames(b"".join(receiver.chunks)))
        assert wait.until(lambda: "reconnects" in text())
        assert parse.datadog(text())


def test_influx_from_where_datadog_points(root, run):
    with receivers.udp() as udp:
        assert run(proc=root, polls=1, DD_AGENT_HOST=f"127.0.0.1:{udp.port}", format="influx").status == 0
        udp.until(lambda text: "sockpush_output" in text and parse.influx(text))


# ---- tags

@pytest.mark.parametrize("env,host", [
    ({}, None), ({"SOCKPUSH_HOST": "a"}, "a"), ({"SOCKPUSH_HOST": "-"}, None), ({"SOCKPUSH_HOST": "-", "NODE_NAME": "d"}, None),
    ({"ENV_HOSTNAME": "b"}, "b"), ({"ENV_K8S_NODE_NAME": "c"}, "c"), ({"NODE_NAME": "d"}, "d"), ({"SOCKPUSH_TAGS": "host=e"}, "e"),
    ({"DD_TAGS": "host:f"}, "f"), ({"HOSTNAME": "g"}, None), ({"NODE_NAME": " "}, None)])
def test_host_only_if_it_is_named(root, run, env, host):
    """The agent knows its host, and reads the tag host as the metric's host."""
    one = run(to="stdout:", proc=root, polls=1, format="datadog", **env)
    assert {point.tag("host") for point in parse.datadog(one.out)} == {host}
    both = run(to="stdout:", proc=root, polls=1, format="dogstatsd", **env)
    if host:
        assert {point.tag("host") for point in parse.dogstatsd(both.out)} == {host}


def test_host_beside_another_format(tmp_path, root, run):
    """Each output follows its own rule."""
    with receivers.udp() as udp:
        one = run(to=f"datadog+udp://127.0.0.1:{udp.port},influx+stdout:", proc=root, polls=1)
        text = udp.until(lambda text: text.count("reconnects") == 2)
    assert {point.tag("host") for point in parse.datadog(text)} == {None}
    assert None not in {point.tag("host") for point in parse.influx(one.out)}


def test_entity_id(datadog):
    found = parse.datadog(datadog(DD_ENTITY_ID="75a2b6d5-3949", self="on", ports="80").out)
    assert {point.tag("dd.internal.entity_id") for point in found} == {"75a2b6d5-3949"}
    assert "entity" not in datadog(DD_ENTITY_ID="75a2b6d5-3949", format="dogstatsd").out


def test_entity_id_does_not_end_a_tag(datadog):
    found = parse.datadog(datadog(DD_ENTITY_ID="a|c:b,d:e").out)
    assert {point.tag("dd.internal.entity_id") for point in found} == {"a_c:b_d:e"}


def test_ipv6_without_brackets(datadog):
    found = parse.datadog(datadog(ports="1.1.1.1:80,*:80").out)
    assert {point.tag("addr_port") for point in found} >= {"2001:db8::1:80", "1.1.1.1:80"}


def test_only_addr_port_loses_its_brackets(datadog):
    found = parse.datadog(datadog(tags="a=[b]", ports="[::1]:9000").out)
    assert {point.tag("a") for point in found} == {"[b]"}
    assert {point.tag("addr_port") for point in found} == {None, "::1:9000"}


# ---- external data, cardinality, the switch

def test_external_data(datadog):
    assert parse.sections(datadog(DD_EXTERNAL_ENV="it-false,cn-nginx,pu-75a2b6d5"))["e"] == "it-false,cn-nginx,pu-75a2b6d5"
    assert "e" not in parse.sections(datadog())


@pytest.mark.parametrize("odd", ["a|c:ci-b", "a\nb:1|g", "a\x7f\x1bb", "|", "a\tb"])
def test_external_data_never_breaks_the_line(datadog, odd):
    run = datadog(DD_EXTERNAL_ENV=odd)
    assert not re.search(r"[|\x00-\x1f\x7f]", parse.sections(run).get("e", ""))
    assert len(run.points) == 2 * len(parse.COUNTS)


@pytest.mark.parametrize("cardinality", ["none", "low", "orchestrator", "high"])
def test_cardinality(datadog, cardinality):
    run = datadog(DD_CARDINALITY=cardinality)
    assert parse.sections(run)["card"] == cardinality and "DD_CARDINALITY" not in run.log


def test_bad_cardinality(datadog):
    run = datadog(DD_CARDINALITY="medium")
    assert "card" not in parse.sections(run)
    assert len([line for line in run.log.splitlines() if " warn " in line and "DD_CARDINALITY" in line]) == 1
