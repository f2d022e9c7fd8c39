"""Packages of the binary that is built, and fresh trees of Debian to install them in."""
import os
import pathlib
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e/lib"), str(ROOT / "packaging")]

import build
import debian
import rights
from program import BINARY

TREES = ROOT / "build" / "third_party" / "trees"
# OpenRC is in one of them, for the package of Alpine.
INCLUDED = {"bookworm": "systemd,openrc", "trixie": "systemd"}


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """package(format, version, cpu) returns the path of a package. The binary in it is this machine's in any case."""
    place = tmp_path_factory.mktemp("packages")

    def make(format, version=None, cpu="x86_64", folder=place):
        return build.build(format, cpu, BINARY, folder, version)
    return make


@pytest.fixture(scope="session")
def next_package(package, tmp_path_factory):
    """next_package(format, …) returns the path of the package of version 0.2.0, which has one more variable in its list."""
    linux = tmp_path_factory.mktemp("next") / "linux"
    shutil.copytree(ROOT / "platform/linux", linux)
    with (linux / "sockpush.variables").open("a") as file:
        file.write("\n# what is new\n#SOCKPUSH_NEW=\n")

    def make(format, **more):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("package.SERVICE", linux / "service.sh")
            return package(format, "0.2.0", **more)
    return make


def fresh_tree(suite):
    """Returns the directory of a fresh minbase tree of Debian, which is made once and stays as it is."""
    if not os.environ.get("SOCKPUSH_TEST_SLOW"):
        pytest.skip("takes a minute: `make test-packages` runs it")
    TREES.mkdir(parents=True, exist_ok=True)
    debian.make_tree(TREES / suite, suite, "--variant=minbase", f"--include={INCLUDED[suite]}")
    return TREES / suite


@pytest.fixture(params=[pytest.param(suite, marks=pytest.mark.xdist_group(f"tree of {suite}")) for suite in INCLUDED])
def tree(request):
    """A tree of each suite. Its tests run in one process, which makes it."""
    return fresh_tree(request.param)


@pytest.fixture
def openrc_tree():
    return fresh_tree("bookworm")


@pytest.fixture
def namespace():
    """Runs the test in a network namespace of its own."""
    with rights.namespace_or_skip():
        yield
