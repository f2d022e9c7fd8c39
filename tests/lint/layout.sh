#!/bin/sh
# layout.sh: every C file is laid out as .clang-format says, at most 120 columns wide.
#   tests/lint/layout.sh --fix     lays them out
# Versions of clang-format differ in what they write, so it is this one that counts.
set -eu
cd "$(dirname "$0")/../.."

case ${1-} in --fix) how=-i ;; *) how='--dry-run --Werror' ;; esac
# shellcheck disable=SC2086 # words
git ls-files '*.c' '*.h' | xargs clang-format-19 $how
