"""Workbooks of every shape: headings shuffled and under other names, two heading rows, merged and odd cells.

Counts always balance, nobody is dropped, the dry run tells exactly what comes, twice changes nothing, and undo leaves
nobody.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from jzdesk.models import Student
from jzdesk.services.importing import ImportReport, ImportService
from tests.factories.people import new_desk
from tests.factories.rolls import NUMBERS, child, counts, records, state

# The headings of a made roll, each with others that mean the same or say nothing.
_NAMES = {
    "*姓名": ["学生姓名", "姓 名", "名字（必填）", "姓名"],
    "性别": ["性别码", "*性别", "列一"],
    "出生日期": ["出生年月日", "出生日期\n（8位）", "列二"],
    "*身份证件号": ["身份证号", "1.证件号码", "公民身份号码"],
    "学籍号": ["全国学籍号", "列三"],
    "年级": ["*年级", "年级（必填）"],
    "班级": ["班别", "班级名称"],
    "现住址": ["家庭住址", "列四"],
    "联系电话": ["电话", "手机号码", "列五"],
    "成员1姓名": ["监护人姓名", "家长姓名"],
    "成员1关系": ["监护人关系"],
}
_ODD = st.sampled_from(["#REF!", "=1+1", 4.31e17, True, "　", "张三\n李四", "×" * 200, 42862, None])


@st.composite
def _sheets(draw: st.DrawFn) -> list[list[object]]:
    """A sheet: title rows, a heading, rows of people with odd cells, blank rows and a total among them."""
    order = draw(st.permutations(list(_NAMES)))
    written = [draw(st.sampled_from([name, *_NAMES[name]])) for name in order]
    extra = draw(st.integers(0, 2))
    rows = list[list[object]]([["花名册"], ["填表人：李老师"]])[: draw(st.integers(0, 2))]
    rows.append([*written, *[f"多余{number}" for number in range(extra)]])
    for number in draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5)):
        person = child(number)
        row = [person[name] for name in order] + ["x"] * extra
        for place in draw(st.sets(st.integers(0, len(row) - 1), max_size=2)):
            row[place] = draw(_ODD)
        rows.append(row)
        rows += [[None] * len(row)] * draw(st.integers(0, 1))
    return [*rows, ["合计", len(rows)]] if draw(st.booleans()) else rows


def _saved(path: Path, rows: list[list[object]], merged: bool) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if merged and len(rows) > 3:
        sheet.merge_cells(start_row=len(rows) - 1, end_row=len(rows), start_column=2, end_column=2)
    book.save(path)
    return path


def _same(first: ImportReport, second: ImportReport) -> bool:
    return (counts(first), first.warned, first.faults) == (counts(second), second.warned, second.faults)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_sheets(), st.booleans())
def test_any_workbook_balances_tells_beforehand_what_comes_and_is_taken_back_whole(
    rows: list[list[object]], merged: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = new_desk(Path(folder) / "school", standards=False)
        service = ImportService(desk.context)
        look = service.look("roll", _saved(Path(folder) / "r.xlsx", rows, merged))
        sheet = look.sheets[0]
        if not sheet.lacking:
            choices = [sheet.choice()]
            plan = service.plan("roll", Path(folder) / "r.xlsx", choices, seen=look.sha256)
            report = service.run("roll", Path(folder) / "r.xlsx", choices=choices, seen=look.sha256)
            assert _same(plan.report, report)
            assert [line.outcome for line in plan.lines].count("added") == report.added
            skipped = [note for note in report.notes if "没有当作记录读取" in note]
            filled = [row for row in rows[sheet.last :] if any(_holds(cell) for cell in row)]
            assert report.read + len(skipped) == len(filled)
            assert len(records(desk.context, Student)) == report.added
            before = state(desk.context)
            again = service.run("roll", Path(folder) / "r.xlsx", choices=choices)
            assert counts(again).get("unchanged", 0) == report.added
            assert state(desk.context) == before
            first = service.history()[-1]
            if first.action is not None or first.waiting:
                service.undo(first.run)
            assert records(desk.context, Student) == []
            assert service.parked() == []
        desk.context.store.close()


def _holds(cell: object) -> bool:
    return cell is not None and bool(str(cell).strip())
