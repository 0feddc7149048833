"""The words of notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Permissions
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, Ratio
from monitor.domain.names import PoolKey, Side
from monitor.engine.effects import Standing, effect_words
from monitor.engine.notices import permission_words, warning_words
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


STANDING = Standing(100.0, "USDT", Ratio.of(0.1), Line.at(50_000.0, 0.2))


def moved(**changes: object) -> list[str]:
    """What is said where a pool stood as above and stands otherwise now."""
    key = PoolKey(*MAIN, "cross:USDT")
    return list(effect_words({key: STANDING}, {key: replace(STANDING, **changes)}))  # type: ignore[arg-type]  # as named


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        (
            {"maintenance": 150.0, "ratio": Ratio.of(0.15), "line": Line.at(51_000.0, 0.19)},
            [
                "cross:USDT: maintenance goes from 100 to 150 USDT (+50.0%), the margin ratio from 10.00% to 15.00%, "
                "the nearest line from 50000 (20.00% away) to 51000 (19.00% away)"
            ],
        ),
        (
            {"ratio": Ratio.unknown("no price"), "line": NEVER},
            ["cross:USDT: the nearest line from 50000 (20.00% away) to none"],
        ),
        ({"line": LIQUIDATABLE}, ["cross:USDT: the nearest line from 50000 (20.00% away) to liquidation now"]),
        ({"line": Line.unknown("?")}, ["cross:USDT: the nearest line from 50000 (20.00% away) to unknown"]),
        ({"line": Line.at(50_000.01, 0.2)}, []),
        ({"maintenance": None}, ["cross:USDT: by how much is unknown"]),
    ],
)
def test_what_a_change_of_tables_makes_of_a_pool(changes: dict[str, object], words: list[str]) -> None:
    assert moved(**changes) == words


def test_of_what_nothing_was_required_before_there_is_no_percentage() -> None:
    key = PoolKey(*MAIN, "cross:USDT")
    (text,) = effect_words({key: replace(STANDING, maintenance=0.0)}, {key: STANDING})
    assert text == "cross:USDT: maintenance goes from 0 to 100 USDT"
    assert list(effect_words({}, {key: STANDING})) == ["cross:USDT: by how much is unknown"]
