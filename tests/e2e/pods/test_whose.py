"""The tags of netstat_pod: whose a network namespace is, by the control groups of its processes and kubelet's directory of logs."""
import contextlib
import os
from random import Random

import pytest

import parse
import pods
from pods import machine, make, watch      # fixtures

ALL = "pod_name,namespace,pod_uid,container_id"
UID, OTHER_UID = "01234567-89ab-cdef-0123-456789abcdef", "fedcba98-7654-3210-fedc-ba9876543210"
STATIC = "f8a6c2d0e4b1937586a0c2e4d6f81b3a"
SANDBOX, FIRST, SECOND = (digits * 8 for digits in ("0123abcd", "4567cdef", "89ab0123"))


@pytest.fixture
def groups(machine):
    """The control groups. They are removed once all processes have ended."""
    with contextlib.closing(pods.Groups()) as one:
        yield one
        machine.close()


@pytest.fixture
def logs(machine):
    """logs(entry…) makes kubelet's directory with these, which the program's user can read. Returns its path."""
    def put(*entries):
        place = machine.place / "pods"
        for entry in entries:
            (place / entry).mkdir(parents=True)
        return place
    return put


def cgroupfs(uid, container):
    return f"kubepods/burstable/pod{uid}/{container}"


def systemd(uid, container):
    return f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid.replace('-', '_')}.slice/cri-containerd-{container}.scope"


def pod(make, groups, uid, *containers, path=cgroupfs, listening=1):
    """Makes a pod: the first container is its sandbox, a process `pause` that keeps the namespaces."""
    one = make()
    sandbox, *rest = containers
    one.ask("become", groups.make(path(uid, sandbox)), "pause")
    for container in rest:
        pods.next_tick()
        one.ask("fork", groups.make(path(uid, container)), "server")
    one.ask("make", 4, listening=listening)
    return one


def tags(pushed):
    """Returns {(tag=value, …): sockets of IPv4 in use} of all series."""
    return {name: by_version[4].get("tcp_inuse") for name, by_version in pushed.read().latest.items()}


@pytest.mark.parametrize("path", [cgroupfs, systemd])
@pytest.mark.parametrize("uid", [UID, STATIC])
@pytest.mark.parametrize("name,space", [("web", "shop"), ("kube-apiserver-node-1.example.com", "kube-system")])
def test_a_pod_with_two_containers(make, watch, groups, logs, path, uid, name, space):
    """The oldest container is named, and not the sandbox, which is older."""
    pod(make, groups, uid, SANDBOX, FIRST, SECOND, path=path, listening=3)
    pushed = watch(pod_logs=logs(f"{space}_{name}_{uid}"), pod_tags=ALL)
    expected = (("container_id", FIRST), ("namespace", space), ("pod_name", name), ("pod_uid", uid))
    pushed.until(lambda _: tags(pushed) == {expected: 3})


def test_the_default_tags(make, watch, groups, logs):
    pod(make, groups, UID, SANDBOX, FIRST, listening=2)
    pushed = watch(pod_logs=logs(f"shop_web_{UID}"))
    pushed.until(lambda _: tags(pushed) == {(("namespace", "shop"), ("pod_name", "web")): 2})


def test_a_pod_with_a_sandbox_only(make, watch, groups, logs):
    pod(make, groups, UID, SANDBOX, listening=2)
    pushed = watch(pod_logs=logs(), pod_tags="container_id,pod_uid")
    pushed.until(lambda _: tags(pushed) == {(("container_id", SANDBOX), ("pod_uid", UID)): 2})


def test_a_thousand_pods(make, watch, groups, logs):
    """Among a thousand directories, and others that are no pod's, are those of two pods. A third one's is absent."""
    random = Random(1)
    some = lambda length: "".join(random.choices("0123456789abcdef", k=length))
    others = [f"space-{n % 7}_pod-{n}.x_{some(8)}-{some(4)}-{some(4)}-{some(4)}-{some(12)}" for n in range(998)]
    odd = ["lost+found", UID, "_web_" + UID, f"a_b_c_{UID}", f"Shop_web_{UID}", f"shop_web_{UID}_", f"shop_we b_{OTHER_UID}", "x" * 250, "a_b_", f"a__{UID}"]
    for n, uid in enumerate((UID, OTHER_UID, STATIC)):
        pod(make, groups, uid, some(64), some(64), listening=1 + n)
    pushed = watch(pod_logs=logs(*others, *odd, f"shop_web-0.db_{UID}", f"kube-system_a--b_{OTHER_UID}"))
    expected = {(("namespace", "shop"), ("pod_name", "web-0.db")): 1, (("namespace", "kube-system"), ("pod_name", "a--b")): 2, (("pod_uid", STATIC),): 3}
    pushed.until(lambda _: tags(pushed) == expected)


def warnings(pushed):
    return [line for line in pushed.program.log.splitlines() if " warn " in line and "SOCKPUSH_POD_LOGS" in line]


@pytest.mark.parametrize("mode,reason", [(None, "No such file or directory"), (0o700, "Permission denied")])
def test_logs_that_cannot_be_listed(machine, make, watch, groups, logs, keep, mode, reason):
    """The log says once that there are no names, and why. They come as soon as the directory can be listed."""
    place = machine.place / "pods"
    if mode:
        place.mkdir(mode)
    pod(make, groups, UID, SANDBOX, FIRST, listening=2)
    pushed = watch(pod_logs=place)
    pushed.until(lambda _: tags(pushed) == {(("pod_uid", UID),): 2})
    looks = keep(contextlib.closing(pods.Looks(machine, pushed)))
    looks.again()
    assert len(warnings(pushed)) == 1 and f'\\"{place}\\" cannot be listed: {reason}' in warnings(pushed)[0], pushed.program.log
    logs(f"shop_web_{UID}")
    place.chmod(0o755)
    looks.again()
    pushed.until(lambda _: tags(pushed).get((("namespace", "shop"), ("pod_name", "web"))) == 2)
    assert len(warnings(pushed)) == 1


def test_no_kubelet(make, watch):
    """A host of Docker has no directory of logs, which is no fault."""
    if os.path.exists("/var/log/pods"):
        pytest.skip("a kubelet runs here")
    one, pushed = make(), watch()
    pushed.until(lambda latest: pushed.of(one))
    assert not warnings(pushed)


def test_no_pod_yet(watch, tmp_path):
    """A wrong directory is reported at the start, before there is a pod that has no name."""
    pushed = watch(pod_logs=tmp_path / "none")
    pushed.program.until(lambda: warnings(pushed))


def test_what_has_the_same_tags_is_added_up(make, watch, groups, logs):
    pairs = [pod(make, groups, uid, SANDBOX, FIRST, listening=n) for uid, n in ((UID, 2), (OTHER_UID, 5))]
    pushed = watch(pod_logs=logs(f"shop_web_{UID}", f"shop_db_{OTHER_UID}"), pod_tags="namespace")
    series = (("namespace", "shop"),)
    pushed.until(lambda latest: latest[series][4].get("tcp_listen") == 7 and latest[series][None].keys() >= {*pods.INCREASES})
    before = [one.ask("counters")["active_opens"] for one in pairs]
    start = pushed.latest[series][None]["active_opens"]
    for one in pairs:
        one.ask("traffic", 2)
    more = sum(one.ask("counters")["active_opens"] for one in pairs) - sum(before)
    pushed.until(lambda latest: latest[series][None]["active_opens"] == start + more)
    assert set(pushed.latest) == {series}
    pairs[0].close()
    pushed.until(lambda latest: latest[series][4]["tcp_inuse"] == 5)
    pushed.more()
    assert pushed.latest[series][None]["active_opens"] == start + more, "what was counted stays counted"


@pytest.mark.parametrize("path,container", [
    ("docker/" + FIRST, FIRST),
    (f"system.slice/docker-{FIRST}.scope", FIRST),
    (f"machine.slice/libpod-{FIRST}.scope/container", FIRST),
    ("lxc.payload.web-1", "web-1"),
])
def test_a_container_without_kubernetes(make, watch, groups, path, container):
    """No tag that was chosen is known, so it has this one."""
    one = make()
    one.ask("become", groups.make(path))
    one.ask("make", 4, listening=4)
    pushed = watch()
    pushed.until(lambda _: tags(pushed) == {(("container_id", container),): 4})


def test_datadog(make, watch, groups, logs):
    """Each line names the container, so that the agent adds its tags. A series of two containers names none."""
    pod(make, groups, UID, SANDBOX, FIRST, SECOND, listening=2)
    pod(make, groups, OTHER_UID, "1" * 64, SECOND, listening=5)
    place = logs(f"shop_web_{UID}", f"shop_db_{OTHER_UID}")
    program = watch(pod_logs=place, format="datadog").program

    def points(field):
        found = [point for point in parse.datadog(program.out) if point.measurement == "netstat_pod" and field in point.fields]
        return {(point.tag("pod_name"), point.tag("ip_version"), point.fields[field], point.sections) for point in found}

    program.until(lambda: ("db", "4", 5, (("c", "ci-" + SECOND),)) in points("tcp_inuse"))
    expected = {("web", "4", 2, (("c", "ci-" + FIRST),)), ("web", "6", 0, (("c", "ci-" + FIRST),)),
                ("db", "4", 5, (("c", "ci-" + SECOND),)), ("db", "6", 0, (("c", "ci-" + SECOND),))}
    assert points("tcp_inuse") == expected
    together = watch(pod_logs=place, format="datadog", pod_tags="namespace").program
    together.until(lambda: "netstat_pod.tcp_inuse:7|g" in together.out)
    assert {dict(point.sections).get("c") for point in parse.datadog(together.out) if point.measurement == "netstat_pod"} & {"ci-" + FIRST, "ci-" + SECOND} == set()
