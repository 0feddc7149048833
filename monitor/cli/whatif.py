"""`marginwatch whatif`: before and after of trades, transfers, modes, prices and funding. It changes nothing anywhere.

Against a running monitor, or against a folder that `capture` wrote: both compute with the same functions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path

from monitor.cli.codes import Exit, Misused, NotDone, Unavailable
from monitor.cli.daemon import Daemon
from monitor.cli.request_file import check_kinds, object_in
from monitor.cli.whatif_edits import Json, Mistakes, by_name, edit_of, ratio
from monitor.cli.whatif_words import answer_lines
from monitor.domain.errors import BadRequest
from monitor.domain.whatif_json import answer_json, request_of

ANSWER_SECONDS = 30.0


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
    """The request as the API takes it. Raises Misused, with all mistakes."""
    body: Json = {} if asked.request is None else object_in(asked.request)
    check_kinds(body, "edits", "moves", "betas", "pegs")
    wrong, nothing, none = Mistakes(), dict[str, float](), Json()
    edits = [wrong.tried(partial(edit_of, text, alone), none) for text in asked.edits]
    if edits:
        body["edits"] = [*body.get("edits", []), *edits]
    if asked.moves:
        body["moves"] = body.get("moves", {}) | wrong.tried(lambda: by_name(asked.moves, "--move", "BTC=-12%"), nothing)
    if (market := asked.market) is not None:
        body["market"] = wrong.tried(lambda: ratio(market, "--market", "-20%"), 0.0)
    if asked.betas:
        body["betas"] = body.get("betas", {}) | wrong.tried(lambda: by_name(asked.betas, "--beta", "ETH=1.3"), nothing)
    if asked.pegs:
        body["pegs"] = body.get("pegs", {}) | wrong.tried(lambda: by_name(asked.pegs, "--peg", "USDT=0.95"), nothing)
    if asked.funding_days:
        body["funding_days"] = asked.funding_days
        if not isfinite(asked.funding_days):
            wrong.note(f"--funding {asked.funding_days}: must be a number of days")
    wrong.done()
    if not body:
        raise Misused(
            'nothing is supposed: give an edit such as "open binance/main BTCUSDT 2 10x", --move BTC=-12%, --market '
            "-20%, --peg USDT=0.95, --funding 5, or --request FILE"
        )
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
        raise NotDone(*map(str, refused.mistakes)) from None
