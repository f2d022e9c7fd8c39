"""Makes a stopped process call the kernel, as an attacker who has taken over the program would. For x86_64 alone."""
import contextlib
import ctypes
import os
import signal

import rights
import wait

ATTACH, DETACH, SINGLESTEP, GETREGS, SETREGS = 16, 17, 9, 12, 13
_REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
_SYSCALL = b"\x0f\x05"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Registers(ctypes.Structure):
    """struct user_regs_struct of sys/user.h."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in _REGISTERS]


def _ptrace(request, pid, data=None):
    if _libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


class Injected:
    """A process whose first thread waits in a call, whose instruction the injected calls use. Texts and bytes are put on its stack."""

    def __init__(self, pid):
        self.pid, self.registers = pid, Registers()

    @property
    def waits(self):
        """Returns whether the stopped thread waits in a call, after a look at its registers."""
        _ptrace(GETREGS, self.pid, ctypes.byref(self.registers))
        with open(f"/proc/{self.pid}/mem", "rb") as memory:
            memory.seek(self.registers.rip - 2)
            return memory.read(2) == _SYSCALL

    def call(self, number, *arguments):
        """Returns what the kernel returns, a negative errno for an error, or None if it killed the process."""
        registers = Registers.from_buffer_copy(self.registers)
        registers.rip -= 2
        registers.rax, registers.orig_rax = number, 2**64 - 1       # no call is begun again
        with open(f"/proc/{self.pid}/mem", "r+b", buffering=0) as memory:
            for i, (name, value) in enumerate(zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments)):
                if isinstance(value, bytes):
                    place = registers.rsp - 4096 - 512 * i
                    memory.seek(place)
                    memory.write(value + b"\0")
                    value = place
                setattr(registers, name, value % 2**64)
        _ptrace(SETREGS, self.pid, ctypes.byref(registers))
        _ptrace(SINGLESTEP, self.pid)
        ended = wait.until(lambda: (found := os.waitpid(self.pid, os.WNOHANG))[0] and found)
        assert ended, "the thread neither came back nor ended its process"
        status = ended[1]
        if not os.WIFSTOPPED(status):
            self.status = os.waitstatus_to_exitcode(status)
            return None
        _ptrace(GETREGS, self.pid, ctypes.byref(registers))
        return ctypes.c_longlong(registers.rax).value


@contextlib.contextmanager
def into(process):
    """into(Popen) stops the process; it goes on afterwards where it was. It is not dumpable, and maybe another user's."""
    rights.needs_capability("CAP_SYS_PTRACE")
    one = Injected(process.pid)

    def stopped():
        _ptrace(ATTACH, process.pid)
        os.waitpid(process.pid, 0)
        if one.waits:
            return True
        _ptrace(DETACH, process.pid)        # it polls just now

    assert wait.until(stopped), "the thread never waits in a call"
    yield one
    if not hasattr(one, "status"):
        _ptrace(SETREGS, process.pid, ctypes.byref(one.registers))
        _ptrace(DETACH, process.pid)
    else:
        process.returncode = one.status


KILLED = -signal.SIGSYS
