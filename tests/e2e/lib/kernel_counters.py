"""The kernel's own counters, read independently of the program, and traffic that makes them grow."""
import contextlib
import pathlib
import socket
import struct

# field of netstat_kernel: file and line of /proc/net, name
COLUMNS = {"listen_overflows": ("netstat", "TcpExt", "ListenOverflows"), "listen_drops": ("netstat", "TcpExt", "ListenDrops"),
           "syncookies_sent": ("netstat", "TcpExt", "SyncookiesSent"), "req_queue_full_drop": ("netstat", "TcpExt", "TCPReqQFullDrop"),
           "req_queue_full_cookies": ("netstat", "TcpExt", "TCPReqQFullDoCookies"), "syn_retrans": ("netstat", "TcpExt", "TCPSynRetrans"),
           "timeouts": ("netstat", "TcpExt", "TCPTimeouts"), "abort_on_memory": ("netstat", "TcpExt", "TCPAbortOnMemory"),
           "abort_on_timeout": ("netstat", "TcpExt", "TCPAbortOnTimeout"), "retrans_segs": ("snmp", "Tcp", "RetransSegs"),
           "tcp_in_errs": ("snmp", "Tcp", "InErrs"), "out_rsts": ("snmp", "Tcp", "OutRsts"), "active_opens": ("snmp", "Tcp", "ActiveOpens"),
           "passive_opens": ("snmp", "Tcp", "PassiveOpens"), "estab_resets": ("snmp", "Tcp", "EstabResets"),
           "udp_in_datagrams": ("snmp", "Udp", "InDatagrams"), "udp_out_datagrams": ("snmp", "Udp", "OutDatagrams"),
           "udp_in_errors": ("snmp", "Udp", "InErrors"), "udp_rcvbuf_errors": ("snmp", "Udp", "RcvbufErrors"),
           "udp_sndbuf_errors": ("snmp", "Udp", "SndbufErrors"), "udp_no_ports": ("snmp", "Udp", "NoPorts")}
UDP6 = {field: "Udp6" + name for field, (_, line, name) in COLUMNS.items() if line == "Udp"}


def read(net="/proc/net"):
    """Returns {field: number} of the increases, as they are now."""
    net = pathlib.Path(net)
    found = {}
    for file in ("netstat", "snmp"):
        lines = (net / file).read_text().splitlines()
        for names, numbers in zip(lines[::2], lines[1::2]):
            line, *names = names.split()
            found.update({(file, line.rstrip(":"), name): int(number) for name, number in zip(names, numbers.split()[1:])})
    fields = {field: found[where] for field, where in COLUMNS.items()}
    if (net / "snmp6").exists():
        ipv6 = dict(line.split() for line in (net / "snmp6").read_text().splitlines())
        for field, name in UDP6.items():
            fields[field] += int(ipv6[name])
    return fields


def since(before, net="/proc/net"):
    return {field: number - before[field] for field, number in read(net).items()}


def gauge(file, line, name, net="/proc/net"):
    [words] = [words for words in map(str.split, (pathlib.Path(net) / file).read_text().splitlines()) if words[0] == line]
    return int(words[words.index(name) + 1])


# What `traffic` makes grow, whatever the machine does beside it.
GROWN = {"listen_overflows", "listen_drops", "out_rsts", "active_opens", "passive_opens", "estab_resets", "udp_in_datagrams", "udp_out_datagrams",
         "udp_in_errors", "udp_rcvbuf_errors", "udp_no_ports"}


def datagrams_to_nobody(n=1):
    """Counts in udp_no_ports: one for each IP version."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as nobody, socket.socket(family, socket.SOCK_DGRAM) as sender:
            nobody.bind((host, 0))
            address = nobody.getsockname()
            nobody.close()
            for _ in range(n):
                sender.sendto(b"x", address)


def overflow(n=3):
    """Asks a listener with a full queue for n more connections, once each."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(1 + n):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())


def flood():
    """Sends more than a socket's buffer holds. What it has is read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        full.bind(("127.0.0.1", 0))
        for _ in range(20):
            sender.sendto(bytes(500), full.getsockname())
        full.recv(1000)


def reset():
    """Cuts an established connection off."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)


def traffic():
    datagrams_to_nobody()
    overflow()
    flood()
    reset()
