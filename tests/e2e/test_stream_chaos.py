"""VictoriaMetrics, alone and behind stunnel, while one of them is killed or stopped and packets are lost: in the end it has every
value that was polled, and no other. SOCKPUSH_TEST_SLOW=1: 50 kills instead of a few."""
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

import parse
import servers
import tls_pki
import wait
from tls_pki import pki         # a fixture

KILLS = 50 if "SOCKPUSH_TEST_SLOW" in os.environ else 6
NFT = shutil.which("nft", path=servers.PATH)


@pytest.fixture
def place(tmp_path):
    """place(server): a directory that outlives it."""
    def make(kind):
        path = tmp_path / kind.__name__
        path.mkdir(exist_ok=True)
        return path
    return make


@pytest.fixture
def stunnel(place, pki):
    return lambda: servers.Stunnel(place(servers.Stunnel), pki.leaf_p256)


@pytest.fixture
def victoria(place):
    return lambda kind=servers.VictoriaMetrics: kind(place(servers.VictoriaMetrics))


def lose_packets(port, percent):
    if not NFT:
        pytest.skip("nft is not on this machine; `make receivers` gets it, or says why not")
    rules = "add table inet test\nadd chain inet test in { type filter hook input priority 0; }\n" + "".join(
        f"add rule inet test in tcp {side} {port} numgen random mod 100 < {percent} drop\n" for side in ("dport", "sport"))
    done = subprocess.run([NFT, "-f", "-"], input=rules, text=True, env=servers.ENV, capture_output=True)
    if done.returncode:
        pytest.skip(f"this kernel has no such rules: {done.stderr}")


def polled(text):
    """{(series, time in ms): value}"""
    return {((f"{point.measurement}_{field}", point.tags), point.time // 10**6): value
            for point in parse.influx(text) for field, value in point.fields.items()}


def rows(victoria):
    """[((series, time in ms), value)] as stored, duplicates too."""
    return [((series, at), value) for series, pairs in victoria.stored().items() for at, value in pairs]


def check_stored(victoria, expected):
    wait.until(lambda: len(dict(rows(victoria))) >= len(expected))
    found = rows(victoria)
    missing, others = expected.keys() - dict(found).keys(), dict(found).keys() - expected.keys()
    assert not missing, f"{len(missing)} of {len(expected)} values are missing, such as {sorted(missing, key=lambda one: one[1])[:3]}"
    assert not others, f"{len(others)} that were never polled, such as {sorted(others)[:3]}"
    wrong = [(one, value) for one, value in found if value != expected[one]]
    assert not wrong, f"{len(wrong)} wrong values, such as {wrong[:3]}"
    return len(found)


def check_duplicates(victoria, expected, found, kills):
    """They are there, for at least once is what is promised; and gone as the README says."""
    with victoria(servers.VictoriaMetricsWithoutDuplicates) as again:
        assert len(rows(again)) == len(expected)
    print(f"{kills} kills, {len({at for _, at in expected})} polls, {len(expected)} values: all stored, {found - len(expected)} twice or more")


@pytest.fixture
def pushing(start, listen, connect):
    """pushing(output): every 100 ms, beside an output that says what was polled. Its counts change all the while."""
    listener = listen("127.0.0.1", 8080)
    connect(listener)
    return lambda to, **env: start(**{"to": f"{to},stdout:", "ports": "8080,*:53,443", "self": "off", "replay": "30s", "buffer": "8MiB", **env})


def survive(program, kill, kills, seed):
    """kill(): it is dead, and comes back when what this returned is called."""
    chance = random.Random(seed)
    for _ in range(kills):
        time.sleep(chance.uniform(0, 1.5))
        back = kill()
        time.sleep(chance.uniform(0, 0.3))
        back()
    polls = program.out.count("\n")
    program.until(lambda: program.out.count("\n") > polls + 30)
    assert program.end() == 0, program.log


def killer(kind, current):
    """Kills the server in current[0] as the kernel does when memory is short; then puts a new one there."""
    def kill():
        current[0].__exit__()

        def back():
            current[0] = kind().__enter__()
        return back
    return kill


def test_terminator_is_killed(namespace, stunnel, victoria, pushing, pki):
    """With packets lost at random besides."""
    lose_packets(6514, 5)
    with victoria() as aggregator:
        current = [stunnel().__enter__()]
        try:
            program = pushing("influx+tls://127.0.0.1:6514", tls_ca=pki.ca)
            survive(program, killer(stunnel, current), KILLS, 1)
            expected = polled(program.out)
            found = check_stored(aggregator, expected)
            aggregator.end()
        finally:
            current[0].__exit__()
    check_duplicates(victoria, expected, found, KILLS)


def test_aggregator_is_killed(namespace, victoria, pushing):
    """SIGKILL: with what it had not yet brought to the disk."""
    current = [victoria().__enter__()]
    try:
        program = pushing("influx+tcp://127.0.0.1:8089")
        survive(program, killer(victoria, current), KILLS, 2)
        expected = polled(program.out)
        found = check_stored(current[0], expected)
        current[0].end()
    finally:
        current[0].__exit__()
    check_duplicates(victoria, expected, found, KILLS)


def test_aggregator_is_stopped(namespace, victoria, pushing):
    """SIGSTOP: its kernel takes what it does not read; sometimes it is killed then."""
    current, times = [victoria().__enter__()], [0]

    def stop():
        process = current[0].process
        process.send_signal(signal.SIGSTOP)
        times[0] += 1
        time.sleep(0.5)
        if times[0] % 3:
            return lambda: process.send_signal(signal.SIGCONT)
        return killer(victoria, current)()

    try:
        program = pushing("influx+tcp://127.0.0.1:8089")
        survive(program, stop, KILLS, 3)
        expected = polled(program.out)
        found = check_stored(current[0], expected)
        current[0].end()
    finally:
        current[0].__exit__()
    check_duplicates(victoria, expected, found, KILLS // 3)
