"""One thing that goes wrong at a simulated venue, and those that go wrong at every venue alike.

Each venue has a table of its own: these, at its own doors, beside what only it can suffer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from monitor.domain.names import Asset
from monitor.sim.faults import Faults

V = TypeVar("V")

CLOCK_SHIFT_SECONDS = 2.0
TAKEN_SHARE = 0.01  #: of what an account holds of an asset, where money goes


class Mishap(NamedTuple, Generic[V]):
    """`words` for whoever watches, and a deed that rolls dice for where it strikes."""

    words: str
    strike: Callable[[V, random.Random], None]


class Struck(Protocol):
    """What every simulated venue has that can go wrong."""

    @property
    def faults(self) -> Faults:
        """Its switches."""

    def drop(self, route: str | None = None) -> int:
        """Cut connections, of a route or all."""

    def ban(self, seconds: int) -> None:
        """Refuse the address for a while."""

    def unknown_event(self) -> None:
        """Push something of a kind that nobody knows."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What happens to the sockets of one of these routes."""

    routes: tuple[str, ...]

    def one(self, dice: random.Random) -> str:
        """A route; where there is one only, nothing is rolled."""
        return dice.choice(self.routes) if len(self.routes) > 1 else self.routes[0]

    def drop(self, sim: Struck, dice: random.Random) -> None:
        """Cut its sockets."""
        sim.drop(self.one(dice))

    def stall(self, sim: Struck, dice: random.Random) -> None:
        """Its sockets stay open, and nothing comes."""
        sim.faults.stall.add(self.one(dice))

    def refuse(self, sim: Struck, dice: random.Random) -> None:
        """It lets nobody in; or requests are refused."""
        sim.faults.refuse.add(dice.choice((*self.routes, "rest")))

    def backlog(self, sim: Struck, dice: random.Random) -> None:
        """Its frames wait, and come all at once."""
        sim.faults.backlog.add(self.one(dice))

    def deaf(self, sim: Struck, dice: random.Random) -> None:
        """Pings are not answered."""
        sim.faults.deaf.add(self.one(dice))

    def no_acknowledgement(self, sim: Struck, dice: random.Random) -> None:
        """Who subscribes again gets no answer."""
        route = self.one(dice)
        sim.faults.no_acknowledgement.add(route)
        sim.drop(route)

    def subscription_error(self, sim: Struck, dice: random.Random) -> None:
        """Who subscribes again is refused."""
        route = self.one(dice)
        sim.faults.subscription_error.add(route)
        sim.drop(route)

    def garbage(self, sim: Struck, dice: random.Random) -> None:
        """Some frames are no frames."""
        sim.faults.garbage_frames[self.one(dice)] += 3

    def truncated(self, sim: Struck, dice: random.Random) -> None:
        """Some frames are cut short."""
        sim.faults.truncated_frames[self.one(dice)] += 3

    def disorder(self, sim: Struck, dice: random.Random) -> None:
        """Frames are lost, swapped and doubled."""
        route = self.one(dice)
        sim.faults.lost_frames[route] += 2
        sim.faults.reordered_frames[route] += 2
        sim.faults.duplicated_frames[route] += 2


def drop_all(sim: Struck, _: random.Random) -> None:
    """Cut every socket."""
    sim.drop()


def rate_limit(sim: Struck, _: random.Random) -> None:
    """The next requests come too soon, the venue says."""
    sim.faults.rate_limited += 2


def ban(sim: Struck, _: random.Random) -> None:
    """Refuse the address for a second."""
    sim.ban(1)


def clock(sim: Struck, dice: random.Random) -> None:
    """The venue's clock is before ours, or after it."""
    sim.faults.clock_shift_seconds = dice.choice((-CLOCK_SHIFT_SECONDS, CLOCK_SHIFT_SECONDS))


def timestamp(sim: Struck, _: random.Random) -> None:
    """The next signed requests have a wrong time, the venue says."""
    sim.faults.reject_timestamp += 2


def half_snapshot(sim: Struck, _: random.Random) -> None:
    """An answer holds half of the positions."""
    sim.faults.half_snapshot += 1


def empty_snapshot(sim: Struck, _: random.Random) -> None:
    """A snapshot has neither positions nor money."""
    sim.faults.empty(1)


def unknown_event(sim: Struck, _: random.Random) -> None:
    """The venue tells of something new."""
    sim.unknown_event()


def garbage_answer(paths: tuple[str, ...]) -> Callable[[Struck, random.Random], None]:
    """The next answer of one of these paths is a web page."""

    def strike(sim: Struck, dice: random.Random) -> None:
        sim.faults.garbage_answers[dice.choice(paths)] += 1

    return strike


class Purse(Protocol):
    """An account that money can be taken from."""

    @property
    def cash(self) -> Mapping[Asset, float]:
        """What it holds."""

    def withdraw(self, asset: Asset, amount: float, /) -> None:
        """Take money out, which the venue tells of."""

    def steal(self, asset: Asset, amount: float, /) -> None:
        """Take money out, which nothing tells of."""


class Held(Protocol):
    """A venue whose accounts are purses."""

    @property
    def accounts(self) -> Mapping[str, Purse]:
        """By name."""


def withdrawal(sim: Held, dice: random.Random) -> None:
    """Somebody moves money out."""
    taken = _taken(sim, dice)
    if taken is not None:
        purse, asset, amount = taken
        purse.withdraw(asset, amount)


def theft(sim: Held, dice: random.Random) -> None:
    """Money is gone."""
    taken = _taken(sim, dice)
    if taken is not None:
        purse, asset, amount = taken
        purse.steal(asset, amount)


def _taken(sim: Held, dice: random.Random) -> tuple[Purse, Asset, float] | None:
    """An account, and a hundredth of what it holds of an asset."""
    account = sim.accounts[dice.choice(sorted(sim.accounts))]
    owned = [asset for asset, amount in account.cash.items() if amount > 0.0]
    if not owned:
        return None
    asset = dice.choice(owned)
    return account, asset, account.cash[asset] * TAKEN_SHARE
