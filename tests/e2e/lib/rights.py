"""Root's rights, without which a test that makes namespaces, mounts or becomes another user is skipped; conftest.py counts it at the end."""
import os

import pytest


class NeedsRoot(pytest.skip.Exception):
    """Pytest takes it for the exception of pytest.skip()."""


def needs_root(reason):
    """Skips the test for want of root."""
    raise NeedsRoot(reason)


def skip(what, error):
    """Skips the test because of an OSError; for want of root if that is why."""
    if isinstance(error, PermissionError):
        needs_root(f"{what}: {error.strerror}")
    pytest.skip(f"{what}: {error}")


def is_machines_root():
    """Root of the machine or of a container owns /."""
    return os.geteuid() == os.stat("/").st_uid == 0
