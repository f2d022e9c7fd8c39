"""Trees of Debian's packages, by mmdebstrap and this machine's settings for package archives."""
import shutil
import subprocess

import pytest

import rights


# The start of a script with the arguments TREE PLACE …: it puts an overlay of the tree, which stays as it is, at PLACE/root, and goes to PLACE.
OVERLAY = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none "$2"
cd "$2"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" root
"""


def make_tree(path, suite, *words):
    """Puts the tree at the path, a .tar or a directory, unless it is there. Skips the test if it cannot be made."""
    if path.exists():
        return
    if not shutil.which("mmdebstrap"):
        pytest.skip("mmdebstrap is not on this machine; `make deps FOR=packages` installs it")
    if not rights.is_machines_root():
        rights.needs_root("mmdebstrap makes devices")
    part = path.with_name(f"part-{path.name}")
    shutil.rmtree(part, ignore_errors=True)
    # APT's sandbox user cannot write /dev/null on each machine.
    command = ["mmdebstrap", *words, '--aptopt=APT::Sandbox::User "root"', suite, part]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"mmdebstrap makes no tree of {suite}: {done.stderr[-300:]}")
    part.rename(path)
