#!/usr/bin/python3
"""plain.py URL PORT: counts a port's connections twice a second and sends each count once, in a POST. What cannot be sent is forgotten."""
import http.client
import sys
import time
import urllib.request

URL, PORT = sys.argv[1], f":{int(sys.argv[2]):04X}"
ESTABLISHED = "01"      # as /proc/net/tcp has it
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

while True:
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table]
    established = sum(row[1].endswith(PORT) and row[3] == ESTABLISHED for row in rows)
    line = f"plain,ip_version=4,load=sine tcp_established={established}i {time.time_ns()}"
    print(line, flush=True)
    try:
        direct.open(URL, line.encode(), timeout=0.5).close()
    except (OSError, http.client.HTTPException):
        pass
    time.sleep(0.5)
