"""Workbooks by command: look, try, import, correct a parked row, take an import back, schemes."""

from __future__ import annotations

from pathlib import Path

from tests.factories.commands import Jz
from tests.factories.rolls import NUMBERS, child, roll


def test_a_roll_is_looked_at_tried_imported_and_taken_back(jz: Jz, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], 出生日期="20130231"))
    (sheet,) = jz("import", "look", "roll", path)["sheets"]
    assert (sheet["row"], sheet["lacking"]) == (2, [])
    plan = jz("import", "roll", path, "--dry-run")
    assert [line["outcome"] for line in plan["lines"]] == ["added", "parked"]
    assert jz("import", "list") == []
    report = jz("import", "roll", path, "--by-content")
    assert (report["added"], report["parked"]) == (1, 1)
    (line,) = jz("import", "parked")
    assert "看不懂" in jz("import", "retry", line["uid"], "生日=1", code=1)
    assert jz("import", "retry", line["uid"])["waiting"]["uid"] == line["uid"]
    assert jz("import", "retry", line["uid"], "出生日期=20150719")["outcome"] == "added"
    second, first = jz("import", "list")
    assert (first["state"], second["state"]) == ("stands", "stands")
    assert jz("import", "undo", second["run"])["records"] > 0
    (student,) = jz("student", "find", "宋火强")
    jz("save", "student", "--uid", student["uid"], "联系电话=13900000000")
    assert "宋火强" in jz("import", "undo", first["run"], code=1)


def test_a_scheme_is_used_by_name_renamed_and_deleted(jz: Jz, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child())
    assert jz("import", "schemes") == []
    assert "还没有方案" in jz("import", "roll", path, "--scheme", "花名册", code=1)
    assert "不在了" in jz("import", "rename-scheme", 1, "花名册", code=1)
    assert "不在了" in jz("import", "delete-scheme", 1, code=1)


def test_a_kind_that_there_is_not_names_those_there_are(jz: Jz, tmp_path: Path) -> None:
    assert "roll" in jz("import", "weather", tmp_path / "r.xlsx", code=1)
