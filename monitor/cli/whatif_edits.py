"""Edits as people type them: "open binance/main BTCUSDT 2 10x isolated". Pure; what the words mean is checked later."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite, nan
from typing import Any, TypeVar

from monitor.cli.codes import Misused

Json = dict[str, Any]
Made = TypeVar("Made")

FORMS = {
    "open": "open ACCOUNT SYMBOL [long|short] SIZE [@PRICE] [10x] [isolated|cross] [margin=AMOUNT] [fee=RATE]",
    "close": "close ACCOUNT SYMBOL [50%] [long|short] [@PRICE]",
    "flip": "flip ACCOUNT SYMBOL [long|short] [@PRICE]",
    "add": "add ACCOUNT AMOUNT ASSET [POOL]",
    "take": "take ACCOUNT AMOUNT ASSET [POOL]",
    "transfer": "transfer AMOUNT ASSET FROM[:POOL] TO[:POOL]",
    "leverage": "leverage ACCOUNT SYMBOL 10x",
    "isolate": "isolate ACCOUNT SYMBOL [long|short] [margin=AMOUNT]",
    "cross": "cross ACCOUNT SYMBOL [long|short]",
}
OTHER_WORDS = {"buy": "open", "sell": "open", "withdraw": "take", "move": "transfer"}
_UNITS = {"": "shown", "coins": "coins", "ct": "contracts", "contracts": "contracts", "usd": "usd"}
_SIZE = re.compile(r"([+-]?[\d_.]+(?:e-?\d+)?)([a-z]*)\Z", re.IGNORECASE)
_LEVERAGE = re.compile(r"([\d.]+)x\Z", re.IGNORECASE)


def edit_of(text: str, alone: tuple[str, str] | None = None) -> Json:
    """One edit as the API takes it. `alone`: venue and name of the only account, which then need not be said.

    Raises Misused, with the form that would be right.
    """
    words = text.split()
    verb = words[0].lower() if words else ""
    form = OTHER_WORDS.get(verb, verb)
    if form not in FORMS:
        raise Misused(f"{text!r}: must begin with one of {', '.join([*FORMS, *OTHER_WORDS])}")
    reader = _Reader(text, FORMS[form], words[1:], alone)
    made = _MAKERS[form](reader)
    if verb == "sell":
        made["quantity"] = -abs(made["quantity"])
    reader.done()
    return made


class _Reader:
    """The words of one edit, taken from the left, and those that may stand anywhere."""

    def __init__(self, text: str, form: str, words: Sequence[str], alone: tuple[str, str] | None) -> None:
        self._text, self._form, self._words, self._alone = text, form, list(words), alone

    def wrong(self, why: str) -> Misused:
        """What is to be raised."""
        return Misused(f"{self._text!r}: {why}; the form is: {self._form}")

    def next(self, what: str) -> str:
        """The next word."""
        if not self._words:
            raise self.wrong(f"{what} is missing")
        return self._words.pop(0)

    def account(self) -> Json:
        """Venue and account."""
        if self._alone is not None and not (self._words and "/" in self._words[0]):
            return {"venue": self._alone[0], "account": self._alone[1]}
        venue, account, _ = self.place("ACCOUNT")
        return {"venue": venue, "account": account}

    def place(self, what: str) -> tuple[str, str, str]:
        """VENUE/ACCOUNT, and a pool behind a colon."""
        word = self.next(what)
        owner, _, pool = word.partition(":")
        venue, slash, account = owner.partition("/")
        if not (venue and slash and account):
            raise self.wrong(f"{word} is no account: VENUE/ACCOUNT is, such as binance/main")
        return venue, account, pool

    def size(self) -> tuple[float, str]:
        """A number with the unit behind it."""
        word = self.next("SIZE")
        found = _SIZE.match(word)
        unit = None if found is None else _UNITS.get(found[2].lower())
        if found is None or unit is None:
            raise self.wrong(f"{word} is no size: such as 2, -0.5, 30ct, 10000usd, 1.5coins")
        return self.number(found[1]), unit

    def number(self, word: str) -> float:
        """A number."""
        try:
            found = float(word.replace("_", ""))
        except ValueError:
            found = nan
        if not isfinite(found):
            raise self.wrong(f"{word} is no number")
        return found

    def any(self, *words: str) -> str | None:
        """One of these words, wherever it stands."""
        for word in self._words:
            if word.lower() in words:
                self._words.remove(word)
                return word.lower()
        return None

    def behind(self, *beginnings: str) -> float | None:
        """The number behind one of these beginnings, wherever it stands."""
        for word in self._words:
            for beginning in beginnings:
                if word.startswith(beginning):
                    self._words.remove(word)
                    return self.number(word.removeprefix(beginning))
        return None

    def ending(self, pattern: re.Pattern[str]) -> float | None:
        """The number in a word of this form, wherever it stands."""
        for word in self._words:
            found = pattern.match(word)
            if found is not None:
                self._words.remove(word)
                return self.number(found[1])
        return None

    def rest(self) -> str | None:
        """The next word if there is one."""
        return self._words.pop(0) if self._words else None

    def done(self) -> None:
        """Nothing is left over."""
        if self._words:
            raise self.wrong(f"{' '.join(self._words)} is too much")


def _without_nothing(edit: Json) -> Json:
    return {key: value for key, value in edit.items() if value is not None}


def _open(reader: _Reader) -> Json:
    edit: Json = {"do": "trade"} | reader.account() | {"symbol": reader.next("SYMBOL")}
    side = reader.any("long", "short")
    edit |= {
        "price": reader.behind("@"),
        "leverage": reader.ending(_LEVERAGE),
        "margin_mode": reader.any("isolated", "cross"),
        "margin": reader.behind("margin="),
        "fee_rate": reader.behind("fee="),
    }
    quantity, unit = reader.size()
    if side is not None:
        if quantity < 0.0 and side == "long":
            raise reader.wrong("a long is not opened by a sale")
        quantity = abs(quantity) if side == "long" else -abs(quantity)
    return _without_nothing(edit | {"quantity": quantity, "unit": unit})


def _close(reader: _Reader) -> Json:
    edit: Json = (
        {"do": "close"} | reader.account() | {"symbol": reader.next("SYMBOL"), "side": reader.any("long", "short")}
    )
    edit["price"] = reader.behind("@")
    share = reader.ending(re.compile(r"([\d.]+)%\Z"))
    return _without_nothing(edit | {"fraction": 1.0 if share is None else share / 100.0})


def _flip(reader: _Reader) -> Json:
    return _close(reader) | {"fraction": 2.0}


def _add(reader: _Reader) -> Json:
    edit = {"do": "collateral"} | reader.account() | {"amount": reader.number(reader.next("AMOUNT"))}
    return _without_nothing(edit | {"asset": reader.next("ASSET"), "pool": reader.rest()})


def _take(reader: _Reader) -> Json:
    edit = _add(reader)
    return edit | {"amount": -abs(edit["amount"])}


def _transfer(reader: _Reader) -> Json:
    amount, asset = reader.number(reader.next("AMOUNT")), reader.next("ASSET")
    venue, account, pool = reader.place("FROM")
    to_venue, to_account, to_pool = reader.place("TO")
    return _without_nothing(
        {"do": "transfer", "venue": venue, "account": account, "to_venue": to_venue, "to_account": to_account}
        | {"asset": asset, "amount": amount, "pool": pool or None, "to_pool": to_pool or None}
    )


def _leverage(reader: _Reader) -> Json:
    edit = {"do": "leverage"} | reader.account() | {"symbol": reader.next("SYMBOL")}
    leverage = reader.ending(_LEVERAGE)
    return edit | {"leverage": reader.number(reader.next("leverage")) if leverage is None else leverage}


def _isolate(reader: _Reader) -> Json:
    edit = {"do": "margin_mode"} | reader.account() | {"symbol": reader.next("SYMBOL"), "margin_mode": "isolated"}
    return _without_nothing(edit | {"side": reader.any("long", "short"), "margin": reader.behind("margin=")})


def _cross(reader: _Reader) -> Json:
    edit = {"do": "margin_mode"} | reader.account() | {"symbol": reader.next("SYMBOL"), "margin_mode": "cross"}
    return _without_nothing(edit | {"side": reader.any("long", "short")})


_MAKERS: dict[str, Callable[[_Reader], Json]] = {
    "open": _open,
    "close": _close,
    "flip": _flip,
    "add": _add,
    "take": _take,
    "transfer": _transfer,
    "leverage": _leverage,
    "isolate": _isolate,
    "cross": _cross,
}


class Mistakes:
    """What makes no sense on a command line, gathered, to be told all at once."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def tried(self, make: Callable[[], Made], other: Made) -> Made:
        """What `make` makes; `other` where that is Misused, which is noted."""
        try:
            return make()
        except Misused as error:
            self._texts += error.texts
            return other

    def note(self, text: str) -> None:
        """One more."""
        self._texts.append(text)

    def done(self) -> None:
        """Raises Misused with all of them, if there are any."""
        if self._texts:
            raise Misused(*self._texts)


def by_name(options: Sequence[str], option: str, form: str) -> dict[str, float]:
    """NAME=NUMBER, one or more; a number with «%» behind it is a hundredth. Raises Misused with all that are not."""
    found: dict[str, float] = {}
    mistakes = Mistakes()
    for text in (part for each in options for part in each.split(",")):
        name, equals, value = text.partition("=")
        number = _ratio(value) if name and equals else None
        if number is None:
            mistakes.note(f"{option} {text}: must be such as {form}")
        else:
            found[name.upper()] = number
    mistakes.done()
    return found


def ratio(text: str, option: str, form: str) -> float:
    """A number, or one with «%» behind it. Raises Misused."""
    number = _ratio(text)
    if number is None:
        raise Misused(f"{option} {text}: must be such as {form}")
    return number


def _ratio(text: str) -> float | None:
    try:
        found = float(text.removesuffix("%")) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return found if isfinite(found) else None
