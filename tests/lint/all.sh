#!/bin/sh
# all.sh: every check of "make lint", which sets CC, COMMON and RELEASE. All run; the last line names those that failed.
set -eu
cd "$(dirname "$0")/../.."

failed=
for check in warnings cppcheck headers layers os_ifdefs variables foreign_names docs manual messages version format layout text; do
    echo "lint: $check"
    "tests/lint/$check.sh" || failed="$failed $check"
done
[ -z "$failed" ] || { echo "lint: failed:$failed" >&2; exit 1; }
echo 'lint: all clean'
