#!/bin/sh
# size.sh BINARY UNSTRIPPED MAX: prints the binary's size by source file and by symbol. Fails if it has more than MAX bytes.
set -eu
bytes=$(wc -c <"$1")
work=$(mktemp)
trap 'rm -f "$work"' EXIT

size "$1"
size -A -d "$1" | awk '$2 > 0'
echo 'bytes of code by source file, the ten largest (inlined code counts where it ended up):'
nm -S --radix=d "$2" | awk 'NF == 4 && $3 ~ /[tT]/ { print $2 }' >"$work"
nm -S --radix=x "$2" | awk 'NF == 4 && $3 ~ /[tT]/ { print "0x" $1 }' | addr2line -e "$2" | paste -d ' ' "$work" - |
    awk '{ sub(/:.*/, "", $2); bytes[$2] += $1 } END { for (file in bytes) printf "%8d %s\n", bytes[file], file }' | sort -rn | head -n 10
echo 'largest symbols:'
nm -S --size-sort --radix=d "$2" | tail -n 10 | awk '{ printf "%8d %s\n", $2, $4 }'
echo "$1: $bytes bytes, allowed: $3"
[ "$bytes" -le "$3" ]
