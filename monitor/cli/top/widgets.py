"""Lines on the screen: one widget however many there are, of which only what is seen and has changed is drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from monitor.cli.top import paint
from monitor.cli.top.painted import EMPTY, Line, soft

WHEEL = 3  #: lines of a turn of the mouse's wheel


class Lines(Widget):
    """Lines by number, painted when they are seen. `top` is the first one that is."""

    DEFAULT_CSS = "Lines { height: 1fr; }"

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.top = 0
        self.live = True
        self._count = 0
        self._line: Callable[[int], Line] = lambda _: EMPTY
        self._drawn: dict[int, tuple[Line, bool]] = {}

    def show(self, count: int, line: Callable[[int], Line], *, live: bool) -> None:
        """There are so many lines now, each told by `line` when it is seen."""
        self._count, self._line, self.live = count, line, live
        self.top = max(0, min(self.top, self._count - self.size.height))
        self._repaint()

    def show_lines(self, lines: Sequence[Line], *, live: bool = True) -> None:
        """The same of lines that are there already."""
        self.show(len(lines), lines.__getitem__, live=live)

    def _repaint(self) -> None:
        """Draw the lines that are not as they were."""
        for y in range(self.size.height):
            now = (self._painted(y), self.live)
            if self._drawn.get(y) != now:
                self._drawn[y] = now
                self.refresh(Region(0, y, self.size.width, 1))

    def _painted(self, y: int) -> Line:
        number = self.top + y
        return self._line(number) if number < self._count else EMPTY

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if y not in self._drawn:
            self._drawn[y] = (self._painted(y), self.live)
        line, live = self._drawn[y]
        return paint.strip(line, self.size.width, live=live)

    def on_resize(self, _: events.Resize) -> None:
        """What was drawn had another width."""
        self._drawn.clear()
        self.top = max(0, min(self.top, self._count - self.size.height))
        self.refresh()

    def move(self, by: int) -> None:
        """Show what is further down or up."""
        top = max(0, min(self.top + by, self._count - self.size.height))
        if top != self.top:
            self.top = top
            self._repaint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.move(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.move(-WHEEL)


class Reading(Lines, can_focus=True):
    """Lines to be read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "scroll_by(1)", "down"),
        ("up,k", "scroll_by(-1)", "up"),
        ("pagedown,space", "page(1)", "page down"),
        ("pageup,b", "page(-1)", "page up"),
        ("home,g", "scroll_by(-1000000)", "top"),
        ("end,G", "scroll_by(1000000)", "end"),
    ]

    def action_scroll_by(self, by: int) -> None:
        """So many lines."""
        self.move(by)

    def action_page(self, by: int) -> None:
        """So many screens."""
        self.move(by * max(1, self.size.height - 2))


class Listing(Lines, can_focus=True):
    """Rows of which one is chosen, by its key: it stays so wherever it moves. Until one is chosen it is the first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "choose(1)", "down"),
        ("up,k", "choose(-1)", "up"),
        ("pagedown", "page(1)", "page down"),
        ("pageup", "page(-1)", "page up"),
        ("home,g", "first", "the first, whichever it is"),
        ("end,G", "choose(1000000)", "last"),
    ]

    class Chosen(Message):
        """Another row is chosen."""

    class Opened(Message):
        """The row is to be opened."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.place = 0  #: of the chosen row
        self._chosen: Hashable | None = None  #: None: the first, whichever it is
        self._keys: Sequence[Hashable] = ()

    def show_rows(
        self,
        keys: Sequence[Hashable],
        row: Callable[[int, bool], Line],
        *,
        live: bool,
        empty: str,
    ) -> None:
        """These rows now; `row` paints one by its place, chosen or not."""
        self._keys = keys
        if self._chosen is None:
            self.place = 0
        else:
            try:
                self.place = keys.index(self._chosen)
            except ValueError:  # it is gone: what stands at its place now
                self.place = max(0, min(self.place, len(keys) - 1))
                self._chosen = keys[self.place] if keys else None
        if not keys:
            self.show_lines([EMPTY, soft(f"  {empty}")], live=live)
            return
        self._scroll_to_place(len(keys))
        self.show(len(keys), lambda number: row(number, number == self.place), live=live)

    def choose(self, place: int) -> None:
        """The row at that place."""
        if not self._keys:
            return
        self.place = max(0, min(place, len(self._keys) - 1))
        self._chosen = self._keys[self.place]
        self._scroll_to_place(len(self._keys))
        self._repaint()
        self.post_message(self.Chosen())

    def choose_key(self, key: Hashable | None) -> None:
        """The row of that key as soon as it is shown; None: the first."""
        self._chosen = key
        if key is None:
            self.top = 0

    @property
    def chosen(self) -> Hashable | None:
        """The key that somebody chose; None where it is the first, whichever that is."""
        return self._chosen

    def _scroll_to_place(self, count: int) -> None:
        height = max(1, self.size.height)
        self.top = max(0, min(self.top, self.place, count - 1))
        self.top = max(self.top, self.place - height + 1)

    def action_choose(self, by: int) -> None:
        """So many rows further."""
        self.choose(self.place + by)

    def action_page(self, by: int) -> None:
        """So many screens further."""
        self.choose(self.place + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Whichever is the first from now on."""
        self.choose(0)
        self._chosen = None
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """A click chooses, another one on the same row opens."""
        place = self.top + event.y
        if place >= len(self._keys):
            return
        if place == self.place:
            self.post_message(self.Opened())
        else:
            self.choose(place)
