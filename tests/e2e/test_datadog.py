"""The format of Datadog's agent: when it is the default, and what tells the agent whose the points are."""
import contextlib
import os
import pathlib
import re
import subprocess

import pytest

import parse
import procfs
import receivers
import wait
from program import BINARY, ONE_POLL, Run, environment

ID = "1f" * 32
POD = "/kubepods.slice/kubepods-pod75a2b6d5_3949_4afb_ad0d_92ff0674e759.slice"


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("[2001:db8::1]:80")])


def sections(run):
    """Of all lines, which agree."""
    assert run.status == 0, run.log
    found = {point.sections for point in parse.datadog(run.out)}
    assert len(found) == 1
    return dict(found.pop())


@pytest.fixture
def datadog(root, poll):
    return lambda **env: poll(**{"proc": root, "format": "datadog", **env})


# ---- the default format

def is_datadog(text):
    return "|card:low" in text


DEFAULTS = [
    # environment, is it datadog; UDP and UNIX stand for the two receivers
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


@pytest.mark.parametrize("scheme", ["unix", "unixstream"])
def test_stream_of_the_agent(tmp_path, root, run, scheme):
    """DD_DOGSTATSD_URL leads to a stream: framed, as the agent reads it."""
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
    """The agent knows its host, and takes the tag for the host of the metric."""
    one = run(to="stdout:", proc=root, polls=1, format="datadog", **env)
    assert {point.tag("host") for point in parse.datadog(one.out)} == {host}
    both = run(to="stdout:", proc=root, polls=1, format="dogstatsd", **env)
    if host:
        assert {point.tag("host") for point in parse.dogstatsd(both.out)} == {host}


def test_host_beside_another_format(tmp_path, root, run):
    """Each output by its own rule."""
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
    assert sections(datadog(DD_EXTERNAL_ENV="it-false,cn-nginx,pu-75a2b6d5"))["e"] == "it-false,cn-nginx,pu-75a2b6d5"
    assert "e" not in sections(datadog())


@pytest.mark.parametrize("odd", ["a|c:ci-b", "a\nb:1|g", "a\x7f\x1bb", "|", "a\tb"])
def test_external_data_never_breaks_the_line(datadog, odd):
    run = datadog(DD_EXTERNAL_ENV=odd)
    assert not re.search(r"[|\x00-\x1f\x7f]", sections(run).get("e", ""))
    assert len(run.points) == 2 * len(parse.COUNTS)


@pytest.mark.parametrize("cardinality", ["none", "low", "orchestrator", "high"])
def test_cardinality(datadog, cardinality):
    run = datadog(DD_CARDINALITY=cardinality)
    assert sections(run)["card"] == cardinality and "DD_CARDINALITY" not in run.log


def test_bad_cardinality(datadog):
    run = datadog(DD_CARDINALITY="medium")
    assert "card" not in sections(run)
    assert len([line for line in run.log.splitlines() if " warn " in line and "DD_CARDINALITY" in line]) == 1


@pytest.mark.parametrize("value,kept", [("false", False), ("0", False), ("no", False), ("true", True), ("", True), ("maybe", True)])
def test_origin_detection_enabled(tmp_path, root, value, kept):
    run = faked(tmp_path, root, cgroup=f"0::/docker/{ID}\n", DD_EXTERNAL_ENV="it-false", DD_CARDINALITY="low", DD_ORIGIN_DETECTION_ENABLED=value)
    assert sections(run) == ({"c": "ci-" + ID, "e": "it-false", "card": "low"} if kept else {"card": "low"})
    assert ("DD_ORIGIN_DETECTION_ENABLED" in run.log) == (value == "maybe")


@pytest.mark.parametrize("format", ["dogstatsd", "statsd", "influx", "graphite"])
def test_other_formats_have_none_of_it(tmp_path, root, poll, format):
    plain = poll(proc=root, format=format)
    run = faked(tmp_path, root, cgroup=f"0::/docker/{ID}\n", format=format, DD_EXTERNAL_ENV="it-false", DD_CARDINALITY="low", DD_ENTITY_ID="z")
    strip = lambda text: re.sub(r" \d+$", "", text, flags=re.M)
    assert strip(run.out) == strip(plain.out)


# ---- the container, as the kernel shows it

def faked(tmp_path, root, cgroup=None, mountinfo=None, unshare="-m", format="datadog", **env):
    """One poll by a process that finds these texts in /proc/self; a text is bound over its file in a mount namespace of its own."""
    script = ""
    for name, text in (("cgroup", cgroup), ("mountinfo", mountinfo)):
        if text is not None:
            (tmp_path / name).write_text(text)
            script += f"mount --bind {tmp_path}/{name} /proc/$$/{name} && "
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["unshare", unshare, "sh", "-c", script + "echo ready >&2 && exec \"$0\"", str(BINARY)], timeout=30, capture_output=True, text=True,
                          env=environment({**ONE_POLL, **path}, {"proc": root, "format": format, **env}))
    ready, _, log = done.stderr.partition("ready\n")
    if not _:
        pytest.skip(f"can't bind a file over one in /proc: {ready}")
    return Run(done.returncode, done.stdout, log)


HOSTS = "12:memory:/user.slice\n0::/init.scope\n"

CGROUPS = {
    "docker": (f"12:memory:/docker/{ID}\n0::/system.slice\n", ID),
    "systemd's scope": (f"0::/system.slice/docker-{ID}.scope\n", ID),
    "Kubernetes": (f"0::{POD}/cri-containerd-{ID}.scope\n", ID),
    "not in the first line": (f"2:cpu:/\n1:name=systemd:/kubepods/besteffort/{ID}\n0::/\n", ID),
    "ECS": ("9:perf_event:/ecs/task/34dc0b5e626f2c5c4c5170e34b10e765-1234567890\n", "34dc0b5e626f2c5c4c5170e34b10e765-1234567890"),
    "Garden": ("1:name=systemd:/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1\n"
               "0::/garden/432624d2-150f-4f4b-aa5f-4c4d1234abcd\n", "432624d2-150f-4f4b-aa5f-4c4d1234abcd"),
    "a host's": (HOSTS, None),
    "empty": ("", None),
    "too short": (f"0::/docker/{ID[:63]}\n", None),
    "upper case": (f"0::/docker/{ID.upper()}\n", None),
    "nonsense": ("a\n:\n::\n0:\n\x01|\n", None),
    "very long": ("0::/" + "a/" * 5000 + ID + "\n", None),
}


@pytest.mark.parametrize("name", CGROUPS)
def test_container_id_of_the_cgroup(tmp_path, root, name):
    text, expected = CGROUPS[name]
    found = sections(faked(tmp_path, root, cgroup=text, mountinfo="")).get("c")
    if name == "very long":
        assert found in (None, "ci-" + ID)
    else:
        assert found == (expected and "ci-" + expected)


def mount_line(source, target):
    return f"608 554 254:1 {source} {target} rw,relatime - ext4 /dev/vda1 rw\n"


MOUNTS = {
    "docker": (mount_line(f"/var/lib/docker/containers/{ID}/resolv.conf", "/etc/resolv.conf") +
               mount_line(f"/var/lib/docker/containers/{ID}/hostname", "/etc/hostname"), ID),
    "containerd": (mount_line(f"/containerd/io.containerd.grpc.v1.cri/sandboxes/{'2e' * 32}/hostname", "/etc/hostname"), None),
    "sandbox, then container": (mount_line(f"/k3s/sandboxes/{'2e' * 32}/hostname", "/etc/hostname") +
                                mount_line(f"/lib/containers/{ID}/userdata/hostname", "/etc/hostname"), ID),
    "another file": (mount_line(f"/var/lib/docker/containers/{ID}/secret", "/etc/secret"), None),
}


@pytest.mark.parametrize("name", MOUNTS)
def test_container_id_of_the_mounts(tmp_path, root, name):
    text, expected = MOUNTS[name]
    assert sections(faked(tmp_path, root, cgroup=HOSTS, mountinfo=text)).get("c") == (expected and "ci-" + expected)


def test_the_cgroup_goes_before_the_mounts(tmp_path, root):
    run = faked(tmp_path, root, cgroup=f"0::/docker/{'3d' * 32}\n", mountinfo=MOUNTS["docker"][0])
    assert sections(run)["c"] == "ci-" + "3d" * 32


@pytest.fixture
def hosts_cgroups():
    if os.stat("/proc/self/ns/cgroup").st_ino != 0xEFFFFFFB:
        pytest.skip("the tests run in a cgroup namespace of their own")


def test_nothing_in_the_hosts_cgroup_namespace(hosts_cgroups, tmp_path, root):
    assert "c" not in sections(faked(tmp_path, root, cgroup=HOSTS, mountinfo=""))


@contextlib.contextmanager
def cgroup_or_skip(name):
    """A cgroup of the hierarchy that the agent looks into: its directory and the mount point of the hierarchy."""
    mount = pathlib.Path("/sys/fs/cgroup/memory")
    mount = mount if (mount / "cgroup.procs").exists() else mount.parent
    folder = mount / name
    try:
        assert (mount / "cgroup.procs").exists()
        folder.mkdir()
    except (OSError, AssertionError) as error:
        pytest.skip(f"can't make a cgroup: {error}")
    try:
        yield folder, mount
    finally:
        folder.rmdir()


def in_cgroup(folder, root, setup="", unshare=()):
    script = f'echo $$ >{folder}/cgroup.procs && exec {" ".join(["unshare", *unshare]) if unshare else ""} sh -c \'{setup} exec "$0"\' "$0"'
    done = subprocess.run(["sh", "-c", script, str(BINARY)], timeout=30, capture_output=True, text=True,
                          env=environment({**ONE_POLL, "PATH": os.environ["PATH"]}, {"proc": root, "format": "datadog"}))
    return Run(done.returncode, done.stdout, done.stderr)


def test_real_cgroup_named_by_an_id(root):
    with cgroup_or_skip(ID) as (folder, _):
        assert sections(in_cgroup(folder, root)) == {"c": "ci-" + ID}


def test_inode_in_a_cgroup_namespace(root):
    """The id can't be seen from within, as in a container of cgroup v2: the agent finds the cgroup by its inode."""
    with cgroup_or_skip(f"sockpush-{os.getpid()}") as (folder, mount):
        inode = folder.stat().st_ino
        run = in_cgroup(folder, root, setup=f"mount --bind {folder} {mount} &&", unshare=["-C", "-m"])
        assert sections(run) == {"c": f"in-{inode}"}


def test_switched_off_in_a_cgroup_namespace(root):
    done = subprocess.run(["unshare", "-C", str(BINARY)], timeout=30, capture_output=True, text=True,
                          env=environment({**ONE_POLL, "PATH": os.environ["PATH"]}, {"proc": root, "format": "datadog", "DD_ORIGIN_DETECTION_ENABLED": "false"}))
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert "|c:" not in done.stdout and parse.datadog(done.stdout)
