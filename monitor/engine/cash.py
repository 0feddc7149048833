"""The cash book of each account: every change of a wallet against the flows that explain it, and what is left over.

A wallet and its flows come by different ways and in any order, so each wallet that was believed waits for a while until
its flows have had time to come; then the change since the wallet before must be the sum of the flows between the two,
by the venue's time. What is left is a gap. Sums telescope: a flow booked to the wrong side of a wallet makes two gaps
that cancel. Transfers explain nothing, for a theft looks just like one, but they give a gap its name.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.domain.events import BalanceCause, CashFlow, CashFlowsRead
from monitor.domain.names import AccountKey, Asset, Symbol

SETTLE_SECONDS = 10.0  #: a wallet waits so long for flows that come later than it does
PATIENCE_SECONDS = 30.0  #: a gap is told after this, though the venue's own history was not read yet
ASK_AFTER_SECONDS = (0.0, 60.0, 300.0)  #: after a gap was found: a history may lag behind the wallets
WINDOW_SECONDS = 3600.0  #: gaps older than this are history
LATE_SECONDS = 0.05  #: by which two services of a venue may stamp one deed differently
SLACK_SECONDS = 60.0  #: by which the history may stamp a funding payment before the wallet shows it
DEAF_SECONDS = 30.0  #: a stream that is found dead may have been dead for this long
DUST_RATIO = 1e-6  #: of the wallet: digits that one way cuts off and another does not
DUST = 1e-6
KEPT_WALLETS = 256  #: waiting at most, of one asset
KEPT_FLOWS = 4096

NEVER_EXPLAIN = frozenset({BalanceCause.TRANSFER, BalanceCause.OTHER})


@dataclass(frozen=True, slots=True)
class Wallet:
    """What an asset's wallet held at the venue's `time`; `seen` is our time of the first sight."""

    amount: float
    time: float
    seen: float


@dataclass(slots=True)
class Gap:
    """A change that nothing explains: `amount` of `asset` (negative: it is gone), between the venue's times `after`
    and `until`.

    `blind`: flows may have been missed meanwhile, so that it is no finding before the venue's history was read
    (`answered`). `transfers` and `others` are what was reported under names that explain nothing.
    """

    asset: Asset
    amount: float
    change: float
    after: float
    until: float
    found: float
    blind: bool
    transfers: float = 0.0
    others: float = 0.0
    answered: bool = False
    asks: int = 0
    spoken: bool = False

    @property
    def named(self) -> bool:
        """Whether what was reported, without explaining anything, is all of it."""
        return abs(self.amount - self.transfers - self.others) <= _dust(self.change)

    def told(self, now: float) -> bool:
        """Whether it is spoken of: its history was read, or did not come in time; for as long as it is news."""
        ripe = self.answered or self.named or now - self.found >= PATIENCE_SECONDS
        return ripe and now - self.found < WINDOW_SECONDS

    def wanted_at(self) -> float:
        """When the history is to be asked for next, +inf: not any more."""
        done = self.named or self.asks == len(ASK_AFTER_SECONDS)
        return math.inf if done else self.found + ASK_AFTER_SECONDS[self.asks]

    def due(self) -> float:
        """When time alone changes what is to be said or asked."""
        ripe = self.found + (WINDOW_SECONDS if self.spoken else PATIENCE_SECONDS)
        return min(ripe, self.wanted_at())


def _dust(*amounts: float) -> float:
    return DUST + DUST_RATIO * max(abs(amount) for amount in amounts)


@dataclass(slots=True)
class _Ledger:
    """One asset. `base` is the wallet up to which all is settled; flows up to `cut` are in it."""

    asset: Asset
    base: Wallet
    cut: float
    confirmed: float  #: our time at which the newest wallet was last seen unchanged
    waiting: list[tuple[Wallet, float]] = field(default_factory=list)  #: each with when the one before was last seen
    flows: list[CashFlow] = field(default_factory=list)  #: by venue time; those before `cut` are gone

    def see(self, amount: float, time: float, seen: float) -> None:
        """A wallet is believed."""
        last = self.waiting[-1][0] if self.waiting else self.base
        if amount == last.amount:
            self.confirmed = max(self.confirmed, seen)
            return
        if time < last.time:
            return  # it was another one before that
        self.waiting.append((Wallet(amount, time, seen), self.confirmed))
        self.confirmed = seen
        if len(self.waiting) > KEPT_WALLETS:  # a coarser book is as true
            del self.waiting[1::2]

    def add(self, flow: CashFlow) -> bool:
        """Take a flow; False if all of its time is settled already."""
        if flow.venue_time <= self.cut:
            return False
        insort(self.flows, flow, key=lambda one: one.venue_time)
        if len(self.flows) > KEPT_FLOWS:
            del self.flows[0]
        return True

    def due(self) -> float:
        """When the oldest waiting wallet has waited long enough; +inf: none waits."""
        return self.waiting[0][0].seen + SETTLE_SECONDS if self.waiting else math.inf

    def judge(self, now: float) -> tuple[Gap, float, float] | None:
        """Settle what has waited long enough; a gap, with our times between which it arose, or None.

        As far as any wallet agrees with the flows, the newest such is the base: whatever came in a wrong order before
        it has come right.
        """
        for place in reversed(range(len(self.waiting))):
            wallet = self.waiting[place][0]
            for cut in (wallet.time, wallet.time + LATE_SECONDS):
                if self._agrees(wallet, cut):
                    self._settle(place, cut)
                    return None
        wallet, before = self.waiting[0]
        between = [flow for flow in self.flows if flow.venue_time <= wallet.time]
        gap = Gap(
            asset=self.asset,
            amount=self._left(wallet, wallet.time),
            change=wallet.amount - self.base.amount,
            after=self.cut,
            until=wallet.time,
            found=now,
            blind=False,
        )
        _name(gap, between)
        self._settle(0, wallet.time)
        return gap, before, wallet.seen

    def _agrees(self, wallet: Wallet, cut: float) -> bool:
        """With all flows or each counted once: frames come twice where sockets overlap, but fills may be alike."""
        distinct = {(flow.amount, flow.venue_time, flow.cause, flow.symbol): flow for flow in self.flows}.values()
        change, dust = wallet.amount - self.base.amount, _dust(wallet.amount, self.base.amount)
        return any(abs(change - _explained(flows, -math.inf, cut)) <= dust for flows in (self.flows, distinct))

    def _left(self, wallet: Wallet, cut: float) -> float:
        return wallet.amount - self.base.amount - _explained(self.flows, -math.inf, cut)

    def _settle(self, place: int, cut: float) -> None:
        self.base, self.cut = self.waiting[place][0], max(self.cut, cut)
        del self.waiting[: place + 1]
        self.flows = [flow for flow in self.flows if flow.venue_time > self.cut]


def _explained(flows: Iterable[CashFlow], after: float, until: float) -> float:
    return sum(flow.amount for flow in flows if flow.cause not in NEVER_EXPLAIN and after < flow.venue_time <= until)


def _name(gap: Gap, flows: Iterable[CashFlow]) -> None:
    named = [flow for flow in flows if flow.cause in NEVER_EXPLAIN]
    gap.transfers = sum(flow.amount for flow in named if flow.cause is BalanceCause.TRANSFER)
    gap.others = sum(flow.amount for flow in named if flow.cause is not BalanceCause.TRANSFER)


@dataclass(slots=True)
class _Book:
    """One account. `deaf` are our times between which its stream may have missed flows, the last one open at first."""

    ledgers: dict[Asset, _Ledger] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    early: list[CashFlow] = field(default_factory=list)  #: of assets whose wallet was not seen yet
    deaf: list[tuple[float, float]] = field(default_factory=lambda: [(-math.inf, math.inf)])
    settles: dict[Symbol, Asset] = field(default_factory=dict)  #: in which asset a contract settled last
    whole: float | None = None  #: the venue's time at which all its wallets were known for the first time

    def open(self, asset: Asset, amount: float, time: float, seen: float) -> None:
        """Begin a ledger: with this wallet, or with none where all were known before and this was not among them."""
        first = Wallet(amount, time, seen) if self.whole is None else Wallet(0.0, min(self.whole, time), seen)
        ledger = self.ledgers[asset] = _Ledger(asset, first, first.time, seen)
        for flow in self.early:
            if flow.asset == asset:
                ledger.add(flow)
        self.early = [flow for flow in self.early if flow.asset != asset]

    def judge(self, now: float) -> bool:
        """Settle what has waited long enough; whether another thing is to be told than before."""
        for ledger in self.ledgers.values():
            while ledger.due() <= now:
                found = ledger.judge(now)
                if found is not None:
                    gap, begins, ends = found
                    gap.blind = any(since < ends and begins < until for since, until in self.deaf)
                    self.gaps.append(gap)
        changed = [gap for gap in self.gaps if gap.told(now) is not gap.spoken]
        for gap in changed:
            gap.spoken = not gap.spoken
        self.gaps = [gap for gap in self.gaps if now - gap.found < WINDOW_SECONDS]
        return bool(changed)

    def take_history(self, read: CashFlowsRead) -> None:
        """For the gaps in the time that it covers, the history takes the place of what the stream told."""
        for gap in self.gaps:
            if read.since <= gap.after and gap.until <= read.until:
                rows = [flow for flow in read.flows if flow.asset == gap.asset and flow.venue_time <= gap.until]
                sums = (_explained(rows, gap.after - slack, gap.until) for slack in (0.0, SLACK_SECONDS))
                gap.amount, gap.answered = min((gap.change - explained for explained in sums), key=abs), True
                _name(gap, [flow for flow in rows if flow.venue_time > gap.after - SLACK_SECONDS])
        self._drop()

    def amend(self, flow: CashFlow) -> None:
        """A flow that came later than anybody waited for it: it belongs to a gap, or to a wallet long settled."""
        for gap in self.gaps:
            if gap.asset == flow.asset and gap.after < flow.venue_time <= gap.until + LATE_SECONDS and not gap.answered:
                if flow.cause is BalanceCause.TRANSFER:
                    gap.transfers += flow.amount
                elif flow.cause is BalanceCause.OTHER:
                    gap.others += flow.amount
                else:
                    gap.amount -= flow.amount
                break
        self._drop()

    def _drop(self) -> None:
        """Forget the gaps that are closed; those that were spoken of until it was told that they are."""
        for gap in self.gaps:
            if abs(gap.amount) <= _dust(gap.change):
                gap.found = -math.inf


@dataclass(frozen=True, slots=True)
class Ask:
    """The venue's own history of an account is wanted, from this venue time on."""

    account: AccountKey
    since: float


class Cash:
    """The books of all accounts."""

    def __init__(self) -> None:
        self._books: dict[AccountKey, _Book] = {}
        self._due = math.inf

    def wallets(
        self, account: AccountKey, rows: Iterable[tuple[Asset, float, float]], seen: float, whole: float | None = None
    ) -> None:
        """These wallets are believed: (asset, amount, the venue's time of it).

        `whole`: they are all that the account has, by a reading of that venue time; what is not among them is empty.
        """
        book = self._book(account)
        told = {asset: (amount, time) for asset, amount, time in rows}
        if whole is not None:
            told = dict.fromkeys(book.ledgers, (0.0, whole)) | told
        for asset, (amount, time) in told.items():
            if asset not in book.ledgers:
                book.open(asset, amount, time, seen)
            ledger = book.ledgers[asset]
            ledger.see(amount, time, seen)
            self._due = min(self._due, ledger.due())
        if whole is not None and book.whole is None:
            book.whole = whole

    def settles(self, account: AccountKey, symbol: Symbol, asset: Asset) -> None:
        """The account's profits in this contract are booked in this asset."""
        self._book(account).settles[symbol] = asset

    def settled_in(self, account: AccountKey, symbol: Symbol) -> Asset | None:
        """In which asset profits in a contract were booked last; None if never seen."""
        return self._book(account).settles.get(symbol)

    def flow(self, flow: CashFlow) -> None:
        """Take a flow as it is told."""
        book = self._book(flow.account)
        ledger = book.ledgers.get(flow.asset)
        if ledger is None:
            book.early = [*book.early[-KEPT_WALLETS:], flow]
        elif not ledger.add(flow):
            book.amend(flow)
            self._due = -math.inf

    def history(self, read: CashFlowsRead) -> None:
        """Take the venue's own history."""
        self._book(read.account).take_history(read)
        self._due = -math.inf

    def deaf(self, account: AccountKey, since: float) -> None:
        """From now on flows may be missed; perhaps already for a while."""
        book = self._book(account)
        if not (book.deaf and book.deaf[-1][1] == math.inf):
            book.deaf.append((since - DEAF_SECONDS, math.inf))

    def hears(self, account: AccountKey, since: float) -> None:
        """Flows are told again."""
        book = self._book(account)
        if book.deaf and book.deaf[-1][1] == math.inf:
            book.deaf[-1] = (book.deaf[-1][0], since)
            book.deaf = [span for span in book.deaf if span[1] > since - WINDOW_SECONDS]

    def missed(self, account: AccountKey, at: float) -> None:
        """Flows may have been lost just now."""
        book = self._book(account)
        if not (book.deaf and book.deaf[-1][1] == math.inf):
            book.deaf.append((at - SETTLE_SECONDS, at))

    def forget(self, account: AccountKey) -> None:
        """Forget an account."""
        self._books.pop(account, None)

    def judge(self, now: float) -> tuple[dict[AccountKey, None], list[Ask]]:
        """Settle what is due: the accounts of which another thing is to be told now, and what is to be asked for."""
        if now < self._due:
            return {}, []
        told: dict[AccountKey, None] = {}
        asks: list[Ask] = []
        self._due = math.inf
        for account, book in self._books.items():
            if book.judge(now):
                told[account] = None
            wanted = [gap for gap in book.gaps if gap.wanted_at() <= now]
            for gap in wanted:
                gap.asks += 1
            if wanted:
                asks.append(Ask(account, min(gap.after for gap in wanted) - SLACK_SECONDS))
            dues = [ledger.due() for ledger in book.ledgers.values()] + [gap.due() for gap in book.gaps]
            self._due = min([self._due, *dues])
        return told, asks

    def known(self, account: AccountKey) -> bool:
        """Whether any wallet of it was ever believed."""
        book = self._books.get(account)
        return book is not None and bool(book.ledgers)

    def gaps(self, account: AccountKey, now: float) -> list[Gap]:
        """What is to be spoken of now, oldest first."""
        book = self._books.get(account)
        return [] if book is None else [gap for gap in book.gaps if gap.told(now)]

    def _book(self, account: AccountKey) -> _Book:
        book = self._books.get(account)
        if book is None:
            book = self._books[account] = _Book()
        return book
