"""Lists with sensitive columns leave a trace with their purpose, on this station alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Hardship, Staff, Student, Visit
from jzdesk.services.disclosures import disclosures, require_purpose, sensitive
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, verified_desk
from tests.factories.rolls import state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "station", standards=False) as made:
        made.pupil("赵一")
        yield made


def test_numbers_accounts_disability_and_hardship_are_sensitive() -> None:
    assert {"身份证件号", "学籍号", "联系电话", "健康状况", "残疾类型", "残疾等级", "孤儿"} <= set(
        sensitive(Student.spec)
    )
    assert sensitive([Student.spec["name"], Student.spec["sex"]]) == []
    assert "困难类型" in sensitive(Hardship.spec)
    assert "身份证件号" in sensitive(Staff.spec)
    assert sensitive(Visit.spec) == []


def test_an_export_leaves_its_trace_and_nothing_that_travels(desk: Desk, tmp_path: Path) -> None:
    before = state(desk.context)
    ImportService(desk.context).export("student", tmp_path / "名册.xlsx", "报乡镇中心学校")
    (line,) = disclosures(desk.context)
    assert (line.what, line.file, line.rows, line.purpose) == (
        "导出学籍导出（学生名册）",
        "名册.xlsx",
        1,
        "报乡镇中心学校",
    )
    assert "身份证件号" in line.columns
    assert line.when.startswith("2025-11-10")
    assert state(desk.context) == before


def test_a_blank_purpose_is_refused_before_anything_is_written(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="用途"):
        ImportService(desk.context).export("student", tmp_path / "名册.xlsx", " ")
    assert not (tmp_path / "名册.xlsx").exists()
    ImportService(desk.context).export("school_class", tmp_path / "班级.xlsx", "")
    assert disclosures(desk.context) == []


def test_an_export_that_was_not_asked_about_is_traced_all_the_same(desk: Desk, tmp_path: Path) -> None:
    ImportService(desk.context).export("student", tmp_path / "名册.xlsx")
    assert [line.purpose for line in disclosures(desk.context)] == ["（没有填写）"]


def test_many_columns_are_named_in_short() -> None:
    with pytest.raises(UserError, match="甲、乙、丙、丁等"):
        require_purpose(list("甲乙丙丁戊"), "")


@pytest.mark.parametrize(
    ("kind", "asks"),
    [("roll", True), ("student", True), ("accounts", True), ("classes", True), ("batch", False)],
)
def test_what_an_export_may_tell_of_people_is_known_before_anything_is_read(kind: str, asks: bool, desk: Desk) -> None:
    assert bool(ImportService(desk.context).sensitive(kind)) is asks
