"""Overrides in Prometheus: the series of a rule, taken apart so that each part has one set of settings.

In the monitor an override is looked up for each subject. Here a rule becomes several alerts of one name, which share
its series among them: those that an override speaks of, and those that it does not. No series is in two parts, and
none is in no part, so that what fires is what the monitor itself decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from monitor.alerts.overrides import Override, narrowness
from monitor.alerts.rule import RuleSettings
from monitor.domain.names import AccountKey

Conditions = Mapping[str, frozenset[str]]  #: by label, the values that are meant; all of them must hold

#: The labels that overrides can ask for, by how a series' name goes on after `marginwatch_` or `marginwatch:`.
_LABELS = (
    ("pool_coin_", ("venue", "account", "pool", "coin")),
    ("pool_collateral_", ("venue", "account", "pool", "asset")),
    ("pool_", ("venue", "account", "pool")),
    ("position_", ("venue", "account", "pool", "symbol", "coin")),
    ("account_", ("venue", "account")),
    ("feed_", ("venue", "account")),
    ("group_coin_", ("group", "coin")),
    ("group_", ("group",)),
    ("rest_", ("venue",)),
    ("clock_", ("venue",)),
)
_SELECTOR = re.compile(r"marginwatch[_:][\w:]+(\{[^}]*\})?")
_POSITION = "job, instance, venue, account, pool, symbol, side"


@dataclass(frozen=True, slots=True)
class Part:
    """The series for which all of `only` holds and none of `but` does, and the settings that hold of them."""

    settings: RuleSettings
    only: Conditions = field(default_factory=dict)
    but: tuple[Conditions, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """What tells its alerts from those of other parts, as two of one name and the same labels would be taken for
        one written twice.
        """
        said = ", ".join(f"{name}={'|'.join(sorted(values))}" for name, values in self.only.items())
        return {"override": said.replace("{{", "{")} if said else {}  # Prometheus reads braces as a template


def labels_of(series: str) -> tuple[str, ...]:
    """The labels of a series that an override may ask for; a position's coin is told by another series."""
    found = _SELECTOR.search(series)
    name = "" if found is None else re.split("[_:]", found[0], maxsplit=1)[1]
    return next((labels for begin, labels in _LABELS if name.startswith(begin)), ())


def parts(
    rule: str,
    settings: RuleSettings,
    overrides: Iterable[Override],
    labels: Iterable[str],
    groups: Mapping[AccountKey, str],
) -> tuple[Part, ...]:
    """All parts of a rule's series, which have these labels. An override that cannot speak of them makes none."""
    found, known = [Part(settings)], frozenset(labels)
    for override in sorted((each for each in overrides if each.concerns(rule)), key=narrowness):
        wanted = _conditions(override, known, groups)
        if wanted is not None:
            found = [piece for part in found for piece in _split(part, override, wanted)]
    return tuple(found)


def _conditions(override: Override, known: frozenset[str], groups: Mapping[AccountKey, str]) -> Conditions | None:
    """What an override asks of labels; None if nothing with these labels meets it."""
    wanted: dict[str, frozenset[str]] = {}
    for condition, value in override.conditions.items():
        name, values = condition, frozenset({value})
        if name == "group" and "account" in known:  # accounts have names of their own, whatever their venue
            name, values = "account", frozenset(key.account for key, group in groups.items() if group == value)
        elif name == "coin" and "asset" in known:
            name = "asset"
        if name not in known:
            return None
        wanted[name] = values & wanted.get(name, values)
    return wanted if all(wanted.values()) else None


def _split(part: Part, override: Override, wanted: Conditions) -> list[Part]:
    """A part, and what of it an override speaks of."""
    over = override.over(part.settings)
    inside = {
        name: part.only.get(name, wanted.get(name, frozenset())) & wanted.get(name, part.only.get(name, frozenset()))
        for name in (*part.only, *wanted)
    }
    empty = not all(inside.values()) or any(_within(inside, but) for but in part.but)
    if empty or _heard(over) == _heard(part.settings):
        return [part]
    if inside == part.only:
        return [replace(part, settings=over)]
    met = tuple(but for but in part.but if all(inside.get(name, values) & values for name, values in but.items()))
    return [replace(part, but=(*part.but, wanted)), Part(over, inside, met)]


def _within(inside: Conditions, outer: Conditions) -> bool:
    """Whether whatever meets the one meets the other."""
    return all(name in inside and inside[name] <= values for name, values in outer.items())


def _heard(settings: RuleSettings) -> tuple[object, ...]:
    """The settings that Prometheus can follow."""
    return (
        settings.enabled, settings.thresholds, settings.severities, settings.for_seconds, settings.keep_firing_seconds,
    )  # fmt: skip


def narrowed(expression: str, part: Part) -> str:
    """An expression with the first of its series cut down to a part, as far as matchers can say it."""
    direct = [_matcher(name, values) for name, values in part.only.items() if not _told_elsewhere(expression, name)]
    direct += [_matcher(*next(iter(but.items())), but=True) for but in part.but if _simple(expression, but)]
    return _matching(expression, direct)


def remainder(expression: str, part: Part, remember: str) -> str:
    """What has to follow a condition on `narrowed` because no matcher can say it; "" if nothing."""
    found = _SELECTOR.search(expression)
    text = ""
    if any(_told_elsewhere(expression, name) for name in part.only):
        text += f"\nand on ({_POSITION}) {_seen(_info(part.only), remember)}"
    for but in part.but:
        if _simple(expression, but) or found is None:
            continue
        if "symbol" in labels_of(expression):
            text += f"\nunless on ({_POSITION}) {_seen(_info(but), remember)}"
        else:
            text += f"\nunless {_seen(_matching(found[0], [_matcher(*one) for one in but.items()]), remember)}"
    return text


def _simple(expression: str, but: Conditions) -> bool:
    """Whether one matcher says what is not meant."""
    return len(but) == 1 and not _told_elsewhere(expression, next(iter(but)))


def _told_elsewhere(expression: str, name: str) -> bool:
    """Whether a label is one of `marginwatch_position_info` only."""
    return name == "coin" and "symbol" in labels_of(expression)


def _info(conditions: Conditions) -> str:
    return _matching("marginwatch_position_info", [_matcher(*one) for one in conditions.items()])


def _seen(series: str, remember: str) -> str:
    return f"last_over_time({series}[{remember}])"


def _matching(expression: str, matchers: list[str]) -> str:
    """An expression with further matchers on the first of its series."""
    found = _SELECTOR.search(expression)
    if found is None or not matchers:
        return expression
    own = [found[1][1:-1]] if found[1] and found[1] != "{}" else []
    name = found[0].split("{")[0]
    return f"{expression[: found.start()]}{name}{{{','.join((*own, *matchers))}}}{expression[found.end() :]}"


def _matcher(name: str, values: frozenset[str], *, but: bool = False) -> str:
    if len(values) == 1:
        return f'{name}{"!=" if but else "="}"{_quoted(next(iter(values)))}"'
    return f'{name}{"!~" if but else "=~"}"{_quoted("|".join(re.escape(value) for value in sorted(values)))}"'


def _quoted(text: str) -> str:
    """The inside of a string of PromQL's."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


__all__ = ["Part", "labels_of", "narrowed", "parts", "remainder"]
