"""VictoriaMetrics behind a TLS terminator that is killed while packets are lost: in the end it has exactly what was polled.
SOCKPUSH_TEST_SLOW=1: 50 times."""
import chaos
import servers
from chaos import crowd, survive, tell, victoria        # fixtures
from tls_pki import pki                                 # likewise


def test_terminator_is_killed(victoria, crowd, survive, keep, pki, tmp_path, tell):
    """It had acknowledged what VictoriaMetrics never saw."""
    stunnel = keep(chaos.Mortal(servers.Stunnel, tmp_path / "stunnel", pki.chains[3]))
    harm = lambda chance, n: stunnel.restart(crowd, chance)
    program = survive("influx+tls://localhost:6514", 6514, harm, 1, tls_ca=pki.ca)
    found = chaos.check_all(victoria, program, tell)
    assert max(found.values()) > 1, "no connection was broken"
