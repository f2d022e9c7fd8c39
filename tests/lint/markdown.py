"""Reads the project's documents: which there are, their fenced blocks, their headings' anchors. Lint and the test of the commands use it."""
import pathlib
import re
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASING.md")


def documents(root=ROOT):
    """Returns the paths of the documents that are there."""
    return [path for path in (root / name for name in NAMES) if path.exists()] + sorted((root / "docs").glob("*.md"))


class Block(NamedTuple):
    line: int           # of its first fence, from 1
    language: str
    text: str
    before: str         # the last line before it that is not empty
    after: str          # the first line after it that is not empty
    end: int            # the line of its last fence


_FENCE = re.compile(r"( *)(```+|~~~+) *(\S*)")


def blocks(text):
    """Returns the fenced blocks of a document."""
    lines, found, at = text.split("\n"), [], 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if not opened:
            at += 1
            continue
        indent, fence, language = opened.groups()
        end = at + 1
        while end < len(lines) and not re.fullmatch(rf" *{re.escape(fence)}{fence[0]}* *", lines[end]):
            end += 1
        inner = [line[len(indent):] if line.startswith(indent) else line.lstrip(" ") for line in lines[at + 1:end]]
        before = next((line.strip() for line in reversed(lines[:at]) if line.strip()), "")
        after = next((line.strip() for line in lines[end + 1:] if line.strip()), "")
        found.append(Block(at + 1, language, "".join(line + "\n" for line in inner), before, after, end + 1))
        at = end + 1
    return found


def prose(text):
    """Returns the document with its fenced blocks emptied, so that lines keep their numbers."""
    lines = text.split("\n")
    for block in blocks(text):
        for at in range(block.line - 1, min(block.end, len(lines))):
            lines[at] = ""
    return "\n".join(lines)


def anchors(text):
    """Returns the anchors that GitHub gives the headings: lower case, spaces as hyphens, neither punctuation nor markup; the second of a
    name ends in -1."""
    found, text = set(), prose(text)
    for heading in re.findall(r"^#{1,6} +(.*?)(?: +#+)? *$", text, re.M):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        plain = re.sub(r"(?<!\w)(\*+|_+)(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", plain) if "`" not in plain else plain
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        name, n = slug, 0
        while name in found:
            n += 1
            name = f"{slug}-{n}"
        found.add(name)
    return found | set(re.findall(r"<a +(?:id|name)=\"([^\"]+)\"", text))
