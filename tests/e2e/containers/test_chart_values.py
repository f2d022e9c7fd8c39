"""values.schema.json of the Helm chart refuses what sockpush refuses: both get the same values, sockpush as the chart's variables."""
import json
import re
import subprocess
import sys

import pytest

import charts
import manifests
from program import ROOT, environment, run_binary


def variable(name):
    return "SOCKPUSH_" + re.sub("([A-Z])", r"_\1", name).upper()


def verdicts(values, place):
    """Returns the settings that helm refuses, and those that sockpush refuses with the environment that the chart would make of them."""
    names = {variable(name): name for name in json.loads((charts.CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"]}
    env = manifests.environment(charts.template(values, place, "--skip-schema-validation"))
    # What the values do not set is not asked about: the node's procfs and its pods' directories are not here.
    env = {name: text for name, text in env.items() if name not in ("SOCKPUSH_PROC", "SOCKPUSH_PODS") or names[name] in values["settings"]}
    run = run_binary(environment({}, env), "--check")
    errors = {names[name] for name in re.findall(r" error variable=(\w+)", run.log)}
    assert run.status == 2 or not errors or "leads there" in run.log, run.log
    assert errors or run.status != 2, run.log
    return charts.refused(values, place), errors


GOOD = {
    "to": ["udp://127.0.0.1", "statsd+udp://[::1]:8125", "influx+tls://127.0.0.1:6514,localhost:6514", "unix:///run/a%20b.sock",
           "http://127.0.0.1:8086/write?db=a&precision=s, stdout:", "otlp+http://127.0.0.1:4318", "prometheus+https://127.0.0.1", "tcp://127.0.0.1:1",
           "table+stdout:", "unix://@name", "graphite+tcp://127.0.0.1:2003"],
    "format": ["influx", "datadog", ""],
    "interval": ["1s", "3600s", "60m", "1h", "1m30s", "1s500ms", "1h0m0s", "", "3600000ms"],
    "polls": [0, 1000000000, "7", ""],
    "ports": [80, "80", "80,8000-8100, 1.1.1.1:443 ,[::1]:9000,*:53,*:1-65535,listen,>443,>10.0.0.0/8:5432,>[2001:db8::]/32:443,", ["80", 443],
              ["listen", ">1.2.3.4:80"], [{"ports": ["80", 443], "tags": {"service": "web"}}, {"ports_match": ["*:53"]}], "65535", ""],
    "maxSeries": [1, 100000, "1000"],
    "backend": ["auto", "netlink", "procfs"],
    "count": ["auto", "exact"],
    "pid": ["off", "auto", False],
    "peak": ["10ms", "1h", "0", 0, "0s", "1s"],
    "queues": ["auto", "on", True, False],
    "kernel": ["on", "off", "true", "0", True, False, 1],
    "proc": ["/proc", "/proc/"],
    "podTags": ["namespace", "pod_name, pod_uid,container_id"],
    "podLogs": ["/var/log/pods"],
    "maxPods": [1, 4096],
    "podsPorts": [False, "no"],
    "tags": ["a=b,c", "a=remote,remotely, pid2=1", "addr=port,ip=version", "addr,port=1", {"region": "eu", "n": 3, "yes": True, "a b": "c=d"}, ""],
    "host": ["-", "web1", ""],
    "prefix": ["a.b", "x" * 200],
    "tlsCa": ["/tls/ca.crt", ""],
    "tlsName": ["a.example", "[::1]", "192.0.2.1", "::1", "2001:db8::7"],
    "tlsVerify": ["none", "full"],
    "otlpNames": ["semconv", "sockpush"],
    "listen": ["udp://127.0.0.1:18125", "unix:///tmp/sockpush-a.sock,unixstream:///tmp/sockpush-b.sock", "udp://localhost", ""],
    "listenGauges": ["delta", "absolute"],
    "listenExpiry": ["0s", "24h", "300s", "1440m", "1h30m", "23h59m59s"],
    "listenMemory": ["64KiB", "64MiB", 65536, 67108864, "1MB", "65536B"],
    "mtu": [512, 65467, "1432", "1KiB", "1KB"],
    "buffer": ["16KiB", "64MiB", 16384],
    "replay": ["0s", "1h", "5ms", "1m30s"],
    "self": ["on", False, "yes"],
    "sandbox": ["on", "off", False],
    "user": ["-", "65534", "0", "1000:1000", "4294967294", 1000],
    "log": ["logfmt", "json", "systemd", ""],
    "logLevel": ["error", "debug"],
}
BAD = {
    "to": ["127.0.0.1:8125", "tcp://127.0.0.1", "udp://h:0", "udp://h:65536", "otlp+udp://h", "udp://h/path", "http://h/#a", "table+udp://h", "ftp://h",
           "unix://relative", "udp://a@h", "udp://::1", "stdout", "tls://h:1,h:x", "udp://h,,udp://i", "http://h/a b", "unix:///a%2"],
    "format": ["json", "Influx,"],
    "interval": ["99ms", "3600001ms", "3601s", "61m", "2h", "10", "10 s", "-1s", "1.5s", "s", "0s"],
    "polls": [-1, 1000000001, "x", "1.5"],
    "ports": [0, 65536, "0", "80-", "1.1.1.256:80", "1.1.1:80", "*", "*:", "::1:80", ">", ">10.0.0.0/33:80", ">[::]/129:80", "10.0.0.0/8:80", "80;81", "listens",
              "[::1%eth0]:80", ["80", {"ports": [80]}], [{"ports": []}], [{"port": ["80"]}], [{"ports_match": ["80"]}], [], [True], [{"ports": [80], "tags": {"n": 1}}],
              [{"ports": [80], "tags": {"pid": "1"}}], [["80"]], "80,,81"],
    "maxSeries": [0, 100001, "a"],
    "backend": ["sysctl", "record:", "offf"],
    "count": ["all"],
    "pid": ["on", True, "1"],
    "peak": ["9ms", "2h", "1", 1, "-"],
    "queues": ["yes", "true", "full"],
    "kernel": ["maybe", 2, "oui"],
    "proc": ["proc", "./proc", "a path that begins with /"],
    "podTags": ["pod", "pod_name namespace", "pod_name,,namespace"],
    "maxPods": [0, 4097],
    "podsPorts": ["full", 2],
    "tags": ["remote=x", "a=1, addr_port =2", "a,pid", "a=b,=c", {"addr_port": "1"}, {"ip_version": "4"}, {"pid": "7"}, {"k" * 201: "v"}, {"k": "v" * 1001}],
    "prefix": ["x" * 201],
    "tlsCa": ["ca.crt", "./ca.crt"],
    "tlsName": ["a:80", "a/b", "[a]"],
    "tlsVerify": ["off", True],
    "otlpNames": ["otel"],
    "listen": ["127.0.0.1:8125", "tcp://127.0.0.1:1", "udp://127.0.0.1:0", "statsd+udp://127.0.0.1", "unix://x", "udp://127.0.0.1:1/x",
               ",".join(f"udp://127.0.0.1:{n}" for n in range(1, 10))],
    "listenGauges": ["sum"],
    "listenExpiry": ["25h", "24h0m1s", "300", "86401s"],
    "listenMemory": ["63KiB", "65MiB", 65535, "1GiB", "1 MiB"],
    "mtu": [511, 65468, "1.5KiB"],
    "buffer": ["15KiB", 67108865, "big"],
    "replay": ["2h", "30", "0"],
    "self": ["auto", "offf"],
    "sandbox": ["yes", "1"],
    "user": ["nobody", "1:", ":1", "4294967295", -1],
    "log": ["syslog", True],
    "logLevel": ["warning", "trace"],
}


def rounds(cases):
    """Returns dicts of settings. Together they have each case, and each of them has as many settings as there are."""
    return [{name: values[n] for name, values in cases.items() if n < len(values)} for n in range(max(map(len, cases.values())))]


def with_to(settings):
    return {"settings": {"to": "stdout:", **settings}}


@pytest.mark.parametrize("settings", rounds(GOOD), ids=lambda one: str(len(one)))
def test_good_settings(namespace, tmp_path, settings):
    settings.setdefault("to", "stdout:")
    assert verdicts(with_to(settings), tmp_path) == (set(), set())


@pytest.mark.parametrize("settings", rounds(BAD), ids=lambda one: str(len(one)))
def test_bad_settings(namespace, tmp_path, settings):
    assert verdicts(with_to(settings), tmp_path) == (set(settings), set(settings))


@pytest.mark.parametrize("settings,bad", [
    ({"format": "otlp", "to": "udp://127.0.0.1"}, True), ({"format": "otlp", "to": "http://127.0.0.1"}, False),
    ({"format": "prometheus", "to": "influx+stdout:,tls://127.0.0.1:1"}, True), ({"format": "table", "to": "udp://127.0.0.1"}, True),
    ({"format": "table"}, False), ({"format": "graphite", "interval": "500ms"}, True), ({"to": "graphite+tcp://127.0.0.1:1", "interval": "999ms"}, True),
    ({"format": "influx", "interval": "500ms"}, False), ({"tlsCert": "/a"}, True), ({"tlsKey": "/a"}, True), ({"tlsCert": "/a", "tlsKey": "/a"}, False),
    ({"podsPorts": True}, True), ({"podsPorts": "yes"}, True), ({"podsPorts": 1}, True), ({"backend": "off"}, True),
    ({"backend": "off", "listen": "udp://127.0.0.1:18125"}, False)], ids=str)
def test_settings_that_need_others(namespace, tmp_path, settings, bad):
    by_helm, by_sockpush = verdicts(with_to(settings), tmp_path)
    assert (bool(by_helm), bool(by_sockpush)) == (bad, bad)


@pytest.mark.parametrize("settings,pod", [({"pods": "full", "podsPorts": True}, False), ({"pods": "on"}, False), ({"pods": "off"}, True),
                                          ({"pods": "each"}, True), ({"pods": "on", "podsPorts": True}, True)], ids=str)
def test_pods(namespace, tmp_path, settings, pod):
    by_helm, by_sockpush = verdicts({"mode": "pods", **with_to(settings)}, tmp_path)
    assert (bool(by_helm), bool(by_sockpush)) == (pod, pod)


# Forms that the schema refuses though sockpush takes them, because each has a simpler one.
STRICTER = [{"interval": "10S"}, {"interval": "1s1m"}, {"format": "INFLUX"}, {"ports": '["80"]'}, {"self": "ON"}, {"mtu": "01432"}, {"maxSeries": " 7 "},
            {"to": "STDOUT:"}, {"to": "udp://127.0.0.1:08125"}, {"to": "unix:///run/a b.sock"}]
# What an expression cannot tell. sockpush then refuses to start, and its log says why.
LAXER = [{"ports": "90-80"}, {"ports": "[:::]:80"}, {"ports": ">[::ffff:1.2.3.4]/90:80"}, {"to": "udp://127.0.0.1,udp://127.0.0.1"}, {"tags": "k" * 201},
         {"to": "http://127.0.0.1/write?precision=x"}, {"listen": "udp://127.0.0.1:8125", "to": "udp://127.0.0.1:8125"}]


@pytest.mark.parametrize("settings", STRICTER, ids=str)
def test_stricter(namespace, tmp_path, settings):
    by_helm, by_sockpush = verdicts(with_to(settings), tmp_path)
    assert by_helm and not by_sockpush


@pytest.mark.parametrize("settings", LAXER, ids=str)
def test_laxer(namespace, tmp_path, settings):
    by_helm, by_sockpush = verdicts(with_to(settings), tmp_path)
    assert by_sockpush and not by_helm


@pytest.mark.parametrize("values,path", [
    ({"setings": {}}, "setings"), ({"settings": {"intervall": "1s"}}, "intervall"), ({"settings": {"httpToken": "a"}}, "httpToken"),
    ({"settings": {"to": None}}, "to"), ({"mode": "node"}, "/mode"), ({"mode": "pods", "pid": True}, "/pid"), ({"pid": "yes"}, "/pid"),
    ({"relay": {"enabled": True}}, "/relay/enabled"), ({"mode": "sidecar", "relay": {"enabled": True, "port": 0, "socket": ""}}, "/relay/port"),
    ({"settings": {"pods": "on"}}, "/settings/pods"), ({"tls": {"configMap": "a", "secret": "b"}}, "/tls"), ({"tls": {"ca": "a"}}, "ca"),
    ({"extraEnv": [{"name": "SOCKPUSH_TO", "value": "udp://h"}]}, "/extraEnv/0/name"), ({"image": {"tag": 1}}, "/image/tag"),
    ({"agentSocketDirectory": "run"}, "/agentSocketDirectory"), ({"global": {"a": 1}}, "")], ids=str)
def test_other_values(tmp_path, values, path):
    done = charts.helm("template", "sockpush", charts.CHART, place=tmp_path, values=values)
    assert (done.returncode != 0) == bool(path) and f"{path}'" in done.stderr + "'", done.stderr


def test_schema_is_made_by_its_script():
    made = subprocess.run([sys.executable, ROOT / "k8s" / "schema.py"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert made == (charts.CHART / "values.schema.json").read_text(), "run: k8s/schema.py >k8s/chart/values.schema.json"


def test_each_variable_has_its_cases():
    names = set(json.loads((charts.CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"])
    known = set(re.findall(r"^  (SOCKPUSH_\w+) +\S", run_binary({}, "--help").out.partition("\nNames")[0], re.M))
    assert {variable(name) for name in names} == known - {"SOCKPUSH_HTTP_TOKEN", "SOCKPUSH_HTTP_HEADERS"}
    others = {"tlsCert", "tlsKey", "pods"}      # each has a test of its own
    assert set(GOOD) | others == names and set(BAD) | others | {"host", "podLogs"} == names
