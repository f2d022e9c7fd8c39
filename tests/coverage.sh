#!/bin/sh
# coverage.sh TEST...: runs the unit tests, the fuzzers' functions on their corpora, and with END_TO_END=1 the end-to-end tests that reach
# system calls, delivery and TLS. Prints what ran (coverage.py). Their program is build/gcov/sockpush, whose calls for its counts some of these
# tests do not expect: their failures do not count. PYTEST is the command.
set -eu
cd "$(dirname "$0")/.."

find build/gcov -name '*.gcda' -delete
units=$(for test; do case $test in build/gcov/unit/*) echo "$test" ;; esac; done)
# shellcheck disable=SC2086 # words
tests/unit/run.sh $units >build/gcov/unit.log || { cat build/gcov/unit.log; exit 1; }
for test; do
    corpus=tests/fuzz/corpus/${test##*/fuzz_}
    case $test in build/gcov/fuzz/*) [ ! -d "$corpus" ] || "$test" "$corpus"/* ;; esac
done
if [ "${END_TO_END:-1}" = 1 ]; then
    # shellcheck disable=SC2086 # words
    SOCKPUSH_TEST_BINARY=build/gcov/sockpush env $PYTEST -q tests/e2e/streams tests/e2e/relay tests/e2e/tls tests/e2e/program tests/e2e/http/test_http_odd.py \
        tests/e2e/http/test_http_posts.py tests/e2e/http/test_otlp.py tests/e2e/datagrams tests/e2e/linux/test_netlink_*.py tests/e2e/linux/test_first_process.py \
        tests/e2e/linux/test_refused_calls.py tests/e2e/linux/test_bad_procfs.py tests/e2e/receivers/test_check.py tests/e2e/sockets/test_count.py \
        tests/e2e/sockets/test_owner.py tests/e2e/sockets/test_recording.py tests/e2e/sockets/test_remote.py tests/e2e/pods/test_pushed.py \
        tests/e2e/environment/test_bad_environment.py tests/e2e/environment/test_arguments.py >build/gcov/e2e.log 2>&1 || :
    tail -n 1 build/gcov/e2e.log
fi
exec "$PYTHON" tests/coverage.py
