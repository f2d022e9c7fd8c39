"""Random answers of DNS are what dig makes of them, with the same query. The differences have names."""
import collections
import random
import re
import shutil
import socket
import struct
import subprocess
import threading

import pytest

import both

DIG = shutil.which("dig")
ANSWERS = 1000      # of a seed: 3 s
KINDS = {"A": 1, "AAAA": 28}
NAMES = ["agent.example", "a.b", "x-1.example.", "localhost.localdomain", "a" * 63 + ".example"]
MARK = {"A": "203.0.113.99", "AAAA": "2001:db8::99"}   # of the second answer, which dig reads if it waits on after the first one
NO_ADDRESS, NO_NAME, FAILED, TRUNCATED, NOT_OURS = -1, -2, -3, -4, -5


def name(text):
    return b"".join(struct.pack("B", len(label)) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"


def query(number, text, kind):
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + name(text) + struct.pack("!HH", KINDS[kind], 1)


def record(kind, owner, data):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def address(kind, text):
    return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, text)


def message(asked, flags, records, rest=b"", counts=(0, 0)):
    return asked[:2] + struct.pack("!HHHHH", flags, 1, len(records), *counts) + asked[12:] + b"".join(records) + rest


def answer(r, asked, kind):
    """Returns an answer, which may be odd."""
    records = []
    for _ in range(r.choice([0, 1, 1, 2, 5, 8])):
        owner = r.choice([b"\xc0\x0c"] * 5 + [name("other.example"), b"\1x\xc0\x0c"])
        good = record(KINDS[kind], owner, r.randbytes(4 if kind == "A" else 16))
        records.append(r.choice([good, good, record(5, owner, name("other.example")), record(1, owner, r.randbytes(4)), record(16, owner, b"\4text")]))
    flags = r.choice([0x8180] * 12 + [0x8182, 0x8183, 0x8185, 0x8380, 0x0180, 0x8580])
    made = message(asked, flags, records, *r.choice([(b"",)] * 3 + [(record(2, b"\xc0\x0c", name("ns.example")), (1, 0)), (b"xyz",)]))
    if r.random() < .1:
        made = r.randbytes(2) + made[2:]
    return both.mutate(r, made) if r.random() < .5 else made


class Server:
    """Sends to each query its answer, then the one with MARK."""

    def __init__(self, cases):
        self._left, self.wrong = {asked: first for asked, first, _ in cases}, []
        self._kinds = {asked: kind for asked, _, kind in cases}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            asked, peer = self._socket.recvfrom(4096)
            if not asked:
                return
            kind = self._kinds.get(asked)
            if not kind:
                self.wrong.append(asked)
                continue
            for one in (self._left.pop(asked, None), message(asked, 0x8180, [record(KINDS[kind], b"\xc0\x0c", address(kind, MARK[kind]))])):
                if one:
                    self._socket.sendto(one, peer)

    def close(self):
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


def ask(cases, words):
    """Returns what dig prints for each case."""
    server = Server(cases)
    options = f"@127.0.0.1 -p {server.port} +noedns +noadflag +nocookie +ignore +tries=1 +time=20 +nosearch +noall +cmd +comments +answer -f -"
    try:
        done = subprocess.run([DIG, *options.split()], input="".join(one + "\n" for one in words), capture_output=True, text=True, errors="replace",
                              env={"HOME": "/nonexistent"}, timeout=300)
    finally:
        server.close()
    assert done.returncode == 0 and not server.wrong, f"dig's query is not ours: {server.wrong} {done.stderr}"
    return read(done.stdout)


def read(text):
    """Returns {id: (text, whether a part of the message was malformed)}. A message of which dig can read nothing is absent."""
    found, malformed, number = {}, False, None
    for line in text.splitlines():
        if "Message parser reports malformed" in line or "Got bad packet" in line:
            malformed = "malformed" in line
        elif "->>HEADER<<-" in line:
            number = int(line.split()[-1])
            found[number], malformed = ([], malformed), False
        if number is not None:
            found[number][0].append(line)
    return {number: ("\n".join(lines), malformed) for number, (lines, malformed) in found.items()}


def of_dig(text, kind):
    """Returns the result and the addresses in dig's words."""
    got = re.findall(rf"^\S+\s+\d+\s+IN\s+{kind}\s+(\S+)$", text, re.M)
    status = re.search(r"status: (\w+)", text)[1]
    if MARK[kind] in got:
        return NOT_OURS, []
    if re.search(r"flags:[a-z ]* tc", text):
        return TRUNCATED, []
    if status != "NOERROR":
        return NO_NAME if status == "NXDOMAIN" else FAILED, []
    return (len(got), got) if got else (NO_ADDRESS, [])


def difference(ours, block, kind, data):
    """Returns "" if both read the same, the name of a difference that may be, or None."""
    text, malformed = block or ("", True)
    if not text or malformed:
        return "dig looks at all of the message, and finds it malformed"
    result, addresses = of_dig(text, kind)
    if (ours["result"], ours["addresses"]) == (result, addresses):
        return ""
    if ours["result"] == NOT_OURS and not data[2] & 0x80:
        return "a query is not an answer"
    if ours["result"] == NOT_OURS and data[4:6] != b"\0\1":
        return "an answer has one question"
    return None


@pytest.mark.skipif(not DIG, reason="dig is not installed")
@pytest.mark.parametrize("seed", both.SEEDS)
def test_same_as_dig(seed):
    r = random.Random(seed)
    cases, words = [], []
    for number in range(ANSWERS):
        kind, text = r.choice(list(KINDS)), r.choice(NAMES)
        asked = query(number, text, kind)
        cases.append((asked, answer(r, asked, kind), kind))
        words.append(f"-q {text} -t {kind} +qid={number}")
    names = collections.Counter()
    found = ask(cases, words)
    for number, ((asked, data, kind), ours) in enumerate(zip(cases, both.ours("dns", [one[:2] for one in cases]))):
        name = difference(ours, found.get(number), kind, data)
        assert name is not None, f"seed {seed}: {data}\nours {ours}\n{found.get(number)}"
        names[name] += 1
    assert names[""] > ANSWERS / 2, names
    print(dict(names))
