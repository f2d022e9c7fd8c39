"""VictoriaMetrics is killed and stopped while packets are lost: in the end it has exactly the polled values. SOCKPUSH_TEST_SLOW=1 kills it
50 times."""
import signal

import pytest

import chaos
from chaos import crowd, report, survive, victoria      # fixtures


def test_aggregator_is_killed(victoria, crowd, survive, report):
    """Values not yet on its disk are gone, up to 11 s of them, and those not yet read while it was stopped."""
    def harm(chance, n):
        if n % 2:
            victoria.stop()
            crowd.stir(chance.random())
        if n % 4 == 3:
            victoria.go_on()
        else:
            victoria.restart(crowd, chance, signal.SIGTERM if n % 4 == 2 else signal.SIGKILL)

    program = survive("influx+tcp://127.0.0.1:8089", 8089, harm, 2, replay="30s")
    found = chaos.check_all(victoria, program, report)
    assert max(found.values()) > 1, "nothing was sent again that it had on disk"


@pytest.mark.skipif(not chaos.SLOW, reason="TCP takes 20 s to notice: set SOCKPUSH_TEST_SLOW=1")
def test_power_cut(victoria, crowd, start, report):
    """The aggregator's machine falls silent, and comes back without what was not on its disk."""
    program = start(to="influx+tcp://127.0.0.1:8089,stdout:", ports="443,8080", buffer="8MiB", self="off")
    crowd.stir(4)
    if why := chaos.lose_packets(100, 8089):
        pytest.skip(why)
    victoria.kill()
    crowd.stir(chaos.DEADLINE, lambda: "retrying" in program.log)
    victoria.start()
    chaos.lose_packets(0)
    crowd.stir(chaos.DEADLINE, lambda: chaos.connected(8089))
    crowd.stir(1)
    assert program.end() == 0, program.log
    chaos.check_all(victoria, program, report, 1)
