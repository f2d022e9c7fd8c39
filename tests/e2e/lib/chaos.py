"""Kills receivers and loses packets at moments that a seed decides, then checks what is stored."""
import collections
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest

import parse
import posts
import servers
import wait
from program import BINARY
from streams import LINGER_0

SLOW = bool(os.environ.get("SOCKPUSH_TEST_SLOW"))
KILLS = 50 if SLOW else 8
HOLDS = [0, 0, 0, 1, 1, 12] if SLOW else [0, 1]       # seconds of a connection's life; after 11 VictoriaMetrics has written to disk
LOSS = 5                                        # percent of the packets
CROWD = 3 if BINARY.name == "wine.py" else 130      # most connections at a time; wine takes a second to list some hundred sockets
DEADLINE = 60                                   # seconds; a pause between two attempts to connect takes up to 30


@pytest.fixture
def report(request):
    """report(text) adds a line to the tests' summary, though the test passes."""
    return lambda text: request.node.user_properties.append(("report", text))


def lose_packets(percent, *ports):
    """Drops this percentage of packets to and from these TCP ports in this network namespace. Returns the reason if it cannot."""
    nft = shutil.which("nft", path=servers.PATH)
    if not nft:
        return "nft is not on this machine; `make receivers` gets it, or reports why not"
    which = ",".join(map(str, ports))
    chance = f"numgen random mod 100 < {percent}" if percent < 100 else ""
    rules = [f"tcp {side} {{{which}}} {chance} drop" for side in ("dport", "sport") if percent]
    table = "\n".join(["table ip chaos", "delete table ip chaos", "table ip chaos {", "chain lose {",
                       "type filter hook input priority 0;", *rules, "}", "}", ""])
    done = subprocess.run([nft, "-f", "-"], input=table, text=True, capture_output=True, env=servers.ENV)
    return done.stderr.strip()


def connected(port):
    """Returns whether a connection to this loopback port exists in this network namespace."""
    return any(words[2] == f"0100007F:{port:04X}" and words[3] == "01"
               for words in map(str.split, open("/proc/thread-self/net/tcp")))


class Mortal:
    """A server, made by kind(place, arguments…), that is killed and started again with its stored data."""

    def __init__(self, kind, place, *more):
        self._make = lambda kind: kind(place, *more)
        self._kind = kind
        place.mkdir()
        self.server = None

    def start(self, kind=None):
        self.server = self._make(kind or self._kind).__enter__()

    def kill(self, number=signal.SIGKILL):
        self.server.process.send_signal(number)
        self.server.process.wait(wait.DEADLINE)
        self.server.__exit__()

    def restart(self, crowd, chance, number=signal.SIGKILL):
        self.kill(number)
        crowd.stir(0.3 * chance.random())
        self.start()

    def stop(self):
        self.server.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.server.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()


class Crowd:
    """Connections to a port, whose number changes all the time, so that hardly two polls count the same."""

    def __init__(self, port, seed):
        self._listener = socket.create_server(("127.0.0.1", port))
        self._chance = random.Random(seed)
        self._open = []

    def resize(self, n):
        while len(self._open) < n:
            self._open.append(socket.create_connection(self._listener.getsockname()))
            self._open.append(self._listener.accept()[0])
        for one in self._open[n:]:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)      # no TIME_WAIT, which would use up the ports
            one.close()
        del self._open[n:]

    def stir(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.resize(2 * self._chance.randrange(CROWD))
            time.sleep(0.03)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.resize(0)
        self._listener.close()


def samples(points, join="_"):
    """Returns {(time in ms, name, labels, value)} in VictoriaMetrics' terms."""
    return {(point.time // 10**6, point.measurement + join + field, point.tags, value)
            for point in points for field, value in point.fields.items()}


def stored(victoria):
    """Returns {(time in ms, name, labels, value): how often}."""
    return collections.Counter((at, name, labels, value)
                               for (name, labels), rows in victoria.stored().items() for at, value in rows)


def check(victoria, polled):
    """Asserts that all polled samples are stored, and no others. Returns how often each is."""
    wait.until(lambda: polled <= stored(victoria).keys())
    found = stored(victoria)
    missing, strange = sorted(polled - found.keys()), sorted(found.keys() - polled)
    assert not missing, f"{len(missing)} of {len(polled)} were not stored, as {missing[:3]} and {missing[-1]}"
    assert not strange, f"{len(strange)} were stored that were never polled, as {strange[:3]} and {strange[-1]}"
    return found


def check_all(victoria, program, report, times=KILLS):
    """Checks a program that has ended, then a VictoriaMetrics that removes duplicates from the same files."""
    points = parse.influx(program.out)
    polled = samples(points)
    found = check(victoria.server, polled)
    victoria.kill(signal.SIGTERM)
    victoria.start(servers.VictoriaMetricsWithoutDuplicates)
    assert set(check(victoria.server, polled).values()) == {1}
    reconnects = max(point.fields.get("reconnects", 0) for point in points)
    report(f"{times} times, {reconnects} reconnects, {len({point.time for point in points})} polls, {len(polled)} values: "
         f"all stored, and {sum(found.values()) - len(found)} duplicates; then none")
    return found


@pytest.fixture
def victoria(namespace, keep, tmp_path):
    return keep(Mortal(servers.VictoriaMetrics, tmp_path / "victoria"))


@pytest.fixture
def crowd(namespace, keep):
    return keep(Crowd(8080, 1))


@pytest.fixture
def survive(start, crowd, report):
    """survive(output, its port, harm, seed, …) runs a program while harm(chance, n) is done, mostly while it is connected. Returns the
    program."""
    def make(to, port, harm, seed, **env):
        lossless = lose_packets(LOSS, 8089, 6514)
        if lossless:
            report(f"no packets were lost: {lossless}")
        chance = random.Random(seed)
        program = start(to=f"{to},stdout:", ports="443,8080,*:8080", buffer="8MiB", **env)
        for n in range(KILLS):
            if chance.randrange(8):
                crowd.stir(DEADLINE, lambda: connected(port))
            crowd.stir(chance.choice(HOLDS) + 0.3 * chance.random())
            harm(chance, n)
        crowd.stir(1)
        lose_packets(0)
        assert program.end() == 0, program.log
        return program
    return make


@pytest.fixture
def restarted(start, crowd, keep, tmp_path, report):
    """restarted(kind of server, its port, scheme, target, signal, …) ends the receiver again and again, behind a relay that cuts one answer of
    ten, and asserts that each poll was posted again only if its answer was lost. Returns the server, the points, the relay's posts, and the
    times of the polls that were posted again."""
    def make(kind, port, scheme, target, number=signal.SIGTERM, prepare=lambda server: None, **env):
        receiver = keep(Mortal(kind, tmp_path / "receiver"))
        prepare(receiver.server)
        relay = keep(posts.Relay(port, lambda n, whole: whole[:n // 10 % len(whole)] if n % 10 == 0 else whole, port=8186))
        program = start(to=f"{scheme}://127.0.0.1:8186{target},influx+stdout:", host="road", buffer="8MiB", ports="8080", self="off", **env)
        chance = random.Random(24)
        for _ in range(KILLS):
            crowd.stir(0.5 + chance.random())
            receiver.restart(crowd, chance, number)
        crowd.stir(2)
        assert program.end() == 0, program.log
        points = parse.influx(program.out)
        again = posts.check_posted_once(relay.posts, {point.time for point in points})
        lost = sum(not post.answered or post.status // 100 != 2 for post in relay.posts)
        assert not any(post.status == 400 for post in relay.posts), program.log
        report(f"{KILLS} times restarted, {len({point.time for point in points})} polls in {len(relay.posts)} POSTs, of which {lost} were not answered; "
               f"{len(again)} polls were posted again after that, none otherwise")
        return receiver.server, points, relay.posts, again
    return make
