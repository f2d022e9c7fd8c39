"""test_commands.py takes what is right, and finds what is wrong. Its samples are documents of one block each, and what is shown after it."""
import pytest

from test_commands import markdown, pki, run_block      # noqa: F401, pki is a fixture

RIGHT = {
    "datagrams": "SOCKPUSH_TO=udp://statsd.example:8125 SOCKPUSH_PORTS=80,443 build/sockpush\nsockpush\nSOCKPUSH_TO=statsd+udp://192.168.1.10 sockpush",
    "unix": "SOCKPUSH_TO=influx+udp://influx.example,datadog+unix:///run/datadog/dsd.socket sockpush\n"
            "SOCKPUSH_TO=datadog+unixstream:///var/run/datadog/stream.socket sockpush",
    "stream": "SOCKPUSH_TO=influx+tcp://influx.example:8089,graphite+tcp://influx.example:2003 SOCKPUSH_PREFIX=a SOCKPUSH_POLLS=2 sockpush",
    "fail_over": "SOCKPUSH_TO=influx+tls://a.example:6514,b.example:6514 SOCKPUSH_TLS_CA=/etc/ca.pem sockpush",
    "client": "SOCKPUSH_TO=influx+tls://a.example:6514 \\\n  SOCKPUSH_TLS_CA=/etc/ca.pem SOCKPUSH_TLS_CERT=/etc/sockpush.pem SOCKPUSH_TLS_KEY=/etc/sockpush.key sockpush",
    "https": "SOCKPUSH_TO='https://influx.example/api/v2/write?org=o&bucket=b' SOCKPUSH_HTTP_TOKEN=secret build/sockpush",
    "http": "export SOCKPUSH_TO='http://victoria.example:8428/write'     # a comment\nsockpush\nsockpush --check",
    "protobuf": "SOCKPUSH_TO=otlp+http://collector.example:4318,prometheus+http://prometheus.example:9090/api/v1/write SOCKPUSH_PORTS=80 sockpush\n"
                "SOCKPUSH_TO=otlp+https://collector.example:4319 SOCKPUSH_TLS_CA=/etc/ca.pem SOCKPUSH_PREFIX=a sockpush --check",
    "assignments": "# two\nSOCKPUSH_TO='http://influx.example:8086/write?db=a'    # a comment\nSOCKPUSH_TO=stdout:\n",
    "datadog": "DD_AGENT_HOST=agent.example DD_ENV=prod sockpush\nDD_DOGSTATSD_URL=udp://agent.example:8200 sockpush",
    "statsd": "STATSD_HOST=statsd.example SOCKPUSH_FORMAT=statsd SOCKPUSH_HOST=- sockpush",
    "recording": "SOCKPUSH_BACKEND=record:/tmp/sockets SOCKPUSH_POLLS=2 SOCKPUSH_TO=stdout: sockpush\n"
                 "SOCKPUSH_BACKEND=replay:/tmp/sockets SOCKPUSH_TO=table+stdout: sockpush | head -n 2",
    "shell": "SOCKPUSH_TO=influx+stdout: sockpush >lines &\nwait\ngrep -q tcp_listen lines\nset -- 'a b'; sockpush --version\nSOCKPUSH_TO=stdout: sockpush >&2",
}


def run(text, place, pki, shown=None):
    [block] = markdown.blocks(text)
    run_block(block, shown, place, pki)


@pytest.mark.parametrize("name", RIGHT)
def test_right(name, namespace, as_root, tmp_path, pki):
    run(f"```sh\n{RIGHT[name]}\n```", tmp_path, pki)


def test_shown(namespace, as_root, tmp_path, pki):
    run("```sh\nSOCKPUSH_TO=stdout: SOCKPUSH_PORTS=8080 sockpush\n```", tmp_path, pki,
        "netstat.tcp_established:123|g|#host:db9,ip_version:4\n…\nnetstat_port.tcp_listen:2|g|#addr_port:443,host:…,ip_version:6\n")


def test_status(namespace, as_root, tmp_path, pki):
    run("<!-- status: 2 -->\n\n```sh\nSOCKPUSH_INTERVAL=1 sockpush\n```", tmp_path, pki, '… error variable=SOCKPUSH_INTERVAL …\n')


@pytest.mark.parametrize("text, shown, found", [
    ("make run", None, "`make` is no command"),
    ("sudo sockpush", None, "`sudo` is no command"),
    ("SOCKPUSH_INTERVAL=1 sockpush", None, "status 2, not 0"),
    ("SOCKPUSH_TO=tcp://a.example:1 sockpush; exit 3", None, "status 3, not 0"),
    ("touch /usr/bin/a", None, "Read-only"),
    ("SOCKPUSH_TO=stdout: sockpush", "netstat.tcp_estab:1|g|#host:a,ip_version:4\n", "nothing like it"),
    ("port=9; SOCKPUSH_TO=udp://127.0.0.1:\"$port\" sockpush", None, "Connection refused"),
])
def test_wrong(text, shown, found, namespace, as_root, tmp_path, pki):
    with pytest.raises((AssertionError, pytest.fail.Exception), match=found):
        run(f"```sh\n{text}\n```", tmp_path, pki, shown)


def test_not_run(tmp_path, pki):
    with pytest.raises(pytest.skip.Exception, match="needs docker"):
        run("<!-- not run: needs docker -->\n```sh\ndocker run sockpush\n```", tmp_path, pki)
