"""`marginwatch top` where there is no terminal, and where its options make no sense."""

from __future__ import annotations

from tests.unit.cli.processes import marginwatch


def test_without_a_terminal_it_says_so_and_names_the_command_that_needs_none() -> None:
    done = marginwatch("top", "--url", "http://127.0.0.1:9")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "marginwatch: top needs a terminal to draw on: for a pipe or a file there is marginwatch status, and --json\n"
    )


def test_an_address_that_is_none_is_refused_before_the_terminal_is_looked_at() -> None:
    done = marginwatch("top", "--url", "nonsense")

    assert done.returncode == 2
    assert "nonsense" in done.stderr
