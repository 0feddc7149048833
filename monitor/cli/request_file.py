"""The file of a request, as `whatif` and `stress` take it: one JSON object, to which options add."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from monitor.cli.codes import Misused
from monitor.domain.errors import InputMissing

Json = dict[str, Any]


def check_kinds(body: Json, *lists: str) -> None:
    """Raise Misused where a request is not of the form that options add to: the first of these is a list, the others
    are objects.
    """
    for place, key in enumerate(lists):
        kind, name = (list, "a list") if place == 0 else (dict, "an object")
        if key in body and not isinstance(body[key], kind):
            raise Misused(f"--request: {key} must be {name}")


def object_in(request: str) -> Json:
    """What the file holds, - being stdin. Raises InputMissing, or Misused where it is no JSON object."""
    try:
        text = sys.stdin.read() if request == "-" else Path(request).read_text()
    except OSError as error:
        raise InputMissing(f"--request {request}: {error.strerror}") from None
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Misused(f"--request {request}: must hold one JSON object")
    return body
