"""A name server that answers over UDP and TCP as the test sets, and keeps the questions."""
import contextlib
import socket
import struct
import threading

NODATA, SERVFAIL, NXDOMAIN, REFUSED = [], 2, 3, 5
SILENT = "no answer"
HEADER_ALONE = "refused, without the question"

KINDS = {1: "A", 28: "AAAA"}
NUMBERS = {kind: number for number, kind in KINDS.items()}


def _name(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), at + 1


def _record(kind, address):
    data = socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, address)
    return struct.pack("!HHHIH", 0xc00c, NUMBERS[kind], 1, 60, len(data)) + data


class Server:
    """names: {name: {"A": answer, "AAAA": answer}, or one of the words above for both}; an answer is a list of addresses or one of these
    words. A missing name gets `otherwise`. Names in `truncated` are answered over TCP only. late: {"A": seconds}."""

    def __init__(self, host="127.0.0.1", port=53, names=None, otherwise=NXDOMAIN, truncated=(), late=None):
        self.names, self.otherwise, self.truncated, self.late = names or {}, otherwise, truncated, late or {}
        self.asked = []             # (transport, name, kind)
        self._ended = False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._udp = socket.socket(family, socket.SOCK_DGRAM)
        address = socket.getaddrinfo(host, port, family)[0][4]
        self._udp.bind(address)
        self._tcp = socket.socket(family, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._tcp.bind(address)
        self._tcp.listen()
        self._tcp.settimeout(0.1)
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def names_asked(self):
        return [name for _, name, kind in self.asked if kind == "A"]

    def _answer(self, transport, query):
        name, end = _name(query)
        kind = KINDS[struct.unpack_from("!H", query, end)[0]]
        self.asked.append((transport, name, kind))
        answer = self.names.get(name, self.otherwise)
        if isinstance(answer, dict):
            answer = answer.get(kind, NODATA)
        if answer is SILENT:
            return None
        if answer is HEADER_ALONE:
            return query[:2] + struct.pack("!BBHHHH", 0x81, 0x80 | REFUSED, 0, 0, 0, 0)
        cut = transport == "udp" and name in self.truncated
        addresses = answer if isinstance(answer, list) and not cut else []
        flags = 0x8180 | (answer if isinstance(answer, int) else 0) | (0x200 if cut else 0)
        records = b"".join(_record(kind, address) for address in addresses)
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + query[12:end + 4] + records

    def _serve_udp(self):
        self._udp.settimeout(0.1)
        while not self._ended:
            try:
                query, peer = self._udp.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self._answer("udp", query)
            if answer:
                threading.Timer(self.late.get(self.asked[-1][2], 0), self._send, (answer, peer)).start()

    def _send(self, answer, peer):
        with contextlib.suppress(OSError):  # the client has ended
            self._udp.sendto(answer, peer)

    def _serve_tcp(self):
        while not self._ended:
            try:
                connection, _ = self._tcp.accept()
            except TimeoutError:
                continue
            except OSError:     # a test closed it
                return
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(60)
                head = stream.read(2)
                answer = len(head) == 2 and self._answer("tcp", stream.read(struct.unpack("!H", head)[0]))
                if answer:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self):
        self._ended = True
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
