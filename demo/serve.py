"""The page, its buttons, and VictoriaMetrics' queries, so that all have one origin."""
import http.server
import json
import pathlib
import urllib.error

import store

HERE = pathlib.Path(__file__).resolve().parent
UPLOT = HERE.parent / "build" / "third_party" / "receivers" / "npm" / "demo" / "node_modules" / "uplot" / "dist"
FILES = {"/": (HERE / "index.html", "text/html"), "/page.js": (HERE / "page.js", "text/javascript"),
         "/uplot.js": (UPLOT / "uPlot.iife.min.js", "text/javascript"), "/uplot.css": (UPLOT / "uPlot.min.css", "text/css")}


class Page(http.server.BaseHTTPRequestHandler):
    """`switches` maps names to what has an `on`. `samples` maps senders to their Samples. `application` has what it has sent."""
    victoria = None
    switches, samples, application = {}, {}, None

    def do_GET(self):
        self._try(self._get)

    def do_POST(self):
        """Turns a switch: /NAME/on or /NAME/off. Another origin's page may not."""
        name, _, what = self.path[1:].partition("/")
        if name not in self.switches or what not in ("on", "off"):
            self.send_error(404)
        elif self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
            self.send_error(403)
        else:
            self.switches[name].on = what == "on"
            self._try(lambda: self._answer(b"", "text/plain"))

    def _get(self):
        what = self.path.partition("?")[0]
        if what.startswith("/api/v1/query"):
            self._answer(store.get(self.victoria, self.path), "application/json")
        elif what == "/state":
            self._answer(json.dumps(self._state()).encode(), "application/json")
        elif what in FILES:
            path, kind = FILES[what]
            self._answer(path.read_bytes(), f"{kind}; charset=utf-8")
        else:
            self.send_error(404)

    def _state(self):
        """Returns what is on and what was counted; while VictoriaMetrics lives, also what it has stored."""
        state = {"on": {name: one.on for name, one in self.switches.items()}, "lives": self.switches["aggregator"].lives,
                 "requests": {"sent": self.application.sent}}
        if not state["lives"]:
            return {**state, "samples": {name: samples.counted() for name, samples in self.samples.items()}}
        state["requests"]["stored"] = store.total(self.victoria, "shop_requests_value")
        return {**state, "samples": {name: samples.found(self.victoria) for name, samples in self.samples.items()}}

    def _try(self, answer):
        try:
            try:
                answer()
            except urllib.error.HTTPError as error:
                self.send_error(error.code)
            except store.Away:
                self.send_error(502)
        except ConnectionError:
            pass    # the browser has left

    def _answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
