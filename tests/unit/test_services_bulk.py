"""Many records at once: the plan names old and new of every cell, and only what is right is written, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import BY_NAME
from jzdesk.services.bulk import BulkService
from jzdesk.services.ledger import LedgerService, Query
from jzdesk.services.plans import CHANGED, SAME, WRONG, Plan, Wish
from jzdesk.services.undoing import UndoService
from tests.factories.people import Desk, id_number, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def ledger(desk: Desk) -> LedgerService:
    return LedgerService(desk.context)


@pytest.fixture
def bulk(desk: Desk, ledger: LedgerService) -> BulkService:
    return BulkService(desk.context, ledger)


def states(plan: Plan) -> list[dict[str, str]]:
    return [{name: cell.state for name, cell in row.cells.items()} for row in plan.rows]


def test_a_plan_tells_changed_from_unchanged_and_writes_nothing(bulk: BulkService, desk: Desk) -> None:
    uid = desk.staff("吴泽建", post="教师")
    plan = bulk.plan("staff", [Wish(uid, {"name": "吴泽建", "post": "班主任"})])
    assert states(plan) == [{"name": SAME, "post": CHANGED}]
    assert (plan.rows[0].cells["post"].old, plan.rows[0].cells["post"].new) == ("教师", "班主任")
    assert plan.changes == {uid: {"post": "班主任"}}
    assert bulk._ledger.record("staff", uid).values["post"] == "教师"


def test_all_of_a_plan_is_one_action_that_can_be_undone(bulk: BulkService, desk: Desk, ledger: LedgerService) -> None:
    uids = [desk.staff(name) for name in ("甲一", "乙二", "丙三")]
    done = bulk.apply(bulk.plan("staff", [Wish(uid, {"post": "班主任"}) for uid in uids]))
    assert done.changed == 3
    undoing = UndoService(desk.context)
    (newest, *_) = undoing.recent()
    assert (newest.number, newest.label) == (done.action, "批量修改 3 条教职工的职务")
    undoing.undo(newest.number)
    assert {ledger.record("staff", uid).values["post"] for uid in uids} == {"教师"}


def test_a_wrong_cell_is_named_with_its_remedy_and_left_out(bulk: BulkService, desk: Desk) -> None:
    uid = desk.staff("吴泽建")
    plan = bulk.plan("staff", [Wish(uid, {"sex": "难", "post": "班主任"})])
    assert states(plan) == [{"sex": WRONG, "post": CHANGED}]
    ((row, field, sentence),) = plan.wrong
    assert (row, field) == (0, "sex")
    assert "“难”不在选项里。请改成" in sentence
    bulk.apply(plan)
    values = bulk._ledger.record("staff", uid).values
    assert (values["sex"], values["post"]) == ("1", "班主任")


def test_a_required_field_cannot_be_cleared(bulk: BulkService, desk: Desk) -> None:
    plan = bulk.plan("staff", [Wish(desk.staff("吴泽建"), {"name": "", "post": ""})])
    assert states(plan) == [{"name": WRONG, "post": CHANGED}]
    assert plan.rows[0].cells["post"].new == ""


def test_full_width_labels_and_dates_are_understood_as_in_a_form(bulk: BulkService, desk: Desk) -> None:
    uid = desk.pupil(birth="2016-05-07")
    plan = bulk.plan(
        "student", [Wish(uid, {"birth": "２０１６年５月８日", "sex": "女", "phone": "１３８００００００００"})]
    )
    assert plan.changes == {uid: {"birth": "2016-05-08", "sex": "2", "phone": "13800000000"}}


def test_records_are_named_by_title_and_the_preview_shows_it(bulk: BulkService, desk: Desk) -> None:
    teacher, room = desk.staff("吴泽建"), desk.school_class("G03")
    plan = bulk.plan("school_class", [Wish(room, {"head": "吴泽建"})])
    assert plan.changes == {room: {"head": teacher}}
    assert plan.rows[0].cells["head"].new == "吴泽建"


def test_a_class_is_found_under_any_way_of_writing_it(bulk: BulkService, desk: Desk, ledger: LedgerService) -> None:
    uid = desk.pupil()
    (enrolment,) = ledger.ids(Query("enrolment", filters={"student": uid}))
    other = desk.school_class("G04", "2班")
    for written in ("小学四年级 2班", "四年级（2）班", other):
        plan = bulk.plan("enrolment", [Wish(enrolment, {"school_class": written})])
        assert plan.changes == {enrolment: {"school_class": other}}


def test_a_name_that_nobody_or_several_have_is_wrong_and_says_so(bulk: BulkService, desk: Desk) -> None:
    room = desk.school_class("G03")
    desk.staff("吴泽建"), desk.staff("吴泽建")
    for name, words in (("没有人", "没有叫“没有人”的教职工"), ("吴泽建", "有 2 条教职工都叫“吴泽建”")):
        plan = bulk.plan("school_class", [Wish(room, {"head": name})])
        assert words in plan.wrong[0][2]


def test_a_masked_number_pasted_back_is_unchanged_and_another_mask_is_wrong(bulk: BulkService, desk: Desk) -> None:
    uid = desk.pupil(id_number=id_number(), phone="13800000000")
    shown = bulk._ledger.record("student", uid).shown
    plan = bulk.plan("student", [Wish(uid, {"id_number": shown["id_number"], "phone": "139****0000"})])
    assert states(plan) == [{"id_number": SAME, "phone": WRONG}]
    assert "星号" in plan.wrong[0][2]


def test_a_new_record_needs_what_is_required(bulk: BulkService, ledger: LedgerService) -> None:
    plan = bulk.plan("staff", [Wish(None, {"name": "新老师", "post": "教师"}), Wish(None, {"post": "教师"})])
    assert "姓名没有填写" in plan.rows[1].wrong
    done = bulk.apply(plan)
    assert [ledger.record("staff", uid).values["name"] for uid in done.added] == ["新老师"]


def test_blank_lines_ask_for_nothing(bulk: BulkService) -> None:
    assert bulk.plan("staff", [Wish(None, {"name": "", "post": None})]).rows == ()


def test_a_plan_is_stale_once_somebody_changed_a_record(bulk: BulkService, desk: Desk, ledger: LedgerService) -> None:
    one, other = desk.staff("甲一"), desk.staff("乙二")
    plan = bulk.plan("staff", [Wish(one, {"post": "班主任"}), Wish(other, {"post": "班主任"})])
    ledger.save("staff", {"post": "校长"}, one)
    with pytest.raises(UserError, match="有 1 条记录在预览之后又被改过"):
        bulk.apply(plan)
    assert ledger.record("staff", other).values["post"] == "教师"


def test_a_void_or_unknown_record_is_left_out(bulk: BulkService, desk: Desk, ledger: LedgerService) -> None:
    gone = desk.staff("甲一")
    ledger.void("staff", gone, "重复")
    plan = bulk.plan("staff", [Wish(gone, {"post": "班主任"}), Wish("f" * 32, {"post": "班主任"})])
    assert ["作废" in row.wrong or "不在了" in row.wrong for row in plan.rows] == [True, True]
    with pytest.raises(UserError, match="没有可以写入的改动"):
        bulk.apply(plan)


def test_a_record_named_twice_is_refused(bulk: BulkService, desk: Desk) -> None:
    uid = desk.staff("甲一")
    with pytest.raises(UserError, match="出现了两次"):
        bulk.plan("staff", [Wish(uid, {"post": "甲"}), Wish(uid, {"post": "乙"})])


def test_a_changed_number_that_contradicts_the_birth_opens_a_question(bulk: BulkService, desk: Desk) -> None:
    uid = desk.pupil(birth="2016-05-07")
    bulk.apply(bulk.plan("student", [Wish(uid, {"birth": "2016-05-08"})]))
    (question,) = bulk._ledger.ids(Query("question", filters={"student": uid}))
    assert bulk._ledger.record("question", question).values["kind"] == "birth_mismatch"


def test_several_are_voided_with_one_reason_and_come_back_together(
    bulk: BulkService, desk: Desk, ledger: LedgerService
) -> None:
    uids = [desk.staff(name) for name in ("甲一", "乙二")]
    with pytest.raises(UserError, match="没有写明理由"):
        bulk.void("staff", uids, " ")
    bulk.void("staff", uids, "调出")
    assert ledger.ids(Query("staff")) == []
    undoing = UndoService(desk.context)
    undoing.undo(undoing.recent()[0].number)
    assert set(ledger.ids(Query("staff"))) == set(uids)


@pytest.mark.parametrize("entity", sorted(BY_NAME))
def test_every_entity_a_person_may_edit_can_be_edited_in_bulk_and_no_other(
    desk: Desk, bulk: BulkService, ledger: LedgerService, entity: str
) -> None:
    record = BY_NAME[entity]
    with desk.context.write() as unit:
        uid = unit.add(record, {name: 1 for name, spec in record.spec.fields.items() if spec.kind.integer})
    wish = Wish(uid, dict.fromkeys(record.spec.fields, ""))
    if not ledger.may_write(entity):
        with pytest.raises(UserError, match=r"只能查看"):
            bulk.plan(entity, [wish])
        with pytest.raises(UserError, match=r"只能查看"):
            bulk.void(entity, [uid], "试")
        return
    plan = bulk.plan(entity, [wish])
    assert set(plan.rows[0].cells) == set(record.spec.fields)
    bulk.void(entity, [uid], "试")
    assert ledger.ids(Query(entity)) == []
