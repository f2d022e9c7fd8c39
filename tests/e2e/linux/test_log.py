"""The log of root that has become another user, who may not open root's pipe or terminal again: no line of it waits for a reader."""
import contextlib
import os
import pty

import pytest

from program import BINARY, Program, environment

pytestmark = [pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="a build with sanitizers has no sandbox"),
              pytest.mark.usefixtures("other_users")]
LOG = 3             # the first descriptor that the program opens
STOP = b"\x13"      # Ctrl-S


class Logging(Program):
    """Its log goes to `end`, which Program does not read."""

    def __init__(self, end):
        env = {"to": "influx+stdout:", "interval": "100ms", "host": "a"}
        super().__init__(environment({}, env), preexec_fn=lambda: os.dup2(end, 2))

    def goes_on(self):
        polls = lambda: self.out.count("\nsockpush,")
        before = polls()
        self.until(lambda: polls() > before + 5)

    def target(self, fd):
        with contextlib.suppress(FileNotFoundError):
            return os.readlink(f"/proc/{self.process.pid}/fd/{fd}")

    def waits(self, fd):
        """Returns whether who writes to this descriptor waits for its reader."""
        [flags] = [line.split()[1] for line in open(f"/proc/{self.process.pid}/fdinfo/{fd}") if line.startswith("flags:")]
        return not int(flags, 8) & os.O_NONBLOCK


@pytest.fixture
def logging():
    programs = []

    def make(end):
        programs.append(Logging(end))
        return programs[-1]
    yield make
    for program in programs:
        program.kill()


def fill(path):
    """Fills the pipe or terminal, whose other users go on to wait."""
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(fd, b"x" * 256)
    os.close(fd)


def check(program):
    program.goes_on()
    assert program.target(LOG) == program.target(2), "it is not opened anew"
    assert program.waits(2), "whoever shares it would be affected"
    assert not program.waits(LOG)
    assert program.end() == 0


@pytest.mark.parametrize("ends", [os.pipe, pty.openpty], ids=["pipe", "terminal"])
def test_nobody_reads(logging, ends):
    reader, writer = ends()
    fill(f"/proc/self/fd/{writer}")
    check(logging(writer))
    os.close(reader)
    os.close(writer)


def test_a_terminal_is_stopped(logging):
    master, slave = pty.openpty()
    os.write(master, STOP)
    check(logging(slave))
    os.close(master)
    os.close(slave)


def test_a_file_is_not_opened_anew(logging, tmp_path):
    """Who else writes to it shares its position."""
    with open(tmp_path / "log", "wb") as log:
        program = logging(log.fileno())
    program.goes_on()
    assert program.target(2) == str(tmp_path / "log") != program.target(LOG)
    assert program.end() == 0 and "ends after" in (tmp_path / "log").read_text()
