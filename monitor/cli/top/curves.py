"""The health curve of the pool that is looked at: asked for when another one is, and again while it stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker

from monitor.cli.top import curve
from monitor.cli.top.client import REFUSED, Monitor
from monitor.cli.top.picture import Key, Row
from monitor.cli.top.views import Curve

if TYPE_CHECKING:
    from textual.app import App

AGAIN_SECONDS = 2.0  #: between two curves of the same pool
SETTLE_SECONDS = 0.2  #: that a pool is looked at before its curve is asked for


class Curves:
    """`shown` is what is known of it. `columns` says how wide it is drawn, `changed` is called when it is another."""

    def __init__(
        self,
        app: App[None],
        monitor: Monitor,
        clock: Callable[[], float],
        columns: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self._app, self._monitor, self._clock = app, monitor, clock
        self._columns, self._changed = columns, changed
        self.shown = Curve()
        self._row: Row | None = None
        self._asked_at = 0.0
        self._worker: Worker[None] | None = None

    def of(self, row: Row | None) -> None:
        """This pool is looked at, or none. What moves is chosen anew with each."""
        before, self._row = self._row, row if row is not None and row.pool is not None else None
        if self._row is None or self._row.pool is None:
            return
        choices = curve.choices(self._row.pool)
        if before is None or before.key != self._row.key or self.shown.of not in choices:
            self.shown = Curve(choices[0], choices)
            self._ask()

    def tick(self) -> None:
        """Time goes on. A monitor that has much to do is not asked again before it has answered."""
        due = self._clock() - self._asked_at >= AGAIN_SECONDS
        if due and (self._worker is None or self._worker.is_finished):
            self._ask()

    def next(self) -> None:
        """The same pool, and what moves next."""
        choices = list(self.shown.choices)
        if self._row is None or len(choices) < 2:
            return
        self.shown = Curve(choices[(choices.index(self.shown.of) + 1) % len(choices)], choices)
        self._ask()
        self._changed()

    def _ask(self) -> None:
        if self._row is None:
            return
        self._asked_at = self._clock()
        query = curve.query(self._row, self.shown.of, self._columns())
        self._worker = self._app.run_worker(partial(self._take, self._row.key, query), group="curve", exclusive=True)

    async def _take(self, key: Key, query: dict[str, str]) -> None:
        """Ask for it; an answer that comes too late is of another pool."""
        if self.shown.answer is None:
            await asyncio.sleep(SETTLE_SECONDS)
        answer, trouble = None, ""
        try:
            answer = await self._monitor.ask("GET", "/api/v1/curve", query=query)
        except REFUSED as error:
            trouble = str(error)
        if self._row is not None and key == self._row.key and query["of"] == self.shown.of:
            self.shown = Curve(self.shown.of, self.shown.choices, answer, trouble)
            self._changed()
