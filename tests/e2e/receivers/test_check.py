"""No receiver finds a bad line in --check's empty datagram, or reports it as an error."""
import re

import pytest

import servers

VICTORIA = servers.VictoriaMetrics


def check_complaints(server, before):
    """What a server says of its own start may come later than its socket."""
    new = server.log.removeprefix(before)
    assert not re.search("(?i)error|invalid|malformed|bad|warn|fail|unable|unknown|unsupported", new), new


@pytest.mark.parametrize("kind,to", [(servers.Etsy, "statsd+udp://127.0.0.1"), (servers.Collectd, "statsd+udp://127.0.0.1"), (servers.Netdata, "statsd+udp://127.0.0.1"),
                                     (servers.InfluxDB, "influx+udp://127.0.0.1"), (VICTORIA, "influx+udp://127.0.0.1"), (VICTORIA, "graphite+udp://127.0.0.1"),
                                     (servers.Carbon, "graphite+udp://127.0.0.1")])
def test_nothing_is_wrong_with_it(namespace, keep, tmp_path, run, kind, to):
    server = keep(kind(tmp_path))
    before = server.log
    checked = run("--check", to=to)
    assert checked.status == 0 and ": unknown at 127.0.0.1:" in checked.out, checked.out + checked.log
    if kind is servers.Etsy:        # etsy's statsd counts packets
        total = lambda name: sum(flush["counters"][f"statsd.{name}"] for flush in server.flushes())
        server.settles(lambda: total("packets_received"), 1)
        assert total("bad_lines_seen") == total("metrics_received") == 0
    elif kind is VICTORIA:
        metrics = lambda: servers.get(8428, "/metrics")
        server.until(lambda: re.search(r'^vm_ingestserver_requests_total\{.*net="udp"\} 1$', metrics(), re.M))
        assert not re.search(r'^vm_(ingestserver_request_errors|rows_invalid|protoparser_read_errors).* [1-9]\d*$', metrics(), re.M)
        check_complaints(server, before)
    else:
        check_complaints(server, before)
