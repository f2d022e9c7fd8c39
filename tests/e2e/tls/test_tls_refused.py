"""tls: refused receivers, and the log's warnings. None of them gets a byte of the lines."""
import re
import socket
import subprocess
import time

import pytest

import parse
import tls_pki
import wait
from tls_pki import pki         # a fixture

pytestmark = pytest.mark.windows

VERSIONS = ["1.2", "1.3"]


def only(version):
    return f"-tls{version.replace('.', '_')}"


@pytest.fixture
def warning(start, pki):
    """warning(peer, host, **environment) returns the first warning, in lower case. The program has ended the connection by then, so it
    carries nothing more."""
    def make(peer, host="127.0.0.1", **env):
        program = start(**{"to": f"influx+tls://{host}:{peer.port}", "tls_ca": pki.ca, **env})
        warnings = lambda: [entry["msg"] for level, entry in parse.log(program.log[:program.log.rfind("\n") + 1]) if level == "warn"]
        assert wait.until(lambda: warnings() or program.process.poll() is not None) and warnings(), f"no warning, status {program.process.poll()}: {program.log}"
        assert wait.until(lambda: peer.had_one), f"it keeps the connection: {program.log}"
        assert program.process.poll() is None, program.log
        program.kill()
        assert "PRIVATE" not in program.log
        return warnings()[0].replace('\\"', '"').lower()
    return make


@pytest.fixture
def refused(warning):
    """refused(certificate, s_server's options…, **environment) returns the warning. Asserts that the server got nothing."""
    def make(shown, *options, **env):
        with tls_pki.Server(shown, *options) as server:
            warned = warning(server, **env)
            assert server.text == "", "the server got something"
        return warned
    return make


def mentions(warned, *words):
    missing = [word for word in words if word.lower() not in warned]
    assert not missing, f"{missing} not in {warned!r}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("length", [2, 3, 4])
def test_not_trusted(pki, refused, length, version):
    """The warning names the topmost certificate that was sent, and its issuer."""
    shown = pki.chains[length]
    top = shown.above[-1] if shown.above else shown
    root = "ec root" if length == 2 else "rsa root"
    mentions(refused(shown, only(version), tls_ca=pki.other_ca), f'"{top.name}"', f'"{root}"', "SOCKPUSH_TLS_CA", str(pki.other_ca))


def test_not_trusted_by_the_system(pki, refused):
    """The advice is the same if no variable is set."""
    mentions(refused(pki.leaf_p256, tls_ca=None, SSL_CERT_FILE=pki.other_ca), '"ec root"', "SOCKPUSH_TLS_CA")


def test_ca_of_the_same_name(pki, refused):
    """The issuer has a trusted name, but another key."""
    fake = pki.make("ec root", "p256", None, tls_pki._CA, file="fake")
    mentions(refused(pki.leaf("leaf of a fake", fake)), '"leaf of a fake"', '"ec root"', "SOCKPUSH_TLS_CA")


def test_intermediate_not_sent(pki, refused):
    mentions(refused(pki.chains[4]._replace(above=())), "chain of 4", "second intermediate", "SOCKPUSH_TLS_CA")


def test_trusted_itself_but_for_another_name(pki, refused):
    one = pki.make("self-signed for another", "p256", None, f"{tls_pki._SERVER}subjectAltName=DNS:other.test\n")
    mentions(refused(one, tls_ca=one.cert), "other.test", "SOCKPUSH_TLS_NAME")


def test_expired_root(pki, refused):
    root = pki.make("expired ec root", "p256", None, tls_pki._CA, tls_pki._LONG_AGO, tls_pki._PAST)
    mentions(refused(pki.leaf("leaf of an expired root", root), tls_ca=root.cert), "expired ec root", "expired on 2020-01-01")


def test_ca_without_end(pki, refused):
    mentions(refused(pki.leaf_p256, tls_ca="/dev/zero"), "SOCKPUSH_TLS_CA", "/dev/zero", "none can be read")


def test_extension_not_known(pki, refused):
    middle = pki.make("constrained intermediate", "p256", pki.ec_root, f"{tls_pki._CA}nameConstraints=critical,permitted;DNS:localhost\n")
    mentions(refused(pki.leaf("leaf below constraints", middle)), "critical extension", "name constraints")


def test_leaf_as_a_ca(pki, refused):
    """The certificate is trusted, but may not sign others."""
    mentions(refused(pki.below_a_leaf), "certificate")


@pytest.mark.parametrize("version", VERSIONS)
def test_self_signed(pki, refused, version):
    mentions(refused(pki.self_signed, only(version)), "self-signed", "SOCKPUSH_TLS_CA")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name,which,has", [("web.other.test", "only_name", "localhost"), ("a.b.example.test", "wildcard", "*.example.test"),
                                            ("example.test", "wildcard", "*.example.test"), ("127.0.0.2", "only_v4", "127.0.0.1"),
                                            ("::2", "only_v6", "::1"), ("127.0.0.1", "only_name", "localhost"), ("localhost", "only_v4", "127.0.0.1")])
def test_wrong_name(pki, refused, name, which, has, version):
    mentions(refused(getattr(pki, which), only(version), tls_name=name), f'"{name}"', has, "SOCKPUSH_TLS_NAME")


def test_wrong_host(pki, refused):
    """The name is the host of SOCKPUSH_TO. Its other address, ::1, has no listener."""
    mentions(refused(pki.only_v4, host="localhost"), '"localhost"', "127.0.0.1", "SOCKPUSH_TLS_NAME")


@pytest.mark.parametrize("version", VERSIONS)
def test_expired(pki, refused, version):
    mentions(refused(pki.expired, only(version)), pki.expired.name, "expired", "2020-01-01")


@pytest.mark.parametrize("version", VERSIONS)
def test_not_yet_valid(pki, refused, version):
    mentions(refused(pki.not_yet, only(version)), pki.not_yet.name, "not yet valid", "2045-01-01", "clock")


def test_expired_intermediate(pki, refused):
    mentions(refused(pki.stale_chain), "expired intermediate", "expired on")


@pytest.mark.parametrize("version", VERSIONS)
def test_certificate_of_a_client(pki, refused, version):
    mentions(refused(pki.for_clients, only(version)), pki.for_clients.name, "not meant for a server")


@pytest.mark.parametrize("version", VERSIONS)
def test_client_certificate_missing(pki, refused, version):
    mentions(refused(pki.leaf_p256, only(version), "-Verify", 1, "-verify_return_error", "-CAfile", pki.client_root.cert),
         "client certificate", "SOCKPUSH_TLS_CERT")


@pytest.mark.parametrize("which", ["client_wrong", "client_expired"])
@pytest.mark.parametrize("version", VERSIONS)
def test_client_certificate_wrong(pki, refused, version, which):
    one = getattr(pki, which)
    mentions(refused(pki.leaf_p256, only(version), "-Verify", 1, "-verify_return_error", "-CAfile", pki.client_root.cert,
                 tls_cert=one.cert, tls_key=tls_pki.text(one.key)), "refused", "client certificate", "SOCKPUSH_TLS_CERT")


def test_old_version(pki, refused):
    mentions(refused(pki.leaves["rsa2048"], "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "TLS 1.2")


def test_nothing_in_common(pki, refused):
    """Client and server share no group."""
    mentions(refused(pki.leaf_p256, "-tls1_2", "-groups", "X448"), "handshake")


# ---- no TLS server at all

def answer(data):
    """Returns a peer that sends this to any connection, and drains it to the end."""
    def serve(connection):
        got = connection.recv(65536)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                got += piece
        except OSError:         # the program does not wait for the rest
            pass
        return got
    return serve


@pytest.fixture
def plain(warning):
    """plain(serve) returns the warning. Asserts that the peer has seen no payload."""
    def make(serve):
        with tls_pki.Plain(serve) as peer:
            warned = warning(peer)
        assert peer.received and all(b"netstat" not in data for data in peer.received)
        return warned
    return make


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 5000],
                         ids=["http", "smtp", "long"])
def test_plain_text(plain, data):
    mentions(plain(answer(data)), "not TLS")


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\0" * 1000, b"\xff" * 1000, b"\x16\x03\x03\xff\xff" + b"a" * 100,
                                  b"\x16\x03\x03\x00\x04\x02\x00\x00\x00", b"\x16\x03\x03\x00\x00" * 50, b"\x14\x03\x03\x00\x01\x01" * 50,
                                  b"\x15\x03\x03\x00\x02\x02\x50", b"\x17\x03\x03\x00\x20" + b"z" * 32],
                         ids=["counting", "zeros", "ones", "long record", "empty hello", "empty records", "many changes", "alert", "data"])
def test_garbage(plain, data):
    """Any garbage gives a warning, and nothing is sent."""
    assert plain(answer(data))


def test_closed_after_accept(plain):
    """The peer closes with the ClientHello unread."""
    warned = plain(lambda connection: b"")
    mentions(warned, "handshake")
    assert "closed" in warned or "reset" in warned, warned


def test_closed_after_hello(plain):
    mentions(plain(answer(b"")), "closed", "handshake")


@pytest.mark.parametrize("version,records", [("1.2", 1), ("1.2", 2), ("1.3", 1), ("1.3", 2), ("1.3", 3)])
def test_closed_amid_the_handshake(pki, warning, version, records):
    """A proxy passes this many of the server's records, then closes."""
    with tls_pki.Server(pki.leaf_p256, only(version)) as server:
        def serve(connection):
            with socket.create_connection(("127.0.0.1", server.port)) as real:
                real.settimeout(wait.DEADLINE)
                hello = tls_pki.read_record(connection)
                real.sendall(hello)
                for _ in range(records):
                    connection.sendall(tls_pki.read_record(real))
                connection.shutdown(socket.SHUT_WR)
                return hello
        with tls_pki.Plain(serve) as proxy:
            warned = warning(proxy)
        assert server.text == ""
    mentions(warned, "handshake")
    assert "closed" in warned or "reset" in warned, warned


def test_stalls(pki, start):
    """One peer sends nothing, one stops within a record, one drips. Each connection ends after 10 s, however much comes until then."""
    def hold(first, drip):
        def serve(connection):
            got = connection.recv(65536)
            connection.sendall(first)
            while not ended and got:
                time.sleep(0.1)
                if drip:
                    connection.sendall(b"\0")
            return got
        return serve

    ended = []
    peers = [tls_pki.Plain(hold(*one)) for one in [(b"", False), (b"\x16\x03\x03\x10\x00\x02", False), (b"\x16\x03\x03\x3f\xf0", True)]]
    try:
        began = time.monotonic()
        programs = [start(to=f"influx+tls://127.0.0.1:{peer.port}", tls_ca=pki.ca) for peer in peers]
        for program in programs:
            program.until(lambda: " warn " in program.log)
            assert time.monotonic() - began > 10
            mentions(program.log.lower(), "handshake timed out")
            program.kill()
    finally:
        ended.append(True)
        for peer in peers:
            peer.__exit__()
    assert all(b"netstat" not in data for peer in peers for data in peer.received)


# ---- wrong settings

BAD = "-----BEGIN CERTIFICATE-----\\nc2VjcmV0\\n-----END CERTIFICATE-----"
BAD_KEY = "-----BEGIN PRIVATE KEY-----\\nc2VjcmV0\\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize("given", ["ca", "cert", "key"])
def test_path_missing(pki, warning, tmp_path, given):
    """The file may come later: it is read at each connect, and until then a warning names it."""
    path = tmp_path / "missing.pem"
    env = {"tls_cert": pki.client_ec.cert, "tls_key": pki.client_ec.key} if given != "ca" else {}
    with tls_pki.Server(pki.leaf_p256) as server:
        warned = warning(server, **{**env, f"tls_{given}": path})
        assert server.text == ""
    mentions(warned, f"SOCKPUSH_TLS_{given}", str(path))


def test_ca_comes_later(pki, start, tmp_path):
    path = tmp_path / "later.pem"
    with tls_pki.Server(pki.leaf_p256, connections=100) as server:
        program = start(to=f"influx+tls://127.0.0.1:{server.port}", tls_ca=path)
        program.until(lambda: " warn " in program.log)
        path.write_text(pki.ca.read_text())
        program.until(lambda: "sending again" in program.log)
        assert program.end() == 0


@pytest.mark.parametrize("text", ["", "no PEM\n", BAD.replace("\\n", "\n")], ids=["empty", "text", "bad"])
def test_ca_file_bad(pki, refused, tmp_path, text):
    path = tmp_path / "ca.pem"
    path.write_text(text)
    mentions(refused(pki.leaf_p256, tls_ca=path), "SOCKPUSH_TLS_CA", str(path))


@pytest.mark.parametrize("variable,text", [("tls_ca", BAD), ("tls_cert", BAD), ("tls_key", BAD_KEY), ("tls_ca", "-----BEGIN"), ("tls_key", BAD),
                                           ("tls_ca", BAD_KEY), ("tls_cert", BAD_KEY)])
def test_bad_text(pki, run, variable, text):
    env = {"tls_cert": pki.client_ec.cert, "tls_key": pki.client_ec.key, variable: text}
    one = run(to="influx+tls://127.0.0.1:1", polls=1, **env)
    assert one.status == 2 and "SOCKPUSH_" + variable.upper() in one.log, one
    assert "c2VjcmV0" not in one.out + one.log


SPOILED = {"whole": lambda text: text, "space": lambda text: " " + text, "escape": lambda text: "\\n" + text, "newline": lambda text: "\n" + text,
           "headless": lambda text: text.split("\\n", 1)[1], "quoted": lambda text: f'"{text}"', "half": lambda text: text[:len(text) // 2],
           "spaces": lambda text: text.replace("\\n", " ")}


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("variable", ["tls_ca", "tls_cert", "tls_key"])
def test_key_is_never_shown(pki, run, start, variable, how):
    """The key is in the right variable or a wrong one, whole or damaged by a template, in --check and in a run."""
    env = {"tls_ca": pki.ca, "tls_cert": tls_pki.text(pki.client_ec.cert), "tls_key": tls_pki.text(pki.client_ec.key),
           variable: SPOILED[how](tls_pki.text(pki.client_ec.key))}
    with tls_pki.Server(pki.leaf_p256, connections=2) as server:
        to = f"influx+tls://127.0.0.1:{server.port}"
        checked = run("--check", to=to, host="a", **env)
        program = start(to=to, **env)
        assert wait.until(lambda: " warn " in program.log or program.process.poll() is not None or "netstat" in server.so_far), program.log
        program.kill()
    shown = [place for place, text in [("--check", checked.out + checked.log), ("the log", program.log)]
             for secret in tls_pki.secrets(pki.client_ec.key) if secret[:12] in text]
    assert not shown, shown


def test_key_in_the_name(pki, run):
    one = run(to="influx+tls://127.0.0.1:1", tls_name=tls_pki.text(pki.client_ec.key))
    assert one.status == 2 and "SOCKPUSH_TLS_NAME" in one.log
    assert not [secret for secret in tls_pki.secrets(pki.client_ec.key) if secret[:12] in one.log]


@pytest.mark.parametrize("text", [False, True], ids=["path", "text"])
@pytest.mark.parametrize("given", ["cert", "key"])
def test_half_of_the_pair(pki, run, given, text):
    value = getattr(pki.client_ec, given)
    one = run(to="influx+tls://127.0.0.1:1", polls=1, **{f"tls_{given}": tls_pki.text(value) if text else value})
    assert one.status == 2 and "SOCKPUSH_TLS_CERT" in one.log and "SOCKPUSH_TLS_KEY" in one.log, one


def test_key_of_another(pki, warning):
    with tls_pki.Server(pki.leaf_p256) as server:
        warned = warning(server, tls_cert=pki.client_ec.cert, tls_key=pki.client_rsa.key)
        assert server.text == ""
    mentions(warned, "SOCKPUSH_TLS_KEY", "SOCKPUSH_TLS_CERT")


@pytest.mark.parametrize("form", [["pkcs8", "-topk8", "-v2", "aes-256-cbc"], ["ec", "-aes256"]])
@pytest.mark.parametrize("as_text", [False, True])
def test_an_encrypted_key_is_named_as_one(pki, run, tmp_path, form, as_text):
    """By a path the reason comes at the connect, as text at the start."""
    subprocess.run(["openssl", *form, "-in", pki.client_ec.key, "-out", tmp_path / "key", "-passout", "pass:sesame"], check=True, stderr=subprocess.DEVNULL)
    key = (tmp_path / "key").read_text() if as_text else tmp_path / "key"
    with tls_pki.Server(pki.leaf_p256) as server:
        one = run(to=f"influx+tls://127.0.0.1:{server.port}", polls=1, tls_ca=pki.ca, tls_cert=pki.client_ec.cert, tls_key=key)
    assert one.status == (2 if as_text else 1) and "the key is encrypted: decrypt it first" in one.log, one.log


def test_each_connection_without_verification_is_warned_about(pki, start):
    with tls_pki.Server(pki.leaf_p256, connections=2) as server:
        program = start(to=f"influx+tls://127.0.0.1:{server.port}", interval="100ms", tls_ca=pki.other_ca, tls_verify="none")
        program.until(lambda: program.log.count("SOCKPUSH_TLS_VERIFY=none: the receiver's certificate is not verified") == 1)


# ---- --check

@pytest.fixture
def check(run, pki):
    def make(shown, *options, **env):
        with tls_pki.Server(shown, *options) as server:
            one = run("--check", **{"to": f"influx+tls://127.0.0.1:{server.port}", "tls_ca": tls_pki.text(pki.ca), "host": "a", **env})
            assert server.text == ""
        assert "-----BEGIN" not in one.out + one.log and "MII" not in one.out + one.log, one
        return one
    return make


@pytest.mark.parametrize("version", VERSIONS)
def test_check(pki, check, version):
    one = check(pki.leaf_p256, only(version), "-Verify", 1, "-verify_return_error", "-CAfile", pki.client_root.cert,
                tls_cert=tls_pki.text(pki.client_ec.cert), tls_key=tls_pki.text(pki.client_ec.key))
    assert one.status == 0, one
    assert re.search(rf": ok at 127.0.0.1:\d+ \(TLSv{version}, certificate for 127.0.0.1\): connected, nothing sent; whether it reads influx is not known\n", one.out), one


@pytest.mark.parametrize("version", VERSIONS)
def test_check_refused(pki, check, version):
    one = check(pki.expired, only(version))
    assert one.status == 1 and "expired on" in one.out, one


def test_check_with_another_authority(pki, check):
    one = check(pki.leaf_p256, tls_ca=pki.other_root.cert)
    assert one.status == 1 and " (influx): failed: " in one.out and "SOCKPUSH_TLS_CA" in one.out, one


@pytest.mark.parametrize("env,words", [({"tls_name": "localhost"}, "certificate for localhost"), ({"tls_verify": "none"}, "certificate not verified")])
def test_check_of_what_was_verified(pki, check, env, words):
    one = check(pki.leaf_p256, **env)
    assert one.status == 0 and f" (TLSv1.3, {words}): connected" in one.out, one


@pytest.mark.parametrize("version", VERSIONS)
def test_check_without_client_certificate(pki, check, version):
    one = check(pki.leaf_p256, only(version), "-Verify", 1, "-verify_return_error", "-CAfile", pki.client_root.cert)
    assert one.status == 1 and "SOCKPUSH_TLS_CERT" in one.out, one
