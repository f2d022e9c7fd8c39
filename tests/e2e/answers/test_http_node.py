"""Random answers are what Node's client makes of them. The differences have names, and none keeps a connection that Node would not."""
import collections
import random
import re
import shutil

import pytest

import both
from servers import CONF

NODE = shutil.which("node")
ANSWERS = 2000      # of a seed: 2 s


def status_line(r):
    version = r.choice([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0"])
    status = r.choice([b"200", b"204", b"400", b"429", b"503", b"304", b"%d" % r.randint(200, 599)])
    return version + b" " + status + r.choice([b" OK", b"", b" ", b" Too Many Requests"])


def chunked(r, body):
    parts, at = [], 0
    while at < len(body):
        n = r.randint(1, len(body) - at)
        size = (b"%x" if r.random() < .7 else b"%X") % n
        parts += [r.choice([b"", b"", b"0"]) + size + r.choice([b"", b"", b";a=b", b";x"]), body[at:at + n]]
        at += n
    parts += [b"0", *r.choice([[], [], [b"X-Trailer: 1"]]), b""]
    return b"".join(part + b"\r\n" for part in parts)


def answer(r):
    body = r.randbytes(r.randint(1, 200)) if r.random() < .8 else b""
    head, after = [status_line(r)], body
    how = r.choice(["length", "length", "chunked", "end", "both", "twice"])
    if how in ("length", "both", "twice"):
        head.append(r.choice([b"Content-Length: %d", b"content-length:%d", b"Content-Length:  %d "]) % len(body))
    if how == "twice":
        head.append(b"Content-Length: %d" % r.choice([len(body), len(body) + 1]))
    if how in ("chunked", "both"):
        head.append(b"Transfer-Encoding: " + r.choice([b"chunked", b"Chunked", b"gzip, chunked", b"identity", b"chunked"]))
        after = chunked(r, body)
    head += r.sample([b"Connection: close", b"Connection: keep-alive", b"Connection: Keep-Alive, x", b"Retry-After: 5", b"X-Empty:", b"X-Odd : 1",
                      b"X-Long: a\r\n b", b"Date: Sun, 06 Nov 1994 08:49:37 GMT"], r.choice([0, 0, 1, 2]))
    interim = r.choice([b""] * 9 + [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    whole = interim + b"".join(line + b"\r\n" for line in head) + b"\r\n" + after
    return whole[:r.randrange(1, len(whole) + 1)] if r.random() < .1 else whole


HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:")
LENGTH, CODING = re.compile(rb"(?i)content-length:\s*(\d+)\s*$"), re.compile(rb"(?i)transfer-encoding:")


def plain(data):
    """Returns the answer without what Node refuses in a head though it means nothing: headers that are none, the same length again, the
    lengths of a 304, the reason."""
    head, end, body = re.split(rb"(\r?\n\r?\n)", data, maxsplit=1) if re.search(rb"\r?\n\r?\n", data) else (data, b"", b"")
    status, *headers = re.split(rb"\r?\n", head)
    status = re.sub(rb"^(HTTP/1..)[ \t]+(...).*", rb"\1 \2 x", status, flags=re.S)
    lines, lengths, folded = [status], [], False
    for line in headers:
        length = LENGTH.match(line)
        folded = line[:1] in (b" ", b"\t") and folded or not HEADER.match(line)
        again = length and length[1] in lengths
        lengths += [length[1]] if length else []
        if not folded and not again and not (b" 304" in status and (length or CODING.match(line))):
            lines.append(line)
    return b"\r\n".join(lines) + (end and b"\r\n\r\n") + (plain(body) if re.match(rb"HTTP/1.. 1", status) and body else body)


def agree(one, other):
    return all(one[key] == other[key] for key in ("status", "keeps", "body"))


def difference(ours, strict, lenient, data):
    """Returns "" if both read the same, the name of a difference that may be, or None."""
    if agree(ours, strict):
        return ""
    if not ours["status"] and (b"HTTP/2.0" in data or strict["status"] == 101 or 0 < strict["status"] < 100):
        return "HTTP/2.0, 101 and 099 are no answers"
    if not ours["status"] and re.search(rb"(^|\n\r?\n)\r?\nHTTP/", data):
        return "an answer does not begin with an empty line"
    if ours["keeps"] and agree(ours, lenient):
        return "lenient"
    if ours["keeps"] and CODING.search(data) and ours["status"] == strict["status"] and ours["body"].startswith(strict["body"]) and strict["wrong"]:
        return "chunks' extensions and trailers are not read"
    if ours["keeps"]:
        return None
    if any(node["status"] not in (0, ours["status"]) for node in (strict, lenient)):
        return None
    return "in doubt: the status is the verdict, and the connection ends"


def compare(cases):
    """Returns the names of the differences, and the cases with one that has none."""
    nodes = both.read([NODE, CONF / "answers.js"], cases)
    found = [(difference(ours, node["strict"], node["lenient"], b"".join(case)), case, ours, node)
             for case, ours, node in zip(cases, both.ours("http", cases), nodes)]
    return collections.Counter(one[0] for one in found), [one for one in found if one[0] is None]


@pytest.mark.skipif(not NODE, reason="node is not installed")
@pytest.mark.parametrize("seed", both.SEEDS)
def test_same_as_node(seed):
    r = random.Random(seed)
    whole = [answer(r) for _ in range(ANSWERS)]
    whole = [both.mutate(r, data) if r.random() < .4 else data for data in whole]
    names, odd = compare([both.cut(r, data) for data in whole])
    plainer, wrong = compare([[plain(b"".join(case))] for _, case, _, _ in odd])
    assert not wrong, f"seed {seed}: {wrong[0]}"
    assert names[""] > ANSWERS / 3, names
    print("whole:", dict(names), "plain:", dict(plainer))
