"""Our figures against the venue's own in the same answers, compared as the engine compares them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from monitor.domain.accounts import Account
from monitor.engine.reconcile import Reconciliation, reconcile
from monitor.engine.settings import DriftTolerances
from monitor.margin.book import STABLECOINS
from monitor.venues.okx import endpoints
from tests.venues.okx.support import (
    ACCOUNT,
    Row,
    Told,
    balance,
    coin,
    config,
    contract,
    folder_of,
    order,
    pair,
    recorded_frames,
    swap,
    tier,
    tiers_file,
    told,
)

CLOSE = DriftTolerances(figure_ratio=1e-9, line_ratio=1e-9)


def compared(found: Told, marks: Mapping[str, float] | None = None) -> dict[str, Reconciliation]:
    pools = found.description.pools
    verdicts = reconcile(ACCOUNT, pools, {**found.marks, **(marks or {})}, found.assets, STABLECOINS, CLOSE)
    return {key.pool: verdict for key, verdict in verdicts.items()}


def agrees(verdict: Reconciliation, *figures: str) -> None:
    """No word of disagreement, and these figures were compared."""
    assert verdict.disagreements == ()
    assert set(figures) <= set(verdict.drift)
    assert max(map(abs, verdict.drift.values())) < 1e-9


def test_an_isolated_long_as_recorded() -> None:
    row = swap(
        "BTC-USDT-SWAP",
        "1",
        "78059.0500000000000002",
        "78058.84",
        mgnMode="isolated",
        ccy="USDT",
        margin="156.1181",
        upl="-0.0021000000000002",
        mgnRatio="44.44396617275433",
        liqPx="62729.53285283777",
        posSide="long",
    )
    found = told(
        folder_of(
            setup=config("2", "long_short_mode"),
            money=balance(coin("USDT", "0")),
            positions=[row],
            listed=[contract("BTC-USDT-SWAP", "0.01", tick="0.01")],
            tiers={
                tiers_file("SWAP", "isolated", "BTC-USDT"): [tier("0", "2000", "0.004", instFamily="BTC-USDT")],
            },
        )
    )
    agrees(compared(found)["isolated:BTC-USDT-SWAP:long"], "equity", "ratio", "maintenance_margin", "line")


def test_a_loan_as_documented() -> None:
    row: Row = {
        **swap("BTC-USDT", "0.00190433573", "52513.2", "62891.9", liqPx="53615.448336593756"),
        "instType": "MARGIN",
        "mgnMode": "isolated",
        "margin": "0.000317654",
        "ccy": "BTC",
        "posCcy": "BTC",
        "liab": "-99.9998177776581948",
        "liabCcy": "USDT",
        "interest": "0",
        "mgnRatio": "9.404143929947395",
    }
    owed = tier("0", "50", "0.02", instId="BTC-USDT", baseMaxLoan="50", quoteMaxLoan="500000")
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDT", "0")),
            positions=[row],
            listed=[pair("BTC-USDT")],
            tiers={tiers_file("MARGIN", "isolated", "BTC-USDT"): [owed]},
        )
    )
    agrees(compared(found)["isolated:BTC-USDT:long"], "ratio", "line")


def inverse_short(mark: float, profit: float, ratio: str, *orders: Row) -> Told:
    row = swap(
        "BTC-USD-SWAP",
        "-1900",
        "78965.7649821277493337",
        repr(mark),
        ccy="BTC",
        lever="100",
        liqPx="134436.0856853804",
    )
    money = coin("BTC", "0.9991548782181453", upl=repr(profit), isoUpl="0", mgnRatio=ratio, eq="", eqUsd="")
    rates = [tier("0", "2000", "0.004"), tier("2001", "10000", "0.005")]
    return told(
        folder_of(
            setup=config("2"),
            money=balance(money),
            positions=[row],
            orders=orders,
            listed=[contract("BTC-USD-SWAP", "100")],
            tiers={tiers_file("SWAP", "cross", "BTC-USD"): [{**one, "instFamily": "BTC-USD"} for one in rates]},
        )
    )


def test_a_coin_margined_short_as_recorded_and_the_same_with_a_resting_order() -> None:
    entry = 78965.7649821277493337
    alone = inverse_short(78968.4, 190000.0 / 78968.4 - 190000.0 / entry, "92.27523035415192")
    agrees(compared(alone)["cross:BTC"], "equity", "ratio", "line")
    profit = 0.0000903471160214
    mark = 190000.0 / (190000.0 / entry + profit)
    resting = inverse_short(
        mark, profit, "49.44183316695069", order("BTC-USD-SWAP", "sell", "1000", "90809.9", lever="100")
    )
    agrees(compared(resting)["cross:BTC"], "equity", "ratio", "line")


def test_a_wrong_tier_would_be_seen() -> None:
    found = inverse_short(78968.4, -0.00008, "60")
    assert compared(found)["cross:BTC"].disagreements


def total_usd(account: Account, found: Told) -> float:
    assert account.balances
    return sum(result.equity_usd or 0.0 for result in found.results().values())


def test_the_sum_over_currencies_is_the_venues_total_equity() -> None:
    # Three coins of a futures account, as pushed; the venue's `totalEq` of them.
    rows = [
        coin("USDT", "100.52768569797846", coinUsdPrice="1.00032", upl="0"),
        coin("BTC", "0.0000000051", coinUsdPrice="109582.7", upl="0"),
        coin("ETH", "0.000000185", coinUsdPrice="2597.94", upl="0"),
    ]
    found = told(folder_of(setup=config("2"), money=balance(*rows)))
    assert total_usd(found.account, found) == pytest.approx(100.56089404807182, rel=1e-12)


def test_the_sum_over_currencies_of_every_recorded_account_is_its_total() -> None:
    seen = 0
    for record in recorded_frames("ws_private_frames.jsonl"):
        message = record["msg"]
        if message.get("arg", {}).get("channel") != endpoints.ACCOUNT_CHANNEL or "data" not in message:
            continue
        body = message["data"][0]
        named_here = [row for row in body["details"] if row.get("coinUsdPrice")]
        if not named_here or len(named_here) == 1:
            continue  # the documentation's sample shows one coin of several
        found = told(folder_of(setup=config("2"), money=balance(*body["details"])))
        assert total_usd(found.account, found) == pytest.approx(float(body["totalEq"]), rel=1e-3), json.dumps(body)
        seen += 1
    assert seen == 1
