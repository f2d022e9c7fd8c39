"""Each pod of a node, from one container: sockpush without capabilities or any other right, with the host's procfs."""
import re

import pytest

import parse
import wait
from containers import BASE, LEAST

pytestmark = pytest.mark.xdist_group("podman")

LISTENS = """perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 9); print "listens\\n"; sleep 1000' "$0" """


def latest(podman, container, ids):
    """Returns {IP version: fields} of the newest points whose container_id is one of these."""
    found = {}
    for line in re.findall(r"^netstat_pod,.*\n", podman.log(container), re.M):
        point = parse.influx_line(line.rstrip("\n"))
        if point.tag("container_id") in ids:
            found.setdefault(point.tag("ip_version"), {}).update(point.fields)
    return found


def test_a_pod_of_two_containers(podman):
    """Their sockets are in one network namespace. While sockpush runs on, the pod ends, and its series has zeros."""
    pod = podman.do("pod", "create", "--network=none", "--infra-image=" + BASE, "--infra-command=/usr/bin/sleep infinity").strip()
    ids = [podman.start(f"--pod={pod}", BASE, "/bin/sh", "-c", LISTENS, str(port)) for port in (8080, 8081)]
    assert wait.until(lambda: all("listens" in podman.log(one) for one in ids)), [podman.log(one) for one in ids]
    infra = podman.do("pod", "inspect", "--format={{.InfraContainerID}}", pod).strip()
    env = {"TO": "influx+stdout:", "INTERVAL": "500ms", "BACKEND": "off", "PROC": "/host/proc", "PODS": "on", "POD_TAGS": "container_id"}
    ours = podman.start(*LEAST, "--volume=/proc:/host/proc:ro", *(f"--env=SOCKPUSH_{name}={value}" for name, value in env.items()), "sockpush")
    fields = lambda: latest(podman, ours, [infra, *ids]).get("4", {})
    assert wait.until(lambda: fields().get("tcp_listen") == 2), podman.log(ours)
    assert fields()["tcp_inuse"] == 2
    podman.do("pod", "rm", "-f", "-t", "0", pod)
    assert wait.until(lambda: fields()["tcp_inuse"] == 0), podman.log(ours)
