#!/usr/bin/env python3
"""known_sockets.py BINARY FOLDER: polls a real machine once and compares the counts with sockets that this script holds in known states.
Then receives what is pushed by TCP and UDP until it asks the program to end.

It serves machines that the project does not have: .github/workflows/platforms.yml runs it there. FOLDER gets a recording of that poll,
from which fixtures are made. Needs nothing but Python.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

HOSTS = {4: (socket.AF_INET, "127.0.0.1"), 6: (socket.AF_INET6, "::1")}
STATES = ("tcp_established", "tcp_syn_sent", "tcp_syn_recv", "tcp_fin_wait1", "tcp_fin_wait2", "tcp_time_wait", "tcp_close", "tcp_close_wait",
          "tcp_last_ack", "tcp_listen", "tcp_closing", "tcp_none", "udp_socket")
NAMES_OWNERS = sys.platform in ("win32", "darwin")  # in each row


class Sockets:
    """`expected` has the counts of each series, by local port and IP version."""

    def __init__(self, family, host, v6only=1):
        self.kept, self.expected = [], {}
        self.listener = self.keep(socket.socket(family, socket.SOCK_STREAM))
        if family == socket.AF_INET6:
            self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        self.listener.bind((host, 0))
        self.listener.listen()

    def keep(self, one):
        self.kept.append(one)
        return one

    def connect(self, family, host):
        client = self.keep(socket.socket(family, socket.SOCK_STREAM))
        client.connect((host, self.listener.getsockname()[1]))
        return client, self.keep(self.listener.accept()[0])

    def expect(self, one, version, **counts):
        self.expected[one.getsockname()[1], version] = counts


def of_one_family(version):
    family, host = HOSTS[version]
    held = Sockets(family, host)
    (one, _), (two, two_here), (client, three), (last, _) = (held.connect(family, host) for _ in range(4))
    two_here.shutdown(socket.SHUT_WR)   # FIN_WAIT2 here, CLOSE_WAIT at the client
    three.close()                       # closes first: TIME_WAIT here
    time.sleep(0.2)
    client.close()
    held.expect(held.listener, version, tcp_listen=1, tcp_established=2, tcp_fin_wait2=1, tcp_time_wait=1)
    held.expect(one, version, tcp_established=1)
    held.expect(two, version, tcp_close_wait=1)
    held.expect(last, version, tcp_established=1)
    for _ in range(2):
        datagrams = held.keep(socket.socket(family, socket.SOCK_DGRAM))
        datagrams.bind((host, 0))
        held.expect(datagrams, version, udp_socket=1)
    return held


def of_both_families():
    """Returns an IPv6 listener that accepts IPv4, too. Windows lists it under both."""
    held = Sockets(socket.AF_INET6, "::", v6only=0)
    client, _ = held.connect(*HOSTS[4])
    held.expect(held.listener, 6, tcp_listen=1)
    held.expect(held.listener, 4, tcp_established=1, **({"tcp_listen": 1} if os.name == "nt" else {}))
    held.expect(client, 4, tcp_established=1)
    return held


def environment(to, **variables):
    keep = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
    return {**keep, "SOCKPUSH_TO": to, "SOCKPUSH_HOST": "a", **variables}


def poll(binary, **variables):
    done = subprocess.run([binary], env=environment("influx+stdout:", SOCKPUSH_POLLS="1", **variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    print(done.stderr.decode(), file=sys.stderr)
    if done.returncode:
        sys.exit(f"status {done.returncode}")
    return done.stdout.decode()


def series(text):
    """Returns {(port, ip_version): {field: number}} of netstat_port."""
    found = {}
    for line in text.splitlines():
        head, fields, _ = line.split(" ")
        tags = dict(tag.split("=", 1) for tag in head.split(",")[1:])
        if head.startswith("netstat_port,"):
            found.setdefault((int(tags["addr_port"]), int(tags["ip_version"])), {}).update(
                (name, int(value.rstrip("i"))) for name, value in (field.split("=") for field in fields.split(",")))
    return found


def pushed(binary, scheme):
    """Pushes to a socket of this script, and asks the program to end, by Ctrl-Break on Windows. Returns the first fault as text, or None."""
    windows = os.name == "nt"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM) as here:
        here.settimeout(20)
        here.bind(("127.0.0.1", 0))
        if scheme == "tcp":
            here.listen()
        program = subprocess.Popen([binary], env=environment(f"influx+{scheme}://127.0.0.1:{here.getsockname()[1]}", SOCKPUSH_INTERVAL="100ms"),
                                   stderr=subprocess.PIPE, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if windows else 0)
        try:
            there = here.accept()[0] if scheme == "tcp" else here
            there.settimeout(20)
            text = b""
            while text.count(b"netstat,") < 6:      # of three polls
                text += there.recv(65536) + b"\n" * (scheme == "udp")
            program.send_signal(signal.CTRL_BREAK_EVENT if windows else signal.SIGTERM)
            while scheme == "tcp" and (more := there.recv(65536)):
                text += more
            log = program.communicate(timeout=20)[1].decode()
        except OSError as error:
            return f"{error}; its log:\n{program.communicate(program.kill())[1].decode()}"
    if program.returncode or not text.endswith(b"\n") or "; 0 lines were not sent" not in log:
        return f"status {program.returncode}, the last bytes {text[-80:]}, its log:\n{log}"
    return None


def main(binary, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shown = subprocess.run([binary, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    recording = folder / (re.sub(r"[^a-z0-9.]+", "-", shown.partition(":")[0].lower()) + ".recording")
    recording.unlink(missing_ok=True)
    held = {}
    for name, hold in (("IPv4", lambda: of_one_family(4)), ("IPv6", lambda: of_one_family(6)), ("both", of_both_families)):
        try:
            held[name] = hold()
        except OSError as error:
            print(f"{name}: not tried: {error}", file=sys.stderr)
    expected = {key: counts for one in held.values() for key, counts in one.expected.items()}
    ports = ",".join(sorted({str(port) for port, _ in expected}))
    polls = {how: series(poll(binary, SOCKPUSH_PORTS=ports, SOCKPUSH_BACKEND=f"{how}:{recording}")) for how in ("record", "replay")}
    wrong = 0
    for how, found in polls.items():
        for (port, version), counts in expected.items():
            fields = found.get((port, version), {})
            if counts != {field: fields[field] for field in STATES if fields.get(field)}:
                print(f"port {port}, IPv{version}, {how}: {fields}, expected: {counts}", file=sys.stderr)
                wrong += 1
    for name, one in held.items():
        pid = polls["record"].get((one.listener.getsockname()[1], 4 if name == "IPv4" else 6), {}).get("pid")
        print(f"{name}: {len(one.expected)} series; pid of the listener: {pid}, this is {os.getpid()}")
        wrong += pid != os.getpid() if NAMES_OWNERS else pid not in (None, os.getpid())
    for scheme in ("tcp", "udp"):
        why = pushed(binary, scheme)
        print(f"pushed by {scheme}: {why or 'whole, and flushed at the end'}")
        wrong += why is not None
    print(f"{shown}: {wrong} wrong; recorded in {recording}, {recording.stat().st_size} bytes")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
