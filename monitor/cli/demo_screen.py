"""What the demo shows: a live table on a terminal, plain lines elsewhere, and a summary at the end."""

from __future__ import annotations

import resource
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from monitor.cli import words
from monitor.domain.alerts import AlertChange, AlertState, Change, Level, Severity
from monitor.domain.schema import view_json
from monitor.domain.view import View

ALERTS_SHOWN = 4
LINES_SHOWN = 3
PLAIN_EVERY_SECONDS = 5.0
NARROW = 100  #: columns below which a position and its line stand on two lines
WIDE = 140  #: columns of a terminal that has room for everything
_QUALITY_STYLE = {"LIVE": "green", "PARTIAL": "yellow", "STALE": "bold magenta", "UNKNOWN": "bold magenta"}
_SEVERITY_STYLE: dict[Level, str] = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}


class Tally:
    """What happened, for the summary."""

    def __init__(self) -> None:
        self.worst_ratio = 0.0
        self.worst_pool = ""
        self.fired: dict[str, int] = {}
        self.qualities: set[str] = set()
        self.latencies: deque[float] = deque(maxlen=100_000)
        self.view: View | None = None

    def see(self, view: View, changes: Sequence[AlertChange]) -> None:
        """Count one picture."""
        self.view = view
        for report in view.accounts:
            for pool in report.pools:
                self.qualities.add(pool.quality.value)
                value = pool.ratio.value
                if value is not None and pool.quality.figures_shown and value > self.worst_ratio:
                    self.worst_ratio, self.worst_pool = value, f"{report.key.account} {pool.key.pool}"
        for change in changes:
            if change.change is Change.FIRED and change.alert.state not in (AlertState.SILENCED, AlertState.INHIBITED):
                self.fired[change.alert.rule] = self.fired.get(change.alert.rule, 0) + 1

    def lines(self) -> Iterator[str]:
        """The summary."""
        view = self.view
        yield f"highest margin ratio: {self.worst_ratio:.4f}" + (f" ({self.worst_pool})" if self.worst_pool else "")
        yield "alerts fired: " + (", ".join(f"{rule} {count}" for rule, count in sorted(self.fired.items())) or "none")
        yield f"qualities seen: {', '.join(sorted(self.qualities)) or 'none'}"
        if view is not None:
            messages = sum(feed.messages for feed in view.feeds)
            yield f"messages: {messages}, engine steps: {view.batches_total}, conflated prices: {view.conflated_total}"
        if self.latencies:
            ordered = sorted(self.latencies)
            half, most = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            yield f"from receipt to report: median {half * 1000:.2f} ms, 99 % within {most * 1000:.2f} ms"
        yield f"memory at its highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


class Screen(Protocol):
    """One way of showing the demo."""

    def __enter__(self) -> Screen:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Give the terminal back."""
        ...

    def say(self, text: str) -> None:
        """A line of the story."""
        ...

    def alert(self, change: AlertChange) -> None:
        """An alert changed."""
        ...

    def draw(self, view: View, seconds: float) -> None:
        """The picture now, `seconds` after the start."""
        ...


class PlainScreen:
    """Lines for a pipe or a file."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._drawn = -PLAIN_EVERY_SECONDS

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def say(self, text: str) -> None:
        """A line of the story."""
        self._print(text)

    def alert(self, change: AlertChange) -> None:
        """An alert changed."""
        self._print(f"{change.change.value.upper()} {change.alert.severity} {_summary(change)}")

    def draw(self, view: View, seconds: float) -> None:
        """A line a pool, every five seconds."""
        self._seconds = seconds
        if seconds - self._drawn < PLAIN_EVERY_SECONDS:
            return
        self._drawn = seconds
        document = view_json(view)
        for account, pool in words.by_danger(document):
            nearest = "; ".join(text.replace("\n ", ",") for text, _ in position_texts(pool)[:1])
            self._print(
                f"{account['account']} {pool['pool']} ratio {words.ratio(pool['margin_ratio'])} {pool['quality']}"
                + (f" {nearest}" if nearest else "")
            )
        for group in document["groups"]:
            self._print(group_text(group))

    def _print(self, text: str) -> None:
        print(f"{self._seconds:6.1f} s  {text}", flush=True)


class LiveScreen:
    """A table that is drawn anew several times a second."""

    def __init__(self, console: Console, url: str) -> None:
        self._console, self._url = console, url
        self._story = "Starting: the monitor reads its accounts."
        self._alerts: deque[AlertChange] = deque(maxlen=ALERTS_SHOWN)
        self._live = Live(console=console, auto_refresh=False, transient=False, vertical_overflow="crop")

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """A line of the story."""
        self._story = text

    def alert(self, change: AlertChange) -> None:
        """An alert changed."""
        self._alerts.append(change)

    def draw(self, view: View, seconds: float) -> None:
        """Draw the table."""
        width = self._console.width
        self._live.update(picture(view, seconds, self._url, self._story, self._alerts, width), refresh=True)


def picture(
    view: View,
    seconds: float,
    url: str,
    story: str,
    alerts: Sequence[AlertChange] | deque[AlertChange],
    width: int = WIDE,
) -> RenderableType:
    """The whole picture: head, story, pools by danger, last alerts. A narrow terminal gets fewer columns."""
    clock = f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
    head = Text.assemble(("marginwatch demo", "bold"), f"  {clock}  {url}/metrics")
    document = view_json(view)
    shown = [column for column in _COLUMNS if column.from_width <= width < column.below_width]
    table = Table(pad_edge=False, box=None, header_style="bold")
    for column in shown:
        table.add_column(column.name, justify=column.justify, no_wrap=True, min_width=column.least)
    for account, pool in words.by_danger(document):
        table.add_row(*(column.cell(account, pool, document["at"]) for column in shown))
    if not any(account["pools"] for account in document["accounts"]):
        table.add_row(Text("no pools yet", style="dim"))
    groups = [Text(group_text(group), style=_group_style(group)) for group in document["groups"]]
    return Group(head, Text(story, style="italic"), Text(""), table, Text(""), *groups, *_alert_texts(alerts))


@dataclass(frozen=True, slots=True)
class _Column:
    """A column; terminals narrower than `from_width` leave it out, and those of `below_width` or more.

    `least` keeps the table from trembling.
    """

    name: str
    cell: Callable[[words.Json, words.Json, float], Text]
    least: int
    from_width: int = 0
    below_width: int = sys.maxsize
    justify: Literal["left", "right"] = "left"


def _name(account: words.Json, pool: words.Json, _: float) -> Text:
    return Text(f"{account['account']} {pool['pool']}", style=_style(pool))


def _ratio(_: words.Json, pool: words.Json, __: float) -> Text:
    ratio = pool["margin_ratio"]
    loud = ratio.get("value", 1.0) if ratio["state"] == "at" else 1.0
    style = "bold red" if loud >= 0.8 else "yellow" if loud >= 0.5 else "green"
    return Text(words.ratio(ratio), style=style if words.believed(pool) else "dim")


def _equity(_: words.Json, pool: words.Json, __: float) -> Text:
    known = pool["equity_usd"]
    return Text("unknown" if known is None else f"{known:,.0f}", style=_style(pool))


def _coins(_: words.Json, pool: words.Json, __: float) -> Text:
    return Text("\n".join(coin_texts(pool)[:LINES_SHOWN]), style=_style(pool))


def _positions(_: words.Json, pool: words.Json, __: float) -> Text:
    texts = [text for text, _ in position_texts(pool)]
    more = [f"and {len(texts) - LINES_SHOWN} more"] if len(texts) > LINES_SHOWN else []
    return Text("\n".join(texts[:LINES_SHOWN] + more), style=_style(pool))


def _stacked(account: words.Json, pool: words.Json, now: float) -> Text:
    """The same where a line has no room for both: the distance is what must never be cut off."""
    both = _positions(account, pool, now)
    return Text(both.plain.replace(" → ", "\n  → "), style=both.style)


def _quality(_: words.Json, pool: words.Json, now: float) -> Text:
    age = "" if words.believed(pool) else f" {words.age(pool['as_of'], now)}"
    return Text(pool["quality"] + age, style=_QUALITY_STYLE[pool["quality"]])


def _style(pool: words.Json) -> str:
    return "" if words.believed(pool) else "dim"


_COLUMNS = (
    _Column("pool", _name, 26),
    _Column("ratio", _ratio, 10, justify="right"),
    _Column("quality", _quality, 10),
    _Column("liquidation", _stacked, 20, below_width=NARROW),
    _Column("liquidation of a position", _positions, 40, from_width=NARROW),
    _Column("if one coin moves alone", _coins, 24, from_width=120),
    _Column("equity USD", _equity, 10, from_width=132, justify="right"),
)


def coin_texts(pool: words.Json) -> list[str]:
    """The nearer line of each coin, the nearest coin first."""
    found = []
    for coin, sides in pool["coins"].items():
        rank, text = min(
            (_rank(line), words.line(line, falling=direction == "down")) for direction, line in sides.items()
        )
        found.append((rank, f"{coin} {text}"))
    return [text for _, text in sorted(found)]


def group_text(group: words.Json) -> str:
    """A group in one line: its ratio beside that of its worst pool, what it holds of each coin, its hedges."""
    worst = group["worst"]
    beside = f" (worst {worst['account']} {worst['pool']} {words.ratio(worst['margin_ratio'])})" if worst else ""
    coins = [
        f"{exposure['coin']} net {words.usd(exposure['net_usd'])} of {words.usd(exposure['gross_usd'])} USD"
        for exposure in group["exposures"]
    ]
    hedges = [f"hedge {hedge['name']} {hedge['text']}" for hedge in group["hedges"]]
    return " · ".join([f"group {group['name']} ratio {words.ratio(group['margin_ratio'])}{beside}", *coins, *hedges])


def _group_style(group: words.Json) -> str:
    if any(hedge["state"] in ("broken", "shrank", "near") for hedge in group["hedges"]):
        return "yellow"
    return "" if group["margin_ratio"]["state"] != "unknown" else "dim"


def position_texts(pool: words.Json) -> list[tuple[str, float]]:
    """Each position with its line, the nearest first, and its distance; below it the line with what tops it up."""
    found = []
    for position in pool["positions"]:
        line = position["liquidation"]
        text = (
            f"{position['symbol']} {position['side']} {abs(position['quantity'] or 0.0):.6g}"
            f" → {words.line(line, falling=words.falling(position, line))}"
        )
        behind = words.backed(position)
        if behind is not None:
            text += f"\n  with {pool['backstop'] or 'a backstop'} → {behind}"
        found.append((text, _rank(line)))
    return sorted(found, key=lambda pair: pair[1])


def _rank(line: words.Json) -> float:
    """The nearer the smaller; unknown stands right after «now», because it may hide a nearer one."""
    unknown = {"liquidatable": -2.0, "unknown": -1.0, "never": float("inf")}
    return float(line["distance_ratio"]) if line["state"] == "at" else unknown[line["state"]]


def _alert_texts(alerts: Sequence[AlertChange] | deque[AlertChange]) -> Iterator[Text]:
    if not alerts:
        yield Text("No alert so far.", style="dim")
    for change in reversed(alerts):
        good = change.change in (Change.RESOLVED, Change.EASED)
        style = "green" if good else _SEVERITY_STYLE.get(change.alert.severity, "yellow")
        yield Text(f"{change.change.value} · {_summary(change)}", style=style, no_wrap=True, overflow="ellipsis")


def _summary(change: AlertChange) -> str:
    alert: Any = change.alert
    return f"{alert.rule}: {alert.summary}"
