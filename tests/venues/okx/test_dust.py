"""What floats leave of an asset is neither held nor owed."""

from __future__ import annotations

from tests.venues.okx.support import coin
from tests.venues.okx.test_margin import in_usd


def test_what_floats_leave_of_an_asset_whose_equity_is_all_profit_is_no_loan() -> None:
    """0.3 - (0.1 + 0.2) of a coin that nobody lends is nothing, and no pool is unknown or liquidated for it."""
    found = in_usd(coin("ETH", "0", eq="0.3", upl="0.30000000000000004", coinUsdPrice="3000"))
    assert (found.pool("multi-assets").holdings, found.pool("multi-assets").unknown) == ((), ())
    assert found.results()["multi-assets"].ratio.value == 0.0


def test_the_smallest_unit_of_a_coin_is_owed() -> None:
    owing = in_usd(coin("ETH", "0", eq="0.29999999", upl="0.3", coinUsdPrice="3000"))
    assert owing.pool("multi-assets").unknown == ("no borrowing tiers for ETH, which is owed",)
