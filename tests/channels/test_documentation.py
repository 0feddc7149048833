"""What the documentation says that somebody may copy."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from monitor.app.config_delivery import KINDS
from monitor.outputs.channels.webhook import signature
from tests.programs import ROOT

PAGE = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_verification_takes_what_we_sign_and_nothing_else() -> None:
    (code,) = _blocks("python")
    found: dict[str, Any] = {}
    exec(compile(code, "docs/channels.md", "exec"), found)
    found["time"] = type("Time", (), {"time": staticmethod(lambda: 1000.0)})
    genuine, body = found["is_genuine"], '{"é":1}'.encode()
    headers = {"X-Marginwatch-Timestamp": "900", "X-Marginwatch-Signature": signature("secret", "900", body)}
    assert genuine("secret", headers, body)
    assert not genuine("other", headers, body)
    assert not genuine("secret", headers, body + b" ")
    assert not genuine("secret", headers | {"X-Marginwatch-Timestamp": "901"}, body)
    assert not genuine("secret", headers, body, most_seconds=99)


def test_the_tables_are_of_kinds_that_there_are_with_keys_that_they_have() -> None:
    kinds = set()
    for block in _blocks("toml"):
        ((_, table),) = tomllib.loads(block)["channels"].items()
        model = KINDS[table["kind"]]
        assert set(table) <= set(model.model_fields)
        kinds.add(table["kind"])
    assert kinds == set(KINDS)
