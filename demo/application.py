"""An application as sockpush's relay knows it: it sends StatsD to 127.0.0.1, and waits for nobody."""
import math
import random
import socket


class Application:
    """`sent` counts the requests of which it has sent the StatsD. `on`: whether there are requests."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._address = None
        self.on, self.sent = False, 0

    def send_to(self, port):
        self._address = ("127.0.0.1", port)

    def go_on(self, at):
        """Serves the requests of a tenth of a second."""
        if not self.on:
            return
        requests = round(6 + 3 * math.sin(2 * math.pi * at / 30))
        latencies = [random.lognormvariate(2.5, 0.6) for _ in range(requests)]
        lines = [f"shop_requests:1|c\nshop_latency:{latency:.1f}|ms" for latency in latencies]
        self._socket.sendto("\n".join(lines).encode(), self._address)
        self.sent += requests

    def end(self):
        self._socket.close()
