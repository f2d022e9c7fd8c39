"""SOCKPUSH_LISTEN: what an application sends as StatsD comes out aggregated, with sockpush's tags."""
import os
import random
import re
import resource
import signal
import socket
import struct

import pytest

import netns
import posts
import wait

LINES = "hits:1|c|#a:b\nhits:2|c|#a:b\nload:5|g\nload:+1|g\nwait:10|ms\nwait:30|ms\nusers:x|s\nusers:y|s\nFoo::Bar:1|c"


def udp(port, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram if isinstance(datagram, bytes) else datagram.encode(), ("127.0.0.1", port))


def values(out, name):
    """Returns [value] of the influx lines of this metric, in time order; of a timing, its fields."""
    found = []
    for line in out.splitlines():
        series, fields, _ = line.rsplit(" ", 2)
        if series.split(",")[0] == name:
            fields = {key: float(value) for key, value in (field.split("=") for field in fields.split(","))}
            found.append(fields["value"] if list(fields) == ["value"] else fields)
    return found


def counters(out, listen=None):
    """Returns the last fields of sockpush_listen."""
    lines = [line for line in out.splitlines() if line.startswith("sockpush_listen,") and (not listen or f"listen={listen}" in line)]
    return {key: int(value.rstrip("i")) for key, value in (field.split("=") for field in lines[-1].rsplit(" ", 2)[1].split(","))}


@pytest.fixture
def relay(namespace, start):
    """relay(…) starts a program that listens on UDP port 8125, counts no sockets and prints influx."""
    def make(**env):
        program = start(**{"to": "influx+stdout:", "listen": "udp://127.0.0.1:8125", "backend": "off", "interval": "200ms", "host": "h", **env})
        program.until(lambda: "taking StatsD" in program.log)
        return program
    return make


def ended(program):
    """Ends it, which pushes what has arrived. Returns its output."""
    assert program.end() == 0, program.log
    return program.out


def test_each_kind(relay):
    program = relay(tags="env=x")
    udp(8125, LINES)
    program.until(lambda: values(program.out, "users"))
    out = ended(program)
    assert sum(values(out, "hits")) == 3 and values(out, "load")[0] == 6 and values(out, "users")[0] == 2
    [timing] = values(out, "wait")
    assert (timing["count"], timing["sum"], timing["mean"], timing["lower"], timing["upper"]) == (2, 40, 20, 10, 30)
    assert "hits,a=b,env=x,host=h,metric_type=counter value=" in out
    assert "colon in the name: Foo::Bar:1|c" in program.log
    last = counters(out)
    assert (last["datagrams"], last["lines"], last["refused_lines"], last["series"]) == (1, 8, 1, 4)


def test_beside_the_counts(relay):
    """Sockets are counted as ever, in the same snapshot."""
    program = relay(backend=None)
    udp(8125, "hits:1|c")
    program.until(lambda: values(program.out, "hits"))
    assert "netstat,host=h,ip_version=4 tcp_established=" in ended(program)


def test_what_arrives_before_the_end_is_pushed(relay):
    program = relay(interval="1h")
    udp(8125, *(f"hits:{i}|c" for i in range(100)))
    assert sum(values(ended(program), "hits")) == sum(range(100))


def test_graphite(namespace, start):
    program = start(to="graphite+stdout:", listen="udp://localhost", backend="off", interval="1s", host="h", self="off")
    program.until(lambda: "taking StatsD" in program.log)
    udp(8125, LINES)
    assert program.end() == 0
    lines = dict(line.split(" ")[:2] for line in program.out.splitlines())
    assert lines["hits.count;a=b;host=h;metric_type=counter"] == "3" and lines["load;host=h;metric_type=gauge"] == "6"
    assert lines["users.count;host=h;metric_type=set"] == "2"
    assert [lines[f"wait.{end};host=h;metric_type=timing"] for end in ("count", "sum", "upper")] == ["2", "40", "30"]


def test_otlp(relay, keep):
    """Counters are sums since the start, which begin with 0; timings are exponential histograms."""
    receiver = keep(posts.Receiver())
    program = relay(to=f"otlp+http://127.0.0.1:{receiver.port}", self="off")
    program.until(lambda: program.log)
    udp(8125, LINES)
    program.until(lambda: receiver.posts)
    udp(8125, "hits:4|c|#a:b")
    assert program.end() == 0, program.log
    raw = b"".join(one.raw for one in receiver.posts)
    for name in (b"hits", b"load", b"wait", b"users"):
        assert b"\x0a" + bytes([len(name)]) + name in raw
    assert all(one.target == "/v1/metrics" for one in receiver.posts)


def test_unix_datagrams(relay, tmp_path):
    path = tmp_path / "dsd.sock"
    program = relay(listen=f"unix://{path}")
    assert path.stat().st_mode & 0o777 == 0o722
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"hits:7|c", str(path))
    assert sum(values(ended(program), "hits")) == 7 and not path.exists()


def test_unix_streams(relay, tmp_path):
    """DogStatsD's frames, and plain lines."""
    path = tmp_path / "dsd.sock"
    program = relay(listen=f"unixstream://{path}")
    frames = b"".join(struct.pack("<I", len(text)) + text for text in (b"hits:1|c\nhits:2|c", b"hits:3|c"))
    for data in (frames, b"hits:4|c\nhits:5|c\n"):
        with socket.socket(socket.AF_UNIX) as sender:
            sender.connect(str(path))
            for i in range(0, len(data), 5):
                sender.sendall(data[i:i + 5])
    assert sum(values(ended(program), "hits")) == 15


def test_a_stale_socket_is_replaced_and_another_file_is_not(relay, run, tmp_path):
    path = tmp_path / "dsd.sock"
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(str(path))
    program = relay(listen=f"unix://{path}")
    other = run(to="influx+stdout:", listen=f"unix://{path}", backend="off")
    assert other.status == 1 and "another program receives there" in other.log
    assert program.end() == 0
    path.write_text("mine")
    assert run(to="influx+stdout:", listen=f"unix://{path}", backend="off").status == 1 and path.read_text() == "mine"


@pytest.mark.parametrize("seed", range(4))
def test_sum_in_is_sum_out(relay, seed):
    """Whatever the packing, the flush times, repeated tags and other lines between."""
    chance = random.Random(seed)
    program = relay(interval="100ms")
    expected, datagrams = dict.fromkeys("abc", 0), 0
    for _ in range(300):
        lines = []
        for _ in range(chance.randrange(1, 20)):
            name, n = chance.choice("abc"), chance.randrange(1000)
            counted = [f"{name}:{n}|c", f"{name}:{n}|c|#x:1,y:2", f"{name}:{n}|c|#y:2,x:1", f"{name}:{n // 2}:{n - n // 2}|c"]
            line = chance.choice([*counted, "bad", f"{name}:1|g"])
            lines.append(line)
            expected[name] += n * (line in counted)
        udp(8125, "\n".join(lines))
        datagrams += 1
        wait.until(lambda: False, chance.choice([0, 0, 0.001, 0.01]))
    out = ended(program)
    assert counters(out)["kernel_drops"] + counters(out)["datagrams"] == datagrams
    if not counters(out)["kernel_drops"]:
        for name in "abc":
            total = sum(float(line.rsplit(" ", 2)[1].removeprefix("value=")) for line in out.splitlines()
                          if line.startswith(name + ",") and "metric_type=counter" in line)
            assert total == expected[name]


def test_what_the_kernel_drops_is_counted(relay):
    """The program stands still while more is sent than the socket's buffer holds."""
    program = relay(interval="1s")
    program.until(lambda: "sockpush_listen," in program.out)
    os.kill(program.process.pid, signal.SIGSTOP)
    sent = 40000
    udp(8125, *["hits:1|c|#tag:" + "x" * 150] * sent)
    os.kill(program.process.pid, signal.SIGCONT)
    program.until(lambda: (last := counters(program.out))["kernel_drops"] + last["datagrams"] == sent)     # at its end it would take 1 s to read
    out = ended(program)
    last = counters(out)
    assert last["kernel_drops"] > 0 and last["kernel_drops"] + last["datagrams"] == sent
    assert sum(values(out, "hits")) == last["lines"] == last["datagrams"]


def test_hostile_lines(relay):
    """Names without end, odd types, random bytes: memory is bounded, the polls go on, good lines are counted."""
    program = relay(listen_memory="64KiB", interval="100ms")
    chance = random.Random(5)
    for i in range(3000):
        udp(8125, "\n".join([f"n{chance.randrange(10**9)}:1|c|#{chance.randrange(10**9)}:x" for _ in range(20)]), chance.randbytes(200))
        if i % 100 == 0:
            udp(8125, "good:1|c")
            wait.until(lambda: False, 0.01)
    out = ended(program)
    last = counters(out)
    assert last["datagrams"] + last["kernel_drops"] == 6030 and last["refused_lines"] > 0 and last["overflow_lines"] > 0 and last["series"] < 1024
    assert "overflow=true" in out


@pytest.mark.parametrize("format", ["influx", "graphite"])
def test_a_full_table_of_long_tags_is_pushed(relay, format):
    """A timing is 8 lines in graphite, each with all tags."""
    program = relay(to=f"{format}+stdout:", listen_memory="64KiB", interval="1h")
    udp(8125, *(f"wait{i}:5|ms|#tag:{'x' * 900}" for i in range(100)))
    assert program.end() == 0
    assert "sockpush_listen" in program.out and program.out.count("tag=xxx") >= 25 * (8 if format == "graphite" else 1), program.log
    assert "0 lines were not sent" in program.log


def test_a_metric_ends(relay):
    program = relay(listen_expiry="300ms", interval="100ms")
    udp(8125, "load:5|g\nhits:1|c")
    program.until(lambda: values(program.out, "load"))
    program.until(lambda: counters(program.out)["series"] == 0)
    n = len(values(program.out, "load"))
    program.until(lambda: program.out.count("sockpush_listen") > 10 + n)
    assert len(values(program.out, "load")) <= n + 1 and ended(program)


def test_gauges_with_a_sign(relay):
    program = relay(listen_gauges="absolute", interval="1h")
    udp(8125, "load:5|g\nload:-2|g")
    assert values(ended(program), "load") == [-2]


REFUSED = [({"to": "table+stdout:"}, "SOCKPUSH_LISTEN", "the format table, which takes no lines"),
           ({"listen": "tcp://127.0.0.1:8125"}, "SOCKPUSH_LISTEN", "accepted are udp://HOST:PORT"),
           ({"listen": "127.0.0.1:8125"}, "SOCKPUSH_LISTEN", "accepted are udp://HOST:PORT"),
           ({"listen": "unix:/run/dsd.sock"}, "SOCKPUSH_LISTEN", "unix:///PATH"),
           ({"listen": "udp:127.0.0.1:8125"}, "SOCKPUSH_LISTEN", "accepted are udp://HOST:PORT"),
           ({"listen_gauges": "both"}, "SOCKPUSH_LISTEN_GAUGES", "delta, absolute"),
           ({"listen_expiry": "5"}, "SOCKPUSH_LISTEN_EXPIRY", "5"),
           ({"listen_memory": "1KiB"}, "SOCKPUSH_LISTEN_MEMORY", "64KiB"),
           ({"listen_memory": "64MiB", "tags": ",".join(f"t{i}={'v' * 200}" for i in range(60))}, "SOCKPUSH_LISTEN_MEMORY", "the limit is"),
           ({"listen": None}, "SOCKPUSH_BACKEND", "nothing would be pushed")]


@pytest.mark.parametrize("env,variable,why", REFUSED)
def test_refused(run, env, variable, why):
    one = run(**{"to": "influx+stdout:", "listen": "udp://127.0.0.1:8125", "backend": "off", **env})
    assert one.status == 2 and f"variable={variable} " in one.log and why in one.log, one.log


OWN = {"literal": ("127.0.0.1", "127.0.0.1"), "name": ("127.0.0.1", "localhost"), "any": ("0.0.0.0", "127.0.0.1"), "any name": ("0.0.0.0", "localhost"),
       "another of its addresses": ("0.0.0.0", "127.7.7.7"), "to any": ("127.0.0.1", "0.0.0.0"), "to any of IPv6": ("[::1]", "[::]"),
       "IPv6": ("[::1]", "[::1]"), "any of both": ("[::]", "127.0.0.1"), "second address": ("0.0.0.0", "10.0.0.2"),
       "another of IPv6": ("[::]", "[fd00::2]"), "of an interface": ("[::]", "[fe80::2%25pair0]")}


def addresses():
    """Makes an interface with addresses, two of one network each."""
    netns.ip("link", "add", "pair0", "type", "veth", "peer", "name", "pair1")
    for address in "10.0.0.1/24", "10.0.0.2/24", "fd00::1/64", "fd00::2/64", "fe80::2/64":
        netns.ip("address", "add", address, "dev", "pair0", *(["nodad"] if ":" in address else []))
    for name in "pair0", "pair1":
        netns.ip("link", "set", name, "up")


@pytest.mark.parametrize("listen,to", OWN.values(), ids=OWN)
def test_what_is_pushed_would_come_back(namespace, run, listen, to):
    """Refused is where the output's host leads, not how it is written."""
    addresses()
    one = run(to=f"influx+stdout:,influx+udp://{to}:8125", listen=f"udp://{listen}:8125", backend="off", polls=1)
    assert one.status == 2 and "variable=SOCKPUSH_LISTEN " in one.log and "would come back" in one.log, one.log


@pytest.mark.parametrize("spelled", ["listen/a.sock", "listen/./a.sock", "link/a.sock", "link.sock"])
def test_own_socket_file(namespace, run, tmp_path, spelled):
    (tmp_path / "listen").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "listen")
    (tmp_path / "link.sock").symlink_to(tmp_path / "listen" / "a.sock")
    one = run(to=f"influx+stdout:,influx+unix://{tmp_path}/{spelled}", listen=f"unix://{tmp_path}/listen/a.sock", backend="off", polls=1)
    assert one.status == 2 and "would come back" in one.log, one.log
    assert not list((tmp_path / "listen").iterdir())


def test_failed_start_leaves_no_socket(namespace, run, tmp_path):
    one = run(to="influx+stdout:", listen=f"unix://{tmp_path}/a.sock", backend="procfs", proc="/nonexistent", polls=1)
    assert one.status == 1 and not list(tmp_path.iterdir()), one.log


NOT_OWN = {"port": ("127.0.0.1:8125", "127.0.0.1:8126"), "address": ("127.0.0.2:8125", "127.0.0.1:8125"), "protocol": ("127.0.0.1:8125", "127.0.0.1:8125"),
           "another machine's": ("0.0.0.0:8125", "10.0.0.3:8125"), "another machine's of IPv6": ("[::]:8125", "[fd00::3]:8125"),
           "IPv6": ("0.0.0.0:8125", "[::1]:8125")}


@pytest.mark.parametrize("listen,to", NOT_OWN.values(), ids=NOT_OWN)
def test_others_nearby_are_not_oneself(namespace, run, listen, to):
    addresses()
    scheme = "tcp" if listen == to else "udp"
    one = run("--check", to=f"influx+stdout:,influx+{scheme}://{to}", listen=f"udp://{listen}", backend="off")
    assert f"listen udp://{listen}: ok" in one.out and "would come back" not in one.log, one.log


def test_check_tells_where_it_listens(namespace, run, tmp_path):
    listen = f"udp://localhost:8125,unix://{tmp_path}/a.sock,unixstream://{tmp_path}/b.sock"
    one = run("--check", to="influx+stdout:", listen=listen, backend="off")
    assert one.status == 0, one.log
    assert re.search(r"^listen udp://localhost:8125: ok at 127\.0\.0\.1:8125, a buffer of \d+ bytes$", one.out, re.M), one.out
    assert "listen udp://localhost:8125: ok at [::1]:8125, " in one.out and f"listen unixstream://{tmp_path}/b.sock: ok\n" in one.out
    assert not list(tmp_path.glob("*.sock")), "nothing is left"


def test_few_descriptors(relay, tmp_path):
    """Streams have room for 32 clients, which is more than this process may open."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    program = relay(listen=f"udp://127.0.0.1:8125,unixstream://{tmp_path}/a.sock", popen={"preexec_fn": limit})
    udp(8125, "hits:1|c")
    assert sum(values(ended(program), "hits")) == 1


def test_the_first_unsupported_line_is_logged(relay):
    program = relay()
    udp(8125, "_e{1,1}:a|b", "_sc|name|0")
    out = ended(program)
    assert counters(out)["unsupported_lines"] == 2 and program.log.count("such as an event") == 1


def test_check_beside_a_running_one(relay, run):
    program = relay(interval="1h")
    one = run("--check", to="influx+stdout:", listen="udp://127.0.0.1:8125", backend="off")
    assert one.status == 0 and "listen: unknown: in use" in one.out, one.out
    program.end()


def test_others_can_send_is_warned_about(namespace, run):
    one = run(to="influx+stdout:", listen="udp://0.0.0.0:8125", backend="off", polls=1)
    assert one.status == 0 and "everyone who reaches this address" in one.log


def test_off_by_default(namespace, start):
    program = start(to="influx+stdout:", interval="100ms")
    program.until(lambda: program.out)
    with open(f"/proc/{program.process.pid}/net/udp") as table:
        assert not re.search(r":1FBD ", table.read())
    program.end()
