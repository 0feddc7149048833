"""A folder of raw answers as events: what `assess` feeds to the engine.

Which of the venue's accounts it is, the files tell: those without which there would be nothing to assess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, AccountSnapshot, Event, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.venues import folder
from monitor.venues.folder import Request
from monitor.venues.kucoin import answers as words
from monitor.venues.kucoin import answers_account
from monitor.venues.kucoin.answers_account import CLASSIC, UNIFIED
from monitor.venues.kucoin.endpoints import (
    ACCOUNT_MODE,
    ACTIVE,
    ALL_ACCOUNTS,
    API_KEY,
    CONTRACTS,
    DISCOUNTS,
    ENDPOINTS,
    ISOLATED_ACCOUNTS,
    ISOLATED_SYMBOLS,
    MARGIN_ACCOUNTS,
    MARGIN_CONFIG,
    MARGIN_CURRENCIES,
    MARGIN_MARKS,
    MARK_PRICE,
    ORDERS,
    OVERVIEW,
    POSITION_MODE,
    POSITION_TIERS,
    POSITIONS,
    REQUIRED,
    RISK_LIMIT,
    TRADE_FEES,
    UNIFIED_BALANCE,
    UNIFIED_ORDERS,
    UNIFIED_OVERVIEW,
    UNIFIED_POSITIONS,
    Endpoint,
    file_name,
)
from monitor.venues.kucoin.names import pair_of
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, MARGIN
from monitor.venues.offline import Offline
from monitor.venues.rows import in_words

_CONTRACTS = "no contract data: what a lot stands for is unknown, so that positions cannot be computed"
_FEES = "the user's fees are unknown: those of the contracts are assumed"
MEANING: Mapping[str, Mapping[Endpoint, str]] = {
    CLASSIC: {
        POSITION_MODE: "the position mode is unknown, so that nothing can be computed",
        CONTRACTS: _CONTRACTS,
        ORDERS: "resting orders are not counted",
        TRADE_FEES: _FEES,
    },
    UNIFIED: {
        CONTRACTS: _CONTRACTS,
        UNIFIED_BALANCE: "the coins are unknown: the account's adjusted equity is held",
        DISCOUNTS: "no discounts of collateral: dollars count in full, other coins are unknown",
        POSITION_TIERS: "no tiers: the venue's own rates of now are used",
        UNIFIED_ORDERS: "resting orders are not counted",
    },
    MARGIN: {
        MARGIN_CONFIG: "the debt ratio of liquidation is assumed",
        MARGIN_CURRENCIES: "margin coefficients are unknown: coins count in full",
        MARGIN_MARKS: "no prices of coins: what is held cannot be counted",
    },
    ISOLATED_MARGIN: {
        ISOLATED_SYMBOLS: "the debt ratios of liquidation are assumed",
        MARGIN_MARKS: "no prices of coins: what is held cannot be counted",
    },
}
"""What it costs when an optional file is missing, by kind of account."""

_PARAMS: Mapping[Endpoint, Mapping[str, str]] = {
    ORDERS: ACTIVE,
    OVERVIEW: {"currency": "USDT"},
    MARGIN_ACCOUNTS: ALL_ACCOUNTS,
    ISOLATED_ACCOUNTS: ALL_ACCOUNTS,
}
_SYMBOL_IN_PATH = {RISK_LIMIT, MARK_PRICE}


def read(answers: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing if no kind of account has the files that it needs, MalformedAnswer if a file is not what its name says.
    """
    found: dict[Endpoint, list[tuple[Request, bytes]]] = {}
    known = {one.path: one for one in ENDPOINTS if one not in _SYMBOL_IN_PATH}
    for name in sorted(answers):
        try:
            request = folder.parse(name, known)
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        endpoint = known.get(request.path)
        if endpoint is None:
            endpoint, symbol = _with_symbol(request.path)
            if endpoint is None:
                continue
            request = replace(request, params={**request.params, "symbol": symbol})
        found.setdefault(endpoint, []).append((request, answers[name]))
    reading = _Reading(found, _kind(found, account), account, time)
    return Offline(reading.events(), reading.missing, in_words(reading.problems))


def _with_symbol(path: str) -> tuple[Endpoint | None, Symbol]:
    """The endpoint whose path holds a contract's name, and that name."""
    for endpoint in _SYMBOL_IN_PATH:
        before, _, after = endpoint.path.partition("{symbol}")
        if path.startswith(before) and path.endswith(after) and len(path) > len(before + after):
            return endpoint, path[len(before) : len(path) - len(after)]
    return None, ""


def _kind(found: Mapping[Endpoint, object], account: AccountKey) -> str:
    """Which account the files are of; where they would do for both kinds of futures, the mode's own file says."""
    whole = [kind for kind, needed in REQUIRED.items() if all(endpoint in found for endpoint in needed)]
    if not whole:
        names = " or ".join(
            ", ".join(file_name(one, _PARAMS.get(one, {})) for one in needed) for needed in REQUIRED.values()
        )
        raise InputMissing(f"{names}: not in the folder; without one of these there is nothing to assess")
    said = found.get(ACCOUNT_MODE)
    if isinstance(said, list) and said and {CLASSIC, UNIFIED} & set(whole):
        told = answers_account.account_kind(said[0][1], account)
        if told in whole:
            return str(told)
    return whole[0]


class _Reading:
    def __init__(
        self, found: Mapping[Endpoint, list[tuple[Request, bytes]]], kind: str, account: AccountKey, time: float
    ) -> None:
        self._found, self._kind, self._account, self._venue, self._time = found, kind, account, account.venue, time
        self.problems: list[RowProblem] = []
        self.missing: dict[str, str] = {}

    def events(self) -> tuple[Event, ...]:
        """Tables, the configuration, prices, and the account last, so that it is computed once."""
        snapshot, config = self._snapshot(), self._config()
        self._name_missing(snapshot)
        costs = tuple(self.missing.values())
        return (
            *self._tables(),
            replace(config, problems=(*costs, *config.problems)),
            *self._prices(snapshot),
            snapshot,
        )

    def _all(self, endpoint: Endpoint) -> list[bytes]:
        return [raw for _, raw in self._found.get(endpoint, [])]

    def _first(self, endpoint: Endpoint) -> bytes | None:
        return next(iter(self._all(endpoint)), None)

    def _config(self) -> AccountConfig:
        product = self._kind if self._kind in (MARGIN, ISOLATED_MARGIN) else FUTURES
        mode = self._first(ACCOUNT_MODE)
        if mode is None:
            # The files are those of one kind: that is what the venue's word would say.
            mode = b'{"code":"200000","data":{"selfAccountMode":"%s"}}' % self._kind.upper().encode()
        return answers_account.account_config(
            product,
            mode,
            self._first(POSITION_MODE),
            self._all(TRADE_FEES),
            self._account,
            self._time,
            self._time,
            self.problems,
            self._all(POSITIONS),
        )

    def _snapshot(self) -> AccountSnapshot:
        whose, bad = (self._account, self._time, self._time), self.problems
        if self._kind == CLASSIC:
            return answers_account.classic_snapshot(
                self._all(POSITIONS)[0], self._all(OVERVIEW), self._all(ORDERS), *whose, bad_rows=bad
            )
        if self._kind == UNIFIED:
            return answers_account.unified_snapshot(
                self._all(UNIFIED_OVERVIEW)[0],
                self._first(UNIFIED_BALANCE),
                self._all(UNIFIED_POSITIONS),
                self._all(UNIFIED_ORDERS),
                *whose,
                bad_rows=bad,
            )
        if self._kind == MARGIN:
            return answers_account.margin_snapshot(self._all(MARGIN_ACCOUNTS)[0], *whose, bad_rows=bad)
        return answers_account.isolated_snapshot(self._all(ISOLATED_ACCOUNTS)[0], *whose, bad_rows=bad)

    def _tables(self) -> list[Event]:
        events: list[Event] = []
        listed = self._first(CONTRACTS)
        if listed is not None:
            events.append(words.instruments(listed, self._venue, self._time, self.problems))
            levels = {request.params["symbol"]: raw for request, raw in self._found.get(RISK_LIMIT, [])}
            events.append(words.tiers(listed, levels, self._venue, self._time, self.problems))
            events.append(words.funding_intervals(listed, self._venue, self._time))
        if self._kind == UNIFIED and self._all(POSITION_TIERS):
            tiers = words.unified_tiers(self._all(POSITION_TIERS), self._account, self._time, self.problems)
            events.append(tiers)
        config, pairs = self._first(MARGIN_CONFIG), self._first(ISOLATED_SYMBOLS)
        if config is not None or pairs is not None:
            events.append(words.loans(config, pairs, self._venue, self._time, self.problems))
        discounts = self._first(DISCOUNTS) if self._kind == UNIFIED else None
        coefficients = self._first(MARGIN_CURRENCIES) if self._kind in (MARGIN, ISOLATED_MARGIN) else None
        if discounts is not None or coefficients is not None:
            told = words.collateral(discounts, coefficients, self._venue, self._time, self.problems, self._account)
            events.append(told)
        key = self._first(API_KEY)
        if key is not None:
            events.append(answers_account.permissions(key, self._account, self._time))
        return events

    def _prices(self, snapshot: AccountSnapshot) -> Iterable[Event]:
        """Marks as they were read, where there are none those of the account's own rows; and prices of coins."""
        listed, told = self._first(CONTRACTS), dict(snapshot.marks)
        symbols = told.keys() | {order.symbol for order in snapshot.orders}
        coins = self._coins(snapshot)
        ticks: dict[Symbol, Tick] = {}
        events: list[Event] = []
        if listed is not None:
            ticks |= {one.symbol: one for one in words.contract_marks(listed, symbols, self._venue, self._time)}
            events += words.index_ticks(listed, coins, self._venue, self._time)
            rates = words.funding_rates(listed, told.keys(), self._venue, self._time)
            events += [] if rates is None else [rates]
        # What the positions were computed with is nearer to them than what everybody was told.
        ticks |= {symbol: Tick(self._venue, symbol, mark, self._time, self._time) for symbol, mark in told.items()}
        read = words.marks(self._all(MARK_PRICE), self._venue, self._time, self.problems)
        ticks |= {one.symbol: replace(one, venue_time=self._time) for one in read if one.symbol in symbols}
        for raw in self._all(MARGIN_MARKS):
            events += words.asset_ticks(raw, coins, self._venue, self._time, self.problems)
        return (*events, *ticks.values())

    def _coins(self, snapshot: AccountSnapshot) -> set[Asset]:
        """The coins whose price matters: what is held, and the quotes of pairs."""
        held = {one.asset for one in snapshot.balances}
        for wallet in snapshot.wallets:
            held |= wallet.balances.keys() | set(pair_of(wallet.name) or ())
        return held | {one.margin_asset for one in snapshot.positions if one.margin_asset is not None}

    def _name_missing(self, snapshot: AccountSnapshot) -> None:
        wanted = dict(MEANING[self._kind])
        if not snapshot.positions and not snapshot.orders:
            for endpoint in (CONTRACTS, TRADE_FEES, POSITION_TIERS):
                wanted.pop(endpoint, None)
        isolated = [one for one in snapshot.positions if one.margin_mode is MarginMode.ISOLATED]
        if isolated and self._kind == CLASSIC and all(one.maintenance_rate is None for one in isolated):
            wanted[RISK_LIMIT] = "no levels of risk: the maintenance of isolated positions is unknown"
        names = {file_name(one, _named(one)): cost for one, cost in wanted.items() if one not in self._found}
        self.missing = {name: f"{name} is missing: {cost}" for name, cost in names.items()}


def _named(endpoint: Endpoint) -> Mapping[str, str]:
    """The parameters that its file is named by, with a word for the contract where it is one."""
    if "{symbol}" in endpoint.path or endpoint in (TRADE_FEES, POSITION_TIERS):
        return {"symbol": "SYMBOL"}
    return _PARAMS.get(endpoint, {})
