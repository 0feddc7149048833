"""The runbooks as tests read them: their sections, the code in them, and what they may name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from functools import cache
from typing import Any

from monitor.alerts.catalogue import RULES, default_rules
from monitor.app.config_example import example
from monitor.domain.fingerprints import alert_name
from monitor.web.runbooks import load

WATCHDOG = "MarginwatchWatchdog"
RULE_OF = {alert_name(rule): rule for rule in RULES}
BOOKS = load()
_FENCED = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections(text: str) -> dict[str, str]:
    """The text below each heading of the second level, in order."""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def codes(text: str) -> list[str]:
    """What stands between backticks in the text, but for whole blocks; a line may end within."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", _FENCED.sub("", text))]


def blocks(text: str) -> list[dict[str, Any]]:
    """Each block of configuration."""
    return [tomllib.loads(block) for block in _FENCED.findall(text)]


@cache
def configuration() -> dict[str, Any]:
    """All keys of the configuration with their defaults, the samples of channels and the like among them."""
    shown = re.sub(r"^# (?=\[|\w+ = )", "", example(), flags=re.MULTILINE)
    return tomllib.loads(shown)


def table(path: str) -> Any:
    """A table of the configuration, by its name in brackets; None where there is none."""
    found: Any = configuration()
    for name in path.strip("[]").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found[0] if isinstance(found, list) else found


def defaults(rule: str) -> dict[str, Any]:
    """The defaults of one rule as a file of configuration would say them."""
    said = asdict(default_rules()[rule])
    return {
        key: {str(name): value if isinstance(value, float) else str(value) for name, value in table.items()}
        if isinstance(table, dict)
        else table
        for key, table in said.items()
    }
