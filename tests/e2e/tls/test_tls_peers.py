"""tls: variants of receivers. Each gets one poll through the connection, whole."""
import os
import shutil
import socket
import ssl
import subprocess

import pytest

import parse
import servers
import tls_pki
import wait
from tls_pki import pki         # a fixture

pytestmark = pytest.mark.windows

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CIPHERS = {"aes128": ("AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"), "aes256": ("AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384"),
           "chacha20": ("CHACHA20-POLY1305", "TLS_CHACHA20_POLY1305_SHA256")}
VERSIONS = ["1.2", "1.3"]


def only(version):
    return f"-tls{version.replace('.', '_')}"


@pytest.fixture
def push_tls(run, pki):
    """push_tls(port, host, **environment) pushes one poll over TLS and asserts success. Returns the run."""
    def make(port, host="localhost", **env):
        one = run(**{"to": f"influx+tls://{host}:{port}", "polls": 1, "self": "off", "host": "a", "tls_ca": pki.ca, **env})
        assert one.status == 0, one.log
        return one
    return make


def check_lines(text):
    """Asserts that the text is one whole poll, and nothing else."""
    points = parse.influx(text)
    assert len({point.time for point in points}) == 1
    totals = parse.totals(parse.series(points))
    assert 4 in totals and set(totals) <= {4, 6}, text
    assert all(list(fields) == parse.TOTALS for fields in totals.values()), text


@pytest.fixture
def delivered(push_tls):
    """delivered(certificate, s_server's options…, **environment) asserts that the server got the pushed lines. Returns the run."""
    def make(shown, *options, bind="127.0.0.1", host="localhost", **env):
        with tls_pki.Server(shown, *options, host=bind) as server:
            one = push_tls(server.port, host, **env)
            check_lines(server.text)
        assert " warn " not in one.log or "tls_verify" in env, one.log
        return one
    return make


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384"])
@pytest.mark.parametrize("version", VERSIONS)
def test_versions_groups_ciphers(pki, delivered, version, group, cipher, kind):
    old, new = CIPHERS[cipher]
    chosen = ["-ciphersuites", new] if version == "1.3" else ["-cipher", f"ECDHE-{'RSA' if kind == 'rsa2048' else 'ECDSA'}-{old}"]
    delivered(pki.leaves[kind], only(version), "-groups", group, *chosen)


@pytest.mark.parametrize("kind", ["rsa4096", "p384"])
@pytest.mark.parametrize("version", VERSIONS)
def test_large_keys(pki, delivered, version, kind):
    delivered(pki.leaves[kind], only(version))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("length", [2, 3, 4])
def test_chains(pki, delivered, length, version):
    delivered(pki.chains[length], only(version))


def test_root_sent_too(pki, delivered):
    """Many servers are set up so. It does no harm."""
    one = pki.chains[3]
    delivered(one._replace(above=(*one.above, pki.rsa_root)))


def test_trusted_intermediate(pki, push_tls):
    """The CA's file may hold only an intermediate: each certificate in it is trusted."""
    with tls_pki.Server(pki.leaf_p256) as server:
        push_tls(server.port, tls_ca=pki.ec_middle.cert)
        check_lines(server.text)


@pytest.mark.parametrize("version", VERSIONS)
def test_trusted_itself(pki, delivered, version):
    """The receiver's own self-signed certificate, without a CA, is the trusted one."""
    delivered(pki.self_signed, only(version), tls_ca=pki.self_signed.cert)


@pytest.mark.parametrize("tickets", [0, 1, 4])
def test_tickets(pki, delivered, tickets):
    delivered(pki.leaf_p256, "-tls1_3", "-num_tickets", tickets)


def test_retry_request(pki, delivered):
    """The server takes none of the groups for which a share was offered, but another: HelloRetryRequest."""
    delivered(pki.leaf_p256, "-tls1_3", "-groups", "P-521:P-384")


@pytest.mark.parametrize("given", ["text", "path"])
@pytest.mark.parametrize("who", ["client_ec", "client_rsa", "client_long"])
@pytest.mark.parametrize("version", VERSIONS)
def test_client_certificate(pki, delivered, version, who, given):
    one = getattr(pki, who)
    shown = {"path": lambda path: path, "text": tls_pki.text}[given]
    delivered(pki.leaf_p256, only(version), "-Verify", 2, "-verify_return_error", "-CAfile", pki.client_root.cert,
              tls_cert=shown(one.chain), tls_key=shown(one.key))


@pytest.mark.parametrize("version", VERSIONS)
def test_client_certificate_not_asked_for(pki, delivered, version):
    delivered(pki.leaf_p256, only(version), tls_cert=pki.client_ec.cert, tls_key=pki.client_ec.key)


@pytest.mark.parametrize("version", VERSIONS)
def test_client_certificate_welcome_only(pki, delivered, version):
    """The server asks for a certificate without requiring one."""
    delivered(pki.leaf_p256, only(version), "-verify", 2)


@pytest.mark.parametrize("change", [lambda text: text, lambda text: text.replace("\\n", "\n"), lambda text: text.replace("\\n", "\r\n"),
                                    lambda text: text + "\\n"], ids=["escaped", "newlines", "crlf", "end"])
def test_ca_as_text(pki, delivered, change):
    delivered(pki.leaf_p256, tls_ca=change(tls_pki.text(pki.ca)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("host,bind,which", [("127.0.0.1", "127.0.0.1", "only_v4"), ("[::1]", "::1", "only_v6")])
def test_address(pki, delivered, host, bind, which, version):
    try:
        socket.create_server((bind, 0), family=socket.AF_INET6 if ":" in bind else socket.AF_INET).close()
    except OSError as error:
        pytest.skip(f"no such address here: {error}")
    delivered(getattr(pki, which), only(version), bind=bind, host=host)


@pytest.mark.parametrize("name,which", [("localhost", "only_name"), ("web.example.test", "wildcard"), ("other.test", "wildcard"),
                                        ("WEB.Example.Test", "wildcard"), ("127.0.0.1", "only_v4"), ("::1", "only_v6"),
                                        ("[::1]", "only_v6"), ("other.test.", "wildcard")])
def test_tls_name(pki, delivered, name, which):
    """SOCKPUSH_TLS_NAME is compared instead of the host."""
    delivered(getattr(pki, which), host="127.0.0.1", tls_name=name)


@pytest.mark.skipif(not os.path.exists(BUNDLE), reason=f"no {BUNDLE} on this machine")
def test_system_bundle(pki, delivered, tmp_path):
    """The test's CA is the last of many."""
    path = tmp_path / "bundle.pem"
    path.write_text(open(BUNDLE).read() + pki.ca.read_text())
    delivered(pki.leaf_p256, tls_ca=None, SSL_CERT_FILE=path)


def test_ca_goes_before_the_system(pki, delivered):
    delivered(pki.leaf_p256, SSL_CERT_FILE=pki.other_ca)


@pytest.mark.parametrize("which", ["leaf_p256", "self_signed", "expired", "wildcard"])
def test_not_verified(pki, delivered, which):
    """Any certificate is accepted, and the log warns."""
    one = delivered(getattr(pki, which), tls_ca=pki.other_ca, tls_verify="none")
    assert any(level == "warn" and "SOCKPUSH_TLS_VERIFY" in str(entry) for level, entry in parse.log(one.log)), one.log


@pytest.mark.parametrize("host,name,expected", [("localhost", None, "localhost"), ("127.0.0.1", None, None), ("127.0.0.1", "a.example", "a.example"),
                                                ("127.0.0.1", "a.example.", "a.example"), ("localhost", "127.0.0.1", None), ("localhost", "::1", None)])
def test_server_name(start, host, name, expected):
    """A name goes into the ClientHello; an address must not (RFC 6066)."""
    with tls_pki.Plain(tls_pki.read_record) as peer:
        start(to=f"influx+tls://{host}:{peer.port}", tls_name=name, tls_verify="none")
        hello = wait.until(lambda: peer.received and peer.received[0])
    assert tls_pki.server_name(hello) == expected


def test_many_polls(pki, start):
    """One connection carries all polls, and in the end all lines are there."""
    with tls_pki.Server(pki.leaf_p256) as server:
        program = start(to=f"influx+tls://localhost:{server.port},stdout:", tls_ca=pki.ca, self="off")
        program.until(lambda: program.out.count("ip_version=4") > 10)
        assert program.end() == 0
        assert server.text == program.out


@pytest.mark.parametrize("version", VERSIONS)
def test_python_peer(pki, push_tls, version):
    """Another program over OpenSSL, which closes without a TLS alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.leaf_p256.chain, pki.leaf_p256.key)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{version.replace('.', '_')}"]

    def serve(connection):
        data = b""
        with context.wrap_socket(connection, server_side=True) as secured:
            while piece := secured.recv(65536):
                data += piece
        return data

    with tls_pki.Plain(serve) as peer:
        push_tls(peer.port)
        assert wait.until(lambda: peer.received)
    check_lines(peer.received[0].decode())


@pytest.mark.skipif(not shutil.which("gnutls-serv"), reason="gnutls-serv (package gnutls-bin) is not on this machine")
@pytest.mark.parametrize("version", VERSIONS)
def test_gnutls(pki, push_tls, namespace, tmp_path, version):
    """GnuTLS' server listens on every address, so it runs in a network namespace."""
    with open(tmp_path / "log", "w+") as log:
        process = subprocess.Popen(["gnutls-serv", "--echo", "-p", "6514", "--x509certfile", pki.leaf_p256.chain, "--x509keyfile", pki.leaf_p256.key,
                                    "--disable-client-cert", "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}"],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            assert wait.until(lambda: servers.listens("tcp", 6514)), (tmp_path / "log").read_text()
            push_tls(6514)
        finally:
            process.kill()
            process.wait()
    text = (tmp_path / "log").read_text()
    assert "netstat,host=a,ip_version=4 " in text and f"TLS{version}" in text, text


def test_resident_memory(namespace, pki, start):
    """The output has one connection, one CA and a small outbox. Sockets of other tests would fill the buffer that lists are read into."""
    with tls_pki.Server(pki.leaf_p256, "-tls1_3") as server:
        program = start(to=f"influx+tls://localhost:{server.port}", tls_ca=pki.ec_root.cert, buffer="16KiB", kernel="on", interval="1h")
        assert wait.until(lambda: "netstat" in server.so_far)
        status = open(f"/proc/{program.process.pid}/status").read()
        resident, peak = (int(line.split()[1]) for name in ("VmRSS:", "VmHWM:") for line in status.splitlines() if line.startswith(name))
        print(f"resident {resident} KiB, at most {peak} KiB")
        assert peak < 450 + 16
