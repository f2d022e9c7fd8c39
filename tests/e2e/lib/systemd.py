"""systemd as process 1 of namespaces of its own, but in the caller's network namespace."""
import contextlib
import os
import pathlib
import subprocess

import rights
import wait
from program import children


def control_groups():
    """Returns where version 2 is mounted, alone or beside version 1, or None."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        if words[words.index("-") + 1] == "cgroup2":
            return pathlib.Path(words[4])


class Systemd:
    """`script` runs in the namespaces with these words as $1 and so on, mounts what systemd is to see, and executes it."""

    def __init__(self, script, *words):
        # Its control groups are below one made for this test, so that none remains.
        self.group = control_groups() / f"sockpush-test-{os.getpid()}"
        try:
            self.group.mkdir(exist_ok=True)     # one may be left of a killed run that had this pid
        except PermissionError as error:
            rights.skip("can't make a control group", error)
        namespaces = ["--pid", "--mount", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
        self.process = subprocess.Popen(["unshare", *namespaces, "sh", "-c", script, "sh", *words], preexec_fn=self._join, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def _join(self):
        (self.group / "cgroup.procs").write_text("0")

    @property
    def init(self):
        """Returns systemd's pid, or None if it is not there yet, or gone."""
        with contextlib.suppress(OSError):
            for pid in children(self.process.pid):
                return pid

    def run(self, *words):
        """Runs a command beside systemd. Returns what is known after its end."""
        return subprocess.run(["nsenter", "-t", str(self.init), "-p", "-m", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)

    def systemctl(self, *words):
        return self.run("systemctl", *words)

    def show(self, name):
        return self.systemctl("show", "--value", "-p", name, "sockpush").stdout.strip()

    @property
    def ended(self):
        return self.process.poll() is not None

    @property
    def reason(self):
        """Returns why it has ended, or did not begin."""
        return self.process.stderr.read()[-300:]

    def path(self, path):
        """Returns a path of the files that systemd sees."""
        return pathlib.Path(f"/proc/{self.init}/root{path}")

    def close(self):
        if self.init:
            os.kill(self.init, 9)
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

        def removed():
            for inner in sorted([self.group, *self.group.rglob("*/")], reverse=True):
                with contextlib.suppress(OSError):
                    inner.rmdir()
            return not self.group.exists()

        assert wait.until(removed), "a control group is left"
