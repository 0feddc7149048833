"""Slack's Web API: chat.postMessage, and chat.update for the message of an incident that stands.

What comes new of an incident whose first message is known goes into its thread, and shows in the channel too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.channels.http import Answer, Http, to_json
from monitor.outputs.channels.recent import Recent
from monitor.outputs.channels.wording import cut, links, whole_text

TITLE_LIMIT, TEXT_LIMIT = 2900, 2900  #: of 3,000 characters that a section's text may have, escaped

#: Errors of the moment; of those that are not listed nothing is known, and they are tried again as well.
MOMENTARY = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "org_login_required", "team_added_to_org"}
)  # fmt: skip

#: Errors that a person must cure: the same message will be refused again.
FINAL = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission",
     "missing_scope", "not_allowed_token_type", "access_denied", "ekm_access_denied", "enterprise_is_restricted",
     "team_access_not_granted", "two_factor_setup_required", "channel_not_found", "not_in_channel", "is_archived",
     "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
     "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "messages_tab_disabled",
     "msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "too_many_attachments", "invalid_arguments",
     "invalid_arg_name", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type",
     "invalid_json", "json_not_object", "method_deprecated", "deprecated_endpoint",
     "metadata_too_large", "user_not_in_channel"}
)  # fmt: skip

#: Errors of an edit after which only a new message helps.
HANDLE_LOST = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "update_failed",
     "as_user_not_supported"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """Which channel (its id, or a public one's name), and the bot's token."""

    name: str
    token: str = field(repr=False)
    channel: str
    api: str = "https://slack.com/api"
    timeout_seconds: float = 10.0


class SlackChannel:
    """One channel of one workspace."""

    kind, keyed, edits = "slack", False, True

    def __init__(self, settings: SlackSettings, clock: Clock) -> None:
        self.name, self._settings = settings.name, settings
        self._http = Http(settings.name, clock, settings.timeout_seconds)
        self._roots: Recent[str, str] = Recent()  #: the first message of an incident, by its thread

    async def send(self, message: Message, handle: str | None) -> str | None:
        """Post or edit. The handle is the channel's id and the message's timestamp."""
        if handle is not None:
            place, _, stamp = handle.partition(":")
            answer = await self._call("chat.update", render(message, place) | {"ts": stamp})
            return self._handle(answer)
        root = self._roots.get(message.thread)
        thread = {"thread_ts": root, "reply_broadcast": True} if root and not message.test else {}
        answer = await self._call("chat.postMessage", render(message, self._settings.channel) | thread)
        found = self._handle(answer)
        if root is None:
            self._roots.put(message.thread, found.partition(":")[2])
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _call(self, method: str, body: dict[str, object]) -> Answer:
        answer = await self._http.call(
            "POST",
            f"{self._settings.api.rstrip('/')}/{method}",
            to_json(body),
            {"Authorization": f"Bearer {self._settings.token}", "Content-Type": "application/json; charset=utf-8"},
        )
        error = answer["error"]
        if answer["ok"] is True:
            return answer
        if answer["ok"] is False and isinstance(error, str):
            raise self._failed(error, answer)
        raise self._http.garbled(answer) if answer.good else self._http.failed(answer)

    def _failed(self, error: str, answer: Answer) -> DeliveryFailed:
        known = error in MOMENTARY or error in FINAL or error in HANDLE_LOST
        why = f"Slack says {error}" if known else "Slack says an error that is not known here"
        return DeliveryFailed(
            self.name,
            why,
            retry_after_seconds=answer.retry_after_seconds,
            final=error in FINAL,
            handle_lost=error in HANDLE_LOST,
        )

    def _handle(self, answer: Answer) -> str:
        place, stamp = answer["channel"], answer["ts"]
        if not isinstance(place, str) or not isinstance(stamp, str):
            raise self._http.garbled(answer)
        return f"{place}:{stamp}"


def render(message: Message, channel: str) -> dict[str, object]:
    """The message as blocks; `text` is what a notification shows."""
    title = cut(_escaped(message.title), TITLE_LIMIT)
    blocks: list[dict[str, object]] = [_section(f"*{title}*")]
    text = whole_text(message)
    if text:
        blocks.append(_section(cut(_escaped(text), TEXT_LIMIT)))
    found = links(message)
    if found:
        follow = " · ".join(f"<{_escaped(url)}|{_escaped(word)}>" for word, url in found)
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": follow}]})
    return {"channel": channel, "text": title, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _escaped(text: str) -> str:
    """The three signs that Slack reads as control; it mentions nobody then (`<!channel>`)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
