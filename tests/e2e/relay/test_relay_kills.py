"""A TLS receiver is killed again and again while an application counts. In the end it has each value, with its time."""
import random
import signal

import ports
import relayed
import streams
import tls_pki
import wait
from chaos import report                        # a fixture
from test_relay import counters, relay, udp     # relay: a fixture
from tls_pki import pki                         # a fixture

KILLS = 50


class Receiver:
    """openssl s_server on one port. What it has read stays when it is killed."""

    def __init__(self, shown):
        self._shown, self._before = shown, ""
        self.port = ports.unused()
        self._start()

    def _start(self):
        self.server = tls_pki.Server(self._shown, connections=1000, port=self.port)

    @property
    def text(self):
        """Returns the whole lines. A line that was cut by a kill is left out."""
        return self._before + streams.whole(self.server.so_far.encode())

    def restart(self):
        self.server.close()
        self._before = self.text
        self.server.__exit__()
        self._start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()


class Application:
    """Counts all the time that it waits."""

    def __init__(self):
        self._chance = random.Random(3)
        self.calls, self.datagrams = [], 0

    def _count(self):
        more = relayed.draw(self._chance, ("c", "ms"), n=6)
        self.calls += more
        self.datagrams += 1
        udp(8125, "\n".join(call.line for call in more))

    def until(self, program, condition):
        program.until(lambda: self._count() or condition())


def distinct(points):
    """Returns {(measurement, tags, time): fields}. What comes again has to be the same."""
    found = {}
    for point in points:
        assert found.setdefault((point.measurement, point.tags, point.time), point.fields) == point.fields
    return found


def newest(program):
    return [line for line in program.out.splitlines() if "metric_type=" in line][-1:]


def test_tls_receiver_is_killed(relay, keep, pki, report):
    """Most kills come when lines wait unread in its socket, which its kernel has acknowledged. Some come before a connection, or in a
    handshake."""
    receiver, application = keep(Receiver(pki.leaf_p256)), Application()
    program = relay(to=f"influx+stdout:,influx+tls://localhost:{receiver.port}", tls_ca=pki.ca, interval="100ms", buffer="8MiB")
    polls = lambda: program.out.count("sockpush_listen,")
    for n in range(KILLS):
        if n % 3:
            application.until(program, lambda: newest(program))
            [line] = newest(program)
            application.until(program, lambda: line in receiver.server.so_far)
            receiver.server.process.send_signal(signal.SIGSTOP)
            seen = polls()
            application.until(program, lambda: polls() > seen)
        receiver.restart()
    assert program.end() == 0, program.log
    pushed, sent = relayed.points(program.out), relayed.INFLUX.expected(application.calls)
    assert counters(program.out)["datagrams"] == application.datagrams
    assert relayed.INFLUX.folded(application.calls, relayed.values_of(pushed)) == sent
    wait.until(lambda: distinct(relayed.points(receiver.text)) == distinct(pushed))
    received = relayed.points(receiver.text)
    assert distinct(received) == distinct(pushed)
    report(f"{KILLS} times killed, {len(application.calls)} calls, {len(pushed)} points: all received, {len(received) - len(pushed)} again")
