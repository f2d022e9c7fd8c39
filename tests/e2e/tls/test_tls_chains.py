"""tls: chains and lists of certificates in odd forms, and untrusted peers that send without end."""
import pytest

import tls_pki
from tls_pki import pki         # a fixture

VERSIONS = ["1.2", "1.3"]


def only(version):
    return f"-tls{version.replace('.', '_')}"


@pytest.fixture
def check(run, pki):
    """check(certificate with its other certificates, s_server's options…) runs --check against that server."""
    def make(shown, *options, **env):
        with tls_pki.Server(shown, *options) as server:
            return run("--check", **{"to": f"influx+tls://127.0.0.1:{server.port}", "tls_ca": pki.ca, **env})
    return make


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("order", ["downwards", "with what nobody needs", "with the root first"])
def test_chain_in_another_order(pki, check, version, order):
    """RFC 8446 4.4.2 asks clients to accept any order, as long as all certificates are there."""
    shown = pki.chains[4]
    lower, upper = shown.above
    above = {"downwards": (upper, lower), "with what nobody needs": (pki.ec_middle, upper, pki.leaf_p256, lower),
             "with the root first": (pki.rsa_root, upper, lower)}[order]
    one = check(shown._replace(above=above), only(version))
    assert one.status == 0 and ": ok at 127.0.0.1:" in one.out, one


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("above", [lambda pki: (pki.make("second intermediate", "p256", pki.other_root, tls_pki._CA, file="forged"), pki.rsa_middle),
                                   lambda pki: (pki.rsa_middle,), lambda pki: (pki.leaf_p256, pki.chains[3], pki.rsa_middle)],
                         ids=["of the same name", "one missing", "no CA among them"])
def test_chain_that_does_not_hold(pki, check, version, above):
    """Each certificate must be signed by the next, whatever else is sent."""
    one = check(pki.chains[4]._replace(above=above(pki)), only(version))
    assert one.status == 1 and "certificate of" in one.out and ": failed: " in one.out, one


@pytest.fixture
def ed25519(pki, tmp_path):
    key, cert = tmp_path / "ed.key", tmp_path / "ed.pem"
    pki.run("genpkey", "-algorithm", "ED25519", "-out", key)
    pki.run("req", "-x509", "-new", "-config", "ca.conf", "-key", key, "-subj", "/CN=ed", "-days", "9", "-out", cert)
    return cert.read_text()


@pytest.mark.parametrize("as_text", [True, False])
def test_ca_of_a_kind_that_is_not_known(pki, check, tmp_path, ed25519, as_text):
    """That CA is not trusted, with a warning; the others are. A file and its text are treated alike."""
    text = ed25519 + pki.ca.read_text()
    (tmp_path / "ca.pem").write_text(text)
    one = check(pki.leaf_p256, tls_ca=text if as_text else tmp_path / "ca.pem")
    assert one.status == 0 and ": ok at " in one.out and "SOCKPUSH_TLS_CA" in one.log and "cannot be read and are not trusted" in one.log, one


def test_only_such(run, ed25519):
    one = run("--check", to="influx+tls://127.0.0.1:1", tls_ca=ed25519)
    assert one.status == 2 and "no certificate that can be read" in one.log, one


@pytest.mark.parametrize("as_text", [True, False])
def test_own_chain_that_does_not_fit(pki, check, tmp_path, as_text):
    """A message holds 8 KiB. A text is checked at the start, a file when it is read."""
    text = pki.client_ec.cert.read_text() * 40
    (tmp_path / "cert.pem").write_text(text)
    one = check(pki.leaf_p256, tls_cert=text if as_text else tmp_path / "cert.pem", tls_key=pki.client_ec.key)
    assert one.status == (2 if as_text else 1) and "more than 8 KiB" in one.log + one.out, one


RECORDS = {"change_cipher_spec": b"\x14\x03\x03\x00\x01\x01", "warnings": b"\x15\x03\x03\x00\x02\x01\x00", "no bytes": b"\x16\x03\x03\x00\x00",
           "hello requests": b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", "pieces of a hello": b"\x16\x03\x03\x00\x01\x02"}


@pytest.mark.parametrize("kind", RECORDS)
def test_handshake_without_end(start, kind):
    """The peer sends meaningless records as fast as they are read. The handshake is bounded in bytes, and in time
    (tests/unit/output/test_limits.c)."""
    def serve(connection):
        connection.recv(4096)
        while True:
            connection.sendall(RECORDS[kind] * 1000)

    with tls_pki.Plain(serve) as peer:
        program = start(to=f"influx+tls://127.0.0.1:{peer.port}", log_level="debug")
        program.until(lambda: program.log.count("cannot open") >= 2)
        program.kill()
