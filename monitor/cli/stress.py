"""`marginwatch stress`: what scenarios of prices would do. It changes nothing anywhere.

Against a running monitor, or against a folder that `capture` wrote: both compute with the same functions.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from monitor.cli.codes import Exit, NotDone, Unavailable
from monitor.cli.daemon import Daemon
from monitor.cli.request_file import check_kinds, object_in
from monitor.cli.stress_words import table_lines
from monitor.cli.whatif_edits import Mistakes, by_name, ratio
from monitor.domain.errors import BadRequest
from monitor.domain.stress import Family
from monitor.domain.stress_json import read_request, stress_json

ANSWER_SECONDS = 30.0
COLUMNS = ("margin_ratio", "equity_usd", "required_usd", "liquidated", "begins_ratio", "takes_usd", "loss_usd")

Json = dict[str, Any]


class Form(Enum):
    """What is printed."""

    TABLE = auto()
    POOLS = auto()
    JSON = auto()
    CSV = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands on the command line. `request` is a file that holds a request as the API takes it, «-» for stdin."""

    families: Sequence[str] = ()
    names: Sequence[str] = ()
    moves: Sequence[str] = ()
    others: str | None = None
    gap: bool = False
    betas: Sequence[str] = ()
    coins: Sequence[str] = ()
    accounts: Sequence[str] = ()
    request: str | None = None


def stress(asked: Asked, daemon: Daemon | None, folder: Path | None, form: Form) -> Exit:
    """Print what each scenario does. Raises Misused where the command line cannot be understood."""
    body = body_of(asked)
    if folder is not None:
        answer = _offline(body, folder)
    else:
        assert daemon is not None  # without a folder a daemon is asked
        answer = daemon.ask("POST", "/api/v1/stress", body, ANSWER_SECONDS)
    try:
        told = _written(answer, form)
    except (KeyError, TypeError, IndexError) as error:
        where = "the monitor" if daemon is None else daemon.url
        raise Unavailable(f"{where} answers, but not as a monitor does ({type(error).__name__})") from None
    print("\n".join(told))
    return Exit.FINE


def body_of(asked: Asked) -> Json:
    """The request as the API takes it. Raises Misused, with all mistakes."""
    body: Json = {} if asked.request is None else object_in(asked.request)
    check_kinds(body, "scenarios", "betas")
    known = [family.value for family in Family]
    wrong, nothing = Mistakes(), dict[str, float]()
    for family in asked.families:
        if family not in known or family == Family.OWN:
            wrong.note(f"--family {family}: must be one of {', '.join(known[:-1])}")
    if asked.names and not asked.families:
        body["families"] = [Family.NAMED.value, Family.CRASH.value]
    for key, said in (("families", asked.families), ("names", asked.names), ("accounts", asked.accounts)):
        if said:
            body[key] = list(said)
    if asked.coins:
        body["coins"] = [coin.upper() for text in asked.coins for coin in text.split(",")]
    if asked.betas:
        body["betas"] = body.get("betas", {}) | wrong.tried(lambda: by_name(asked.betas, "--beta", "ETH=1.3"), nothing)
    if asked.moves or asked.others is not None:
        moves = wrong.tried(lambda: by_name(asked.moves, "--move", "BTC=-30%"), nothing)
        others = wrong.tried(lambda: ratio(asked.others or "0", "--others", "-40%"), 0.0)
        told = [f"{coin} {move * 100:+g}%" for coin, move in moves.items()]
        if asked.others is not None:
            told.append(f"others {others * 100:+g}%")
        own = {"name": ", ".join(told)[:60], "moves": moves, "others": others, "gap": asked.gap}
        body["scenarios"] = [*body.get("scenarios", []), own]
    elif asked.gap:
        wrong.note("--gap belongs to a scenario of your own: give --move or --others")
    wrong.done()
    return body


def _offline(body: Json, folder: Path) -> Json:
    from monitor.app.stress_crashes import CRASHES
    from monitor.cli.assess import engine_of
    from monitor.domain.stress import StressRequest
    from monitor.engine.stressed import stress as computed

    engine, _ = engine_of(folder)
    try:
        return stress_json(computed(engine.picture(), read_request(body, StressRequest(crashes=CRASHES))))
    except BadRequest as refused:
        raise NotDone(*map(str, refused.mistakes)) from None


def _written(answer: Json, form: Form) -> list[str]:
    if form is Form.JSON:
        return [json.dumps(answer, ensure_ascii=False, allow_nan=False)]
    if form is Form.CSV:
        return list(csv_lines(answer))
    return list(table_lines(answer, pools=form is Form.POOLS))


def csv_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """A head, and a row for each scenario and pool; an empty cell is not known, and `margin_ratio` without a number has
    a state of its own: «unknown», or «liquidatable» where no equity is left.
    """
    yield _row(["scenario", "family", "venue", "account", "pool", "state", *COLUMNS])
    for scenario in answer["scenarios"]:
        for pool in scenario["pools"]:
            found = pool["margin_ratio"]
            cells = [found.get("value"), *(pool[name] for name in COLUMNS[1:])]
            names = [scenario["name"], scenario["family"], pool["venue"], pool["account"], pool["pool"]]
            yield _row([*map(_harmless, names), found["state"], *cells])


def _harmless(text: str) -> str:
    """Text that a spreadsheet takes for a formula is told as text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _row(cells: Sequence[object]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow(["" if cell is None else _cell(cell) for cell in cells])
    return file.getvalue()


def _cell(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
