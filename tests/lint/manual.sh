#!/bin/sh
# manual.sh: docs/sockpush.8 is sound mdoc, and has the variables, defaults and date of the source.
#
#   src/config/variables.c:  {.name = "SOCKPUSH_INTERVAL", .def = "10s", …     docs/sockpush.8:  .It Ev SOCKPUSH_INTERVAL Pq 10s
#   src/config/foreign.c:    {"HOST_PROC", 0, "procfs"},                       docs/sockpush.8:  .It Ev ENV_HOSTNAME , Ev NODE_NAME
set -eu

page=docs/sockpush.8
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mandoc -T lint -W warning $page || { echo "$page is not sound" >&2; exit 1; }

{
    sed -n 's/.*\.name = "\(SOCKPUSH_[A-Z_]*\)", \.def = "\([^"]*\)".*/\1 \2/p' src/config/variables.c | sed 's/ $//'
    sed -n 's/^    {"\([A-Z][A-Z0-9_*]*\)",.*/\1/p' src/config/foreign.c
} | sort >"$dir/source"
{
    sed -n 's/^\.It Ev \(SOCKPUSH_[A-Z_]*\)\( Pq\)*/\1/p' $page
    sed -n '/^\.It Ev SOCKPUSH_/d; s/^\.It Ev //p' $page | sed 's/ , Ev /\n/g'
} | sort >"$dir/page"
[ "$(wc -l <"$dir/source")" -gt 40 ] || { echo 'src/config/variables.c is not written as manual.sh reads it' >&2; exit 1; }
diff -u --label src/config --label $page "$dir/source" "$dir/page" || {
    echo "$page has other variables or defaults than the source" >&2
    exit 1
}

released=$(sed -n 's,.*SOCKPUSH_BUILD_DATE_MS.* /\* \(.*\) \*/,\1,p' src/base/version.h)
[ "$(sed -n 's/^\.Dd //p' $page)" = "$(LC_ALL=C date -u -d "$released" '+%B %-d, %Y')" ] || {
    echo "$page: .Dd must be $released, as src/base/version.h says" >&2
    exit 1
}
