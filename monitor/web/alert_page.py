"""The page of one alert: what, how near, what to do, who takes care of it, and what happened. Pure.

Chat programs fetch links to preview them, so that looking at it changes nothing: to acknowledge is to send its form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from monitor.domain.alerts import Alert, AlertChange, AlertState
from monitor.domain.fingerprints import alert_name
from monitor.domain.silences import LONGEST_AUTHOR, LONGEST_COMMENT
from monitor.domain.view import View
from monitor.web.life import find, fingerprint_of, fires
from monitor.web.markup import age, clock, document, level_tag, state_tag

CHANGES_SHOWN = 50
CONTINUE = '<meta http-equiv="refresh" content="0">\n'  #: load the page again, from itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the reader may do: `nonce` "" nothing, and why not; `login`: whether to log in would help; `logout`: the
    nonce for ending the session, "" where there is none.
    """

    nonce: str = ""
    logout: str = ""
    login: bool = False
    why_not: str = ""


def alert_page(
    view: View, fingerprint: str, history: Sequence[AlertChange], form: Form, *, trouble: str = "", again: bool = False
) -> str | None:
    """The page of the alert with this fingerprint, None where nobody knows it.

    `trouble` says why its history cannot be told. `again`: the browser is to ask once more, with its cookies, which it
    keeps back where a link on another site was followed.
    """
    firing = fires(view, fingerprint)
    alert = firing or find(view, fingerprint) or (history[0].alert if history else None)
    if alert is None:
        return None
    main = (
        f"{_what(view, alert, firing is not None)}\n{_act(firing, fingerprint, form) if firing else ''}"
        f"\n{_about(alert, fingerprint, view.at)}\n<h2>What happened</h2>\n{_history(history, trouble)}"
        f"{_logout(form)}"
    )
    title = alert.summary or alert_name(alert.rule)
    return document(f"{title} · marginwatch", main, CONTINUE if again else "", f"{view.instance} · {clock(view.at)}")


def _what(view: View, alert: Alert, firing: bool) -> str:
    if firing:
        tags = f"{level_tag(alert.severity)} {state_tag(alert)}"
    else:
        pending = any(fingerprint_of(each) == fingerprint_of(alert) for each in view.pending)
        tags = f'<span class="tag calm">{"pending" if pending else "does not fire now"}</span>'
    more = alert.text.removeprefix(f"{alert.summary}\n")  # where the text begins with what stands above it
    text = f'<p class="text">{escape(more)}</p>' if more not in ("", alert.summary) else ""
    return f'<p>{tags}</p>\n<p class="headline">{escape(alert.summary or alert_name(alert.rule))}</p>\n{text}'


def _act(alert: Alert, fingerprint: str, form: Form) -> str:
    """Who takes care of it, and the button."""
    acknowledged = alert.state is AlertState.ACKNOWLEDGED
    who = ""
    if acknowledged or alert.by or alert.note:
        note = f": {escape(alert.note)}" if alert.note else ""
        who = f"<p>{escape(alert.state.value.capitalize())} by {escape(alert.by or 'somebody')}{note}</p>\n"
    if form.login:
        there = f"/login?next=/alerts/{fingerprint}"
        return f'{who}<p><a class="button" href="{there}">Log in to acknowledge</a></p>'
    if not form.nonce:
        return f'{who}<p class="soft">{escape(form.why_not)}</p>'
    action, word = ("withdraw", "Withdraw") if acknowledged else ("acknowledge", "Acknowledge")
    return (
        f'{who}<form method="post" action="/alerts/{fingerprint}" class="card">\n'
        f'<input type="hidden" name="nonce" value="{escape(form.nonce)}">\n'
        f'<input type="hidden" name="incident" value="{escape(alert.incident)}">\n'
        f'<label>Your name <input name="author" maxlength="{LONGEST_AUTHOR}" autocomplete="name" required></label>\n'
        f'<label>Comment <input name="comment" maxlength="{LONGEST_COMMENT}" autocomplete="off"></label>\n'
        f'<button name="action" value="{action}">{word}</button>\n</form>'
    )


def _logout(form: Form) -> str:
    if not form.logout:
        return ""
    return (
        '\n<form method="post" action="/logout">\n'
        f'<input type="hidden" name="nonce" value="{escape(form.logout)}">\n'
        '<button class="plain">Log out</button>\n</form>'
    )


def _about(alert: Alert, fingerprint: str, now: float) -> str:
    rows = [
        ("Rule", f'{escape(alert.rule)} (<a href="/runbooks/{escape(alert_name(alert.rule))}">what to do</a>)'),
        *((escape(name), escape(value)) for name, value in alert.labels.items()),
        ("Since", f"{clock(alert.since)} ({age(alert.since, now)})"),
        *((word, f"{value:.6g}") for word, value in _numbers(alert)),
        ("Fingerprint", f"<code>{fingerprint}</code>"),
    ]
    lines = "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in rows)
    return f'<dl class="card">\n{lines}</dl>'


def _numbers(alert: Alert) -> list[tuple[str, float]]:
    numbers = (("Value", alert.value), ("Threshold", alert.threshold), ("Worst", alert.worst))
    return [(word, value) for word, value in numbers if value is not None]


def _history(history: Sequence[AlertChange], trouble: str) -> str:
    if trouble:
        return f'<p class="soft">Cannot be told: {escape(trouble)}</p>'
    if not history:
        return '<p class="soft">Nothing is kept of it.</p>'
    items = "".join(map(_change, history[:CHANGES_SHOWN]))
    return f'<div class="card"><ul class="alerts">{items}</ul></div>'


def _change(change: AlertChange) -> str:
    alert = change.alert
    told = change.reason or alert.summary
    who = f" by {escape(alert.by)}" if alert.by else ""
    return (
        f"<li>{level_tag(alert.severity)} <b>{change.change}</b>{who} <small>{clock(change.at)}</small>"
        f'<span class="soft block">{escape(told)}</span></li>'
    )
