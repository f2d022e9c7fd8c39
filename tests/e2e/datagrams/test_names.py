"""Names are found even if one family, one server or one search domain fails, and never delay a poll.

The program sees the test's /etc, and on 127.0.0.1:53 of a namespace the test's name server.
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import netns
import parse
import receivers
import wait
from dnsserver import HEADER_ALONE, NODATA, NXDOMAIN, SERVFAIL, SILENT, Server
from program import BINARY, Program, Run, environment

QUICK = 2       # seconds that may pass without an answer; one time-out of the resolver is five
KUBERNETES = "search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"
STRACE = shutil.which("strace")

BOTH = {"A": ["127.0.0.1"], "AAAA": ["::1"]}


class Trace:
    """The waits of the program, read from its system calls, so that a busy machine changes nothing."""

    def __init__(self, path):
        self._path = path
        self.words = ["-D", "-f", "-yy", "-e", "trace=poll,ppoll", "-o", str(path), str(BINARY)]

    def _calls(self):
        """Returns whole calls. The texts of two threads' simultaneous calls may be cut in two."""
        begun = {}
        for line in self._path.read_text().splitlines():
            pid, _, text = line.partition(" ")
            if text.endswith("<unfinished ...>"):
                begun[pid] = text.removesuffix("<unfinished ...>")
            else:
                yield re.sub(r"^\s*<\.\.\. \w+ resumed>", lambda _: begun.pop(pid, ""), text)

    def in_vain(self):
        """Returns the seconds that it waited for nameservers without an answer."""
        return sum(int(found[1]) for call in self._calls() if ":53]>" in call and (found := re.search(r", (\d+)\) += 0 \(Timeout\)", call))) / 1000

    def check_quick(self, pid, seconds=QUICK):
        if not STRACE:
            pytest.skip("all is well, but what it waited for is not known: strace is not installed")
        assert wait.until(lambda: re.search(rf"^{pid} +\+\+\+ ", self._path.read_text(), re.M)), "the trace has no end"
        assert self.in_vain() < seconds, self._path.read_text()


@pytest.fixture
def trace(tmp_path):
    if STRACE and subprocess.run([STRACE, "-o", tmp_path / "try", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("strace may not trace here")
    return Trace(tmp_path / "trace")


@pytest.fixture
def serve(etc, keep):
    """serve(names) runs a name server on 127.0.0.1:53."""
    return lambda names=None, **more: keep(Server(names=names, **more))


@pytest.fixture
def receiver(namespace, keep):
    """An aggregator on 127.0.0.1."""
    return keep(receivers.udp())


@pytest.fixture
def push(etc, start, receiver, trace):
    """push(host) starts a program that pushes to udp://host, at the receiver's port. push(host, ",stdout:") adds a second output."""
    def make(host, more="", **env):
        traced = {"binary": STRACE, "arguments": trace.words} if STRACE else {}
        program = start(to=f"udp://{host}:{receiver.port}{more}", popen={"preexec_fn": etc.enter, **traced}, **env)
        program.trace = trace
        return program
    return make


@pytest.fixture
def check(etc, trace, keep):
    """check(host, …) runs --check for that output, which is reachable if it is this machine. Returns the run. check(host, seconds) lets it
    wait that long without an answer."""
    for here in ("127.0.0.1", "::1"):
        keep(receivers.udp(here, 9))
    def look(host, seconds=QUICK, **env):
        traced = {"binary": STRACE, "arguments": [*trace.words, "--check"]} if STRACE else {"arguments": ["--check"]}
        program = Program(environment({}, {"to": f"udp://{host}:9", **env}), preexec_fn=etc.enter, **traced)
        one = Run(program.end(number=None), program.out, program.log)
        trace.check_quick(program.process.pid, seconds)
        return one
    return look


def arrives(receiver):
    receiver.until(lambda text: "netstat" in text)


def arrives_at_once(receiver, program):
    """Asserts that the first look-up succeeds with next to no waiting in vain."""
    arrives(receiver)
    assert " warn " not in program.log, program.log
    program.kill()
    program.trace.check_quick(program.process.pid)


def is_quick(check, host, seconds=QUICK):
    one = check(host, seconds)
    assert one.status == 0, one.out + one.log


# --- one family or both


def each_with(good):
    """Returns the good answer of one family, paired with each bad answer of the other."""
    return [(good, other) for other in (NODATA, SERVFAIL, SILENT)]


@pytest.mark.parametrize("v4,v6", [(BOTH["A"], BOTH["AAAA"])] + each_with(BOTH["A"]) + [pair[::-1] for pair in each_with(BOTH["AAAA"])])
def test_one_good_family_is_enough(serve, push, keep, receiver, v4, v6):
    target = receiver if v4 == BOTH["A"] else keep(receivers.udp("::1", receiver.port))
    serve({"agent.test": {"A": v4, "AAAA": v6}})
    arrives_at_once(target, push("agent.test"))


def test_second_address_when_the_first_refuses(serve, push, receiver):
    """IPv4 is tried first, and nobody is there."""
    receiver.close()
    with receivers.udp("::1", receiver.port) as other:
        serve({"agent.test": BOTH})
        push("agent.test")
        arrives(other)


def test_late_answer_of_the_other_family(serve, push, receiver):
    """On a machine with IPv4 only the A record comes later than the AAAA, and is still found soon."""
    serve({"agent.test": {"A": ["127.0.0.1"], "AAAA": ["2001:db8::1"]}}, late={"A": 0.5})
    program = push("agent.test")
    arrives(receiver)
    assert " warn " not in program.log


# --- servers


def test_truncated_answer_is_asked_for_again_over_tcp(serve, push, receiver):
    server = serve({"agent.test": {"A": ["127.0.0.1"] + [f"127.0.1.{i}" for i in range(100)]}}, truncated={"agent.test"})
    arrives_at_once(receiver, push("agent.test"))
    assert ("tcp", "agent.test", "A") in server.asked


def test_truncated_answer_longer_than_any_buffer(serve, push, receiver):
    """The name is a headless service of many pods."""
    serve({"agent.test": {"A": ["127.0.0.1"] + [f"127.1.{i // 250}.{i % 250}" for i in range(3000)]}}, truncated={"agent.test"})
    arrives_at_once(receiver, push("agent.test"))


def test_truncated_and_the_other_family_silent(serve, check):
    serve({"agent.test": {"A": ["127.0.0.1"], "AAAA": SILENT}}, truncated={"agent.test"})
    is_quick(check, "agent.test")


@pytest.mark.parametrize("first", ["127.0.0.2", "127.0.0.3", "2001:db8::53", "192.0.2.53"],
                         ids=["refused", "silent", "no IPv6 route", "no route"])
def test_second_server_when_the_first_is_dead(serve, etc, keep, check, first):
    serve({"agent.test": BOTH})
    keep(Server(host="127.0.0.3", otherwise=SILENT))
    etc.write("resolv.conf", f"nameserver {first}\nnameserver 127.0.0.1\noptions timeout:3\n")
    is_quick(check, "agent.test", 3 + QUICK if first == "127.0.0.3" else QUICK)


@pytest.mark.parametrize("error", [SERVFAIL, HEADER_ALONE], ids=["SERVFAIL", "REFUSED, header alone"])
def test_second_server_when_the_first_has_no_answer(serve, etc, keep, check, error):
    serve({"agent.test": BOTH})
    keep(Server(host="127.0.0.2", otherwise=error))
    etc.write("resolv.conf", "nameserver 127.0.0.2\nnameserver 127.0.0.1\n")
    is_quick(check, "agent.test")


def test_nobody_serves_names(etc, check):
    """A local resolver that is not up yet refuses. The log reports it at once."""
    one = check("agent.test")
    assert one.status == 1 and "cannot look up agent.test: no nameserver answers" in one.out


@pytest.mark.parametrize("options", ["timeout:0", "attempts:0", "timeout:x attempts:y", "ndots:99 timeout:0 attempts:0"])
def test_absurd_options(serve, etc, check, options):
    serve({"agent.test": BOTH})
    etc.write("resolv.conf", f"nameserver 127.0.0.1\noptions {options}\n")
    is_quick(check, "agent.test")


# --- search


def test_kubernetes_service(serve, etc, push, receiver):
    server = serve({"agent.shop.svc.cluster.local": {"A": ["127.0.0.1"]}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    arrives_at_once(receiver, push("agent"))
    assert set(server.names_asked()) == {"agent.shop.svc.cluster.local"}


def test_kubernetes_and_a_name_of_the_world(serve, etc, push, receiver):
    """The name has fewer than five dots, so each search domain is tried first."""
    server = serve({"agent.example.com": {"A": ["127.0.0.1"]}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    arrives_at_once(receiver, push("agent.example.com"))
    below = [f"agent.example.com.{domain}" for domain in ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")]
    assert server.names_asked() == below + ["agent.example.com"]


def test_final_dot_needs_no_search(serve, etc, push, receiver):
    server = serve({"agent.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    arrives_at_once(receiver, push("agent.test."))
    assert set(server.names_asked()) == {"agent.test"}


def test_enough_dots_need_no_search(serve, etc, check):
    server = serve({"a.b.c.d.e.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "a.b.c.d.e.test")
    assert set(server.names_asked()) == {"a.b.c.d.e.test"}


@pytest.mark.parametrize("servers", [1, 3])
def test_search_domain_that_never_answers(serve, etc, keep, check, servers):
    """The look-up's time limit is shared by all servers and domains."""
    names = {"agent.example.com.shop.svc.cluster.local": SILENT, "agent.example.com": BOTH}
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3")[:servers]:
        keep(Server(host=host, names=names))
    etc.write("resolv.conf", "".join(f"nameserver 127.0.0.{n + 1}\n" for n in range(servers)) + KUBERNETES)
    is_quick(check, "agent.example.com", 12)


def test_search_with_a_dead_first_server(serve, etc, keep, check):
    """A dead server costs its time-out once, not once per domain."""
    serve({"agent.example.com": BOTH})
    keep(Server(host="127.0.0.3", otherwise=SILENT))
    etc.write("resolv.conf", "nameserver 127.0.0.3\nnameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "agent.example.com", 5 + QUICK)


def test_search_while_no_question_for_aaaa_is_answered(serve, etc, check):
    """Some routers do so. A negative answer for the name holds for both families."""
    silent = {"A": NXDOMAIN, "AAAA": SILENT}
    domains = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")
    serve({f"agent.example.com.{domain}": silent for domain in domains} | {"agent.example.com": {"A": ["127.0.0.1"], "AAAA": SILENT}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "agent.example.com", 4 * QUICK)


def test_search_nowhere(etc, check):
    """resolv.conf is as systemd-resolved writes it. The reported reason is that of the name itself."""
    etc.write("resolv.conf", "nameserver 127.0.0.1\nsearch .\n")
    one = check("agent")
    assert one.status == 1 and "no nameserver answers" in one.out


# --- what cannot be found, and is found later


def test_unknown_name_is_tried_again_until_it_is_there(serve, push, receiver):
    server = serve({})
    program = push("agent.test")
    program.until(lambda: "no such name" in program.log)
    warnings = [pairs["msg"] for level, pairs in parse.log(program.log) if level == "warn"]
    assert len(warnings) == 1 and "cannot look up agent.test: no such name" in warnings[0]
    server.names["agent.test"] = BOTH
    arrives(receiver)
    program.until(lambda: "sending again" in program.log)


@pytest.mark.parametrize("answer,why", [(NODATA, "the name has no address"), (SERVFAIL, "the nameserver reports a failure"),
                                        (NXDOMAIN, "no such name")], ids=["NODATA", "SERVFAIL", "NXDOMAIN"])
def test_reason(serve, check, answer, why):
    serve({"agent.test": answer})
    one = check("agent.test")
    assert one.status == 1 and f"cannot look up agent.test: {why}" in one.out


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", ".".join(["x" * 63] * 4)])
def test_no_host_name(serve, check, host):
    server = serve({})
    one = check(host)
    assert one.status == 1 and "not a host name" in one.out
    assert not server.asked


@pytest.mark.parametrize("text", [None, "", "# nothing\nsearch test\n"], ids=["missing", "empty", "without a server"])
def test_no_nameserver_is_logged_at_once(etc, check, text):
    """The nameserver is then this machine (resolv.conf(5)), where none listens."""
    if text is None:
        (etc.folder / "resolv.conf").unlink()
    else:
        etc.write("resolv.conf", text)
    one = check("agent.test")
    assert one.status == 1 and "no nameserver answers" in one.out


@pytest.mark.parametrize("make", [lambda path: path.symlink_to(path.name), pathlib.Path.mkdir], ids=["a circle", "a directory"])
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_a_resolv_conf_that_cannot_be_read_is_the_reason(etc, check, make, sandbox):
    (etc.folder / "resolv.conf").unlink()
    make(etc.folder / "resolv.conf")
    one = check("agent.test", sandbox=sandbox)
    assert one.status == 1 and "cannot look up agent.test: /etc/resolv.conf cannot be read" in one.out


def test_resolv_conf_is_read_again(serve, etc, push, receiver):
    (etc.folder / "resolv.conf").unlink()
    program = push("agent.test")
    program.until(lambda: "no nameserver answers" in program.log)
    serve({"agent.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n")
    arrives(receiver)


# --- without a server


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1"])
def test_localhost_needs_no_file(etc, push, receiver, host):
    (etc.folder / "resolv.conf").unlink()
    arrives_at_once(receiver, push(host))


def test_hosts_file_comes_first(serve, etc, push, receiver):
    server = serve({"agent.test": {"A": ["192.0.2.1"]}})
    filler = "".join(f"10.0.{i // 250}.{i % 250}\thost-{i}\n" for i in range(1000)) + "# " + "x" * 3000 + "\n"
    etc.write("hosts", filler + "127.0.0.1\tAgent.Test agent # the aggregator\n" + filler + "10.0.0.1 other")
    arrives_at_once(receiver, push("agent.test"))
    assert not server.asked


@pytest.mark.parametrize("asked,written", [("box.test.", "box.test"), ("box.test", "Box.test."), ("localhost.", "x"), ("foo.localhost", "x")])
def test_dot_at_the_end_and_names_below_localhost(serve, etc, push, receiver, asked, written):
    """The dot that ends a name in DNS does not belong to the name. Names that end in localhost are this machine (RFC 6761 6.3)."""
    server = serve()
    etc.write("hosts", f"127.0.0.1 {written}\n")
    arrives_at_once(receiver, push(asked))
    assert not server.asked


def test_address_with_a_zone_in_hosts(serve, etc, check):
    server = serve()
    etc.write("hosts", "fe80::1%lo router.test\n")
    assert "cannot look up" not in check("router.test").out and not server.asked


def test_nameserver_with_a_zone(namespace, etc, keep, check):
    """A router advertises itself with a zone (RDNSS)."""
    netns.ip("addr", "add", "fe80::5/64", "dev", "lo", "nodad")
    keep(Server(host="fe80::5%lo", names={"agent.test": {"A": ["127.0.0.1"]}}))
    etc.write("resolv.conf", "nameserver fe80::5%lo\n")
    is_quick(check, "agent.test")


@pytest.mark.parametrize("text", ["", "search corp.test\n", "# nothing\n"])
def test_without_a_line_this_machine_is_asked(serve, etc, push, receiver, text):
    serve({"agent.test": BOTH})
    etc.write("resolv.conf", text)
    arrives_at_once(receiver, push("agent.test"))


def test_truncated_and_no_tcp(serve, check):
    """The reported reason is the truncated answer, not the other family's missing address."""
    server = serve({"agent.test": {"A": ["127.0.0.1"]}}, truncated=["agent.test"])
    server._tcp.close()
    one = check("agent.test")
    assert one.status == 1 and "too long for UDP, and TCP fails" in one.out, one


def test_truncated_and_another_server_answers(etc, keep, check):
    """One server's TCP fails, so the answer has to come from another."""
    one = keep(Server(host="127.0.0.2", names={"agent.test": {"A": ["127.0.0.1"]}}, truncated=["agent.test"]))
    one._tcp.close()
    keep(Server(names={"agent.test": {"A": ["127.0.0.1"]}}))
    etc.write("resolv.conf", "nameserver 127.0.0.2\nnameserver 127.0.0.1\n")
    checked = check("agent.test")
    assert checked.status == 0, checked


@pytest.mark.parametrize("servers,domains,late", [(1, 0, 1.1), (3, 0, 1.1), (1, 3, 0.5), (2, 3, 1)])
def test_servers_that_answer_rightly_but_late(etc, keep, push, receiver, servers, domains, late):
    """An answer to an earlier try is as good as one to the last, and each name below a search domain has its own time."""
    for n in range(servers):
        keep(Server(host=f"127.0.0.{n + 1}", names={"agent.test": {"A": ["127.0.0.1"]}}, late={"A": late, "AAAA": late}))
    lines = [f"nameserver 127.0.0.{n + 1}" for n in range(servers)] + ["search " + " ".join(f"d{n}.test" for n in range(domains)), "options ndots:5"]
    etc.write("resolv.conf", "\n".join(lines) + "\n")
    program = push("agent.test")
    arrives(receiver)
    assert " warn " not in program.log, program.log


def test_hosts_file_changes(etc, push, receiver):
    etc.write("resolv.conf", "")
    etc.write("hosts", "127.0.0.1 localhost\n")
    program = push("agent.test")
    program.until(lambda: "cannot look up" in program.log)
    etc.write("hosts", "127.0.0.1 localhost\n127.0.0.1 agent.test")
    arrives(receiver)


# --- beside the polls


def test_hanging_server_delays_no_poll(serve, push):
    server = serve(otherwise=SILENT)
    program = push("agent.test", ",influx+stdout:")
    program.until(lambda: len(program.influx_polls()) >= 20 or " warn " in program.log)
    assert server.asked and " warn " not in program.log, "so many polls came within one look-up"


def test_end_while_a_server_hangs(serve, push):
    """A thread in the resolver does not delay the program's end beyond the resolver's five seconds. The log would report the end of its
    look-up."""
    server = serve(otherwise=SILENT)
    program = push("agent.test", ",influx+stdout:")
    program.until(lambda: server.asked and program.influx_polls())
    assert program.end() == 0
    assert parse.ended_by_limit(program.log) and "cannot look up" not in program.log, program.log


@pytest.mark.skipif(not os.environ.get("SOCKPUSH_TEST_SLOW"), reason="takes a minute: SOCKPUSH_TEST_SLOW=1 runs it")
def test_changed_address_is_followed(serve, push, receiver):
    """The name is looked up again after 60 s. Until then, and while the server fails, the old address is kept."""
    server = serve({"agent.test": {"A": ["127.0.0.1"]}})
    program = push("agent.test", ",influx+stdout:")
    arrives(receiver)
    polls = lambda: sorted({point.time for point in parse.influx(program.out)})
    with receivers.udp("127.0.0.2", receiver.port) as other:
        server.names["agent.test"] = {"A": ["127.0.0.2"]}
        assert wait.until(lambda: other.chunks, 60 + wait.DEADLINE)
        times = polls()
        assert len(server.asked) == 2 * 2 and times[-1] - times[0] > 59e9, "asked twice, for both families"
        server.names["agent.test"] = SERVFAIL
        assert wait.until(lambda: len(server.asked) > 2 * 2, 60 + wait.DEADLINE)
        seen = len(other.chunks)
        other.until(lambda text: len(other.chunks) > seen + 10)
