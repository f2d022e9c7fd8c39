#!/bin/sh
# format.sh: src/base/format.c knows %s %u %d %%, a width with '-', of %s a precision, and the lengths l, ll, z. The compiler lets all of
# printf's pass.
set -eu

wrong=$(grep -rnoE --include='*.[ch]' '"[^"]*"' src platform | sed 's/%2C//g; s/%25//g; s/%%//g' |
    grep -oE '^[^:]*:[0-9]*:|%[-+#0]*[0-9*]*(\.[0-9*]+)?(hh|h|ll|l|j|z|t|L)?[a-zA-Z]' |
    awk '/^[^%]*:[0-9]*:$/ { at = $0; next } !/^%(-[1-9*][0-9]*)?((ll|l|z)?[ud]|(\.[0-9*]+)?s)$/ { print at " " $0 }')
wrong=$wrong$(grep -rnE --include='*.[ch]' '"[^"]*%[-0-9.*]*" *PRI' src platform || :)
[ -z "$wrong" ] || { printf 'conversions that src/base/format.c does not know:\n%s\n' "$wrong" >&2; exit 1; }
