"""Makes system calls of a running program fail. The kernel shows each call to this process (seccomp_unotify(2)), which lets it be made, or
answers it with an errno. So it is the shipped binary that is tested. For x86_64 alone."""
import array    # noqa: F401, which socket.send_fds would import in the child
import contextlib
import ctypes
import fcntl
import functools
import os
import pathlib
import platform
import re
import select
import socket
import struct
import subprocess
import threading

import wait
from program import ROOT

PR_SET_NO_NEW_PRIVS, SET_MODE_FILTER, NEW_LISTENER = 38, 1, 1 << 3
ALLOW, USER_NOTIF, CONTINUE = 0x7FFF0000, 0x7FC00000, 1
RECEIVE, ANSWER = 0xC0502100, 0xC0182101        # SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND
_NOTICE, _ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06       # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K

_libc = ctypes.CDLL(None, use_errno=True)


def _numbers():
    header = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    found = re.findall(r"#define __NR_(\w+) (\d+)", header.read_text()) if header.exists() else ()
    return {name: int(number) for name, number in found}


NUMBERS = _numbers()
NAMES = {number: name for name, number in NUMBERS.items()}


@functools.cache
def unsupported():
    """Returns why calls cannot be made to fail here, or "". It is tried: a kernel before 5.5 cannot continue a call, and a process has no second
    listener, as in containers whose runtime has one."""
    if platform.machine() != "x86_64" or not NUMBERS:
        return "not x86_64, or no headers of the kernel"
    seen = []
    supervisor = Supervisor(lambda *call: seen.append(call) or 0)
    try:
        try:
            subprocess.run(["true"], preexec_fn=supervisor.preexec, timeout=wait.DEADLINE, stdin=subprocess.DEVNULL)
        finally:
            supervisor.close()
    except (OSError, subprocess.SubprocessError) as error:
        return f"calls are not shown (seccomp_unotify(2)): {error}"
    return "" if seen else "calls are not shown (seccomp_unotify(2))"


def table():
    """Returns the calls of the sandbox's own table."""
    return set(re.findall(r"(?:CALL|WITH)\((\w+), [A-Z]", (ROOT / "platform/linux/seccomp_filter.c").read_text()))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _filter():
    """Returns the filter that shows all calls but those that end a thread, return from a signal, or send the listener."""
    left = [NUMBERS[name] for name in ("sendmsg", "exit", "exit_group", "rt_sigreturn")]
    code = [(_LOAD, 0, 0, 0), *((_EQUAL, len(left) - i, 0, number) for i, number in enumerate(left)),
            (_RETURN, 0, 0, USER_NOTIF), (_RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in code)


class Supervisor:
    """decide(thread, call, arguments) returns the errno with which a call of the program fails, 0 if the kernel shall make it. It is asked in a
    thread of this process, about all calls after execve(2) but those that the headers do not know. `preexec` is for Popen. close() is for the end, when the program has ended."""

    def __init__(self, decide):
        self._decide = decide
        self._ours, self._childs = socket.socketpair()
        self._started = False
        self.calls, self.failure = 0, None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def preexec(self):
        text = _filter()
        buffer = ctypes.create_string_buffer(text, len(text))
        program = _Program(len(text) // 8, ctypes.addressof(buffer))
        words = [ctypes.c_long(word) for word in (NUMBERS["seccomp"], SET_MODE_FILTER, NEW_LISTENER)]
        # A first time, so that the second needs no memory that is not there yet, and makes no call that nobody answers.
        socket.send_fds(self._childs, [b"."], [self._childs.fileno()])
        if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        listener = _libc.syscall(*words, ctypes.byref(program))
        if listener < 0:
            raise OSError(ctypes.get_errno(), "seccomp")
        socket.send_fds(self._childs, [b"."], [listener])

    def close(self):
        self._childs.close()
        self._thread.join()
        self._ours.close()
        if self.failure:
            raise self.failure

    def _run(self):
        first, second = (socket.recv_fds(self._ours, 1, 1)[1] for _ in range(2))
        for descriptor in first:
            os.close(descriptor)
        for listener in second:
            try:
                self._serve(listener)
            except OSError as error:
                self.failure = error
            finally:
                os.close(listener)      # calls that are not answered fail then

    def _serve(self, listener):
        waiting = select.poll()
        waiting.register(listener, select.POLLIN)
        while True:
            [(_, events)] = waiting.poll()
            if not events & select.POLLIN:
                return          # the last process has ended
            notice = bytearray(_NOTICE.size)
            with contextlib.suppress(FileNotFoundError):        # the caller was killed meanwhile
                fcntl.ioctl(listener, RECEIVE, notice)
                one, thread, _, number, _, _, *arguments = _NOTICE.unpack(notice)
                error = self._error(thread, number, arguments)
                fcntl.ioctl(listener, ANSWER, _ANSWER.pack(one, 0, -error, 0 if error else CONTINUE))

    def _error(self, thread, number, arguments):
        name = NAMES.get(number)
        if not self._started or not name:
            self._started |= name == "execve"
            return 0
        self.calls += 1
        try:
            return self._decide(thread, name, arguments)
        except BaseException as error:      # the program goes on, close() raises it
            self.failure = error
            return 0
