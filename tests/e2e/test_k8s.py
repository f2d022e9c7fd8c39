"""The Kubernetes manifests: they build, have the right shape, take no more rights than they need, and sockpush understands them."""
import copy
import json

import pytest

import manifests
from program import environment, run_binary


@pytest.fixture(params=manifests.OVERLAYS)
def objects(request):
    return manifests.build(request.param)


def test_overlays():
    assert {"sidecar", "daemonset", "datadog", "tls"} <= set(manifests.OVERLAYS)


def test_shape(tmp_path):
    """All at once: it takes seconds."""
    assert manifests.check([one for overlay in manifests.OVERLAYS for one in manifests.build(overlay)], tmp_path) == ""


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
    files = {"SOCKPUSH_TLS_CA": None, "SOCKPUSH_TLS_CERT": None, "SOCKPUSH_TLS_KEY": None, "SOCKPUSH_PROC": None}
    run = run_binary(environment(env, {**{name: None for name in files if name in env}, "to": "influx+stdout:", "polls": "1", "self": "off"}))
    assert run.status == 0 and "warn" not in run.log and "error" not in run.log, run.log
    tags = dict(run.points[0].tags)
    assert tags["host"] == "node-1"
    if "POD_NAME" in env:
        assert (tags["pod_name"], tags["namespace"]) == ("app-7d4b9c-x2x9z", "shop")
    whole = run_binary(environment(env, {name: None for name in files if name in env}), "--check")
    assert f"output {env['SOCKPUSH_TO'].split('+')[-1]}" in whole.out, whole.out + whole.log


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
