"""What the legs of OKX's pools have in common: what a contract is, its fee, its tiers, and how a family is counted.

Contracts are keyed by instrument family and settlement asset, never by their underlying. Nothing is computed here but
signs, products of a contract's size, and sums of the venue's own figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.domain.accounts import Account, MarginMode, Order, Position
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, Asset, Side, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierTable, flat
from monitor.margin.pool import LIQUIDATION, Leg, Requirement, Stage, VenueLine
from monitor.venues.okx.answers_tables import OWN_USD
from monitor.venues.okx.endpoints import InstType, inst_type
from monitor.venues.okx.margin_options import option_leg
from monitor.venues.okx.margin_words import Words

RATIO_NAME = "margin ratio"
WARNING, ORDERS_GONE = "warning", "orders-cancelled"
STAGES = (
    Stage(name=WARNING, threshold=1.0 / 3.0, orders=True),  # the venue warns at 300 %
    Stage(name=ORDERS_GONE, orders=True),  # at 100 % it first cancels what rests
    Stage(name=LIQUIDATION),
    Stage(name="bankruptcy", requirement=Requirement.NONE),
)
EXACT_TOLERANCE = 1e-4
WIDE_TOLERANCE = 0.02  #: where the venue does not say what it holds still
BEYOND = 1e30  #: a price that none ever reaches: sold there, nothing is lost

USUAL_TAKER = {InstType.SWAP: 0.0005, InstType.FUTURES: 0.0005, InstType.OPTION: 0.0003, InstType.SPOT: 0.001}
"""Rates of the lowest fee level, for a fee that could not be read: assumed in words."""


class Terms:
    """One account and its tables: the terms of each of its legs."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self.account, self.tables = account, tables
        self._sold: dict[str, float] | None = None

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """As listed; None for one that is not, or not yet."""
        return self.tables.instruments.get(symbol)

    def settles(self, position: Position | Order) -> Asset | None:
        """What a position or an order settles in. The dollar coin of contracts on several of them is the account's own
        setting, which positions show, too.
        """
        instrument = self.instrument(position.symbol)
        if instrument is None:
            return position.margin_asset
        if instrument.settle not in OWN_USD or instrument.spot:
            return instrument.settle
        return position.margin_asset or self.account.mode.dollar_asset or instrument.settle

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
            return option_leg(
                position,
                instrument,
                settle=self.settles(position) or instrument.settle,
                mark=self.tables.options.get(position.symbol),
                factor=self._option_factor(position.symbol, instrument, words) if position.quantity < 0 else 0.0,
                fee=self.fee(position.symbol, words) if position.quantity < 0 else 0.0,
                words=words,
            )
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
        """What of a resting order would open: `opening` contracts of it (absolute), at its own price.

        It costs its fee and nothing else, whatever its price: the venue takes no loss of an order beyond the mark.
        """
        instrument = self._listed(order.symbol, words)
        rate, price = self.fee(order.symbol, words), order.price or 0.0
        if not price:
            words.assume(f"a resting order of {order.symbol} has no price: its fee is not counted")
        signed = opening if order.quantity > 0 else -opening
        size = signed * instrument.contract_size
        inverse = instrument.payoff is Payoff.INVERSE
        at_price = (abs(size) / price if price else 0.0) if inverse else abs(size) * price
        lossless = 0.0 if signed > 0 else BEYOND
        if inverse:
            lossless = 1.0 / BEYOND if signed > 0 else 0.0
        return Leg(
            symbol=order.symbol,
            side=order.side or (Side.LONG if order.quantity > 0 else Side.SHORT),
            quantity=size,
            entry=lossless,
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
            entry=0.0,
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

    def _option_factor(self, symbol: Symbol, instrument: Instrument, words: Words) -> float:
        """The margin factor at the size of all options of the family that are sold, or offered."""
        table = self.tables.tiers.get(symbol)
        if table is None:
            words.refuse(f"no margin factors of {instrument.family}")
            return 0.0
        if self._sold is None:
            self._sold = self._sold_by_family()
        return rate_at(table, self._sold.get(instrument.family, 0.0))

    def _sold_by_family(self) -> dict[str, float]:
        """Contracts of options that are sold or offered, by family."""
        found: dict[str, float] = {}
        held: list[Position | Order] = [*self.account.positions.values(), *self.account.orders.values()]
        for one in held:
            if one.quantity < 0 and inst_type(one.symbol) == InstType.OPTION:
                name = self._family(one.symbol)
                found[name] = found.get(name, 0.0) - one.quantity
        return found

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


def tier_group(symbol: Symbol, instrument: Instrument) -> str:
    """Swaps of a family are looked up together, and so are its futures of all expiries; not the one with the other."""
    return f"{inst_type(symbol)} {instrument.family}"


def rate_at(table: TierTable, size: float) -> float:
    """The rate of the tier that holds a size that no price changes."""
    return [tier.rate for tier in table.tiers if tier.floor <= size][-1]


def opening_parts(account: Account, wanted: Sequence[Order]) -> dict[str, float]:
    """What of each order (by id, in contracts) would open rather than close.

    An order that can only reduce opens nothing. In net mode an order against a position of its own margin mode closes
    it first, the one with the price that is reached first before the others.
    """
    left: dict[tuple[Symbol, Side, bool], float] = {}
    for position in account.positions.values():
        left[position.symbol, position.side, _alone(position)] = abs(position.quantity)
    found: dict[str, float] = {}
    for order in sorted(wanted, key=_reached_first):
        size = abs(order.quantity)
        if order.reduce_only:
            continue
        if order.side is None:
            against = order.symbol, Side.SHORT if order.quantity > 0 else Side.LONG, _alone(order)
            closing = min(left.get(against, 0.0), size)
            left[against] = left.get(against, 0.0) - closing
            size -= closing
        if size > 0.0:
            found[order.id] = size
    return found


def _alone(one: Position | Order) -> bool:
    return one.margin_mode is MarginMode.ISOLATED


def _reached_first(order: Order) -> tuple[Symbol, float, str]:
    price = order.price or 0.0
    return order.symbol, (-price if order.quantity > 0 else price), order.id
