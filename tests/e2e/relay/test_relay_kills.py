"""A TLS receiver is killed again and again while an application counts. In the end it has each value with its time, or each line."""
import contextlib
import ctypes
import random
import signal
import socket
import ssl
import struct
import threading

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


def lines_since(program, at):
    return [line for line in program.out[at:].splitlines() if "metric_type=" in line]


def test_tls_receiver_is_killed(relay, keep, pki, report):
    """Most kills come when lines wait unread in its socket, which its kernel has acknowledged. Some come before a connection, or in a
    handshake."""
    receiver, application = keep(Receiver(pki.leaf_p256)), Application()
    program = relay(to=f"influx+stdout:,influx+tls://localhost:{receiver.port}", tls_ca=pki.ca, interval="100ms", buffer="8MiB")
    polls = lambda: program.out.count("sockpush_listen,")
    for n in range(KILLS):
        if n % 3:
            began = len(program.out)
            application.until(program, lambda: any(line in receiver.server.so_far for line in lines_since(program, began)))
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


# ---- passed on

SO_ATTACH_FILTER = 26
NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))        # a program that takes no packet: BPF_RET, 0 bytes


def hear_nothing(connection):
    """Makes the kernel drop, and not acknowledge, what comes to this socket from now on."""
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(NOTHING)))


class Drained:
    """A TLS receiver on one port that resets its connection at each kill, when it has read all that its kernel acknowledged. So what is lost
    or doubled is the sender's doing. `runs` has the bytes of each connection, `lived` those since the last start."""

    def __init__(self, shown):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(shown.chain, shown.key)
        self.port, self.runs = ports.unused(), []
        self._start()

    def _start(self):
        self._before = len(self.runs)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(0.01)
        self._dies = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._dies.is_set():
            with contextlib.suppress(TimeoutError):
                self._serve(self._listener.accept()[0])
        self._listener.close()

    def _serve(self, connection):
        """Reads until the sender's end, or until it dies and no more comes."""
        got, deaf = bytearray(), False
        self.runs.append(got)
        with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            secured.settimeout(0.02)
            while True:
                try:
                    data = secured.recv(1 << 16)
                    if not data:
                        return
                    got += data
                except TimeoutError:
                    if deaf:
                        break
                    if self._dies.is_set():
                        hear_nothing(secured)
                        deaf = True
            secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, streams.LINGER_0)

    @property
    def lived(self):
        return self.runs[self._before:]

    def kill(self):
        self._dies.set()
        self._thread.join()

    def restart(self):
        self.kill()
        self._start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Numbered(Application):
    """Sends lines n.1:1|c, n.2:1|c …"""

    sent = 0

    def _count(self):
        n = self._chance.randrange(1, 6)
        udp(8125, "\n".join(f"n.{self.sent + i}:1|c" for i in range(n)))
        self.sent += n


def numbers(got):
    return [int(line[2:].partition(":")[0]) for line in streams.whole(got).splitlines() if line.startswith("n.")]


def test_tls_receiver_of_lines_is_killed(relay, keep, pki, report):
    """Each line arrives, in order. A connection begins with what may not have been acknowledged in the one before, and nothing older."""
    receiver, application = keep(Drained(pki.leaf_p256)), Numbered()
    program = relay(to=f"dogstatsd+tls://localhost:{receiver.port}", tls_ca=pki.ca, interval="100ms", buffer="8MiB")
    for n in range(KILLS):
        if n % 3:
            application.until(program, lambda: any(numbers(got) for got in receiver.lived))
        receiver.restart()
    application.until(program, lambda: any(numbers(got) for got in receiver.lived))
    assert program.end() == 0 and "lines are dropped" not in program.log, program.log
    receiver.kill()
    runs = [found for got in receiver.runs if (found := numbers(got))]
    assert all(run == [*range(run[0], run[0] + len(run))] for run in runs)
    assert runs[0][0] == 0 and runs[-1][-1] == application.sent - 1
    assert all(before[0] <= run[0] <= before[-1] + 1 for before, run in zip(runs, runs[1:])), [(run[0], run[-1]) for run in runs]
    report(f"{KILLS} times killed, {application.sent} lines in {len(runs)} connections: all received, {sum(map(len, runs)) - application.sent} again")
