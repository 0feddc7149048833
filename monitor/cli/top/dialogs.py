"""What is asked before the monitor is told something, and the keys in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from monitor.cli.top.painted import EMPTY, Line, Role
from monitor.cli.top.widgets import Reading
from monitor.cli.words_folded import printable

MOST_CHARACTERS = 500

_BOX = """
{name} {{ align: center middle; background: ansi_default; }}
{name} > Vertical {{
    width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
    border: round ansi_cyan; background: ansi_default;
}}
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One line to be written."""

    name: str
    label: str
    value: str = ""


class Form(ModalScreen[dict[str, str] | None]):
    """A few lines to be written, and sent with Enter. `mistake` says what is wrong with them, "" nothing."""

    CSS = (
        _BOX.format(name="Form")
        + """
    Form Input {
        border: none; height: 1; padding: 0; background: ansi_default; color: ansi_default; text-style: underline;
    }
    Form Label { width: 100%; }
    Form .soft { text-style: dim; margin-top: 1; }
    Form .title { text-style: bold; }
    Form #mistake { color: ansi_red; text-style: bold; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "cancel")]

    def __init__(
        self,
        title: str,
        text: Sequence[str],
        fields: Sequence[Field],
        mistake: Callable[[dict[str, str]], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._title, self._text, self._fields, self._mistake = title, text, fields, mistake

    def compose(self) -> ComposeResult:
        """Title, what it is about, the lines to write."""
        with Vertical():
            yield Label(printable(self._title), classes="title", markup=False)
            for text in self._text:
                yield Label(printable(text), markup=False)
            for each in self._fields:
                yield Label(each.label, classes="soft", markup=False)
                yield Input(each.value, id=each.name, max_length=MOST_CHARACTERS, select_on_focus=False)
            yield Label("", id="mistake", markup=False)
            yield Label("Enter sends, Tab goes on, Esc goes back", classes="soft", markup=False)

    def on_mount(self) -> None:
        """Begin at the first line."""
        self.query(Input).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send what is written, unless it makes no sense."""
        event.stop()
        said = {each.name: self.query_one(f"#{each.name}", Input).value.strip() for each in self._fields}
        mistake = self._mistake(said)
        if mistake:
            self.query_one("#mistake", Label).update(printable(mistake))
        else:
            self.dismiss(said)

    def action_cancel(self) -> None:
        """Nothing is sent."""
        self.dismiss(None)


class Help(ModalScreen[None]):
    """The keys, and what the signs mean."""

    CSS = _BOX.format(name="Help") + "Help Reading { height: 22; max-height: 100%; }"
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter", "dismiss", "back")]

    def compose(self) -> ComposeResult:
        """Lines to be read."""
        with Vertical():
            yield Reading(id="help")

    def on_mount(self) -> None:
        """Show them."""
        reading = self.query_one(Reading)
        reading.show_lines(HELP)
        reading.focus()


def _key(keys: str, text: str) -> Line:
    return ((f"{keys:<12}", Role.KEY), (text, Role.PLAIN))


HELP: Sequence[Line] = (
    (("Keys", Role.TITLE),),
    _key("1 2 3 4", "pools, alerts, feeds, groups"),
    _key("↑ ↓ Home", "choose a row; Home follows whichever is the first"),
    _key("Enter Esc", "open it, and back; Tab goes between list and details"),
    _key("c", "health curve of another coin, or of all coins together"),
    _key("/", "show only what holds these words; Esc shows all again"),
    _key("a", "acknowledge an alert, or take that back"),
    _key("s", "silence alerts like this one for a while"),
    _key("?  q", "this help; quit"),
    EMPTY,
    (("Signs", Role.TITLE),),
    (("!!", Role.CRITICAL), (" critical    ", Role.PLAIN), ("! ", Role.WARNING), (" warning", Role.PLAIN)),
    (("? ", Role.BLIND), (" not known, or too old to be believed: that is not safe", Role.PLAIN)),
    (
        ("-4.3 % ", Role.PLAIN),
        ("so far may it fall until liquidation; ", Role.PLAIN),
        ("+8 %", Role.PLAIN),
        (" rise", Role.PLAIN),
    ),
    (("-4.3 %?", Role.PLAIN), (" another line is not known and might be nearer", Role.PLAIN)),
    (("ratio", Role.PLAIN), ("   100 % is liquidation, on every venue", Role.PLAIN)),
    (("LIVE PARTIAL STALE UNKNOWN", Role.PLAIN), ("  how far the figures may be believed", Role.PLAIN)),
    EMPTY,
    (("Grey", Role.TITLE),),
    (("All is grey while the monitor is not heard: nothing is of now.", Role.PLAIN),),
)
