#!/bin/sh
# layers.sh: an include points to its own room or to one before it; platform/ uses base and count alone; platform.h and
# net.h include no room.
#
#   src/output/link.h:6:#include "tls/tls.h"     the room of the file, and that of what it includes
set -eu

grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src platform | awk -F '[:"]' '
    BEGIN { for (n = split("base count input encode tls output config program.h", room, " "); n; n--) rank[room[n]] = n }
    {
        split($1, file, "/"); split($4, header, "/"); from = file[2]
        if (file[1] == "platform") limit = from ~ /^(platform|net)\.h$/ ? 0 : rank["count"]
        else limit = from in rank ? rank[from] : 99
        if (index($4, "..") || (header[1] in rank && rank[header[1]] > limit)) { print $1 ":" $2 ": " from " must not include " $4; bad = 1 }
    }
    END { exit bad }' || { echo 'includes point down: base < count < input < encode < tls < output < config < main' >&2; exit 1; }
