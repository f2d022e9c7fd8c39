"""The files of `make dist`: each processor's binaries, their sums, and true lists of their contents."""
import hashlib
import json
import shutil
import subprocess

import pytest

import manifests
from build_mk import variable
from program import ROOT

DIST = ROOT / "build" / "dist"
NPM = manifests.CHECKER.parent / "release"

pytestmark = pytest.mark.skipif(not (DIST / "SHA256SUMS").exists(), reason="`make dist` has not been run")


def lists():
    return {path.name.removesuffix(".cdx.json"): json.loads(path.read_text()) for path in DIST.glob("*.cdx.json")}


def packages():
    names = [name for name in lists() if name.endswith("-packages")]
    if not names:
        pytest.skip("build/dist is from before there were packages; `make dist` writes it anew")
    [name] = names
    return lists()[name]["components"]


def digest(name):
    return [{"alg": "SHA-256", "content": hashlib.sha256((DIST / name).read_bytes()).hexdigest()}]


def test_every_processor():
    names = {path.name for path in DIST.iterdir()}
    for cpu in variable("PROCESSORS").split():
        for kind in ("", "-no-tls"):
            [name] = [name for name in names if name.endswith(f"-linux-{cpu}{kind}")]
            assert f"{name}.cdx.json" in names


def test_every_package():
    """Those that are listed are there, and name the binary in them."""
    suffixes = (".deb", ".rpm", ".apk", ".ipk")
    assert {one["name"] for one in packages()} == {path.name for path in DIST.iterdir() if path.suffix in suffixes}
    for suffix, least in zip(suffixes, (10, 10, 8, 8)):
        assert sum(one["name"].endswith(suffix) for one in packages()) == least
    for one in packages():
        [binary] = one["components"]
        assert one["hashes"] == digest(one["name"]) and binary["hashes"] == digest(binary["name"])
        [bom] = binary["externalReferences"]
        assert (DIST / bom["url"]).exists()


def test_sums():
    listed = {name: sum for sum, name in (line.split() for line in (DIST / "SHA256SUMS").read_text().splitlines())}
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DIST.iterdir() if not path.name.startswith("SHA256SUMS")}


def test_lists_are_true():
    for name, listed in lists().items():
        if name.endswith("-packages"):
            continue
        assert listed["metadata"]["component"]["hashes"] == digest(name)
        inside = {one["name"] for one in listed["components"]}
        assert {"musl", "cjson"} <= inside <= {"musl", "cjson", "mbedtls", "libgcc"}
        assert ("mbedtls" in inside) == ("no-tls" not in name)


def test_licences():
    [path] = DIST.glob("*.licenses")
    text = path.read_text()
    for name, words in {"sockpush": "MIT License", "cjson": "Dave Gamble", "musl": "Rich Felker", "mbedtls": "Apache License"}.items():
        assert f"=== {name}\n" in text and words in text


@pytest.mark.skipif(not shutil.which("node") or not NPM.exists(), reason="node, or what it checks with, is not there")
def test_lists_are_what_cyclonedx_takes():
    script = """
        import { readFileSync } from "node:fs"
        import { createRequire } from "node:module"
        const { Validation, Spec } = createRequire(process.argv[1] + "/")("@cyclonedx/cyclonedx-library")
        const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5)
        for (const path of process.argv.slice(2)) {
            const wrong = await validator.validate(readFileSync(path, "utf8"))
            for (const one of wrong ?? []) { console.log(path, one.instancePath, one.message); process.exitCode = 1 }
        }"""
    paths = sorted(DIST.glob("*.cdx.json"))
    done = subprocess.run(["node", "--input-type=module", "-e", script, NPM, *paths], capture_output=True, text=True)
    assert paths and done.returncode == 0, done.stdout + done.stderr
