"""What a wheel carries beside the program, and that a user who has nothing but the wheel can export it."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.programs import ROOT

NO_REGISTRY = ("No matching distribution", "Temporary failure", "Connection", "NewConnectionError", "Could not find")
SHIPPED = ("grafana/dashboards", "grafana/provisioning", "prometheus")


def files(folder: Path) -> set[str]:
    """All files in a folder, by their paths in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_wheel_is_told_to_carry_all_that_is_exported() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = told["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert included == {f"deploy/{room}": f"monitor/shipped/{room}" for room in SHIPPED}
    for room in SHIPPED:
        assert {Path(name).suffix for name in files(ROOT / "deploy" / room)} <= {".json", ".yml"}
        assert files(ROOT / "deploy" / room), room


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout; skips where the registry has no build tool for us."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and any(word in done.stderr for word in NO_REGISTRY):
        pytest.skip("pip reaches no registry for the build tool")
    assert done.returncode == 0, done.stderr[-3000:]
    [made] = folder.glob("marginwatch-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an environment of its own, which sees the libraries of this one, but not the checkout."""
    home = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = str(home / "bin" / "python")
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True
    )
    Path(own.stdout.decode().strip(), "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [python, "-m", "pip", "install", "--no-deps", "--force-reinstall", "--quiet", str(wheel)]
    subprocess.run(install, check=True)
    return home / "bin" / "marginwatch"


@pytest.mark.system
@pytest.mark.timeout(600)
def test_the_wheel_carries_what_the_checkout_has(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        carried = {name: packed.read(name) for name in packed.namelist() if name.startswith("monitor/shipped/")}

    assert carried == {
        f"monitor/shipped/{room}/{name}": (ROOT / "deploy" / room / name).read_bytes()
        for room in SHIPPED
        for name in files(ROOT / "deploy" / room)
    }


@pytest.mark.system
@pytest.mark.timeout(600)
def test_dashboards_and_rules_are_exported_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    for command in (
        ["dashboards", "export", "grafana", "--page", "https://m.example.org"],
        ["rules", "export", "rules"],
    ):
        subprocess.run([installed, *command], check=True, cwd=tmp_path, capture_output=True)
    where = [str(installed.parent / "python"), "-c", "import monitor; print(monitor.__file__)"]
    package = Path(subprocess.run(where, check=True, cwd=tmp_path, capture_output=True, text=True).stdout.strip())

    assert not package.is_relative_to(ROOT)
    assert {f"grafana/{name}" for name in files(tmp_path / "grafana")} == {
        f"grafana/{room}/{name}"
        for room in ("dashboards", "provisioning")
        for name in files(ROOT / "deploy" / "grafana" / room)
    }
    assert files(tmp_path / "rules") == files(ROOT / "deploy" / "prometheus")
    for path in (tmp_path / "grafana" / "dashboards").iterdir():
        [page] = [each for each in json.loads(path.read_text())["templating"]["list"] if each["name"] == "page"]
        assert page["query"] == "https://m.example.org"
