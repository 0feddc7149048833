"""The dashboards as they are committed, read as Grafana reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.programs import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
NAMES = ("account", "feeds", "group", "overview", "own", "position")
Json = dict[str, Any]

#: What Grafana puts in the place of its variables. Names are those of the fixed data.
FILLED: Mapping[str, str] = {
    "venue": ".*",
    "account": "main",
    "coin": ".*",
    "symbol": "BTCUSDT",
    "group": "desk",
    "instance": ".*",
    "datasource": "prometheus",
    "page": "http://127.0.0.1:9786",
    "__rate_interval": "20s",
    "__range": "300s",
}


#: What is in queries for the second place among pools and those after it.
PLACES = (" unless topk", " unless bottomk")


@cache
def board(name: str) -> Json:
    """One dashboard."""
    made: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return made


def panels(name: str) -> Iterator[Json]:
    """Its panels, without the headings of rows."""
    return (panel for panel in board(name)["panels"] if panel["type"] != "row")


def all_panels() -> list[tuple[str, Json]]:
    """The panels of all dashboards, with the dashboard's name."""
    return [(name, panel) for name in NAMES for panel in panels(name)]


def filled(expression: str, **chosen: str) -> str:
    """An expression as Prometheus gets it, with what is chosen in the variables."""
    values = {**FILLED, **chosen}
    return re.sub(r"\$\{?(\w+)\}?", lambda match: values[match[1]], expression)


def titled(name: str, panel: Json) -> str:
    """A panel's name in the report of a test."""
    return f"{name}: {panel['title']}"
