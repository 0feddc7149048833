"""The page without scripts, at /plain: one HTML document for a phone, a terminal browser, and offline.

Pure: a view in, text out, in pieces that hold up nobody. Every word that comes from outside is escaped. It reloads
itself by a meta tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import chain, islice
from typing import TypeVar

from monitor.domain.danger import by_danger, nearest_line
from monitor.domain.lines import State
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.domain.view import FeedStatus, JournalStatus, View
from monitor.web.alert_list import delivery, firing
from monitor.web.figures import QUALITY_CLASS, line_text, money, ratio_text
from monitor.web.group_list import groups
from monitor.web.markup import age, clock, opened

REFRESH_SECONDS = 5
POOLS_SHOWN = 200
POSITIONS_SHOWN = 12
ACCOUNTS_SHOWN = 200
FEEDS_SHOWN = 200
RANKED, ROWS = 500, 20  #: pools to put in order, rows of a table: so many make a piece

_Row = TypeVar("_Row")

_WARN_RATIO, _DANGER_RATIO = 0.5, 0.8


def landing(view: View) -> str:
    """The whole page."""
    return b"".join(pieces(view)).decode()


def pieces(view: View) -> Iterator[bytes]:
    """The page in pieces to be joined; an empty one only says that time passed."""
    pools: list[PoolReport] = []
    count = 0
    every = (pool for account in view.accounts for pool in account.pools)
    while some := list(islice(every, RANKED)):
        count += len(some)
        pools = by_danger(chain(pools, some))[:POOLS_SHOWN]
        yield b""
    for text in _texts(view, pools, count):
        yield text.encode()


def _texts(view: View, pools: list[PoolReport], count: int) -> Iterator[str]:
    """The page with the most dangerous pools, of `count` in all."""
    yield opened(_title(pools), f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">\n')
    yield f"""<header>
<h1>marginwatch</h1>
<span class="tag {"calm" if view.ready else "warn"}">{"ready" if view.ready else "not ready"}</span>
<small>{escape(view.instance)} · version {escape(view.version)} · {clock(view.at)}</small>
</header>
{_not_ready(view)}<main>
{firing(view)}
"""
    yield from groups(view)
    yield """<h2>Pools, most dangerous first</h2>
"""
    yield from _pools(pools, count, view.at)
    yield from _accounts_without_pools(view.accounts)
    yield "\n<h2>Streams and polls</h2>\n"
    yield from _feeds(view)
    yield delivery(view)
    yield f"""{_journal(view.journal)}
</main>
<footer>
<a href="/">live page</a>
<a href="/runbooks/">/runbooks</a> <a href="/metrics">/metrics</a> <a href="/api/v1/pools">/api/v1/pools</a>
<a href="/api/v1/alerts">/api/v1/alerts</a> <a href="/api/v1/schema">/api/v1/schema</a>
<a href="/-/healthy">/-/healthy</a> <a href="/-/ready">/-/ready</a>
</footer>
</body>
</html>
"""


def _rows(render: Callable[[_Row], str], shown: Iterable[_Row]) -> Iterator[str]:
    """The rows of a table, a few a piece."""
    texts = map(render, shown)
    while some := list(islice(texts, ROWS)):
        yield "\n".join((*some, ""))


def _more(count: int, what: str) -> str:
    """Where the rest stands, if there is any."""
    return f'<p class="soft">and {count} {what}: see /api/v1/pools</p>' if count > 0 else ""


def _title(pools: list[PoolReport]) -> str:
    if not pools:
        return "marginwatch"
    worst = pools[0]
    doubt = "" if worst.quality.figures_shown else f"{worst.quality} "
    return f"{doubt}{ratio_text(worst.ratio)} {worst.key.account} {worst.key.pool} · marginwatch"


def _not_ready(view: View) -> str:
    if view.ready:
        return ""
    return f'<p class="soft">Not ready: {escape("; ".join(view.not_ready[:ACCOUNTS_SHOWN]) or "starting")}</p>\n'


def _pools(pools: list[PoolReport], count: int, now: float) -> Iterator[str]:
    if not pools:
        yield '<p class="soft">No pool is open.</p>'
        return
    yield """<div class="card"><table>
<tr><th>Account, pool</th><th>Margin ratio</th><th class="number">Nearest line</th><th>Positions</th>
<th class="number">Equity, USD</th><th>Quality</th></tr>
"""
    yield from _rows(lambda pool: _pool(pool, now), pools)
    yield f"</table></div>{_more(count - len(pools), 'less dangerous ones')}"


def _pool(pool: PoolReport, now: float) -> str:
    positions = "".join(
        f'<span class="soft">{escape(position.symbol)} {position.side} {abs(position.quantity):g}: '
        f"{line_text(position.line)}{_backed(pool, position)}</span>"
        for position in pool.positions[:POSITIONS_SHOWN]
    )
    if len(pool.positions) > POSITIONS_SHOWN:
        positions += f'<span class="soft">and {len(pool.positions) - POSITIONS_SHOWN} more</span>'
    reasons = f'<span class="soft">{escape("; ".join(pool.reasons))}</span>' if pool.reasons else ""
    return (
        f"<tr><td>{escape(pool.key.account)}"
        f'<span class="soft">{escape(pool.key.venue)} {escape(pool.key.pool)}</span></td>'
        f"<td>{ratio_text(pool.ratio)}{_bar(pool)}</td>"
        f'<td class="number">{line_text(nearest_line(pool))}</td><td>{positions}</td>'
        f'<td class="number">{money(pool.equity_usd)}</td>'
        f'<td><span class="tag {QUALITY_CLASS[pool.quality]}">{pool.quality}</span> '
        f"<small>{age(pool.as_of, now)}</small>{reasons}</td></tr>"
    )


def _backed(pool: PoolReport, position: PositionReport) -> str:
    """The line with all that the pool behind may add by itself."""
    if position.line_with_backstop is None:
        return ""
    name = "a backstop" if pool.backstop is None else pool.backstop.pool
    return f", with {escape(name)} behind it {line_text(position.line_with_backstop)}"


def _bar(pool: PoolReport) -> str:
    """How full the margin is; in its own colour where the figure is not believed, which is never that of safety."""
    ratio = pool.ratio
    if ratio.state is State.UNKNOWN or ratio.value is None:
        return ""
    filled = min(1.0, ratio.value)
    colour = "danger" if filled >= _DANGER_RATIO else "warn" if filled >= _WARN_RATIO else "calm"
    if not pool.quality.figures_shown:
        colour = "blind"
    return (
        '<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="6"/>'
        f'<rect class="{colour}" width="{100 * filled:.1f}" height="6"/></svg>'
    )


def _accounts_without_pools(accounts: Sequence[AccountReport]) -> Iterator[str]:
    without = [account for account in accounts if not account.pools]
    if without:
        yield "\n<h2>Accounts without a pool</h2>\n"
        yield from _rows(_account, without[:ACCOUNTS_SHOWN])
        yield _more(len(without) - ACCOUNTS_SHOWN, "more")


def _account(account: AccountReport) -> str:
    return (
        f'<p><span class="tag {QUALITY_CLASS[account.quality]}">{account.quality}</span> '
        f'{escape(account.key.venue)} {escape(account.key.account)} <span class="soft">'
        f"{escape('; '.join(account.reasons) or 'no open pool')}</span></p>"
    )


def _feeds(view: View) -> Iterator[str]:
    """All of them, or those that are down first where there are too many."""
    if not view.feeds:
        yield '<p class="soft">None yet.</p>'
        return
    feeds: Iterable[FeedStatus] = view.feeds
    if len(view.feeds) > FEEDS_SHOWN:
        down_first = (feed for up in (False, True) for feed in view.feeds if feed.up is up)
        feeds = islice(down_first, FEEDS_SHOWN)
    yield """<div class="card"><table>
<tr><th>Stream</th><th>State</th><th class="number">Last message</th><th class="number">Messages</th>
<th class="number">Reconnects</th></tr>
"""
    yield from _rows(lambda feed: _feed(feed, view.at), feeds)
    yield f"</table></div>{_more(len(view.feeds) - FEEDS_SHOWN, 'more')}"


def _journal(journal: JournalStatus | None) -> str:
    """What the flight recorder does; nothing where there is none."""
    if journal is None:
        return ""
    tag, word = ("calm", "writing") if journal.writing else ("danger", "not writing")
    lost = f", {journal.lost_total:,} lost" if journal.lost_total else ""
    reason = f' <span class="soft">{escape(journal.reason)}</span>' if journal.reason else ""
    return (
        f'\n<h2>Journal</h2>\n<p><span class="tag {tag}">{word}</span> {journal.records_total:,} records{lost}, '
        f"{journal.kept_bytes / 1e6:,.1f} MB in {journal.segments:,} segments{reason}</p>"
    )


def _feed(feed: FeedStatus, now: float) -> str:
    reason = f'<span class="soft">{escape(feed.reason)}</span>' if feed.reason else ""
    return (
        f"<tr><td>{escape(feed.venue)} {escape(feed.account)} {escape(feed.stream)}</td>"
        f'<td><span class="tag {"calm" if feed.up else "danger"}">{escape(feed.phase)}</span>{reason}</td>'
        f'<td class="number">{age(feed.last_message, now)}</td><td class="number">{feed.messages:,}</td>'
        f'<td class="number">{feed.reconnects:,}</td></tr>'
    )
