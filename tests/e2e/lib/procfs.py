"""Writes the tables of a mounted procfs, in the kernel's format, for SOCKPUSH_PROC."""
import ipaddress
import os
import sys
from typing import NamedTuple

import census

TABLES = ("tcp", "tcp6", "udp", "udp6")
NUMBERS = {name: number for number, name in census.STATES.items()}

# Captions and padding of the kernel's tcp4_seq_show, tcp6_seq_show, udp4_seq_show, udp6_seq_show.
_CAPTIONS = {
    "tcp": "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode".ljust(149),
    "tcp6": "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "udp": "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops".ljust(127),
    "udp6": "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
}
_WIDTH = {"tcp": 149, "tcp6": 0, "udp": 127, "udp6": 0}


class Socket(NamedTuple):
    local: str                      # "10.0.0.5:80", "[2001:db8::1]:80"; "[::ffff:10.0.0.5]:80" goes to the IPv6 table
    field: str = "tcp_listen"       # the field that counts it, or a state's number
    remote: str = ""
    inode: int = 0
    queue: int = 0                  # rx_queue: of a listener, connections that wait

    @property
    def table(self):
        return ("udp" if self.field == "udp_socket" else "tcp") + ("6" if self.local.startswith("[") else "")


def _endpoint(text):
    host, _, port = text.rpartition(":")
    packed = ipaddress.ip_address(host.strip("[]")).packed
    words = (int.from_bytes(packed[i:i + 4], sys.byteorder) for i in range(0, len(packed), 4))
    return "".join(f"{word:08X}" for word in words) + f":{int(port):04X}"


def row(number, one):
    remote = one.remote or ("[::]:0" if one.local.startswith("[") else "0.0.0.0:0")
    state = 7 if one.field == "udp_socket" else NUMBERS.get(one.field, one.field)
    text = (f"{number:4}: {_endpoint(one.local)} {_endpoint(remote)} {state:02X} 00000000:{one.queue:08X} 00:00000000 00000000 "
            f"{0:5} {0:8} {one.inode} 1 0000000000000000")
    text += " 0" if one.field == "udp_socket" else " 100 0 0 10 0"
    return text.ljust(_WIDTH[one.table]) + "\n"


def table(name, sockets):
    """Returns the table with its listeners first, the kernel's order."""
    shown = sorted((s for s in sockets if s.table == name), key=lambda s: s.field != "tcp_listen")
    return _CAPTIONS[name] + "\n" + "".join(row(i, one) for i, one in enumerate(shown))


def write(root, sockets=(), owners={}, tables=TABLES):
    """Writes a procfs under root with these sockets, and processes: {pid: [inodes of the sockets they hold]}."""
    net = root / "1" / "net"
    net.mkdir(parents=True, exist_ok=True)
    for name in tables:
        (net / name).write_text(table(name, sockets))
    for pid, inodes in owners.items():
        folder = root / str(pid) / "fd"
        folder.mkdir(parents=True, exist_ok=True)
        for i, inode in enumerate(inodes):
            os.symlink(f"socket:[{inode}]", folder / str(i + 3))
    return root
