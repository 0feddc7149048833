"""Columns made readable: one PoolResult a pool, with unknown as None or UNKNOWN and the reasons in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil, floor, fsum, inf, isnan, nan

from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, Ratio, State, nearer
from monitor.domain.names import Asset, Side, Symbol
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.figures import Figures, Ray
from monitor.margin.pool import Leg, Pool, Requirement, Rounding, Stage, VenueLine
from monitor.margin.prices import Prices
from monitor.margin.reasons import unknown_equity, unknown_initial, unknown_requirement
from monitor.margin.results import PoolResult, PositionResult, Sides, VenueLineResult
from monitor.margin.speeds import Kind

#: Lines of an evaluation that was asked for ratios only.
NOT_ASKED = Line.unknown("lines were not asked for")

NOT_ASKED_SIDES = Sides(down=NOT_ASKED, up=NOT_ASKED)
LIQUIDATABLE_SIDES = Sides(down=LIQUIDATABLE, up=LIQUIDATABLE)
NEVER_SIDES = Sides(down=NEVER, up=NEVER)


def answered(figures: Figures, prices: Prices, stablecoins: Collection[Asset]) -> PoolResult:
    """The result of one pool."""
    return _Answer(figures, prices, stablecoins).result()


class _Answer:
    """Reads the figures of one pool."""

    def __init__(self, figures: Figures, prices: Prices, stablecoins: Collection[Asset]) -> None:
        self._figures, self._prices, self._stablecoins = figures, prices, stablecoins
        self._pool, self._exposed = figures.pool, figures.exposed
        self._can_be_liquidated = (figures.exposed or figures.pool.empty_liquidates) and not figures.pool.unknown

    def result(self) -> PoolResult:
        pool, exposed, usd = self._pool, self._exposed, self._figures.usd
        stage = liquidation_stage(pool)
        equity, maintenance, initial = self._amounts(stage)
        unknown = pool.unknown
        whole = bool(unknown)
        if not whole and isnan(equity):
            unknown = self._why_unknown(orders=stage.orders)
        elif not whole and isnan(maintenance):
            unknown = unknown_requirement(pool, self._prices, orders=stage.orders)
        if whole:
            equity = maintenance = initial = nan
        positions = self._positions_of(unknown, equity, whole)
        gross = net = 0.0
        for position in positions:
            notional = nan if position.notional_usd is None else position.notional_usd
            gross += notional
            net += notional if position.side is Side.LONG else -notional
        idle_deficit = -equity if not exposed and not pool.empty_liquidates and equity < 0.0 else 0.0
        equity_usd = equity * usd
        market = self._sides(Kind.MARKET, 0, None, unknown)
        coins, depegs = self._coins(unknown)
        return PoolResult(
            key=pool.key,
            ratio=self._ratio(stage, unknown),
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
            usd_assumed=self._figures.assumed,
            stages={one.name: self._ratio(one, unknown) for one in pool.stages},
            market=market,
            coins=coins,
            depegs=depegs,
            positions=positions,
            venue_lines=self._venue_lines(unknown),
            unknown=unknown,
            notes=pool.reasons,
        )

    def _amounts(self, stage: Stage) -> tuple[float, float, float]:
        found = self._figures.counted if stage.orders else self._figures.out
        return found.equity, found.maintenance, found.initial

    def _why_unknown(self, *, orders: bool = True) -> tuple[str, ...]:
        return unknown_equity(self._pool, self._prices, usd_assumed=self._figures.assumed, orders=orders)

    def _ratio(self, stage: Stage, unknown: tuple[str, ...]) -> Ratio:
        """scale * requirement / (threshold * equity); +inf without equity, 0 without anything to liquidate."""
        pool = self._pool
        if pool.unknown:
            return Ratio.unknown(*pool.unknown)
        equity, maintenance, initial = self._amounts(stage)
        if isnan(equity):
            return Ratio.unknown(*self._why_unknown(orders=stage.orders))
        if not self._exposed:
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
            return Ratio.unknown(*unknown_requirement(pool, self._prices, orders=stage.orders))
        return Ratio.of(max(0.0, load(stage) * maintenance / equity))

    def _positions_of(self, unknown: tuple[str, ...], equity: float, whole: bool) -> tuple[PositionResult, ...]:
        return tuple(
            self._position(place, leg, unknown, equity, whole)
            for place, leg in enumerate(self._pool.legs)
            if not leg.order
        )

    def _position(self, place: int, leg: Leg, unknown: tuple[str, ...], equity: float, whole: bool) -> PositionResult:
        figures, pool = self._figures, self._pool
        mark, settle_usd, key = figures.mark[place], figures.settle_usd[place], figures.mark_place[place]
        # With entry 0 the cash leg lies in a holding: what the position won cannot be told from it.
        profit = nan if leg.entry == 0.0 else figures.profit[place]
        if leg.option is not None and not leg.option.in_equity and leg.entry:
            profit = leg.quantity * leg.multiplier * (mark - leg.entry)
        notional = figures.notional[place]
        sides = self._sides(Kind.POSITION, key, mark, unknown)
        line = nearer(sides.down, sides.up)
        bankruptcy = self._sides(Kind.BANKRUPTCY, key, mark, pool.unknown or (unknown if isnan(equity) else ()))
        backed = None
        if pool.backstop is not None:
            found = self._sides(Kind.BACKED, key, mark, unknown or ("no figures of the pool behind it",))
            backed = nearer(found.down, found.up)
        loss = None
        ray = self._ray(Kind.POSITION, key)
        if line.state is State.AT and ray is not None:
            loss = _known((equity - (ray.equity_down if line is sides.down else ray.equity_up)) * figures.usd)
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
            maintenance_margin=None if whole else _known(figures.needed[place]),
            line=line,
            down=sides.down,
            up=sides.up,
            bankruptcy=nearer(bankruptcy.down, bankruptcy.up),
            with_backstop=backed,
            loss_to_line_usd=loss,
        )

    def _coins(self, unknown: tuple[str, ...]) -> tuple[Mapping[Asset, Sides], Mapping[Asset, Sides]]:
        """Lines of coins, and of stablecoins, that move the pool."""
        coins: dict[Asset, Sides] = {}
        depegs: dict[Asset, Sides] = {}
        venue = self._pool.key.venue
        for name, key in self._figures.assets:
            price = self._prices.asset(venue, name)
            if isnan(price):
                price = price_from_marks(self._pool, name, self._figures.mark)
            kind = depegs if name in self._stablecoins else coins
            kind[name] = self._sides(Kind.ASSET, key, price, unknown)
        return coins, depegs

    def _sides(self, kind: Kind, key: int, price: float | None, unknown: tuple[str, ...]) -> Sides:
        """Both directions of a ray; `price` is that of what moves (None or NaN: none can be named)."""
        rays, pool = self._figures.rays, self._pool
        if rays is None:
            return NOT_ASKED_SIDES
        ray = rays.get((kind, key))
        if ray is not None and ray.now > 0.0 and self._can_be_liquidated:
            return Sides(down=_line(ray.down, price), up=_line(ray.up, price))
        known = not unknown if ray is None else not (isnan(ray.now) or pool.unknown)
        if not known:
            line = Line.unknown(*(unknown or self._why_unknown()))
            return Sides(down=line, up=line)
        exposed = self._exposed
        now = self._health() if ray is None else ray.now
        if (exposed and now <= 0.0) or (pool.empty_liquidates and now < 0.0):
            return LIQUIDATABLE_SIDES
        return NEVER_SIDES

    def _health(self) -> float:
        """Health now at the stage of liquidation, for what has no ray because nothing moves it."""
        stage = liquidation_stage(self._pool)
        equity, maintenance, _ = self._amounts(stage)
        return equity - load(stage) * maintenance

    def _venue_lines(self, unknown: tuple[str, ...]) -> tuple[VenueLineResult, ...]:
        rays, lines = self._figures.rays, self._pool.venue.lines
        if rays is None or not lines:
            return ()
        net = _net_quantities(self._pool)
        return tuple(
            self._venue_line(line, rays[Kind.VENUE, place], net.get(line.symbol, 0.0), unknown)
            for place, line in enumerate(lines)
        )

    def _ray(self, kind: Kind, key: int) -> Ray | None:
        """A ray's answer; None where the pool has no such ray, or no lines were asked for."""
        rays = self._figures.rays
        return None if rays is None else rays.get((kind, key))

    def _venue_line(self, line: VenueLine, ray: Ray, net: float, unknown: tuple[str, ...]) -> VenueLineResult:
        pool, here = self._pool, self._prices.mark(self._pool.key.venue, line.symbol)
        mark = line.mark if line.mark is not None else here
        if isnan(ray.now) or pool.unknown:
            ours = Line.unknown(*(unknown or ("the pool is unknown with its resting orders",)))
        elif ray.now <= 0.0:
            ours = LIQUIDATABLE
        else:
            # The net position in the line's symbol tells where it loses: both sides of a hedge share one line.
            downwards = net > 0.0 if net else line.side is Side.LONG
            first, second = (ray.down, ray.up) if downwards else (ray.up, ray.down)
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


def _net_quantities(pool: Pool) -> Mapping[Symbol, float]:
    """The pool's net position in each symbol."""
    sizes: dict[Symbol, list[float]] = {}
    for leg in pool.legs:
        if not leg.order:
            sizes.setdefault(leg.symbol, []).append(leg.quantity * leg.multiplier)
    return {symbol: fsum(each) for symbol, each in sizes.items()}


def _printed(line: VenueLine, mark: float, x: float) -> Line:
    """Our price as the venue would print it: offset added, rounded to its tick, none outside of its bounds."""
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
    lowest, highest = line.bounds
    return Line.at(price, abs(price - mark) / mark) if lowest < price < highest else NEVER


def _line(x: float, price: float | None) -> Line:
    if isnan(x):
        return NEVER
    return Line(State.AT, None if price is None or isnan(price) else price * (1.0 + x), abs(x))


def price_from_marks(pool: Pool, asset: Asset, marks: Sequence[float]) -> float:
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
