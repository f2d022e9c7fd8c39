#!/bin/sh
# foreign_names.sh: the names of other programs that src/config reads are the rows of its table, and docs/configuration.md has all of them.
set -eu

table=$(sed -n 's/^    {"\([A-Z0-9_][A-Z0-9_*]*\)".*/\1/p' src/config/foreign.c | sort)
walked=$(sed -n 's/^    {"\([A-Z0-9_]*\)", "SOCKPUSH_\(TO\|HOST\)", .*},$/\1/p' src/config/foreign.c) # by foreign_next, in their order
exporter=$(sed -n 's/.* get(c, env, "\([A-Z_]*\)".*/OTEL_EXPORTER_OTLP_METRICS_\1/p' src/config/otel.c)
read=$({ printf '%s\n' "$walked" 'OTEL_EXPORTER_OTLP_*' && grep -hoE '"(DD|ENV|POD|NODE|STATSD|HOST|SSL|OTEL|NOTIFY|WATCHDOG)_[A-Z0-9_]+"' src/config/agent.c src/config/config.c src/config/otel.c src/config/outputs.c src/config/tags.c src/config/tls.c | tr -d '"'; } |
    sort -u | grep -vx 'DD_')
[ "$table" = "$read" ] || {
    echo 'src/config/foreign.c has other names than are read:' >&2
    printf '%s\n' "$table" "$read" | sort | uniq -u >&2
    exit 1
}
set -f
for name in $table $exporter; do
    [ "$name" != 'OTEL_EXPORTER_OTLP_*' ] || continue
    grep -q "\`$name\`" docs/configuration.md || { echo "$name is not in docs/configuration.md" >&2; exit 1; }
done
