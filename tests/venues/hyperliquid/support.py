"""What the tests of Hyperliquid's words share: short ways to write the venue's rows, and an account told by answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.domain.accounts import Account
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    InstrumentsLoaded,
    Tick,
    TiersLoaded,
)
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.domain.tables import Tables
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues import folder
from monitor.venues.hyperliquid.codec import decode
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.names import Dex, Universe
from monitor.venues.hyperliquid.offline import read
from tests.programs import shared

VENUE = "hyperliquid"
ACCOUNT = AccountKey(VENUE, "main")
ADDRESS = "0x" + "ab" * 20
T0 = 1_790_000_000.0  # what our own rows are stamped with, in seconds
STAMP = int(T0 * 1000)
NOW = T0 + 1.5
TOKENS = {0: "USDC", 150: "HYPE", 197: "UBTC", 235: "USDE", 268: "USDT0", 360: "USDH"}
NUMBERS = {name: number for number, name in TOKENS.items()}
UNIVERSE = Universe((Dex("", ("BTC", "ETH"), "USDC"), Dex("xyz", ("xyz:GOLD", "xyz:TSLA"), "USDE")), TOKENS)

Row = dict[str, Any]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def decoded(said: object, account: AccountKey | None = ACCOUNT, universe: Universe | None = UNIVERSE) -> Decoded:
    text = said if isinstance(said, bytes | str) else json.dumps(said, separators=(",", ":"))
    return decode(text, venue=VENUE, account=account, received=NOW, universe=universe)


def frame(channel: str, data: object) -> Row:
    return {"channel": channel, "data": data}


# Rows as the venue writes them


def cross(coin: str, szi: float, entry: float, mark: float, liq: str | None = None, **more: object) -> Row:
    """A cross position in a row of `assetPositions`."""
    position = {
        "coin": coin,
        "szi": f"{szi!r}",
        "entryPx": f"{entry!r}",
        "positionValue": f"{abs(szi) * mark!r}",
        "unrealizedPnl": f"{szi * (mark - entry)!r}",
        "marginUsed": f"{abs(szi) * mark / 10!r}",
        "liquidationPx": liq,
        "leverage": {"type": "cross", "value": 10},
        **more,
    }
    return {"type": "oneWay", "position": position}


def isolated(coin: str, szi: float, entry: float, mark: float, raw_usd: float, liq: str | None = None) -> Row:
    """An isolated one, whose margin used is what it is worth."""
    leverage = {"type": "isolated", "value": 10, "rawUsd": f"{raw_usd!r}"}
    return cross(coin, szi, entry, mark, liq, leverage=leverage, marginUsed=f"{raw_usd + szi * mark!r}")


def dex(
    value: float = 0.0, *rows: Row, maintenance: float | None = None, raw_usd: float | None = None, **more: object
) -> Row:
    """`clearinghouseState` of one dex whose cross pool is worth `value`."""
    signed = 0.0
    for row in rows:
        position = row["position"]
        if position["leverage"]["type"] == "cross":
            size = float(position["szi"])
            signed += float(position["positionValue"]) * (1 if size > 0 else -1)
    summary = {
        "accountValue": f"{value!r}",
        "totalNtlPos": "0.0",
        "totalRawUsd": f"{value - signed if raw_usd is None else raw_usd!r}",
        "totalMarginUsed": "0.0",
    }
    return {
        "assetPositions": list(rows),
        "crossMarginSummary": summary,
        "marginSummary": summary,
        "crossMaintenanceMarginUsed": None if maintenance is None else f"{maintenance!r}",
        "withdrawable": f"{value!r}",
        "time": STAMP,
        **more,
    }


def coin(name: str, total: float | str, **more: object) -> Row:
    return {"coin": name, "token": NUMBERS[name], "total": str(total), "hold": "0.0", "entryNtl": "0.0", **more}


def spot(*balances: Row, available: Mapping[str, float] | None = None, **more: object) -> Row:
    """`spotClearinghouseState`; with `available` it is that of a pooled account."""
    body: Row = {"balances": list(balances), **more}
    if available is not None:
        body["tokenToAvailableAfterMaintenance"] = [[NUMBERS[name], f"{left!r}"] for name, left in available.items()]
    return body


def perp(name: str, leverage: int = 50, table: int | None = None, **more: object) -> Row:
    """A perpetual. A table below 50 is one of a single tier; those of before had no table at all."""
    row: Row = {"name": name, "szDecimals": 5, "maxLeverage": leverage, **more}
    number = leverage if table is None and leverage < 50 else table
    return row if number is None else {**row, "marginTableId": number}


def meta(*perps: Row, token: str = "USDC", tables: Mapping[int, Sequence[tuple[float, int]]] | None = None) -> Row:
    return {
        "universe": list(perps),
        "collateralToken": NUMBERS[token],
        "marginTables": [
            [
                number,
                {
                    "description": "",
                    "marginTiers": [{"lowerBound": f"{floor!r}", "maxLeverage": most} for floor, most in tiers],
                },
            ]
            for number, tiers in (tables or {}).items()
        ],
    }


SPOT_META = {"tokens": [{"name": name, "index": number} for number, name in TOKENS.items()], "universe": []}


def named(kind: str, **params: str) -> str:
    return folder.name("/info", {"type": kind, **params})


def folder_of(
    states: Mapping[str, Row],
    *,
    mode: object = "default",
    money: Row | None = None,
    metas: Sequence[Row] = (),
    more: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """The files of `capture`. `states` by dex, "" the first; `metas` in the same order."""
    files = {
        named("clearinghouseState", **({"dex": name} if name else {})): raw(state) for name, state in states.items()
    }
    files[named("spotClearinghouseState")] = raw(money if money is not None else spot())
    files[named("userAbstraction")] = raw(mode)
    files[named("perpDexs")] = raw([None if name == "" else {"name": name} for name in states])
    files[named("allPerpMetas")] = raw(list(metas))
    files[named("spotMeta")] = raw(SPOT_META)
    return {**files, **(more or {})}


@dataclass
class Told:
    """An account told by its venue's answers: through the readers, the description and the kernel."""

    account: Account
    tables: Tables
    marks: Mapping[str, float]
    assets: Mapping[str, float]
    config: AccountConfig
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> Description:
        return describe(self.account, self.tables)

    def pool(self, name: str) -> Pool:
        return next(pool for pool in self.description.pools if pool.key.pool == name)

    def results(self, marks: Mapping[str, float] | None = None, **assets: float) -> dict[str, PoolResult]:
        """Each pool computed, at the answers' own prices or at others given."""
        prices = Prices()
        for symbol, mark in {**self.marks, **(marks or {})}.items():
            prices.set_mark(VENUE, symbol, mark)
        for asset, price in {**self.assets, **assets}.items():
            prices.set_asset(VENUE, asset, price)
        book = Book(prices)
        book.replace(self.account.key, self.description.pools)
        return {key.pool: result for key, result in evaluate(book).items()}


def told(files: Mapping[str, bytes], *, problems: bool = False, parameters: Mapping[str, float] | None = None) -> Told:
    """What the engine would know from these answers, put together without it. `problems`: rows may be bad."""
    offline = read(files, ACCOUNT, T0)
    assert problems or offline.problems == ()
    tables = Tables(parameters=parameters or {})
    marks: dict[str, float] = {}
    assets: dict[str, float] = {}
    config: AccountConfig | None = None
    snapshot: AccountSnapshot | None = None
    for event in offline.events:
        if isinstance(event, InstrumentsLoaded):
            tables = replace(tables, instruments={one.symbol: one for one in event.instruments})
        elif isinstance(event, TiersLoaded):
            tables = replace(tables, tiers=dict(event.tiers))
        elif isinstance(event, CollateralLoaded):
            tables = replace(tables, collateral=dict(event.terms))
        elif isinstance(event, AccountConfig):
            config = event
        elif isinstance(event, Tick):
            marks[event.symbol] = event.mark
        elif isinstance(event, AssetTick):
            assets[event.asset] = event.price_usd
        elif isinstance(event, AccountSnapshot):
            snapshot = event
    assert config is not None
    assert snapshot is not None
    account = Account(
        key=ACCOUNT,
        mode=config.mode,
        positions={one.key: one for one in snapshot.positions},
        balances={one.asset: one for one in snapshot.balances},
        venue=snapshot.venue,
        wallets={one.name: one for one in snapshot.wallets},
    )
    return Told(account, tables, marks, assets, config, offline.missing)


def recorded_frames(*names: str) -> list[dict[str, Any]]:
    """Received frames of recordings beside the checkout; skips the test where they are not there."""
    records = []
    for name in names:
        with shared(f"fixtures/hyperliquid/{name}").open(encoding="utf-8") as lines:
            records += [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if record["dir"] == "recv"]


def recorded_answers(name: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(shared(f"fixtures/hyperliquid/{name}").read_text(encoding="utf-8"))
    return answers
