"""Matchers as people write them: what they mean, and which a monitor may not try on every alert in every step."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.alerts import Matcher
from monitor.domain.silences import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_MATCHERS,
    SilenceRefused,
    fits,
    matches,
    mistakes,
    mistakes_of,
    parse,
    written,
)

MAIN = Matcher(name="account", value="main")


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("account=main", MAIN),
        ("  account = main ", MAIN),
        ('account="main"', MAIN),
        ("account!=main", Matcher(name="account", value="main", negative=True)),
        ("coin=~BTC|ETH", Matcher(name="coin", value="BTC|ETH", regex=True)),
        ("pool!~isolated:.*", Matcher(name="pool", value="isolated:.*", regex=True, negative=True)),
        ("pool=cross:USDT", Matcher(name="pool", value="cross:USDT")),
        ("account==x", Matcher(name="account", value="=x")),
        ("account=", Matcher(name="account", value="")),
        ('account="', Matcher(name="account", value='"')),
    ],
)
def test_a_matcher_is_read_as_it_is_written(text: str, matcher: Matcher) -> None:
    assert parse(text) == matcher


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("account", "label=value"),
        ("=main", "label=value"),
        ("", "label=value"),
        ("Account=main", "name of a label"),
        ("account=~(", "no regular expression"),
    ],
)
def test_what_cannot_be_read_says_how_it_is_written(text: str, cure: str) -> None:
    with pytest.raises(SilenceRefused, match=re.escape(cure)) as refused:
        parse(text, "here")
    assert refused.value.key == "here"


@given(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text("ab=~!\"' .", max_size=6), st.booleans(), st.booleans())
def test_what_is_written_reads_as_the_same(name: str, value: str, regex: bool, negative: bool) -> None:
    matcher = Matcher(name=name, value=value, regex=regex, negative=negative)
    ambiguous = value != value.strip() or value[:1] in ('"', "~")
    if not ambiguous:
        assert parse(written(matcher)) == matcher


@pytest.mark.parametrize(
    ("matcher", "value", "fitting"),
    [
        (MAIN, "main", True),
        (MAIN, "mainly", False),
        (MAIN, "", False),
        (Matcher(name="a", value=""), "", True),
        (Matcher(name="a", value="main", negative=True), "", True),
        (Matcher(name="a", value="ma.*", regex=True), "main", True),
        (Matcher(name="a", value="ai", regex=True), "main", False),
        (Matcher(name="a", value="ma.*", regex=True, negative=True), "main", False),
        (Matcher(name="a", value="a|b", regex=True), "ab", False),
    ],
)
def test_a_pattern_must_match_the_whole_value(matcher: Matcher, value: str, fitting: bool) -> None:
    assert fits(matcher, value) is fitting


def test_all_conditions_must_hold_and_a_missing_label_is_empty() -> None:
    desk = Matcher(name="group", value="")

    assert matches((MAIN, desk), {"account": "main"})
    assert not matches((MAIN, desk), {"account": "main", "group": "desk"})
    assert not matches((MAIN,), {})


@pytest.mark.parametrize(
    ("matchers", "cure"),
    [
        ((), "at least one"),
        ((MAIN,) * (MOST_MATCHERS + 1), f"at most {MOST_MATCHERS}"),
        ((Matcher(name="account", value=".*", regex=True),), "would silence all"),
        ((Matcher(name="account", value="x", negative=True),), "would silence all"),
    ],
)
def test_a_silence_names_something_and_not_everything(matchers: tuple[Matcher, ...], cure: str) -> None:
    assert any(cure in mistake.cure for mistake in mistakes(matchers))


def test_every_mistake_is_told_with_its_place() -> None:
    found = list(mistakes((MAIN, Matcher(name="", value="x"), Matcher(name="a", value="[", regex=True))))

    assert [mistake.key for mistake in found] == ["matchers[1]", "matchers[2]"]


def test_a_right_silence_has_no_mistakes() -> None:
    assert list(mistakes((MAIN, Matcher(name="coin", value=".*", regex=True)))) == []


@pytest.mark.parametrize(
    "name", ["", "Account", "a-b", "1a", "a b", "a\n", "ä", "a" * (LONGEST_NAME + 1), "account\x00"]
)
def test_a_name_that_no_label_has_is_refused(name: str) -> None:
    assert [mistake.cure[:30] for mistake in mistakes_of(Matcher(name=name, value="x"))] == [
        "must be the name of a label, s"
    ]


@pytest.mark.parametrize("regex", [False, True])
def test_a_value_has_a_bound(regex: bool) -> None:
    long = Matcher(name="a", value="x" * (LONGEST_VALUE + 1), regex=regex)

    assert [mistake.cure for mistake in mistakes_of(long)] == [f"at most {LONGEST_VALUE} characters"]


@pytest.mark.parametrize(
    "pattern",
    [
        "BTC.*", "BTC.*|ETH.*|SOL.*|XRP.*", "(BTC|ETH)USDT", "(?:BTC|ETH).*", "isolated:.*:(long|short)",
        "[*+?]{2}", "[]a](b)?", r"a\*\*\*\*\(b\)", "[^]*]x", r"\w+-\d{1,3}", "", "(a|.*)b", r"[\]*]+",
    ],
)  # fmt: skip
def test_the_patterns_that_people_need_are_allowed(pattern: str) -> None:
    assert list(mistakes_of(Matcher(name="a", value=pattern, regex=True))) == []


@pytest.mark.parametrize(
    ("pattern", "cure"),
    [
        ("(", "no regular expression"), ("[", "no regular expression"), ("*", "no regular expression"),
        ("[[a]", "nested set"),
        ("a{99999999999}", "no regular expression"), ("(a+)+", "repeat a group"), ("(a|b)*", "repeat a group"),
        ("(a){9}", "repeat a group"), ("(?:a?)*?", "repeat a group"), (r"(a)\1", "refer to a group"),
        ("(?=a)", "no groups but"), ("(?i)a", "no groups but"), ("(?P<x>a)", "no groups but"),
        ("(?<!a)b", "no groups but"), ("(?#a)b", "no groups but"), ("(((( a))))", "at most 3 groups"),
        ("a?a?a?a?", "at most 3 of"), ("b|.*.*.*.*", "at most 3 of"), ("(x|.*)(y|.*)z|.*|.*", "at most 3 of"),
        (".*?.*?.*?.*?", "at most 3 of"), ("a{0,9}a{0,9}a{0,9}a{0,9}", "at most 3 of"),
    ],
)  # fmt: skip
def test_a_pattern_that_a_label_could_make_slow_is_refused(pattern: str, cure: str) -> None:
    (mistake,) = mistakes_of(Matcher(name="a", value=pattern, regex=True))

    assert cure in mistake.cure


@given(st.text("ab.*+?|()[]{}2,\\", max_size=40))
def test_whatever_is_allowed_comes_to_an_end_on_a_long_label(pattern: str) -> None:
    matcher = Matcher(name="a", value=pattern, regex=True)
    if not list(mistakes_of(matcher)):
        assert fits(matcher, "ab" * 20 + "c") is (re.fullmatch(pattern, "ab" * 20 + "c") is not None)
