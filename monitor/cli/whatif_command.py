"""How `marginwatch whatif` is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import CaOption, ConfigOption, TokenOption, UrlOption, UserOption

EDITS = """What is done, in order, each in quotes:
 "open ACCOUNT SYMBOL [long|short] SIZE [@PRICE] [10x] [isolated|cross]",
 "close ACCOUNT SYMBOL [50%]", "flip ACCOUNT SYMBOL", "add|take ACCOUNT AMOUNT ASSET [POOL]",
 "transfer AMOUNT ASSET FROM TO", "leverage ACCOUNT SYMBOL 10x", "isolate|cross ACCOUNT SYMBOL".
 ACCOUNT is VENUE/NAME; SIZE is as positions are shown, or 30ct, 10000usd, 1.5coins."""


def whatif(
    edits: Annotated[list[str] | None, typer.Argument(metavar="EDIT", help=EDITS)] = None,
    move: Annotated[list[str] | None, typer.Option("--move", metavar="BTC=-12%", help="A coin's price moves.")] = None,
    market: Annotated[
        str | None, typer.Option("--market", metavar="-20%", help="All other coins move, each times its beta.")
    ] = None,
    beta: Annotated[
        list[str] | None, typer.Option("--beta", metavar="ETH=1.3", help="Else as the configuration says, or 1.")
    ] = None,
    peg: Annotated[
        list[str] | None, typer.Option("--peg", metavar="USDT=0.95", help="A stablecoin stands at this price in USD.")
    ] = None,
    funding: Annotated[float, typer.Option("--funding", metavar="DAYS", help="Days of funding that are paid.")] = 0.0,
    request: Annotated[
        str | None, typer.Option("--request", metavar="FILE", help="A request as the API takes it; - for stdin.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Of a folder of raw answers, instead of a monitor.")
    ] = None,
    url: UrlOption = None,
    token_file: TokenOption = None,
    user_file: UserOption = None,
    ca_file: CaOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show margin ratios and lines before and after what you suppose. Nothing is changed, here or at any venue."""
    from monitor.cli.codes import Exit, guarded
    from monitor.cli.daemon import find, here
    from monitor.cli.whatif import Asked
    from monitor.cli.whatif import whatif as command

    asked = Asked(
        edits=edits or (),
        moves=move or (),
        market=market,
        betas=beta or (),
        pegs=peg or (),
        funding_days=funding,
        request=request,
    )

    def ask() -> Exit:
        daemon = None
        if folder is None:
            daemon = find(url, token_file, config, here(), user_file=user_file, ca_file=ca_file)
        return command(asked, daemon, folder, as_json=json)

    raise typer.Exit(int(guarded(ask)))
