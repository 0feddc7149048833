"""Why an alert changed, by key."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "reason.event": "it happened",
    "reason.extreme": "the worst has come: not waited for",
    "reason.fired": "{level} for {span}",
    "reason.reached": "{level} is reached",
    "reason.escalated": "grew from {previous} to {level}",
    "reason.eased": "eased from {previous} to {level}, for {span}",
    "reason.worsened": "the room left is {share} of what was told last",
    "reason.again": "it happened again",
    "reason.repeated": "still so after {lasted}; told last {told} ago",
    "reason.recovered": "over for {span}",
    "reason.over": "over",
    "reason.closed": "what it speaks of is closed",
    "reason.not_configured": "no longer configured",
    "reason.switched_off": "its rule is switched off",
    "reason.unknown_rule": "its rule does not exist any more",
    "reason.unknown_level": "its level does not exist any more",
    "reason.somebody": "somebody",
    "reason.comment": ": {comment}",
    "reason.acknowledged": "acknowledged by {author} ({via}){comment}",
    "reason.unacknowledged": "acknowledgement withdrawn by {author} ({via}){comment}",
    "reason.ends_acknowledgement": "{reason}; that ends the acknowledgement by {author}",
    "reason.silenced": "silence {id} by {author}{comment}",
    "reason.silence_holds_no_more": "silence {id} does not hold of it any more",
    "reason.silence_ended": "silence {id} was ended by {author}",
    "reason.silence_over": "silence {id} is over",
    "reason.inhibited": "told by another alert: {summary}",
    "reason.uninhibited": "no other alert speaks for it any more",
}
