"""A release's sums are signed so that a user can verify them without a network. The keys are made for the test."""
import hashlib
import shutil
import subprocess

import pytest

from program import ROOT

SIGNIFY = shutil.which("signify-openbsd")

pytestmark = pytest.mark.skipif(not SIGNIFY, reason="signify is not on this machine; `make deps FOR=sign` installs it")


def make_key(place, name):
    subprocess.run([SIGNIFY, "-G", "-n", "-p", place / f"{name}.pub", "-s", place / f"{name}.sec"], check=True)


def sign(place, secret="sockpush-1", public="sockpush-1"):
    return subprocess.run([ROOT / "packaging/sign.sh", place / f"{secret}.sec", place / f"{public}.pub", place / "dist"], capture_output=True, text=True)


@pytest.fixture
def place(tmp_path):
    """Two keys, and a folder as `make dist` leaves it."""
    for name in ("sockpush-1", "sockpush-2"):
        make_key(tmp_path, name)
    dist = tmp_path / "dist"
    dist.mkdir()
    files = {"sockpush-0.1.0-linux-mips": b"program", "sockpush_0.1.0-1_mips.deb": b"package"}
    for name, data in files.items():
        (dist / name).write_bytes(data)
    (dist / "SHA256SUMS").write_text("".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()))
    return tmp_path


def verified(place, key="sockpush-1"):
    """Runs the two commands of docs/deployment.md. Returns whether both succeed, with one of the files alone."""
    (place / "dist/sockpush-0.1.0-linux-mips").unlink(missing_ok=True)
    document = (ROOT / "docs/deployment.md").read_text()
    commands = [line.split("#")[0].strip() for line in document.splitlines() if line.startswith(("signify-openbsd -V", "sha256sum -c"))]
    assert len(commands) == 2
    shutil.copy(place / f"{key}.pub", place / "dist/sockpush-1.pub")
    return all(subprocess.run(["sh", "-c", command], cwd=place / "dist", capture_output=True).returncode == 0 for command in commands)


def test_verified(place):
    done = sign(place)
    assert done.returncode == 0, done.stderr
    assert verified(place)


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.sig", "sockpush_0.1.0-1_mips.deb"])
def test_a_changed_byte(place, name):
    sign(place)
    path = place / "dist" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert not verified(place)


def test_another_key(place):
    sign(place)
    assert not verified(place, "sockpush-2")


def test_signs_no_wrong_file(place):
    (place / "dist/sockpush_0.1.0-1_mips.deb").write_bytes(b"another")
    assert sign(place).returncode != 0 and not (place / "dist/SHA256SUMS.sig").exists()


def test_signs_with_no_wrong_key(place):
    """The public half that users have is another, or is not there yet."""
    for public, reason in (("sockpush-2", "wrong key"), ("sockpush-3", "is absent")):
        done = sign(place, public=public)
        assert done.returncode != 0 and reason in done.stderr
        assert [path.name for path in (place / "dist").iterdir() if "sig" in path.name or "new" in path.name] == []
