#!/usr/bin/env python3
"""Prints how many lines and branches of each file ran, by gcov's counts of the objects in build/gcov (make coverage).

    lines         branches      file
    113 100.0 %    88  95.4 %   src/input/line.c    branches: 41 67

The last column has the lines that did not run, then those of which a branch was never taken. A line of a header counts once,
whatever the number of objects that have it."""
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREE = ROOT / "build" / "gcov"


class File:
    def __init__(self):
        self.lines = collections.Counter()          # by number: how often it ran
        self.branches = collections.Counter()       # by line and place in the line: how often it was taken

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        for place, branch in enumerate(line["branches"]):
            self.branches[number, place] += branch["count"]


def read(tree=TREE):
    """Returns a File by name, of the program's own sources, by the counts in this tree."""
    files = collections.defaultdict(File)
    objects = sorted(path for room in ("src", "platform") for path in (tree / room).rglob("*.gcno"))
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *objects], capture_output=True, text=True, cwd=ROOT, check=True)
    for report in done.stdout.splitlines():
        for file in json.loads(report)["files"]:
            if file["file"].startswith(("src/", "platform/")):
                for line in file["lines"]:
                    files[file["file"]].add(line)
    return files


def part(counts):
    ran = sum(count > 0 for count in counts.values())
    return f"{len(counts):5} {100 * ran / len(counts) if counts else 100:5.1f} %"


def numbers(lines):
    """1 2 3 7 as 1-3 7."""
    spans = []
    for line in sorted(set(lines)):
        if spans and spans[-1][1] == line - 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return " ".join(f"{first}-{last}" if first != last else str(first) for first, last in spans)


def main():
    files = read()
    total = File()
    print("lines         branches      file")
    for name, file in sorted(files.items()):
        total.lines.update({(name, number): count for number, count in file.lines.items()})
        total.branches.update({(name, place): count for place, count in file.branches.items()})
        missed = [number for number, count in file.lines.items() if not count]
        halves = {number for (number, _), count in file.branches.items() if not count} - set(missed)
        print(part(file.lines), part(file.branches), f" {name}", *([f"  lines: {numbers(missed)}"] if missed else []),
              *([f"  branches: {numbers(halves)}"] if halves else []))
    print(part(total.lines), part(total.branches), "  total")


if __name__ == "__main__":
    sys.exit(main())
