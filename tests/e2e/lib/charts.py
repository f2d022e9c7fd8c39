"""The Helm chart in k8s/chart: rendered by helm, with values."""
import functools
import re
import shutil
import subprocess

import pytest

import manifests
from program import ROOT

CHART = ROOT / "k8s" / "chart"
PARENT = ROOT / "tests" / "e2e" / "containers" / "parent"


@functools.cache
def program():
    """Returns the path of helm 4. Helm 3 makes the same objects, but words otherwise what it refuses."""
    path = manifests.tool("helm")
    version = subprocess.run([path, "version", "--short"], capture_output=True, text=True, check=True).stdout
    if version.startswith("v4."):
        return path
    pytest.skip(f"this machine's helm is {version.strip()}, and not version 4")


def helm(*arguments, place, values=None):
    """Runs helm, whose files are in the folder `place`. Returns the finished process."""
    if values is not None:
        (place / "values.yaml").write_text(manifests.yaml().safe_dump(values))
        arguments += ("--values", place / "values.yaml")
    env = {f"HELM_{name}_HOME": str(place / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run([program(), *arguments], env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True, timeout=60)


def template(values, place, *arguments, chart=CHART, release="sockpush"):
    """Returns the objects that the chart makes of the values."""
    done = helm("template", release, chart, "--namespace", "sockpush", *arguments, place=place, values=values)
    assert done.returncode == 0, done.stderr
    return [one for one in manifests.yaml().safe_load_all(done.stdout) if one]


def refused(values, place):
    """Returns the settings that helm refuses by the schema, or another value's path where only that is refused."""
    done = helm("template", "sockpush", CHART, place=place, values=values)
    assert bool(done.returncode) == ("don't meet the specifications of the schema" in done.stderr), done.stderr
    assert "match pattern" not in done.stderr and "'not' failed" not in done.stderr, "it says what is accepted"
    paths = re.findall(r"at '/?([^']*)'", done.stderr)
    return {path.split("/")[1] for path in paths if path.startswith("settings/")} or {path for path in paths if path}


def parent(place):
    """Returns a copy of the chart PARENT, with k8s/chart in it, which helm itself put there."""
    shutil.copytree(CHART, place / "chart")
    chart = shutil.copytree(PARENT, place / "parent")
    done = helm("dependency", "update", chart, place=place)
    assert done.returncode == 0, done.stderr
    return chart
