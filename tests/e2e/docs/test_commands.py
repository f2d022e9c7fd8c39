"""The commands of README.md and docs/*.md do what the documents say.

Each ```sh block is a test. sh -e runs it on a machine of its own (machine.py); each output that it names has a receiver, to which lines of the
output's format must come; what a ```text block after it shows must come out. In the line before a block stands what is different:

    <!-- not run: REASON -->    it can't run here
    <!-- status: 2 -->          it ends with that status
"""
import contextlib
import re
import subprocess
import sys

import pytest

import outputs
import rights
from machine import Machine
from program import ROOT
from tls_pki import pki     # noqa: F401, a fixture

sys.path.insert(0, str(ROOT / "tests" / "lint"))
import markdown

QUOTED = r"'[^']*'|\"[^\"]*\""
VALUE = rf"((?:{QUOTED}|[^\s'\";&|<>()])+)"
DESTINATIONS = "SOCKPUSH_TO|SOCKPUSH_FORMAT|DD_DOGSTATSD_URL|DD_AGENT_HOST|DD_DOGSTATSD_PORT|STATSD_ADDR|STATSD_HOST|STATSD_PORT|OTEL_EXPORTER_OTLP_ENDPOINT"


def commands():
    for path in markdown.documents():
        name = str(path.relative_to(ROOT))
        if name == "README.md" or name.startswith("docs/"):
            blocks = markdown.blocks(path.read_text())
            for block, following in zip(blocks, [*blocks[1:], None]):
                if block.language == "sh":
                    shown = following.text if following and block.after == "```text" and following.language == "text" else None
                    yield pytest.param(block, shown, id=f"{name}:{block.line}")


def unquoted(value):
    return re.sub(QUOTED, lambda quoted: quoted[0][1:-1], value)


def values(text, name):
    return [unquoted(value) for value in re.findall(rf"\b{name}={VALUE}", text)]


def named_outputs(text):
    """Returns the outputs that its lines name, as far as they can be read: what each command got is known after it."""
    found = []
    for line in text.replace("\\\n", " ").split("\n"):
        env = {name: unquoted(value) for name, value in re.findall(rf"\b({DESTINATIONS})={VALUE}", line)}
        if env.keys() - {"SOCKPUSH_FORMAT"}:
            with contextlib.suppress(AssertionError):
                found += outputs.read({"SOCKPUSH_FORMAT": (values(text, "SOCKPUSH_FORMAT") or [""])[0], **env})
    return found


def completed(text):
    """A block of assignments alone shows variables: each line is a command. … is a secret."""
    text = text.replace("…", "secret")
    rest = re.sub(rf"\b[A-Z][A-Z0-9_]*={VALUE}", "", re.sub(r"(^|\s)#.*", "", text))
    if rest.strip() or not values(text, r"\w+"):
        return text
    return "".join(f"{bare} sockpush\n" for line in text.split("\n") if (bare := re.sub(r"(^|\s+)#.*", "", line)))


# ---- what is shown

def shape(line):
    """A line without its numbers and the widths of its columns."""
    line = re.sub(r"\b(?=[a-f]*[0-9])[0-9a-f]{7,40}\b", "0", line)      # a commit
    return re.sub(r"\s+", " ", re.sub(r"\d+", "0", line)).strip()


def check_shown(shown, out):
    """Each line that is shown came out, but for numbers. … stands for any text, alone in a line for any lines."""
    lines = {shape(line) for line in out.splitlines()}
    for line in filter(None, map(shape, shown.splitlines())):
        pattern = ".*".join(map(re.escape, re.split(r"…|\.\.\.", line)))
        assert any(re.fullmatch(pattern, one) for one in lines), f"shown, but nothing like it came out: {line!r}\n{out}"


def hostname(shown):
    found = re.search(r"\bhost[=:]\"?([A-Za-z][\w.-]*)", shown or "")
    return found[1] if found else "web1"


# ---- the machine

def prepare(machine, text, certificate, client, ca):
    """What the block names in /etc."""
    machine.write("/etc/ssl/certs/ca-certificates.crt", ca)
    for variable, content in (("SOCKPUSH_TLS_CA", ca), ("SSL_CERT_FILE", ca), ("SOCKPUSH_TLS_CERT", client and client.chain.read_text()),
                              ("SOCKPUSH_TLS_KEY", client and client.key.read_text())):
        for path in values(text, variable):
            if path.startswith(("/etc/", "/run/", "/tmp/")) and "$" not in path:
                machine.write(path, content)


def interval(text):
    """A block that polls several times need not take long. (graphite takes no less than 1 s.)"""
    return {} if "INTERVAL" in text or not values(text, "SOCKPUSH_POLLS") else {"SOCKPUSH_INTERVAL": "1s"}


def run_block(block, shown, place, pki):
    if marked := re.fullmatch(r"<!-- not run: (.+?) *-->", block.before):
        pytest.skip(marked[1])
    expected = re.fullmatch(r"<!-- status: (\d+) -->", block.before)
    text = completed(block.text)
    named = named_outputs(text)
    hosts = {host for output in named for host, _ in output.hosts} | set(re.findall(r"\b[\w.-]+\.example\b", text))
    secure = any(output.transport in ("tls", "https") for output in named)
    machine = Machine(place)
    with contextlib.ExitStack() as stack:
        client = pki.client_ec if values(text, "SOCKPUSH_TLS_CERT") else None
        certificate = pki.leaf(f"receiver {place.name[-60:]}", names=alternatives(hosts)) if secure else None
        receivers = stack.enter_context(outputs.Receivers(place, certificate, pki.client_root.cert if client else None))
        for host in sorted(hosts):
            receivers.address(host)
        # sockpush's default output, unless sockpush receives there itself.
        default = [] if values(text, "SOCKPUSH_LISTEN") else [outputs.Output("udp", "dogstatsd", (("127.0.0.1", 8125),))]
        for output in [*named, *default]:
            receivers.add(output)
        for port in {22, 80, 443, *(int(n) for rules in values(text, "SOCKPUSH_PORTS") for n in re.findall(r"\b\d{2,5}\b", rules)[:20])}:
            if not receivers.taken(port) and port <= 65535:
                outputs.hold(stack, port)
        outputs.hold(stack, 80, "::1")
        machine.write("/etc/hosts", "".join(f"{address} {host}\n" for host, address in receivers.addresses.items() if host != address))
        prepare(machine, text, certificate, client, pki.ca.read_text() if secure else "")
        try:
            done = machine.run(text, hostname(shown), **interval(text))
        except subprocess.SubprocessError as error:
            rights.needs_root(f"can't make a mount namespace: {error}")
        check_done(done, int(expected[1]) if expected else 0)
        for call in done.calls:
            if not call.arguments and not expected:
                for output in outputs.read(call.env):
                    if output.transport != "stdout":
                        receivers.check(output)
                    elif not re.search(r"[|>]", re.sub(QUOTED, "", text)):
                        check_stdout(output.format, done.out)
    if shown:
        check_shown(shown, done.out + done.err)


def alternatives(hosts):
    return ",".join(["DNS:localhost", *(f"{'IP' if re.fullmatch(r'[0-9.]+|.*:.*', host) else 'DNS'}:{host}" for host in sorted(hosts - {"localhost"}))])


def check_done(done, status):
    if found := re.search(r"^.*?: (?:\d+: )?(\S+): not found$", done.err, re.M):
        pytest.fail(f"`{found[1]}` is no command that the test knows: the block needs <!-- not run: REASON --> before it, or machine.py the command")
    assert done.status is not None, f"the commands did not end:\n{done.out[-1000:]}{done.err[-2000:]}"
    assert done.status == status, f"status {done.status}, not {status}:\n{done.out[-1000:]}{done.err[-2000:]}"


def check_stdout(form, out):
    """Among what several commands say are lines of this format."""
    if form == "table":
        return outputs.check_lines(form, out)
    found = []
    for line in out.splitlines():
        with contextlib.suppress(AssertionError):
            outputs.check_lines(form, f"{line}\n")
            found.append(line)
    assert found, f"no line of {form}:\n{out[-1000:]}"


@pytest.mark.parametrize("block, shown", commands())
def test_commands(block, shown, namespace, as_root, tmp_path, pki):
    run_block(block, shown, tmp_path, pki)
