"""How Binance refuses: {code, msg} with an HTTP status; and the check of keys, timestamps and signatures."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

RECV_WINDOW_MS = 5000
RECV_WINDOW_MOST_MS = 60_000
AHEAD_MS = 1000


class Refusal(Exception):
    """An answer that is an error. `retry_after` in seconds goes into the header of that name."""

    def __init__(self, status: int, code: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


def params_of(query: str, body: str) -> dict[str, str]:
    """The parameters of query and body, decoded; the query wins, as on the venue."""
    return {**dict(parse_qsl(body, keep_blank_values=True)), **dict(parse_qsl(query, keep_blank_values=True))}


def check_key(key: str | None, known: Collection[str]) -> str:
    """A key that the venue knows."""
    if not key:
        raise Refusal(401, -2014, "API-key format invalid.")
    found = [one for one in known if hmac.compare_digest(one, key)]
    if not found:
        raise Refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")
    return found[0]


def check_time(params: Mapping[str, str], now_ms: int) -> None:
    """The timestamp must not be a second ahead of the venue, nor older than recvWindow."""
    try:
        timestamp = int(params["timestamp"])
        window = int(params.get("recvWindow", RECV_WINDOW_MS))
    except (KeyError, ValueError):
        raise Refusal(
            400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."
        ) from None
    if window > RECV_WINDOW_MOST_MS:
        raise Refusal(400, -1131, "recvWindow must be less than 60000.")
    if timestamp >= now_ms + AHEAD_MS:
        raise Refusal(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise Refusal(400, -1021, "Timestamp for this request is outside of the recvWindow.")


def check_signature(query: str, body: str, secret: str) -> None:
    """HMAC-SHA256 over query and body exactly as they were sent, without the signature itself."""
    signature = ""
    parts = []
    for text in (query, body):
        kept = [part for part in text.split("&") if part and not part.startswith("signature=")]
        signature = next((p.partition("=")[2] for p in text.split("&") if p.startswith("signature=")), signature)
        parts.append("&".join(kept))
    if not signature:
        raise Refusal(400, -1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
    wanted = hmac.new(secret.encode(), "".join(parts).encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, signature):
        raise Refusal(400, -1022, "Signature for this request is not valid.")
