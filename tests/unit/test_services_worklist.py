"""The receipt as a work list: it stays, its lines name records, and those dealt with are told from those that wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.models import Question, Student
from jzdesk.services.bundle import Services
from tests.factories.people import id_number


@pytest.fixture
def asked(certified: Services, county: Services, tmp_path: Path) -> Services:
    """A school whose receipt asks about two children: one with a question of its own, one on two rolls."""
    twin = {"name": "李思远", "sex": "1", "birth": "2016-05-08", "id_number": id_number("2016-05-08", serial=7)}
    with certified.context.write() as unit:
        doubt = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
        unit.add(Question, {"student": doubt, "kind": "birth_mismatch", "sentence": "生日不一致", "state": "open"})
        unit.add(Student, twin)
    with county.context.write() as unit:
        unit.add(Student, twin)
    stick = tmp_path / "stick"
    stick.mkdir()
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    assert [outcome.outcome for outcome in certified.exchange.read_receipts([stick])] == ["read"]
    return certified


def test_the_lines_name_the_records_and_stay_after_the_receipt_was_read(asked: Services) -> None:
    items = asked.work_list.items()
    assert [(item.entity, item.title, item.done) for item in items] == [
        ("student", "宋火强", False),
        ("student", "李思远", False),
    ]
    assert items[0].field == "id_number"
    assert asked.work_list.left() == 2
    assert ("县里的回执要求改正", 2) in [(todo.label, todo.count) for todo in asked.home.summary().todos]


def test_a_line_is_dealt_with_once_its_record_was_changed_its_question_answered_or_it_was_voided(
    asked: Services,
) -> None:
    first, second = asked.work_list.items()
    (question,) = asked.students.file(first.uid).questions
    asked.students.confirm_question(question.uid, "已看户口簿")
    assert [item.title for item in asked.work_list.items(open_only=True)] == ["李思远"]
    asked.ledger.void("student", second.uid, "已转出")
    assert asked.work_list.left() == 0
    assert len(asked.work_list.items()) == 2


def test_a_line_about_a_field_waits_for_that_field_and_a_line_about_the_record_for_any_change(asked: Services) -> None:
    for item in asked.work_list.items():
        asked.ledger.save("student", {"name": item.title, "sex": "2"}, item.uid)
    assert [(item.title, item.field) for item in asked.work_list.items(open_only=True)] == [("宋火强", "id_number")]
    (item,) = asked.work_list.items(open_only=True)
    asked.ledger.save("student", {"id_number": id_number("2016-05-07", serial=9)}, item.uid)
    assert asked.work_list.left() == 0


def test_a_question_about_another_field_leaves_the_line_open(asked: Services) -> None:
    first, _ = asked.work_list.items()
    with asked.context.write() as unit:
        other = {"student": first.uid, "kind": "pinyin", "sentence": "拼音不一致", "state": "confirmed"}
        unit.add(Question, other)
    assert first in asked.work_list.items(open_only=True)


def test_a_station_that_read_no_receipt_has_an_empty_list(school: Services) -> None:
    assert school.work_list.items() == []


def test_the_receipt_tells_of_conflicts_and_how_they_ended(
    certified: Services, county: Services, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    with certified.context.write() as unit:
        uid = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
        unit.add(Student, {"name": "宋水强"}, uid)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    (item,) = certified.work_list.items()
    assert (item.uid, item.field) == (uid, "name")
    assert all(f"“{word}”" in item.sentence for word in ("姓名", "宋火强", "宋水强"))
    county.settling.resolve("student", uid, "name", "宋火强")
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert certified.work_list.items() == []
    assert certified.ledger.record("student", uid).values["name"] == "宋火强"


def test_the_receipt_tells_who_made_void_what_others_went_on_editing(
    certified: Services, county: Services, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    with certified.context.write() as unit:
        uid = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
        unit.void(Student, uid, "重复登记")
        unit.add(Student, {"phone": "13800000001"}, uid)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    (item,) = certified.work_list.items()
    assert "测试员改了联系电话 138****0001，测试员作废（重复登记）" in item.sentence
