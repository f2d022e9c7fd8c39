"""OTLP in a real receiver, VictoriaMetrics 1.112, which is restarted, and to which series end. SOCKPUSH_TEST_SLOW=1 restarts it 50 times."""
import pytest

import chaos
import servers
import wait
from chaos import crowd, report, restarted          # fixtures

PATH = "/opentelemetry/v1/metrics"


def test_restarted(restarted, report):
    """All that VictoriaMetrics acknowledged before a SIGTERM is on its disk. It keeps duplicates, which must be only posts that were repeated
    because an answer was lost."""
    server, points, posts, again = restarted(servers.VictoriaMetricsOtlp, 8428, "otlp+http", PATH)
    found = chaos.check(server, chaos.samples(points, "."))
    for (at, _, labels, _), n in found.items():
        assert n <= (sum(at * 10**6 in post.times for post in posts) if at * 10**6 in again else 1), (at, labels, n)
    report(f"{len(found)} values stored, {sum(n > 1 for n in found.values())} of them more than once")


@pytest.mark.skipif(not chaos.SLOW, reason="a series ends after a minute: SOCKPUSH_TEST_SLOW=1")
def test_a_series_that_ends_is_stale(start, namespace, keep, tmp_path, listen):
    """The point without a value ends it. Without, VictoriaMetrics would show the last value for some intervals more."""
    server = keep(servers.VictoriaMetricsOtlp(tmp_path))
    value = lambda: server.query('{__name__="netstat_port.tcp_listen",addr_port="127.0.0.1:8080"}')
    listener = listen("127.0.0.1", 8080)
    start(to=f"otlp+http://127.0.0.1:8428{PATH}", ports="*:8080", interval="1s")
    server.until(lambda: value() == [1])
    listener.close()
    server.until(lambda: value() == [0])
    assert wait.until(lambda: value() == [], 90)
    assert server.query('{__name__="netstat.tcp_listen"}')      # others go on
