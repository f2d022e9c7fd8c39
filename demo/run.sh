#!/bin/sh
# run.sh BINARY: shows live counts, those of each listening port too, until Ctrl-C; then how to push them.
set -eu
trap : INT
echo "Counting this machine's sockets; Ctrl-C ends it."
SOCKPUSH_TO=table+stdout: SOCKPUSH_PORTS=${SOCKPUSH_PORTS-listen} SOCKPUSH_INTERVAL=${SOCKPUSH_INTERVAL:-2s} \
    SOCKPUSH_LOG_LEVEL=${SOCKPUSH_LOG_LEVEL:-warn} "$1"
cat <<END

What would be pushed, shown once:
  SOCKPUSH_TO=stdout: SOCKPUSH_POLLS=1 $1

To push it, name the receiver and the format that it reads:
  SOCKPUSH_TO=udp://HOST:8125 $1
      DogStatsD, which is StatsD with tags: the Datadog agent, Telegraf,
      Vector, OpenTelemetry's statsd receiver
  SOCKPUSH_TO=statsd+udp://HOST:8125 $1
      plain StatsD: etsy's statsd, collectd, Netdata
  SOCKPUSH_TO='http://HOST:8086/write?db=NAME' $1
      InfluxDB lines: InfluxDB, VictoriaMetrics, Telegraf; also https://,
      influx+tcp://, influx+tls://, influx+udp://
  SOCKPUSH_TO=datadog+unix:///run/datadog/dsd.socket $1
      the Datadog agent's socket

SOCKPUSH_PORTS=80,443 counts these ports apart. All the rest:
  $1 --help
END
