"""What a silence may say: matchers as people write them, what is wrong with them, and what they match.

A pattern comes from a person and is tried on every alert in every step, so that it is kept to a small language in which
no label makes it slow: no groups that repeat, no references, few repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from warnings import catch_warnings, simplefilter

from monitor.domain.alerts import Matcher
from monitor.domain.errors import MarginwatchError

MOST_MATCHERS = 16
LONGEST_NAME, LONGEST_VALUE = 64, 200  #: characters
LONGEST_AUTHOR, LONGEST_COMMENT = 64, 500
LONGEST_SILENCE_SECONDS = 90 * 86_400.0
MOST_REPETITIONS = 3  #: of a pattern with groups, else of each of its alternatives
MOST_GROUPS = 3

_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_WRITTEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)(.*)\Z", re.DOTALL)
#: The parts of a pattern: an escaped character, a class, what opens a group, a repetition, a bar, anything else.
_PARTS = re.compile(
    r"(?P<escaped>\\.)|(?P<charset>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<group>\((?P<special>\?:?)?)"
    r"|(?P<repeated>\)(?:[*+{]))|(?P<repetition>[*+?]\??|\{[^}]*\}\??)|(?P<bar>\|)|(?P<plain>.)",
    re.DOTALL,
)


class SilenceRefused(MarginwatchError):
    """A silence says something that it may not: the key, the value as given, and the cure."""

    def __init__(self, key: str, value: object, cure: str) -> None:
        super().__init__(f"{key} = {value!r}: {cure}")
        self.key, self.value, self.cure = key, value, cure


def parse(text: str, key: str = "matchers") -> Matcher:
    """A matcher as it is written: `account=main`, `coin!=BTC`, `symbol=~BTC.*`, `pool!~isolated:.*`.

    Quotes around the value are taken off. Raises `SilenceRefused`.
    """
    written = _WRITTEN.match(text)
    if written is None:
        raise SilenceRefused(key, text, "must be label=value, label!=value, label=~pattern or label!~pattern")
    name, how, value = written.groups()
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    matcher = Matcher(name=name, value=value, regex="~" in how, negative="!" in how)
    for mistake in mistakes_of(matcher, key):
        raise mistake
    return matcher


def written(matcher: Matcher) -> str:
    """The matcher as people write it."""
    how = ("!~" if matcher.negative else "=~") if matcher.regex else ("!=" if matcher.negative else "=")
    return f"{matcher.name}{how}{matcher.value}"


def is_label(name: str) -> bool:
    """Whether this can be the name of a label."""
    return len(name) <= LONGEST_NAME and _NAME.match(name) is not None


def mistakes(matchers: Iterable[Matcher], key: str = "matchers") -> Iterator[SilenceRefused]:
    """What is wrong with the matchers of one silence."""
    given = tuple(matchers)
    if not given:
        yield SilenceRefused(key, "", "needs at least one, such as account=main")
    if len(given) > MOST_MATCHERS:
        yield SilenceRefused(key, len(given), f"at most {MOST_MATCHERS}")
    found = [mistake for place, each in enumerate(given) for mistake in mistakes_of(each, f"{key}[{place}]")]
    yield from found
    if given and not found and all(fits(matcher, "") for matcher in given):
        text = ", ".join(map(written, given))
        yield SilenceRefused(
            key, text, "would silence all that there is: name at least one label that must have a value"
        )


def mistakes_of(matcher: Matcher, key: str = "matchers") -> Iterator[SilenceRefused]:
    """What is wrong with one matcher."""
    if not is_label(matcher.name):
        cure = f"must be the name of a label, such as account: small letters, digits and _, at most {LONGEST_NAME}"
        yield SilenceRefused(key, matcher.name[: LONGEST_NAME + 1], cure)
    if len(matcher.value) > LONGEST_VALUE:
        yield SilenceRefused(key, matcher.value[:20] + "…", f"at most {LONGEST_VALUE} characters")
    elif matcher.regex and (cure := _cure_of_pattern(matcher.value)):
        yield SilenceRefused(key, matcher.value, cure)


def fits(matcher: Matcher, value: str) -> bool:
    """Whether a label with this value ("" where it is missing) meets the condition."""
    same = _compiled(matcher.value).fullmatch(value) is not None if matcher.regex else value == matcher.value
    return same is not matcher.negative


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all conditions hold of these labels; `labels` hold `rule`, `severity` and `group` too."""
    return all(fits(matcher, labels.get(matcher.name, "")) for matcher in matchers)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=1024)
def _cure_of_pattern(pattern: str) -> str:
    """What is wrong with a pattern, "" if nothing is."""
    try:
        with catch_warnings():  # of what a later Python will read otherwise, such as [[a]
            simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        return f"is no regular expression: {error}"
    groups, here, most = 0, 0, 0
    for part in _PARTS.finditer(pattern):
        match part.lastgroup:
            case "group":
                groups += 1
                if part["special"] == "?":
                    return "may hold no groups but (…) and (?:…)"
            case "repeated":
                return "may not repeat a group: write it out, or use [...] for one character"
            case "escaped" if part[0][1].isdigit():
                return "may not refer to a group"
            case "repetition":
                here += 1
                most = max(most, here)
            case "bar" if not groups:
                here = 0
            case _:
                pass
    if groups > MOST_GROUPS:
        return f"at most {MOST_GROUPS} groups"
    if most > MOST_REPETITIONS:
        return f"at most {MOST_REPETITIONS} of * + ? {{}} in a pattern with groups, or else in each alternative"
    return ""
