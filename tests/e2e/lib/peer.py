"""The far end of the wire: a TCP peer on a TUN device that misbehaves as a test needs.

Each destination port is one behaviour. With them the kernel's own sockets, which know nothing of the trick, come to rest in every state
of a connection.
"""
import fcntl
import os
import select
import socket
import struct
import threading

import netns

NO_ANSWER, ANSWERS, IGNORES_FIN, ACKS_FIN, CLOSES_FIRST, CROSSES_FIN, CLOSES_TOO = range(2001, 2008)

OURS = {4: "10.99.0.1", 6: "fd99::1"}       # the kernel under test
THEIRS = {4: "10.99.0.2", 6: "fd99::2"}     # this peer
FIRST = 1000                                # the peer's initial sequence number

FIN, SYN, RST, ACK = 1, 2, 4, 16
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def _pack_address(version, text):
    return socket.inet_pton(socket.AF_INET if version == 4 else socket.AF_INET6, text)


def _checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _tcp(version, source, source_port, target, target_port, seq, ack, flags, data=b""):
    """Returns one IP packet with a TCP header without options (RFC 9293, section 3.1)."""
    def header(checksum):
        return struct.pack("!HHIIBBHHH", source_port, target_port, seq % 2**32, ack % 2**32, 5 << 4, flags, 65535, checksum, 0) + data

    length = len(header(0))
    if version == 4:
        pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, length)
        front = lambda checksum: struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, socket.IPPROTO_TCP, checksum) + source + target
        outer = front(_checksum(front(0)))
    else:
        pseudo = source + target + struct.pack("!I3xB", length, socket.IPPROTO_TCP)
        outer = struct.pack("!IHBB", 6 << 28, length, socket.IPPROTO_TCP, 64) + source + target
    return outer + header(_checksum(pseudo + header(0)))


class Peer:
    """Answers in a thread until close(). Create it inside a fresh network namespace."""

    def __init__(self, name="peer0"):
        self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
            netns.ip("link", "set", name, "up")
            netns.ip("addr", "add", OURS[4] + "/24", "dev", name)
            netns.ip("-6", "addr", "add", OURS[6] + "/64", "dev", name, "nodad")
        except BaseException:
            os.close(self._tun)
            raise
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self):
        os.close(self._stopped)
        self._thread.join()
        os.close(self._stop)
        os.close(self._tun)

    def syn(self, version, source_port, target_port, data=b""):
        """Asks a listener of this machine for a connection, and ignores the answer. With data: by Fast Open (RFC 7413)."""
        self._send(version, source_port, target_port, _pack_address(version, OURS[version]), 77, 0, SYN, data)

    def _send(self, version, source_port, target_port, target, seq, ack, flags, data=b""):
        source = _pack_address(version, THEIRS[version])
        os.write(self._tun, _tcp(version, source, source_port, target, target_port, seq, ack, flags, data))

    def _run(self):
        ready = select.poll()           # select(2) has no descriptors after 1023
        ready.register(self._tun, select.POLLIN)
        ready.register(self._stop, select.POLLIN)
        while True:
            if self._stop in dict(ready.poll()):
                return
            self._receive(os.read(self._tun, 65536))

    def _receive(self, packet):
        version = packet[0] >> 4
        if version == 4:
            protocol, source, segment = packet[9], packet[12:16], packet[(packet[0] & 15) * 4:]
        else:
            protocol, source, segment = packet[6], packet[8:24], packet[40:]
        if protocol != socket.IPPROTO_TCP:
            return
        port, behaviour, seq, ack, offset, flags = struct.unpack("!HHIIBB", segment[:14])
        end = seq + len(segment) - (offset >> 4) * 4
        if flags & RST:
            return
        reply = self._answer(behaviour, seq, ack, end, flags)
        if reply:
            self._send(version, behaviour, port, source, *reply)

    @staticmethod
    def _answer(behaviour, seq, ack, end, flags):
        """Returns (sequence number, acknowledgement, flags) of the answer, or None."""
        if behaviour not in (ANSWERS, IGNORES_FIN, ACKS_FIN, CLOSES_FIRST, CROSSES_FIN, CLOSES_TOO):
            return None
        if flags & SYN:
            return FIRST, seq + 1, SYN | ACK
        if flags & FIN:
            if behaviour == ACKS_FIN:
                return FIRST + 1, end + 1, ACK
            if behaviour == CROSSES_FIN:
                return FIRST + 1, end, FIN | ACK        # its own FIN, before it has seen the kernel's
            if behaviour == CLOSES_TOO:
                return FIRST + 1, end + 1, FIN | ACK
            return None
        if behaviour == CLOSES_FIRST and ack == FIRST + 1:
            return FIRST + 1, end, FIN | ACK            # after the last ACK of the handshake; the next ACK is for ack + 1
        return None
