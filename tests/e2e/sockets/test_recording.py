"""record: and replay: the same parsers read a backend's recorded bytes again, with the same output."""
import re
import resource
import shutil
import socket
import subprocess

import pytest

import parse
import procfs
from program import BINARY, ONE_POLL, environment, run_binary

STRACE = shutil.which("strace")
SOCKETS = [procfs.Socket("127.0.0.1:80"), procfs.Socket("127.0.0.1:80", "tcp_established", "127.0.0.1:4000"),
           procfs.Socket("[::1]:53", "udp_socket"), procfs.Socket("[2001:db8::1]:80", "tcp_time_wait", "[2001:db8::2]:9")]


@pytest.fixture
def sockets(namespace, keep):
    """Opens more sockets of each type than one read holds."""
    server = keep(socket.create_server(("127.0.0.1", 7000), backlog=300))
    for i in range(200):
        keep(socket.create_connection(server.getsockname()))
        keep(socket.create_server(("::1", 7001 + i), family=socket.AF_INET6))
    for _ in range(50):
        keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", 0))


def lines(run):
    assert run.status == 0, run.log
    return run.out


def test_netlink(sockets, poll, tmp_path):
    env = dict(ports="listen,*:7000,[::1]:7002", pid="off", polls=3, interval="100ms")
    recorded = lines(poll(backend=f"record:{tmp_path}/r", **env))
    assert "netstat.tcp_established:400|g" in recorded
    assert lines(poll(backend=f"replay:{tmp_path}/r", **env)) == recorded
    assert lines(poll(backend=f"replay:{tmp_path}/r", **{**env, "polls": 0})) == recorded   # it ends by itself


def test_procfs(poll, tmp_path):
    procfs.write(tmp_path / "proc", SOCKETS)
    recorded = lines(poll(backend=f"record:{tmp_path}/r", proc=tmp_path / "proc", ports="80", pid="off"))
    shutil.rmtree(tmp_path / "proc")
    assert lines(poll(backend=f"replay:{tmp_path}/r", ports="80")) == recorded
    assert "netstat_port.tcp_listen:1|g|#addr_port:80,host:a,ip_version:4" in recorded


def test_no_ipv6(poll, tmp_path):
    """A kernel without IPv6 has none in the replay either."""
    procfs.write(tmp_path / "proc", SOCKETS[:2], tables=("tcp", "udp"))
    recorded = lines(poll(backend=f"record:{tmp_path}/r", proc=tmp_path / "proc"))
    assert lines(poll(backend=f"replay:{tmp_path}/r")) == recorded
    assert "ip_version:6" not in recorded


def test_other_rules(sockets, poll, tmp_path):
    """A recording without rules can be replayed with rules, even those of `listen`."""
    poll(backend=f"record:{tmp_path}/r")
    ports = poll(backend=f"replay:{tmp_path}/r", ports="listen").ports
    assert parse.nonzero(ports["7000", 4]) == {"tcp_listen": 1, "tcp_established": 200}
    assert parse.nonzero(ports["7200", 6]) == {"tcp_listen": 1}


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_a_backend_that_broke(sockets, tmp_path):
    """netlink fails in the recorded poll, so it does in the replay, and procfs takes over at the same place. It has no limits of accept queues."""
    if subprocess.run([STRACE, "-o", tmp_path / "try", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("strace may not trace here")
    env = environment(ONE_POLL, dict(self="on", ports="7000", pid="off", backend=f"record:{tmp_path}/r"))
    recorded = run_binary(env, "-f", "-o", str(tmp_path / "trace"), "-e", "inject=recvfrom:error=ENOBUFS:when=3",
                          BINARY, binary=STRACE)
    replayed = run_binary(environment(env, dict(backend=f"replay:{tmp_path}/r")))
    same = lambda run: re.sub(r"poll_us:\d+", "", lines(run))
    assert same(replayed) == same(recorded)
    assert "backend:procfs+netlink" in recorded.out and "No buffer space" in replayed.log
    assert "accept_queue_fullest" not in recorded.out


def test_it_is_private(poll, tmp_path):
    poll(backend=f"record:{tmp_path}/r")
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_owners_are_not_looked_for(namespace, listen, poll, tmp_path):
    """The recorded processes were another machine's."""
    listen("127.0.0.1", 7000)
    poll(backend=f"record:{tmp_path}/r")
    assert "pid" not in poll(backend=f"replay:{tmp_path}/r", ports="7000").ports["7000", 4]
    assert "pid" in poll(ports="7000").ports["7000", 4]


@pytest.mark.parametrize("head, why", [
    (b"nonsense\n", "not a recording"),
    (b"", "not a recording"),
    (b"sockpush recording 1 linux big-endian 64-bit\n", "byte order"),
    (b"sockpush recording 1 darwin little-endian 64-bit\n", "operating system"),
    (b"sockpush recording 7 linux little-endian 64-bit\n", "version"),
])
def test_refused_by_name(poll, tmp_path, head, why):
    (tmp_path / "r").write_bytes(head)
    run = poll(backend=f"replay:{tmp_path}/r")
    assert run.status == 2 and why in run.log and f"{tmp_path}/r" in run.log


def blocks(recording):
    """Returns the first line, and each block as [four letters, payload]."""
    at, found = recording.index(b"\n") + 1, []
    while at < len(recording):
        end = at + 8 + int.from_bytes(recording[at + 4:at + 8], "little")
        found.append([recording[at:at + 4], recording[at + 8:end]])
        at = end
    return recording[:recording.index(b"\n") + 1], found


def test_version_1_without_counters(sockets, poll, tmp_path):
    """Its reads begin with a byte, too, which says whether there was IPv6 and nothing else."""
    env = dict(ports="listen", pid="off", polls=2, interval="100ms")
    recorded = lines(poll(backend=f"record:{tmp_path}/r", **env))
    head, new = blocks((tmp_path / "r").read_bytes())
    reads = [i for i, (kind, _) in enumerate(new) if kind in (b"poll", b"read")]
    assert [kind for kind, _ in new[:4]] == [b"poll", b"data", b"data", b"read"]
    new = [block for i, block in enumerate(new) if block[0] != b"data" or new[max(at for at in reads if at < i)][0] != b"poll"]   # local ports
    old = [[kind, data if len(data) != 1 else bytes((data[0] & 1,))] for kind, data in new if (kind, len(data)) != (b"data", 40)]
    assert head.startswith(b"sockpush recording 2 ") and len(new) - len(old) in (0, 4), "no counters, or those before and after each list"
    (tmp_path / "r").write_bytes(head.replace(b"2", b"1", 1) + b"".join(kind + len(data).to_bytes(4, "little") + data for kind, data in old))
    assert lines(poll(backend=f"replay:{tmp_path}/r", **env)) == recorded


def test_of_a_machine_with_32_bits(poll, tmp_path):
    recorded = lines(poll(backend=f"record:{tmp_path}/r"))
    (tmp_path / "r").write_bytes((tmp_path / "r").read_bytes().replace(b"64-bit", b"32-bit", 1))
    assert lines(poll(backend=f"replay:{tmp_path}/r")) == recorded


def test_cut_short(sockets, poll, tmp_path):
    """The recording program was killed: whole polls are replayed, and the cut one has what was read, without zeros for the rest."""
    recorded = lines(poll(backend=f"record:{tmp_path}/r", polls=2, interval="100ms")).splitlines()
    whole = (tmp_path / "r").read_bytes()
    (tmp_path / "r").write_bytes(whole[:-1])
    replayed = lines(poll(backend=f"replay:{tmp_path}/r", polls=0, interval="100ms")).splitlines()
    each = 2 * len(parse.TOTALS)
    first, second = recorded[:each], recorded[each:]
    assert replayed == first + [line for line in second if "udp_socket" not in line]
    (tmp_path / "r").write_bytes(whole[:whole.index(b"\n") + 1])
    run = poll(backend=f"replay:{tmp_path}/r")
    assert run.status == 1 and "no poll" in run.log


def test_no_place_to_write(poll, tmp_path):
    run = poll(backend=f"record:{tmp_path}/not/there")
    assert run.status == 2 and "SOCKPUSH_BACKEND" in run.log and "No such file" in run.log


def test_a_file_that_is_there_stays_as_it_is(poll, run, tmp_path):
    (tmp_path / "r").write_text("precious")
    for there in ("r", "link"):
        (tmp_path / "link").is_symlink() or (tmp_path / "link").symlink_to("r")
        refused = poll(backend=f"record:{tmp_path}/{there}")
        assert refused.status == 2 and "File exists" in refused.log
    assert (tmp_path / "r").read_text() == "precious"
    assert run("--check", to="stdout:", backend=f"record:{tmp_path}/new").status == 0 and not (tmp_path / "new").exists()


def test_a_full_disk(namespace, tmp_path):
    """The recording ends there and is valid up to there. Counting goes on."""
    env = environment(ONE_POLL, dict(backend=f"record:{tmp_path}/r", polls=5, interval="100ms"))
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
    one = run_binary(env, preexec_fn=limit, restore_signals=False)      # Python ignores SIGXFSZ: writing fails
    assert one.status == 0 and one.log.count("recording ends here") == 1 and one.out.count("ip_version:4") == 5 * len(parse.TOTALS)
    replayed = run_binary(environment(ONE_POLL, dict(backend=f"replay:{tmp_path}/r", polls=0, interval="100ms")))
    assert replayed.status == 0 and len(parse.TOTALS) <= replayed.out.count("ip_version:4") < 5 * len(parse.TOTALS)


def test_why_a_backend_was_not_opened(poll, tmp_path):
    """The replay gives the same reason."""
    procfs.write(tmp_path / "proc", SOCKETS)
    recorded = poll(backend=f"record:{tmp_path}/r", proc=tmp_path / "proc")
    replayed = poll(backend=f"replay:{tmp_path}/r")
    assert all("netlink: Another network namespace" in one.log for one in (recorded, replayed))
