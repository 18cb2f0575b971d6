"""Forms of other systems filled from the records: layout kept, changes marked, nothing overwritten in silence."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from jzdesk.core.errors import UserError
from jzdesk.models import Household, Student
from jzdesk.services.filling import FillService, columns
from jzdesk.services.filling.views import FillOrder, FillQuery, FillReport, FormView
from jzdesk.services.importing import ImportService
from jzdesk.sheets.fill import EXPLAINING
from tests.factories import forms
from tests.factories.people import SCHOOL_NAME, Desk, id_number, verified_desk
from tests.factories.rolls import child, counts, roll

PURPOSE = FillOrder(purpose="报县资助中心")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "station", standards=False) as made:
        yield made


@pytest.fixture
def filling(desk: Desk) -> FillService:
    return FillService(desk.context)


def fill(filling: FillService, form: Path, out: Path, order: FillOrder = PURPOSE, **query: Any) -> FillReport:
    return filling.fill(filling.look(form, scheme="方案"), out, FillQuery(**query), order)


def cells(path: Path, sheet: int = 0) -> list[list[Any]]:
    return [list(row) for row in load_workbook(path).worksheets[sheet].iter_rows(values_only=True)]


def by_heading(view: FormView) -> dict[str, str]:
    return {one.heading.lstrip("*").split(".")[-1]: one.key for one in view.columns}


# Headings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", [False, True])
def test_all_72_columns_of_the_roll_system_are_understood(filling: FillService, tmp_path: Path, alias: bool) -> None:
    view = filling.look(forms.collection_sheet(tmp_path / "采集.xlsx", alias=alias))
    keys = columns.collected()
    assert (view.sheet, view.row, view.last) == ("学生信息", forms.HEADING, forms.NUMBERS)
    assert [one.key for one in view.columns] == [keys.get(number, "") for number in range(1, 73)]
    assert [one.required for one in view.columns] == [
        row["required"] == "1" and int(row["no"]) in keys for row in forms.collection_rows()
    ]


def test_every_field_that_a_column_can_get_has_one_name(filling: FillService) -> None:
    for subject in ("people", "figures"):
        fields = filling.fields(subject)
        assert len({key for key, _ in fields}) == len(fields)
    assert {column.key for column in columns.people()} >= set(columns.collected().values())


def test_a_form_says_by_its_lists_how_it_wants_codes(filling: FillService, tmp_path: Path) -> None:
    view = filling.look(forms.collection_sheet(tmp_path / "采集.xlsx"))
    ways = {one.key: one.way for one in view.columns}
    assert (ways["student.sex"], ways["enrolment.boarding"], ways["student.birth"]) == ("both", "both", "compact")
    short = filling.look(forms.short_form(tmp_path / "名单.xlsx"))
    assert {one.key: one.way for one in short.columns if one.way} == {
        "student.sex": "label", "student.birth": "dashes", "enrolment.grade": "label",
    }  # fmt: skip


def test_two_persons_under_equal_headings_are_the_first_and_the_second_member(
    filling: FillService, tmp_path: Path
) -> None:
    twice = ("姓名", "身份证号", "家庭成员或监护人姓名", "关系", "家庭成员或监护人姓名", "关系")
    keys = [one.key for one in filling.look(forms.one_row(tmp_path / "成员.xlsx", *twice)).columns]
    assert keys[2:] == ["member1.name", "member1.relation", "member2.name", "member2.relation"]


# The collection sheet ------------------------------------------------------------------------------------------------


@pytest.fixture
def collected(desk: Desk, tmp_path: Path) -> Path:
    """The collection sheet, filled with seven children of whom five find a row."""
    rows = [child(id_number(f"201{n}-05-07"), **{"*姓名": name}) for n, name in enumerate("赵钱孙李周吴郑")]
    ImportService(desk.context).run("roll", roll(tmp_path / "名册.xlsx", *rows))
    out = tmp_path / "填好.xlsx"
    filling = FillService(desk.context)
    fill(filling, forms.collection_sheet(tmp_path / "采集.xlsx"), out)
    return out


def test_the_collection_sheet_is_filled_as_the_roll_system_wants_it(desk: Desk, tmp_path: Path) -> None:
    with desk.context.write() as unit:
        house = unit.add(Household, {"head": "宋琪亦"})
    desk.pupil(
        birth="2016-05-07", household=house, hukou_division="431099101", ethnic="01", orphan=0, id_number=None,
        roll_number="J" + id_number("2016-05-07")[:17] + "1",
    )  # fmt: skip
    out = tmp_path / "填好.xlsx"
    fill(FillService(desk.context), forms.collection_sheet(tmp_path / "采集.xlsx"), out)
    row = dict(zip((int(row["no"]) for row in forms.collection_rows()), cells(out)[forms.FIRST - 1], strict=False))
    assert [row[number] for number in (1, 2, 3, 6, 17, 22, 26, 39)] == [
        "宋火强", "1-男", "20160507", "01-汉族", "431099101000", "小学三年级", "2-住校", "0-否",
    ]  # fmt: skip


def test_layout_lists_widths_and_other_sheets_stay_as_they_were(collected: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(collected) as package:
        for part in package.namelist():
            ET.fromstring(package.read(part))
    before, after = (load_workbook(path) for path in (tmp_path / "采集.xlsx", collected))
    old, new = before["学生信息"], after["学生信息"]
    assert after.sheetnames == ["学生信息", "字典"]
    for row in range(1, forms.FIRST):
        assert [cell.value for cell in old[row]] == [cell.value for cell in new[row]]
        assert [cell.font.b for cell in old[row]] == [cell.font.b for cell in new[row]]
    assert {name: one.width for name, one in old.column_dimensions.items()} == {
        name: one.width for name, one in new.column_dimensions.items()
    }
    for at in range(forms.FIRST, forms.FIRST + 7):
        assert new.cell(at, 1).border.left.style == "thin"
        assert new.cell(at, 9).number_format == "@"
    rules = {rule.formula1: str(rule.sqref) for rule in new.data_validations.dataValidation}
    assert rules == {'"1-男,2-女"': "B6:B12", "字典!$A$1:$A$2": "Z6:Z12"}


def test_notes_below_move_down_when_the_rows_do_not_suffice(collected: Path) -> None:
    sheet = load_workbook(collected)["学生信息"]
    assert [sheet.cell(at, 1).value for at in range(forms.FIRST, forms.FIRST + 7)] == list("李钱孙吴赵郑周")
    assert str(sheet.cell(forms.FIRST + 7, 1).value).startswith("填表说明")
    assert "A13:T13" in {str(area) for area in sheet.merged_cells.ranges}


def test_what_was_filled_is_imported_again_unchanged(collected: Path, desk: Desk) -> None:
    assert counts(ImportService(desk.context).run("roll", collected)) == {"read": 7, "unchanged": 7}


def test_the_built_in_sheet_comes_back_through_the_import_unchanged(desk: Desk, tmp_path: Path) -> None:
    rows = [child(id_number(f"201{n}-03-02"), **{"*姓名": name}) for n, name in enumerate("冯陈褚卫")]
    ImportService(desk.context).run("roll", roll(tmp_path / "名册.xlsx", *rows))
    filling = FillService(desk.context)
    report = filling.fill(filling.look("xueji"), tmp_path / "内置.xlsx", order=PURPOSE)
    assert (report.rows, report.added) == (4, 4)
    assert counts(ImportService(desk.context).run("roll", report.path)) == {"read": 4, "unchanged": 4}


# What stands in the form already -------------------------------------------------------------------------------------


@pytest.fixture
def known(desk: Desk) -> list[str]:
    """Two children whom the short form knows."""
    return [desk.pupil(name, birth=birth) for name, birth in (("赵一", "2016-05-07"), ("钱二", "2015-03-01"))]


def numbers(desk: Desk, uids: list[str]) -> list[str]:
    with desk.context.read() as connection:
        table = Student.__table__
        rows = connection.execute(table.select().where(table.c.uid.in_(uids))).mappings()
        found = {row["uid"]: str(row["id_number"]) for row in rows}
    return [found[uid] for uid in uids]


def test_people_in_the_form_are_completed_and_not_doubled(
    desk: Desk, filling: FillService, known: list[str], tmp_path: Path
) -> None:
    first, _ = numbers(desk, known)
    form = forms.short_form(tmp_path / "名单.xlsx", [{"证件号码": f"'{first}"}, {"学生姓名": "钱二"}])
    report = fill(filling, form, tmp_path / "填好.xlsx")
    assert (report.matched, report.added, report.lines) == (2, 0, ())
    assert [row[1:6] for row in cells(report.path)[2:4]] == [
        ["赵一", f"'{first}", "男", "2016-05-07", "小学三年级"],
        ["钱二", numbers(desk, known)[1], "男", "2015-03-01", "小学三年级"],
    ]


def test_a_cell_that_says_otherwise_is_marked_and_left(filling: FillService, known: list[str], tmp_path: Path) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "赵一", "性别": "女"}])
    report = fill(filling, form, tmp_path / "填好.xlsx")
    (line,) = report.of("differs")
    assert (line.title, line.cell, line.old, line.new) == ("赵一", "D3", "女", "男")
    sheet = load_workbook(report.path)["名单"]
    assert (sheet["D3"].value, sheet["D3"].fill.fgColor.rgb) == ("女", "FFF8CBAD")
    assert EXPLAINING in load_workbook(report.path).sheetnames


def test_it_is_overwritten_only_when_asked_and_still_told(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "赵一", "性别": "女"}])
    report = fill(filling, form, tmp_path / "填好.xlsx", replace(PURPOSE, overwrite=True))
    (line,) = report.of("overwritten")
    assert (line.old, line.new, load_workbook(report.path)["名单"]["D3"].value) == ("女", "男", "男")


@pytest.mark.parametrize("written", ["男", "1", "1-男", 1])
def test_the_same_meaning_in_other_words_is_no_difference(
    filling: FillService, known: list[str], tmp_path: Path, written: object
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "赵一", "性别": written, "出生日期": "2016年5月7日"}])
    report = fill(filling, form, tmp_path / "填好.xlsx")
    assert report.lines == ()
    assert load_workbook(report.path)["名单"]["D3"].value == written


def test_what_only_the_form_knows_stays_and_is_told(filling: FillService, desk: Desk, tmp_path: Path) -> None:
    desk.pupil("赵一", id_number=None)
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "赵一", "证件号码": "护照 E123"}])
    report = fill(filling, form, tmp_path / "填好.xlsx", replace(PURPOSE, overwrite=True))
    (line,) = report.of("extra")
    assert (line.old, line.new, cells(report.path)[2][2]) == ("护照 E123", "", "护照 E123")


def test_only_those_in_the_form_are_completed_when_asked(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "钱二"}])
    report = fill(filling, form, tmp_path / "填好.xlsx", replace(PURPOSE, adding=False))
    assert (report.matched, report.added) == (1, 0)
    assert [row[1] for row in cells(report.path)[2:5]] == ["钱二", None, None]


def test_strangers_and_namesakes_are_left_and_named(filling: FillService, desk: Desk, tmp_path: Path) -> None:
    for _ in range(2):
        desk.pupil("李同名")
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "李同名"}, {"学生姓名": "王路人"}])
    report = fill(filling, form, tmp_path / "填好.xlsx")
    assert (report.matched, report.added) == (0, 0)
    assert ["同名的不止一人" in report.notes[0], "王路人" in report.notes[1]] == [True, True]
    assert [row[1] for row in cells(report.path)[2:5]] == ["李同名", "王路人", None]


def test_formulas_stay_and_grow_with_the_rows(filling: FillService, desk: Desk, tmp_path: Path) -> None:
    for name in ("赵一", "钱二", "孙三", "李四", "周五"):
        desk.pupil(name)
    report = fill(filling, forms.short_form(tmp_path / "名单.xlsx", slots=3), tmp_path / "填好.xlsx")
    book = load_workbook(report.path)
    sheet = book["名单"]
    assert [sheet[f"H{row}"].value for row in range(3, 9)] == [*(f"=LEN(B{row})" for row in range(3, 8)), "=SUM(H3:H7)"]
    assert book["汇总"]["A1"].value == "=SUM(名单!H3:H7)"
    assert (sheet["A8"].value, str(sheet["A9"].value)[:3]) == ("合计", "制表人")
    assert [sheet[f"A{row}"].value for row in range(3, 8)] == [1, 2, 3, 4, 5]
    assert sheet["B2"].comment is not None


def test_a_fixed_text_stands_in_every_row(filling: FillService, known: list[str], tmp_path: Path) -> None:
    view = filling.look(forms.short_form(tmp_path / "名单.xlsx"), scheme="方案")
    place = next(one.place for one in view.columns if one.heading == "备注")
    report = filling.fill(filling.settle(view, place, fixed="2025 秋"), tmp_path / "填好.xlsx", order=PURPOSE)
    assert [row[6] for row in cells(report.path)[2:4]] == ["2025 秋", "2025 秋"]


@pytest.mark.parametrize(
    ("way", "sex", "birth"),
    [
        (("label", "dots"), "男", "2016.5.7"),
        (("code", "compact"), "1", "20160507"),
        (("both", "dashes"), "1-男", "2016-05-07"),
    ],
)
def test_codes_and_dates_are_written_as_the_form_wants_them(
    filling: FillService, desk: Desk, tmp_path: Path, way: tuple[str, str], sex: str, birth: str
) -> None:
    desk.pupil("赵一")
    view = filling.look(forms.short_form(tmp_path / "名单.xlsx"), scheme="方案")
    for place, key, chosen in ((3, "student.sex", way[0]), (4, "student.birth", way[1])):
        view = filling.settle(view, place, key=key, way=chosen)
    report = filling.fill(view, tmp_path / "填好.xlsx", order=PURPOSE)
    assert cells(report.path)[2][3:5] == [sex, birth]


def test_money_is_written_in_yuan_or_in_ten_thousand_yuan(filling: FillService, desk: Desk, tmp_path: Path) -> None:
    with desk.context.write() as unit:
        house = unit.add(Household, {"head": "赵大", "annual_income": 1_234_500})
    desk.pupil("赵一", household=house)
    view = filling.look(forms.short_form(tmp_path / "名单.xlsx"), scheme="方案")
    for way, amount in (("yuan", 12345), ("wan", 1.2345)):
        settled = filling.settle(view, 6, key="household.annual_income", way=way)
        report = filling.fill(settled, tmp_path / f"{way}.xlsx", order=PURPOSE)
        assert cells(report.path)[2][6] == amount


# Changes since the last time ----------------------------------------------------------------------------------------


def test_what_changed_since_the_last_time_is_marked_with_old_and_new(
    filling: FillService, desk: Desk, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    assert fill(filling, form, tmp_path / "一.xlsx").lines == ()
    with desk.context.write() as unit:
        unit.change(Student, known[0], {"birth": "2016-05-08"})
    desk.pupil("孙三")
    report = fill(filling, form, tmp_path / "二.xlsx")
    (line,) = report.of("changed")
    assert (line.title, line.heading, line.old, line.new) == ("赵一", "出生日期", "2016-05-07", "2016-05-08")
    assert {one.title for one in report.of("added")} == {"孙三"}
    book = load_workbook(report.path)
    assert book["名单"][line.cell].fill.fgColor.rgb == "FFFFE699"
    assert book.sheetnames[-1] == EXPLAINING
    told = [list(row) for row in book[EXPLAINING].iter_rows(values_only=True)]
    assert ["2016-05-07", "2016-05-08"] in [row[4:6] for row in told]
    assert fill(filling, form, tmp_path / "三.xlsx").lines == ()


def test_what_was_blank_the_last_time_is_a_change_and_a_new_column_is_none(
    filling: FillService, desk: Desk, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    with desk.context.write() as unit:
        unit.change(Student, known[1], {"note": "走读"})
    fill(filling, form, tmp_path / "一.xlsx")
    with desk.context.write() as unit:
        unit.change(Student, known[0], {"note": "住校"})
    view = filling.look(form, scheme="方案")
    report = filling.fill(filling.settle(view, 3, key="student.health"), tmp_path / "二.xlsx", order=PURPOSE)
    assert [(line.title, line.old, line.new) for line in report.of("changed")] == [("赵一", "", "住校")]
    with desk.context.write() as unit:
        unit.change(Student, known[1], {"note": None})
    report = fill(filling, form, tmp_path / "三.xlsx")
    assert [(line.title, line.old, line.new) for line in report.of("changed")] == [("钱二", "走读", "")]
    assert fill(filling, form, tmp_path / "四.xlsx").lines == ()


def test_marks_of_the_last_time_go_when_the_filled_form_is_filled_again(
    filling: FillService, desk: Desk, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    fill(filling, form, tmp_path / "一.xlsx")
    with desk.context.write() as unit:
        unit.change(Student, known[0], {"sex": "2"})
    fill(filling, form, tmp_path / "二.xlsx")
    report = fill(filling, tmp_path / "二.xlsx", tmp_path / "三.xlsx")
    assert (report.lines, report.cells, report.matched) == ((), 0, 2)
    book = load_workbook(report.path)
    assert {cell.fill.fgColor.rgb for row in book["名单"].iter_rows(min_row=3) for cell in row} == {"00000000"}
    assert book.sheetnames.count(EXPLAINING) == 1


def test_without_marks_the_form_is_filled_and_nothing_else(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", [{"学生姓名": "赵一", "性别": "女"}])
    report = fill(filling, form, tmp_path / "填好.xlsx", replace(PURPOSE, marks=False))
    book = load_workbook(report.path)
    assert len(report.of("differs")) == 1
    assert (book.sheetnames, book["名单"]["D3"].fill.fgColor.rgb) == (["名单", "汇总"], "00000000")


# Schemes, what is missing, purpose -----------------------------------------------------------------------------------


def test_a_scheme_keeps_what_was_settled_also_when_columns_move(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    view = filling.look(forms.short_form(tmp_path / "名单.xlsx"), scheme="方案")
    view = filling.settle(filling.settle(view, 6, key="student.name"), 3, key="student.sex", way="code")
    filling.keep(view, "方案")
    book = load_workbook(tmp_path / "名单.xlsx")
    book["名单"].insert_cols(1)
    book["名单"]["A2"] = "学校"
    book.save(tmp_path / "改版.xlsx")
    moved = {
        one.heading: (one.letter, one.key, one.way)
        for one in filling.look(tmp_path / "改版.xlsx", scheme="方案").columns
    }
    assert (moved["备注"], moved["性别"]) == (("H", "student.name", ""), ("E", "student.sex", "code"))
    assert moved["学校"][1] == "school.name"
    assert [(one.name, one.columns) for one in filling.schemes()] == [("方案", 7)]
    filling.forget("方案")
    assert filling.schemes() == []


def test_what_the_form_requires_and_the_records_lack_is_listed_by_student(
    filling: FillService, desk: Desk, tmp_path: Path
) -> None:
    uid = desk.pupil("赵一", id_number=None)
    (line,) = filling.missing(filling.look(forms.collection_sheet(tmp_path / "采集.xlsx")))
    assert (line.uid, line.name, line.place) == (uid, "赵一", "小学三年级1班")
    assert {"身份证件号", "籍贯", "成员1姓名"} <= set(line.labels)
    assert "姓名" not in line.labels
    assert filling.missing(filling.look(forms.short_form(tmp_path / "名单.xlsx"))) == []


def test_a_sensitive_list_asks_for_its_purpose_and_leaves_a_trace(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    view = filling.look(forms.short_form(tmp_path / "名单.xlsx"), scheme="方案")
    assert filling.sensitive(view) == ["身份证件号"]
    with pytest.raises(UserError, match="用途"):
        filling.fill(view, tmp_path / "填好.xlsx", order=FillOrder(purpose="  "))
    assert not (tmp_path / "填好.xlsx").exists()
    assert filling.disclosures() == []
    filling.fill(view, tmp_path / "填好.xlsx", order=PURPOSE)
    (line,) = filling.disclosures()
    assert (line.who, line.file, line.rows, line.purpose) == ("宋老师", "填好.xlsx", 2, "报县资助中心")
    plain = filling.settle(view, 2)
    filling.fill(plain, tmp_path / "再填.xlsx")
    assert len(filling.disclosures()) == 1


def test_only_those_asked_for_are_filled_in(filling: FillService, desk: Desk, tmp_path: Path) -> None:
    for name, grade, status in (("赵一", "G03", "01"), ("钱二", "G04", "01"), ("孙三", "G03", "04")):
        desk.pupil(name, grade=grade, status=status, hardships=("D05",) if name == "钱二" else ())
    form = forms.short_form(tmp_path / "名单.xlsx")

    def names(**query: Any) -> set[str]:
        report = fill(filling, form, tmp_path / "填好.xlsx", **query)
        return {str(row[1]) for row in cells(report.path)[2:5] if row[1]}

    every = names(status=None)
    assert every == {"赵一", "钱二", "孙三"}
    assert names(grade="G03", status=None) == {"赵一", "孙三"}
    assert names(hardship="D05") == {"钱二"}
    with pytest.raises(UserError, match="没有要填的学生"):
        names(hardship="D10")


# Bad input -----------------------------------------------------------------------------------------------------------


def refused(filling: FillService, form: Path, out: Path) -> str:
    with pytest.raises(UserError) as caught:
        fill(filling, form, out)
    assert not out.exists()
    assert caught.value.remedy
    return caught.value.sentence()


def test_a_form_without_a_heading_row_is_refused(filling: FillService, known: list[str], tmp_path: Path) -> None:
    letter = forms.one_row(tmp_path / "通知.xlsx", "关于做好统计工作的通知")
    assert "没有找到表头行" in refused(filling, letter, tmp_path / "填好.xlsx")


def test_the_heading_row_can_be_pointed_at(filling: FillService, tmp_path: Path) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    assert [one.key for one in filling.look(form, row=2).columns][:3] == [
        "form.serial",
        "student.name",
        "student.id_number",
    ]
    with pytest.raises(UserError, match="第 99 行"):
        filling.look(form, row=99)


def test_a_protected_sheet_is_filled_where_it_is_open_and_refused_where_not(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    shut = forms.protected(forms.short_form(tmp_path / "锁.xlsx"), unlocked=False)
    assert "撤销工作表保护" in refused(filling, shut, tmp_path / "填好.xlsx")
    ajar = forms.protected(forms.short_form(tmp_path / "开.xlsx"), unlocked=True)
    assert fill(filling, ajar, tmp_path / "填好.xlsx").added == 2


def test_a_form_with_macros_keeps_them_and_its_ending(filling: FillService, known: list[str], tmp_path: Path) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx", macro=True)
    report = fill(filling, form, tmp_path / "填好.xlsx")
    assert report.path.name == "填好.xlsm"
    with zipfile.ZipFile(report.path) as package:
        assert package.read("xl/vbaProject.bin").endswith(b"a program")


def test_an_old_form_is_written_as_a_new_one_and_says_so(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    form = forms.old_form(tmp_path / "名单.xls", ("姓名", "身份证号", "性别"))
    report = fill(filling, form, tmp_path / "填好.xls")
    assert (report.path.suffix, report.added) == (".xlsx", 2)
    assert "旧格式" in report.notes[0]
    assert "A1:C1" in {str(area) for area in load_workbook(report.path).worksheets[0].merged_cells.ranges}


def test_the_form_itself_is_never_overwritten(filling: FillService, known: list[str], tmp_path: Path) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    content = form.read_bytes()
    with pytest.raises(UserError, match="不能覆盖"):
        fill(filling, form, form)
    assert form.read_bytes() == content


def test_a_form_that_is_open_elsewhere_or_is_only_a_lock_file(
    filling: FillService, known: list[str], tmp_path: Path
) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    lock = tmp_path / "~$名单.xlsx"
    lock.write_bytes(b"somebody")
    assert "临时文件" in refused(filling, lock, tmp_path / "填好.xlsx")
    assert any("请先保存" in note for note in filling.look(form).notes)


def test_too_many_rows_are_refused(
    filling: FillService, known: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jzdesk.services.filling.service.MOST_ROWS", 1)
    assert "一份表最多" in refused(filling, forms.short_form(tmp_path / "名单.xlsx"), tmp_path / "填好.xlsx")
    monkeypatch.setattr("jzdesk.sheets.form_file.MOST_ROWS", 3)
    assert "一次最多 3 行" in refused(filling, tmp_path / "名单.xlsx", tmp_path / "填好.xlsx")


def test_what_openpyxl_does_not_know_is_kept(filling: FillService, known: list[str], tmp_path: Path) -> None:
    form = forms.short_form(tmp_path / "名单.xlsx")
    rule = (
        b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" '
        b'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" '
        b'xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><x14:dataValidations count="1">'
        b'<x14:dataValidation type="list"><x14:formula1><xm:f>\xe6\xb1\x87\xe6\x80\xbb!$A$1:$A$3</xm:f></x14:formula1>'
        b"<xm:sqref>F3:F5</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst></worksheet>"
    )
    forms.with_part(form, "xl/worksheets/sheet1.xml", b"</worksheet>", rule)
    report = fill(filling, form, tmp_path / "填好.xlsx")
    with zipfile.ZipFile(form) as old, zipfile.ZipFile(report.path) as new:
        assert b"<xm:sqref>F3:F5</xm:sqref>" in new.read("xl/worksheets/sheet1.xml")
        untouched = [name for name in old.namelist() if name.startswith(("xl/theme", "docProps", "xl/comments"))]
        assert [name for name in untouched if old.read(name) != new.read(name)] == []


def test_the_school_and_what_belongs_to_the_student_can_be_filled_too(
    filling: FillService, desk: Desk, tmp_path: Path
) -> None:
    uid = desk.pupil("赵一", hardships=("D01", "D12"))
    desk.account(uid)
    desk.pair(uid, desk.staff("陈老师"))
    form = forms.one_row(
        tmp_path / "资助.xlsx", "姓名", "身份证号", "学校名称", "困难类型", "户名", "银行账号", "帮扶责任人"
    )
    report = fill(filling, form, tmp_path / "填好.xlsx")
    assert cells(report.path)[1][2:] == [
        SCHOOL_NAME, "脱贫家庭学生（原建档立卡）、残疾学生", "宋琪亦", "6230901339978526431", "陈老师",
    ]  # fmt: skip
