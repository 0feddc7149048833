"""What `Crossings` remembers is bounded by the pools that there are: figures of pools that went are let go."""

from __future__ import annotations

import numpy as np

from monitor.domain.names import PoolKey
from monitor.engine.crossings import Crossings
from monitor.margin.sweep import Sweep


def pool(number: int) -> PoolKey:
    return PoolKey("binance", "main", f"isolated:X{number}USDT:long")


def sweep(*pools: PoolKey) -> Sweep:
    return Sweep(
        token=object(),
        pools=pools,
        ratio=np.full(len(pools), 0.1),
        ray_pool=np.arange(len(pools), dtype=np.intp),
        distance=np.full(len(pools), 0.5),
    )


def remembered(crossings: Crossings) -> int:
    return len(crossings._seen)


def test_pools_that_come_and_go_leave_nothing_behind() -> None:
    crossings = Crossings((0.8,), (0.1,))
    for number in range(100):
        crossings.crossed([sweep(pool(number))])
        crossings.forget([pool(number)])
    assert remembered(crossings) == 0


def test_a_sweep_is_remembered_until_the_last_of_its_pools_is_gone() -> None:
    crossings = Crossings((0.8,), (0.1,))
    crossings.crossed([sweep(pool(1), pool(2))])
    crossings.forget([pool(1), pool(3)])
    assert remembered(crossings) == 1
    crossings.crossed([sweep(pool(2), pool(4))])
    assert remembered(crossings) == 1
    crossings.forget([pool(2), pool(4)])
    assert remembered(crossings) == 0
