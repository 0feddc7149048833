"""Groups to test rules, outputs and page with: a calm one over two venues, from which tests change what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.domain.group_reports import (
    AccountExposure,
    CoinExposure,
    FreeCollateral,
    GroupLine,
    GroupReport,
    HedgeLegReport,
    HedgeReport,
    HedgeState,
    Need,
    WorstPool,
)
from monitor.domain.lines import NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.quality import Quality
from tests.sample_reports import CROSS, MAIN, NOW, together

OTHER = AccountKey("bybit", "second")
UNIFIED = PoolKey("bybit", "second", "multi-assets")
DOWN, UP = Direction.DOWN, Direction.UP


def leg(account: AccountKey = MAIN, side: Side = Side.LONG, **changed: Any) -> HedgeLegReport:
    """1 BTC, on one side."""
    sign = 1.0 if side is Side.LONG else -1.0
    calm = HedgeLegReport(
        account=account, symbol="BTCUSDT", side=side, base=sign, usd=60_000.0 * sign,
        pool=CROSS if account == MAIN else UNIFIED, whole_base=sign, naked_usd=-60_000.0 * sign,
    )  # fmt: skip
    return replace(calm, **changed)


def hedge(**changed: Any) -> HedgeReport:
    """1 BTC long at one venue against 1 BTC short at another."""
    calm = HedgeReport(
        name="BTC", coin="BTC", declared=False, state=HedgeState.HELD, legs=(leg(), leg(OTHER, Side.SHORT)),
        net_usd=0.0, net_base=0.0, hedged_ratio=1.0,
        text="BTCUSDT long at binance/main 60,000 USD against BTCUSDT short at bybit/second 60,000 USD",
    )  # fmt: skip
    return replace(calm, **changed)


BROKEN = hedge(
    state=HedgeState.BROKEN, hedged_ratio=0.0, net_usd=60_000.0, net_base=1.0,
    legs=(leg(), leg(OTHER, Side.SHORT, base=0.0, usd=0.0, pool=None, naked_usd=60_000.0)),
    text="BTCUSDT short at bybit/second is gone (was 1 BTC); 1 BTC (60,000 USD) long unhedged",
)  # fmt: skip
NEAR = hedge(
    state=HedgeState.NEAR,
    legs=(leg(near="cross:USDT at binance/main is near liquidation (margin ratio 55 %)"), leg(OTHER, Side.SHORT)),
    text=(
        "BTCUSDT long at binance/main 60,000 USD against BTCUSDT short at bybit/second 60,000 USD; cross:USDT at "
        "binance/main is near liquidation (margin ratio 55 %): BTCUSDT short at bybit/second would be left naked, "
        "60,000 USD short"
    ),
)
BLIND = hedge(
    state=HedgeState.UNKNOWN, hedged_ratio=None, net_usd=None, net_base=None,
    legs=(leg(naked_usd=None), leg(OTHER, Side.SHORT, base=None, usd=None, pool=None, naked_usd=None)),
    reasons=("bybit/second: no fresh data",), text="unknown: bybit/second: no fresh data",
)  # fmt: skip


def group(**changed: Any) -> GroupReport:
    """Two live accounts of a desk, a fifth of whose equity is required."""
    calm = GroupReport(
        name="desk",
        at=NOW,
        members=(MAIN, OTHER),
        quality=Quality.LIVE,
        reasons=(),
        ratio=Ratio.of(0.2),
        equity_usd=31_000.0,
        maintenance_margin_usd=6_000.0,
        required_usd=6_200.0,
        worst=WorstPool(key=CROSS, ratio=Ratio.of(0.25), nearest=together(0.2)),
        market={
            DOWN: GroupLine(pool=CROSS, coin="", direction=DOWN, line=together(0.25)),
            UP: GroupLine(pool=UNIFIED, coin="", direction=UP, line=NEVER),
        },
        coins={
            "BTC": {
                DOWN: GroupLine(pool=CROSS, coin="BTC", direction=DOWN, line=Line.at(45_000.0, 0.25)),
                UP: GroupLine(pool=UNIFIED, coin="BTC", direction=UP, line=Line.at(78_000.0, 0.3)),
            }
        },
        exposures=(
            CoinExposure(
                coin="BTC", net_usd=0.0, gross_usd=120_000.0, net_base=0.0, gross_base=2.0,
                by_account=tuple(
                    AccountExposure(
                        account=account, net_usd=sign * 60_000.0, gross_usd=60_000.0, net_base=sign, gross_base=1.0
                    )
                    for account, sign in ((MAIN, 1.0), (OTHER, -1.0))
                ),
                held_base=0.5, held_usd=30_000.0,
            ),
        ),
        free=(
            FreeCollateral(account=MAIN, usd=9_000.0),
            FreeCollateral(account=OTHER, usd=None, reason="the venue does not say what may be withdrawn"),
        ),
        hedges=(hedge(),),
    )  # fmt: skip
    return replace(calm, **changed)


def dark() -> GroupReport:
    """The same desk, while nothing is known of one account."""
    why = "bybit/second: no fresh data"
    return group(
        quality=Quality.UNKNOWN, reasons=(why,), ratio=Ratio.unknown(why), equity_usd=None,
        maintenance_margin_usd=None, required_usd=None, hedges=(BLIND,),
        exposures=(
            CoinExposure(
                coin="BTC", net_usd=None, gross_usd=None, net_base=None, gross_base=None, held_base=None,
                held_usd=None, reasons=(why,),
            ),
        ),
    )  # fmt: skip


def strained() -> GroupReport:
    """The same desk with most of its equity required, and a pool that needs collateral."""
    return group(
        ratio=Ratio.of(0.72), required_usd=22_320.0,
        worst=WorstPool(key=UNIFIED, ratio=Ratio.of(0.78), nearest=Line.at(63_000.0, 0.05)),
        market={DOWN: GroupLine(pool=UNIFIED, coin="", direction=DOWN, line=together(0.08))},
        coins={"BTC": {UP: GroupLine(pool=UNIFIED, coin="BTC", direction=UP, line=Line.at(63_000.0, 0.05))}},
        needs=(Need(pool=UNIFIED, nearest=Line.at(63_000.0, 0.05), add_usd=7_400.0),),
    )  # fmt: skip
