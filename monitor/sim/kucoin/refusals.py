"""How the simulated KuCoin refuses: {code, msg} with an HTTP status; and the check of keys, times and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from monitor.sim.kucoin.accounts import SimAccount

WINDOW_MS = 5_000
TOO_MANY, WRONG_TIME, DENIED = "429000", "400002", "400007"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message = status, code, message


def signature(secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256, for requests and, since version 2, for passphrases."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def wrong_time() -> Refusal:
    """The refusal of a request that is too old or too early."""
    return Refusal(400, WRONG_TIME, "Invalid KC-API-TIMESTAMP")


def owner_of(
    headers: Mapping[str, str], accounts: Mapping[str, SimAccount], signed: str, now_ms: int, permission: str
) -> SimAccount:
    """The account that signed a request; `signed` is method, path with query, and body, exactly as they were sent."""
    for name in ("KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE"):
        if not headers.get(name):
            raise Refusal(
                401,
                "400001",
                "Please check the header of your request for KC-API-KEY, KC-API-SIGN, "
                "KC-API-TIMESTAMP, KC-API-PASSPHRASE",
            )
    key, stamp = headers["KC-API-KEY"], headers["KC-API-TIMESTAMP"]
    if not stamp.isdigit() or abs(int(stamp) - now_ms) > WINDOW_MS:
        raise wrong_time()
    account = next((one for one in accounts.values() if hmac.compare_digest(one.key.encode(), key.encode())), None)
    if account is None or account.dead:
        raise Refusal(401, "400003", "KC-API-KEY not exists")
    if not _same(_passphrase(account, headers.get("KC-API-KEY-VERSION", "1")), headers["KC-API-PASSPHRASE"]):
        raise Refusal(401, "400004", "Invalid KC-API-PASSPHRASE")
    if not _same(signature(account.secret, stamp + signed), headers["KC-API-SIGN"]):
        raise Refusal(401, "400005", "Invalid KC-API-SIGN")
    if permission and permission not in account.permissions.split(","):
        raise Refusal(403, DENIED, f"Access denied, require more permission. The request requires {permission}.")
    return account


def _passphrase(account: SimAccount, version: str) -> str:
    """What the header must say: since version 2 it is signed."""
    if version not in ("2", "3"):
        return "" if account.key_version > 1 else account.passphrase
    return signature(account.secret, account.passphrase)


def _same(wanted: str, given: str) -> bool:
    return bool(wanted) and hmac.compare_digest(wanted.encode(), given.encode())
