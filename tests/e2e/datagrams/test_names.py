"""Names: found whatever one family, one server or one search domain does, and never at the cost of a poll.

The program sees an /etc of the test's own and, on 127.0.0.1:53 of a namespace, a name server of the test's own.
"""
import os
import subprocess
import time

import pytest

import netns
import parse
import receivers
from dnsserver import HEADER_ALONE, NODATA, NXDOMAIN, SERVFAIL, SILENT, Server
from program import environment, run_binary

QUICK = 2       # seconds; one time-out of the resolver takes five
KUBERNETES = "search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"

BOTH = {"A": ["127.0.0.1"], "AAAA": ["::1"]}


@pytest.fixture
def serve(etc, keep):
    """serve(names): a name server on 127.0.0.1:53."""
    return lambda names=None, **more: keep(Server(names=names, **more))


@pytest.fixture
def receiver(namespace, keep):
    """An aggregator on 127.0.0.1."""
    return keep(receivers.udp())


@pytest.fixture
def push(etc, start, receiver):
    """push(host): a program that pushes to udp://host, at the port of the receiver. push(host, ",stdout:"): and there."""
    return lambda host, more="", **env: start(to=f"udp://{host}:{receiver.port}{more}", popen={"preexec_fn": etc.enter}, **env)


@pytest.fixture
def check(etc):
    """check(host): --check for that one output, and the seconds it took."""
    def look(host):
        before = time.monotonic()
        one = run_binary(environment({}, {"to": f"udp://{host}:9"}), "--check", preexec_fn=etc.enter, timeout=60)
        return one, time.monotonic() - before
    return look


def arrives(receiver, seconds=None):
    """The seconds until the first datagram is there."""
    before = time.monotonic()
    receiver.until(lambda text: "netstat" in text)
    took = time.monotonic() - before
    assert seconds is None or took < seconds, f"{took:.2f} s"
    return took


def is_quick(check, host, seconds=QUICK):
    one, took = check(host)
    assert one.status == 0, one.out + one.log
    assert took < seconds, f"{took:.2f} s"


# --- one family or both


def each_with(good):
    """The answer for one family, and whatever there is for the other."""
    return [(good, other) for other in (NODATA, SERVFAIL, SILENT)]


@pytest.mark.parametrize("v4,v6", [(BOTH["A"], BOTH["AAAA"])] + each_with(BOTH["A"]) + [pair[::-1] for pair in each_with(BOTH["AAAA"])])
def test_one_good_family_is_enough(serve, push, keep, receiver, v4, v6):
    target = receiver if v4 == BOTH["A"] else keep(receivers.udp("::1", receiver.port))
    serve({"agent.test": {"A": v4, "AAAA": v6}})
    push("agent.test")
    arrives(target, QUICK)


def test_second_address_when_the_first_refuses(serve, push, receiver):
    """Of both families IPv4 is tried first; nobody is there."""
    receiver.close()
    with receivers.udp("::1", receiver.port) as other:
        serve({"agent.test": BOTH})
        push("agent.test")
        arrives(other)


def test_late_answer_of_the_other_family(serve, push, receiver):
    """A machine that has IPv4 alone, and whose A is later than the AAAA: found soon all the same."""
    serve({"agent.test": {"A": ["127.0.0.1"], "AAAA": ["2001:db8::1"]}}, late={"A": 0.5})
    push("agent.test")
    arrives(receiver, 10)


# --- servers


def test_truncated_answer_is_asked_for_again_over_tcp(serve, push, receiver):
    server = serve({"agent.test": {"A": ["127.0.0.1"] + [f"127.0.1.{i}" for i in range(100)]}}, truncated={"agent.test"})
    push("agent.test")
    arrives(receiver, QUICK)
    assert ("tcp", "agent.test", "A") in server.asked


def test_truncated_answer_longer_than_any_buffer(serve, push, receiver):
    """A headless service of many pods."""
    serve({"agent.test": {"A": ["127.0.0.1"] + [f"127.1.{i // 250}.{i % 250}" for i in range(3000)]}}, truncated={"agent.test"})
    push("agent.test")
    arrives(receiver, QUICK)


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
def test_second_server_when_the_first_can_not_tell(serve, etc, keep, check, error):
    serve({"agent.test": BOTH})
    keep(Server(host="127.0.0.2", otherwise=error))
    etc.write("resolv.conf", "nameserver 127.0.0.2\nnameserver 127.0.0.1\n")
    is_quick(check, "agent.test")


def test_nobody_serves_names(etc, check):
    """Refused, as when a local resolver is not up yet: said at once."""
    one, took = check("agent.test")
    assert one.status == 1 and "cannot look up agent.test: no nameserver answers" in one.out
    assert took < QUICK


@pytest.mark.parametrize("options", ["timeout:0", "attempts:0", "timeout:x attempts:y", "ndots:99 timeout:0 attempts:0"])
def test_absurd_options(serve, etc, check, options):
    serve({"agent.test": BOTH})
    etc.write("resolv.conf", f"nameserver 127.0.0.1\noptions {options}\n")
    is_quick(check, "agent.test")


# --- search


def test_kubernetes_service(serve, etc, push, receiver):
    server = serve({"agent.shop.svc.cluster.local": {"A": ["127.0.0.1"]}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    push("agent")
    arrives(receiver, QUICK)
    assert set(server.names_asked()) == {"agent.shop.svc.cluster.local"}


def test_kubernetes_and_a_name_of_the_world(serve, etc, push, receiver):
    """Below each search domain first, for it has fewer than five dots."""
    server = serve({"agent.example.com": {"A": ["127.0.0.1"]}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    push("agent.example.com")
    arrives(receiver, QUICK)
    below = [f"agent.example.com.{domain}" for domain in ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")]
    assert server.names_asked() == below + ["agent.example.com"]


def test_final_dot_needs_no_search(serve, etc, push, receiver):
    server = serve({"agent.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    push("agent.test.")
    arrives(receiver, QUICK)
    assert set(server.names_asked()) == {"agent.test"}


def test_enough_dots_need_no_search(serve, etc, check):
    server = serve({"a.b.c.d.e.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "a.b.c.d.e.test")
    assert set(server.names_asked()) == {"a.b.c.d.e.test"}


@pytest.mark.parametrize("servers", [1, 3])
def test_search_domain_that_never_answers(serve, etc, keep, check, servers):
    """However many servers are asked about it in turn: the time of the look-up is shared."""
    names = {"agent.example.com.shop.svc.cluster.local": SILENT, "agent.example.com": BOTH}
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3")[:servers]:
        keep(Server(host=host, names=names))
    etc.write("resolv.conf", "".join(f"nameserver 127.0.0.{n + 1}\n" for n in range(servers)) + KUBERNETES)
    is_quick(check, "agent.example.com", 12)


def test_search_with_a_dead_first_server(serve, etc, keep, check):
    """It costs its time-out once, not below each domain."""
    serve({"agent.example.com": BOTH})
    keep(Server(host="127.0.0.3", otherwise=SILENT))
    etc.write("resolv.conf", "nameserver 127.0.0.3\nnameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "agent.example.com", 5 + QUICK)


def test_search_while_no_question_for_aaaa_is_answered(serve, etc, check):
    """Some routers do so. That a name is not there holds for both families."""
    silent = {"A": NXDOMAIN, "AAAA": SILENT}
    domains = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")
    serve({f"agent.example.com.{domain}": silent for domain in domains} | {"agent.example.com": {"A": ["127.0.0.1"], "AAAA": SILENT}})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n" + KUBERNETES)
    is_quick(check, "agent.example.com", 4 * QUICK)


def test_search_nowhere(etc, check):
    """As systemd-resolved writes it; the reason told is that of the name itself."""
    etc.write("resolv.conf", "nameserver 127.0.0.1\nsearch .\n")
    one, took = check("agent")
    assert one.status == 1 and "no nameserver answers" in one.out and took < QUICK


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


@pytest.mark.parametrize("answer,why", [(NODATA, "the name has no address"), (SERVFAIL, "the nameserver could not tell"),
                                        (NXDOMAIN, "no such name")], ids=["NODATA", "SERVFAIL", "NXDOMAIN"])
def test_reason(serve, check, answer, why):
    serve({"agent.test": answer})
    one, took = check("agent.test")
    assert one.status == 1 and f"cannot look up agent.test: {why}" in one.out
    assert took < QUICK


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", ".".join(["x" * 63] * 4)])
def test_no_host_name(serve, check, host):
    server = serve({})
    one, took = check(host)
    assert one.status == 1 and "not a host name" in one.out and took < QUICK
    assert not server.asked


@pytest.mark.parametrize("text", [None, "", "# nothing\nsearch test\n"], ids=["missing", "empty", "without a server"])
def test_no_nameserver_is_said_at_once(etc, check, text):
    if text is None:
        (etc.folder / "resolv.conf").unlink()
    else:
        etc.write("resolv.conf", text)
    one, took = check("agent.test")
    assert one.status == 1 and "/etc/resolv.conf names no nameserver" in one.out
    assert took < QUICK


def test_resolv_conf_is_read_again(serve, etc, push, receiver):
    (etc.folder / "resolv.conf").unlink()
    program = push("agent.test")
    program.until(lambda: "names no nameserver" in program.log)
    serve({"agent.test": BOTH})
    etc.write("resolv.conf", "nameserver 127.0.0.1\n")
    arrives(receiver)


# --- without a server


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1"])
def test_localhost_needs_no_file(etc, push, receiver, host):
    (etc.folder / "resolv.conf").unlink()
    push(host)
    arrives(receiver, QUICK)


def test_hosts_file_comes_first(serve, etc, push, receiver):
    server = serve({"agent.test": {"A": ["192.0.2.1"]}})
    filler = "".join(f"10.0.{i // 250}.{i % 250}\thost-{i}\n" for i in range(1000)) + "# " + "x" * 3000 + "\n"
    etc.write("hosts", filler + "127.0.0.1\tAgent.Test agent # the aggregator\n" + filler + "10.0.0.1 other")
    push("agent.test")
    arrives(receiver, QUICK)
    assert not server.asked


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
    program.until(lambda: len(program.influx_polls()) >= 30)
    times = sorted({point.time for point in parse.influx(program.out)})
    assert max(b - a for a, b in zip(times, times[1:])) < 1e9
    assert server.asked and "agent.test" not in "".join(line for line in program.log.splitlines() if " warn " in line)


def test_end_while_a_server_hangs(serve, push):
    """A thread in the resolver does not hold the program's end up beyond the five seconds it takes at most."""
    server = serve(otherwise=SILENT)
    program = push("agent.test", ",influx+stdout:")
    program.until(lambda: server.asked and program.influx_polls())
    before = time.monotonic()
    assert program.end() == 0
    assert time.monotonic() - before < 5 + QUICK


@pytest.mark.skipif(not os.environ.get("SOCKPUSH_TEST_SLOW"), reason="takes a minute: SOCKPUSH_TEST_SLOW=1 runs it")
def test_changed_address_is_followed(serve, push, receiver):
    """The name is looked up again 60 s after; until then, and while the server fails, the old address is kept."""
    server = serve({"agent.test": {"A": ["127.0.0.1"]}})
    push("agent.test")
    arrives(receiver, QUICK)
    with receivers.udp("127.0.0.2", receiver.port) as other:
        server.names["agent.test"] = {"A": ["127.0.0.2"]}
        before = time.monotonic()
        while not other.chunks and time.monotonic() - before < 70:
            time.sleep(0.1)
        assert 50 < time.monotonic() - before < 65
        server.names["agent.test"] = SERVFAIL
        count = len(server.asked)
        while len(server.asked) == count and time.monotonic() - before < 140:
            time.sleep(0.1)
        seen = len(other.chunks)
        other.until(lambda text: len(other.chunks) > seen + 10)
