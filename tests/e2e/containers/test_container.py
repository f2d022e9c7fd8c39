"""The image, built by `make image` from its Dockerfile, runs alone, beside other containers, and where much is missing."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile

import pytest

import parse
import servers
import wait
from containers import BASE, BUILD_ARGS, LEAST
from program import ROOT, environment, run_binary

pytestmark = pytest.mark.xdist_group("podman")     # one image for all

ONE_POLL = {"to": "stdout:", "format": "influx", "polls": 1, "self": "off"}
LISTENER = """perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => PORT, Listen => 9);
    push @open, IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => PORT), $s->accept for 1..3; print "ready\\n"; sleep 300'"""


def count(out, field, port=None):
    points = [point for point in parse.influx(out) if point.measurement == ("netstat_port" if port else "netstat")]
    return sum(point.fields[field] for point in points if not port or point.tag("addr_port") == str(port))


def test_one_file(podman, tmp_path):
    image = podman.inspect("sockpush")
    config = image["Config"]
    assert config["User"] == "65534:65534" and config["Entrypoint"] == ["/sockpush"] and not config.get("Cmd")
    assert config["Labels"]["org.opencontainers.image.title"] == "sockpush"
    assert config["Labels"]["org.opencontainers.image.version"] == run_binary({}, "--version").out.split()[1]
    place = podman.do("image", "mount", "sockpush").strip()
    try:
        files = subprocess.run(["find", place, "!", "-type", "d"], capture_output=True, text=True, check=True).stdout.splitlines()
        assert files == [f"{place}/sockpush"]
        size = os.path.getsize(files[0])
    finally:
        podman.do("image", "umount", "sockpush")
    assert image["Size"] - size < 8192
    podman.do("save", "--format=oci-archive", "-o", str(tmp_path / "image.tar"), "sockpush")
    assert len([name for name in tarfile.open(tmp_path / "image.tar").getnames() if name.startswith("blobs/sha256/")]) == 3, "manifest, config, one layer"


@pytest.mark.parametrize("tag", ["latest", "VERSION"])
def test_its_name_for_kubernetes(podman, tmp_path, tag):
    """An archive names the image as the manifests do, after containerd has put the registry before both."""
    tag = run_binary({}, "--version").out.split()[1] if tag == "VERSION" else tag
    name = f"docker.io/library/sockpush:{tag}"
    podman.do("save", "--format=docker-archive", "-o", str(tmp_path / "image.tar"), name)
    with tarfile.open(tmp_path / "image.tar") as archive:
        assert json.load(archive.extractfile("manifest.json"))[0]["RepoTags"] == [name]


@pytest.mark.skipif(not os.environ.get("SOCKPUSH_TEST_SLOW"), reason="takes a minute: SOCKPUSH_TEST_SLOW=1 runs it")
def test_for_another_processor(podman, tmp_path):
    """The build cross-compiles: nothing is emulated, and the build stage is this machine's."""
    own = podman.do("image", "inspect", BASE, "--format", "{{.Os}}/{{.Architecture}}").strip()
    podman.do("build", "-f", "docker/Dockerfile", "--platform=linux/s390x", f"--build-arg=BUILDPLATFORM={own}", "-t", "for-s390x", *BUILD_ARGS.split(), ".", cwd=ROOT, timeout=300)
    assert podman.inspect("for-s390x")["Architecture"] == "s390x"
    container = podman.do("create", "--platform=linux/s390x", "for-s390x").strip()
    podman.do("cp", f"{container}:/sockpush", str(tmp_path / "sockpush"))
    assert (tmp_path / "sockpush").read_bytes() == (ROOT / "build" / "s390x" / "sockpush").read_bytes()


def test_least_rights(podman):
    run = podman.run(*LEAST, **ONE_POLL)
    assert run.returncode == 0, run.stderr
    assert "backend=netlink" in run.stderr and count(run.stdout, "tcp_listen") == 0


def test_memory(podman):
    """Docker refuses less than 6 MiB. With 4 MiB the runtime itself sometimes fails to start."""
    run = podman.run(*LEAST, "--memory=6m", "--pids-limit=8", **{**ONE_POLL, "polls": 3, "interval": "1s", "ports": "listen"})
    assert run.returncode == 0, run.stderr


def send_inside(podman, container, *lines):
    """Sends the lines in turn to UDP port 8125 and to the Unix socket of a running container."""
    pid = podman.do("inspect", "--format", "{{.State.Pid}}", container).strip()
    script = """import socket, sys
for i, line in enumerate(sys.argv[2:]):
    family, address = (socket.AF_UNIX, sys.argv[1]) if i % 2 else (socket.AF_INET, ("127.0.0.1", 8125))
    socket.socket(family, socket.SOCK_DGRAM).sendto(line.encode(), address)"""
    subprocess.run(["nsenter", "-t", pid, "-n", sys.executable, "-c", script, f"/proc/{pid}/root/run/sockpush/dsd.sock", *lines], check=True)


@pytest.mark.parametrize("to", ["influx+stdout:", "graphite+stdout:"])
def test_relay(podman, to):
    """Process 1 receives in a read-only root, as an ordinary user without a capability, in as little memory as docker allows. What has
    arrived before SIGTERM is pushed."""
    env = {"to": to, "listen": "udp://127.0.0.1:8125,unix:///run/sockpush/dsd.sock", "interval": "1h", "host": "h", "self": "off"}
    container = podman.start(*LEAST, "--memory=6m", "--pids-limit=8", "--tmpfs=/run/sockpush:mode=0777,size=64k",
                             *(f"--env=SOCKPUSH_{name.upper()}={value}" for name, value in env.items()), "sockpush")
    assert wait.until(lambda: podman.log(container).count("taking StatsD") == 2), podman.log(container)
    send_inside(podman, container, *(f"hits:{i}|c" for i in range(100)))
    podman.do("kill", "--signal=TERM", container)
    assert podman.do("wait", container) == "0\n", podman.log(container)
    line = {"influx+stdout:": "hits,host=h,metric_type=counter value=4950 ", "graphite+stdout:": "hits.count;host=h;metric_type=counter 4950 "}[to]
    assert line in podman.log(container) and "warn" not in podman.log(container), podman.log(container)


def test_beside_another(podman):
    """A container that shares another's network namespace counts that one's sockets, and not those of a third."""
    app = podman.start("--network=none", BASE, "bash", "-c", LISTENER.replace("PORT", "8080"))
    neighbour = podman.start("--network=none", BASE, "bash", "-c", LISTENER.replace("PORT", "9090"))
    assert wait.until(lambda: "ready" in podman.log(app) and "ready" in podman.log(neighbour))
    run = podman.run(f"--network=container:{app}", *LEAST[1:], **ONE_POLL, ports="8080,9090")
    assert run.returncode == 0, run.stderr
    assert [count(run.stdout, field, 8080) for field in ("tcp_listen", "tcp_established")] == [1, 3]
    assert [count(run.stdout, field) for field in ("tcp_listen", "tcp_established")] == [1, 6]
    assert count(run.stdout, "tcp_listen", 9090) == 0


def test_beside_its_host(podman):
    """The host's procfs shows a socket that only the host has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = podman.run(*LEAST, "--volume=/proc:/host/proc:ro", **ONE_POLL, proc="/host/proc", ports=port)
        own = podman.run(*LEAST, **ONE_POLL, ports=port)
    assert run.returncode == own.returncode == 0, run.stderr + own.stderr
    if "Permission denied" in run.stderr:
        pytest.skip(f"the host's procfs cannot be read: {run.stderr}")
    assert "network namespace of process 1 in /host/proc" in run.stderr
    assert count(run.stdout, "tcp_listen", port) == 1 and count(own.stdout, "tcp_listen", port) == 0


@pytest.fixture
def bare(podman, namespace):
    """bare(environment) runs the program in the image's root with nothing else: no /proc, /etc or /dev."""
    place = podman.do("image", "mount", "sockpush").strip()
    words = ["unshare", "-m", shutil.which("chroot", path=servers.PATH), "--userspec=65534:65534", place, "/sockpush"]
    yield lambda **env: subprocess.run(words, env={**environment({}, {**ONE_POLL, **env}), "PATH": servers.PATH}, stdin=subprocess.DEVNULL,
                                       capture_output=True, text=True, timeout=60)
    podman.do("image", "umount", "sockpush")


def test_no_proc(bare):
    with socket.create_server(("127.0.0.1", 8080)):
        run = bare()
    assert run.returncode == 0 and "backend=netlink" in run.stderr and count(run.stdout, "tcp_listen") == 1
    run = bare(backend="procfs")
    assert run.returncode == 1 and "/proc" in run.stderr and "No such file" in run.stderr


def test_no_resolver(bare):
    run = bare(to="udp://statsd.example")
    assert run.returncode == 1 and "cannot look up statsd.example: no nameserver answers" in run.stderr


@pytest.mark.parametrize("to", ["tls://127.0.0.1:8089", "https://127.0.0.1:8089/"])
def test_no_certificates(bare, to):
    with socket.create_server(("127.0.0.1", 8089)):
        run = bare(to=to)
    assert run.returncode == 1 and "SOCKPUSH_TLS_CA" in run.stderr, run.stderr
