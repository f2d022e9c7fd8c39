#!/bin/sh
# receivers.sh PURPOSE...: gets the servers that third_party/packages lists for each PURPOSE, unless the system has them, and the npm
# packages in third_party/npm/PURPOSE, into build/third_party/receivers. They are unpacked, because installing a package would start its
# server; only tests, `make bench` and `make demo` start them. The purpose trixie is for the newer servers of that Debian suite, which go
# into a folder of its name, and which the suite itself has already. Needs no root and leaves the system's apt alone.
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
log=$root/$purpose.log
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

# unpack_newer PACKAGE=VERSION: unpacks the package's program from Debian's suite $purpose. An older Debian has the libraries that it needs.
unpack_newer() {
    program=${1%%=*}
    for mirror in $(mirrors); do
        rm -rf "$work/root" "$work"/*.deb && mkdir "$work/root" || return
        apt_config_of "$work/apt.conf" "$work" deb "$mirror" "$purpose"
        if apt_get update && (cd "$work" && apt_get download "$1"); then
            dpkg-deb --fsys-tarfile "$work/$program"_*.deb | tar -x -C "$work/root" "./usr/bin/$program" || return
            mkdir -p "$root/$purpose" && cp -afl "$work/root/." "$root/$purpose"
            return
        fi
    done
    return 1
}

# --ignore-scripts: none of the fetched scripts is run.
get_npm() {
    rm -rf "$work/npm" "$root/npm/$purpose" && mkdir -p "$root/npm" && cp -R "$npm" "$work/npm" || return
    (cd "$work/npm" && npm ci --ignore-scripts --omit=optional --no-audit --no-fund) || return
    mv "$work/npm" "$root/npm/$purpose"
}

[ "$purpose" != trixie ] || ! grep -qs '^VERSION_CODENAME=trixie' /etc/os-release || exit 0
wanted=$(missing)
if [ -z "$wanted" ] && has_npm; then exit 0; fi
mkdir -p "$root"
rm -f "$log"
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
    if [ "$purpose" = trixie ]; then
        unpack=unpack_newer
    else
        unpack=unpack
        apt_config "$work/apt.conf" "$work"
        apt_get update >"$log" 2>&1 || log 'apt-get update failed'
    fi
    for package in $wanted; do $unpack "$package" >>"$log" 2>&1 || failed="$failed $package"; done
fi
has_npm || { NO_INSTALL=1 third_party/install.sh node && get_npm >>"$log" 2>&1; } || failed="$failed $npm"
[ -z "$failed" ] || log "not found:$failed (reasons: build/third_party/receivers/$purpose.log)"
