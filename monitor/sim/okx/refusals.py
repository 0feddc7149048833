"""How the simulated OKX refuses: {code, msg, data} with an HTTP status; and the check of keys, times, signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from monitor.sim.okx.accounts import SimAccount

WINDOW_SECONDS = 30.0  #: a timestamp may be this old, or this far ahead


class Refusal(Exception):
    """An answer that is an error. `retry_after` in seconds goes into the header of that name."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


def signature(secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256, as requests and logins are signed."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def account_of(key: str | None, accounts: Mapping[str, SimAccount]) -> SimAccount | None:
    """Whose key this is, if anybody's."""
    wanted = (key or "").encode()
    return next((each for each in accounts.values() if hmac.compare_digest(each.key.encode(), wanted)), None)


def owner_of(
    headers: Mapping[str, str], accounts: Mapping[str, SimAccount], signed: str, now: float, *, demo: bool
) -> SimAccount:
    """The account that signed a request; `signed` is method, path with query, and body, exactly as they were sent."""
    missing = {"OK-ACCESS-KEY": "50103", "OK-ACCESS-PASSPHRASE": "50104", "OK-ACCESS-SIGN": "50106"}
    for name, code in {**missing, "OK-ACCESS-TIMESTAMP": "50107"}.items():
        if not headers.get(name):
            raise Refusal(401, code, f'Request header "{name}" can\'t be empty.')
    account = account_of(headers["OK-ACCESS-KEY"], accounts)
    if account is None:
        raise Refusal(401, "50111", "Invalid OK-ACCESS-KEY.")
    if account.demo is not demo:
        raise Refusal(401, "50101", "APIKey does not match current environment.")
    _check_time(headers["OK-ACCESS-TIMESTAMP"], now)
    wanted = signature(account.secret, headers["OK-ACCESS-TIMESTAMP"] + signed)
    if not hmac.compare_digest(wanted.encode(), headers["OK-ACCESS-SIGN"].encode()):
        raise Refusal(401, "50113", "Invalid Sign")
    if not hmac.compare_digest(account.passphrase.encode(), headers["OK-ACCESS-PASSPHRASE"].encode()):
        raise Refusal(401, "50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.')
    return account


def _check_time(text: str, now: float) -> None:
    """ISO with milliseconds and Z: "2020-12-08T09:08:57.715Z"."""
    try:
        if not text.endswith("Z"):
            raise ValueError(text)
        said = datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refusal(401, "50112", "Invalid OK-ACCESS-TIMESTAMP") from None
    if abs(now - said) > WINDOW_SECONDS:
        raise Refusal(401, "50102", "Timestamp request expired")
