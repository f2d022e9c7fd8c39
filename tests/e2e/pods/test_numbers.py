"""netstat_pod: the sockets of other network namespaces, each read through a process that is in it, without any right."""
import contextlib
import os
import re
from random import Random

import pytest

import parse
import pods
import wait
from pods import machine, make, watch      # fixtures

N = 30
NUMBERS = dict(listening=3, waiting=4, established=5, close_wait=2, time_wait=4, udp=4)     # at most

FIELDS = {"on": {4: pods.BY_VERSION, 6: pods.BY_VERSION, None: ["tcp_time_wait", "tcp_current"]},
          "full": {4: [*pods.BY_VERSION, *parse.TCP], 6: [*pods.BY_VERSION, *parse.TCP], None: ["tcp_current"]}}


def fill(one, random):
    for version in 4, 6:
        one.ask("make", version, **{what: random.randint(0, most) for what, most in NUMBERS.items()})
    one.ask("mapped", random.randint(0, 3))


def expected(one, mode):
    """Returns what ss has in the namespace: {IP version: the fields that are pushed}."""
    return {version: {name: found.get(name, 0) for name in FIELDS[mode][version]} for version, found in zip((4, 6, None), one.ask("count"))}


def agree(pushed, one, mode):
    """Returns whether the newest fields are those of ss, which is asked again each time because sockets in TIME_WAIT end by themselves."""
    return all(pushed.of(one, version).items() >= fields.items() for version, fields in expected(one, mode).items())


@pytest.mark.parametrize("mode", ["on", "full"])
def test_each_number_is_that_of_ss(make, watch, mode):
    random = Random(1)
    all_of_them = [make() for _ in range(N)]
    for one in all_of_them:
        fill(one, random)
    pushed = watch(pods=mode)
    for one in all_of_them:
        assert wait.until(lambda: agree(pushed, one, mode)), f"expected {expected(one, mode)}, pushed {pushed.latest[str(one.number)]}, {pushed.program.log}"
        for version, names in FIELDS[mode].items():
            assert pushed.of(one, version).keys() == {*names, *([] if version else pods.INCREASES)}


def test_increases(make, watch):
    """They are those since the first reading, as the kernel counts them there, and nobody else has them."""
    first, second, still = (make() for _ in range(3))
    first.ask("traffic", 3)
    pushed = watch()
    pushed.until(lambda latest: all(pushed.of(one).keys() >= {*pods.INCREASES} for one in (first, second, still)))
    before = {one: one.ask("counters") for one in (first, second)}
    for one, times in (first, 2), (second, 5), (first, 1):
        one.ask("traffic", times)
    for one in first, second:
        since = {name: number - before[one][name] for name, number in one.ask("counters").items() if name in pods.INCREASES}
        assert since["active_opens"] and since["listen_overflows"] and since["udp_rcvbuf_errors"]
        pushed.until(lambda latest: {name: pushed.of(one)[name] for name in pods.INCREASES} == since)
    assert all(pushed.values(still, name) == [0] for name in pods.INCREASES)
    for one in first, second:
        for name in pods.INCREASES:
            values = pushed.values(one, name)
            assert values[0] == 0 and values == sorted(values)


def test_threads_elsewhere(make, watch):
    """A process is where its first thread is, wherever the others are."""
    one = make()
    one.ask("make", 4, listening=3)
    one.ask("threads", 4)
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_listen") == 3)
    pushed.more()
    assert pushed.values(one, "tcp_inuse", 4) == [3]


def test_a_main_thread_that_ends(make, watch):
    """The process goes on in another thread, and so does its series. One that was never seen otherwise is found, too."""
    one, early = make(), make()
    one.ask("make", 4, listening=3)
    early.ask("make", 4, listening=4)
    early.ask("end_main_thread")
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_listen") == 3 and pushed.of(early, 4).get("tcp_listen") == 4)
    one.ask("end_main_thread")
    one.ask("make", 4, listening=2)
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_listen") == 5)
    pushed.more()
    assert pushed.values(one, "tcp_inuse", 4) in ([3, 5], [3, 4, 5])


def test_a_process_that_ends(machine, make, watch, keep):
    """The namespace goes on as long as another process is in it, and so do its numbers."""
    one, other = make(), make()
    one.ask("make", 4, listening=3)
    other.ask("make", 4, listening=5)
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one, 4) and pushed.of(other, 4))
    looks = keep(contextlib.closing(pods.Looks(machine, pushed)))
    for n in range(1, 4):
        old = one.succeed()
        looks.again()       # it knows the new process now
        before = pushed.of(one)["active_opens"]
        one.ask("traffic", n)
        pushed.until(lambda latest: pushed.of(one)["active_opens"] > before)
        assert one.ask("kill", old)
        looks.again()
        pushed.more()
    assert pushed.values(one, "tcp_inuse", 4) == [3] and pushed.values(other, "tcp_inuse", 4) == [5]
    for name in pods.INCREASES:
        assert pushed.values(one, name) == sorted(pushed.values(one, name))
        assert pushed.values(other, name) == [0]


def test_a_namespace_that_ends(make, watch):
    """Its series has zeros. (A unit test checks that it ends later.) The others go on unchanged."""
    others, one = [make() for _ in range(3)], make()
    for n, other in enumerate(others):
        other.ask("make", 4, listening=1 + n, established=2, udp=1)
    one.ask("make", 4, listening=7, udp=2)
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_listen") == 7 and all(pushed.of(other, 4).get("tcp_listen") for other in others))
    one.close()
    pushed.until(lambda latest: pushed.of(one, 4)["tcp_inuse"] == 0)
    pushed.until(lambda latest: not any(latest[str(one.number)][4].values()))
    for n, other in enumerate(others):
        assert pushed.values(other, "tcp_inuse", 4) == [1 + n + 1 + 4]
        assert pushed.values(other, "udp_socket", 4) == [1]
    pushed.more(12)
    assert pushed.values(one, "udp_socket", 4) == [2, 0]


@pytest.mark.parametrize("times", [0, 20])
def test_a_number_that_is_used_again(machine, make, watch, keep, times):
    """The kernel gives a new namespace the number of one that ended. What was counted there before is no increase."""
    one = make()
    one.ask("make", 4, listening=3)
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one).keys() >= {*pods.INCREASES})
    one.ask("traffic", 2)
    pushed.until(lambda latest: pushed.of(one)["active_opens"] > 0)
    pushed.more()
    before = dict(pushed.of(one))
    with pushed.stopped():
        one.close()
        new = pods.reuse(machine, one.number, keep)
        new.ask("make", 4, listening=5)
        new.ask("traffic", times)
    pushed.until(lambda latest: pushed.of(new, 4)["tcp_inuse"] == 5)
    pushed.more()
    for name in pods.INCREASES:
        later = pushed.of(new)[name]
        assert later in (0, before[name]), f"{name}: {pushed.values(new, name)}"
    listening = pushed.of(new, 4).get("tcp_listen")
    pushed.until(lambda latest: pushed.of(new, 4).get("tcp_listen") == 5)
    assert listening in (3, 3 + 1, 5, 5 + 1, 0, None), "one of either's; traffic listens, too, for a moment"
    count = new.ask("counters")["active_opens"]
    base = pushed.of(new)["active_opens"]
    new.ask("traffic")
    more = new.ask("counters")["active_opens"] - count
    pushed.until(lambda latest: pushed.of(new)["active_opens"] == base + more)


def test_namespaces_that_come_and_go(machine, make, watch, keep):
    """Many short ones, some with the number of the one before: nobody has sockets or increases that are not its own."""
    still, pushed = make(), watch()
    still.ask("make", 4, listening=2, udp=1)
    pushed.until(lambda latest: pushed.of(still, 4).get("udp_socket") == 1)
    looks = keep(contextlib.closing(pods.Looks(machine, pushed)))
    most = {}
    for n in range(25):
        one = make()
        one.ask("make", 4, listening=n % 5)
        if n % 3 == 0:
            looks.again()
            pushed.until(lambda latest: pushed.of(one, 4).get("tcp_inuse") == n % 5)
        most[one.number] = max(most.get(one.number, 0), n % 5)
        one.close()
    pushed.more()
    assert pushed.values(still, "tcp_inuse", 4)[-1:] == [2] and all(pushed.values(still, name) == [0] for name in pods.INCREASES)
    for number, listening in most.items():
        for fields in pushed.history[str(number), 4]:
            assert fields["tcp_inuse"] <= listening and fields["udp_socket"] == 0
        for fields in pushed.history[str(number), None]:
            assert not any(fields.get(name) for name in pods.INCREASES)


def test_a_process_that_goes_elsewhere(make, watch):
    """A process that enters another namespace takes nothing with it."""
    one = make()
    one.ask("make", 4, listening=3)
    pushed = watch()
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_inuse") == 3)
    old = one.number
    one.number = one.ask("move")
    assert one.number != old, "the sockets keep the old namespace"
    one.ask("make", 4, listening=6)
    pushed.until(lambda latest: pushed.of(one, 4).get("tcp_inuse") == 6)
    assert {fields["tcp_inuse"] for fields in pushed.history[str(old), 4]} <= {3, 0}
    assert {fields["tcp_inuse"] for fields in pushed.history[str(one.number), 4]} <= set(range(7))


def opened(pid):
    """Returns what the program's descriptors are."""
    return [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]


@pytest.mark.parametrize("mode", ["on", "full"])
def test_the_namespace_ends_with_its_last_process(make, watch, mode):
    """A descriptor that stays open below /proc/PID/net would keep the namespace, and the pod's interfaces."""
    far, near = make(), make()
    near.ask("make", 4, listening=2)
    try:
        far.ask("veth", "pair0", near.pid)
    except (AssertionError, BrokenPipeError) as error:
        pytest.skip(f"no veth pair here: {str(error)[-200:]}")
    pushed = watch(pods=mode)
    pushed.until(lambda latest: pushed.of(near, 4).get("tcp_listen") == 2)
    assert "pair0" in far.ask("interfaces")
    near.close()
    assert wait.until(lambda: "pair0" not in far.ask("interfaces")), "the other end of the pair is still there"
    assert pushed.program.process.poll() is None, pushed.program.log
    with pushed.stopped():
        assert not [path for path in opened(pushed.pid) if re.fullmatch(r"/proc/\d+/.*net/.*", path)]


def test_max_pods(make, watch):
    """Ten namespaces, five places. The namespace that is counted already needs none."""
    one = make()
    for _ in range(9):
        one.ask("fork", apart=True)
    pushed = watch(max_pods=5)
    untracked = lambda: [fields["untracked_pods"] for poll in pushed.program.influx_polls() for (name, _), fields in poll.items() if name == "sockpush"]
    pushed.program.until(lambda: 5 in untracked())
    pushed.more(10)
    assert set(untracked()[1:]) == {5} and len(pushed.latest) == 5
    assert str(os.stat("/proc/self/net/tcp").st_ino) not in pushed.latest
    warnings = [line for line in pushed.program.log.splitlines() if "SOCKPUSH_MAX_PODS" in line and " warn " in line]
    assert len(warnings) == 1, pushed.program.log


def test_off(make, watch):
    make().ask("make", 4, listening=1)
    pushed = watch(pods=None)
    pushed.more(5)
    assert not pushed.latest
