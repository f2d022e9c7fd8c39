"""The examples for OTLP and remote write: what they push arrives at a model of a collector, and at Prometheus."""
import manifests
import otlp
import posts
import servers
from program import ROOT, environment, run_binary

COMPOSE = ROOT / "docker" / "compose.otlp.yaml"


def services(path=COMPOSE):
    return manifests.yaml().safe_load(path.read_text())["services"]


def push(env):
    """Runs one poll with the hosts of `SOCKPUSH_TO` on loopback. Asserts that nothing is warned about."""
    for host in ("collector:", "otel-collector.monitoring.svc:", "prometheus:", "prometheus.monitoring.svc:"):
        env["SOCKPUSH_TO"] = env["SOCKPUSH_TO"].replace(f"//{host}", "//127.0.0.1:")
    run = run_binary(environment(env, {"polls": "1"}))
    assert run.status == 0 and "warn" not in run.log, run.log


def check_collected(collector, host, tag):
    """Asserts that the collector got the counts of that host, and a port's with that tag."""
    assert {one.target for one in collector.posts} == {"/v1/metrics"}
    labels = [dict(attributes) for one in collector.posts for _, name, attributes, _ in one.samples if name == "netstat_port.tcp_listen"]
    assert labels and all(one["host"] == host for one in labels) and tag in {one["service"] for one in labels}
    assert all(otlp.requests(one.raw)["resource"]["service.name"] == "sockpush" for one in collector.posts)


def test_compose(namespace, keep, tmp_path):
    """One poll arrives at both receivers."""
    collector, prometheus = keep(posts.Receiver(port=4318)), keep(servers.Prometheus(tmp_path))
    push(dict(services()["sockpush"]["environment"]))
    check_collected(collector, "app", "web")
    assert otlp.requests(collector.posts[0].raw)["resource"]["deployment.environment.name"] == "demo"
    prometheus.settles(lambda: prometheus.query('netstat_port_tcp_listen{addr_port="80",host="app",ip_version="4",service="web"}'), [0])


def test_compose_is_sound():
    """The hosts are services. sockpush's service is that of the other example, but for where it pushes."""
    found, other = services(), services(ROOT / "docker" / "compose.yaml")
    assert {"collector", "prometheus"} < set(found) and found["app"] == other["app"]
    one, expected = ({name: value for name, value in each["sockpush"].items() if name not in ("depends_on", "environment")} for each in (found, other))
    assert one == expected and set(found["sockpush"]["depends_on"]) == set(found) - {"app", "sockpush"}
    env = found["sockpush"]["environment"]
    assert env["SOCKPUSH_TO"] == "otlp+http://collector:4318,prometheus+http://prometheus:9090/api/v1/write"
    assert all(isinstance(value, str) for value in env.values())
    assert {**env, "SOCKPUSH_TO": None} == {**other["sockpush"]["environment"], "SOCKPUSH_TO": None, "OTEL_RESOURCE_ATTRIBUTES": env["OTEL_RESOURCE_ATTRIBUTES"]}
    assert "--web.enable-remote-write-receiver" in found["prometheus"]["command"]
    assert all(":" in one["image"] for name, one in found.items() if name != "sockpush")


def test_collectors_configuration():
    """Its pipeline names what it has, and it listens for others than itself."""
    collector = services()["collector"]
    [variable] = [word.removeprefix("--config=env:") for word in collector["command"]]
    config = manifests.yaml().safe_load(collector["environment"][variable])
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "0.0.0.0:4318"
    for pipeline in config["service"]["pipelines"].values():
        assert set(pipeline["receivers"]) <= set(config["receivers"]) and set(pipeline["exporters"]) <= set(config["exporters"])


def test_overlay_otlp(namespace, keep):
    env = manifests.environment(manifests.build("otlp"))
    assert env["OTEL_RESOURCE_ATTRIBUTES"] == "k8s.node.name=node-1" and env["NODE_IP"] == "192.0.2.9"
    collector = keep(posts.Receiver(port=4318))
    push(env)
    check_collected(collector, "node-1", "kubelet")
    assert otlp.requests(collector.posts[0].raw)["resource"]["k8s.node.name"] == "node-1"


def test_overlay_prometheus(namespace, keep, tmp_path):
    prometheus = keep(servers.Prometheus(tmp_path))
    push(manifests.environment(manifests.build("prometheus")))
    prometheus.settles(lambda: prometheus.query('netstat_port_tcp_listen{addr_port="10250",host="node-1",ip_version="4",service="kubelet"}'), [0])
