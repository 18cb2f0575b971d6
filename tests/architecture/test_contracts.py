"""The floors of ARCHITECTURE.md hold, and each contract is proved by planting what it forbids."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"


class Plant(NamedTuple):
    """Modules to write below jzdesk/, and the contract that must refuse them."""

    contract: str
    modules: dict[str, str]


PLANTS = {
    "a lower floor imports a higher one": Plant("floors", {"core/planted": "import jzdesk.store"}),
    "policy knows models": Plant("floors", {"policy/planted": "import jzdesk.models"}),
    "sheets know printing": Plant("floors", {"sheets/planted": "import jzdesk.printing"}),
    "the window knows the commands": Plant("floors", {"ui/planted": "import jzdesk.cli"}),
    "a service imports late, inside a function": Plant(
        "floors", {"services/planted": "def late() -> None:\n    import jzdesk.ui"}
    ),
    "a room without a floor": Plant("floors", {"attic/__init__": "", "attic/planted": "ANSWER = 1"}),
    "a service uses Qt": Plant("qt", {"services/planted": "from PySide6.QtCore import QObject"}),
    "a new room uses Qt": Plant("qt", {"attic/__init__": "", "attic/planted": "import shiboken6"}),
    "a command uses Qt": Plant("cli-without-qt", {"cli/planted": "import PySide6.QtCore"}),
    "a command reaches Qt by a detour": Plant(
        "cli-without-qt",
        {"cli/planted": "import jzdesk.services.planted", "services/planted": "import PySide6.QtCore"},
    ),
    "the window speaks SQL": Plant("sql", {"ui/planted": "import sqlalchemy.orm"}),
    "a command speaks SQL": Plant("sql", {"cli/planted": "import sqlcipher3"}),
    "the core speaks SQL": Plant("sql", {"core/planted": "import sqlalchemy"}),
    "policy speaks SQL": Plant("sql", {"policy/planted": "import sqlalchemy"}),
    "printing speaks SQL": Plant("sql", {"printing/planted": "import sqlalchemy"}),
    "sheets speak SQL": Plant("sql", {"sheets/planted": "import sqlite3"}),
    "the window opens the store": Plant("faces", {"ui/planted": "import jzdesk.store"}),
    "the window reads models": Plant("faces", {"ui/planted": "import jzdesk.models"}),
    "a command merges by itself": Plant("faces", {"cli/planted": "import jzdesk.sync"}),
    "a command decides policy": Plant("faces", {"cli/planted": "import jzdesk.policy"}),
    "a command prints by itself": Plant("faces", {"cli/planted": "import jzdesk.printing"}),
    "the window reads workbooks": Plant("faces", {"ui/planted": "import jzdesk.sheets"}),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of our Python files with the repository's own contracts."""
    shutil.copytree(ROOT / "jzdesk", tmp_path / "jzdesk", ignore=_all_but_python)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    return [n for n in names if n == "__pycache__" or not (n.endswith(".py") or Path(folder, n).is_dir())]


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    command = [sys.executable, "-c", LINT, "--no-logo", "--no-cache", *chosen]
    environment = {"PYTHONUTF8": "1", "COLUMNS": "200", "PATH": ""}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def contracts() -> dict[str, dict[str, Any]]:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract for contract in linter["contracts"]}


def test_our_own_tree_keeps_every_contract(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(contracts())} kept, 0 broken." in done.stdout


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_violation_breaks_its_contract(tree: Path, plant: Plant) -> None:
    for module, text in plant.modules.items():
        path = tree / "jzdesk" / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""Planted."""\n\n{text}\n', encoding="utf-8")
    done = lint(tree, plant.contract)
    assert done.returncode == 1, done.stdout
    assert f"{contracts()[plant.contract]['name']} BROKEN" in done.stdout
    assert "planted" in done.stdout or "attic" in done.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert set(contracts()) == {plant.contract for plant in PLANTS.values()}


def test_the_floors_name_every_room_of_the_plan() -> None:
    floors = [re.findall(r"\w+", layer) for layer in contracts()["floors"]["layers"]]
    assert floors == [
        ["__main__"],
        ["app"],
        ["ui", "cli"],
        ["services"],
        ["sync"],
        ["store"],
        ["models", "policy", "sheets", "printing"],
        ["core"],
    ]
    assert contracts()["floors"]["exhaustive"]
