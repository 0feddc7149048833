"""Answers that hold for everybody: dexs and their perpetuals, margin tables, spot tokens, reserves of loans. Pure.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
type promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, CollateralLoaded, InstrumentsLoaded, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import USD, Asset, Symbol, Venue
from monitor.domain.tables import CollateralTerms
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, positive, word
from monitor.venues.hyperliquid.names import (
    FIRST_DEX,
    USDC,
    USDC_TOKEN,
    Dex,
    Universe,
    base_of,
    coin_of,
    coin_of_token,
    dex_of,
)
from monitor.venues.hyperliquid.reading import value
from monitor.venues.rows import each, shown

SINGLE_TIER_IDS = 50  #: a margin table below this number has one tier, with that leverage
QUOTE = "USDT"  #: what the first dex's oracle prices are in; profit is paid in the collateral without conversion


class _Asset(msgspec.Struct, gc=False):
    name: str
    szDecimals: int = 0
    maxLeverage: Loose = None
    marginTableId: int | None = None
    marginMode: str | None = None
    onlyIsolated: bool | None = None
    isDelisted: bool | None = None


class _TierRow(msgspec.Struct, gc=False):
    lowerBound: Loose = None
    maxLeverage: Loose = None


class _Table(msgspec.Struct, gc=False):
    marginTiers: list[_TierRow] = []


class _Meta(msgspec.Struct, gc=False):
    universe: list[msgspec.Raw]
    marginTables: list[tuple[int, _Table]] = []
    collateralToken: int = USDC_TOKEN


class _DexRow(msgspec.Struct, gc=False):
    name: str


class _Token(msgspec.Struct, gc=False):
    name: str
    index: int


class _SpotMeta(msgspec.Struct, gc=False):
    tokens: list[msgspec.Raw]


class _Reserve(msgspec.Struct, gc=False):
    oraclePx: Loose = None
    ltv: Loose = None


def universe(
    dexs_raw: bytes | str | None, metas_raw: bytes | str, spot_meta_raw: bytes | str | None = None, venue: Venue = ""
) -> Universe:
    """perpDexs, allPerpMetas and spotMeta: each dex with its perpetuals and the token that backs them.

    Without perpDexs a dex's name is read off its perpetuals; `metas_raw` may also be `meta` of the first dex alone. A
    token that spotMeta does not list is not known, but for USDC.
    """
    tokens: dict[int, Asset] = {USDC_TOKEN: USDC}
    if spot_meta_raw is not None:
        listed = value(spot_meta_raw, _SpotMeta, venue, "spotMeta").tokens
        tokens |= {one.index: one.name for one in each(listed, _Token, lambda one: one, "token", None)}
    names = None if dexs_raw is None else _names(dexs_raw, venue)
    found: list[Dex] = []
    for number, meta in enumerate(_metas(metas_raw, venue)):
        symbols = tuple(each(meta.universe, _Asset, lambda one: one.name, "perpetual", None))
        if len(symbols) != len(meta.universe):
            raise MalformedAnswer(venue, "meta", "a perpetual without a name: places cannot be told")
        # Its perpetuals name a dex better than its place in another answer.
        if symbols:
            name = dex_of(symbols[0])
        else:
            name = names[number] if names is not None and number < len(names) else FIRST_DEX
        if any(dex_of(symbol) != name for symbol in symbols):
            raise MalformedAnswer(venue, "meta", "perpetuals of several dexs in one: places cannot be told")
        found.append(Dex(name, symbols, tokens.get(meta.collateralToken)))
    return Universe(tuple(found), tokens)


def instruments(
    metas_raw: bytes | str,
    known: Universe,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> InstrumentsLoaded:
    """allPerpMetas, or `meta` of the first dex alone. Delisted perpetuals stay: they settle, and may still be held."""
    first = frozenset(base_of(symbol) for dex in known.dexs if dex.name == FIRST_DEX for symbol in dex.symbols)
    found: list[Instrument] = []
    for meta, dex in zip(_metas(metas_raw, venue), known.dexs, strict=False):

        def made(row: _Asset, dex: Dex = dex) -> Instrument:
            return _instrument(row, dex, first, venue)

        found += each(meta.universe, _Asset, made, f"perpetual of dex {dex.name or 'first'}", problems)
    return InstrumentsLoaded(venue, tuple(found), received)


def _instrument(row: _Asset, dex: Dex, first: frozenset[Asset], venue: Venue) -> Instrument:
    symbol = word("name", row.name)
    coin = coin_of(symbol, first)
    # A builder's oracle is in dollars of no particular kind; without its token the settlement is not known, and the
    # name says so.
    settle = dex.collateral or f"collateral of {dex.name}"
    return Instrument(
        venue=venue,
        symbol=symbol,
        # Quanto between two dollars: the same numbers as linear, and as many coins move it as it counts.
        payoff=Payoff.LINEAR,
        base=base_of(symbol) if coin.name != symbol else symbol,
        quote=QUOTE if dex.name == FIRST_DEX else USD,
        settle=settle,
        coin=coin.name,
        coin_multiplier=coin.multiplier,
        trading=not row.isDelisted,
    )


def tiers(
    metas_raw: bytes | str,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> TiersLoaded:
    """Margin tables of allPerpMetas, or of `meta` alone, by perpetual."""
    found: list[tuple[Symbol, TierTable]] = []
    for meta in _metas(metas_raw, venue):
        tables = {number: table.marginTiers for number, table in meta.marginTables}

        def made(row: _Asset, tables: dict[int, list[_TierRow]] = tables) -> tuple[Symbol, TierTable]:
            return word("name", row.name), _table(row, tables)

        found += each(meta.universe, _Asset, made, "margin table of perpetual", problems)
    return TiersLoaded(venue, None, tuple(found), received)


def _table(row: _Asset, tables: dict[int, list[_TierRow]]) -> TierTable:
    number = row.marginTableId
    if number is not None and number in tables:
        return tier_table([(finite("lowerBound", one.lowerBound), one.maxLeverage) for one in tables[number]])
    if number is not None and number >= SINGLE_TIER_IDS:
        raise BadField(f"margin table {number} is not in the answer")
    return tier_table([(0.0, row.maxLeverage if number is None else float(number))])


def tier_table(rows: Sequence[tuple[float, Loose]]) -> TierTable:
    """Tiers of (lower bound of notional, greatest leverage): half of the margin at that leverage is required, less a
    deduction that makes the requirement continuous. BadField if they do not rise from 0.
    """
    tiers_found: list[Tier] = []
    for floor, leverage in rows:
        rate = 0.5 / positive("maxLeverage", leverage)
        last = tiers_found[-1] if tiers_found else None
        if last is None and floor != 0.0:
            raise BadField("the first lowerBound is not 0")
        if last is not None and floor <= last.floor:
            raise BadField("lowerBound does not rise")
        deduction = 0.0 if last is None else last.deduction + floor * (rate - last.rate)
        tiers_found.append(Tier(floor, rate, deduction))
    if not tiers_found:
        raise BadField("a margin table without tiers")
    return TierTable(tuple(tiers_found))


def theta(loan_to_value: float) -> float:
    """The share of its value that collateral counts for in portfolio margin."""
    return 0.5 + 0.5 * loan_to_value


def collateral(
    reserves_raw: bytes | str,
    known: Universe,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> CollateralLoaded:
    """allBorrowLendReserveStates: what tokens count for as collateral. One that nothing is lent against is left out."""
    terms: list[tuple[Asset, CollateralTerms]] = []
    for asset, reserve in _reserves(reserves_raw, known, venue, problems):
        share = optional(reserve.ltv)
        if share is not None and 0.0 < share <= 1.0:
            terms.append((asset, CollateralTerms(steps=((0.0, theta(share)),))))
    return CollateralLoaded(venue, None, tuple(terms), received)


def reserve_prices(
    reserves_raw: bytes | str,
    known: Universe,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> tuple[AssetTick, ...]:
    """allBorrowLendReserveStates: the prices that loans are computed with, by the coin's common name (BTC of UBTC)."""
    return tuple(
        AssetTick(venue, coin_of_token(asset), price, received, received)
        for asset, reserve in _reserves(reserves_raw, known, venue, problems)
        if (price := optional_positive(reserve.oraclePx)) is not None
    )


def _reserves(
    raw: bytes | str, known: Universe, venue: Venue, problems: list[RowProblem] | None
) -> Iterator[tuple[Asset, _Reserve]]:
    what = "allBorrowLendReserveStates"
    for number, row in enumerate(value(raw, list[msgspec.Raw], venue, what)):
        try:
            token, reserve = msgspec.json.decode(row, type=tuple[int, _Reserve])
        except (ValueError, RecursionError) as error:
            if problems is not None:
                problems.append(RowProblem(f"reserve {number}", str(error)[:200], shown(row)))
            continue
        if token in known.tokens:
            yield known.tokens[token], reserve


def _names(raw: bytes | str, venue: Venue) -> list[str]:
    """perpDexs: null stands for the first dex."""
    return [FIRST_DEX if one is None else one.name for one in value(raw, list[_DexRow | None], venue, "perpDexs")]


def _metas(raw: bytes | str, venue: Venue) -> list[_Meta]:
    text = raw.encode() if isinstance(raw, str) else raw
    if text.lstrip().startswith(b"{"):
        return [value(text, _Meta, venue, "meta")]
    return value(text, list[_Meta], venue, "allPerpMetas")
