#!/bin/sh
# cppcheck.sh: no finding of cppcheck, but for those that tests/lint/cppcheck.txt leaves out with their reasons.
set -eu

files() { find src -name '*.c'; find platform/posix platform/linux -maxdepth 1 -name '*.c'; find platform -name '*_parse.c'; }

files | sort -u | xargs -P "$(nproc)" -n 16 cppcheck --quiet --std=c11 --error-exitcode=1 -D_GNU_SOURCE -I src -I platform -I platform/linux \
    --enable=warning,style,performance,portability --suppressions-list=tests/lint/cppcheck.txt \
    --template='{file}:{line}: {message} [{id}]'
