"""Reports and views to test outputs, page and alerts with: a calm account, from which tests change what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.domain.accounts import AccountMode, CollateralMode, Permissions
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.lines import NEVER, Direction, Line, Ratio, State
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport, CollateralReport, PoolReport, PositionReport
from monitor.domain.view import Budget, FeedStatus, JournalStatus, View

NOW = 1_790_000_000.0
MAIN = AccountKey("binance", "main")
CROSS = PoolKey("binance", "main", "cross:USDT")


def together(distance_ratio: float) -> Line:
    """A market line: many prices move, so that it has no price of its own."""
    return Line(State.AT, None, distance_ratio)


def position(symbol: str = "BTCUSDT", side: Side = Side.LONG, **changed: Any) -> PositionReport:
    """A long of 1 BTC at 60,000 whose line lies at 45,000."""
    calm = PositionReport(
        symbol=symbol,
        side=side,
        coin=symbol.removesuffix("USDT").removeprefix("1000"),
        quantity=1.0 if side is Side.LONG else -1.0,
        entry_price=59_000.0,
        mark_price=60_000.0,
        notional_usd=60_000.0,
        unrealized_pnl_usd=1_000.0,
        line=Line.at(45_000.0, 0.25),
        bankruptcy=Line.at(44_000.0, 16 / 60),
        line_with_backstop=None,
        loss_to_line_usd=15_000.0,
        distance_sigmas=8.5,
        venue_line=Line.at(45_010.0, 0.2498),
        drift_ratio=-0.000167,
    )
    return replace(calm, **changed)


def pool(name: str = "cross:USDT", owner: AccountKey = MAIN, **changed: Any) -> PoolReport:
    """A live cross pool with one long, at 20 % of the way to liquidation."""
    calm = PoolReport(
        key=PoolKey(*owner, name),
        isolated=name.startswith("isolated"),
        primary=True,
        quality=Quality.LIVE,
        reasons=(),
        as_of=NOW - 1.0,
        ratio=Ratio.of(0.2),
        venue_ratio=0.2,
        equity_usd=15_500.0,
        maintenance_margin_usd=500.0,
        initial_margin_usd=3_000.0,
        funds_at_risk_usd=15_500.0,
        gross_notional_usd=60_000.0,
        net_notional_usd=60_000.0,
        effective_leverage_ratio=3.87,
        deficit_usd=0.0,
        stages={"liquidation": Ratio.of(0.2)},
        market={Direction.DOWN: together(0.25), Direction.UP: NEVER},
        coins={"BTC": {Direction.DOWN: Line.at(45_000.0, 0.25), Direction.UP: NEVER}},
        depegs={"USDT": {Direction.DOWN: NEVER, Direction.UP: NEVER}},
        positions=(position(),),
        drift={"equity": 0.0001, "maintenance_margin": 0.0},
    )
    return replace(calm, **changed)


def account(*pools: PoolReport, key: AccountKey = MAIN, **changed: Any) -> AccountReport:
    """A live account with a key that may only read."""
    calm = AccountReport(
        key=key,
        at=NOW,
        quality=Quality.LIVE,
        reasons=(),
        up=True,
        last_update=NOW - 2.0,
        ratio=Ratio.of(0.2),
        equity_usd=15_500.0,
        mode=AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False),
        permissions=Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False),
        pools=pools,
    )
    return replace(calm, **changed)


def paying() -> AccountReport:
    """The live account with all that is known of funding, caps, collateral and sums."""
    held = position(
        adl_rank=2, cap_usd=1e7, leverage=20.0, auto_add_margin=False, funding_rate=0.0001,
        next_funding_time=NOW + 60.0, funding_usd=6.0, delivery_time=NOW + 1e6,
    )  # fmt: skip
    burn = BurnReport(
        usd_per_day=18.0, seconds=7e7, next_time=NOW + 60.0, next_usd=6.0, after_ratio=Ratio.of(0.21),
        after_line=together(0.249), after_at=NOW,
    )  # fmt: skip
    part = CollateralReport(
        asset="USDT", amount=15_500.0, value_usd=15_500.0, share_ratio=1.0, price_usd=1.0, stable=True
    )
    return account(
        pool(
            positions=(held,), burn=burn, collateral=(part,), one_sided=True, coin_sigmas={"BTC": 0.03},
            market_sigma=0.03,
        ),
        group="desk", gross_notional_usd=60_000.0, net_notional_usd=60_000.0, effective_leverage_ratio=3.87,
        funds_at_risk_usd=15_500.0, unexplained_usd=-3.0, unexplained_text="3 USDT left the wallet",
        withdrawable_usd=12_000.0,
    )  # fmt: skip


def feed(stream: str = "marks", **changed: Any) -> FeedStatus:
    """A public stream that delivers."""
    calm = FeedStatus(
        venue="binance", account="", stream=stream, phase="live", up=True, last_message=NOW - 0.5, lag_seconds=0.05,
        reconnects=1, messages=1234,
    )  # fmt: skip
    return replace(calm, **changed)


def view(*accounts: AccountReport, **changed: Any) -> View:
    """A picture of a ready daemon."""
    calm = View(
        at=NOW, started=NOW - 3600.0, instance="desk", version="0.1.0", ready=True, not_ready=(), accounts=accounts,
        feeds=(feed(), feed("user", account="main")), budgets=(Budget(venue="binance", used_ratio=0.125),),
        clock_offsets={"binance": -0.012},
        journal=JournalStatus(
            writing=True, records_total=9_000, written_bytes_total=2_500_000, kept_bytes=7_500_000, segments=3,
        ),
        channels=(
            ChannelStatus(
                name="phone", kind="telegram", up=True, waiting=1, oldest_seconds=0.5, delivered_total=3,
                last_delivered=NOW - 60.0,
            ),
        ),
        store=StoreStatus(writing=True),
        heartbeats=(HeartbeatStatus(name="backup", every_seconds=3600.0, last=NOW - 900.0, since=NOW - 3600.0),),
        late_seconds=0.002,
    )  # fmt: skip
    return replace(calm, **changed)


def many_positions(count: int, per_pool: int = 100) -> View:
    """A view of `count` positions in pools of `per_pool`, for measuring."""
    pools = []
    for start in range(0, count, per_pool):
        positions = tuple(position(f"C{start + n}USDT") for n in range(min(per_pool, count - start)))
        pools.append(pool(f"cross:{start}", positions=positions))
    return view(account(*pools))
