"""Aggregators for a test, which keep everything and tolerate no error."""
import os
import socket
import threading

import ports
import wait


class Receiver:
    """Reads in a thread until close(). `chunks` holds the datagrams, or the result of each read of a stream."""

    def __init__(self, bound):
        self.socket = bound
        self.chunks = []
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        self.socket.settimeout(0.1)
        while not self._ended:
            try:
                self.chunks.append(self.socket.recv(1 << 17))
            except TimeoutError:
                pass

    @property
    def data(self):
        """Returns the lines of all datagrams. The last line of a datagram needs no newline."""
        return b"".join(chunk.removesuffix(b"\n") + b"\n" for chunk in self.chunks)

    @property
    def text(self):
        return self.data.decode()

    def until(self, condition):
        """Waits until condition(text of whole lines) holds."""
        whole = lambda: self.text[:self.text.rfind("\n") + 1]
        assert wait.until(lambda: condition(whole())), f"not received in time; there is: {self.text[-500:]!r}"
        return whole()

    def close(self):
        self._ended = True
        self._thread.join()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def udp(host="127.0.0.1", port=0):
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    one.bind((host, port or ports.unused()))
    receiver = Receiver(one)
    receiver.port = one.getsockname()[1]
    return receiver


def unix_datagram(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.bind(str(path))
    return Receiver(one)


class StreamReceiver(Receiver):
    """Accepts one connection after the other."""

    @property
    def data(self):
        return b"".join(self.chunks)

    def _run(self):
        self.socket.settimeout(0.1)
        while not self._ended:
            try:
                connection, _ = self.socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(0.1)
                self._read(connection)

    def _read(self, connection):
        while not self._ended:
            try:
                data = connection.recv(1 << 17)
            except TimeoutError:
                continue
            except ConnectionError:
                return
            if not data:
                return
            self.chunks.append(data)


def unix_stream(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.bind(str(path))
    one.listen(8)
    return StreamReceiver(one)


def remove(receiver, path):
    """Closes the socket and removes its file, as the end of an agent does."""
    receiver.close()
    os.unlink(path)
