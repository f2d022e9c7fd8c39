#!/bin/sh
# install.sh PURPOSE...: installs the packages that third_party/packages lists for these purposes and this machine lacks. First prints what
# it installs and why; prints nothing if nothing is missing. Uses sudo if it is not root. NO_INSTALL=1 only lists them, and fails.
# install.sh --missing PURPOSE prints a line "PACKAGE  why" for each missing package and installs nothing.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin # ss and ip may be there, outside a user's PATH

log() { echo "install: $*" >&2; }

has_module() { /usr/bin/python3 -c "import importlib.util as u, sys; sys.exit(not u.find_spec('$1'))" 2>/dev/null; }

# exists PATTERN: the caller leaves the pattern unquoted, so the arguments are the matching paths.
exists() { [ -e "$1" ]; }

# seen WHAT...: succeeds if one of them exists
seen() {
    for what; do
        # shellcheck disable=SC2086 # paths
        case $what in
        cmd:*) command -v "${what#cmd:}" >/dev/null && return ;;
        py:*) has_module "${what#py:}" && return ;;
        file:*) exists ${what#file:} && return ;;
        esac
    done
    return 1
}

# missing PURPOSE...: prints a line "PACKAGE  why" for each missing package
missing() {
    sed -e '/^#/d' -e '/|/!d' third_party/packages | while IFS='|' read -r purpose how apt apk dnf why; do
        case " $* " in *" ${purpose% } "*) ;; *) continue ;; esac
        # shellcheck disable=SC2086 # words
        if (set -f; set -- $how; set +f; seen "$@"); then continue; fi
        case $manager in apk) names=$apk ;; dnf) names=$dnf ;; *) names=$apt ;; esac
        for name in $names; do [ "$name" = - ] || echo "$name $why"; done
    done | awk '!done[$1]++'
}

# as_root COMMAND...: runs the command as root
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi </dev/null; }

# Another apt may hold the lists for a moment, and old lists are better than none.
apt_update() {
    for _ in 1 2 3; do
        if as_root apt-get -qq -o Acquire::Retries=3 update; then return; fi
        sleep 3
    done
    log "apt-get update failed, using the old lists"
}

# macOS and FreeBSD have all that a build needs, or the compiler reports what is missing.
case $(uname -s) in Darwin | FreeBSD) exit 0 ;; esac

for manager in apt-get apk dnf none; do
    if command -v $manager >/dev/null; then break; fi
done
case $manager in
apt-get) install='env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install -y --no-install-recommends' ;;
apk) install='apk add' ;;
dnf) install='dnf install -y --setopt=install_weak_deps=False' ;;
esac

if [ "$1" = --missing ]; then
    missing "$2"
    exit
fi
wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0
packages=$(echo "$wanted" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')
log "missing for $*:"
echo "$wanted" | sed 's/ /: /; s/^/    /; s/:  */: /' >&2
if [ "$manager" = none ]; then
    log "apt-get, apk and dnf are absent. Debian's packages are: $packages"
    exit 1
fi
if [ -n "${NO_INSTALL:-}" ]; then
    log "to install: make deps FOR='$*', or as root: $install $packages"
    exit 1
fi
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    log "not root, and no sudo. As root: $install $packages"
    exit 1
fi

log "now: $install $packages"
if [ "$(id -u)" != 0 ] && ! sudo -v; then
    log "sudo refuses. As root: $install $packages"
    exit 1
fi
if [ "$manager" = apt-get ]; then apt_update; fi
# shellcheck disable=SC2086 # words
if ! as_root $install $packages; then
    log "the installation failed. As root: $install $packages"
    exit 1
fi
still=$(missing "$@")
if [ -n "$still" ]; then
    log "installed, but not found: $(echo "$still" | cut -d' ' -f1 | tr '\n' ' ')"
    exit 1
fi
