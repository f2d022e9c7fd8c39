"""Prints the targets and which of them were met, at each size. They are never asserted."""

from measure import TRACED_POLLS
from report import in_kib, ms, table
from scale import BARE, HALF, LISTEN, MANY, MANY_DOGSTATSD, NO_MATCH, TOTALS, WALK

LEAST_TIMES_CHEAPER = 4
KIB_TEN_RULES, KIB_THOUSAND_RULES, KIB_GROWTH = 350, 1024, 16
FIRST_PUSH_SECONDS = 0.010
LATER = 10


def verdict(met):
    return "met" if met else "**not met**"


def row(name, values, shown, met):
    """Returns a row with a verdict in each cell. A value that was not measured is None."""
    return [name, *("" if value is None else f"{shown(value)}: {verdict(met(value))}" for value in values)]


def at_most(name, values, limit, form="{:.2f} ×"):
    return row(name, values, form.format, lambda value: value <= limit)


def cheaper(name, values, least):
    return row(name, values, "{:.1f} ×".format, lambda value: value >= least)


def beside_collectd(size):
    results = size.agents.results if size.agents else {}
    if "collectd, tcpconns" in results:
        return 1 / results["sockpush"].against(results["collectd, tcpconns"])
    return None


def scaled(sizes, lines):
    """Prints the targets that are compared at each size."""
    def ratios(case, to, turns="cases"):
        found = [getattr(size, turns).results for size in sizes]
        return [results[case].against(results[to]) for results in found]

    def resident(case):
        """Returns resident memory without the lines in the output's buffer."""
        return [size.cases.results[case].resident_kib - in_kib(lines[case]) for size in sizes]

    ten = resident(HALF)
    table(["target", *(f"{size.sockets:,}" for size in sizes)], [
        at_most("no rules: at most 1.3 × the walk", ratios(TOTALS, WALK), 1.3),
        cheaper("no rules: 4 × cheaper than the bare full dump", [1 / ratio for ratio in ratios(TOTALS, BARE)], LEAST_TIMES_CHEAPER),
        cheaper("no rules: 4 × cheaper than collectd", map(beside_collectd, sizes), LEAST_TIMES_CHEAPER),
        cheaper("half v4-mapped: 2 × cheaper than the bare full dump", [1 / ratio for ratio in ratios(TOTALS, BARE, "mixed")], 2),
        at_most("ten ports without a socket: at most 2.5 × the walk", ratios(NO_MATCH, WALK), 2.5),
        at_most("ten rules that match half: at most 0.85 × the bare full dump", ratios(HALF, BARE), 0.85),
        at_most("1,000 rules: at most 1.2 × ten rules", ratios(MANY, HALF), 1.2),
        at_most("`listen`: at most 1.2 × ten rules", ratios(LISTEN, HALF), 1.2),
        at_most(f"resident, ten rules: at most {KIB_TEN_RULES} KiB without lines", ten, KIB_TEN_RULES, "{:,} KiB"),
        at_most(f"the same: at most {KIB_GROWTH} KiB more than with few sockets", [size - ten[0] for size in ten], KIB_GROWTH, "{:+,} KiB"),
        at_most(f"resident, 1,000 rules: below {KIB_THOUSAND_RULES:,} KiB without lines", resident(MANY), KIB_THOUSAND_RULES - 1, "{:,} KiB"),
        at_most("the same, dogstatsd", resident(MANY_DOGSTATSD), KIB_THOUSAND_RULES - 1, "{:,} KiB"),
        row("start to first push: at most 10 ms more than the poll", [size.push_seconds() for size in sizes], ms,
            lambda seconds: seconds <= FIRST_PUSH_SECONDS),
    ])


def single(time_wait, calls, late):
    """Prints the targets that are measured once."""
    count, turns = time_wait
    ratio = turns.results[TOTALS].against(turns.results[BARE])
    if None in calls.values():
        settled = ["not measured: `strace` is absent or refused", "unknown"]
    else:
        counted = ", ".join(f"{count} ({name})" for name, count in calls.items())
        settled = [f"calls of `brk`, `mmap`, … in {TRACED_POLLS} polls: {counted}", verdict(not any(calls.values()))]
    table(["target", "measured", ""], [
        [f"{count:,} sockets in TIME_WAIT: cheaper than the bare full dump", f"{ratio:.2f} ×", verdict(ratio < 1)],
        ["no allocation after the second poll", *settled],
        [f"polls beside stuck receivers at most {LATER} × as late as without", f"the latest by {late[0]} ms, without by {late[1]} ms",
         verdict(late[0] <= LATER * max(late[1], 1))],
    ])


def targets(sizes, lines, time_wait, calls, late):
    print("## Targets\n")
    scaled(sizes, lines)
    single(time_wait, calls, late)
