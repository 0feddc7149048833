"""The plot of growth: well-formed, labelled with units, in proportion, and readable on light and on dark pages."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from bench.growth import tenfold
from bench.growth_plot import Panel, svg

STEEP = Panel("accounts", "20 legs each", "accounts", ((1.0, 1e-4), (10.0, 1e-3), (100.0, 1e-2)))
FLAT = Panel("symbols & more", "held", "symbols", ((20.0, 2e-5), (2000.0, 2e-5)))
NAMES = {"svg": "http://www.w3.org/2000/svg"}


def drawn(*panels: Panel) -> ElementTree.Element:
    return ElementTree.fromstring(svg("Cost", "of <things>", panels))


def curve(found: ElementTree.Element) -> list[tuple[float, float]]:
    line = found.find(".//svg:polyline", NAMES)
    assert line is not None
    return [(float(x), float(y)) for x, y in (place.split(",") for place in line.attrib["points"].split())]


def test_titles_units_and_the_last_figure_are_written_and_escaped() -> None:
    words = {"".join(text.itertext()) for text in drawn(STEEP, FLAT).iterfind(".//svg:text", NAMES)}
    assert {"Cost", "of <things>", "symbols & more", "20 legs each", "accounts", "10.0 ms", "1 ms", "10 µs"} <= words
    assert {"1", "10", "100", "1,000", "10,000"} <= words


def test_every_point_says_what_it_is() -> None:
    said = {"".join(title.itertext()) for title in drawn(FLAT).iterfind(".//svg:circle/svg:title", NAMES)}
    assert said == {"20 symbols: 20.0 µs", "2,000 symbols: 20.0 µs"}


def test_what_grows_in_proportion_lies_on_its_dashed_guide() -> None:
    found = drawn(STEEP)
    guide = found.find(".//svg:path", NAMES)
    assert guide is not None
    ends = [float(number) for number in re.findall(r"[\d.]+", guide.attrib["d"])]
    places = curve(found)
    assert ends == pytest.approx([*places[0], *places[-1]], abs=0.11)


def test_equal_factors_are_equal_steps_on_both_axes() -> None:
    (x1, y1), (x2, y2), (x3, y3) = curve(drawn(STEEP))
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.11)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.11)
    assert y3 < y2 < y1, "more is higher"


def test_all_points_stand_inside_their_panel() -> None:
    for x, y in (*curve(drawn(STEEP)), *curve(drawn(FLAT, STEEP))):
        assert 0.0 < x < 300.0
        assert 0.0 < y < 230.0


def test_dark_pages_have_colours_of_their_own() -> None:
    style = svg("t", "s", [FLAT])
    light, dark = style.split("prefers-color-scheme: dark")
    for part in (".paper", "text {", ".grid", ".line", ".dot", ".guide"):
        assert part in light
        assert part in dark


def test_growth_is_told_as_what_ten_times_as_many_cost() -> None:
    assert tenfold((1.0, 1.0), (100.0, 100.0)) == pytest.approx(10.0)
    assert tenfold((1.0, 1.0), (10.0, 1.0)) == pytest.approx(1.0)
