"""Each system call of the program fails with each errno that a kernel may return: once, and for a while."""
import collections
import concurrent.futures
import contextlib
import os
import random
import re
import socket
import subprocess
import time
from typing import NamedTuple

import pytest

import fault_plan
import faults
import parse
import ports
import posts
import receivers
import streams
import wait
from chaos import report        # a fixture
from fault_plan import Fault, Running, Starting
from fault_receivers import Clients, Receivers
from manager import Manager
from program import BINARY, Program, environment
from tls_pki import pki         # a fixture

pytestmark = [pytest.mark.skipif(BINARY.read_bytes()[18:20] != b"\x3e\0", reason="not a program of x86_64"),
              pytest.mark.skipif(bool(faults.unsupported()), reason=faults.unsupported()),
              pytest.mark.skipif(b"__asan_" in BINARY.read_bytes(), reason="the sanitizers need calls of their own")]

SEED = int(os.environ.get("SOCKPUSH_TEST_SEED", "28"))


TABLE = faults.table() & set(faults.NUMBERS)


def test_every_call_of_the_table_has_a_row():
    for call in TABLE:
        fault_plan.errors_of(call)


# --- the start: what is called before the first lines are written

class Start(NamedTuple):
    """A run of three polls, to its end."""
    host: str
    status: int
    out: str
    log: str
    plan: Starting
    notices: list

    @property
    def series(self):
        """Returns the series of each poll, without the kernel's counters: those that cannot be read are left out of a poll."""
        return [{(point.measurement, tuple(tag for tag in point.tags if tag[0] not in ("host", "listen", "backend"))) for point in points
                 if point.measurement != "netstat_kernel"} for points in parse.by_poll(parse.influx(self.out))]


@pytest.fixture
def named(etc):
    """named(supervisor) is for Popen: the program finds the receivers' names in its /etc/hosts."""
    etc.write("hosts", "127.0.0.1 tcp.test udp.test https.test\n")

    def make(supervisor):
        def preexec():
            etc.enter()
            supervisor.preexec()
        return preexec
    return make


@pytest.fixture
def start_once(named, keep, pki, tmp_path):
    """start_once(host, plan) runs the program with a TCP and an HTTPS receiver, and with a service manager of its own. Returns the run."""
    tcp, http, udp = keep(streams.Aggregator()), keep(posts.Receiver(pki=pki.leaf("start", names="DNS:https.test"))), keep(receivers.udp())
    keep(socket.create_server(("127.0.0.1", 8080)))

    def run(host, plan):
        supervisor, manager = faults.Supervisor(plan), Manager(tmp_path / f"{host}.notify")
        env = {"to": f"influx+stdout:,influx+tcp://tcp.test:{tcp.port},https://https.test:{http.port}/w,influx+udp://udp.test:{udp.port}", "host": host,
               "NOTIFY_SOCKET": manager.name, "polls": 3, "interval": "100ms",
               "listen": f"udp://127.0.0.1:{ports.unused()},unixstream://{tmp_path / host}", "ports": "8080", "kernel": "on", "queues": "on",
               "tls_ca": pki.ca}
        program = Program(environment({}, env), preexec_fn=named(supervisor))
        try:
            status = program.end(None, 6 * wait.DEADLINE)
        except subprocess.TimeoutExpired:
            status = "hangs"
        finally:
            program.kill()
            supervisor.close()
            notices = manager.waiting()
            manager.close()
        return Start(host, status, program.out, program.log, plan, notices)
    run.tcp, run.http = tcp, http
    return run


def outcome(one, normal, received):
    """Returns how a start with a fault went; "wrong: …" if it is not as it should be."""
    lines, reported = one.out.splitlines(), re.search(r"^(\S+ (warn|error)|sockpush:) ", one.log, re.M)
    if one.status not in (0, 1, 2):
        return f"wrong: status {one.status}"
    if not lines:
        return "ended with a reason" if one.status and reported else "wrong: no reason"
    if one.status == 0 and not all(set(lines) <= set(got) for got in received):
        return "wrong: lines are missing at a receiver"
    if one.status and "were not sent" not in one.log and one.plan.fault.call != "write":       # which is the log itself
        return f"wrong: no reason for status {one.status}"
    reported = reported or one.plan.fault.error == "ENOENT" and "no IPv6 in this kernel" in one.log       # as it has to take it
    if len(one.series) == 3 and all(series >= normal for series in one.series):
        return "went on with all series"
    return "went on, and reported it" if reported else f"wrong: without a word {normal - min(one.series, key=len)} are missing"


def tells_its_manager(one):
    """Returns whether the manager knows once that the program is ready, by whichever report arrived first, or the log says why there is none.
    All reports of three polls are lost if sendto fails for a while."""
    ready = ["READY" in notice for notice in one.notices]
    if ready:
        return ready == [True] + [False] * (len(ready) - 1)
    return not one.out or "cannot report to" in one.log or one.plan.fault.call == "sendto" and one.plan.fault.times == fault_plan.A_WHILE


def whole_elsewhere(one, normal, received):
    """Returns whether both other receivers got three whole polls, whatever became of stdout."""
    polls = [[set(series) for series in one._replace(out="\n".join(lines) + "\n").series] for lines in received]
    return all(len(of) == 3 and all(series >= normal for series in of) for of in polls)


def test_the_start(start_once, report):
    """And all that is written to stdout."""
    began = time.monotonic()
    chance = random.Random(SEED)
    normal = start_once("normal", Starting())
    assert len(normal.series) == 3 and "READY" in normal.notices[0], normal.log
    assert normal.status == 0 or " dropped, 0 left at the end" in normal.log, normal.log       # by UDP, for the next poll's: the machine is busy
    never = TABLE - {row.split()[0] for row in normal.plan.all_made} - set(" ".join(fault_plan.NOT_AT_THE_START.values()).split())
    never = {call for call in never if not fault_plan.by_chance("start", call)}
    assert not never, f"of the sandbox's table, but not made: {never}"
    rows = list(normal.plan.rows(chance))
    with concurrent.futures.ThreadPoolExecutor(3 * os.cpu_count()) as pool:
        runs = list(pool.map(lambda row: start_once(f"{row[0]}-{row[1]}".replace(" ", "-"), Starting(*row)), rows))
    wait.until(lambda: len(start_once.tcp.ended) == len(start_once.tcp.connections))
    received = [collections.defaultdict(list), collections.defaultdict(list)]
    for got, lines in zip(received, (start_once.tcp.lines(), start_once.http.lines())):
        for line in lines:
            got[re.search("host=([^, ]*)", line)[1]].append(line)
    found, usual = collections.defaultdict(list), set.intersection(*normal.series)
    for one, (fault, _) in zip(runs, rows):
        how = outcome(one, usual, [got[one.host] for got in received])
        if fault.call == "write stdout" and not whole_elsewhere(one, usual, [got[one.host] for got in received]):
            how = "wrong: stdout's error cost another receiver lines"
        if not tells_its_manager(one):
            how = f"wrong: its manager knows {one.notices}"
        found[how].append(one)
    wrong = [f"{one.host}: {how}\n{one.log}" for how, of in found.items() if how.startswith("wrong") for one in of]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(rows)}, seed {SEED}:", *wrong])
    assert sum(one.plan.failed > 0 for one in runs) > 0.9 * len(rows), "too few calls failed"
    report(f"{len(rows)} faults in {len(normal.plan.all_made)} calls, {sum(one.plan.failed for one in runs)} failed calls: "
           f"{', '.join(f'{len(of)} {how}' for how, of in sorted(found.items()))}; {time.monotonic() - began:.0f} s, seed {SEED}")


def test_ipv6_is_counted_if_the_kernel_cannot_be_asked_for_it(start_once):
    """netlink is asked for IPv6 if procfs has a table of it. That procfs cannot be read now does not mean that it has none."""
    normal = start_once("normal", Starting())
    assert normal.plan.made["access"] > 1
    for n in range(normal.plan.made["access"]):
        one = start_once(f"access{n}", Starting(Fault("access", "ENOMEM", 1), n))
        assert one.plan.failed == 1 and outcome(one, set.intersection(*normal.series), []) == "went on with all series", one.log


# --- while it runs: the main thread polls, a thread for each output pushes, one more takes the applications' lines

POLLS_MAX = 1000        # a bound for all faults together


def take_faults(program, plan, phase):
    """Lets the program fail until all was tried, or nothing new is called. Then waits until it works again."""
    seen = lambda: program.out.count("\nsockpush,")
    plan.phase, last = phase, 0
    while plan.polls < POLLS_MAX and plan.polls < last + 100 and (plan.polls < 20 or plan.left):
        begun = len(plan.begun)
        program.until(lambda: seen() > plan.polls)
        plan.polls = seen()
        last = plan.polls if len(plan.begun) > begun or not last else last
    plan.phase = {}
    program.until(lambda: seen() > plan.polls + 5)


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_while_it_runs(named, keep, tmp_path, pki, report, backend):
    """With netlink all threads fail, with procfs the main thread alone, because the rest is the same."""
    began = time.monotonic()
    plan = Running(SEED)
    others = Receivers(keep, plan, pki if backend == "netlink" else None)
    keep(socket.create_server(("127.0.0.1", 8080)))
    port, path = ports.unused(), tmp_path / "listen"
    listen = {"listen": f"udp://127.0.0.1:{port},unixstream://{path}"} if others.udp else {}
    supervisor, manager = faults.Supervisor(plan), keep(contextlib.closing(Manager(tmp_path / "notify")))
    program = Program(environment({}, {"to": ",".join(others.outputs), "host": "a", "interval": "100ms", "replay": "2s", "buffer": "4MiB", "tls_ca": pki.ca,
                                       "NOTIFY_SOCKET": manager.name, "backend": backend, "ports": "8080", "kernel": "on", "queues": "on", **listen}),
                      preexec_fn=named(supervisor))
    try:
        program.until(lambda: program.out.count("\nsockpush,") > 3 and all(one.connections for one in others.streams))
        assert ["READY" in said for said in manager.waiting()][:2] == [True, False]
        start = len(program.log)
        with Clients(port, path) if listen else contextlib.nullcontext() as clients:
            take_faults(program, plan, others.phases(program.process.pid, backend))
        own = set(program.out.splitlines())
        program.until(lambda: all(own <= set(one.lines()) for one in others.streams))
        manager.waiting()
        assert set(manager.next()) == {"WATCHDOG", "STATUS"}, "after faults it reports no more"
        assert program.end() == 0, program.log
    finally:
        program.kill()
        supervisor.close()
        print(*plan.begun, program.log[start:], sep="\n")
    check_received(program, others)
    own_lines = "".join(line + "\n" for line in program.out.splitlines() if line.startswith(("netstat", "sockpush")))
    lost = uncounted(parse.influx(own_lines), plan.begun)
    assert not lost, f"without counts, which no poll_errors counts: polls {lost}"
    assert not re.search("backend=none .*no IPv6", program.log), "what was not read is not known"
    if clients:
        hits = sum(float(value) for value in re.findall("^hits,.* value=([0-9.]+) ", program.out, re.M))
        dropped = max(point.fields.get("kernel_drops", 0) for point in parse.influx(own_lines) if point.measurement == "sockpush_listen")
        assert hits + dropped == clients.sent, f"{hits} of {clients.sent} datagrams were counted, {dropped} as dropped"
    assert not plan.left, f"was not tried, with seed {SEED}: {plan.left}"
    report(f"{len(plan.begun)} faults in {len({call for _, call in plan.made})} calls, {plan.failed} failed calls; {plan.polls} polls, "
           f"{sum(map(len, plan.rows.values()))} left to chance, "
           f"{time.monotonic() - began:.0f} s, seed {SEED}")


def test_owners(named, keep, report):
    """Who holds a socket is looked for once a minute. So each of many sockets loses its owner once, and is counted without."""
    plan, began = Running(SEED), time.monotonic()
    numbers = range(8000, 8100)
    for port in numbers:
        keep(socket.create_server(("127.0.0.1", port)))
    supervisor = faults.Supervisor(lambda thread, call, arguments: plan(thread, call, arguments) if call == "readlinkat" else 0)
    program = Program(environment({}, {"to": "influx+stdout:", "host": "a", "interval": "100ms", "ports": ",".join(map(str, numbers))}), preexec_fn=named(supervisor))
    owned = lambda: [sum("pid" in {**point.fields, **dict(point.tags)} for point in poll) for poll in parse.by_poll(parse.influx(program.out))[:-1]]
    try:
        program.until(lambda: program.out.count("\nsockpush,") > 3)
        take_faults(program, plan, {program.process.pid: "owners"})
        assert program.end() == 0, program.log
    finally:
        program.kill()
        supervisor.close()
    assert not plan.left and owned()[0] == 100 and owned()[-1] == 100 - plan.failed, f"{plan.left}, {plan.failed}, {owned()}"
    report(f"{len(plan.begun)} faults in a call, {plan.failed} failed calls; {time.monotonic() - began:.0f} s, seed {SEED}")


def check_received(program, others):
    """Asserts that each stream received each printed line, that none was cut or never printed, and that lost datagrams were counted."""
    printed = program.out.splitlines()
    own = set(printed)
    assert len(own) == len(printed), "lines are printed twice"
    assert wait.until(lambda: all(len(one.ended) == len(one.connections) for one in others.streams))
    for one in others.streams:
        missing, strange = own - set(one.lines()), set(one.lines()) - own
        assert not missing and not strange, f"{len(missing)} of {len(own)} were not received; {len(strange)} never printed: {sorted(strange)[:2]}"
    for got in (got for one in others.tcp for got in one.connections):
        *lines, rest = bytes(got).decode().split("\n")
        assert len(lines) == len(set(lines)), "twice in one connection"
        assert any(line.startswith(rest) for line in own), f"cut: {rest}"
    for one in others.udp:
        missing = own - set(one.text.splitlines())
        dropped = re.search(rf"udp://udp.test:{one.port} msg=\"[0-9]+ lines were not sent: ([0-9]+) dropped", program.log)
        assert len(missing) <= int(dropped[1] if dropped else 0), f"{len(missing)} lines were lost, {dropped and dropped[1]} counted"


def uncounted(points, begun):
    """Returns the numbers of the polls whose counts are not whole, though poll_errors did not grow. An absent table means a kernel without
    IPv6."""
    absent = {first + n for first, _, fault in begun if fault.error == "ENOENT" for n in range(5)}
    found, before = [], 0
    for n, poll in enumerate(parse.by_poll(points)):
        whole = [point for point in poll if point.measurement == "netstat" and {"tcp_established", "udp_socket"} <= set(point.fields)]
        errors = max((point.fields["poll_errors"] for point in poll if point.measurement == "sockpush"), default=None)
        if errors is None:
            continue        # the end: lines of applications alone
        if errors == before and len(whole) < 2 and n not in absent:
            found.append(n)
        before = errors
    return found
