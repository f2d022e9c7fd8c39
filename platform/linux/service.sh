#!/bin/sh
# service.sh install|uninstall DESTDIR PREFIX: the files with which DESTDIR/PREFIX/bin/sockpush runs as a service: systemd's unit,
# and where there is OpenWrt's rc.common procd's script and its configuration. Neither starts nor stops anything.
set -eu
cd "$(dirname "$0")"
action=$1 root=$2 prefix=$3
unit=$root$prefix/lib/systemd/system/sockpush.service

# put FILE TO MODE: with the prefix that is meant
put() {
    echo "$action $2"
    rm -f "$2"
    [ "$action" = install ] || return 0
    mkdir -p "$(dirname "$2")"
    sed "s,^\(ExecStart=\|.*param command \).*/bin/,\1$prefix/bin/," "$1" >"$2"
    chmod "$3" "$2"
}

put sockpush.service "$unit" 644
if [ -e "$root/etc/rc.common" ]; then
    put openwrt/sockpush.init "$root/etc/init.d/sockpush" 755
    [ -e "$root/etc/config/sockpush" ] || [ "$action" = uninstall ] || put openwrt/sockpush.config "$root/etc/config/sockpush" 600
fi
