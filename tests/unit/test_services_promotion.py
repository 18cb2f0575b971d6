"""升级 on 1 September: previewed, done once, undone as one step; earlier terms stay what they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, EnrolmentEvent, SchoolClass
from jzdesk.policy import promotion as lots
from jzdesk.policy.enrolment import Standing, Step
from jzdesk.services.home import HomeService
from jzdesk.services.pupils import ENROLMENT, pupils
from jzdesk.services.roll import EventDraft, PromotionService, RollService
from jzdesk.services.undoing import UndoService
from jzdesk.services.visits import VisitService
from tests.factories.people import SCHOOL_CODE, SPRING, TERM, Desk, new_desk, verified_desk
from tests.factories.rolls import records

AUTUMN = "2026-09-02"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def promotion(desk: Desk) -> PromotionService:
    return PromotionService(desk.context)


def places(desk: Desk) -> dict[str, tuple[str, str, str | None]]:
    with desk.context.read() as connection:
        return {one.name: (one.status, one.grade, one.class_name) for one in pupils(connection, SCHOOL_CODE).values()}


def on(desk: Desk, day: str) -> dict[str, tuple[str, str, str | None]]:
    with desk.context.read() as connection:
        found = pupils(connection, SCHOOL_CODE, (day, day)).values()
        return {one.name: (one.status, one.grade, one.class_name) for one in found}


def whole(desk: Desk) -> list[dict[str, Any]]:
    query = select(ENROLMENT).where(ENROLMENT.c.hidden == 0).order_by(ENROLMENT.c.uid)
    with desk.context.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


@contextmanager
def statements(connection: Connection) -> Iterator[list[str]]:
    """The statements that a connection sends."""
    said: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(connection.engine, "before_cursor_execute", note)
    yield said
    event.remove(connection.engine, "before_cursor_execute", note)


def test_everybody_goes_up_a_grade_into_the_class_of_the_same_name_and_the_last_grade_graduates(desk: Desk) -> None:
    for name, grade in (("王小明", "G01"), ("李思远", "G05"), ("赵雨桐", "G06")):
        desk.pupil(name, grade)
    desk.on(AUTUMN)
    preview = promotion(desk).preview()
    assert [(line.grade, line.to, line.going) for line in preview.lines] == [
        ("小学一年级", "小学二年级1班", 1), ("小学五年级", "小学六年级1班", 1), ("小学六年级", "毕业", 1),
    ]  # fmt: skip
    assert preview.sentence() == "2026-2027 学年：升级 2 人，毕业 1 人，留级 0 人。"
    assert promotion(desk).promote().sentence() == "升级 2 人，毕业 1 人，留级 0 人"
    assert places(desk) == {
        "王小明": ("01", "G02", "1班"), "李思远": ("01", "G06", "1班"), "赵雨桐": ("06", "G06", "1班"),
    }  # fmt: skip
    (leaver,) = promotion(desk).leavers()
    assert (leaver.name, leaver.place, leaver.date) == ("赵雨桐", "小学六年级1班", "2026-09-01")
    (gone,) = [one for one in whole(desk) if one["status"] == "06"]
    assert gone["valid_to"] == "2026-08-31"


def test_the_day_before_everybody_stands_where_they_stood(desk: Desk) -> None:
    for name, grade in (("王小明", "G01"), ("赵雨桐", "G06")):
        desk.pupil(name, grade)
    before = on(desk, "2026-08-31")
    desk.on(AUTUMN)
    promotion(desk).promote()
    assert on(desk, "2026-08-31") == before
    assert on(desk, "2026-09-01") == {"王小明": ("01", "G02", "1班")}


def test_aid_of_an_earlier_term_uses_the_grade_the_class_and_the_status_of_that_term(desk: Desk) -> None:
    leaver, other = desk.pupil("赵雨桐", "G06"), desk.pupil("王小明", "G01")
    desk.aid.decide(SPRING)
    before = desk.aid.decisions(SPRING)
    assert {line.student for line in before} == {leaver, other}
    desk.on(AUTUMN)
    promotion(desk).promote()
    assert desk.aid.decide(SPRING).changed == 0
    assert desk.aid.decisions(SPRING) == before
    assert desk.aid.decide("2026-2027-1").judged == 1


def test_a_graduate_of_july_keeps_the_spring_term_and_has_no_autumn(desk: Desk) -> None:
    leaver = desk.pupil("赵雨桐", "G06")
    desk.aid.decide(SPRING)
    desk.on("2026-07-06")
    RollService(desk.context).register(EventDraft(leaver, "毕业/结业", "2026-07-05"))
    assert desk.aid.decide(SPRING).changed == 0
    assert desk.aid.decide("2026-2027-1").judged == 0
    assert desk.aid.decide(TERM).granted == 1


def test_a_batch_of_an_earlier_term_is_printed_with_the_classes_of_that_term(desk: Desk) -> None:
    desk.pupil("王小明", "G01")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM)
    desk.on(AUTUMN)
    promotion(desk).promote()
    assert [line.school_class for line in desk.aid.lines(batch.uid)] == ["小学一年级1班"]


def test_a_whole_school_is_read_in_the_same_few_statements_whatever_its_size(desk: Desk) -> None:
    desk.crowd(60)
    desk.on(AUTUMN)
    promotion(desk).promote()
    with desk.context.read() as connection, statements(connection) as said:
        assert len(pupils(connection, SCHOOL_CODE, ("2026-02-01", "2026-08-31"))) == 60
    assert len([one for one in said if one.startswith("SELECT")]) == 4


def test_those_ticked_stay_down_and_suspended_pupils_are_left_as_they_are(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    held, suspended = desk.pupil("李思远", "G03"), desk.pupil("赵雨桐", "G06")
    RollService(desk.context).register(EventDraft(suspended, "休学", until="2026-12-01", reason="治病"))
    desk.on(AUTUMN)
    preview = promotion(desk).preview([held])
    assert (preview.going, preview.graduating, preview.held, preview.left) == (1, 0, 1, 1)
    promotion(desk).promote([held])
    assert places(desk)["李思远"] == ("01", "G03", "1班")
    assert places(desk)["赵雨桐"] == ("02", "G06", "1班")
    assert [row["student"] for row in records(desk.context, EnrolmentEvent, kind="22")] == [held]


def test_whoever_was_recorded_as_staying_down_in_spring_is_not_promoted(desk: Desk) -> None:
    held = desk.pupil("李思远", "G03")
    desk.pupil("王小明", "G03")
    desk.on("2026-07-06")
    RollService(desk.context).register(EventDraft(held, "留级", reason="长期病假"))
    desk.on(AUTUMN)
    promotion(desk).promote()
    assert (places(desk)["李思远"][1], places(desk)["王小明"][1]) == ("G03", "G04")
    assert promotion(desk).preview().finished


def test_after_the_promotion_staying_down_means_a_grade_back(desk: Desk) -> None:
    pupil = desk.pupil("李思远", "G03")
    desk.on(AUTUMN)
    promotion(desk).promote()
    RollService(desk.context).register(EventDraft(pupil, "留级", AUTUMN, reason="家长申请"))
    assert places(desk)["李思远"] == ("01", "G03", "1班")


def test_a_second_promotion_of_the_year_is_recognised(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    desk.on(AUTUMN)
    promotion(desk).promote()
    assert "不会再升一次" in promotion(desk).preview().sentence()
    with pytest.raises(UserError, match="已经升级"):
        promotion(desk).promote()
    desk.pupil("新来的", "G03")
    assert promotion(desk).preview().finished
    assert places(desk)["王小明"][1] == "G04"
    desk.on("2027-09-01")
    assert (promotion(desk).preview().going, promotion(desk).preview().year) == (2, 2027)


def test_a_roll_entered_this_school_year_is_already_right_unless_told_otherwise(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    with desk.context.write() as unit:
        unit.change(Enrolment, whole(desk)[0]["uid"], {"valid_from": "2023-09-01"})
    preview = promotion(desk).preview()
    assert (preview.finished, preview.recent) == (True, 1)
    assert "仍要升级" in preview.sentence()
    with pytest.raises(UserError):
        promotion(desk).promote()
    assert promotion(desk).promote(anyway=True).promoted == 1


def test_before_the_first_of_september_one_only_looks(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    desk.on("2026-08-31")
    assert promotion(desk).preview(year=2026).going == 1
    with pytest.raises(UserError, match="还不能升级"):
        promotion(desk).promote(year=2026)


def test_the_whole_promotion_is_one_action_and_its_undo_leads_back(desk: Desk) -> None:
    desk.crowd(24)
    before, classes = whole(desk), records(desk.context, SchoolClass)
    desk.on(AUTUMN)
    done = promotion(desk).promote()
    assert UndoService(desk.context).recent()[0].label == "升级：2026-2027 学年"
    assert done.action is not None
    UndoService(desk.context).undo(done.action)
    assert whole(desk) == before
    assert records(desk.context, SchoolClass) == classes
    assert records(desk.context, EnrolmentEvent) == []
    assert promotion(desk).preview().going == 20


def test_the_head_teacher_goes_up_with_the_class_and_missing_classes_are_made(desk: Desk) -> None:
    first, second = desk.staff("吴泽建"), desk.staff("张紫欣")
    desk.pupil("王小明", "G01")
    desk.pupil("李思远", "G02")
    rooms = {grade: desk.school_class(grade) for grade in ("G01", "G02")}
    with desk.context.write() as unit:
        unit.change(SchoolClass, rooms["G01"], {"head": first})
        unit.change(SchoolClass, rooms["G02"], {"head": second})
    desk.on(AUTUMN)
    assert promotion(desk).promote().classes == 1
    heads = {row["grade"]: row["head"] for row in records(desk.context, SchoolClass)}
    assert heads == {"G01": None, "G02": first, "G03": second}


def test_a_school_of_nine_years_goes_on_into_the_next_stage(desk: Desk) -> None:
    desk.pupil("赵雨桐", "G06")
    desk.on(AUTUMN)
    assert promotion(desk).preview(through=("G06",)).lines[0].to == "初中七年级1班"
    promotion(desk).promote(through=("G06",))
    assert places(desk)["赵雨桐"] == ("01", "G07", "1班")


def test_somebody_who_is_not_going_up_cannot_be_ticked(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    away = desk.pupil("李思远", "G03", status="02")
    desk.on(AUTUMN)
    with pytest.raises(UserError, match="李思远不在这次升级的名单里"):
        promotion(desk).promote([away])


def test_an_event_of_september_recorded_before_the_promotion_stands(desk: Desk) -> None:
    pupil = desk.pupil("王小明", "G03")
    desk.on("2026-09-15")
    RollService(desk.context).register(EventDraft(pupil, "休学", "2026-09-10", until="2027-09-01", reason="治病"))
    promotion(desk).promote()
    assert places(desk)["王小明"] == ("02", "G04", "1班")
    assert on(desk, "2026-09-05")["王小明"] == ("01", "G04", "1班")


def test_the_destination_of_a_leaver_is_filled_in_later(desk: Desk) -> None:
    desk.pupil("赵雨桐", "G06")
    desk.on(AUTUMN)
    promotion(desk).promote()
    (leaver,) = promotion(desk).leavers(2026)
    RollService(desk.context).set_destination(leaver.uid, "青石镇中学")
    assert [one.destination for one in promotion(desk).leavers(2026)] == ["青石镇中学"]
    assert promotion(desk).leavers(2025) == []


def test_the_first_page_suggests_it_from_the_first_of_september_until_it_is_done(desk: Desk) -> None:
    desk.crowd(12)

    def suggested() -> bool:
        found = HomeService(desk.context, VisitService(desk.context)).summary().todos
        return any(todo.filter == "promotion" for todo in found)

    assert not suggested()
    desk.on("2026-08-31")
    assert not suggested()
    desk.on("2026-09-01")
    assert suggested()
    promotion(desk).promote()
    assert not suggested()


def test_a_pupil_is_dealt_with_by_one_lot_only() -> None:
    now, day = Standing("01", "G03", "c1"), "2026-09-01"
    moved = Step("x", "2026-09-03", "24", now, now._replace(school_class="c2"))

    def lot(
        standing: Standing, steps: tuple[Step, ...] = (), began: str = "2025-09-01", *, recent: bool = False,
        held: bool = False,
    ) -> str:  # fmt: skip
        return lots.lot_of(2026, standing, steps, began, recent=recent, held=held).what

    assert lot(now) == "up"
    assert lot(now._replace(grade="G06")) == "graduate"
    assert lot(now._replace(status="02")) == "stay"
    assert lot(now, (moved,)) == "done"
    assert lot(now, began=day) == "done"
    assert lot(now, recent=True) == "recent"
    assert lot(now, held=True) == "held"
    left = Step("x", "2026-09-03", "04", now._replace(grade="G06"), now._replace(grade="G06", status="04"))
    assert lot(now._replace(grade="G06"), (left,)) == "stay"


def test_other_schools_of_one_database_are_left_alone(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "school", standards=False)
    desk.pupil("王小明", "G03")
    with desk.context.store.write(desk.of_school("2143990002")) as unit:
        student = unit.add(Enrolment, {"student": "0" * 32, "grade": "G03", "status": "01", "valid_from": "2025-09-01"})
    desk.on(AUTUMN)
    promotion(desk).promote()
    grades = {row["uid"]: row["grade"] for row in records(desk.context, Enrolment)}
    assert grades[student] == "G03"
