"""The pods of the manifests, run by podman, each with a receiver that must get what they push."""
import json
import re
import shutil
import socket

import pytest

import manifests
import parse
import receivers
import servers
import wait
from containers import BASE, LEAST
from program import ROOT
from tls_pki import pki         # a fixture

pytestmark = pytest.mark.xdist_group("podman")


def make_pod(overlay, to, directories={}, beside=()):
    """Makes the overlay's pod into one that podman can run: podman has no DaemonSet, no native sidecar, and too little of the downward
    API."""
    objects = manifests.build(overlay)
    spec, container = manifests.pod(objects), manifests.sockpush(objects)
    env = {**manifests.environment(objects), "SOCKPUSH_TO": to, "SOCKPUSH_INTERVAL": "500ms"}
    container.update(image="localhost/sockpush:latest", imagePullPolicy="Never", env=[{"name": name, "value": value} for name, value in env.items()])
    container.pop("restartPolicy", None)
    spec.pop("initContainers", None)
    for volume in spec.get("volumes", []):
        name = volume["name"]
        volume.clear()
        volume.update(name=name, hostPath={"path": str(directories[name]), "type": "Directory"})
    spec.update(containers=[container, *beside], restartPolicy="Never")
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": overlay}, "spec": spec}


@pytest.fixture
def play(podman, tmp_path):
    """play(pod, podman's arguments) runs the pod until the test's end."""
    file = tmp_path / "pod.json"

    def make(pod, *words):
        file.write_text(json.dumps(pod))
        podman.do("kube", "play", *words, str(file))

    yield make
    if file.exists():
        podman.ask("kube", "down", str(file))


def test_daemonset(namespace, keep, tmp_path, play, podman):
    """The test's network namespace is the pod's host network."""
    victoria = keep(servers.VictoriaMetrics(tmp_path))
    keep(socket.create_server(("127.0.0.1", 443)))
    play(make_pod("daemonset", "http://127.0.0.1:8428/write"))
    query = 'netstat_port_tcp_listen{addr_port="443",service="ingress",host="node-1",ip_version="4"}'
    assert wait.until(lambda: victoria.query(query) == [1]), podman.log("daemonset-sockpush")


def test_sidecar(play, podman):
    """One pod holds an application's connections, sockpush, and a receiver that keeps what it gets."""
    script = """perl -MIO::Socket::INET -e '$| = 1; $in = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8089, Proto => "udp");
        $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8080, Listen => 9);
        push @open, IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 8080), $s->accept for 1..5;
        while ($in->recv($line, 65536)) { print $line, "\\n" }'"""
    app = {"name": "app", "image": BASE, "imagePullPolicy": "Never", "command": ["/bin/bash", "-c", script]}
    play(make_pod("sidecar", "influx+udp://127.0.0.1:8089", beside=[app]), "--network=none")
    line = 'netstat_port,addr_port=8080,host=node-1,ip_version=4,namespace=shop,pod_name=app-7d4b9c-x2x9z tcp_established=5i'
    assert wait.until(lambda: line in podman.log("sidecar-app")), podman.log("sidecar-sockpush") + podman.log("sidecar-app")
    assert "netlink" in podman.log("sidecar-sockpush")


# Sends through the socket, as a user of the container's.
SEND = ["/usr/bin/perl", "-MSocket", "-e", 'socket(ONE, PF_UNIX, SOCK_DGRAM, 0) && send(ONE, "tries:1|c", 0, pack_sockaddr_un("/run/sockpush/dsd.sock")) or die $!']


def is_pushed(log):
    return re.search(r"^tries,.* value=1 ", log, re.M) and re.search(r"^requests,.*path=/.* value=[1-9]", log, re.M)


def test_relay(play, podman, tmp_path):
    """The application sends by UDP, and as another user through the socket that sockpush made in the shared directory."""
    place = tmp_path / "mounted"
    place.mkdir()
    place.chmod(0o777)      # so is an emptyDir
    [app] = manifests.pod(manifests.build("relay"))["containers"]
    app.update(image=BASE, imagePullPolicy="Never")
    play(make_pod("relay", "influx+stdout:", {"sockpush": place}, beside=[app]), "--network=none")
    assert wait.until(lambda: podman.log("relay-sockpush").count("taking StatsD") == 2), podman.log("relay-sockpush")
    podman.do("exec", "--user=1000", "relay-app", *SEND)
    assert wait.until(lambda: is_pushed(podman.log("relay-sockpush"))), podman.log("relay-sockpush")


def test_compose_relay(podman):
    """The volume of docker/compose.relay.yaml, which podman makes as docker does, has the mode and the owner that sockpush needs."""
    example = manifests.yaml().safe_load((ROOT / "docker" / "compose.relay.yaml").read_text())
    options = example["volumes"]["sockpush"]["driver_opts"]
    podman.do("volume", "create", *(f"--opt={name}={value}" for name, value in options.items()), "sockpush")
    volume = "--volume=sockpush:/run/sockpush"
    app, ours = example["services"]["app"], example["services"]["sockpush"]
    command = [word.replace("$$", "$") for word in app["command"]]
    one = podman.start("--network=none", volume, *(f"--env={name}={value}" for name, value in app["environment"].items()), BASE, *command)
    env = {**ours["environment"], "SOCKPUSH_TO": "influx+stdout:", "SOCKPUSH_INTERVAL": "500ms"}
    relay = podman.start(f"--network=container:{one}", *LEAST[1:], volume, *(f"--env={name}={value}" for name, value in env.items()), "sockpush")
    assert wait.until(lambda: podman.log(relay).count("taking StatsD") == 2), podman.log(relay)
    podman.do("exec", "--user=1000", one, *SEND)
    assert wait.until(lambda: is_pushed(podman.log(relay))), podman.log(relay)


def readable(tmp_path, *files):
    """Returns a directory with these files, readable for the pods' user."""
    place = tmp_path / "mounted"
    place.mkdir(mode=0o755)
    for name, source in files:
        shutil.copy(source, place / name)
        (place / name).chmod(0o444)
    return place


def test_datadog(namespace, play, podman, tmp_path):
    """The pod pushes to a socket in a directory that it cannot write."""
    place = readable(tmp_path)
    with receivers.unix_datagram(place / "dsd.socket") as agent:
        (place / "dsd.socket").chmod(0o777)
        play(make_pod("datadog", "datadog+unix:///var/run/datadog/dsd.socket", {"dsd": place}))
        agent.until(lambda text: "netstat.tcp_listen:0|g|#host:node-1,ip_version:4" in text)


@pytest.mark.parametrize("overlay", ["tls", "tls-client"])
def test_tls(namespace, keep, play, podman, tmp_path, pki, overlay):
    """The files are mounted as the kubelet mounts a ConfigMap or a Secret."""
    (tmp_path / "stunnel").mkdir()
    (tmp_path / "victoria").mkdir()
    victoria = keep(servers.VictoriaMetrics(tmp_path / "victoria"))
    keep(servers.Stunnel(tmp_path / "stunnel", pki.chains[3]))
    own = pki.client("sockpush")
    secret = [("tls.crt", own.cert), ("tls.key", own.key)] if overlay == "tls-client" else []
    place = readable(tmp_path, ("ca.crt", pki.ca), *secret)
    play(make_pod(overlay, "influx+tls://127.0.0.1:6514", {"tls": place}))
    assert wait.until(lambda: victoria.query('netstat_tcp_listen{host="node-1",ip_version="4"}')), podman.log(f"{overlay}-sockpush")


def test_host_proc(play, podman):
    """A pod in its own network counts a socket that only the host has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pod = make_pod("host-proc", "influx+stdout:", {"proc": "/proc"})
        pod["spec"]["containers"][0]["env"] += [{"name": "SOCKPUSH_PORTS", "value": str(server.getsockname()[1])}]
        play(pod, "--network=none")
        line = f"netstat_port,addr_port={server.getsockname()[1]},host=node-1,ip_version=4"
        assert wait.until(lambda: line in podman.log("host-proc-sockpush")), podman.log("host-proc-sockpush")
    point = next(point for point in parse.influx("".join(text + "\n" for text in podman.log("host-proc-sockpush").splitlines() if text.startswith(line))))
    assert point.fields["tcp_listen"] == 1
