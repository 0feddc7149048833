"""What may leave an account: the venue's own figure, and none that it did not say."""

from __future__ import annotations

from math import nan

import pytest

from monitor.domain.accounts import Balance, CollateralMode, VenueAccount
from monitor.engine.withdrawable import withdrawable

PRICES = {"USDT": 1.0, "BTC": 60_000.0}
SILENT = VenueAccount()
SAID = VenueAccount(withdrawable=500.0)
USDT = Balance(asset="USDT", wallet=1_000.0, withdrawable=400.0)
BTC = Balance(asset="BTC", wallet=0.1, withdrawable=0.01)
MUTE = Balance(asset="BTC", wallet=0.1)
EMPTY = Balance(asset="ETH", wallet=0.0)
ODD = Balance(asset="XYZ", wallet=5.0, withdrawable=1.0)
KEPT = Balance(asset="XYZ", wallet=5.0, withdrawable=0.0)

SHARED, APART = CollateralMode.MULTI_ASSETS, CollateralMode.SINGLE_ASSET
NOT_SAID = "the venue does not say what may be withdrawn"


@pytest.mark.parametrize(
    ("venue", "balances", "mode", "usd", "why"),
    [
        (SILENT, (USDT, BTC, EMPTY), APART, 1_000.0, ""),
        (SAID, (USDT, BTC), APART, 1_000.0, ""),
        (SAID, (USDT, MUTE), APART, 500.0, ""),
        (SILENT, (USDT, MUTE), APART, None, f"{NOT_SAID} of BTC"),
        (SILENT, (USDT, ODD), APART, None, "the USD price of XYZ is not known"),
        (SILENT, (USDT, KEPT), APART, 400.0, ""),
        (SILENT, (), APART, None, NOT_SAID),
        (SILENT, (EMPTY,), APART, None, NOT_SAID),
        (SAID, (USDT, BTC), SHARED, 500.0, ""),
        (SAID, (), CollateralMode.PORTFOLIO, 500.0, ""),
        (SILENT, (USDT, KEPT), SHARED, 400.0, ""),
        (SILENT, (USDT, MUTE), SHARED, None, f"{NOT_SAID} of BTC"),
        (
            SILENT,
            (USDT, BTC),
            SHARED,
            None,
            "the venue says it for each asset by itself, and all of them back the same pool",
        ),
        (SILENT, (USDT, BTC), None, 1_000.0, ""),
    ],
)
def test_what_may_leave(
    venue: VenueAccount, balances: tuple[Balance, ...], mode: CollateralMode | None, usd: float | None, why: str
) -> None:
    assert withdrawable(venue, balances, mode, lambda asset: PRICES.get(asset, nan)) == (usd, why)
