#!/bin/sh
# tidy.sh: no finding of clang-tidy, whose checks are in .clang-tidy. "make tidy" sets COMMON. It takes too long for "make lint".
# Versions of clang-tidy differ in what they find, so it is this one that counts.
set -eu
cd "$(dirname "$0")/../.."

files() { find src -name '*.c'; find platform/posix platform/linux -maxdepth 1 -name '*.c'; find platform -name '*_parse.c'; }

# shellcheck disable=SC2016 # the inner shell's
files | sort -u | xargs -P "$(nproc)" -n 8 sh -c 'clang-tidy-19 --quiet "$@" -- $COMMON' sh
echo 'tidy: clean'
