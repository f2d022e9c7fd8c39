"""The program on a terminal: tmux's, which keeps what is on the screen."""
import contextlib
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import pytest

import wait
from program import BINARY, environment

# The shell writes the terminal's settings before and after the program. Its job control lets the program be suspended.
SCRIPT = """set -m
stty -g >before
sh -c 'echo $$ >pid; exec "$0" --top {redirect}' {binary} 2>log
stty -g >suspended
fg >/dev/null 2>&1
stty -g >after
exec cat
"""


class Screen:
    def __init__(self, env, lines, term, redirect):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        (self.folder / "run").write_text(SCRIPT.format(binary=shlex.quote(str(BINARY)), redirect=redirect))
        words = ["env", "-i", "PATH=" + os.environ["PATH"], *(f"{name}={value}" for name, value in env.items()), "TERM=" + term, "sh", "run"]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", str(lines), "-c", str(self.folder), shlex.join(words))

    def tmux(self, *words):
        return subprocess.run(["tmux", "-u", "-S", str(self.folder / "socket"), *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              env={"PATH": os.environ["PATH"], "TERM": "screen", "SHELL": "/bin/sh"}).stdout

    @property
    def text(self):
        return self.tmux("capture-pane", "-p")

    @property
    def ports(self):
        """Returns the port, its line split into words, in the order on the screen."""
        return {line[3:].split()[0]: line.split() for line in self.text.partition("IP PORT")[2].splitlines()[1:] if line[:1] in ("4", "6")}

    @property
    def pid(self):
        return int((self.folder / "pid").read_text())

    def has(self, name):
        """Returns whether the shell has written this file."""
        return (self.folder / name).exists() and (self.folder / name).read_text().endswith("\n")

    def read(self, name):
        self.until(lambda: self.has(name))
        return (self.folder / name).read_text()

    def read_log(self):
        return (self.folder / "log").read_text()

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def until(self, condition):
        assert wait.until(condition), f"the screen:\n{self.text}\nthe log:\n{self.read_log()}"

    def modes(self):
        """Returns which of these the terminal does: another screen, a visible cursor, wrapped lines."""
        return self.tmux("display-message", "-p", "#{alternate_on}#{cursor_flag}#{wrap_flag}").strip()

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.tmux("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)     # the shell may still be writing


@contextlib.contextmanager
def opened(lines=24, term="screen", redirect="", **changes):
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    screen = Screen(environment({"SOCKPUSH_HOST": "web1", "SOCKPUSH_INTERVAL": "100ms"}, changes), lines, term, redirect)
    try:
        yield screen
    finally:
        screen.close()
