"""`marginwatch capture [ACCOUNT] DIR`: an account's raw answers as a folder for `assess`, fit for a bug report."""

from __future__ import annotations

from pathlib import Path

from monitor.app import logging
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded, load
from monitor.app.rooms import Captured, room
from monitor.cli.codes import CannotCreate, Exit, complain
from monitor.cli.run import in_loop
from monitor.domain.errors import ConfigError
from monitor.venues import folder

ANONYMOUS = "account"  #: stands in meta.json: the name in the configuration may be a person's


def capture(account: str | None, directory: Path, config: Path | None) -> Exit:
    """Ask for everything that `assess` reads and write it, redacted. Raises what the venue refuses.

    `account` may be None where one account is configured. `CannotCreate` if the folder holds anything already: answers
    of two moments in one folder would be computed as one.
    """
    loaded = load(config)
    logging.configure(loaded.config.log_level, loaded.secret_texts)
    account = chosen(loaded, account)
    check_free(directory)
    venue = loaded.config.accounts[account].venue
    at = room(venue)
    captured: list[Captured] = []

    def left_out(words: str) -> None:
        complain(words)

    async def ask() -> None:
        captured.append(await at.capture(loaded, account, SystemClock(), left_out))

    in_loop(ask())
    answers, first = captured[0]
    clean = {name: at.redact(name, raw) for name, raw in answers.items()}
    try:
        folder.write(directory, folder.Meta(venue, ANONYMOUS, first), clean)
    except OSError as error:
        raise CannotCreate(f"{error.filename or directory}: {error.strerror}; name another folder") from None
    print(f"{directory}: {len(answers)} answers; look them over before you share them")
    print(f"check: marginwatch assess {directory}")
    return Exit.FINE


def chosen(loaded: Loaded, account: str | None) -> str:
    """The account that is meant; ConfigError with the names of those that there are, if that is not one."""
    names = list(loaded.config.accounts)
    known = ", ".join(names)
    if account is None:
        if len(names) == 1:
            return names[0]
        raise ConfigError("accounts", None, f"there are several: name one of {known} before the folder")
    if account not in names:
        raise ConfigError(f"accounts.{account}", None, f"no such account in {loaded.file}; there are: {known}")
    return account


def check_free(directory: Path) -> None:
    """Raise `CannotCreate` unless the folder is empty or not there yet: what is in it is never overwritten."""
    try:
        taken = next(directory.iterdir(), None) is not None
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotCreate(f"{directory}: {error.strerror}; name another folder") from None
    if taken:
        raise CannotCreate(f"{directory} is not empty; name a new folder, or empty this one: nothing is overwritten")
