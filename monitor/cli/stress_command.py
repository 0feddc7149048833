"""How `marginwatch stress` is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import CaOption, ConfigOption, TokenOption, UrlOption, UserOption

FAMILIES = "grid, betas, together, gap, depeg, named or crash; may be repeated. Else all."


def stress(
    family: Annotated[list[str] | None, typer.Option("--family", metavar="NAME", help=FAMILIES)] = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", metavar="NAME", help="This named scenario or crash only.")
    ] = None,
    move: Annotated[
        list[str] | None, typer.Option("--move", metavar="BTC=-30%", help="A scenario of your own: a coin moves.")
    ] = None,
    others: Annotated[
        str | None, typer.Option("--others", metavar="-40%", help="The same: all other coins but stablecoins move.")
    ] = None,
    gap: Annotated[bool, typer.Option("--gap", help="The same: at once, nothing is liquidated on the way.")] = False,
    beta: Annotated[
        list[str] | None, typer.Option("--beta", metavar="ETH=1.3", help="Else as the configuration says.")
    ] = None,
    coin: Annotated[
        list[str] | None, typer.Option("--coin", metavar="BTC", help="Coins that have a gap; else the largest held.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="VENUE/NAME", help="Of these accounts only.")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="FILE", help="A request as the API takes it; - for stdin.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Of a folder of raw answers, instead of a monitor.")
    ] = None,
    pools: Annotated[bool, typer.Option("--pools", help="Print every pool of each scenario.")] = False,
    url: UrlOption = None,
    token_file: TokenOption = None,
    user_file: UserOption = None,
    ca_file: CaOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a row for each scenario and pool.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show what many moves of prices would do to every pool. Nothing is changed; order books are not used."""
    from monitor.cli.codes import Exit, guarded
    from monitor.cli.daemon import find, here
    from monitor.cli.stress import Asked, Form
    from monitor.cli.stress import stress as command

    if json and csv:
        raise typer.BadParameter("--json or --csv, not both")
    asked = Asked(
        families=family or (),
        names=name or (),
        moves=move or (),
        others=others,
        gap=gap,
        betas=beta or (),
        coins=coin or (),
        accounts=account or (),
        request=request,
    )
    form = Form.JSON if json else Form.CSV if csv else Form.POOLS if pools else Form.TABLE

    def ask() -> Exit:
        daemon = None
        if folder is None:
            daemon = find(url, token_file, config, here(), user_file=user_file, ca_file=ca_file)
        return command(asked, daemon, folder, form)

    raise typer.Exit(int(guarded(ask)))
