"""What the pools of Hyperliquid have in common: what a perpetual is, its tiers, the stages, and what the venue prints.

Nothing is computed here but signs and sums of the venue's own figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.domain.accounts import Account, Position
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, Asset
from monitor.domain.tables import Tables
from monitor.margin.pool import LIQUIDATION, NAN, Basis, Leg, Requirement, Stage, VenueLine
from monitor.venues.hyperliquid.names import base_of
from monitor.venues.hyperliquid.parameters import number

BACKSTOP = "backstop"
BANKRUPTCY = Stage(name="bankruptcy", requirement=Requirement.NONE)


@dataclass(slots=True)
class Words:
    """What was assumed for a pool, and what makes it unknown; each once, in the order of its finding."""

    reasons: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def assume(self, why: str) -> None:
        """Something is missing or assumed: the figures stand, and this is said beside them."""
        self.reasons[why] = None

    def refuse(self, why: str) -> None:
        """The pool cannot be computed."""
        self.unknown[why] = None


class Terms:
    """One account and its tables: the terms of each of its legs."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self.account, self.tables = account, tables

    def parameter(self, name: str) -> float:
        """A number of the venue's rules, as the user set it or by default."""
        return number(self.tables.parameters, name)

    def settles(self, position: Position) -> Asset | None:
        """The token that backs a position and that its profit is paid in; None where nothing says it."""
        instrument = self.tables.instruments.get(position.symbol)
        return position.margin_asset or (None if instrument is None else instrument.settle)

    def stages(self, threshold: float = 1.0) -> tuple[Stage, ...]:
        """Liquidation into the book, then the backstop vault, then nothing is left."""
        share = self.parameter("backstop_share")
        return (
            Stage(name=LIQUIDATION, threshold=threshold),
            Stage(name=BACKSTOP, scale=share, threshold=threshold),
            BANKRUPTCY,
        )

    def legs(self, positions: Sequence[Position], words: Words) -> tuple[Leg, ...]:
        """Open positions. What cannot be told of them is put into `words`."""
        return tuple(self._leg(one, words) for one in positions)

    def _leg(self, position: Position, words: Words) -> Leg:
        symbol, name = position.symbol, f"{position.symbol} {position.side}"
        instrument = self.tables.instruments.get(symbol)
        settle = self.settles(position)
        if instrument is None:
            words.refuse(f"no contract data for {symbol}")
        if settle is None:
            words.refuse(f"which token backs {symbol} is not known")
        if position.margin_mode is None:
            words.refuse(f"cannot tell whether {name} is cross or isolated")
        if position.entry_price is None:
            words.refuse(f"no entry price of {name}")
        held = bool(self.parameter("held_maintenance"))
        mark = position.venue.mark_price
        return Leg(
            symbol=symbol,
            side=position.side,
            quantity=position.quantity,
            entry=position.entry_price or 0.0,
            base=base_of(symbol) if instrument is None else instrument.base,
            quote=USD if instrument is None else instrument.quote,
            settle=settle or USD,
            coin=None if instrument is None else instrument.coin,
            payoff=Payoff.LINEAR,
            tiers=self.tables.tiers.get(symbol),
            basis=Basis.SNAPSHOT if held else Basis.MARK,
            snapshot_mark=mark if held and mark is not None else NAN,
            initial_margin_rate=1.0 / position.leverage if position.leverage else None,
        )

    def rate(self, position: Position) -> float:
        """The maintenance rate at the size of now; 0 where the tiers are not known."""
        table = self.tables.tiers.get(position.symbol)
        size = position.venue.notional or 0.0
        return 0.0 if table is None else [tier.rate for tier in table.tiers if tier.floor <= size][-1]

    def line(
        self, position: Position, tolerance: float, *, threshold: float | None = None, offset: float = 0.0
    ) -> VenueLine | None:
        """The price that the venue prints for a position, all other prices held; None where it said nothing."""
        venue = position.venue
        if venue.liquidation.state is State.UNKNOWN:
            return None
        return VenueLine(
            symbol=position.symbol,
            side=position.side,
            printed=venue.liquidation,
            mark=venue.mark_price,
            moves=((position.symbol, 1.0),),
            threshold=threshold,
            offset=offset,
            tolerance=tolerance,
            bounds=(0.0, self.parameter("printed_multiple") * (venue.mark_price or 1.0)),
        )

    def lines(self, positions: Sequence[Position], tolerance: float) -> tuple[VenueLine, ...]:
        """The prices that the venue prints for positions, at its own liquidation."""
        found = (self.line(one, tolerance) for one in positions)
        return tuple(one for one in found if one is not None)
