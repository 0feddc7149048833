"""From positions to legs: what a contract is made of, linear or inverse, and the lines that the venue prints.

Rows of USDⓈ-M count coins, rows of COIN-M contracts of so many USD each. Nothing is computed here but signs and sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monitor.domain.accounts import Account, MarginMode, Position
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, Asset
from monitor.domain.tables import Tables
from monitor.margin.pool import Leg, VenueLine
from monitor.venues.binance.coins import coin_of, settled_in_coin

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD1")  #: for symbols that no table explains
# A COIN-M contract is 100 USD of BTC, and 10 USD of whatever else there is [doc].
_USUAL_SIZES = {"BTC": 100.0}
_USUAL_SIZE = 10.0


@dataclass(frozen=True, slots=True)
class Contract:
    """What a position's symbol is made of. `reasons` are assumptions, `unknown` says that even those fail."""

    base: Asset
    quote: Asset
    settle: Asset
    coin: Asset
    payoff: Payoff = Payoff.LINEAR
    size: float = 1.0
    reasons: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def contract_of(position: Position, tables: Tables) -> Contract:
    """As listed; of one that is not, what its name tells."""
    instrument = tables.instruments.get(position.symbol)
    if instrument is None:
        return _named(position)
    settle = position.margin_asset or instrument.settle
    return Contract(
        instrument.base, instrument.quote, settle, instrument.coin, instrument.payoff, instrument.contract_size
    )


def _named(position: Position) -> Contract:
    base = settled_in_coin(position.symbol)
    if base is not None:
        why = f"no contract data for {position.symbol}: coin and size of a contract taken from its name"
        size = _USUAL_SIZES.get(base, _USUAL_SIZE)
        return Contract(base, USD, base, base, Payoff.INVERSE, size, reasons=(why,))
    pair = position.symbol.partition("_")[0]
    for quote in (position.margin_asset or "", *_QUOTES):
        base = pair.removesuffix(quote) if quote else pair
        if base and base != pair:
            why = f"no contract data for {position.symbol}: base and quote taken from its name"
            return Contract(base, quote, position.margin_asset or quote, coin_of(base)[0], reasons=(why,))
    settle = position.margin_asset or "USDT"
    return Contract(pair, settle, settle, pair, unknown=(f"no contract data for {position.symbol}",))


def legs_of(
    positions: Sequence[Position], account: Account, tables: Tables, settles_in: Callable[[Contract], Asset]
) -> tuple[tuple[Leg, ...], tuple[str, ...], tuple[str, ...]]:
    """The legs, what was assumed for them, and what makes their pool unknown."""
    legs: list[Leg] = []
    reasons: list[str] = []
    unknown: list[str] = []
    for position in positions:
        contract = contract_of(position, tables)
        reasons += contract.reasons
        unknown += contract.unknown
        if position.margin_mode is None:
            unknown.append(f"cannot tell whether {position.symbol} {position.side} is cross or isolated")
        if position.entry_price is None:
            unknown.append(f"no entry price of {position.symbol} {position.side}")
        legs.append(
            Leg(
                symbol=position.symbol,
                side=position.side,
                quantity=position.quantity * contract.size,
                entry=position.entry_price or 0.0,
                base=contract.base,
                quote=contract.quote,
                settle=settles_in(contract),
                coin=contract.coin,
                payoff=contract.payoff,
                contracts=abs(position.quantity) if contract.payoff is Payoff.INVERSE else None,
                tiers=tables.tiers.get(position.symbol),
                initial_margin_rate=_initial_rate(position, account),
            )
        )
    return tuple(legs), tuple(reasons), tuple(unknown)


def _initial_rate(position: Position, account: Account) -> float | None:
    """By the leverage that is set for the symbol; None where nothing tells it."""
    setting = account.symbols.get(position.symbol)
    leverage = None if setting is None else setting.leverage
    leverage = leverage or position.leverage
    return 1.0 / leverage if leverage else None


def printed_lines(
    positions: Iterable[Position], tolerance: float, *, threshold: float | None = None
) -> tuple[VenueLine, ...]:
    """One line a position: its instrument alone moves, in hedge mode with both sides of it; nothing is rounded."""
    return tuple(
        VenueLine(
            symbol=position.symbol,
            side=position.side,
            printed=position.venue.liquidation,
            mark=position.venue.mark_price,
            moves=((position.symbol, 1.0),),
            threshold=threshold,
            tolerance=tolerance,
        )
        for position in positions
        if position.venue.liquidation.state is not State.UNKNOWN
    )


def total(values: Iterable[float | None]) -> float | None:
    """The sum; None where one is unknown."""
    found = 0.0
    for value in values:
        if value is None:
            return None
        found += value
    return found


def is_isolated(position: Position) -> bool:
    """Whether it has margin of its own. One whose mode cannot be read is counted as cross, and makes that unknown."""
    return position.margin_mode is MarginMode.ISOLATED
