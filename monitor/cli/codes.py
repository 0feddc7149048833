"""Exit codes, and errors that a person expects as one line without a traceback. Public interface."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum

from monitor.domain.errors import (
    AuthRejected,
    ConfigError,
    ConfigMissing,
    ConfigRefused,
    InputMissing,
    MarginwatchError,
    VenueError,
)


class Exit(IntEnum):
    """What a command's exit code says."""

    FINE = 0
    FAILED = 1  #: an error while running
    USAGE = 2  #: the command line cannot be understood
    WARNING = 10  #: `status`: something needs attention
    CRITICAL = 20  #: `status`: something needs attention now
    UNKNOWN = 30  #: `status`: something is not known
    NO_INPUT = 66  #: a file or folder is not there
    UNAVAILABLE = 69  #: a service does not answer
    CANNOT_CREATE = 73  #: the folder to write into holds something already, or cannot be made
    NO_PERMISSION = 77  #: the key is refused, or may do too much
    CONFIGURATION = 78  #: the configuration has mistakes


class Unavailable(MarginwatchError):
    """A service that a command needs does not answer (exit 69)."""


class CannotCreate(MarginwatchError):
    """What a command is to write cannot be written there (exit 73)."""


class NotAllowed(MarginwatchError):
    """The monitor does not let us do that (exit 77)."""


class Mistaken(MarginwatchError):
    """One mistake or several, each a line of its own."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts


class NotDone(Mistaken):
    """The monitor understood, and could not do it (exit 1)."""


class Misused(Mistaken):
    """The command line says something that makes no sense (exit 2)."""


def guarded(command: Callable[[], Exit]) -> Exit:
    """Run a command; an expected error becomes one line on stderr (a line a mistake) and its exit code."""
    try:
        return command()
    except ConfigRefused as error:
        for mistake in error.mistakes:
            complain(str(mistake))
        return Exit.CONFIGURATION
    except ConfigError as error:
        return complain(str(error), Exit.CONFIGURATION)
    except (ConfigMissing, InputMissing) as error:
        return complain(str(error), Exit.NO_INPUT)
    except CannotCreate as error:
        return complain(str(error), Exit.CANNOT_CREATE)
    except Mistaken as error:
        for text in error.texts:
            complain(text)
        return Exit.USAGE if isinstance(error, Misused) else Exit.FAILED
    except (AuthRejected, NotAllowed) as error:
        return complain(str(error), Exit.NO_PERMISSION)
    except (Unavailable, VenueError) as error:
        return complain(str(error), Exit.UNAVAILABLE)
    except MarginwatchError as error:
        return complain(str(error), Exit.FAILED)
    except KeyboardInterrupt:
        return Exit.FINE


def complain(text: str, code: Exit = Exit.FAILED) -> Exit:
    """Say on stderr what is wrong, in one line; returns the code."""
    print(f"marginwatch: {' '.join(text.split())}", file=sys.stderr)
    return code
