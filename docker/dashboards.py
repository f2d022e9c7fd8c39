#!/usr/bin/python3
"""dashboards.py [--check]: writes the dashboards of docker/ from the panels below: Grafana's for PromQL, InfluxQL and Flux, and Datadog's.
With --check it writes nothing, and fails if a file is not what it would write.

InfluxQL, Flux and Datadog know a field as it is pushed. PromQL's queries fit each spelling of names, see queries.md."""
import collections
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
STATES = ["syn_sent", "syn_recv", "established", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait", "last_ack", "listen", "closing", "none"]
POD = ("namespace", "pod_name", "pod_uid", "container_id", "netns")
ALL = "all states"

# fields: of the measurement, added up, or ALL for a line of each state. how: "value" now, or a counter's "increase" or "rate", or "percent" that the
# first field is of the second + 1. by: the tags of a line. combine: how the other tags' series become a line, and hosts' or IP versions', too.
Panel = collections.namedtuple("Panel", "title width height unit measurement fields by how combine stacked divisor only_positive",
                               defaults=["value", "sum", False, 1, False])
ROWS = {
    "Hosts": [
        Panel("All states", 12, 9, "short", "netstat", ALL, (), stacked=True),
        Panel("Connections by host", 12, 9, "short", "netstat", ["tcp_established"], ("host",), stacked=True),
        Panel("TIME_WAIT by host", 8, 7, "short", "netstat", ["tcp_time_wait"], ("host",), stacked=True),
        Panel("CLOSE_WAIT by host", 8, 7, "short", "netstat", ["tcp_close_wait"], ("host",), stacked=True),
        Panel("UDP sockets by host", 8, 7, "short", "netstat", ["udp_socket"], ("host",), stacked=True),
    ],
    "Ports": [
        Panel("States of the ports", 12, 9, "short", "netstat_port", ALL, (), stacked=True),
        Panel("Connections by port", 12, 9, "short", "netstat_port", ["tcp_established"], ("addr_port",), stacked=True),
        Panel("Listeners by port", 24, 6, "short", "netstat_port", ["tcp_listen"], ("addr_port",), stacked=True),
        Panel("Accept queue against its limit", 12, 7, "percent", "netstat_port", ["accept_queue_peak", "accept_queue_limit"], ("addr_port",), "percent"),
        Panel("Fullest accept queue by host", 12, 7, "percent", "netstat", ["accept_queue_fullest"], ("host",), combine="max"),
        Panel("Accept queue overflows", 12, 7, "short", "netstat_kernel", ["listen_overflows"], ("host",), "increase"),
        Panel("Local ports in use by remote", 12, 7, "percent", "netstat_remote", ["ephemeral_used_percent"], ("host", "remote"), combine="max"),
        Panel("Bytes to read by port", 8, 7, "bytes", "netstat_port", ["tcp_rx_queue_bytes"], ("addr_port",)),
        Panel("Datagrams lost by port", 8, 7, "short", "netstat_port", ["udp_drops"], ("addr_port",), "increase"),
        Panel("Oldest CLOSE_WAIT by port", 8, 7, "s", "netstat_port", ["close_wait_oldest_s"], ("host", "addr_port"), combine="max"),
    ],
    "Pods": [
        Panel("Connections by pod", 8, 7, "short", "netstat_pod", ["tcp_current"], POD),
        Panel("Accept queue by pod", 8, 7, "short", "netstat_pod", ["accept_queue"], POD),
        Panel("Pods with overflows", 8, 7, "short", "netstat_pod", ["listen_overflows"], POD, "increase", only_positive=True),
    ],
    "sockpush itself": [
        Panel("Time of a poll", 8, 7, "s", "sockpush", ["poll_us"], ("host",), combine="max", divisor=1e6),
        Panel("Lines sent", 8, 7, "cps", "sockpush_output", ["sent_lines"], ("host",), "rate"),
        Panel("Lines dropped", 8, 7, "short", "sockpush_output", ["dropped_lines"], ("host",), "increase"),
        Panel("Errors and reconnects", 12, 7, "short", "sockpush_output", ["send_errors", "reconnects"], ("host",), "increase"),
        Panel("Polls that failed", 12, 7, "short", "sockpush", ["poll_errors", "partial_polls"], ("host",), "increase"),
    ],
}
PORT_TAG = {"netstat_port": ["host", "addr_port"]}      # the variables that choose series of a measurement; of others it is the host


def fields_of(panel):
    return [f"tcp_{state}" for state in STATES] if panel.fields == ALL else panel.fields


def variables_of(panel):
    return PORT_TAG.get(panel.measurement, ["host"])


def promql(panel):
    chosen = ",".join(f'{name}=~"${name}"' for name in variables_of(panel))
    group = f"{panel.combine} by ({', '.join(panel.by)})"
    if panel.fields == ALL:
        return f'sum by (__name__) ({{__name__=~"{panel.measurement}.tcp_.*",__name__!~".*_bytes",{chosen}}})'
    total = "" if panel.how in ("value", "percent") else "(_total)?"
    series = [f'{{__name__=~"{panel.measurement}.{field}{total}",{chosen}}}' for field in panel.fields]
    if panel.how == "percent":
        return f"100 * {group} ({series[0]}) / {group} ({series[1]} + 1)"
    values = " + ".join(series if panel.how == "value" else [f"{panel.how}({one}[5m])" for one in series])
    return f"{group} ({values})" + (" / 1e6" if panel.divisor == 1e6 else "") + (" > 0" if panel.only_positive else "")


def influxql(panel):
    """Counts in the time of a point; PromQL's increase is that of five minutes. The inner query has the last value of each series, in an interval."""
    chosen = " AND ".join(f'"{name}" =~ /^${name}$/' for name in variables_of(panel))
    last = {"value": '{}', "percent": '{}', "increase": "non_negative_difference({})", "rate": "non_negative_derivative({}, 1s)"}[panel.how]
    inner = [f'{last.format(f"""last("{field}")""")} AS "{field}"' for field in fields_of(panel)]
    outer = [f'{panel.combine}("{field}")' for field in fields_of(panel)]
    if panel.how == "percent":
        inner[1] = inner[1].replace(" AS", " + 1 AS")
        outer = [f"100 * {outer[0]} / {outer[1]}"]
    elif panel.fields == ALL:
        outer = [f'{one} AS "{field}"' for one, field in zip(outer, fields_of(panel))]
    else:
        outer = [" + ".join(outer) + (f" / {panel.divisor:.0f}" if panel.divisor != 1 else "")]
    by = "".join(f', "{tag}"' for tag in panel.by)
    text = (f'SELECT {", ".join(outer)}{" AS value" * (panel.fields != ALL)} FROM (SELECT {", ".join(inner)} FROM "{panel.measurement}" '
            f'WHERE {chosen} AND $timeFilter GROUP BY time($__interval), * fill(none)) WHERE $timeFilter GROUP BY time($__interval){by} fill(none)')
    return f'SELECT value FROM ({text}) WHERE value > 0 GROUP BY {by[2:]}' if panel.only_positive else text


def flux(panel):
    """Counts as influxql does."""
    by = ["_field"] if panel.fields == ALL else [*panel.by]
    wanted = " or ".join(f'r._field == "{field}"' for field in fields_of(panel))
    lines = ["from(bucket: v.defaultBucket)", "range(start: v.timeRangeStart, stop: v.timeRangeStop)",
             f'filter(fn: (r) => r._measurement == "{panel.measurement}" and ({wanted}))',
             *(f"filter(fn: (r) => r.{name} =~ /^${{{name}:regex}}$/)" for name in variables_of(panel)),
             "aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)"]
    lines += {"increase": ["difference(nonNegative: true)"], "rate": ["derivative(unit: 1s, nonNegative: true)"]}.get(panel.how, [])
    if panel.how == "percent":
        part, whole = panel.fields
        lines += ['pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")', f"map(fn: (r) => ({{r with {whole}: r.{whole} + 1}}))",
                  f"group(columns: {json.dumps(['_time', *by])})", f'reduce(identity: {{part: 0, whole: 0}}, fn: (r, accumulator) => '
                  f'({{part: accumulator.part + r.{part}, whole: accumulator.whole + r.{whole}}}))',
                  "map(fn: (r) => ({r with _value: 100.0 * float(v: r.part) / float(v: r.whole)}))", 'drop(columns: ["part", "whole"])']
    else:
        lines += [f"group(columns: {json.dumps(['_time', *by])})", f"{panel.combine}()"]
    lines += [f"group(columns: {json.dumps(by)})", 'sort(columns: ["_time"])',
              *(["filter(fn: (r) => r._value > 0)"] if panel.only_positive else []),
              *([f"map(fn: (r) => ({{r with _value: float(v: r._value) / {panel.divisor:.1f}}}))"] if panel.divisor != 1 else [])]
    return "\n  |> ".join(lines)


def grafana(name, source, variable, target):
    """Returns a dashboard for a type of data source. `variable` makes a variable's query, and `target` a panel's."""
    where = {"type": source, "uid": "${datasource}"}
    # A point of InfluxQL and Flux has the hosts that pushed within it alone. So it spans three of sockpush's intervals at least.
    least = {"interval": "30s"} if source == "influxdb" else {}

    def chooser(tag, label):
        return {"name": tag, "label": label, "type": "query", "datasource": where, **variable(tag), "includeAll": True, "allValue": ".*", "multi": True,
                "refresh": 2, "sort": 3, "current": {"text": ["All"], "value": ["$__all"]}}

    def draw(number, panel, place):
        return {"id": number, "type": "timeseries", "title": panel.title, "datasource": where, "gridPos": place, **least,
                "targets": [{"refId": "A", "datasource": where, **target(panel)}],
                "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": {
                    "fillOpacity": 25 if panel.stacked else 8, "lineWidth": 1, "showPoints": "never",
                    "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"}}}, "overrides": []},
                "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}}

    panels, x, y, below = [], 0, 0, 0
    for title, row in ROWS.items():
        panels.append({"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": {"x": 0, "y": below, "w": 24, "h": 1},
                       "panels": []})
        x, y, below = 0, below + 1, below + 1
        for panel in row:
            if x + panel.width > 24:
                x, y = 0, below
            panels.append(draw(len(panels) + 1, panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
            x, below = x + panel.width, y + panel.height
    return {"title": name, "uid": name.replace(", ", "-").lower(), "tags": ["sockpush", "network"], "editable": True, "graphTooltip": 1, "schemaVersion": 39,
            "version": 1, "refresh": "10s", "time": {"from": "now-1h", "to": "now"}, "templating": {"list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": source, "current": {}},
                chooser("host", "Host"), chooser("addr_port", "Port")]}, "annotations": {"list": []}, "panels": panels}


def datadog():
    """Returns Datadog's dashboard. Its counters are increments, and the agent sets the host."""
    def queries(panel):
        chosen = ",".join(f"${name}" for name in variables_of(panel))
        by = f" by {{{','.join(panel.by)}}}" if panel.by else ""
        ending = {"increase": ".as_count()", "rate": ".as_rate()"}.get(panel.how, "")
        return [{"data_source": "metrics", "name": field, "query": f"{panel.combine}:{panel.measurement}.{field}{{{chosen}}}{by}{ending}"}
                for field in fields_of(panel)]

    def formulas(panel):
        fields = fields_of(panel)
        if panel.fields == ALL:
            return [{"formula": field, "alias": field} for field in fields]
        if panel.how == "percent":
            return [{"formula": f"100 * {fields[0]} / ({fields[1]} + 1)"}]
        text = " + ".join(fields) + (f" / {panel.divisor:.0f}" if panel.divisor != 1 else "")
        return [{"formula": f"cutoff_min({text}, 1)" if panel.only_positive else text}]

    def draw(panel):
        return {"definition": {"type": "timeseries", "title": panel.title, "show_legend": True, "requests": [{
            "response_format": "timeseries", "display_type": "area" if panel.stacked else "line", "queries": queries(panel), "formulas": formulas(panel)}]}}
    return {"title": "sockpush", "description": "Counts of sockets, as sockpush pushes them", "layout_type": "ordered", "template_variables": [
        {"name": name, "prefix": name, "available_values": [], "default": "*"} for name in ("host", "addr_port")], "widgets": [
            {"definition": {"type": "group", "layout_type": "ordered", "title": title, "widgets": [draw(panel) for panel in row]}} for title, row in ROWS.items()]}


def legend(panel, form):
    """Returns the tags of a line as Grafana's legend, of which a pod has some."""
    if panel.by == POD:
        return form.format("namespace") + " " + "".join(form.format(tag) for tag in POD[1:])
    return " ".join(form.format(tag) for tag in panel.by)


def prometheus_variable(tag):
    of = {"host": '{__name__=~"netstat.tcp_listen|netstat_pod.tcp_current"}', "addr_port": '{__name__=~"netstat_port.tcp_listen",host=~"$host"}'}[tag]
    return {"query": {"query": f"label_values({of}, {tag})", "refId": tag}, "definition": f"label_values({of}, {tag})"}


def influxql_variable(tag):
    text = {"host": 'SHOW TAG VALUES FROM /^netstat(_pod)?$/ WITH KEY = "host"',
            "addr_port": 'SHOW TAG VALUES FROM "netstat_port" WITH KEY = "addr_port" WHERE "host" =~ /^$host$/'}[tag]
    return {"query": text, "definition": text}


def flux_variable(tag):
    of = {"host": 'r._measurement == "netstat" or r._measurement == "netstat_pod"',
          "addr_port": 'r._measurement == "netstat_port" and r.host =~ /^${host:regex}$/'}[tag]
    text = f'import "influxdata/influxdb/schema"\nschema.tagValues(bucket: v.defaultBucket, tag: "{tag}", predicate: (r) => {of}, start: v.timeRangeStart)'
    return {"query": text, "definition": text}


def files():
    """Returns each file's name and content."""
    return {name: json.dumps(content, indent=2) + "\n" for name, content in {
        "dashboard.json": grafana("sockpush", "prometheus", prometheus_variable, lambda panel: {
            "expr": promql(panel), "legendFormat": "{{__name__}}" if panel.fields == ALL else legend(panel, "{{{{{}}}}}")}),
        "dashboard-influxql.json": grafana("sockpush, InfluxQL", "influxdb", influxql_variable, lambda panel: {
            "query": influxql(panel), "rawQuery": True, "resultFormat": "time_series", "alias": "$col" if panel.fields == ALL else legend(panel, "$tag_{}")}),
        "dashboard-flux.json": grafana("sockpush, Flux", "influxdb", flux_variable, lambda panel: {"query": flux(panel)}),
        "dashboard-datadog.json": datadog()}.items()}


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if differ := [name for name, content in files().items() if (HERE / name).read_text() != content]:
            sys.exit(f"dashboards.py: {', '.join(differ)}: not what docker/dashboards.py writes; run it")
    else:
        for name, content in files().items():
            (HERE / name).write_text(content)
