"""The names by which others know our alerts: CamelCase names, and fingerprints as Alertmanager computes them."""

from __future__ import annotations

from collections.abc import Mapping

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def alert_name(rule: str) -> str:
    """The rule as others call it: `margin_ratio` is `MarginwatchMarginRatio`."""
    return "Marginwatch" + "".join(part.capitalize() for part in rule.split("_"))


def fingerprint(labels: Mapping[str, str]) -> str:
    """Sixteen hex digits that tell one set of labels from another: FNV-1a over the sorted names and values, each ended
    by the byte 0xFF, as Alertmanager has it. Labels without a value do not count, as there.
    """
    state = _OFFSET
    for name in sorted(name for name, value in labels.items() if value):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            state = ((state ^ byte) * _PRIME) & _MASK
    return f"{state:016x}"


def identity(rule: str, labels: Mapping[str, str]) -> str:
    """The fingerprint of an alert: of its name and labels, without its severity."""
    return fingerprint({**labels, "alertname": alert_name(rule)})


def incident(fingerprint_: str, since: float) -> str:
    """The name of one incident: its alert's fingerprint, and when it began firing (hex milliseconds since 1970)."""
    return f"{fingerprint_}-{round(since * 1000):x}"
