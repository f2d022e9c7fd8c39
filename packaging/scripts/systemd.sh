# Nothing is started before it is configured. Where systemd does not run, as in a chroot or while an image is made, nothing is asked of it.
set -e

ask_systemd() {
    [ ! -d /run/systemd/system ] || systemctl "$@" || :
}

hint() {
    echo 'sockpush is not started yet. Set SOCKPUSH_TO in /etc/default/sockpush, then: systemctl enable --now sockpush'
}

# Succeeds if the service starts at boot or runs, or if there is no systemctl to start it.
is_on() {
    [ -z "$(command -v systemctl)" ] || systemctl --quiet is-enabled sockpush.service 2>/dev/null || systemctl --quiet is-active sockpush.service 2>/dev/null
}

installed() {
    ask_systemd daemon-reload
    hint
}

upgraded() {
    ask_systemd daemon-reload
    ask_systemd try-restart sockpush.service
}

removing() {
    ask_systemd stop sockpush.service
    [ -z "$(command -v systemctl)" ] || systemctl --quiet disable sockpush.service || :
}

removed() {
    ask_systemd daemon-reload
    ask_systemd reset-failed sockpush.service 2>/dev/null
}
