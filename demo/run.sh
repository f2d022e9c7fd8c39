#!/bin/sh
# run.sh BINARY: shows live counts until Ctrl-C, then how to push them.
set -eu
trap : INT
echo 'Counting the sockets of this machine; Ctrl-C ends it.'
SOCKPUSH_TO=stdout: SOCKPUSH_FORMAT=table SOCKPUSH_INTERVAL=${SOCKPUSH_INTERVAL:-2s} "$1"
cat <<END

To push these counts to an aggregator, say where it is:
    SOCKPUSH_TO=udp://HOST:8125 $1                  StatsD with tags (DogStatsD)
    SOCKPUSH_TO=influx+udp://HOST:8089 $1           InfluxDB line protocol
    SOCKPUSH_TO=influx+tls://HOST:6514 $1           the same over TLS; or tcp://
    SOCKPUSH_TO='http://HOST:8086/write?db=NAME' $1   the same by HTTP; or https://
    SOCKPUSH_TO=unix:///run/datadog/dsd.socket $1   a Unix socket, as the Datadog agent has
SOCKPUSH_PORTS=80,443 adds series for these ports. $1 --help and README.md tell the rest.
END
