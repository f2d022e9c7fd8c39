#!/bin/sh
# run.sh SECONDS FUZZER...: runs each fuzzer for that many seconds, as many at a time as there are processors. Interesting inputs stay in
# build/fuzz/corpus. Fails if one fails.
set -eu
export seconds="$1"
shift

one() {
    name=${1##*/fuzz_}
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    if [ -d "tests/fuzz/corpus/$name" ]; then cp "tests/fuzz/corpus/$name"/* "$corpus"; fi
    "$1" -max_total_time="$seconds" -verbosity=0 -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$corpus" >"$1.log" 2>&1 && status=0 || status=$?
    echo "fuzz $name: $seconds s, $([ "$status" = 0 ] && echo ok || echo "failed with status $status")"
    cat "$1.log"
    return "$status"
}

if [ "${FUZZ_ONE:-}" ]; then
    one "$FUZZ_ONE"
else
    printf '%s\n' "$@" | xargs -P"$(nproc)" -I{} env FUZZ_ONE={} "$0" "$seconds"
fi
