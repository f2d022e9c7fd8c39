#!/bin/sh
# valgrind.sh: runs build/plain/sockpush under memcheck: SOCKPUSH_TEST_BINARY=tests/e2e/lib/valgrind.sh. With an error its status is 66; the
# reports are in build/tsan/races, which tests/threads.sh reads. valgrind makes system calls of its own, which the sandbox forbids.
root=${0%/tests/*}
export SOCKPUSH_SANDBOX=off
exec /usr/bin/valgrind --quiet --error-exitcode=66 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --log-file="$root/build/tsan/races/memcheck-%p" "$root/build/plain/sockpush" "$@"
