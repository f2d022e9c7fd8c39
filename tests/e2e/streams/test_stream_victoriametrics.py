"""VictoriaMetrics, killed and stopped while packets are lost: in the end it has exactly what was polled.
SOCKPUSH_TEST_SLOW=1: 50 times."""
import signal

import pytest

import chaos
from chaos import crowd, survive, tell, victoria        # fixtures


def test_aggregator_is_killed(victoria, crowd, survive, tell):
    """What it had not yet written to its disk is gone, up to 11 s of it; and what it had not read, while it was stopped."""
    def harm(chance, n):
        if n % 2:
            victoria.stop()
            crowd.stir(chance.random())
        if n % 4 == 3:
            victoria.go_on()
        else:
            victoria.restart(crowd, chance, signal.SIGTERM if n % 4 == 2 else signal.SIGKILL)

    program = survive("influx+tcp://127.0.0.1:8089", 8089, harm, 2, replay="30s")
    found = chaos.check_all(victoria, program, tell)
    assert max(found.values()) > 1, "nothing was sent again that had been written"


@pytest.mark.skipif(not chaos.SLOW, reason="TCP takes 20 s to notice: set SOCKPUSH_TEST_SLOW=1")
def test_power_cut(victoria, crowd, start, tell):
    """The aggregator's machine falls silent, and comes back without what it had not yet written."""
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
    chaos.check_all(victoria, program, tell, 1)
