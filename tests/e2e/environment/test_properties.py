"""Random texts in the environment leave the pushed lines, tags and fields the same. Each text is pushed as it was or visibly replaced."""
import ipaddress
import json
import re
import urllib.parse

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import parse
import rights
from odd import (BLANK, FORMATS, READERS, RENAMED, bounded, characters, check_tags, folded, points, run, same_or_replaced,
                 texts, words)


@pytest.fixture(scope="module", autouse=True)
def alone():
    """Enters a namespace without other sockets, so that a poll takes a millisecond."""
    with rights.namespace_or_skip():
        yield


# ---- tags

def fold(key):
    """Returns the key as a format writes it. Keys that differ only in replaced bytes are one tag."""
    return re.sub(rb"[\x01-\x20\x7f_:|,;!^=\\]", b"_", key)


def add(tags, key, value):
    for other in [other for other in tags if fold(other) == fold(key)]:
        del tags[other]
    tags[key] = value


def built_in(key):
    return fold(key) in (b"", b"addr_port", b"ip_version", b"pid")


def tag_list(text):
    """Returns {key: value} of SOCKPUSH_TAGS, or None if it must be refused."""
    tags = {}
    text = re.sub("[\udc80-\udcff]", "_", text.decode(errors="surrogateescape")).encode()     # bytes that are not UTF-8
    for item in filter(None, (item.strip(BLANK) for item in text.split(b","))):
        key, equals, value = item.partition(b"=")
        key, value = key.strip(BLANK), value.strip(BLANK)
        if built_in(key):
            return None
        if value or not equals:
            add(tags, key, value if equals else None)
    return tags


def sent_by(format, tags):
    """Returns the tags that the format sends. `name` becomes `name_`, and is left out if that is there, too."""
    return {key: value for key, value in tags.items() if key != RENAMED.get(format) or key + b"_" not in map(fold, tags)}


tag_items = st.one_of(st.tuples(words, texts).map(b"=".join), words)


@pytest.mark.parametrize("format", FORMATS)
@given(text=st.one_of(st.lists(tag_items, max_size=5).map(b",".join), texts))
@example(text=b"name=a,b=~c,d=~,e,f=g=h,\xc3\xa9=\xff,i=")
@example(text=b"a\n=b\nc,d|=e|g,#f=1,h;=2;i=j")
@example(text=b"output=x,backend=y")
@example(text=b"a:=1,a|=2,a_=3,ip.version=4,time=5,name=6")
@bounded
def test_tags(format, text):
    tags = tag_list(text)
    one = run(format, tags=text)
    if tags is None:
        assert one.status == 2 and "SOCKPUSH_TAGS" in one.log
        return
    assert one.status == 0
    tags.setdefault(b"host", b"a")
    for point in points(one, format):
        if format != "statsd":
            check_tags(format, point, {**sent_by(format, tags), b"ip_version": point.tag("ip_version").encode()})
        else:
            assert tags[b"host"] is None or folded(tags[b"host"], point.tag("host"))
    if format == "statsd" and len(tags) > 1:
        assert re.search(r" warn .*left out", one.log), one.log


SPARE = {"ports": '["80"]', "self": "on"}


@pytest.mark.parametrize("format", FORMATS)
@given(tags=st.dictionaries(characters, characters, max_size=4))
@example(tags={"name": "~x", "name_": "y"})
@example(tags={"a\n": "b\nc", "k;": ";|g", "#": "\\", "z": "\\\\"})
@bounded
def test_tags_of_a_group(format, tags):
    """The tags are on that group's series and on no other."""
    group = {}
    for key, value in tags.items():
        if value:
            add(group, key.encode(), value.encode())
    one = run(format, ports=json.dumps([{"ports": ["80"], "tags": tags}]), self="on")
    if any(built_in(key.encode()) for key in tags):
        assert one.status == 2 and "SOCKPUSH_PORTS" in one.log
        return
    assert one.status == 0
    for point in points(one, format, **SPARE):
        if format == "statsd":
            continue
        if point.measurement == "netstat_port":
            check_tags(format, point, {b"host": b"a", **sent_by(format, group), b"addr_port": b"80", b"ip_version": point.tag("ip_version").encode()})
        else:
            assert len(point.tags) == 2 and point.tag("host") == "a"


COLLIDING = [("dogstatsd", ["a:", "a|"]), ("dogstatsd", ["a:", "a_"]), ("dogstatsd", ["addr:port"]), ("datadog", ["a:", "a|"]),
             ("influx", ["a\\", "a\t"]), ("influx", ["ip\\version"]), ("graphite", ["a;", "a!"]), ("graphite", ["name", "name_"]),
             ("graphite", ["name", "name;"]), ("influx", ["time", "time_"]), ("influx", ["time", "time\t"])]


@pytest.mark.parametrize("format,keys", COLLIDING)
def test_keys_that_become_one(format, keys):
    """InfluxDB refuses a line with a tag twice, others take either one. So one of them is left out, and the log reports it."""
    one = run(format, ports=json.dumps([{"ports": ["80"], "tags": dict.fromkeys(keys, "1")}]))
    assert re.search("SOCKPUSH_PORTS|left out", one.log), "nothing is logged"
    assert one.status == 2 or points(one, format, ports='["80"]')


@pytest.mark.parametrize("tags", [{"a\0b": "1"}, {"a": "1\0b"}])
def test_nul_in_json(tags):
    """"a\\u0000b" must not become "a" silently."""
    one = run("dogstatsd", ports=json.dumps([{"ports": ["80"], "tags": tags}]))
    assert "SOCKPUSH_PORTS" in one.log
    assert one.status == 2 or {point.tag("a_b") or point.tag("a") for point in parse.dogstatsd(one.out)} >= {"1" if "a\0b" in tags else "1_b"}


# ---- host, prefix, output

@pytest.mark.parametrize("format", FORMATS)
@given(host=texts)
@example(host=b"a.b.example.org")
@example(host=b"~")
@example(host=b"\\")
@example(host=b"-")
@bounded
def test_host(format, host):
    expected = host.strip(BLANK)
    assume(expected)
    found = points(run(format, host=host), format, host=expected != b"-")
    for point in found:
        if expected == b"-":
            assert point.tag("host") is None
        elif format == "statsd":
            assert folded(expected, point.tag("host"))
        else:
            check_tags(format, point, {b"host": expected, b"ip_version": point.tag("ip_version").encode()})


@pytest.mark.parametrize("format", FORMATS)
@given(prefix=words)
@example(prefix=b"#")
@example(prefix=b"a.b")
@example(prefix=b"a\\")
@bounded
def test_prefix(format, prefix):
    expected = prefix.strip(BLANK).rstrip(b".")     # a dot joins it
    assume(expected)
    one = run(format, prefix=prefix)
    if one.status == 2:
        assert "SOCKPUSH_PREFIX" in one.log
        return
    for point in points(one, format, prefix=expected):
        assert point.tag("host") == "a"


@pytest.mark.parametrize("format", FORMATS)
@given(name=words)
@bounded
def test_output(format, name):
    """The tag output is the URL as written, without its escapes. Status 1, because nobody listens there."""
    assume(b"/" not in name)
    url = b"unixgram:///nowhere/" + name
    one = run(format, to="stdout:,unixgram:///nowhere/" + urllib.parse.quote(name), self="on")
    assert one.status == 1, one.log
    found = points(one, format, to="stdout:,unixgram:///nowhere/a", self="on")
    names = [point.tag("output") for point in found if point.measurement == "sockpush_output" and "stdout" not in point.tag("output")]
    assert names and all((folded if format == "statsd" else same_or_replaced)(url, name) for name in names), f"{names[0]!r} for {url!r}"


# ---- rules

addresses = st.one_of(st.ip_addresses(v=4).map(str),
                      st.one_of(st.ip_addresses(v=6), st.integers(1 << 16, 1 << 33).map(ipaddress.IPv6Address))
                      .filter(lambda ip: not ip.ipv4_mapped).map(lambda ip: f"[{ip}]"))
ports = st.one_of(st.integers(1, 65535).map(str),
                  st.tuples(st.integers(1, 65535), st.integers(1, 65535)).filter(lambda t: t[0] < t[1]).map(lambda t: f"{t[0]}-{t[1]}"))
explicit = st.one_of(ports, st.tuples(addresses, st.integers(1, 65535).map(str)).map(":".join))


def fold_rule(text):
    return re.sub(r"[^A-Za-z0-9_-]", "_", re.sub(r"[][]", "", text))


def shown(format, rule):
    return {"statsd": fold_rule(rule), "datadog": re.sub(r"[][]", "", rule)}.get(format, rule)


@pytest.mark.parametrize("format", FORMATS)
@given(rules=st.lists(explicit, min_size=1, max_size=6, unique=True))
@example(rules=["[::1]:80", "1.1.1.1:80", "[2001:db8::]:443"])
@bounded
def test_rules(format, rules):
    """Each rule has its series under its canonical text, in the order written."""
    one = run(format, ports=",".join(rules))
    expected = [shown(format, rule) for rule in rules]
    if format == "statsd" and len(set(expected)) < len(expected):
        assert one.status == 2 and "SOCKPUSH_PORTS" in one.log
        return
    assert one.status == 0, one.log
    found = [point.tag("addr_port") for point in READERS[format](one.out) if point.measurement == "netstat_port"]
    never = [shown(format, rule) for rule in rules if f'rule \\"{rule}\\" can never match' in one.log]
    assert list(dict.fromkeys(found)) == [text for text in expected if text not in never]


RULE = re.compile(r"\d{1,5}(-\d{1,5})?|other|(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):\d{1,5}")
rule_texts = st.one_of(texts, st.lists(st.one_of(explicit.map(str.encode), st.sampled_from([b"*:80", b"listen", b"*:1-9", b" 7", b"007", b"0:0:0:0:0:0:0:1:9"]), words),
                                       max_size=4).map(b",".join))


@pytest.mark.parametrize("format", FORMATS)
@given(text=rule_texts)
@bounded
def test_any_text_as_rules(format, text):
    """The program ends with status 2 and names the variable, or has series that look like rules."""
    one = run(format, ports=text)
    if one.status == 2:
        assert "SOCKPUSH_PORTS" in one.log and one.out == ""
        return
    found = [point.tag("addr_port") for point in READERS[format](one.out) if point.measurement == "netstat_port"]
    assert len(set(found)) <= len(text.split(b","))
    if format not in ("statsd", "datadog"):
        assert all(RULE.fullmatch(name) for name in found), found


# ---- other systems' variables: never a reason not to start

FOREIGN = ["DD_TAGS", "DD_ENV", "DD_SERVICE", "DD_VERSION", "DD_ENTITY_ID", "DD_EXTERNAL_ENV", "DD_CARDINALITY", "DD_ORIGIN_DETECTION_ENABLED",
           "ENV_INPUT_NETSTAT_TAGS", "ENV_GLOBAL_HOST_TAGS", "ENV_INPUT_NETSTAT_INTERVAL", "ENV_INPUT_NETSTAT_ADDR_PORTS", "ENV_HOSTNAME",
           "POD_NAME", "POD_NAMESPACE", "STATSD_PREFIX", "NODE_NAME"]


@pytest.mark.parametrize("format", FORMATS)
@given(env=st.dictionaries(st.sampled_from(FOREIGN), texts, min_size=1, max_size=5))
@bounded
def test_foreign_variables(format, env):
    one = run(format, prefix="p", **env)
    assert one.status == 0, one.log
    assert all(point.measurement in ("p.netstat", "p.netstat_port") for point in READERS[format](one.out))


def section(point, name):
    return dict(point.sections).get(name)


@given(text=texts)
@example(text=b"it-false,cn-web,pu-75a2b6d5-3949-4afb-ad0d-92ff0674e759")
@example(text=b"a|c:ci-b")
@bounded
def test_external_data(text):
    """|e has the text as it was, or without bytes that break a line; or it is left out, which the log reports."""
    expected = text.strip(BLANK)
    one = run("datadog", DD_EXTERNAL_ENV=text)
    for point in points(one, "datadog"):
        got = section(point, "e")
        if expected and "DD_EXTERNAL_ENV" not in one.log:
            assert got and (same_or_replaced(expected, got) or got.encode("utf-8", "surrogateescape") == re.sub(rb"[\0-\x1f\x7f|]", b"", expected))
        else:
            assert got is None or expected


# ---- for people

@given(env=st.fixed_dictionaries({"tags": words.map(lambda text: b"a=" + text.replace(b",", b"")), "host": words, "prefix": words}))
@bounded
def test_table_has_no_more_lines(env):
    plain = run("table", ports="80,[::1]:443")
    one = run("table", ports="80,[::1]:443", **env)
    assert one.status == 0 and len(re.split(r"[\n\r\v\f]", one.out)) == len(plain.out.split("\n"))
