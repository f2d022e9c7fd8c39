"""Root's rights for the tests, which make namespaces, mount and become other users. An ordinary user gets them in a user namespace.

A test that is refused them even so is skipped, and conftest.py counts it at the end.
"""
import contextlib
import os
import pathlib
import pwd
import subprocess

import pytest

import netns

CLONE_NEWUSER = 0x10000000


class NeedsRoot(pytest.skip.Exception):
    """Pytest treats it as the exception of pytest.skip()."""


def needs_root(reason):
    """Skips the test because it needs root."""
    raise NeedsRoot(reason)


def skip(what, error):
    """Skips the test because of an OSError, or because it needs root if that is the reason."""
    if isinstance(error, PermissionError):
        needs_root(f"{what}: {error.strerror}")
    pytest.skip(f"{what}: {error}")


CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19}        # linux/capability.h


def needs_capability(name):
    """Skips the test without this capability, which a container's root often lacks."""
    [mask] = [line.split()[1] for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")]
    if not int(mask, 16) >> CAPABILITIES[name] & 1:
        needs_root(f"without {name}")


def open_of(pid, name):
    """Opens a file of a process in procfs. sockpush is not dumpable, and may have become another user."""
    try:
        return open(f"/proc/{pid}/{name}")
    except PermissionError:
        needs_root("without CAP_SYS_PTRACE")


@contextlib.contextmanager
def namespace_or_skip():
    """Enters a network namespace for the block."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(netns.entered())
        except (OSError, subprocess.CalledProcessError) as error:
            skip("can't make a network namespace", error)
        yield


def is_machines_root():
    """Returns whether this is the machine's or a container's root, who owns /. The root of a user namespace does not."""
    return os.geteuid() == os.stat("/").st_uid == 0


def become_root():
    """Makes an ordinary user's process root of a new user namespace, which its children inherit. Does nothing for root, nor if the kernel
    or AppArmor refuses.

    A process with threads may not enter one (user_namespaces(7)), and xdist's workers have threads. They inherit the namespace from the
    pytest that starts them, if that has loaded conftest.py, so if its arguments name tests/e2e or a part of it.
    """
    if os.geteuid() == 0 or len(os.listdir("/proc/self/task")) > 1:
        return
    os.environ.setdefault("USER", str(os.geteuid()))    # pytest names its directory in /tmp by USER; root's would belong to another user
    for enter in _with_other_users, _alone:
        if _works(enter):
            return _become_root(enter)


def _become_root(enter):
    """Enters a network namespace, too: setns(2) could not return to the machine's, which does not belong to the user namespace."""
    enter()
    netns.unshare(netns.CLONE_NEWNET)
    netns.ip("link", "set", "lo", "up")


def _works(enter):
    """Tries it in a child, because there is no way back. AppArmor may allow the user namespace, but nothing in it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        _become_root(enter)
        netns.unshare(netns.CLONE_NEWNS | netns.CLONE_NEWUTS | netns.CLONE_NEWPID)
        os._exit(0)
    finally:
        os._exit(1)


def _with_other_users():
    """Maps the user's ids in /etc/subuid, too, by newuidmap, which has to run outside of the namespace."""
    maps = [" ".join(map(str, [os.getpid(), 0, own, 1, 1, *_range(path)])) for own, path in ((os.geteuid(), "/etc/subuid"), (os.getegid(), "/etc/subgid"))]
    script = f"read go && newuidmap {maps[0]} && newgidmap {maps[1]}"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as outside:
        netns.unshare(CLONE_NEWUSER)
        outside.communicate(b"go\n")
    if outside.returncode:
        raise OSError("newuidmap refuses")


def _range(path):
    """Returns the first of the user's ids in that file, and their number, as texts."""
    user = str(os.geteuid()), pwd.getpwuid(os.geteuid()).pw_name
    [found, *_] = [line.split(":")[1:] for line in pathlib.Path(path).read_text().split() if line.split(":")[0] in user]
    return found


def _alone():
    """Maps only the user's own id."""
    maps = {"setgroups": "deny", "uid_map": f"0 {os.geteuid()} 1", "gid_map": f"0 {os.getegid()} 1"}
    netns.unshare(CLONE_NEWUSER)
    for name, text in maps.items():
        pathlib.Path(f"/proc/self/{name}").write_text(text)
