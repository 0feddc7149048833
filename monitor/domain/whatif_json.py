"""What-if as JSON: a request with all its mistakes named at once, and the report. Described by `whatif.schema.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import BadRequest, ConfigError
from monitor.domain.names import AccountKey, Asset, PoolKey, Side
from monitor.domain.schema import SCHEMA_VERSION, group_json, line_json, number, ratio_json, report_json
from monitor.domain.whatif import (
    Close,
    Collateral,
    Edit,
    Liquidation,
    NextLiquidation,
    SetLeverage,
    SetMarginMode,
    Trade,
    Transfer,
    Unit,
    WhatIf,
    WhatIfReport,
)

MOST_EDITS = 50
MOST_MOVES = 200
LONGEST_NAME = 80
HIGHEST_MOVE = 100.0  #: a price that becomes a hundred times and one as high
LONGEST_DAYS = 366.0
MOST_LEVERAGE = 1000.0

Json = dict[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)


class _Fields:
    """An object of a request: each field is read once, what is wrong is noted, and what is left over is named."""

    def __init__(self, given: object, where: str, mistakes: list[ConfigError]) -> None:
        self.where, self.mistakes = where, mistakes
        self._known: list[str] = []
        if not isinstance(given, Mapping):
            self.wrong("", given, "must be an object")
            given = {}
        self._left: dict[str, object] = {str(key): value for key, value in given.items()}

    def wrong(self, key: str, value: object, cure: str) -> None:
        """Note a mistake."""
        named = f"{self.where}.{key}" if self.where and key else self.where or key
        self.mistakes.append(ConfigError(named or "request", _shown(value), cure))

    def take(self, key: str) -> object:
        """A field as it is, None where it is missing or null."""
        self._known.append(key)
        return self._left.pop(key, None)

    def text(self, key: str, *, needed: bool = False) -> str:
        """A name; "" where it is missing."""
        value = self.take(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or not value.isprintable():
            self.wrong(key, value, f"must be a name of 1 to {LONGEST_NAME} characters")
            return ""
        return value

    def number(
        self, key: str, cure: str, holds: Callable[[float], bool], *, needed: bool = False, other: float | None = None
    ) -> float | None:
        """A number for which something holds, `other` where it is missing."""
        value = self.take(key)
        if value is None and not needed:
            return other
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or not holds(value):
            self.wrong(key, value, f"must be {cure}")
            return other
        return float(value)

    def choice(self, key: str, kind: type[Choice], *, needed: bool = False) -> Choice | None:
        """One of some words; None where it is missing."""
        value = self.take(key)
        if value is None and not needed:
            return None
        words = [each.value for each in kind]
        if value not in words:
            self.wrong(key, value, f"must be one of {', '.join(words)}")
            return None
        return kind(str(value))

    def account(self, venue: str = "venue", account: str = "account") -> AccountKey:
        """An account by its two names."""
        return AccountKey(self.text(venue, needed=True), self.text(account, needed=True))

    def prices(self, key: str, cure: str, holds: Callable[[float], bool]) -> dict[Asset, float]:
        """Numbers by asset."""
        inner = _Fields(self.take(key) or {}, f"{self.where}.{key}" if self.where else key, self.mistakes)
        if len(inner._left) > MOST_MOVES:
            self.wrong(key, len(inner._left), f"at most {MOST_MOVES} assets")
            return {}
        found = {}
        for asset in list(inner._left):
            value = inner.number(asset, cure, holds, needed=True)
            if value is not None:
                found[asset] = value
        return found

    def done(self) -> None:
        """Nothing else was to be here."""
        for key, value in self._left.items():
            self.wrong(key[:LONGEST_NAME], value, f"no such key; there are: {', '.join(self._known)}")


def request_of(given: object) -> WhatIf:
    """The request. Raises BadRequest with all its mistakes."""
    mistakes: list[ConfigError] = []
    fields = _Fields(given, "", mistakes)
    edits = _list(fields, "edits", MOST_EDITS)
    request = WhatIf(
        edits=tuple(
            edit for number, each in enumerate(edits) if (edit := _edit(each, f"edits[{number}]", mistakes)) is not None
        ),
        moves=fields.prices("moves", f"a ratio above -1 and up to {HIGHEST_MOVE:g}, such as -0.12", _is_move),
        market=fields.number("market", f"a ratio above -1 and up to {HIGHEST_MOVE:g}, such as -0.12", _is_move),
        betas=_betas(fields),
        pegs=fields.prices("pegs", "a price in USD above 0 and up to 10, such as 0.95", lambda it: 0.0 < it <= 10.0),
        funding_days=fields.number(
            "funding_days", f"a number of days from 0 to {LONGEST_DAYS:g}", lambda it: 0.0 <= it <= LONGEST_DAYS
        )
        or 0.0,
        accounts=tuple(
            _account(each, f"accounts[{number}]", mistakes)
            for number, each in enumerate(_list(fields, "accounts", MOST_MOVES))
        ),
    )
    fields.done()
    if mistakes:
        raise BadRequest(tuple(mistakes))
    return request


def _is_move(value: float) -> bool:
    return -1.0 < value <= HIGHEST_MOVE


def _betas(fields: _Fields) -> dict[Asset, float] | None:
    """None where none are given: then those of the configuration count."""
    found = fields.prices("betas", "a number from -10 to 10", lambda it: -10.0 <= it <= 10.0)
    return found or None


def _list(fields: _Fields, key: str, most: int) -> list[object]:
    value = fields.take(key)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        fields.wrong(key, len(value) if isinstance(value, list) else value, f"must be a list of at most {most}")
        return []
    return value


def _account(given: object, where: str, mistakes: list[ConfigError]) -> AccountKey:
    fields = _Fields(given, where, mistakes)
    key = fields.account()
    fields.done()
    return key


def _edit(given: object, where: str, mistakes: list[ConfigError]) -> Edit | None:
    before = len(mistakes)
    fields = _Fields(given, where, mistakes)
    what = fields.take("do")
    made = _EDITS.get(what) if isinstance(what, str) else None
    if made is None:
        if len(mistakes) == before:
            fields.wrong("do", what, f"must be one of {', '.join(_EDITS)}")
        return None
    edit = made(fields)
    fields.done()
    return edit if len(mistakes) == before else None


def _is_size(value: float) -> bool:
    return value != 0.0


def _is_above_zero(value: float) -> bool:
    return value > 0.0


def _price(fields: _Fields) -> float | None:
    return fields.number("price", "a price above 0, or null: the mark", _is_above_zero)


def _fee(fields: _Fields) -> float | None:
    return fields.number("fee_rate", "a ratio from 0 to 0.1, such as 0.0005", lambda it: 0.0 <= it <= 0.1)


def _set_leverage(fields: _Fields, *, needed: bool = False) -> float | None:
    cure = f"a number above 0 and up to {MOST_LEVERAGE:g}"
    return fields.number("leverage", cure, lambda it: 0.0 < it <= MOST_LEVERAGE, needed=needed)


def _margin(fields: _Fields) -> float | None:
    return fields.number("margin", "an amount above 0 of what the contract settles in", _is_above_zero)


def _trade(fields: _Fields) -> Edit:
    return Trade(
        account=fields.account(),
        symbol=fields.text("symbol", needed=True),
        quantity=fields.number("quantity", "a number but 0; a sale is negative", _is_size, needed=True) or 0.0,
        unit=fields.choice("unit", Unit) or Unit.SHOWN,
        price=_price(fields),
        margin_mode=fields.choice("margin_mode", MarginMode),
        leverage=_set_leverage(fields),
        side=fields.choice("side", Side),
        margin=_margin(fields),
        fee_rate=_fee(fields),
    )


def _close(fields: _Fields) -> Edit:
    cure = "a ratio above 0 and up to 2: 1 closes all of it, 2 flips it"
    return Close(
        account=fields.account(),
        symbol=fields.text("symbol", needed=True),
        fraction=fields.number("fraction", cure, lambda it: 0.0 < it <= 2.0, other=1.0) or 1.0,
        side=fields.choice("side", Side),
        price=_price(fields),
        fee_rate=_fee(fields),
    )


def _collateral(fields: _Fields) -> Edit:
    return Collateral(
        account=fields.account(),
        asset=fields.text("asset", needed=True),
        amount=fields.number("amount", "an amount but 0; what is taken out is negative", _is_size, needed=True) or 0.0,
        pool=fields.text("pool"),
    )


def _transfer(fields: _Fields) -> Edit:
    return Transfer(
        account=fields.account(),
        to=fields.account("to_venue", "to_account"),
        asset=fields.text("asset", needed=True),
        amount=fields.number("amount", "an amount above 0", _is_above_zero, needed=True) or 0.0,
        from_pool=fields.text("pool"),
        to_pool=fields.text("to_pool"),
    )


def _leverage(fields: _Fields) -> Edit:
    return SetLeverage(
        account=fields.account(),
        symbol=fields.text("symbol", needed=True),
        leverage=_set_leverage(fields, needed=True) or 0.0,
    )


def _margin_mode(fields: _Fields) -> Edit:
    return SetMarginMode(
        account=fields.account(),
        symbol=fields.text("symbol", needed=True),
        margin_mode=fields.choice("margin_mode", MarginMode, needed=True) or MarginMode.CROSS,
        side=fields.choice("side", Side),
        margin=_margin(fields),
    )


_EDITS: dict[str, Callable[[_Fields], Edit]] = {
    "trade": _trade,
    "close": _close,
    "collateral": _collateral,
    "transfer": _transfer,
    "leverage": _leverage,
    "margin_mode": _margin_mode,
}


def _shown(value: object) -> object:
    """A wrong value as the answer repeats it: short, and never a structure."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value[:LONGEST_NAME]
    return f"a list of {len(value)}" if isinstance(value, list) else "an object"


def mistakes_json(refused: BadRequest) -> Json:
    """The body of a refusal: the first mistake as every refusal has it, and all of them."""
    rows = [{"key": each.key, "value": each.value, "cure": each.cure} for each in refused.mistakes]
    return {"error": rows[0], "mistakes": rows}


def answer_json(report: WhatIfReport, written: Callable[[Json], object] = dict) -> Json:
    """The report. `written` is made of each account at once: of thousands of pools no more than that need be in memory
    as objects.
    """
    return {
        "schema": SCHEMA_VERSION,
        "at": number(report.at),
        "quality": report.quality.value,
        "done": list(report.done),
        "notes": list(report.notes),
        "worst": {"before": ratio_json(report.worst_before), "after": ratio_json(report.worst_after)},
        "accounts": [
            written(
                {
                    "venue": each.key.venue,
                    "account": each.key.account,
                    "notes": list(each.notes),
                    "before": report_json(each.before),
                    "after": report_json(each.after),
                }
            )
            for each in report.accounts
        ],
        "groups": [
            {"name": each.after.name, "before": group_json(each.before), "after": group_json(each.after)}
            for each in report.groups
        ],
        "liquidations": [_liquidation_json(each) for each in report.liquidations],
        "next": None if report.next is None else _next_json(report.next),
        "funding": [
            _key_json(each.pool) | {"usd": number(each.usd), "reasons": list(each.reasons)} for each in report.funding
        ],
    }


def _key_json(key: PoolKey) -> Json:
    return {"venue": key.venue, "account": key.account, "pool": key.pool}


def _liquidation_json(each: Liquidation) -> Json:
    return _key_json(each.pool) | {
        "begins": number(each.begins),
        "takes_usd": number(each.takes_usd),
        "symbols": list(each.symbols),
        "already": each.already,
    }


def _next_json(each: NextLiquidation) -> Json:
    return _key_json(each.pool) | {
        "of": each.of,
        "direction": each.direction.value,
        "line": line_json(each.line),
        "takes_usd": number(each.takes_usd),
        "symbols": list(each.symbols),
    }
