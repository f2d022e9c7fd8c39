"""Waiting for a condition instead of for a time."""
import time

DEADLINE = 60       # seconds; far more than anything here takes, however busy the machine is: a bound for what hangs


def until(condition, seconds=DEADLINE):
    """The first true value of condition(), or its last value when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)
