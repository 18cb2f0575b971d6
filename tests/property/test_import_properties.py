"""Whatever a roll holds: counts balance, nobody is dropped, and the same file again changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jzdesk.core.citizen_id import check_character
from jzdesk.models import Enrolment, Student
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import ROLL_HEADINGS, child, counts, records, roll, state

_BODIES = [f"4310992017{month:02d}0{day}{serial}" for month in (5, 6) for day in (7, 8) for serial in ("123", "046")]
_CITIZENS = [body + check_character(body) for body in _BODIES]
_PARENTS = ["431099198207015517", "431099197210121121", None]

_NUMBER = st.sampled_from([*_CITIZENS, _CITIZENS[0][:-1] + "?", "4.31099E+17", None, "４" + _CITIZENS[0][1:], 4.31e17])
_CELLS: dict[str, st.SearchStrategy[object]] = {
    "*姓名": st.sampled_from(["宋火强", " 宋　火强", "汪静根", None, "12345"]),
    "性别": st.sampled_from(["1-男", "女", "2", None, "不详啊"]),
    "出生日期": st.sampled_from(["20170507", "2017年6月8日", "20130231", None, "#REF!"]),
    "年级": st.sampled_from(["小学三年级", "三年级", "G03", None, "十三年级"]),
    "班级": st.sampled_from(["1班", "1", "（2）班", None]),
    "就读方式": st.sampled_from(["2-住校", "走读", "1", None, "夜读"]),
    "现住址": st.sampled_from(["青西村5组", "青西村7组", None]),
    "联系电话": st.sampled_from(["15349660992", None, "abc", 13812345678]),
    "是否孤儿": st.sampled_from(["是", "否", None]),
    "残疾人类型": st.sampled_from(["0-无残疾", "4-肢体残疾", None]),
    "成员1姓名": st.sampled_from(["宋琪亦", "范杰冬", None]),
    "成员1联系电话": st.sampled_from(["15349660992", "13812345678", None]),
    "成员1身份证件号": st.sampled_from(_PARENTS),
    "成员2姓名": st.sampled_from(["范杰冬", "宋琪亦", None]),
    "成员2身份证件号": st.sampled_from(_PARENTS),
}
# A workbook cannot hold control characters and halves of surrogate pairs.
_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12)
_ODD = st.dictionaries(st.sampled_from(ROLL_HEADINGS), _TEXT, max_size=2)


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, object]:
    """A row that is mostly right: a few cells drawn from good and bad, seldom any text at all."""
    number = draw(_NUMBER)
    row = child(draw(st.sampled_from(_CITIZENS)))
    row |= {"*身份证件号": number, "学籍号": draw(st.sampled_from([f"G{number}", None, f"G{_CITIZENS[1]}"]))}
    for heading in draw(st.sets(st.sampled_from(sorted(_CELLS)), max_size=5)):
        row[heading] = draw(_CELLS[heading])
    return row | (draw(_ODD) if draw(st.booleans()) else {})


@contextmanager
def _school() -> Iterator[tuple[Path, Desk]]:
    with tempfile.TemporaryDirectory() as folder:
        desk = new_desk(Path(folder) / "school", standards=False)
        try:
            yield Path(folder), desk
        finally:
            desk.context.store.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rows(), min_size=1, max_size=8))
def test_a_roll_balances_drops_nobody_and_again_changes_nothing(rows: list[dict[str, object]]) -> None:
    with _school() as (folder, desk):
        service = ImportService(desk.context)
        path = roll(folder / "r.xlsx", *rows)
        first = service.run("roll", path)
        counts(first)
        skipped = [note for note in first.notes if "没有当作记录读取" in note]
        assert first.read + len(skipped) == len(rows)
        assert len(records(desk.context, Student)) == first.added
        assert {line.row for line in service.parked()} == {fault.row for fault in first.faults}
        assert len({fault.row for fault in first.faults}) == first.parked
        before = state(desk.context)
        again = service.run("roll", path)
        assert state(desk.context) == before
        assert counts(again).get("unchanged", 0) == first.added
        assert (again.parked, again.warned) == (first.parked, first.warned)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rows(), min_size=1, max_size=4), st.lists(_rows(), min_size=1, max_size=4))
def test_a_second_roll_never_loses_what_the_first_brought(
    first: list[dict[str, object]], second: list[dict[str, object]]
) -> None:
    with _school() as (folder, desk):
        service = ImportService(desk.context)
        one = service.run("roll", roll(folder / "a.xlsx", *first))
        two = service.run("roll", roll(folder / "b.xlsx", *second))
        counts(two)
        students = {line["uid"]: line for line in records(desk.context, Student)}
        assert len(students) == one.added + two.added
        enrolled = [line["student"] for line in records(desk.context, Enrolment)]
        assert sorted(enrolled) == sorted(students)
        numbers = [line["id_number"] for line in students.values() if line["id_number"]]
        assert len(numbers) == len(set(numbers))
        state(desk.context)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rows(), min_size=1, max_size=6))
def test_what_was_imported_can_be_exported_and_imported_unchanged(rows: list[dict[str, object]]) -> None:
    with _school() as (folder, desk):
        service = ImportService(desk.context)
        service.run("roll", roll(folder / "r.xlsx", *rows))
        before = state(desk.context)
        exported = service.export("student", folder / "out.xlsx")
        report = service.run("roll", folder / "out.xlsx")
        assert counts(report).get("unchanged", 0) == exported == len(records(desk.context, Student))
        assert state(desk.context) == before
