"""If netlink is refused, procfs is read in the same poll with the same counts, and the log gives the reason."""
import socket

import pytest

import parse
import seccomp
from program import ONE_POLL, environment, run_binary

pytestmark = pytest.mark.skipif(not seccomp.SUPPORTED, reason="the number of socket(2) on this machine is not known here")


@pytest.fixture
def refused():
    return lambda name, **env: run_binary(environment(ONE_POLL, env), preexec_fn=seccomp.refuse(name))


@pytest.fixture
def listeners(namespace):
    kept = [socket.create_server(("127.0.0.1", 7000 + i)) for i in range(3)]
    kept.append(socket.create_server(("::1", 7000), family=socket.AF_INET6))
    yield
    for one in kept:
        one.close()


REASONS = {"EPROTONOSUPPORT": "protocol not supported", "EPERM": "operation not permitted", "EACCES": "permission denied",
           "EAFNOSUPPORT": "address family not supported", "EMFILE": "file"}


@pytest.mark.parametrize("name", REASONS)
def test_falls_to_procfs(listeners, refused, poll, name):
    run = refused(name, ports="listen", self="on", polls=2, interval="100ms", format="influx")
    polls = [parse.series(one) for one in parse.by_poll(run.points)]
    assert len(polls) == 2
    for one in polls:
        counts = {key: fields for key, fields in one.items() if key[0].startswith("netstat")}
        assert counts == parse.as_procfs(poll(ports="listen", format="influx").series)
        assert [dict(tags)["backend"] for name, tags in one if name == "sockpush"] == ["procfs"]
    lines = [line for line in run.log.splitlines() if "netlink" in line]
    assert lines and REASONS[name] in " ".join(lines).lower(), run.log
    assert len(lines) <= 2, "logged once, not at each poll"


def test_forced_netlink_does_not_fall(listeners, refused):
    run = refused("EPROTONOSUPPORT", backend="netlink")
    assert run.status == 1 and run.out == "" and "netlink" in run.log


def test_no_backend_at_all(tmp_path, refused):
    run = refused("EPERM", proc=tmp_path)
    assert run.status == 1 and run.out == ""


def test_a_service_that_may_not_use_ipv6_still_sees_it(listeners, poll):
    """The service has systemd's RestrictAddressFamilies= without AF_INET6."""
    env = environment(ONE_POLL, {"ports": "7000"})
    run = run_binary(env, preexec_fn=seccomp.refuse("EAFNOSUPPORT", socket.AF_INET6))
    assert "netlink" in run.log and run.series == poll(ports="7000").series
    assert run.ports["7000", 6]["tcp_listen"] == 1
