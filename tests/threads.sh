#!/bin/sh
# threads.sh TEST...: runs the unit tests, and the end-to-end tests of streams and of the relay, whose program is build/tsan/sockpush. Fails
# if a test fails, or if TSan finds a data race: its reports are in build/tsan/races, also those of programs that a test kills. Then runs
# tests of each output under valgrind's memcheck, likewise. PYTEST is the command.
set -eu
cd "$(dirname "$0")/.."
races=$PWD/build/tsan/races
failed=
rm -rf "$races"
mkdir -p "$races"

# These need a program that takes all datagrams that are sent at once.
slow='not hostile_lines and not flood and not long_path_beside'
# The program leaves threads that end with it.
export TSAN_OPTIONS="report_thread_leaks=0 log_path=$races/report"
tests/unit/run.sh "$@" || failed=1
# shellcheck disable=SC2086 # words
SOCKPUSH_TEST_BINARY=build/tsan/sockpush env $PYTEST tests/e2e/streams tests/e2e/relay tests/e2e/program/test_several_outputs.py \
    tests/e2e/program/test_report.py -k "$slow" || failed=1

# shellcheck disable=SC2086 # words
SOCKPUSH_TEST_BINARY=tests/e2e/lib/valgrind.sh env $PYTEST tests/e2e/program/test_several_outputs.py tests/e2e/streams/test_stream_ends.py \
    tests/e2e/relay/test_relay.py tests/e2e/http/test_http_posts.py -k "$slow" || failed=1

found=$(cat "$races"/* 2>/dev/null || :)
[ -z "$found" ] || { echo "$found"; failed=1; }
[ -z "$failed" ] || { echo 'threads: failed' >&2; exit 1; }
echo 'threads: no data race, no error of memcheck'
