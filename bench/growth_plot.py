"""A plot of growth as SVG: one panel a quantity, both axes logarithmic. Readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bench.rows import seconds_text

COLUMNS, WIDTH, HEIGHT = 3, 300.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 46.0, 42.0  #: margins inside a panel
HEAD = 62.0

# Plain colours first: not every viewer knows the question for a dark page, and hardly any but browsers knows variables.
STYLE = """
  text { font: 11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #59636e; }
  .paper { fill: #ffffff; }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328; }
  .name { font-size: 12.5px; font-weight: 600; fill: #1f2328; }
  .value { fill: #1f2328; }
  .grid { stroke: #d9dee3; stroke-width: 1; }
  .guide { stroke: #59636e; stroke-width: 1; stroke-dasharray: 4 4; fill: none; }
  .line { stroke: #0b62c4; stroke-width: 2; fill: none; }
  .dot { fill: #0b62c4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9aa4af; }
    .paper { fill: #0d1117; }
    .title, .name, .value { fill: #e6edf3; }
    .grid { stroke: #2b323a; }
    .guide { stroke: #9aa4af; }
    .line { stroke: #6cb6ff; }
    .dot { fill: #6cb6ff; }
  }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity: `points` are (how many, seconds), rising; `unit` labels the x axis, `note` says what is held."""

    name: str
    note: str
    unit: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """A logarithmic axis between two powers of ten."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def of(cls, values: Sequence[float], begin: float, end: float) -> _Scale:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), begin, end)

    def place(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    @property
    def decades(self) -> range:
        return range(self.low, self.high + 1)


def svg(title: str, subtitle: str, panels: Sequence[Panel]) -> str:
    """The whole picture. The time axis is the same in all panels, so that they can be compared."""
    lines = math.ceil(len(panels) / COLUMNS)
    width, height = COLUMNS * WIDTH + 20.0, HEAD + lines * HEIGHT + 8.0
    times = [seconds for panel in panels for _, seconds in panel.points]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width:g}" height="{height:g}" class="paper"/>',
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text x="16" y="45">{escape(subtitle)}</text>',
    ]
    for number, panel in enumerate(panels):
        x, y = 10.0 + number % COLUMNS * WIDTH, HEAD + number // COLUMNS * HEIGHT
        parts.append(f'<g transform="translate({x:g} {y:g})">')
        parts += _panel(panel, times)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, times: Sequence[float]) -> Iterator[str]:
    across = _Scale.of([many for many, _ in panel.points], LEFT, WIDTH - RIGHT)
    up = _Scale.of(times, HEIGHT - BOTTOM, TOP)
    yield f'<text class="name" x="{LEFT:g}" y="18">{escape(panel.name)}</text>'
    yield f'<text x="{LEFT:g}" y="33">{escape(panel.note)}</text>'
    for decade in up.decades:
        y = up.place(10.0**decade)
        yield f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{_time(decade)}</text>'
    for decade in across.decades:
        x = across.place(10.0**decade)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{HEIGHT - BOTTOM:g}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15:g}" text-anchor="middle">{10**decade:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:g}" y="{HEIGHT - BOTTOM + 31:g}" text-anchor="middle">{escape(panel.unit)}</text>'
    yield _guide(panel.points[-1], across, up)
    places = [(across.place(many), up.place(seconds)) for many, seconds in panel.points]
    yield f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
    for (x, y), (many, seconds) in zip(places, panel.points, strict=True):
        said = f"{many:,.0f} {panel.unit}: {seconds_text(seconds)}"
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(said)}</title></circle>'
    (x, y), (_, seconds) = places[-1], panel.points[-1]
    # Above its point, and inside the panel where the point stands at the edge.
    at = f'x="{x:.1f}" y="{max(y - 8, TOP - 2):.1f}"'
    yield f'<text class="value" {at} text-anchor="end">{seconds_text(seconds)}</text>'


def _guide(last: tuple[float, float], across: _Scale, up: _Scale) -> str:
    """Where a cost proportional to the quantity would run that ends at the last point."""
    many, seconds = last
    first = max(10.0**across.low, many * 10.0**up.low / seconds)
    ends = [(first, seconds * first / many), last]
    (x1, y1), (x2, y2) = [(across.place(x), up.place(y)) for x, y in ends]
    return f'<path class="guide" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def _time(decade: int) -> str:
    """10, 100 µs, 1 ms …"""
    unit, size = next((u, s) for u, s in (("s", 0), ("ms", -3), ("µs", -6), ("ns", -9)) if decade >= s or s == -9)
    return f"{10 ** (decade - size)} {unit}"
