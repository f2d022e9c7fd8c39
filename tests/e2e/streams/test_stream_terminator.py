"""VictoriaMetrics after a TLS terminator that is killed while packets are lost: in the end it has exactly the polled values.
SOCKPUSH_TEST_SLOW=1 kills it 50 times."""
import chaos
import servers
from chaos import crowd, report, survive, victoria      # fixtures
from tls_pki import pki                                 # fixtures


def test_terminator_is_killed(victoria, crowd, survive, keep, pki, tmp_path, report):
    """The terminator had acknowledged lines that VictoriaMetrics never saw."""
    stunnel = keep(chaos.Mortal(servers.Stunnel, tmp_path / "stunnel", pki.chains[3]))
    harm = lambda chance, n: stunnel.restart(crowd, chance)
    program = survive("influx+tls://localhost:6514", 6514, harm, 1, tls_ca=pki.ca)
    found = chaos.check_all(victoria, program, report)
    assert max(found.values()) > 1, "no connection was broken"
