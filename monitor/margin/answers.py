"""Columns made readable: one PoolResult a pool, with unknown as None or UNKNOWN and the reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, fsum, inf, isnan, nan

from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, Ratio, State, nearer
from monitor.domain.names import Asset, Side
from monitor.margin.book import Book
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.plan import Lines, Plan
from monitor.margin.pool import Leg, Pool, Requirement, Rounding, Stage, VenueLine
from monitor.margin.reasons import unknown_equity, unknown_initial, unknown_requirement
from monitor.margin.results import PoolResult, PositionResult, Sides, VenueLineResult
from monitor.margin.solve import Solved, Tick
from monitor.margin.speeds import Kind

#: Lines of an evaluation that was asked for ratios only.
NOT_ASKED = Line.unknown("lines were not asked for")


@dataclass(slots=True, frozen=True)
class _Ray:
    """One ray's answer: the moves to its roots (NaN: never) and health now (NaN: unknown)."""

    down: float
    up: float
    equity_down: float
    equity_up: float
    now: float


class Answers:
    """Reads the columns of one tick."""

    def __init__(self, book: Book, plan: Plan, tick: Tick, found: tuple[Lines, Solved] | None) -> None:
        self._book, self._plan = book, plan
        self._lines = None if found is None else found[0]
        self._rays = [] if found is None else _listed(found[1])
        block, now = plan.block, tick.marked
        self._usd = now.numeraire_usd.tolist()
        self._assumed = now.assumed.tolist()
        self._exposed = tick.exposed.tolist()
        self._figures = {
            orders: (found.equity.tolist(), found.maintenance.tolist(), found.initial.tolist())
            for orders, found in ((False, tick.out), (True, tick.counted))
        }
        self._legs_begin = _beginnings([len(pool.legs) for pool in block.described])
        self._mark_place = block.legs.mark.tolist()
        self._mark = now.mark.tolist()
        settled_usd = now.price[block.legs.row] * now.numeraire_usd[block.legs.pool]
        self._notional = abs(block.legs.c * now.u).tolist()
        self._settle_usd = settled_usd.tolist()
        self._profit = tick.out.health.profit.tolist()
        self._needed = tick.out.health.leg_requirement.tolist()

    def of(self, number: int) -> PoolResult:
        """The result of one pool."""
        pool = self._plan.block.described[number]
        stage = liquidation_stage(pool)
        equity, maintenance, initial = (column[number] for column in self._figures[stage.orders])
        exposed = self._exposed[number]
        usd = self._usd[number]
        unknown = pool.unknown
        whole = bool(unknown)
        if not whole and isnan(equity):
            unknown = self._why_unknown(number, pool, orders=stage.orders)
        elif not whole and isnan(maintenance):
            unknown = unknown_requirement(pool, self._book.prices, orders=stage.orders)
        if whole:
            equity = maintenance = initial = nan
        positions = self._positions_of(number, pool, unknown, equity, whole)
        gross = net = 0.0
        for position in positions:
            notional = nan if position.notional_usd is None else position.notional_usd
            gross += notional
            net += notional if position.side is Side.LONG else -notional
        idle_deficit = -equity if not exposed and not pool.empty_liquidates and equity < 0.0 else 0.0
        equity_usd = equity * usd
        market = self._sides(Kind.MARKET, number, 0, None, unknown)
        coins, depegs = self._coins(number, pool, unknown)
        return PoolResult(
            key=pool.key,
            ratio=self._ratio(number, pool, stage, unknown),
            equity=_known(equity),
            maintenance_margin=_known(maintenance),
            initial_margin=_known(initial),
            equity_usd=_known(equity_usd),
            maintenance_margin_usd=_known(maintenance * usd),
            initial_margin_usd=_known(initial * usd),
            funds_at_risk_usd=_known(max(equity_usd, 0.0) if exposed and not isnan(equity_usd) else equity_usd * 0.0),
            gross_notional_usd=_known(gross),
            net_notional_usd=_known(net),
            effective_leverage_ratio=_known(_leverage(gross, equity_usd)),
            deficit_usd=idle_deficit * (1.0 if isnan(usd) else usd),
            usd_assumed=self._assumed[number],
            stages={one.name: self._ratio(number, pool, one, unknown) for one in pool.stages},
            market=market,
            coins=coins,
            depegs=depegs,
            positions=positions,
            venue_lines=self._venue_lines(number, pool, unknown),
            unknown=unknown,
            notes=pool.reasons,
        )

    def _why_unknown(self, number: int, pool: Pool, *, orders: bool = True) -> tuple[str, ...]:
        return unknown_equity(pool, self._book.prices, usd_assumed=self._assumed[number], orders=orders)

    def _ratio(self, number: int, pool: Pool, stage: Stage, unknown: tuple[str, ...]) -> Ratio:
        """scale * requirement / (threshold * equity); +inf without equity, 0 without anything to liquidate."""
        if pool.unknown:
            return Ratio.unknown(*pool.unknown)
        equity, maintenance, initial = (column[number] for column in self._figures[stage.orders])
        if isnan(equity):
            return Ratio.unknown(*self._why_unknown(number, pool, orders=stage.orders))
        if not self._exposed[number]:
            return Ratio.of(inf if pool.empty_liquidates and equity < 0.0 else 0.0)
        if equity <= 0.0:
            return Ratio.of(inf)
        if stage.requirement is Requirement.NONE:
            return Ratio.of(0.0)
        if stage.requirement is Requirement.INITIAL:
            if isnan(initial):
                return Ratio.unknown(*(unknown or unknown_initial(pool)))
            return Ratio.of(max(0.0, load(stage) * initial / equity))
        if isnan(maintenance):
            return Ratio.unknown(*unknown_requirement(pool, self._book.prices, orders=stage.orders))
        return Ratio.of(max(0.0, load(stage) * maintenance / equity))

    def _positions_of(
        self, number: int, pool: Pool, unknown: tuple[str, ...], equity: float, whole: bool
    ) -> tuple[PositionResult, ...]:
        begin = self._legs_begin[number]
        return tuple(
            self._position(number, begin + i, leg, unknown, equity, whole, pool)
            for i, leg in enumerate(pool.legs)
            if not leg.order
        )

    def _position(
        self, number: int, place: int, leg: Leg, unknown: tuple[str, ...], equity: float, whole: bool, pool: Pool
    ) -> PositionResult:
        mark, settle_usd, key = self._mark[place], self._settle_usd[place], self._mark_place[place]
        # With entry 0 the cash leg lies in a holding: what the position won cannot be told from it.
        profit = nan if leg.entry == 0.0 else self._profit[place]
        notional = self._notional[place]
        sides = self._sides(Kind.POSITION, number, key, mark, unknown)
        line = nearer(sides.down, sides.up)
        bankruptcy = self._sides(Kind.BANKRUPTCY, number, key, mark, pool.unknown or (unknown if isnan(equity) else ()))
        backed = None
        if pool.backstop is not None:
            found = self._sides(Kind.BACKED, number, key, mark, unknown or ("no figures of the pool behind it",))
            backed = nearer(found.down, found.up)
        loss = None
        ray = self._ray(Kind.POSITION, number, key)
        if line.state is State.AT and ray is not None:
            loss = _known((equity - (ray.equity_down if line is sides.down else ray.equity_up)) * self._usd[number])
        return PositionResult(
            symbol=leg.symbol,
            side=leg.side,
            quantity=leg.quantity,
            mark_price=_known(mark),
            entry_price=_known(leg.entry) if leg.entry else None,
            notional=_known(notional),
            notional_usd=_known(notional * settle_usd),
            unrealized_pnl=_known(profit),
            unrealized_pnl_usd=_known(profit * settle_usd),
            maintenance_margin=None if whole else _known(self._needed[place]),
            line=line,
            down=sides.down,
            up=sides.up,
            bankruptcy=nearer(bankruptcy.down, bankruptcy.up),
            with_backstop=backed,
            loss_to_line_usd=loss,
        )

    def _coins(
        self, number: int, pool: Pool, unknown: tuple[str, ...]
    ) -> tuple[Mapping[Asset, Sides], Mapping[Asset, Sides]]:
        """Lines of coins, and of stablecoins, that move the pool."""
        coins: dict[Asset, Sides] = {}
        depegs: dict[Asset, Sides] = {}
        prices, venue = self._book.prices, pool.key.venue
        for name, key in self._lines.assets.get(number, ()) if self._lines is not None else ():
            price = prices.asset(venue, name)
            if isnan(price):
                price = _price_from_marks(pool, name, self._mark[self._legs_begin[number] :])
            kind = depegs if name in self._book.stablecoins else coins
            kind[name] = self._sides(Kind.ASSET, number, key, price, unknown)
        return coins, depegs

    def _sides(self, kind: Kind, number: int, key: int, price: float | None, unknown: tuple[str, ...]) -> Sides:
        """Both directions of a ray; `price` is that of what moves (None or NaN: none can be named)."""
        if self._lines is None:
            return Sides(down=NOT_ASKED, up=NOT_ASKED)
        ray = self._ray(kind, number, key)
        pool = self._plan.block.described[number]
        known = not unknown if ray is None else not (isnan(ray.now) or pool.unknown)
        if not known:
            line = Line.unknown(*(unknown or self._why_unknown(number, pool)))
            return Sides(down=line, up=line)
        exposed = self._exposed[number]
        now = self._health(number, pool) if ray is None else ray.now
        if (exposed and now <= 0.0) or (pool.empty_liquidates and now < 0.0):
            return Sides(down=LIQUIDATABLE, up=LIQUIDATABLE)
        if ray is None or now <= 0.0 or not (exposed or pool.empty_liquidates):
            return Sides(down=NEVER, up=NEVER)
        return Sides(down=_line(ray.down, price), up=_line(ray.up, price))

    def _health(self, number: int, pool: Pool) -> float:
        """Health now at the stage of liquidation, for what has no ray because nothing moves it."""
        stage = liquidation_stage(pool)
        equity, maintenance, _ = (column[number] for column in self._figures[stage.orders])
        health: float = equity - load(stage) * maintenance
        return health

    def _venue_lines(self, number: int, pool: Pool, unknown: tuple[str, ...]) -> tuple[VenueLineResult, ...]:
        if self._lines is None:
            return ()
        return tuple(
            self._venue_line(pool, line, self._rays[self._lines.place[Kind.VENUE, number, place]], unknown)
            for place, line in enumerate(pool.venue.lines)
        )

    def _ray(self, kind: Kind, number: int, key: int) -> _Ray | None:
        """A ray's answer; None where the pool has no such ray, or no lines were asked for."""
        place = None if self._lines is None else self._lines.place.get((kind, number, key))
        return None if place is None else self._rays[place]

    def _venue_line(self, pool: Pool, line: VenueLine, ray: _Ray, unknown: tuple[str, ...]) -> VenueLineResult:
        mark = line.mark if line.mark is not None else self._book.prices.mark(pool.key.venue, line.symbol)
        here = self._book.prices.mark(pool.key.venue, line.symbol)
        if isnan(ray.now) or pool.unknown:
            ours = Line.unknown(*(unknown or ("the pool is unknown with its resting orders",)))
        elif ray.now <= 0.0:
            ours = LIQUIDATABLE
        else:
            first, second = (ray.down, ray.up) if _loses_downwards(pool, line) else (ray.up, ray.down)
            x = second if isnan(first) else first
            ours = NEVER if isnan(x) else _printed(line, here, x)
        printed = line.printed
        drift = None
        if ours.price is not None and printed.price is not None:
            drift = _known((ours.price - printed.price) / mark)
        comparable = {ours.state, printed.state} <= {State.AT, State.NEVER}
        disagree = comparable and ours.state is not printed.state
        return VenueLineResult(
            symbol=line.symbol,
            side=line.side,
            ours=ours,
            venue=printed,
            drift_ratio=drift,
            disagree=disagree or (drift is not None and abs(drift) > line.tolerance),
        )


def _loses_downwards(pool: Pool, line: VenueLine) -> bool:
    """Whether the pool's net position in the line's symbol loses when the mark falls: both sides share one line."""
    net = fsum(leg.quantity * leg.multiplier for leg in pool.legs if leg.symbol == line.symbol and not leg.order)
    return net > 0.0 if net else line.side is Side.LONG


def _printed(line: VenueLine, mark: float, x: float) -> Line:
    """Our price as the venue would print it: offset added, rounded to its tick."""
    price = mark * (1.0 + x) + line.offset
    if line.tick:
        ticks = price / line.tick
        # A price that is a whole number of ticks but for rounding stays where it is.
        near = round(ticks)
        if abs(ticks - near) > 1e-9 * max(1.0, abs(ticks)):
            match line.rounding:
                case Rounding.UP:
                    near = ceil(ticks)
                case Rounding.DOWN:
                    near = floor(ticks)
        if line.rounding is not Rounding.NONE:
            price = near * line.tick
    return Line.at(price, abs(price - mark) / mark) if price > 0.0 else NEVER


def _line(x: float, price: float | None) -> Line:
    if isnan(x):
        return NEVER
    known = price is not None and not isnan(price)
    return Line(State.AT, price * (1.0 + x) if known and price is not None else None, abs(x))


def _listed(found: Solved) -> list[_Ray]:
    columns = (found.down, found.up, found.equity_down, found.equity_up, found.now)
    return [_Ray(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _price_from_marks(pool: Pool, asset: Asset, marks: list[float]) -> float:
    """A coin's price from an instrument on it, where no index price is known; NaN if there is none."""
    for leg, mark in zip(pool.legs, marks, strict=False):
        if leg.base == asset and (leg.coin or leg.base) == asset and leg.option is None and not isnan(mark):
            return mark
    return nan


def _leverage(gross: float, equity_usd: float) -> float:
    """Gross notional over equity; +inf where nothing backs it."""
    if gross == 0.0:
        return 0.0 if not isnan(equity_usd) else nan
    if isnan(equity_usd):
        return nan
    return gross / equity_usd if equity_usd > 0.0 else inf


def _known(value: float) -> float | None:
    """A figure that can be read: None where it is unknown, and no negative zero."""
    return None if isnan(value) else value + 0.0


def _beginnings(counts: list[int]) -> list[int]:
    begins, total = [], 0
    for count in counts:
        begins.append(total)
        total += count
    return begins
