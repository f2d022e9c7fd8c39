#!/bin/sh
# warnings.sh: no warning of gcc (with the release's own flags, against musl) or of clang (against the system's library), and no finding of
# gcc's analyzer.
# -S and without link-time optimisation: some of gcc's warnings come from the optimiser.
set -eu

# each COMMAND...: FILE by FILE from standard input, all of them, fails if one fails
each() { xargs -r -P "$(nproc)" -I{} "$@" -Werror -S -o /dev/null {}; }

program() { find src -name '*.c'; find platform/posix platform/linux -maxdepth 1 -name '*.c'; find platform -name '*_parse.c'; }
tests() { find tests -name '*.c' ! -name 'windows_*'; }

failed=0
# shellcheck disable=SC2086 # words
{
    program | sort -u | each $CC $COMMON $RELEASE -fno-lto -fanalyzer || failed=1
    program | sort -u | each clang $COMMON -O1 || failed=1
    tests | sort | each gcc $COMMON -O1 || failed=1
    tests | sort | each clang $COMMON -O1 || failed=1
}
exit $failed
