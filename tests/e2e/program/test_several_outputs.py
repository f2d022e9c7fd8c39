"""Several outputs at once, each with its own format. One that is stuck stops no other. And stdout."""
import os
import re
import resource
import socket
import subprocess

import pytest

import parse
import procfs
import receivers
import wait


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


def test_different_formats(tmp_path, root, run):
    path = tmp_path / "agent.sock"
    with receivers.udp() as influx, receivers.unix_datagram(path) as dogstatsd:
        one = run(to=f"influx+udp://127.0.0.1:{influx.port},dogstatsd+unix://{path},table+stdout:", polls=1, proc=root, host="a", self="off")
        assert one.status == 0, one.log
        left = parse.series(parse.influx(influx.until(lambda text: text.count("udp_socket") == 2)))
        right = parse.series(parse.dogstatsd(dogstatsd.until(lambda text: text.count("netstat.udp_socket") == 2)))
    assert left == right
    assert "ESTAB" in one.out


def test_a_series_for_each(tmp_path, root, start):
    with receivers.udp() as first, receivers.udp() as second:
        program = start(to=f"udp://127.0.0.1:{first.port},udp://127.0.0.1:{second.port},stdout:", proc=root)
        names = lambda: {point.tag("output") for point in parse.influx(program.out) if point.measurement == "sockpush_output"}
        program.until(lambda: len(names()) == 3)
        for port in (first.port, second.port):
            assert any(str(port) in name for name in names())


def test_receiver_that_never_reads(tmp_path, root, start):
    """A unix stream is full. The other output has each poll; the stuck one's oldest snapshots are dropped and counted."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stuck:
        stuck.bind(str(path))
        stuck.listen()
        program = start(to=f"unixstream://{path},stdout:", proc=root, buffer="16KiB", ports=",".join(map(str, range(1, 40))))
        connection, _ = stuck.accept()
        with connection:
            dropped = lambda: [point.fields["dropped_lines"] for point in parse.influx(program.out)
                               if point.measurement == "sockpush_output" and "unix" in point.tag("output")]
            program.until(lambda: dropped() and dropped()[-1] > 0)
            seen = len(program.influx_polls())
            program.until(lambda: len(program.influx_polls()) >= seen + 10)
            times = sorted({point.time for point in parse.influx(program.out)})
            assert min(b - a for a, b in zip(times, times[1:])) > 0
            assert program.end_at_once() == 0
    assert any("lines" in line and "unix" in line for line in program.log.splitlines()[-3:]), "the log has the number of lines left"


def test_connection_never_accepted(tmp_path, root, start):
    """The listener's backlog is full, so connecting blocks. Polls go on."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.connect(str(path))
            program = start(to=f"unixstream://{path},stdout:", proc=root)
            program.until(lambda: len(program.influx_polls()) >= 10)
            assert program.end_at_once() == 0


def test_resolver_that_hangs(namespace, root, start):
    """The machine's name server cannot be reached from here. The look-up takes its time, a poll does not."""
    program = start(to="udp://agent.example.invalid,stdout:", proc=root)
    program.until(lambda: len(program.influx_polls()) >= 20)


@pytest.mark.parametrize("interval", ["100ms", "1s"])
def test_head(root, binary, interval):
    """`| head -1` ends the program, which has no other output."""
    env = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_INTERVAL": interval, "SOCKPUSH_PROC": str(root)}
    with subprocess.Popen([binary], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout.readline().startswith(b"netstat.")
            process.stdout.close()
            assert process.wait(wait.DEADLINE) >= 0, "ended by a signal"
        finally:
            process.kill()


def test_stdout_closed_beside_another(root, binary):
    """With another output the program continues without stdout."""
    with receivers.udp() as receiver:
        env = {"SOCKPUSH_TO": f"stdout:,udp://127.0.0.1:{receiver.port}", "SOCKPUSH_INTERVAL": "100ms", "SOCKPUSH_PROC": str(root)}
        with subprocess.Popen([binary], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                process.stdout.readline()
                process.stdout.close()
                before = len(receiver.chunks)
                receiver.until(lambda text: len(receiver.chunks) > before + 20)
                assert process.poll() is None
            finally:
                process.kill()


def test_full_disk(root, binary):
    """stdout is a file on a full disk: the log reports the error, and nothing crashes."""
    env = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_POLLS": "2", "SOCKPUSH_INTERVAL": "100ms", "SOCKPUSH_PROC": str(root)}
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary], env=env, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=wait.DEADLINE, text=True)
    assert done.returncode == 1 and "no space left" in done.stderr.lower()


@pytest.mark.parametrize("argument", ["--help", "--version", "--check"])
def test_full_disk_for_what_is_printed(root, binary, argument):
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary, argument], env={"SOCKPUSH_TO": "stdout:", "SOCKPUSH_PROC": str(root)}, stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, timeout=wait.DEADLINE, text=True)
    assert done.returncode == 1 and "not all could be written to stdout" in done.stderr


def limited_file(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_file_that_may_not_grow(root, binary, tmp_path):
    """ulimit -f is reported as an error and is no end by a signal. Only the last line may be cut."""
    env = {"SOCKPUSH_TO": "influx+stdout:", "SOCKPUSH_POLLS": "30", "SOCKPUSH_INTERVAL": "100ms", "SOCKPUSH_PROC": str(root), "SOCKPUSH_PORTS": "1,2,3,4"}
    with open(tmp_path / "out", "w") as out:
        done = subprocess.run([binary], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, timeout=wait.DEADLINE, text=True,
                              preexec_fn=lambda: limited_file(5000))
    assert done.returncode == 1 and "File too large" in done.stderr
    assert all(line.startswith("netstat") or line.startswith("sockpush") for line in (tmp_path / "out").read_text().splitlines())


def test_disk_that_is_full_for_a_while(root, binary, tmp_path):
    """The rest of a partly written line comes before the next line."""
    env = {"SOCKPUSH_TO": "influx+stdout:", "SOCKPUSH_INTERVAL": "100ms", "SOCKPUSH_PROC": str(root), "SOCKPUSH_PORTS": "1,2,3,4", "SOCKPUSH_SELF": "off",
           "SOCKPUSH_USER": "-"}     # prlimit(2) below takes the same user
    with open(tmp_path / "out", "w") as out:
        process = subprocess.Popen([binary], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY)))
        try:
            assert wait.until(lambda: os.path.getsize(tmp_path / "out") == 5000)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert wait.until(lambda: os.path.getsize(tmp_path / "out") > 20000)
        finally:
            process.terminate()
            process.communicate(timeout=wait.DEADLINE)
    lines = (tmp_path / "out").read_text().splitlines()
    assert all(re.fullmatch(r"netstat(_port)?,[^ ]+ [^ ]+ \d{19}", line) for line in lines) and len(lines) == len(set(lines))