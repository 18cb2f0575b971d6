"""`jz` speaks Chinese: its help pages, what was typed wrongly, and the choices a conflict leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main
from jzdesk.cli.program import _program
from jzdesk.models import Student
from jzdesk.services.stations import open_station
from tests.factories.stations import PASSWORD
from tests.factories.world import World, names, new_world


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command there is, with the words that name it."""
    here: Any = command or _program()
    for name, part in here.commands.items():
        if hasattr(part, "commands"):
            yield from commands(part, (*path, name))
        else:
            yield (*path, name), part


def chinese(text: str | None) -> bool:
    return re.search("[一-鿿]", text or "") is not None


def test_every_command_argument_and_option_says_in_chinese_what_it_is() -> None:
    found = list(commands())
    assert len(found) > 100
    assert [path for path, command in found if not chinese(command.help)] == []
    assert [(*path, one.name) for path, command in found for one in command.params if not chinese(one.help)] == []


@pytest.mark.parametrize("words", [["county", "slip", "--help"], ["county"], ["--help"], ["roll", "classes"]])
def test_a_help_page_has_chinese_headings(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    main(words)
    told = capsys.readouterr()
    assert "选项" in told.out
    assert "显示这一页" in told.out
    assert not re.search("Show this|Options ─|Arguments|Commands ─|required", told.out)
    assert told.err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["export"], "还缺选项 --to（U 盘上的文件夹）。"),
        (["resolve", "student"], "还缺参数“记录编号”。"),
        (["exprt"], "没有“exprt”这个命令。是不是 export？"),
        (["county", "nosuch"], "没有“nosuch”这个命令。"),
        (["export", "--nope"], "没有选项 --nope。"),
        (["export", "--to"], "选项 --to 后面要写内容。"),
        (["county", "missing", "--days", "x"], "选项 --days（超过几天没有上报算逾期；不给则按本站的设定）应是整数。"),
        (["resolve", "student", "uid", "name", "x"], "参数“采用第几种填法，从 0 起”应是整数。"),
        (["home", "5"], "多出了“5”。"),
    ],
)
def test_what_is_typed_wrongly_is_said_in_chinese(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(words) == 1
    assert capsys.readouterr().err == f"{sentence}用 --help 查看写法。\n"


def test_a_recovery_key_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recover", "--recovery-key-file", str(tmp_path / "none"), "--account", "x"]) == 1
    assert "存放恢复钥匙的文件读不了" in capsys.readouterr().err


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def voided_while_edited(world: World, name: str) -> str:
    """A student that the school voided while the county edited it."""
    uid = world.save(name)
    world.merge(world.export())
    with world.county.context.write() as unit:
        unit.change(Student, uid, {"note": "县里核实"})
    with world.school.context.write() as unit:
        unit.void(Student, uid, "登错")
    world.merge(world.export())
    return uid


def test_a_conflict_is_settled_by_its_number_and_a_number_there_is_not_is_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, gone = voided_while_edited(world, "留"), voided_while_edited(world, "去")
    password = tmp_path / "password"
    password.write_text(PASSWORD, "utf-8")
    world.school.close()
    world.county.close()
    station = ["--station", str(tmp_path / "county"), "--password-file", str(password)]

    def jz(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*station, *words]) == code
        told = capsys.readouterr()
        return told.out + told.err

    assert "[0] 恢复这条记录；[1] 保持作废" in jz("conflicts")
    for number in ("2", "99"):
        assert "请写 0 到 1" in jz("resolve", "student", kept, "*", number, code=1)
    jz("resolve", "student", kept, "*", "0")
    jz("resolve", "student", gone, "*", "1")
    assert json.loads(jz("conflicts", "--json")) == []
    county = open_station(tmp_path / "county", PASSWORD)
    assert names(county) == {"留"}
    county.close()
