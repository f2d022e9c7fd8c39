"""udp: whole lines in datagrams that fit, sent to the name's address, whether or not a receiver listens."""
import socket

import pytest

import parse
import ports
import procfs
import receivers
import wait

MANY = ",".join(str(port) for port in range(8000, 8040))


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path, [procfs.Socket(f"10.0.0.1:{port}") for port in range(8000, 8040)])


def sent_errors(text):
    return [point.fields["send_errors"] for point in parse.influx(text) if point.measurement == "sockpush_output"]


@pytest.mark.parametrize("host,bind", [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("localhost", None)])
def test_addresses_and_names(root, run, host, bind):
    try:
        first = receivers.udp(bind or "127.0.0.1")
    except OSError as error:
        pytest.skip(f"no such address here: {error}")
    with first:
        second = None if bind or not socket.has_ipv6 else receivers.udp("::1", first.port)
        one = run(to=f"udp://{host}:{first.port}", polls=1, proc=root, host="a")
        assert one.status == 0, one.log
        text = lambda: first.text + (second.text if second else "")
        assert wait.until(lambda: "sockpush_output.reconnects" in text())
        assert any(point.measurement == "netstat" for point in parse.dogstatsd(text()))
        if second:
            second.close()


@pytest.mark.parametrize("format", ["dogstatsd", "influx"])
@pytest.mark.parametrize("mtu", [512, 1432, 9000])
def test_datagrams_hold_whole_lines(root, run, poll, format, mtu):
    """The receiver gets the lines of stdout, in that order, in as few datagrams as the size allows."""
    env = {"format": format, "ports": MANY, "proc": root}
    shown = poll(**env).out
    with receivers.udp() as receiver:
        one = run(to=f"udp://127.0.0.1:{receiver.port}", polls=1, mtu=mtu, self="off", host="a", **env)
        assert one.status == 0, one.log
        text = receiver.until(lambda _: sum(chunk.count(b"\n") + 1 for chunk in receiver.chunks) >= shown.count("\n"))
    lines = lambda out: [line.rsplit(" ", 1)[0] if format == "influx" else line for line in out.splitlines()]
    datagrams = [chunk.decode() for chunk in receiver.chunks]
    assert all(len(datagram.encode()) <= mtu for datagram in datagrams)
    assert [line for datagram in datagrams for line in lines(datagram)] == lines(shown)
    assert all(len(a.encode()) + 1 + len(b.split("\n")[0].encode()) > mtu for a, b in zip(datagrams, datagrams[1:]))
    assert text


def test_influx_line_too_long_is_split(root, run):
    """The fields are spread over several lines of the same series and time. None is lost."""
    with receivers.udp() as receiver:
        one = run(to=f"influx+udp://127.0.0.1:{receiver.port}", polls=1, mtu=512, self="off", proc=root, tags="long=" + "x" * 300)
        assert one.status == 0, one.log
        receiver.until(lambda text: text.count("udp_socket") == 2)
    assert all(len(chunk) <= 512 for chunk in receiver.chunks)
    points = parse.influx("".join(chunk.decode().rstrip("\n") + "\n" for chunk in receiver.chunks))
    assert len({point.time for point in points}) == 1 and len(points) > 2
    assert [list(fields) for fields in parse.series(points).values()] == [parse.COUNTS, parse.COUNTS]


def test_line_too_long_is_dropped_and_counted(root, start):
    """A line that cannot be split is dropped. The others are sent."""
    with receivers.udp() as receiver:
        program = start(to=f"dogstatsd+udp://127.0.0.1:{receiver.port},stdout:", mtu=512, proc=root,
                        ports='[{"ports":["8000"],"tags":{"long":"%s"}}]' % ("x" * 600))
        dropped = lambda: [point.fields["dropped_lines"] for point in parse.influx(program.out)
                           if point.measurement == "sockpush_output" and "udp" in point.tag("output")]
        program.until(lambda: any(dropped()))
        assert "netstat.tcp_listen:40" in receiver.until(lambda text: "netstat.udp_socket" in text)
        assert "xxx" not in receiver.text
        assert max(dropped()) % (2 * len(parse.PORT) + 1) == 0, "each poll drops the series of both families; one has a listener"


def test_nobody_listens_yet(root, start):
    """Refused datagrams are counted, and logged when they begin and end. Lines arrive once a receiver listens."""
    port = ports.unused()
    program = start(to=f"udp://127.0.0.1:{port}", proc=root)
    levels = lambda: [level for level, pairs in parse.log(program.log) if str(port) in str(pairs)]
    program.until(lambda: levels() == ["info", "warn"] and "refused" in program.log.lower())
    with receivers.udp(port=port) as receiver:
        receiver.until(lambda text: sent_errors(text) and sent_errors(text)[-1] > 0)
        count = len(receiver.text.splitlines())
        text = receiver.until(lambda text: len(text.splitlines()) > count + 12)
        assert sent_errors(text)[-1] == sent_errors(text)[-3], "no more errors"
        program.until(lambda: levels() == ["info", "warn", "info"])


def test_gone_and_back(root, start):
    port = ports.unused()
    with receivers.udp(port=port) as first:
        program = start(to=f"udp://127.0.0.1:{port}", proc=root)
        first.until(lambda text: "netstat" in text)
    program.until(lambda: "refused" in program.log.lower())
    with receivers.udp(port=port) as second:
        text = second.until(lambda text: "sockpush_output" in text)
        assert any(point.measurement == "netstat" for point in parse.influx(text))
    assert program.end() == 0


@pytest.mark.parametrize("polls", [1, 3])
def test_polls_that_nobody_received(root, run, polls):
    """The polls of SOCKPUSH_POLLS ended with unsent lines: status 1."""
    one = run(to=f"udp://127.0.0.1:{ports.unused()}", polls=polls, interval="100ms", proc=root)
    assert one.status == 1 and "refused" in one.log.lower()


def test_unknown_name(namespace, root, start):
    """A name that is not found stops neither the polls nor the other outputs."""
    program = start(to="udp://nowhere.invalid:8125,stdout:", proc=root)
    program.until(lambda: len(program.influx_polls()) >= 5)
    program.until(lambda: "nowhere.invalid" in program.log)
    assert program.end() == 0


def test_unreachable_network(namespace, root, start):
    program = start(to="udp://192.0.2.1:8125,stdout:", proc=root)
    errors = lambda: [point.fields["send_errors"] for point in parse.influx(program.out)
                      if point.measurement == "sockpush_output" and "192.0.2.1" in point.tag("output")]
    program.until(lambda: errors() and errors()[-1] > 0)
    assert "unreachable" in program.log.lower()
