"""How wide Landlock leaves the file system open where a directory that is needed is absent."""
import errno
import os
import pathlib
import tempfile

import pytest

import inject
from confined import LANDLOCK, of_x86_64, running, with_landlock, without_sanitizers      # noqa: F401
from program import ONE_POLL, environment, run_binary

pytestmark = [without_sanitizers, of_x86_64, with_landlock]


@pytest.fixture
def place():
    """A directory that everyone may read, unlike pytest's, so that Landlock alone closes what is in it."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def opened(program, *paths):
    """Returns for each file 0, or the errno of opening it to read."""
    with inject.into(program.process) as process:
        return [max(0, -process.call(257, -100, os.fsencode(path), 0, 0)) for path in paths]


def write(path):
    path.parent.mkdir(exist_ok=True)
    path.write_text("text")


def test_bundles_of_other_distributions_open_nothing(as_root, etc, running):
    """Without a directory of certificates, /etc is not read in their stead."""
    program = running(to="influx+tls://127.0.0.1:9", popen={"preexec_fn": etc.enter})
    assert opened(program, "/etc/resolv.conf") == [errno.EACCES]
    assert f", Landlock {LANDLOCK}, " in program.log


def test_names_need_etc(as_root, etc, running):
    etc.write("other", "")
    program = running(to="influx+udp://localhost:9", popen={"preexec_fn": etc.enter})
    assert opened(program, "/etc/hosts", "/etc/other", "/bin/sh") == [errno.ENOENT, 0, errno.EACCES]
    assert f", Landlock {LANDLOCK}, " in program.log


def test_a_secret_may_be_mounted_later(as_root, place, running):
    """The nearest directory that exists is open, and named once for all files of it."""
    write(place / "outside" / "file")
    (place / "secrets").mkdir()
    names = {f"tls_{name}": place / "secrets" / "tls" / f"{name}.pem" for name in ("ca", "cert", "key")}
    program = running(to="influx+tls://127.0.0.1:9", **names)
    write(place / "secrets" / "tls" / "key.pem")
    assert opened(program, names["tls_key"], place / "outside" / "file") == [0, errno.EACCES]
    assert f", Landlock {LANDLOCK} (all of {place}/secrets), " in program.log


def test_a_link_into_a_directory_that_comes_later(as_root, etc, place, running):
    write(place / "outside" / "file")
    (place / "run").mkdir()
    (etc.folder / "resolv.conf").unlink()
    (etc.folder / "resolv.conf").symlink_to(place / "run" / "dhcp" / "resolv.conf")
    program = running(to="influx+udp://localhost:9", popen={"preexec_fn": etc.enter})
    write(place / "run" / "dhcp" / "resolv.conf")
    assert opened(program, "/etc/resolv.conf", place / "outside" / "file") == [0, errno.EACCES]
    assert f", Landlock {LANDLOCK} (all of {place}/run), " in program.log


@pytest.mark.parametrize("path", ["/absent-in-the-root/ca.pem", "/absent-in-the-root.pem"])
def test_the_whole_file_system_is_named_and_not_strict(as_root, running, path):
    env = {"to": "influx+tls://127.0.0.1:9", "tls_ca": path}
    text = f", Landlock {LANDLOCK} (all of /), "
    assert text in running(**env).log
    run = run_binary(environment(ONE_POLL, {**env, "sandbox": "strict"}))
    assert run.status == 2 and text in run.log
