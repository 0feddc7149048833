"""One account in every mode of every simulated venue, each with something that can be liquidated."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.sim.binance import SimBinance
from monitor.sim.bybit import SimBybit
from monitor.sim.bybit.holdings import MarginMode
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.kucoin import SimKucoin
from monitor.sim.members import Member, keyed
from monitor.sim.okx import SimOkx
from monitor.sim.okx.holdings import Level
from monitor.sim.world import World


def every_mode(world: World) -> tuple[Member, ...]:
    """The accounts, with what they hold; the modes that the story's own accounts have are left out. Call it before
    anyone looks.
    """
    return (
        *_binance(world.binance),
        *_bybit(world.bybit),
        *_okx(world.okx),
        *_kucoin(world.kucoin),
        *_hyperliquid(world.hyperliquid),
    )


def _binance(venue: SimBinance) -> Iterator[Member]:
    mark = venue.market.mark
    coins = venue.add_account("coins", product="coinm", wallets={"BTC": 0.4, "ETH": 4.0})
    coins.trade("BTCUSD_PERP", 300.0)
    coins.trade("ETHUSD_PERP", -400.0)
    yield keyed("binance", coins, product="coinm")
    loans = venue.add_account("loans", product="margin", wallets={"USDT": 8_000.0, "BTC": 0.1})
    loans.borrow("USDT", 12_000.0)
    loans.trade("BTCUSDT", 15_000.0 / mark("BTCUSDT"))
    yield keyed("binance", loans, product="margin")
    pro = venue.add_account("loans-pro", product="margin", pro=True, wallets={"USDT": 20_000.0, "ETH": 3.0})
    pro.borrow("BTC", 0.2)
    pro.trade("BTCUSDT", -0.2)
    yield keyed("binance", pro, product="margin")
    pairs = venue.add_account("pairs", product="isolated-margin", wallets={"ETHUSDT": {"USDT": 3_000.0}})
    pairs.borrow("ETHUSDT", "USDT", 6_000.0)
    pairs.trade("ETHUSDT", 8_000.0 / mark("ETHUSDT"))
    yield keyed("binance", pairs, product="isolated-margin")
    for name, product in (("unified", "portfolio-margin"), ("unified-pro", "portfolio-margin-pro")):
        account = venue.add_account(
            name,
            product=product,  # type: ignore[call-overload]  # both words are products of it
            wallets={"USDT": 20_000.0, "BTC": 0.2},
            um_wallets={"USDT": 5_000.0},
            cm_wallets={"BTC": 0.05},
        )
        account.trade("BTCUSDT", 0.8)
        account.trade("ETHUSD_PERP", -300.0)
        yield keyed("binance", account, product=product)


def _bybit(venue: SimBybit) -> Iterator[Member]:
    alone = venue.add_account("alone", mode=MarginMode.ISOLATED, wallets={"USDT": 20_000.0})
    alone.buy("BTCUSDT", 0.1)
    alone.sell("ETHUSDT", 1.0)
    yield keyed("bybit", alone)
    grids = venue.add_account("grids", mode=MarginMode.PORTFOLIO, wallets={"USDT": 50_000.0})
    grids.buy("BTCUSDT", 0.5)
    grids.sell(next(iter(venue.options)), 0.3)
    yield keyed("bybit", grids)


def _okx(venue: SimOkx) -> Iterator[Member]:
    coins = venue.add_account("currencies", level=Level.MULTI_CURRENCY, wallets={"USDT": 20_000.0, "BTC": 0.5})
    coins.buy("ETH-USDT-SWAP", 100.0)
    yield keyed("okx", coins)
    built = venue.add_account("built", level=Level.PORTFOLIO, wallets={"USDT": 30_000.0, "BTC": 0.1})
    built.buy("BTC-USDT-SWAP", 50.0)
    yield keyed("okx", built)


def _kucoin(venue: SimKucoin) -> Iterator[Member]:
    classic = venue.add_account(
        "classic",
        wallets={"USDT": 12_000.0, "BTC": 0.1},
        margin={"USDT": 5_000.0, "BTC": 0.05},
        isolated={"ETH-USDT": {"USDT": 2_000.0}},
    )
    classic.buy("XBTUSDTM", 150.0)
    classic.sell("ETHUSDTM", 200.0)
    classic.buy("XBTUSDM", 2_000.0)
    classic.set_margin_mode("SOLUSDTM", "ISOLATED")
    classic.buy("SOLUSDTM", 200.0)
    classic.borrow("USDT", 4_000.0)
    classic.borrow("USDT", 3_000.0, "ETH-USDT")
    yield keyed("kucoin", classic, product="futures")
    yield keyed("kucoin", classic, name="classic-loans", product="margin")
    yield keyed("kucoin", classic, name="classic-pairs", product="isolated-margin")
    unified = venue.add_account("whole", kind="unified", wallets={"USDT": 10_000.0, "BTC": 0.1})
    unified.buy("XBTUSDTM", 200.0)
    yield keyed("kucoin", unified, product="futures")


def _hyperliquid(venue: SimHyperliquid) -> Iterator[Member]:
    modes = {"chain": Mode.STANDARD, "chain-unified": Mode.UNIFIED, "chain-portfolio": Mode.PORTFOLIO}
    for name, mode in modes.items():
        account = venue.add_account(name, mode=mode, wallets={"USDC": 20_000.0})
        account.trade("BTC", 0.4)
        account.trade("ETH", -4.0)
        account.trade("SOL", 40.0, isolated=True, leverage=10)
        yield Member(name=name, venue="hyperliquid", address=account.address)
