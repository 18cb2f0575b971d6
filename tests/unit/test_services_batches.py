"""Batches: from decisions to money, step by step, and back when money comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import AidDecision, Enrolment
from jzdesk.services.batches import BatchLine
from jzdesk.services.payments import PAYMENT
from jzdesk.services.pupils import ENROLMENT
from tests.factories.people import TERM, Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def paid_batch(desk: Desk) -> BatchLine:
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    desk.aid.approve(batch, "覃火超")
    return desk.aid.pay(batch, "2025-11-08")


def with_account(desk: Desk, name: str = "宋火强", boarding: str = "2") -> str:
    student = desk.pupil(name, boarding=boarding)
    desk.guardian(student)
    desk.account(student)
    return student


def test_a_batch_goes_from_draft_to_approved_to_paid(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM)
    assert (batch.state_label, batch.lines, batch.fen, batch.missing_accounts) == ("待审批", 1, 62500, 0)
    approved = desk.aid.approve(batch.uid, " 覃 火超 ")
    assert (approved.state_label, approved.approver, approved.approved_on) == ("已审批", "覃火超", "2025-11-10")
    paid = desk.aid.pay(batch.uid, "2025.11.9")
    assert (paid.state_label, paid.paid_on) == ("已发放", "2025-11-09")
    assert [line.state_label for line in desk.aid.lines(batch.uid)] == ["已发放"]
    assert desk.aid.cash(TERM).fen == 62500


def test_steps_in_the_wrong_order_are_refused_with_the_right_one(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    with pytest.raises(UserError, match="请先审批"):
        desk.aid.pay(batch)
    desk.aid.approve(batch, "覃火超")
    with pytest.raises(UserError, match="不能审批"):
        desk.aid.approve(batch, "覃火超")
    with pytest.raises(UserError, match="逐笔登记退回"):
        desk.aid.discard(batch, "错了")
    desk.aid.pay(batch)
    with pytest.raises(UserError, match="不能登记发放"):
        desk.aid.pay(batch)


def test_nothing_is_approved_or_paid_tomorrow(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    desk.aid.approve(batch, "覃火超")
    with pytest.raises(UserError, match="还没有到"):
        desk.aid.pay(batch, "2025-11-11")
    other = desk.pupil("邹月欣")
    desk.aid.decide(TERM)
    second = desk.aid.make_batch(TERM)
    assert [line.student for line in desk.aid.lines(second.uid)] == [other]
    with pytest.raises(UserError, match="审批日期 2025-11-11 还没有到"):
        desk.aid.approve(second.uid, "覃火超", "2025-11-11")
    assert desk.aid.approve(second.uid, "覃火超", "2025-11-07").approved_on == "2025-11-07"
    assert desk.aid.batch(batch).state == "approved"


def test_nobody_approves_without_a_name(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    with pytest.raises(UserError, match="审批人"):
        desk.aid.approve(desk.aid.make_batch(TERM).uid, "　")


def test_a_second_batch_takes_only_what_the_first_left(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    first = desk.aid.make_batch(TERM)
    with pytest.raises(UserError, match="没有待发放的现金认定"):
        desk.aid.make_batch(TERM)
    late = desk.pupil("邹月欣")
    desk.aid.decide(TERM)
    second = desk.aid.make_batch(TERM)
    assert [line.student for line in desk.aid.lines(second.uid)] == [late]
    assert (first.number, second.number) == (f"{TERM}-01", f"{TERM}-02")


def test_a_discarded_draft_frees_its_decisions(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    desk.aid.discard(desk.aid.make_batch(TERM).uid, "重做")
    assert desk.aid.batches(TERM) == []
    assert desk.aid.make_batch(TERM).lines == 1


def test_meals_waivers_and_what_others_pay_never_enter_a_cash_batch(desk: Desk) -> None:
    desk.pupil("宋火强", grade="V1", boarding="2")
    desk.aid.decide(TERM)
    programmes = {line.programme_code for line in desk.aid.decisions(TERM, "granted")}
    assert {"VOC_GRANT", "YULU"} <= programmes
    batch = desk.aid.make_batch(TERM)
    assert [line.programme for line in desk.aid.lines(batch.uid)] == ["中等职业国家助学金"]
    with pytest.raises(UserError, match="不是由学校发放的现金补助"):
        desk.aid.make_batch(TERM, "YULU")


def test_an_amount_typed_for_a_meal_is_not_paid_in_cash(desk: Desk) -> None:
    student = desk.pupil(hardships=())
    meal: dict[str, Value] = {
        "student": student,
        "programme": "NUTRITION",
        "term": TERM,
        "outcome": "granted",
        "fen": 50000,
    }
    with desk.context.write() as unit:
        unit.add(AidDecision, meal)
    with pytest.raises(UserError, match="没有待发放的现金认定"):
        desk.aid.make_batch(TERM)


def test_a_batch_of_one_programme_leaves_the_others(desk: Desk) -> None:
    with_account(desk, "宋火强", boarding="2")
    with_account(desk, "邹月欣", boarding="1")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM, "LIVING_DAY")
    assert (batch.programme, batch.fen) == ("非寄宿生生活补助", 31250)
    assert desk.aid.make_batch(TERM).fen == 62500


def test_who_has_no_account_signs_for_the_money_and_is_counted(desk: Desk) -> None:
    with_account(desk)
    desk.pupil("邹月欣")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM)
    assert (batch.lines, batch.missing_accounts) == (2, 1)
    assert {line.name: line.method for line in desk.aid.lines(batch.uid)} == {"宋火强": "银行代发", "邹月欣": "签领"}


def test_the_account_in_force_on_the_day_is_used_and_shown_masked(desk: Desk) -> None:
    student = desk.pupil()
    desk.account(student, "旧户名", valid_from="2024-01-01", valid_to="2025-10-31")
    desk.account(student, "宋火强", account="6230901339978526431", valid_from="2025-11-01")
    desk.account(student, "将来户名", valid_from="2026-01-01")
    desk.aid.decide(TERM)
    (line,) = desk.aid.lines(desk.aid.make_batch(TERM).uid)
    assert (line.holder, line.warning) == ("宋火强", "")
    assert line.account == "***************6431"


def test_an_account_of_neither_student_nor_guardian_is_warned_about(desk: Desk) -> None:
    student = desk.pupil()
    desk.guardian(student, "宋琪亦")
    desk.guardian(student, "宋老大", relation="71", is_guardian=0)
    desk.account(student, "宋老大")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM)
    assert batch.warned == 1
    assert "代领、冒领" in desk.aid.lines(batch.uid)[0].warning


def test_returned_money_is_a_line_of_its_own_and_the_old_line_stays(desk: Desk) -> None:
    with_account(desk)
    batch = paid_batch(desk)
    (line,) = desk.aid.lines(batch.uid)
    desk.aid.return_payment(line.uid, "账号有误，银行退回", "2025-11-09")
    both = desk.aid.lines(batch.uid)
    assert [(one.kind_label, one.fen) for one in both] == [("发放", 62500), ("退回", -62500)]
    assert both[1].reason == "2025-11-09 退回：账号有误，银行退回"
    again = desk.aid.batch(batch.uid)
    assert (again.fen, again.returned, again.students) == (0, 62500, 0)
    assert desk.aid.cash(TERM).students == 0


def test_money_comes_back_once_and_only_after_it_was_paid(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    (line,) = desk.aid.lines(batch)
    with pytest.raises(UserError, match="只有已发放"):
        desk.aid.return_payment(line.uid, "退回")
    desk.aid.approve(batch, "覃火超")
    desk.aid.pay(batch)
    with pytest.raises(UserError, match="退回原因"):
        desk.aid.return_payment(line.uid, " ")
    desk.aid.return_payment(line.uid, "退回")
    with pytest.raises(UserError, match="已经退回"):
        desk.aid.return_payment(line.uid, "退回")


def test_returned_money_is_paid_again_in_a_batch_of_its_own(desk: Desk) -> None:
    student = with_account(desk)
    batch = paid_batch(desk)
    (line,) = desk.aid.lines(batch.uid)
    with pytest.raises(UserError, match="没有退回"):
        desk.aid.reissue(line.uid)
    desk.aid.return_payment(line.uid, "账号有误")
    with pytest.raises(UserError, match="没有待发放"):
        desk.aid.make_batch(TERM)
    desk.account(student, "宋火强", account="6230901843228026878", valid_from="2025-11-09")
    again = desk.aid.reissue(line.uid, "换账户补发")
    assert (again.state_label, again.fen, again.title.endswith("（补发）")) == ("待审批", 62500, True)
    (reissued,) = desk.aid.lines(again.uid)
    assert (reissued.kind_label, reissued.holder, reissued.reason) == ("补发", "宋火强", "换账户补发")
    with pytest.raises(UserError, match="已经补发"):
        desk.aid.reissue(line.uid)
    desk.aid.approve(again.uid, "覃火超")
    desk.aid.pay(again.uid)
    assert desk.aid.cash(TERM).fen == 62500
    assert desk.aid.cash(TERM).payments == 1


def test_money_paid_under_the_wrong_programme_comes_back_and_is_paid_under_the_right_one(desk: Desk) -> None:
    student = with_account(desk, boarding="1")
    (line,) = desk.aid.lines(paid_batch(desk).uid)
    with desk.context.write() as unit:
        query = select(ENROLMENT.c.uid).where(ENROLMENT.c.student == student)
        unit.change(Enrolment, unit.connection.execute(query).scalar_one(), {"boarding": "2"})
    assert len(desk.aid.decide(TERM).frozen) == 1
    desk.aid.return_payment(line.uid, "应按寄宿生发放")
    run = desk.aid.decide(TERM)
    assert (run.fen, run.frozen) == (62500, ())
    with pytest.raises(UserError, match="现在的认定是“不享受”"):
        desk.aid.reissue(line.uid)
    again = desk.aid.make_batch(TERM)
    assert (again.fen, again.lines) == (62500, 1)


def test_a_line_that_no_longer_agrees_with_its_decision_stops_the_approval(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    with desk.context.write() as unit:
        unit.change(AidDecision, desk.aid.decisions(TERM)[0].uid, {"fen": 1})
    with pytest.raises(UserError, match="与认定不一致（宋火强）"):
        desk.aid.approve(batch, "覃火超")


def test_a_notice_hangs_five_working_days_counted_from_the_next_day(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    desk.aid.post_notice(batch, "2025-09-26", "0735-3721234", "青石镇中心小学政教处", "0735-3720000")
    (notice,) = desk.aid.notices(batch)
    assert notice.until == "2025-10-10"  # the Sunday 28 September is worked, 1 to 8 October are not
    assert notice.due


def test_a_notice_comes_down_when_its_period_is_over_and_not_before(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    notice = desk.aid.post_notice(batch, "2025-11-03", "0735-3721234", "政教处")
    with pytest.raises(UserError, match="公示期到 2025-11-10 才满"):
        desk.aid.take_down(notice, "2025-11-07")
    with pytest.raises(UserError, match="正在公示"):
        desk.aid.post_notice(batch, "2025-11-04", "0735-3721234", "政教处")
    desk.aid.take_down(notice)
    assert [(one.down, one.due) for one in desk.aid.notices(batch)] == [(True, False)]


def test_a_notice_needs_somebody_to_call(desk: Desk) -> None:
    with_account(desk)
    desk.aid.decide(TERM)
    with pytest.raises(UserError, match="受理电话"):
        desk.aid.post_notice(desk.aid.make_batch(TERM).uid, "2025-11-03", "", "政教处")


def test_the_numbers_of_a_large_batch_add_up(desk: Desk) -> None:
    desk.crowd(300)
    run = desk.aid.decide(TERM)
    batch = paid_batch(desk)
    with desk.context.read() as connection:
        total = connection.execute(select(func.sum(PAYMENT.c.fen))).scalar_one()
    assert (batch.lines, batch.fen) == (run.granted, run.fen)
    assert total == run.fen == 50 * 31250 * 1 + 50 * 62500
    assert batch.missing_accounts == 100
