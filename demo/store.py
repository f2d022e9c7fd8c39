"""VictoriaMetrics as the demo asks it: what it has stored of what was counted."""
import collections
import http.client
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Away(Exception):
    """It does not answer."""


def get(port, path, **query):
    """Returns the answer's bytes."""
    try:
        with _direct.open(f"http://127.0.0.1:{port}{path}{'?' if query else ''}{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise Away(error) from error


def total(port, name):
    """Returns the sum of all values of the last hour."""
    result = json.loads(get(port, "/api/v1/query", query=f"sum(sum_over_time({name}[1h]))", nocache=1))["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


class Samples(threading.Thread):
    """Reads the lines that a sender also writes to a pipe, and remembers the times, in ms, of those of the sine's connections: up to ten minutes of them."""

    def __init__(self, pipe, measurement):
        super().__init__(daemon=True)
        self._pipe, self._measurement = pipe, measurement
        self._times = collections.deque(maxlen=1200)

    def run(self):
        for line in self._pipe:
            if re.match(rf"{self._measurement},(?=\S*\bip_version=4\b)\S*\bload=sine\b", line):
                self._times.append(int(line.split()[-1]) // 1000000)

    def counted(self):
        return {"counted": len(self._times)}

    def found(self, port):
        """Returns how many were counted, how many are stored, and how many are not although a later one is. They are lost."""
        counted = list(self._times)
        name = f'{{__name__="{self._measurement}_tcp_established",load="sine",ip_version="4"}}'
        rows = get(port, "/api/v1/export", **{"match[]": name, "start": min(counted, default=0) / 1000 - 1}).splitlines()
        stored = {time for row in rows for time in json.loads(row)["timestamps"]} & set(counted)
        newest = max(stored, default=0)
        return {"counted": len(counted), "stored": len(stored), "lost": sum(time < newest and time not in stored for time in counted)}
