"""Deciding aid: who gets what, why, and what happens when it is decided again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import AidDecision, Enrolment, Hardship, Identity, Payment, Standard, Student
from jzdesk.services.deciding import DECISION
from jzdesk.services.pupils import ENROLMENT
from jzdesk.services.standards import STANDARD, StandardService
from tests.factories.people import SPRING, TERM, Desk, new_desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def enrolment_of(desk: Desk, student: str) -> str:
    with desk.context.read() as connection:
        query = select(ENROLMENT.c.uid).where(ENROLMENT.c.student == student)
        return str(connection.execute(query).scalar_one())


def change_enrolment(desk: Desk, student: str, **values: str) -> None:
    uid = enrolment_of(desk, student)
    with desk.context.write() as unit:
        unit.change(Enrolment, uid, values)


def test_a_poor_boarder_in_primary_school_gets_the_boarders_living_aid(desk: Desk) -> None:
    desk.pupil(boarding="2")
    run = desk.aid.decide(TERM)
    assert (run.granted, run.refused, run.fen, run.changed) == (1, 0, 62500, 1)
    (line,) = desk.aid.decisions(TERM)
    assert (line.programme_code, line.amount, line.outcome) == ("LIVING_BOARD", "625.00", "享受")
    assert line.basis == "脱贫家庭学生（原建档立卡）"
    assert line.school_class == "小学三年级1班"


def test_a_poor_day_pupil_gets_half_with_the_half_yuan_kept(desk: Desk) -> None:
    desk.pupil(boarding="1")
    run = desk.aid.decide(TERM)
    assert run.fen == 31250
    assert desk.aid.decisions(TERM)[0].amount == "312.50"


def test_a_pupil_who_is_not_poor_gets_no_decision_although_meals_and_fees_are_free(desk: Desk) -> None:
    desk.pupil(hardships=())
    run = desk.aid.decide(TERM)
    assert (run.judged, run.granted, run.refused, run.changed) == (1, 0, 0, 0)
    assert desk.aid.decisions(TERM) == []


def test_several_hardships_give_one_share_on_the_strongest_ground(desk: Desk) -> None:
    desk.pupil(hardships=("D12", "D01", "D10"))
    desk.aid.decide(TERM)
    (line,) = desk.aid.decisions(TERM)
    assert line.basis == "脱贫家庭学生（原建档立卡）"
    assert "多重困难同一学期只享受一份" in line.reasons


def test_deciding_again_changes_nothing(desk: Desk) -> None:
    for boarding in ("1", "2", None):
        desk.pupil(boarding=boarding)
    first = desk.aid.decide(TERM)
    before = desk.context.store.own_chain().last_n
    again = desk.aid.decide(TERM)
    assert first.changed == 3
    assert (again.changed, again.granted, again.refused, again.fen) == (0, first.granted, first.refused, first.fen)
    assert desk.context.store.own_chain().last_n == before


def test_a_hardship_that_ended_before_the_term_is_refused_with_that_reason(desk: Desk) -> None:
    student = desk.pupil(hardships=())
    with desk.context.write() as unit:
        unit.add(Hardship, {"student": student, "code": "D05", "valid_from": "2023-09-01", "valid_to": "2025-06-30"})
    run = desk.aid.decide(TERM)
    assert (run.granted, run.refused) == (0, 1)
    (line,) = desk.aid.decisions(TERM, outcome="refused")
    assert "没有有效的困难类型认定" in line.reasons


def test_a_poor_pupil_whose_boarding_is_unknown_waits_for_a_person(desk: Desk) -> None:
    desk.pupil(boarding=None)
    run = desk.aid.decide(TERM)
    assert (run.granted, run.refused) == (0, 1)
    assert "需人工认定" in desk.aid.decisions(TERM)[0].reasons


def test_a_pupil_on_leave_is_refused(desk: Desk) -> None:
    desk.pupil(status="02")
    assert desk.aid.decide(TERM).granted == 0
    assert "休学" in desk.aid.decisions(TERM)[0].reasons


def test_a_pupil_who_becomes_a_boarder_before_payment_changes_programme(desk: Desk) -> None:
    student = desk.pupil(boarding="1")
    desk.aid.decide(TERM)
    change_enrolment(desk, student, boarding="2")
    run = desk.aid.decide(TERM)
    assert (run.granted, run.fen, run.changed) == (1, 62500, 2)
    granted = desk.aid.decisions(TERM, outcome="granted")
    assert [line.programme_code for line in granted] == ["LIVING_BOARD"]


def test_what_was_approved_is_reported_and_not_changed(desk: Desk) -> None:
    student = desk.pupil(boarding="1")
    desk.aid.decide(TERM)
    desk.aid.approve(desk.aid.make_batch(TERM).uid, "覃火超")
    change_enrolment(desk, student, boarding="2")
    run = desk.aid.decide(TERM)
    assert run.fen == 31250
    assert [(one.student, "不享受" in one.sentence) for one in run.frozen] == [(student, True)]
    assert [line.programme_code for line in desk.aid.decisions(TERM, "granted")] == ["LIVING_DAY"]
    with pytest.raises(UserError, match="没有待发放"):
        desk.aid.make_batch(TERM)


def test_a_line_of_a_draft_batch_follows_its_decision(desk: Desk) -> None:
    student, other = desk.pupil("宋火强"), desk.pupil("邹月欣")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    change_enrolment(desk, student, status="02")
    desk.aid.decide(TERM)
    assert [line.student for line in desk.aid.lines(batch)] == [other]


def test_a_child_paid_by_another_school_this_term_is_not_paid_again(desk: Desk) -> None:
    student = desk.pupil()
    paid_elsewhere(desk, student)
    run = desk.aid.decide(TERM)
    assert (run.granted, run.refused) == (0, 1)
    assert "不得重复" in desk.aid.decisions(TERM)[0].reasons


def test_a_child_known_to_be_the_same_as_one_paid_elsewhere_is_not_paid_again(desk: Desk) -> None:
    student = desk.pupil()
    with desk.context.store.write(desk.of_school("3143990003")) as unit:
        twin = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
    paid_elsewhere(desk, twin)
    assert desk.aid.decide(TERM).granted == 1
    with desk.as_county().write() as unit:
        unit.add(Identity, {"first": student, "second": twin, "verdict": "same"})
    assert desk.aid.decide(TERM).granted == 0


def paid_elsewhere(desk: Desk, student: str) -> None:
    with desk.context.store.write(desk.of_school("3143990003")) as unit:
        decision = unit.add(AidDecision, {"student": student, "programme": "LIVING_DAY", "term": TERM, "fen": 31250})
        unit.add(Payment, {
            "student": student, "programme": "LIVING_DAY", "term": TERM, "decision": decision, "batch": "f" * 32,
            "due": 31250, "fen": 31250, "kind": "pay", "state": "paid",
        })  # fmt: skip


def test_a_pupil_who_leaves_before_payment_keeps_no_decision(desk: Desk) -> None:
    student = desk.pupil()
    desk.aid.decide(TERM)
    change_enrolment(desk, student, valid_to="2025-08-31")
    run = desk.aid.decide(TERM)
    assert (run.granted, run.refused, run.changed) == (0, 0, 1)


def test_every_term_is_decided_by_its_own_standard(desk: Desk) -> None:
    desk.pupil(boarding="2")
    with desk.context.write() as unit:
        uid = unit.connection.execute(select(ENROLMENT.c.uid)).scalar_one()
        unit.change(Enrolment, uid, {"valid_from": "2022-09-01"})
        for hardship in unit.connection.execute(select(Hardship.__table__.c.uid)).scalars().all():
            unit.change(Hardship, hardship, {"valid_from": "2022-09-01"})
    assert desk.aid.decide("2023-2024-1").fen == 50000
    assert desk.aid.decide(TERM).fen == 62500


def test_every_amount_answers_for_itself(desk: Desk) -> None:
    desk.pupil(boarding="1", hardships=("D05",))
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM)
    why = desk.aid.why(desk.aid.decisions(TERM)[0].uid)
    said = "\n".join(why.lines())
    for part in (
        "每生每学期 312.50 元",
        "自2023-2024学年春季学期起执行",
        "50%",
        "低保",
        "2025-09-01 至今",
        "寄宿与非寄宿互斥",
    ):
        assert part in said
    assert batch.number in why.payments[0]


def test_an_unknown_decision_is_said_to_be_unknown(desk: Desk) -> None:
    with pytest.raises(UserError, match="不存在"):
        desk.aid.why("0" * 32)


def test_a_school_without_standards_is_told_where_they_come_from(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "new", standards=False)
    desk.pupil()
    with pytest.raises(UserError, match="读取县里发来的证书或回执"):
        desk.aid.decide(TERM)
    with pytest.raises(UserError, match="县教育局维护"):
        StandardService(desk.context).learn()


def test_the_county_does_not_decide_for_schools(desk: Desk) -> None:
    from jzdesk.services.aid import AidService

    with pytest.raises(UserError, match="由学校做"):
        AidService(desk.as_county()).decide(TERM)


def test_learning_the_standards_again_adds_nothing_and_keeps_what_the_county_changed(desk: Desk) -> None:
    county = StandardService(desk.as_county())
    with desk.as_county().write() as unit:
        query = select(STANDARD.c.uid).where(STANDARD.c.programme == "LIVING_BOARD", STANDARD.c.fen == 62500)
        uid = unit.connection.execute(query.where(STANDARD.c.valid_to.is_(None))).scalar_one()
        unit.change(Standard, uid, {"fen": 70000})
        gone = unit.connection.execute(select(STANDARD.c.uid).where(STANDARD.c.programme == "LOAN")).scalar_one()
        unit.void(Standard, gone, "本县不办")
    learned = county.learn()
    assert (learned.programmes, learned.standards) == (0, 0)
    assert "700.00" in [line.amount for line in county.standards(TERM)]
    assert "LOAN" not in [line.programme for line in county.standards(TERM)]


def test_the_standards_of_a_term_are_those_in_force_in_it(desk: Desk) -> None:
    def board(term: str) -> list[str]:
        return [one.amount for one in desk.aid.standards(term) if one.programme == "LIVING_BOARD"]

    assert board("2023-2024-1") == ["625.00", "500.00"]
    assert board(TERM) == ["750.00", "625.00"]


def test_totals_keep_cash_apart_from_everything_else(desk: Desk) -> None:
    desk.pupil("宋火强", boarding="2")
    desk.pupil("邹月欣", grade="G10", boarding="2")
    desk.aid.decide(TERM)
    totals = {one.programme: (one.channel, one.students, one.fen) for one in desk.aid.totals(TERM)}
    assert totals["LIVING_BOARD"] == ("cash", 1, 62500)
    assert totals["SENIOR_FEE"] == ("waiver", 1, 0)
    assert "SENIOR_GRANT" not in totals


def test_progress_may_stop_the_run_and_nothing_is_written(desk: Desk) -> None:
    desk.crowd(30)

    def stop(done: int, total: int, text: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        desk.aid.decide(TERM, stop)
    with desk.context.read() as connection:
        assert connection.execute(select(DECISION)).first() is None


def test_terms_offer_the_one_at_work_and_its_neighbours(desk: Desk) -> None:
    assert [term for term, _ in desk.aid.terms()] == [SPRING, TERM, "2024-2025-2"]
