"""unix: the output finds out whether the socket is a datagram or a stream socket, and follows the agent's restarts."""
import re
import socket

import pytest

import parse
import procfs
import receivers

KINDS = {"datagram": receivers.unix_datagram, "stream": receivers.unix_stream}
SCHEME = {"datagram": "unixgram", "stream": "unixstream"}


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


@pytest.mark.parametrize("scheme", ["unix", None])
@pytest.mark.parametrize("kind", KINDS)
def test_sent(tmp_path, root, run, kind, scheme):
    path = tmp_path / "agent.sock"
    with KINDS[kind](path) as receiver:
        one = run(to=f"{scheme or SCHEME[kind]}://{path}", polls=1, proc=root, host="a", self="off")
        assert one.status == 0, one.log
        text = receiver.until(lambda text: "udp_socket" in text and "ip_version:6" in text)
    assert set(parse.totals(parse.series(parse.dogstatsd(text)))) == {4, 6}


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_of_a_stream_ends(tmp_path, root, run, kind):
    path = tmp_path / "agent.sock"
    with KINDS[kind](path) as receiver:
        assert run(to=f"influx+unix://{path}", polls=3, interval="300ms", proc=root, self="off").status == 0
        receiver.until(lambda text: text.count("netstat,") == 6)
    if kind == "stream":
        assert receiver.text.endswith("\n")


def test_datagrams_of_8192_bytes(tmp_path, root, run):
    path = tmp_path / "agent.sock"
    with receivers.unix_datagram(path) as receiver:
        ports = ",".join(map(str, range(8000, 8060)))
        assert run(to=f"unix://{path}", polls=1, proc=root, ports=ports, self="off", host="a").status == 0
        receiver.until(lambda text: text.count("\n") + len(receiver.chunks) >= 61 * 26)
    sizes = [len(chunk) for chunk in receiver.chunks]
    assert max(sizes) <= 8192 and min(sizes[:-1]) > 8000
    for chunk in receiver.chunks:
        parse.dogstatsd(chunk.decode().rstrip("\n") + "\n")


def test_abstract(root, run):
    name = f"sockpush-test-{id(root)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind("\0" + name)
        one.settimeout(90)
        assert run(to=f"unix://@{name}", polls=1, proc=root).status == 0
        assert one.recv(65536).startswith(b"netstat.")


def test_comma_in_the_path(tmp_path, root, run):
    with receivers.unix_datagram(tmp_path / "a,b") as receiver:
        assert run(to=f"unix://{tmp_path}/a%2Cb", polls=1, proc=root).status == 0
        receiver.until(lambda text: "netstat" in text)


@pytest.mark.parametrize("kind", KINDS)
def test_agent_comes_later(tmp_path, root, start, kind):
    path = tmp_path / "agent.sock"
    program = start(to=f"unix://{path}", proc=root)
    about = lambda: [line for line in program.log.splitlines() if "no such file" in line.lower()]
    program.until(about)
    with KINDS[kind](path) as receiver:
        receiver.until(lambda text: "sockpush_output" in text)
        assert len(about()) == 1, "logged when it begins, not at each try"
        assert program.end() == 0


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_agent_restarts(tmp_path, root, start, before, after):
    """The file is removed and made again, perhaps for another type of socket."""
    path = tmp_path / "agent.sock"
    first = KINDS[before](path)
    program = start(to=f"unix://{path}", proc=root)
    first.until(lambda text: "sockpush_output" in text)
    receivers.remove(first, path)
    program.until(lambda: "retrying" in program.log)
    with KINDS[after](path) as second:
        second.until(lambda text: re.search(r"reconnects=[1-9]", text))     # not in what was queued before; two, if the first still listened for a moment
    assert program.process.poll() is None


def test_stale_file(tmp_path, root, start):
    """A killed agent leaves its file. Connecting fails until the agent is back."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    program = start(to=f"unix://{path}", proc=root)
    program.until(lambda: "refused" in program.log.lower())
    path.unlink()
    with receivers.unix_stream(path) as receiver:
        receiver.until(lambda text: "netstat" in text)


def test_full_datagram_socket(tmp_path, root, start):
    """The receiver never reads, so its queue is full after ten datagrams. Errors are counted, and polls go on."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(path))
        program = start(to=f"unixgram://{path},stdout:", proc=root)
        lost = lambda: [point.fields["send_errors"] + point.fields["dropped_lines"] for point in parse.influx(program.out)
                        if point.measurement == "sockpush_output" and "unix" in point.tag("output")]
        program.until(lambda: lost() and lost()[-1] > 0)
        assert program.end() == 0
