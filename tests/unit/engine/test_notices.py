"""The words of notices."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import Permissions
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.names import PoolKey, Side
from monitor.engine.notices import permission_words, tiers_words, warning_words
from tests.unit.engine.situations import LONG, MAIN, T

READ_ONLY = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (READ_ONLY, None),
        (
            Permissions(can_read=True, can_trade=True, can_withdraw=True, can_transfer=False),
            "the key may withdraw and trade: a key that only reads is enough",
        ),
        (Permissions(can_read=False, can_trade=False, can_withdraw=False, can_transfer=False), "the key may not read"),
        (
            Permissions(can_read=True, can_trade=False, can_withdraw=None, can_transfer=None),
            "whether the key may withdraw or transfer could not be read",
        ),
    ],
)
def test_what_a_key_may_do(permissions: Permissions, words: str | None) -> None:
    assert permission_words(permissions) == words


@pytest.mark.parametrize(
    ("kind", "symbol", "side", "detail", "words"),
    [
        (WarningKind.MARGIN_CALL, None, None, "", "the venue calls for margin"),
        (WarningKind.ADL, "BTCUSDT", LONG, "", "the venue closes by auto-deleveraging: BTCUSDT long"),
        (WarningKind.LIQUIDATION, "BTCUSDT", None, "1 BTC", "the venue liquidates: BTCUSDT (1 BTC)"),
        (WarningKind.SETTLEMENT, "BTCUSDT", None, "", "the venue settles: BTCUSDT"),
    ],
)
def test_what_a_venue_warns_of(
    kind: WarningKind, symbol: str | None, side: Side | None, detail: str, words: str
) -> None:
    warning = VenueWarning(account=MAIN, kind=kind, symbol=symbol, side=side, detail=detail, venue_time=T, received=T)
    assert warning_words(warning) == words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (100.0, 150.0, "maintenance goes from 100 to 150 USDT (+50.0%)"),
        (0.0, 150.0, "maintenance goes from 0 to 150 USDT"),
        (100.0, 100.0, "maintenance stays at 100 USDT"),
        (None, 150.0, "by how much is unknown"),
        (100.0, None, "by how much is unknown"),
    ],
)
def test_new_tiers_say_what_they_make_of_each_pool(before: float | None, after: float | None, words: str) -> None:
    text = tiers_words(["BTCUSDT", "ETHUSDT"], {PoolKey(*MAIN, "cross:USDT"): (before, after, "USDT")})
    assert text == f"the maintenance tiers of BTCUSDT, ETHUSDT changed; cross:USDT: {words}"
