"""Before an import: how a workbook would be read and why, corrected and kept as a scheme, tried without writing."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, Member, Student
from jzdesk.services.importing import ImportService
from jzdesk.services.importing.looking import BY_CONTENT, BY_HAND, BY_HEADING, BY_SCHEME, SheetLook
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, NUMBERS, child, counts, records, roll, state, workbook

ODD = ("甲", "乙", "丙", "丁", "戊", "己")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def odd(path: Path, headings: tuple[str, ...] = ODD) -> Path:
    """A list whose headings say nothing: name, number, telephone, sex, grade, class."""
    people = [("宋火强", NUMBERS[0], "男"), ("汪静根", NUMBERS[1], "男"), ("龙平军", NUMBERS[3], "男")]
    rows = [
        dict(zip(headings, (name, number, "15349660992", sex, "三年级", "1班"), strict=True))
        for name, number, sex in people
    ]
    return workbook(path, headings, rows)


def how(sheet: SheetLook) -> dict[str, tuple[str, str]]:
    return {column.heading: (column.key, column.how) for column in sheet.columns}


def test_headings_are_read_by_alias_and_the_first_rows_are_shown(imports: ImportService) -> None:
    look = imports.look("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")
    sheet = next(one for one in look.sheets if one.read)
    assert sheet.lacking == ()
    assert how(sheet)["*姓名"] == ("student.name", BY_HEADING)
    assert sheet.preview[0][0] == 1
    assert len(sheet.preview) == 15
    assert all(column.samples for column in sheet.columns if column.key == "student.id_number")


def test_columns_whose_headings_say_nothing_are_read_by_what_stands_in_them(
    imports: ImportService, tmp_path: Path
) -> None:
    look = imports.look("roll", odd(tmp_path / "r.xlsx"))
    sheet = look.sheets[0]
    assert (sheet.row, sheet.last, sheet.lacking) == (2, 2, ())
    assert how(sheet) == {
        "甲": ("student.name", BY_CONTENT), "乙": ("student.id_number", BY_CONTENT),
        "丙": ("student.phone", BY_CONTENT), "丁": ("student.sex", BY_CONTENT),
        "戊": ("enrolment.grade", BY_CONTENT), "己": ("enrolment.school_class", BY_CONTENT),
    }  # fmt: skip
    report = imports.run("roll", tmp_path / "r.xlsx", choices=[sheet.choice()], seen=look.sha256)
    assert counts(report) == {"read": 3, "added": 3}


def test_a_list_without_any_heading_can_be_read(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"宋火强,{NUMBERS[0]},男,三年级\n汪静根,{NUMBERS[1]},男,三年级\n", encoding="gb18030")
    sheet = imports.look("roll", path).sheets[0]
    assert (sheet.row, sheet.last, sheet.lacking) == (0, 0, ())
    report = imports.run("roll", path, choices=[sheet.choice()])
    assert counts(report) == {"read": 2, "added": 2}
    assert {line["name"] for line in records(desk.context, Student)} == {"宋火强", "汪静根"}


def test_a_list_without_heading_whose_row_is_wrong_gets_its_copy(imports: ImportService, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"宋火强,{NUMBERS[0]},男,三年级\n汪静根,{NUMBERS[1]},男,十三年级\n", encoding="utf-8")
    look = imports.look("roll", path)
    report = imports.run("roll", path, choices=[look.put(look.sheets[0], 3, "enrolment.grade").choice()])
    assert (report.added, report.parked) == (1, 1)
    assert report.annotated is not None
    sheet = load_workbook(report.annotated).worksheets[0]
    assert any("不在选项里" in str(cell.value) for cell in sheet[2])


def test_a_heading_that_promises_something_else_than_its_cells_is_doubted(
    imports: ImportService, tmp_path: Path
) -> None:
    rows = [child(number, 联系电话=number) for number in NUMBERS[:3]]
    sheet = imports.look("roll", roll(tmp_path / "r.xlsx", *rows)).sheets[0]
    doubts = {column.heading: column.doubt for column in sheet.columns if column.doubt}
    assert list(doubts) == ["联系电话"]
    assert "身份证件号" in doubts["联系电话"]


def test_a_column_is_read_as_what_a_person_says_and_another_gives_it_up(imports: ImportService, tmp_path: Path) -> None:
    look = imports.look("roll", odd(tmp_path / "r.xlsx"))
    sheet = look.put(look.sheets[0], 2, "student.name")
    assert how(sheet)["甲"] == ("", BY_HAND)
    assert how(sheet)["丙"] == ("student.name", BY_HAND)
    sheet = look.put(sheet, 2, "")
    assert sheet.lacking == ("姓名",)
    with pytest.raises(UserError, match="姓名"):
        imports.run("roll", tmp_path / "r.xlsx", choices=[sheet.choice()])
    with pytest.raises(UserError, match="没有选中"):
        imports.plan("roll", tmp_path / "r.xlsx", [])


def test_the_heading_can_be_set_to_other_rows(imports: ImportService, tmp_path: Path) -> None:
    look = imports.look("roll", odd(tmp_path / "r.xlsx"))
    assert look.at("学生", 1, 2).last == 2
    assert look.at("学生", 0, 0).columns[0].heading == ""
    for row, last in ((1, 5), (90, 90), (3, 2)):
        with pytest.raises(UserError, match="标题行"):
            look.at("学生", row, last)


def test_a_scheme_is_offered_by_itself_when_the_same_headings_come_again(
    imports: ImportService, tmp_path: Path
) -> None:
    look = imports.look("roll", odd(tmp_path / "a.xlsx"))
    sheet = look.put(look.sheets[0], 2, "member1.phone")
    number = imports.save_scheme("roll", " 乡镇 花名册 ", sheet)
    again = imports.look("roll", odd(tmp_path / "b.xlsx", ("己", "乙", "丙", "丁", "戊", "甲"))).sheets[0]
    assert again.scheme == "乡镇 花名册"
    assert how(again)["丙"] == ("member1.phone", BY_SCHEME)
    assert how(again)["己"] == ("enrolment.school_class", BY_SCHEME)  # known by its heading, wherever it stands
    assert imports.look("roll", odd(tmp_path / "c.xlsx", (*ODD[:5], "庚"))).sheets[0].scheme == ""
    imports.rename_scheme(number, "花名册")
    assert [one.name for one in imports.schemes("roll")] == ["花名册"]
    assert imports.schemes("staff") == []
    imports.delete_scheme(number)
    assert imports.look("roll", tmp_path / "b.xlsx").sheets[0].scheme == ""


def test_schemes_have_names_of_their_own(imports: ImportService, tmp_path: Path) -> None:
    sheet = imports.look("roll", odd(tmp_path / "a.xlsx")).sheets[0]
    first, second = imports.save_scheme("roll", "甲", sheet), imports.save_scheme("roll", "乙", sheet)
    with pytest.raises(UserError, match="已经有"):
        imports.rename_scheme(second, "甲")
    with pytest.raises(UserError, match="没有名字"):
        imports.save_scheme("roll", "  ", sheet)
    imports.save_scheme("roll", "甲", sheet)
    assert [one.name for one in imports.schemes()] == ["乙", "甲"]
    with pytest.raises(UserError, match="不在"):
        imports.delete_scheme(first)


def test_a_scheme_of_other_headings_is_refused(imports: ImportService, tmp_path: Path) -> None:
    number = imports.save_scheme("roll", "甲", imports.look("roll", odd(tmp_path / "a.xlsx")).sheets[0])
    look = imports.look("roll", roll(tmp_path / "r.xlsx", child()))
    assert look.fitting(look.sheets[0]) == []
    with pytest.raises(UserError, match="标题"):
        look.use(look.sheets[0], number)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("roll", "学籍导出-青石镇中心小学.xlsx"), ("roll", "学生名册-大坪教学点.xls"),
        ("hardship_list", "脱贫户与监测对象名单-青石镇.xls"), ("staff", "教师名册-青石镇中心小学.xlsx"),
        ("pairing", "结对帮扶-青石镇中心小学.xlsx"), ("accounts", "银行账户-青石镇中心小学.xlsx"),
        ("visits", "走访记录-青石镇中心小学.xlsx"),
    ],
)  # fmt: skip
def test_the_kind_of_a_workbook_is_told_from_its_headings(kind: str, name: str, imports: ImportService) -> None:
    assert imports.recognise(EXAMPLES / name) == kind


def test_a_workbook_of_no_kind_is_of_no_kind(imports: ImportService, tmp_path: Path) -> None:
    assert imports.recognise(odd(tmp_path / "r.xlsx")) == ""


def test_the_dry_run_writes_nothing_and_the_import_gives_exactly_its_counts(desk: Desk) -> None:
    service = ImportService(desk.context)
    files = {
        "roll": "学籍导出-青石镇中心小学.xlsx", "hardship_list": "脱贫户与监测对象名单-青石镇.xls",
        "staff": "教师名册-青石镇中心小学.xlsx", "pairing": "结对帮扶-青石镇中心小学.xlsx",
        "accounts": "银行账户-青石镇中心小学.xlsx", "visits": "走访记录-青石镇中心小学.xlsx",
    }  # fmt: skip
    for kind, name in files.items():
        for _ in range(2):  # the second time nothing is new
            before = state(desk.context)
            plan = service.plan(kind, EXAMPLES / name)
            assert state(desk.context) == before
            report = service.run(kind, EXAMPLES / name, seen=plan.sha256)
            assert (counts(plan.report), plan.report.warned) == (counts(report), report.warned), kind
            assert plan.report.faults == report.faults
            outcomes = [line.outcome for line in plan.lines]
            assert len(outcomes) == report.read
            for outcome in ("added", "changed", "unchanged", "parked", "unmatched"):
                assert outcomes.count(outcome) == getattr(report, outcome), (kind, outcome)


def test_the_dry_run_says_for_each_row_what_would_change_from_what_to_what(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "a.xlsx", child(), child(NUMBERS[1], **{"*姓名": "汪静根"})))
    path = roll(
        tmp_path / "b.xlsx",
        child(联系电话="13900000000", 就读方式="走读"),
        child(NUMBERS[1], **{"*姓名": "汪静根"}),
        child(NUMBERS[3], **{"*姓名": "龙平军"}),
        child("43109920170507747?"),
    )
    plan = imports.plan("roll", path)
    first, second, third, fourth = plan.lines
    assert [line.outcome for line in plan.lines] == ["changed", "unchanged", "added", "parked"]
    changes = {(change.record, change.field): (change.old, change.new) for change in first.changes}
    assert changes["学生 宋火强", "联系电话"] == ("15349660992", "13900000000")
    assert ("住校", "走读") in changes.values()
    assert second.changes == ()
    assert third.added.startswith("学生、")
    assert third.name == "龙平军"
    assert "身份证件号" in fourth.says[0]
    assert "13900000000" in first.words()


def test_a_file_changed_since_it_was_looked_at_is_refused(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child())
    seen = imports.look("roll", path).sha256
    roll(path, child(), child(NUMBERS[1]))
    before = state(desk.context)
    for attempt in (imports.plan, imports.run):
        with pytest.raises(UserError, match="又改过"):
            attempt("roll", path, seen=seen)
    assert state(desk.context) == before


def test_only_the_chosen_sheets_are_read(imports: ImportService, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child())
    book = load_workbook(path)
    book.copy_worksheet(book.worksheets[0]).title = "去年"
    book.save(path)
    look = imports.look("roll", path)
    assert [sheet.read for sheet in look.sheets] == [True, True]
    report = imports.run("roll", path, choices=[look.sheets[0].choice()])
    assert counts(report) == {"read": 1, "added": 1}
    assert any("去年" in note for note in report.notes)


def test_all_72_items_of_the_roll_system_but_the_picture_are_read_and_come_back(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    import csv

    from jzdesk.core.resources import resource

    with resource("codes", "xueji_columns.csv").open(encoding="utf-8", newline="") as file:
        headings = tuple(row["header"] for row in csv.DictReader(file))
    look = imports.look("roll", workbook(tmp_path / "h.xlsx", headings, [{"姓名": "宋火强"}]))
    keys = {column.heading: column.key for column in look.sheets[0].columns}
    assert [heading for heading in headings if not keys[heading]] == ["照片"]
    assert len(set(keys.values())) == len(headings)
    assert keys["通信地址"] == "student.mailing_address"
    assert keys["家庭地址"] == "student.family_address"
    row = {name.strip("*"): value for name, value in child().items()} | {
        "成员2民族": "苗族", "成员2职务": "会计", "成员2现住址": "青西村7组", "成员2户口所在地行政区划": "431099",
        "成员2关系说明": "继母", "成员2联系电话": "13900000001", "成员2是否监护人": "否", "成员2工作单位": "务农",
        "成员1民族": "汉族", "班内学号": "7", "入学方式": "就近入学", "学生来源": "正常入学", "籍贯": "湖南示范",
        "国籍/地区": "中国", "政治面貌": "少先队员", "姓名拼音": "Song Huo Qiang", "邮政编码": "423000",
        "是否需要申请资助": "是", "上下学距离": "3公里", "通信地址": "青石镇一号", "家庭地址": "青西村5组",
    }  # fmt: skip
    path = workbook(tmp_path / "r.xlsx", headings, [row])
    assert counts(imports.run("roll", path)) == {"read": 1, "added": 1}
    assert records(desk.context, Student)[0]["pinyin"] == "song huo qiang"
    mother = records(desk.context, Member, name="范杰冬")[0]
    assert (mother["ethnic"], mother["post"], mother["address"]) == ("06", "会计", "青西村7组")
    assert records(desk.context, Enrolment)[0]["class_number"] == "7"
    before = state(desk.context)
    imports.export("student", tmp_path / "out.xlsx")
    for again in (path, tmp_path / "out.xlsx"):
        assert counts(imports.run("roll", again)) == {"read": 1, "unchanged": 1}
    assert state(desk.context) == before


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"现住址": "甲村1组", "家庭地址": "乙村2组", "通信地址": "丙村3组"}, "甲村1组"),
        ({"家庭地址": "乙村2组", "通信地址": "丙村3组"}, "乙村2组"),
        ({"通信地址": "丙村3组"}, "丙村3组"),
    ],
)
def test_the_household_lives_where_the_pupil_does_else_at_the_other_addresses(
    cells: dict[str, str], expected: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    from jzdesk.models import Household

    row = child(现住址=None) | cells
    imports.run("roll", workbook(tmp_path / "r.xlsx", (*child(), "家庭地址", "通信地址"), [row]))
    assert records(desk.context, Household)[0]["address"] == expected


def test_a_name_that_no_font_can_print_is_imported_and_asked_about(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    from jzdesk.models import Question

    rows = child(**{"*姓名": "宋\U000323b0强"}), child(NUMBERS[1], **{"*姓名": "𠮷野㛃"})
    report = imports.run("roll", roll(tmp_path / "r.xlsx", *rows))
    assert (report.added, report.warned) == (2, 1)
    (question,) = records(desk.context, Question)
    assert (question["kind"], question["state"]) == ("rare_character", "open")
    assert "U+323B0" in question["sentence"]
    imports.run("roll", roll(tmp_path / "r.xlsx", child(**{"*姓名": "宋火强"}), rows[1]))
    assert records(desk.context, Question)[0]["state"] == "gone"


def test_a_reading_that_nobody_understands_is_told_and_keeps_nobody_out(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    row = child() | {"姓名拼音": "拼音：不详"}
    report = imports.run("roll", workbook(tmp_path / "r.xlsx", tuple(row), [row]))
    assert counts(report) == {"read": 1, "added": 1}
    assert any("姓名拼音" in note and "没有记录" in note for note in report.notes)
    assert records(desk.context, Student)[0]["pinyin"] is None
