"""Containers run by podman with the test's own storage and settings. `make image` builds the image under test."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import debian
import rights
from program import ROOT

BASE = "docker.io/library/debian:bookworm-slim"     # the Dockerfile's base image; here a tree made of packages
TREE = ROOT / "build" / "third_party" / "bookworm-slim.tar"
LEAST = ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--user=65534")
# These settings also work where crun, cgroups of version 2 or higher limits are refused.
SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
tmp_dir = "DIR/run/libpod"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "DIR/root"
runroot = "DIR/run"
"""
BUILD_ARGS = "--pull=never --network=host --ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024"


class Podman:
    def __init__(self, place):
        self.place = place
        if not all(map(shutil.which, ("podman", "runc", "catatonit"))):
            pytest.skip("podman, runc or catatonit is not on this machine; `make deps FOR=container` installs them")
        if not rights.is_machines_root():
            rights.needs_root("podman mounts its storage and makes control groups")
        for name, text in (("containers.conf", SETTINGS), ("storage.conf", STORAGE)):
            (place / name).write_text(text.replace("DIR", str(place)))
        self.env = {**os.environ, "CONTAINERS_CONF": str(place / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(place / "storage.conf")}
        probe = self.ask("info")
        if probe.returncode:
            pytest.skip(f"podman refuses: {probe.stderr[-300:]}")

    def ask(self, *words, timeout=60, **more):
        return subprocess.run(["podman", *words], env=self.env, timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)

    def do(self, *words, **more):
        """Runs podman and asserts success. Returns its output."""
        done = self.ask(*words, **more)
        if re.search(r"(clone|unshare|mount|cgroup)[^\n]*(not permitted|denied)", done.stderr):
            pytest.skip(f"podman is refused what it needs: {done.stderr[-300:]}")
        assert done.returncode == 0, f"podman {' '.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    def run(self, /, *words, **env):
        """Runs sockpush in its image to its end. Returns status, stdout, stderr."""
        return self.ask("run", "--rm", *words, *(f"--env=SOCKPUSH_{name.upper()}={value}" for name, value in env.items()), "sockpush")

    def start(self, *words):
        """Starts a container in the background. Returns its id."""
        return self.do("run", "-d", *words).strip()

    def log(self, container):
        done = self.ask("logs", container)
        return done.stdout + done.stderr

    def inspect(self, image):
        return json.loads(self.do("image", "inspect", image))[0]

    def close(self):
        self.ask("pod", "rm", "-fa", "-t", "0")
        self.ask("rm", "-fa", "-t", "0")
        self.ask("rmi", "-fa")      # not `system reset`, which also removes the user's networks
        subprocess.run(["umount", self.place / "root" / "overlay"], stderr=subprocess.DEVNULL)


def make_base(podman):
    """Builds the base image of packages, because no registry is reachable here."""
    debian.make_tree(TREE, "bookworm", "--variant=apt")
    podman.do("import", str(TREE), BASE)


def make_image(podman):
    """Builds the image as a user would, except that nothing is pulled, and that the build stage reaches packages as this machine does."""
    tools = pathlib.Path(podman.env["CONTAINERS_CONF"]).parent / "tools"
    tools.mkdir()
    (tools / "docker").write_text("#!/bin/sh\nexit 1\n")        # replaces this machine's docker: the image is podman's
    (tools / "docker").chmod(0o755)
    done = subprocess.run(["make", "--no-print-directory", "image", f"IMAGE_ARGS={BUILD_ARGS}"], cwd=ROOT, timeout=600, stdin=subprocess.DEVNULL,
                          env={**podman.env, "PATH": f"{tools}:{podman.env['PATH']}"}, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.fixture(scope="session")
def podman(binary):
    """Returns a podman in a directory with a short name: where "…/run" has more than 50 letters, each podman run takes 20 s."""
    with tempfile.TemporaryDirectory(prefix="podman-") as place:
        one = Podman(pathlib.Path(place))
        try:
            make_base(one)
            make_image(one)
            yield one
        finally:
            one.close()
