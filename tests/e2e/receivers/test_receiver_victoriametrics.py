"""VictoriaMetrics' listeners for line protocol and for Graphite, by UDP."""
import json
import pathlib
import re
import socket
import time

import pytest

import servers

pytestmark = pytest.mark.windows


@pytest.fixture(scope="module")
def victoria(serve):
    return serve(servers.VictoriaMetrics)


def pushed(points, join, time_ms):
    return {(point.measurement + join + field, point.tags): [(time_ms(point), value)]
            for point in points for field, value in point.fields.items()}


def test_influx(victoria, push):
    """Each field has a series, named by measurement and field. Times have milliseconds."""
    expected = pushed(push("influx+udp://127.0.0.1", prefix="one", tags="zone=b"), "_", lambda point: point.time // 10**6)
    [[_, established]] = expected["one.netstat_port_tcp_established", (("addr_port", "8080"), ("host", "web1.example"), ("ip_version", "4"), ("zone", "b"))]
    assert established == 3
    victoria.settles(lambda: victoria.stored("one."), expected)


def test_influx_odd_tags(victoria, push):
    ports = json.dumps([{"ports": ["8080"], "tags": {"a b": "c,d", "e=f": 'g"h', "i": "\u00fc \u2603", "time": "noon", "j,k": "l\\"}}])
    expected = pushed(push("influx+udp://127.0.0.1", prefix="two", ports=ports), "_", lambda point: point.time // 10**6)
    victoria.settles(lambda: victoria.stored("two."), expected)


def test_graphite(victoria, push):
    """Times have seconds."""
    expected = pushed(push("graphite+udp://127.0.0.1", prefix="three", tags="zone=b"), ".", lambda point: point.time // 10**9 * 1000)
    [[_, established]] = expected["three.netstat_port.tcp_established", (("addr_port", "8080"), ("host", "web1.example"), ("ip_version", "4"), ("zone", "b"))]
    assert established == 3
    victoria.settles(lambda: victoria.stored("three."), expected)


def test_time_left_to_the_receiver(victoria):
    """The time is -1, which means the receiver's time. The test sends it, because a clock is hard to take away."""
    before = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"four.netstat.tcp_established;host=a 12 -1\n", ("127.0.0.1", 2003))
    [[at, value]] = victoria.until(lambda: victoria.stored("four.")).popitem()[1]
    assert before - 2 < at / 1000 < time.time() + 2 and value == 12


METRICS = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text()


def test_the_alerts_of_the_docs(victoria, start, listen, keep):
    """The alerts stay silent while all is well. Then nobody listens, more and more connections wait to be closed or accepted, local ports run out,
    and lines are dropped."""
    for name, text in (("ip_local_port_range", "20000 21999"), ("tcp_tw_reuse", "0")):
        pathlib.Path("/proc/sys/net/ipv4", name).write_text(text)
    alerts = [alert.replace("10m", "5s") for alert in re.findall(r"\| `([^`]+ (?:==|>) \d+)` \|$", METRICS, re.M)]
    assert len(alerts) == 6
    firing = lambda: [alert for alert in alerts if victoria.query(alert)]
    listener, full = listen("127.0.0.1", 443), keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    quiet = start(to="influx+udp://127.0.0.1", ports="443,>443", interval="1s", kernel="on", queues="auto")
    for series in ("netstat_port_tcp_listen{addr_port='443',ip_version='4'}", "netstat_kernel_listen_overflows"):
        victoria.until(lambda: victoria.query(f"count_over_time({series}[1m]) > 3"))
    assert not firing()
    quiet.end()

    def overflow():
        client = keep(socket.socket())
        client.setblocking(False)
        client.connect_ex(full.getsockname())

    def forget():
        peer = socket.create_connection(listener.getsockname())
        keep(listener.accept()[0])
        peer.close()

    for _ in range(25):
        forget()
    with listen("127.0.0.2", 443) as other:
        for _ in range(1700):
            with socket.create_connection(other.getsockname()):
                end = other.accept()[0]     # in TIME_WAIT here, because it is closed later there
            end.close()
    start(to="influx+udp://127.0.0.1,unixgram:///nowhere", ports="443,>443", interval="1s", kernel="on", queues="auto")
    seen = set()
    for _ in range(60):
        seen.update(firing())
        if alerts[1] in seen:
            break
        forget()
        overflow()
        time.sleep(0.5)
    listener.close()
    keep(socket.create_server(("127.0.0.1", 444), backlog=0))
    keep(socket.create_connection(("127.0.0.1", 444)))
    victoria.until(lambda: seen.update(firing()) or seen == set(alerts))
