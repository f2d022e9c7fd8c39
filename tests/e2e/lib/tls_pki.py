"""A small PKI, made once with the openssl command line, and peers that show its certificates."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
from typing import NamedTuple

import pytest

import ports
import wait

OPENSSL = shutil.which("openssl")

_KEYS = {"rsa2048": ["RSA", "rsa_keygen_bits:2048"], "rsa4096": ["RSA", "rsa_keygen_bits:4096"],
         "p256": ["EC", "ec_paramgen_curve:P-256"], "p384": ["EC", "ec_paramgen_curve:P-384"]}
_CONF = """[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
default_md = sha256
unique_subject = no
rand_serial = yes
policy = any
[any]
commonName = supplied
[req]
distinguished_name = subject
[subject]
"""
_CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
_SERVER = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
_CLIENT = "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n"
_IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
_LONG_AGO, _PAST, _FUTURE, _FAR = "20150101000000Z", "20200101000000Z", "20450101000000Z", "20490101000000Z"

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"


class Certificate(NamedTuple):
    name: str                       # its CN
    cert: pathlib.Path              # the leaf alone
    key: pathlib.Path
    above: tuple = ()               # the other certificates that a server sends: the intermediates, nearest first
    chain: pathlib.Path = None      # leaf and intermediates

    @property
    def pem(self):
        return self.cert.read_text()


def text(path):
    """Returns a PEM file as one line, the form of an environment file."""
    return path.read_text().strip().replace("\n", "\\n")


def secrets(path):
    """Returns the lines of a key that must appear nowhere else."""
    return [line for line in path.read_text().splitlines() if len(line) > 20 and not line.startswith("-----")]


class _Leaves(dict):
    """Leaves by the type of their key, made at first use, because an RSA key of 4096 bits takes seconds."""

    def __init__(self, pki):
        self._pki = pki

    def __missing__(self, key):
        self[key] = self._pki.leaf(f"leaf {key}", self._pki.rsa_middle if "rsa" in key else self._pki.ec_middle, key)
        return self[key]


class Pki:
    def __init__(self, place):
        if not OPENSSL:
            pytest.skip("openssl is not on this machine")
        self.place = place
        (place / "ca.conf").write_text(_CONF)
        (place / "index.txt").write_text("")
        self._keys = {}
        self.rsa_root = self.make("rsa root", "rsa2048", None, _CA)
        self.ec_root = self.make("ec root", "p384", None, _CA)
        self.other_root = self.make("other root", "p256", None, _CA)
        self.ca = self.write("ca.pem", self.rsa_root, self.ec_root)
        self.other_ca = self.other_root.cert
        self.rsa_middle = self.make("rsa intermediate", "rsa2048", self.rsa_root, _CA)
        self.ec_middle = self.make("ec intermediate", "p256", self.ec_root, _CA)
        lower = self.make("second intermediate", "p384", self.rsa_middle, _CA)
        self.leaves = _Leaves(self)
        self.leaf_p256 = self.leaves["p256"]
        self.chains = {2: self.leaf("chain of 2", self.ec_root), 3: self.leaf("chain of 3", self.rsa_middle),
                       4: self.leaf("chain of 4", lower)}

    def __getattr__(self, name):
        """Makes the other certificates at first use."""
        if name not in _RARE:
            raise AttributeError(name)
        value = _RARE[name](self)
        setattr(self, name, value)
        return value

    def run(self, *words):
        done = subprocess.run([OPENSSL, *map(str, words)], cwd=self.place, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {words}: {done.stderr}"

    def write(self, name, *certificates):
        path = self.place / name
        path.write_text("".join(one.pem for one in certificates))
        return path

    def key(self, kind, who=""):
        """Returns a key, which several leaves may share, because making one takes time."""
        name = f"{kind}{who}"
        if name not in self._keys:
            algorithm, size = _KEYS[kind]
            self._keys[name] = self.place / f"{name.replace(' ', '_')}.key"
            self.run("genpkey", "-algorithm", algorithm, "-pkeyopt", size, "-out", self._keys[name])
        return self._keys[name]

    def make(self, name, kind, issuer, extensions, start=_PAST, end=_FAR, file=None):
        base = self.place / (file or name).replace(" ", "_")
        key = self.key(kind, f" of {file or name}" if extensions == _CA else "")
        base.with_suffix(".ext").write_text(extensions + _IDS)
        self.run("req", "-new", "-config", "ca.conf", "-key", key, "-subj", f"/CN={name}", "-out", base.with_suffix(".csr"))
        signer = ["-cert", issuer.cert, "-keyfile", issuer.key] if issuer else ["-selfsign", "-keyfile", key]
        self.run("ca", "-batch", "-notext", "-config", "ca.conf", *signer, "-startdate", start, "-enddate", end,
                 "-extfile", base.with_suffix(".ext"), "-in", base.with_suffix(".csr"), "-out", base.with_suffix(".pem"))
        one = Certificate(name, base.with_suffix(".pem"), key, _above(issuer))
        return one._replace(chain=self.write(f"{base.name}.chain", one, *one.above))

    def leaf(self, name, issuer=None, key="p256", names=LOCAL, extensions=_SERVER, **times):
        return self.make(name, key, issuer or self.ec_middle, f"{extensions}subjectAltName={names}\n", **times)

    def client(self, name, issuer=None, key="p256", **times):
        return self.make(name, key, issuer or self.client_root, _CLIENT, **times)


def _above(issuer):
    """Returns the certificates above a leaf, without the root, which is not sent."""
    return (issuer, *issuer.above) if issuer and "root" not in issuer.name else ()


def _stale_chain(pki):
    return pki.leaf("below an expired one", pki.make("expired intermediate", "p256", pki.ec_root, _CA, _LONG_AGO, _PAST))


_RARE = {
    "self_signed": lambda pki: pki.make("self-signed leaf", "p256", None, f"{_SERVER}subjectAltName={LOCAL}\n"),
    "expired": lambda pki: pki.leaf("expired leaf", start=_LONG_AGO, end=_PAST),
    "not_yet": lambda pki: pki.leaf("leaf of the future", start=_FUTURE, end=_FAR),
    "stale_chain": _stale_chain,
    "wildcard": lambda pki: pki.leaf("wildcard leaf", names="DNS:*.example.test,DNS:other.test"),
    "only_name": lambda pki: pki.leaf("leaf of one name", names="DNS:localhost"),
    "only_v4": lambda pki: pki.leaf("leaf for IPv4", names="IP:127.0.0.1"),
    "only_v6": lambda pki: pki.leaf("leaf for IPv6", names="IP:::1"),
    "for_clients": lambda pki: pki.leaf("leaf of a client", extensions=_CLIENT),
    "below_a_leaf": lambda pki: pki.leaf("leaf below a leaf", pki.leaf_p256),
    "client_root": lambda pki: pki.make("client root", "p256", None, _CA),
    "client_ec": lambda pki: pki.client("client ec"),
    "client_rsa": lambda pki: pki.client("client rsa", key="rsa2048"),
    "client_long": lambda pki: pki.client("client of a chain", pki.make("client intermediate", "rsa2048", pki.client_root, _CA)),
    "client_wrong": lambda pki: pki.client("client of another CA", pki.other_root),
    "client_expired": lambda pki: pki.client("client expired", start=_LONG_AGO, end=_PAST),
}


_made = []


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """The PKI, made once for all modules."""
    if not _made:
        _made.append(Pki(tmp_path_factory.mktemp("pki")))
    return _made[0]


def _listening(pid):
    """Returns the port on which this process listens, or None."""
    try:
        owned = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
    except FileNotFoundError:
        return None
    for table in ("tcp", "tcp6"):
        for line in open(f"/proc/thread-self/net/{table}").read().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in owned:
                return int(words[1].rsplit(":", 1)[1], 16)
    return None


class Server:
    """openssl s_server for this many connections. `text` is what it decrypted, once it has ended. It sends the argument of send()."""

    def __init__(self, shown, *options, host="127.0.0.1", port=0, connections=1, quiet=True):
        chain = ["-cert_chain", _intermediates(shown)] if shown.above else []
        self._out, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        address = f"[{host}]" if ":" in host else host
        self.process = subprocess.Popen([OPENSSL, "s_server", *["-quiet"] * quiet, "-accept", f"{address}:{port or ports.unused()}", "-naccept", str(connections),
                                         "-cert", shown.cert, "-key", shown.key, *chain, *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=self._out, stderr=self._errors)
        self.port = wait.until(lambda: _listening(self.process.pid) or self.process.poll() is not None)
        if self.process.poll() is not None or not self.port:
            self.close()
            raise AssertionError(f"openssl s_server does not listen: {self.errors}")

    @staticmethod
    def _read(file):
        return os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def errors(self):
        return self._read(self._errors)

    @property
    def so_far(self):
        return self._read(self._out)

    @property
    def had_one(self):
        """Returns whether it has ended, because its connections are over."""
        return self.process.poll() is not None

    @property
    def text(self):
        """Returns the text after waiting for the end, when nothing is on its way any more."""
        try:
            self.process.wait(wait.DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"a connection did not end, or none came: {self.errors}; it has {self._read(self._out)!r}") from None
        return self._read(self._out)

    def send(self, data):
        """Sends data. Without -quiet, s_server takes a line of one letter for a command."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self._out.close()
        self._errors.close()


def _intermediates(shown):
    path = shown.cert.with_suffix(".above")
    path.write_text("".join(one.pem for one in shown.above))
    return path


class Plain:
    """A peer of a few lines: serve(connection) handles each connection in a thread. `received` has its results, in order."""

    def __init__(self, serve):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", ports.unused()))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self.received, self.had_one = [], False         # had_one: a connection is over
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self.ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(wait.DEADLINE)
            with connection, contextlib.suppress(OSError):
                self.received.append(self._serve(connection))
            self.had_one = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._thread.join()
        self._listener.close()


def between(port, change):
    """Returns a serve function for Plain: a proxy to that port. change(n, record) returns the bytes to pass on for the server's n-th
    record."""
    def serve(connection):
        with socket.create_connection(("127.0.0.1", port)) as real:
            real.settimeout(wait.DEADLINE)
            pump = threading.Thread(target=_pump, args=(connection, real), daemon=True)
            pump.start()
            n = 0
            with contextlib.suppress(OSError):
                while record := read_record(real):
                    connection.sendall(change(n, record))
                    n += 1
                connection.shutdown(socket.SHUT_WR)
            pump.join()
            return n
    return serve


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def read_record(connection):
    """Returns one TLS record with its header, or b"" at the end."""
    data = b""
    while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
        want = 5 + int.from_bytes(data[3:5], "big") - len(data) if len(data) >= 5 else 5 - len(data)
        piece = connection.recv(want)
        if not piece:
            return b""
        data += piece
    return data


def server_name(record):
    """Returns the SNI of a ClientHello, or None (RFC 8446 4.1.2, RFC 6066 3)."""
    assert record[0] == 22 and record[5] == 1, f"not a ClientHello: {record[:16]!r}"
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + int.from_bytes(record[at:at + 2], "big")
    at += 1 + record[at]
    end = at + 2 + int.from_bytes(record[at:at + 2], "big")
    at += 2
    while at < end:
        kind, size = int.from_bytes(record[at:at + 2], "big"), int.from_bytes(record[at + 2:at + 4], "big")
        if kind == 0:
            return record[at + 9:at + 4 + size].decode()
        at += 4 + size
    return None
