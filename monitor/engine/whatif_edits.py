"""One edit of an account after the other: trades, closing, collateral, transfers, leverage, margin mode."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.accounts import MarginMode, Position, SymbolConfig
from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, PositionKey, Side, Symbol
from monitor.domain.whatif import Close, Collateral, Edit, SetLeverage, SetMarginMode, Trade, Transfer, Unit
from monitor.engine.pushes import words
from monitor.engine.whatif_draft import Draft, Edited, refuse
from monitor.engine.whatif_trades import fill, filled, leg_in, pool_of, resized
from monitor.margin.pool import Pool

NO_BOOK = (
    "each trade is filled whole at one price: the order book, its depth and slippage are not looked at, nor the steps "
    "and least sizes in which the venue trades"
)


def make(draft: Draft, edit: Edit, where: str) -> None:
    """Make one edit; `where` is its key in the request. Raises BadRequest where it fits nothing."""
    edited = draft.of(edit.account, where)
    if edited is None:
        draft.done.append(f"{where}: not made, for nothing can be supposed of the account")
        return
    match edit:
        case Trade():
            draft.done.append(_named(edited, fill(edited, filled(edited, edit, where))))
            draft.notes[NO_BOOK] = None
        case Close():
            for text in _close(edited, edit, where):
                draft.done.append(_named(edited, text))
            draft.notes[NO_BOOK] = None
        case Collateral():
            draft.done.append(_named(edited, _put(edited, edit, where)))
        case Transfer():
            _transfer(draft, edited, edit, where)
        case SetLeverage():
            draft.done.append(_named(edited, _leverage(edited, edit, where)))
        case _:
            draft.done.append(_named(edited, _margin_mode(edited, edit, where)))


def _named(edited: Edited, text: str) -> str:
    key = edited.account.key
    return f"{key.venue}/{key.account}: {text}"


def _held(edited: Edited, symbol: Symbol, side: Side | None, where: str) -> list[Position]:
    """What is held of a symbol. Raises BadRequest where nothing is."""
    positions = edited.account.positions
    found = [
        positions[PositionKey(symbol, each)]
        for each in Side
        if PositionKey(symbol, each) in positions and side in (None, each)
    ]
    if not found:
        held = ", ".join(dict.fromkeys(words(key) for key in positions)) or "nothing"
        raise refuse(f"{where}.symbol", symbol, f"no position of it is held: this account holds {held}")
    return found


def _close(edited: Edited, edit: Close, where: str) -> list[str]:
    told = []
    for held in _held(edited, edit.symbol, edit.side, where):
        if held.hedge and edit.fraction > 1.0:
            raise refuse(f"{where}.fraction", edit.fraction, "the sides are kept apart: close at most 1, then open")
        trade = Trade(
            account=edit.account,
            symbol=edit.symbol,
            quantity=-held.quantity * edit.fraction,
            unit=Unit.CONTRACTS,
            price=edit.price,
            side=held.side if held.hedge else None,
            fee_rate=edit.fee_rate,
        )
        told.append(fill(edited, filled(edited, trade, where)))
    return told


def _put(edited: Edited, edit: Collateral, where: str) -> str:
    pool = _target(edited, edit.asset, edit.pool, where)
    _bring(edited, pool, edit.asset, edit.amount, f"{where}.amount")
    verb = "added to" if edit.amount > 0 else "taken from"
    return f"{abs(edit.amount):,.8g} {edit.asset} {verb} {pool.key.pool}"


def _transfer(draft: Draft, source: Edited, edit: Transfer, where: str) -> None:
    target = draft.of(edit.to, where)
    from_pool = _target(source, edit.asset, edit.from_pool, where)
    _bring(source, from_pool, edit.asset, -edit.amount, f"{where}.amount")
    text = f"{edit.amount:,.8g} {edit.asset} from {from_pool.key.pool}"
    if target is None:
        draft.done.append(_named(source, f"{text}, which arrive nowhere that can be supposed of"))
        return
    to_pool = _target(target, edit.asset, edit.to_pool, where, "to_pool")
    if target is source and to_pool.key == from_pool.key:
        raise refuse(f"{where}.to_pool", edit.to_pool, f"both are {to_pool.key.pool}: name two pools, or two accounts")
    _bring(target, to_pool, edit.asset, edit.amount, f"{where}.amount")
    draft.done.append(_named(source, f"{text} to {edit.to.venue}/{edit.to.account} {to_pool.key.pool}"))
    if edit.to.venue != edit.account.venue:
        draft.notes[
            "a transfer between venues takes its time and a fee of the network: it is counted as made, and free"
        ] = None


def _target(edited: Edited, asset: Asset, name: str, where: str, named: str = "pool") -> Pool:
    """The pool that collateral goes to, or comes from. Raises BadRequest where there is none."""
    pools = [pool for pool in edited.pools() if pool.primary]
    found = edited.home(asset) if not name else next((pool for pool in pools if pool.key.pool == name), None)
    if found is None:
        known = ", ".join(pool.key.pool for pool in pools) or "none"
        cure = f"no such pool: this account has {known}" if name else f"nothing backs pools in it: there are {known}"
        raise refuse(f"{where}.{named}" if name else f"{where}.asset", name or asset, cure)
    if found.isolated and asset != found.legs[0].settle:
        raise refuse(f"{where}.asset", asset, f"the margin of {found.key.pool} is in {found.legs[0].settle}")
    return found


def _bring(edited: Edited, pool: Pool, asset: Asset, amount: float, where: str) -> None:
    """So much more in a pool (< 0: less). It comes from outside of all of them, or goes there."""
    wanted = edited.amounts()
    here = wanted.get((pool.key, asset), 0.0)
    if amount < 0.0 and here + amount < 0.0 and not edited.account.mode.borrows:
        raise refuse(where, amount, f"{pool.key.pool} holds {here:g} {asset}: take no more than that")
    account = edited.account
    if pool.isolated:
        key = PositionKey(pool.legs[0].symbol, pool.legs[0].side)
        held = account.positions[key]
        own = pool.cash + amount
        changed = resized(edited, held, held.quantity, held.entry_price, own, pool)
        account = replace(account, positions={**account.positions, key: changed})
    edited.settle(account, {**wanted, (pool.key, asset): here + amount})
    if not pool.isolated and asset not in {name for key, name in edited.amounts() if key == pool.key}:
        edited.notes[f"{asset} counts nothing in {pool.key.pool}"] = None


def _leverage(edited: Edited, edit: SetLeverage, where: str) -> str:
    account = edited.account
    if edit.symbol not in edited.tables.instruments and edit.symbol not in account.symbols:
        raise refuse(f"{where}.symbol", edit.symbol, "no instrument of this account's venue")
    setting = account.symbols.get(edit.symbol) or SymbolConfig(symbol=edit.symbol)
    setting = replace(setting, leverage=edit.leverage, max_notional=None)
    wanted, positions = edited.amounts(), dict(account.positions)
    for key, held in account.positions.items():
        if key.symbol == edit.symbol:
            positions[key] = replace(held, leverage=edit.leverage)
            pool = pool_of(edited, key, where)
            if pool.isolated:
                positions[key] = resized(edited, positions[key], held.quantity, held.entry_price, pool.cash, pool)
                edited.notes[
                    f"{words(key)} keeps its own margin, which some venues change with the leverage: add or take it by "
                    "an edit of its own"
                ] = None
    edited.settle(replace(account, symbols={**account.symbols, edit.symbol: setting}, positions=positions), wanted)
    return f"leverage of {edit.symbol} set to {edit.leverage:g}x"


def _margin_mode(edited: Edited, edit: SetMarginMode, where: str) -> str:
    told = []
    for held in _held(edited, edit.symbol, edit.side, where):
        pool = pool_of(edited, held.key, where)
        if pool.isolated is (edit.margin_mode is MarginMode.ISOLATED):
            raise refuse(f"{where}.margin_mode", str(edit.margin_mode), f"{words(held.key)} is in it already")
        told.append(
            _to_isolated(edited, edit, held, pool, where) if not pool.isolated else _to_cross(edited, held, pool, where)
        )
    return "; ".join(told)


def _to_isolated(edited: Edited, edit: SetMarginMode, held: Position, pool: Pool, where: str) -> str:
    """Its margin leaves the shared pool, and its profit goes with the position."""
    account, leg, wanted = edited.account, leg_in(pool, held.key), edited.amounts()
    margin = edit.margin
    if margin is None:
        setting = account.symbols.get(held.symbol)
        leverage = held.leverage or (None if setting is None else setting.leverage)
        mark = edited.mark(held.symbol)
        if not leverage or not mark > 0.0:
            cure = f"leverage or mark of {held.symbol} are not known: give the margin that is to be its own"
            raise refuse(f"{where}.margin", None, cure)
        # At what it was opened at: a venue that takes it at the mark differs by the profit over the leverage.
        price = held.entry_price or mark
        margin = abs(leg.quantity) * leg.multiplier * price / leverage
        if leg.payoff is Payoff.INVERSE:
            margin = abs(leg.quantity) / price / leverage
    alone = replace(
        resized(edited, held, held.quantity, held.entry_price, margin, None), margin_mode=MarginMode.ISOLATED
    )
    alone = replace(alone, isolated_wallet=margin, venue=replace(alone.venue, initial_margin=margin))
    changed = replace(account, positions={**account.positions, held.key: alone})
    own = pool_of(edited, held.key, where, changed)
    if not own.isolated:
        cure = "this account counts all positions together, whatever their margin mode"
        raise refuse(f"{where}.margin_mode", "isolated", cure)
    wanted[own.key, leg.settle] = margin
    wanted[pool.key, leg.settle] = wanted.get((pool.key, leg.settle), 0.0) - margin
    edited.settle(changed, wanted)
    return f"{words(held.key)} isolated with {margin:,.2f} {leg.settle} of its own, out of {pool.key.pool}"


def _to_cross(edited: Edited, held: Position, pool: Pool, where: str) -> str:
    """Its margin comes back to the shared pool."""
    account, wanted = edited.account, edited.amounts()
    shared = resized(edited, held, held.quantity, held.entry_price, None, None)
    shared = replace(shared, margin_mode=MarginMode.CROSS, isolated_wallet=None)
    shared = replace(shared, venue=replace(shared.venue, initial_margin=None))
    changed = replace(account, positions={**account.positions, held.key: shared})
    home = pool_of(edited, held.key, where, changed)
    if home.isolated:
        raise refuse(f"{where}.margin_mode", "cross", "in this account each position has margin of its own")
    own, asset = wanted.pop((pool.key, pool.legs[0].settle)), pool.legs[0].settle
    wanted[home.key, asset] = wanted.get((home.key, asset), 0.0) + own
    edited.settle(changed, wanted)
    return f"{words(held.key)} cross: its {own:,.2f} {asset} back {home.key.pool}"
