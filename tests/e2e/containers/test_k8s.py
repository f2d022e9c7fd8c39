"""The Kubernetes manifests build, have valid types, request only the rights that they need, and set an environment that sockpush
understands."""
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


DOCS = (ROOT / "docs" / "deployment.md").read_text()


@pytest.fixture(params=manifests.OVERLAYS)
def objects(request):
    return manifests.build(request.param)


def test_overlays():
    assert set(manifests.OVERLAYS) == {"daemonset", "datadog", "example", "host-proc", "native-sidecar", "otlp", "pods", "pods-host-network", "prometheus",
                                       "relay", "sidecar", "tls", "tls-client"}


def test_shape(tmp_path):
    """Checks all overlays at once, because the compiler takes seconds."""
    objects = [one for overlay in manifests.OVERLAYS for one in manifests.build(overlay)]
    objects += [one for component in ("sidecar", "native-sidecar") for one in with_each_kind(tmp_path / component, component)]
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


def test_documented():
    """Each overlay and component has its row in the document, which shows the overlay to copy exactly as it is in its files."""
    rows = re.findall(r"^\| \[`([\w/-]+)`\]\(\.\./(k8s/[^)]+)\) \|", DOCS, re.M)
    assert sorted(name for name, _ in rows if "/" not in name) == manifests.OVERLAYS
    assert {name for name, _ in rows if "/" in name} == {"k8s/pods", "k8s/sidecar", "k8s/native-sidecar"}
    assert all((ROOT / path).exists() for _, path in rows)
    blocks = re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.M | re.S)
    for name in ("kustomization", "settings"):
        file = ROOT / "k8s" / "overlays" / "example" / f"{name}.yaml"
        assert "".join(line for line in file.read_text().splitlines(True) if not line.startswith("#")) in blocks


def test_image(objects):
    """`make image` makes the named image, and a node that has it asks no registry."""
    container = manifests.sockpush(objects)
    assert (container["image"], container["imagePullPolicy"]) == ("sockpush:latest", "IfNotPresent")


def test_environment_is_understood(objects, namespace, tmp_path):
    """The start logs no warning, except that these receivers are unreachable here."""
    env = manifests.here(manifests.environment(objects), tmp_path)
    assert all(isinstance(value, str) for value in env.values())
    if env.get("SOCKPUSH_PORTS", "").startswith("["):
        assert all(group["tags"] for group in json.loads(env["SOCKPUSH_PORTS"]))
    if "SOCKPUSH_PROC" in env:
        env["SOCKPUSH_PROC"] = "/proc"      # in place of the mounted /host/proc
    run = run_binary(environment(env, {"to": "influx+stdout:", "polls": "1", "self": "off"}))
    assert run.status == 0 and "warn" not in run.log and "error" not in run.log, run.log
    tags = dict(run.points[0].tags)
    assert tags["host"] == "node-1"
    if "POD_NAME" in env:
        assert (tags["pod_name"], tags["namespace"]) == ("app-7d4b9c-x2x9z", "shop")
    whole = run_binary(environment(env, {}), "--check")
    assert f"output {env['SOCKPUSH_TO'].split('+')[-1].split('?')[0]}" in whole.out and manifests.TOKEN not in whole.out + whole.log, whole.out + whole.log


MANIFESTS = sorted(path for path in (ROOT / "k8s").rglob("*.yaml") if ROOT / "k8s" / "chart" not in path.parents)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: "/".join(file.parts[-2:]))
def test_values_are_quoted(file):
    """The files themselves quote on and off. kustomize adds the quotes to its output, but a user who copies a file would get booleans."""
    def values(node):
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        own = [node["value"]] if isinstance(node, dict) and "value" in node and "op" not in node else []
        return own + [value for child in children for value in values(child)]

    assert all(isinstance(value, str) for value in values(manifests.yaml().safe_load(file.read_text())))


def test_what_each_is_about():
    pods = {name: manifests.pod(manifests.build(name)) for name in manifests.OVERLAYS}
    assert {name for name, pod in pods.items() if pod.get("hostNetwork")} == {"daemonset", "datadog", "example", "otlp", "pods-host-network", "prometheus", "tls", "tls-client"}
    assert all(pod["dnsPolicy"] == "ClusterFirstWithHostNet" for pod in pods.values() if pod.get("hostNetwork"))
    for name in ("datadog", "tls", "tls-client", "host-proc", "pods", "pods-host-network"):
        mounts = {mount["name"]: mount for mount in pods[name]["containers"][0]["volumeMounts"]}
        volumes = {volume["name"] for volume in pods[name]["volumes"]}
        assert set(mounts) == volumes and all(mount["readOnly"] and "subPath" not in mount for mount in mounts.values())


def test_tls():
    """Without a client certificate a ConfigMap suffices; with one, a Secret does."""
    objects, pod = manifests.build("tls"), manifests.pod(manifests.build("tls"))
    env = manifests.environment(objects)
    assert env["SOCKPUSH_TO"].startswith("influx+tls://") and env["SOCKPUSH_TLS_CA"] == "/tls/ca.crt"
    assert not {"SOCKPUSH_TLS_CERT", "SOCKPUSH_TLS_KEY"} & set(env)
    assert pod["volumes"] == [{"name": "tls", "configMap": {"name": "sockpush-ca"}}] and "fsGroup" not in pod["securityContext"]
    objects, pod = manifests.build("tls-client"), manifests.pod(manifests.build("tls-client"))
    assert manifests.environment(objects) == {**env, "SOCKPUSH_TLS_CERT": "/tls/tls.crt", "SOCKPUSH_TLS_KEY": "/tls/tls.key"}
    assert pod["volumes"] == [{"name": "tls", "secret": {"secretName": "sockpush-tls", "defaultMode": 0o440}}]
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"] == 65534


# --- pods

POD_PATHS = {"/host/proc": "/proc", "/host/var/log/pods": "/var/log/pods"}
POD_ENV = {"SOCKPUSH_PODS": "on", "SOCKPUSH_PROC": "/host/proc", "SOCKPUSH_PID": "off"}


def paths(pod):
    """Returns the node's path for each of the mounts."""
    volumes = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in pod["containers"][0]["volumeMounts"]}


def test_pods():
    """The node's directories are mounted where SOCKPUSH_POD_LOGS looks for the names, below the folder in which SOCKPUSH_PROC lies.
    The node is counted apart only with its network."""
    for name, backend in ("pods", "off"), ("pods-host-network", None):
        objects = manifests.build(name)
        pod, env = manifests.pod(objects), manifests.environment(objects)
        assert paths(pod) == POD_PATHS and pod["automountServiceAccountToken"] is False and "hostPID" not in pod
        assert POD_ENV.items() <= env.items() and env.get("SOCKPUSH_BACKEND") == backend and ("SOCKPUSH_PORTS" in env) is (backend is None)


@pytest.mark.parametrize("overlay", ["datadog", "host-proc"])
def test_pods_component(tmp_path, overlay):
    """It adds to the volumes of an overlay, and sets the variables of both."""
    objects = manifests.with_component("pods", tmp_path, [], resources=[f"../{overlay}"])
    plain = manifests.build(overlay)
    assert POD_ENV.items() <= manifests.environment(objects).items() and paths(manifests.pod(objects)) == paths(manifests.pod(plain)) | POD_PATHS
    assert manifests.environment(objects) == manifests.environment(plain) | POD_ENV


# --- the overlay to copy

def copied(place, **replaced):
    """Returns the overlay example, copied as its comment describes, with texts replaced in its files."""
    tree = shutil.copytree(ROOT / "k8s", place / "k8s")
    mine = shutil.copytree(tree / "overlays" / "example", tree / "overlays" / "mine")
    for old, new in replaced.values():
        files = [path for path in mine.iterdir() if old in path.read_text()]
        assert files, old
        for path in files:
            path.write_text(path.read_text().replace(old, new))
    return manifests.build("mine", tree)


def test_example_is_the_daemonset_but_for_its_settings():
    objects, plain = manifests.build("example"), manifests.build("daemonset")
    variables = {one["name"]: one for one in manifests.sockpush(objects)["env"]}
    assert variables["SOCKPUSH_HTTP_TOKEN"]["valueFrom"] == {"secretKeyRef": {"name": "sockpush", "key": "token"}}
    assert {one["name"] for one in manifests.sockpush(plain)["env"]} == set(variables) - {"SOCKPUSH_HTTP_TOKEN"}
    for one in (objects, plain):
        del manifests.sockpush(one)["env"]
    assert objects == plain


def test_example_can_be_copied(tmp_path):
    objects = copied(tmp_path, to=("http://influxdb.monitoring.svc:8086/", "https://influx.example/"), image=("newName: sockpush", "newName: registry.example/sockpush"),
                     tag=("newTag: latest", "newTag: 0.1.0"), base=("- ../daemonset", "- ../host-proc"))
    assert manifests.environment(objects)["SOCKPUSH_TO"].startswith("https://influx.example/api/v2/write?")
    assert manifests.sockpush(objects)["image"] == "registry.example/sockpush:0.1.0"
    assert "hostNetwork" not in manifests.pod(objects) and manifests.environment(objects)["SOCKPUSH_PROC"] == "/host/proc"


# --- the components

def with_each_kind(place, component):
    place.mkdir(exist_ok=True)
    return manifests.with_component(component, place, [manifests.application(kind) for kind in manifests.KINDS])


def components(place, component):
    """Returns the pods of four applications, by kind, with the component added."""
    objects = with_each_kind(place, component)
    return {one["kind"]: one["spec"]["template"]["spec"] for one in objects if one["metadata"]["name"].startswith("app-")}


def test_sidecar(tmp_path):
    """It comes after the application's container, which stays the first. Job is excluded: it would never end."""
    pods = components(tmp_path, "sidecar")
    assert not manifests.in_pod(pods.pop("Job")) and set(pods) == {"Deployment", "StatefulSet", "DaemonSet"}
    for pod in pods.values():
        assert [one["name"] for one in pod["containers"]] == ["app", "sockpush"] and "initContainers" not in pod


def test_native_sidecar(tmp_path):
    pods = components(tmp_path, "native-sidecar")
    assert set(pods) == set(manifests.KINDS)
    for pod in pods.values():
        assert [one["name"] for one in pod["containers"]] == ["app"]
        assert [(one["name"], one["restartPolicy"]) for one in pod["initContainers"]] == [("sockpush", "Always")]


def test_sidecars_differ_in_nothing_else(tmp_path):
    containers = []
    for component in ("sidecar", "native-sidecar"):
        pods = components(tmp_path / component, component)
        containers += [{name: value for name, value in manifests.in_pod(pod)[0].items() if name != "restartPolicy"} for pod in pods.values() if manifests.in_pod(pod)]
    assert len(containers) == 7 and all(one == containers[0] for one in containers)


CRON_JOB = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "app"}, "spec": {
    "schedule": "0 0 * * *", "jobTemplate": {"spec": manifests.application("Job")["spec"]}}}


@pytest.mark.parametrize("component", ["sidecar", "native-sidecar"])
def test_sidecar_beside_the_daemonset(tmp_path, component):
    """One overlay may hold both: sockpush's own DaemonSet stays unchanged, and so does a CronJob. One entry in `images` sets both images."""
    images = [{"name": "sockpush", "newName": "registry.example/sockpush", "newTag": "0.1.0"}]
    objects = manifests.with_component(component, tmp_path, [manifests.application("Deployment"), CRON_JOB], resources=["../daemonset"], images=images)
    assert [one for one in objects if one["kind"] == "CronJob"] == [CRON_JOB]
    plain = manifests.build("daemonset")
    manifests.sockpush(plain)["image"] = "registry.example/sockpush:0.1.0"
    assert [one for one in objects if one["kind"] == "DaemonSet"] == [manifests.workload(plain)]
    [pod] = [one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"]
    assert manifests.in_pod(pod)[0]["image"] == "registry.example/sockpush:0.1.0"


def test_sidecar_overlays():
    """settings.yaml overrides the component's variables in both overlays."""
    pods = {name: manifests.pod(manifests.build(name)) for name in ("sidecar", "native-sidecar")}
    assert {one["name"] for one in pods["sidecar"]["containers"]} == {"app", "sockpush"} and "initContainers" not in pods["sidecar"]
    assert manifests.workload(manifests.build("sidecar"))["spec"]["template"]["metadata"]["annotations"] == {"kubectl.kubernetes.io/default-container": "app"}
    assert [one["name"] for one in pods["native-sidecar"]["containers"]] == ["job"] and manifests.workload(manifests.build("native-sidecar"))["kind"] == "Job"
    assert manifests.environment(manifests.build("native-sidecar"))["SOCKPUSH_INTERVAL"] == "1s"


def test_relay():
    """Both containers have the directory of the socket, where the application's variables name what sockpush listens to. No Service's
    variables are among them."""
    objects = manifests.build("relay")
    pod, listen = manifests.pod(objects), manifests.environment(objects)["SOCKPUSH_LISTEN"].split(",")
    [app] = pod["containers"]
    assert pod["enableServiceLinks"] is False and pod["volumes"] == [{"name": "sockpush", "emptyDir": {}}]
    assert app["volumeMounts"] == manifests.sockpush(objects)["volumeMounts"] == [{"name": "sockpush", "mountPath": "/run/sockpush"}]
    env = {one["name"]: one["value"] for one in app["env"]}
    assert {f"udp://{env['STATSD_HOST']}:{env['STATSD_PORT']}", f"udp://{env['STATSD_ADDR']}", env["DD_DOGSTATSD_URL"]} == set(listen)
    assert env["DD_DOGSTATSD_URL"] == f"unix://{env['DD_DOGSTATSD_SOCKET']}" and "DD_AGENT_HOST" not in env


def test_native_sidecar_is_first(tmp_path):
    """It starts before the other init containers, so it counts their connections too."""
    one = manifests.application("Job")
    one["spec"]["template"]["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:1"}]
    pod = manifests.pod(manifests.with_component("native-sidecar", tmp_path, [one]))
    assert [container["name"] for container in pod["initContainers"]] == ["sockpush", "migrate"]


def test_pid_takes_no_more(tmp_path):
    """It sets root and four capabilities; all else stays the same."""
    objects, plain = manifests.with_pid(tmp_path), manifests.build("daemonset")
    assert manifests.sockpush(objects)["securityContext"].pop("capabilities") == {"add": ["SYS_PTRACE", "DAC_READ_SEARCH", "SETUID", "SETGID"], "drop": ["ALL"]}
    manifests.sockpush(plain)["securityContext"].pop("capabilities")
    pod = manifests.pod(objects)
    assert pod.pop("hostPID") is True
    pod["securityContext"].update(runAsNonRoot=True, runAsUser=65534, runAsGroup=65534)
    assert objects == plain


@pytest.mark.parametrize("holder", [0, 1000])
def test_pid_is_found_with_these_rights(namespace, other_users, tmp_path, holder):
    """The owner is found for a process of root and for one of another user, whose /proc/PID/fd root may open only with
    CAP_DAC_READ_SEARCH."""
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
    """The alert names the one node of two that pushed an hour ago and is silent now."""
    text = (ROOT / "k8s" / "base" / "daemonset.yaml").read_text()
    expression = re.search(r"# +(group by .*)", text)[1]
    assert f"`{expression}`" in (ROOT / "docs" / "metrics.md").read_text()
    victoria = keep(servers.VictoriaMetrics(tmp_path))
    now = time.time_ns()
    line = "sockpush,backend=off,host={} poll_us=1i {}\n"
    points = [("node-1", now - 3600 * 10**9), ("node-2", now - 3600 * 10**9), ("node-1", now)]
    servers.put(8428, "/write", "".join(line.format(host, at - 10**9) for host, at in points).encode())
    victoria.settles(lambda: silent(victoria, expression), ["node-2"])


def silent(victoria, expression):
    servers.get(8428, "/internal/force_flush")
    return [row["metric"]["host"] for row in json.loads(servers.get(8428, "/api/v1/query", query=expression, nocache=1))["data"]["result"]]
