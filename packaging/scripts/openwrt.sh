# OpenWrt's own functions enable, start and stop what is in /etc/init.d, as for a package of its SDK. sockpush's script starts nothing
# before "enabled" is 1 in /etc/config/sockpush. Without /lib/functions.sh, as while an image is made, there is nothing to do. No set -e:
# OpenWrt's functions go on after a command that fails.
call() {
    [ -s "${IPKG_INSTROOT:-}/lib/functions.sh" ] || exit 0
    . "${IPKG_INSTROOT:-}/lib/functions.sh"
    "$@"
}

installed() {
    [ "${IPKG_NO_SCRIPT:-}" != 1 ] || exit 0
    call default_postinst "$0" "$@"
}

removing() {
    call default_prerm "$0" "$@"
}
