"""Staff, pairing, accounts and visits come in by the lists schools keep, and tell the child from its namesake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jzdesk.models import BankAccount, Pairing, Question, Staff, Visit
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, NUMBERS, child, counts, records, roll, state, workbook

SCHOOL = "青石镇中心小学"
PAIRS = ("*学生姓名", "*身份证号", "责任人姓名", "结对日期")
ACCOUNTS = ("*姓名", "*身份证号", "户名", "与学生关系", "开户行", "银行账号")
VISITS = ("*学生姓名", "*身份证号", "走访日期", "走访方式", "家庭情况", "帮扶措施", "需求")
CARD = "6230901339978526439"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk, tmp_path: Path) -> ImportService:
    """A school with one child, 宋火强, and two teachers."""
    service = ImportService(desk.context)
    service.run("roll", roll(tmp_path / "r.xlsx", child()))
    for name in ("吴泽建", "张紫欣"):
        desk.staff(name)
    return service


def pairs(path: Path, *rows: tuple[object, ...]) -> Path:
    return workbook(path, PAIRS, [dict(zip(PAIRS, row, strict=True)) for row in rows])


def pair(staff: str = "吴泽建", since: object = "2025-09-10", name: str = "宋火强") -> tuple[object, ...]:
    return (name, NUMBERS[0], staff, since)


def account(**cells: object) -> dict[str, object]:
    values = ("宋火强", NUMBERS[0], "宋琪亦", "父亲", "示范县农村商业银行青石支行", CARD)
    return dict(zip(ACCOUNTS, values, strict=True)) | cells


def visit(**cells: object) -> dict[str, object]:
    values = ("宋火强", NUMBERS[0], "2025年9月14日", "入户走访", "家庭情况稳定", "每周辅导数学一次", "希望寄宿")
    return dict(zip(VISITS, values, strict=True)) | cells


def test_the_sample_lists_of_the_first_school_come_in_and_again_change_nothing(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "sample", standards=False)
    service = ImportService(desk.context)
    truth = json.loads((EXAMPLES / "truth.json").read_text(encoding="utf-8"))
    service.run("roll", EXAMPLES / f"学籍导出-{SCHOOL}.xlsx")
    files = {"staff": "教师名册", "pairing": "结对帮扶", "accounts": "银行账户", "visits": "走访记录"}
    # Two of the poor pupils stand in parked rows of the roll, so their lines wait.
    expected = {
        "staff": (truth["staff"], 0),
        "pairing": (truth["pairs"] - 2, 2),
        "accounts": (truth["accounts"] - 2, 2),
        "visits": (truth["visits"], 0),
    }
    for kind, file in files.items():
        report = service.run(kind, EXAMPLES / f"{file}-{SCHOOL}.xlsx")
        assert (report.added, report.parked) == expected[kind], kind
    before = state(desk.context)
    for kind, file in files.items():
        again = service.run(kind, EXAMPLES / f"{file}-{SCHOOL}.xlsx")
        assert (again.added, again.changed, again.unchanged) == (0, 0, expected[kind][0]), kind
    assert state(desk.context) == before
    pairings = {one["student"]: one for one in records(desk.context, Pairing)}
    for one in records(desk.context, Visit):
        known = pairings.get(one["student"])
        assert one["staff"] == (known["staff"] if known and known["valid_from"] <= one["date"] else None)


def test_staff_are_known_by_number_and_completed_with_what_differs(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    headings = ("姓名", "身份证件号", "职务", "联系电话")
    first = {"姓名": "覃火超", "身份证件号": "431099198204182598", "职务": "教师", "联系电话": "13525385473"}
    namesake = first | {"身份证件号": "431099197805070730"}
    path = workbook(tmp_path / "t.xlsx", headings, [first, namesake, {"姓名": "吴泽建", "职务": "校长"}, first])
    assert counts(imports.run("staff", path)) == {"read": 4, "added": 2, "changed": 1, "parked": 1}
    assert len(records(desk.context, Staff, name="覃火超")) == 2
    promoted = workbook(tmp_path / "u.xlsx", headings, [first | {"职务": "副校长", "联系电话": None}])
    assert counts(imports.run("staff", promoted)) == {"read": 1, "changed": 1}
    known = records(desk.context, Staff, id_number="431099198204182598")[0]
    assert (known["post"], known["phone"]) == ("副校长", "13525385473")


def test_a_new_caseworker_ends_the_time_of_the_earlier_one_the_day_before(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("pairing", pairs(tmp_path / "p.xlsx", pair()))
    imports.run("pairing", pairs(tmp_path / "q.xlsx", pair("张紫欣", "2025-10-08")))
    spans = sorted((one["valid_from"], one["valid_to"]) for one in records(desk.context, Pairing))
    assert spans == [("2025-09-10", "2025-10-07"), ("2025-10-08", None)]
    before = state(desk.context)
    assert counts(imports.run("pairing", pairs(tmp_path / "p.xlsx", pair()))) == {"read": 1, "unchanged": 1}
    assert state(desk.context) == before


def test_both_caseworkers_may_stand_in_one_list(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = pairs(tmp_path / "p.xlsx", pair(), pair("张紫欣", "20251008"))
    assert counts(imports.run("pairing", path)) == {"read": 2, "added": 2}
    assert sorted(str(one["valid_to"]) for one in records(desk.context, Pairing)) == ["2025-10-07", "None"]
    assert counts(imports.run("pairing", path)) == {"read": 2, "unchanged": 2}


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (pair("无此人"), "责任人姓名"),
        (pair(name="别的名字"), "*学生姓名"),
        (("汪静根", NUMBERS[1], "吴泽建", "2025-09-10"), "*身份证号"),
        (("宋火强", None, "吴泽建", "2025-09-10"), "*身份证号"),
        (pair(since="2025-02-30"), "结对日期"),
    ],
    ids=["unknown teacher", "another name", "not on the roll", "no number", "no such day"],
)
def test_a_pairing_of_nobody_is_parked(
    row: tuple[object, ...], column: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    report = imports.run("pairing", pairs(tmp_path / "p.xlsx", row))
    assert counts(report) == {"read": 1, "parked": 1}
    assert [fault.column for fault in report.faults] == [column]
    assert records(desk.context, Pairing) == []


def test_a_caseworkers_name_that_two_share_is_parked(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    desk.staff("吴泽建")
    report = imports.run("pairing", pairs(tmp_path / "p.xlsx", pair()))
    assert counts(report) == {"read": 1, "parked": 1}
    assert "2 位" in report.faults[0].problem


def test_two_caseworkers_from_the_same_day_cannot_be(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    report = imports.run("pairing", pairs(tmp_path / "p.xlsx", pair(), pair("张紫欣")))
    assert counts(report) == {"read": 2, "added": 1, "parked": 1}
    assert "吴泽建" in report.faults[0].problem


def test_a_pairing_without_date_begins_with_the_term(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("pairing", pairs(tmp_path / "p.xlsx", pair(since=None)))
    assert [one["valid_from"] for one in records(desk.context, Pairing)] == ["2025-09-01"]


def test_another_account_ends_the_time_of_the_earlier_one(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    first = workbook(tmp_path / "a.xlsx", ACCOUNTS, [account()])
    assert counts(imports.run("accounts", first)) == {"read": 1, "added": 1}
    second = workbook(tmp_path / "b.xlsx", ACCOUNTS, [account(银行账号="6230901843228026878")])
    assert counts(imports.run("accounts", second)) == {"read": 1, "added": 1}
    spans = {one["account"]: (one["valid_from"], one["valid_to"]) for one in records(desk.context, BankAccount)}
    assert spans == {CARD: (None, "2025-11-09"), "6230901843228026878": ("2025-11-10", None)}
    before = state(desk.context)
    assert counts(imports.run("accounts", first)) == {"read": 1, "unchanged": 1}
    assert counts(imports.run("accounts", second)) == {"read": 1, "unchanged": 1}
    assert state(desk.context) == before


def test_a_failing_card_digit_only_warns(imports: ImportService, tmp_path: Path) -> None:
    report = imports.run("accounts", workbook(tmp_path / "a.xlsx", ACCOUNTS, [account(银行账号="6230901339978526430")]))
    assert (report.added, report.parked, report.warned) == (1, 0, 1)
    assert any("校验位" in note for note in report.notes)


def test_a_holder_outside_the_family_is_asked_about(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("accounts", workbook(tmp_path / "a.xlsx", ACCOUNTS, [account(户名="不认识的人")]))
    asked = records(desk.context, Question)
    assert [(one["kind"], one["state"]) for one in asked] == [("account_holder", "open")]
    imports.run("accounts", workbook(tmp_path / "a.xlsx", ACCOUNTS, [account()]))
    assert [one["state"] for one in records(desk.context, Question)] == ["gone"]


@pytest.mark.parametrize("number", [6230901339978526431.0, "6.23E+18", None, "12345"])
def test_an_account_that_lost_its_digits_is_parked(number: object, imports: ImportService, tmp_path: Path) -> None:
    report = imports.run("accounts", workbook(tmp_path / "a.xlsx", ACCOUNTS, [account(银行账号=number)]))
    assert counts(report) == {"read": 1, "parked": 1}


@pytest.mark.parametrize("day", ["2025年9月14日", "20250914", "2025-09-14", "2025.9.14", "2025/9/14"])
def test_a_visit_is_read_whatever_the_date_looks_like(
    day: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("pairing", pairs(tmp_path / "p.xlsx", pair()))
    imports.run("visits", workbook(tmp_path / "v.xlsx", VISITS, [visit(走访日期=day)]))
    found = records(desk.context, Visit)[0]
    assert (found["date"], found["method"], found["needs"]) == ("2025-09-14", "1", "希望寄宿")
    assert found["staff"] == records(desk.context, Staff, name="吴泽建")[0]["uid"]


def test_a_visit_belongs_to_the_caseworker_of_its_day(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("pairing", pairs(tmp_path / "p.xlsx", pair(), pair("张紫欣", "2025-10-08")))
    days = ("2025-09-01", "2025-09-14", "2025-10-08")
    imports.run("visits", workbook(tmp_path / "v.xlsx", VISITS, [visit(走访日期=day) for day in days]))
    names = {one["uid"]: one["name"] for one in records(desk.context, Staff)}
    found = {one["date"]: names.get(one["staff"]) for one in records(desk.context, Visit)}
    assert found == {"2025-09-01": None, "2025-09-14": "吴泽建", "2025-10-08": "张紫欣"}


def test_the_same_visit_twice_is_one_visit(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    rows = [visit(), visit(), visit(家庭情况="母亲生病住院，收入减少")]
    report = imports.run("visits", workbook(tmp_path / "v.xlsx", VISITS, rows))
    assert counts(report) == {"read": 3, "added": 2, "unchanged": 1}


@pytest.mark.parametrize("cells", [{"走访方式": "托梦"}, {"走访方式": None}, {"走访日期": "不记得"}])
def test_a_visit_that_cannot_be_read_is_parked(
    cells: dict[str, object], imports: ImportService, tmp_path: Path
) -> None:
    report = imports.run("visits", workbook(tmp_path / "v.xlsx", VISITS, [visit(**cells)]))
    assert counts(report) == {"read": 1, "parked": 1}


def test_a_visit_after_today_is_told(imports: ImportService, tmp_path: Path) -> None:
    report = imports.run("visits", workbook(tmp_path / "v.xlsx", VISITS, [visit(走访日期="2025-12-01")]))
    assert report.added == 1
    assert any("晚于今天" in note for note in report.notes)
