"""Ports reserved for this process. A program may go on sending to a port that its test has closed. No other test gets that port meanwhile.

The ports are below those that Linux assigns by itself, in blocks. A block belongs to this process while it holds the abstract Unix
socket of that name, so that several runs of the tests can run side by side.
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
    """Returns whether the port is free. A service of the machine may use it."""
    try:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(("", port))
            udp.bind(("", port))
        return True
    except OSError:
        return False


def unused():
    """Returns a port without a listener, for TCP or UDP. No other test of this machine gets it for the next 255 calls."""
    return next(filter(_is_free, _next))
