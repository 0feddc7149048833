"""The list of pools: it fits every width, and nothing that is not known looks safe."""

from __future__ import annotations

import pytest

from monitor.cli.top.painted import Line, Role, length, text_of
from monitor.cli.top.picture import Picture
from monitor.cli.top.pools import Pools
from monitor.domain.lines import Direction, Ratio, State
from monitor.domain.lines import Line as Where
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from tests.sample_reports import account, pool, together, view
from tests.unit.cli.top.scenes import calm, picture, roles, scene

POOLS = Pools()
DARK = Where(State.UNKNOWN, reasons=("no price",))
LONG = AccountKey("hyperliquid", "a-name-that-is-rather-long-for-a-desk")
NEAR = {Direction.DOWN: Where.at(57_000.0, 0.043), Direction.UP: Where(State.NEVER)}


def row(held: Picture, columns: int = 100, place: int = 0) -> Line:
    items = POOLS.items(held, "")
    return POOLS.row(items[place], scene(held, columns), chosen=False)


@pytest.mark.parametrize("columns", [20, 40, 60, 79, 80, 100, 120, 160, 200])
def test_no_row_is_wider_than_the_screen_and_columns_stand_below_their_titles(columns: int) -> None:
    dark = account(key=AccountKey("okx", "dark"), up=False, quality=Quality.UNKNOWN, reasons=("x" * 300,))
    held = picture(
        view(account(pool("isolated:SOL-USDT-SWAP:long"), key=LONG), account(pool(coins={"BTC": NEAR})), dark)
    )
    head = POOLS.head(columns)
    assert length(head) <= columns
    for place in range(3):
        assert length(row(held, columns, place)) == length(head)


def test_at_eighty_columns_all_that_matters_is_told() -> None:
    text = text_of(row(picture(calm(accounts=(account(pool(coins={"BTC": NEAR})),))), 80))
    for word in ("binance/main cross:USDT", "LIVE", "20.0 %", "█", "BTC -4.3 %", "never", "1s"):
        assert word in text, text


def test_where_there_is_room_the_market_stands_beside_the_coin() -> None:
    pools = pool(coins={"BTC": NEAR}, market={Direction.DOWN: together(0.3), Direction.UP: Where(State.NEVER)})
    text = text_of(row(picture(calm(accounts=(account(pools),))), 160))
    assert "BTC -4.3 %" in text
    assert "-30.0 %" in text


def test_a_pool_that_is_near_is_marked_by_sign_and_colour() -> None:
    line = row(picture(calm(accounts=(account(pool(coins={"BTC": NEAR})),), alerts=())))
    assert text_of(line).startswith("!!")
    assert roles(line, "BTC -4.3 %") == {Role.CRITICAL}


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.UNKNOWN])
def test_a_pool_that_is_not_believed_has_no_colour_of_safety(quality: Quality) -> None:
    old = pool(quality=quality, reasons=("the marks are old",), ratio=Ratio.of(0.01))
    line = row(picture(calm(accounts=(account(old),), alerts=())))
    assert text_of(line).startswith("?")
    assert roles(line, quality.value) == {Role.BADGE_BLIND}
    assert not {Role.CALM, Role.BADGE_CALM} & {role for _, role in line}


def test_what_is_not_known_is_a_word_and_no_number() -> None:
    dark = pool(
        ratio=Ratio(State.UNKNOWN),
        coins={"BTC": {Direction.DOWN: DARK, Direction.UP: DARK}},
        market={},
        depegs={},
    )
    text = text_of(row(picture(calm(accounts=(account(dark),)))))
    assert text.count("unknown") == 3
    assert "?????" in text
    assert "0.0 %" not in text


def test_an_account_without_a_pool_says_why() -> None:
    dark = account(key=AccountKey("okx", "dark"), up=False, quality=Quality.UNKNOWN, reasons=("the key is refused",))
    line = row(picture(view(dark)))
    assert "the key is refused" in text_of(line)
    assert roles(line, "the key is refused") == {Role.BLIND}


def test_pools_are_found_by_each_word_in_any_of_their_names() -> None:
    held = picture(view(account(pool(), pool("isolated:BTCUSDT:long")), account(pool("cross:USDC"), key=LONG)))
    assert len(POOLS.items(held, "")) == 3
    assert [item.key[2] for item in POOLS.items(held, "isolated main")] == ["isolated:BTCUSDT:long"]
    assert len(POOLS.items(held, "hyper")) == 1
    assert POOLS.items(held, "nothing") == []
