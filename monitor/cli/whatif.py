"""`marginwatch whatif`: before and after of trades, transfers, modes, prices and funding. It changes nothing anywhere.

Against a running monitor, or against a folder that `capture` wrote: both compute with the same functions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.cli.codes import Exit, Misused, NotDone, Unavailable
from monitor.cli.daemon import Daemon
from monitor.cli.whatif_edits import by_name, edit_of, ratio
from monitor.cli.whatif_words import answer_lines
from monitor.domain.errors import BadRequest, InputMissing
from monitor.domain.whatif_json import answer_json, request_of

ANSWER_SECONDS = 30.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands on the command line. `request` is a file that holds a request as the API takes it, «-» for stdin."""

    edits: Sequence[str] = ()
    moves: Sequence[str] = ()
    market: str | None = None
    betas: Sequence[str] = ()
    pegs: Sequence[str] = ()
    funding_days: float = 0.0
    request: str | None = None


def whatif(asked: Asked, daemon: Daemon | None, folder: Path | None, *, as_json: bool) -> Exit:
    """Print before and after. Raises Misused where the command line cannot be understood."""
    if folder is not None:
        answer = _offline(asked, folder)
    else:
        assert daemon is not None  # without a folder a daemon is asked
        answer = daemon.ask("POST", "/api/v1/whatif", body_of(asked, None), ANSWER_SECONDS)
    try:
        told = [json.dumps(answer, ensure_ascii=False, allow_nan=False)] if as_json else list(answer_lines(answer))
    except (KeyError, TypeError) as error:
        where = "the monitor" if daemon is None else daemon.url
        raise Unavailable(f"{where} answers, but not as a monitor does ({type(error).__name__})") from None
    print("\n".join(told))
    return Exit.FINE


def body_of(asked: Asked, alone: tuple[str, str] | None) -> Json:
    """The request as the API takes it. Raises Misused."""
    body: Json = {} if asked.request is None else _read(asked.request)
    if asked.edits:
        body["edits"] = [*body.get("edits", []), *(edit_of(text, alone) for text in asked.edits)]
    if asked.moves:
        body["moves"] = body.get("moves", {}) | by_name(asked.moves, "--move", "BTC=-12%")
    if asked.market is not None:
        body["market"] = ratio(asked.market, "--market", "-20%")
    if asked.betas:
        body["betas"] = body.get("betas", {}) | by_name(asked.betas, "--beta", "ETH=1.3")
    if asked.pegs:
        body["pegs"] = body.get("pegs", {}) | by_name(asked.pegs, "--peg", "USDT=0.95")
    if asked.funding_days:
        body["funding_days"] = asked.funding_days
    if not body:
        raise Misused(
            'nothing is supposed: give an edit such as "open binance/main BTCUSDT 2 10x", --move BTC=-12%, --market '
            "-20%, --peg USDT=0.95, --funding 5, or --request FILE"
        )
    return body


def _read(request: str) -> Json:
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


def _offline(asked: Asked, folder: Path) -> Json:
    from monitor.cli.assess import engine_of
    from monitor.engine.whatif import what_if

    engine, _ = engine_of(folder)
    picture = engine.picture()
    key = next(iter(picture.accounts))
    try:
        return answer_json(what_if(picture, request_of(body_of(asked, (key.venue, key.account)))))
    except BadRequest as refused:
        raise NotDone(str(refused)) from None
