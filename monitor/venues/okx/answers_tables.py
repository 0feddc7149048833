"""The tables that OKX publishes, as events: instruments, tiers, discounts and loans. Pure.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
endpoint promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, nextafter

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.events import CollateralLoaded, InstrumentsLoaded, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Asset, Symbol, Venue
from monitor.domain.tables import CollateralTerms
from monitor.domain.tiers import Tier, TierBy, TierTable
from monitor.venues.fields import (
    BadField,
    Loose,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    positive,
    word,
)
from monitor.venues.okx.endpoints import InstType, family, inst_type
from monitor.venues.okx.reading import rows
from monitor.venues.rows import each

OWN_USD = frozenset({"USDⓈ", "USD"})
"""What stands as settlement of contracts on several dollar coins: which one it is, the account's settings say."""


class _InstrumentRow(msgspec.Struct, gc=False):
    instId: str
    instType: str
    instFamily: str = ""
    uly: str = ""
    baseCcy: str = ""
    quoteCcy: str = ""
    settleCcy: str = ""
    ctVal: Loose = None
    ctMult: Loose = None
    ctType: str = ""
    tickSz: Loose = None
    expTime: Loose = None
    stk: Loose = None
    optType: str = ""
    state: str = ""
    groupId: str | int | None = None


class _TierRow(msgspec.Struct, gc=False):
    instFamily: str = ""
    uly: str = ""
    instId: str = ""
    minSz: Loose = None
    maxSz: Loose = None
    mmr: Loose = None
    imr: Loose = None
    optMgnFactor: Loose = None
    baseMaxLoan: Loose = None
    quoteMaxLoan: Loose = None


class _DiscountRow(msgspec.Struct, gc=False):
    ccy: str
    details: list[dict[str, Loose]] | None = None
    discountInfo: list[dict[str, Loose]] | None = None


def instruments(
    raws: Iterable[bytes | str], venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> InstrumentsLoaded:
    """Every answer of `instruments` (one a kind, options by family): contracts, options and pairs.

    A pair that is listed both as SPOT and as MARGIN is one instrument.
    """
    found: dict[Symbol, Instrument] = {}
    for raw in raws:
        for one in each(rows(raw, venue, "instruments"), _InstrumentRow, _maker(venue), "instrument", problems):
            found[one.symbol] = one
    return InstrumentsLoaded(venue, tuple(found.values()), received)


def _maker(venue: Venue) -> Callable[[_InstrumentRow], Instrument]:
    def made(row: _InstrumentRow) -> Instrument:
        spot = row.instType in (InstType.SPOT, InstType.MARGIN)
        return _pair(row, venue) if spot else _contract(row, venue)

    return made


def _group(row: _InstrumentRow) -> str:
    kind = InstType.SPOT if row.instType == InstType.MARGIN else row.instType  # both pay the fees of spot
    return kind if row.groupId in (None, "") else f"{kind}:{row.groupId}"


def _pair(row: _InstrumentRow, venue: Venue) -> Instrument:
    base, quote = word("baseCcy", row.baseCcy), word("quoteCcy", row.quoteCcy)
    return Instrument(
        venue=venue,
        symbol=word("instId", row.instId),
        payoff=Payoff.LINEAR,
        base=base,
        quote=quote,
        settle=quote,
        coin=base,
        tick_size=optional_positive(row.tickSz),
        trading=row.state == "live",
        family=row.instId,
        fee_group=_group(row),
        spot=True,
    )


def _contract(row: _InstrumentRow, venue: Venue) -> Instrument:
    """A swap, a future or an option. One contract is ctVal x ctMult, of the base or (inverse) of the quote.

    `instFamily` and `settleCcy` tell it: one underlying may have contracts that settle in several assets.
    """
    name = row.instFamily or row.uly or family(row.instId)
    base, _, rest = name.partition("-")
    quote = rest.partition("_")[0]  # «BTC-USD_UM» is quoted in USD and settles in the account's dollar coin
    if not base or not quote:
        raise BadField("instFamily does not name base and quote")
    option = row.instType == InstType.OPTION
    inverse = row.ctType == "inverse"
    if not option and row.ctType not in ("linear", "inverse"):
        raise BadField("ctType is neither linear nor inverse")
    if option and row.optType not in ("C", "P"):
        raise BadField("optType is neither C nor P")
    return Instrument(
        venue=venue,
        symbol=word("instId", row.instId),
        payoff=Payoff.OPTION if option else Payoff.INVERSE if inverse else Payoff.LINEAR,
        base=base,
        quote=quote,
        settle=word("settleCcy", row.settleCcy),
        coin=base,
        contract_size=positive("ctVal", row.ctVal) * (optional_positive(row.ctMult) or 1.0),
        tick_size=optional_positive(row.tickSz),
        delivery_time=optional_seconds(row.expTime),
        trading=row.state == "live",
        strike=positive("stk", row.stk) if option else None,
        call=row.optType == "C" if option else None,
        family=name,
        fee_group=_group(row),
    )


@dataclass(frozen=True, slots=True)
class TierAnswer:
    """One answer of `position-tiers`, with what was asked: its rows say neither kind nor margin mode."""

    raw: bytes | str
    inst_type: str
    margin_mode: MarginMode


def tiers(
    answers: Iterable[TierAnswer],
    listed: Iterable[Instrument],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> TiersLoaded:
    """position-tiers by kind, mode and family, as tables by symbol of what is `listed`. Rates are of the whole size.

    Sizes are contracts. Of options the rate is the margin factor that their formulas take. Of pairs there are two
    tables, by what is owed: `loan_table`. A symbol without a table is not safe by it.
    """
    members: dict[tuple[str, str], list[Symbol]] = {}
    for one in listed:
        members.setdefault((inst_type(one.symbol), one.family), []).append(one.symbol)
    cross: dict[Symbol, TierTable] = {}
    isolated: dict[Symbol, TierTable] = {}
    for answer in answers:
        into = isolated if answer.margin_mode is MarginMode.ISOLATED else cross
        for name, its in _by_family(answer, venue, problems).items():
            if answer.inst_type == InstType.MARGIN:
                into.update(_loans(name, its, problems))
                continue
            table = _table(name, its, option=answer.inst_type == InstType.OPTION, problems=problems)
            if table is not None:
                into.update(dict.fromkeys(members.get((answer.inst_type, name), ()), table))
    return TiersLoaded(venue, None, tuple(cross.items()), received, isolated=tuple(isolated.items()))


def loan_table(symbol: Symbol, asset: Asset) -> Symbol:
    """The name of the table of a pair for what is owed of one of its assets: a pair has one for each."""
    return f"{symbol}:{asset}"


def _by_family(answer: TierAnswer, venue: Venue, problems: list[RowProblem] | None) -> dict[str, list[_TierRow]]:
    found: dict[str, list[_TierRow]] = {}
    for row in each(rows(answer.raw, venue, "position-tiers"), _TierRow, lambda row: row, "tier", problems):
        found.setdefault(row.instFamily or row.instId or row.uly, []).append(row)
    return found


def _table(name: str, its: Sequence[_TierRow], *, option: bool, problems: list[RowProblem] | None) -> TierTable | None:
    """By contracts. A size between the end of a tier and the beginning of the next is in the next."""
    steps = [(row.minSz, row.maxSz, row.optMgnFactor if option else row.mmr) for row in its]
    try:
        return _flat(steps, TierBy.CONTRACTS)
    except BadField as error:
        if problems is not None:
            problems.append(RowProblem(f"tiers of {name[:40]}", str(error)))
        return None


def _loans(name: str, its: Sequence[_TierRow], problems: list[RowProblem] | None) -> dict[Symbol, TierTable]:
    base, _, quote = name.partition("-")
    found: dict[Symbol, TierTable] = {}
    for asset, sizes in ((base, [row.baseMaxLoan for row in its]), (quote, [row.quoteMaxLoan for row in its])):
        try:
            ends = sorted(positive("the most that is lent", size) for size in sizes)
            rates = sorted(finite("mmr", row.mmr) for row in its)  # more is never lent at less
            steps = list(zip([0.0, *ends], ends, rates, strict=False))
            found[loan_table(name, asset)] = _flat(steps, TierBy.BASE)
        except BadField as error:
            if problems is not None:
                problems.append(RowProblem(f"loans of {asset[:40]} for {name[:40]}", str(error)))
    return found


def _flat(steps: Iterable[tuple[Loose, Loose, Loose]], by: TierBy) -> TierTable:
    """(from, up to and with, rate) as tiers. BadField unless they rise from nothing."""
    read = sorted((finite("minSz", low), _end(high), finite("the rate", rate)) for low, high, rate in steps)
    if any(high == inf for _, high, _ in read[:-1]):
        raise BadField("a tier below the last has no end")
    made: list[Tier] = []
    end = 0.0
    for _, high, rate in read:
        if not 0.0 < rate <= 100.0:
            raise BadField("a rate is not above 0")
        # The end belongs to the lower tier: the next one begins with the next number there is.
        floor = nextafter(end, inf) if made else 0.0
        if made and floor <= made[-1].floor:
            raise BadField("the tiers do not rise")
        made.append(Tier(floor, rate))
        end = high
    if not made:
        raise BadField("there is no tier")
    return TierTable(tuple(made), by, cap=None if end == inf else end)


def _end(size: Loose) -> float:
    """The largest size of a tier, where it has one."""
    return inf if size in (None, "") else positive("maxSz", size)


def collateral(
    discount_raws: Iterable[bytes | str],
    borrow_raws: Iterable[tuple[Asset, bytes | str]],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> CollateralLoaded:
    """discount-rate-interest-free-quota, and position-tiers of cross margin by `ccy` for what was asked.

    `details` have floors in the asset, the older `discountInfo` in USD. An asset of the second only is one that can be
    borrowed and counts nothing.
    """
    terms: dict[Asset, CollateralTerms] = {}
    for raw in discount_raws:
        terms |= dict(each(rows(raw, venue, "discount-rate"), _DiscountRow, _discount, "discount", problems))
    for asset, raw in borrow_raws:
        its = each(rows(raw, venue, "position-tiers"), _TierRow, lambda row: row, "tier", problems)
        try:
            table = _flat([(row.minSz, row.maxSz, row.mmr) for row in its], TierBy.BASE)
        except BadField as error:
            if problems is not None:
                problems.append(RowProblem(f"loans of {asset[:40]}", str(error)))
            continue
        known = terms.get(asset, CollateralTerms(steps=((0.0, 0.0),)))
        terms[asset] = replace(known, borrow=table, borrow_initial_rate=optional(its[0].imr))
    return CollateralLoaded(venue, None, tuple(terms.items()), received)


def _discount(row: _DiscountRow) -> tuple[Asset, CollateralTerms]:
    asset = word("ccy", row.ccy)
    said, by_value = (row.details, False) if row.details else (row.discountInfo or [], True)
    steps = sorted(
        (finite("minAmt", one.get("minAmt")), finite("discountRate", one.get("discountRate"))) for one in said
    )
    if not steps:
        return asset, CollateralTerms(steps=((0.0, 0.0),))
    if steps[0][0] != 0.0 or any(low >= high for (low, _), (high, _) in pairwise(steps)):
        raise BadField("the discounts do not rise from 0")
    if any(not 0.0 <= rate <= 1.0 for _, rate in steps):
        raise BadField("discountRate is not between 0 and 1")
    return asset, CollateralTerms(steps=tuple(steps), by_value=by_value)
