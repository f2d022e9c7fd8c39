"""tls: receivers that stall, send tiny records, change keys or certificates while they run. No line is lost."""
import contextlib
import shutil
import socket
import ssl
import threading
import time

import pytest

import parse
import streams
import tls_pki
import wait
from tls_pki import pki         # a fixture

VERSIONS = ["1.2", "1.3"]
HANDSHAKE, CHANGE_CIPHER_SPEC = 22, 20


def only(version):
    return f"-tls{version.replace('.', '_')}"


def influx_lines(text):
    return [line for line in text.splitlines() if line.startswith("netstat")]


def pieces(record, size):
    """Returns the same bytes in records of this size."""
    return b"".join(record[:3] + len(part).to_bytes(2, "big") + part for at in range(5, len(record), size) if (part := record[at:at + size]))


@pytest.fixture
def pushed(start, pki):
    """pushed(server, port, during) asserts that the polls while during() ran have arrived whole, and nothing else."""
    def make(server, port, during=lambda: None, **env):
        program = start(to=f"influx+tls://localhost:{port},stdout:", tls_ca=pki.ca, self="off", **env)
        count = lambda: program.out.count("ip_version=4")
        program.until(lambda: count() > 3)
        during()
        seen = count()
        program.until(lambda: count() > seen + 5)
        assert program.end() == 0, program.log
        assert influx_lines(server.text) == influx_lines(program.out)
        assert " warn " not in program.log
    return make


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [4, 5, 100])
def test_handshake_in_small_records(pki, pushed, version, size):
    """The server's messages in clear come in many records. (mbedTLS requires a message's first four bytes in one record:
    docs/delivery.md.)"""
    clear = [True]

    def change(_, record):
        clear[0] &= record[0] == HANDSHAKE
        return pieces(record, size) if clear[0] else record

    with tls_pki.Server(pki.chains[3], only(version)) as server, tls_pki.Plain(tls_pki.between(server.port, change)) as proxy:
        pushed(server, proxy.port)


@pytest.mark.parametrize("version", VERSIONS)
def test_record_in_single_bytes(pki, pushed, version):
    """Each byte of the server's comes in a segment of its own."""
    def change(_, record):
        for at in range(len(record) - 1):
            proxy.connection.sendall(record[at:at + 1])
        return record[-1:]

    def serve(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        proxy.connection = connection
        return tls_pki.between(server.port, change)(connection)

    with tls_pki.Server(pki.chains[3], only(version)) as server, tls_pki.Plain(serve) as proxy:
        pushed(server, proxy.port)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size,times", [(1, 200), (16384, 20)])
def test_server_that_talks(pki, pushed, version, size, times):
    """The receiver sends records of one byte and of 16 KiB, which are drained and dropped."""
    with tls_pki.Server(pki.leaf_p256, only(version)) as server:
        def talk():
            for _ in range(times):
                server.send(b"x" * size)
                time.sleep(0.001)
        pushed(server, server.port, talk)


def test_small_fragments(pki, pushed):
    """The server sends fragments of 512 bytes, so certificates come in several records."""
    with tls_pki.Server(pki.chains[4], "-max_send_frag", 512) as server:
        pushed(server, server.port)


@pytest.mark.parametrize("version,command", [("1.2", b"r\n"), ("1.3", b"k\n"), ("1.3", b"K\n")], ids=["renegotiation", "key update", "both keys"])
def test_new_keys_asked_for(pki, start, version, command):
    """Some requests end the connection. The next one then carries the lines under way."""
    with tls_pki.Server(pki.leaf_p256, only(version), connections=2, quiet=False) as server:
        program = start(to=f"influx+tls://localhost:{server.port},stdout:", tls_ca=pki.ca, self="off")
        count = lambda: program.out.count("ip_version=4")
        program.until(lambda: count() > 3)
        server.send(command)
        seen = count()
        program.until(lambda: count() > seen + 30)
        assert program.end() == 0, program.log
        with contextlib.suppress(BrokenPipeError):      # it may have ended after its second connection
            server.send(b"Q\n")
        got, wanted = set(influx_lines(server.text)), set(influx_lines(program.out))
    assert wanted <= got, f"lost: {wanted - got}; {program.log}"
    assert got == wanted


def test_end_while_a_write_waits(pki, start):
    """The receiver reads nothing, and then it ends. The output notices at once, before the write's time limit, and sends all again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.leaf_p256.chain, pki.leaf_p256.key)
    ends, over = [], threading.Event()

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            if not ends:
                streams.wait_until_full(secured)        # more is pushed than both kernels hold
                ends.append(True)
                socket.socket.shutdown(secured, socket.SHUT_WR)
                over.wait()
                return b""
            data = b""
            while b"netstat" not in data and (piece := secured.recv(65536)):
                data += piece
        return data

    with tls_pki.Plain(serve) as peer:
        peer._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        program = start(to=f"influx+tls://localhost:{peer.port}", tls_ca=pki.ca, ports=",".join(map(str, range(1, 2000))), buffer="16MiB", self="off")
        program.until(lambda: "retrying" in program.log)
        over.set()
        assert ends and ": the receiver closed it; retrying" in program.log, program.log
        assert wait.until(lambda: len(peer.received) > 1 and b"netstat" in peer.received[1]), program.log
        program.kill()


def test_stalls_in_each_phase(pki, start):
    """The server falls silent after each record of the handshake. All are given up after 10 s, and none got a line."""
    with contextlib.ExitStack() as stack:
        peers, servers = [], []
        for version, records in [("1.2", 1), ("1.2", 2), ("1.2", 3), ("1.2", 4), ("1.3", 1), ("1.3", 2), ("1.3", 3), ("1.3", 4)]:
            server = stack.enter_context(tls_pki.Server(pki.leaf_p256, only(version)))
            change = lambda n, record, records=records: record if n < records else b""
            peers.append(stack.enter_context(tls_pki.Plain(tls_pki.between(server.port, change))))
            servers.append(server)
        began = time.monotonic()
        program = start(to=",".join(f"influx+tls://localhost:{peer.port}" for peer in peers), tls_ca=pki.ca)
        program.until(lambda: program.log.count("handshake timed out") == len(peers))
        assert time.monotonic() - began > 10
        program.kill()
        assert [server.text for server in servers] == [""] * len(servers)


def test_certificates_that_rotate(pki, start, tmp_path):
    """Files are read at each connect, which a mounted secret needs; the CA's as well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.leaf_p256.chain, pki.leaf_p256.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pki.client_root.cert)
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    release = threading.Event()

    def put(one):
        for source, target in ((one.chain, cert), (one.key, key)):
            shutil.copy(source, tmp_path / "new")
            (tmp_path / "new").rename(target)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            name = dict(pair[0] for pair in secured.getpeercert()["subject"])["commonName"]
            secured.recv(65536)
            seen.append(name)
            release.wait(wait.DEADLINE)
            release.clear()
        return name

    seen = []
    put(pki.client_ec)
    with tls_pki.Plain(serve) as peer:
        program = start(to=f"influx+tls://localhost:{peer.port}", tls_ca=pki.ca, tls_cert=cert, tls_key=key)
        program.until(lambda: seen)
        put(pki.client_rsa)
        release.set()
        program.until(lambda: len(seen) > 1)
        assert seen[:2] == ["client ec", "client rsa"]
        cert.unlink()                                   # without the file, the log names it and no connection is made
        release.set()
        program.until(lambda: "SOCKPUSH_TLS_CERT" in program.log)
        assert any(str(cert) in entry["msg"] for level, entry in parse.log(program.log) if level == "warn")
        put(pki.client_ec)
        program.until(lambda: len(seen) > 2)
        assert seen[2] == "client ec"
        release.set()
