"""OKX's own figures out of its own rows: raw JSON, our readers, our description, the kernel, and the venue's figure.

Each situation is a record of a demo or real account, or a sample of the API documentation, written down here; no
formula stands in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.margin.results import PoolResult, VenueLineResult
from monitor.venues.okx import endpoints
from monitor.venues.okx.margin_terms import ORDERS_GONE
from tests.vectors.measured import Vector, stand_here, table
from tests.venues.okx.support import (
    STAMP,
    Told,
    answer,
    balance,
    coin,
    config,
    contract,
    fees,
    folder_of,
    named,
    order,
    pair,
    swap,
    tier,
    tiers_file,
    told,
)

BUILDER = Path(__file__).parent.parent / "venues" / "okx" / "position_builder.json"
FULL_USDT = answer({"ccy": "USDT", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "1"}]})


def shown(result: PoolResult) -> float:
    """The venue's ratio: equity over requirement, with resting orders in it."""
    value = result.stages[ORDERS_GONE].value
    assert value is not None
    return 1.0 / value


def only_line(result: PoolResult) -> VenueLineResult:
    (line,) = result.venue_lines
    return line


def printed(result: PoolResult) -> float:
    """Our figure for the price that the venue prints, as it prints it."""
    price = only_line(result).ours.price
    assert price is not None
    return price


def upl(result: PoolResult) -> float:
    (position,) = result.positions
    assert position.unrealized_pnl is not None
    return position.unrealized_pnl


def isolated(
    inst: str, pos: str, entry: str, mark: str, margin: str, *, size: str, tick: str, rates: list[dict[str, object]]
) -> Told:
    kind, family = endpoints.inst_type(inst), endpoints.family(inst)
    return told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDT", "0")),
            positions=[
                swap(inst, pos, entry, mark, mgnMode="isolated", margin=margin, liqPx="1", ccy=family.split("-")[1])
            ],
            listed=[contract(inst, size, tick=tick)],
            tiers={tiers_file(kind, "isolated", family): [{**one, "instFamily": family} for one in rates]},
        )
    )


def btc_isolated() -> PoolResult:
    found = isolated(
        "BTC-USDT-SWAP",
        "1",
        "78059.0500000000000002",
        "78058.84",
        "156.1181",
        size="0.01",
        tick="0.01",
        rates=[tier("0", "2000", "0.004")],
    )
    return found.results()["isolated:BTC-USDT-SWAP:long"]


def yfi_isolated() -> PoolResult:
    found = isolated(
        "YFI-USDT-SWAP",
        "5",
        "2268",
        "2267.5",
        "0.2268",
        size="0.0001",
        tick="0.1",
        rates=[tier("0", "1000", "0.0065")],
    )
    return found.results()["isolated:YFI-USDT-SWAP:long"]


def fil_isolated() -> PoolResult:
    found = isolated(
        "FIL-USDT-SWAP",
        "-500000",
        "0.6745872328000001",
        "0.67",
        "843.234041",
        size="0.1",
        tick="0.0001",
        rates=[tier("0", "250000", "0.01"), tier("250001", "1000000", "0.015")],
    )
    return found.results()["isolated:FIL-USDT-SWAP:short"]


def eth_coin_isolated() -> PoolResult:
    """The documentation's sample in its newer form; the mark is the one that its own profit and maintenance are of."""
    found = isolated(
        "ETH-USD-210430",
        "1",
        "2566.31",
        "2565.6559999",
        "0.0003896645377994",
        size="10",
        tick="0.01",
        rates=[tier("0", "1000", "0.008")],
    )
    # 10 / 2566.31 - 10 / mark is the profit that it prints: -0.0000009932766034.
    return found.results(**{"ETH-USD-210430": 10.0 / (10.0 / 2566.31 + 0.0000009932766034)})[
        "isolated:ETH-USD-210430:long"
    ]


def three_times_short() -> PoolResult:
    found = isolated(
        "X-USDT-SWAP", "-1", "10", "10", "3.3333333333333335", size="1", tick="0.1", rates=[tier("0", "100", "0.01")]
    )
    files = folder_of(
        setup=config("2"),
        money=balance(coin("USDT", "0")),
        positions=[swap("X-USDT-SWAP", "-1", "10", "10", mgnMode="isolated", margin="3.3333333333333335", ccy="USDT")],
        listed=[contract("X-USDT-SWAP", "1")],
        tiers={tiers_file("SWAP", "isolated", "X-USDT"): [tier("0", "100", "0.01", instFamily="X-USDT")]},
        taker="-0.0006",
    )
    assert found.account.positions
    return told(files).results()["isolated:X-USDT-SWAP:short"]


def loan(taker: str = "-0.001") -> PoolResult:
    row = {
        **swap("BTC-USDT", "0.00190433573", "52513.2", "62891.9"),
        "instType": "MARGIN",
        "mgnMode": "isolated",
        "margin": "0.000317654",
        "ccy": "BTC",
        "posCcy": "BTC",
        "liab": "-99.9998177776581948",
        "liabCcy": "USDT",
        "interest": "0",
        "liqPx": "53615.448336593756",
    }
    owed = tier("0", "50", "0.02", instId="BTC-USDT", baseMaxLoan="50", quoteMaxLoan="500000")
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDT", "0")),
            positions=[row],
            listed=[pair("BTC-USDT")],
            tiers={tiers_file("MARGIN", "isolated", "BTC-USDT"): [owed]},
            more={named(endpoints.TRADE_FEE, instType="SPOT"): fees("SPOT", taker, "2")},
        )
    )
    return found.results()["isolated:BTC-USDT:long"]


def cross(
    inst: str,
    pos: str,
    entry: str,
    mark: str,
    cash: str,
    *,
    size: str,
    rates: list[dict[str, object]],
    lever: str = "100",
    orders: list[dict[str, object]] | None = None,
    taker: str = "-0.0005",
) -> PoolResult:
    family, settle = endpoints.family(inst), endpoints.family(inst).split("-")[1]
    settle = family.split("-")[0] if settle == "USD" else settle
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin(settle, cash)),
            positions=[swap(inst, pos, entry, mark, lever=lever, liqPx="1", ccy=settle)],
            orders=orders or [],
            listed=[contract(inst, size)],
            tiers={tiers_file("SWAP", "cross", family): [{**one, "instFamily": family} for one in rates]},
            taker=taker,
        )
    )
    return found.results()[f"cross:{settle}"]


def eth_cross(taker: str = "-0.0005") -> PoolResult:
    return cross(
        "ETH-USDT-SWAP",
        "-137.89",
        "2471.0659518456740882",
        "2411.75",
        "286.8952266692395",
        size="0.1",
        rates=[tier("0", "10000", "0.004")],
        taker=taker,
    )


def xrp_cross() -> PoolResult:
    return cross(
        "XRP-USDT-SWAP",
        "1",
        "0.52668",
        "0.52692",
        "19.973666",  # the account's equity is inferred from the ratio: 19.997666, with 0.024 of profit
        size="100",
        rates=[tier("0", "1000", "0.005")],
        lever="3",
    )


COIN_RATES = [tier("0", "2000", "0.004"), tier("2001", "10000", "0.005")]


def btc_coin_cross(mark: str = "78968.4", *orders: dict[str, object], taker: str = "-0.0005") -> PoolResult:
    return cross(
        "BTC-USD-SWAP",
        "-1900",
        "78965.7649821277493337",
        mark,
        "0.9991548782181453",
        size="100",
        rates=COIN_RATES,
        orders=list(orders),
        taker=taker,
    )


def with_an_order(taker: str = "-0.0005") -> PoolResult:
    # The mark is the one of the profit that it prints, 0.0000903471160214.
    mark = 190000.0 / (190000.0 / 78965.7649821277493337 + 0.0000903471160214)
    return btc_coin_cross(repr(mark), order("BTC-USD-SWAP", "sell", "1000", "90809.9", lever="100"), taker=taker)


def multi_currency(equity: str, notional: str) -> PoolResult:
    """The documentation's account: some derivatives, 0.4 % maintenance, 0.05 % to close, counted in USD."""
    inst = "BTC-USDT-SWAP"
    found = told(
        folder_of(
            setup=config("3"),
            money=balance(coin("USD", equity)),
            positions=[swap(inst, "1", notional, notional, lever="10", ccy="USDT")],
            listed=[contract(inst, "1")],
            tiers={tiers_file("SWAP", "cross", "BTC-USDT"): [tier("0", "10", "0.004", instFamily="BTC-USDT")]},
            more={named(endpoints.DISCOUNT_RATES): FULL_USDT},
        )
    )
    return found.results()["multi-assets"]


def borrowed() -> PoolResult:
    """A loan of the documentation's older sample: 3 % maintenance, and 0.0005 x 1.03 for closing it."""
    loans = named(endpoints.POSITION_TIERS, instType="MARGIN", tdMode="cross", ccy="USDT")
    found = told(
        folder_of(
            setup=config("3"),
            money=balance(coin("USDT", "-10000"), coin("USD", "20000")),
            more={
                named(endpoints.DISCOUNT_RATES): FULL_USDT,
                loans: answer(tier("0", "100000", "0.03")),
                named(endpoints.TRADE_FEE, instType="SPOT"): answer(
                    {"instType": "SPOT", "feeGroup": [], "taker": "-0.0005"}
                ),
            },
        )
    )
    return found.results()["multi-assets"]


def held(result: PoolResult) -> float:
    assert result.maintenance_margin is not None
    return result.maintenance_margin


def initial(result: PoolResult) -> float:
    assert result.initial_margin is not None
    return result.initial_margin


def without_fee(mode: str) -> PoolResult:
    """The same with a fee of nothing: the venue's own «mmr» is without the fee of closing."""
    inst, pos, entry, mark, margin, size, rate = {
        "BTC": ("BTC-USDT-SWAP", "1", "78059.0500000000000002", "78058.84", "156.1181", "0.01", "0.004"),
        "ETH": ("ETH-USD-210430", "1", "2566.31", "2565.6559999", "0.0003896645377994", "10", "0.008"),
    }[mode]
    kind, family = endpoints.inst_type(inst), endpoints.family(inst)
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDT", "0")),
            positions=[swap(inst, pos, entry, mark, mgnMode="isolated", margin=margin)],
            listed=[contract(inst, size)],
            tiers={tiers_file(kind, "isolated", family): [tier("0", "1000", rate, instFamily=family)]},
            taker="0",
        )
    )
    its = 10.0 / (10.0 / 2566.31 + 0.0000009932766034) if mode == "ETH" else float(mark)
    return found.results(**{inst: its})[f"isolated:{inst}:long"]


def with_orders(result: PoolResult) -> float:
    """The requirement with resting orders in it, where no fee is taken."""
    assert result.equity is not None
    return result.equity / shown(result)


def portfolio() -> PoolResult:
    """The position builder's documented account: 100 USDT at 0.99954, and a loss far beyond them that is a loan."""
    assets = {"BTC": "97093.7", "LTC": "102", "USDT": "0.99954"}
    loans = named(endpoints.POSITION_TIERS, instType="MARGIN", tdMode="cross", ccy="USDT")
    found = told(
        folder_of(
            setup=config("4"),
            money=balance(coin("USDT", "100")),
            positions=[
                swap("BTC-USDT-SWAP", "-10", "100000", "97093.7", ccy="USDT"),
                swap("LTC-USDT-SWAP", "10", "8000", "102", ccy="USDT"),
            ],
            listed=[contract("BTC-USDT-SWAP", "0.01"), contract("LTC-USDT-SWAP", "1")],
            more={
                named(endpoints.POSITION_BUILDER): BUILDER.read_bytes(),
                named(endpoints.DISCOUNT_RATES): FULL_USDT,
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                    *({"instId": f"{asset}-USD", "idxPx": price, "ts": STAMP} for asset, price in assets.items())
                ),
                loans: answer(tier("0", "1000000", "0.02")),
            },
        )
    )
    return found.results()["portfolio-margin"]


def in_the_red(result: PoolResult) -> float:
    """Equity over requirement where there is no equity left, as the position builder prints it."""
    assert result.equity is not None
    assert result.maintenance_margin is not None
    return result.equity / result.maintenance_margin


def in_usd() -> float:
    found = told(
        folder_of(setup=config("2"), money=balance(coin("USDT", "100.52768569797846", coinUsdPrice="1.00032")))
    )
    equity = found.results()["cross:USDT"].equity_usd
    assert equity is not None
    return equity


def short_option() -> PoolResult:
    """One contract of 0.1 BTC, sold: strike 6000, forward 5900, worth 0.0575 BTC, margin factor 1.02."""
    inst = "BTC-USD-270101-6000-C"
    found = told(
        folder_of(
            setup=config("3"),
            money=balance(coin("BTC", "1")),
            positions=[swap(inst, "-1", "0.06", "0.0575", instType="OPTION", ccy="BTC", optVal="-0.00575")],
            listed=[
                contract(
                    inst, "0.1", ctMult="1", ctType="", stk="6000", optType="C", expTime="1798700000000", settle="BTC"
                )
            ],
            tiers={
                named(endpoints.POSITION_TIERS, instType="OPTION", tdMode="cross", instFamily="BTC-USD"): [
                    tier("0", "100", "0", instFamily="BTC-USD", optMgnFactor="1.02")
                ]
            },
            more={
                named(endpoints.OPT_SUMMARY, instFamily="BTC-USD"): answer(
                    {"instId": inst, "markVol": "0.6", "fwdPx": "5900", "ts": STAMP}
                ),
                named(endpoints.DISCOUNT_RATES): answer(
                    {"ccy": "BTC", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "1"}]}
                ),
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                    {"instId": "BTC-USD", "idxPx": "5900", "ts": STAMP}
                ),
            },
        )
    )
    return found.results()["multi-assets"]


VECTORS = (
    Vector("isolated linear", "BTC long: maintenance", 3.1223536, lambda: held(without_fee("BTC"))),
    Vector("isolated inverse", "ETH long: maintenance", 3.11811092368e-05, lambda: held(without_fee("ETH")), 1e-9),
    Vector("cross", "equity in USD", 100.55985455740182, in_usd),
    Vector("portfolio margin", "position builder: ratio", -25.95365779811705, lambda: in_the_red(portfolio())),
    Vector("options", "short call: initial margin", 0.01932, lambda: initial(short_option()) / 5900.0, 1e-4),
    Vector("isolated linear", "BTC long: profit", -0.0021, lambda: upl(btc_isolated()), 1e-6),
    Vector("isolated linear", "BTC long: ratio", 44.44396617275433, lambda: shown(btc_isolated())),
    Vector("isolated linear", "BTC long: price", 62729.53285283777, lambda: printed(btc_isolated())),
    Vector("isolated linear", "YFI long: ratio", 28.546227752401958, lambda: shown(yfi_isolated())),
    Vector("isolated linear", "YFI long: price", 1827.290332326284, lambda: printed(yfi_isolated())),
    Vector("isolated linear", "FIL short, second tier: price", 0.6807979947021173, lambda: printed(fil_isolated())),
    Vector("isolated linear", "short at three times", 13.193482419684678, lambda: ours(three_times_short())),
    Vector("isolated inverse", "ETH long: ratio", 11.731726509588816, lambda: shown(eth_coin_isolated()), 1e-9),
    Vector("isolated inverse", "ETH long: price", 2352.8496681818233, lambda: printed(eth_coin_isolated()), 1e-9),
    Vector("isolated margin", "BTC long: maintenance", 0.0000318005395854, lambda: held(loan("0")) / 62891.9, 1e-9),
    Vector("isolated margin", "BTC long: ratio", 9.404143929947395, lambda: shown(loan())),
    Vector("isolated margin", "BTC long: price", 53615.448336593756, lambda: printed(loan())),
    Vector("cross linear", "ETH short: ratio", 7.382564121680527, lambda: shown(eth_cross())),
    Vector("cross linear", "ETH short: price", 2480.7088557412476, lambda: printed(eth_cross())),
    Vector("cross linear", "ETH short: maintenance", 133.022483, lambda: held(eth_cross("0"))),
    Vector("cross inverse", "with an order: maintenance", 0.0183630772971576, lambda: with_orders(with_an_order("0"))),
    Vector("cross linear", "ETH short: initial margin", 332.5562075, lambda: initial(eth_cross())),
    Vector("cross linear", "XRP long: ratio", 69.00363001456147, lambda: shown(xrp_cross()), 1e-6),
    Vector("cross linear", "XRP long: price", 0.3287514731020614, lambda: printed(xrp_cross()), 1e-6),
    Vector("cross inverse", "BTC short: ratio", 92.27523035415192, lambda: shown(btc_coin_cross())),
    Vector("cross inverse", "BTC short: price", 134436.0856853804, lambda: printed(btc_coin_cross())),
    Vector("cross inverse", "with an order: ratio", 49.44183316695069, lambda: shown(with_an_order())),
    Vector("cross inverse", "with an order: price", 134436.0856853804, lambda: printed(with_an_order())),
    Vector(
        "multi-currency",
        "answer: ratio",
        143682.59776662575,
        lambda: shown(multi_currency("55415.624719833286", "85.7068529")),
    ),
    Vector(
        "multi-currency",
        "push: ratio",
        143705.65988369548,
        lambda: shown(multi_currency("55444.12216906034", "85.737166146")),
    ),
    Vector("multi-currency", "loan: requirement", 305.15, lambda: held(borrowed())),
)


def ours(result: PoolResult) -> float:
    (position,) = result.positions
    assert position.line.price is not None
    return position.line.price


COLLECTED = {
    "freqtrade-okx-iso-5": "short at three times",
    "okx-inverse-iso-long-eth-1": "ETH long: price",
    "okx-inverse-iso-long-eth-1-ratio": "ETH long: ratio",
    "okx-inverse-iso-long-eth-1-mm": "ETH long: maintenance",
    "okx-linear-cross-long-xrp-1": "XRP long: price",
    "okx-equity-usd-1": "equity in USD",
}
"""Where each of OKX's vectors in the collection stands here."""


def test_every_vector_of_the_collection_stands_here() -> None:
    stand_here("okx", VECTORS, COLLECTED)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.mode}: {vector.name}")
def test_the_venues_own_figure_comes_out_of_its_own_rows(vector: Vector) -> None:
    assert vector.error <= vector.tolerance


def test_the_worst_error_of_each_mode(record_property: Callable[[str, object], None]) -> None:
    """How near we come to OKX, mode by mode."""
    assert table("OKX", VECTORS, record_property) == 9
