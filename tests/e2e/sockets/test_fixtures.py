"""Recorded tables of real kernels give the counts at the time of the recording. CLOSE is seen only this way."""
import pytest

import census
import parse
import procfs
from recorded import RECORDED, TEN_STATES


def test_ten_states(poll):
    totals = poll(proc=RECORDED / "ten-states").totals
    assert {version: parse.nonzero(fields) for version, fields in totals.items()} == TEN_STATES


def test_the_writer_prints_what_the_kernel_prints():
    """The other tests rely on procfs.py: its rows have the columns and widths of recorded ones."""
    net = RECORDED / "ten-states" / "1" / "net"
    for name in procfs.TABLES:
        caption, *recorded = (net / name).read_text().splitlines()
        version6 = name.endswith("6")
        local = "[fd99::1]:5002" if version6 else "10.99.0.1:5000"
        field = "udp_socket" if name.startswith("udp") else "tcp_listen"
        written = procfs.table(name, [procfs.Socket(local, field, inode=225696)]).splitlines()
        assert written[0] == caption
        model = next(line for line in recorded if line.split()[3] in ("0A", "07"))
        assert len(written[1].split()) == len(model.split())
        if not version6:
            assert len(written[1]) == len(model)
        if field == "tcp_listen":
            assert any(line.split()[1] == written[1].split()[1] for line in recorded), "the address is printed otherwise"


@pytest.mark.parametrize("number,field", [*census.STATES.items(), (0x0D, "tcp_none"), (0x00, "tcp_none"), (0xFF, "tcp_none")])
def test_each_state(tmp_path, poll, number, field):
    """One socket has each of the eleven states, CLOSE among them. A number that no kernel prints is tcp_none."""
    sockets = [procfs.Socket("10.0.0.1:80", number)] * 3 + [procfs.Socket("[2001:db8::1]:80", number)]
    totals = poll(proc=procfs.write(tmp_path, sockets)).totals
    assert parse.nonzero(totals[4]) == {field: 3}
    assert parse.nonzero(totals[6]) == {field: 1}


def test_mapped_is_ip_version_4(tmp_path, poll):
    sockets = [procfs.Socket("[::ffff:10.0.0.1]:80", "tcp_established", "[::ffff:10.0.0.2]:5000"),
               procfs.Socket("[::ffff:10.0.0.1]:53", "udp_socket")]
    totals = poll(proc=procfs.write(tmp_path, sockets)).totals
    assert parse.nonzero(totals[4]) == {"tcp_established": 1, "udp_socket": 1}
    assert parse.nonzero(totals[6]) == {}


def test_kernel_without_ipv6(tmp_path, poll):
    """A kernel without IPv6 causes no error, and no series of zeros."""
    run = poll(proc=procfs.write(tmp_path, [procfs.Socket("10.0.0.1:80")], tables=("tcp", "udp")), ports="80")
    assert set(run.totals) == {4}
    assert set(run.ports) == {("80", 4)}
    assert "error" not in run.log


def test_net_of_the_readers_own_namespace_is_not_read(tmp_path, poll):
    """<root>/net links to the reader's own namespace; <root>/1/net is the host's."""
    root = procfs.write(tmp_path / "host", [procfs.Socket("10.0.0.1:80")])
    other = procfs.write(tmp_path / "own", [procfs.Socket("10.0.0.1:80")] * 5)
    (root / "net").symlink_to(other / "1" / "net")
    assert poll(proc=root).totals[4]["tcp_listen"] == 1


def test_host_proc_names_the_root_too(tmp_path, poll):
    root = procfs.write(tmp_path, [procfs.Socket("10.0.0.1:80")] * 4)
    assert poll(HOST_PROC=root).totals[4]["tcp_listen"] == 4
    other = procfs.write(tmp_path / "other", [procfs.Socket("10.0.0.1:80")])
    assert poll(HOST_PROC=root, proc=other).totals[4]["tcp_listen"] == 1
