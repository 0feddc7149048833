"""The command line as a user meets it: exit codes, one line an error, no traceback, no secret, no waiting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor import __version__
from tests.unit.cli.processes import environment, inside, marginwatch

SECRET = "a-secret-that-must-never-be-shown"
ACCOUNT = f'[accounts.main]\nvenue = "binance"\napi_key = "{SECRET}"\napi_secret = "{SECRET[::-1]}"\n'


def write(folder: Path, text: str) -> str:
    file = folder / "config.toml"
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


def loaded_by(*arguments: str) -> set[str]:
    """The top-level names of all modules that a command has loaded when it ends: what its time goes into."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr))\n"
        f"sys.argv = {['marginwatch', *arguments]!r}\n"
        "from monitor.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout
    return set(done.stderr.split())


def test_version_is_printed_before_anything_heavy_is_loaded() -> None:
    assert marginwatch("--version").stdout == f"marginwatch {__version__}\n"
    loaded = loaded_by("--version")
    assert "typer" in loaded
    assert loaded.isdisjoint({"numpy", "pydantic", "ccxt", "aiohttp", "msgspec", "structlog", "rich", "asyncio"})


def test_check_config_loads_no_exchange_no_server_and_no_kernel(tmp_path: Path) -> None:
    loaded = loaded_by("check-config", "--config", write(tmp_path, ACCOUNT))
    assert "pydantic" in loaded
    assert loaded.isdisjoint({"ccxt", "numpy", "aiohttp", "websockets", "prometheus_client"})


def test_a_right_configuration_is_summed_up_without_its_secrets(tmp_path: Path) -> None:
    done = marginwatch("check-config", "--config", write(tmp_path, ACCOUNT))
    assert done.returncode == 0
    assert "no mistakes" in done.stdout
    assert "account main: binance usdm, permissions = refuse" in done.stdout
    assert "HTTP on 127.0.0.1:9786" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_more_accounts_than_the_request_budget_can_read_are_warned_of(tmp_path: Path) -> None:
    def accounts(count: int) -> str:
        keys = [(f"key-number-{n}", f"secret-number-{n}") for n in range(count)]
        table = '[accounts.{}]\nvenue = "binance"\napi_key = "{}"\napi_secret = "{}"\n'
        return "".join(table.format(f"desk{number}", *pair) for number, pair in enumerate(keys))

    done = inside("check-config", "--config", write(tmp_path, accounts(50)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "warning: 50 accounts at binance ask 2.0 times what fits into its request limit: every 15 s" in done.stdout
    assert "every 15 s becomes every 31 s" in done.stdout
    fits = inside("check-config", "--config", write(tmp_path, accounts(24)))
    assert "no mistakes" in fits.stdout
    assert "warning" not in fits.stdout


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_every_mistake_is_one_line_and_the_code_78(tmp_path: Path, command: str) -> None:
    file = write(tmp_path, ACCOUNT + "[web]\nport = -1\n[engine]\nspeed = 3\n")
    done = inside(command, "--config", file)
    assert done.returncode == 78
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert any("web.port = -1: must be 0 or more" in line for line in lines)
    assert any("engine.speed = 3: no such key" in line for line in lines)
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_a_missing_file_is_the_code_66(command: str) -> None:
    done = marginwatch(command, "--config", "/nonexistent/config.toml")
    assert (done.returncode, done.stderr.count("\n")) == (66, 1)
    assert "no configuration file at /nonexistent/config.toml" in done.stderr


def test_no_file_anywhere_names_the_places() -> None:
    done = inside("check-config")
    if Path("/etc/marginwatch/config.toml").exists():  # a machine that runs the monitor
        return
    assert done.returncode == 66
    assert "/etc/marginwatch/config.toml" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("run", "--colour"), ("demo", "--seconds", "soon"), ("assess",), ("capture",)]
)
def test_a_command_line_that_cannot_be_understood_is_the_code_2(arguments: tuple[str, ...]) -> None:
    assert inside(*arguments).returncode == 2


def test_status_without_a_daemon_is_the_code_69() -> None:
    done = marginwatch("status", "--url", "http://127.0.0.1:1")
    assert (done.returncode, done.stderr.count("\n")) == (69, 1)
    assert "no monitor answers at http://127.0.0.1:1" in done.stderr


def test_status_asks_where_the_configuration_says(tmp_path: Path) -> None:
    """Whatever else is wrong with the file: one look must be possible while somebody edits it."""
    file = tmp_path / "config.toml"
    file.write_text("[web]\nport = 1\n[accounts.main]\nvenue = 'nowhere'\n")
    done = inside("status", "--config", str(file))
    assert (done.returncode, "no monitor answers at http://127.0.0.1:1:" in done.stderr) == (69, True)


def test_status_of_something_else_than_an_address_is_the_code_2() -> None:
    assert inside("status", "--url", "file:///etc/passwd").returncode == 2


def test_assess_of_a_missing_folder_is_the_code_66(tmp_path: Path) -> None:
    done = inside("assess", str(tmp_path / "none"))
    assert (done.returncode, done.stderr.count("\n")) == (66, 1)


def test_capture_of_an_unknown_account_names_those_that_there_are(tmp_path: Path) -> None:
    done = marginwatch("capture", "other", str(tmp_path / "out"), "--config", write(tmp_path, ACCOUNT))
    assert done.returncode == 78
    assert "there are: main" in done.stderr


def test_capture_without_a_name_asks_which_of_several_accounts_is_meant(tmp_path: Path) -> None:
    more = (
        ACCOUNT.replace("main", "desk")
        .replace(SECRET, "another-key-of-another-account")
        .replace(SECRET[::-1], "x" * 20)
    )
    done = inside("capture", str(tmp_path / "out"), "--config", write(tmp_path, ACCOUNT + more))
    assert (done.returncode, done.stderr.count("\n")) == (78, 1)
    assert "name one of main, desk before the folder" in done.stderr


def test_capture_writes_into_no_folder_that_holds_something(tmp_path: Path) -> None:
    file = write(tmp_path, ACCOUNT)
    for taken in (tmp_path, Path(file)):
        done = inside("capture", "main", str(taken), "--config", file)
        assert (done.returncode, done.stderr.count("\n")) == (73, 1)
        assert "another folder" in done.stderr or "name a new folder" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def test_help_names_every_command() -> None:
    text = marginwatch("--help").stdout
    for command in ("run", "check-config", "status", "assess", "capture", "demo"):
        assert command in text


def test_importing_the_command_line_loads_none_of_the_heavy_libraries() -> None:
    heavy = ("numpy", "ccxt", "pydantic", "aiohttp", "msgspec", "structlog")
    code = f"import sys, monitor.cli.main; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
