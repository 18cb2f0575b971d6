"""Heading rows are found, headings understood, rows read with their faults; the sample workbooks are the measure."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from jzdesk.core.errors import UserError
from jzdesk.core.fields import FieldSpec
from jzdesk.core.kinds import (
    Account,
    CitizenIdNumber,
    Code,
    Date,
    Kind,
    Money,
    Month,
    PersonName,
    Phone,
    RollNumber,
    Text,
    YesNo,
)
from jzdesk.sheets.cells import Cell, Sheet
from jzdesk.sheets.columns import Column
from jzdesk.sheets.heading import Heading, find_heading, find_sheet, heading_at
from jzdesk.sheets.mapping import SheetRow, SheetRows, read_rows, read_sheet
from jzdesk.sheets.reader import open_book

EXAMPLES = Path(__file__).parents[2] / "examples"
TRUTH = json.loads((EXAMPLES / "truth.json").read_text(encoding="utf-8"))
ROLLS = {
    "青石镇中心小学": "学籍导出-青石镇中心小学.xlsx",
    "青石镇中学": "学籍导出-青石镇中学.xlsx",
    "大坪教学点": "学生名册-大坪教学点.xls",
}


def column(label: str, kind: Kind, *aliases: str, essential: bool = False, required: bool = False) -> Column:
    spec = FieldSpec(label, kind, required=essential or required, aliases=aliases)
    return Column(label, spec, essential)


NAME = column("姓名", PersonName(), "学生姓名", essential=True)
ID = column("身份证件号", CitizenIdNumber(), "身份证号", "证件号码", essential=True)
PHONE = column("联系电话", Phone())


def member(number: int) -> list[Column]:
    def part(label: str, kind: Kind, *aliases: str) -> Column:
        name = f"成员{number}{label}"
        return Column(name, FieldSpec(label, kind), headings=(name, *aliases))

    return [
        part("姓名", PersonName()),
        part("关系", Code("relation")),
        part("联系电话", Phone(), *(["监护人电话"] if number == 1 else [])),
        part("是否监护人", YesNo()),
        part("身份证件号", CitizenIdNumber()),
    ]


ROLL = [
    NAME,
    column("性别", Code("sex"), required=True),
    column("出生日期", Date()),
    column("民族", Code("ethnic")),
    column("身份证件类型", Code("id_doc_type")),
    ID,
    column("学籍号", RollNumber()),
    column("户口所在地行政区划", Text()),
    column("户口性质", Code("hukou")),
    column("年级", Text()),
    column("班级", Text()),
    column("入学年月", Month()),
    column("就读方式", Code("boarding")),
    column("现住址", Text()),
    PHONE,
    column("是否独生子女", YesNo()),
    column("是否留守儿童", Code("left_behind")),
    column("是否进城务工人员随迁子女", YesNo(), "是否随迁子女"),
    column("是否孤儿", YesNo()),
    column("残疾人类型", Code("disability"), "残疾类型"),
    column("健康状况", Code("health")),
    *member(1),
    *member(2),
]
OTHERS = {
    "教师名册-青石镇中心小学.xlsx": (
        [NAME, column("性别", Code("sex")), ID, column("职务", Text()), column("任教学科", Text()),
         column("任教班级", Text()), PHONE],
        TRUTH["staff"],
    ),
    "结对帮扶-青石镇中心小学.xlsx": (
        [NAME, ID, column("责任人姓名", PersonName()), column("结对日期", Date())], TRUTH["pairs"]
    ),
    "银行账户-青石镇中心小学.xlsx": (
        [NAME, ID, column("户名", PersonName()), column("与学生关系", Code("relation")),
         column("开户行", Text()), column("银行账号", Account())],
        TRUTH["accounts"],
    ),
    "走访记录-青石镇中心小学.xlsx": (
        [NAME, ID, column("走访日期", Date()), column("走访方式", Code("visit_method")),
         column("家庭情况", Text()), column("帮扶措施", Text()), column("需求", Text())],
        TRUTH["visits"],
    ),
    "脱贫户与监测对象名单-青石镇.xls": (
        [column("乡镇", Text()), column("行政村", Text()), column("户编号", Text()), column("人编号", Text()),
         NAME, replace(ID, spec=replace(ID.spec, kind=Text())), column("与户主关系", Text()),
         column("脱贫属性", Text()), column("监测对象类别", Text()), column("致贫原因", Text()),
         column("在校生状况", Text())],
        TRUTH["poor_list"]["people"],
    ),
}  # fmt: skip


def read_file(path: Path, columns: list[Column]) -> tuple[Heading, SheetRows]:
    sheet, heading = find_sheet(open_book(path), columns)
    return heading, read_sheet(sheet, heading, columns)


def read(rows: list[list[Cell]], columns: list[Column], **about: object) -> list[SheetRow]:
    sheet = Sheet("名单", rows, **about)  # type: ignore[arg-type]
    return list(read_rows(sheet, find_heading(rows, columns), columns))


def id_of(seventeen: str) -> str:
    from jzdesk.core.citizen_id import check_character

    return seventeen + check_character(seventeen)


ONE, TWO = id_of("43109920150719691"), id_of("43109920160701231")


@pytest.mark.parametrize("school", ROLLS)
def test_every_roll_of_the_sample_is_understood(school: str) -> None:
    heading, found = read_file(EXAMPLES / ROLLS[school], ROLL)
    assert heading.first_data_row == TRUTH[school]["first_data_row"]
    assert heading.unmapped == ()
    assert heading.doubled == ()
    assert len(found.rows) == TRUTH[school]["rows"]
    assert found.skipped == []


@pytest.mark.parametrize("school", ROLLS)
def test_planted_faults_are_found_in_exactly_the_planted_rows(school: str) -> None:
    """`dup_row` and the two mismatches are seen only beside other rows and fields: the services find those."""
    heading, found = read_file(EXAMPLES / ROLLS[school], ROLL)
    seen = {
        row.number - heading.first_data_row: row.faults[0].kind.replace("no_value", "no_name")
        for row in found.rows
        if row.faults
    }
    parked = {"bad_check", "sci", "precision_loss", "bad_date", "no_name", "unknown_option"}
    assert seen == {fault["row"]: fault["fault"] for fault in TRUTH[school]["faults"] if fault["fault"] in parked}


@pytest.mark.parametrize("school", ROLLS)
def test_what_was_put_right_is_said(school: str) -> None:
    heading, found = read_file(EXAMPLES / ROLLS[school], ROLL)
    seen = {
        row.number - heading.first_data_row
        for row in found.rows
        if row.usable and any("已转成" in note.text or "已去掉" in note.text for note in row.notes)
    }
    mended = {"fullwidth", "gprefix", "space_name"}
    assert seen == {fault["row"] for fault in TRUTH[school]["faults"] if fault["fault"] in mended}


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_workbook_of_the_sample_is_understood(name: str) -> None:
    columns, count = OTHERS[name]
    heading, found = read_file(EXAMPLES / name, columns)
    assert heading.unmapped == ()
    assert heading.missing == ()
    assert len(found.rows) == count
    assert [row.faults for row in found.rows if row.faults] == []


def test_a_fault_names_sheet_row_column_value_and_remedy() -> None:
    rows: list[list[Cell]] = [["*姓名", "身份证号"], ["甲", "4.31099E+17"]]
    (fault,) = read(rows, [NAME, ID])[0].faults
    assert (fault.sheet, fault.row, fault.label, fault.heading) == ("名单", 2, "身份证件号", "身份证号")
    assert (fault.value, fault.kind, fault.column, fault.heading_row) == ("4.31099E+17", "sci", 1, 1)
    assert fault.sentence().startswith("第 2 行“身份证号”（B2）：")
    assert fault.remedy


@pytest.mark.parametrize(
    "written",
    [
        "*姓名",
        "姓 名",
        "姓\n名",
        "姓名（必填）",
        "【姓名】",
        "１.姓名",
        "姓名:",
        "学生姓名*",
        " 姓　名 ",
        "姓名(与证件一致)",
    ],
)
def test_headings_are_compared_without_marks(written: str) -> None:
    heading = find_heading([["标题"], [written, "身份证件号"]], [NAME, ID])
    assert heading.places == {"姓名": 0, "身份证件号": 1}
    assert heading.row == 2


def test_bracketed_words_count_before_they_are_dropped() -> None:
    columns = [NAME, column("户籍(县)", Text()), column("户籍(乡)", Text())]
    heading = find_heading([["姓名", "户籍（乡）", "户籍（县）"]], columns)
    assert heading.places == {"姓名": 0, "户籍(乡)": 1, "户籍(县)": 2}


def test_unknown_and_second_headings_and_unnamed_columns_are_reported() -> None:
    rows: list[list[Cell]] = [["姓名", "身份证号", "爱好", "身份证件号", None], ["甲", ONE, "画", ONE, "x"]]
    heading = find_heading(rows, [NAME, ID, PHONE])
    assert heading.places["身份证件号"] == 3  # the label itself goes before an alias
    assert heading.unmapped == ("身份证号", "爱好", "第 E 列（没有标题）")
    assert "身份证号" in heading.doubled[0]
    assert heading.missing == ("联系电话",)


def test_prefixed_columns_do_not_claim_the_plain_heading() -> None:
    heading = find_heading([["成员1姓名", "姓名", "身份证号", "监护人电话"]], [*member(1), NAME, ID])
    assert heading.places == {"成员1姓名": 0, "姓名": 1, "身份证件号": 2, "成员1联系电话": 3}


def test_groups_over_sub_headings_are_understood() -> None:
    rows: list[list[Cell]] = [
        ["某校学生名册", None, None, None, None, None],
        ["姓名", "身份证件号", "成员1", None, "成员2", None],
        [None, None, "姓名", "关系", "姓名", "关系"],
        ["甲", ONE, "乙", "父亲", "丙", "母亲"],
    ]
    columns = [NAME, ID, *member(1), *member(2)]
    heading = find_heading(rows, columns)
    assert (heading.row, heading.last, heading.first_data_row) == (2, 3, 4)
    assert heading.text("成员2关系") == "成员2关系"
    (row,) = read(rows, columns)
    assert (row.number, row.values["成员1姓名"], row.values["成员2关系"]) == (4, "乙", "52")


def test_one_of_several_headings_may_be_enough() -> None:
    roll = column("学籍号", RollNumber())
    columns = [replace(NAME, essential=False), replace(ID, essential=False), roll]
    heading = find_heading([["姓名", "学籍号"]], columns, [["姓名"], ["身份证件号", "学籍号"]])
    assert heading.places == {"姓名": 0, "学籍号": 1}


def test_without_a_heading_row_it_is_said_what_was_looked_for() -> None:
    with pytest.raises(UserError) as caught:
        find_heading([["甲", ONE], ["乙", TWO]], [NAME, ID])
    assert "没有找到表头行" in caught.value.what
    assert "姓名" in caught.value.what
    assert "证件号码" in caught.value.what
    assert "列标题" in caught.value.remedy
    with pytest.raises(UserError) as caught:
        find_heading([["标题"], ["姓名", "联系电话", "班级"]], [NAME, ID, PHONE])
    assert "第 2 行最像表头，但缺少 “身份证件号”" in caught.value.what


def test_a_heading_below_the_twentieth_row_is_too_low() -> None:
    rows: list[list[Cell]] = [["说明"] for _ in range(19)]
    rows.append(["姓名", "身份证件号"])
    assert find_heading(rows, [NAME, ID]).row == 20
    with pytest.raises(UserError):
        find_heading([["说明"], *rows], [NAME, ID])


def test_the_sheet_with_the_people_is_found(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["填表说明"])
    book.create_sheet("名单").append(["姓名", "身份证件号"])
    book.save(tmp_path / "a.xlsx")
    assert find_sheet(open_book(tmp_path / "a.xlsx"), [NAME, ID])[0].name == "名单"
    with pytest.raises(UserError, match=r"a\.xlsx：没有找到表头行"):
        find_sheet(open_book(tmp_path / "a.xlsx"), [NAME, ID, column("银行账号", Account(), essential=True)])


def test_a_person_can_set_the_heading_by_hand() -> None:
    rows: list[list[Cell]] = [["谁", "号"], ["甲", ONE]]
    heading = heading_at(rows, 1, {"姓名": 0, "身份证件号": 1}, [NAME, ID])
    (row,) = read_rows(Sheet("名单", rows), heading, [NAME, ID])
    assert row.values == {"姓名": "甲", "身份证件号": ONE}


def test_totals_signatures_and_repeated_headings_are_skipped_with_a_reason() -> None:
    rows: list[list[Cell]] = [
        ["姓名", "身份证件号", "备注"],
        ["甲", ONE, None],
        [None, "  ", None],
        ["姓名", "身份证件号", "备注"],
        ["乙", TWO, "合计"],
        ["合计：2人", None, None],
        ["填表人：某某    审核：某某", None, None],
        ["说明：证件号为文本", None, None],
        [None, None, "没有名字的一行"],
    ]
    found = read(rows, [NAME, ID, column("备注", Text())])
    assert [row.number for row in found] == [2, 4, 5, 6, 7, 8, 9]
    assert [row.skipped for row in found] == ["", "重复的表头行", "", "合计行", "表尾说明", "表尾说明", ""]
    assert [fault.kind for fault in found[-1].faults] == ["no_value", "no_value"]
    assert not found[3].usable
    assert found[0].usable


def test_a_person_whose_remark_begins_like_a_note_is_a_person() -> None:
    rows: list[list[Cell]] = [["备注", "姓名", "身份证件号"], ["备注：转入", "甲", ONE]]
    assert read(rows, [NAME, ID])[0].skipped == ""


def test_merged_cells_hidden_rows_and_short_rows() -> None:
    rows: list[list[Cell]] = [
        ["班级", "姓名", "身份证件号"], ["一班", "甲", ONE], [None, "乙", TWO], [None, None, None], ["二班", "丙"]
    ]  # fmt: skip
    columns = [NAME, replace(ID, spec=replace(ID.spec, required=False)), column("班级", Text())]
    found = read(rows, columns, merged=((1, 0, 3, 0),), hidden_rows=frozenset({3}))
    assert [row.values["班级"] for row in found] == ["一班", "一班", "二班"]
    assert found[1].cells == ("一班", "乙", TWO)
    assert [note.text for note in found[1].notes] == [
        "合并单元格的内容已填入本行", "这一行在原表里是隐藏的，也已读取"
    ]  # fmt: skip
    assert found[2].values["身份证件号"] is None


def test_error_cells_and_formulas_are_faults_even_where_nothing_is_required() -> None:
    rows: list[list[Cell]] = [
        ["姓名", "身份证件号", "联系电话", "住址"],
        ["甲", ONE, "#N/A", "#公式 =VLOOKUP(A2,B:C,2)"],
        ["乙", ONE, None, "=是文字"],
    ]
    row, other = read(rows, [NAME, ID, PHONE, column("住址", Text())])
    assert other.values["住址"] == "=是文字"
    assert [fault.kind for fault in row.faults] == ["formula_error", "formula"]
    assert set(row.values) == {"姓名", "身份证件号"}


def test_numbers_dates_and_booleans_do_not_mix_up_with_remembered_texts() -> None:
    columns = [NAME, column("入学", Date()), column("孤儿", YesNo()), column("元", Money())]
    rows: list[list[Cell]] = [
        ["姓名", "入学", "孤儿", "元"],
        ["甲", dt.date(2025, 9, 10), 1.0, 312.5],
        ["乙", 45910.0, True, "312.50"],
        ["丙", "2025年9月10日", "否", 1],
        ["丁", 20250910.0, 0, 1.0],
    ]
    found = read(rows, columns)
    assert [row.faults for row in found] == [(), (), (), ()]
    assert {row.values["入学"] for row in found} == {"2025-09-10"}
    assert [row.values["孤儿"] for row in found] == [1, 1, 0, 0]
    assert [row.values["元"] for row in found] == [31250, 31250, 100, 100]


def test_a_number_cell_that_lost_digits_is_refused_but_not_lost() -> None:
    rows: list[list[Cell]] = [["姓名", "身份证件号"], ["甲", 4.31099201401247e17]]
    (row,) = read(rows, [NAME, ID])
    assert row.faults[0].kind == "precision_loss"
    assert row.cells == ("甲", 4.31099201401247e17)


def test_optional_columns_may_be_blank_and_required_ones_not() -> None:
    spec = FieldSpec("姓名", PersonName(), required=True)
    columns = [NAME, Column("m", spec, headings=("成员姓名",), optional=True), Column("n", spec, headings=("监护人",))]
    (row,) = read([["姓名", "成员姓名", "监护人"], ["甲", None, None]], columns)
    assert row.values == {"姓名": "甲", "m": None}
    assert [(fault.label, fault.kind) for fault in row.faults] == [("监护人", "no_value")]


def test_faults_found_later_name_the_place_too() -> None:
    (row,) = read([["姓名", "身份证件号"], ["甲", ONE]], [NAME, ID])
    fault = row.park("dup_row", "与第 9 行重复", "请核对后删除其中一行。", "身份证件号")
    assert row.faults == (fault,)
    assert fault.sentence() == "第 2 行“身份证件号”（B2）：与第 9 行重复。请核对后删除其中一行。"
    assert row.fault("x", "整行有问题", "请核对。").column == -1


def test_two_hundred_blank_columns_do_no_harm(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["姓名", "身份证件号", *[None] * 200, "联系电话"])
    book.worksheets[0].append(["甲", ONE, *[None] * 200, "13512345678"])
    book.save(tmp_path / "a.xlsx")
    heading, found = read_file(tmp_path / "a.xlsx", [NAME, ID, PHONE])
    assert heading.unmapped == ()
    assert found.rows[0].values["联系电话"] == "13512345678"
