"""Procfs tables that are cut, empty, missing, closed or growing give a counted error, never a wrong count."""
import threading

import pytest

import parse
import procfs
from procfs import Socket

LISTENERS = [Socket(f"10.0.0.1:{80 + i}", inode=100 + i) for i in range(5)]


def backend_series(run):
    """Returns the fields of sockpush's series about the procfs backend."""
    return next(fields for (name, tags), fields in run.series.items() if name == "sockpush")


def test_missing(tmp_path, poll):
    run = poll(proc=tmp_path)
    assert run.status == 1 and run.out == "" and str(tmp_path) in run.log


def test_missing_tcp(tmp_path, poll):
    """TCP cannot be read, UDP can: no zeros of TCP are pushed as if they were counts."""
    run = poll(proc=procfs.write(tmp_path, [Socket("10.0.0.1:53", "udp_socket")], tables=("tcp6", "udp", "udp6")))
    assert run.status == 1 or "tcp_listen" not in run.out
    assert "tcp" in run.log


def test_not_a_file(tmp_path, poll):
    root = procfs.write(tmp_path, LISTENERS, tables=("tcp6", "udp", "udp6"))
    (root / "1" / "net" / "tcp").mkdir()
    run = poll(proc=root)
    assert run.status == 1 or "tcp_listen" not in run.out
    assert "tcp" in run.log


def test_unreadable(tmp_path, open_binary):
    root = procfs.write(tmp_path, LISTENERS)
    for folder in (root, *root.parents):
        if folder.owner() == "root" and folder != folder.parent and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    (root / "1" / "net" / "tcp").chmod(0)
    run = open_binary(user=65534, proc=root)
    assert run.status == 1 or "tcp_listen" not in run.out
    assert "permission denied" in run.log.lower()


@pytest.mark.parametrize("text", [b"", b"\n", b"  sl\n", b"garbage\n" * 10, b"\0" * 5000, b"\xff" * 5000, b"x" * 1_000_000])
def test_not_a_table(tmp_path, poll, text):
    root = procfs.write(tmp_path, LISTENERS)
    (root / "1" / "net" / "tcp").write_bytes(text)
    run = poll(proc=root, self="on")
    assert run.status in (0, 1)
    if run.status == 0:
        assert backend_series(run)["partial_polls"] + backend_series(run)["poll_errors"] == 1
        assert all(not parse.nonzero(fields) for fields in run.totals.values())


def cuts():
    whole = len(procfs.table("tcp", LISTENERS))
    return sorted({*range(150, 301, 7), *range(whole - 150, whole, 7), 149, 299, 300, 301, whole - 1})


@pytest.mark.parametrize("length", cuts())
def test_cut(tmp_path, poll, length):
    """The rows before the cut count. The cut row is reported as missing."""
    root = procfs.write(tmp_path, LISTENERS)
    text = procfs.table("tcp", LISTENERS)[:length]
    (root / "1" / "net" / "tcp").write_text(text)
    run = poll(proc=root, self="on")
    if run.status == 1:
        return
    whole = max(text.count("\n") - 1, 0)
    counted = run.totals[4].get("tcp_listen")
    if counted is None:
        assert backend_series(run)["poll_errors"] == 1
        return
    if text.endswith("\n"):
        assert counted == whole
    else:
        complete = len(text.rsplit("\n", 1)[1].split()) >= 10       # has all columns up to the inode, so it may be counted
        assert counted == whole or complete and counted == whole + 1
        assert counted == whole + 1 or backend_series(run)["partial_polls"] + backend_series(run)["poll_errors"] == 1


@pytest.mark.parametrize("row", [
    "   1: 0100000A:0050 00000000:0000", "   1: 0100000A:0050 00000000:0000 0A", "   1: 0100000A 00000000 0A", "garbage", "",
    "   1: 0100000A0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1",
    "   1: 0100000A:00500 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1",
    "   1: G100000A:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1",
    "   1: " + "0" * 100_000, " " * 100_000])
def test_bad_row_among_good_ones(tmp_path, poll, row):
    root = procfs.write(tmp_path, LISTENERS)
    with open(root / "1" / "net" / "tcp", "a") as table:
        table.write(row + "\n" + procfs.row(6, Socket("10.0.0.1:90")))
    run = poll(proc=root, self="on")
    assert run.status in (0, 1)
    if run.status == 0:
        counted = run.totals[4].get("tcp_listen")
        assert counted in (None, 5, 6)
        assert counted == 6 or backend_series(run)["partial_polls"] + backend_series(run)["poll_errors"] == 1


def test_growing_while_read(tmp_path, start):
    """Rows are added all the while. Each poll has a number that was true at some moment during it."""
    root = procfs.write(tmp_path, LISTENERS)
    program = start(proc=root)
    rows = "".join(procfs.row(i, Socket("10.0.0.1:90")) for i in range(50))
    written, enough = [0], threading.Event()

    def grow():
        with open(root / "1" / "net" / "tcp", "a", buffering=1) as table:
            while not enough.wait(0.002):
                table.write(rows)
                written[0] += 50

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        program.until(lambda: len(program.influx_polls()) >= 10)
    finally:
        enough.set()
        writer.join()
    counts = [parse.totals(one)[4]["tcp_listen"] for one in program.influx_polls() if 4 in parse.totals(one)]
    assert counts == sorted(counts) and counts[0] >= 5 and counts[-1] <= 5 + written[0]


def test_gone_and_back(tmp_path, start):
    """A poll that could not be read pushes no points. The log reports begin and end once."""
    root = procfs.write(tmp_path, LISTENERS)
    net, away = root / "1" / "net", root / "away"
    program = start(proc=root, interval="100ms")
    polls = lambda: parse.by_poll(parse.influx(program.out))
    program.until(lambda: len(polls()) >= 3)
    net.rename(away)
    errors = lambda: [line for line in program.log.splitlines() if " error " in line or " warn " in line]
    program.until(errors)
    away.rename(net)
    own_errors = lambda: [point.fields["poll_errors"] for point in parse.influx(program.out) if point.measurement == "sockpush"]
    program.until(lambda: len(own_errors()) > 3 and own_errors()[-1] > 0 and parse.totals(program.influx_polls()[-1]))
    totals = [parse.totals(one) for one in program.influx_polls()]
    assert all(one[4]["tcp_listen"] == 5 for one in totals if one), "no zeros for a poll that could not be read"
    assert len(errors()) == 1, program.log
    assert program.end() == 0


def test_large(tmp_path, poll):
    """The table has more rows than fit into any buffer."""
    sockets = [Socket(f"10.0.{i // 250}.{i % 250}:80", "tcp_established", "10.9.9.9:5000") for i in range(20_000)]
    assert poll(proc=procfs.write(tmp_path, sockets)).totals[4]["tcp_established"] == 20_000
