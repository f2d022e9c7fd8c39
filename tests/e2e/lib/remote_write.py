"""Decodes Prometheus remote write 1.0, and asserts what its receivers demand."""
import math
import re
import struct

STALE = 0x7FF0000000000002      # the value that ends a series


def _varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """Yields (number, content) of each field of a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            content, at = _varint(data, at)
        else:
            size, at = (8, at) if tag & 7 == 1 else _varint(data, at)
            assert tag & 7 in (1, 2) and at + size <= len(data), f"field {tag:#x} of {size} bytes at {at} of {len(data)}"
            content, at = data[at:at + size], at + size
        yield tag >> 3, content


def _uncompressed(body):
    """Returns what a block of snappy holds. Ours has literals only."""
    length, at = _varint(body, 0)
    data = b""
    while at < len(body):
        assert body[at] & 3 == 0, "not a literal"
        size, at = body[at] >> 2, at + 1
        if size >= 60:
            size, at = int.from_bytes(body[at:at + size - 59], "little"), at + size - 59
        data, at = data + body[at:at + size + 1], at + size + 1
    assert len(data) == length
    return data


def _series(message):
    labels, samples = [], []
    for number, content in fields(message):
        if number == 1:
            label = dict(fields(content))
            labels.append((label[1].decode(), label[2].decode()))
        else:
            assert number == 2
            sample = dict(fields(content))
            samples.append((sample[2], struct.unpack("<Q", sample[1])[0]))
    names = [name for name, _ in labels]
    assert names == sorted(set(names), key=str.encode), f"not sorted, or not unique: {names}"
    assert all(value and re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name, value in labels), labels
    [(time, bits)] = samples
    return time, bits, dict(labels)


def samples(body):
    """Returns [(time in ms, name, labels, value)] in the order of the request; the value that ends a series is None."""
    found = []
    for number, content in fields(_uncompressed(body)):
        assert number == 1
        time, bits, labels = _series(content)
        value = None if bits == STALE else struct.unpack("<d", struct.pack("<Q", bits))[0]
        assert value is None or math.isfinite(value)
        found.append((time, labels.pop("__name__"), tuple(sorted(labels.items())), value))
    return found


def label(key):
    """Returns the label's name for a tag's key."""
    name = re.sub("[^a-zA-Z0-9_]", "_", key.encode().decode("latin-1"))
    return "_" + name if name[:1].isdigit() else name
