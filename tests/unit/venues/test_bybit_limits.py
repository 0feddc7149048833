"""Where tiers end, as positions tell it: what no table has is a reason to read the tables again."""

from __future__ import annotations

import json
from typing import Any

from monitor.domain.events import TiersLoaded
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.bybit.limits import Ends, tier_ends

TABLE = TierTable((Tier(0.0, 0.005), Tier(2e6, 0.01)), cap=5e6)
LOADED = TiersLoaded("bybit", None, (("BTCUSDT", TABLE), ("ETHUSDT", TierTable((Tier(0.0, 0.01),)))), 0.0)


def answer(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"retCode": 0, "time": 1, "result": {"list": rows}}).encode()


def row(symbol: str = "BTCUSDT", size: str = "0.1", limit: str | None = "2000000") -> dict[str, Any]:
    return {"symbol": symbol, "size": size, **({} if limit is None else {"riskLimitValue": limit})}


def ends() -> Ends:
    made = Ends(180.0, 3600.0)
    made.read(LOADED, 0.0)
    return made


def test_the_end_of_a_tier_is_told_by_positions_and_not_by_what_is_empty_or_has_no_tiers() -> None:
    raws = [answer(row(), row("ETHUSDT", size="0"), row("XRPUSDT", limit="")), answer(row("SOLUSDT", limit=None))]
    assert tier_ends(raws, "bybit") == {("BTCUSDT", 2e6)}


def test_a_row_that_cannot_be_read_tells_nothing() -> None:
    assert tier_ends([answer(row(""), {"size": "1"}, row())], "bybit") == {("BTCUSDT", 2e6)}


def test_the_end_of_any_tier_is_known() -> None:
    assert not ends().strange({("BTCUSDT", 2e6), ("BTCUSDT", 5e6)}, 1.0)


def test_another_end_is_strange_at_once_and_then_ever_more_rarely() -> None:
    made = ends()
    assert made.strange({("BTCUSDT", 1e6), ("BTCUSDT", 2e6)}, 1.0) == {"BTCUSDT"}
    made.read(LOADED, 2.0)
    assert not made.strange({("BTCUSDT", 1e6)}, 180.0)
    assert made.strange({("BTCUSDT", 1e6)}, 181.0) == {"BTCUSDT"}
    assert not made.strange({("BTCUSDT", 1e6)}, 181.0 + 359.0)


def test_the_end_of_one_contract_is_not_another_s() -> None:
    assert ends().strange({("ETHUSDT", 2e6)}, 1.0) == {"ETHUSDT"}
