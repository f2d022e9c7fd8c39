#!/bin/sh
# run.sh SECONDS FUZZER...: runs each fuzzer for that many seconds, as many at a time as there are processors. Interesting inputs stay in
# build/fuzz/corpus, and those that were found wrong in build/fuzz. Fails if one fails.
#
# cov: the code's edges that its inputs reach; ft: these, and how often they are passed.
set -eu
export seconds="$1"
shift

# They print a result that is in the log.
executions() { sed -n 's/^stat::number_of_executed_units: *//p' "$1"; }
reached() { sed -nE 's/.* cov: ([0-9]+) ft: ([0-9]+) .*/cov \1, ft \2/p' "$1" | tail -1; }

one() {
    name=${1##*/fuzz_}
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    if [ -d "tests/fuzz/corpus/$name" ]; then cp "tests/fuzz/corpus/$name"/* "$corpus"; fi
    "$1" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$corpus" >"$1.log" 2>&1 && status=0 || status=$?
    n=$(executions "$1.log")
    if [ "$status" = 0 ]; then result=ok; else result="failed with status $status" && cat "$1.log"; fi
    echo "fuzz $name: ${n:-0} executions, $(reached "$1.log"), $result"
    echo "${n:-0} $status" >"$1.result"
    return "$status"
}

if [ "${FUZZ_ONE:-}" ]; then
    one "$FUZZ_ONE"
else
    for fuzzer; do rm -f "$fuzzer.result"; done
    printf '%s\n' "$@" | xargs -P"$(nproc)" -I{} env FUZZ_ONE={} "$0" "$seconds" && status=0 || status=$?
    for fuzzer; do cat "$fuzzer.result"; done |
        awk -v seconds="$seconds" '{ n += $1; found += $2 != 0 } END { printf "fuzz: %d fuzzers, %s s each, %.0f executions, %d found\n", NR, seconds, n, found }'
    exit "$status"
fi
