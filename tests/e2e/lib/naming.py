"""What receivers are to call a count: DESIGN's table of formats once more, apart from the encoders."""
import re


def component(text):
    """One part of a StatsD name: the dots that part it from the next are not its own."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text.replace("[", "").replace("]", ""))


def statsd(point, field):
    """[prefix.]HOST.netstat_port.80.4.tcp_established; the tags that are not folded in are left out."""
    *prefix, measurement = point.measurement.split(".")
    tag = dict(point.tags)
    parts = [tag.get("host"), measurement, tag.get("addr_port"), tag.get("ip_version"), tag.get("output")]
    return ".".join([*prefix, *(component(part) for part in parts if part), field])


def graphite(point, field):
    """The name with its tags, as Graphite and etsy's statsd write it."""
    return ";".join([f"{point.measurement}.{field}", *(f"{key}={value}" for key, value in point.tags)])


def values(points, name):
    """{name: value} of what was pushed"""
    return {name(point, field): value for point in points for field, value in point.fields.items()}
