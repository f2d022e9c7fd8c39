"""Measures the resident memory of one connection: sockpush pushes by TCP, TLS, HTTP or HTTPS, compared with UDP."""

import contextlib
import http.server
import shutil
import socketserver
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import measure

INTERVAL_SECONDS = 0.1


class Drain(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while self.request.recv(65536):
                pass


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    tls = None

    def process_request_thread(self, request, client_address):
        # The handshake is made in the connection's thread.
        with contextlib.suppress(OSError):
            if self.tls:
                request = self.tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)

    def handle_error(self, *_):
        """Ignores errors of a connection whose sockpush has ended."""


@contextlib.contextmanager
def serving(handler, tls=None):
    with Server(("127.0.0.1", 0), handler) as server:
        server.tls = tls
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def certificate(folder):
    """Makes a self-signed certificate with a P-256 key. Returns its path, and that of its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


def memory_kib(binary):
    """Returns {transport: resident KiB after ten polls}. TLS is left out if openssl, which makes the certificate, is missing."""
    found = {"udp": measure.memory_kib(binary, {}, INTERVAL_SECONDS)[0]}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings, context = {}, None
        if shutil.which("openssl"):
            cert, key = certificate(Path(folder))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            settings = {"SOCKPUSH_TLS_CA": str(cert)}
        for transport, handler, path in (("tcp", Drain, ""), ("tls", Drain, ""), ("http", Answer, "/write"), ("https", Answer, "/write")):
            secure = transport in ("tls", "https")
            if secure and not context:
                continue
            with serving(handler, context if secure else None) as port:
                to = {"SOCKPUSH_TO": f"influx+{transport}://127.0.0.1:{port}{path}", **settings}
                found[transport] = measure.memory_kib(binary, to, INTERVAL_SECONDS)[0]
    return found
