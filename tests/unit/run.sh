#!/bin/sh
# run.sh TEST...: runs each test, as many at a time as there are processors, and prints its output. RUN is the program that runs them (qemu,
# wine), if this machine cannot. Fails if one fails, and names it.
set -eu
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT
export RUN="${RUN:-}" failed
# shellcheck disable=SC2016 # the inner shell's
printf '%s\n' "$@" | xargs -P"$(nproc)" -I{} sh -c 'timeout 1200 $RUN "$1" >"$1.log" 2>&1 || echo "$1" >>"$failed"; echo "$1"; cat "$1.log"' sh {}
[ ! -s "$failed" ] || { echo "unit tests failed: $(tr '\n' ' ' <"$failed")" >&2; exit 1; }
