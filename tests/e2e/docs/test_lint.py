"""tests/lint/docs.py finds what is wrong in a document, and nothing in one that is right."""
import subprocess
import sys

import pytest

from program import ROOT

LINT = ROOT / "tests" / "lint" / "docs.py"

RIGHT = """# sockpush: `counts` of *sockets*

[here](#sockpush-counts-of-sockets), [twice](#limits-1), [docs](docs/), [a page](docs/page.md#what-it-costs-and-why), <a id="old"></a>[old](#old),
[reference][page], [outside](https://example.org/#x), `[no](link.md)`, ![picture](docs/page.md "title")

[page]: docs/page.md#from-there

## Limits
## Limits

`SOCKPUSH_TO=influx+udp://a.example:8089,stdout:`, `SOCKPUSH_FORMAT=graphite`, `SOCKPUSH_TLS_*`, `DD_AGENT_HOST`, `SOCKPUSH_TEST_BINARY`,
`SOCKPUSH_TO=tls://a.example:6514,b.example:6514,unix://@name`, `SOCKPUSH_TO='https://a.example/write?db=x,b'`, `SOCKPUSH_TO=…`.
`netstat.tcp_established`, `netstat_port_tcp_listen{addr_port="443"}`, `a.netstat.4.tcp_established`, `a.netstat_port.80.4.pid`,
`sockpush_output.sent_lines`, `sockpush_output_dropped_lines`, `sockpush_poll_us`, `sockpush.service`, `netstat_tcp_…`, `net.ipv4.tcp_fin_timeout`,
`netstat,host=a,ip_version=4 tcp_established=12i,udp_socket=3i`, `[[inputs.netstat.addr_ports]]`.
<!-- not of sockpush: SOCKPUSH_INTERVALL tcp_rmem
     udpp: -->
`SOCKPUSH_INTERVALL=1s`, `tcp_rmem`, `SOCKPUSH_TO=udpp://a`

```sh
# no heading, [no](link.md)
sockpush
```
"""
PAGE = """## What it costs, and why?
## [From](../README.md) __there__
[up](../README.md#limits) [root](/README.md) [itself](#from-there)
"""


@pytest.fixture
def lint(tmp_path):
    """lint(name=text, …): what it finds in those documents besides that others are not there."""
    def run(**files):
        (tmp_path / "docs").mkdir(exist_ok=True)
        for name, text in {"README": RIGHT, "docs/page": PAGE, **files}.items():
            (tmp_path / f"{name}.md").write_text(text)
        done = subprocess.run([sys.executable, LINT, tmp_path], capture_output=True, text=True, env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"})
        assert done.returncode == 1 and not done.stdout, done.stderr
        return [line for line in done.stderr.splitlines() if not line.endswith("is not there")]
    return run


def test_nothing_wrong(lint):
    assert lint() == []


@pytest.mark.parametrize("text, found", [
    ("[a](docs/absent.md)", "docs/absent.md leads to no file"),
    ("[a](../../etc/passwd)", "../../etc/passwd leads to no file"),
    ("[a](docs/page.md#absent)", "docs/page.md#absent leads to no heading"),
    ("[![a](absent.png)](docs/page.md)", "absent.png leads to no file"),
    ("[a]: absent.md", "absent.md leads to no file"),
    ("```sh\n# a\n```\n[a](#a)", "#a leads to no heading"),
    ("é" * 161, "line 1 has 161 characters"),
    ("\n" * 151, "README.md has 151 lines"),
    ("`SOCKPUSH_INTERVALL`", "SOCKPUSH_INTERVALL is no variable"),
    ("`SOCKPUSH_TSL_*`", "SOCKPUSH_TSL_ is no variable"),
    ("`SOCKPUSH_TEST" + "_ABSENT`", "_ABSENT is no variable"),
    ("`DD_HOST`", "DD_HOST is not among"),
    ("`statsdd+udp://a`", "statsdd+udp: has no format"),
    ("`influx+udpp://a`", "influx+udpp: has no transport"),
    ("SOCKPUSH_FORMAT=influxdb", "influxdb is no format"),
    ("SOCKPUSH_TO='stdout:,udpp://a'", "udpp: is no transport"),
    ("`netstat.tcp_estab`", "netstat.tcp_estab is not a measurement and its field"),
    ("`netstat_pid`", "netstat_pid is not a measurement and its field"),
    ("`a.netstat_port.80.4.sent_lines`", "netstat_port.80.4.sent_lines is not a measurement and its field"),
    ("`sockpush_output_poll_us`", "sockpush_output_poll_us is not a measurement and its field"),
    ("| `tcp_timewait` |", "tcp_timewait is no field"),
    ("`lost_lines`", "lost_lines is no field"),
    ("```console\n$ a\n```", "```console is ```sh"),
])
def test_wrong(lint, text, found):
    problems = lint(README=text, **{"docs/page": ""})
    assert any(found in problem for problem in problems) and len(problems) <= 2, problems


def test_all_is_documented(lint):
    """Of docs/metrics.md and docs/configuration.md."""
    problems = lint(**{"docs/metrics": "`netstat` `netstat_port` `sockpush` `tcp_listen`", "docs/configuration": "`SOCKPUSH_TO`"})
    assert "docs/metrics.md does not name sockpush_output" in problems and "docs/metrics.md does not name pid" in problems
    assert "docs/configuration.md does not name SOCKPUSH_MTU" in problems and "docs/configuration.md does not name DD_AGENT_HOST" in problems
    assert not any("SOCKPUSH_TO" in problem or "tcp_listen" in problem for problem in problems)
