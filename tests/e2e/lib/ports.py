"""Ports of this process's own. A program may go on sending to a port that its test has let go: here no other test gets it meanwhile.

They are below those that Linux hands out by itself, in blocks. A block is this process's while it holds the abstract Unix socket of that
name, so that several runs of the tests can go on side by side.
"""
import itertools
import socket

FIRST, END, BLOCK = 10240, 32768, 256


def _block():
    one = socket.socket(socket.AF_UNIX)
    for first in range(FIRST, END, BLOCK):
        try:
            one.bind(f"\0sockpush-test-ports-{first}")
        except OSError:
            continue
        return one, itertools.cycle(range(first, first + BLOCK))
    raise RuntimeError(f"all ports from {FIRST} to {END - 1} are other tests'")


_held, _next = _block()


def _is_free(port):
    """A service of the machine's may be there."""
    try:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(("", port))
            udp.bind(("", port))
        return True
    except OSError:
        return False


def unused():
    """A port at which nobody listens, neither by TCP nor by UDP; for 255 calls no other test of this machine gets it."""
    return next(filter(_is_free, _next))
