// Writes each flush of statsd to a file.
exports.init = function (started, config, events) {
  events.on('flush', function (time, metrics) {
    const sets = Object.fromEntries(Object.entries(metrics.sets).map(([name, set]) => [name, set.values()]));
    console.log(JSON.stringify({time: time, gauges: metrics.gauges, counters: metrics.counters, timers: metrics.timers,
                                timer_counters: metrics.timer_counters, sets: sets}));
  });
  return true;
};
