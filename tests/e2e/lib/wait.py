"""Waits for a condition instead of for a time."""
import time

DEADLINE = 60       # seconds; far more than any test needs, however busy the machine is: a bound for hangs


def until(condition, seconds=DEADLINE):
    """Returns the first true value of condition(), or its last value when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)
