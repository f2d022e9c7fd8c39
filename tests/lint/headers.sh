#!/bin/sh
# headers.sh: each header compiles alone, and twice.
set -eu

failed=0
for header in $(find src platform tests/unit -name '*.h' 2>/dev/null | grep -v -e /darwin/ -e /freebsd/ -e /windows/ | sort); do
    # shellcheck disable=SC2086 # words
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        gcc $COMMON -iquote . -Werror -fsyntax-only -x c - || { echo "$header does not compile alone" >&2; failed=1; }
done
exit $failed
