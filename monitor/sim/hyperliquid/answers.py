"""What each question of `POST /info` gets, and what it weighs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.sim.hyperliquid.accounts import SimAccount, address_of
from monitor.sim.hyperliquid.faults import Faults
from monitor.sim.hyperliquid.listing import COLLATERAL, FIRST, TABLES, Board, Perp
from monitor.sim.hyperliquid.reading import Reading
from monitor.sim.hyperliquid.text import number

LIGHT, USUAL, HEAVY = 2, 20, 60
HISTORY_ROWS, FILL_ROWS = 500, 2000  #: at once, the oldest first
CANDLES_AT_MOST = 5000
INTERVALS_MS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}


class Unreadable(ValueError):
    """A question that the venue cannot make out."""


@dataclass(slots=True, kw_only=True)
class Answers:
    """The venue's knowledge. `account` finds an address; one that nobody has is as if it were new and empty."""

    board: Board
    account: Callable[[str], SimAccount | None]
    faults: Faults
    time_ms: Callable[[], int]

    def answer(self, ask: Mapping[str, Any]) -> Any:
        """The answer to a question. `Unreadable` for one that lacks something, KeyError for a type nobody knows."""
        return KINDS[str(ask.get("type"))].answer(self, ask)

    # accounts

    def state(self, ask: Mapping[str, Any]) -> Any:
        """`clearinghouseState`."""
        dex = str(ask.get("dex") or FIRST)
        if dex not in COLLATERAL:
            raise Unreadable(f"no dex {dex}")
        return Reading(self.of(ask)).clearinghouse(dex)

    def spot(self, ask: Mapping[str, Any]) -> Any:
        """`spotClearinghouseState`."""
        return Reading(self.of(ask)).spot()

    def mode(self, ask: Mapping[str, Any]) -> Any:
        """`userAbstraction`."""
        return self.of(ask).mode.value

    def role(self, ask: Mapping[str, Any]) -> Any:
        """`userRole`."""
        found = self.account(_user(ask))
        return {"role": "missing"} if found is None else dict(found.role)

    def lending(self, ask: Mapping[str, Any]) -> Any:
        """`borrowLendUserState`."""
        account = self.of(ask)
        reading, rows = Reading(account), []
        owed = worth = 0.0
        for name, token in self.board.tokens.items():
            borrowed = reading.owed(name)
            supplied = max(0.0, reading.held(name)) if token.ltv else 0.0
            owed += borrowed * self.board.usdc(name)
            worth += supplied * self.board.usdc(name) * (token.ltv or 0.0)
            if borrowed or supplied:
                sides = {"borrow": borrowed, "supply": supplied}
                rows.append([token.index, {side: _sum(amount) for side, amount in sides.items()}])
        factor = number(worth / owed) if owed else None
        health = "healthy" if not owed or worth >= owed else "atRisk"
        return {"tokenToState": rows, "health": health, "healthFactor": factor}

    def fundings(self, ask: Mapping[str, Any]) -> Any:
        """`userFunding`."""
        rows = _between(self.of(ask).fundings, ask)
        zero = "0x" + "0" * 64
        return [
            {
                "time": row["time"],
                "hash": zero,
                "delta": {"type": "funding", **{k: v for k, v in row.items() if k != "time"}},
            }
            for row in rows
        ]

    def ledger(self, ask: Mapping[str, Any]) -> Any:
        """`userNonFundingLedgerUpdates`."""
        return _between(self.of(ask).ledger, ask)

    def fills(self, ask: Mapping[str, Any]) -> Any:
        """`userFills`: the newest first."""
        return list(self.of(ask).fills)[::-1]

    def fills_by_time(self, ask: Mapping[str, Any]) -> Any:
        """`userFillsByTime`: the oldest first."""
        return _between(self.of(ask).fills, ask, FILL_ROWS)

    def sub_accounts(self, ask: Mapping[str, Any]) -> Any:
        """`subAccounts` is told of nobody here."""
        self.of(ask)
        return None

    def of(self, ask: Mapping[str, Any]) -> SimAccount:
        """The account of an address."""
        address = _user(ask)
        found = self.account(address)
        if found is not None and found.role.get("role") != "agent":
            return found
        return SimAccount(name="", address=address, board=self.board, time_ms=self.time_ms)

    # the market

    def dexs(self, _: Mapping[str, Any]) -> Any:
        """`perpDexs`: the first one is null."""
        rest = [dex for dex in self.board.dexs if dex != FIRST]
        return [
            None,
            *(
                {
                    "name": dex,
                    "fullName": dex.upper(),
                    "deployer": address_of(f"deployer of {dex}"),
                    "assetToStreamingOiCap": [],
                }
                for dex in rest
            ),
        ]

    def metas(self, _: Mapping[str, Any]) -> Any:
        """`allPerpMetas`."""
        return [self._meta(dex) for dex in self.board.dexs]

    def meta(self, ask: Mapping[str, Any]) -> Any:
        """`meta` of one dex."""
        return self._meta(str(ask.get("dex") or FIRST))

    def meta_and_prices(self, ask: Mapping[str, Any]) -> Any:
        """`metaAndAssetCtxs` of one dex."""
        dex = str(ask.get("dex") or FIRST)
        return [self._meta(dex), self.prices(dex)]

    def spot_meta(self, _: Mapping[str, Any]) -> Any:
        """`spotMeta`."""
        return self._spot_meta()

    def spot_prices(self, _: Mapping[str, Any]) -> Any:
        """`spotMetaAndAssetCtxs`."""
        return [self._spot_meta(), [self._spot_price(name) for name in self._pairs()]]

    def reserves(self, _: Mapping[str, Any]) -> Any:
        """`allBorrowLendReserveStates`."""
        return [
            [
                token.index,
                {
                    "borrowYearlyRate": "0.05",
                    "supplyYearlyRate": "0.01",
                    "balance": "1000000.0",
                    "utilization": "0.2",
                    "oraclePx": number(self.board.usdc(token.name)),
                    "ltv": number(token.ltv),
                    "totalSupplied": "1250000.0",
                    "totalBorrowed": "250000.0",
                },
            ]
            for token in self.board.tokens.values()
            if token.ltv is not None
        ]

    def mids(self, ask: Mapping[str, Any]) -> Any:
        """`allMids` of one dex."""
        return {perp.name: number(self.board.mark(perp.name)) for perp in self.board.on(str(ask.get("dex") or FIRST))}

    def candles(self, ask: Mapping[str, Any]) -> Any:
        """`candleSnapshot`: prices that wander to where the mark is now, the same whenever they are asked for."""
        said = ask.get("req")
        if not isinstance(said, dict) or said.get("interval") not in INTERVALS_MS or "startTime" not in said:
            raise Unreadable("a question for candles")
        coin, step = str(said.get("coin")), INTERVALS_MS[said["interval"]]
        if coin not in self.board.perps:
            raise Unreadable(f"no coin {coin}")
        last = min(int(said.get("endTime") or self.time_ms()), self.time_ms()) // step
        first = max(int(said["startTime"]) // step, last - CANDLES_AT_MOST + 1)
        mark = self.board.mark(coin)
        rows = []
        for place in range(first, last + 1):
            price = number(mark * (1.0 + 0.001 * ((place * 7919) % 13 - 6) / 6.0 * (place != last)), 8)
            row = {"t": place * step, "T": (place + 1) * step - 1, "s": coin, "i": said["interval"]}
            rows.append({**row, "o": price, "c": price, "h": price, "l": price, "v": "1.0", "n": 1})
        return rows

    def status(self, _: Mapping[str, Any]) -> Any:
        """`exchangeStatus`."""
        return {"specialStatuses": None, "time": self.time_ms()}

    # parts

    def prices(self, dex: str) -> list[Any]:
        """The contexts of a dex, in the order of its universe."""
        rows = [self.faults.spoil_price(perp.name, dex, self.price(perp.name)) for perp in self.board.on(dex)]
        return self.faults.spoil_prices(dex, rows)

    def price(self, coin: str) -> dict[str, Any]:
        """The context of one perpetual."""
        mark, oracle = self.board.mark(coin), self.board.oracle(coin)
        return {
            "funding": number(self.board.hourly_rate(coin)),
            "openInterest": "1000.0",
            "prevDayPx": number(mark),
            "dayNtlVlm": "1000000.0",
            "premium": number(mark / oracle - 1.0),
            "oraclePx": number(oracle),
            "markPx": number(mark),
            "midPx": number(mark),
            "impactPxs": [number(mark * 0.9999), number(mark * 1.0001)],
            "dayBaseVlm": "100.0",
        }

    def _meta(self, dex: str) -> dict[str, Any]:
        if dex not in COLLATERAL:
            raise Unreadable(f"no dex {dex}")
        perps = self.board.on(dex)
        used = sorted({perp.table for perp in perps})
        tables = [table for table in used if table in TABLES]
        singles = [table for table in used if table not in TABLES]
        return {
            "universe": [_listed(perp) for perp in perps],
            "marginTables": [
                *([table, {"description": "", "marginTiers": [_tier(0.0, table)]}] for table in singles),
                *(
                    [
                        table,
                        {
                            "description": f"tiered {TABLES[table][0][1]}x",
                            "marginTiers": [_tier(*t) for t in TABLES[table]],
                        },
                    ]
                    for table in tables
                ),
            ],
            "collateralToken": self.board.tokens[COLLATERAL[dex]].index,
        }

    def _pairs(self) -> list[str]:
        return [token.name for token in self.board.tokens.values() if token.pair is not None]

    def _pair_name(self, name: str) -> str:
        pair = self.board.tokens[name].pair
        return f"{name}/USDC" if pair == 0 else f"@{pair}"

    def _spot_meta(self) -> dict[str, Any]:
        tokens = [
            {
                "name": token.name,
                "szDecimals": 2,
                "weiDecimals": 8,
                "index": token.index,
                "tokenId": f"0x{token.index:032x}",
                "isCanonical": True,
                "evmContract": None,
                "fullName": None,
            }
            for token in self.board.tokens.values()
        ]
        universe = [
            {
                "tokens": [self.board.tokens[name].index, 0],
                "name": self._pair_name(name),
                "index": self.board.tokens[name].pair,
                "isCanonical": self.board.tokens[name].pair == 0,
            }
            for name in self._pairs()
        ]
        return {"tokens": tokens, "universe": universe}

    def _spot_price(self, name: str) -> dict[str, Any]:
        price = number(self.board.usdc(name))
        row = {"prevDayPx": price, "dayNtlVlm": "1000.0", "markPx": price, "midPx": price}
        return {**row, "circulatingSupply": "1000000.0", "coin": self._pair_name(name)}


@dataclass(frozen=True, slots=True)
class Kind:
    """A question's method and weight; each `rows` rows of its answer weigh one more."""

    answer: Callable[[Answers, Mapping[str, Any]], Any]
    weight: int = USUAL
    rows: int = 0

    def weigh(self, body: Any) -> int:
        """The weight of an answer."""
        return self.weight + (len(body) // self.rows if self.rows and isinstance(body, list) else 0)


KINDS: Mapping[str, Kind] = {
    "clearinghouseState": Kind(Answers.state, LIGHT),
    "spotClearinghouseState": Kind(Answers.spot, LIGHT),
    "allMids": Kind(Answers.mids, LIGHT),
    "exchangeStatus": Kind(Answers.status, LIGHT),
    "userRole": Kind(Answers.role, HEAVY),
    "userAbstraction": Kind(Answers.mode),
    "borrowLendUserState": Kind(Answers.lending),
    "subAccounts": Kind(Answers.sub_accounts),
    "userFunding": Kind(Answers.fundings, rows=20),
    "userNonFundingLedgerUpdates": Kind(Answers.ledger, rows=20),
    "userFills": Kind(Answers.fills, rows=20),
    "userFillsByTime": Kind(Answers.fills_by_time, rows=20),
    "perpDexs": Kind(Answers.dexs),
    "allPerpMetas": Kind(Answers.metas),
    "meta": Kind(Answers.meta),
    "metaAndAssetCtxs": Kind(Answers.meta_and_prices),
    "spotMeta": Kind(Answers.spot_meta),
    "spotMetaAndAssetCtxs": Kind(Answers.spot_prices),
    "allBorrowLendReserveStates": Kind(Answers.reserves),
    "candleSnapshot": Kind(Answers.candles, rows=60),
}


def _user(ask: Mapping[str, Any]) -> str:
    address = str(ask.get("user") or "").lower()
    if len(address) != 42 or not address.startswith("0x"):
        raise Unreadable("no address")
    return address


def _between(rows: Any, ask: Mapping[str, Any], most: int = HISTORY_ROWS) -> list[Any]:
    since, until = int(ask.get("startTime") or 0), int(ask.get("endTime") or 2**62)
    return [row for row in rows if since <= row["time"] <= until][:most]


def _sum(amount: float) -> dict[str, str]:
    return {"basis": number(amount), "value": number(amount)}


def _tier(lower: float, leverage: int) -> dict[str, Any]:
    return {"lowerBound": number(lower), "maxLeverage": leverage}


def _listed(perp: Perp) -> dict[str, Any]:
    row: dict[str, Any] = {
        "szDecimals": perp.size_decimals,
        "name": perp.name,
        "maxLeverage": perp.tiers[0][1],
        "marginTableId": perp.table,
    }
    if perp.delisted:
        row["isDelisted"] = True
    if perp.mode:
        row |= {"onlyIsolated": True, "marginMode": perp.mode}
    return row
