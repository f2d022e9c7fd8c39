#!/usr/bin/python3
"""docs.py [FOLDER]: README.md, CHANGELOG.md, CONTRIBUTING.md, SECURITY.md, RELEASING.md and docs/*.md against themselves and the source.

Links lead to files and headings that are there; lines are short; variables, formats, transports, metrics are the program's; and all of the
program's are documented. A document names what is not the program's, on purpose, in a comment:

    <!-- not of sockpush: SOCKPUSH_INTERVALL tcp_rmem DD_API_KEY -->
"""
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

from markdown import ROOT, anchors, blocks, documents, prose

LINE_MAX = 160
README_MAX = 150
FENCES = {"console": "sh", "bash": "sh", "shell": "sh"}     # the test of the commands runs sh

# Names that look like sockpush's in every document.
OF_OTHERS = {
    "SOCKPUSH_PORT",                            # Kubernetes sets it, and the two beginnings, for a Service named sockpush
    "SOCKPUSH_PORT_", "SOCKPUSH_SERVICE_",
    "DD_DOGSTATSD_ORIGIN_DETECTION_CLIENT",     # the Datadog agent's
    "DD_API_KEY",
    "tcp_diag", "udp_diag",                     # modules of Linux
    "tcp_connections",                          # collectd's
}


# ---- what the source has

def source(name):
    return (ROOT / name).read_text()


def names(pattern, path):
    found = re.findall(pattern, source(path), re.M)
    if not found:
        sys.exit(f"docs.py: nothing like {pattern} in {path}")
    return found


VARIABLES = set(names(r'\.name = "(SOCKPUSH_\w+)"', "src/config/variables.c"))
FOREIGN = set(names(r'^ *\{"(\w+)", ', "src/config/foreign.c"))
FORMATS = set(re.findall(r"X\((\w+)\)", names(r"#define ENCODERS\(X\) (.*)", "src/encode/encode.h")[0]))
TRANSPORTS = set(re.findall(r"&output_(\w+)", names(r"transports\[\] = \{([^}]*)\}", "src/output/transport.c")[0]))
MACROS = set(re.findall(r"^ *# *define (SOCKPUSH_\w+)", source("src/base/version.h"), re.M))
_FIELDS = names(r'\[(\w+)(?: \+ (\w+))?\] = \{"(\w+)", "', "src/encode/fields.c")
MEASUREMENTS = names(r'\] = \{"(\w+)", \{', "src/encode/fields.c")
FIELDS = {name for _, _, name in _FIELDS}
COUNTS = {name for index, _, name in _FIELDS if index.startswith("STATE_") or index == "FIELD_UDP"}
QUEUES = {name for index, _, name in _FIELDS if index == "FIELD_ACCEPT_QUEUE"}
FULLEST = {name for index, _, name in _FIELDS if index == "FIELD_ACCEPT_QUEUE_FULLEST"}
WAITING = {name for index, _, name in _FIELDS if index in ("FIELD_QUEUE_BYTES", "FIELD_DROPS")}
OF = {"netstat": COUNTS | WAITING | FULLEST, "netstat_port": COUNTS | WAITING | QUEUES | {"close_wait_oldest_s", "pid"},
      "netstat_remote": COUNTS | WAITING | {"ephemeral_used_percent", "close_wait_oldest_s", "pid"},
      "netstat_kernel": {name for index, _, name in _FIELDS if index == "FIELD_KERNEL"}}
OF["netstat_pod"] = COUNTS | {"tcp_inuse", "tcp_current", "accept_queue"} | {
    "listen_overflows", "listen_drops", "active_opens", "passive_opens", "retrans_segs", "syn_retrans", "estab_resets", "out_rsts", "udp_in_errors", "udp_rcvbuf_errors"}
OF["netstat_pod_port"] = OF["netstat_pod_remote"] = COUNTS | WAITING | {"accept_queue", "close_wait_oldest_s"}
OF["sockpush_output"] = {name for _, counter, name in _FIELDS if counter} - OF["netstat_kernel"] - OF["netstat_pod"] - QUEUES - WAITING
OF["sockpush"] = FIELDS.difference(*OF.values())
TESTS = set(re.findall(r"SOCKPUSH_TEST_\w+", "".join(path.read_text() for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".mk", ".c", ".sh"))))


# ---- the checks: each yields (what is found, what is wrong with it)

def begins_one(word, rest, known):
    """Whether it is a pattern, such as SOCKPUSH_TLS_* or netstat_tcp_…, of some that are known."""
    return rest[:1] in ("*", "…", "<", "{") and any(name.startswith(word) for name in known)


def variables(text):
    known = VARIABLES | TESTS | MACROS
    for match in re.finditer(r"\bSOCKPUSH_[A-Z0-9_]*", text):
        if match[0] not in known and not begins_one(match[0], text[match.end():], known):
            yield match[0], "is no variable of src/config/variables.c"
    for match in re.finditer(r"\b(?:DD|STATSD|ENV|POD|NODE|SSL)_[A-Z0-9_]*", text):
        if match[0] not in FOREIGN and not begins_one(match[0], text[match.end():], FOREIGN):
            yield match[0], "is not among src/config/foreign.c"


def outputs(text):
    for match in re.finditer(r"(?<![\w./+-])([a-z]\w*)\+([a-z]\w*):(?=//|[\s`'\",]|$)", text):
        if match[1] not in FORMATS:
            yield match[0], f"has no format: they are {' '.join(sorted(FORMATS))}"
        if match[2] not in TRANSPORTS:
            yield match[0], f"has no transport: they are {' '.join(sorted(TRANSPORTS))}"
    for value in re.findall(r"SOCKPUSH_FORMAT=['\"]?([a-z]\w*)", text):
        if value not in FORMATS:
            yield value, f"is no format: they are {' '.join(sorted(FORMATS))}"
    for value in re.findall(r"SOCKPUSH_TO[=:] ?('[^']*'|\"[^\"]*\"|[^\s`|]+)", text):
        for scheme in re.findall(r"(?<![\w+])(?:\w+\+)?([a-z]\w*):(?=//|$)", value.strip("'\"")):
            if scheme not in TRANSPORTS:
                yield f"{scheme}:", f"is no transport: they are {' '.join(sorted(TRANSPORTS))}"


def metrics(text):
    for match in re.finditer(r"(?<![A-Za-z0-9_/-])(netstat_port|netstat_remote|netstat_kernel|netstat_pod_port|netstat_pod_remote|netstat_pod|netstat|sockpush_output|sockpush(?=[._][a-z]+_))([._][A-Za-z0-9_.-]*[A-Za-z0-9_])", text):
        if text[:match.start()].endswith("inputs."):        # DataKit's and Telegraf's
            continue
        *path, field = match[2][1:].removesuffix("_gauge").split(".")   # Netdata's ending
        if not path and match[1] in OF and match[1] + match[2] in OF:
            continue
        known = OF[match[1]]
        if field not in known and not begins_one(field, text[match.end():], known):
            yield match[0], f"is not a measurement and its field: {match[1]} has {' '.join(sorted(known))}"
    for match in re.finditer(r"(?<![A-Za-z0-9])(?:(?:tcp|udp)_[a-z0-9_]+|[a-z]+_(?:lines|polls|errors|us)\b)", text):
        word = match[0].removesuffix("_gauge")
        if word not in FIELDS and not begins_one(word, text[match.end():], FIELDS) and not re.search(r"(net\.ipv[46]|inet)\.$", text[:match.start()]):
            yield match[0], "is no field of src/encode/fields.c"


def links(path, text, root):
    """Code, in which brackets mean something else, has no links."""
    text = re.sub(r"(`+)(.+?)\1", lambda code: "`" * len(code[0]), prose(text))
    # A picture may be a link's text.
    targets = re.findall(r"\]\(\s*<?([^)>\s]+)>?(?:\s+[\"'][^)]*)?\)", text)
    targets += re.findall(r"^ {0,3}\[[^\]]+\]: *<?([^>\s]+)", text, re.M) + re.findall(r"\b(?:href|src)=\"([^\"]+)\"", text)
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:|//", target):
            continue
        name, _, anchor = urllib.parse.unquote(target).partition("#")
        file = path if not name else root / name.lstrip("/") if name.startswith("/") else path.parent / name
        file = pathlib.Path(file).resolve()
        if not file.exists() or not file.is_relative_to(root) or is_ignored(file, root):
            yield target, "leads to no file of the repository"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield target, "leads to no heading"


def is_ignored(file, root):
    """What make builds is here, but not in the repository. Sources without git have nothing else."""
    if not shutil.which("git"):
        return False
    return subprocess.run(["git", "-C", root, "check-ignore", "-q", file], stderr=subprocess.DEVNULL).returncode == 0


def languages(text):
    for block in blocks(text):
        if block.language in FENCES:
            yield f"```{block.language}", f"is ```{FENCES[block.language]} in these documents: a test runs it"


def layout(path, text):
    for n, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_MAX:
            yield f"line {n}", f"has {len(line)} characters, more than {LINE_MAX}"
    if path.name == "README.md" and len(text.splitlines()) > README_MAX:
        yield "README.md", f"has {len(text.splitlines())} lines, more than {README_MAX}"


def complete(root):
    """What of the source is documented where."""
    for name, words in (("docs/configuration.md", VARIABLES | FOREIGN), ("docs/metrics.md", FIELDS | set(MEASUREMENTS))):
        path = root / name
        if not path.exists():
            yield name, "is not there"
            continue
        written = set(re.findall(r"\w+", path.read_text()))
        for word in sorted(words - written):
            yield name, f"does not name {word}"


def check(path, root):
    text = path.read_text()
    allowed = OF_OTHERS | {word for words in re.findall(r"<!-- not of sockpush: (.*?) *-->", text, re.S) for word in words.split()}
    bare = re.sub(r"<!-- not of sockpush:.*?-->", "", text, flags=re.S)
    for rule in variables, outputs, metrics:
        yield from ((word, wrong) for word, wrong in dict.fromkeys(rule(bare)) if word not in allowed)
    yield from dict.fromkeys(links(path, text, root))
    yield from languages(text)
    yield from layout(path, text)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve()
    problems = [f"{path.relative_to(root)}: {word} {wrong}" for path in documents(root) for word, wrong in check(path, root)]
    problems += [f"{word} {wrong}" for word, wrong in complete(root)]
    print("".join(f"{problem}\n" for problem in problems), end="", file=sys.stderr)
    sys.exit(bool(problems))


main()
