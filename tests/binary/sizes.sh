#!/bin/sh
# sizes.sh: checks that docs/platforms.md and README.md have the binaries' sizes.
#   sizes.sh write PREFIX                 writes those of PREFIX-CPU and PREFIX-CPU-no-tls (make dist)
#   sizes.sh check BINARY CPU TLS         compares one of them (make size); TLS is 0 or 1
# A row of docs/platforms.md:   | `x86_64` | 259 KiB | 119 KiB | how it was tried |
# The words in README.md:       static binary of 259 KiB, 119 KiB without TLS
# Versions of gcc differ by some bytes, so 3 in 100 are allowed.
set -eu
cd "$(dirname "$0")/../.."
platforms=docs/platforms.md
words='\(static binary of \)[0-9]* KiB, [0-9]* KiB without TLS'

kib() { echo $((($(wc -c <"$1") + 512) / 1024)); }

# row CPU: prints its two numbers, or nothing
row() { sed -n "s/^| \`$1\` | \([0-9]*\) KiB | \([0-9]*\) KiB |.*/\1 \2/p" $platforms; }

# close_to KIB BYTES: succeeds if they differ by less than 3 in 100
close_to() { awk -v kib="$1" -v bytes="$2" 'BEGIN { exit !(kib * 1024 > bytes * .97 && kib * 1024 < bytes * 1.03) }'; }

case $1 in
write)
    for binary in "$2"-*-no-tls; do
        with=${binary%-no-tls}
        cpu=${with#"$2"-}
        [ -n "$(row "$cpu")" ] || { echo "sizes: $platforms has no row for $cpu" >&2; exit 1; }
        sed -i "s/^| \`$cpu\` | [0-9]* KiB | [0-9]* KiB |/| \`$cpu\` | $(kib "$with") KiB | $(kib "$binary") KiB |/" $platforms
    done
    sed -i "s/$words/\1$(row x86_64 | sed 's/ / KiB, /') KiB without TLS/" README.md
    ;;
check)
    bytes=$(wc -c <"$2")
    listed=$(row "$3" | cut -d' ' -f$((2 - $4)))
    [ -n "$listed" ] || { echo "sizes: $platforms has no row for $3, so nothing is compared"; exit 0; }
    close_to "$listed" "$bytes" || {
        echo "sizes: $2 has $(kib "$2") KiB, but $platforms lists $listed KiB for $3: 'make dist' writes the sizes of all processors" >&2
        exit 1
    }
    readme=$(sed -n "s/.*static binary of \([0-9]*\) KiB, \([0-9]*\) KiB without TLS.*/\1 \2/p" README.md | cut -d' ' -f$((2 - $4)))
    close_to "${readme:-0}" $(($(row x86_64 | cut -d' ' -f$((2 - $4))) * 1024)) || {
        echo "sizes: README.md must have 'static binary of $(row x86_64 | sed 's/ / KiB, /') KiB without TLS', as $platforms does" >&2
        exit 1
    }
    echo "sizes: $platforms lists $listed KiB"
    ;;
esac
