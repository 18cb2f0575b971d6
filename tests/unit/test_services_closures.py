"""销号台账: accounts opened with a basis and a day, closed with proof by two people, opened again; nothing erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Closure, Hardship, Household
from jzdesk.services.forms import FormProblems
from jzdesk.services.home import HomeService
from jzdesk.services.ledger import LedgerService
from jzdesk.services.roll import ClosureService, EventDraft, PromotionService, RollService
from jzdesk.services.roll.closures import ClosureLine, ClosureQuery
from jzdesk.services.visits import VisitService
from tests.factories.people import TERM, Desk, verified_desk
from tests.factories.rolls import records

CLOSING = {"reason": "02", "proof": "收入核实表", "verifier": "吴泽建", "approver": "李校长"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def closures(desk: Desk) -> ClosureService:
    return ClosureService(desk.context)


def opened(desk: Desk, student: str, **values: object) -> str:
    given = {"kind": "student", "student": student, "basis": "困难认定", "due": "2026-06-30", **values}
    return closures(desk).open(given)


def lines(desk: Desk, **query: str) -> list[ClosureLine]:
    return closures(desk).rows(closures(desk).ids(ClosureQuery(**query)))


def test_an_account_is_opened_for_a_pupil_a_household_a_problem_and_a_project(desk: Desk) -> None:
    student = desk.pupil("王小明")
    with desk.context.write() as unit:
        household = unit.add(Household, {"head": "王大山"})
    opened(desk, student)
    closures(desk).open({"kind": "户", "household": household, "basis": "脱贫不稳定户"})
    closures(desk).open({"kind": "问题", "subject": "食堂台账不全", "due": "2025-12-31", "measures": "补齐"})
    closures(desk).open({"kind": "项目", "subject": "环保厕所"})
    assert [(line.kind_label, line.subject, line.state_label) for line in lines(desk)] == [
        ("问题", "食堂台账不全", "未销号"), ("学生", "王小明", "未销号"),
        ("户", "王大山", "未销号"), ("项目", "环保厕所", "未销号"),
    ]  # fmt: skip
    assert [line.subject for line in lines(desk, kind="project")] == ["环保厕所"]
    assert [line.subject for line in lines(desk, text="困难")] == ["王小明"]


def test_an_account_without_an_object_or_with_days_the_wrong_way_round_is_refused(desk: Desk) -> None:
    with pytest.raises(FormProblems, match="对象"):
        closures(desk).open({"kind": "problem"})
    with pytest.raises(UserError, match="没有选定"):
        closures(desk).open({"kind": "student", "subject": "王小明"})
    with pytest.raises(UserError, match="早于建账日期"):
        opened(desk, desk.pupil(), due="2025-01-01")
    with pytest.raises(UserError, match="还没有到"):
        opened(desk, desk.pupil(), opened_on="2025-12-01")


def test_the_same_account_is_not_opened_twice(desk: Desk) -> None:
    student = desk.pupil("王小明")
    opened(desk, student)
    with pytest.raises(UserError, match="已有一个未销号的同样账目"):
        opened(desk, student)
    opened(desk, student, basis="控辍保学")


def test_closing_wants_reason_proof_verifier_and_approver(desk: Desk) -> None:
    uid = opened(desk, desk.pupil("王小明"))
    with pytest.raises(FormProblems) as refused:
        closures(desk).close([uid], {})
    assert set(refused.value.fields) == {"reason", "proof", "verifier", "approver"}
    closures(desk).close([uid], CLOSING)
    (line,) = lines(desk, state="closed")
    assert (line.reason, line.proof, line.closed_on) == ("稳定脱贫或风险消除", "收入核实表", "2025-11-10")
    with pytest.raises(UserError, match="已经销号"):
        closures(desk).close([uid], CLOSING)


@pytest.mark.parametrize(("approver", "said"), [("吴泽建", "同一个人"), ("宋老师", "办理人自己")])
def test_whoever_approves_has_neither_verified_nor_written_it(desk: Desk, approver: str, said: str) -> None:
    uid = opened(desk, desk.pupil("王小明"))
    with pytest.raises(UserError, match=said):
        closures(desk).close([uid], {**CLOSING, "approver": approver})


def test_a_reason_fits_the_kind_of_object(desk: Desk) -> None:
    uid = closures(desk).open({"kind": "problem", "subject": "食堂台账不全"})
    with pytest.raises(UserError, match="问题整改完毕"):
        closures(desk).close([uid], {**CLOSING, "reason": "毕业"})
    closures(desk).close([uid], {**CLOSING, "reason": "问题整改完毕"})


def test_nothing_is_closed_before_it_was_opened_or_in_the_future(desk: Desk) -> None:
    uid = opened(desk, desk.pupil("王小明"), opened_on="2025-10-01")
    for day in ("2025-09-30", "2025-11-11"):
        with pytest.raises(UserError):
            closures(desk).close([uid], {**CLOSING, "closed_on": day})


def test_what_relapses_is_opened_again_with_the_reason_and_closed_again(desk: Desk) -> None:
    uid = opened(desk, desk.pupil("王小明"))
    with pytest.raises(UserError, match="没有销号"):
        closures(desk).reopen(uid, "父亲生病")
    closures(desk).close([uid], CLOSING)
    with pytest.raises(FormProblems):
        closures(desk).reopen(uid, "")
    closures(desk).reopen(uid, "父亲生病")
    (line,) = lines(desk, state="reopened")
    assert (line.state_label, line.reopen_reason, line.reopened_on) == ("复号", "父亲生病", "2025-11-10")
    assert line.reason == "稳定脱贫或风险消除"
    assert [one.uid for one in lines(desk, state="open")] == [uid]
    closures(desk).close([uid], CLOSING)
    history = LedgerService(desk.context).history("closure", uid)
    assert [one.new for one in history if one.what == "状态"] == ["已销号", "复号", "已销号", "未销号"]


def test_closing_for_being_better_off_does_not_stop_aid(desk: Desk) -> None:
    student = desk.pupil("王小明")
    desk.aid.decide(TERM)
    closures(desk).close([opened(desk, student)], CLOSING)
    assert records(desk.context, Hardship)[0]["valid_to"] is None
    assert desk.aid.decide(TERM).changed == 0


def test_accounts_of_all_poor_pupils_are_opened_at_once_and_only_once(desk: Desk) -> None:
    desk.crowd(9)
    desk.pupil("走了的", status="04")
    with pytest.raises(FormProblems):
        closures(desk).open_for_hardships("")
    assert closures(desk).open_for_hardships("2025 年秋认定", "2026-06-30") == 3
    assert closures(desk).open_for_hardships("2025 年秋认定") == 0
    assert {row["kind"] for row in records(desk.context, Closure)} == {"student"}


def test_graduation_transfer_and_death_propose_the_closure_and_close_nothing(desk: Desk) -> None:
    people = {name: desk.pupil(name, "G06") for name in ("毕业的", "转走的", "在读的")}
    for student in people.values():
        opened(desk, student)
    done = RollService(desk.context).register(EventDraft(people["转走的"], "转出", "2025-10-10", other_school="外校"))
    assert done.accounts == 1
    assert [(line.subject, line.proposal_label) for line in lines(desk, state="proposed")] == [("转走的", "转出")]
    desk.on("2026-09-02")
    PromotionService(desk.context).promote([people["在读的"]])
    found = lines(desk, state="proposed")
    assert {line.subject: line.proposal for line in found} == {"毕业的": "01", "转走的": "03"}
    assert {line.state for line in found} == {"open"}
    closures(desk).close([line.uid for line in found if line.proposal == "01"], {**CLOSING, "reason": "01"})
    assert len(lines(desk, state="proposed")) == 1


def test_what_is_past_its_day_stands_first_and_on_the_first_page(desk: Desk) -> None:
    opened(desk, desk.pupil("王小明"), due="2025-11-09", opened_on="2025-09-01")
    opened(desk, desk.pupil("李思远"), due="2025-11-10", opened_on="2025-09-01")
    assert [(line.subject, line.late) for line in lines(desk)] == [("王小明", True), ("李思远", False)]
    assert [line.subject for line in lines(desk, state="overdue")] == ["王小明"]
    todos = HomeService(desk.context, VisitService(desk.context)).summary().todos
    assert [(todo.filter, todo.count) for todo in todos if todo.page == "roll"] == [("overdue", 1)]


def test_the_ledger_only_looks_at_accounts_and_events(desk: Desk) -> None:
    ledger = LedgerService(desk.context)
    assert not ledger.may_write("closure")
    assert not ledger.may_write("enrolment_event")
    with pytest.raises(UserError, match="由学校办理"):
        ClosureService(desk.as_county()).open({"kind": "problem", "subject": "x"})
