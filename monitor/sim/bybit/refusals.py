"""How Bybit refuses: a retCode in an answer whose HTTP status is 200; and the check of keys, times and signatures."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from monitor.sim.bybit.accounts import SimAccount

RECV_WINDOW_MS = 5000
AHEAD_MS = 1000

WRONG_PARAMETER, WRONG_TIME, WRONG_KEY, WRONG_SIGNATURE = 10001, 10002, 10003, 10004
NOT_PERMITTED, TOO_MANY, KEY_EXPIRED = 10005, 10006, 33004


class Refusal(Exception):
    """An answer that is an error; `status` is HTTP's, where it is not 200."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.status = code, message, status


def owner_of(headers: Mapping[str, str], signed: str, accounts: Mapping[str, SimAccount], now_ms: int) -> SimAccount:
    """Whose request this is, if key, time and signature are right. `signed`: the query, or the body of a POST."""
    account = _account(headers.get("X-BAPI-API-KEY"), accounts)
    stamp, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW", "")
    _check_time(stamp, window, now_ms)
    origin = f"{stamp}{account.key}{window}{signed}"
    wanted = hmac.new(account.secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, headers.get("X-BAPI-SIGN", "")):
        raise Refusal(WRONG_SIGNATURE, f"error sign! origin_string[{origin}]")
    expires = account.api.expires
    if account.api.dead or (expires is not None and expires * 1000.0 <= now_ms):
        raise Refusal(KEY_EXPIRED, "Your api key has expired.")
    return account


def _account(key: str | None, accounts: Mapping[str, SimAccount]) -> SimAccount:
    for account in accounts.values():
        if key and hmac.compare_digest(account.key, key):
            return account
    raise Refusal(WRONG_KEY, "API key is invalid.")


def _check_time(stamp: str, window: str, now_ms: int) -> None:
    try:
        asked, allowed = int(stamp), int(window) if window else RECV_WINDOW_MS
    except ValueError:
        raise Refusal(WRONG_PARAMETER, "empty value: timestamp") from None
    if not now_ms - allowed <= asked < now_ms + AHEAD_MS:
        raise wrong_time(asked, now_ms, allowed)


def wrong_time(asked: int | str, now_ms: int, window: int | str) -> Refusal:
    """The refusal of a request that is too old, or ahead of the venue's clock."""
    return Refusal(
        WRONG_TIME,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{asked}],server_timestamp[{now_ms}],recv_window[{window}]",
    )
