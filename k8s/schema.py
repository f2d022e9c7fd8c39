#!/usr/bin/python3
"""Prints k8s/chart/values.schema.json, by which helm refuses values that sockpush would refuse:

    k8s/schema.py >k8s/chart/values.schema.json

Bounds come from src/config/variables.c, and so does the list of variables. The expressions are of the language that both helm (RE2) and
editors (ECMAScript) read. What an expression cannot say is checked at the start, by sockpush: that a range of ports does not go backwards, that
no output is there twice, that an address of IPv6 is one."""
import json
import pathlib
import re

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"
VARIABLES = (SRC / "config/variables.c").read_text()
METRICS = (SRC / "input/metrics.h").read_text()
# The chart takes these from Secrets.
SECRET = {"SOCKPUSH_HTTP_TOKEN", "SOCKPUSH_HTTP_HEADERS"}


def bound(text):
    """Returns a bound that is written as a number, or by its name in metrics.h."""
    return int(text) if text.isdecimal() else int(re.search(rf"^#define {text} (\d+)$", METRICS, re.M)[1])


def rows():
    """Returns the variables: name, how it is read (or None), least and largest value."""
    found = {}
    for row in re.findall(r"^ *\{\.group = .*", VARIABLES, re.M):
        field = lambda name: (re.search(rf"\.{name} = (\w+)", row) or [None, None])[1]
        found[re.search(r'\.name = "(\w+)"', row)[1]] = field("read"), bound(field("min") or "0"), bound(field("max") or "0")
    return found


def key(variable):
    """Returns the key of a variable in `settings`: maxSeries for SOCKPUSH_MAX_SERIES."""
    return re.sub("_(.)", lambda letter: letter[1].upper(), variable.removeprefix("SOCKPUSH_").lower())


# --- numbers

def same_length(low, high):
    """Returns expressions for the numbers from low to high, which have as many digits."""
    if low[:1] == high[:1]:
        return [low[:1] + rest for rest in same_length(low[1:], high[1:])] if low else [""]
    rest = len(low) - 1
    if set(low[1:]) <= {"0"} and set(high[1:]) <= {"9"}:
        return [f"[{low[0]}-{high[0]}]" + ("[0-9]" + f"{{{rest}}}" * (rest > 1)) * (rest > 0)]
    if not set(low[1:]) <= {"0"}:
        return same_length(low, low[0] + "9" * rest) + same_length(str(int(low[0]) + 1) + "0" * rest, high)
    return same_length(low, str(int(high[0]) - 1) + "9" * rest) + same_length(high[0] + "0" * rest, high)


def between(low, high):
    """Returns an expression for the numbers from low to high, without leading zeros."""
    found = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        found += same_length(str(max(low, 10**(digits - 1) if digits > 1 else 0)), str(min(high, 10**digits - 1)))
    return f"({'|'.join(found)})"


# --- what values look like: each expression also takes the empty text, which is an unset variable

def explained(schema, accepted):
    """Returns the schema, of which helm's error has the text `accepted` in place of an expression."""
    return {"if": schema, "else": {"if": {"const": accepted}, "then": False, "else": {"const": accepted}}}


def unlike(expression, accepted):
    return explained({"not": {"pattern": expression}}, accepted)


def text(expression):
    return {"type": "string", "pattern": f"^({expression})?$"}


def words(*known):
    return {"enum": ["", *known]}


def number(low, high):
    return explained({"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, text(between(low, high))]}, f"{low} to {high}")


def size(low, high):
    units = {"KB": 1000, "MB": 1000000, "KiB": 1024, "MiB": 1048576}
    some = [between(-(-low // one), high // one) + unit for unit, one in units.items() if high >= one]
    return explained({"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, text("|".join([between(low, high) + "B?", *some]))]},
                     f"{low} to {high} bytes, or with a unit: KB, MB, KiB, MiB")


def with_unit(ms):
    unit, one = next((unit, one) for unit, one in [("h", 3600000), ("m", 60000), ("s", 1000), ("ms", 1)] if not ms % one)
    return f"{ms // one}{unit}"


def duration(low, high, *more):
    """low and high in ms. Of the sums of units it takes the usual ones: 1m30s, 1s500ms, 1h30m, 1h30m0s."""
    units = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000}
    some = [between(-(-low // one), high // one) + unit for unit, one in units.items()]
    sums = ["([1-9]|[1-5][0-9])m[1-5]?[0-9]s", between(1, min(high // 1000, 3600) - 1) + "s[0-9]{1,3}ms", f"{high // 3600000}h0m0s"]
    if high > 3600000:
        sums.append(between(1, high // 3600000 - 1) + "h[1-5]?[0-9]m([1-5]?[0-9]s)?")
    return explained({"anyOf": [text("|".join([*some, *sums, *more])), *([{"const": 0}] if "0" in more else [])]},
                     f"{'0s, or ' if more else ''}{with_unit(low)} to {with_unit(high)}, as 1s500ms or 1m30s")


def items(one, most=None):
    return f"({one})( *, *({one}))" + ("*" if most is None else f"{{0,{most - 1}}}")


def ref(name):
    return {"$ref": f"#/definitions/{name}"}


# helm takes the text "1" and the number for the same item of an enumeration.
SWITCH = {"anyOf": [{"enum": ["", "on", "off", "true", "false", "yes", "no", "1", "0", True, False]}, {"enum": [1, 0]}]}
ON = {"anyOf": [{"enum": ["on", "true", "yes", "1", True]}, {"const": 1}]}
PATH = explained(text(r"/[^\r\n]*"), "a path that begins with /")

# --- URLs

PORT = between(1, 65535)
IPV6 = r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
HOST = rf"([^\s\"<>\\^`{{|}}/?#@\[\]:,]+|{IPV6}(%25[0-9A-Za-z._~-]+)?\])"
FORMATS = ["dogstatsd", "datadog", "statsd", "influx", "graphite", "otlp", "prometheus", "table"]
LINES, ALL = "|".join(FORMATS[:5]), "|".join(FORMATS[:7])
SOCKET = r"unix(gram|stream)?://[/@]([^,\s%]|%[0-9A-Fa-f]{2})+"
WEB = r"([/?][!\"$-+\--~]*)?"
TO = "|".join([rf"(({LINES})\+)?udp://{HOST}(:{PORT})?", rf"(({LINES})\+)?{SOCKET}", rf"(({LINES}|table)\+)?stdout:", "otlp",
               rf"(({LINES})\+)?(tcp|tls)://{items(f'{HOST}:{PORT}')}",
               rf"(({ALL})\+)?https?://{HOST}(:{PORT})?{WEB}( *, *{HOST}(:{PORT})?)*"])
LISTEN = f"udp://{HOST}(:{PORT})?|{SOCKET}"

# --- rules of ports

PORTS = f"{PORT}(-{PORT})?"
IPV4 = rf"{between(0, 255)}(\.{between(0, 255)}){{3}}"
RULE = "|".join([rf"(\*:|>)?{PORTS}", "listen", rf">?({IPV4}|{IPV6}\]):{PORT}",
                 rf">({IPV4}/{between(0, 32)}|{IPV6}\]/{between(0, 128)}):{PORT}"])
RULES = {"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": f"^({RULE})$"}]}}
FILLED = lambda name: {"required": [name], "properties": {name: {"minItems": 1}}}
GROUP = {"type": "object", "additionalProperties": False, "anyOf": [FILLED("ports"), FILLED("ports_match")],
         "properties": {"ports": ref("rules"), "ports_match": {"type": "array", "items": {"type": "string", "pattern": rf"^\*:{PORTS}$"}},
                        "tags": {"allOf": [ref("tags"), {"additionalProperties": {"type": "string"}}]}}}
ID = between(0, 4294967294)

# --- tags

OWN = r"(addr[\s_:|,;!^=\\]port)|(ip[\s_:|,;!^=\\]version)|pid|remote"
# In a text, "," and "=" end a key.
TAGS = {"type": "string", "not": {"pattern": rf"(^|,)\s*(({OWN.replace(',', '').replace('=', '')})\s*(=|,|$)|=)"}}
TAG_MAP = {"allOf": [ref("tags"), {"propertyNames": {"pattern": r"^[^=,\s]([^=,]*[^=,\s])?$"},
                                   "additionalProperties": {"type": ["string", "integer", "boolean"], "pattern": "^[^,]*$"}}]}

SETTINGS = {
    "to": explained(text(items(TO)), "outputs with commas between: udp://HOST[:PORT], unix:///PATH, stdout:, tcp://HOST:PORT, tls://HOST:PORT, "
                    "http://HOST[:PORT]/PATH?QUERY, https://…, otlp; FORMAT+ before one sets its format"),
    "format": words(*FORMATS),
    "ports": explained({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, text(items(RULE) + ",?"),
                                  {"allOf": [ref("rules"), {"minItems": 1, "maxItems": 10000}]},
                                  {"type": "array", "minItems": 1, "maxItems": 10000, "items": GROUP}]},
                       "rules with commas between, or a list of them: 80, 8000-8100, *:53, listen, >443, 10.0.0.1:80, >10.0.0.0/8:443; or a list of groups "
                       "{ports: [RULE], ports_match: [*:PORT], tags: {KEY: TEXT}}"),
    "pid": {"enum": ["", "auto", "off", False]},
    "backend": explained(text("auto|netlink|procfs|off|(record|replay):.+"), "auto, netlink, procfs, off, record:FILE or replay:FILE"),
    "count": words("auto", "exact"),
    "queues": {"enum": ["", "auto", "on", "off", True, False]},
    "proc": PATH,
    "pods": {"enum": ["", "on", "off", "full", True, False]},
    "podTags": explained(text(items("pod_name|namespace|pod_uid|container_id")), "some of pod_name, namespace, pod_uid, container_id, with commas between"),
    "podLogs": PATH,
    "tags": explained({"anyOf": [TAGS, TAG_MAP]},
                      "KEY=VALUE or KEY, with commas between, or a map, of up to 64; addr_port, ip_version, pid and remote are set by sockpush itself"),
    "host": {"type": "string", "maxLength": 1000},
    "prefix": {"type": "string", "maxLength": 200},
    "tlsCa": PATH, "tlsCert": PATH, "tlsKey": PATH,
    "tlsName": explained(text(rf"{HOST}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"), "a host's name or IP address"),
    "tlsVerify": words("full", "none"),
    "otlpNames": words("sockpush", "semconv"),
    "listen": explained(text(items(LISTEN, 8)), "up to 8 of udp://HOST[:PORT], unix:///PATH, unixstream:///PATH, with commas between"),
    "listenGauges": words("delta", "absolute"),
    "sandbox": {"enum": ["", "on", "off", "strict", True, False]},
    "user": explained({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 4294967294}, text(f"-|{ID}(:{ID})?")]}, "UID, UID:GID or -"),
    "log": words("logfmt", "json", "systemd"),
    "logLevel": words("error", "warn", "info", "debug"),
}


def setting(variable, read, low, high):
    if read == "value_bool":
        return SWITCH
    if read == "value_count":
        return number(low, high)
    if read == "value_size":
        return size(low, high)
    if read == "read_peak_ms":
        return duration(10, high, "0", "0(ms|s|m|h)")
    if read == "value_duration_ms":
        return duration(low or 1, high, *([] if low else ["0(ms|s|m|h)"]))
    return SETTINGS[key(variable)]


# --- the other values

TEXT = {"type": "string"}
MODES = ["daemonset", "host-proc", "pods", "pods-host-network", "sidecar", "native-sidecar"]


def only(required=(), **properties):
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def array(*required):
    return {"type": "array", "items": {"type": "object", "required": list(required)}}


def values():
    made_here = "^(SOCKPUSH_|(NODE_NAME|NODE_IP|POD_NAME|POD_NAMESPACE|OTEL_RESOURCE_ATTRIBUTES)$)"
    name = {"type": "string", "minLength": 1, **unlike(made_here, "a name that settings, resourceAttributes or the chart do not set")}
    variable = only(["name"], name=name, value=TEXT, valueFrom={"type": "object"})
    socket = explained(text(r"/[^:,%\s]+/[^/:,%\s]+"), "a path of two names or more, without blanks, colons, commas and %")
    settings = {key(name): setting(name, *row) for name, row in rows().items() if name not in SECRET}
    return {
        "global": {"type": "object"},
        "mode": {"enum": MODES},
        "image": only(repository={"type": "string", "minLength": 1}, tag=TEXT, pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]}),
        "imagePullSecrets": array("name"),
        "settings": only(["to"], **settings),
        "httpToken": ref("secret"),
        "httpHeaders": ref("secret"),
        "tls": {**only(configMap=ref("name"), secret=ref("name")),
                "anyOf": [{"properties": {"configMap": {"const": ""}}}, {"properties": {"secret": {"const": ""}}}]},
        "agentSocketDirectory": explained(text(r"/[^:,\r\n]*"), "a path that begins with /, without a colon or comma"),
        "resourceAttributes": TEXT,
        "pid": {"type": "boolean"},
        "relay": only(enabled={"type": "boolean"}, port={"type": "integer", "minimum": 0, "maximum": 65535}, socket=socket),
        "extraEnv": {"type": "array", "items": variable},
        "extraVolumes": array("name"),
        "extraVolumeMounts": array("name", "mountPath"),
        "resources": {"type": "object"},
        "podLabels": ref("texts"),
        "podAnnotations": ref("texts"),
        "nodeSelector": ref("texts"),
        "affinity": {"type": "object"},
        "tolerations": array(),
        "priorityClassName": TEXT,
        "updateStrategy": {"type": "object"},
    }


# --- what holds between values

def where(condition, then):
    return {"if": condition, "then": then}


def mode(*names):
    return {"properties": {"mode": {"enum": list(names)}}}


def has(name, schema, of="settings"):
    return {"required": [of], "properties": {of: {"required": [name], "properties": {name: schema}}}}


def if_set(name, schema, of="settings"):
    return {"properties": {of: {"properties": {name: schema}}}}


def between_values():
    pods, sidecar, set_ = mode("pods", "pods-host-network"), mode("sidecar", "native-sidecar"), {"minLength": 1}
    graphite = {"anyOf": [has("format", {"const": "graphite"}), has("to", {"pattern": r"graphite\+"})]}
    relays = has("enabled", {"const": True}, "relay")
    return [
        where(pods, if_set("pods", {"enum": ["", "on", "full", True]})),
        where({"not": pods}, if_set("pods", words("off", False))),      # it sees only its own processes
        where({"not": mode("daemonset")}, {"properties": {"pid": {"const": False}}}),
        where({"not": sidecar}, if_set("enabled", {"const": False}, "relay")),
        where(relays, {"anyOf": [has("port", {"minimum": 1}, "relay"), has("socket", set_, "relay")]}),
        where(relays, if_set("listen", {"const": ""})),
        where(has("podsPorts", ON), has("pods", {"const": "full"})),
        where(has("tlsCert", set_), has("tlsKey", set_)),
        where(has("tlsKey", set_), has("tlsCert", set_)),
        where(has("backend", {"const": "off"}), {"anyOf": [pods, relays, has("listen", set_)]}),
        where(has("format", {"enum": ["otlp", "prometheus"]}),
              if_set("to", unlike("(^|, *)(udp|tcp|tls|unix|unixgram|unixstream|stdout):", "http:// or https:// with this format, or otlp"))),
        where(has("format", {"const": "table"}),
              if_set("to", unlike("(^|, *)(udp|tcp|tls|unix|unixgram|unixstream|https?):", "stdout: with this format"))),
        where(graphite, if_set("interval", unlike("^[0-9]{1,3}ms$", "1s or more with the format graphite, whose times are in seconds"))),
    ]


def schema():
    own = {"not": {"pattern": f"^({OWN})$"}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "values of the chart sockpush; made by k8s/schema.py",
        **only(["mode", "image", "settings", "tls", "relay"], **values()),
        "allOf": between_values(),
        "definitions": {
            "name": explained(text(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"), "a name of Kubernetes: lowercase letters, digits, - and ."),
            "secret": only(["secret", "key"], secret=ref("name"), key={"type": "string", "minLength": 1}),
            "texts": {"type": "object", "additionalProperties": TEXT},
            "rules": RULES,
            "tags": {"type": "object", "maxProperties": 64, "propertyNames": {"minLength": 1, "maxLength": 200, **own},
                     "additionalProperties": {"maxLength": 1000}},
        },
    }


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, ensure_ascii=False))
