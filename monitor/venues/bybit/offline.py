"""A folder of raw answers as events: what `assess` feeds to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.domain.accounts import CollateralMode, RiskUnit
from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, AssetTick, Event, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues import folder
from monitor.venues.bybit import account_answers, answers
from monitor.venues.bybit.endpoints import (
    ACCOUNT_INFO,
    BORROW_TIERS,
    COLLATERAL,
    ENDPOINTS,
    FEE_RATE,
    HELD_IN,
    INSTRUMENTS,
    ORDERS,
    PORTFOLIO_MARGIN,
    POSITIONS,
    QUERY_API,
    REQUIRED,
    RISK_LIMIT,
    TICKERS,
    WALLET,
    WITHDRAWAL,
    Endpoint,
    file_name,
)
from monitor.venues.bybit.risk_answers import Risk, portfolio_risk
from monitor.venues.offline import Offline

OPTIONAL_MEANING: Mapping[Endpoint, str] = {
    INSTRUMENTS: "base and quote are taken from the symbols' names, and options cannot be priced",
    RISK_LIMIT: "no maintenance tiers: margin ratios and lines are unknown",
    COLLATERAL: "no collateral ratios: what coins count for is unknown",
    BORROW_TIERS: "no loan tiers: a loan asks for no margin here",
    FEE_RATE: "no fee rates: those of an account without a discount are assumed",
    TICKERS: "mark prices only of the positions themselves, and USD prices as the wallet tells them",
    QUERY_API: "what the key may do is unknown",
    PORTFOLIO_MARGIN: "no scenarios: what portfolio margin requires is held as the wallet tells it",
}
"""What it costs when an optional answer is missing. PORTFOLIO_MARGIN is missed in portfolio margin only."""


def read(found: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing without wallet, positions or account info, MalformedAnswer if a file is not what its name says. All
    files of an endpoint are read: pages, categories, symbols.
    """
    paths = {endpoint.path: endpoint for endpoint in ENDPOINTS}
    sorted_out: dict[Endpoint, list[tuple[folder.Request, bytes]]] = {}
    for name in sorted(found):
        try:
            request = folder.parse(name, paths)
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        if request.path in paths:
            sorted_out.setdefault(paths[request.path], []).append((request, found[name]))
    absent = [folder.name(endpoint.path) for endpoint in REQUIRED if endpoint not in sorted_out]
    if absent:
        raise InputMissing(f"{', '.join(absent)}: not in the folder; without it there is nothing to assess")
    reading = _Reading(sorted_out, account, time)
    events = reading.events()
    return Offline(events, reading.missing, tuple(f"{bad.row}: {bad.why}" for bad in reading.problems))


class _Reading:
    def __init__(
        self, found: Mapping[Endpoint, list[tuple[folder.Request, bytes]]], account: AccountKey, time: float
    ) -> None:
        self._found, self._account, self._venue, self._time = found, account, account.venue, time
        self.missing: dict[str, str] = {}
        self.problems: list[RowProblem] = []

    def events(self) -> tuple[Event, ...]:
        venue, account, time, bad = self._venue, self._account, self._time, self.problems
        config = account_answers.account_config(
            self._all(ACCOUNT_INFO)[0], self._all(FEE_RATE), account, time, time, position_raws=self._all(POSITIONS)
        )
        self._miss(config)
        events: list[Event] = []
        if contracts := self._all(INSTRUMENTS):
            events.append(answers.instruments(contracts, venue, time, bad))
            events.append(answers.funding_intervals(contracts, venue, time))
        if limits := self._all(RISK_LIMIT):
            events.append(answers.tiers(limits, venue, time, bad))
        if ratios := self._all(COLLATERAL):
            events.append(answers.collateral(ratios, self._all(BORROW_TIERS), venue, account, time, bad))
        events += [answers.permissions(raw, account, time) for raw in self._all(QUERY_API)]
        events.append(replace(config, problems=(*self.missing.values(), *config.problems)))
        snapshot = account_answers.account_snapshot(
            self._all(WALLET)[0],
            self._all(POSITIONS),
            self._all(ORDERS),
            account,
            time,
            time,
            risk=self._risk(),
            withdrawal_raws=self._all(WITHDRAWAL),
        )
        events += self._prices(snapshot.marks, snapshot.venue.risk_units)
        events.append(snapshot)
        return tuple(events)

    def _all(self, endpoint: Endpoint) -> list[bytes]:
        return [raw for _, raw in self._found.get(endpoint, [])]

    def _miss(self, config: AccountConfig) -> None:
        """Name what is not there. It is a problem of the configuration: it lowers the quality, and the snapshot stays
        whole, so that it is still compared with the venue's figures.
        """
        for endpoint, cost in OPTIONAL_MEANING.items():
            wanted = endpoint is not PORTFOLIO_MARGIN or config.mode.collateral is CollateralMode.PORTFOLIO
            if wanted and endpoint not in self._found:
                name = folder.name(endpoint.path)
                self.missing[name] = f"{name} is missing: {cost}"
        for endpoint, what in ((POSITIONS, "positions"), (ORDERS, "resting orders")):
            asked = [request.params for request, _ in self._found.get(endpoint, [])]
            for question in HELD_IN:
                if not any(question.items() <= params.items() for params in asked):
                    name = file_name(endpoint, question)
                    self.missing[name] = f"{name} is missing: {what} that it would hold are not seen"

    def _risk(self) -> Risk | None:
        raws = self._all(PORTFOLIO_MARGIN)
        if not raws:
            return None
        read_units = [portfolio_risk(raw, self._account, self._time, self.problems) for raw in raws]
        return Risk(tuple(unit for one in read_units for unit in one.units), self._time)

    def _prices(self, in_snapshot: tuple[tuple[str, float], ...], risk_units: tuple[RiskUnit, ...]) -> list[Event]:
        """Prices of the tickers; of what they lack, those that positions, wallet and scenarios were computed with."""
        events: list[Event] = []
        for request, raw in self._found.get(TICKERS, []):
            category = request.params.get("category")
            if category == "spot":
                events += answers.asset_prices(raw, self._venue, self._time, self.problems)
                continue
            events += answers.marks(raw, self._venue, self._time, self.problems)
            if category == "option" and (priced := answers.option_marks(raw, self._venue, self._time)) is not None:
                events.append(priced)
        marked = {event.symbol for event in events if isinstance(event, Tick)}
        priced_assets = {event.asset for event in events if isinstance(event, AssetTick)}
        wallet = account_answers.wallet_prices(self._all(WALLET)[0], self._venue, self._time)
        events += [tick for tick in wallet if tick.asset not in priced_assets]
        priced_assets |= {tick.asset for tick in wallet}
        events += [
            AssetTick(self._venue, unit.asset, unit.reference_price, self._time, self._time)
            for unit in risk_units
            if unit.reference_price is not None and unit.asset not in priced_assets
        ]
        return events + [
            Tick(self._venue, symbol, mark, self._time, self._time)
            for symbol, mark in in_snapshot
            if symbol not in marked
        ]
