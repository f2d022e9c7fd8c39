// Writes what statsd hands its backends at each flush.
exports.init = function (started, config, events) {
  events.on('flush', function (time, metrics) {
    console.log(JSON.stringify({time: time, gauges: metrics.gauges, counters: metrics.counters}));
  });
  return true;
};
