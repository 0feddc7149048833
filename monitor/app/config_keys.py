"""Every key of the configuration: its default, its bounds, its unit and what it means. Public interface.

The description of a key is one line that starts with its unit where it has one; it stands in `config.example.toml` and
in error messages. Unknown keys are errors in every table. The defaults equal those of the settings that they become.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Wait = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65535)]
Candles = Annotated[int, Field(ge=0, le=1000)]
Bytes = Annotated[int, Field(ge=65_536)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:_?[a-z0-9-])*$", max_length=64)]
KEYS = range(8, 513)  #: characters of a plausible API key
TOKENS = range(16, 513)  #: of a token that cannot be guessed
LogLevel = Literal["debug", "info", "warning", "error"]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def key(default: Any, meaning: str) -> Any:
    """A key with its default and one line of sense."""
    return Field(default, description=meaning)


def secret(meaning: str, *, needed: bool = True, lengths: range = range(1, 4097)) -> Any:
    """A key that holds a secret of so many characters; its table has NAME_file and NAME_env too, and one is given.

    `needed`: the table makes no sense without it.
    """
    extra: Any = {"needed": needed, "least": lengths.start, "most": lengths.stop - 1}
    return Field(None, description=meaning, json_schema_extra=extra)


class Web(Section):
    """The HTTP server: page, /metrics, /-/healthy, /-/ready, /api/v1."""

    enabled: bool = key(True, "serve over HTTP at all")
    host: str = key("127.0.0.1", "address to listen on; anything but the loopback shows your positions to the network")
    port: Port = key(9786, "TCP port; 0 takes any free one")
    external_url: str = key("", "address under which people reach the page; messages link to it; empty: no links")
    token_file: str | None = key(None, "file that holds the token for acknowledging and silencing over HTTP")
    token_env: str | None = key(None, "name of the environment variable that holds the token")
    token: SecretStr | None = secret(
        "the token itself; without one only this machine may acknowledge and silence", needed=False, lengths=TOKENS
    )
    token_for_reading: bool = key(False, "ask for the token on every page but health and readiness, too")
    config_file: str = key("", "web config file: TLS and users with passwords, as exporters have it; empty: neither")
    user_file: str = key("", "for commands: file that holds NAME:PASSWORD of a user; empty: none is shown")
    client_cert_file: str = key("", "for commands: certificate and key to show, in one PEM file; empty: none")

    @field_validator("external_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://risk.example.org, without a query")
        return value.rstrip("/")


class Inbox(Section):
    """The queue between the feeds and the engine."""

    facts_limit: Count = key(100_000, "facts that may wait; when it is full all accounts are read anew")


class Supervision(Section):
    """How a job that failed is started again."""

    first_seconds: Seconds = key(1.0, "seconds before the first new attempt")
    factor: Factor = key(1.6, "by which each further wait grows")
    cap_seconds: Seconds = key(60.0, "seconds, the longest wait")
    bug_first_seconds: Seconds = key(15.0, "seconds before a job that failed by a bug starts again")
    bug_cap_seconds: Seconds = key(300.0, "seconds, the longest wait after a bug")
    live_seconds: Seconds = key(60.0, "seconds that a job must run to earn a fresh back-off")


class Volatility(Section):
    """How a day's standard deviation is estimated, for distances in sigmas."""

    sample_seconds: Seconds = key(60.0, "seconds between two samples of the mark price")
    half_life_seconds: Seconds = key(43_200.0, "seconds after which a sample counts half")
    minimum_samples: Count = key(30, "samples before a sigma is shown")


class Drift(Section):
    """How far our figures may lie from the venue's before a report says so."""

    figure_ratio: Share = key(0.005, "ratio of the venue's figure: equity, maintenance, margin ratio")
    line_ratio: Share = key(0.002, "ratio of the mark: liquidation prices")


class Engine(Section):
    """What is computed, and when a number is no longer believed."""

    lines_every_seconds: Wait = key(0.05, "seconds, the least time between two solutions of a pool's lines; 0: always")
    legs_per_step: Count = key(50, "positions reported in one step, about; the others follow in the next ones")
    jump_ratio: Positive = key(0.5, "ratio; a price that moves by more in one frame waits for a confirmation")
    wanted_distance_ratio: Share = key(0.2, "ratio; advice is given while a line is nearer than this")
    advice_every_seconds: Seconds = key(5.0, "seconds between two searches for what to add or close in one pool")
    advices_per_step: Count = key(1, "pools in one step for which it is searched: it costs as much as a hundred ratios")
    after_every_seconds: Seconds = key(30.0, "seconds between two looks at where a pool stands after its next payment")
    options_every_seconds: Seconds = key(1.0, "seconds, the least time until options follow new volatilities of theirs")
    betas: dict[str, float] = key({}, "how fast an asset moves on the market line; 1 for those not named")
    stablecoins: tuple[str, ...] = key((), "assets that the market line holds still; empty: the built-in list")
    volatility: Volatility = key(Volatility(), "")
    drift: Drift = key(Drift(), "")

    @field_validator("stablecoins")
    @classmethod
    def _assets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _asset(name)
        return value

    @field_validator("betas")
    @classmethod
    def _speeds(cls, value: dict[str, float]) -> dict[str, float]:
        for name, beta in value.items():
            _asset(name)
            if not 0.0 <= beta < math.inf:
                raise ValueError(f"the beta of {name} is {beta:g}: must be 0 (it stands still) or more, and finite")
        return value


def _asset(name: str) -> None:
    """Refuse a name that no venue gives to an asset: it would be nobody's, and what was meant would not happen."""
    if not name or name != "".join(name.split()).upper():
        raise ValueError(f"{name!r} is no asset: write it as the venue does, in upper case (USDT)")
