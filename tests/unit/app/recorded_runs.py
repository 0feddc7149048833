"""A small run of engine and rules, written down as the journal does: a long that falls to its line and comes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from monitor import __version__
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.deciding import Decider, Decision
from monitor.app.replay_settings import configured
from monitor.app.rooms import describes
from monitor.domain.accounts import (
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Order,
    Permissions,
    Position,
    Wallet,
)
from monitor.domain.commands import AlertsRestored
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    Elapsed,
    Event,
    FeedUp,
    InstrumentsLoaded,
    OptionMarks,
    OrderChanged,
    ParametersSet,
    PermissionsRead,
    Tick,
    Ticks,
    TiersLoaded,
    WalletChanged,
)
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import AccountKey, Side
from monitor.domain.tables import AssetRates, CollateralTerms
from monitor.domain.tiers import Tier, TierTable
from monitor.domain.view import FeedStatus, Surroundings
from monitor.engine.engine import Engine
from monitor.outputs.journal import identity
from monitor.outputs.journal.records import Baseline, Record, Run, Step, decode, encode, outcome, split
from monitor.outputs.journal.segment import Packer, file_header
from monitor.outputs.journal.standing import Standing

T = 1_790_000_000.0
MAIN = AccountKey("binance", "main")
CONFIG = """
instance = "desk"
[accounts.main]
venue = "binance"
[engine]
lines_every_seconds = 0.05
[venues.binance.limits]
mark_seconds = 30.0
asset_seconds = 30.0
[alerts.margin_ratio]
for_seconds = 2.0
keep_firing_seconds = 3.0
[alerts.position_distance]
for_seconds = 2.0
keep_firing_seconds = 3.0
"""
RUN = Run(
    run="20260922T000000-1",
    segment=1,
    began=T,
    started=T,
    instance="desk",
    version="0.2.0",
    build="b1",
    python="3.12",
    numpy="2.3.0",
    cpu=("AVX2",),
    config=CONFIG,
    accounts=(MAIN,),
)
TIERS = TierTable((Tier(0.0, 0.004), Tier(50_000.0, 0.005, 50.0)))
LIVE = FeedStatus(venue="binance", account="", stream="marks", phase="live", up=True, last_message=T)
AROUND = Surroundings(feeds=(LIVE,), clock_offsets={"binance": 0.001})


def standing(at: float, mark: float) -> tuple[Event, ...]:
    """Everything that has to be known of an account with one long of 1 BTC from 60,000 and 12,000 USDT."""
    bitcoin = Instrument(
        venue="binance", symbol="BTCUSDT", payoff=Payoff.LINEAR, base="BTC", quote="USDT", settle="USDT", coin="BTC"
    )
    held = Position(
        symbol="BTCUSDT", side=Side.LONG, quantity=1.0, entry_price=60_000.0, margin_mode=MarginMode.CROSS,
        margin_asset="USDT", update_time=T - 60.0,
    )  # fmt: skip
    return (
        FeedUp("binance", None, "marks", at),
        FeedUp("binance", "main", "user", at),
        InstrumentsLoaded("binance", (bitcoin,), at),
        TiersLoaded("binance", None, (("BTCUSDT", TIERS),), at),
        AccountConfig(
            account=MAIN, mode=AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False), symbols=(), asked=at,
            received=at,
        ),
        PermissionsRead(
            account=MAIN,
            permissions=Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False),
            received=at,
        ),
        AccountSnapshot(
            account=MAIN, positions=(held,),
            balances=(Balance(asset="USDT", wallet=12_000.0, cross_wallet=12_000.0),), asked=at, received=at,
        ),
        *prices(mark, at),
    )  # fmt: skip


def prices(mark: float, at: float) -> tuple[Event, ...]:
    """One frame: the mark of the long, and what a tether is worth."""
    return (Tick("binance", "BTCUSDT", mark, at, at), AssetTick("binance", "USDT", 1.0, at, at))


def marks(count: int = 40) -> list[float]:
    """A fall to just above the line, and back, with digits that no binary fraction holds."""
    half = count // 2
    down = [60_000.0 - 11_400.0 * n / half + 0.1 for n in range(half)]
    return down + down[::-1]


@dataclass
class Live:
    """A live run whose journal is a list. `baseline_before` names the steps at which a new segment begins."""

    run: Run = RUN
    baseline_before: Sequence[int] = ()
    records: list[Record] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        loaded = configured(self.run)
        self.decider = Decider(
            Engine(describes(settings.used_venues(loaded)), settings.engine(loaded)),
            Alerting(settings.alerts(loaded)),
            instance=self.run.instance,
            version=self.run.version,
            started=self.run.started,
        )
        self.records.append(self.run)
        self.facts = Standing()  #: of which only what it knows of alerts is used here

    def step(self, events: Sequence[Event], now: float, around: Surroundings | None = None, overrun: str = "") -> None:
        number = len(self.decisions) + 1
        if number in self.baseline_before:
            self._segment(number, now)
        self.records.append(Step(number=number, now=now, events=tuple(events), around=around, overrun=overrun))
        decision = self.decider.step(events, now, AROUND, overrun)
        self.decisions.append(decision)
        self.facts.see(event for event in events if isinstance(event, AlertsRestored))
        self.facts.remember(decision.memory)
        self.records.append(outcome(number, decision.result.reports, decision.changes))

    def _segment(self, number: int, now: float) -> None:
        segment = 2 + list(self.baseline_before).index(number)
        self.records.append(replace(self.run, segment=segment, began=now - 0.5))
        events = (*self.facts.events(now - 0.5), *standing(now - 0.5, self.mark))
        self.records.append(Baseline(at=now - 0.5, after=number - 1, events=events, around=AROUND))

    def all(self, along: Iterable[float] = ()) -> Live:
        """The whole story: everything is read, then a price a second."""
        self.mark = 60_000.0
        self.step(standing(self.run.started, self.mark), self.run.started, AROUND)
        for second, mark in enumerate(along or marks(), start=1):
            now = self.run.started + second
            self.step((*prices(mark, now), Elapsed(now)), now)
            self.mark = mark
        return self


def written(records: Iterable[Record]) -> list[Record]:
    """The same records after they were bytes."""
    return [decode(kind, body) for kind, body in split(b"".join(map(encode, records)))]


SYMBOLS = tuple(f"{coin}{quote}" for quote in ("USDT", "USDC") for coin in ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA"))
CROWD = tuple(AccountKey("binance", f"a{number}") for number in range(24))
CROWDED = """
[engine]
lines_every_seconds = 0.05
legs_per_step = 10
betas = {ETH = 1.2, SOL = 1.7, DOGE = 2.1}
stablecoins = ["USDT", "USDC", "FDUSD", "DAI"]
""" + "".join(f'[accounts.{key.account}]\nvenue = "binance"\n' for key in CROWD)


def crowd(seconds: int = 20, seed: int = 5) -> Live:
    """A run of many accounts of all kinds: so many that reports are made in slices, and many alerts in one step."""
    dice = Random(seed)
    live = Live(replace(RUN, config=CROWDED, accounts=CROWD))
    tiers = tuple((symbol, TIERS) for symbol in SYMBOLS)
    listed = InstrumentsLoaded("binance", tuple(map(_listed, SYMBOLS)), T)
    live.step((listed, TiersLoaded("binance", None, tiers, T)), T, AROUND)
    live.step(tuple(event for key in CROWD for event in _member(key, dice)), T + 0.1)
    rates = AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=0.99)
    for second in range(seconds):
        now, fall = T + 1.0 + second, 1.0 - 0.5 * second / seconds
        marks = tuple(100.0 * fall * dice.uniform(0.97, 1.03) for _ in SYMBOLS)
        times = (now,) * len(SYMBOLS)
        prices = [AssetTick("binance", name, dice.uniform(0.999, 1.001), now, now, rates) for name in ("USDT", "USDC")]
        prices.append(AssetTick("binance", "BTC", 100.0 * fall, now, now, rates))
        live.step((*prices, *_beside(second, now, dice), Ticks("binance", SYMBOLS, marks, times, now)), now)
        for later in (0.01, 0.02, 0.06, 0.3):
            live.step((Elapsed(now + later),) if later > 0.1 else (), now + later)
    return live


def _beside(second: int, now: float, dice: Random) -> tuple[Event, ...]:
    """What comes beside prices: an order that is placed or gone, what options are priced with, now and then terms of
    collateral.
    """
    key, symbol, left = dice.choice(CROWD), dice.choice(SYMBOLS), dice.choice((0.0, 1.0, -2.0))
    order = Order(id=f"o{dice.randrange(3)}", symbol=symbol, quantity=left, price=dice.uniform(80.0, 120.0))
    told: list[Event] = [OrderChanged(account=key, order=order, venue_time=now, received=now)]
    told.append(OptionMarks("binance", SYMBOLS[:2], (dice.uniform(0.4, 0.6),) * 2, (100.0,) * 2, now))
    purse = Wallet(
        name="BTCUSDT", balances={"USDT": Balance(asset="USDT", wallet=dice.uniform(1.0, 9.0), borrowed=3.0)}
    )
    told.append(WalletChanged(account=key, wallet=purse, venue_time=now, received=now))
    if second % 6 == 2:
        told.append(ParametersSet("binance", (("threshold", dice.choice((0.95, 1.0))),), now))
    if second % 6 == 3:
        terms = CollateralTerms(steps=((0.0, 0.99), (dice.uniform(100.0, 900.0), 0.9)))
        told.append(CollateralLoaded("binance", None, (("USDT", terms),), now))
    return tuple(told)


def _listed(symbol: str) -> Instrument:
    base, quote = symbol[:-4], symbol[-4:]
    return Instrument(
        venue="binance", symbol=symbol, payoff=Payoff.LINEAR, base=base, quote=quote, settle=quote, coin=base
    )


def _member(key: AccountKey, dice: Random) -> tuple[Event, ...]:
    """One account of the crowd: its modes, its key, what it holds."""
    multi = dice.random() < 0.3
    mode = AccountMode(
        collateral=CollateralMode.MULTI_ASSETS if multi else CollateralMode.SINGLE_ASSET, hedge=dice.random() < 0.3
    )
    held = []
    for symbol in dice.sample(SYMBOLS, 5):
        isolated = not multi and dice.random() < 0.3
        for side in Side if mode.hedge and dice.random() < 0.5 else (dice.choice(list(Side)),):
            held.append(
                Position(
                    symbol=symbol, side=side, quantity=dice.uniform(1.0, 9.0) * (1 if side is Side.LONG else -1),
                    entry_price=dice.uniform(90.0, 110.0), hedge=bool(mode.hedge), margin_asset=symbol[-4:],
                    margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
                    isolated_wallet=dice.uniform(100.0, 400.0) if isolated else None, update_time=T - 60.0,
                )
            )  # fmt: skip
    wallets = {"USDT": dice.uniform(300.0, 3_000.0), "USDC": dice.uniform(300.0, 3_000.0), "BTC": 3.0 if multi else 0.0}
    balances = tuple(Balance(asset=name, wallet=amount, cross_wallet=amount) for name, amount in wallets.items())
    able = Permissions(can_read=True, can_trade=dice.random() < 0.5, can_withdraw=False, can_transfer=False)
    return (
        AccountConfig(account=key, mode=mode, symbols=(), asked=T, received=T),
        PermissionsRead(account=key, permissions=able, received=T),
        AccountSnapshot(account=key, positions=tuple(held), balances=balances, asked=T, received=T),
    )


def journal(folder: Path, *records: Sequence[Record]) -> Path:
    """A folder with one file a sequence of records, each headed by its `Run`."""
    folder.mkdir(exist_ok=True)
    for each in records:
        head = each[0]
        assert isinstance(head, Run)
        body = Packer().pack(b"".join(map(encode, each)))
        (folder / f"{head.run}-{head.segment:06d}.mwj").write_bytes(file_header() + body)
    return folder


def here(run: Run = RUN) -> Run:
    """The run as this very process would have written it."""
    return replace(
        run,
        version=__version__,
        build=identity.build(),
        python=identity.python_version(),
        numpy=identity.numpy_version(),
        cpu=identity.cpu(),
    )


def by_segment(records: Iterable[Record]) -> list[list[Record]]:
    """The records of a run, a list a segment."""
    found: list[list[Record]] = []
    for record in records:
        if isinstance(record, Run):
            found.append([])
        found[-1].append(record)
    return found
