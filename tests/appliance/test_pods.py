"""netstat_pod of pods in an emulated machine, whose processes are in control groups as the kubelet makes them, by a sockpush without any right.

pods.c makes the pods, tries which files a user without rights may read, and ends one of the pods while sockpush runs.
"""
import collections

import pytest

import boot
import kernel_counters
import parse
import pods
from test_appliance import EVERYWHERE, backend_of, nonzero, sockets, start

UID, OTHER_UID = "01234567-89ab-cdef-0123-456789abcdef", "fedcba98-7654-3210-fedc-ba9876543210"
LOGS = ["var", "var/log", "var/log/pods", f"var/log/pods/shop_web_{UID}", f"var/log/pods/shop_db_{OTHER_UID}"]


IDS = {"web": "4567cdef" * 8, "db": "89ab0123" * 8}
# mode: variables, and the tags of a pod. The node's own namespace is one of them if nothing else counts it.
MODES = {"on": ({}, lambda name: (("namespace", "shop"), ("pod_name", name))),
         "full": ({"backend": "off", "pod_tags": "pod_name,container_id"}, lambda name: (("container_id", IDS[name]), ("pod_name", name)))}


def pushed(console, mode):
    """Returns {name: {IP version (None: of both): {field: its values, as they came}}}: `web` has the sockets of sockets(), `db` a few, and
    `lone`, which ends, has one that listens, and no control group. Series of others have their tags as names."""
    [number] = [note.removeprefix("netns ") for note in console.notes if note.startswith("netns ")]
    names = {(("netns", number),): "lone", **{MODES[mode][1](name): name for name in IDS}}
    found = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
    for point in console.points:
        if point.measurement == "netstat_pod":
            tags = tuple(pair for pair in point.tags if pair[0] not in ("host", "ip_version"))
            version = point.tag("ip_version") and int(point.tag("ip_version"))
            for field, value in point.fields.items():
                found[names.get(tags, tags)][version][field].append(value)
    return found


def first(fields):
    """Returns the first value of each gauge that is not 0. Sockets in some states end by themselves a minute later."""
    return {field: values[0] for field, values in fields.items() if values[0] and field not in pods.INCREASES}


def counters(console, when, folder):
    """Returns the kernel's counters of `db`, from the lines that pods.c printed."""
    (folder / when).mkdir()
    for note in console.notes:
        if note.startswith(when):
            _, file, line = note.split(" ", 2)
            with (folder / when / file).open("a") as out:
                out.write(line + "\n")
    return kernel_counters.read(folder / when)


def check_node(console, found, mode):
    """Asserts that the node's own namespace is counted once. It has no sockets."""
    others = found.keys() - {"lone", *IDS}
    if mode == "on":
        assert not others and backend_of(console.points) == {"netlink"}
        assert nonzero(parse.totals(parse.series(parse.by_poll(console.points)[0]))) == {4: {}, 6: {}}
    else:
        [[[tag, _]]] = others
        assert tag == "netns"


def check_web(web, mode):
    states = {version: {name: n for name, n in fields.items() if mode == "full" or name in pods.BY_VERSION} for version, fields in sockets().items()}
    # The connection from IPv4 that an IPv6 listener accepted is in tcp_inuse of version 6.
    assert first(web[4]) == {**states[4], "tcp_inuse": 21, "accept_queue": 1}
    assert first(web[6]) == {**states[6], "tcp_inuse": 27, "accept_queue": 1}
    # CurrEstab of these kernels has the 5 in CLOSE_WAIT, too.
    assert first(web[None]) == {"tcp_current": 26, **({"tcp_time_wait": 5} if mode == "on" else {})}


def check_db(db, mode, increases):
    assert first(db[4]) == {"tcp_inuse": 3, "tcp_listen": 1, "accept_queue": 1, "udp_socket": 2, **({"tcp_established": 2} if mode == "full" else {})}
    assert first(db[6]) == {"udp_socket": 1}
    assert first(db[None]) == {"tcp_current": 2}
    assert all(increases.values())
    for name, increase in increases.items():
        assert (db[None][name][0], db[None][name][-1]) == (0, increase), name


@pytest.mark.parametrize("mode", MODES)
@EVERYWHERE
def test_pods(cpu, mode, tmp_path):
    console = start(cpu, "pods", modules=[*boot.DIAG, *boot.MACHINES[cpu].network], folders=LOGS,
                    env={"pods": mode, "interval": "1s", "polls": None, **MODES[mode][0]})
    assert console.status == 0 and not console.warnings, console.text
    found = pushed(console, mode)
    check_node(console, found, mode)
    check_web(found["web"], mode)
    before, after = (counters(console, when, tmp_path) for when in ("before", "after"))
    check_db(found["db"], mode, {name: after[name] - before[name] for name in pods.INCREASES})
    assert first(found["lone"][4]) == {"tcp_inuse": 1, "tcp_listen": 1}
    assert not any(values[-1] for fields in found["lone"].values() for values in fields.values())
    assert [note for note in console.notes if "eth0" in note] == ["a descriptor keeps eth0", "eth0 is back"]
