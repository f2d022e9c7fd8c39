#!/bin/sh
# update.sh [NAME...]: looks in Debian's source archive for newer versions of what sources.lock lists, and writes their rows there. apt checks
# the archive's signature. Without a NAME: all. Prints what it took, and what is the newest already. `make update` then builds and tests.
#
# The first suite of a name's first row is looked in. The row of the version before is replaced; other rows stay.
set -eu
cd "$(dirname "$0")/.."
. third_party/apt.sh
lock=third_party/sources.lock
work=$PWD/build/third_party/.update.work
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

log() { echo "update: $*" >&2; }
row() { awk -v name="$1" '$1 == name { print; exit }' "$lock"; }

# newest NAME SUITE: prints the upstream version that Debian has, and downloads its tarball into $work/files.
newest() {
    for mirror in $(mirrors); do
        rm -rf "$work" && mkdir -p "$work/files"
        apt_config_of "$work/apt.conf" "$work" deb-src "$mirror" "$2"
        if (cd "$work/files" && APT_CONFIG=$work/apt.conf && export APT_CONFIG &&
            apt-get -qq update && apt-get -qq source --download-only --tar-only "$1") >"$work/log" 2>&1; then
            # NAME_VERSION.orig.tar.gz, where Debian may have added to the version
            basename "$work/files/$1"_*.orig.tar.* | sed -E 's/^[^_]*_//; s/\.orig\.tar\..*//; s/[+~](dfsg|ds|really).*//'
            return
        fi
        sed 's/^/  /' "$work/log" >&2
    done
    log "Debian's $2 cannot be asked for $1"
    return 1
}

newer() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$2" ]; }

# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(awk 'NF > 4 && $1 !~ /^#/ && !seen[$1]++ { print $1 }' "$lock")
for name; do
    [ -n "$(row "$name")" ] || { log "$name is not in $lock"; exit 1; }
    # shellcheck disable=SC2046 # words
    set -- $(row "$name")
    old=$2 sum=$3 suite=${4%%,*}
    version=$(newest "$name" "$suite")
    if ! newer "$old" "$version"; then log "$name $old is not older than Debian's in $suite, $version"; continue; fi
    new_sum=$(sha256sum <"$(echo "$work/files/$name"_*.orig.tar.*)" | cut -d' ' -f1)
    sed -i "/^$name  *$old  *$sum /{s/$sum/$new_sum/; s/$(echo "$old" | sed 's/\./\\./g')/$version/g}" "$lock"
    log "$name $old -> $version: read what changed, and third_party/sources.mk"
done
