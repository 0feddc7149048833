"""What the legs of OKX's pools have in common: what a contract is, its fee, its tiers, and how a family is counted.

Contracts are keyed by instrument family and settlement asset, never by their underlying. Nothing is computed here but
signs, products of a contract's size, and sums of the venue's own figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import nan

from monitor.domain.accounts import Account, MarginMode, Order, Position
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, Asset, Side, Symbol
from monitor.domain.tables import OptionMark, Tables
from monitor.domain.tiers import TierTable, flat
from monitor.margin.pool import LIQUIDATION, Leg, Option, Requirement, Stage, VenueLine
from monitor.venues.okx.answers_tables import OWN_USD
from monitor.venues.okx.endpoints import InstType, inst_type

RATIO_NAME = "margin ratio"
WARNING, ORDERS_GONE = "warning", "orders cancelled"
STAGES = (
    Stage(name=WARNING, threshold=1.0 / 3.0, orders=True),  # the venue warns at 300 %
    Stage(name=ORDERS_GONE, orders=True),  # at 100 % it first cancels what rests
    Stage(name=LIQUIDATION),
    Stage(name="bankruptcy", requirement=Requirement.NONE),
)
EXACT_TOLERANCE = 1e-4
WIDE_TOLERANCE = 0.02  #: where the venue does not say what it holds still

USUAL_TAKER = {InstType.SWAP: 0.0005, InstType.FUTURES: 0.0005, InstType.OPTION: 0.0003, InstType.SPOT: 0.001}
"""Rates of the lowest fee level, for a fee that could not be read: assumed in words."""

YEAR_SECONDS = 365.0 * 86400.0
INDEX_FLOORS = {"BTC": 0.03}
OTHER_INDEX_FLOOR = 0.05
"""The constant of a short option's maintenance: 0.03 for BTC, 0.05 for ETH and whatever else there may be."""


@dataclass(slots=True)
class Words:
    """What was assumed for a pool, and what makes it unknown; each once, in the order of its finding."""

    reasons: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def assume(self, why: str) -> None:
        """Something is missing or assumed: the figures stand, and this is said beside them."""
        self.reasons[why] = None

    def refuse(self, why: str) -> None:
        """The pool cannot be computed."""
        self.unknown[why] = None


class Terms:
    """One account and its tables: the terms of each of its legs."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self.account, self.tables = account, tables

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """As listed; None for one that is not, or not yet."""
        return self.tables.instruments.get(symbol)

    def settles(self, position: Position | Order) -> Asset | None:
        """What a position or an order settles in. The dollar coin of contracts on several of them is the account's own
        setting, which positions show.
        """
        instrument = self.instrument(position.symbol)
        if instrument is None:
            return position.margin_asset
        if instrument.settle not in OWN_USD or instrument.spot:
            return instrument.settle
        shown = (one.margin_asset for one in self.account.positions.values() if self._own_dollars(one.symbol))
        return position.margin_asset or next((asset for asset in shown if asset), instrument.settle)

    def _own_dollars(self, symbol: Symbol) -> bool:
        instrument = self.instrument(symbol)
        return instrument is not None and instrument.settle in OWN_USD

    def fee(self, symbol: Symbol, words: Words) -> float:
        """The user's own taker rate, of the instrument's group; the usual one, in words, where it could not be read."""
        kind, instrument = inst_type(symbol), self.instrument(symbol)
        kind = InstType.SPOT if kind == InstType.MARGIN else kind
        quote = "" if instrument is None else instrument.quote
        names = ("" if instrument is None else instrument.fee_group, f"{kind}:{quote}", kind)
        for name in names:
            if name in self.account.fees:
                return max(0.0, self.account.fees[name])
        others = [rate for name, rate in self.account.fees.items() if name.startswith(f"{kind}:")]
        if others:
            words.assume(f"the taker fee of {symbol} is in no group that was read: the highest of its kind assumed")
            return max(0.0, *others)
        usual = USUAL_TAKER.get(kind, max(USUAL_TAKER.values()))
        words.assume(f"the taker fee of {symbol} could not be read: {usual:.2%} assumed")
        return usual

    def tiers(self, symbol: Symbol, *, isolated: bool) -> TierTable | None:
        """The tiers of the symbol, which are its family's; isolated positions have their own."""
        return (self.tables.isolated_tiers if isolated else self.tables.tiers).get(symbol)

    def leg(self, position: Position, words: Words) -> Leg:
        """An open contract. What cannot be told of it is put into `words`."""
        name = f"{position.symbol} {position.side}"
        instrument = self._listed(position.symbol, words)
        if position.margin_mode is None:
            words.refuse(f"cannot tell whether {name} is cross or isolated")
        if position.entry_price is None:
            words.refuse(f"no entry price of {name}")
        isolated = position.margin_mode is MarginMode.ISOLATED
        if instrument.payoff is Payoff.OPTION:
            mark = position.venue.mark_price
            return self._option(position.symbol, position.side, position.quantity, mark, instrument, words)
        settle = self.settles(position) or instrument.settle
        return Leg(
            symbol=position.symbol,
            side=position.side,
            quantity=position.quantity * instrument.contract_size,
            entry=position.entry_price or 0.0,
            base=instrument.base,
            quote=instrument.quote,
            settle=settle,
            coin=instrument.coin,
            payoff=instrument.payoff,
            contracts=abs(position.quantity),
            tiers=self.tiers(position.symbol, isolated=isolated),
            fee_rate=self.fee(position.symbol, words),
            initial_margin_rate=1.0 / position.leverage if position.leverage else None,
            tier_group=None if isolated else tier_group(position.symbol, instrument),
            group_deduction=False,
        )

    def order(self, order: Order, opening: float, words: Words) -> Leg:
        """What of a resting order would open: `opening` contracts of it (absolute), at its own price."""
        instrument = self._listed(order.symbol, words)
        rate, price = self.fee(order.symbol, words), order.price or 0.0
        signed = opening if order.quantity > 0 else -opening
        size = signed * instrument.contract_size
        inverse = instrument.payoff is Payoff.INVERSE
        at_price = (abs(size) / price if price else 0.0) if inverse else abs(size) * price
        return Leg(
            symbol=order.symbol,
            side=order.side or (Side.LONG if order.quantity > 0 else Side.SHORT),
            quantity=size,
            entry=price,
            base=instrument.base,
            quote=instrument.quote,
            settle=self.settles(order) or instrument.settle,
            coin=instrument.coin,
            payoff=instrument.payoff,
            contracts=opening,
            tiers=self.tiers(order.symbol, isolated=False),
            fee_rate=rate,
            initial_margin_rate=1.0 / order.leverage if order.leverage else None,
            tier_group=tier_group(order.symbol, instrument),
            group_deduction=False,
            order=True,
            opening_fee=at_price * rate,
        )

    def held_back(self, order: Order, amount: float, settle: Asset) -> Leg:
        """An order that is no contract's: what it holds back of an asset until it is filled or gone."""
        return Leg(
            symbol=order.symbol,
            side=Side.LONG if order.quantity > 0 else Side.SHORT,
            quantity=0.0,
            entry=order.price or 0.0,
            base=settle,
            quote=settle,
            settle=settle,
            tiers=flat(0.0),
            order=True,
            opening_fee=amount,
        )

    def _listed(self, symbol: Symbol, words: Words) -> Instrument:
        instrument = self.instrument(symbol)
        if instrument is None:
            words.refuse(f"no contract data for {symbol}")
            base, _, rest = symbol.partition("-")
            quote = rest.partition("-")[0] or USD
            return Instrument(
                venue=self.account.key.venue,
                symbol=symbol,
                payoff=Payoff.LINEAR,
                base=base,
                quote=quote,
                settle=quote,
                coin=base,
            )
        return instrument

    def _option(
        self, symbol: Symbol, side: Side, quantity: float, value: float | None, instrument: Instrument, words: Words
    ) -> Leg:
        """An option: its premium is in cash already, so that it counts with its value (entry 0).

        A short requires floor x factor and its own value; the factor goes by the size of all that is sold. `value` is
        its mark in the venue's answer, which initial margin is of.
        """
        mark = self.tables.options.get(symbol)
        if mark is None or mark.received is None:
            words.refuse(f"no volatility and forward price of {symbol}")
        expiry, strike = instrument.delivery_time, instrument.strike
        if strike is None or instrument.call is None or expiry is None:
            words.refuse(f"the terms of {symbol} could not be read")
        factor = self._option_factor(symbol, instrument, words) if quantity < 0 else 0.0
        floor = INDEX_FLOORS.get(instrument.coin, OTHER_INDEX_FLOOR) * factor
        size = quantity * instrument.contract_size
        now = mark.received if mark is not None else None
        return Leg(
            symbol=symbol,
            side=side,
            quantity=size,
            entry=0.0,
            base=instrument.base,
            quote=instrument.quote,
            settle=instrument.settle,
            coin=instrument.coin,
            payoff=Payoff.OPTION,
            contracts=abs(quantity),
            tiers=flat(0.0),
            initial_margin_rate=0.0,
            constant_initial=max(0.0, -size) * _initial(instrument, mark, value, factor),
            option=Option(
                strike=strike or 1.0,
                call=bool(instrument.call),
                volatility=0.0 if mark is None else mark.volatility,
                years=0.0 if expiry is None or now is None else max(0.0, expiry - now) / YEAR_SECONDS,
                underlying=1.0 if mark is None else mark.underlying,
                index_rate=floor,
                mark_rate=floor if instrument.call is False else 0.0,
                mark_add=1.0 if quantity < 0 else 0.0,
                index_add=self.fee(symbol, words) if quantity < 0 else 0.0,
            ),
        )

    def _option_factor(self, symbol: Symbol, instrument: Instrument, words: Words) -> float:
        """The margin factor at the size of all options of the family that are sold, or offered."""
        table = self.tables.tiers.get(symbol)
        if table is None:
            words.refuse(f"no margin factors of {instrument.family}")
            return 0.0
        signed = [(one.symbol, one.quantity) for one in self.account.positions.values()]
        signed += [(one.symbol, one.quantity) for one in self.account.orders.values()]
        sold = [
            -quantity
            for other, quantity in signed
            if quantity < 0 and inst_type(other) == InstType.OPTION and self._family(other) == instrument.family
        ]
        return rate_at(table, sum(sold))

    def _family(self, symbol: Symbol) -> str:
        instrument = self.instrument(symbol)
        return "" if instrument is None else instrument.family

    def line(self, position: Position, moves: Iterable[Symbol], *, offset: float, tolerance: float) -> VenueLine | None:
        """The price that the venue prints for a position; None where it prints none."""
        if position.venue.liquidation.state is State.UNKNOWN:
            return None
        return VenueLine(
            symbol=position.symbol,
            side=position.side,
            printed=position.venue.liquidation,
            mark=position.venue.mark_price,
            moves=tuple((symbol, 1.0) for symbol in moves),
            offset=offset,
            tolerance=tolerance,
        )


def _initial(instrument: Instrument, mark: OptionMark | None, value: float | None, factor: float) -> float:
    """Initial margin of a short option, a unit: its value, and the larger of 10 % and 15 % less what it is out of the
    money, times the factor. NaN where something is not known.
    """
    if mark is None or value is None or instrument.strike is None or instrument.call is None:
        return nan
    out = instrument.strike - mark.underlying if instrument.call else mark.underlying - instrument.strike
    floor = max(0.10, 0.15 - max(0.0, out) / mark.underlying) * factor
    return floor * (1.0 if instrument.settle == instrument.base else mark.underlying) + value


def tier_group(symbol: Symbol, instrument: Instrument) -> str:
    """Swaps of a family are looked up together, and so are its futures of all expiries; not the one with the other."""
    return f"{inst_type(symbol)} {instrument.family}"


def rate_at(table: TierTable, size: float) -> float:
    """The rate of the tier that holds a size that no price changes."""
    return [tier.rate for tier in table.tiers if tier.floor <= size][-1]


def opening_parts(account: Account, wanted: Sequence[Order]) -> dict[str, float]:
    """What of each order (by id, in contracts) would open rather than close.

    An order that can only reduce opens nothing. In net mode an order against a position closes it first, the one with
    the price that is reached first before the others.
    """
    left = {key: abs(position.quantity) for key, position in account.positions.items()}
    found: dict[str, float] = {}
    for order in sorted(wanted, key=_reached_first):
        size = abs(order.quantity)
        if order.reduce_only:
            continue
        if order.side is None:
            other = Side.SHORT if order.quantity > 0 else Side.LONG
            for key in left:
                if key.symbol == order.symbol and key.side is other:
                    closing = min(left[key], size)
                    left[key] -= closing
                    size -= closing
        if size > 0.0:
            found[order.id] = size
    return found


def _reached_first(order: Order) -> tuple[Symbol, float, str]:
    price = order.price or 0.0
    return order.symbol, (-price if order.quantity > 0 else price), order.id
