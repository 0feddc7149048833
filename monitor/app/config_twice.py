"""Keys and addresses that were pasted twice: one account would stand there under two names, and the other nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import SecretStr

from monitor.app.config_accounts import account_model
from monitor.app.config_errors import HIDDEN
from monitor.domain.errors import ConfigError


class _Use(NamedTuple):
    """What a text is used for. `product` is "" where the venue has one margin account a key."""

    venue: object
    product: object
    what: str


def pasted_twice(accounts: Any, secrets: Mapping[str, SecretStr]) -> Iterator[ConfigError]:
    """One mistake a repetition. `accounts` are the tables as they were read, valid or not.

    One key may open several margin accounts of its venue: then each has a table with another product.
    """
    tables: Mapping[str, Any] = accounts if isinstance(accounts, Mapping) else {}
    uses: dict[str, list[tuple[str, _Use]]] = {}
    for key, name, what, text in (*_keys(secrets), *_addresses(tables)):
        use = _use(tables.get(name), what)
        before = uses.setdefault(text, [])
        clash = next((there for there, other in before if not _side_by_side(use, other)), None)
        if clash is not None:
            own = "an address of its own" if what == "address" else "a key and a secret of its own"
            cure = f"is the same as {clash}: each account has {own}"
            yield ConfigError(key, HIDDEN, cure + (", or another product" if use.product else ""))
        before.append((key, use))


def _keys(secrets: Mapping[str, SecretStr]) -> Iterator[tuple[str, str, str, str]]:
    for key, secret in secrets.items():
        head, _, rest = key.partition(".")
        name, _, what = rest.rpartition(".")
        # A passphrase is a person's own choice, and may well be the same for two keys.
        if head == "accounts" and what != "passphrase":
            yield key, name, what, secret.get_secret_value()


def _addresses(tables: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, table in tables.items():
        address = table.get("address") if isinstance(table, Mapping) else None
        if isinstance(address, str):
            yield f"accounts.{name}.address", name, "address", address.lower()


def _use(table: Any, what: str) -> _Use:
    said: Mapping[str, Any] = table if isinstance(table, Mapping) else {}
    product = account_model(table).model_fields.get("product")
    return _Use(said.get("venue"), said.get("product", product.default) if product else "", what)


def _side_by_side(one: _Use, other: _Use) -> bool:
    return (one.venue, one.what) == (other.venue, other.what) and one.product != other.product
