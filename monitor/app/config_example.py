"""Writes `config.example.toml` from the keys themselves, so that the two cannot drift apart.

    python -m monitor.app.config_example > config.example.toml

Every key stands there, commented out, with its default, unit and meaning; only the account of the example is active.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor.app import config_accounts as accounts
from monitor.app import config_delivery as people
from monitor.app import config_groups as groups
from monitor.app import config_stress as stress
from monitor.app.config import Config

HEAD = """\
# marginwatch: every key with its default. A line that begins with "# key =" shows a default: uncomment it to change it.
# Unknown keys are errors; `marginwatch check-config` reports all mistakes at once.
#
# Environment variables win over this file: MARGINWATCH_WEB__PORT=9787 sets [web] port. Files of systemd's credentials
# folder win over it too: accounts__main__api_secret sets [accounts.main] api_secret.
"""
ACCOUNT = "main"
WAYS = ("_file", "_env")  #: how keys end that say where a secret is
#: What the account of the example says; the other keys are shown commented out.
ACTIVE = {"venue": "binance", "api_key_file": "binance-api-key", "api_secret_file": "binance-api-secret"}
SAMPLES = {"api_key_env": "BINANCE_API_KEY", "api_secret_env": "BINANCE_API_SECRET", "api_key": "", "api_secret": ""}
#: Accounts at the other venues: how one is headed, its model, and what a sample of it says.
OTHERS: tuple[tuple[str, type[BaseModel], Mapping[str, Any]], ...] = (
    (
        "[accounts.hedge]",
        accounts.BybitAccount,
        {"venue": "bybit", "api_key_file": "bybit-api-key", "api_secret_file": "bybit-api-secret", "group": "basis"},
    ),
    (
        "[accounts.desk]",
        accounts.OkxAccount,
        {
            "venue": "okx",
            "api_key_file": "okx-api-key",
            "api_secret_file": "okx-api-secret",
            "passphrase_file": "okx-passphrase",
            "group": "basis",
        },
    ),
    (
        "[accounts.coins]",
        accounts.BinanceAccount,
        {
            "venue": "binance",
            "product": "coinm",
            "api_key_file": "binance-api-key",
            "api_secret_file": "binance-api-secret",
        },
    ),
    (
        "[accounts.carry]",
        accounts.KucoinAccount,
        {
            "venue": "kucoin",
            "product": "futures",
            "api_key_file": "kucoin-api-key",
            "api_secret_file": "kucoin-api-secret",
            "passphrase_file": "kucoin-passphrase",
        },
    ),
    (
        "[accounts.chain]",
        accounts.HyperliquidAccount,
        {"venue": "hyperliquid", "address": "0x0000000000000000000000000000000000000001"},
    ),
)
#: Tables of which there may be any number: how one is headed, its model, and what a sample of it says.
MANY: Mapping[str, tuple[tuple[str, type[BaseModel], Mapping[str, Any]], ...]] = {
    "groups": (
        ("[groups.basis]", groups.Group, {}),
        (
            "[groups.basis.hedges.btc]",
            groups.Hedge,
            {"legs": ["hedge:BTCUSDT:long", "desk:BTC-USDT-SWAP:short"], "tolerance_ratio": 0.02},
        ),
    ),
    "stress.scenarios": (
        (
            "[stress.scenarios.alts]",
            stress.NamedScenario,
            {"moves": {"BTC": -0.15, "ETH": -0.25}, "others": -0.4, "text": "coins fall more the smaller they are"},
        ),
    ),
    "channels": (
        (
            "[channels.phone]",
            people.Telegram,
            {"kind": "telegram", "token_file": "telegram-token", "chats": [123456789]},
        ),
        ("[channels.desk]", people.Slack, {"kind": "slack", "token_file": "slack-token", "channel": "C0123456789"}),
        ("[channels.room]", people.Discord, {"kind": "discord", "url_file": "discord-webhook"}),
        ("[channels.pager]", people.PagerDuty, {"kind": "pagerduty", "routing_key_file": "pagerduty-key"}),
        (
            "[channels.hook]",
            people.Webhook,
            {"kind": "webhook", "url_file": "webhook-url", "secret_file": "webhook-secret"},
        ),
        ("[channels.prometheus]", people.Alertmanager, {"kind": "alertmanager", "urls": ["http://127.0.0.1:9093"]}),
        ("[channels.mail]", people.AppriseChannel, {"kind": "apprise", "url_file": "mail-url"}),
    ),
    "routes": (
        (
            "[[routes]]",
            people.Route,
            {
                "name": "night",
                "levels": ["critical"],
                "channels": ["phone"],
                "escalate": [{"after_seconds": 600.0, "channels": ["pager"]}],
            },
        ),
    ),
    "digests": (("[digests.daily]", people.Digest, {"channel": "mail", "every_seconds": 86400.0}),),
    "heartbeats": (("[heartbeats.backup]", people.Heartbeat, {}),),
    "dead_man": (("[dead_man.watch]", people.DeadMan, {"url_file": "dead-man-url"}),),
}


def example() -> str:
    """The text of the file."""
    lines = [HEAD]
    tables: list[tuple[str, FieldInfo]] = []
    for name, field in Config.model_fields.items():
        if name == "accounts" or name in MANY or _is_table(field.annotation):
            tables.append((name, field))
        else:
            lines += _key(name, field)
    for name, field in tables:
        if name == "accounts":
            lines += _accounts()
        elif name in MANY:
            lines += _samples(name)
        else:
            lines += _table(name, field.annotation)
    return "\n".join(lines).rstrip() + "\n"


def _accounts() -> Iterator[str]:
    yield f"\n# {_first(accounts.BinanceAccount)}"
    yield f"# One table an account; the word after the dot is the name that you give it.\n[accounts.{ACCOUNT}]"
    fields = sorted(accounts.BinanceAccount.model_fields.items(), key=lambda item: item[0] != "venue")
    for name, field in fields:
        if name in ACTIVE:
            yield f"{name} = {value(ACTIVE[name])}  # {field.description}"
        else:
            shown = SAMPLES.get(name, field.default)
            yield f"# {name} = {value(shown)}  # {field.description}"
    for head, model, said in OTHERS:
        yield from _sample(head, model, said)


def _samples(name: str) -> Iterator[str]:
    """One table of each sort, commented out whole: it is there to be copied."""
    for head, model, said in MANY[name]:
        yield from _sample(head, model, said)


def _sample(head: str, model: type[BaseModel], said: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n# {_first(model)}\n# {head}"
    for key, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in said):
        if _holds_tables(field.annotation):
            continue  # they have a sample of their own
        default = "" if field.default is None else field.default
        yield from _line(key, said.get(key, default), field.description or "")


def _table(path: str, model: Any) -> Iterator[str]:
    """A table: first its own keys, then its sub-tables, as TOML wants it."""
    inner = [(name, field.annotation) for name, field in model.model_fields.items() if _is_table(field.annotation)]
    many = [name for name in model.model_fields if f"{path}.{name}" in MANY]
    own = [(name, field) for name, field in model.model_fields.items() if name not in dict(inner) and name not in many]
    if own:
        yield f"\n# {_first(model)}\n[{path}]"
    for name, field in own:
        yield from _key(name, field)
    for name, annotation in inner:
        yield from _table(f"{path}.{name}", annotation)
    for name in many:
        yield from _samples(f"{path}.{name}")


def _key(name: str, field: FieldInfo) -> Iterator[str]:
    default = field.get_default(call_default_factory=True)
    if default is None and _is_secret(field):
        default = ""
    if default is PydanticUndefined or (default is None and not name.endswith(WAYS)):
        raise ValueError(f"the key {name} needs a default that can be shown")
    yield from _line(name, "" if default is None else default, field.description or "")


def _line(name: str, shown: Any, meaning: str) -> Iterator[str]:
    line = f"# {name} = {value(shown)}"
    told = f"  # {meaning}" if meaning else ""
    yield line + told if len(line + told) <= 140 else f"# {meaning}\n{line}"


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in get_args(field.annotation)


def value(default: Any) -> str:
    """A default as TOML, which knows no None: a key of that value is left out."""
    if isinstance(default, BaseModel):
        default = default.model_dump()
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, dict):
        given = {name: item for name, item in default.items() if item is not None}
        return "{" + ", ".join(f"{_name(name)} = {value(item)}" for name, item in given.items()) + "}"
    if isinstance(default, (list, tuple)):
        return "[" + ", ".join(map(value, default)) + "]"
    if isinstance(default, (int, float)):
        return repr(default)
    return json.dumps(str(default), ensure_ascii=False)


def _name(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else json.dumps(name)


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _holds_tables(annotation: Any) -> bool:
    return any(map(_is_table, get_args(annotation))) and get_origin(annotation) is dict


def _first(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(example())
