"""Gives the same answers to sockpush's reader (answers.c) and to another program's. They are random by seed: SOCKPUSH_TEST_SEEDS=100 tries
more of them."""
import json
import os
import subprocess

import pytest

from program import ROOT

SEEDS = range(int(os.environ.get("SOCKPUSH_TEST_SEEDS", "1")))
READER = ROOT / "build" / "asan" / "answers"


def read(command, cases):
    """Returns what the program makes of each case, which is a list of pieces."""
    lines = "".join(" ".join(piece.hex() for piece in case if piece) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(cases)
    return found


def ours(what, cases):
    if not READER.exists():
        pytest.skip("build/asan/answers is not built; `make e2e` does")
    return read([READER, what], cases)


def mutate(random, data):
    """Returns the bytes with up to three of them or of their runs changed, doubled or removed."""
    data = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.randint(1, 4))
        data[at:end] = random.choice([b"", bytes(data[at:end]) * 2, bytes([random.randrange(256)]), random.randbytes(2)])
    return bytes(data)


def cut(random, data):
    """Returns the bytes in pieces."""
    ends = sorted(random.randrange(len(data) + 1) for _ in range(random.randint(0, 4)))
    return [piece for piece in (data[start:end] for start, end in zip([0, *ends], [*ends, len(data)])) if piece] or [b"\n"]
