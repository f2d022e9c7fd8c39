"""A service manager that programs report to, as sd_notify(3) has it."""
import contextlib
import socket

import wait


class Manager:
    """Its socket has this path, or this abstract name after @."""

    def __init__(self, name):
        self.name = str(name)
        self._address = self.name.replace("@", "\0")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        self._socket.settimeout(wait.DEADLINE)

    def next(self):
        """Waits for a message. Returns its assignments."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    def waiting(self):
        """Returns those of all messages that wait."""
        found = []
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.next())
        self._socket.settimeout(wait.DEADLINE)
        return found

    def until(self, condition):
        """Returns the first message of those to come for which condition(assignments) is true."""
        found = []
        assert wait.until(lambda: found.append(self.next()) or condition(found[-1])), found[-1]
        return found[-1]

    def fill(self):
        """Sends messages until no one's has room. Each comes from another socket, which would be full before."""
        with contextlib.suppress(BlockingIOError):
            while True:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
                    one.setblocking(False)
                    one.sendto(b"FILLED=1", self._address)

    def close(self):
        self._socket.close()
