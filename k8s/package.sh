#!/bin/sh
# package.sh DIRECTORY: packages the chart as DIRECTORY/sockpush-chart-VERSION.tgz. helm takes it as one of `helm package`. It has the same
# bytes each time.
set -eu
here=$(dirname "$0")
version=$(sed -n 's/^version: *\([^ ]*\).*/\1/p' "$here/chart/Chart.yaml")
mkdir -p "$1"
tar -c -C "$here" --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rw,go=r,a+X \
    --transform='s,^chart,sockpush,' chart | gzip -n9 >"$1/sockpush-chart-$version.tgz"
