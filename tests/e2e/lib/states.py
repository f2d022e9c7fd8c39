"""Makes real sockets in every state that the kernel lists, and counts them."""
import collections
import socket

import peer
import wait

LISTEN_PORT = 5000

# Numbers of sockets per state towards (IPv4, v4-mapped, IPv6). No two of a row are equal, nor is the sum of the first two, which both count
# as IPv4, equal to the third: a mix-up of families or states shows.
NUMBERS = {
    "tcp_syn_sent": (1, 2, 4),
    "tcp_established": (4, 3, 2),
    "tcp_fin_wait1 owned": (2, 1, 4),
    "tcp_fin_wait1 orphan": (1, 3, 2),
    "tcp_fin_wait2 owned": (3, 2, 1),
    "tcp_fin_wait2 orphan": (2, 4, 1),
    "tcp_fin_wait2 time-wait": (5, 1, 3),
    "tcp_close_wait": (1, 4, 2),
    "tcp_last_ack": (2, 5, 1),
    "tcp_closing": (3, 1, 5),
    "tcp_time_wait": (1, 5, 4),
    "tcp_syn_recv": (3, 2, 6),
}
KINDS = ((socket.AF_INET, 4, ""), (socket.AF_INET6, 4, "::ffff:"), (socket.AF_INET6, 6, ""))   # as in a row above

TCP_LINGER2 = 8


class Sockets:
    """Makes the sockets, keeps those that must stay open, counts them. Call close() in the end."""

    def __init__(self, far):
        self.far = far
        self.kept = []
        self.made = collections.Counter()
        self._source_port = 40000

    def close(self):
        for kept in self.kept:
            kept.close()

    def _connect(self, kind, port):
        family, version, prefix = kind
        one = socket.socket(family, socket.SOCK_STREAM)
        one.settimeout(wait.DEADLINE)
        one.connect((prefix + peer.THEIRS[version], port))
        return one

    def _listen(self, kind, port, count=1):
        family, version, prefix = kind
        for _ in range(count):
            one = socket.socket(family, socket.SOCK_STREAM)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((prefix + peer.OURS[version], port))
            one.listen(4096)
            self.kept.append(one)
            self.made[version, "tcp_listen"] += 1

    def make(self, what, kind):
        """Makes one socket. `what` is a name in NUMBERS."""
        state, _, how = what.partition(" ")
        kept = getattr(self, "_" + state[len("tcp_"):])(kind, how)
        if kept:
            self.kept.append(kept)
        self.made[kind[1], state] += 1

    def _syn_sent(self, kind, _):
        family, version, prefix = kind
        one = socket.socket(family, socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect_ex((prefix + peer.THEIRS[version], peer.NO_ANSWER))
        return one

    def _established(self, kind, _):
        return self._connect(kind, peer.ANSWERS)

    def _fin_wait1(self, kind, how):
        one = self._connect(kind, peer.IGNORES_FIN)
        one.shutdown(socket.SHUT_WR)
        return one if how == "owned" else one.close()

    def _fin_wait2(self, kind, how):
        one = self._connect(kind, peer.ACKS_FIN)
        if how == "owned":
            one.shutdown(socket.SHUT_WR)
            return one
        if how == "orphan":     # lingers for more than a minute, so it stays a full socket; otherwise it shrinks to a minisocket
            one.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
        return one.close()

    def _close_wait(self, kind, _):
        one = self._connect(kind, peer.CLOSES_FIRST)
        assert one.recv(1) == b""
        return one

    def _last_ack(self, kind, _):
        return self._close_wait(kind, _).close()

    def _closing(self, kind, _):
        return self._connect(kind, peer.CROSSES_FIN).close()

    def _time_wait(self, kind, _):
        return self._connect(kind, peer.CLOSES_TOO).close()

    def _syn_recv(self, kind, _):
        self._source_port += 1
        self.far.syn(kind[1], self._source_port, LISTEN_PORT + KINDS.index(kind))

    def make_all(self, times=1, numbers=NUMBERS, listeners=(1, 2, 3)):
        """Each of these numbers, so many times."""
        for i, kind in enumerate(KINDS):
            self._listen(kind, LISTEN_PORT + i, count=listeners[i] * times)     # several on one port count separately
        for what, numbers in numbers.items():
            for kind, number in zip(KINDS, numbers):
                for _ in range(number * times):
                    self.make(what, kind)
        self._udp()
        self._uncounted()

    def _udp(self):
        for kind, (bound, connected) in zip(KINDS, ((2, 1), (1, 3), (5, 1))):
            family, version, prefix = kind
            for i in range(bound + connected):
                one = socket.socket(family, socket.SOCK_DGRAM)
                one.bind((prefix + peer.OURS[version], 0))
                if i >= bound:
                    one.connect((prefix + peer.THEIRS[version], 9))
                self.kept.append(one)
                self.made[version, "udp_socket"] += 1

    def _uncounted(self):
        """Makes sockets that are in no table of the kernel: only bound, not even bound, and Unix."""
        for family in (socket.AF_INET, socket.AF_INET6):
            one = socket.socket(family, socket.SOCK_STREAM)
            one.bind((peer.OURS[4 if family == socket.AF_INET else 6], 0))
            self.kept += [one, socket.socket(family, socket.SOCK_STREAM), socket.socket(family, socket.SOCK_DGRAM)]
        self.kept += socket.socketpair()
