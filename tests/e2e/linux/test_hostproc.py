"""sockpush beside its host, in another network namespace, with the host's procfs mounted."""
import json
import os
import socket

import pytest

import kernel_counters
import netns
import rights
from program import ONE_POLL, Program, environment, run_binary


def in_a_machine_of_its_own(folder, work):
    """Runs work() as process 1 of new pid, network and mount namespaces, with its procfs at `folder`. Returns its result."""
    reader, writer = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            netns.private_mounts()
            netns.unshare(netns.CLONE_NEWPID | netns.CLONE_NEWNET)
            second = os.fork()
            if second == 0:
                netns.ip("link", "set", "lo", "up")
                netns.mount("proc", str(folder), "proc")
                os.write(writer, json.dumps(work()).encode())
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]))
        except BaseException as error:
            os.write(writer, json.dumps({"error": repr(error)}).encode())
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(first, 0)
    result = json.loads(text)
    if "error" in result:
        if "unshare" in result["error"] or "mount" in result["error"]:
            rights.needs_root(result["error"])
        pytest.fail(result["error"])
    return result


def look(folder, apart):
    """Opens three listeners on the host, and polls in its namespace or apart from it. Returns the backend and the counts."""
    kept = [socket.create_server(("127.0.0.1", 7000 + i)) for i in range(3)]
    env = {**ONE_POLL, "SOCKPUSH_PROC": str(folder), "SOCKPUSH_SELF": "on", "SOCKPUSH_PORTS": "7001"}
    run = run_binary(env, preexec_fn=(lambda: netns.unshare(netns.CLONE_NEWNET)) if apart else None)
    del kept
    return {"backend": next(dict(tags)["backend"] for name, tags in run.series if name == "sockpush"),
            "listen": run.totals[4]["tcp_listen"], "pid": run.ports["7001", 4].get("pid"), "log": run.log}


def test_apart(tmp_path):
    """A pod with the host's /proc reads procfs, because netlink shows the pod's own namespace."""
    seen = in_a_machine_of_its_own(tmp_path, lambda: look(tmp_path, apart=True))
    assert (seen["backend"], seen["listen"]) == ("procfs", 3), seen["log"]
    assert seen["pid"] == 1, "the owner, numbered as on the host"


def test_together(tmp_path):
    """hostNetwork shares the namespace, so netlink is used. Only owners are read from the mounted procfs."""
    seen = in_a_machine_of_its_own(tmp_path, lambda: look(tmp_path, apart=False))
    assert (seen["backend"], seen["listen"]) == ("netlink", 3), seen["log"]
    assert seen["pid"] == 1


def count(folder):
    """Polls apart from the host, on which datagrams go to nobody. Returns the first and the last fields of netstat_kernel, and what the host counted."""
    env = environment(ONE_POLL, {"format": "influx", "proc": folder, "kernel": "on", "polls": None, "interval": "100ms"})
    before = kernel_counters.read(folder / "1/net")
    program = Program(env, preexec_fn=lambda: netns.unshare(netns.CLONE_NEWNET))
    fields = lambda: [next(fields for (name, _), fields in poll.items() if name == "netstat_kernel") for poll in program.influx_polls()]
    grown = lambda: kernel_counters.since(before, folder / "1/net")
    try:
        program.until(fields)
        kernel_counters.datagrams_to_nobody(7)
        program.until(lambda: fields()[-1]["udp_no_ports"] == grown()["udp_no_ports"])
        return {"first": fields()[0], "last": fields()[-1], "grown": grown()}
    finally:
        program.kill()


def test_the_hosts_counters(tmp_path):
    """The kernel's counters are those of process 1's namespace, and the machine's gauges are there."""
    seen = in_a_machine_of_its_own(tmp_path, lambda: count(tmp_path))
    assert seen["grown"]["udp_no_ports"] == 14
    assert {name: seen["last"][name] for name in seen["grown"]} == seen["grown"]
    assert not any(seen["first"][name] for name in seen["grown"])
    assert {"tcp_orphan", "tcp_mem_pages", "sockets_used"} <= set(seen["last"])
