"""The effect of each signal."""
import signal

import pytest

import procfs
import wait

ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
LEFT = ["SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGSEGV", "SIGSYS", "SIGSTKFLT"]
STOPPING = ["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT", "SIGCHLD", "SIGURG", "SIGWINCH"]     # these end nothing by default


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


@pytest.mark.parametrize("number", sorted(signal.valid_signals()))
def test_every_signal(root, start, number):
    """Signals that ask for an end end it, faults and requests for a core dump kill it, all others do nothing."""
    name = signal.Signals(number).name if number in set(signal.Signals) else ""
    if name in STOPPING:
        pytest.skip("ends nothing by default")
    if 32 <= number <= 34:
        pytest.skip("the C library's own")
    program = start(proc=root, interval="100ms", popen={"preexec_fn": lambda: number in (9, 19) or signal.signal(number, signal.SIG_DFL)})
    program.until(lambda: program.out)
    program.process.send_signal(number)
    if number in ENDING or name in ("SIGXCPU", "SIGPWR"):
        assert program.process.wait(wait.DEADLINE) == 0
    elif name in LEFT:
        assert program.process.wait(wait.DEADLINE) == -number
    else:
        polls = len(program.influx_polls())
        program.until(lambda: len(program.influx_polls()) > polls + 2)
        assert program.end() == 0
