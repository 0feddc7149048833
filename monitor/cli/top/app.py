"""The screen: a list and what there is to say of the chosen row, beside it where there is room, else instead of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input
from textual.worker import WorkType

from monitor.cli.top import words_top
from monitor.cli.top.alerts_view import Alerts
from monitor.cli.top.client import REFUSED, Json, Monitor
from monitor.cli.top.curves import Curves
from monitor.cli.top.dialogs import Help
from monitor.cli.top.feeds_view import Feeds
from monitor.cli.top.following import follow
from monitor.cli.top.groups_view import Groups
from monitor.cli.top.levels import Levels
from monitor.cli.top.orders import Orders
from monitor.cli.top.painted import Line, Role
from monitor.cli.top.picture import NOT_OURS, Picture, Row
from monitor.cli.top.pools import Pools
from monitor.cli.top.style import STYLE
from monitor.cli.top.views import Scene, View
from monitor.cli.top.widgets import Lines, Listing, Reading

WIDE = 130  #: columns from which on details stand beside the list
LIST_PART = 0.56  #: of them for the list
LEAST_LIST = 80
TICK_SECONDS = 0.5  #: ages, and whether it is live


def _row(view: View[Any], item: Any, scene: Scene, chosen: bool) -> Line:
    """A row; one that a monitor of another version tells otherwise does not take the others with it."""
    try:
        return view.row(item, scene, chosen=chosen)
    except NOT_OURS as error:
        return ((f"?  cannot be shown: {type(error).__name__}: {error}", Role.BLIND),)


class Top(App[None]):
    """Shows one monitor until it is told to stop. `clock` only goes on."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "marginwatch"
    CSS = STYLE
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q,ctrl+c", "quit", "quit"),
        ("question_mark", "help", "help"),
        ("slash", "look_for", "filter"),
        ("1", "view(0)", "pools"),
        ("2", "view(1)", "alerts"),
        ("3", "view(2)", "feeds"),
        ("4", "view(3)", "groups"),
        ("enter", "open", "open"),
        ("escape", "to_list", "back"),
        ("tab", "other_side", "the other side"),
        ("c", "curve", "curve of another coin"),
        ("a", "acknowledge", "acknowledge"),
        ("s", "silence", "silence"),
    ]

    def __init__(self, monitor: Monitor, author: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(ansi_color=True)
        self._monitor, self._clock = monitor, clock
        self._orders = Orders(self, monitor, author)
        self._picture = Picture()
        self._levels = Levels()
        self._may, self._why_not = False, "the monitor has not said who may"
        self._told_session = False
        self._views: Sequence[View[Any]] = (Pools(), Alerts(), Feeds(), Groups())
        self._view: View[Any] = self._views[0]
        self._kept: dict[str, tuple[Any, int]] = {}  # of each view that is not seen what was chosen
        self._lines = {name: Lines(id=name) for name in ("head", "why", "tabs", "titles", "foot")}
        self._list, self._details = Listing(id="list"), Reading(id="details")
        self._items: Sequence[Any] = ()
        self._wanted = ""
        self._again_at = 0.0
        self._curves = Curves(self, monitor, clock, lambda: self._details.size.width, self.show)

    # -- the screen

    def compose(self) -> ComposeResult:
        """Head, list and details, foot."""
        yield self._lines["head"]
        yield self._lines["why"]
        yield self._lines["tabs"]
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self._lines["titles"]
                yield self._list
            yield self._details
        yield Input(id="wanted", placeholder="show only what holds these words", max_length=80)
        yield self._lines["foot"]

    def on_mount(self) -> None:
        """Begin to listen."""
        self._fit(self.size.width, self.size.height)
        self._list.focus()
        listen: WorkType[None] = partial(follow, self._monitor, self, clock=self._clock)
        self.run_worker(listen, group="stream", name="stream")
        self.set_interval(TICK_SECONDS, self._tick)
        self.show()

    def on_resize(self, event: events.Resize) -> None:
        """Beside each other, or one at a time."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self.show)

    def _fit(self, columns: int, rows: int) -> None:
        base = self.screen_stack[0]
        wide = columns >= WIDE
        base.set_class(wide, "wide")
        base.set_class(rows < 30, "short")
        base.query_one("#left").styles.width = max(LEAST_LIST, int(columns * LIST_PART)) if wide else "1fr"
        if wide:
            base.remove_class("list", "opened")
        elif not base.has_class("opened"):
            base.add_class("list")
            if len(self.screen_stack) == 1 and not base.has_class("looking"):
                self._list.focus()

    # -- what the monitor says

    def snapshot(self, document: Json) -> None:
        """Everything anew."""
        before = self._picture.frame
        self._picture.take(document, self._clock())
        if before is None or before.get("started") != document.get("started") or not self._told_session:
            ask: WorkType[None] = self._ask_session
            self.run_worker(ask, group="session", exclusive=True)
        self.show()

    def change(self, change: Json) -> None:
        """What became of it."""
        self._picture.change(change, self._clock())
        self.show()

    def lost(self, reason: str, again_seconds: float) -> None:
        """Nobody is heard."""
        self._picture.lost(reason)
        self._again_at = self._clock() + again_seconds
        self._told_session = False
        self.show()

    async def _ask_session(self) -> None:
        """Thresholds, and who may change something."""
        try:
            session = await self._monitor.ask("GET", "/api/v1/session")
        except REFUSED as error:
            self._why_not = str(error)
            self._may = self._monitor.has_token
            return
        self._told_session = True
        self._levels = Levels.told(session)
        self._may = self._monitor.has_token or session.get("may_change") is True
        wants = "it wants its token: start with --token-file, or name the file in the configuration (web.token_file)"
        self._why_not = "" if self._may else wants if session.get("login") else str(session.get("why_not", ""))
        self.show()

    def _tick(self) -> None:
        self.show()
        if self._picture.live(self._clock()):
            self._curves.tick()

    # -- painting

    def show(self) -> None:
        """Draw what has changed."""
        if not self.is_running or not self.screen_stack:
            return
        picture, now = self._picture, self._clock()
        live = picture.live(now)
        again = max(0.0, self._again_at - now)
        columns = self.size.width
        self._lines["head"].show_lines([words_top.head(picture, now, self._monitor.url, columns)])
        self._show_why(live, again)
        self._lines["tabs"].show_lines(
            [words_top.tabs(self._views, self._view, picture, self._wanted, columns)], live=live
        )
        self._lines["foot"].show_lines([words_top.foot(self._keys(), columns)])
        if picture.frame is None:
            self._lines["titles"].show_lines([])
            self._list.show_rows((), lambda *_: (), live=False, empty="")
            self._list.show_lines(words_top.nothing(picture, self._monitor.url, again, self._list.size.width))
            return
        try:
            self._show_list(live)
            self._show_details(live)
        except NOT_OURS as error:
            self._list.show_lines(words_top.beyond_us(error, picture), live=False)

    def _show_why(self, live: bool, again_seconds: float) -> None:
        """Below the head, why nothing is of now."""
        gone = not live and self._picture.frame is not None
        self.screen_stack[0].set_class(gone, "gone")
        if gone:
            why = words_top.why(self._picture, again_seconds, self.size.width)
            self._lines["why"].styles.height = len(why)
            self._lines["why"].show_lines(why)

    def _show_list(self, live: bool) -> None:
        view, where = self._view, self._list
        items = self._items = view.items(self._picture, self._wanted)
        columns = where.size.width
        self._lines["titles"].show_lines([view.head(columns)], live=live)
        scene = self._scene(columns, where.size.height)
        empty = "nothing holds these words" if self._wanted else view.empty
        where.show_rows(
            [view.key(item) for item in items],
            lambda place, chosen: _row(view, items[place], scene, chosen),
            live=live,
            empty=empty,
        )

    def _show_details(self, live: bool) -> None:
        if not self._details.display:
            self._curves.of(None)
            return
        item = self._chosen()
        self._curves.of(item if isinstance(item, Row) else None)
        size = self._details.size
        lines = [] if item is None else self._view.details(item, self._scene(size.width, size.height))
        self._details.show_lines(lines, live=live)

    def _scene(self, columns: int, rows: int) -> Scene:
        now = self._clock()
        return Scene(
            self._picture,
            self._picture.time(now),
            columns,
            rows,
            self._levels,
            self._curves.shown,
            self._may,
            self._why_not,
            self._picture.live(now),
        )

    def _chosen(self) -> Any | None:
        place = self._list.place
        return self._items[place] if place < len(self._items) else None

    def _keys(self) -> list[tuple[str, str]]:
        opened = self.screen_stack[0].has_class("opened")
        own = [("esc", "back"), *self._view.keys[1:]] if opened else list(self._view.keys)
        own = own if self._details.display else [key for key in own if key[0] != "c"]  # there is no curve to be seen
        return [*own, ("1-4", "views"), ("/", "filter"), ("?", "help"), ("q", "quit")]

    # -- keys

    def action_view(self, number: int) -> None:
        """Look at something else."""
        view = self._views[number]
        if view is self._view:
            return
        self._kept[self._view.title] = (self._list.chosen, self._list.top)
        self._view = view
        chosen, top = self._kept.get(view.title, (None, 0))
        self._list.choose_key(chosen)
        self._list.top = top
        self._details.top = 0
        if not self.screen_stack[0].has_class("wide"):
            self.action_to_list()
        self.show()

    @on(Listing.Chosen)
    def _other(self) -> None:
        self._details.top = 0
        self.show()

    @on(Listing.Opened)
    def action_open(self) -> None:
        """Read the chosen row."""
        if self._chosen() is None:
            return
        base = self.screen_stack[0]
        if not base.has_class("wide"):
            base.remove_class("list")
            base.add_class("opened")
        self._details.top = 0
        self._details.focus()
        self.call_after_refresh(self.show)

    def action_to_list(self) -> None:
        """To the list; from there back to all of it."""
        base = self.screen_stack[0]
        if base.has_class("opened"):
            base.remove_class("opened")
            base.add_class("list")
        elif self._list.has_focus and self._wanted:
            self._look_for("")
        self._list.focus()
        self.call_after_refresh(self.show)

    def action_other_side(self) -> None:
        """From the list to the details and back."""
        if not self.screen_stack[0].has_class("wide"):
            return
        (self._details if self._list.has_focus else self._list).focus()

    def action_help(self) -> None:
        """The keys in words."""
        self.push_screen(Help())

    def action_curve(self) -> None:
        """Of what moves next."""
        self._curves.next()

    # -- looking for something

    def action_look_for(self) -> None:
        """Write what to look for."""
        if self.screen_stack[0].has_class("opened"):
            self.action_to_list()
        self.screen_stack[0].add_class("looking")
        line = self.query_one("#wanted", Input)
        line.value = self._wanted
        line.focus()

    @on(Input.Changed, "#wanted")
    def _looking(self, event: Input.Changed) -> None:
        self._look_for(event.value)

    @on(Input.Submitted, "#wanted")
    def _looked(self) -> None:
        self._end_looking()

    def on_key(self, event: events.Key) -> None:
        """Esc in the line that is written."""
        if event.key == "escape" and self.screen_stack[0].has_class("looking") and len(self.screen_stack) == 1:
            event.stop()
            event.prevent_default()
            self._look_for("")
            self._end_looking()

    def _end_looking(self) -> None:
        self.screen_stack[0].remove_class("looking")
        self._list.focus()
        self.call_after_refresh(self.show)

    def _look_for(self, text: str) -> None:
        self._wanted = text.strip().lower()
        self.show()

    # -- alerts

    def action_acknowledge(self) -> None:
        """Say that one takes care of the chosen alert, or not any more."""
        if (alert := self._chosen_alert()) is not None:
            self._orders.acknowledge(alert, self._may, self._why_not)

    def action_silence(self) -> None:
        """Say nothing of the like for a while."""
        if (alert := self._chosen_alert()) is not None:
            self._orders.silence(alert, self._may, self._why_not)

    def _chosen_alert(self) -> Mapping[str, Any] | None:
        """The one that is chosen, or the first about the chosen pool; elsewhere the alerts are shown."""
        item = self._chosen()
        if self._view is self._views[1]:
            return item
        if isinstance(item, Row) and (alerts := self._picture.alerts_of(item.key)):
            return alerts[0]
        self.action_view(1)
        return None
