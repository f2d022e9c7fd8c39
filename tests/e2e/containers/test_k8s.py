"""The Kubernetes manifests: they build, have the right shape, take no more rights than they need, and sockpush understands them."""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

import manifests
import servers
from program import BINARY, ROOT, environment, run_binary


@pytest.fixture(params=manifests.OVERLAYS)
def objects(request):
    return manifests.build(request.param)


def test_overlays():
    assert {"sidecar", "daemonset", "datadog", "tls"} <= set(manifests.OVERLAYS)


def test_shape(tmp_path):
    """All at once: it takes seconds."""
    objects = [one for overlay in manifests.OVERLAYS for one in manifests.build(overlay)]
    assert manifests.check(objects + manifests.with_pid(tmp_path), tmp_path) == ""


@pytest.mark.parametrize("change,complaint", [
    (lambda container: container["securityContext"].update(readOnlyRootFilesytem=True), "readOnlyRootFilesytem"),
    (lambda container: container["env"].append({"name": "SOCKPUSH_SELF", "value": True}), "boolean"),
    (lambda container: container.pop("name"), "name")], ids=["misspelled", "boolean", "missing"])
def test_shape_is_looked_at(tmp_path, change, complaint):
    one = copy.deepcopy(manifests.build("daemonset"))
    change(manifests.sockpush(one))
    assert complaint in manifests.check(one, tmp_path)


def test_rights(objects):
    container = manifests.sockpush(objects)
    security = {**manifests.pod(objects).get("securityContext", {}), **container["securityContext"]}
    assert security["runAsNonRoot"] is True and security["runAsUser"] == 65534
    assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["resources"] == {"requests": {"cpu": "5m", "memory": "4Mi"}, "limits": {"memory": "16Mi"}}
    assert not {"ports", "livenessProbe", "readinessProbe", "startupProbe", "command"} & set(container)
    assert container["image"].split(":")[0].endswith("/sockpush") and not container["image"].endswith(":latest")


def test_environment_is_understood(objects):
    """Not a warning, but that of these receivers none is here."""
    env = manifests.environment(objects)
    assert all(isinstance(value, str) for value in env.values())
    if env.get("SOCKPUSH_PORTS", "").startswith("["):
        assert all(group["tags"] for group in json.loads(env["SOCKPUSH_PORTS"]))
    if "SOCKPUSH_PROC" in env:
        env["SOCKPUSH_PROC"] = "/proc"      # as if mounted there
    run = run_binary(environment(env, {"to": "influx+stdout:", "polls": "1", "self": "off"}))
    assert run.status == 0 and "warn" not in run.log and "error" not in run.log, run.log
    tags = dict(run.points[0].tags)
    assert tags["host"] == "node-1"
    if "POD_NAME" in env:
        assert (tags["pod_name"], tags["namespace"]) == ("app-7d4b9c-x2x9z", "shop")
    whole = run_binary(environment(env, {}), "--check")
    assert f"output {env['SOCKPUSH_TO'].split('+')[-1]}" in whole.out, whole.out + whole.log


@pytest.mark.parametrize("file", sorted((ROOT / "k8s").rglob("*.yaml")), ids=lambda file: "/".join(file.parts[-2:]))
def test_values_are_quoted(file):
    """In the files themselves: kustomize puts quotes around on and off, who copies from them has them as booleans."""
    def values(node):
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        own = [node["value"]] if isinstance(node, dict) and "value" in node else []
        return own + [value for child in children for value in values(child)]

    assert all(isinstance(value, str) for value in values(manifests.yaml().safe_load(file.read_text())))


def test_what_each_is_about():
    pods = {name: manifests.pod(manifests.build(name)) for name in manifests.OVERLAYS}
    assert {name for name, pod in pods.items() if pod.get("hostNetwork")} == {"daemonset", "datadog", "tls"}
    assert all(pod["dnsPolicy"] == "ClusterFirstWithHostNet" for pod in pods.values() if pod.get("hostNetwork"))
    sidecar = pods["sidecar"]["initContainers"][0]
    assert sidecar["restartPolicy"] == "Always" and len(pods["sidecar"]["containers"]) == 1
    for name in ("datadog", "tls", "host-proc"):
        mounts = {mount["name"]: mount for mount in pods[name]["containers"][0]["volumeMounts"]}
        volumes = {volume["name"] for volume in pods[name]["volumes"]}
        assert set(mounts) == volumes and all(mount["readOnly"] and "subPath" not in mount for mount in mounts.values())
    env = manifests.environment(manifests.build("tls"))
    assert env["SOCKPUSH_TO"].startswith("influx+tls://") and env["SOCKPUSH_TLS_CA"].startswith("/tls/")


def test_native_sidecar_is_first(tmp_path):
    """Before what else is initialised: it is there for their connections, too."""
    tree = shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    app = tree / "overlays" / "sidecar" / "app.yaml"
    other = "      initContainers:\n        - name: migrate\n          image: migrate:1\n"
    app.write_text(app.read_text().replace("      containers:", other + "      containers:"))
    assert [one["name"] for one in manifests.pod(manifests.build("sidecar", tree))["initContainers"]] == ["sockpush", "migrate"]


def test_pid_takes_no_more(tmp_path):
    """Root for it alone, with two capabilities and all the rest as it was."""
    objects, plain = manifests.with_pid(tmp_path), manifests.build("daemonset")
    assert manifests.sockpush(objects)["securityContext"].pop("capabilities") == {"add": ["SYS_PTRACE", "DAC_READ_SEARCH"], "drop": ["ALL"]}
    manifests.sockpush(plain)["securityContext"].pop("capabilities")
    pod = manifests.pod(objects)
    assert pod.pop("hostPID") is True
    pod["securityContext"].update(runAsNonRoot=True, runAsUser=65534, runAsGroup=65534)
    assert objects == plain


@pytest.mark.parametrize("holder", [0, 1000])
def test_pid_is_found_with_these_rights(namespace, other_users, tmp_path, holder):
    """Of a process of root's, and of another user's, whose /proc/PID/fd root may open only by DAC_READ_SEARCH."""
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not on this machine")
    capabilities = manifests.sockpush(manifests.with_pid(tmp_path))["securityContext"]["capabilities"]
    rights = "".join(["-all", *(f",+{name.lower()}" for name in capabilities["add"])])
    script = 'import os, socket; one = socket.create_server(("127.0.0.1", 8080)); os.write(1, b"%d\\n" % os.getpid()); os.read(0, 1)'
    user = {"user": holder, "group": holder, "extra_groups": ()}
    env = environment({}, {"to": "influx+stdout:", "polls": "1", "self": "off", "ports": "8080"})
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", **user) as process:
        pid = int(process.stdout.readline())
        words = ["--no-new-privs", "--bounding-set", rights, "--inh-caps", rights, str(BINARY)]
        run = run_binary(env, *words, binary=shutil.which("setpriv"))
    assert run.ports["8080", 4].get("pid") == pid, run.log


def test_alert(namespace, keep, tmp_path):
    """Of two nodes that were there an hour ago, the one that is silent now."""
    text = (ROOT / "k8s" / "base" / "daemonset.yaml").read_text()
    expression = re.search(r"# +(group by .*)", text)[1]
    assert f"`{expression}`" in (ROOT / "docs" / "metrics.md").read_text()
    victoria = keep(servers.VictoriaMetrics(tmp_path))
    now = time.time_ns()
    line = "sockpush,backend=netlink,host={} sockets=1i {}\n"
    points = [("node-1", now - 3600 * 10**9), ("node-2", now - 3600 * 10**9), ("node-1", now)]
    servers.put(8428, "/write", "".join(line.format(host, at - 10**9) for host, at in points).encode())
    victoria.settles(lambda: silent(victoria, expression), ["node-2"])


def silent(victoria, expression):
    servers.get(8428, "/internal/force_flush")
    return [row["metric"]["host"] for row in json.loads(servers.get(8428, "/api/v1/query", query=expression, nocache=1))["data"]["result"]]
