"""What the simulated Binance lists: its contracts, first prices, and the collateral buffers of multi-assets mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.domain.names import Asset
from monitor.sim.market import Contract, Kind, Market

COINS_USD: dict[Asset, float] = {
    "BTC": 98_000.0,
    "ETH": 3_400.0,
    "SOL": 190.0,
    "XRP": 2.40,
    "BNB": 880.0,
    "DOGE": 0.21,
    "ADA": 0.62,
    "LINK": 16.5,
    "AVAX": 22.0,
    "SHIB": 0.0000098,
    "TSLA": 410.0,
    "XAU": 4_050.0,
}
STABLECOINS_USD: dict[Asset, float] = {"USDT": 0.9996, "USDC": 0.9999, "FDUSD": 0.9981, "BNFCR": 1.0}

#: (index rate below, above; auto-exchange below, above): the "collateral value ratio" is the bid buffer
BUFFERS: dict[Asset, tuple[float, float, float, float]] = {
    "USDT": (0.0001, 0.0001, 0.0, 0.0),
    "USDC": (0.0001, 0.0001, 0.0, 0.0),
    "FDUSD": (0.0010, 0.0010, 0.0005, 0.0005),
    "BNFCR": (0.0, 0.0, 0.0, 0.0),
    "BTC": (0.05, 0.05, 0.025, 0.025),
    "ETH": (0.05, 0.05, 0.025, 0.025),
    "BNB": (0.05, 0.05, 0.025, 0.025),
    "XRP": (0.10, 0.10, 0.05, 0.05),
    "SOL": (0.10, 0.10, 0.05, 0.05),
    "ADA": (0.10, 0.10, 0.05, 0.05),
}

_STEPS = {
    "BTC": ("0.10", "0.001"),
    "ETH": ("0.01", "0.001"),
    "SOL": ("0.0100", "0.01"),
    "XRP": ("0.0001", "0.1"),
    "BNB": ("0.010", "0.01"),
    "DOGE": ("0.000010", "1"),
    "ADA": ("0.00010", "1"),
    "LINK": ("0.001", "0.01"),
    "AVAX": ("0.0010", "1"),
}


def quarter_end(now: float) -> datetime:
    """The delivery (last Friday of a quarter, 08:00 UTC) that is at least thirty days away."""
    day = datetime.fromtimestamp(now, UTC) + timedelta(days=30)
    while True:
        month = (day.month - 1) // 3 * 3 + 3
        year = day.year
        first_after = datetime(year + month // 12, month % 12 + 1, 1, 8, tzinfo=UTC)
        friday = first_after - timedelta(days=(first_after.weekday() - 4) % 7 or 7)
        if friday >= day:
            return friday
        day = first_after


def delivery_contract(now: float) -> Contract:
    """The quarterly contract on BTC that is listed at `now`."""
    delivery = quarter_end(now)
    return Contract(
        symbol=f"BTCUSDT_{delivery:%y%m%d}",
        coin="BTC",
        quote="USDT",
        kind=Kind.DELIVERY,
        delivery_time=delivery.timestamp(),
        tick_size="0.10",
    )


def coin_delivery_contract(now: float) -> Contract:
    """The quarterly COIN-M contract on BTC."""
    delivery = quarter_end(now)
    return Contract(
        symbol=f"BTCUSD_{delivery:%y%m%d}",
        coin="BTC",
        quote="USD",
        kind=Kind.INVERSE,
        delivery_time=delivery.timestamp(),
        tick_size="0.1",
        step_size="1",
    )


def is_dated(contract: Contract) -> bool:
    """Whether a contract ends by itself, and so has no funding. A perpetual whose end is announced is none."""
    return contract.kind is Kind.DELIVERY or (contract.kind is Kind.INVERSE and not contract.symbol.endswith("_PERP"))


def contract_usd(contract: Contract) -> float:
    """How many dollars an inverse contract stands for."""
    return 100.0 if contract.coin == "BTC" else 10.0


def contracts(now: float) -> tuple[Contract, ...]:
    """Everything listed at `now`: USDT perpetuals, one in USDC, a delivery contract, TradFi rows, COIN-M rows."""
    linear = tuple(
        Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", tick_size=tick, step_size=step)
        for coin, (tick, step) in _STEPS.items()
    )
    return (
        *linear,
        Contract(symbol="BTCUSDC", coin="BTC", quote="USDC", tick_size="0.10"),
        Contract(
            symbol="1000SHIBUSDT", coin="SHIB", quote="USDT", coins_per_unit=1000.0, tick_size="0.000001", step_size="1"
        ),
        delivery_contract(now),
        Contract(symbol="TSLAUSDT", coin="TSLA", quote="USDT", kind=Kind.STOCK, step_size="0.01"),
        Contract(symbol="XAUUSDT", coin="XAU", quote="USDT", kind=Kind.STOCK),
        Contract(symbol="BTCUSD_PERP", coin="BTC", quote="USD", kind=Kind.INVERSE, tick_size="0.1", step_size="1"),
        Contract(symbol="ETHUSD_PERP", coin="ETH", quote="USD", kind=Kind.INVERSE, step_size="1"),
    )


def market(now: float, *, seed: int = 1, quiet: bool = False, more_symbols: int = 0) -> Market:
    """A market with everything that is listed, and `more_symbols` made-up coins (X001USDT …) to make arrays long."""
    more = [f"X{number:03d}" for number in range(1, more_symbols + 1)]
    added = tuple(Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", step_size="1") for coin in more)
    coins = {**COINS_USD, **{coin: 1.0 + place * 0.01 for place, coin in enumerate(more)}}
    return Market((*contracts(now), *added), coins, STABLECOINS_USD, seed=seed, quiet=quiet)
