"""One live account as the engine gets to know it: a Binance account of N cross positions, at peace."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from monitor import __version__
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.config import Loaded, loads
from monitor.app.deciding import Decider
from monitor.domain.accounts import (
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Permissions,
    Position,
    SymbolConfig,
)
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    ClockRead,
    Event,
    FeedUp,
    InstrumentsLoaded,
    PermissionsRead,
    Tick,
    TiersLoaded,
)
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import AccountKey, Side
from monitor.domain.view import FeedStatus, Surroundings
from monitor.engine.engine import Engine
from monitor.margin.tiers import from_rates
from monitor.venues.binance.margin import describe

VENUE = "binance"
MAIN = AccountKey(VENUE, "main")
CONFIG = '[accounts.main]\nvenue = "binance"\napi_key = "12345678"\napi_secret = "87654321"\n'
TIERS = from_rates([(0.0, 0.004), (5e4, 0.005), (6e5, 0.0065), (3e6, 0.01), (1.2e7, 0.02), (7e7, 0.025), (1e8, 0.05)])
WALLET_PART, LEVERAGE = 0.3, 10.0
READS = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)
CONFIRMED_SECONDS = 0.5  #: between the first readings, so that nothing waits to be confirmed


@dataclass(frozen=True, slots=True)
class Held:
    """What is held: symbols, signed quantities, and the marks at which they were entered."""

    symbols: tuple[str, ...]
    quantities: tuple[float, ...]
    entries: tuple[float, ...]

    @classmethod
    def of(cls, positions: int, seed: int = 4) -> Held:
        """So many positions in as many coins, long and short."""
        rng = random.Random(seed)
        entries = tuple(round(10.0 ** rng.uniform(0.0, 4.5), 2) for _ in range(positions))
        signs = tuple(-1.0 if rng.random() < 0.4 else 1.0 for _ in range(positions))
        notional = tuple(rng.lognormvariate(9.5, 1.0) for _ in range(positions))
        quantities = tuple(sign * size / entry for sign, size, entry in zip(signs, notional, entries, strict=True))
        return cls(tuple(f"C{number}USDT" for number in range(positions)), quantities, entries)

    @property
    def wallet(self) -> float:
        """The cross wallet in USDT: no rule fires while marks stay near the entries."""
        return WALLET_PART * sum(abs(q) * entry for q, entry in zip(self.quantities, self.entries, strict=True))


def loaded() -> Loaded:
    """A configuration of one account, all else by default."""
    return loads(CONFIG)


def decider(configuration: Loaded, at: float) -> Decider:
    """Engine and rules as the daemon builds them."""
    engine = Engine({VENUE: describe}, settings.engine(configuration))
    alerting = Alerting(settings.alerts(configuration))
    return Decider(engine, alerting, instance="bench", version=__version__, started=at)


def surroundings() -> Surroundings:
    """Streams that are well."""
    names = (("", "marks"), ("", "assets"), ("main", "user"), ("main", "account"), ("main", "config"))
    rows = (FeedStatus(venue=VENUE, account=who, stream=name, phase="live", up=True) for who, name in names)
    return Surroundings(feeds=tuple(rows), clock_offsets={VENUE: 0.0})


def opening(held: Held, at: float) -> list[Event]:
    """Everything that makes the account LIVE at `at`."""
    coins = [symbol.removesuffix("USDT") for symbol in held.symbols]
    rows = list(zip(held.symbols, coins, held.quantities, held.entries, strict=True))
    events: list[Event] = [
        ClockRead(VENUE, 0.0, 0.02, at),
        InstrumentsLoaded(VENUE, tuple(_instrument(symbol, coin) for symbol, coin, _, _ in rows), at),
        TiersLoaded(VENUE, None, tuple((symbol, TIERS) for symbol in held.symbols), at),
        AssetTick(VENUE, "USDT", 1.0, at, at),
        PermissionsRead(account=MAIN, permissions=READS, received=at),
    ]
    for symbol, coin, _, entry in rows:
        events += [Tick(VENUE, symbol, entry, at, at), AssetTick(VENUE, coin, entry, at, at)]
    events += [FeedUp(VENUE, None, "marks", at), FeedUp(VENUE, None, "assets", at), FeedUp(VENUE, "main", "user", at)]
    modes = AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False)
    leverages = tuple(
        SymbolConfig(symbol=symbol, margin_mode=MarginMode.CROSS, leverage=LEVERAGE) for symbol in held.symbols
    )
    events.append(AccountConfig(account=MAIN, mode=modes, symbols=leverages, asked=at, received=at))
    events.append(
        AccountSnapshot(
            account=MAIN,
            positions=tuple(_position(symbol, quantity, entry, at) for symbol, _, quantity, entry in rows),
            balances=(Balance(asset="USDT", wallet=held.wallet, cross_wallet=held.wallet, update_time=at),),
            asked=at,
            received=at,
            marks=tuple(zip(held.symbols, held.entries, strict=True)),
        )
    )
    return events


def running(held: Held, at: float) -> Decider:
    """A decider whose account is LIVE. RuntimeError says why it is not."""
    found = decider(loaded(), at)
    around = surroundings()
    found.step(opening(held, at), at, around)
    decision = found.step((), at + CONFIRMED_SECONDS, around)
    if not decision.view.ready:
        raise RuntimeError(f"the account is not live: {decision.view.not_ready}")
    return found


def ticks(held: Held, seed: int = 8) -> Sequence[tuple[str, float]]:
    """(symbol, mark) in turns, within 0.2 % of the entries."""
    rng = random.Random(seed)
    rounds = 100
    return [
        (symbol, entry * (1.0 + rng.uniform(-2e-3, 2e-3)))
        for _ in range(rounds)
        for symbol, entry in zip(held.symbols, held.entries, strict=True)
    ]


def _instrument(symbol: str, coin: str) -> Instrument:
    return Instrument(
        venue=VENUE, symbol=symbol, payoff=Payoff.LINEAR, base=coin, quote="USDT", settle="USDT", coin=coin
    )


def _position(symbol: str, quantity: float, entry: float, at: float) -> Position:
    """Without figures of the venue: made-up ones would drift from ours, and the alerts about it be looked at again."""
    return Position(
        symbol=symbol,
        side=Side.LONG if quantity > 0 else Side.SHORT,
        quantity=quantity,
        entry_price=entry,
        margin_mode=MarginMode.CROSS,
        margin_asset="USDT",
        update_time=at,
    )
