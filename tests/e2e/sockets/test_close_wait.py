"""close_wait_oldest_s: for how long one and the same socket has been in CLOSE_WAIT."""
import socket

import pytest

import parse

pytestmark = pytest.mark.usefixtures("namespace")


def polls(program):
    """Returns (time in seconds, sockets in CLOSE_WAIT, age of the oldest) of each poll."""
    points = [one for one in parse.influx(program.out) if one.measurement == "netstat_port" and one.tag("ip_version") == "4"]
    return [(one.time / 1e9, one.fields["tcp_close_wait"], one.fields["close_wait_oldest_s"]) for one in points]


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_a_socket_that_is_never_closed(start, keep, backend):
    """A later one in CLOSE_WAIT makes no difference. When the first is closed, the other one's age counts."""
    listener = keep(socket.create_server(("127.0.0.1", 7000)))

    def forget():
        peer = socket.create_connection(("127.0.0.1", 7000))
        one = keep(listener.accept()[0])
        peer.close()
        return one

    first = forget()
    program = start(ports="7000", interval="500ms", backend=backend, pid="off")
    program.until(lambda: any(age >= 2 for _, _, age in polls(program)))
    forget()
    program.until(lambda: any(n == 2 for _, n, _ in polls(program)))
    first.close()
    program.until(lambda: [(n, age >= 1) for _, n, age in polls(program)][-1] == (1, True))
    found = polls(program)
    one, two = (next(i for i, (_, n, _) in enumerate(found) if n == count) for count in (1, 2))
    last = next(i for i, (_, n, _) in enumerate(found) if i > two and n == 1)
    for since, part in ((one, found[one:last]), (two, found[last:])):
        assert all(abs(age - (time - found[since][0])) <= 1 for time, _, age in part), found


def test_a_socket_that_waits_to_be_accepted(start, keep):
    """It has no inode yet, but a cookie."""
    keep(socket.create_server(("127.0.0.1", 7000)))
    socket.create_connection(("127.0.0.1", 7000)).close()
    program = start(ports="7000", interval="500ms", backend="netlink", pid="off")
    program.until(lambda: any(n == 1 and age >= 1 for _, n, age in polls(program)))
