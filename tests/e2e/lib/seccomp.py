"""A process whose kernel refuses a system call or a family of sockets, like gVisor, some sandboxes and old seccomp profiles."""
import ctypes
import errno
import platform
import socket
import struct

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBERS = {"x86_64": 41, "aarch64": 198, "riscv64": 198, "s390x": 359}     # of socket(2)
SUPPORTED = platform.machine() in NUMBERS

# Offsets into struct seccomp_data. The low half of the first argument comes first on little-endian machines only.
_NUMBER, _FIRST = 0, 16 if struct.pack("=H", 1)[0] else 20
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06       # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def refuse(name, family=socket.AF_NETLINK):
    """Returns a preexec_fn after which socket(family, …) fails with that errno."""
    return _filter([(_LOAD, 0, 0, _NUMBER), (_EQUAL, 0, 3, NUMBERS[platform.machine()]),
                    (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, family),
                    (_RETURN, 0, 0, ERRNO | getattr(errno, name)), (_RETURN, 0, 0, ALLOW)])


def refuse_call(number):
    """Returns a preexec_fn after which the system call of this number fails with EPERM."""
    return _filter([(_LOAD, 0, 0, _NUMBER), (_EQUAL, 0, 1, number), (_RETURN, 0, 0, ERRNO | errno.EPERM), (_RETURN, 0, 0, ALLOW)])


def _filter(code):
    text = b"".join(struct.pack("=HBBI", *step) for step in code)
    libc = ctypes.CDLL(None, use_errno=True)

    def install():
        buffer = ctypes.create_string_buffer(text, len(text))
        program = _Program(len(code), ctypes.addressof(buffer))
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")

    return install
