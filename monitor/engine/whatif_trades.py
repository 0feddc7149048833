"""Supposed trades: what is held after an order is filled whole, what that realizes, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, isnan

from monitor.domain.accounts import Account, MarginMode, Position, SymbolConfig, VenuePosition
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import Line
from monitor.domain.names import PositionKey, Side
from monitor.domain.tiers import flat
from monitor.domain.whatif import Trade, Unit
from monitor.engine.pushes import OTHER, words
from monitor.engine.whatif_draft import Edited, refuse
from monitor.margin.fills import entry_after, realized, value_of, with_exposure, worst_loss
from monitor.margin.pool import Leg, Pool

USUAL_TAKER = 0.0005  #: where no fee of the account is known: said in words
NOT_PRINTED = Line.unknown("the venue printed none for what is supposed")


@dataclass(frozen=True, slots=True)
class Filled:
    """A trade with everything settled: `rows` is its size as the venue's rows count it (signed), `price` that of the
    fill. `where` names the edit, for mistakes.
    """

    trade: Trade
    instrument: Instrument
    rows: float
    price: float
    fee_rate: float
    where: str

    @property
    def inverse(self) -> bool:
        """Whether it settles in its base: value = quantity / price."""
        return self.instrument.payoff is Payoff.INVERSE

    def value(self, rows: float, price: float | None = None) -> float:
        """What so many are worth at a price (None: that of the fill), in the settlement asset; >= 0."""
        size, at = rows * self.instrument.contract_size, self.price if price is None else price
        return value_of(size, at, inverse=self.inverse)

    def profit(self, rows: float, entry: float) -> float:
        """What so many (signed), opened at `entry`, have won when they are closed at the price of the fill."""
        return realized(rows * self.instrument.contract_size, entry, self.price, inverse=self.inverse)

    def entry(self, held: float, entry: float, more: float) -> float:
        """The price of opening of what is held and what is added to it, on the same side."""
        return entry_after(held, entry, more, self.price, inverse=self.inverse)


def filled(edited: Edited, trade: Trade, where: str) -> Filled:
    """The trade with price, size and fee settled. Raises BadRequest where it fits nothing that is traded."""
    instrument = edited.tables.instruments.get(trade.symbol)
    if instrument is None:
        near = [each for each in edited.tables.instruments if trade.symbol.upper()[:3] in each][:5]
        hint = f"such as {', '.join(near)}" if near else "by its venue's own name for it"
        raise refuse(f"{where}.symbol", trade.symbol, f"no instrument of this account's venue: name one {hint}")
    if instrument.payoff is Payoff.OPTION or instrument.spot:
        kind = "options" if instrument.payoff is Payoff.OPTION else "loans of a spot pair"
        raise refuse(f"{where}.symbol", trade.symbol, f"{kind} cannot be traded in a supposition: name a future")
    price = edited.mark(trade.symbol) if trade.price is None else trade.price
    if not (isfinite(price) and price > 0.0):
        raise refuse(f"{where}.price", trade.price, f"no mark of {trade.symbol} is known: give the price of the trade")
    fee = trade.fee_rate
    if fee is None:
        fee = edited.account.fees.get(instrument.fee_group or trade.symbol)
    if fee is None:
        fee = USUAL_TAKER
        note = f"the taker fee of {trade.symbol} is not known: {fee:.2%} of what is traded is assumed"
        edited.notes[note] = None
    return Filled(trade, instrument, _rows(edited, trade, instrument, price), price, max(0.0, fee), where)


def _rows(edited: Edited, trade: Trade, instrument: Instrument, price: float) -> float:
    """The size as the venue's rows count it."""
    inverse, size = instrument.payoff is Payoff.INVERSE, instrument.contract_size
    match trade.unit:
        case Unit.CONTRACTS:
            return trade.quantity
        case Unit.COINS:
            base = trade.quantity / instrument.coin_multiplier
            return (base * price if inverse else base) / size
        case Unit.USD:
            if inverse:
                return trade.quantity / size
            settled = instrument.quote if instrument.payoff is Payoff.LINEAR else instrument.settle
            usd = edited.usd(settled)
            return trade.quantity / (price * (1.0 if isnan(usd) else usd)) / size
        case _:
            return trade.quantity / size


def fill(edited: Edited, one: Filled) -> str:
    """Make the trade; says in words what it does."""
    account, trade = edited.account, one.trade
    key, hedge = _leg_key(edited, one)
    before = account.positions.get(key)
    against = None if hedge else account.positions.get(PositionKey(trade.symbol, OTHER[key.side]))
    if before is None and against is not None:
        return _against(edited, one, against, key)
    if before is not None and (before.quantity > 0) != (one.rows > 0):
        if abs(one.rows) > abs(before.quantity) * (1.0 + 1e-9):
            shown = abs(before.quantity) * one.instrument.contract_size
            raise refuse(f"{one.where}.quantity", trade.quantity, f"only {shown:g} of {words(key)} can be closed")
        return _reduce(edited, one, before, one.rows)
    return _add(edited, one, key, before, one.rows, hedge=hedge)


def _leg_key(edited: Edited, one: Filled) -> tuple[PositionKey, bool]:
    """Which leg a trade changes, and whether the venue keeps the sides of the symbol apart."""
    trade, mode = one.trade, edited.account.mode
    both = [edited.account.positions.get(PositionKey(trade.symbol, side)) for side in Side]
    held = [each for each in both if each is not None]
    opens = Side.LONG if one.rows > 0 else Side.SHORT
    if mode.hedge_by_symbol:
        hedge = held[0].hedge if held else trade.side is not None
    else:
        hedge = bool(mode.hedge)
    if hedge:
        return PositionKey(trade.symbol, trade.side or opens), True
    return PositionKey(trade.symbol, opens), False


def _against(edited: Edited, one: Filled, held: Position, key: PositionKey) -> str:
    """In one-way mode a trade against what is held closes that first; what is left of it opens the other side."""
    left = one.rows + held.quantity
    if left == 0.0 or (left > 0) == (held.quantity > 0):
        return _reduce(edited, one, held, one.rows)
    closed = _reduce(edited, one, held, -held.quantity)
    trade = one.trade
    if trade.margin_mode is None and trade.leverage is None and held.margin_mode is not None:
        one = replace(one, trade=replace(trade, margin_mode=held.margin_mode, leverage=held.leverage))
    return f"{closed}; {_add(edited, one, key, None, left, hedge=False)}"


def _reduce(edited: Edited, one: Filled, held: Position, rows: float) -> str:
    """Close so much of what is held (`rows` against it)."""
    if held.entry_price is None:
        raise refuse(f"{one.where}.symbol", held.symbol, "its entry price is not known: what closing brings cannot be")
    share = min(1.0, abs(rows / held.quantity))
    whole, pool = share > 1.0 - 1e-9, pool_of(edited, held.key, one.where)
    leg = leg_in(pool, held.key)
    profit, fee = one.profit(-rows, held.entry_price), one.value(rows) * one.fee_rate
    asset, wanted = leg.settle, edited.amounts()
    home = pool
    if pool.isolated:
        shared = edited.home(asset)
        own = pool.cash if whole else pool.cash * share
        if shared is None:
            edited.notes[f"what {words(held.key)} sets free goes to a wallet that is not described"] = None
        home = shared or pool
        wanted.pop((pool.key, asset), None)
        if not whole:
            wanted[pool.key, asset] = pool.cash - own
            edited.notes["of a position closed in part its own margin is set free in the same part"] = None
        profit += own
    positions = dict(edited.account.positions)
    del positions[held.key]
    if not whole:
        own_wallet = pool.cash * (1.0 - share) if pool.isolated else None
        positions[held.key] = resized(edited, held, held.quantity + rows, held.entry_price, own_wallet, pool)
    if home is not pool or not pool.isolated:
        wanted[home.key, asset] = wanted.get((home.key, asset), 0.0) + profit - fee
    edited.settle(replace(edited.account, positions=dict(sorted(positions.items()))), wanted)
    _recharge(edited, leg, leg.quantity * rows / held.quantity, home)
    what = "closed" if whole else f"{share:.0%} closed"
    won = round(one.profit(-rows, held.entry_price), 8) + 0.0
    return f"{words(held.key)} {what} at {one.price:g}: {won:+,.2f} {asset} realized, {fee:,.2f} {asset} fee"


def _add(edited: Edited, one: Filled, key: PositionKey, held: Position | None, rows: float, *, hedge: bool) -> str:
    """Open, or add to what is held."""
    trade, account = one.trade, edited.account
    setting = account.symbols.get(trade.symbol)
    leverage = trade.leverage or (None if held is None else held.leverage) or (setting.leverage if setting else None)
    mode = None if held is None else held.margin_mode
    if held is not None and trade.margin_mode not in (None, mode):
        cure = f"{words(key)} is held in {mode} margin: change that first, by an edit of its own"
        raise refuse(f"{one.where}.margin_mode", str(trade.margin_mode), cure)
    mode = mode or trade.margin_mode or (setting.margin_mode if setting else None) or MarginMode.CROSS
    if trade.leverage is not None:
        setting = replace(setting or SymbolConfig(symbol=trade.symbol), leverage=leverage, max_notional=None)
        account = replace(account, symbols={**account.symbols, trade.symbol: setting})
    wanted = edited.amounts()
    entry = one.price
    if held is not None:
        if held.entry_price is None:
            raise refuse(
                f"{one.where}.symbol", trade.symbol, "its entry price is not known: nothing can be added to it"
            )
        entry = one.entry(held.quantity, held.entry_price, rows)
    bare = held or Position(
        symbol=key.symbol, side=key.side, quantity=0.0, entry_price=None, margin_mode=mode, hedge=hedge
    )
    quantity = bare.quantity + rows
    tried = resized(edited, replace(bare, leverage=leverage), quantity, entry, None, None)
    pool = pool_of(edited, key, one.where, replace(account, positions={**account.positions, key: tried}))
    leg = leg_in(pool, key)
    asset, fee = leg.settle, one.value(rows) * one.fee_rate
    shared = edited.home(asset) if pool.isolated else pool
    told = f"{trade.symbol} {key.side} {abs(leg.quantity):g} {'held then' if held else 'opened'}"
    told += f" at {entry:g}, {'isolated' if pool.isolated else 'cross'}"
    own = None
    if pool.isolated:
        if trade.margin_mode is MarginMode.CROSS:
            cure = "in this account each position has margin of its own: leave the margin mode out"
            raise refuse(f"{one.where}.margin_mode", "cross", cure)
        before = None if held is None else pool_of(edited, key, one.where)
        margin = trade.margin
        if margin is None:
            margin = _own_margin(edited, one, rows, held, before, leverage) + leg.constant_initial * rows / quantity
        own = margin + (0.0 if before is None else before.cash)
        wanted[pool.key, asset] = own
        told += f" with {own:,.2f} {asset} of its own"
        tried = resized(edited, replace(bare, leverage=leverage), quantity, entry, own, pool)
        fee += margin
    elif trade.margin_mode is MarginMode.ISOLATED:
        cure = "this account counts all positions together: leave the margin mode out"
        raise refuse(f"{one.where}.margin_mode", "isolated", cure)
    if shared is not None:
        wanted[shared.key, asset] = wanted.get((shared.key, asset), 0.0) - fee
    else:
        edited.notes[f"no wallet of {asset} is described: what {words(key)} takes is not taken from any"] = None
    positions = {**account.positions, key: tried}
    edited.settle(replace(account, positions=dict(sorted(positions.items()))), wanted)
    _recharge(edited, leg, leg.quantity * rows / quantity, pool)
    return f"{told}, {one.value(rows) * one.fee_rate:,.2f} {asset} fee"


def _own_margin(
    edited: Edited, one: Filled, rows: float, held: Position | None, pool: Pool | None, leverage: float | None
) -> float:
    """What is set aside for what is opened: by the leverage, else as much a value as what is held has."""
    if leverage:
        return one.value(rows) / leverage
    if held is None or pool is None or not held.entry_price:
        cure = f"the leverage of {one.trade.symbol} is not known: give it, or the margin"
        raise refuse(f"{one.where}.leverage", None, cure)
    edited.notes[f"no leverage of {words(held.key)} is told: as much margin a value is added as it has"] = None
    return one.value(rows) * pool.cash / one.value(held.quantity, held.entry_price)


def resized(
    edited: Edited, held: Position, quantity: float, entry: float | None, own: float | None, pool: Pool | None
) -> Position:
    """A position of another size, or of another margin. What the venue computed for it is not true any more, but for
    its prices, what goes by its size alone, and the rate of a level that stays the same while it does not grow.
    """
    mark, share = edited.mark(held.symbol), quantity / held.quantity if held.quantity else None
    venue, leg = held.venue, None if pool is None else leg_in(pool, held.key)

    def scaled(value: float | None) -> float | None:
        return None if value is None or share is None else value * share

    notional = scaled(venue.notional)
    if notional is None and leg is not None and not isnan(mark):
        notional = abs(leg.quantity) / mark if leg.payoff is Payoff.INVERSE else abs(leg.quantity) * mark
    grew = share is None or share > 1.0
    isolated = held.margin_mode is MarginMode.ISOLATED or (pool is not None and pool.isolated)
    return replace(
        held,
        quantity=quantity,
        entry_price=entry,
        isolated_wallet=own if isolated else None,
        leverage=held.leverage,
        contracts=None if held.contracts is None else abs(scaled(held.contracts) or 0.0) or None,
        maintenance_rate=held.maintenance_rate if isolated and not grew else None,
        venue=VenuePosition(
            mark_price=None if isnan(mark) else mark,
            liquidation=NOT_PRINTED,
            notional=notional,
            unrealized_pnl=scaled(venue.unrealized_pnl),
            # What is a position's own is told by its initial margin where no other field tells it.
            initial_margin=own if isolated else None,
            index_price=venue.index_price,
            value=scaled(venue.value),
        ),
    )


def pool_of(edited: Edited, key: PositionKey, where: str, account: Account | None = None) -> Pool:
    """The pool that a position is in, in the account as it is edited (or another one). Raises BadRequest."""
    for pool in edited.pools(account):
        if pool.primary and any(_is(leg, key) for leg in pool.legs):
            return pool
    raise refuse(f"{where}.symbol", key.symbol, f"{words(key)} is in none of the account's pools")


def leg_in(pool: Pool, key: PositionKey) -> Leg:
    """A position's leg in its pool."""
    return next(leg for leg in pool.legs if _is(leg, key))


def _is(leg: Leg, key: PositionKey) -> bool:
    return not leg.order and (leg.symbol, leg.side) == key


def _recharge(edited: Edited, leg: Leg, quantity: float, pool: Pool) -> None:
    """The venue's own scenarios with `quantity` more of a leg in them: it wins or loses as its coin moves.

    Where the leg's requirement stands neither in tiers nor in such scenarios, nobody but the venue can tell it.
    """
    if leg.tiers != flat(0.0):
        return
    coin, units = leg.coin or leg.base, edited.account.venue.risk_units
    unit = next((each for each in units if each.asset == coin and each.profits and 0.0 in each.moves), None)
    mark, usd = edited.mark(leg.symbol), edited.usd(leg.quote)
    if unit is None or isnan(mark) or isnan(usd):
        why = f"what the venue requires of {leg.symbol} is its own figure, and nothing tells it for another size"
        edited.dark.setdefault(pool.key, []).append(why)
        return
    exposure = quantity if leg.payoff is Payoff.INVERSE else quantity * leg.multiplier * mark * usd
    columns = with_exposure(unit.profits, unit.moves, exposure)
    required, beside = unit.maintenance_margin, unit.contingency
    if required is not None:
        # No document says how that grows which is asked for beside the worst loss: with the size, and it never shrinks.
        worst = worst_loss(unit.profits, unit.moves)
        growth = _growth(edited, leg, quantity, pool) - 1.0
        required += worst_loss(columns, unit.moves) - worst + growth * max(0.0, required - worst)
        beside = None if beside is None else beside + growth * max(0.0, beside)
    other = replace(unit, profits=columns, maintenance_margin=required, initial_margin=None, contingency=beside)
    units = tuple(other if each is unit else each for each in units)
    edited.account = replace(edited.account, venue=replace(edited.account.venue, risk_units=units))
    edited.notes[
        f"the venue's scenarios of {coin} are taken with the trade in them; what it requires beside its worst loss "
        "is taken to grow with the size, and not to shrink"
    ] = None


def _growth(edited: Edited, leg: Leg, quantity: float, pool: Pool) -> float:
    """How many times as much is held on the coin as before the trade, long and short together; 1 where it is less."""
    coin, mark = leg.coin or leg.base, edited.mark(leg.symbol)
    legs = [each for each in pool.legs if not each.order and (each.coin or each.base) == coin]

    def size(each: Leg, amount: float) -> float:
        return (
            abs(amount) if each.payoff is Payoff.INVERSE else abs(amount) * each.multiplier * edited.mark(each.symbol)
        )

    after = sum(size(each, each.quantity) for each in legs)
    before = sum(
        size(each, each.quantity - (quantity if (each.symbol, each.side) == (leg.symbol, leg.side) else 0.0))
        for each in legs
    )
    return max(1.0, after / before) if before > 0.0 and not isnan(after) and mark > 0.0 else 1.0
