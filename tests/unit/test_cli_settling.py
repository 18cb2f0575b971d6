"""Conflicts decided by command: which values there are, and that no number decides anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.models import Student
from jzdesk.services.stations import open_station
from tests.factories.commands import Jz


@pytest.fixture
def jz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    return Jz(tmp_path, capsys)


@pytest.fixture
def uid(jz: Jz, tmp_path: Path) -> str:
    """A student whose birth was written twice, and who was edited by somebody who had not seen the void."""
    assert jz
    school = open_station(tmp_path / "school", "Mingling2025")
    with school.context.write() as unit:
        made = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
        unit.void(Student, made, "转出")
        unit.add(Student, {"birth": "2016-07-05"}, made)
    school.close()
    return made


def test_a_conflict_is_decided_by_its_number(jz: Jz, uid: str) -> None:
    assert "[0] 恢复这条记录；[1] 保持作废" in jz("conflicts", plain=True)
    lines = {line["field"]: [value["shown"] for value in line["values"]] for line in jz("conflicts")}
    assert sorted(lines["birth"]) == ["2016-05-07", "2016-07-05"]
    assert "没有这一种填法" in jz("resolve", "student", uid, "birth", 2, code=1)
    jz("resolve", "student", uid, "birth", lines["birth"].index("2016-07-05"))
    assert [line["field"] for line in jz("conflicts")] == ["*"]


@pytest.mark.parametrize(("choice", "there"), [(0, 1), (1, 0)])
def test_an_edit_that_met_a_void_is_decided_either_way(jz: Jz, uid: str, choice: int, there: int) -> None:
    assert "没有这一种填法" in jz("resolve", "student", uid, "*", 2, code=1)
    jz("resolve", "student", uid, "*", choice)
    assert "*" not in [line["field"] for line in jz("conflicts")]
    assert len(jz("list", "student")) == there
