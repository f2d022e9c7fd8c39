#!/bin/sh
# variables.sh: the tables of variables in docs/configuration.md say what "sockpush --help" says, which comes from the table in the source:
# the same groups, in the same order. The README's table may be shorter; its names and defaults are right, and each stands there once.
#
#   --help:   a heading, then names, meanings wrapped under themselves     docs:   ### More
#     More                                                                         | variable | default | meaning |
#       SOCKPUSH_MTU           largest UDP datagram, 512 to                        |---|---|---|
#                              65467 bytes (default 1432)                          | `SOCKPUSH_MTU` | `1432` | largest UDP datagram, … |
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

build/sockpush --help | awk '
    function flush(  default_at) {
        if (!name) return
        default_at = match(meaning, / \(default [^ ]*\)$/)
        value = default_at ? substr(meaning, default_at + 10, length(meaning) - default_at - 10) : ""
        if (default_at) meaning = substr(meaning, 1, default_at - 1)
        print name " | " value " | " meaning
        name = ""
    }
    /^Names of other programs/ { exit }
    /^[A-Z][A-Za-z]*$/ { flush(); print; next }
    /^  SOCKPUSH_/ { flush(); name = $1; meaning = substr($0, 27); next }
    /^ +[^ ]/ { sub(/^ +/, ""); meaning = meaning " " $0 }
    END { flush() }' >"$dir/help"

# Prints the rows of the tables of variables in FILE, after the heading that each table has.
tables() {
    awk -F '|' '
        /^#/ { heading = $0; sub(/^#+ */, "", heading) }
        /^\| *variable *\| *default *\| *meaning *\|/ { inside = 1; print heading; next }
        !/^\|/ { inside = 0 }
        inside && !/^\|[-:| ]*$/ {
            gsub(/\\\|/, "\001"); gsub(/`/, "")
            row = $2 "|" $3 "|" $4
            gsub(/ *\| */, " | ", row); sub(/\|  *\|/, "|  |", row); gsub(/\001/, "|", row); gsub(/^ +| +$/, "", row); print row
        }' "$1"
}

[ "$(grep -c '^SOCKPUSH_' "$dir/help")" -gt 20 ] || { echo 'no variables found in --help' >&2; exit 1; }
failed=0
tables docs/configuration.md >"$dir/docs"
diff -u --label 'sockpush --help' --label docs/configuration.md "$dir/help" "$dir/docs" || failed=1

names_and_defaults() { sed -n 's/^\(SOCKPUSH_[^|]*| [^|]*\)|.*/\1/p' "$1"; }
tables README.md >"$dir/readme"
names_and_defaults "$dir/help" | sort >"$dir/known"
names_and_defaults "$dir/readme" | sort | comm -23 - "$dir/known" >"$dir/wrong"
if [ -s "$dir/wrong" ]; then
    echo 'README.md: no such variable, not this default, or twice:' >&2
    cat "$dir/wrong" >&2
    failed=1
fi
[ $failed = 0 ] || { echo 'the tables of variables differ from --help' >&2; exit 1; }
