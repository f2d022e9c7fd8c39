"""The examples of a relay: what an application sends, where their variables tell it to, arrives at VictoriaMetrics."""
import contextlib
import re
import socket
import subprocess

import manifests
import servers
import wait
from program import ROOT

COMPOSE = ROOT / "docker" / "compose.relay.yaml"


def compose(path=COMPOSE):
    return manifests.yaml().safe_load(path.read_text())


def ways(env):
    """Returns {variable: (family, address)}, as clients read the variables."""
    host, port = env["STATSD_ADDR"].split(":")
    return {"STATSD_HOST": (socket.AF_INET, (env["STATSD_HOST"], int(env["STATSD_PORT"]))),
            "STATSD_ADDR": (socket.AF_INET, (host, int(port))),
            "DD_DOGSTATSD_URL": (socket.AF_UNIX, env["DD_DOGSTATSD_URL"].removeprefix("unix://")),
            "DD_DOGSTATSD_SOCKET": (socket.AF_UNIX, env["DD_DOGSTATSD_SOCKET"])}


@contextlib.contextmanager
def running(app):
    """Runs the application's command, which needs no more than bash."""
    process = subprocess.Popen(app["command"], env={"PATH": servers.PATH, **app["env"]}, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(wait.DEADLINE) == 0


def relay(start, env, app, place):
    """Starts sockpush, whose receiver is on loopback. Sends by each of the application's variables, and runs its command until sockpush
    has pushed what that sends. Returns sockpush."""
    env, app = manifests.here(env, place), {**app, "env": manifests.here(app["env"], place)}
    env["SOCKPUSH_TO"] = re.sub("//victoriametrics[a-z.]*:", "//127.0.0.1:", env["SOCKPUSH_TO"]) + ",influx+stdout:"
    program = start(**{"host": None, **env, "SOCKPUSH_INTERVAL": "200ms"})
    program.until(lambda: program.log.count("taking StatsD") == 2)
    for name, (family, address) in ways(app["env"]).items():
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.sendto(f"tries:1|c|#by:{name}".encode(), address)
    with running(app):
        program.until(lambda: re.search(r"^latency,.*metric_type=timing.* count=1", program.out, re.M))
    assert program.end() == 0 and "warn" not in program.log, program.log
    return program


def check_arrived(server, total, app, ending="", **tags):
    """Asserts that one try by each variable arrived with these tags, and what the command sends. `total` makes one value of a counter's."""
    def stored():
        rows = {key: total(value for _, value in rows) for key, rows in server.stored().items() if set(tags.items()) <= set(key[1])}
        requests = [value > 0 for (name, labels), value in rows.items() if name == f"requests{ending}" and dict(labels)["path"] == "/"]
        return {dict(labels)["by"]: value for (name, labels), value in rows.items() if name == f"tries{ending}"}, requests

    server.settles(stored, (dict.fromkeys(ways(app["env"]), 1), [True]))


def test_overlay(namespace, keep, start, tmp_path):
    """Influx has the sums of intervals."""
    objects = manifests.build("relay")
    [app] = manifests.pod(objects)["containers"]
    app["env"] = {one["name"]: one["value"] for one in app["env"]}
    victoria = keep(servers.VictoriaMetrics(tmp_path))
    relay(start, manifests.environment(objects), app, tmp_path)
    check_arrived(victoria, sum, app, "_value", host="node-1", pod_name="app-7d4b9c-x2x9z", namespace="shop")


def test_compose(namespace, keep, start, tmp_path):
    """OTLP has totals."""
    found = compose()["services"]
    app = {"command": [word.replace("$$", "$") for word in found["app"]["command"]], "env": found["app"]["environment"]}
    victoria = keep(servers.NewerVictoriaMetrics(tmp_path))
    relay(start, found["sockpush"]["environment"], app, tmp_path)
    check_arrived(victoria, max, app, host="app")


def test_compose_is_sound():
    """sockpush's service is that of the other example, but for its variables and for a directory, which is a volume of its user's."""
    found, other = compose(), compose(ROOT / "docker" / "compose.yaml")
    app, ours, victoria = (found["services"][name] for name in ("app", "sockpush", "victoriametrics"))
    assert app["volumes"] == ours.pop("volumes") == ["sockpush:/run/sockpush"]
    one, expected = ({name: value for name, value in each.items() if name != "environment"} for each in (ours, other["services"]["sockpush"]))
    assert one == expected and all(isinstance(value, str) for each in (app, ours) for value in each["environment"].values())
    assert {f"udp://{app['environment']['STATSD_ADDR']}", app["environment"]["DD_DOGSTATSD_URL"]} == set(ours["environment"]["SOCKPUSH_LISTEN"].split(","))
    assert ":" in app["image"] and victoria["image"] == other["services"]["victoriametrics"]["image"]
    user, group = ours["user"].split(":")
    assert found["volumes"]["sockpush"]["driver_opts"]["o"].startswith(f"uid={user},gid={group},mode=07")


def test_both_have_the_same_variables():
    """The application's variables are in two files."""
    [app] = manifests.pod(manifests.build("relay"))["containers"]
    service = compose()["services"]["app"]
    assert {one["name"]: one["value"] for one in app["env"]} == service["environment"]
    assert app["command"] == [word.replace("$$", "$") for word in service["command"]]
