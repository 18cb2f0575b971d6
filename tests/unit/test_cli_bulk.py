"""Many records by command: a preview first, `--yes` writes; the last actions listed and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main
from tests.factories.stations import PASSWORD, new_school

Jz = Callable[..., Any]


@pytest.fixture
def jz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    folder = tmp_path / "school"
    new_school(folder).close()
    password = tmp_path / "password"
    password.write_text(PASSWORD, "utf-8")

    def run(*words: object, code: int = 0) -> Any:
        capsys.readouterr()
        options = ("--station", folder, "--password-file", password)
        assert main([str(word) for word in (*options, *words, "--json")]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if code == 0 else printed.err

    return run


def test_a_pasted_file_is_previewed_and_written_with_yes(jz: Jz, tmp_path: Path) -> None:
    block = tmp_path / "block.txt"
    block.write_text("姓名\t性别\t职务\n吴泽建\t男\t教师\n李二\t难\t教师\n", "utf-8")
    shown = jz("bulk", "paste", "staff", block)
    assert (shown["added"], shown["action"]) == (2, None)
    assert shown["wrong"][0]["sentence"].startswith("“难”不在选项里")
    assert jz("list", "staff") == []
    written = jz("bulk", "paste", "staff", block, "--yes")
    rows = jz("list", "staff")
    assert sorted(row["name"] for row in rows) == ["吴泽建", "李二"]
    block.write_text("编号\t职务\n" + "".join(f"{row['uid']}\t班主任\n" for row in rows), "utf-8")
    assert jz("bulk", "paste", "staff", block, "--yes")["changed"] == 2
    assert jz("undo", "list")[0]["label"] == "粘贴 2 条教职工的职务"
    jz("undo", "last")
    assert {row["post"] for row in jz("list", "staff")} == {"教师"}
    jz("undo", written["action"])
    assert jz("list", "staff") == []


def test_an_unknown_heading_is_refused(jz: Jz, tmp_path: Path) -> None:
    block = tmp_path / "block.txt"
    block.write_text("姓名\t血型\n甲乙\tA\n", "utf-8")
    assert "不认识的列名：血型" in jz("bulk", "paste", "staff", block, code=1)


def test_one_value_is_set_on_what_was_found_and_never_on_everything_by_accident(jz: Jz) -> None:
    for name, post in (("甲一", "教师"), ("乙二", "教师"), ("丙三", "校长")):
        jz("save", "staff", f"姓名={name}", f"职务={post}")
    assert "没有说明改哪些记录" in jz("bulk", "set", "staff", "职务=班主任", code=1)
    assert jz("bulk", "set", "staff", "职务=班主任", "--where", "职务=教师")["changed"] == 2
    assert jz("bulk", "set", "staff", "职务=班主任", "--where", "职务=教师", "--yes")["changed"] == 2
    assert sorted(row["post"] for row in jz("list", "staff")) == ["校长", "班主任", "班主任"]


def test_several_are_voided_and_brought_back_in_one_step(jz: Jz) -> None:
    uids = [jz("save", "staff", f"姓名={name}")["uid"] for name in ("甲一", "乙二")]
    jz("bulk", "void", "staff", *uids, "--reason", "调出")
    assert jz("list", "staff") == []
    jz("undo", "last")
    assert len(jz("list", "staff")) == 2


def test_an_action_with_something_built_on_it_is_not_undone_and_says_what(jz: Jz) -> None:
    teacher = jz("save", "staff", "姓名=吴泽建")["uid"]
    number = jz("undo", "list")[0]["number"]
    jz("save", "school_class", "年级=三年级", "班级名称=1班", f"班主任={teacher}")
    assert "小学三年级 1班（后来登记的资料用到了它）" in jz("undo", number, code=1)
    assert "看不懂" in jz("undo", "昨天", code=1)
