"""Makes the calls on stdin by Debian's python3-statsd: OPTIONS, in JSON, with `path` for a Unix stream and `packed` for pipelines."""
import contextlib
import json
import random
import sys

import statsd

random.random = lambda: 0       # every sampled call is sent, with its rate
options = json.loads(sys.argv[1])
packed = options.pop("packed", False)
client = statsd.UnixSocketStatsClient(options["path"]) if "path" in options else statsd.StatsClient(**options)
with client.pipeline() if packed else contextlib.nullcontext(client) as to:
    for kind, name, value, rate, _ in json.load(sys.stdin):
        if kind in ("g", "+g"):
            to.gauge(name, value, rate, delta=kind == "+g")
        else:
            {"c": to.incr, "ms": to.timing, "s": to.set}[kind](name, value, rate)
client.close()
