"""The keys of accounts: who is watched, with which key, and which of a venue's margin accounts it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, SecretStr, field_validator

from monitor.app.config_keys import KEYS, Section, key, secret

Permissions = Literal["refuse", "warn", "ignore"]
BinanceProduct = Literal["usdm", "coinm", "margin", "isolated-margin", "portfolio-margin", "portfolio-margin-pro"]
KucoinProduct = Literal["futures", "margin", "isolated-margin"]
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
PASSPHRASES = range(1, 65)  #: characters of the passphrase that a venue has keys given

_VENUE = "the exchange, one of: binance, bybit, okx, kucoin, hyperliquid"


class _Account(Section):
    """What all accounts have."""

    group: str = key("", "name of a group of accounts, for thresholds, routes and [groups.NAME]; empty: none")


class _KeyedAccount(_Account):
    """One that is read with a key and its secret."""

    permissions: Permissions = key("refuse", "what is done with a key that can do more than read: refuse, warn, ignore")
    api_key_file: str | None = key(None, "file that holds the API key; relative to the folder of this file")
    api_key_env: str | None = key(None, "name of the environment variable that holds the API key")
    api_key: SecretStr | None = secret("the API key itself; needs a file that others cannot read", lengths=KEYS)
    api_secret_file: str | None = key(None, "file that holds the API secret; relative to the folder of this file")
    api_secret_env: str | None = key(None, "name of the environment variable that holds the API secret")
    api_secret: SecretStr | None = secret("the API secret itself; needs a file that others cannot read", lengths=KEYS)


class BinanceAccount(_KeyedAccount):
    """One account. Its key and its secret are each given in exactly one of three ways; a file is the best of them."""

    venue: Literal["binance"] = Field(description=_VENUE)
    product: BinanceProduct = key(
        "usdm",
        "which margin account: usdm, coinm, margin, isolated-margin, portfolio-margin, portfolio-margin-pro; a table"
        " for each",
    )


class BybitAccount(_KeyedAccount):
    """A unified trading account at Bybit."""

    venue: Literal["bybit"] = Field(description=_VENUE)


class _PassphraseAccount(_KeyedAccount):
    """One whose keys have a passphrase, too."""

    passphrase_file: str | None = key(None, "file that holds the key's passphrase; relative to the folder of this file")
    passphrase_env: str | None = key(None, "name of the environment variable that holds the key's passphrase")
    passphrase: SecretStr | None = secret(
        "the key's passphrase itself; needs a file that others cannot read", lengths=PASSPHRASES
    )


class OkxAccount(_PassphraseAccount):
    """An account at OKX: its keys have a passphrase, too."""

    venue: Literal["okx"] = Field(description=_VENUE)


class KucoinAccount(_PassphraseAccount):
    """An account at KuCoin: its keys have a passphrase, too, and open several margin accounts."""

    venue: Literal["kucoin"] = Field(description=_VENUE)
    product: KucoinProduct = key("futures", "which margin account: futures, margin, isolated-margin; a table for each")


class HyperliquidAccount(_Account):
    """An account at Hyperliquid: its address is all that is needed, and nothing can be done with it."""

    venue: Literal["hyperliquid"] = Field(description=_VENUE)
    address: str = Field(description="the address of the account, sub-account or vault: 0x and 40 hexadecimal digits")

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("must be 0x and 40 hexadecimal digits: the account's address, never its private key")
        return value.lower()


Account = Annotated[
    BinanceAccount | BybitAccount | OkxAccount | KucoinAccount | HyperliquidAccount, Discriminator("venue")
]
ACCOUNTS: Mapping[str, type[_Account]] = {
    "binance": BinanceAccount,
    "bybit": BybitAccount,
    "okx": OkxAccount,
    "kucoin": KucoinAccount,
    "hyperliquid": HyperliquidAccount,
}


def account_model(table: Any) -> type[_Account]:
    """The model of an account's table, whether or not the table is valid. One with an address and no known venue is not
    asked for keys as well.
    """
    if not isinstance(table, Mapping):
        return BinanceAccount
    venue, unknown = table.get("venue"), HyperliquidAccount if "address" in table else BinanceAccount
    return ACCOUNTS.get(venue, unknown) if isinstance(venue, str) else unknown
