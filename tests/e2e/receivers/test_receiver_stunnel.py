"""VictoriaMetrics after stunnel, which ends TLS: the example of docs/receivers.md."""
import pytest

import servers
from test_receiver_victoriametrics import pushed
from tls_pki import pki         # a fixture

pytestmark = pytest.mark.windows


@pytest.fixture(scope="module")
def victoria(serve, pki):
    one = serve(servers.VictoriaMetrics)
    serve(servers.Stunnel, pki.chains[3])
    return one


@pytest.mark.parametrize("kind,port,join,unit", [("influx", 6514, "_", 10**6), ("graphite", 6515, ".", 10**9)])
def test_stored(victoria, push, pki, kind, port, join, unit):
    points = push(f"{kind}+tls://localhost:{port}", prefix=kind, tls_ca=pki.ca)
    victoria.settles(lambda: victoria.stored(f"{kind}."), pushed(points, join, lambda point: point.time // unit * unit // 10**6))


@pytest.mark.parametrize("kind,port,join,unit", [("influx", 8089, "_", 10**6), ("graphite", 2003, ".", 10**9)])
def test_without_stunnel(victoria, push, kind, port, join, unit):
    """The same by TCP without TLS."""
    points = push(f"{kind}+tcp://localhost:{port}", prefix=f"tcp{kind}")
    victoria.settles(lambda: victoria.stored(f"tcp{kind}."), pushed(points, join, lambda point: point.time // unit * unit // 10**6))
