"""Chromium, as a person uses it: it shows a page, whose buttons are pressed with a mouse. Driven by the DevTools protocol through a pipe, so that
it needs no port and no library."""
import contextlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import subprocess

import pytest

import wait

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1200,1600", "--remote-debugging-pipe"]
# It reads the protocol from descriptor 3 and writes it to 4.
PIPE = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null'
CENTRE = """(() => {{
  const found = [...document.querySelectorAll("button")].find(one => one.textContent === {text} && !one.disabled);
  if (!found)
    return null;
  found.scrollIntoView({{ block: "center" }});
  const box = found.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  return document.elementFromPoint(x, y) === found ? {{ x, y }} : null;
}})()"""


class Browser:
    def __init__(self, place, url):
        chromium = shutil.which("chromium")
        if not chromium:
            pytest.skip("chromium is not on this machine; `make deps FOR=browser` installs it")
        self._log = open(place / "chromium.log", "w+")
        self._process = subprocess.Popen(["sh", "-c", PIPE, chromium, *FLAGS, f"--user-data-dir={place}/chromium"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._log, start_new_session=True)
        self._numbers, self._read, self._session = itertools.count(1), b"", {}
        target = self._call("Target.createTarget", url=url)["targetId"]
        self._session = {"sessionId": self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}

    def _call(self, method, **params):
        number = next(self._numbers)
        self._process.stdin.write(json.dumps({"id": number, "method": method, "params": params, **self._session}).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._message()).get("id") != number:
            pass    # an event
        assert "result" in answer, answer
        return answer["result"]

    def _message(self):
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._process.stdout], [], [], wait.DEADLINE)
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            assert more, f"chromium does not answer: {self._log.seek(0) or self._log.read()[-2000:]}"
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def value(self, expression):
        """Returns the value of an expression of the page's language."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def text(self, selector):
        """Returns the text that a person sees there, or an empty one."""
        return self.value(f'document.querySelector({json.dumps(selector)})?.innerText ?? ""')

    def shows(self, selector, pattern, seen=lambda found: True):
        """Waits until that text has the pattern, and seen(match) holds. Returns the match."""
        found = wait.until(lambda: (match := re.search(pattern, self.text(selector))) and seen(match) and match)
        assert found, f"{selector} shows {self.text(selector)!r}; the page: {self.text('body')!r}"
        return found

    def press(self, text):
        """Presses the button of this text with the mouse, as soon as it can be pressed."""
        place = wait.until(lambda: self.value(CENTRE.format(text=json.dumps(text))))
        assert place, f"there is no button {text!r}: {self.text('body')!r}"
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def screenshot(self):
        """Returns the page as a PNG, in base64."""
        return self._call("Page.captureScreenshot")["data"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()
