"""Real receivers of POSTs, by http, and by https through TLS terminators. They are killed, cut and refuse, and each poll is stored once.
SOCKPUSH_TEST_SLOW=1 kills 50 times."""
import itertools
import random
import signal

import pytest

import chaos
import parse
import posts
import servers
from chaos import crowd, report         # fixtures
from program import BINARY
from tls_pki import pki                 # fixtures

pytestmark = pytest.mark.windows

RECEIVERS = {"influxdb": (servers.InfluxDB, 8086, "/write?db=sockpush"),
             "victoriametrics": (servers.VictoriaMetrics, 8428, "/write"),
             "victoriametrics v2": (servers.VictoriaMetrics, 8428, "/api/v2/write?org=o&bucket=b")}
ROADS = {"http": "http://127.0.0.1:8186", "stunnel": "https://localhost:6443", "haproxy": "https://localhost:6444", "nginx": "https://localhost:6445"}
KILLS = max(chaos.KILLS, 20 if BINARY.name == "wine.py" else 0)      # wine's program polls seldom
PORT = 8186     # of the relay between all of these and the receiver


def prepare(server):
    if isinstance(server, servers.InfluxDB):
        server.create()


def in_influxdb(server):
    """Returns {(measurement, tags, time in ns): fields}."""
    return {(measurement, tuple(sorted(tags.items())), time): fields for measurement in ("netstat", "netstat_port", "netstat_remote", "netstat_kernel")
            for tags, fields, time in server.points(measurement)}


def as_in_influxdb(points):
    return {(point.measurement, tuple(sorted(point.tags)), point.time): point.fields for point in points}


@pytest.mark.parametrize("name", RECEIVERS)
@pytest.mark.parametrize("precision", ["", "ns", "ms"])
def test_stored(namespace, keep, tmp_path, push, name, precision):
    kind, port, target = RECEIVERS[name]
    server = keep(kind(tmp_path))
    prepare(server)
    points = push(f"http://127.0.0.1:{port}{target}" + (f"{'&' if '?' in target else '?'}precision={precision}" if precision else ""),
                  ports="8080,>8080", kernel="on", queues="auto")
    assert len({point.measurement for point in points}) == 4
    if kind is servers.InfluxDB:
        server.settles(lambda: in_influxdb(server), as_in_influxdb(points))
    else:
        server.settles(lambda: chaos.stored(server).keys(), chaos.samples(points))


def test_words_of_a_receiver(namespace, keep, tmp_path, run):
    """The database is missing: the lines are kept for an operator, and the log has InfluxDB's words."""
    keep(servers.InfluxDB(tmp_path))
    one = run(to="http://127.0.0.1:8086/write?db=nowhere", polls=1)
    assert one.status == 1
    assert 'the receiver answers 404 Not Found: \\"{\\"error\\":\\"database not found: \\\\\\"nowhere\\\\\\"\\"}\\"; retrying' in one.log


CHECKED = {"/write?db=sockpush": (0, "ok", "204 No Content"), "/write?db=nowhere": (1, "failed", '404 Not Found: "{"error":"database not found: \\"nowhere\\""}"'),
           "/write?db=sockpush&rp=none": (1, "failed", '500 Internal Server Error: "{"error":"retention policy not found: none"}"'),
           "/nowhere": (1, "failed", '404 Not Found: "404 page not found"'),
           "/write": (0, "unknown", '400 Bad Request: "{"error":"database is required"}"; with lines it may answer otherwise')}


def test_check(namespace, keep, tmp_path, run):
    """An empty write checks database and path, and stores nothing."""
    server = keep(servers.InfluxDB(tmp_path))
    server.create()
    for target, (status, verdict, words) in CHECKED.items():
        one = run("--check", to=f"http://127.0.0.1:8086{target}")
        assert one.status == status and f" (influx): {verdict} at 127.0.0.1:8086: an empty POST: the receiver answers {words}\n" in one.out, one.out
    assert not in_influxdb(server)


def test_type_conflict(namespace, keep, tmp_path, run):
    """The field was written as a float before, so InfluxDB refuses integers, and the log has its reason."""
    server = keep(servers.InfluxDB(tmp_path))
    server.create()
    server.write("netstat tcp_listen=1.5")
    one = run(to="http://127.0.0.1:8086/write?db=sockpush", polls=2, interval="100ms", self="off")
    assert one.status == 1 and "400 Bad Request" in one.log and "field type conflict" in one.log and "lines are dropped" in one.log


class Roads:
    """A receiver that can be killed, after a relay that cuts one answer of ten, each at another byte, and the terminators."""

    def __init__(self, keep, tmp_path, pki, kind, port):
        self.receiver = keep(chaos.Mortal(kind, tmp_path / "receiver"))
        prepare(self.receiver.server)
        for terminator in (servers.Stunnel, servers.Haproxy, servers.Nginx):
            (tmp_path / terminator.__name__).mkdir()
            keep(terminator(tmp_path / terminator.__name__, pki.chains[3]))
        self.relay = keep(posts.Relay(port, lambda n, whole: whole[:n // 10 % len(whole)] if n % 10 == 0 else whole, port=PORT))


@pytest.fixture
def survive(start, crowd, keep, tmp_path, pki, report):
    """survive(class of receiver, signal) ends the receiver again and again. Returns the roads, the points by road, and how often each
    repeated poll was posted."""
    def make(kind, number):
        ports, targets = zip(*((port, target) for one, port, target in RECEIVERS.values() if one is kind))
        roads = Roads(keep, tmp_path, pki, kind, ports[0])
        chance = random.Random(2)
        programs = {road: start(to=f"{to}{target},influx+stdout:", host=road, tls_ca=pki.ca, buffer="8MiB", ports="8080", self="off")
                    for (road, to), target in zip(ROADS.items(), itertools.cycle(targets))}
        for n in range(KILLS):
            crowd.stir(0.5 + chance.random())
            roads.receiver.restart(crowd, chance, number)
        crowd.stir(2)
        for program in programs.values():
            assert program.end() == 0, program.log
        points = {road: parse.influx(program.out) for road, program in programs.items()}
        twice = {}
        for road in programs:
            own = [post for post in roads.relay.posts if post.host == road]
            again = posts.check_posted_once(own, {point.time for point in points[road]})
            twice.update({(road, at): sum(at in post.times for post in own) for at in again})
            unanswered = sum(not post.answered or post.status // 100 != 2 for post in own)
            refused = sum(program.log.count(f"answers {status}") for status in (429, 503) for program in [programs[road]])
            report(f"{road}: {KILLS} times killed, {len({point.time for point in points[road]})} polls in {len(own)} POSTs, of which "
                 f"{unanswered} were not answered; {len(again)} polls were posted again after that, none otherwise")
            assert unanswered and again, "no answer was lost"
        return roads, points, twice
    return make


def test_influxdb_is_killed(survive, report):
    """SIGKILL: all that it acknowledged is in its write-ahead log."""
    roads, points, _ = survive(servers.InfluxDB, signal.SIGKILL)
    expected = {}
    for of in points.values():
        expected.update(as_in_influxdb(of))
    roads.receiver.server.settles(lambda: len(in_influxdb(roads.receiver.server)), len(expected))
    assert in_influxdb(roads.receiver.server) == expected


def test_victoriametrics_is_restarted(survive, report):
    """SIGTERM: all that it acknowledged is on its disk, unlike after a SIGKILL. It keeps duplicates, which must be only posts that were
    repeated because an answer was lost."""
    roads, points, twice = survive(servers.VictoriaMetrics, signal.SIGTERM)
    found = chaos.check(roads.receiver.server, chaos.samples([point for of in points.values() for point in of]))
    for (at, _, labels, _), n in found.items():
        assert n <= twice.get((dict(labels)["host"], at * 10**6), 1), (at, labels, n)
    report(f"{len(found)} values stored, {sum(n > 1 for n in found.values())} of them more than once")
