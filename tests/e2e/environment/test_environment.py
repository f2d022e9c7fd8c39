"""The environment decides where the lines go and which tags win. The log reports foreign variables."""
import contextlib
import re
import socket
import subprocess

import pytest

import netns
import parse
import procfs
import receivers
import rights
import wait
from program import ONE_POLL, environment, run_binary

FOREIGN = "127.0.0.9"           # destination of a lower source


@pytest.fixture
def root(tmp_path):
    return procfs.write(tmp_path / "proc", [procfs.Socket("10.0.0.1:80")])


@pytest.fixture
def aggregators(namespace, tmp_path):
    """{name: receiver}: on the default port of two addresses, on port 9125, and on two Unix sockets."""
    with contextlib.ExitStack() as stack:
        yield {
            "default": stack.enter_context(receivers.udp("127.0.0.1", 8125)),
            "9125": stack.enter_context(receivers.udp("127.0.0.1", 9125)),
            "other": stack.enter_context(receivers.udp(FOREIGN, 8125)),
            "other 9125": stack.enter_context(receivers.udp(FOREIGN, 9125)),
            "unix": stack.enter_context(receivers.unix_datagram(tmp_path / "u")),
        }


ALL = {"to": f"udp://{FOREIGN}:8125", "DD_DOGSTATSD_URL": f"udp://{FOREIGN}:9125", "DD_AGENT_HOST": FOREIGN,
       "DD_DOGSTATSD_PORT": "9125", "STATSD_ADDR": "127.0.0.1:9125", "STATSD_HOST": FOREIGN, "STATSD_PORT": "9125"}


def without(*names):
    return {name: value for name, value in ALL.items() if name not in names}


# (environment, who receives, the variable that the start line names); UNIX is replaced by the path of the Unix socket
DESTINATIONS = [
    (ALL, "other", "SOCKPUSH_TO"),
    (without("to"), "other 9125", "DD_DOGSTATSD_URL"),
    ({**without("to"), "DD_DOGSTATSD_URL": "unix://UNIX"}, "unix", "DD_DOGSTATSD_URL"),
    (without("to", "DD_DOGSTATSD_URL", "DD_DOGSTATSD_PORT"), "other", "DD_AGENT_HOST"),
    (without("to", "DD_DOGSTATSD_URL"), "other 9125", "DD_AGENT_HOST"),
    ({"DD_AGENT_HOST": "127.0.0.1:9125", "STATSD_HOST": FOREIGN}, "9125", "DD_AGENT_HOST"),
    ({"DD_AGENT_HOST": "unix://UNIX", "STATSD_HOST": FOREIGN}, "unix", "DD_AGENT_HOST"),
    (without("to", "DD_DOGSTATSD_URL", "DD_AGENT_HOST"), "9125", "STATSD_ADDR"),
    ({"STATSD_HOST": FOREIGN, "STATSD_PORT": "9125"}, "other 9125", "STATSD_HOST"),
    ({"STATSD_HOST": FOREIGN}, "other", "STATSD_HOST"),
    ({}, "default", None),
    ({"DD_DOGSTATSD_PORT": "9125"}, "default", None),
    ({"STATSD_PORT": "9125"}, "default", None),
    ({"STATSD_PORT": "tcp://10.0.0.1:9125"}, "default", None),      # the service link of a Service named `statsd`
    ({"STATSD_HOST": FOREIGN, "STATSD_PORT": "tcp://10.0.0.1:9125"}, "other", "STATSD_HOST"),
    ({name: "" for name in ALL}, "default", None),                  # empty means unset
    ({"to": "  ", "STATSD_ADDR": " 127.0.0.1:9125 "}, "9125", "STATSD_ADDR"),
]


@pytest.mark.parametrize("env,name,variable", DESTINATIONS)
def test_destination(aggregators, root, tmp_path, run, env, name, variable):
    env = {key: value.replace("UNIX", str(tmp_path / "u")) for key, value in env.items()}
    one = run(proc=root, polls=1, host="a", self="off", **env)
    assert one.status == 0, one.log
    assert wait.until(lambda: "ip_version:6" in aggregators[name].text), one.log
    assert [key for key, receiver in aggregators.items() if receiver.chunks] == [name]
    if variable:
        assert re.search(rf"(?m)^\S+ info .*\b{variable}\b", one.log), "the start line names the variable that decided"


def test_the_default_port_is_the_formats(namespace, root, run):
    with receivers.udp("127.0.0.1", 8089) as receiver:
        assert run(proc=root, polls=1, to="influx+udp://127.0.0.1").status == 0
        receiver.until(lambda text: parse.influx(text))


def tags_of(run, measurement="netstat"):
    return next(dict(tags) for name, tags in run.series if name == measurement)


def test_precedence_of_tags(root, poll):
    """Each source gives way to the one before it."""
    sources = [{"ports": '[{"ports":["80"],"tags":{"pod_name":"group"}}]'}, {"tags": "pod_name=tags"},
               {"ENV_INPUT_NETSTAT_TAGS": "pod_name=datakit"}, {"DD_TAGS": "pod_name:datadog"},
               {"ENV_GLOBAL_HOST_TAGS": "pod_name=global"}, {"POD_NAME": "pod"}]
    winners = []
    for i in range(len(sources)):
        env = {"ports": "80"}
        for source in reversed(sources[i:]):
            env.update(source)
        winners.append(tags_of(poll(proc=root, **env), "netstat_port")["pod_name"])
    assert winners == ["group", "tags", "datakit", "datadog", "global", "pod"]


def test_unified_service_tags_go_before_dd_tags(root, poll):
    env = {"DD_ENV": "prod", "DD_SERVICE": "web", "DD_VERSION": "1.2", "DD_TAGS": "env:x,service:x,version:x,url:http://a:1"}
    tags = tags_of(poll(proc=root, **env))
    assert {key: tags[key] for key in ("env", "service", "version", "url")} == {
        "env": "prod", "service": "web", "version": "1.2", "url": "http://a:1"}
    assert tags_of(poll(proc=root, tags="env=ours", **env))["env"] == "ours"
    assert tags_of(poll(proc=root, ENV_INPUT_NETSTAT_TAGS="env=datakit", **env))["env"] == "datakit"


def test_dd_tags_without_commas_are_split_at_white_space(root, poll):
    tags = tags_of(poll(proc=root, DD_TAGS="a:1 b:2  c:x:y"))
    assert (tags["a"], tags["b"], tags["c"]) == ("1", "2", "x:y")


def test_downward_api(root, poll):
    tags = tags_of(poll(proc=root, POD_NAME="web-1", POD_NAMESPACE="shop"))
    assert (tags["pod_name"], tags["namespace"]) == ("web-1", "shop")


def test_last_duplicate_in_a_list_wins(root, poll):
    run = poll(proc=root, tags="a=1,a=2")
    assert tags_of(run)["a"] == "2"
    assert any(level == "warn" and "SOCKPUSH_TAGS" in str(pairs) for level, pairs in parse.log(run.log))


@pytest.mark.parametrize("format,value", [("dogstatsd", None), ("influx", "true")])
def test_tag_without_value(root, poll, format, value):
    tags = tags_of(poll(proc=root, tags="canary", format=format))
    assert tags.get("canary", "absent") == value


@pytest.mark.parametrize("key", ["addr_port", "ip_version", "pid"])
def test_reserved_tags(root, poll, key):
    run = poll(proc=root, tags=f"{key}=1")
    assert run.status == 2 and "SOCKPUSH_TAGS" in run.log and key in run.log


HOSTS = [("SOCKPUSH_HOST", "one"), ("ENV_HOSTNAME", "two"), ("ENV_K8S_NODE_NAME", "three"), ("NODE_NAME", "four")]


@pytest.mark.parametrize("first", range(len(HOSTS) + 1))
def test_host(root, poll, first):
    env = {"host": None, **dict(HOSTS[first:])}
    expected = HOSTS[first][1] if first < len(HOSTS) else socket.gethostname()
    assert tags_of(poll(proc=root, **env))["host"] == expected


def test_no_host(root, poll):
    assert "host" not in tags_of(poll(proc=root, host="-", NODE_NAME="four"))


def test_hostname_variable_of_the_shell_is_not_read(root, poll):
    assert tags_of(poll(proc=root, host=None, HOSTNAME="elsewhere"))["host"] == socket.gethostname()


def test_bad_foreign_value_is_warned_about_once(root, poll):
    run = poll(proc=root, ENV_INPUT_NETSTAT_INTERVAL="soon", STATSD_HOST="127.0.0.1", STATSD_PORT="tcp://10.0.0.1:9125")
    assert run.status == 0
    lines = [line for line in run.log.splitlines() if " warn " in line]
    assert len([line for line in lines if "ENV_INPUT_NETSTAT_INTERVAL" in line]) == 1, run.log


@pytest.mark.parametrize("name,nearest", [("SOCKPUSH_INTREVAL", "SOCKPUSH_INTERVAL"), ("SOCKPUSH_LOGLEVEL", "SOCKPUSH_LOG_LEVEL"),
                                          ("SOCKPUSH_TAG", "SOCKPUSH_TAGS"), ("SOCKPUSH_FORMATS", "SOCKPUSH_FORMAT")])
def test_unknown_name(root, poll, name, nearest):
    run = poll(proc=root, **{name: "1"})
    warnings = [line for line in run.log.splitlines() if " warn " in line and name in line]
    assert run.status == 0
    assert len(warnings) == 1 and re.search(rf"\b{nearest}\b", warnings[0]), run.log


def test_the_log_level_holds_for_the_configuration_too(root, poll):
    assert poll(proc=root, log_level="error", **{"SOCKPUSH_TAG": "a=1", "tags": "a=1,a=2"}).log == ""


@pytest.mark.parametrize("variable,env", [("MAX_SERIES", {"ports": "listen", "max_series": 100_000}),
                                          ("PORTS", {"ports": ",".join(map(str, range(1, 10_001)))})])
def test_more_memory_than_is_sane(root, poll, variable, env):
    tags = ",".join(f"{key}={'x' * 900}" for key in "abcdef")
    run = poll(proc=root, tags=tags, **env)
    assert run.status == 2 and run.out == "" and f"SOCKPUSH_{variable}" in run.log and "1024 MiB" in run.log
    assert poll(proc=root, **env).status == 0


def test_service_links_are_silent(root, poll):
    """Kubernetes sets these in each pod beside a Service named `sockpush`."""
    links = {"SOCKPUSH_PORT": "tcp://10.0.0.7:80", "SOCKPUSH_PORT_80_TCP": "tcp://10.0.0.7:80", "SOCKPUSH_PORT_80_TCP_PROTO": "tcp",
             "SOCKPUSH_PORT_80_TCP_PORT": "80", "SOCKPUSH_PORT_80_TCP_ADDR": "10.0.0.7",
             "SOCKPUSH_SERVICE_HOST": "10.0.0.7", "SOCKPUSH_SERVICE_PORT": "80", "SOCKPUSH_SERVICE_PORT_HTTP": "80"}
    run = poll(proc=root, **links)
    assert run.status == 0 and run.totals and " warn " not in run.log, run.log


def test_a_machine_without_a_name(root):
    """Linux then reports the name "(none)", which is not used."""
    def unnamed():
        netns.unshare(netns.CLONE_NEWUTS)
        socket.sethostname("(none)")

    try:
        subprocess.run(["true"], preexec_fn=unnamed, check=True)
    except subprocess.SubprocessError as error:
        rights.needs_root(f"can't make a UTS namespace: {error}")
    one = run_binary(environment(ONE_POLL, {"proc": root, "host": None}), preexec_fn=unnamed)
    assert "host" not in tags_of(one) and parse.log(one.log)[0][1].get("variable") == "SOCKPUSH_HOST"
    named = run_binary(environment(ONE_POLL, {"proc": root, "host": "r1"}), preexec_fn=unnamed)
    assert tags_of(named)["host"] == "r1" and "no name" not in named.log


@pytest.mark.parametrize("format", ["influx", "dogstatsd", "statsd", "graphite"])
def test_a_machine_that_is_named_later(root, start, format):
    """cloud-init, DHCP or an operator sets the name. The next poll has it, and the log reports it."""
    def named():
        netns.unshare(netns.CLONE_NEWUTS)
        socket.sethostname("localhost")

    def rename(name):
        subprocess.run(["nsenter", "-t", str(program.process.pid), "-u", "sh", "-c", f"echo {name} >/proc/sys/kernel/hostname"], check=True)

    try:
        subprocess.run(["true"], preexec_fn=named, check=True)
    except subprocess.SubprocessError as error:
        rights.needs_root(f"can't make a UTS namespace: {error}")
    program = start(proc=root, host=None, format=format, interval="1s" if format == "graphite" else "100ms", popen={"preexec_fn": named})
    program.until(lambda: "localhost" in program.out)
    for name in ("web17", "x" * 64, "w"):
        rename(name)
        program.until(lambda: program.log.count(f'to \\"{name}\\"') == 1)
        seen = len(program.out)
        program.until(lambda: name in program.out[seen:])
        program.until(lambda: len(program.out) > seen + 1000)
    assert program.end() == 0
    last = program.out[-300:]
    assert "localhost" not in last and "xx" not in last and "web17" not in last
