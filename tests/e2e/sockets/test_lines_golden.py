"""The lines of each format, byte for byte: tests/fixtures/lines has them as they were before there were formats without lines, with
fields that came later."""
import re
import sys

import pytest

import receivers
import streams
import wait
from program import ROOT
from recorded import RECORDED

GOLDEN = ROOT / "tests" / "fixtures" / "lines"
FORMATS = ["dogstatsd", "datadog", "statsd", "influx", "graphite", "table"]
RUN = {"self": "off", "queues": "auto", "host": "web 1", "prefix": "app", "pid": "off", "interval": "1s", "proc": RECORDED / "ten-states", "tags": "zone=é|x,empty,a b=c;d",
       "ports": '[{"ports":["5000","[fd99::1]:5002"],"tags":{"service":"a,b=c d"}},{"ports_match":["*:5001"]}]'}

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables are a little-endian machine's, whose mapped addresses are known only to such")


def without_times(text):
    """Puts T for the time of each line."""
    return re.sub(r" \d{10}(\d{9})?$", " T", text, flags=re.M)


@pytest.mark.parametrize("name", FORMATS)
def test_stdout(poll, name):
    one = poll(format=name, to="stdout:", **RUN)
    assert one.status == 0, one.log
    assert without_times(one.out) == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", ["dogstatsd", "statsd", "influx", "graphite"])
def test_tcp(poll, name):
    with streams.Aggregator() as aggregator:
        assert poll(to=f"{name}+tcp://127.0.0.1:{aggregator.port}", **RUN).status == 0
        assert wait.until(lambda: aggregator.ended)
        assert without_times(aggregator.text) == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", FORMATS[:-1])
def test_udp(poll, name):
    with receivers.udp() as receiver:
        assert poll(to=f"{name}+udp://127.0.0.1:{receiver.port}", mtu=600, **RUN).status == 0
        receiver.until(lambda text: without_times(text) == (GOLDEN / name).read_text())
