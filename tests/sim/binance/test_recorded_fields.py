"""What the simulator answers for COIN-M and portfolio margin has every field that Binance's own samples have."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from tests.venues.binance.support import recorded_answers

NOW = 1_795_000_000.0
COINM = {
    "account_information": "/dapi/v1/account",
    "position_information": "/dapi/v1/positionRisk",
    "get_current_position_mode": "/dapi/v1/positionSide/dual",
    "notional_bracket_for_symbol": "/dapi/v2/leverageBracket",
    "/dapi/v1/account": "/dapi/v1/account",
    "/dapi/v1/positionRisk": "/dapi/v1/positionRisk",
    "/dapi/v1/premiumIndex": "/dapi/v1/premiumIndex",
    "/dapi/v2/leverageBracket": "/dapi/v2/leverageBracket",
}
PORTFOLIO = {
    "account_information": "/papi/v1/account",
    "account_balance": "/papi/v1/balance",
    "query_um_position_information": "/papi/v1/um/positionRisk",
    "query_cm_position_information": "/papi/v1/cm/positionRisk",
    "um_notional_and_leverage_brackets": "/papi/v1/um/leverageBracket",
    "cm_notional_and_leverage_brackets": "/papi/v1/cm/leverageBracket",
    "get_um_current_position_mode": "/papi/v1/um/positionSide/dual",
    "get_cm_current_position_mode": "/papi/v1/cm/positionSide/dual",
}
MISSPELT = "qtylFloor"  #: in samples of the documentation; the venue's own answers have qtyFloor
ADJUSTED = "notionalCoef"  #: only where a user's brackets were adjusted


def fields(body: Any, before: str = "") -> set[str]:
    """Every field of an answer, with where it stands; rows of a list count as one."""
    if isinstance(body, list):
        return {name for row in body for name in fields(row, before)}
    if not isinstance(body, dict):
        return {before}
    return {name for key, value in body.items() for name in fields(value, f"{before}.{key}")}


def pictures() -> tuple[dict[str, Any], dict[str, Any]]:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    coin = sim.add_account("coin", product="coinm", bracket_coefficients={"BTCUSD_PERP": 1.5})
    coin.trade("BTCUSD_PERP", 10.0)
    whole = sim.add_account("whole", product="portfolio-margin", wallets={"BTC": 0.1})
    whole.trade("BTCUSDT", 0.1)
    whole.trade("BTCUSD_PERP", 10.0)
    return sim.answers_of("coin"), sim.answers_of("whole")


@pytest.mark.parametrize(
    ("file", "paths", "place"),
    [("coinm_private_rest.json", COINM, 0), ("portfolio_margin_rest.json", PORTFOLIO, 1)],
)
def test_no_field_of_a_sample_is_missing(file: str, paths: dict[str, str], place: int) -> None:
    picture, checked = pictures()[place], set[str]()
    for sample in recorded_answers(file):
        name = sample.get("endpoint") or sample.get("path", "")
        if name in paths:
            checked.add(name)
            missing = fields(sample["response"]) - fields(picture[paths[name]])
            assert not {one for one in missing if MISSPELT not in one and ADJUSTED not in one}, name
    assert checked == set(paths)
