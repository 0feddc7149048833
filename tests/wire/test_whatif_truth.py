"""What-if against the truth: the trade that was supposed is made at the simulator, and the account then is what the
what-if had said. One test a venue, with one case a mode of its accounts and each kind of edit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import isclose
from typing import Any

import pytest

from monitor.app.rooms import room
from monitor.domain.accounts import MarginMode
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.domain.whatif import Close, Collateral, Edit, Trade, Transfer, Unit, WhatIf
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.engine.whatif import what_if
from monitor.sim.binance import SimBinance
from monitor.sim.bybit import MarginMode as BybitMode
from monitor.sim.bybit import SimBybit
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.kucoin import SimKucoin
from monitor.sim.okx import SimOkx
from monitor.venues.binance import capture as binance_capture
from monitor.venues.bybit import capture as bybit_capture
from monitor.venues.hyperliquid import capture as hyperliquid_capture
from monitor.venues.kucoin import capture as kucoin_capture
from monitor.venues.okx import capture as okx_capture
from tests.wire import bybit, hyperliquid, kucoin, okx
from tests.wire.harness import ShiftedClock
from tests.wire.test_binance_capture import _settings as binance_settings

STILL: dict[str, Any] = {"quiet": True, "paced": False}
ASKED: dict[str, tuple[Callable[..., Awaitable[Any]], Callable[..., Any]]] = {
    "binance": (binance_capture.capture, binance_settings),
    "bybit": (bybit_capture.capture, bybit.settings_of),
    "hyperliquid": (hyperliquid_capture.capture, hyperliquid.settings_of),
    "kucoin": (kucoin_capture.capture, kucoin.settings_of),
    "okx": (okx_capture.capture, okx.settings_of),
}
in_turns = pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"
SWAP, ETHER = okx.SWAP, okx.ETHER
CONTRACTS = Unit.CONTRACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`make` what `add_account` takes, `before` and `done` what its owner does, `edits` what is supposed.

    `near` is how far figures may lie apart (a ratio): exact but where the venue prints a price rounded, from which its
    margin is told, or where no document says what it asks for.
    """

    name: str
    make: dict[str, Any]
    before: Callable[[Any], object]
    edits: Callable[[AccountKey], list[Edit]]
    done: Callable[[Any], object]
    near: float = 1e-9


async def engine_of(sim: Any, venue: str) -> Engine:
    """An engine that was told what the venue answers now."""
    capture, settings = ASKED[venue]
    answers, at = await capture(settings(sim), "main", ShiftedClock(), lambda _: None)
    key = AccountKey(venue, "main")
    engine = Engine(
        {venue: room(venue).describe},
        EngineSettings(accounts=(key,), lines_every_seconds=0.0, wanted_distance_ratio=0.0),
    )
    engine.step(room(venue).read(answers, key, at).events, at)
    return engine


async def hold(sim: Any, venue: str, cases: Iterable[Case], every: int) -> None:
    """Suppose, then do, and compare, for one in `every` cases: the accounts are each made anew under one name."""
    for case in list(cases)[::every]:
        async with sim() as running:
            account = running.add_account("main", **case.make)
            case.before(account)
            engine = await engine_of(running, venue)
            supposed = what_if(engine.picture(), WhatIf(edits=tuple(case.edits(AccountKey(venue, "main")))))
            case.done(account)
            (real,) = (await engine_of(running, venue)).reports()
        found = list(differences(supposed.accounts[0].after, real, case.near))
        assert not found, f"{case.name}: {found}; {supposed.done}"


def differences(supposed: AccountReport, real: AccountReport, near: float) -> Iterator[str]:
    """In words, what is not the same: pools, their ratio, equity and maintenance, and every line of coins."""
    ours, theirs = ({pool.key.pool: pool for pool in report.pools} for report in (supposed, real))
    if ours.keys() != theirs.keys():
        yield f"pools {sorted(ours)} and really {sorted(theirs)}"
    for name in ours.keys() & theirs.keys():
        one, other = ours[name], theirs[name]
        figures = {
            "ratio": (one.ratio.value, other.ratio.value),
            "equity": (one.equity_usd, other.equity_usd),
            "maintenance": (one.maintenance_margin_usd, other.maintenance_margin_usd),
        }
        if one.coins.keys() != other.coins.keys():
            yield f"{name} has lines of {sorted(one.coins)} and really of {sorted(other.coins)}"
        for coin in one.coins.keys() & other.coins.keys():
            for direction, line in one.coins[coin].items():
                figures[f"{coin} {direction}"] = (line.price, other.coins[coin][direction].price)
        for what, (a, b) in figures.items():
            if (a is None) is not (b is None) or (a is not None and b is not None and not isclose(a, b, rel_tol=near)):
                yield f"{name} {what}: {a} and really {b}"
        for held, position in zip(one.positions, other.positions, strict=True):
            if not isclose(held.quantity, position.quantity, rel_tol=1e-12):
                yield f"{name} {held.symbol}: {held.quantity} and really {position.quantity}"


@dataclass(frozen=True, slots=True)
class Say:
    """Edits in short."""

    fee: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def trade(self, symbol: str, quantity: float, **how: Any) -> Callable[[AccountKey], list[Edit]]:
        return lambda key: [Trade(account=key, symbol=symbol, quantity=quantity, fee_rate=self.fee, **how)]

    def close(self, symbol: str, fraction: float, **how: Any) -> Callable[[AccountKey], list[Edit]]:
        return lambda key: [Close(account=key, symbol=symbol, fraction=fraction, fee_rate=self.fee, **how)]


def put(asset: str, amount: float) -> Callable[[AccountKey], list[Edit]]:
    return lambda key: [Collateral(account=key, asset=asset, amount=amount)]


def margin(asset: str, amount: float, pool: str) -> Callable[[AccountKey], list[Edit]]:
    return lambda key: [Transfer(account=key, to=key, asset=asset, amount=amount, to_pool=pool)]


@in_turns
async def test_binance(every: int) -> None:
    say = Say()

    def two(account: Any) -> None:
        account.trade(BTC, 0.3, leverage=10, price=90_000.0)
        account.trade(ETH, -2.0, isolated=True, leverage=5, price=3_500.0)

    def hedged(account: Any) -> None:
        account.set_hedge(True)
        account.trade(BTC, 0.5, side="LONG")

    def multi(account: Any) -> None:
        account.set_multi_assets(True)
        account.trade(BTC, 0.5, price=95_000.0)

    def done_in_multi(account: Any) -> None:
        account.trade(ETH, -3.0)
        account.transfer("BTC", 0.1)

    usdt, coins = {"wallets": {"USDT": 20_000.0}}, {"product": "coinm", "wallets": {"BTC": 1.0}}
    rich = {"wallets": {"USDT": 900_000.0}}
    retail = {"product": "portfolio-margin", "wallets": {"BTC": 1.0}, "um_wallets": {"USDT": 10_000.0}}
    perp = "BTCUSD_PERP"

    def in_coins(account: Any) -> None:
        account.trade(perp, 100, price=90_000.0)

    cases = [
        Case(name="add", make=usdt, before=two, edits=say.trade(BTC, 0.5), done=lambda it: it.trade(BTC, 0.5)),
        Case(name="tier", make=rich, before=two, edits=say.trade(BTC, 50.0), done=lambda it: it.trade(BTC, 50.0)),
        Case(name="more", make=usdt, before=two, edits=say.trade(ETH, -1.0), done=lambda it: it.trade(ETH, -1.0)),
        Case(
            name="new isolated",
            make=usdt,
            before=two,
            edits=say.trade(SOL, 20.0, margin_mode=MarginMode.ISOLATED, leverage=10.0),
            done=lambda it: it.trade(SOL, 20.0, isolated=True, leverage=10),
        ),
        Case(name="half", make=usdt, before=two, edits=say.close(ETH, 0.5), done=lambda it: it.trade(ETH, 1.0)),
        Case(name="close", make=usdt, before=two, edits=say.close(ETH, 1.0), done=lambda it: it.close(ETH)),
        Case(name="flip", make=usdt, before=two, edits=say.close(BTC, 2.0), done=lambda it: it.trade(BTC, -0.6)),
        Case(name="take", make=usdt, before=two, edits=put("USDT", -3e3), done=lambda it: it.transfer("USDT", -3e3)),
        Case(
            name="margin",
            make=usdt,
            before=two,
            edits=margin("USDT", 300.0, "isolated:ETHUSDT:short"),
            done=lambda it: it.add_margin(ETH, 300.0),
        ),
        Case(
            name="multi-assets",
            make={"wallets": {"USDT": 20_000.0, "BTC": 0.3}},
            before=multi,
            edits=lambda key: say.trade(ETH, -3.0)(key) + put("BTC", 0.1)(key),
            done=done_in_multi,
        ),
        Case(
            name="hedge",
            make=usdt,
            before=hedged,
            edits=say.trade(BTC, -0.2),
            done=lambda it: it.trade(BTC, -0.2, side="SHORT"),
        ),
        Case(
            name="coin",
            make=coins,
            before=in_coins,
            edits=say.trade(perp, 50.0, unit=CONTRACTS),
            done=lambda it: it.trade(perp, 50),
        ),
        Case(
            name="coin half",
            make=coins,
            before=in_coins,
            edits=say.close(perp, 0.5),
            near=1e-6,
            done=lambda it: it.trade(perp, -50),
        ),
        Case(
            name="portfolio margin",
            make=retail,
            before=lambda it: it.trade(BTC, 0.5),
            edits=say.trade(BTC, 0.5),
            done=lambda it: it.trade(BTC, 0.5),
        ),
    ]
    await hold(lambda: SimBinance(**STILL), "binance", cases, every)


@in_turns
async def test_okx(every: int) -> None:
    say = Say()

    def cross(account: Any) -> None:
        account.trade(SWAP, 30.0, price=95_000.0)

    def two(account: Any) -> None:
        cross(account)
        account.trade(ETHER, -20.0, mode="isolated", lever=5, price=3_500.0)

    wallets = {"USDT": 20_000.0, "BTC": 0.1}
    futures, multi, built = ({"level": level, "wallets": wallets} for level in (2, 3, 4))
    apart = f"isolated:{ETHER}:short"
    more = say.trade(SWAP, 30.0, unit=CONTRACTS)
    cases = [
        Case(name="add", make=futures, before=two, edits=more, done=lambda it: it.trade(SWAP, 30.0)),
        Case(
            name="more",
            make=futures,
            before=two,
            edits=say.trade(ETHER, -10.0, unit=CONTRACTS),
            done=lambda it: it.trade(ETHER, -10.0, mode="isolated"),
        ),
        Case(
            name="half",
            make=futures,
            before=two,
            edits=say.close(ETHER, 0.5),
            done=lambda it: it.trade(ETHER, 10.0, mode="isolated"),
        ),
        Case(name="flip", make=futures, before=two, edits=say.close(SWAP, 2.0), done=lambda it: it.trade(SWAP, -60.0)),
        Case(name="take", make=futures, before=two, edits=put("USDT", -3e3), done=lambda it: it.withdraw("USDT", 3e3)),
        Case(
            name="margin",
            make=futures,
            before=two,
            edits=margin("USDT", 300.0, apart),
            done=lambda it: it.add_margin(ETHER, 300.0),
        ),
        Case(name="multi add", make=multi, before=cross, edits=more, done=lambda it: it.trade(SWAP, 30.0)),
        Case(
            name="multi half",
            make=multi,
            before=cross,
            edits=say.close(SWAP, 0.5),
            done=lambda it: it.trade(SWAP, -15.0),
        ),
        Case(
            name="multi take",
            make=multi,
            before=cross,
            edits=put("BTC", -0.05),
            done=lambda it: it.withdraw("BTC", 0.05),
        ),
        Case(name="scenarios", make=built, before=cross, edits=more, done=lambda it: it.trade(SWAP, 30.0), near=2e-3),
        Case(
            name="portfolio take",
            make=built,
            before=cross,
            edits=put("USDT", -3e3),
            done=lambda it: it.withdraw("USDT", 3e3),
        ),
    ]
    await hold(lambda: SimOkx(**STILL), "okx", cases, every)


@in_turns
async def test_bybit(every: int) -> None:
    say = Say()

    def two(account: Any) -> None:
        account.trade(BTC, 0.3, price=97_000.0)
        account.trade(ETH, -2.0, price=3_500.0)

    def cases() -> Iterator[Case]:
        for mode in BybitMode:
            make = {"mode": mode, "wallets": {"USDT": 20_000.0, "BTC": 0.1}}
            # Isolated: the margin is told by a printed price, which is rounded. Portfolio: see `Case`.
            near = {BybitMode.ISOLATED: 1e-3, BybitMode.PORTFOLIO: 1e-3}.get(mode, 1e-9)
            for name, edits, done in (
                ("add", say.trade(BTC, 0.3), lambda it: it.trade(BTC, 0.3)),
                ("half", say.close(ETH, 0.5), lambda it: it.trade(ETH, 1.0)),
                ("flip", say.close(ETH, 2.0), lambda it: it.trade(ETH, 4.0)),
                ("take", put("USDT", -3e3), lambda it: it.transfer("USDT", -3e3)),
            ):
                yield Case(name=f"{mode} {name}", make=make, before=two, edits=edits, done=done, near=near)
        make = {"mode": BybitMode.CROSS, "wallets": {"USDT": 20_000.0, "BTC": 0.1}}
        lent = put("USDT", -19_990.0)
        yield Case(name="lent", make=make, before=two, edits=lent, done=lambda it: it.transfer("USDT", -19_990.0))
        inverse = say.trade("BTCUSD", 2_000.0)
        yield Case(
            name="inverse",
            make=make,
            before=lambda it: it.trade("BTCUSD", 3_000.0, price=90_000.0),
            edits=inverse,
            done=lambda it: it.trade("BTCUSD", 2_000.0),
            near=1e-6,
        )
        yield Case(
            name="margin",
            make={"mode": BybitMode.ISOLATED, "wallets": {"USDT": 20_000.0}},
            before=two,
            edits=margin("USDT", 300.0, "isolated:ETHUSDT:short"),
            done=lambda it: it.add_margin(ETH, 300.0),
            near=1e-3,
        )

    await hold(lambda: SimBybit(**STILL), "bybit", cases(), every)


@in_turns
async def test_kucoin(every: int) -> None:
    coin, ether, inverse = kucoin.COIN, kucoin.ETHER, kucoin.INVERSE

    def three(account: Any) -> None:
        account.trade(coin, 300, price=95_000.0)
        account.trade(ether, -200, mode="ISOLATED", leverage=5, price=3_450.0)
        account.trade(inverse, 2_000, price=95_000.0)

    def cases() -> Iterator[Case]:
        for kind in ("classic", "unified"):
            make = {"kind": kind, "wallets": {"USDT": 20_000.0, "BTC": 0.3}}
            say = Say(fee=0.0006)
            for name, edits, done in (
                ("add", say.trade(coin, 300, unit=CONTRACTS), lambda it: it.trade(coin, 300)),
                ("inverse", say.trade(inverse, 2_000), lambda it: it.trade(inverse, 2_000)),
                ("half", say.close(coin, 0.5), lambda it: it.trade(coin, -150)),
                ("flip", say.close(coin, 2.0), lambda it: it.trade(coin, -600)),
                ("close", say.close(ether, 1.0), lambda it: it.close(ether)),
                ("take", put("USDT", -3e3), lambda it: it.transfer("USDT", -3e3)),
            ):
                # The rate of an inverse contract is taken by a curve until the venue has told it.
                yield Case(name=f"{kind} {name}", make=make, before=three, edits=edits, done=done, near=1e-3)
        apart = f"isolated:{ether}:short"
        yield Case(
            name="margin",
            make={"wallets": {"USDT": 20_000.0, "BTC": 0.3}},
            before=three,
            edits=margin("USDT", 300.0, apart),
            done=lambda it: it.add_margin(ether, 300.0),
            near=1e-6,
        )

    await hold(lambda: SimKucoin(**STILL), "kucoin", cases(), every)


@in_turns
async def test_hyperliquid(every: int) -> None:
    say = Say(fee=0.00045)

    def two(account: Any) -> None:
        account.trade("BTC", 0.3, price=58_000.0)
        account.trade("ETH", -2.0, isolated=True, leverage=5, price=3_100.0)

    def cases() -> Iterator[Case]:
        for mode in (Mode.STANDARD, Mode.UNIFIED, Mode.PORTFOLIO):
            make = {"mode": mode, "wallets": {"USDC": 20_000.0, "HYPE": 50.0}}
            for name, edits, done in (
                ("add", say.trade("BTC", 0.3), lambda it: it.trade("BTC", 0.3)),
                ("more", say.trade("ETH", -1.0), lambda it: it.trade("ETH", -1.0)),
                ("half", say.close("ETH", 0.5), lambda it: it.trade("ETH", 1.0)),
                ("flip", say.close("BTC", 2.0), lambda it: it.trade("BTC", -0.6)),
                ("take", put("USDC", -3e3), lambda it: it.withdraw(3e3)),
                ("margin", margin("USDC", 300.0, "isolated:ETH:short"), lambda it: it.add_margin("ETH", 300.0)),
            ):
                yield Case(name=f"{mode} {name}", make=make, before=two, edits=edits, done=done)

    await hold(lambda: SimHyperliquid(**STILL), "hyperliquid", cases(), every)
