#!/bin/sh
# kernels.sh PROCESSOR...: unpacks Debian's kernel for each processor, and the modules that tests/appliance loads, into
# build/third_party/kernels/PROCESSOR. Installs nothing, needs no root and leaves the system's apt alone.
#
# Never fails: it reports what it cannot fetch, and the tests that need it are skipped. NO_INSTALL=1 fetches nothing.
set -eu
cd "$(dirname "$0")/.."
. third_party/apt.sh
root=$PWD/build/third_party/kernels
work=$root.work
modules='inet_diag tcp_diag udp_diag virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net mii pcnet32'

log() { echo "kernels: $*" >&2; }

# Prints the package that always depends on the newest kernel.
newest_of() {
    case $1 in
    aarch64) echo linux-image-cloud-arm64:arm64 ;;
    s390x) echo linux-image-s390x:s390x ;;
    mipsel) echo linux-image-4kc-malta:mipsel ;;
    *) return 1 ;;
    esac
}

# Uses the machine's Debian suites, but for the other processors, and as if nothing were installed.
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
    apt-get -qq update || log 'apt-get update failed'
}

# unpack PROCESSOR: unpacks all of it or nothing
unpack() {
    metapackage=$(newest_of "$1") || return
    package=$(apt-cache depends "$metapackage" | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || { echo "$metapackage: not in these suites" && return 1; }
    rm -rf "$work/new" && mkdir -p "$work/new/files" || return
    (cd "$work/new" && apt-get -qq download "$package") || return
    # shellcheck disable=SC2046,SC2086 # patterns, not all of which match in a kernel
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
    log "not fetched, because NO_INSTALL is set:$wanted"
    exit 0
fi
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
rm -rf "$work" && mkdir -p "$work"
log "unpacking into build/third_party/kernels:$wanted"
failed=$wanted
if configure >"$root.log" 2>&1; then
    failed=
    for processor in $wanted; do unpack "$processor" >>"$root.log" 2>&1 || failed="$failed $processor"; done
fi
[ -z "$failed" ] || log "not found:$failed (reasons: build/third_party/kernels.log)"
