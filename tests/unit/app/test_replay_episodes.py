"""Alerts of two sides, side by side: from when to when, how loud, how often, and which belongs to which."""

from __future__ import annotations

from dataclasses import replace

from monitor.app.replay_episodes import SAME_WITHIN_SECONDS, Episodes, paired
from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity


def change(kind: Change, at: float, severity: Severity = Severity.WARNING, symbol: str = "BTCUSDT") -> AlertChange:
    alert = Alert(rule="position_distance", severity=severity, labels={"symbol": symbol}, since=at)
    return AlertChange(change=kind, alert=alert, at=at)


def told(*changes: AlertChange) -> Episodes:
    episodes = Episodes()
    episodes.take(changes)
    return episodes


def test_an_episode_lasts_from_firing_to_its_end_and_remembers_the_loudest() -> None:
    (episode,) = told(
        change(Change.FIRED, 10.0),
        change(Change.ESCALATED, 12.0, Severity.CRITICAL),
        change(Change.EASED, 20.0),
        change(Change.RESOLVED, 30.0),
    ).all
    assert (episode.fired, episode.ended, episode.severity, episode.told) == (10.0, 30.0, Severity.CRITICAL, 4)
    assert episode.seconds(until=99.0) == 20.0
    assert not episode.before


def test_what_still_fires_lasts_until_the_end_of_the_replay() -> None:
    (episode,) = told(change(Change.FIRED, 10.0)).all
    assert episode.ended is None
    assert episode.seconds(until=25.0) == 15.0


def test_an_alert_that_is_first_heard_of_when_it_ends_fired_before() -> None:
    episodes = told(change(Change.RESOLVED, 30.0))
    (episode,) = episodes.all
    assert episode.before
    assert episode.ended == 30.0
    assert episodes.began_before(episode.alert)
    assert not episodes.began_before(change(Change.FIRED, 1.0, symbol="ETHUSDT").alert)


def test_it_may_fire_again_and_subjects_are_kept_apart() -> None:
    episodes = told(
        change(Change.FIRED, 1.0),
        change(Change.FIRED, 2.0, symbol="ETHUSDT"),
        change(Change.RESOLVED, 3.0),
        change(Change.FIRED, 4.0),
    )
    assert [(each.alert.labels["symbol"], each.fired, each.ended) for each in episodes.all] == [
        ("BTCUSDT", 1.0, 3.0),
        ("ETHUSDT", 2.0, None),
        ("BTCUSDT", 4.0, None),
    ]


def test_another_engine_begins_new_episodes() -> None:
    episodes = told(change(Change.FIRED, 1.0))
    episodes.restart()
    episodes.take([change(Change.FIRED, 5.0)])
    assert [each.fired for each in episodes.all] == [1.0, 5.0]


def test_alerts_are_paired_by_subject_and_time() -> None:
    ours = told(change(Change.FIRED, 10.0), change(Change.RESOLVED, 20.0), change(Change.FIRED, 11.0, symbol="ETHUSDT"))
    theirs = told(
        change(Change.FIRED, 15.0), change(Change.RESOLVED, 40.0), change(Change.FIRED, 5.0, symbol="XRPUSDT")
    )
    pairs = paired(ours.all, theirs.all)
    assert [
        (pair.ours and pair.ours.alert.labels["symbol"], pair.recorded and pair.recorded.alert.labels["symbol"])
        for pair in pairs
    ] == [(None, "XRPUSDT"), ("BTCUSDT", "BTCUSDT"), ("ETHUSDT", None)]
    assert [pair.fired for pair in pairs] == [5.0, 10.0, 11.0]


def test_what_lies_too_far_apart_is_two_alerts() -> None:
    ours = told(change(Change.FIRED, 10.0), change(Change.RESOLVED, 20.0))
    soon = told(change(Change.FIRED, 20.0 + SAME_WITHIN_SECONDS))
    late = told(change(Change.FIRED, 21.0 + SAME_WITHIN_SECONDS))
    assert len(paired(ours.all, soon.all)) == 1
    assert len(paired(ours.all, late.all)) == 2
    assert len(paired(late.all, ours.all)) == 2


def test_what_was_silenced_or_inhibited_fired_and_told_nobody() -> None:
    def quiet(kind: Change, state: AlertState, at: float) -> AlertChange:
        loud = change(kind, at)
        return replace(loud, alert=replace(loud.alert, state=state))

    (episode,) = told(
        quiet(Change.FIRED, AlertState.INHIBITED, 1.0),
        quiet(Change.SILENCED, AlertState.SILENCED, 2.0),
        quiet(Change.WORSENED, AlertState.SILENCED, 3.0),
        change(Change.UNSILENCED, 4.0),
        quiet(Change.ACKNOWLEDGED, AlertState.ACKNOWLEDGED, 5.0),
        quiet(Change.RESOLVED, AlertState.ACKNOWLEDGED, 6.0),
    ).all
    assert (episode.fired, episode.ended, episode.told) == (1.0, 6.0, 2)


def test_own_levels_are_as_loud_as_their_order_says_and_an_unknown_one_is_the_quietest() -> None:
    def own(kind: Change, level: str) -> AlertChange:
        loud = change(kind, 1.0)
        return replace(loud, alert=replace(loud.alert, severity=level))

    episodes = Episodes()
    episodes.restart(("info", "warning", "urgent", "critical"))
    episodes.take([own(Change.FIRED, "gone"), own(Change.ESCALATED, "urgent"), own(Change.EASED, "warning")])
    assert episodes.all[0].severity == "urgent"
