"""A folder of raw answers as events: what `assess` feeds to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.domain.accounts import AccountMode, CollateralMode, MarginMode, VenueAccount
from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, Event, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey
from monitor.venues import folder
from monitor.venues.folder import Request
from monitor.venues.offline import Offline
from monitor.venues.okx import answers as words
from monitor.venues.okx import answers_account, answers_risk
from monitor.venues.okx.endpoints import (
    ACCOUNT_CONFIG,
    BALANCE,
    DISCOUNT_RATES,
    ENDPOINTS,
    INDEX_TICKERS,
    INSTRUMENTS,
    MARK_PRICE,
    MAX_WITHDRAWAL,
    OPT_SUMMARY,
    ORDERS,
    POSITION_BUILDER,
    POSITION_BUILDER_GRAPH,
    POSITION_TIERS,
    POSITIONS,
    TRADE_FEE,
    Endpoint,
    InstType,
    inst_type,
)
from monitor.venues.rows import in_words

REQUIRED = (BALANCE, POSITIONS)
"""Without these there is nothing to assess."""

OPTIONAL_MEANING: dict[str, str] = {
    ACCOUNT_CONFIG.path: "the account's level and position mode are unknown, so nothing can be computed",
    INSTRUMENTS.path: "no contract sizes: nothing that is held can be computed",
    POSITION_TIERS.path: "no maintenance tiers: margin ratios and lines are unknown",
    TRADE_FEE.path: "no fees: those of the lowest level are assumed",
    ORDERS.path: "resting orders are not counted",
    DISCOUNT_RATES.path: "no discounts of collateral: an account that counts in USD is unknown",
    INDEX_TICKERS.path: "USD prices of assets only as the balances show them",
    MARK_PRICE.path: "mark prices only of the positions themselves",
    MAX_WITHDRAWAL.path: "what may leave the account is unknown",
}
"""What it costs when an optional file is missing."""

OF_OPTIONS = {OPT_SUMMARY.path: "no volatilities and forward prices: options are unknown"}
OF_PORTFOLIOS = {
    POSITION_BUILDER.path: "no scenarios: the requirement is held as the venue last said",
    POSITION_BUILDER_GRAPH.path: "the venue's own lines of the market are unknown",
}
"""The same for what is asked only where options are held, and of portfolio margin."""

_MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


def read(answers: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing if balance or positions are not there, MalformedAnswer if a file is not what its name says.
    """
    found: dict[str, list[tuple[Request, bytes]]] = {}
    paths = [endpoint.path for endpoint in ENDPOINTS]
    for file_name in sorted(answers):
        try:
            request = folder.parse(file_name, paths)
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        found.setdefault(request.path, []).append((request, answers[file_name]))
    absent = [folder.name(endpoint.path) for endpoint in REQUIRED if endpoint.path not in found]
    if absent:
        raise InputMissing(f"{', '.join(absent)}: not in the folder; without it there is nothing to assess")
    reading = _Reading(found, account, time)
    events = reading.events()
    return Offline(events, reading.missing, in_words(reading.problems))


class _Reading:
    def __init__(self, found: Mapping[str, list[tuple[Request, bytes]]], account: AccountKey, time: float) -> None:
        self._found, self._account, self._venue, self._time = found, account, account.venue, time
        self.problems: list[RowProblem] = []
        self.missing: dict[str, str] = {}

    def events(self) -> tuple[Event, ...]:
        """Tables, the configuration, prices, and the account last, so that it is computed once."""
        config = self._config()
        snapshot = self._snapshot(config)
        self._name_missing(config, snapshot)
        # What is missing is a problem of the configuration: the snapshot stays whole and is still reconciled.
        costs = tuple(self.missing.values())
        tables = self._tables()
        return (
            *tables,
            replace(config, problems=(*costs, *config.problems)),
            *self._prices(snapshot),
            snapshot,
        )

    def _all(self, endpoint: Endpoint) -> list[bytes]:
        return [raw for _, raw in self._found.get(endpoint.path, [])]

    def _config(self) -> AccountConfig:
        said = self._all(ACCOUNT_CONFIG)
        if said:
            return answers_account.account_config(
                said[0], self._all(TRADE_FEE), self._account, self._time, self._time, self.problems
            )
        return AccountConfig(
            account=self._account,
            mode=AccountMode(collateral=None, hedge=None),
            symbols=(),
            asked=self._time,
            received=self._time,
        )

    def _snapshot(self, config: AccountConfig) -> AccountSnapshot:
        bad: list[RowProblem] = []
        withdrawals = self._all(MAX_WITHDRAWAL)
        snapshot = answers_account.account_snapshot(
            self._all(BALANCE)[0],
            self._all(POSITIONS)[0],
            self._all(ORDERS),
            self._account,
            self._time,
            self._time,
            withdrawal_raw=withdrawals[0] if withdrawals else None,
            venue=self._risk() if config.mode.collateral is CollateralMode.PORTFOLIO else None,
            bad_rows=bad,
        )
        self.problems += bad
        return snapshot

    def _risk(self) -> VenueAccount:
        venue = VenueAccount()
        for raw in self._all(POSITION_BUILDER):
            units = answers_risk.risk_units(raw, self._venue, self.problems)
            venue = replace(venue, risk_units=units, risk_asked=self._time)
        for raw in self._all(POSITION_BUILDER_GRAPH):
            venue = replace(venue, market_curve=answers_risk.market_curve(raw, self._venue, self.problems))
        return venue

    def _tables(self) -> list[Event]:
        events: list[Event] = []
        listed: tuple[Instrument, ...] = ()
        if self._all(INSTRUMENTS):
            loaded = words.instruments(self._all(INSTRUMENTS), self._venue, self._time, self.problems)
            listed = loaded.instruments
            events.append(loaded)
        by_family = [
            words.TierAnswer(raw, request.params.get("instType", ""), _MODES[request.params["tdMode"]])
            for request, raw in self._found.get(POSITION_TIERS.path, [])
            if "ccy" not in request.params and request.params.get("tdMode") in _MODES
        ]
        if by_family:
            events.append(words.tiers(by_family, listed, self._venue, self._time, self.problems))
        loans = [
            (request.params["ccy"], raw)
            for request, raw in self._found.get(POSITION_TIERS.path, [])
            if "ccy" in request.params
        ]
        if self._all(DISCOUNT_RATES):
            terms = words.collateral(self._all(DISCOUNT_RATES), loans, self._venue, self._time, self.problems)
            events.append(terms)
        for raw in self._all(OPT_SUMMARY):
            options = words.option_marks(raw, self._venue, self._time, self.problems)
            events += [] if options is None else [options]
        if self._all(ACCOUNT_CONFIG):
            events.append(answers_account.permissions(self._all(ACCOUNT_CONFIG)[0], self._account, self._time))
        return events

    def _prices(self, snapshot: AccountSnapshot) -> Iterable[Event]:
        """Marks and indices as they were read; where there are none, those that the account's own rows show."""
        found = [one for raw in self._all(INDEX_TICKERS) for one in words.index_tickers(raw, self._venue, self._time)]
        there = {one.asset for one in found}
        found += [
            AssetTick(self._venue, balance.asset, balance.price_usd, self._time, self._time)
            for balance in snapshot.balances
            if balance.asset not in there and balance.price_usd is not None
        ]
        ticks = [
            one for raw in self._all(MARK_PRICE) for one in words.marks(raw, self._venue, self._time, self.problems)
        ]
        told = {one.symbol for one in ticks}
        ticks += [
            Tick(self._venue, symbol, mark, self._time, self._time)
            for symbol, mark in snapshot.marks
            if symbol not in told
        ]
        return (*found, *ticks)

    def _name_missing(self, config: AccountConfig, snapshot: AccountSnapshot) -> None:
        wanted = dict(OPTIONAL_MEANING)
        if any(inst_type(one.symbol) == InstType.OPTION for one in snapshot.positions):
            wanted |= OF_OPTIONS
        if config.mode.collateral is CollateralMode.PORTFOLIO:
            wanted |= OF_PORTFOLIOS
        if not snapshot.positions:
            for endpoint in (INSTRUMENTS, POSITION_TIERS, MARK_PRICE):
                wanted.pop(endpoint.path)
        if config.mode.collateral in (CollateralMode.SINGLE_ASSET, CollateralMode.SPOT):
            wanted.pop(DISCOUNT_RATES.path)
        names = {folder.name(path): cost for path, cost in wanted.items() if path not in self._found}
        self.missing = {name: f"{name} is missing: {cost}" for name, cost in names.items()}
