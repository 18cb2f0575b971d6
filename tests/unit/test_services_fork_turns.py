"""A branch that comes in parts: decided in order, the sentence says which part has to be decided before this one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jzdesk.cli import main
from jzdesk.core.errors import UserError
from jzdesk.services.bundle import Services
from tests.factories.forks import in_parts, send
from tests.factories.stations import PASSWORD
from tests.factories.world import World, names, new_world

pytestmark = pytest.mark.usefixtures("both_databases")
ALL = {"从前", "原一", "原二", "原三", "原四", "克隆一", "克隆二", "克隆三"}


@dataclass
class Parted:
    """A school, and the clone of its disk, whose story came in three parts, the last one first."""

    world: World
    twin: Services
    parts: list[Path]


@pytest.fixture
def parted(tmp_path: Path) -> Iterator[Parted]:
    world = new_world(tmp_path)
    world.school, twin, parts = in_parts(world.school, world.county, tmp_path, world.stick)
    yield Parted(world, twin, parts)
    for station in (twin, world.school, world.county):
        station.close()


def test_the_parts_are_offered_in_the_order_in_which_they_can_be_decided(parted: Parted) -> None:
    lines = parted.world.county.forks.waiting()
    assert [line.file for line in lines] == [path.name for path in parted.parts]
    assert [line.id for line in lines] == [3, 2, 1]
    for line in lines:
        parted.world.county.forks.settle(line.id, "ours", "都要", keep_other=True)
    assert names(parted.world.county) == ALL
    assert parted.world.county.verify().ok
    assert [line.id for line in parted.world.county.forks.waiting(decided=True)] == [1, 2, 3]


@pytest.mark.parametrize(("continues", "keep"), [("ours", True), ("ours", False), ("theirs", True)])
def test_a_later_part_waits_for_the_earlier_one_and_names_it(parted: Parted, continues: str, keep: bool) -> None:
    one, two, three = parted.world.county.forks.waiting()
    before = parted.world.county.verify()
    for line, first in ((three, two), (two, one)):
        seen = parted.world.county.forks.detail(line.id)
        assert (seen.after, seen.first) == (None, first)
        said = f"第 {first.number} 包的一支（编号 {first.id}）后面，那一支还没有裁定。请先裁定编号 {first.id}"
        assert said in seen.missing
        with pytest.raises(UserError, match=f"请先裁定编号 {first.id}，"):
            parted.world.county.forks.settle(line.id, continues, "旧电脑停用", keep_other=keep)
    assert (parted.world.county.verify(), len(parted.world.county.forks.waiting())) == (before, 3)
    seen = parted.world.county.forks.detail(one.id)
    assert (seen.after, seen.missing, seen.first) == (1, "", None)


def test_a_package_that_is_missing_is_asked_for(parted: Parted) -> None:
    """The part between came, and its file is gone: nobody can decide it here."""
    *_, three = parted.world.county.forks.waiting()
    (kept,) = (
        path for path in parted.world.county.info.folder.joinpath("fork").iterdir() if _is(path, parted.parts[1])
    )
    kept.unlink()
    seen = parted.world.county.forks.detail(three.id)
    assert seen.first is None
    assert "请让学校从那台电脑导出缺的包" in seen.missing
    with pytest.raises(UserError, match="导出缺的包"):
        parted.world.county.forks.settle(three.id, "theirs", "旧电脑停用")
    parted.world.county.forks.settle(three.id, "ours", "旧电脑停用", keep_other=False)
    assert names(parted.world.county) == ALL - {"克隆一", "克隆二", "克隆三"}


@pytest.mark.parametrize(
    "turns", [("ours", "ours", "theirs"), ("ours", "theirs", "ours"), ("theirs", "theirs", "theirs")]
)
def test_the_story_of_a_later_part_may_go_on_though_the_earlier_one_stands_aside(
    parted: Parted, turns: tuple[str, ...]
) -> None:
    for line, continues in zip(parted.world.county.forks.waiting(), turns, strict=True):
        parted.world.county.forks.settle(line.id, continues, "核实过了", keep_other=True)
    assert names(parted.world.county) == ALL
    assert parted.world.county.verify().ok
    goes_on = parted.twin if turns[-1] == "theirs" or turns[1] == "theirs" else parted.world.school
    assert parted.world.merge(send(goes_on, parted.world.stick, "后来")) == ["applied"]


def _is(path: Path, package: Path) -> bool:
    return path.read_bytes() == package.read_bytes()


def test_and_so_say_the_commands(parted: Parted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parted.world.county.close()
    password = tmp_path / "password"
    password.write_text(PASSWORD, "utf-8")

    def jz(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        options = ("--station", str(parted.world.county.info.folder), "--password-file", str(password))
        assert main([*options, "holds", *words]) == code
        printed = capsys.readouterr()
        return printed.out + printed.err

    listed = [line[:3] for line in jz("list").splitlines()]
    assert listed == ["[3]", "[2]", "[1]"]
    words = "请先裁定编号 2，再裁定这一支"
    assert words in jz("show", "1")
    assert json.loads(jz("show", "1", "--json"))["first"]["id"] == 2
    assert words in jz("fork", "1", "--continues", "theirs", "--reason", "核实", code=1)
    assert "请先裁定" not in jz("show", "3")
