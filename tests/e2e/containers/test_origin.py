"""Origin detection: the container id that points carry to the agent, found as the kernel shows it."""
import contextlib
import os
import pathlib
import re
import subprocess

import pytest

import parse
import procfs
import rights
from parse import sections
from program import BINARY, ONE_POLL, Run, environment

ID = "1f" * 32
POD = "/kubepods.slice/kubepods-pod75a2b6d5_3949_4afb_ad0d_92ff0674e759.slice"


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("[2001:db8::1]:80")])


def faked(tmp_path, root, cgroup=None, mountinfo=None, unshare="-m", format="datadog", **env):
    """Polls once in a process that finds these texts in /proc/self. Each is bind-mounted over its file in a mount namespace of its own."""
    script = ""
    for name, text in (("cgroup", cgroup), ("mountinfo", mountinfo)):
        if text is not None:
            (tmp_path / name).write_text(text)
            script += f"mount --bind {tmp_path}/{name} /proc/$$/{name} && "
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["unshare", *unshare.split(), "sh", "-c", script + "echo ready >&2 && exec \"$0\"", str(BINARY)], timeout=90, capture_output=True, text=True,
                          env=environment({**ONE_POLL, **path}, {"proc": root, "format": format, **env}))
    ready, _, log = done.stderr.partition("ready\n")
    if not _:
        rights.needs_root(f"can't bind a file over one in /proc: {ready}")
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
    "a pod's": (mount_line("/var/lib/kubelet/pods/75a2b6d5-3949-4afb-ad0d-92ff0674e759/volume-subpaths/v/hostname", "/etc/x"), None),
    "another file": (mount_line(f"/var/lib/docker/containers/{ID}/secret", "/etc/secret"), None),
}


@pytest.mark.parametrize("name", MOUNTS)
def test_container_id_of_the_mounts(tmp_path, root, name):
    text, expected = MOUNTS[name]
    found = sections(faked(tmp_path, root, cgroup=HOSTS, mountinfo=text, unshare="-m -C")).get("c")
    assert found == "ci-" + expected if expected else not found or not found.startswith("ci-")


def test_the_hosts_mounts_show_no_container(hosts_cgroups, tmp_path, root):
    """A mount that looks like a container's is ignored in a program on the host."""
    assert "c" not in sections(faked(tmp_path, root, cgroup=HOSTS, mountinfo=MOUNTS["docker"][0]))


def test_the_cgroup_goes_before_the_mounts(tmp_path, root):
    run = faked(tmp_path, root, cgroup=f"0::/docker/{'3d' * 32}\n", mountinfo=MOUNTS["docker"][0])
    assert sections(run)["c"] == "ci-" + "3d" * 32


@pytest.fixture
def hosts_cgroups():
    if os.stat("/proc/self/ns/cgroup").st_ino != 0xEFFFFFFB:
        pytest.skip("the tests run in a cgroup namespace of their own")


@contextlib.contextmanager
def cgroup_or_skip(name):
    """Returns a cgroup in the hierarchy that the agent reads, as its directory and the hierarchy's mount point."""
    mount = pathlib.Path("/sys/fs/cgroup/memory")
    mount = mount if (mount / "cgroup.procs").exists() else mount.parent
    folder = mount / name
    try:
        assert (mount / "cgroup.procs").exists()
        folder.mkdir()
    except (OSError, AssertionError) as error:
        rights.skip("can't make a control group", error)
    try:
        yield folder, mount
    finally:
        folder.rmdir()


def test_nothing_in_the_hosts_cgroup_namespace(hosts_cgroups, tmp_path, root):
    """The inode is left out, too: the cgroup at that path belongs to no container."""
    with cgroup_or_skip(f"sockpush-{os.getpid()}") as (folder, _):
        assert "c" not in sections(faked(tmp_path, root, cgroup=f"4:memory:/{folder.name}\n0::/{folder.name}\n", mountinfo=""))


def in_cgroup(folder, root, setup="", unshare=()):
    script = f'echo $$ >{folder}/cgroup.procs && exec {" ".join(["unshare", *unshare]) if unshare else ""} sh -c \'{setup} exec "$0"\' "$0"'
    done = subprocess.run(["sh", "-c", script, str(BINARY)], timeout=90, capture_output=True, text=True,
                          env=environment({**ONE_POLL, "PATH": os.environ["PATH"]}, {"proc": root, "format": "datadog"}))
    return Run(done.returncode, done.stdout, done.stderr)


def test_real_cgroup_named_by_an_id(root):
    with cgroup_or_skip(ID) as (folder, _):
        assert sections(in_cgroup(folder, root)) == {"c": "ci-" + ID}


def test_inode_in_a_cgroup_namespace(root):
    """In cgroup v2 a container cannot see its id. The agent finds the cgroup by its inode."""
    with cgroup_or_skip(f"sockpush-{os.getpid()}") as (folder, mount):
        inode = folder.stat().st_ino
        run = in_cgroup(folder, root, setup=f"mount --bind {folder} {mount} &&", unshare=["-C", "-m"])
        assert sections(run) == {"c": f"in-{inode}"}


def test_switched_off_in_a_cgroup_namespace(root):
    done = subprocess.run(["unshare", "-C", str(BINARY)], timeout=90, capture_output=True, text=True,
                          env=environment({**ONE_POLL, "PATH": os.environ["PATH"]}, {"proc": root, "format": "datadog", "DD_ORIGIN_DETECTION_ENABLED": "false"}))
    if "unshare" in done.stderr:
        rights.needs_root(done.stderr.strip())
    assert "|c:" not in done.stdout and parse.datadog(done.stdout)


# ---- the switch, and other formats

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
