"""The readings of one account: what all products have in common, and those of spot margin; and what they weigh."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec

from monitor.domain.accounts import AccountMode
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, FeedLost, MalformedAnswer, VenueError
from monitor.domain.events import AccountSnapshot, PollFailed
from monitor.venues.budget import Priority
from monitor.venues.desk import check_powers
from monitor.venues.kucoin import answers, answers_account, endpoints
from monitor.venues.kucoin.client import MAX_PAGES, SAME_MOMENT_SECONDS, Client
from monitor.venues.kucoin.endpoints import Endpoint, Pool
from monitor.venues.kucoin.needs import UNIT, Needs, of_snapshot
from monitor.venues.kucoin.settings import FUTURES, VENUE, KucoinSettings
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Secret, Timings
from monitor.venues.wake import together

ACCOUNT_READINGS = ("account", "config", "permissions", "income", "tiers", "collateral")
CLASSIC, UNIFIED = "classic", "unified"
ALWAYS_ASKED = ("USDT", "XBT", "USDC")  #: currencies of which a classic account is asked for whatever it holds
MARKS_ONE_BY_ONE = 12  #: contracts whose marks are asked for one by one; of more all contracts are read
ELSEWHERE = 'the user has a unified account, where loans are no margin account: list it with product = "futures"'
NO_HISTORY = "the history of this product is not read"

Params = Mapping[str, str | int]


class _Pages(msgspec.Struct):
    totalPage: int = 1


class _Paged(msgspec.Struct):
    data: _Pages | None = None


class Read(NamedTuple):
    """The pages of an answer, and what is missing, in words ("" if nothing is)."""

    pages: list[Answer]
    missing: str = ""

    @property
    def only(self) -> Answer:
        """The answer, where there is one."""
        return self.pages[0]


def page_count(page: bytes) -> int:
    """How many pages an answer has; 1 where it does not say, or cannot be read: its reader will say so."""
    try:
        data = msgspec.json.decode(page, type=_Paged).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 1
    return 1 if data is None else data.totalPage


class AccountReadings:
    """What all products have in common."""

    def __init__(self, account: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings) -> None:
        self.account = account.key
        self.rows = {what: Reading(VENUE, account.name, what) for what in ACCOUNT_READINGS}
        self.needs = Needs()  #: of what was last read, and pushed since; whoever follows that keeps it here
        self._settings, self._client, self._emit, self._clock = account, client, emit, clock
        self._timings = timings

    @property
    def kind(self) -> str | None:
        """The room's word for the kind of account, None before it was read."""
        return ""

    @property
    def has_history(self) -> bool:
        """Whether the venue's history of cash flows is read."""
        return False

    @abstractmethod
    async def config(self) -> bool:
        """Modes and settings; True if what positions are read with changed."""

    @abstractmethod
    async def _read(self, asked: float) -> tuple[AccountSnapshot, Sequence[str]]:
        """Read the account once, as asked for at this moment; the snapshot, and what is missing in it, in words."""

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read the account, again if a push about it came in between; emit the snapshot and return it.

        Tries are bounded: what moves all the time is told as it was last read.
        """
        for _ in range(self._timings.snapshot_tries):
            asked = self._clock.now()
            snapshot, problems = await self._read(asked)
            if not event_since(asked):
                break
        if problems:
            snapshot = replace(snapshot, problems=(*snapshot.problems, *problems))
        self.needs = of_snapshot(snapshot)
        self._emit(snapshot)
        return snapshot

    async def permissions(self) -> None:
        """Read what the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        answer = await self._ask("permissions", endpoints.API_KEY)
        self.rows["permissions"].came(answer)
        with self.rows["permissions"].taking(answer):
            read = answers_account.permissions(answer.body, self.account, answer.received)
        self._emit(read)
        check_powers(self.account, read.permissions, self._settings.permissions)

    async def income(self, since: float) -> None:  # noqa: ARG002  # there is none
        """The history of cash flows, where the product has one that is read."""
        self.rows["income"].idle(NO_HISTORY)

    async def tiers(self) -> None:
        """Read tables of tiers that are the account's own."""
        self.rows["tiers"].idle("the venue's own tables hold")

    async def collateral(self) -> None:
        """Read how assets count, where that is the account's own."""
        self.rows["collateral"].idle("the venue's own tables hold")

    # For products

    async def _ask(
        self, what: str, endpoint: Endpoint, params: Params | None = None, priority: Priority = Priority.NEEDED
    ) -> Answer:
        """One request with the account's key. A reading that waits long for the budget says so."""

        def waits(why: str) -> None:
            if self.rows[what].reason == why:
                return  # another request of the same reading waits, too
            self.rows[what].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, what, self._clock.now(), why, waiting=True))

        return await self._client.ask(
            endpoint,
            params,
            self._settings.credentials,
            account=self.account.account,
            priority=priority,
            waits=waits,
        )

    async def _one(self, endpoint: Endpoint, params: Params | None = None) -> Read:
        """An answer that comes whole."""
        return Read([await self._ask("account", endpoint, params)])

    async def _pages(self, endpoint: Endpoint, params: Params, page_name: str) -> Read:
        """All pages of an answer, which are asked for by `page_name`."""
        asked = {**params, "pageSize": endpoints.PAGE_ROWS}
        pages = [await self._ask("account", endpoint, {**asked, page_name: 1})]
        while len(pages) < min(page_count(pages[0].body), MAX_PAGES):
            pages.append(await self._ask("account", endpoint, {**asked, page_name: len(pages) + 1}))
        more = page_count(pages[0].body) > MAX_PAGES
        return Read(pages, f"there are more than {MAX_PAGES * endpoints.PAGE_ROWS} {endpoint.name}" if more else "")

    async def _marks(self) -> Read:
        """The marks of margin of this very moment, where coins are held whose price decides: the account's own answers
        tell none, and a second later in a crash theirs and ours would be of other prices.
        """
        if not self.needs.assets - {UNIT}:
            return Read([])
        with contextlib.suppress(VenueError):
            return Read([await self._client.margin_marks()])
        return Read([])

    def _priced(self, snapshot: AccountSnapshot, marks: Read) -> AccountSnapshot:
        """The snapshot with the prices that were read with it; they are told, too."""
        prices: dict[str, float] = {}
        purses = (balance for wallet in snapshot.wallets for balance in wallet.balances.values())
        held = {one.asset for one in (*snapshot.balances, *purses)}
        for answer in marks.pages:
            with contextlib.suppress(MalformedAnswer):
                for tick in answers.asset_ticks(answer.body, held, VENUE, answer.received):
                    prices[tick.asset] = tick.price_usd
                    self._emit(tick)
        balances = tuple(replace(one, price_usd=prices.get(one.asset)) for one in snapshot.balances)
        return replace(snapshot, balances=balances) if prices else snapshot

    async def _optional(self, what: str, endpoint: Endpoint, params: Params | None = None) -> Answer | None:
        """What is worth asking beside the rest, and no reason to go without it; None without an answer."""
        try:
            answer = await self._ask(what, endpoint, params)
        except AuthRejected:
            raise
        except VenueError:
            return None
        self.rows[what].came(answer)
        return answer


class MarginReadings(AccountReadings):
    """Spot margin: one account for all pairs (`each` False), or a wallet for each of them."""

    def __init__(
        self, account: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings, *, each: bool
    ) -> None:
        super().__init__(account, client, emit, clock, timings)
        self._each = each
        self._mode: AccountMode | None = None

    async def config(self) -> bool:
        """The product is the mode, unless the user switched to the unified account, which takes loans elsewhere: then
        an empty margin account says nothing, and no mode is told. Where that cannot be read, the product is believed.
        """
        mode = await self._optional("config", endpoints.ACCOUNT_MODE)
        now = self._clock.now()
        config = answers_account.account_config(self._settings.product, None, None, (), self.account, now, now)
        if mode is not None and answers_account.account_kind(mode.body, self.account) == UNIFIED:
            unknown = replace(config.mode, collateral=None, kind=UNIFIED)
            config = replace(config, mode=unknown, problems=(*config.problems, ELSEWHERE))
        self._emit(config)
        self.rows["config"].fine()
        before, self._mode = self._mode, config.mode
        return before != config.mode

    async def _read(self, asked: float) -> tuple[AccountSnapshot, Sequence[str]]:
        endpoint = endpoints.ISOLATED_ACCOUNTS if self._each else endpoints.MARGIN_ACCOUNTS
        account, marks = await together(self._one(endpoint, endpoints.ALL_ACCOUNTS), self._marks())
        answer = account.only
        self.rows["account"].came(answer)
        read = answers_account.isolated_snapshot if self._each else answers_account.margin_snapshot
        with self.rows["account"].taking(answer) as bad:
            snapshot = read(answer.body, self.account, asked, answer.received, bad_rows=bad)
        return self._priced(snapshot, marks), ()

    async def tiers(self) -> None:
        """Read at which debt ratio loans are liquidated: of all pairs together, or of each."""
        config = await self._ask("tiers", endpoints.MARGIN_CONFIG)
        said = [config]
        pairs: Answer | None = None
        if self._each:
            pairs = await self._ask("tiers", endpoints.ISOLATED_SYMBOLS)
            said.append(pairs)
        self.rows["tiers"].came(*said)
        with self.rows["tiers"].taking(*said) as bad:
            loaded = answers.loans(config.body, pairs.body if pairs else None, VENUE, config.received, bad)
        self._emit(replace(loaded, account=self.account))

    async def collateral(self) -> None:
        """Read how coins count in a margin account."""
        answer = await self._ask("collateral", endpoints.MARGIN_CURRENCIES)
        self.rows["collateral"].came(answer)
        with self.rows["collateral"].taking(answer) as bad:
            loaded = answers.collateral(None, answer.body, VENUE, answer.received, bad)
        self._emit(replace(loaded, account=self.account))


def not_read(what: str) -> FeedLost:
    """The kind of a futures account is not known, and what to ask depends on it."""
    return FeedLost(VENUE, what, "whether the account is classic or unified could not be read yet")


def bodies(said: Iterable[Answer]) -> list[bytes]:
    """What answers hold."""
    return [one.body for one in said]


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides how much one account asks: its product, its kind (None: not known), and whether its pushes come."""

    product: str
    kind: str | None
    seeing: bool


def planned_weights(one: Asked, timings: Timings) -> dict[Pool, float]:
    """Weight a minute, by pool, that the polls of one account need when nothing is stretched.

    Of an account of futures whose kind is not known both are planned, for they ask different pools.
    """
    often = timings.account_every_seconds if one.seeing else timings.account_every_blind_seconds
    weights = {Pool.UNIFIED: 60.0 * endpoints.ACCOUNT_MODE.weight / timings.config_every_seconds}
    if one.product != FUTURES:
        return {**weights, Pool.SPOT: 60.0 * endpoints.MARGIN_ACCOUNTS.weight / often}
    if one.kind != UNIFIED:
        reading = endpoints.POSITIONS.weight + endpoints.ORDERS.weight + len(ALWAYS_ASKED) * endpoints.OVERVIEW.weight
        weights[Pool.FUTURES] = 60.0 * (reading / often + endpoints.POSITION_MODE.weight / timings.config_every_seconds)
    if one.kind != CLASSIC:
        reading = endpoints.UNIFIED_OVERVIEW.weight + endpoints.UNIFIED_BALANCE.weight
        reading += endpoints.UNIFIED_POSITIONS.weight + endpoints.UNIFIED_ORDERS.weight
        weights[Pool.UNIFIED] += 60.0 * reading / often
    return weights


def public_weight(timings: Timings, *, marks: int = 0, assets: bool = False, priced: int = 0) -> float:
    """Public weight a minute: what stands in for streams that are down, marks of so many contracts and prices; and the
    prices that so many accounts are read with.
    """
    each = min(marks * endpoints.MARK_PRICE.weight, MARKS_ONE_BY_ONE * endpoints.MARK_PRICE.weight)
    bridging = (each + assets * endpoints.MARGIN_MARKS.weight) / timings.bridge_every_seconds
    readings = min(priced / timings.account_every_seconds, 1.0 / SAME_MOMENT_SECONDS)
    return 60.0 * (bridging + readings * endpoints.MARGIN_MARKS.weight)


def planned(settings: KucoinSettings) -> float:
    """How many times over the readings of all accounts fill what we may ask: of the pool that is filled most."""
    limits = {
        Pool.FUTURES: settings.futures_weight,
        Pool.SPOT: settings.spot_weight,
        Pool.MANAGEMENT: settings.management_weight,
        Pool.UNIFIED: settings.unified_weight,
        Pool.PUBLIC: settings.public_weight,
    }
    used: dict[tuple[Pool, Secret], float] = {}
    for account in settings.accounts:
        asked = Asked(account.product or FUTURES, None, True)
        for pool, weight in planned_weights(asked, settings.timings).items():
            place = pool, account.credentials.api_key
            used[place] = used.get(place, 0.0) + weight
    shares = [
        weight * endpoints.WINDOW_SECONDS / 60.0 / (limits[pool] * settings.weight_share)
        for (pool, _), weight in used.items()
    ]
    return max(shares, default=0.0)
