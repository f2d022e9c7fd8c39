#!/bin/sh
# readme_table.sh: the README's table of variables says what "sockpush --help" says, which comes from the table in the source.
#
#   --help:   two or more spaces between the columns    README.md:  | `SOCKPUSH_MTU` | `1432` | largest UDP datagram |
#     SOCKPUSH_MTU      1432   largest UDP datagram
#     SOCKPUSH_TAGS     -      no default: "-" here, "-" or nothing in the README
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

build/sockpush --help | awk '
    /^  [A-Z][A-Z0-9_]+(  |$)/ {
        n = split(substr($0, 3), column, /   */)
        if (n == 2) { column[3] = column[2]; column[2] = "" }
        row = column[1] " | " (column[2] == "-" ? "" : column[2]) " | " column[3]
        for (i = 4; i <= n; i++) row = row " " column[i]
        gsub(/`/, "", row)
        if (row ~ /^SOCKPUSH_/) print row
    }' >"$dir/help"

awk -F '|' '
    /^\| *`?SOCKPUSH_/ {
        gsub(/\\\|/, "\001"); gsub(/`/, "")
        row = $2 "|" $3 "|" $4
        gsub(/ *\| */, " | ", row); sub(/\| (-|–) \|/, "|  |", row); sub(/\|  *\|/, "|  |", row); gsub(/\001/, "|", row)
        sub(/^ +/, "", row); sub(/ +$/, "", row); print row
    }' README.md >"$dir/readme"

[ -s "$dir/help" ] || { echo 'no variable found in --help' >&2; exit 1; }
diff -u --label 'sockpush --help' --label README.md "$dir/help" "$dir/readme" || {
    echo 'the table in README.md differs from --help' >&2
    exit 1
}
