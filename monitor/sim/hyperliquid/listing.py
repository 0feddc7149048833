"""What the simulated Hyperliquid lists: dexs with their perpetuals and margin tables, tokens and spot pairs.

Tables are those of the main coins as documented; coins, dexs and numbers of tokens are in the venue's likeness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import USD, Asset
from monitor.sim.market import Contract, Kind, Market

FUNDING_SECONDS = 3600.0
STRICT, NO_CROSS = "strictIsolated", "noCross"
FIRST = ""  #: the name of the first dex

#: Tiers by number of the table: (lower bound in USD, maximal leverage). A number below 50 is its own single leverage.
TABLES: dict[int, tuple[tuple[float, int], ...]] = {
    51: ((0.0, 10), (3_000_000.0, 5)),
    52: ((0.0, 10), (20_000_000.0, 5)),
    53: ((0.0, 20), (40_000_000.0, 10)),
    54: ((0.0, 20), (70_000_000.0, 10)),
    55: ((0.0, 25), (100_000_000.0, 15)),
    56: ((0.0, 40), (150_000_000.0, 20)),
}


@dataclass(frozen=True, slots=True)
class Perp:
    """One perpetual. `table` is its margin table's number, `mode` how it may be margined ("": as one likes)."""

    name: str
    coin: Asset
    table: int
    size_decimals: int = 2
    mode: str = ""
    coins_per_unit: float = 1.0
    delisted: bool = False

    @property
    def dex(self) -> str:
        """The dex that its name begins with; "" for the first."""
        return self.name.partition(":")[0] if ":" in self.name else FIRST

    @property
    def tiers(self) -> tuple[tuple[float, int], ...]:
        """Its tiers."""
        return tiers(self.table)


@dataclass(frozen=True, slots=True)
class Token:
    """A spot token. `coin` is the coin that prices it, "" for those worth about a dollar; `ltv` what may be borrowed
    against it, None where it is no collateral.
    """

    name: str
    index: int
    coin: Asset = ""
    ltv: float | None = None
    supply_cap: float = 0.0  #: what counts of it as collateral, in the token
    borrow_cap: float = 0.0  #: what one may borrow of it
    pair: int | None = None  #: number of its pair against USDC


def tiers(table: int) -> tuple[tuple[float, int], ...]:
    """The tiers of a table's number. KeyError for one that does not exist."""
    return ((0.0, table),) if table < 50 else TABLES[table]


COLLATERAL: dict[str, str] = {FIRST: "USDC", "xyz": "USDE", "flx": "USDC"}
"""The dexs, in order, and the token that each settles in."""

PERPS: tuple[Perp, ...] = (
    Perp("BTC", "BTC", 56, 5),
    Perp("ETH", "ETH", 55, 4),
    Perp("SOL", "SOL", 54),
    Perp("XRP", "XRP", 53, 0),
    Perp("DOGE", "DOGE", 52, 0),
    Perp("HYPE", "HYPE", 52),
    Perp("ARB", "ARB", 51, 1),
    Perp("kPEPE", "PEPE", 52, 0, coins_per_unit=1000.0),
    Perp("HPOS", "HPOS", 3, 0, STRICT),
    Perp("xyz:GOLD", "GOLD", 20, 4),
    Perp("xyz:TSLA", "TSLA", 10, 3, NO_CROSS),
    Perp("xyz:SILVER", "SILVER", 25, 2),
    Perp("flx:OIL", "OIL", 20, 2),
)

TOKENS: tuple[Token, ...] = (
    Token("USDC", 0, "", 0.0, 250e6, 50e6),
    Token("PURR", 1, "PURR", pair=0),
    Token("HYPE", 150, "HYPE", 0.65, 1e6, pair=107),
    Token("UBTC", 197, "BTC", 0.5, 200.0, pair=142),
    Token("USDE", 235, pair=150),
    Token("USDT0", 268, "", 0.0, 5e6, 1e6, pair=166),
)

COINS_USD: Mapping[Asset, float] = {
    "BTC": 60_000.0,
    "ETH": 3_000.0,
    "SOL": 150.0,
    "XRP": 0.6,
    "DOGE": 0.15,
    "HYPE": 40.0,
    "ARB": 0.5,
    "PEPE": 0.00001,
    "HPOS": 0.08,
    "PURR": 0.2,
    "GOLD": 4_000.0,
    "TSLA": 400.0,
    "SILVER": 50.0,
    "OIL": 65.0,
}


def contract(perp: Perp) -> Contract:
    """A perpetual as the market prices it: in dollars, for the venue converts nothing."""
    kind = Kind.PERPETUAL if perp.dex == FIRST else Kind.STOCK
    return Contract(
        symbol=perp.name, coin=perp.coin, quote=USD, kind=kind, coins_per_unit=perp.coins_per_unit, tick_size="0.00001"
    )


def market(*, seed: int = 1, quiet: bool = False) -> Market:
    """A market of its own."""
    contracts = [contract(perp) for perp in PERPS]
    return Market(contracts, COINS_USD, {}, seed=seed, funding_interval_seconds=FUNDING_SECONDS, quiet=quiet)


def branch(of: Market, *, seed: int = 1) -> Market:
    """The market of another venue, with contracts, basis and funding of our own."""
    own = of.branch([contract(perp) for perp in PERPS], COINS_USD, seed=seed)
    own.funding_interval_seconds = FUNDING_SECONDS
    return own


@dataclass(slots=True)
class Board:
    """What is listed now, and at which prices. Perpetuals keep their order: a new one comes last on its dex."""

    market: Market
    perps: dict[str, Perp]
    tokens: dict[str, Token]
    dollars: dict[str, float]  #: of tokens without a coin, in USDC

    @staticmethod
    def of(prices: Market) -> Board:
        """All that is listed at first."""
        dollars = {token.name: 1.0 for token in TOKENS if not token.coin}
        return Board(prices, {p.name: p for p in PERPS}, {t.name: t for t in TOKENS}, dollars)

    @property
    def dexs(self) -> Sequence[str]:
        """The dexs, the first one first."""
        return tuple(COLLATERAL)

    def on(self, dex: str) -> list[Perp]:
        """The universe of a dex, in its order."""
        return [perp for perp in self.perps.values() if perp.dex == dex]

    def settling_in(self, token: str) -> list[str]:
        """The dexs that settle in a token."""
        return [dex for dex, settles in COLLATERAL.items() if settles == token]

    def mark(self, name: str) -> float:
        """A perpetual's mark."""
        return self.market.mark(name)

    def oracle(self, name: str) -> float:
        """A perpetual's oracle price."""
        return self.market.index(name)

    def hourly_rate(self, name: str) -> float:
        """What a long pays an hour, as a ratio of its value."""
        return round(self.market.funding_rate(name) / 8.0, 10)

    def usdc(self, token: str) -> float:
        """What a token is worth in USDC."""
        coin = self.tokens[token].coin
        return self.dollars[token] if not coin else self.market.asset_usd(coin)
