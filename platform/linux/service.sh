#!/bin/sh
# service.sh install|uninstall DESTDIR PREFIX [SYSTEM]: copies or removes the files that make DESTDIR/PREFIX/bin/sockpush a service. It
# starts and stops nothing.
#
# SYSTEM   copies                                                        without SYSTEM
# systemd  the unit, /etc/default/sockpush, the list of variables        always
# openrc   a script, /etc/conf.d/sockpush, the list of variables         if /sbin/openrc-run exists
# openwrt  procd's script, and /etc/config/sockpush                      if /etc/rc.common exists
#
# install keeps an existing configuration; uninstall keeps a changed one.
set -eu
cd "$(dirname "$0")"
action=$1 root=$2 prefix=$3 system=${4:-}

# systemd reads units below /usr, /usr/local and /etc, whatever the prefix is (systemd.unit(5), "Unit File Load Path"). /etc is the
# administrator's: `systemctl edit --full` writes there.
case $prefix in
/usr | /usr/) unit=$root/usr/lib/systemd/system/sockpush.service ;;
*) unit=$root/usr/local/lib/systemd/system/sockpush.service ;;
esac

# put FILE TO MODE: copies the file, with its binary's path replaced, or removes it
put() {
    echo "$action $2"
    rm -f "$2"
    [ "$action" = install ] || return 0
    mkdir -p "$(dirname "$2")"
    (umask 077 && sed "s,^\(ExecStart=\|command=\|.*param command \).*/bin/,\1$prefix/bin/," "$1" >"$2")
    chmod "$3" "$2"
}

# put_config FILE TO: copies the file for its owner alone, because a token may be in it
put_config() {
    if [ ! -e "$2" ]; then
        [ "$action" = uninstall ] || put "$1" "$2" 600
    elif [ "$action" = install ] || ! cmp -s "$1" "$2"; then
        echo "kept $2"
    else
        put "$1" "$2" 600
    fi
}

# Without root only the program is installed, to a prefix of the user's.
if [ -z "$root" ] && [ ! -w /etc ]; then
    echo "not a service: /etc cannot be written to" >&2
    exit 0
fi
# wanted SYSTEM FILE: succeeds if the service is for that system, or for any, and the file tells that it is there
wanted() { [ "$system" = "$1" ] || { [ -z "$system" ] && [ -e "$root$2" ]; }; }

if [ "$system" != openwrt ]; then
    put sockpush.variables "$root$prefix/share/doc/sockpush/variables" 644
    [ "$action" = install ] || rmdir "$root$prefix/share/doc/sockpush" 2>/dev/null || :
fi
if wanted systemd /; then
    put sockpush.service "$unit" 644
    put_config sockpush.default "$root/etc/default/sockpush"
fi
if wanted openrc /sbin/openrc-run; then
    put openrc/sockpush.init "$root/etc/init.d/sockpush" 755
    put_config openrc/sockpush.conf "$root/etc/conf.d/sockpush"
fi
if wanted openwrt /etc/rc.common; then
    put openwrt/sockpush.init "$root/etc/init.d/sockpush" 755
    put_config openwrt/sockpush.config "$root/etc/config/sockpush"
fi
