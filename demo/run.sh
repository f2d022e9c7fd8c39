#!/bin/sh
# run.sh BINARY: shows the ports of this machine until q or Ctrl-C, then what would be pushed, and how to push it.
set -eu
trap : INT
[ -t 1 ] || echo "Counting this machine's sockets; Ctrl-C ends it."
"$1" --top
cat <<END
The first lines of what is pushed; all of them:
  SOCKPUSH_TO=stdout: SOCKPUSH_POLLS=1 $1

$(SOCKPUSH_TO=stdout: SOCKPUSH_POLLS=1 SOCKPUSH_LOG_LEVEL=error "$1" | sed -n 's/^/  /; 1,3p')

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
