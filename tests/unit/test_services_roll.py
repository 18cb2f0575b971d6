"""学籍异动 as a service: events change the enrolment, are taken back, and leave every earlier day as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, Student
from jzdesk.policy import enrolment as rules
from jzdesk.services.forms import FormProblems
from jzdesk.services.home import HomeService
from jzdesk.services.importing import ImportService
from jzdesk.services.pupils import ENROLMENT, pupils
from jzdesk.services.roll import EventDraft, RollService
from jzdesk.services.roll.as_of import AsOfService
from jzdesk.services.roll.listing import EventQuery
from jzdesk.services.roll.timeline import timelines
from jzdesk.services.undoing import UndoService
from jzdesk.services.visits import VisitService
from tests.factories.people import SCHOOL_CODE, Desk, new_desk, verified_desk
from tests.factories.rolls import NUMBERS, ROLL_HEADINGS, child, parked_rows, records, workbook


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school", standards=False) as made:
        yield made


def roll(desk: Desk) -> RollService:
    return RollService(desk.context)


def place(desk: Desk, student: str) -> dict[str, Any]:
    query = select(ENROLMENT).where(ENROLMENT.c.student == student, ENROLMENT.c.hidden == 0)
    with desk.context.read() as connection:
        return dict(connection.execute(query).mappings().one())


def standing(desk: Desk, student: str, day: str) -> tuple[str, str, str | None]:
    with desk.context.read() as connection:
        one = pupils(connection, SCHOOL_CODE, (day, day))[student]
    return one.status, one.grade, one.class_name


def suspend(desk: Desk, student: str, day: str = "2025-10-10", until: str = "2026-09-01") -> str:
    return roll(desk).register(EventDraft(student, "休学", day, until=until, reason="治病")).uid


def test_a_suspension_changes_the_enrolment_and_its_event_tells_before_and_after(desk: Desk) -> None:
    student = desk.pupil("王小明")
    done = roll(desk).register(EventDraft(student, "休学", "2025.10.10", until="2026-9-1", reason="治病"))
    assert place(desk, student)["status"] == "02"
    (line,) = roll(desk).rows([done.uid])
    assert (line.kind_label, line.change, line.until) == ("休学", "在读 → 休学", "2026-09-01")
    assert (line.name, line.place, line.reason) == ("王小明", "小学三年级1班", "治病")
    assert done.sentence == "已登记 王小明 休学"
    assert UndoService(desk.context).recent()[0].label == "休学：王小明"


def test_every_day_keeps_the_status_it_had(desk: Desk) -> None:
    student = desk.pupil()
    suspend(desk, student)
    desk.on("2026-03-02")
    roll(desk).register(EventDraft(student, "03", "2026-03-01"))
    days = ("2025-10-09", "2025-10-10", "2026-02-28", "2026-03-01")
    assert [standing(desk, student, day)[0] for day in days] == ["01", "02", "02", "01"]


def test_leaving_ends_the_enrolment_the_day_before_and_coming_back_opens_it_again(desk: Desk) -> None:
    student = desk.pupil()
    roll(desk).register(EventDraft(student, "转出", "2025-10-10", other_school="白沙镇中心小学"))
    assert (place(desk, student)["status"], place(desk, student)["valid_to"]) == ("04", "2025-10-09")
    room = desk.school_class("G04", "2班")
    back = EventDraft(student, "转入", "2025-11-05", other_school="白沙镇中心小学", to_grade="G04", to_class=room)
    roll(desk).register(back)
    now = place(desk, student)
    assert (now["status"], now["valid_to"], now["grade"], now["school_class"]) == ("01", None, "G04", room)
    assert standing(desk, student, "2025-10-20") == ("04", "G03", "1班")
    assert [line.name for line in AsOfService(desk.context).roll("2025-10-20").lines] == []


def test_what_a_kind_needs_is_asked_for_beside_the_field(desk: Desk) -> None:
    student = desk.pupil()
    for kind, field in (("休学", "until"), ("转出", "other_school"), ("疑似辍学", "reason"), ("调班", "to_class")):
        with pytest.raises(UserError, match="要写明") as refused:
            roll(desk).register(EventDraft(student, kind))
        assert field in getattr(refused.value, "fields", {})
    with pytest.raises(UserError, match="没有“预计截止”这一项"):
        roll(desk).register(EventDraft(student, "转出", other_school="外校", until="2026-09-01"))
    with pytest.raises(FormProblems):
        roll(desk).register({"student": student, "kind": "飞走"})
    with pytest.raises(FormProblems):
        roll(desk).register({"kind": "02"})
    assert records(desk.context, Enrolment, status="01")


def test_a_drop_out_is_suspected_first_persuaded_and_then_back(desk: Desk) -> None:
    student = desk.pupil("李思远")
    with pytest.raises(UserError, match="请先登记疑似辍学并劝返"):
        roll(desk).register(EventDraft(student, "辍学", "2025-10-01", reason="外出打工", proof="劝返记录"))
    roll(desk).register(EventDraft(student, "疑似辍学", "2025-10-01", reason="连续缺课"))
    assert roll(desk).ids(EventQuery(kind="suspected"))
    roll(desk).register(EventDraft(student, "辍学", "2025-10-20", reason="外出打工", proof="劝返记录 3 次"))
    roll(desk).register(EventDraft(student, "劝返复学", "2025-11-01"))
    assert [line.kind_label for line in roll(desk).history(student)] == ["劝返复学", "辍学", "疑似辍学"]
    assert roll(desk).ids(EventQuery(kind="suspected")) == []


def test_nobody_withdraws_from_compulsory_school_by_event_form_or_ledger(desk: Desk) -> None:
    student = desk.pupil("李思远")
    with pytest.raises(UserError, match="义务教育"):
        roll(desk).register(EventDraft(student, "退学", reason="不想读"))
    from jzdesk.services.ledger import LedgerService
    from jzdesk.services.students import StudentDraft, StudentService

    ledger = LedgerService(desk.context)
    with pytest.raises(FormProblems, match="义务教育"):
        ledger.save("enrolment", {"status": "12"}, place(desk, student)["uid"])
    service = StudentService(desk.context, ledger)
    with pytest.raises(FormProblems) as refused:
        service.save(StudentDraft(student, {"name": "李思远"}, {"status": "退学"}))
    assert "疑似辍学" in refused.value.fields["enrolment.status"]
    person = {"name": "新生", "sex": "1", "birth": "2016-05-07"}
    with pytest.raises(FormProblems) as refused:
        service.save(StudentDraft(None, person, {"grade": "G03", "status": "12"}))
    assert "enrolment.status" in refused.value.fields


def test_a_sheet_that_says_so_is_parked(desk: Desk, tmp_path: Path) -> None:
    headings, upper = (*ROLL_HEADINGS, "学生状态"), "普高二年级"
    rows = (
        child(NUMBERS[0], 学生状态="退学"), child(NUMBERS[1], 学生状态="休学"),
        child(NUMBERS[2], 学生状态="退学", 年级=upper),
    )  # fmt: skip
    report = ImportService(desk.context).run("roll", workbook(tmp_path / "roll.xlsx", headings, rows))
    assert (report.added, report.parked) == (2, 1)
    assert [("义务教育" in row["problem"], "疑似辍学" in row["remedy"]) for row in parked_rows(desk.context)] == [
        (True, True)
    ]


def test_an_event_before_the_enrolment_or_in_the_future_is_refused(desk: Desk) -> None:
    student = desk.pupil()
    with pytest.raises(UserError, match="学籍从 2025-09-01 开始"):
        suspend(desk, student, "2025-08-31")
    with pytest.raises(UserError, match="还没有到"):
        suspend(desk, student, "2025-11-11")


def test_a_backdated_event_is_told_against_both_neighbours(desk: Desk) -> None:
    student, other = desk.pupil(), desk.school_class("G03", "2班")
    suspend(desk, student)
    with pytest.raises(UserError, match="2025-10-10 登记的“休学”"):
        roll(desk).register(EventDraft(student, "转出", "2025-09-20", other_school="外校"))
    roll(desk).register(EventDraft(student, "调班", "2025-09-20", to_class=other))
    assert standing(desk, student, "2025-09-19") == ("01", "G03", "1班")
    assert standing(desk, student, "2025-10-01") == ("01", "G03", "2班")
    assert standing(desk, student, "2025-11-10") == ("02", "G03", "2班")


def test_classes_of_another_grade_or_the_same_are_refused(desk: Desk) -> None:
    student, same, other = desk.pupil(), desk.school_class("G03"), desk.school_class("G04")
    with pytest.raises(UserError, match="已经在这个班"):
        roll(desk).register(EventDraft(student, "调班", to_class=same))
    with pytest.raises(UserError, match="不是小学三年级的班"):
        roll(desk).register(EventDraft(student, "调班", to_class=other))


def test_skipping_a_grade_finds_the_class_of_the_same_name(desk: Desk) -> None:
    student = desk.pupil()
    desk.school_class("G04")
    roll(desk).register(EventDraft(student, "跳级"))
    assert standing(desk, student, "2025-11-10") == ("01", "G04", "1班")
    with pytest.raises(UserError, match="留级到“小学五年级”不对"):
        roll(desk).register(EventDraft(student, "留级", "2025-11-09", to_grade="G05", reason="多病"))


def test_only_the_latest_event_is_voided_and_the_state_goes_back(desk: Desk) -> None:
    student = desk.pupil()
    first = roll(desk).register(EventDraft(student, "疑似辍学", "2025-10-01", reason="缺课")).uid
    second = roll(desk).register(EventDraft(student, "转出", "2025-10-20", other_school="外校")).uid
    with pytest.raises(UserError, match="依次作废"):
        roll(desk).void(first, "登错")
    with pytest.raises(UserError, match="理由"):
        roll(desk).void(second, " ")
    roll(desk).void(second, "没有转成")
    now = place(desk, student)
    assert (now["status"], now["valid_to"]) == ("07", None)
    roll(desk).void(first, "登错了人")
    assert place(desk, student)["status"] == "01"
    with pytest.raises(UserError, match="已经作废"):
        roll(desk).void(first, "再来一次")


def test_an_undo_leads_back_and_a_redo_forth(desk: Desk) -> None:
    student = desk.pupil()
    before = place(desk, student)
    done = roll(desk).register(EventDraft(student, "转出", "2025-10-20", other_school="外校"))
    after, undoing = place(desk, student), UndoService(desk.context)
    assert done.action is not None
    undoing.undo(done.action)
    assert place(desk, student) == before
    assert roll(desk).history(student) == []
    undoing.undo(undoing.recent()[0].number)
    assert place(desk, student) == after


def test_a_correction_in_the_form_stays_when_the_event_is_voided(desk: Desk) -> None:
    student = desk.pupil()
    uid = suspend(desk, student)
    with desk.context.write() as unit:
        unit.change(Enrolment, place(desk, student)["uid"], {"status": "11"})
    roll(desk).void(uid, "登错")
    assert place(desk, student)["status"] == "11"


def test_somebody_without_a_place_here_begins_one(desk: Desk) -> None:
    with desk.context.write() as unit:
        student = unit.add(Student, {"name": "新来的", "sex": "1", "birth": "2016-05-07"})
    with pytest.raises(UserError, match="不在本校学籍里"):
        suspend(desk, student)
    with pytest.raises(UserError, match="要写明年级"):
        roll(desk).register(EventDraft(student, "转入", "2025-10-08", other_school="外校"))
    room = desk.school_class("G03")
    draft = EventDraft(student, "转入", "2025-10-08", other_school="外校", to_grade="小学三年级", to_class=room)
    roll(desk).register(draft)
    assert standing(desk, student, "2025-11-10") == ("01", "G03", "1班")
    assert AsOfService(desk.context).roll("2025-10-07").lines == ()
    child_not_at_school = desk.pupil("没来的", status="15", grade="G01")
    roll(desk).register(EventDraft(child_not_at_school, "入学", "2025-10-08"))
    assert place(desk, child_not_at_school)["status"] == "01"


def test_how_an_enrolment_began_is_told_later_while_nothing_else_happened(desk: Desk) -> None:
    student = desk.pupil()
    roll(desk).register(EventDraft(student, "转入", "2025-09-15", other_school="外校"))
    assert (place(desk, student)["valid_from"], place(desk, student)["status"]) == ("2025-09-15", "01")
    suspend(desk, student)
    with pytest.raises(UserError, match="不能登记“转入”"):
        roll(desk).register(EventDraft(student, "转入", "2025-10-20", other_school="外校"))


def test_the_county_looks_and_does_not_touch(desk: Desk) -> None:
    student = desk.pupil()
    with pytest.raises(UserError, match="由学校登记"):
        RollService(desk.as_county()).register(EventDraft(student, "04", other_school="外校"))
    assert len(AsOfService(desk.as_county()).roll().lines) == 1


def test_the_list_shows_the_events_asked_for(desk: Desk) -> None:
    first, second = desk.pupil("王小明"), desk.pupil("李思远")
    suspend(desk, first)
    roll(desk).register(EventDraft(second, "转出", "2025-11-01", other_school="外校"))

    def names(query: EventQuery) -> list[str]:
        return [line.name for line in roll(desk).rows(roll(desk).ids(query))]

    assert names(EventQuery()) == ["李思远", "王小明"]
    assert names(EventQuery(kind="02")) == ["王小明"]
    assert names(EventQuery(text="李思")) == ["李思远"]
    assert names(EventQuery(year="2024")) == []
    assert roll(desk).years()[0] == ("2025", "2025-2026 学年")


def test_suspensions_past_their_end_wait_on_the_first_page(desk: Desk) -> None:
    student = desk.pupil("王小明")
    suspend(desk, student, until="2025-11-01")
    desk.pupil("李思远", status="07")
    assert [line.name for line in roll(desk).rows(roll(desk).ids(EventQuery(kind="expired")))] == ["王小明"]
    (alone,) = roll(desk).rows(roll(desk).ids(EventQuery(kind="suspected")))
    assert (alone.name, alone.kind, alone.status) == ("李思远", "", "疑似辍学")
    todos = {todo.filter: todo.count for todo in home(desk).summary().todos if todo.page == "roll"}
    assert todos == {"expired": 1, "suspected": 1}
    roll(desk).register(EventDraft(student, "复学", "2025-11-10"))
    assert roll(desk).ids(EventQuery(kind="expired")) == []


def home(desk: Desk) -> HomeService:
    return HomeService(desk.context, VisitService(desk.context))


def test_the_fields_of_each_kind_are_told_to_the_form(desk: Desk) -> None:
    assert roll(desk).fields_of("02") == (("until", "reason"), ("proof", "approver"))
    assert roll(desk).fields_of(None) == ((), ())
    assert roll(desk).fields_of("飞") == ((), ())


def test_the_roll_of_a_day_is_counted_and_written_as_a_workbook(desk: Desk, tmp_path: Path) -> None:
    desk.crowd(12)
    leaves = desk.pupil("王小明")
    suspend(desk, leaves)
    day = AsOfService(desk.context).roll("2025-11-10")
    assert (len(day.lines), day.enrolled) == (13, 12)
    assert day.sentence() == "2025-11-10 在册 12 人，另有休学、辍学等 1 人"
    assert AsOfService(desk.context).roll("2025.10.9").enrolled == 13
    path = tmp_path / "名册.xlsx"
    assert AsOfService(desk.context).export(path, "2025-10-09") == 13
    from python_calamine import load_workbook

    rows = load_workbook(str(path)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "2025-10-09 的名册，在册 13 人，共 13 行"
    assert str(rows[2][0]).startswith("班级名称和班主任")
    assert rows[3] == ["学籍学校", "年级", "班级名称", "姓名", "性别", "学生状态", "就读方式", "班主任"]
    with pytest.raises(UserError, match="还没有到"):
        AsOfService(desk.context).roll("2025-11-11")


STORY = st.lists(
    st.tuples(st.sampled_from(["休学", "复学", "转出", "转入", "疑似辍学", "劝返复学", "调班"]), st.integers(0, 9)),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORY)
def test_whatever_is_recorded_each_day_equals_the_story_told_forward_and_undo_leads_back(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, int]]
) -> None:
    desk = new_desk(tmp_path_factory.mktemp("roll") / "school", standards=False)
    student, rooms = desk.pupil(), [desk.school_class("G03"), desk.school_class("G03", "2班")]
    begun = place(desk, student)
    first = rules.Standing("01", "G03", rooms[0])
    accepted = [number for kind, day in story if (number := tried(desk, student, kind, f"2025-10-{day + 10}", rooms))]
    with desk.context.read() as connection:
        (line,) = timelines(connection, SCHOOL_CODE)[student]
    for day in range(9, 21):
        told = rules.replay(first, line.steps, f"2025-10-{day:02d}")
        assert line.on(f"2025-10-{day:02d}") == told
    assert rules.replay(first, line.steps, "2025-12-31") == line.now
    assert (line.ended is None) == (line.now.status not in rules.GONE)
    for number in reversed(accepted):
        UndoService(desk.context).undo(number)
    if not any(kind == "转入" for kind, _ in story):  # the first 转入 also says since when
        assert place(desk, student) == begun
    desk.context.store.close()


def tried(desk: Desk, student: str, kind: str, day: str, rooms: list[str]) -> int | None:
    needs, _ = RollService(desk.context).fields_of(next(c for c, r in _KINDS.items() if r == kind))
    usual = {"until": "2026-09-01", "reason": "缘由", "other_school": "外校", "to_class": rooms[int(day[-1]) % 2]}
    try:
        return (
            RollService(desk.context)
            .register({"student": student, "kind": kind, "date": day, **{name: usual[name] for name in needs}})
            .action
        )
    except UserError:
        return None


_KINDS = {code: rules.rule(code).label for code in ("02", "03", "04", "05", "07", "09", "24")}
