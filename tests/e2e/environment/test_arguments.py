"""--help, --version and --check; there are no others."""
import pytest

import procfs
import receivers

pytestmark = pytest.mark.windows

VARIABLES = ("TO FORMAT INTERVAL POLLS TAGS HOST PREFIX PORTS MAX_SERIES BACKEND PROC PID MTU BUFFER SELF LOG_LEVEL").split()


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_help(run, argument):
    shown = run(argument)
    assert shown.status == 0 and shown.log == ""
    for name in VARIABLES:
        assert "SOCKPUSH_" + name in shown.out
    for default in ("udp://127.0.0.1", "10s", "1432", "256KiB", "1000"):
        assert default in shown.out


def test_version(run):
    shown = run("--version")
    assert shown.status == 0 and shown.log == ""
    assert shown.out.startswith("sockpush ") and shown.out.count("\n") == 1


@pytest.mark.parametrize("arguments,wrong", [(["--frobnicate"], "--frobnicate"), (["-x"], "-x"), (["--check", "now"], "now"), ([""], '""'),
                                             (["now", "--check"], "now"), (["--check", "--help"], "--help")])
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
        assert receiver.chunks == [], "--check sends nothing"


def test_check_shows_what_was_made_of_rules_and_host(run, root):
    checked = run("--check", proc=root, ports="[0:0::1]:080,80,listen", NODE_NAME="four")
    assert "rules: 3 (SOCKPUSH_PORTS) [::1]:80 80 listen\n" in checked.out
    assert "SOCKPUSH_HOST=four\n" in checked.out
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


def test_check_reads(run, tmp_path):
    checked = run("--check", to="stdout:", proc=tmp_path / "nothing")
    assert checked.status == 1 and "nothing" in checked.out + checked.log


def test_check_refuses_what_a_start_refuses(run):
    checked = run("--check", interval="soon")
    assert checked.status == 2 and "SOCKPUSH_INTERVAL" in checked.log


def test_check_names_a_line_that_will_not_fit(run, root):
    """512 bytes hold no line with such tags: the start would drop it at each poll."""
    env = {"tags": "long=" + "x" * 600, "mtu": 512, "proc": root, "to": "dogstatsd+udp://127.0.0.1:9"}
    checked = run("--check", **env)
    assert "SOCKPUSH_MTU" in checked.log + checked.out and "512" in checked.log + checked.out
