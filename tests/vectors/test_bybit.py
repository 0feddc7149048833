"""What Bybit printed or documented, each from answers in its own layout to the figure, through its own description.

Single numbers stand here with where they were read, so that the suite stands alone. `rec` is a record of an account,
`doc` worked out in the venue's documents. What was written before 2025-09-02 computed maintenance at the entry: those
are asked for by the rule of their time, and shown to contradict today's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import pytest

from monitor.venues.bybit.parameters import DEFAULTS, LEGACY, Parameters
from tests.venues.bybit.support import (
    T0,
    Seen,
    account_folder,
    coin,
    contract,
    fees,
    limits,
    listing,
    option_contract,
    order,
    position,
    seen,
    wallet,
)

WORST: dict[str, float] = {}


def compare(mode: str, ours: float | None, printed: float, tolerance: float) -> None:
    """Ours against the venue's, relative; the worst of each mode is told at the end."""
    assert ours is not None
    error = abs(ours - printed) / abs(printed)
    WORST[mode] = max(WORST.get(mode, 0.0), error)
    assert error <= tolerance, (ours, printed, error)


@dataclass(frozen=True)
class Held:
    """One position with what the venue printed of it. `cap` is the end of its only tier."""

    name: str
    symbol: str
    quantity: float
    entry: str
    mark: str
    leverage: str
    rate: float
    taker: str
    initial: float | None
    maintenance: float | None
    tolerance: float
    parameters: Parameters = DEFAULTS
    quote: str = "USDT"


CROSS = (
    Held("rec ADAUSDT long, a hedge account, 2025", "ADAUSDT", 18720.0, "0.41160027", "0.41", "75", 0.0075, "0.00055",
         106.51735757, 61.74535757, 1.5e-6),
    # entryPrice and markPrice of this record were moved by 1.0 by those who kept it; its value and margins say so.
    Held("rec ETHUSDT short, 2025", "ETHUSDT", -0.01, "3642.075", "3642.33", "30", 0.005, "0.00055",
         1.23480936, 0.20281586, 1.5e-6),
    Held("doc linear cross long", "BTCUSDT", 0.5, "50000", "50500", "10", 0.005, "0.00055", 2537.375, None, 1e-12),
    Held("doc linear cross short", "BTCUSDT", -0.5, "50000", "50500", "10", 0.005, "0.00055", 2540.125, None, 1e-12),
    # Before 2025-09-02. The entries are values: size 1.
    Held("rec ETHUSDT long, 2022", "ETHUSDT", 1.0, "536.925", "540", "10", 0.005, "0.0006", 53.9824395, 2.9745645,
         2e-6, LEGACY),
    Held("rec LTCUSDT long, 2024", "LTCUSDT", 1.0, "77.519375", "78", "6", 0.01, "0.00055", 12.95542633, 0.81072399,
         2e-6, LEGACY),
    # No fee to close was in it then, and it was rounded up to four digits.
    Held("rec BTCPERP long, 2022", "BTCPERP", 0.001, "30810", "30900", "1", 0.005, "0", None, 0.1541, 5e-4, LEGACY,
         "USDC"),
)  # fmt: skip


def held(one: Held) -> Seen:
    base = one.symbol.removesuffix("PERP").removesuffix("USDT")
    files = account_folder(
        "REGULAR_MARGIN",
        wallet(coin(one.quote, 100_000)),
        positions={one.quote: [position(one.symbol, one.quantity, one.entry, one.mark, one.leverage)]},
        contracts=[contract(one.symbol, base, one.quote)],
        tiers=limits(one.symbol, (1e9, one.rate, "")),
        fee_rates=fees(**{one.symbol: one.taker}),
    )
    return seen(files, parameters=one.parameters)


@pytest.mark.parametrize("one", CROSS, ids=lambda one: one.name)
def test_initial_and_maintenance_margin_of_a_position_in_cross_margin(one: Held) -> None:
    result = held(one).only()
    mode = "cross, rule of its time" if one.parameters is LEGACY else "cross"
    if one.maintenance is not None:
        compare(mode, result.maintenance_margin, one.maintenance, one.tolerance)
    if one.initial is not None:
        compare(mode, result.initial_margin, one.initial, one.tolerance)


@pytest.mark.parametrize("one", [one for one in CROSS if one.parameters is LEGACY], ids=lambda one: one.name)
def test_what_was_printed_before_2025_09_02_contradicts_the_rule_of_today(one: Held) -> None:
    result = held(replace(one, parameters=DEFAULTS)).only()
    assert result.maintenance_margin is not None
    assert one.maintenance is not None
    assert abs(result.maintenance_margin / one.maintenance - 1.0) > one.tolerance


def test_the_profit_of_the_recorded_position() -> None:
    # ADAUSDT long of the record: 18 720 * (0.41 - 0.41160027), printed as -29.957.
    compare("cross", held(CROSS[0]).only().positions[0].unrealized_pnl, -29.957, 1e-5)


ISOLATED = (
    ("x1 long", 1.0, "10", "1", "10", 0.01, 0.1),
    ("x5 long", 1.0, "10", "5", "2", 0.01, 8.1),
    ("x10 long", 1.0, "10", "10", "1", 0.01, 9.1),
    ("x1 short", -1.0, "10", "1", "10", 0.01, 19.9),
    ("x3 short", -1.0, "10", "3", "3.3333333333333335", 0.01, 13.233333),
    ("x10 short", -1.0, "10", "10", "1", 0.01, 10.9),
    ("help page, x50 long", 1.0, "20000", "50", "400", 0.005, 19700.0),
)
"""(name, size, entry, leverage, margin, rate, liquidation price): six simple sums of another program's tests, and an
old example of the help pages. All are the rule before 2025-09-02."""


def isolated(
    quantity: float, entry: str, leverage: str, margin: str, rate: float, parameters: Parameters = DEFAULTS, **more: Any
) -> Seen:
    taker = more.pop("taker", "0")
    files = account_folder(
        "ISOLATED_MARGIN",
        wallet(coin("USDT", 100_000)),
        positions={"USDT": [position("BTCUSDT", quantity, entry, entry, leverage, positionIM=margin, **more)]},
        contracts=[contract("BTCUSDT", "BTC")],
        tiers=limits("BTCUSDT", (1e9, rate, "")),
        fee_rates=fees(BTCUSDT=taker),
    )
    return seen(files, parameters=parameters)


@pytest.mark.parametrize(("name", "quantity", "entry", "leverage", "margin", "rate", "printed"), ISOLATED)
def test_isolated_liquidation_prices_by_the_rule_before_2025_09_02(
    name: str, quantity: float, entry: str, leverage: str, margin: str, rate: float, printed: float
) -> None:
    line = isolated(quantity, entry, leverage, margin, rate, LEGACY).only().positions[0].line
    compare("isolated, rule of its time", line.price, printed, 1e-6)
    # Today's rule lacks no factor 1 / (1 -+ r) and says another price: half a percent and more away.
    today = isolated(quantity, entry, leverage, margin, rate).only().positions[0].line
    assert today.price is None or abs(today.price / printed - 1.0) > 1e-5, name


def test_the_documented_isolated_long_with_margin_added_by_hand() -> None:
    # doc: 1 BTC at 40 000, x50, 3000 added, 0.5 %, fee 0.055 %: 36 380.25. Margin: 800 + 21.56 to close + 3000/(1-t).
    seen_ = isolated(1.0, "40000", "50", "3823.21090798", 0.005, taker="0.00055")
    compare("isolated", seen_.only().positions[0].line.price, 36380.25, 1e-7)


def test_the_margin_added_by_hand_is_found_again_in_the_liquidation_price() -> None:
    # The same position with the venue's price in its row and nothing that tells of the 3000.
    seen_ = isolated(1.0, "40000", "50", "821.56", 0.005, taker="0.00055", liqPrice="36380.25")
    added = seen_.description.pools[-1].cash - 800.0 - 21.56
    compare("isolated", added * (1 - 0.00055), 3000.0, 1e-6)
    compare("isolated", seen_.only().positions[0].line.price, 36380.25, 1e-12)


def up(price: float | None, tick: float) -> float:
    """Rounded up to the tick, as the venue did before 2025 for longs."""
    assert price is not None
    return ceil(price / tick - 1e-9) * tick


def test_the_recorded_isolated_long_whose_price_was_rounded_up() -> None:
    # rec ETHUSDT, 2022: 0.1 at 1198.45, x4.2; the margin of the formula is value / leverage.
    seen_ = isolated(0.1, "1198.45", "4.2", "28.5345238095", 0.005, LEGACY)
    compare("isolated, rule of its time", up(seen_.only().positions[0].line.price, 0.05), 919.1, 1e-6)


def test_the_recorded_inverse_long_with_margin_added_by_hand() -> None:
    # rec ETHUSD, 2023: 200 at 1812.70004844; initial margin 0.01926611, less 200 / 1544.2 * 0.0006 to close.
    files = account_folder(
        "ISOLATED_MARGIN",
        wallet(coin("ETH", 1)),
        positions={"inverse": [position("ETHUSD", 200.0, "1812.70004844", "1812.90", "12", positionIM="0.01918840")]},
        contracts=[contract("ETHUSD", "ETH", "USD")],
        tiers=limits("ETHUSD", (500.0, 0.005, ""), inverse_percent=True),
        fee_rates=fees(ETHUSD="0"),
    )
    found = seen(files, parameters=LEGACY).only().positions[0]
    compare("inverse, rule of its time", up(found.line.price, 0.05), 1550.8, 1e-6)
    compare("inverse, rule of its time", up(found.bankruptcy.price, 0.05), 1544.2, 1e-6)


LADDER = limits("XUSDT", (100e3, 0.02, ""), (200e3, 0.025, "500"), (300e3, 0.03, "1500"), (1e9, 0.035, "3000"))


def test_the_documented_position_with_an_order_in_the_tier_above() -> None:
    # doc: long 50 at 4000 asks 4500; a bid for 50 at 3000 is rated by the 3.5 % of 350 000: 5250, together 9750.
    files = account_folder(
        "REGULAR_MARGIN",
        wallet(coin("USDT", 97_500)),
        positions={"USDT": [position("XUSDT", 50.0, "4000", "4000")]},
        orders={"USDT": [order("a", "XUSDT", 50.0, "3000")]},
        contracts=[contract("XUSDT", "X")],
        tiers=LADDER,
        fee_rates=fees(XUSDT="0"),
    )
    result = seen(files).only()
    compare("orders", result.maintenance_margin, 4500.0, 1e-12)
    compare("orders", result.stages["orders-cancelled"].value, 9750 / 97_500, 1e-12)


def test_the_documented_initial_margin_of_an_order() -> None:
    # doc: a bid for 1 at 50 000, x10, 0.055 %: 5000 + 27.5 to open + 24.75 to close at bankruptcy = 5052.25.
    files = account_folder(
        "REGULAR_MARGIN",
        wallet(coin("USDT", 100_000)),
        orders={"USDT": [order("a", "BTCUSDT", 1.0, "50000")]},
        contracts=[contract("BTCUSDT", "BTC")],
        tiers=limits("BTCUSDT", (1e9, 0.005, "")),
        more={
            "v5_position_list__category=linear__symbol=BTCUSDT.json": listing(
                position("BTCUSDT", 0.0, "0", "50000", "10"), category="linear"
            )
        },
    )
    leg = next(leg for leg in seen(files).description.pools[0].legs if leg.order)
    assert leg.initial_margin_rate is not None
    compare("orders", leg.initial_margin_rate * 50_000 + leg.constant_initial, 5052.25, 1e-12)


def test_the_documented_short_call() -> None:
    # doc: short 1 BTC-31000 call, index 30 000, mark 300, sold at 350: maintenance 1260, initial 2350.
    symbol = "BTC-30DEC26-31000-C"
    ticker = {"symbol": symbol, "markPrice": "300", "markIv": "0.5", "underlyingPrice": "30000", "indexPrice": "30000"}
    files = account_folder(
        "REGULAR_MARGIN",
        wallet(coin("USDC", 10_000)),
        positions={"option": [position(symbol, -1.0, "350", "300", "")]},
        more={
            "v5_market_instruments-info__category=option.json": listing(
                option_contract(symbol, "BTC", "USDC", T0 + 40 * 86_400)
            ),
            "v5_market_tickers__baseCoin=BTC__category=option.json": listing(ticker, category="option"),
        },
    )
    result = seen(files, assets={"BTC": 30_000.0, "USDC": 1.0}).only()
    compare("options in cross", result.maintenance_margin, 1260.0, 1e-12)
    compare("options in cross", result.initial_margin, 2350.0, 1e-12)
    compare("options in cross", result.ratio.value, 0.126, 1e-12)
    assert result.equity == 10_000.0  # the premium is in the wallet, and the option's value in the requirement


def test_the_documented_wallets_available_balance_and_ratio() -> None:
    # doc, 2022: margin balance less initial margin is available; maintenance over balance was printed cut off as 0.003.
    files = account_folder(
        "REGULAR_MARGIN",
        wallet(
            coin("USDT", "12837.78330188"),
            totalMarginBalance="12837.78330188",
            totalInitialMargin="205.72562486",
            totalMaintenanceMargin="39.42876721",
            totalAvailableBalance="12632.05767702",
            accountMMRate="0.003",
        ),
    )
    found = seen(files).account.venue
    assert found.haircut == 0.0
    compare("wallet", found.available, 12632.05767702, 1e-12)
    assert found.maintenance_margin is not None
    assert found.equity is not None
    ratio = found.maintenance_margin / found.equity
    assert found.ratio is not None
    assert found.ratio <= ratio < found.ratio + 0.001


def test_the_worst_error_of_each_mode_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(WORST) >= {"cross", "isolated", "orders", "options in cross", "wallet"}
    with capsys.disabled():
        print("\n", *(f"{mode:28s} {error:8.1e}\n" for mode, error in sorted(WORST.items())))
