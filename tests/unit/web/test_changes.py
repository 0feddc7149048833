"""What changed since somebody was told: whoever applies the changes holds the document of now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.alerts import AlertState
from monitor.domain.names import AccountKey
from monitor.domain.schema import view_json
from monitor.domain.view import View
from monitor.web import changes
from monitor.web.changes import Changes
from monitor.web.life import life_json
from tests.sample_reports import MAIN, NOW, account, feed, pool, view
from tests.unit.web.staging import alert

OTHER = AccountKey(MAIN.venue, "other")


def take(kept: Changes, shown: View, *, feeds: bool = True) -> None:
    for _ in kept.take(shown, feeds=feeds):
        pass


def told(pieces: list[bytes] | None) -> dict[str, Any]:
    assert pieces is not None
    found = json.loads(b"".join(pieces))
    assert isinstance(found, dict)
    return found


def document(shown: View) -> dict[str, Any]:
    """What a client should hold: /api/v1/pools, with the alerts as /api/v1/alerts tells them."""
    whole = view_json(shown) | {"alerts": [life_json(each) for each in shown.alerts]}
    found = json.loads(json.dumps(whole))
    assert isinstance(found, dict)
    return found


def key_of(kind: str, member: dict[str, Any]) -> tuple[Any, ...]:
    names = {"accounts": ("venue", "account"), "feeds": ("venue", "account", "stream"), "groups": ("name",)}[kind]
    return tuple(member[name] for name in names)


def applied(held: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """What a client makes of it, in the plainest way."""
    gone = change.pop("gone", {})
    for kind in ("accounts", "groups", "feeds"):
        left = [tuple(each.values()) if isinstance(each, dict) else (each,) for each in gone.get(kind, [])]
        members = {key_of(kind, each): each for each in held[kind] if key_of(kind, each) not in left}
        members |= {key_of(kind, each): each for each in change.pop(kind, [])}
        held = {**held, kind: list(members.values())}
    return {**held, **change}


def unordered(whole: dict[str, Any]) -> dict[str, Any]:
    kinds = ("accounts", "groups", "feeds")
    return whole | {kind: sorted(whole[kind], key=lambda each: key_of(kind, each)) for kind in kinds}


def test_the_first_is_the_whole_document() -> None:
    kept, shown = Changes(), view(account(pool()), account(key=OTHER), alerts=(alert(),), feeds=(feed(),))
    take(kept, shown)

    assert told(kept.snapshot()) == document(shown)
    assert kept.since(0) is None, "who was told nothing yet needs everything"


def test_what_did_not_change_is_not_told_again() -> None:
    kept, main = Changes(), account(pool())
    take(kept, view(main, account(key=OTHER)))
    number = kept.number
    take(kept, view(main, account(pool(), key=OTHER), at=NOW + 1))

    change = told(kept.since(number))
    assert [each["account"] for each in change["accounts"]] == ["other"]
    assert set(change) == {"at", "accounts"}


def test_a_report_made_anew_with_the_same_figures_is_no_change() -> None:
    kept = Changes()
    take(kept, view(account(pool())))
    number = kept.number
    take(kept, view(account(pool()), at=NOW + 5))

    assert kept.number == number
    assert told(kept.since(number)) == {"at": NOW + 5}


def test_what_went_is_named_until_it_comes_back() -> None:
    kept = Changes()
    take(kept, view(account(), account(key=OTHER), feeds=(feed("marks"),)))
    number = kept.number
    take(kept, view(account(), feeds=()))
    assert told(kept.since(number))["gone"] == {
        "accounts": [{"venue": "binance", "account": "other"}],
        "feeds": [{"venue": "binance", "account": "", "stream": "marks"}],
    }
    take(kept, view(account(), account(key=OTHER), feeds=(feed("marks"),)))
    assert "gone" not in told(kept.since(number))


def test_an_alert_that_is_acknowledged_brings_all_that_fire() -> None:
    kept, first, second = Changes(), alert(), alert("drift")
    take(kept, view(alerts=(first, second)))
    number = kept.number
    take(kept, view(alerts=(replace(first, state=AlertState.ACKNOWLEDGED, by="Ada"), second)))

    found = told(kept.since(number))["alerts"]
    assert [(each["state"], each["by"]) for each in found] == [("acknowledged", "Ada"), ("firing", "")]
    assert found[0]["fingerprint"] == first.fingerprint


def test_streams_are_looked_at_only_where_asked() -> None:
    kept = Changes()
    take(kept, view(feeds=(feed(messages=1),)))
    number = kept.number
    take(kept, view(feeds=(feed(messages=2),)), feeds=False)
    assert kept.number == number
    take(kept, view(feeds=(feed(messages=2),)))
    assert told(kept.since(number))["feeds"][0]["messages"] == 2


def test_who_missed_too_many_that_went_is_told_everything(monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "MOST_GONE", 3)
    kept = Changes()
    take(kept, view(feeds=tuple(feed(f"s{n}") for n in range(5))))
    number = kept.number
    take(kept, view(feeds=()))

    assert kept.since(number) is None
    assert kept.since(kept.number) is not None


SITUATIONS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), max_size=3),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(SITUATIONS)
def test_whoever_applies_some_of_the_changes_holds_the_document_of_now(
    steps: list[tuple[dict[str, int], dict[str, int], bool, bool]],
) -> None:
    kept = Changes()
    held: dict[str, Any] = {}
    number = 0
    for place, (accounts, feeds, ready, asks) in enumerate(steps):
        reports = [account(*[pool()] * n, key=AccountKey(MAIN.venue, name)) for name, n in accounts.items()]
        streams = tuple(feed(name, messages=n) for name, n in feeds.items())
        shown = view(*reports, feeds=streams, ready=ready, at=NOW + place)
        take(kept, shown)
        if asks or place == len(steps) - 1:
            pieces = kept.since(number)
            held = told(kept.snapshot()) if pieces is None else applied(held, told(pieces))
            number = kept.number
            assert unordered(held) == unordered(document(shown))
