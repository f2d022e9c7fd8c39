# Nothing is started before it is configured.
set -e

installed() {
    echo 'sockpush is not started yet. Set SOCKPUSH_TO in /etc/conf.d/sockpush, then: rc-update add sockpush && rc-service sockpush start'
}

upgraded() {
    [ -z "$(command -v rc-service)" ] || rc-service --quiet --ifstarted sockpush restart || :
}

removing() {
    [ -z "$(command -v rc-service)" ] || rc-service --quiet --ifstarted sockpush stop || :
    [ -z "$(command -v rc-update)" ] || rc-update --all delete sockpush >/dev/null 2>&1 || :
}
