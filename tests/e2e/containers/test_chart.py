"""The Helm chart makes the same objects as the kustomize overlays. helm is the real one."""
import json
import re
import subprocess

import pytest

import charts
import manifests
from program import ROOT, version

IMAGE = {"image": {"tag": "latest"}}
# The values that make each overlay's objects; those of the sidecars go to the parent chart.
DAEMONSETS = {
    "daemonset": {},
    "host-proc": {"mode": "host-proc"},
    "pods": {"mode": "pods"},
    "pods-host-network": {"mode": "pods-host-network"},
    "datadog": {"settings": {"to": "datadog+unix:///var/run/datadog/dsd.socket"}, "agentSocketDirectory": "/var/run/datadog"},
    "otlp": {"settings": {"to": "otlp+http://otel-collector.monitoring.svc:4318"}, "resourceAttributes": "k8s.node.name=$(NODE_NAME)"},
    "prometheus": {"settings": {"to": "prometheus+http://prometheus.monitoring.svc:9090/api/v1/write"}},
    "tls": {"settings": {"to": "influx+tls://aggregator.monitoring.svc:6514"}, "tls": {"configMap": "sockpush-ca"}},
    "tls-client": {"settings": {"to": "influx+tls://aggregator.monitoring.svc:6514"}, "tls": {"secret": "sockpush-tls"}},
    "example": {"settings": {"to": "http://influxdb.monitoring.svc:8086/api/v2/write?org=o&bucket=b", "ports": "80,443,10250"},
                "httpToken": {"secret": "sockpush"}},
}
SIDECARS = {
    "sidecar": {"mode": "sidecar"},
    "native-sidecar": {"mode": "native-sidecar", "settings": {"interval": "1s"}},
    "relay": {"mode": "native-sidecar", "relay": {"enabled": True}},
}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return charts.parent(tmp_path_factory.mktemp("parent"))


# --- the same objects

def of_helm(one):
    """Takes away what only the chart has: the labels by which helm's users find a release, and by which two releases differ."""
    labels = one["metadata"].get("labels", {})
    for name in ("app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"):
        labels.pop(name, None)
    for place in (labels, one["spec"].get("selector", {}).get("matchLabels", {}), one["spec"]["template"]["metadata"]["labels"]):
        place.pop("app.kubernetes.io/instance", None)
    return one


def plain(one):
    """Takes away what means nothing: the order of containers and of variables, whose replaced values are compared instead; JSON's blanks."""
    env = manifests.environment([one])
    if env.get("SOCKPUSH_PORTS", "").startswith("["):
        env["SOCKPUSH_PORTS"] = json.loads(env["SOCKPUSH_PORTS"])
    # The overlay has it for an address that a user may put there; the chart, where a value names it.
    env.pop("NODE_IP", None)
    # A patch of kustomize puts sockpush's container first. A parent chart has it where it includes it.
    manifests.pod([one])["containers"].sort(key=lambda container: container["name"])
    secrets = [variable for variable in manifests.sockpush([one])["env"] if "secretKeyRef" in variable.get("valueFrom", {})]
    manifests.sockpush([one])["env"] = [env, secrets]
    return one


def overlay(name):
    """Returns the overlay's object. Its other one, the namespace, is made by helm's --create-namespace."""
    [one] = [one for one in manifests.build(name) if one["kind"] != "Namespace"]
    return plain(one)


def test_each_overlay_has_values():
    assert sorted(DAEMONSETS | SIDECARS) == manifests.OVERLAYS


@pytest.mark.parametrize("name", DAEMONSETS)
def test_same_daemonset(tmp_path, name):
    [one] = charts.template(IMAGE | DAEMONSETS[name], tmp_path)
    assert plain(of_helm(one)) == overlay(name)


def test_same_pid(tmp_path):
    [one] = charts.template(IMAGE | {"pid": True}, tmp_path)
    [with_pid] = [one for one in manifests.with_pid(tmp_path) if one["kind"] == "DaemonSet"]
    assert plain(of_helm(one)) == plain(with_pid)


@pytest.mark.parametrize("name", SIDECARS)
def test_same_sidecar(parent, tmp_path, name):
    wanted = overlay(name)
    values = {"sockpush": IMAGE | SIDECARS[name], "command": manifests.pod([wanted])["containers"][0].get("command")}
    [one] = charts.template(values, tmp_path, "--show-only", f"templates/{name}.yaml", chart=parent)
    assert plain(one) == wanted
    assert not [one for one in charts.template(values, tmp_path, chart=parent) if one["kind"] == "DaemonSet"]


# --- what the overlays have not

def test_types(parent, tmp_path):
    """Checks at once values that no overlay needs, because the compiler takes seconds."""
    more = {"image": {"repository": "registry.example/sockpush", "tag": "1", "pullPolicy": "Always"}, "imagePullSecrets": [{"name": "a"}],
            "podLabels": {"a": "b"}, "podAnnotations": {"a": "b"}, "nodeSelector": {"a": "b"}, "priorityClassName": "system-node-critical",
            "affinity": {"nodeAffinity": {}}, "tolerations": [], "httpHeaders": {"secret": "a"},
            "extraEnv": [{"name": "DD_ENV", "value": "prod"}], "extraVolumes": [{"name": "a", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "a", "mountPath": "/a"}], "settings": {"to": "udp://$(NODE_IP):8125"}}
    objects = charts.template(more, tmp_path, release="other")
    [one] = objects
    assert one["metadata"]["name"] == "other-sockpush" and one["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/sockpush:1"
    assert manifests.environment(objects)["SOCKPUSH_TO"] == "udp://192.0.2.9:8125" and manifests.environment(objects)["DD_ENV"] == "prod"
    agent = {"mode": "sidecar", "agentSocketDirectory": "/run/datadog", "tls": {"secret": "a"}, "relay": {"enabled": True, "port": 0},
             "settings": {"to": "datadog+unix:///run/datadog/dsd.socket"}}
    objects += charts.template({"sockpush": agent}, tmp_path, "--show-only", "templates/sidecar.yaml", chart=parent)
    assert {volume["name"] for volume in manifests.pod(objects[1:])["volumes"]} == {"dsd", "tls", "sockpush"}
    assert manifests.check(objects, tmp_path) == ""


def test_tag_is_the_version(tmp_path):
    chart = manifests.yaml().safe_load((charts.CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == version()
    assert manifests.sockpush(charts.template({}, tmp_path))["image"] == f"sockpush:{version()}"


@pytest.mark.parametrize("mode,words", [("daemonset", ["rollout status daemonset/sockpush", "sockpush_poll_us", "netstat_tcp_established"]),
                                        ("pods", ["netstat_pod_tcp_established"]),
                                        ("native-sidecar", ["initContainers", 'include "sockpush.container" .Subcharts.sockpush'])])
def test_notes(tmp_path, mode, words):
    done = charts.helm("install", "sockpush", charts.CHART, "--dry-run=client", place=tmp_path, values={"mode": mode})
    notes = done.stdout.partition("NOTES:")[2]
    assert done.returncode == 0 and all(word in notes for word in words), done.stdout + done.stderr


def test_lint(tmp_path):
    done = charts.helm("lint", "--strict", charts.CHART, place=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme():
    """The README's table has each value that has a comment, with its default and that comment, in order."""
    rows, path, comment = [], [], []
    for line in (charts.CHART / "values.yaml").read_text().splitlines():
        key = re.match(r"( *)(\w+):(?: (.*))?$", line)
        if line.lstrip().startswith("#"):
            comment.append(line.lstrip()[2:])
        elif key:
            path[len(key[1]) // 2:] = [key[2]]
            if comment:
                rows.append((".".join(path), key[3] or "", " ".join(comment)))
            comment = []
    table = re.findall(r"^\| `([\w.]+)` \| (?:`(.*?)`)? ?\| (.*) \|$", (charts.CHART / "README.md").read_text(), re.M)
    assert [(name, default, meaning.replace("`", "")) for name, default, meaning in table] == rows


def test_package(tmp_path):
    """The package has the same bytes each time, and helm takes it."""
    for n in range(2):
        subprocess.run([ROOT / "k8s" / "package.sh", str(n)], cwd=tmp_path, check=True)
    [one], [two] = [list((tmp_path / str(n)).iterdir()) for n in range(2)]
    assert one.name == f"sockpush-chart-{version()}.tgz" and one.read_bytes() == two.read_bytes()
    assert charts.template({}, tmp_path, chart=one) == charts.template({}, tmp_path)
