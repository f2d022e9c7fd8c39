"""What the program reports about itself: the forms of the log, SIGUSR1, and sd_notify(3)."""
import contextlib
import json
import os
import re
import signal
import socket

import pytest

import parse
import procfs
import receivers
import wait
from manager import Manager
from program import ONE_POLL, environment, run_binary

ODD = b'a="\xff\xc3\xa9\x1b[31m\\", b=\n'


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


# --- the log

def noisy(**more):
    """Returns the log of a run whose receivers are bad, and whose values are odd."""
    return run_binary(environment(ONE_POLL, {"to": "udp://127.0.0.1:9,unix:///no/such/socket", "tags": ODD, "host": b"\xf0\x9f\x98\x80\xed\xa0\x80",
                                             "log_level": "debug", "intervall": b"\x80", **more})).log


def bad(**more):
    return run_binary(environment({}, {"to": b'x"\xff\n', "mtu": "1", "ports": "\x1f\\", "tags": ODD, "log_level": "info", **more})).log


@pytest.mark.parametrize("made", [noisy, bad])
def test_json_is_parsed(made):
    """Each line is an object, whatever strangers chose, and says what the same line of logfmt says."""
    lines = [json.loads(line) for line in made(log="json").splitlines()]
    assert {"warn"} < {line["level"] for line in lines} and all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"]) for line in lines)
    assert all(list(line)[:2] == ["time", "level"] and list(line)[-1] == "msg" and len(line) <= 4 for line in lines)
    unescaped = lambda pairs: {key: re.sub(r'\\(["\\])', r"\1", value) for key, value in pairs.items()}
    plain = [(level, unescaped(pairs)) for level, pairs in parse.log(made())]
    same = lambda found: sorted((level, pairs.get("variable", pairs.get("output", "")), re.sub(r"\d+", "0", pairs["msg"])) for level, pairs in found)
    if made is bad:         # nothing in it depends on time
        assert same([(line["level"], line) for line in lines]) == same(plain)


@pytest.mark.parametrize("made", [noisy, bad])
def test_priorities_are_those_of_the_levels(made):
    assert {"warn"} < {level for level, _ in parse.journal(made(log="systemd"))}


def test_wrong_arguments_are_reported_in_the_form_that_is_set(run):
    assert [(line["argument"], line["level"]) for line in map(json.loads, run("--bogus", log="json", to="nonsense").log.splitlines())] == [("--bogus", "error")]


def test_a_bad_form_is_reported_in_the_default():
    assert [pairs["variable"] for level, pairs in parse.log(bad(log="xml")) if level == "error"][0] == "SOCKPUSH_LOG"


# --- SIGUSR1

def answers(program):
    return [line for line in program.log.splitlines() if re.search(r'msg="(works|in trouble|nothing was|has ended)', line)]


def asked(program, pattern):
    """Asks for the states. Returns those answers so far that match."""
    program.process.send_signal(signal.SIGUSR1)
    return [line for line in answers(program) if re.fullmatch(rf"\S+Z info {pattern}", line)]


def test_sigusr1_logs_each_outputs_state(namespace, root, start, keep):
    """Whatever level is set."""
    server = keep(socket.create_server(("127.0.0.1", 0)))
    gone = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    server.close()
    program = start(proc=root, to=f"influx+stdout:,influx+{gone}", interval="200ms", log_level="error")
    program.until(lambda: program.out)

    program.until(lambda: asked(program, r'output=stdout: msg="works; \d+ lines wait(, the oldest for \d+ s)?; 0 dropped"'))
    program.until(lambda: asked(program, f'output={gone} msg="in trouble for [1-9]\\d* s: Connection refused; \\d+ lines wait, the oldest for [1-9]\\d* s; 0 dropped"'))
    assert program.end_at_once() in (0, 1)


def test_many_signals_delay_no_poll(root, start):
    """All polls come while signals come all the time, and no signal brings one early: nine come at deadlines, which are 200 ms apart."""
    program = start(proc=root, interval="200ms", polls=10)
    program.until(lambda: program.out)
    while program.process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            program.process.send_signal(signal.SIGUSR1)
            program.process.send_signal(signal.SIGUSR2)
    assert program.end() == 0
    times = sorted({point.time for point in parse.influx(program.out)})
    assert len(times) == 10 and answers(program)
    assert times[-1] - times[0] >= 8 * 190_000_000, times      # the clock may be set meanwhile, by a little


def test_a_signal_at_the_end_does_not_cut_it_short(namespace, root, start, keep):
    """The output has 5 s for a receiver that is away. A report is no second request to end."""
    server = keep(socket.create_server(("127.0.0.1", 0)))
    gone = f"influx+tcp://127.0.0.1:{server.getsockname()[1]}"
    server.close()
    program = start(proc=root, to=gone, interval="1h")
    program.until(lambda: "cannot open" in program.log)
    program.process.send_signal(signal.SIGTERM)
    before = len(answers(program))
    while program.process.poll() is None and len(answers(program)) < before + 3:
        with contextlib.suppress(ProcessLookupError):
            program.process.send_signal(signal.SIGUSR1)
    server = keep(socket.create_server(server_address(gone)))
    server.settimeout(wait.DEADLINE)
    peer = keep(server.accept()[0])
    with peer.makefile("rb") as lines:
        assert b"netstat" in lines.readline()
    peer.close()
    program.end(number=None)
    assert "second signal" not in program.log


def server_address(url):
    host, port = url.rpartition("/")[2].split(":")
    return host, int(port)


# --- sd_notify

@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, keep):
    return keep(contextlib.closing(Manager(tmp_path / "notify" if request.param == "path" else f"@sockpush-test-{os.getpid()}")))


@pytest.mark.parametrize("to,backend", [("influx+stdout:", "procfs"), ("influx+udp://127.0.0.1:9", "netlink")])
def test_reports_to_its_manager(manager, start, to, backend):
    """Under the sandbox, which must allow it even where nothing else uses sockets."""
    program = start(NOTIFY_SOCKET=manager.name, to=to, backend=backend, interval="200ms")
    name = to.removeprefix("influx+")
    first = manager.next()
    assert first == {"READY": "1", "WATCHDOG": "1", "STATUS": f"{name} nothing was delivered yet; 0 lines wait; 0 dropped"}
    program.until(lambda: "pushing " in program.log)
    for _ in range(3):
        assert set(manager.next()) == {"WATCHDOG", "STATUS"}
    program.process.send_signal(signal.SIGTERM)
    while "STOPPING" not in (last := manager.next()):
        pass
    assert last["STOPPING"] == "1" and program.end() == 0


@pytest.mark.parametrize("interval,watchdog,wanted", [("1h", "60000000", "10800000000"), ("1s", "1999999", "3000000"), ("1s", "2000000", None),
                                                     ("1s", "soon", None), ("1h", "", None)])
def test_a_short_watchdog_is_lengthened(manager, root, start, interval, watchdog, wanted):
    """Once: what another program had set is not set again."""
    program = start(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC=watchdog, proc=root, interval=interval)
    assert manager.next().get("WATCHDOG_USEC") == wanted
    program.process.send_signal(signal.SIGTERM)
    while "STOPPING" not in (after := manager.next()):
        assert set(after) == {"WATCHDOG", "STATUS"}
    assert set(after) == {"STOPPING", "WATCHDOG", "STATUS"} and program.end() == 0


def test_a_full_queue_delays_nothing(manager, root, start):
    """The manager reads nothing, as while a machine boots. What it has to know arrives once there is room, and only once."""
    manager.fill()
    program = start(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="100000", proc=root)
    program.until(lambda: len(program.influx_polls()) >= 20)
    told = [said for said in manager.waiting() if set(said) != {"FILLED"}]
    late, after = (*told, manager.next(), manager.next())[:2]
    assert set(late) == {"READY", "WATCHDOG_USEC", "WATCHDOG", "STATUS"} and late["WATCHDOG_USEC"] == "300000"
    assert set(after) == {"WATCHDOG", "STATUS"}
    manager.fill()
    polls = len(program.influx_polls())
    program.until(lambda: len(program.influx_polls()) >= polls + 20)
    assert program.end() == 0 and "warn" not in program.log
    assert not any("READY" in said for said in manager.waiting())


def test_an_output_that_has_ended_is_no_trouble(manager, root, start, keep):
    """The reader of stdout is gone for good. The other output goes on."""
    other = keep(receivers.udp())
    reader, writer = os.pipe()
    program = start(popen={"stdout": writer}, NOTIFY_SOCKET=manager.name, to=f"stdout:,udp://127.0.0.1:{other.port}", proc=root)
    os.close(writer)
    with open(reader) as lines:
        lines.readline()
    status = manager.until(lambda said: said["STATUS"].startswith("stdout: has ended; "))["STATUS"]
    assert " | udp://" in status
    program.until(lambda: asked(program, 'output=stdout: msg="has ended; .*"'))
    assert program.end() == 0


def test_a_manager_that_goes_is_not_missed(manager, root, start):
    program = start(NOTIFY_SOCKET=manager.name, proc=root, interval="100ms")
    manager.next()
    manager.close()
    polls = len(program.influx_polls())
    program.until(lambda: len(program.influx_polls()) > polls + 2)
    assert program.end() == 0 and "warn" not in program.log


def test_a_status_is_cut(manager, root, start):
    """Names of outputs may be long. The message stays small, and its text whole."""
    outputs = ",".join(f"influx+unix:///no/{'é' * 20}{i}" for i in range(8))
    start(NOTIFY_SOCKET=manager.name, proc=root, to=outputs, interval="200ms")
    status = manager.until(lambda said: "No such file" in said["STATUS"])["STATUS"]
    assert 500 < len(status.encode()) < 640 and status.endswith("...")


@pytest.mark.parametrize("name,why", [("vsock:2:1", "is ignored"), ("notify", "is ignored"), ("/no/such/socket", "No such file or directory"),
                                      ("@sockpush-nobody", "Connection refused"), (f"/{'a' * 200}", "Name too long")])
def test_a_bad_socket_is_logged(root, name, why):
    one = run_binary(environment(ONE_POLL, {"NOTIFY_SOCKET": name, "proc": root}))
    assert one.status == 0 and [pairs["msg"] for level, pairs in parse.log(one.log) if pairs.get("variable") == "NOTIFY_SOCKET" and why in pairs["msg"]]
