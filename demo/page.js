// Draws the last two minutes of VictoriaMetrics' values, once a second.
"use strict";

const SPAN_S = 120;
const COLOURS = ["#3b7ddd", "#e07b39", "#2f9e6e", "#b455c4", "#8a8f3c"];

const PORT = "sum by (load) (netstat_port_tcp_";
const machine = state => ({ label: state.toUpperCase(), query: `sum(netstat_tcp_${state})` });

// All lines of a chart have its unit, which is the label of its axis. CLOSE_WAIT and FIN_WAIT2 are the two ends of a half-closed connection:
// their counts are equal here, and in one chart one line would hide the other. `wide`: columns, of which the page has six.
const CHARTS = [
  { title: "The load's ports", wide: 6, height: 260, unit: "sockets", lines: [
    { label: "sine: ESTABLISHED", query: `${PORT}established{load="sine"})`, fill: true },
    { label: "square: ESTABLISHED", query: `${PORT}established{load="square"})`, fill: true },
    { label: "leak: CLOSE_WAIT", query: `${PORT}close_wait{load="leak"})`, fill: true },
  ] },
  { title: "The whole machine", wide: 2, height: 180, unit: "sockets", lines: ["established", "listen", "time_wait"].map(machine) },
  { title: "Closed by the peer, not yet here", wide: 2, height: 180, unit: "sockets", lines: ["close_wait"].map(machine) },
  { title: "Closed here, not yet by the peer", wide: 2, height: 180, unit: "sockets", lines: ["fin_wait2"].map(machine) },
  { title: "sockpush: time of a poll", wide: 3, height: 160, unit: "milliseconds", lines: [
    { label: "a poll", query: "sockpush_poll_us / 1000" },
  ] },
  { title: "sockpush: lines", wide: 3, height: 160, unit: "lines per second", lines: [
    { label: "sent", query: "sum(rate(sockpush_output_sent_lines[5s]))" },
    { label: "dropped", query: "sum(rate(sockpush_output_dropped_lines[5s]))" },
  ] },
];

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Returns the values at these times; null where a value is absent.
async function ask(query, times) {
  const [start, end] = [times[0], times[times.length - 1]];
  const answer = await fetch("api/v1/query_range?" + new URLSearchParams({ query, start, end, step: "1s", nocache: 1 }));
  if (!answer.ok)
    throw new Error(`VictoriaMetrics answers ${answer.status}`);
  const [series] = (await answer.json()).data.result;
  const found = new Map(series ? series.values.map(([at, value]) => [at, Number(value)]) : []);
  return times.map(at => found.get(at) ?? null);
}

function make(chart) {
  const section = document.createElement("section"), title = document.createElement("h2");
  section.style.setProperty("--wide", chart.wide);
  title.textContent = chart.title;
  section.append(title);
  document.querySelector("main").append(section);
  const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const width = () => section.clientWidth - 28;
  chart.plot = new uPlot({
    width: width(), height: chart.height, cursor: { y: false },
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, values: (_, times) => times.map(clock), space: 80, size: 28 }, { ...axis, size: 44, label: chart.unit, labelFont: "11px system-ui", labelSize: 18 }],
    series: [{ label: "time", value: (plot, at) => clock(at ?? plot.data[0][plot.data[0].length - 1]) },
      ...chart.lines.map((line, n) => ({
        label: line.label, stroke: COLOURS[n], width: 2, fill: line.fill && COLOURS[n] + "22", points: { show: false },
        value: (plot, value, series, index) => index === null ? last(plot.data[series]) : show(value) }))],
  }, [[], ...chart.lines.map(() => [])], section);
  new ResizeObserver(() => chart.plot.setSize({ width: width(), height: chart.height })).observe(section);
}

const clock = at => at ? new Date(at * 1000).toTimeString().slice(0, 8) : "";
const show = value => value === null || value === undefined ? "–" : String(Math.round(value * 10) / 10);
const last = values => show(values.filter(value => value !== null).pop());

async function draw() {
  const end = Math.floor(Date.now() / 1000) - 1, times = Array.from({ length: SPAN_S }, (_, n) => end - SPAN_S + 1 + n);
  const state = document.querySelector("#state");
  try {
    for (const chart of CHARTS)
      chart.plot.setData([times, ...await Promise.all(chart.lines.map(line => ask(line.query, times)))]);
    const drawn = CHARTS.map(chart => chart.plot.data.slice(1).filter(values => values.some(value => value !== null)).length);
    document.body.dataset.series = drawn.join(" ");
    document.body.dataset.points = CHARTS.map(chart => chart.plot.data[1].filter(value => value !== null).length).join(" ");
    state.textContent = "Counted every 500 ms, asked back from VictoriaMetrics every second: connections in a sine, in a square wave, and a program that forgets to close.";
  } catch (error) {
    state.textContent = `The demo has ended, or cannot be reached: ${error.message}`;
  }
}

CHARTS.forEach(make);
(async () => {
  for (;; await new Promise(next => setTimeout(next, 1000)))
    await draw();
})();
