"""The outputs that a command's variables choose, read by the documents' rules, and receivers for them."""
import contextlib
import ipaddress
import re
import socket
import ssl
import urllib.parse
from typing import NamedTuple

import netns
import parse
import posts
import receivers
import streams
import wait

HOST_TRANSPORTS, PATH_TRANSPORTS = ("udp", "tcp", "tls", "http", "https"), ("unix", "unixgram", "unixstream")
UDP_PORTS = {"influx": 8089, "graphite": 2003}      # others: 8125


class Output(NamedTuple):
    transport: str
    format: str
    hosts: tuple = ()       # (host, port) pairs, several for an output with fail-over
    path: str = ""          # of a Unix socket


def destination(env):
    """Returns SOCKPUSH_TO, or the value that replaces it, and whether Datadog's variables chose it."""
    if env.get("SOCKPUSH_TO") == "otlp":
        return f"otlp+{env['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/metrics", False
    if env.get("SOCKPUSH_TO"):
        return env["SOCKPUSH_TO"], False
    if env.get("DD_DOGSTATSD_URL"):
        return env["DD_DOGSTATSD_URL"], True
    if env.get("DD_AGENT_HOST"):
        return f"udp://{env['DD_AGENT_HOST']}:{env.get('DD_DOGSTATSD_PORT') or 8125}", True
    if env.get("STATSD_ADDR"):
        return f"udp://{env['STATSD_ADDR']}", False
    return f"udp://{env.get('STATSD_HOST') or '127.0.0.1'}:{env.get('STATSD_PORT') or 8125}", False


def _address(text, port):
    """Splits HOST[:PORT], [ADDRESS]:PORT."""
    match = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]*)(?::(\d+))?", text)
    assert match, f"not HOST:PORT: {text!r}"
    return match[1] or match[3], int(match[2] or match[4] or port or 0)


def read(env):
    """Returns the outputs of an environment."""
    value, datadog = destination(env)
    found = []
    for item in value.strip().split(","):
        match = re.fullmatch(r"(?:(\w+)\+)?(\w+):(?://(.*))?", item)
        if match and match[2] in (*HOST_TRANSPORTS, *PATH_TRANSPORTS, "stdout"):
            chosen, transport, rest = match.groups()
            form = chosen or env.get("SOCKPUSH_FORMAT") or ("influx" if "http" in transport else "datadog" if datadog else "dogstatsd")
            if transport in HOST_TRANSPORTS:
                port = {"udp": UDP_PORTS.get(form, 8125), "http": 80, "https": 443}.get(transport)
                found.append(Output(transport, form, (_address(rest.split("/")[0], port),)))
            else:
                found.append(Output(transport, form, path=urllib.parse.unquote(rest or "")))
        else:
            assert found and found[-1].hosts, f"not an output: {item!r} in {value!r}"
            last = found[-1]
            found[-1] = last._replace(hosts=(*last.hosts, _address(item, last.hosts[0][1] if "http" in last.transport else None)))
    return found


_FIELDS = {*parse.TOTALS, *parse.OF_PORTS, *parse.GAUGES, *parse.INCREASES, *parse.BACKEND, *parse.OUTPUT, *parse.LISTEN}


def _statsd(text):
    try:
        return parse.statsd(text)
    except AssertionError:
        return parse.statsd(text, host=False)       # SOCKPUSH_HOST=-


def check_posts(posts):
    """Asserts that the POSTs of protobuf have sockpush's measurements and fields, among them the totals."""
    names = {name for post in posts for _, name, *_ in post.samples}
    found = [re.fullmatch(r"(?:\w+[._])?(netstat_port|netstat_kernel|netstat|sockpush_output|sockpush_listen|sockpush)[._](\w+)", name) for name in names]
    assert all(one and one[2] in _FIELDS for one in found), names
    assert any(one[1] == "netstat" for one in found), f"no totals: {names}"


def check_lines(form, text):
    """Asserts that the text has lines of that format, with sockpush's measurements and fields, among them the totals."""
    if form == "table":
        assert re.search(r"^IP\b.*\bESTAB\b", text, re.M), f"no table: {text[:500]!r}"
        return
    points = _statsd(text) if form == "statsd" else getattr(parse, form)(text)
    for point in points:
        assert set(point.measurement.split(".")) & {"netstat", "netstat_port", "netstat_kernel", "sockpush", "sockpush_output", "sockpush_listen"}, point
        assert set(point.fields) <= _FIELDS, point
    assert any("netstat" in point.measurement.split(".") for point in points), f"no totals: {text[:500]!r}"


def _in_nanoseconds(post):
    """Returns a POST's lines; `precision` in its query is the unit of their times."""
    unit = urllib.parse.parse_qs(urllib.parse.urlsplit(post.target).query).get("precision", ["ns"])[0]
    zeros = {"s": 9, "second": 9, "ms": 6, "millisecond": 6, "u": 3, "us": 3, "microsecond": 3}.get(unit, 0)
    return re.sub(r" (\d+)$", rf" \g<1>{'0' * zeros}", post.body, flags=re.M)


class Receivers:
    """Captures what the outputs send. The program sees `folder` as /. Each name gets a loopback address of its own, so that several can
    use one port."""

    def __init__(self, folder, certificate=None, client_ca=None):
        self._folder, self._certificate, self._client_ca = folder, certificate, client_ca
        self._stack = contextlib.ExitStack()
        self.addresses = {"localhost": "127.0.0.1"}
        self._found = {}

    def address(self, host):
        try:
            ip = ipaddress.ip_address(host.split("%")[0])
        except ValueError:
            return self.addresses.setdefault(host, f"127.0.0.{len(self.addresses) + 1}")
        if not ip.is_loopback and host not in self.addresses:
            self.addresses[host] = host
            netns.ip("addr", "add", host, "dev", "lo", *["nodad"] * (ip.version == 6))
        return str(ip)

    def taken(self, port):
        """Returns whether a receiver listens there on 127.0.0.1."""
        return any(key[1:3] == ("127.0.0.1", port) for key in self._found)

    @staticmethod
    def _keys(output):
        return [(output.transport, host, port) for host, port in output.hosts] or [(output.transport, output.path)]

    def add(self, output):
        for key in self._keys(output) if output.transport != "stdout" else ():
            if key not in self._found:
                self._found[key] = self._stack.enter_context(self._make(*key))

    def _make(self, transport, where, port=None):
        if transport in PATH_TRANSPORTS:
            assert re.match(r"/(run|tmp|var/run)/", where), f"{where}: a test has sockets in /run and /tmp alone"
            path = self._folder / where.removeprefix("/var").lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            return (receivers.unix_stream if transport == "unixstream" else receivers.unix_datagram)(path)
        host = self.address(where)
        if transport == "udp":
            return receivers.udp(host, port)
        if transport == "tcp":
            return streams.Aggregator(host=host, port=port)
        if transport == "tls":
            return streams.Aggregator(lambda n: self._read_tls, host=host, port=port)
        return posts.Receiver(pki=self._certificate if transport == "https" else None, host=host, port=port)

    def _read_tls(self, connection, got):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate.chain, self._certificate.key)
        if self._client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self._client_ca)
        return streams.read_all(context.wrap_socket(connection, server_side=True), got)

    def _text(self, output, key):
        receiver = self._found[key]
        if output.transport in ("http", "https"):
            return "".join(_in_nanoseconds(post) for post in list(receiver.posts))
        if output.transport == "unixstream" and output.format == "datadog":
            return "".join(packet.removesuffix("\n") + "\n" for packet in parse.frames(b"".join(receiver.chunks)))
        return receiver.text

    def check(self, output):
        """Asserts that the output's receiver got lines, after waiting for those on their way."""
        missing = [key for key in self._keys(output) if key not in self._found]
        assert not missing, f"no receiver for {missing}: the block's text does not name it as the program gets it"
        if output.format in ("otlp", "prometheus"):
            got = wait.until(lambda: [post for key in self._keys(output) for post in list(self._found[key].posts) if post.raw])
            assert got, f"{output} got nothing"
            return check_posts(got)
        text = wait.until(lambda: "".join(self._text(output, key) for key in self._keys(output)))
        assert text, f"{output} got nothing"
        check_lines(output.format, text[:text.rfind("\n") + 1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


def hold(stack, port, host="127.0.0.1"):
    """Opens a listener and a connection to it, as a real machine has them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = stack.enter_context(socket.create_server((host, port), family=family))
    stack.enter_context(socket.create_connection((host, port)))
    stack.enter_context(listener.accept()[0])
