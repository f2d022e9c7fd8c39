"""What applications send as StatsD is passed on to receivers of StatsD."""
import os
import signal
import socket

import receivers
import wait
from test_relay import udp


def test_the_last_push_adds_to_the_last_poll(namespace, start, keep):
    """Its lines do not replace what still waits for a receiver that comes late."""
    program = start(to="dogstatsd+tcp://127.0.0.1:9125", listen="udp://127.0.0.1:8125", interval="1h")
    program.until(lambda: "cannot open" in program.log)
    udp(8125, "hits:1|c")
    os.kill(program.process.pid, signal.SIGTERM)
    wait.until(lambda: False, 0.3)          # the last push comes first
    receiver = keep(receivers.StreamReceiver(socket.create_server(("127.0.0.1", 9125))))
    assert program.end(None) == 0, program.log
    assert "0 lines were not sent" in program.log, program.log
    receiver.until(lambda text: "netstat.tcp_established:" in text and "sockpush_listen.lines:1|c" in text and "hits:1|c" in text)


def test_lines_longer_than_a_segment(namespace, start, keep):
    receiver = keep(receivers.StreamReceiver(socket.create_server(("127.0.0.1", 9125))))
    program = start(to="dogstatsd+tcp://127.0.0.1:9125", listen="udp://127.0.0.1:8125", backend="off", self="off", interval="1h", host="a")
    program.until(lambda: "taking StatsD" in program.log)
    lines = ["short:1|c", f"members:{'x' * 1300}|s", "short:2|c"]
    udp(8125, "\n".join(lines))
    receiver.until(lambda text: text.splitlines() == [f"{line}|#host:a" for line in lines])
    assert program.end() == 0, program.log
