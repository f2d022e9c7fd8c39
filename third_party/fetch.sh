#!/bin/sh
# fetch.sh NAME: puts the files that sources.lock lists for NAME into build/third_party/NAME/.
#
# The tarball comes from the first place that has one with an accepted sha256, which is checked before anything is unpacked:
#   1. NAME_TARBALL=path in the environment (CJSON_TARBALL for cjson); a wrong sha256 is an error here;
#   2. build/third_party, from an earlier run: a second build needs no network;
#   3. Debian's source archive, through this machine's own apt sources, mirror and proxy;
#   4. upstream, with curl or wget.
# Needs no root and leaves the system's apt alone: lists, cache and settings of step 3 are in build/third_party.
set -eu
cd "$(dirname "$0")/.."
. third_party/apt.sh
name=${1:?usage: fetch.sh NAME}
lock=third_party/sources.lock
dest=build/third_party
work=$PWD/$dest/.$name.work
variable=$(echo "$name" | tr 'a-z-' 'A-Z_')_TARBALL

log() { echo "fetch: $*" >&2; }
rows() { awk -v name="$name" '$1 == name' "$lock"; }
sha256() { sha256sum <"$1" | cut -d' ' -f1; }
version_of() { rows | awk -v sum="$(sha256 "$1")" '$3 == sum { print $2 }'; }

# accept FILE: keeps a copy as the tarball, if its sha256 is an accepted one. The copy is checked.
accept() {
    tarball=$1
    case $1 in "$dest"/*.tarball) ;; *) tarball=$dest/$name.part; cp "$1" "$tarball" ;; esac
    version=$(version_of "$tarball")
    [ -n "$version" ] || { rm -f "$dest/$name.part"; return 1; }
    [ "$tarball" = "$dest/$name-$version.tarball" ] || mv "$tarball" "$dest/$name-$version.tarball"
    tarball=$dest/$name-$version.tarball
}

# try_any FILE...: accepts the first good one
try_any() {
    for file; do
        if [ -f "$file" ] && accept "$file"; then return 0; fi
    done
    return 1
}

try_cached() {
    # shellcheck disable=SC2046 # words
    try_any $(rows | awk -v base="$dest/$name" '{ print base "-" $2 ".tarball" }')
}

# from_debian SUITE: apt checks the archive's signature, accept checks the sha256.
from_debian() {
    for mirror in $(mirrors); do
        rm -rf "$work" && mkdir -p "$work/files"
        apt_config_of "$work/apt.conf" "$work" deb-src "$mirror" "$1"
        if (cd "$work/files" && APT_CONFIG=$work/apt.conf && export APT_CONFIG &&
            apt-get -qq update && apt-get -qq source --download-only --tar-only "$name") >"$work/log" 2>&1 &&
            try_any "$work"/files/*; then return 0; fi
        cat "$work/log" >>"$dest/$name.log"
    done
    return 1
}

from_upstream() {
    mkdir -p "$work"
    if command -v curl >/dev/null; then
        curl -fsSL --proto '=https' --connect-timeout 10 --retry 3 -o "$work/download" "$1"
    elif command -v wget >/dev/null; then
        wget -q -T 10 -O "$work/download" "$1"
    else
        echo "neither curl nor wget is installed" && false
    fi >>"$dest/$name.log" 2>&1 && try_any "$work/download"
}

from_anywhere() {
    rows >"$dest/.$name.rows"
    while read -r _ version _ suites _ url <&3; do
        log "looking for $name $version"
        for suite in $(echo "$suites" | tr , ' '); do
            if from_debian "$suite"; then log "got $name $version from Debian $suite"; return 0; fi
        done
        if from_upstream "$url"; then log "got $name $version from $url"; return 0; fi
    done 3<"$dest/.$name.rows"
    return 1
}

# Unpacks into a new directory first, so that a half-unpacked one never looks finished.
unpack() {
    files=$(rows | awk -v version="$version" '$2 == version { gsub(",", " ", $5); print $5; exit }')
    top=$(tar -tf "$tarball" | sed -n '1s,/.*,,p')
    rm -rf "$work" && mkdir -p "$work/out"
    # shellcheck disable=SC2046,SC2086 # words
    tar -xf "$tarball" -C "$work/out" -m -o --strip-components=1 $(printf "$top/%s " $files)
    rm -rf "${dest:?}/$name" && mv "$work/out" "$dest/$name"
}

[ -n "$(rows)" ] || { log "$name is not in $lock"; exit 1; }
mkdir -p "$dest"
trap 'rm -rf "$work" "$dest/.$name.rows"' EXIT
trap 'exit 1' INT TERM
: >"$dest/$name.log"

eval "given=\${$variable:-}"
if [ -n "$given" ]; then
    [ -f "$given" ] || { log "$variable=$given: no such file"; exit 1; }
    accept "$given" || { log "$variable=$given has sha256 $(sha256 "$given"), accepted are:"; rows | awk '{ print "  " $2, $3 }' >&2; exit 1; }
elif ! try_cached && ! from_anywhere; then
    log "no tarball of $name was found. These are accepted, by sha256:"
    rows | awk '{ print "  " $1, $2, $3, $6 }' >&2
    log "put it anywhere and set $variable=/path/to/it (tries are in $dest/$name.log)"
    exit 1
fi
unpack
rm -f "$dest/$name.log"
log "$dest/$name is $name $version"
