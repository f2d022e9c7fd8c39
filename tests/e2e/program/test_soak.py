"""All at once, for a minute, or for the seconds of SOCKPUSH_TEST_SOAK (`make soak`): nothing grows, and each line is accounted for."""
import collections
import contextlib
import os
import re
import shutil
import time

import pytest

import dnsserver
import parse
import posts
import soak
import streams
import wait
from chaos import crowd, report     # fixtures
from tls_pki import pki             # a fixture

SECONDS = int(os.environ.get("SOCKPUSH_TEST_SOAK", 60))
INTERVAL_MS = max(100, SECONDS // 6)        # hours have as many polls as ten minutes
BUFFER_KIB = 4096                           # of each output: more than half a minute
RESIDENT_KIB = 2048                         # at most, besides these
LONGEST_S = 10                              # between two polls, however busy the machine is
POLLS_LATER = 5                             # a line is counted as sent or dropped so many polls after its own
TCP, TLS, RELAY, NOBODY = 8089, 6514, 8125, 8094


def last(points, measurement):
    """Returns the fields of each of its series at the last poll, by the series' own tag."""
    return {dict(point.tags)[measurement.removeprefix("sockpush_")]: point.fields for point in points if point.measurement == measurement}


def pushed(program):
    """Returns the program's lines, and the points of those that are not relayed."""
    lines = program.out.splitlines()
    return lines, parse.influx("".join(line + "\n" for line in lines if not line.startswith("soak.")))


def unaccounted(program):
    """Returns {output: (lines counted as sent or dropped, lines polled)} of outputs that have not counted all lines but those of the last polls,
    or more than there are."""
    lines, points = pushed(program)
    of_poll = list(collections.Counter(line.rsplit(" ", 1)[1] for line in lines).values())
    done = {output: fields["sent_lines"] + fields["dropped_lines"] for output, fields in last(points, "sockpush_output").items()}
    return {output: (n, sum(of_poll)) for output, n in done.items() if not sum(of_poll[:-POLLS_LATER]) <= n <= sum(of_poll)}


@pytest.mark.skipif(not shutil.which("unshare"), reason="util-linux is not installed")
def test_soak(pki, start, etc, keep, crowd, tmp_path, report):
    names, ca, path, calm = keep(dnsserver.Server()), tmp_path / "ca.pem", tmp_path / "relay.sock", []
    leaves = [pki.leaf(f"soak {root.name}", root, names="DNS:tls.test") for root in (pki.ec_root, pki.rsa_root)]

    # Whatever the program has read when the receiver's certificate changes, it has the root.
    bundles = [pki.write("soak 1.pem", pki.ec_root, pki.rsa_root), pki.write("soak 2.pem", pki.rsa_root, pki.ec_root, pki.other_root)]

    def move(name, host):
        names.names[name] = {"A": [host], "AAAA": []} if "." in host else {"A": [], "AAAA": [host]}

    def rotate(n, host):
        move("tls.test", host)
        soak.put(ca, bundles[n % 2])

    plain = keep(contextlib.closing(soak.Receiver(TCP, 1, before=lambda n, host: move("tcp.test", host))))
    secured = keep(contextlib.closing(soak.Receiver(TLS, 2, before=rotate, contexts=soak.contexts(*leaves))))
    http = keep(posts.Receiver(lambda post: posts.answer() if calm or post.n % 5 else posts.answer(503) if post.n % 10 else None))
    to = ["influx+stdout:", f"influx+tcp://tcp.test:{TCP}", f"influx+tls://tls.test:{TLS}", f"influx+http://127.0.0.1:{http.port}/write",
          f"influx+udp://127.0.0.1:{NOBODY}"]
    program = start(popen={"preexec_fn": etc.enter}, to=",".join(to), interval=f"{INTERVAL_MS}ms", buffer=f"{BUFFER_KIB}KiB", max_series=50, max_pods=16, ports="443,8080,*:8080,listen", pods="on",
                    kernel=None, queues=None, tls_ca=ca, listen=f"udp://127.0.0.1:{RELAY},unixstream://{path}")
    program.until(lambda: len(program.influx_polls()) > 2 and path.exists())
    clients, steps = keep(contextlib.closing(soak.Clients(RELAY, path))), keep(contextlib.closing(soak.Namespaces(3)))
    seen, began = [], time.monotonic()
    with soak.Loop(lambda: crowd.stir(1)), soak.Loop(steps.step), soak.Loop(clients.step):
        while time.monotonic() - began < SECONDS:
            seen.append(soak.process(program.process.pid))
            assert program.process.poll() is None, program.log
            time.sleep(min(1, SECONDS / 60))
    for one in plain, secured:
        one.calm()
    calm.append(True)
    polled = lambda: set(program.out.splitlines())
    before = polled()
    for receiver in plain, secured, http:
        program.until(lambda: before <= set(receiver.lines()))
    program.until(lambda: not unaccounted(program))
    assert program.end() == 0, program.log
    lines, points = pushed(program)

    third = len(seen) // 3
    early, late = [[max(column) for column in zip(*part)] for part in (seen[:third], seen[-third:])]
    assert late[0] == early[0], f"KiB of address space: {early[0]}, then {late[0]}"
    assert late[1] <= len(to) * BUFFER_KIB + RESIDENT_KIB, f"KiB resident: {late[1]}"
    assert late[2] <= early[2] + 2, f"descriptors: {early[2]}, then {late[2]}"
    assert late[3] == early[3], f"threads: {early[3]}, then {late[3]}"
    for receiver in plain, secured:
        streams.check(receiver, polled())
    assert set(http.lines()) == polled()
    relayed = sum(int(re.search(r" value=(\d+) ", line)[1]) for line in lines if line.startswith("soak.requests,"))
    lost = sum(fields.get("kernel_drops", 0) for fields in last(points, "sockpush_listen").values())
    assert relayed + lost == clients.sent
    times = sorted({point.time for point in points})
    longest = max(after - before for before, after in zip(times, times[1:])) / 1e9
    assert longest < LONGEST_S
    report(f"{len(times)} polls in {SECONDS} s, at most {longest:.2f} s apart; {len(plain.connections)} connections over TCP, {len(secured.connections)} over TLS, "
           f"{len(http.posts)} POSTs; {clients.sent} lines relayed; {early[0]} KiB of address space, {early[1]} and {late[1]} KiB resident, {late[2]} descriptors")
