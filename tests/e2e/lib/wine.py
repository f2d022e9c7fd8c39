#!/usr/bin/python3
"""Runs sockpush.exe in place of build/sockpush: SOCKPUSH_TEST_BINARY=tests/e2e/lib/wine.py.

wine shows the tables of the network namespace in which its server was started, so another namespace gets a server of its own. A signal
that asks to end becomes Ctrl-C. When this script ends, so does the program. A certificate's path gets the drive on which wine shows /.

Services that wine starts may hold the program's stdout and stderr beyond its end. So if these are pipes, the program gets others, and a
process copies its output until it has ended, so that the test sees the pipe's end.
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import select
import shutil
import signal
import stat
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXE = ROOT / "build" / "windows" / "sockpush.exe"
HOME = ROOT / "build" / "wine"
PREFIX = HOME / "prefix"
PR_SET_PDEATHSIG = 1
ASKS_TO_END = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
PATHS = "SOCKPUSH_TLS_CA", "SOCKPUSH_TLS_CERT", "SOCKPUSH_TLS_KEY", "SSL_CERT_FILE"


def environment():
    return {"PATH": "/usr/bin:/bin", "HOME": str(HOME), "WINEPREFIX": str(PREFIX), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}


def on_drives():
    return {name: f"Z:{os.environ[name]}" for name in PATHS if os.environ.get(name, "").startswith("/")}


def quietly():
    return {"env": environment(), "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def server(*options):
    return subprocess.run([shutil.which("wineserver", path="/usr/bin:/usr/lib/wine"), *options], timeout=20, **quietly()).returncode


def server_of_this_namespace():
    """Starts the namespace's server, which stays for a while without programs. A program that starts while a server ends would end with
    it, with status 1 and no message."""
    known, here = HOME / "namespace", os.readlink("/proc/self/ns/net")
    if not known.exists() or known.read_text() != here:
        server("-k")
        known.write_text(here)
    if server("-p900") == 0:        # 2: a server runs already
        subprocess.run(["wine", "cmd", "/c", "exit"], timeout=120, **quietly())     # its services are up now


def copy(source, out, ended):
    """Copies until nobody reads `out`, or until nothing is left and nobody holds the other end of `source` or of `ended`."""
    poll = select.poll()
    for fd, events in (source, select.POLLIN), (out, 0), (ended, 0):
        poll.register(fd, events)
    while dict(poll.poll()).get(source, 0) & select.POLLIN:
        data = os.read(source, 1 << 16)
        while data:
            data = data[os.write(out, data):]


def copied(out, ended, running):
    """Returns a pipe's end. A process copies what is written there to `out`, until this process, the only holder of `running`, has ended."""
    source, sink = os.pipe()
    fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, fcntl.fcntl(out, fcntl.F_GETPIPE_SZ))
    if os.fork():
        os.close(source)
        return sink
    for number in ASKS_TO_END:
        signal.signal(number, signal.SIG_IGN)
    for fd in {1, 2, sink, running} - {out}:
        os.close(fd)
    with contextlib.suppress(BrokenPipeError):
        copy(source, out, ended)
    os._exit(0)


def outputs():
    """Returns the program's stdout and stderr. None, for this process's own, if that is not a pipe."""
    ended, running = os.pipe()
    return [copied(out, ended, running) if stat.S_ISFIFO(os.fstat(out).st_mode) else None for out in (1, 2)]


def main():
    if sys.argv[1:] == ["end"]:
        (HOME / "namespace").unlink(missing_ok=True)
        return server("-k")
    PREFIX.mkdir(parents=True, exist_ok=True)
    with open(HOME / "lock", "w") as lock:      # several may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        server_of_this_namespace()
    out, log = outputs()
    program = subprocess.Popen(["wine", str(EXE), *sys.argv[1:]], env={**os.environ, **environment(), **on_drives()}, stdout=out, stderr=log,
                               preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    for number in ASKS_TO_END:
        signal.signal(number, lambda *_: program.send_signal(signal.SIGINT))
    sys.exit(program.wait())


if __name__ == "__main__":
    main()
