// Makes the calls on stdin by npm's hot-shots: OPTIONS, in JSON. `stream` is the path of a Unix stream socket.
const StatsD = require('hot-shots');

const METHODS = { c: 'increment', g: 'gauge', '+g': 'gaugeDelta', ms: 'timing', h: 'histogram', d: 'distribution', s: 'set' };

const options = JSON.parse(process.argv[2]);
if (options.stream)
    options.stream = require('net').connect(options.stream);
Math.random = () => 0; // every sampled call is sent, with its rate
const client = new StatsD({ ...options, includeDatadogTelemetry: false });
for (const [kind, name, value, rate, tags] of JSON.parse(require('fs').readFileSync(0))) {
    const list = Object.entries(tags).map(([key, text]) => text === null ? key : `${key}:${text}`);
    if (kind === 'event')
        client.event(name, value, {}, list);
    else if (kind === 'check')
        client.check(name, value, {}, list);
    else
        client[METHODS[kind]](name, value, rate, list);
}
client.flush(error => { // unlike close(), it waits as long as it takes
    if (error)
        throw error;
    client.close();
});
