"""Counts by (ip_version, field), taken from the kernel without sockpush: /proc/net, read anew, and `ss`."""
import collections
import subprocess

import wait

# The numbers of enum tcp_states in the kernel's include/net/tcp_states.h.
STATES = {0x01: "tcp_established", 0x02: "tcp_syn_sent", 0x03: "tcp_syn_recv", 0x04: "tcp_fin_wait1",
          0x05: "tcp_fin_wait2", 0x06: "tcp_time_wait", 0x07: "tcp_close", 0x08: "tcp_close_wait",
          0x09: "tcp_last_ack", 0x0A: "tcp_listen", 0x0B: "tcp_closing"}

SS_STATES = {"ESTAB": "tcp_established", "SYN-SENT": "tcp_syn_sent", "SYN-RECV": "tcp_syn_recv",
             "FIN-WAIT-1": "tcp_fin_wait1", "FIN-WAIT-2": "tcp_fin_wait2", "TIME-WAIT": "tcp_time_wait",
             "CLOSE-WAIT": "tcp_close_wait", "LAST-ACK": "tcp_last_ack", "LISTEN": "tcp_listen", "CLOSING": "tcp_closing"}

MAPPED = "0000000000000000FFFF0000"         # ::ffff:0:0/96 as the kernel prints it on a little-endian machine
MAPPED_BIG = "00000000000000000000FFFF"


def rows(table, net="/proc/self/net"):
    with open(f"{net}/{table}") as file:
        return [line.split() for line in file][1:]


def version(address):
    return 4 if len(address) < 32 or address.startswith((MAPPED, MAPPED_BIG)) else 6


def procfs(net="/proc/self/net"):
    found = collections.Counter()
    for table in ("tcp", "tcp6"):
        for row in rows(table, net):
            found[version(row[1]), STATES[int(row[3], 16)]] += 1
    for table in ("udp", "udp6"):
        for row in rows(table, net):
            found[version(row[1]), "udp_socket"] += 1
    return found


def ip_version(local):
    """Returns that of a local address of ss. `*:port` is a dual-stack wildcard."""
    return 4 if local[0].isdigit() or local.startswith("[::ffff:") else 6


def ss():
    def lines(option):
        return subprocess.run(["ss", option, "-anH"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()

    # A newer ss also lists bound sockets without a connection, as UNCONN. sockpush never does.
    found = collections.Counter((ip_version(line.split()[3]), SS_STATES[line.split()[0]]) for line in lines("-t") if not line.startswith("UNCONN"))
    found.update((ip_version(line.split()[3]), "udp_socket") for line in lines("-u"))
    return found


def settle(expected):
    """Waits until the kernel's sockets are in the states that the test set. Returns their counts, or the last ones at the deadline."""
    wait.until(lambda: procfs() == expected)
    return procfs()
