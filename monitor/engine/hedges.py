"""Hedge watch: whether legs that hold each other still do. Pure; remembers what each hedge was when it was whole.

A declared hedge has the legs that the user names. One that is found has the positions of a group in one coin, on both
sides and in several accounts, that held each other for a while; where other positions of the coin take a leg's place,
it is whole again. What cannot be seen is neither broken nor fine: such a hedge is UNKNOWN, and what it was is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, inf

from monitor.domain.group_reports import HedgeLegReport, HedgeReport, HedgeState
from monitor.domain.names import AccountKey, Asset, PositionKey, Side, Symbol
from monitor.engine.group_parts import Held, Part, name_of, total
from monitor.engine.group_settings import GroupSettings, HedgeLeg, HedgeSettings
from monitor.engine.hedge_words import near_words, told

LegKey = tuple[AccountKey, PositionKey]
Settled = Callable[[AccountKey], bool]  #: whether what an account held before the start was compared with what it holds
NOT_COMPARED = "what it held before the start is not compared yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A position that was held when the monitor stopped. `base`: in coins, signed; None where that is not known."""

    account: AccountKey
    symbol: Symbol
    side: Side
    coin: Asset
    base: float | None


@dataclass(frozen=True, slots=True)
class Whole:
    """One leg as it was when its hedge was whole. `meanwhile`: before the start, and not seen since."""

    base: float | None
    meanwhile: bool = False


@dataclass(slots=True)
class _Watched:
    """What is remembered of a hedge: its legs when it was whole (none: nobody saw that yet)."""

    coin: Asset = ""
    legs: dict[LegKey, Whole] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg now: what is open of it, what it was, and why it cannot be seen."""

    account: AccountKey
    symbol: Symbol
    side: Side | None
    open: tuple[Held, ...] = ()
    whole: Whole | None = None
    unknown: tuple[str, ...] = ()

    @property
    def base(self) -> float | None:
        """In coins, signed; 0 where it is not open."""
        return total(each.base for each in self.open)

    @property
    def usd(self) -> float | None:
        """At the marks, signed."""
        return total(each.usd for each in self.open)


class Hedges:
    """All hedges of one group."""

    def __init__(self, settings: GroupSettings, declared: Iterable[HedgeSettings]) -> None:
        self._settings = settings
        self._declared = tuple(sorted(declared, key=lambda hedge: hedge.name))
        self._watched: dict[str, _Watched] = {}  #: declared ones by name
        self._found: dict[Asset, _Watched] = {}
        self._since: dict[Asset, float] = {}  #: coins that may be one, since when

    def due(self) -> float:
        """When time alone makes a hedge of what may be one; +inf: never."""
        return min(self._since.values(), default=inf) + self._settings.detect_after_seconds

    def recall(self, legs: Sequence[Recalled]) -> None:
        """What the group held when the monitor stopped: what was a hedge then is one."""
        for hedge in self._declared:
            known = {
                (leg.account, PositionKey(leg.symbol, leg.side)): Whole(leg.base, meanwhile=True)
                for leg in legs
                if any(_is(leg.account, leg.symbol, leg.side, wanted) for wanted in hedge.legs)
            }
            watched = self._watched.setdefault(hedge.name, _Watched())
            watched.legs = watched.legs or known
        if not self._settings.detect:
            return
        by_coin: dict[Asset, list[Recalled]] = {}
        for leg in legs:
            if not self._is_declared(leg.account, leg.symbol, leg.side):
                by_coin.setdefault(leg.coin, []).append(leg)
        for coin, held in by_coin.items():
            sizes = [leg.base for leg in held if leg.base is not None]
            across = len({leg.account for leg in held}) > 1
            if coin not in self._found and across and len(sizes) == len(held) and self._holds(sizes, None):
                whole = {(leg.account, PositionKey(leg.symbol, leg.side)): Whole(leg.base, True) for leg in held}
                self._found[coin] = _Watched(coin, whole)

    def look(self, parts: Mapping[AccountKey, Part], settled: Settled, now: float) -> tuple[HedgeReport, ...]:
        """How each hedge stands, declared ones first, in the order of their names."""
        declared = [self._declared_one(hedge, parts, settled) for hedge in self._declared]
        return (*declared, *self._detected(parts, settled, now))

    def _declared_one(self, hedge: HedgeSettings, parts: Mapping[AccountKey, Part], settled: Settled) -> HedgeReport:
        watched = self._watched.setdefault(hedge.name, _Watched())
        legs = [_leg_of(wanted, watched, parts, settled) for wanted in hedge.legs]
        report = self._report(hedge.name, legs, hedge.tolerance_ratio, declared=True)
        if report.state in (HedgeState.HELD, HedgeState.NEAR):
            watched.legs = _as_whole(legs)
        elif report.state is HedgeState.FLAT:
            watched.legs = {}
        return report

    def _detected(self, parts: Mapping[AccountKey, Part], settled: Settled, now: float) -> Iterator[HedgeReport]:
        if not self._settings.detect:
            return
        by_coin: dict[Asset, list[Held]] = {coin: [] for coin in self._found}
        for key in sorted(parts):
            for held in parts[key].held:
                if held.sized and not self._is_declared(held.account, held.symbol, held.side):
                    by_coin.setdefault(held.coin, []).append(held)
        self._since = {coin: since for coin, since in self._since.items() if coin in by_coin}
        for coin in sorted(by_coin):
            open_now = sorted(by_coin[coin], key=lambda held: held.key)
            if coin not in self._found:
                self._consider(coin, open_now, now)
            if (watched := self._found.get(coin)) is not None:
                report = self._watch(coin, watched, open_now, parts, settled)
                if report is not None:
                    yield report

    def _consider(self, coin: Asset, open_now: Sequence[Held], now: float) -> None:
        """Whether positions in one coin have held each other for so long that they are a hedge."""
        if any(held.unknown for held in open_now):
            return  # neither sooner nor later for that
        if not self._crosses(open_now):
            self._since.pop(coin, None)
            return
        since = self._since.setdefault(coin, now)
        if since > now:  # the clock was set back
            since = self._since[coin] = now
        if now - since >= self._settings.detect_after_seconds:
            del self._since[coin]
            self._found[coin] = _Watched(coin, {held.key: Whole(held.base) for held in open_now})

    def _crosses(self, open_now: Sequence[Held]) -> bool:
        """Whether these hold each other, over accounts."""
        if len({held.account for held in open_now}) < 2:
            return False
        base = [held.base for held in open_now if held.base is not None]
        usd = [held.usd for held in open_now if held.usd is not None]
        return self._holds(base if len(base) == len(open_now) else usd, None)

    def _watch(
        self,
        coin: Asset,
        watched: _Watched,
        open_now: Sequence[Held],
        parts: Mapping[AccountKey, Part],
        settled: Settled,
    ) -> HedgeReport | None:
        """One that was found; None where it is over, so that nobody needs to watch it any more."""
        here = {held.key: held for held in open_now}
        legs = [_leg_at(key, here, watched, parts, settled) for key in sorted(watched.legs)]
        if not any(held.unknown for held in open_now) and self._crosses(open_now):
            watched.legs = {held.key: Whole(held.base) for held in open_now}
            legs = [_leg_at(key, here, watched, parts, settled) for key in sorted(watched.legs)]
        report = self._report(coin, legs, None, declared=False)
        if report.state in (HedgeState.HELD, HedgeState.NEAR):
            watched.legs = _as_whole(legs)
        over = report.state is HedgeState.FLAT or (report.state is not HedgeState.UNKNOWN and self._is_even(open_now))
        if over:
            del self._found[coin]
            return None
        return report

    def _is_even(self, open_now: Sequence[Held]) -> bool:
        """Whether all that is open of the coin holds itself within one account: that is no hedge of a group."""
        alone = len({held.account for held in open_now}) == 1 and not any(held.unknown for held in open_now)
        return alone and self._holds([held.usd for held in open_now if held.usd is not None], None)

    def _is_declared(self, account: AccountKey, symbol: Symbol, side: Side) -> bool:
        return any(_is(account, symbol, side, leg) for hedge in self._declared for leg in hedge.legs)

    def _holds(self, sizes: Sequence[float], tolerance: float | None) -> bool:
        """Whether longs and shorts of these sizes hold each other."""
        hedged = hedged_ratio(sizes)
        tolerance = self._settings.tolerance_ratio if tolerance is None else tolerance
        return hedged is not None and hedged > 0.0 and hedged >= 1.0 - tolerance

    def _report(self, name: str, legs: Sequence[Leg], tolerance: float | None, *, declared: bool) -> HedgeReport:
        settings = self._settings
        coins = {held.coin for leg in legs for held in leg.open}
        coin = next(iter(coins)) if len(coins) == 1 else name if not declared else ""
        unknown = tuple(dict.fromkeys(f"{name_of(leg.account)}: {why}" for leg in legs for why in leg.unknown))
        net_usd = None if unknown else total(leg.usd for leg in legs)
        net_base = None if unknown or len(coins) != 1 else total(leg.base for leg in legs)
        sizes = [held.usd if net_base is None else held.base for leg in legs for held in leg.open]
        known = [size for size in sizes if size is not None]
        hedged = None if unknown else hedged_ratio(known)
        near = [near_words(leg.open, settings.near_ratio, settings.near_distance_ratio) for leg in legs]
        state = HedgeState.UNKNOWN
        if not unknown:
            state = _state(legs, hedged, self._holds(known, tolerance), near=any(near))
        report = HedgeReport(
            name=name,
            coin=coin,
            declared=declared,
            state=state,
            legs=tuple(_leg_report(leg, words, net_usd) for leg, words in zip(legs, near, strict=True)),
            net_usd=net_usd,
            net_base=net_base,
            hedged_ratio=hedged,
            text="",
            reasons=unknown,
        )
        meanwhile = any(leg.whole is not None and leg.whole.meanwhile for leg in legs)
        return replace(report, text=told(report, meanwhile=meanwhile))


def hedged_ratio(sizes: Iterable[float]) -> float | None:
    """The smaller side over the larger; None where nothing is open."""
    known = list(sizes)
    longs, shorts = fsum(size for size in known if size > 0.0), fsum(-size for size in known if size < 0.0)
    larger = max(longs, shorts)
    return min(longs, shorts) / larger if larger > 0.0 else None


def _state(legs: Sequence[Leg], hedged: float | None, whole: bool, *, near: bool) -> HedgeState:
    if hedged is None:
        return HedgeState.FLAT
    if whole:
        return HedgeState.NEAR if near else HedgeState.HELD
    return HedgeState.BROKEN if any(not leg.open for leg in legs) else HedgeState.SHRANK


def _leg_report(leg: Leg, near: str, net_usd: float | None) -> HedgeLegReport:
    base, usd = (None, None) if leg.unknown else (leg.base, leg.usd)
    return HedgeLegReport(
        account=leg.account,
        symbol=leg.symbol,
        side=leg.side,
        base=base,
        usd=usd,
        pool=leg.open[0].pool if leg.open else None,
        whole_base=None if leg.whole is None else leg.whole.base,
        near=near,
        naked_usd=None if net_usd is None or usd is None else net_usd - usd,
    )


def _as_whole(legs: Iterable[Leg]) -> dict[LegKey, Whole]:
    return {held.key: Whole(held.base) for leg in legs for held in leg.open}


def _is(account: AccountKey, symbol: Symbol, side: Side, wanted: HedgeLeg) -> bool:
    return (account, symbol) == (wanted.account, wanted.symbol) and wanted.side in (None, side)


def _leg_of(wanted: HedgeLeg, watched: _Watched, parts: Mapping[AccountKey, Part], settled: Settled) -> Leg:
    """A declared leg: whatever is open of it."""
    part = parts.get(wanted.account)
    open_now = [] if part is None else [h for h in part.held if _is(h.account, h.symbol, h.side, wanted)]
    before = {key: whole for (at, key), whole in watched.legs.items() if _is(at, key.symbol, key.side, wanted)}
    whole = None
    if before:
        whole = Whole(total(each.base for each in before.values()), any(each.meanwhile for each in before.values()))
    sides = {held.side for held in open_now} or {key.side for key in before}
    side = wanted.side or (next(iter(sides)) if len(sides) == 1 else None)
    unknown = _unknown(part, open_now, settled(wanted.account))
    return Leg(wanted.account, wanted.symbol, side, tuple(open_now), whole, unknown)


def _leg_at(
    key: LegKey,
    here: Mapping[LegKey, Held],
    watched: _Watched,
    parts: Mapping[AccountKey, Part],
    settled: Settled,
) -> Leg:
    """A leg of a hedge that was found."""
    account, position = key
    open_now = [here[key]] if key in here else []
    unknown = _unknown(parts.get(account), open_now, settled(account))
    return Leg(account, position.symbol, position.side, tuple(open_now), watched.legs[key], unknown)


def _unknown(part: Part | None, open_now: Sequence[Held], settled: bool) -> tuple[str, ...]:
    """Why a leg cannot be seen; nothing where it can, also where it is certainly not there."""
    if part is None:
        return ("it is not in the group",)
    doubts = tuple(dict.fromkeys(why for held in open_now for why in held.unknown))
    if doubts or open_now:
        return doubts
    if not part.present:
        return part.reasons
    return () if settled else (NOT_COMPARED,)
