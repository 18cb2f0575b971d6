"""`docs/night-batch.sh` as a scheduler runs it: all in order, and an exit code that says whose turn it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jzdesk.services.stations import open_station
from tests.factories.stations import PASSWORD
from tests.factories.world import World, names, new_world

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A package of the school lies in the inbox, which is the stick; the county is closed for the night."""
    world = new_world(tmp_path)
    world.save("夜里来的")
    world.export()
    world.school.close()
    world.county.close()
    (tmp_path / "out").mkdir()
    return world


def night(folder: Path, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """Run the script with this tree's `jz`."""
    (folder / "password").write_text(password, "utf-8")
    jz = folder / "jz"
    jz.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jzdesk.cli "$@"\n', "utf-8")
    jz.chmod(0o755)
    places = [str(folder / name) for name in ("county", "password", "stick", "out")]
    return subprocess.run(
        [ROOT / "docs" / "night-batch.sh", *places], capture_output=True, text=True, check=False,
        env={**os.environ, "JZ": str(jz), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def students(folder: Path) -> set[str]:
    county = open_station(folder / "county", PASSWORD)
    try:
        return names(county)
    finally:
        county.close()


def test_a_night_merges_what_is_whole_answers_and_leaves_the_rest_to_a_person(world: World, tmp_path: Path) -> None:
    (world.stick / "坏的.jzp").write_bytes(b"broken")
    done = night(tmp_path)
    assert done.returncode == 1, done.stderr
    assert "坏的.jzp：未接收" in done.stdout
    assert "已写 1 份回执" in done.stdout
    assert "共 9 所学校" in done.stdout
    assert students(tmp_path) == {"夜里来的"}
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".jzh", ".pdf"}
    assert list((tmp_path / "county" / "backups").glob("*.jzb"))


def test_a_night_that_cannot_begin_changes_nothing(world: World, tmp_path: Path) -> None:
    done = night(tmp_path, password="falsch")
    assert (done.returncode, "密码不对" in done.stderr) == (1, True)
    assert students(tmp_path) == set()
    assert not list((tmp_path / "out").iterdir())
