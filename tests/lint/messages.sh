#!/bin/sh
# messages.sh: the messages that docs/troubleshooting.md quotes are in the source. They are the code in the first column of its tables:
#
#   | `cannot look up …`, `no such name` | cause | …      "…" is what differs; each piece between must be in a string of the source
set -eu

page=docs/troubleshooting.md
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Strings that go on in the next line are joined.
find src platform -name '*.[ch]' -exec cat {} + | tr '\n' '\001' | sed 's/"\x01 *"//g; s/\\"/"/g' >"$dir/source"
# What is no message: a measurement's field, a status, a variable's value.
# shellcheck disable=SC2016 # the page's own backquotes
sed -n 's/^| \([^|]*\) |.*/\1/p' $page | grep -o '`[^`]*`' | tr -d '`' |
    grep -vE '^(SOCKPUSH_[A-Z_]*=[a-z]*|[a-z]+(_[a-z]+)?|[0-9]xx)$' | sed 's/…/\n/g' | sed 's/^ *//; s/ *$//' | grep -E '.{4}' >"$dir/pieces"

failed=0
while read -r piece; do
    grep -qF -- "$piece" "$dir/source" || { echo "$page quotes '$piece', which no string of the source has" >&2; failed=1; }
done <"$dir/pieces"
[ "$(wc -l <"$dir/pieces")" -gt 50 ] || { echo "$page is not written as messages.sh reads it" >&2; failed=1; }
exit $failed
