"""What the program reports about itself: the forms of the log."""
import json
import re

import pytest

import parse
from program import ONE_POLL, environment, run_binary

ODD = b'a="\xff\xc3\xa9\x1b[31m\\", b=\n'


# --- the log

def noisy(**more):
    """Returns the log of a run whose receivers are bad, and whose values are odd."""
    return run_binary(environment(ONE_POLL, {"to": "udp://127.0.0.1:9,unix:///no/such/socket", "tags": ODD, "host": b"\xf0\x9f\x98\x80\xed\xa0\x80",
                                             "log_level": "debug", "intervall": b"\x80", **more})).log


def bad(**more):
    return run_binary(environment({}, {"to": b'x"\xff\n', "mtu": "1", "ports": "\x1f\\", "tags": ODD, "log_level": "info", **more})).log


@pytest.mark.parametrize("made", [noisy, bad])
def test_json_is_parsed(made):
    """Each line is an object, whatever strangers chose, and says what the same line of logfmt says."""
    lines = [json.loads(line) for line in made(log="json").splitlines()]
    assert {"warn"} < {line["level"] for line in lines} and all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"]) for line in lines)
    assert all(list(line)[:2] == ["time", "level"] and list(line)[-1] == "msg" and len(line) <= 4 for line in lines)
    unescaped = lambda pairs: {key: re.sub(r'\\(["\\])', r"\1", value) for key, value in pairs.items()}
    plain = [(level, unescaped(pairs)) for level, pairs in parse.log(made())]
    same = lambda found: sorted((level, pairs.get("variable", pairs.get("output", "")), re.sub(r"\d+", "0", pairs["msg"])) for level, pairs in found)
    if made is bad:         # nothing in it depends on time
        assert same([(line["level"], line) for line in lines]) == same(plain)


@pytest.mark.parametrize("made", [noisy, bad])
def test_priorities_are_those_of_the_levels(made):
    assert {"warn"} < {level for level, _ in parse.journal(made(log="systemd"))}


def test_a_bad_form_is_reported_in_the_default():
    assert [pairs["variable"] for level, pairs in parse.log(bad(log="xml")) if level == "error"][0] == "SOCKPUSH_LOG"
