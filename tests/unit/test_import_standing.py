"""A roll imported again keeps history: what differs is an event by the rules, a correction, or a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.models import Enrolment, EnrolmentEvent, Question, SchoolClass, Student
from jzdesk.policy.enrolment import Standing
from jzdesk.services.importing import ImportReport, ImportService
from jzdesk.services.importing.desk import Desk as ImportDesk
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.standing import Outcome, Standings
from jzdesk.services.importing.taking import write
from jzdesk.services.pupils import Pupil, pupils
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import NUMBERS, child, records, roll, state

SPRING, AUTUMN = "2025-03-10", "2025-11-10"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False, today=SPRING)


def take(desk: Desk, day: str, folder: Path, *rows: dict[str, object]) -> ImportReport:
    return ImportService(desk.on(day).context).run("roll", roll(folder / "r.xlsx", *rows))


def stood(desk: Desk, day: str) -> list[Pupil]:
    with desk.context.read() as connection:
        return list(pupils(connection, None, on=day).values())


def test_a_class_one_grade_up_after_the_summer_is_promoted_and_earlier_terms_see_the_earlier_grade(
    desk: Desk, tmp_path: Path
) -> None:
    second = {"*姓名": "宋静根"}
    take(desk, SPRING, tmp_path, child(年级="小学二年级"), child(NUMBERS[1], **second, 年级="小学二年级"))
    report = take(desk, AUTUMN, tmp_path, child(), child(NUMBERS[1], **second))
    events = records(desk.context, EnrolmentEvent)
    assert (report.changed, report.warned) == (2, 0)
    assert {(one["kind"], one["date"], one["from_grade"], one["to_grade"]) for one in events} == {
        ("21", "2025-09-01", "G02", "G03")
    }
    assert [(one.grade, one.class_name) for one in stood(desk, "2025-06-01")] == [("G02", "1班")] * 2
    assert [(one.grade, one.class_name) for one in stood(desk, AUTUMN)] == [("G03", "1班")] * 2
    before = state(desk.context)
    again = take(desk, AUTUMN, tmp_path, child(), child(NUMBERS[1], **second))
    assert (again.changed, again.unchanged) == (0, 2)
    assert state(desk.context) == before


def test_pupils_promoted_without_a_class_on_the_roll_stand_in_the_class_of_that_name_above(
    desk: Desk, tmp_path: Path
) -> None:
    take(desk, SPRING, tmp_path, child(年级="小学二年级", 班级="2班"))
    take(desk, AUTUMN, tmp_path, child(班级=None))
    rooms = {one["uid"]: (one["grade"], one["name"]) for one in records(desk.context, SchoolClass)}
    assert rooms[records(desk.context, Enrolment)[0]["school_class"]] == ("G03", "2班")


def test_a_grade_first_written_this_term_is_corrected_and_said(desk: Desk, tmp_path: Path) -> None:
    take(desk, "2025-09-05", tmp_path, child(年级="小学二年级"))
    report = take(desk, AUTUMN, tmp_path, child())
    assert records(desk.context, EnrolmentEvent) == []
    assert records(desk.context, Enrolment)[0]["grade"] == "G03"
    assert any("按更正处理" in note for note in report.notes)


@pytest.mark.parametrize(("before", "after"), [("小学一年级", "小学三年级"), ("小学四年级", "小学三年级")])
def test_a_grade_that_no_promotion_explains_is_asked_about_and_left(
    before: str, after: str, desk: Desk, tmp_path: Path
) -> None:
    take(desk, SPRING, tmp_path, child(年级=before))
    known = records(desk.context, Enrolment)[0]
    report = take(desk, AUTUMN, tmp_path, child(年级=after, 联系电话="13812345678"))
    asked = records(desk.context, Question, kind="roll_standing")
    assert report.warned == 1
    assert "不像升级" in asked[0]["sentence"]
    assert records(desk.context, Enrolment)[0]["grade"] == known["grade"]
    assert records(desk.context, Student)[0]["phone"] == "13812345678"
    before_again = state(desk.context)
    take(desk, AUTUMN, tmp_path, child(年级=after, 联系电话="13812345678"))
    assert state(desk.context) == before_again
    take(desk, AUTUMN, tmp_path, child(年级=before))
    assert records(desk.context, Question, kind="roll_standing")[0]["state"] == "gone"


def test_grade_six_goes_up_into_the_junior_part_of_a_school_of_nine_years(desk: Desk, tmp_path: Path) -> None:
    older = {"*姓名": "宋静根"}
    take(desk, SPRING, tmp_path, child(年级="小学六年级"), child(NUMBERS[1], **older, 年级="初中八年级"))
    report = take(desk, AUTUMN, tmp_path, child(年级="初中七年级"), child(NUMBERS[1], **older, 年级="初中九年级"))
    assert (report.changed, report.warned) == (2, 0)
    events = {(one["kind"], one["from_grade"], one["to_grade"]) for one in records(desk.context, EnrolmentEvent)}
    assert events == {("21", "G06", "G07"), ("21", "G08", "G09")}
    assert [one.grade for one in stood(desk, "2025-06-01") if one.name != "宋静根"] == ["G06"]


def test_a_primary_school_asks_about_a_pupil_who_would_be_in_grade_seven(desk: Desk, tmp_path: Path) -> None:
    newcomer = {"*姓名": "宋静根", "年级": "初中七年级"}  # a junior pupil of this very import is no junior part
    take(desk, SPRING, tmp_path, child(年级="小学六年级"))
    take(desk, AUTUMN, tmp_path, child(NUMBERS[1], **newcomer), child(年级="初中七年级"))
    (asked,) = records(desk.context, Question, kind="roll_standing")
    assert "不像升级" in asked["sentence"]
    assert [one.grade for one in stood(desk, AUTUMN) if one.name != "宋静根"] == ["G06"]


def test_another_class_is_a_change_of_class_of_the_day_and_a_second_one_the_same_day_is_asked_about(
    desk: Desk, tmp_path: Path
) -> None:
    take(desk, "2025-09-05", tmp_path, child())
    take(desk, AUTUMN, tmp_path, child(班级="2班"))
    assert [(one["kind"], one["date"]) for one in records(desk.context, EnrolmentEvent)] == [("24", AUTUMN)]
    assert [one.class_name for one in stood(desk, "2025-10-01")] == ["1班"]
    assert [one.class_name for one in stood(desk, AUTUMN)] == ["2班"]
    take(desk, AUTUMN, tmp_path, child(班级="3班"))
    assert "同一天班级不能再变一次" in records(desk.context, Question, kind="roll_standing")[0]["sentence"]
    assert [one.class_name for one in stood(desk, AUTUMN)] == ["2班"]


def test_a_class_that_was_blank_is_filled_in_without_an_event(desk: Desk, tmp_path: Path) -> None:
    take(desk, "2025-09-05", tmp_path, child(班级=None))
    take(desk, AUTUMN, tmp_path, child())
    assert records(desk.context, EnrolmentEvent) == []
    assert [one.class_name for one in stood(desk, "2025-10-01")] == ["1班"]


def test_a_status_that_needs_more_than_a_roll_says_is_asked_about(desk: Desk, tmp_path: Path) -> None:
    take(desk, "2025-09-05", tmp_path, child())
    enrolment = records(desk.context, Enrolment)[0]["uid"]
    outcome = move(desk, enrolment, Standing("02"))
    assert not outcome.changed
    assert "写明预计截止" in outcome.asks


def test_a_pupil_who_is_back_on_the_roll_returns_by_event(desk: Desk, tmp_path: Path) -> None:
    take(desk, "2025-09-05", tmp_path, child())
    enrolment = records(desk.context, Enrolment)[0]["uid"]
    with desk.context.write() as unit:
        unit.change(Enrolment, enrolment, {"status": "07"})
    assert move(desk, enrolment, Standing("01")).changed
    event = records(desk.context, EnrolmentEvent)[0]
    assert (event["kind"], event["from_status"], event["to_status"]) == ("09", "07", "01")


def move(desk: Desk, enrolment: str, wanted: Standing) -> Outcome:
    """What a roll would do to one enrolment, written."""
    context = desk.on(AUTUMN).context
    with context.write() as unit:
        work = ImportDesk(unit.connection, unit.author.scope, context.term(), context.today())
        outcome = Standings(work).move(enrolment, "宋火强", wanted)
        write(work, unit, Pace("", None, None))
    return outcome
