"""REST answers to events: an account whole, its mode and role, prices, candles, the clock. Pure; tables that hold for
everybody are in `answers_tables`, flows of cash in `cash`.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
type promises. One bad row costs that row: it is left out and, where the caller gave a list, named in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

import msgspec

from monitor.domain.accounts import AccountMode, CollateralMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CandlesLoaded,
    FundingRates,
    Tick,
)
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.venues.fields import BadField, Loose, optional, optional_positive, positive, seconds
from monitor.venues.hyperliquid.answers_tables import (
    collateral,
    instruments,
    reserve_prices,
    theta,
    tier_table,
    tiers,
    universe,
)
from monitor.venues.hyperliquid.assembly import Assembly
from monitor.venues.hyperliquid.names import USDC_TOKEN, Universe
from monitor.venues.hyperliquid.reading import value
from monitor.venues.hyperliquid.rows import DexState, SpotBody, SpotState, StateBody, dex_state, spot_state
from monitor.venues.rows import each, shown

__all__ = [
    "Role",
    "account_config",
    "account_snapshot",
    "asset_prices",
    "candles",
    "collateral",
    "funding",
    "instruments",
    "marks",
    "reserve_prices",
    "role",
    "server_time",
    "theta",
    "tier_table",
    "tiers",
    "universe",
]

HOUR_SECONDS = 3600.0  #: between two payments of funding, on every perpetual

STANDARD, UNIFIED, PORTFOLIO = "standard", "unified", "portfolio"
KINDS: Mapping[str, str] = {
    "disabled": STANDARD,
    "default": STANDARD,
    "unifiedAccount": UNIFIED,
    "portfolioMargin": PORTFOLIO,
}
"""What `userAbstraction` says. `dexAbstraction` is no more, and what it mixed is not computed; another word is one
that we do not know.
"""
RETIRED = "dexAbstraction"
MODES = {
    STANDARD: AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False, kind=STANDARD),
    UNIFIED: AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False, kind=UNIFIED),
    PORTFOLIO: AccountMode(collateral=CollateralMode.PORTFOLIO, hedge=False, borrows=True, kind=PORTFOLIO),
}
UNREADABLE = AccountMode(collateral=None, hedge=False)
DOLLARS = "USD"  #: how the names of dollar tokens begin
_WORD_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Role:
    """What an address is: `user`, `vault`, `subAccount`, `agent` or `missing`; `master` is whose it is, "" if nobody's.

    An agent only signs for its master: it has no account to look at. A master's address is shown to the person who
    configured the agent's, and to nobody else.
    """

    role: str
    master: str = ""

    @property
    def refusal(self) -> str:
        """Why the address cannot be monitored, with the cure; "" if it can."""
        if self.role == "agent":
            cure = f"configure its master {self.master} instead" if self.master else "configure its master instead"
            return f"the address is an agent (API wallet), which has no positions of its own: {cure}"
        if self.role == "missing":
            return "the venue does not know the address: check it, or deposit first"
        return ""


class _RoleData(msgspec.Struct, gc=False):
    user: str = ""
    master: str = ""


class _RoleBody(msgspec.Struct, gc=False):
    role: str
    data: _RoleData | None = None


def role(raw: bytes | str, account: AccountKey) -> Role:
    """userRole: of an agent the master is in `data.user`, of a sub-account in `data.master`."""
    said = value(raw, _RoleBody, account.venue, "userRole")
    data = said.data or _RoleData()
    return Role(said.role[:_WORD_SHOWN], data.user if said.role == "agent" else data.master)


def account_config(
    abstraction_raw: bytes | str,
    spot_raw: bytes | str | None,
    account: AccountKey,
    asked: float,
    received: float,
) -> AccountConfig:
    """userAbstraction, and whether the spot state has what pooled accounts have: two signals that must agree.

    A word that we do not know, one that is retired, and signals that disagree leave the mode unread, which is never
    guessed: `problems` say why. `spot_raw` None: the second signal is missing, which is a doubt and said.
    """
    said = value(abstraction_raw, str, account.venue, "userAbstraction")
    pooled = None if spot_raw is None else spot(spot_raw, account, Universe()).pooled
    mode, why = mode_of(said, pooled)
    return AccountConfig(
        account=account,
        mode=mode,
        symbols=(),
        asked=asked,
        received=received,
        problems=(why,) if why else (),
    )


def mode_of(said: str, pooled: bool | None) -> tuple[AccountMode, str]:
    """The mode that two signals agree on, with what is to be said about it."""
    kind = KINDS.get(said)
    if said == RETIRED:
        return UNREADABLE, "the account is in the retired mode dexAbstraction, in which what backs what is not known"
    if kind is None:
        return UNREADABLE, f"the account's mode {said[:_WORD_SHOWN]!r} is one that we do not know"
    if pooled is None:
        return UNREADABLE, "the spot state was not read, so that nothing confirms the account's mode"
    if pooled is not (kind != STANDARD):
        has = "has" if pooled else "has no"
        return UNREADABLE, (
            f"two signals of the account's mode disagree: the venue says {said}, and the spot state {has} "
            "tokenToAvailableAfterMaintenance"
        )
    return MODES[kind], ""


def state(raw: bytes | str, dex: str, account: AccountKey, known: Universe) -> DexState:
    """clearinghouseState of one dex."""
    body = value(raw, StateBody, account.venue, "clearinghouseState")
    try:
        return dex_state(body, dex, known.collateral(dex))
    except BadField as error:
        raise MalformedAnswer(account.venue, "clearinghouseState", str(error)) from None


def spot(raw: bytes | str, account: AccountKey, known: Universe) -> SpotState:
    """spotClearinghouseState."""
    return spot_state(value(raw, SpotBody, account.venue, "spotClearinghouseState"), known.tokens)


def account_snapshot(
    state_raws: Mapping[str, bytes | str],
    spot_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    *,
    universe: Universe,
    prices: Mapping[Asset, float] | None = None,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """An account whole: clearinghouseState by dex ("" is the first), and spotClearinghouseState.

    `prices` are USD prices of collateral by the coin's common name, or by the token's (`reserve_prices`).
    """
    states = {dex: state(raw, dex, account, universe) for dex, raw in state_raws.items()}
    money = spot(spot_raw, account, universe)
    whole = Assembly(account, {} if prices is None else prices)
    whole.keep(states, money)
    if bad_rows is not None:
        bad_rows += [*money.problems, *(one for found in states.values() for one in found.problems)]
    snapshot = whole.snapshot(asked, received)
    assert snapshot is not None  # both halves were just kept
    return snapshot


class _Context(msgspec.Struct, gc=False):
    markPx: Loose = None
    oraclePx: Loose = None
    midPx: Loose = None
    funding: Loose = None


class _NamedAsset(msgspec.Struct, gc=False):
    name: str


class _NamedMeta(msgspec.Struct, gc=False):
    universe: list[_NamedAsset]


def marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """metaAndAssetCtxs of one dex. The answer has no time of its own: it is as old as its receipt."""
    return tuple(
        Tick(venue, symbol, mark, received, received, index=optional_positive(row.oraclePx))
        for symbol, row in _contexts(raw, venue, problems)
        if (mark := optional_positive(row.markPx)) is not None
    )


def funding(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> FundingRates | None:
    """metaAndAssetCtxs again: the rate that is paid at the next full hour; None without one good row."""
    found = [(symbol, optional(row.funding)) for symbol, row in _contexts(raw, venue, problems)]
    return funding_rates([(symbol, rate) for symbol, rate in found if rate is not None], venue, received)


def funding_rates(found: Iterable[tuple[Symbol, float]], venue: Venue, received: float) -> FundingRates | None:
    """Rates as one event, due at the next full hour; None without any."""
    rates = list(found)
    if not rates:
        return None
    due = (received // HOUR_SECONDS + 1.0) * HOUR_SECONDS
    symbols, numbers = zip(*rates, strict=True)
    return FundingRates(venue, symbols, numbers, (due,) * len(rates), received)


def _contexts(raw: bytes | str, venue: Venue, problems: list[RowProblem] | None) -> list[tuple[Symbol, _Context]]:
    meta, raws = value(raw, tuple[_NamedMeta, list[msgspec.Raw]], venue, "metaAndAssetCtxs")
    if len(raws) != len(meta.universe):
        raise MalformedAnswer(venue, "metaAndAssetCtxs", "as many contexts as perpetuals are promised")
    found: list[tuple[Symbol, _Context]] = []
    for asset, row in zip(meta.universe, raws, strict=True):
        try:
            context = msgspec.json.decode(row, type=_Context)
            positive("markPx", context.markPx)
        except (ValueError, RecursionError) as error:
            if problems is not None:
                problems.append(RowProblem(f"context of {asset.name}", str(error)[:200], shown(row)))
            continue
        found.append((asset.name, context))
    return found


class _SpotToken(msgspec.Struct, gc=False):
    name: str
    index: int


class _Pair(msgspec.Struct, gc=False):
    name: str
    tokens: tuple[int, int]


class _SpotMeta(msgspec.Struct, gc=False):
    tokens: list[_SpotToken]
    universe: list[_Pair]


class _SpotContext(msgspec.Struct, gc=False):
    coin: str = ""
    markPx: Loose = None
    midPx: Loose = None


def asset_prices(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """spotMetaAndAssetCtxs: what the dollar tokens that may back a dex cost in USDC, of those that have a pair with it.

    USDC stands for a dollar here: what it costs itself, the reserves say (`reserve_prices`). Coins are priced by
    oracles, not by pairs.
    """
    meta, contexts = value(raw, tuple[_SpotMeta, list[_SpotContext]], venue, "spotMetaAndAssetCtxs")
    names = {token.index: token.name for token in meta.tokens}
    by_name = {context.coin: context for context in contexts if context.coin}
    found: dict[Asset, AssetTick] = {}
    for number, pair in enumerate(meta.universe):
        base, quote = pair.tokens
        context = by_name.get(pair.name) or (contexts[number] if number < len(contexts) and not by_name else None)
        if quote != USDC_TOKEN or not names.get(base, "").startswith(DOLLARS) or context is None:
            continue
        price = optional_positive(context.midPx) or optional_positive(context.markPx)
        if price is None:
            if problems is not None:
                problems.append(RowProblem(f"pair {pair.name}", "no price"))
            continue
        asset = names[base]
        found.setdefault(asset, AssetTick(venue, asset, price, received, received))
    return tuple(found.values())


class _Candle(msgspec.Struct, gc=False):
    t: Loose = None
    c: Loose = None


def candles(
    raw: bytes | str,
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """candleSnapshot: closing prices in rising order. The venue has no candles of marks: these are of trades.

    A candle that is still open is left out. A gap ends the series: only what is after the last gap is given.
    """

    def made(row: _Candle) -> tuple[float, float]:
        return seconds("t", row.t), positive("c", row.c)

    rows = each(value(raw, list[msgspec.Raw], venue, "candleSnapshot"), _Candle, made, "candle", problems)
    closes = {start: close for start, close in rows if start + interval_seconds <= at}
    series: list[float] = []
    before = -inf
    for start in sorted(closes):
        if abs(start - before - interval_seconds) > 1e-3:
            series.clear()
        series.append(closes[start])
        before = start
    return CandlesLoaded(venue, symbol, tuple(series), interval_seconds, at)


class _Status(msgspec.Struct, gc=False):
    time: Loose = None


def server_time(raw: bytes | str, venue: Venue = "hyperliquid") -> float:
    """exchangeStatus: the venue's clock, seconds since 1970."""
    try:
        return seconds("time", value(raw, _Status, venue, "exchangeStatus").time)
    except BadField as error:
        raise MalformedAnswer(venue, "exchangeStatus", str(error)) from None
