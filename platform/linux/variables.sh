#!/bin/sh
# variables.sh: reads the text of --help and prints each variable as a comment for /etc/default/sockpush, with its meaning and its default.
# Run it after a change of the variables:
#     build/sockpush --help | platform/linux/variables.sh >platform/linux/sockpush.variables
#
# The list is a document. The configuration itself stays the same for years, because an upgrade asks a user who has changed it about any
# other text in it.
set -eu
export LC_ALL=C # otherwise some awks count bytes, some letters

cat <<'EOF'
# Variables of sockpush as a service, each with its default. To set one copy its line without the "#" to /etc/default/sockpush (systemd)
# or /etc/conf.d/sockpush (OpenRC; most values need quotes there):
# SOCKPUSH_TO=udp://statsd.example:8125
EOF
# A row of --help: two blanks, the name, and its meaning, which may continue in lines with more indentation. The default is in a column
# after the meaning: (default 10s).
awk '
    function end_row(n) {
        if (name == "") return
        if (match(text, / \(default [^ ]*\)$/)) {
            value = substr(text, RSTART + 10, RLENGTH - 11)
            text = substr(text, 1, RSTART - 1)
        }
        if (name == "SOCKPUSH_LOG") text = text "; the unit sets it"
        print ""
        while (length(text) > 100) {
            for (n = 101; n > 1 && substr(text, n, 1) != " "; n--);
            print "# " substr(text, 1, n - 1)
            text = substr(text, n + 1)
        }
        print "# " text "\n#" name "=" value
        name = ""
    }
    /^Names of other programs/ { exit }
    /^  SOCKPUSH_/ {
        end_row()
        split($0, column, /  +/)
        name = column[2]
        text = column[3]
        value = ""
        next
    }
    /^    / && name != "" { sub(/^ +/, ""); text = text " " $0; next }
    { end_row() }
    END { end_row() }'
