// Writes each flush of statsd to a file.
exports.init = function (started, config, events) {
  events.on('flush', function (time, metrics) {
    console.log(JSON.stringify({time: time, gauges: metrics.gauges, counters: metrics.counters}));
  });
  return true;
};
