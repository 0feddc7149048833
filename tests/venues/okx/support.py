"""What the tests of OKX's words share: short ways to write the venue's rows, and an account told by its own answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.domain.accounts import Account
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    InstrumentsLoaded,
    OptionMarks,
    Tick,
    TiersLoaded,
)
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.domain.tables import OptionMark, Tables
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues import folder
from monitor.venues.okx import endpoints
from monitor.venues.okx.codec import decode
from monitor.venues.okx.margin import describe
from monitor.venues.okx.offline import read
from tests.programs import shared

VENUE = "okx"
ACCOUNT = AccountKey(VENUE, "main")
T0 = 1_790_000_000.0  # what our own rows are stamped with, in seconds
STAMP = str(int(T0 * 1000))
NOW = T0 + 1.5

Row = dict[str, Any]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def answer(*rows: object) -> bytes:
    """An answer as the venue wraps it."""
    return raw({"code": "0", "msg": "", "data": list(rows)})


def decoded(text: object, account: AccountKey | None = ACCOUNT) -> Decoded:
    said = text if isinstance(text, bytes | str) else json.dumps(text, separators=(",", ":"))  # as the venue writes
    return decode(said, venue=VENUE, account=account, received=NOW)


def frame(channel: str, *rows: object, **more: object) -> Row:
    """A data frame; `more` goes beside its data, `arg` into its arg."""
    arg = more.pop("arg", {})
    assert isinstance(arg, dict)
    return {"arg": {"channel": channel, **arg}, "data": list(rows), **more}


# Rows, with "" in what does not apply, as the venue writes it


def config(level: str = "2", position_mode: str = "net_mode", **more: object) -> Row:
    return {
        "acctLv": level,
        "posMode": position_mode,
        "perm": "read_only",
        "ip": "",
        "settleCcy": "USDC",
        "mgnIsoMode": "automatic",
        "enableSpotBorrow": False,
        **more,
    }


def coin(ccy: str, cash: str, **more: object) -> Row:
    return {
        "ccy": ccy,
        "cashBal": cash,
        "eq": "",
        "upl": "",
        "isoUpl": "",
        "isoEq": "",
        "liab": "",
        "interest": "",
        "mgnRatio": "",
        "imr": "",
        "mmr": "",
        "disEq": "",
        "uTime": STAMP,
        **more,
    }


def balance(*details: Row, **totals: object) -> bytes:
    empty = {"adjEq": "", "availEq": "", "imr": "", "mmr": "", "mgnRatio": "", "totalEq": "", "uTime": STAMP}
    return answer({**empty, **totals, "details": list(details)})


def swap(inst: str, pos: str, entry: str, mark: str, **more: object) -> Row:
    """A position in a contract, cross unless it says otherwise."""
    return {
        "instId": inst,
        "instType": "SWAP" if inst.endswith("SWAP") else "FUTURES",
        "pos": pos,
        "posSide": "net",
        "mgnMode": "cross",
        "ccy": "",
        "posCcy": "",
        "avgPx": entry,
        "markPx": mark,
        "liqPx": "",
        "mgnRatio": "",
        "margin": "",
        "upl": "",
        "imr": "",
        "mmr": "",
        "optVal": "",
        "liab": "",
        "liabCcy": "",
        "interest": "",
        "lever": "10",
        "adl": "1",
        "uTime": STAMP,
        "pTime": STAMP,
        **more,
    }


def order(inst: str, side: str, size: str, price: str, **more: object) -> Row:
    return {
        "instId": inst,
        "instType": endpoints.inst_type(inst) if endpoints.inst_type(inst) != "MARGIN" else "SPOT",
        "ordId": f"{inst}-{side}-{price}",
        "side": side,
        "posSide": "net",
        "tdMode": "cross",
        "sz": size,
        "accFillSz": "0",
        "px": price,
        "lever": "10",
        "reduceOnly": "false",
        "state": "live",
        "ccy": "",
        "uTime": STAMP,
        **more,
    }


def contract(inst: str, size: str, *, tick: str = "0.1", settle: str = "", **more: object) -> Row:
    """A swap or a future; inverse where it settles in its base."""
    family = endpoints.family(inst)
    base, quote = family.split("-")
    inverse = quote == "USD"
    return {
        "instId": inst,
        "instType": endpoints.inst_type(inst),
        "instFamily": family,
        "uly": family.removesuffix("_UM"),
        "settleCcy": settle or (base if inverse else quote),
        "ctVal": size,
        "ctMult": "1",
        "ctType": "inverse" if inverse else "linear",
        "tickSz": tick,
        "expTime": "",
        "stk": "",
        "optType": "",
        "state": "live",
        "groupId": "1",
        **more,
    }


def pair(inst: str, *, tick: str = "0.1") -> Row:
    base, quote = inst.split("-")
    return {
        "instId": inst,
        "instType": "MARGIN",
        "baseCcy": base,
        "quoteCcy": quote,
        "settleCcy": "",
        "ctVal": "",
        "ctMult": "",
        "ctType": "",
        "tickSz": tick,
        "state": "live",
        "groupId": "2",
    }


def tier(low: str, high: str, rate: str, **more: object) -> Row:
    return {
        "instFamily": "",
        "instId": "",
        "uly": "",
        "minSz": low,
        "maxSz": high,
        "mmr": rate,
        "imr": "0.01",
        "optMgnFactor": "0",
        "baseMaxLoan": "",
        "quoteMaxLoan": "",
        **more,
    }


def fees(kind: str, taker: str = "-0.0005", group: str = "1") -> bytes:
    return answer({"instType": kind, "feeGroup": [{"groupId": group, "taker": taker, "maker": "-0.0002"}]})


# A folder of answers, and what becomes of it


@dataclass
class Told:
    """An account told by its venue's answers: through the readers, the description and the kernel."""

    account: Account
    tables: Tables
    marks: Mapping[str, float]
    assets: Mapping[str, float]

    @property
    def description(self) -> Description:
        return describe(self.account, self.tables)

    def pool(self, name: str) -> Pool:
        return next(pool for pool in self.description.pools if pool.key.pool == name)

    def results(self, **marks: float) -> dict[str, PoolResult]:
        """Each pool computed, at the answers' own marks or at others given."""
        prices = Prices()
        for symbol, mark in {**self.marks, **marks}.items():
            prices.set_mark(VENUE, symbol, mark)
        for asset, price in self.assets.items():
            prices.set_asset(VENUE, asset, price)
        book = Book(prices)
        book.replace(self.account.key, self.description.pools)
        return {key.pool: result for key, result in evaluate(book).items()}


def named(endpoint: endpoints.Endpoint, **params: str) -> str:
    return folder.name(endpoint.path, params)


def tiers_file(inst_type: str, mode: str, family: str) -> str:
    name = {"instId": family} if inst_type == "MARGIN" else {"instFamily": family}
    return named(endpoints.POSITION_TIERS, instType=inst_type, tdMode=mode, **name)


def folder_of(
    *,
    setup: Row,
    money: bytes,
    positions: Sequence[Row] = (),
    orders: Sequence[Row] = (),
    listed: Sequence[Row] = (),
    tiers: Mapping[str, Sequence[Row]] | None = None,
    more: Mapping[str, bytes] | None = None,
    taker: str = "-0.0005",
) -> dict[str, bytes]:
    """The files of `capture`. `tiers` by name of their file."""
    files = {
        named(endpoints.ACCOUNT_CONFIG): answer(setup),
        named(endpoints.BALANCE): money,
        named(endpoints.POSITIONS): answer(*positions),
        named(endpoints.ORDERS): answer(*orders),
        named(endpoints.INSTRUMENTS, instType="ALL"): answer(*listed),
    }
    for kind in ("SWAP", "FUTURES", "OPTION"):
        files[named(endpoints.TRADE_FEE, instType=kind)] = fees(kind, taker)
    files[named(endpoints.TRADE_FEE, instType="SPOT")] = fees("SPOT", "-0.001", "2")
    for name, rows in (tiers or {}).items():
        files[name] = answer(*rows)
    return {**files, **(more or {})}


def told(files: Mapping[str, bytes], *, problems: bool = False) -> Told:
    """What the engine would know from these answers, put together without it. `problems`: rows may be bad."""
    offline = read(files, ACCOUNT, T0)
    assert problems or offline.problems == ()
    tables = Tables()
    account: Account | None = None
    configuration: AccountConfig | None = None
    marks: dict[str, float] = {}
    assets: dict[str, float] = {"USDT": 1.0, "USDC": 1.0}
    for event in offline.events:
        if isinstance(event, InstrumentsLoaded):
            tables = replace(tables, instruments={one.symbol: one for one in event.instruments})
        elif isinstance(event, TiersLoaded):
            tables = replace(tables, tiers=dict(event.tiers), isolated_tiers=dict(event.isolated))
        elif isinstance(event, CollateralLoaded):
            tables = replace(tables, collateral=dict(event.terms))
        elif isinstance(event, OptionMarks):
            columns = zip(event.symbols, event.volatilities, event.underlyings, strict=True)
            options = {symbol: OptionMark(vol, forward, event.received) for symbol, vol, forward in columns}
            tables = replace(tables, options={**tables.options, **options})
        elif isinstance(event, AccountConfig):
            configuration = event
        elif isinstance(event, Tick):
            marks[event.symbol] = event.mark
        elif isinstance(event, AssetTick):
            assets[event.asset] = event.price_usd
        elif isinstance(event, AccountSnapshot):
            assert configuration is not None
            account = Account(
                key=ACCOUNT,
                mode=configuration.mode,
                positions={one.key: one for one in event.positions},
                balances={one.asset: one for one in event.balances},
                venue=event.venue,
                orders={one.id: one for one in event.orders},
                fees=dict(configuration.fees),
            )
    assert account is not None
    return Told(account, tables, marks, assets)


def recorded_frames(*names: str) -> list[dict[str, Any]]:
    """Received frames of recordings beside the checkout; skips the test where they are not there."""
    records = []
    for name in names:
        with shared(f"fixtures/okx/{name}").open(encoding="utf-8") as lines:
            records += [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if record["dir"] == "recv"]


def recorded_answers(name: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(shared(f"fixtures/okx/{name}").read_text(encoding="utf-8"))
    return answers
