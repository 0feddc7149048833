"""How `marginwatch top` is typed."""

from __future__ import annotations

from monitor.cli.options import CaOption, ConfigOption, TokenOption, UrlOption, UserOption


def top(
    url: UrlOption = None,
    token_file: TokenOption = None,
    user_file: UserOption = None,
    ca_file: CaOption = None,
    config: ConfigOption = None,
) -> None:
    """Watch a running monitor in the terminal: pools, their curves, alerts, feeds. Waits where none answers yet."""
    import typer

    from monitor.cli.alerts import author_name
    from monitor.cli.codes import Exit, guarded
    from monitor.cli.daemon import find, here
    from monitor.cli.top.start import top as command

    def watch() -> Exit:
        daemon = find(url, token_file, config, here(), user_file=user_file, ca_file=ca_file)
        return command(daemon, author_name(None))

    raise typer.Exit(int(guarded(watch)))
