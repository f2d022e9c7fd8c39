#!/usr/bin/python3
"""A process in a network namespace of its own. It does what lines of stdin ask, [name, arguments…] as JSON, and answers each with a line.
It ends with stdin. Its main thread does all that, because /proc/net shows the main thread's namespace.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import census
import kernel_counters
import netns
import wait

PR_SET_PDEATHSIG = 1
FAMILIES = {4: (socket.AF_INET, "127.0.0.1"), 6: (socket.AF_INET6, "::1")}
kept = []


def keep(one):
    kept.append(one)
    return one


def hello():
    return os.getpid(), os.stat("/proc/self/net/tcp").st_ino


def server(version, backlog=64):
    family, host = FAMILIES[version]
    return keep(socket.create_server((host, 0), family=family, backlog=backlog))


def connect(listener):
    client = socket.socket(listener.family)
    client.connect(listener.getsockname())
    return client


def make(version, listening=0, waiting=0, established=0, close_wait=0, time_wait=0, udp=0):
    """Makes sockets of an IP version: listeners, connections that one more listener did not accept, others with both ends here, and UDP
    sockets."""
    family, host = FAMILIES[version]
    for _ in range(listening):
        server(version)
    if waiting:
        full = server(version, waiting - 1)     # the kernel queues one more
        for _ in range(waiting):
            keep(connect(full))
    if established or close_wait or time_wait:
        listener = server(version)
        for n in range(established + close_wait + time_wait):
            client, (accepted, _) = connect(listener), listener.accept()
            if n < established:
                kept.extend((client, accepted))
            elif n < established + close_wait:
                client.shutdown(socket.SHUT_WR)
                kept.extend((client, accepted))
            else:
                client.close()
                assert accepted.recv(1) == b""
                accepted.close()
    for _ in range(udp):
        keep(socket.socket(family, socket.SOCK_DGRAM)).bind((host, 0))


def at_port(port, waiting):
    """Listens there, and makes connections that wait."""
    full = keep(socket.create_server(("127.0.0.1", port), backlog=waiting))
    for _ in range(waiting):
        keep(connect(full))


def mapped(count):
    """Makes connections over IPv4 between sockets of IPv6."""
    listener = keep(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
    for _ in range(count):
        client = keep(socket.socket(socket.AF_INET6))
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        keep(listener.accept()[0])


def traffic(times=1):
    for _ in range(times):
        kernel_counters.traffic()


def counters():
    return kernel_counters.read("/proc/self/net")


def ss(*options):
    return [line.split() for line in subprocess.run(["ss", "-anH", *options], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()]


def count():
    """Returns what ss and the kernel's CurrEstab say here: [fields of IPv4, of IPv6, of both]. A socket of IPv6 that has an address of IPv4
    is in use as one of IPv6, and is in a state as one of IPv4, as in the measurement netstat."""
    by_state, found = census.ss(), []
    for version in 4, 6:
        fields = {field: number for (of, field), number in by_state.items() if of == version and field != "udp_socket"}
        tcp = [row for row in ss("-t", f"-{version}") if row[0] != "UNCONN"]
        fields["tcp_inuse"] = sum(row[0] not in ("TIME-WAIT", "SYN-RECV") for row in tcp)
        fields["accept_queue"] = sum(int(row[1]) for row in tcp if row[0] == "LISTEN")
        fields["udp_socket"] = len(ss("-u", f"-{version}"))
        found.append(fields)
    return [*found, {"tcp_time_wait": sum(by_state[version, "tcp_time_wait"] for version in (4, 6)), "tcp_current": current_established()}]


def ports():
    """Returns what ss says of each local port on which a TCP socket listens here: [[port, IP version, {field: count}], …]."""
    found = {}
    rows = [(row, "-t") for row in ss("-t") if row[0] != "UNCONN"] + [(row, "-u") for row in ss("-u")]
    for row, option in rows:
        address, port = row[3].rsplit(":", 1)
        fields = found.setdefault((int(port), census.ip_version(row[3])), {})
        field = "udp_socket" if option == "-u" else census.SS_STATES[row[0]]
        fields[field] = fields.get(field, 0) + 1
        if row[0] == "LISTEN":
            fields["accept_queue"] = fields.get("accept_queue", 0) + int(row[1])
    listening = {port for (port, _), fields in found.items() if "tcp_listen" in fields}
    return [[port, version, fields] for (port, version), fields in found.items() if port in listening]


def current_established():
    names, numbers = (line.split() for line in pathlib.Path("/proc/self/net/snmp").read_text().splitlines() if line.startswith("Tcp:"))
    return int(numbers[names.index("CurrEstab")])


def threads(count):
    """Starts threads, each of which enters a network namespace that no process is in."""
    ready = threading.Barrier(count + 1)

    def run():
        netns.unshare(netns.CLONE_NEWNET)
        ready.wait()
        threading.Event().wait()

    for _ in range(count):
        threading.Thread(target=run, daemon=True).start()
    ready.wait()


def end_main_thread():
    """Leaves all to a new thread, and answers once /proc/PID/net is empty because the main thread has ended."""
    def run():
        while os.path.exists("/proc/self/net/tcp"):
            time.sleep(0.001)
        serve(None)

    threading.Thread(target=run).start()
    ctypes.CDLL(None).pthread_exit(None)


def move():
    """Enters a new network namespace. The sockets stay in the old one. Returns the new one's number."""
    netns.unshare(netns.CLONE_NEWNET)
    return hello()[1]


def succeed():
    """Leaves all to a new process in the same namespace. Returns its pid; this one waits to be killed."""
    if os.fork():
        while True:
            signal.pause()
    return os.getpid()


def fork(cgroup=None, comm=None, apart=False):
    """Starts a process that stays until this one ends: in a control group, with a name, in a network namespace of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            become(cgroup, comm)
            if apart:
                netns.unshare(netns.CLONE_NEWNET)
            os.write(writing, b"x")
            while True:
                signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    return child


def become(cgroup=None, comm=None):
    if cgroup:
        pathlib.Path(cgroup, "cgroup.procs").write_text(str(os.getpid()))
    if comm:
        pathlib.Path("/proc/self/comm").write_text(comm)


def kill(pid):
    """Ends a process of the same pid namespace. Returns whether it is gone."""
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    return bool(wait.until(lambda: not os.path.exists(f"/proc/{pid}")))


def veth(name, pid):
    """Makes a pair of interfaces, the other of which is in the namespace of that process."""
    netns.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", str(pid))


def interfaces():
    return [name for _, name in socket.if_nameindex()]


def serve(answer):
    while True:
        os.write(1, json.dumps(answer).encode() + b"\n")
        line = sys.stdin.readline()
        if not line:
            return
        name, *arguments = json.loads(line)
        options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
        answer = globals()[name](*arguments, **options)


def main():
    netns.unshare(netns.CLONE_NEWNET)
    netns.ip("link", "set", "lo", "up")
    serve(hello())


if __name__ == "__main__":
    main()
