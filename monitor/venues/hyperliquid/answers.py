"""REST answers to events: an account whole, its mode and its role. Pure; tables that hold for everybody are in
`answers_tables`, prices in `answers_prices`, flows of cash in `cash`.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
type promises. One bad row costs that row: it is left out and, where the caller gave a list, named in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from monitor.domain.accounts import AccountMode, CollateralMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset
from monitor.venues.fields import BadField
from monitor.venues.hyperliquid.answers_prices import (
    asset_prices,
    candles,
    funding,
    funding_intervals,
    marks,
    server_time,
)
from monitor.venues.hyperliquid.answers_tables import collateral, instruments, reserve_prices, tiers, universe
from monitor.venues.hyperliquid.assembly import Assembly
from monitor.venues.hyperliquid.names import Universe
from monitor.venues.hyperliquid.reading import value
from monitor.venues.hyperliquid.rows import DexState, SpotBody, SpotState, StateBody, dex_state, spot_state

__all__ = [
    "Role",
    "account_config",
    "account_snapshot",
    "asset_prices",
    "candles",
    "collateral",
    "funding",
    "funding_intervals",
    "instruments",
    "marks",
    "reserve_prices",
    "role",
    "server_time",
    "tiers",
    "universe",
]

STANDARD, UNIFIED, PORTFOLIO = "standard", "unified", "portfolio"
KINDS: Mapping[str, str] = {
    "disabled": STANDARD,
    "default": STANDARD,
    "unifiedAccount": UNIFIED,
    "portfolioMargin": PORTFOLIO,
}
"""What `userAbstraction` says. `dexAbstraction` is no more, and what it mixed is not computed; another word is one
that we do not know.
"""
RETIRED = "dexAbstraction"
MODES = {
    STANDARD: AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False, kind=STANDARD),
    UNIFIED: AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False, kind=UNIFIED),
    PORTFOLIO: AccountMode(collateral=CollateralMode.PORTFOLIO, hedge=False, borrows=True, kind=PORTFOLIO),
}
UNREADABLE = AccountMode(collateral=None, hedge=False)
_WORD_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Role:
    """What an address is: `user`, `vault`, `subAccount`, `agent` or `missing`; `master` is whose it is, "" if nobody's.

    An agent only signs for its master: it has no account to look at. A master's address is shown to the person who
    configured the agent's, and to nobody else.
    """

    role: str
    master: str = ""

    @property
    def refusal(self) -> str:
        """Why the address cannot be monitored, with the cure; "" if it can."""
        if self.role == "agent":
            cure = f"configure its master {self.master} instead" if self.master else "configure its master instead"
            return f"the address is an agent (API wallet), which has no positions of its own: {cure}"
        if self.role == "missing":
            return "the venue does not know the address: check it, or deposit first"
        return ""


class _RoleData(msgspec.Struct, gc=False):
    user: str = ""
    master: str = ""


class _RoleBody(msgspec.Struct, gc=False):
    role: str
    data: _RoleData | None = None


def role(raw: bytes | str, account: AccountKey) -> Role:
    """userRole: of an agent the master is in `data.user`, of a sub-account in `data.master`."""
    said = value(raw, _RoleBody, account.venue, "userRole")
    data = said.data or _RoleData()
    return Role(said.role[:_WORD_SHOWN], data.user if said.role == "agent" else data.master)


def account_config(
    abstraction_raw: bytes | str,
    spot_raw: bytes | str | None,
    account: AccountKey,
    asked: float,
    received: float,
) -> AccountConfig:
    """userAbstraction, and whether the spot state has what pooled accounts have: two signals that must agree.

    A word that we do not know, one that is retired, and signals that disagree leave the mode unread, which is never
    guessed: `problems` say why. `spot_raw` None: the second signal is missing, which is a doubt and said.
    """
    said = value(abstraction_raw, str, account.venue, "userAbstraction")
    pooled = None if spot_raw is None else spot(spot_raw, account, Universe()).pooled
    mode, why = mode_of(said, pooled)
    return AccountConfig(
        account=account,
        mode=mode,
        symbols=(),
        asked=asked,
        received=received,
        problems=(why,) if why else (),
    )


def mode_of(said: str, pooled: bool | None) -> tuple[AccountMode, str]:
    """The mode that two signals agree on, with what is to be said about it."""
    kind = KINDS.get(said)
    if said == RETIRED:
        return UNREADABLE, "the account is in the retired mode dexAbstraction, in which what backs what is not known"
    if kind is None:
        return UNREADABLE, f"the account's mode {said[:_WORD_SHOWN]!r} is one that we do not know"
    if pooled is None:
        return UNREADABLE, "the spot state was not read, so that nothing confirms the account's mode"
    if pooled is not (kind != STANDARD):
        has = "has" if pooled else "has no"
        return UNREADABLE, (
            f"two signals of the account's mode disagree: the venue says {said}, and the spot state {has} "
            "tokenToAvailableAfterMaintenance"
        )
    return MODES[kind], ""


def state(raw: bytes | str, dex: str, account: AccountKey, known: Universe) -> DexState:
    """clearinghouseState of one dex."""
    body = value(raw, StateBody, account.venue, "clearinghouseState")
    try:
        return dex_state(body, dex, known.collateral(dex))
    except BadField as error:
        raise MalformedAnswer(account.venue, "clearinghouseState", str(error)) from None


def spot(raw: bytes | str, account: AccountKey, known: Universe) -> SpotState:
    """spotClearinghouseState."""
    return spot_state(value(raw, SpotBody, account.venue, "spotClearinghouseState"), known.tokens)


def account_snapshot(
    state_raws: Mapping[str, bytes | str],
    spot_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    *,
    universe: Universe,
    prices: Mapping[Asset, float] | None = None,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """An account whole: clearinghouseState by dex ("" is the first), and spotClearinghouseState.

    `prices` are USD prices of collateral by the coin's common name, or by the token's (`reserve_prices`).
    """
    states = {dex: state(raw, dex, account, universe) for dex, raw in state_raws.items()}
    money = spot(spot_raw, account, universe)
    whole = Assembly(account, {} if prices is None else prices)
    whole.keep(states, money)
    if bad_rows is not None:
        bad_rows += [*money.problems, *(one for found in states.values() for one in found.problems)]
    snapshot = whole.snapshot(asked, received)
    assert snapshot is not None  # both halves were just kept
    return snapshot
