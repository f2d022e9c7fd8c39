// Draws the last two minutes of VictoriaMetrics' values, once a second. The buttons turn things on and off; the page shows what came of it.
"use strict";

const SPAN_S = 120;
const COLOURS = ["#3b7ddd", "#e07b39", "#2f9e6e", "#b455c4", "#8a8f3c"];

const PORT = "sum by (load) (netstat_port_tcp_";
const machine = state => ({ label: state.toUpperCase(), query: `sum(netstat_tcp_${state})` });

// All lines of a chart have its unit, which is the label of its axis. CLOSE_WAIT and FIN_WAIT2 are the two ends of a half-closed connection:
// their counts are equal here, and in one chart one line would hide the other. `wide`: columns, of which the page has six. `button`: the switch that
// it turns, and its text while that is off, and on. `says` makes a line of text of the state and of the newest values.
const CHARTS = [
  { title: "The load's ports", wide: 6, height: 260, unit: "sockets", lines: [
    { label: "sine: ESTABLISHED", query: `${PORT}established{load="sine"})`, fill: true },
    { label: "square: ESTABLISHED", query: `${PORT}established{load="square"})`, fill: true },
    { label: "leak: CLOSE_WAIT", query: `${PORT}close_wait{load="leak"})`, fill: true },
  ] },
  { id: "kept", title: "A count that sockpush sends, as stored", wide: 3, height: 150, unit: "sockets", says: state => samples(state.samples.sockpush),
    button: ["aggregator", "Start VictoriaMetrics again", "Kill VictoriaMetrics"], lines: [
      { label: "sine: ESTABLISHED", query: 'last_over_time(netstat_port_tcp_established{load="sine",ip_version="4"}[2s])', fill: true },
    ] },
  { id: "plain", title: "The same count, POSTed once by a plain sender", wide: 3, height: 150, unit: "sockets",
    says: state => samples(state.samples.plain), lines: [
      { label: "sine: ESTABLISHED", query: "last_over_time(plain_tcp_established[2s])", fill: true },
    ] },
  { id: "requests", title: "An application's StatsD", wide: 2, height: 150, unit: "requests per second", says: state => requests(state.requests),
    button: ["application", "Start it", "Stop it"], lines: [
      { label: "requests", query: "sum(sum_over_time(shop_requests_value[5s])) / 5", fill: true },
    ] },
  { id: "latency", title: "Its timers", wide: 2, height: 150, unit: "milliseconds", says: (_, [median, p99]) => latency(median, p99), lines: [
    { label: "median", query: "max(last_over_time(shop_latency_median[2s]))" },
    { label: "p99", query: "max(last_over_time(shop_latency_99_percentile[2s]))" },
  ] },
  { id: "queue", title: "A listener's accept queue", wide: 2, height: 150, unit: "connections", says: (_, [waiting, limit]) => queue(waiting, limit),
    button: ["queue", "Stop accepting", "Accept again"], lines: [
      { label: "accept_queue", query: 'max(netstat_port_accept_queue{load="queue"})', fill: true },
      { label: "its limit", query: 'max(netstat_port_accept_queue_limit{load="queue"})' },
    ] },
  { title: "The whole machine", wide: 2, height: 180, unit: "sockets", lines: ["established", "listen"].map(machine) },
  { title: "Closed by the peer, not yet here", wide: 2, height: 180, unit: "sockets", lines: ["close_wait"].map(machine) },
  { title: "Closed here, not yet by the peer", wide: 2, height: 180, unit: "sockets", lines: ["fin_wait2"].map(machine) },
  { title: "sockpush: time of a poll", wide: 3, height: 160, unit: "milliseconds", lines: [
    { label: "a poll", query: "sockpush_poll_us / 1000" },
  ] },
  { title: "sockpush: lines", wide: 3, height: 160, unit: "lines per second", lines: [
    { label: "sent", query: 'sum(rate(sockpush_output_sent_lines{output!="stdout:"}[5s]))' },
    { label: "dropped", query: 'sum(rate(sockpush_output_dropped_lines{output!="stdout:"}[5s]))' },
  ] },
];

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const samples = ({ counted, stored, lost }) => stored === undefined ? `counted ${counted}`
  : `counted ${counted}, stored ${stored}, on their way ${counted - stored - lost}, lost ${lost}`;
const requests = ({ sent, stored }) => `sent ${sent} requests` + (stored === undefined ? "" : `, stored ${stored}`);
const latency = (median, p99) => p99 === null ? "no requests now" : `median ${show(median)} ms, p99 ${show(p99)} ms`;
const queue = (waiting, limit) => waiting === null ? "" : `${waiting} wait, the limit is ${limit}${waiting > limit ? ": full" : ""}`;

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
  section.id = chart.id ?? "";
  title.textContent = chart.title;
  const header = document.createElement("header");
  header.append(title);
  section.append(header);
  if (chart.button)
    header.append(chart.press = document.createElement("button"));
  if (chart.says)
    section.append(chart.text = document.createElement("p"));
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

// Turns a switch. What it does is seen at the next drawing.
const turn = (name, on) => fetch(`${name}/${on ? "on" : "off"}`, { method: "POST" });

function label(chart, state) {
  const [name, ...texts] = chart.button, on = state.on[name];
  chart.press.textContent = texts[Number(on)];
  chart.press.disabled = name === "aggregator" && on !== state.lives;
  chart.press.onclick = () => { chart.press.disabled = true; turn(name, !on); };
}

const clock = at => at ? new Date(at * 1000).toTimeString().slice(0, 8) : "";
const show = value => value === null || value === undefined ? "–" : String(Math.round(value * 10) / 10);
const last = values => show(values.filter(value => value !== null).pop());

function say(state) {
  for (const chart of CHARTS.filter(chart => chart.says))
    chart.text.textContent = chart.says(state, chart.plot.data.slice(1).map(values => values[values.length - 1] ?? null));
}

async function update() {
  const end = Math.floor(Date.now() / 1000) - 1, times = Array.from({ length: SPAN_S }, (_, n) => end - SPAN_S + 1 + n);
  for (const chart of CHARTS)
    chart.plot.setData([times, ...await Promise.all(chart.lines.map(line => ask(line.query, times)))]);
  const drawn = CHARTS.map(chart => chart.plot.data.slice(1).filter(values => values.some(value => value !== null)).length);
  document.body.dataset.series = drawn.join(" ");
  document.body.dataset.points = CHARTS.map(chart => chart.plot.data[1].filter(value => value !== null).length).join(" ");
}

async function draw() {
  const text = document.querySelector("#state");
  try {
    const answer = await fetch("state");
    if (!answer.ok)
      throw new Error(`VictoriaMetrics answers ${answer.status}`);
    const state = await answer.json();
    CHARTS.filter(chart => chart.button).forEach(chart => label(chart, state));
    if (state.lives)
      await update();
    say(state);
    text.textContent = state.lives
      ? "Counted every 500 ms, asked back from VictoriaMetrics every second: connections in a sine, in a square wave, and a program that forgets to close."
      : "VictoriaMetrics was killed, and has lost what it had not written to its disk. sockpush keeps what it counts. Start VictoriaMetrics again.";
  } catch (error) {
    text.textContent = `The demo has ended, or cannot be reached: ${error.message}`;
  }
}

CHARTS.forEach(make);
(async () => {
  for (;; await new Promise(next => setTimeout(next, 1000)))
    await draw();
})();
