"""Files that run on other people's machines: the compose example, the release's workflow."""
import json
import re
import shutil
import subprocess

import pytest

import manifests
from program import ROOT, environment, run_binary


def read(*path):
    return manifests.yaml().safe_load((ROOT.joinpath(*path)).read_text())


def test_compose():
    """The files that it mounts exist. sockpush shares the application's network, has the least rights, and understands its environment."""
    services = read("docker", "compose.yaml")["services"]
    one = services["sockpush"]
    assert one["network_mode"] == "service:app" and one["read_only"] is True and one["cap_drop"] == ["ALL"]
    assert (ROOT / "docker" / one["build"]["context"] / one["build"]["dockerfile"]).exists()
    env = one["environment"]
    assert all(isinstance(value, str) for value in env.values())
    run = run_binary(environment(env, {"to": "influx+stdout:", "polls": "1"}))
    assert run.status == 0 and "warn" not in run.log
    assert ("netstat_port", "80") in {(point.measurement, point.tag("addr_port")) for point in run.points if point.measurement == "netstat_port"}
    host, port = re.fullmatch(r"http://(\w+):(\d+)/write", env["SOCKPUSH_TO"]).groups()
    assert host in services and read("docker", "grafana", "datasources.yaml")["datasources"][0]["url"] == f"http://{host}:{port}"
    for service in services.values():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert not source.startswith(".") or (ROOT / "docker" / source).is_file(), source
    dashboards = read("docker", "grafana", "dashboards.yaml")["providers"][0]["options"]["path"]
    assert any(f":{dashboards}/" in volume for volume in services["grafana"]["volumes"])
    assert json.loads((ROOT / "docker" / "dashboard.json").read_text())["uid"] == "sockpush"


def test_workflow(tmp_path):
    """Its scripts are sound, its jobs wait for existing jobs, and the programs that it calls exist."""
    flow = read(".github", "workflows", "release.yml")
    scripts = [step["run"] for job in flow["jobs"].values() for step in job["steps"] if "run" in step]
    assert any(".ci/release" in script for script in scripts) and (ROOT / ".ci" / "release").exists()
    for job in flow["jobs"].values():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(flow["jobs"])
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not on this machine; `make deps FOR=lint` installs it")
    for script in scripts:
        assert "${{" not in script, "foreign text in a script"
        subprocess.run(["shellcheck", "-s", "bash", "-"], input=script, text=True, check=True)
