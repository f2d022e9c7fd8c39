#!/bin/sh
# version.sh: src/base/version.h has the version and its date. Whatever else names them names the same.
set -eu

version=$(sed -n 's/^#define SOCKPUSH_VERSION *"\(.*\)"/\1/p' src/base/version.h)
released=$(sed -n 's,.*SOCKPUSH_BUILD_DATE_MS.* /\* \(.*\) \*/,\1,p' src/base/version.h)
failed=0
wrong() { echo "$* (src/base/version.h says $version of $released)" >&2; failed=1; }

ms=$(sed -n 's/.*SOCKPUSH_BUILD_DATE_MS *\([0-9]*\).*/\1/p' src/base/version.h)
[ "$ms" = "$(date -u -d "$released" +%s)000" ] || wrong 'SOCKPUSH_BUILD_DATE_MS is another day than its comment'
# "## 0.1.0" while it is prepared, "## 0.1.0 - 2026-11-22" once it is released.
newest=$(sed -n 's/^## \([0-9].*\)/\1/p' CHANGELOG.md | head -n 1)
case $newest in "$version" | "$version - $released") ;; *) wrong "CHANGELOG.md: the newest version is '$newest'" ;; esac

chart=$(sed -n 's/^\(version\|appVersion\): *\([^ ]*\).*/\2/p' k8s/chart/Chart.yaml | tr '\n' ' ')
[ "$chart" = "$version $version " ] || wrong "k8s/chart/Chart.yaml: version and appVersion are $chart"

# grep's own status is 1 where nothing is named.
tags=$(grep -rnE 'newTag: *"?v?[0-9]|image: .*sockpush:v?[0-9]' k8s docker | grep -vE "[ :\"]$version\"?\$" || :)
[ -z "$tags" ] || wrong "$tags"
texts=$(find . -path ./build -prune -o -name '*.md' -exec grep -nE '^sockpush [0-9]+\.[0-9]+\.[0-9]+…' {} + | grep -vF "sockpush $version…" || :)
[ -z "$texts" ] || wrong "$texts"
# Tests take it from the program or from version.h.
tests=$(grep -rnF "sockpush/$version" tests || :)
[ -z "$tests" ] || wrong "$tests"
exit $failed
