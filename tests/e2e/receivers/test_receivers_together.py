"""One sockpush serves several aggregators, each in its own format."""
import naming
import servers


def test_same_counts_everywhere(serve, push):
    etsy, influxdb, carbon = (serve(kind) for kind in (servers.Etsy, servers.InfluxDB, servers.Carbon))
    points = push("statsd+udp://127.0.0.1:8125", "influx+udp://127.0.0.1:8089", "graphite+udp://127.0.0.1:2003")
    etsy.settles(lambda: {name: value for name, value in etsy.flushes()[-1]["gauges"].items() if name.startswith("web1")},
                 naming.values(points, naming.statsd))
    influxdb.settles(lambda: [fields for name in ("netstat", "netstat_port") for _, fields, _ in influxdb.points(name)],
                     [point.fields for point in points])
    carbon.settles(lambda: {name: rows[-1][1] for name, rows in carbon.stored().items()}, naming.values(points, naming.graphite))
