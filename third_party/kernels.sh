#!/bin/sh
# kernels.sh PROCESSOR...: Debian's kernel for each, and those of its modules that tests/appliance loads, into
# build/third_party/kernels/PROCESSOR. Unpacked, not installed: needs no root and leaves the system's apt alone.
#
# Never fails: what could not be had is said, and what needs it is skipped. NO_INSTALL=1: gets nothing.
set -eu
cd "$(dirname "$0")/.."
. third_party/apt.sh
root=$PWD/build/third_party/kernels
work=$root.work
modules='inet_diag tcp_diag udp_diag virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net mii pcnet32'

say() { echo "kernels: $*" >&2; }

# The package that always depends on the newest kernel.
newest_of() {
    case $1 in
    aarch64) echo linux-image-cloud-arm64:arm64 ;;
    s390x) echo linux-image-s390x:s390x ;;
    mipsel) echo linux-image-4kc-malta:mipsel ;;
    *) return 1 ;;
    esac
}

# Debian's suites of the machine's own apt, but of the other processors, and as if nothing were installed.
configure() {
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    { [ -f "$keys" ] && command -v apt-get dpkg-deb; } >/dev/null || return
    apt_config "$work/apt.conf" "$work"
    cat >>"$work/apt.conf" <<-END
		Dir::Etc::sourcelist "$work/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::State::status "/dev/null";
		APT::Architectures { "$(dpkg --print-architecture)"; "arm64"; "s390x"; "mipsel"; };
	END
    # shellcheck disable=SC2016 # apt-get's own $
    apt-get indextargets --format "deb [signed-by=$keys arch=arm64,s390x,mipsel]"' $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
    APT_CONFIG=$work/apt.conf
    export APT_CONFIG
    apt-get -qq update || say 'apt-get update failed'
}

# unpack PROCESSOR: all of it or nothing
unpack() {
    metapackage=$(newest_of "$1") || return
    package=$(apt-cache depends "$metapackage" | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || { echo "$metapackage: not in these suites" && return 1; }
    rm -rf "$work/new" && mkdir -p "$work/new/files" || return
    (cd "$work/new" && apt-get -qq download "$package") || return
    # shellcheck disable=SC2046,SC2086 # patterns, of which no kernel has all
    dpkg-deb --fsys-tarfile "$work"/new/*.deb | (set -f; tar -x -C "$work/new/files" --no-anchored --wildcards --transform 's,.*/,,' \
        'vmlinu[xz]-*' $(printf '%s.ko* ' $modules)) 2>/dev/null || :
    rm -rf "$work"/new/*.deb
    mv "$work"/new/files/vmlinu[xz]-* "$work/new/files/kernel" || return
    echo "$package" >"$work/new/files/version"
    rm -rf "${root:?}/$1" && mkdir -p "$root" && mv "$work/new/files" "$root/$1"
}

wanted=
for processor; do [ -e "$root/$processor/version" ] || wanted="$wanted $processor"; done
[ -n "$wanted" ] || exit 0
if [ -n "${NO_INSTALL:-}" ]; then
    say "NO_INSTALL is set, what needs these is skipped:$wanted"
    exit 0
fi
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
rm -rf "$work" && mkdir -p "$work"
say "unpacking into build/third_party/kernels:$wanted"
failed=$wanted
if configure >"$root.log" 2>&1; then
    failed=
    for processor in $wanted; do unpack "$processor" >>"$root.log" 2>&1 || failed="$failed $processor"; done
fi
[ -z "$failed" ] || say "not to be had, what needs them is skipped:$failed (build/third_party/kernels.log says why)"
