"""Members of groups to test with: accounts at three venues, each with pools of the size that a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.domain.group_reports import GroupReport, HedgeReport
from monitor.domain.lines import NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.group_settings import GroupSettings, HedgeSettings
from monitor.engine.groups import Before, Groups
from monitor.engine.settings import EngineSettings
from tests import sample_reports as sample

NOW = sample.NOW
ONE, TWO, THREE = AccountKey("alpha", "one"), AccountKey("beta", "two"), AccountKey("gamma", "three")
PRICE = 60_000.0
QUIET = {Direction.DOWN: NEVER, Direction.UP: NEVER}
DARK = ("no fresh data",)


def held(size: float, symbol: str = "BTCUSDT", coin: str = "BTC", **changed: Any) -> PositionReport:
    """So many coins at 60,000, long or short."""
    known = {
        "side": Side.LONG if size > 0 else Side.SHORT, "coin": coin, "quantity": size, "line": NEVER,
        "notional_usd": abs(size) * PRICE, "exposure_base": size, "exposure_usd": size * PRICE,
    }  # fmt: skip
    return sample.position(symbol, **{**known, **changed})


def pool(*positions: PositionReport, owner: AccountKey = ONE, name: str = "cross:USDT", **changed: Any) -> PoolReport:
    """A pool with an equity of 10,000 USD, a tenth of which is required, and no line."""
    calm = {
        "positions": positions, "equity_usd": 10_000.0, "maintenance_margin_usd": 1_000.0, "required_usd": 1_000.0,
        "ratio": Ratio.of(0.1), "market": QUIET, "coins": {}, "depegs": {},
    }  # fmt: skip
    return sample.pool(name, owner=owner, **{**calm, **changed})


def member(key: AccountKey, *positions: PositionReport, **changed: Any) -> AccountReport:
    """An account with one pool."""
    return sample.account(pool(*positions, owner=key, **changed), key=key)


def unseen(key: AccountKey, *pools: PoolReport) -> AccountReport:
    """An account that cannot be read."""
    return sample.account(
        *pools, key=key, quality=Quality.UNKNOWN, reasons=DARK, up=False, ratio=Ratio.unknown(*DARK), equity_usd=None
    )


def at(price: float) -> dict[Direction, Line]:
    """A line of BTC at this price."""
    line = Line.at(price, abs(price - PRICE) / PRICE)
    return {Direction.DOWN: line, Direction.UP: NEVER} if price < PRICE else {Direction.DOWN: NEVER, Direction.UP: line}


class Desk:
    """The groups of an engine, told of reports one after the other."""

    def __init__(
        self,
        *accounts: AccountKey,
        hedges: Sequence[HedgeSettings] = (),
        before: Before = lambda _: (),
        name: str = "desk",
        **settings: Any,
    ) -> None:
        self.name, self.now = name, NOW
        told = EngineSettings(
            accounts=accounts or (ONE, TWO),
            lines_every_seconds=0.0,
            groups=dict.fromkeys(accounts or (ONE, TWO), name),
            group_settings={name: GroupSettings(**{"detect_after_seconds": 0.0, **settings})},
            hedges=tuple(hedges),
        )
        self.groups = Groups(told, before)

    def see(self, *reports: AccountReport, after: float = 1.0, closed: Sequence[AccountKey] = ()) -> GroupReport:
        """The group after these reports, a little later."""
        self.now += after
        self.groups.update(reports, closed, self.now)
        return self.report

    @property
    def report(self) -> GroupReport:
        (found,) = self.groups.reports()
        return found

    @property
    def hedge(self) -> HedgeReport:
        (found,) = self.report.hedges
        return found
