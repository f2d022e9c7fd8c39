"""The Kubernetes manifests: built by kustomize, checked against Kubernetes' types, taken apart."""
import json
import re
import shutil
import subprocess

import pytest

from program import ROOT
from servers import NPM

OVERLAYS = sorted(path.name for path in (ROOT / "k8s" / "overlays").iterdir())
CHECKER = NPM / "k8s"
SAMPLES = {"spec.nodeName": "node-1", "metadata.name": "app-7d4b9c-x2x9z", "metadata.namespace": "shop"}    # of the downward API


def yaml():
    return pytest.importorskip("yaml", reason="no PyYAML on this machine")


def build(overlay, tree=ROOT / "k8s"):
    """Its objects, as they would be sent to a cluster."""
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("kubectl is not on this machine")
    done = subprocess.run([kubectl, "kustomize", str(tree / "overlays" / overlay)], capture_output=True, text=True, timeout=60)
    if re.search(r'unknown field "(patches|components)"|invalid Kustomization', done.stderr):
        pytest.skip(f"kubectl is too old: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
    return list(yaml().safe_load_all(done.stdout))


def with_pid(place):
    """The overlay daemonset with what its comment offers."""
    tree = shutil.copytree(ROOT / "k8s", place / "k8s")
    file = tree / "overlays" / "daemonset" / "kustomization.yaml"
    text = file.read_text()
    assert "  # - path: pid.yaml" in text
    file.write_text(text.replace("  # - path: pid.yaml", "  - path: pid.yaml"))
    return build("daemonset", tree)


def check(objects, place):
    """What is wrong with their shape: fields that are none, are missing, or have another type. TypeScript's compiler says it."""
    tsc = CHECKER / "node_modules" / ".bin" / "tsc"
    if not tsc.exists():
        pytest.skip("kubernetes-models is not there; `make receivers` gets it, or says why not")
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
    return next(one for one in objects if one["kind"] in ("DaemonSet", "Deployment"))


def pod(objects):
    return workload(objects)["spec"]["template"]["spec"]


def sockpush(objects):
    spec = pod(objects)
    return next(one for one in spec.get("initContainers", []) + spec["containers"] if one["name"] == "sockpush")


def environment(objects):
    """As the kubelet would set it."""
    return {one["name"]: one["value"] if "value" in one else SAMPLES[one["valueFrom"]["fieldRef"]["fieldPath"]] for one in sockpush(objects)["env"]}
