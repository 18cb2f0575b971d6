"""Whatever form and whoever is on the roll: filling twice marks nothing, nothing of the form is lost, it comes back."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from jzdesk.services.filling import FillService
from jzdesk.services.filling.views import FillOrder
from jzdesk.services.importing import ImportService
from jzdesk.sheets.shifting import Insertion
from tests.factories import forms
from tests.factories.people import id_number, verified_desk
from tests.factories.rolls import child, counts, roll

ORDER = FillOrder(purpose="试填")
NAMES = ("赵一", "钱二", "孙三", "李四", "周五", "吴六")

present = st.fixed_dictionaries(
    {},
    optional={
        "序号": st.integers(1, 9),
        "学生姓名": st.sampled_from((*NAMES, "外人", "合同工")),
        "性别": st.sampled_from(("男", "女", "1", "2-女", "不详")),
        "出生日期": st.sampled_from(("20160507", "2016-05-07", "2016年5月", 42497)),
        "备注": st.text("甲乙丙 =+", max_size=6),
    },
)


PUPIL = st.fixed_dictionaries(
    {
        "就读方式": st.sampled_from(("1", "住校", "2-住校", None)),
        "是否孤儿": st.sampled_from(("是", "否", None)),
        "残疾人类型": st.sampled_from(("0-无残疾", "4", None)),
        "成员2姓名": st.sampled_from(("范杰冬", None)),
        "现住址": st.text("青石镇村组 1２", max_size=8),
        "入学年月": st.sampled_from(("202309", "2023-09", None)),
    }
)


def values(path: Path) -> list[list[Any]]:
    sheet = load_workbook(path).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=1, max_col=8)]


def test_filling_twice_marks_nothing_and_empties_nothing(tmp_path: Path) -> None:
    with verified_desk(tmp_path / "station", standards=False) as desk:
        for place, name in enumerate(NAMES):
            desk.pupil(name, sex="12"[place % 2], birth=f"2016-0{place + 1}-07")
        filling = FillService(desk.context)

        @settings(max_examples=12, deadline=None)
        @given(st.lists(present, max_size=5), st.integers(0, 8), st.booleans())
        def hold(people: list[dict[str, Any]], slots: int, overwrite: bool) -> None:
            with TemporaryDirectory() as folder:
                form = forms.short_form(Path(folder) / "名单.xlsx", people, slots=slots)
                order = FillOrder(overwrite, purpose="试填")
                first = filling.fill(filling.look(form), Path(folder) / "一.xlsx", order=order)
                again = filling.fill(filling.look(first.path, scheme="名单"), Path(folder) / "二.xlsx", order=order)
                assert [again.of(kind) for kind in ("changed", "added", "overwritten")] == [[], [], []]
                assert (again.cells, again.added) == (0, 0)
                assert values(again.path) == values(first.path)
                kept = {line.cell for line in first.lines if line.kind in ("differs", "extra")}
                before, after = values(form), values(first.path)
                for at, row in enumerate(before[2 : 2 + len(people)], 2):
                    for column in range(1, 7):
                        if row[column] is not None and not overwrite:
                            assert after[at][column] == row[column], (kept, row, after[at])
                filling.forget("名单")

        hold()


def test_whoever_was_filled_into_the_collection_sheet_is_imported_again_unchanged(tmp_path: Path) -> None:
    with verified_desk(tmp_path / "station", standards=False) as desk:
        filling, imports = FillService(desk.context), ImportService(desk.context)
        serial = iter(range(1, 400))

        @settings(max_examples=6, deadline=None)
        @given(st.lists(PUPIL, min_size=1, max_size=3))
        def hold(people: list[dict[str, Any]]) -> None:
            rows = [child(id_number("2016-05-07", serial=next(serial)), **cells) for cells in people]
            with TemporaryDirectory() as folder:
                assert imports.run("roll", roll(Path(folder) / "名册.xlsx", *rows)).parked == 0
                form = forms.collection_sheet(Path(folder) / "采集.xlsx", slots=2)
                report = filling.fill(filling.look(form, scheme="采集"), Path(folder) / "填好.xlsx", order=ORDER)
                found = counts(imports.run("roll", report.path))
                assert found == {"read": report.rows, "unchanged": report.rows}

        hold()


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 30), st.integers(1, 60), st.integers(0, 40))
def test_rows_that_are_inserted_move_and_widen_areas_and_never_shrink_them(
    behind: int, count: int, first: int, size: int
) -> None:
    move = Insertion(behind, count)
    area = move.area(f"B{first}:D{first + size}")
    low, high = (int(part[1:]) for part in area.split(":"))
    assert high - low in (size, size + count)
    assert low == move.moved(first)
    assert move.area(f"$B${first}") == f"$B${move.moved(first)}"
    formula = f'SUM(B{first}:B{first + size})+其他!B{first}&"B{first}"'
    moved = move.formula(formula, "名单", own=True)
    assert moved.endswith(f'+其他!B{first}&"B{first}"')
    assert move.formula(f"其他!B{first}", "其他", own=False) == f"其他!B{move.moved(first)}"
