"""Makes the calls on stdin by Debian's python3-aiodogstatsd: OPTIONS, in JSON."""
import asyncio
import json
import sys

import aiodogstatsd.client

aiodogstatsd.client.random = lambda: 0      # every sampled call is sent, with its rate


async def main():
    async with aiodogstatsd.client.Client(**json.loads(sys.argv[1]), read_timeout=0.05) as client:
        methods = {"c": client.increment, "g": client.gauge, "ms": client.timing, "h": client.histogram, "d": client.distribution}
        for kind, name, value, rate, tags in json.load(sys.stdin):
            methods[kind](name, value=value, tags=tags, sample_rate=rate)


asyncio.run(main())
