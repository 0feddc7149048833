"""Isolated spot margin at OKX: assets held against a debt in the other asset of the pair, in a pool of its own.

Counted in the quote asset. Of a long, what is held moves with the price and the debt stands still; of a short the other
way round. With B what is owed (interest included), r the rate of its tier and f the taker fee of spot, the venue
requires B r, and B (1 + r) f for closing.

Two styles are in use. In the older one the amount of the position includes its margin; in the newer one the margin is
apart, in either asset. No field says which: the venue's own profit, which leaves the margin out in both, does.
"""

from __future__ import annotations

from monitor.domain.accounts import Position
from monitor.domain.names import PoolKey, Side, Symbol
from monitor.domain.tiers import TierTable, flat
from monitor.margin.pool import Leg, Pool, VenueFigures
from monitor.venues.okx.answers_tables import loan_table
from monitor.venues.okx.margin_terms import (
    EXACT_TOLERANCE,
    RATIO_NAME,
    STAGES,
    WIDE_TOLERANCE,
    Terms,
    rate_at,
)
from monitor.venues.okx.margin_words import Words


def isolated_loan(terms: Terms, position: Position) -> Pool:
    """One isolated spot margin position as a pool."""
    words = Words()
    base, _, quote = position.symbol.partition("-")
    long = position.side is Side.LONG
    owed = (position.liability or 0.0) + (position.interest or 0.0)
    table = _table(terms, position.symbol, quote if long else base, words)
    if position.liability is None:
        words.refuse(f"no debt of {position.symbol} {position.side} in the venue's answer")
    apart = _margin_apart(position, owed, base if long else quote)
    margin = position.isolated_wallet or 0.0 if apart else 0.0
    in_base = margin if position.margin_asset == base else 0.0
    in_quote = margin - in_base
    fee = terms.fee(position.symbol, words)
    if apart:
        words.assume("margin apart from the position: the formula for it was not checked against a record")
    if long:
        rate = rate_at(table, owed) if table is not None else 0.0
        legs = [_leg(position.symbol, base, quote, position.quantity + in_base)]
        cash, constant = in_quote - owed, owed * rate + owed * (1.0 + rate) * fee
    else:
        rate = rate_at(table, owed) if table is not None else 0.0
        legs = [_leg(position.symbol, base, quote, -owed, flat(rate), (1.0 + rate) * fee)]
        legs += [_leg(position.symbol, base, quote, in_base)] if in_base else []
        cash, constant = -position.quantity + in_quote, 0.0
    line = terms.line(position, [position.symbol], offset=0.0, tolerance=WIDE_TOLERANCE if apart else EXACT_TOLERANCE)
    return Pool(
        key=PoolKey(*terms.account.key, f"isolated:{position.symbol}:{position.side}"),
        numeraire=quote,
        isolated=True,
        cash=cash,
        legs=tuple(legs),
        constant_requirement=constant,
        stages=STAGES,
        venue=VenueFigures(
            ratio=position.venue.ratio,
            ratio_name=RATIO_NAME,
            ratio_inverted=True,
            lines=() if line is None else (line,),
        ),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def _leg(
    symbol: Symbol, base: str, quote: str, quantity: float, tiers: TierTable | None = None, fee_rate: float = 0.0
) -> Leg:
    """Coins, at nothing: what they cost is in the pool's cash."""
    return Leg(
        symbol=symbol,
        side=Side.LONG if quantity >= 0 else Side.SHORT,
        quantity=quantity,
        entry=0.0,
        base=base,
        quote=quote,
        settle=quote,
        tiers=tiers or flat(0.0),
        fee_rate=fee_rate,
    )


def _table(terms: Terms, symbol: Symbol, owed: str, words: Words) -> TierTable | None:
    table = terms.tables.isolated_tiers.get(loan_table(symbol, owed))
    if table is None:
        words.refuse(f"no tiers for {owed} owed in {symbol}")
    return table


def _margin_apart(position: Position, owed: float, held: str) -> bool:
    """Whether the margin is not in the position's amount: what the venue's profit says, where it can be told."""
    if position.margin_asset not in (None, held):
        return True
    margin, profit, mark = position.isolated_wallet, position.venue.unrealized_pnl, position.venue.mark_price
    if not margin or profit is None or mark is None:
        return False
    value = owed / mark if position.side is Side.LONG else owed * mark
    left = abs(position.quantity) - value
    return abs(profit - left) < abs(profit - (left - margin))
