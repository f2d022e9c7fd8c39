"""Counts the machine's TCP sockets by state with psutil, once for each line on standard input, as an agent in Python does.

Answers each with the number of established sockets. Before the first it writes psutil's version."""

import collections
import sys

import psutil

print(psutil.__version__, flush=True)
for _ in sys.stdin:
    by_state = collections.Counter(connection.status for connection in psutil.net_connections(kind="tcp"))
    print(by_state[psutil.CONN_ESTABLISHED], flush=True)
