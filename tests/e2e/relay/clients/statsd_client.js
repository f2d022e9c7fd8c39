// Makes the calls on stdin by npm's statsd-client: OPTIONS, in JSON.
const StatsDClient = require('statsd-client');

const METHODS = { c: 'counter', g: 'gauge', '+g': 'gaugeDelta', ms: 'timing', h: 'histogram', d: 'distribution', s: 'set' };

// Its close() forgets what it has not sent. It sends that, and ends, when nothing has come for some of these times.
const client = new StatsDClient({ ...JSON.parse(process.argv[2]), socketTimeout: 20 });
for (const [kind, name, value, , tags] of JSON.parse(require('fs').readFileSync(0)))
    client[METHODS[kind]](name, value, tags);
