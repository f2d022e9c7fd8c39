"""The names that receivers must see: DESIGN's table of formats once more, independent of the encoders."""
import re


def component(text):
    """Returns one component of a StatsD name. Its own dots are replaced, because dots separate components."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text.replace("[", "").replace("]", ""))


def statsd(point, field):
    """Returns [prefix.]HOST.netstat_port.80.4.tcp_established. Tags that are not folded in are left out."""
    *prefix, measurement = point.measurement.split(".")
    tag = dict(point.tags)
    remote = tag.get("remote", "").replace("]", "_")
    parts = [tag.get("host"), measurement, tag.get("addr_port"), remote, tag.get("ip_version"), tag.get("output")]
    return ".".join([*prefix, *(component(part) for part in parts if part), field])


def graphite(point, field):
    """Returns the name with its tags, as Graphite and etsy's statsd write it."""
    return ";".join([f"{point.measurement}.{field}", *(f"{key}={value}" for key, value in point.tags)])


def values(points, name):
    """Returns {name: value} of the pushed points."""
    return {name(point, field): value for point in points for field, value in point.fields.items()}
