"""A bad environment either works or ends with status 2 and a message that names the variable. It never causes a crash."""
import json
import socket

import pytest

import parse
import procfs
import rights

NONSENSE = {
    "TO": ["gopher://a", "udp://", "udp://a:99999", "udp://a:0x50", "udp://user@a", "udp://127.0.0.1/path", "unix://", "udp://[::1",
           "xml+udp://a", "udp://127.0.0.1,udp://127.0.0.1", ",".join(f"udp://127.0.0.1:{9000 + i}" for i in range(9)), "table+udp://a",
           "udp://127.0.0.1?a=b", "udp://127.0.0.1#a", "unix:///" + "x" * 108, "stdout:,", "udp://a,b"],
    "FORMAT": ["xml", "DogStatsD,", "1"],
    "INTERVAL": ["10", "soon", "-1s", "99ms", "61m", "1h1s", "1e9s", "99999999999999999999s", "s", "1s1"],
    "POLLS": ["-1", "some", "1.5", "99999999999999999999"],
    "TAGS": ["addr_port=1", "ip_version=4", "pid=1", "=1"],
    "PORTS": ["0", "65536", "80-", "-80", "90-80", "80,,81", "a", "1.2.3:80", "1.2.3.4", "[::1]", "[::1%lo]:80", "::1:80", "*", "*:", "*:0",
              "256.1.1.1:80", "[::1:80", "1.1.1.1:80:90", "99999999999999999999"],
    "MAX_SERIES": ["-1", "many", "99999999999999999999"],
    "BACKEND": ["psychic", "netlink,procfs"],
    "PID": ["maybe", "2"],
    "MTU": ["511", "65468", "big", "1432.5"],
    "BUFFER": ["lots", "256XB", "-1", "99999999999999999999MiB"],
    "REPLAY": ["10", "-1s", "61m", "soon"],
    "SELF": ["perhaps", "2", "onn"],
    "TLS_CA": ["ca.pem", "-----BEGIN", "-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----", "text"],
    "TLS_CERT": ["cert.pem", "-----BEGIN CERTIFICATE-----"],
    "TLS_KEY": ["key.pem", "-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----"],
    "TLS_NAME": ["a b", "a:1", "[::1]:1", "/a"],
    "TLS_VERIFY": ["yes", "off", "maybe"],
    "LOG_LEVEL": ["loud", "5"],
}

JSON = ['["80"', '["80",]', '[{"ports":["80"]', '[{"ports":[]}]', '[{}]', '[{"ports_match":[]}]', '[{"ports":["80"],"ports":["81"]}]',
        '[{"ports":["80"],"tags":{"a":"1","a":"2"}}]', '[{"ports":["80"],"port":["81"]}]', '[{"ports":"80"}]', '[{"ports":[null]}]',
        '[{"ports":[80.5]}]', '[{"ports":[1e9]}]', '[{"ports_match":["80"]}]', '[{"ports":["80"],"tags":["a"]}]', '["80"] x',
        '[{"ports":["80"],"tags":{"addr_port":"1"}}]', '[["80"]]', '[{"ports":["80"]},"81"]', '["80",{"ports":["81"]}]', '{"ports":["80"]}',
        '[{"Ports":["80"]}]',
        '["\\ud800"]', "[" * 50000, '[{"ports":["80"],"tags":' + '{"a":' * 10000]

# A value that may be a secret is masked, even in a URL that has no use for it.
MASKED = {"udp://user@a": "udp://***@a", "udp://127.0.0.1?a=b": "udp://127.0.0.1?a=***"}

BAD = [(name, value) for name, values in NONSENSE.items() for value in values] + [("PORTS", text) for text in JSON]


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path, [procfs.Socket("10.0.0.1:80")])


@pytest.mark.parametrize("to", ["gopher://a", "unixpackt:///run/a.sock", "packet:///run/a.sock", "tcps://a:b:c"])
def test_unknown_transport(run, to):
    """The message lists the supported transports, whatever follows the unknown one."""
    refused = run(to=to)
    scheme = to.split(":")[0]
    assert refused.status == 2 and f'transport \\"{scheme}\\": accepted are udp, unix, ' in refused.log, refused.log


@pytest.mark.parametrize("name,value", BAD, ids=lambda text: text[:40])
def test_refused(root, poll, name, value):
    run = poll(**{"proc": root, "SOCKPUSH_" + name: value})
    assert run.status == 2 and run.out == ""
    assert "SOCKPUSH_" + name in run.log
    if value not in JSON and "-----" not in value and name != "TLS_KEY":    # keys are never shown
        items = [item.split("=")[0] if name == "TAGS" else item for item in MASKED.get(value, value).split(",")]
        assert any(item in run.log for item in items), "the message shows the value, or what of a list is wrong"


def test_each_of_several_is_named(root, poll):
    bad = {name: values[0] for name, values in NONSENSE.items()}
    run = poll(proc=root, **{"SOCKPUSH_" + name: value for name, value in bad.items()})
    assert run.status == 2
    for name in bad:
        assert "SOCKPUSH_" + name in run.log


@pytest.mark.parametrize("name,accepted", [("FORMAT", "influx"), ("INTERVAL", "100ms"), ("MTU", "512"), ("BACKEND", "procfs"),
                                           ("LOG_LEVEL", "debug"), ("PID", "off"), ("SELF", "off")])
def test_message_names_what_is_accepted(root, poll, name, accepted):
    assert accepted in poll(**{"proc": root, "SOCKPUSH_" + name: NONSENSE[name][0]}).log


NAMES = [*NONSENSE, "HOST", "PREFIX", "PROC", "UNKNOWN"]
FOREIGN = ["DD_DOGSTATSD_URL", "DD_AGENT_HOST", "DD_DOGSTATSD_PORT", "STATSD_ADDR", "STATSD_HOST", "STATSD_PORT",
           "ENV_INPUT_NETSTAT_INTERVAL", "ENV_INPUT_NETSTAT_TAGS", "ENV_INPUT_NETSTAT_ADDR_PORTS", "ENV_GLOBAL_HOST_TAGS", "DD_ENV",
           "DD_TAGS", "STATSD_PREFIX", "POD_NAME", "ENV_HOSTNAME", "NODE_NAME", "HOST_PROC"]
VALUES = {
    "empty": b"",
    "blank": b" \t ",
    "enormous": b"x" * 100_000,
    "enormous list": b"a=1," * 25_000,
    "enormous number": b"9" * 100_000,
    "not UTF-8": b"\xff\xfe\x80\xc0\xaf",
    "control bytes": b"\x1b[31m\x01\r\nnetstat.tcp_listen:99|g|#host:b",
    "format string": b"%s%n%s%n" * 10,
    "separators": b",=| :;\"'\\#{}[]\n",
}


# SOCKPUSH_POLLS is left out: empty, it means 0, and the program would not end.
EACH = [(name, what) for name in ["SOCKPUSH_" + name for name in NAMES] + FOREIGN for what in VALUES
        if name != "SOCKPUSH_POLLS" or VALUES[what].strip()]


@pytest.fixture(scope="module")
def one_listener():
    """One listener, counted where SOCKPUSH_PROC is unset or badly set."""
    with rights.namespace_or_skip(), socket.create_server(("127.0.0.1", 0)):
        yield


@pytest.mark.usefixtures("one_listener")
@pytest.mark.parametrize("name,what", EACH)
def test_anything_else(root, poll, name, what):
    """Lines and log are whole, whatever the value is. A foreign variable never prevents the start."""
    env = {"proc": root, name: VALUES[what]}
    if name == "HOST_PROC":
        env["proc"] = None
    run = poll(**env)
    assert run.status in (0, 1, 2), f"status {run.status}: {run.log[-300:]}"
    assert not any(ord(char) < 32 and char != "\n" or ord(char) == 127 for char in run.log), "control bytes in the log"
    parse.log(run.log)
    if run.status == 2:
        assert name in run.log and name.startswith("SOCKPUSH_") and run.out == ""
    if run.status == 0 and run.out.startswith("netstat"):
        assert {point.measurement for point in run.points} <= {"netstat", "netstat_port", "sockpush", "sockpush_output"}
        assert run.totals[4]["tcp_listen"] == 1
    if what in ("empty", "blank") and name not in ("SOCKPUSH_TO", "SOCKPUSH_PROC", "SOCKPUSH_UNKNOWN"):
        assert run.status == 0, run.log


def test_ten_thousand_rules(root, poll):
    run = poll(proc=root, ports=",".join(map(str, range(1, 10_001))), format="influx", pid="off")
    assert len(run.ports) == 20_000
    assert parse.nonzero(run.ports["80", 4]) == {"tcp_listen": 1}


@pytest.mark.parametrize("rules", [",".join(map(str, range(1, 10_002))), json.dumps([{"ports": list(range(1, 10_002))}])])
def test_a_rule_more_is_refused(root, poll, rules):
    run = poll(proc=root, ports=rules)
    assert run.status == 2 and "SOCKPUSH_PORTS" in run.log and "10000" in run.log.replace(",", "")
    assert len(run.log) < 10_000, "a message, not the whole value"


@pytest.mark.parametrize("to,meant", [
    ("127.0.0.1:8125", "udp://127.0.0.1:8125"), ("localhost", "udp://localhost"), ("influx+[::1]:8089", "influx+udp://[::1]:8089"),
    ("stdout", "stdout:"), ("stdout://", "stdout:"), ("influx+stdout:/", "influx+stdout:"), ("unix:/run/x.sock", "unix:///run/x.sock"),
    ("unixgram:@x", "unixgram://@x"), ("udp:127.0.0.1:8125", "udp://127.0.0.1:8125"), ("http:/h:8086/write", "http://h:8086/write"),
    ("udp://a:1 udp://b:2", "udp://a:1,udp://b:2"), ("https:h/w?p=hunter22", "https://h/w?p=***")])
def test_what_was_meant(run, to, meant):
    """The message suggests the whole corrected value, and that value is accepted."""
    refused = run(to=to)
    assert refused.status == 2 and f'did you mean \\"{meant}\\"?' in refused.log, refused.log
    assert "hunter22" not in refused.log
    if "***" not in meant:
        assert "did you mean" not in run("--check", to=meant, polls=1).log


@pytest.mark.parametrize("to", ["", "a b", "http:user:hunter22@h", "udp:a:b:c", "x" * 2000, "unix:", "unix:a", "unix://a", "tcp:a", "stdout:x"])
def test_nothing_is_guessed(run, to):
    refused = run(to=to, polls=1)
    assert "did you mean" not in refused.log and "hunter22" not in refused.log


@pytest.mark.parametrize("ports", ["80,a,1-,99999,8080", '["80","a",{"ports":["b"]}]', '[{"ports":["80","a","1-"]},{"ports_match":["99999"]}]'])
def test_each_bad_rule_is_named(run, ports):
    refused = run(ports=ports, to="stdout:")
    assert refused.status == 2
    assert all(f'\\"{rule}\\"' in refused.log for rule in ("a", "1-", "99999") if rule in ports), refused.log


def test_so_many_bad_rules_are_counted(run):
    refused = run(ports=",".join(map(str, range(70000, 80000))), to="stdout:")
    assert refused.log.count(" error ") == 11 and "10000 rules are bad; the first 10 are named" in refused.log


@pytest.mark.parametrize("to", ["http://user:Hunter22,hunter23@host/w", "tcp://u:hunter22,hunter23,hunter24@host:1", "tcp://u:12,hunter23@h:1",
                                "udp://a:1,http://u:hunter22,hunter23@h/w,stdout:"])
def test_password_with_commas(run, to):
    """The list is cut at its commas, and no part of the password is shown."""
    refused = run(to=to)
    assert refused.status == 2 and "unter2" not in refused.log and "user names and passwords are not accepted" in refused.log, refused.log
    assert "unter2" not in run("--check", to=to).out


def test_nothing_is_guessed_of_a_long_list(run):
    """The guess's memory would grow with the square of the number of items."""
    refused = run(to=" ".join(["udp://a:1"] * 10_000))
    assert refused.status == 2 and "did you mean" not in refused.log
