#!/bin/sh
# receivers.sh PURPOSE...: gets the servers that third_party/packages lists for each PURPOSE, unless the system has them, and the npm
# packages in third_party/npm/PURPOSE, into build/third_party/receivers. They are unpacked, because installing a package would start its
# server; only tests, `make bench` and `make demo` start them. Needs no root and leaves the system's apt alone.
#
# Never fails: it reports what it cannot fetch, and the tests that need it are skipped. NO_INSTALL=1 fetches nothing.
set -eu
cd "$(dirname "$0")/.."
if [ $# -gt 1 ]; then
    for one; do third_party/receivers.sh "$one"; done
    exit
fi
. third_party/apt.sh
purpose=$1
root=$PWD/build/third_party/receivers
npm=third_party/npm/$purpose
work=$root.work
PATH=$PATH:/usr/sbin:/sbin

log() { echo "receivers: $*" >&2; }

missing() { third_party/install.sh --missing "$purpose" | cut -d' ' -f1 | tr '\n' ' '; }

# The lock file is put into place last, and has the hashes of all packages beside it.
has_npm() { [ ! -d "$npm" ] || cmp -s "$npm/package-lock.json" "$root/npm/$purpose/package-lock.json"; }

apt_get() { APT_CONFIG=$work/apt.conf apt-get -qq "$@"; }

# unpack PACKAGE: unpacks it with the packages that it needs and the system lacks; all of it or nothing
unpack() {
    rm -rf "$work/root" "$work"/cache/archives/*.deb && mkdir "$work/root" || return
    apt_get install --download-only -y --no-install-recommends "$1" || return
    for deb in "$work"/cache/archives/*.deb; do dpkg -x "$deb" "$work/root" || return; done
    cp -afl "$work/root/." "$root"
}

# --ignore-scripts: none of the fetched scripts is run.
get_npm() {
    rm -rf "$work/npm" "$root/npm/$purpose" && mkdir -p "$root/npm" && cp -R "$npm" "$work/npm" || return
    (cd "$work/npm" && npm ci --ignore-scripts --omit=optional --no-audit --no-fund) || return
    mv "$work/npm" "$root/npm/$purpose"
}

wanted=$(missing)
if [ -z "$wanted" ] && has_npm; then exit 0; fi
mkdir -p "$root"
failed=
if [ -n "${NO_INSTALL:-}" ]; then
    has_npm || wanted="$wanted$npm"
    log "not fetched, because NO_INSTALL is set: $wanted"
    exit 0
fi
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
rm -rf "$work" && mkdir "$work"
if [ -n "$wanted" ]; then
    log "unpacking into build/third_party/receivers: $wanted"
    apt_config "$work/apt.conf" "$work"
    apt_get update >"$root/log" 2>&1 || log 'apt-get update failed'
    for package in $wanted; do unpack "$package" >>"$root/log" 2>&1 || failed="$failed $package"; done
fi
has_npm || { NO_INSTALL=1 third_party/install.sh node && get_npm >>"$root/log" 2>&1; } || failed="$failed $npm"
[ -z "$failed" ] || log "not found:$failed (reasons: build/third_party/receivers/log)"
