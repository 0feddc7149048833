"""Accounts at several venues: which keys each needs, and what is said where one is wrong."""

from __future__ import annotations

import pytest

from monitor.app import settings
from monitor.app.config import effective_tree, loads
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.domain.names import AccountKey

SECRETS = ("bybit-key-of-a-test", "bybit-secret-of-a-test", "okx-key-of-a-test", "okx-secret-of-a-test", "a-passphrase")
BYBIT = f"""
[accounts.hedge]
venue = "bybit"
api_key = "{SECRETS[0]}"
api_secret = "{SECRETS[1]}"
group = "desk"
"""
OKX = f"""
[accounts.desk]
venue = "okx"
api_key = "{SECRETS[2]}"
api_secret = "{SECRETS[3]}"
passphrase = "{SECRETS[4]}"
"""


def refused(text: str) -> dict[str, ConfigError]:
    with pytest.raises(ConfigRefused) as caught:
        loads(text)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_accounts_of_several_venues_stand_side_by_side() -> None:
    loaded = loads(BYBIT + OKX)
    assert settings.account_keys(loaded) == (AccountKey("bybit", "hedge"), AccountKey("okx", "desk"))
    assert settings.used_venues(loaded) == ("bybit", "okx")
    assert settings.binance(loaded).accounts == ()
    assert [one.name for one in settings.bybit(loaded).accounts] == ["hedge"]
    (desk,) = settings.okx(loaded).accounts
    assert desk.credentials.passphrase is not None
    assert desk.credentials.passphrase.reveal() == SECRETS[4]


def test_only_the_venues_that_have_an_account_have_limits() -> None:
    engine = settings.engine(loads(OKX))
    assert set(engine.venue_limits) == {"okx"}
    assert engine.limits_of("okx").mark_seconds == 25.0


def test_a_key_of_a_venue_that_gives_it_a_passphrase_needs_one() -> None:
    mistakes = refused(OKX.replace("passphrase", "# passphrase"))
    assert set(mistakes) == {"accounts.desk.passphrase"}


def test_a_passphrase_is_unknown_where_the_venue_has_none() -> None:
    mistakes = refused(BYBIT + 'passphrase = "a-passphrase"\n')
    assert mistakes["accounts.hedge.passphrase"].cure == "no such key; only okx and kucoin have it"


def test_a_key_of_a_venue_that_stands_in_an_account_is_told_its_place() -> None:
    cure = refused(OKX + "demo = true\n")["accounts.desk.demo"].cure
    assert cure == "no such key; did you mean venues.okx.demo?"


@pytest.mark.parametrize("address", ["https://api.bybit.nl/v5", "https://api.bybit.nl/v5/market"])
def test_an_address_ends_with_the_host(address: str) -> None:
    mistakes = refused(f'[venues.bybit.urls]\nrest = "{address}"\n' + BYBIT)
    assert mistakes["venues.bybit.urls.rest"].cure.startswith("must end with the host")


@pytest.mark.parametrize(
    ("venue", "line"),
    [
        ("hyperliquid", 'rest = "https://api.hyperliquid.xyz/info"'),
        ("hyperliquid", 'stream = "wss://api.hyperliquid.xyz/ws"'),
        ("binance", 'stream = "wss://fstream.binance.com/ws"'),
        ("binance", 'dapi = "https://dapi.binance.com/dapi"'),
        ("kucoin", 'spot = "https://api.kucoin.com/api"'),
    ],
)
def test_a_path_that_a_document_prints_beside_the_host_is_not_part_of_the_address(venue: str, line: str) -> None:
    mistakes = refused(f"[venues.{venue}.urls]\n{line}\n" + BYBIT)
    assert mistakes[f"venues.{venue}.urls.{line.split()[0]}"].cure.startswith("must end with the host")


def test_two_keys_may_have_one_passphrase_but_not_one_secret() -> None:
    other = OKX.replace("accounts.desk", "accounts.fund").replace("okx-key", "other-okx-key")
    assert set(refused(OKX + other)) == {"accounts.fund.api_secret"}
    assert loads(OKX + other.replace("okx-secret", "other-okx-secret")).config.accounts.keys() == {"desk", "fund"}


def test_an_account_without_a_venue_is_told_which_there_are() -> None:
    mistakes = refused(BYBIT.replace('venue = "bybit"', ""))
    assert mistakes["accounts.hedge.venue"].cure == "is needed, one of: binance, bybit, okx, kucoin, hyperliquid"


def test_what_is_in_force_is_shown_without_any_secret() -> None:
    shown = str(effective_tree(loads(BYBIT + OKX)))
    assert not any(secret in shown for secret in SECRETS)


def test_plain_text_to_another_machine_is_refused_for_every_address() -> None:
    text = BYBIT + '[venues.bybit.urls]\nrest = "http://example.org"\npublic = "ws://example.org"\n'
    text += '[venues.okx.urls]\nrest = "http://example.org"\nstream = "ws://example.org"\n'
    assert set(refused(text)) == {
        "venues.bybit.urls.rest",
        "venues.bybit.urls.public",
        "venues.okx.urls.rest",
        "venues.okx.urls.stream",
    }


def test_a_limit_below_the_interval_of_its_reading_is_refused() -> None:
    mistakes = refused(OKX + "[venues.okx.limits]\naccount_seconds = 5\n")
    assert "limits.account_seconds = 5" in next(iter(mistakes.values())).cure
