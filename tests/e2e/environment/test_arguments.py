"""--help, --version and --check; test_top.py has --top, and others are refused."""
import platform
import re
import shutil
import subprocess

import pytest

import ports
import procfs
import program
import receivers
import streams
import wait

pytestmark = pytest.mark.windows

VARIABLES = ("TO FORMAT INTERVAL POLLS TAGS HOST PREFIX PORTS MAX_SERIES BACKEND PROC PID MTU BUFFER SELF LOG_LEVEL").split()


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


def source(path):
    return (program.ROOT / path).read_text()


@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_help(run, argument):
    """Each name once, in lines for a terminal of 80 columns."""
    shown = run(argument)
    assert shown.status == 0 and shown.log == ""
    assert all(len(line) <= 80 and line == line.rstrip() for line in shown.out.splitlines()) and "`" not in shown.out
    ours, others = shown.out.split("\nOutputs; ")[0].split("\nNames of other programs")
    names = re.findall(r'\.name = "(SOCKPUSH_\w+)"', source("src/config/variables.c"))
    assert re.findall(r"^  (SOCKPUSH_\w+)  ", ours, re.M) == names and len(names) > 20
    assert re.findall(r"^[A-Z]\w+$", ours, re.M) == ["Push", "Count", "Tags", "TLS", "HTTP", "Listen", "More"]
    foreign = re.findall(r'^    \{"([\w*]+)", ', source("src/config/foreign.c"), re.M)
    assert re.findall(r"[\w*]+", " ".join(line[26:] for line in others.splitlines() if line.startswith("  "))) == foreign and len(foreign) > 20


def test_help_shows_each_default(run):
    words = " ".join(run("--help").out.split())
    for name, default in re.findall(r'\.name = "(\w+)", \.def = "(.*?)"', source("src/config/variables.c")):
        meaning = words.partition(f" {name} ")[2].partition(" SOCKPUSH_")[0] if name != "SOCKPUSH_TO" else words
        assert (f"(default {default})" in meaning) == bool(default), name


def test_version(run):
    """What it says is true: of this source, this commit, and of what is linked."""
    shown = run("--version")
    assert shown.status == 0 and shown.log == "" and all(len(line) <= 80 for line in shown.out.splitlines())
    found = re.fullmatch(r"sockpush (\S+)(?: \(commit (\S+)\))?\nsystem: (\w+)(?: (\w+))?, .*\n"
                         r"TLS: (.*); C library: (.*); JSON: (.*)\n"
                         r"formats: (.*)\noutputs: (.*)\nbackends: (.*) record replay\n", shown.out)
    version, commit, system, cpu, tls, c_library, json, formats, outputs, backends = found.groups()
    assert f'SOCKPUSH_VERSION "{version}"' in re.sub(" +", " ", source("src/base/version.h"))
    pinned = {tuple(line.split()[:2]) for line in source("third_party/sources.lock").splitlines() if line and line[0] != "#"}
    assert ("cjson", json.removeprefix("cJSON ")) in pinned
    assert tls == "none (make TLS=0)" or ("mbedtls", tls.removeprefix("Mbed TLS ")) in pinned
    assert formats.split() == re.findall(r"X\((\w+)\)", re.search(r"#define ENCODERS.*", source("src/encode/encode.h"))[0])
    schemes = {scheme for path in (program.ROOT / "src/output").glob("*.c") for scheme in re.findall(r'\.scheme = "(\w+)"', path.read_text())}
    assert set(outputs.split()) == schemes - ({"tls", "https"} if tls.startswith("none") else set())
    if system == "linux":
        assert backends.split() == ["netlink", "procfs"]
        assert c_library.startswith("glibc ") or ("musl", c_library.removeprefix("musl ")) in pinned
    if program.BINARY == program.ROOT / "build" / "sockpush":
        assert cpu == platform.machine() and is_commit(commit or "")


def is_commit(name):
    """Whether git has a commit of that name. It may be older than the tree is now, which may have been changed since the build."""
    if not (program.ROOT / ".git").exists() or not shutil.which("git"):
        return not name
    git = subprocess.run(["git", "-C", program.ROOT, "cat-file", "-t", name.removesuffix("-dirty")], stdout=subprocess.PIPE, text=True)
    return git.stdout == "commit\n"


@pytest.mark.parametrize("arguments,wrong", [(["--frobnicate"], "--frobnicate"), (["-x"], "-x"), (["--check", "now"], "now"), ([""], '""'),
                                             (["now", "--check"], "now"), (["--check", "--help"], "--help"),
                                             (["--topp"], "--topp")])
def test_unknown_argument(run, arguments, wrong):
    refused = run(*arguments)
    assert refused.status == 2 and refused.out == "" and "--help" in refused.log
    assert f"argument={wrong} " in refused.log


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_needs_no_good_environment(run, argument):
    assert run(argument, interval="soon").status == 0


def test_check_shows_the_effective_configuration(run, root):
    with receivers.udp() as receiver:
        env = {"to": f"udp://127.0.0.1:{receiver.port}", "tags": "role=db", "ports": "80,443", "proc": root, "interval": "1m30s"}
        checked = run("--check", **env)
        assert checked.status == 0, checked.log
        text = checked.out + checked.log
        for value in (env["to"], "role=db", "procfs", str(root)):
            assert value in text
        for name in VARIABLES:
            assert "SOCKPUSH_" + name in checked.out
        assert wait.until(lambda: receiver.chunks) and receiver.chunks == [b""], "a datagram, but nothing in it"


def test_check_names_the_variable_that_decided(run, root):
    checked = run("--check", STATSD_PREFIX="abc", SSL_CERT_FILE="/etc/x.pem", DD_AGENT_HOST="127.0.0.1", HOST_PROC=root)
    for line in ("SOCKPUSH_TO=udp://127.0.0.1:8125 (from DD_AGENT_HOST)", "SOCKPUSH_FORMAT=datadog (from DD_AGENT_HOST)", "SOCKPUSH_PREFIX=abc (from STATSD_PREFIX)",
                 f"SOCKPUSH_PROC={root} (from HOST_PROC)", "SOCKPUSH_TLS_CA=/etc/x.pem (from SSL_CERT_FILE)"):
        assert line + "\n" in checked.out


@pytest.mark.parametrize("arguments", [["--check", "--foo"], ["foo", "--check"]])
def test_a_second_argument_gets_the_corrected_call(run, arguments):
    refused = run(*arguments)
    assert refused.status == 2 and 'did you mean \\"sockpush --check\\"?' in refused.log


def test_a_format_that_http_receivers_do_not_read(run):
    """Set for all outputs it is probably a mistake; in the output's URL it is meant."""
    warned = lambda **env: "its receivers usually read influx" in run("--check", **env).log
    assert warned(format="dogstatsd", to="http://127.0.0.1:1/write") and not warned(to="graphite+http://127.0.0.1:1/write")


def test_check_shows_what_was_made_of_rules_and_host(run, root):
    checked = run("--check", proc=root, ports="[0:0::1]:080,80,listen", NODE_NAME="four")
    assert "rules: 3 (SOCKPUSH_PORTS) [::1]:80 80 listen\n" in checked.out
    assert "SOCKPUSH_HOST=four (from NODE_NAME)\n" in checked.out
    checked = run("--check", proc=root, ports=",".join(map(str, range(1, 101))), host="-")
    assert " 19 20 and 80 more\n" in checked.out
    assert "SOCKPUSH_HOST=-\n" in checked.out


def test_check_connects(run, root, tmp_path):
    missing = tmp_path / "missing"
    checked = run("--check", to=f"unix://{missing}", proc=root)
    assert checked.status == 1 and str(missing) in checked.out + checked.log
    with receivers.unix_stream(missing) as receiver:
        assert run("--check", to=f"unix://{missing}", proc=root).status == 0
        assert receiver.chunks == []


@pytest.mark.parametrize("env,shown", [
    ({}, ["SOCKPUSH_TO=udp://127.0.0.1:8125 (default)", "SOCKPUSH_INTERVAL=10000ms", "SOCKPUSH_PORTS="]),
    ({"format": "table", "host": "a"}, ["SOCKPUSH_TO=stdout: (default)", "SOCKPUSH_HOST=a"]),
    ({"to": "stdout:", "STATSD_HOST": "other", "NODE_NAME": "b"}, ["SOCKPUSH_TO=stdout:", "SOCKPUSH_HOST=b (from NODE_NAME)"]),
    ({"STATSD_HOST": "127.0.0.1"}, ["SOCKPUSH_TO=udp://127.0.0.1:8125 (from STATSD_HOST)"]),
    ({"DD_AGENT_HOST": "127.0.0.1", "DD_DOGSTATSD_PORT": "9125"}, ["SOCKPUSH_TO=udp://127.0.0.1:9125 (from DD_AGENT_HOST and DD_DOGSTATSD_PORT)"]),
    ({"DD_AGENT_HOST": "127.0.0.1:1", "DD_DOGSTATSD_PORT": "9125"}, ["SOCKPUSH_TO=udp://127.0.0.1:1 (from DD_AGENT_HOST)"]),
    ({"DD_AGENT_HOST": "a", "DD_DOGSTATSD_PORT": "9125", "format": "table"}, ["SOCKPUSH_TO=stdout: (default)"]),
    ({"ENV_INPUT_NETSTAT_INTERVAL": "5s", "ENV_INPUT_NETSTAT_ADDR_PORTS": '["80"]'},
     ["SOCKPUSH_INTERVAL=5000ms (from ENV_INPUT_NETSTAT_INTERVAL)", 'SOCKPUSH_PORTS=["80"] (from ENV_INPUT_NETSTAT_ADDR_PORTS)'])])
def test_check_shows_what_decided(run, root, env, shown):
    lines = run("--check", proc=root, **env).out.splitlines()
    assert all(line in lines for line in shown), lines


def check_one(run, status, **env):
    """Checks that --check ends with this status. Returns its one line about the output, without the word `output`."""
    checked = run("--check", **env)
    assert checked.status == status, checked.out + checked.log
    [line] = [line for line in checked.out.splitlines() if line.startswith("output ")]
    return line.removeprefix("output ")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_check_of_udp_to_nobody(run, host):
    at = f"{host}:{ports.unused()}"
    assert check_one(run, 1, to=f"udp://{at}") == f"udp://{at} (dogstatsd): failed at {at}: nobody listens there: an empty datagram was refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_check_of_udp_to_somebody(run, host):
    with receivers.udp(host) as receiver:
        at = f"[{host}]:{receiver.port}" if ":" in host else f"{host}:{receiver.port}"
        assert check_one(run, 0, to=f"graphite+udp://{at}") == \
            f"udp://{at} (graphite): unknown at {at}: an empty datagram was not refused within 500 ms; UDP reports no more"


def test_check_of_udp_tries_each_address(run):
    with receivers.udp("::1") as receiver:
        assert f"unknown at [::1]:{receiver.port}: " in check_one(run, 0, to=f"udp://localhost:{receiver.port}")
    line = check_one(run, 1, to=f"udp://localhost:{ports.unused()}")
    assert ": nobody listens there, nor at the name's other addresses: " in line


def test_check_of_udp_without_a_route(namespace, run, root):
    assert check_one(run, 1, to="udp://192.0.2.1", proc=root) == "udp://192.0.2.1:8125 (dogstatsd): failed: Network unreachable"


def test_check_of_tcp(run):
    """The check sends nothing. It tries each host in turn, and one reachable host is enough."""
    nobody = ports.unused()
    assert check_one(run, 1, to=f"tcp://127.0.0.1:{nobody}") == f"tcp://127.0.0.1:{nobody} (dogstatsd): failed: Connection refused"
    with streams.Aggregator() as receiver:
        at, name = f"127.0.0.1:{receiver.port}", f"tcp://127.0.0.1:{nobody},127.0.0.1:{receiver.port}"
        good = f"ok at {at}: connected, nothing sent; whether it reads dogstatsd is not known"
        assert check_one(run, 0, to=f"tcp://{at}") == f"tcp://{at} (dogstatsd): {good}"
        checked = run("--check", to=name)
        assert checked.status == 0 and f"output {name} (dogstatsd): failed: 127.0.0.1:{nobody}: Connection refused\noutput {name} (dogstatsd): {good}\n" in checked.out, checked
        assert wait.until(lambda: receiver.ended) and not any(receiver.connections)


def test_check_of_stdout(run):
    assert check_one(run, 0, to="table+stdout:") == "stdout: (table): ok"


def test_check_reads(run, tmp_path):
    checked = run("--check", to="stdout:", proc=tmp_path / "nothing")
    assert checked.status == 1 and "nothing" in checked.out + checked.log


def test_check_refuses_what_a_start_refuses(run):
    checked = run("--check", interval="soon")
    assert checked.status == 2 and "SOCKPUSH_INTERVAL" in checked.log


def test_check_names_a_line_that_will_not_fit(run, root):
    """512 bytes hold no line with such tags, so every poll would drop it."""
    env = {"tags": "long=" + "x" * 600, "mtu": 512, "proc": root, "to": "dogstatsd+udp://127.0.0.1:9"}
    checked = run("--check", **env)
    assert "SOCKPUSH_MTU" in checked.log + checked.out and "512" in checked.log + checked.out
