"""What the simulated OKX lists: instruments by product and family, its first prices, and fee groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.domain.names import Asset
from monitor.sim.market import Market

COINS_USD: dict[Asset, float] = {
    "BTC": 98_000.0,
    "ETH": 3_400.0,
    "SOL": 190.0,
    "XRP": 2.40,
    "DOGE": 0.21,
    "FIL": 1.35,
    "YFI": 2_268.0,
}
STABLECOINS_USD: dict[Asset, float] = {"USDT": 0.9996, "USDC": 0.9999}
UNIFIED: Asset = "USDⓈ"  #: settles in the stablecoin that the account's config names
SETTLEMENT_HOUR_UTC = 8  #: of expiry futures and options, daily and at the end

MARGIN_FEE_GROUP, DERIVATIVES_FEE_GROUP, OPTIONS_FEE_GROUP = "1", "4", "6"


class Product(StrEnum):
    """`instType`."""

    SPOT = "SPOT"
    MARGIN = "MARGIN"
    SWAP = "SWAP"
    FUTURES = "FUTURES"
    OPTION = "OPTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument. `face` = ctVal * ctMult: base coins a contract, or USD where it is inverse.

    `family` is `instFamily`; spot and margin have none and say "". `expiry`: seconds since 1970.
    """

    name: str
    product: Product
    coin: Asset
    quote: Asset
    settle: Asset = ""
    family: str = ""
    ct_val: str = ""
    ct_mult: str = "1"
    tick: str = "0.1"
    lot: str = "0.01"
    inverse: bool = False
    expiry: float | None = None
    strike: float | None = None
    call: bool = False

    @property
    def face(self) -> float:
        """What one contract is worth: base coins, or USD where it is inverse."""
        return float(self.ct_val) * float(self.ct_mult)

    @property
    def in_usd(self) -> bool:
        """Whether an option is priced in USD rather than in its coin."""
        return self.strike is not None and self.settle == UNIFIED

    @property
    def pair(self) -> str:
        """The index it follows: "BTC-USDT", also for BTC-USD_UM: "BTC-USD"."""
        return f"{self.coin}-{self.quote}"

    @property
    def fee_group(self) -> str:
        """`groupId` of its fees."""
        if self.product is Product.OPTION:
            return OPTIONS_FEE_GROUP
        return MARGIN_FEE_GROUP if self.product in (Product.SPOT, Product.MARGIN) else DERIVATIVES_FEE_GROUP


_LINEAR = {  # coin: (ctVal, tick, lot) of its USDT swap
    "BTC": ("0.01", "0.1", "0.01"),
    "ETH": ("0.1", "0.01", "0.01"),
    "SOL": ("1", "0.01", "0.01"),
    "XRP": ("100", "0.0001", "0.01"),
    "DOGE": ("1000", "0.00001", "0.01"),
    "FIL": ("0.1", "0.0001", "1"),
    "YFI": ("0.0001", "0.1", "1"),
}
_INVERSE = {"BTC": ("100", "0.1"), "ETH": ("10", "0.01")}
_OPTION_STRIKES = (0.9, 1.0, 1.15)  #: of the price at listing, rounded to `_STRIKE_STEP`
_STRIKE_STEP = {"BTC": 1000.0, "ETH": 50.0}


def quarter_end(now: float) -> datetime:
    """The last Friday of a quarter, 08:00 UTC, that is at least thirty days away."""
    day = datetime.fromtimestamp(now, UTC) + timedelta(days=30)
    while True:
        month = (day.month - 1) // 3 * 3 + 3
        first_after = datetime(day.year + month // 12, month % 12 + 1, 1, SETTLEMENT_HOUR_UTC, tzinfo=UTC)
        friday = first_after - timedelta(days=(first_after.weekday() - 4) % 7 or 7)
        if friday >= day:
            return friday
        day = first_after


def swap(coin: Asset, quote: Asset) -> Instrument:
    """A perpetual: linear in a stablecoin, inverse in USD."""
    inverse = quote == "USD"
    ct_val, tick, lot = (*_INVERSE[coin], "1") if inverse else _LINEAR[coin]
    return Instrument(
        name=f"{coin}-{quote}-SWAP",
        product=Product.SWAP,
        coin=coin,
        quote=quote,
        settle=coin if inverse else quote,
        family=f"{coin}-{quote}",
        ct_val=ct_val,
        tick=tick,
        lot=lot,
        inverse=inverse,
    )


def new_swap(coin: Asset) -> Instrument:
    """A perpetual on a coin that was not there before."""
    return Instrument(
        name=f"{coin}-USDT-SWAP",
        product=Product.SWAP,
        coin=coin,
        quote="USDT",
        settle="USDT",
        family=f"{coin}-USDT",
        ct_val="10",
        tick="0.0001",
        lot="1",
    )


def unified_swap(coin: Asset) -> Instrument:
    """A perpetual of the USDⓈ family: quoted in USD, linear, settled in whichever stablecoin the account says."""
    ct_val, tick, lot = _LINEAR[coin]
    return Instrument(
        name=f"{coin}-USD_UM-SWAP",
        product=Product.SWAP,
        coin=coin,
        quote="USD",
        settle=UNIFIED,
        family=f"{coin}-USD_UM",
        ct_val=ct_val,
        tick=tick,
        lot=lot,
    )


def futures(coin: Asset, quote: Asset, now: float) -> Instrument:
    """The quarterly contract that is listed at `now`."""
    like, end = swap(coin, quote), quarter_end(now)
    return Instrument(
        name=f"{coin}-{quote}-{end:%y%m%d}",
        product=Product.FUTURES,
        coin=coin,
        quote=quote,
        settle=like.settle,
        family=like.family,
        ct_val=like.ct_val,
        tick=like.tick,
        lot=like.lot,
        inverse=like.inverse,
        expiry=end.timestamp(),
    )


def options(coin: Asset, usd: float, now: float, *, unified: bool = False) -> tuple[Instrument, ...]:
    """A few options around `usd` with the quarter's expiry, each as a call and a put.

    They are priced and settled in the coin, or in USD where they are `unified`.
    """
    end, step = quarter_end(now), _STRIKE_STEP[coin]
    family = f"{coin}-USD_UM" if unified else f"{coin}-USD"
    return tuple(
        Instrument(
            name=f"{family}-{end:%y%m%d}-{strike:.0f}-{'C' if call else 'P'}",
            product=Product.OPTION,
            coin=coin,
            quote="USD",
            settle=UNIFIED if unified else coin,
            family=family,
            ct_val="1",
            ct_mult="0.01" if coin == "BTC" else "0.1",
            tick="1" if unified else "0.0001",
            lot="1",
            expiry=end.timestamp(),
            strike=strike,
            call=call,
        )
        for strike in (round(usd * share / step) * step for share in _OPTION_STRIKES)
        for call in (True, False)
    )


def spot(coin: Asset, product: Product = Product.SPOT) -> Instrument:
    """A coin against USDT, as spot or as margin."""
    tick = _LINEAR[coin][1]
    return Instrument(name=f"{coin}-USDT", product=product, coin=coin, quote="USDT", tick=tick, lot="0.00000001")


def instruments(coins_usd: dict[Asset, float], now: float) -> tuple[Instrument, ...]:
    """Everything that is listed at `now` on the coins that have a price."""
    listed: list[Instrument] = []
    for coin in (coin for coin in _LINEAR if coin in coins_usd):
        listed += [spot(coin), spot(coin, Product.MARGIN), swap(coin, "USDT")]
        if coin in _INVERSE:
            listed += [swap(coin, "USDC"), swap(coin, "USD"), unified_swap(coin)]
            listed += [futures(coin, "USDT", now), futures(coin, "USD", now)]
            listed += options(coin, coins_usd[coin], now)
            listed += options(coin, coins_usd[coin], now, unified=True)
    return tuple(listed)


def key(product: Product, name: str) -> tuple[Product, str]:
    """Spot and margin share their names: only both together say which instrument."""
    return product, name


def market(*, seed: int = 1, quiet: bool = False, more: Collection[tuple[Asset, float]] = ()) -> Market:
    """A market of its own with the coins listed here; it holds prices, and no contract of any venue."""
    return Market((), {**COINS_USD, **dict(more)}, STABLECOINS_USD, seed=seed, quiet=quiet)
