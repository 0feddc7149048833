"""Accounts beyond one key, one margin account: products of one key, and addresses without any."""

from __future__ import annotations

import pytest

from monitor.app import settings
from monitor.app.config import effective_tree, loads
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.venues.settings import NO_KEY

ADDRESS = "0x" + "Ab" * 20


def keyed(name: str, venue: str = "binance", product: str = "", key: str = "one-key-of-a-test") -> str:
    said = f'product = "{product}"\n' if product else ""
    passphrase = 'passphrase = "a-passphrase"\n' if venue == "kucoin" else ""
    keys = f'api_key = "{key}"\napi_secret = "the-secret-of-{key}"\n'
    return f'[accounts.{name}]\nvenue = "{venue}"\n{said}{keys}{passphrase}'


def address(name: str, text: str = ADDRESS) -> str:
    return f'[accounts.{name}]\nvenue = "hyperliquid"\naddress = "{text}"\n'


def refused(text: str) -> dict[str, ConfigError]:
    with pytest.raises(ConfigRefused) as caught:
        loads(text)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


class TestProducts:
    def test_one_key_opens_several_margin_accounts_each_with_a_table(self) -> None:
        loaded = loads(keyed("main") + keyed("coins", product="coinm") + keyed("loans", product="isolated-margin"))
        assert [(one.name, one.product) for one in settings.binance(loaded).accounts] == [
            ("main", "usdm"),
            ("coins", "coinm"),
            ("loans", "isolated-margin"),
        ]

    def test_the_same_product_of_one_key_twice_is_a_mistake(self) -> None:
        mistakes = refused(keyed("main") + keyed("coins", product="coinm") + keyed("again", product="usdm"))
        assert set(mistakes) == {"accounts.again.api_key", "accounts.again.api_secret"}
        assert mistakes["accounts.again.api_key"].cure == (
            "is the same as accounts.main.api_key: each account has a key and a secret of its own, or another product"
        )

    def test_a_key_pasted_for_another_venue_is_a_mistake(self) -> None:
        mistakes = refused(keyed("main") + keyed("carry", venue="kucoin", product="margin"))
        assert set(mistakes) == {"accounts.carry.api_key", "accounts.carry.api_secret"}

    def test_a_product_that_there_is_not_names_those_that_there_are(self) -> None:
        mistakes = refused(keyed("main", product="options"))
        assert "portfolio-margin-pro" in mistakes["accounts.main.product"].cure


class TestAddresses:
    def test_an_address_is_all_that_an_account_needs(self) -> None:
        (account,) = settings.hyperliquid(loads(address("chain"))).accounts
        assert account.address == ADDRESS.lower()
        assert account.credentials == NO_KEY

    @pytest.mark.parametrize("text", ["", "0x12", "ab" * 20, "0x" + "g" * 40, "0x" + "ab" * 32])
    def test_what_is_no_address_is_refused_and_a_private_key_is_not_repeated(self, text: str) -> None:
        mistakes = refused(address("chain", text))
        mistake = mistakes["accounts.chain.address"]
        assert "40 hexadecimal digits" in mistake.cure
        assert len(text) < 60 or text not in str(mistake)

    def test_the_words_that_a_wallet_is_restored_with_are_not_repeated(self) -> None:
        words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        mistake = refused(address("chain", words))["accounts.chain.address"]
        assert "sausage" not in str(mistake)
        assert "40 hexadecimal digits" in mistake.cure

    def test_a_misspelt_venue_with_an_address_is_not_asked_for_keys_as_well(self) -> None:
        text = address("chain").replace("hyperliquid", "hyper-liquid")
        assert set(refused(text)) == {"accounts.chain.venue"}

    def test_the_same_address_twice_is_a_mistake_in_whatever_case(self) -> None:
        mistakes = refused(address("chain") + address("again", ADDRESS.lower()))
        assert mistakes["accounts.again.address"].cure == (
            "is the same as accounts.chain.address: each account has an address of its own"
        )

    def test_a_key_is_unknown_there(self) -> None:
        mistakes = refused(address("chain") + 'api_key = "one-key-of-a-test"\n')
        assert mistakes["accounts.chain.api_key"].cure == "no such key; only binance, bybit, okx and kucoin have it"


def test_a_number_of_a_venues_rules_is_a_key_and_an_unknown_one_is_refused() -> None:
    mistakes = refused(keyed("main") + "[venues.kucoin.parameters]\nno_such_number = 1.0\n")
    assert "venues.kucoin.parameters.no_such_number" in mistakes


@pytest.mark.parametrize(
    ("venue", "line"),
    [
        ("kucoin", "liquidation_fee = -1"),
        ("kucoin", "loan_liquidation_ratio = 1.0"),
        ("binance", "margin_liquidation_level = 1.0"),
        ("binance", "portfolio_liquidation_unimmr = 0"),
        ("hyperliquid", "portfolio_threshold = 95"),
        ("hyperliquid", "ltv_btc = nan"),
    ],
)
def test_a_number_that_no_rule_can_be_is_refused(venue: str, line: str) -> None:
    mistakes = refused(keyed("main") + f"[venues.{venue}.parameters]\n{line}\n")
    assert set(mistakes) == {f"venues.{venue}.parameters.{line.split()[0]}"}


def test_the_effective_configuration_names_the_product() -> None:
    tree = effective_tree(loads(keyed("coins", product="coinm")))
    assert tree["accounts"]["coins"]["product"] == "coinm"
