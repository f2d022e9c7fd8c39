"""Draws CPU time against sockets as an SVG, both axes logarithmic, a line for each program."""

import math
from html import escape

WIDTH, HEIGHT = 840, 500
LEFT, RIGHT, TOP, BOTTOM = 96, 220, 54, 60  # margins around the plot
LABEL_HEIGHT = 18
COLOURS = "#0b5fff", "#00a0a8", "#6b7280", "#1a7f37", "#b45309", "#c026d3", "#dc2626", "#7c5cff"
TITLE = "CPU time of a poll by the number of TCP sockets"


def decades(low, high):
    """Returns the powers of ten from the last one that is at most `low` to the first that is at least `high`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0 ** exponent for exponent in range(first, max(last, first + 1) + 1)]


def duration(seconds):
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1e3:g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:g} µs"


class Axis:
    """Places values between two ends, by their logarithms."""

    def __init__(self, low, high, begin, end):
        self.low, self.begin = math.log(low), begin
        self.scale = (end - begin) / (math.log(high) - self.low)

    def at(self, value):
        return round(self.begin + (math.log(value) - self.low) * self.scale, 1)


def apart(places):
    """Moves sorted places, half of the way from above and half from below, until no two labels overlap."""
    down, up = list(places), list(places)
    for i in range(1, len(places)):
        down[i] = max(down[i], down[i - 1] + LABEL_HEIGHT)
    for i in reversed(range(len(places) - 1)):
        up[i] = min(up[i], up[i + 1] - LABEL_HEIGHT)
    return [(above + below) / 2 for above, below in zip(down, up)]


def text(x, y, words, more=""):
    return f'<text x="{x}" y="{y}"{more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"/>'


def axes(x, y, sizes, times):
    """Returns the grid, its labels and the axes' names."""
    parts, right, bottom = [], WIDTH - RIGHT, HEIGHT - BOTTOM
    for seconds in times:
        parts += [line(LEFT, y.at(seconds), right, y.at(seconds), "#e5e7eb"), text(LEFT - 8, y.at(seconds) + 4, duration(seconds), ' text-anchor="end"')]
    for size in sizes:
        parts += [line(x.at(size), TOP, x.at(size), bottom, "#e5e7eb"), text(x.at(size), bottom + 20, f"{size:,}", ' text-anchor="middle"')]
    middle = (LEFT + right) / 2, (TOP + bottom) / 2
    return parts + [
        text(middle[0], HEIGHT - 14, "TCP sockets", ' text-anchor="middle"'),
        text(0, 0, "CPU time of a poll", f' text-anchor="middle" transform="translate(22 {middle[1]}) rotate(-90)"')]


def draw(lines):
    """Returns the SVG of lines: [(name, [(sockets, seconds), …])]. The first is emphasised."""
    points = [point for _, found in lines for point in found]
    sizes, times = sorted({sockets for sockets, _ in points}), decades(min(s for _, s in points), max(s for _, s in points))
    x = Axis(sizes[0], max(sizes[-1], 2 * sizes[0]), LEFT + 20, WIDTH - RIGHT - 20)
    y = Axis(times[0], times[-1], HEIGHT - BOTTOM, TOP)
    parts = axes(x, y, sizes, times)
    curves = sorted(((y.at(found[-1][1]), i) for i, (_, found) in enumerate(lines)))
    for (end, i), label in zip(curves, apart([end for end, _ in curves])):
        name, found = lines[i]
        colour, width = COLOURS[i % len(COLOURS)], 3.5 if i == 0 else 2
        places = " ".join(f"{x.at(sockets)},{y.at(seconds)}" for sockets, seconds in found)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        parts += [f'<circle cx="{x.at(sockets)}" cy="{y.at(seconds)}" r="3" fill="{colour}"/>' for sockets, seconds in found]
        last = x.at(found[-1][0])
        parts.append(line(last + 5, end, WIDTH - RIGHT + 6, label, colour))
        parts.append(text(WIDTH - RIGHT + 12, label + 4, name, f' fill="{colour}"' + (' font-weight="bold"' if i == 0 else "")))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"',
        '  font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#374151">',
        f"<title>{TITLE}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff" stroke="#d1d5db"/>',
        text(LEFT, 30, TITLE, ' font-size="16" font-weight="bold" fill="#111827"'),
        *parts, "</svg>"]) + "\n"
