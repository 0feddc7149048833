"""Groups and hedges in the configuration: what they come to, and what is said where one cannot be meant."""

from __future__ import annotations

import pytest

from monitor.app import settings
from monitor.app.config import loads
from monitor.app.config_groups import group_doubts
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.domain.names import AccountKey, Side
from monitor.engine.group_settings import GroupSettings, HedgeLeg, HedgeSettings

ACCOUNTS = "".join(
    f'[accounts.{name}]\nvenue = "{venue}"\napi_key = "key-of-{name}"\napi_secret = "secret-of-{name}"\n{group}\n'
    for name, venue, group in (
        ("spot", "binance", 'group = "basis"'),
        ("short", "bybit", 'group = "basis"'),
        ("other", "binance", ""),
    )
)
HEDGE = '[groups.basis.hedges.btc]\nlegs = ["spot:BTCUSDT:long", "short:BTCUSDT"]\n'


def refused(text: str) -> dict[str, ConfigError]:
    with pytest.raises(ConfigRefused) as caught:
        loads(ACCOUNTS + text)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_a_group_needs_no_table_of_its_own() -> None:
    engine = settings.engine(loads(ACCOUNTS))
    assert engine.groups == {AccountKey("binance", "spot"): "basis", AccountKey("bybit", "short"): "basis"}
    assert engine.group_settings == {}
    assert engine.hedges == ()


def test_the_defaults_of_a_group_are_those_of_the_engine() -> None:
    assert settings.engine(loads(ACCOUNTS + "[groups.basis]\n")).group_settings == {"basis": GroupSettings()}


def test_a_declared_hedge_names_the_positions_that_hold_each_other() -> None:
    assert settings.engine(loads(ACCOUNTS + HEDGE)).hedges == (
        HedgeSettings(
            group="basis",
            name="btc",
            legs=(
                HedgeLeg(account=AccountKey("binance", "spot"), symbol="BTCUSDT", side=Side.LONG),
                HedgeLeg(account=AccountKey("bybit", "short"), symbol="BTCUSDT"),
            ),
        ),
    )


def test_a_group_that_no_account_is_in_is_a_mistake() -> None:
    mistakes = refused("[groups.bases]\n")
    assert mistakes["groups.bases"].cure.startswith("no account is in this group")


@pytest.mark.parametrize(
    ("legs", "said"),
    [
        ('["spot:BTCUSDT", "other:BTCUSDT"]', "other is not in this group; it has: spot, short"),
        ('["spot:BTCUSDT", "spot:BTCUSDC"]', "all legs are in one account"),
        ('["spot:BTCUSDT", "short:BTCUSDT:up"]', "'short:BTCUSDT:up' is no leg; write two or more of"),
        ('["spot:BTCUSDT", "short"]', "'short' is no leg"),
        ('["spot:BTCUSDT"]', "must hold 2 or more"),
        ('["spot:BTCUSDT", "short:BTCUSDT", "spot:BTCUSDT"]', "belongs to one hedge, once"),
    ],
)
def test_legs_that_cannot_be_meant_are_refused(legs: str, said: str) -> None:
    mistakes = refused(f"[groups.basis.hedges.btc]\nlegs = {legs}\n")
    assert said in mistakes["groups.basis.hedges.btc.legs"].cure


def test_a_position_belongs_to_one_hedge() -> None:
    mistakes = refused(
        HEDGE + HEDGE.replace("hedges.btc", "hedges.again").replace('"short:BTCUSDT"', '"short:ETHUSDT"')
    )
    assert "it stands in groups.basis.hedges.btc.legs" in mistakes["groups.basis.hedges.again.legs"].cure


def doubts(text: str) -> list[str]:
    return list(group_doubts(loads(ACCOUNTS + text).config))


def test_a_hedge_as_venues_spell_it_leaves_no_doubt() -> None:
    assert doubts(HEDGE) == []


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ('["spot:BTCUSDT:long", "short:BTCUSDT:long"]', "all legs are long"),
        ('["spot:BTC-USDT-SWAP", "short:BTCUSDT"]', "BTC-USDT-SWAP does not look like a symbol of binance"),
        ('["spot:btcusdt", "short:BTCUSDT"]', "btcusdt does not look like a symbol of binance"),
    ],
)
def test_legs_that_nobody_may_ever_hold_are_doubted(legs: str, words: str) -> None:
    (doubt,) = doubts(f"[groups.basis.hedges.btc]\nlegs = {legs}\n")
    assert doubt.startswith("groups.basis.hedges.btc.legs: ")
    assert words in doubt


def test_dated_contracts_and_options_have_hyphens_everywhere() -> None:
    legs = '["spot:BTCUSDT", "short:BTC-26JUN26-90000-C-USDT", "short:BTCUSDT-26JUN26"]'
    assert doubts(f"[groups.basis.hedges.btc]\nlegs = {legs}\n") == []


def test_a_group_of_one_may_be_a_mistyped_name() -> None:
    alone = ACCOUNTS.replace('group = "basis"', 'group = "bassis"', 1)
    told = list(group_doubts(loads(alone).config))
    assert told == [
        "accounts.spot.group: nobody else is in the group bassis",
        "accounts.short.group: nobody else is in the group basis",
    ]
