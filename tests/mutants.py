#!/usr/bin/env python3
"""Changes one thing in one file of the pure parts, and runs the unit tests that run that line: one of them must fail (make mutants).

Takes a sample of MUTANTS changes by SEED, compiles each without sanitizers, and prints those that no test found:

    src/output/outbox.c:120: '<' -> '<='    while (n < cap)

COMPILE is the compiler with its flags, MAKE is make. What gives the same object code as before is no mutant."""
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import time

import coverage

ROOT = coverage.ROOT
WORK = ROOT / "build" / "mutants"
SUBJECTS = """base/dns base/double base/ip base/number* base/text base/utf8 base/value count/* encode/otlp_answer encode/prometheus_labels encode/protobuf input/bucket
input/frames input/histogram input/intake input/line* input/metric* input/packer* input/recent input/set output/backoff output/http_answer output/increments output/outbox
output/parts output/ring output/url"""
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "&": "|",
         "|": "&", "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "++": "--", "--": "++", "true": "false", "false": "true"}
OPERATOR = re.compile(r"(?<= )(<=|>=|==|!=|&&|\|\||<<|>>|\+=|-=|\|=|&=|[-+*/%&|<>])(?= )|\+\+|--|\b(?:true|false)\b")
NUMBER = re.compile(r"(?<![\w.\"'])\d+(?=[uUlL]*\b)(?!\.)")
CONDITION = re.compile(r"\b(?:if|while) \((.*)\)(?: \{)?$")
STATEMENT = re.compile(r"^ +(?:[\w>.*\[\]()+-]+ [-+|&*/]?= |[\w>.\[\]()-]+(?:\+\+|--);|\w+\(|break;|continue;|return;).*;$|^ +(?:break|continue|return);$")


def masked(text):
    """The text with blanks in place of comments, strings and the preprocessor's lines."""
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|^#(?:[^\n]*\\\n)*[^\n]*$", lambda found: re.sub(r"[^\n]", "~", found[0]), text, flags=re.S | re.M)


def changes(name, lines):
    """Yields each change of a line that ran: (file, line, begin, end, new)."""
    for number, line in enumerate(masked((ROOT / name).read_text()).split("\n"), 1):
        if number not in lines:
            continue
        for found in OPERATOR.finditer(line):
            yield name, number, *found.span(), SWAPS[found[0]]
        for found in NUMBER.finditer(line):
            yield name, number, *found.span(), "0" if found[0] == "1" else str(int(found[0]) + 1)
        if found := CONDITION.search(line):
            yield name, number, *found.span(1), f"!({(ROOT / name).read_text().splitlines()[number - 1][slice(*found.span(1))]})"
        if STATEMENT.match(line):
            yield name, number, len(line) - len(line.lstrip()), len(line), ";"


def subjects():
    """The files of the pure parts."""
    found = [path for pattern in SUBJECTS.split() for path in (ROOT / "src").glob(f"{pattern}.c")] + [*(ROOT / "platform").glob("*/*_parse.c")]
    return sorted({str(path.relative_to(ROOT)) for path in found})


def run_once(test):
    """Returns by file how often its lines ran in this test, and how long the test takes."""
    tree = WORK / test
    env = {**os.environ, "GCOV_PREFIX": str(tree), "GCOV_PREFIX_STRIP": str(len(coverage.TREE.parts) - 1)}
    subprocess.run([coverage.TREE / "unit" / test], cwd=ROOT, env=env, capture_output=True, check=True)
    for data in tree.rglob("*.gcda"):
        shutil.copy((coverage.TREE / data.relative_to(tree)).with_suffix(".gcno"), data.parent)
    start = time.monotonic()
    subprocess.run([ROOT / "build/plain/unit" / test], cwd=ROOT, capture_output=True, check=True)
    return coverage.read(tree), time.monotonic() - start


def who_runs(tests, pool):
    """Returns by file and line the tests that run it, and by test how long it takes."""
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    took = {}
    for test, (files, took[test]) in zip(tests, pool.map(run_once, tests)):
        for name, file in files.items():
            for line, count in file.lines.items():
                if count:
                    runs[name][line].append(test)
    return runs, took


def link_command(test):
    """The words that link a test, after its output."""
    done = subprocess.run([os.environ.get("MAKE", "make"), "-n", "V=1", "TREE=plain", "-W", f"tests/unit/{test}.c", f"build/plain/unit/{test}"], cwd=ROOT, text=True,
                          capture_output=True, check=True)
    return shlex.split(done.stdout.strip().splitlines()[-1].partition(" -o ")[2])[1:]


def compiled(source, to, name):
    """Returns the object code of a file, or None."""
    done = subprocess.run([*shlex.split(os.environ["COMPILE"]), "-w", "-g0", "-c", "-x", "c", "-", "-o", to, "-iquote", (ROOT / name).parent], input=source, text=True, cwd=ROOT,
                          capture_output=True)
    return to.read_bytes() if done.returncode == 0 else None


def judge(number, change, tests, took, links):
    """Returns killed, survived, timeout or none."""
    name, line, begin, end, new = change
    place = WORK / str(number)
    place.mkdir(exist_ok=True)
    lines = (ROOT / name).read_text().split("\n")
    before = compiled("\n".join(lines), place / "object.o", name)
    lines[line - 1] = lines[line - 1][:begin] + new + lines[line - 1][end:]
    code = compiled("\n".join(lines), place / "object.o", name)
    if code in (None, before):
        return "none"
    for test in sorted(tests, key=took.get):
        subprocess.run(["gcc", "-o", place / "test", place / "object.o", *links[test]], cwd=ROOT, check=True, capture_output=True)
        try:
            if subprocess.run([place / "test"], cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL, timeout=5 + 10 * took[test]).returncode:
                return "killed"
        except subprocess.TimeoutExpired:
            return "timeout"
    return "survived"


def main():
    wanted, seed, only = int(os.environ.get("MUTANTS", "200")), int(os.environ.get("SEED", "1")), os.environ.get("MUTATE", "").split()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs, took = who_runs(sys.argv[1:], pool)
        links = {test: link_command(test) for test in took}
        every = [change for name in only or subjects() for change in changes(name, runs[name])]
        sample = random.Random(seed).sample(every, min(wanted, len(every)))
        results = collections.Counter()
        verdicts = pool.map(lambda job: judge(job[0], job[1], runs[job[1][0]][job[1][1]], took, links), enumerate(sample))
        for (name, line, begin, end, new), verdict in zip(sample, verdicts):
            results[verdict] += 1
            if verdict == "survived":
                text = (ROOT / name).read_text().split("\n")[line - 1]
                print(f"{name}:{line}: '{text[begin:end]}' -> '{new}'    {text.strip()}", flush=True)
    judged = sum(results.values()) - results["none"]
    print(f"{len(every)} changes are possible; of a sample of {len(sample)} by seed {seed}, {results['none']} change nothing or do not compile. Of {judged} mutants "
          f"{results['killed']} were killed, {results['timeout']} ran for ever, {results['survived']} survived: {100 * results['survived'] / max(judged, 1):.1f} %")


if __name__ == "__main__":
    main()
