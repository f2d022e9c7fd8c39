"""The script for hosted machines of other systems finds nothing wrong here."""
import subprocess
import sys

import pytest

from program import BINARY, ROOT

pytestmark = pytest.mark.windows


def test_known_sockets(namespace, tmp_path):
    done = subprocess.run([sys.executable, ROOT / "tests" / "hosted" / "known_sockets.py", BINARY, tmp_path], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(text in done.stdout for text in ("IPv4: 6 series", "IPv6: 6 series", "both: 3 series")) and ": 0 wrong" in done.stdout
    assert done.stdout.count("flushed at the end") == 2
    assert list(tmp_path.glob("sockpush-*.recording"))
