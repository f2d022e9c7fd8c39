#!/bin/sh
# install.sh PURPOSE...: installs what third_party/packages lists for these purposes and this machine lacks; silent if nothing is
# missing. Says first what it installs and why; uses sudo if it is not root. NO_INSTALL=1: only says what is missing, and fails.
# install.sh --missing PURPOSE: a line "PACKAGE  why" for each that is missing, no more.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin # where ss and ip may lie, out of a user's own PATH

say() { echo "install: $*" >&2; }

has_module() { /usr/bin/python3 -c "import importlib.util as u, sys; sys.exit(not u.find_spec('$1'))" 2>/dev/null; }

# exists PATTERN: the caller leaves the pattern unquoted, so that it arrives as the paths that match
exists() { [ -e "$1" ]; }

# seen WHAT...: is one of them there?
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

# missing PURPOSE...: a line "PACKAGE  why" for each that is missing
missing() {
    sed -e '/^#/d' -e '/|/!d' third_party/packages | while IFS='|' read -r purpose how apt apk dnf why; do
        case " $* " in *" ${purpose% } "*) ;; *) continue ;; esac
        # shellcheck disable=SC2086 # words
        if (set -f; set -- $how; set +f; seen "$@"); then continue; fi
        case $manager in apk) names=$apk ;; dnf) names=$dnf ;; *) names=$apt ;; esac
        for name in $names; do [ "$name" = - ] || echo "$name $why"; done
    done | awk '!done[$1]++'
}

# as_root COMMAND...
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi </dev/null; }

# Another apt may hold the lists for a moment; and old lists are better than none.
apt_update() {
    for _ in 1 2 3; do
        if as_root apt-get -qq -o Acquire::Retries=3 update; then return; fi
        sleep 3
    done
    say "apt-get update failed, going on with the lists that are there"
}

# macOS and FreeBSD have what a build takes, or the compiler says what is missing.
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
say "missing for $*:"
echo "$wanted" | sed 's/ /: /; s/^/    /; s/:  */: /' >&2
if [ "$manager" = none ]; then
    say "no package manager that is known here (apt-get, apk, dnf). On Debian they are called: $packages"
    exit 1
fi
if [ -n "${NO_INSTALL:-}" ]; then
    say "to install it: make deps FOR='$*'; that is, as root: $install $packages"
    exit 1
fi
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    say "not root, and no sudo. As root: $install $packages"
    exit 1
fi

say "now: $install $packages"
if [ "$(id -u)" != 0 ] && ! sudo -v; then
    say "sudo refuses. As root: $install $packages"
    exit 1
fi
if [ "$manager" = apt-get ]; then apt_update; fi
# shellcheck disable=SC2086 # words
if ! as_root $install $packages; then
    say "that failed. As root: $install $packages"
    exit 1
fi
still=$(missing "$@")
if [ -n "$still" ]; then
    say "installed, yet not found: $(echo "$still" | cut -d' ' -f1 | tr '\n' ' ')"
    exit 1
fi
