"""Classes renamed, merged and split: whoever changes class gets an event, and every earlier day stays right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import EnrolmentEvent, School, SchoolClass
from jzdesk.services.forms import FormProblems
from jzdesk.services.pupils import pupils
from jzdesk.services.roll import ClassService, EventDraft, PromotionService, RollService
from jzdesk.services.roll.as_of import AsOfService
from jzdesk.services.undoing import UndoService
from tests.factories.people import SCHOOL_CODE, Desk, verified_desk
from tests.factories.rolls import records


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school", standards=False) as made:
        yield made


def classes(desk: Desk) -> ClassService:
    return ClassService(desk.context)


def rooms(desk: Desk, day: str) -> dict[str, str | None]:
    with desk.context.read() as connection:
        return {one.name: one.class_name for one in pupils(connection, SCHOOL_CODE, (day, day)).values()}


def test_classes_are_counted_by_grade_and_name(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    desk.pupil("李思远", "G03", boarding="1")
    desk.pupil("赵雨桐", "G03", status="02")
    desk.school_class("G01")
    first, third = classes(desk).classes()
    assert (first.grade, first.students) == ("小学一年级", 0)
    assert (third.students, third.boys, third.girls, third.boarders, third.others) == (2, 2, 0, 1, 1)
    names = [(one.name, one.status, one.enrolled) for one in classes(desk).pupils(third.uid)]
    assert sorted(names) == [("李思远", "在读", True), ("王小明", "在读", True), ("赵雨桐", "休学", False)]


def test_a_class_is_renamed_and_given_a_head_teacher(desk: Desk) -> None:
    desk.pupil()
    room, other, head = desk.school_class("G03"), desk.school_class("G03", "2班"), desk.staff("吴泽建")
    classes(desk).change(room, name="甲班", head=head)
    line = next(one for one in classes(desk).classes() if one.uid == room)
    assert (line.name, line.head) == ("甲班", "吴泽建")
    assert records(desk.context, EnrolmentEvent) == []
    with pytest.raises(UserError, match="要并成一个班请用“合并”"):
        classes(desk).change(other, name="甲班")
    with pytest.raises(FormProblems):
        classes(desk).change(room, name="")
    classes(desk).change(room, head="")
    assert next(one for one in classes(desk).classes() if one.uid == room).head == ""


def test_merging_moves_everybody_with_an_event_and_voids_the_empty_class(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    room, other = desk.school_class("G03"), desk.school_class("G03", "2班")
    moved = classes(desk).merge([room], other, "2025-10-08", "人数太少")
    assert moved.students == 1
    assert rooms(desk, "2025-10-07") == {"王小明": "1班"}
    assert rooms(desk, "2025-10-08") == {"王小明": "2班"}
    assert [row["uid"] for row in records(desk.context, SchoolClass)] == [other]
    (event,) = records(desk.context, EnrolmentEvent)
    assert (event["kind"], event["from_class"], event["to_class"], event["reason"]) == ("24", room, other, "人数太少")
    with pytest.raises(UserError, match="至少两个同年级的班"):
        classes(desk).merge([other], other)
    with pytest.raises(UserError, match="不是一个年级"):
        classes(desk).merge([other], desk.school_class("G04"))


def test_a_merger_is_undone_as_one_step(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    moved = classes(desk).merge([desk.school_class("G03")], desk.school_class("G03", "2班"))
    assert moved.action is not None
    UndoService(desk.context).undo(moved.action)
    assert rooms(desk, "2025-11-10") == {"王小明": "1班"}
    assert len(records(desk.context, SchoolClass)) == 2


def test_a_class_is_split_into_a_new_one(desk: Desk) -> None:
    stays, goes = desk.pupil("王小明", "G03"), desk.pupil("李思远", "G03")
    moved = classes(desk).move([goes], None, new="2班", day="2025-10-08")
    assert rooms(desk, "2025-11-10") == {"王小明": "1班", "李思远": "2班"}
    assert moved.students == 1
    assert classes(desk).move([stays, goes], moved.school_class).students == 1
    with pytest.raises(UserError, match="已经有“2班”"):
        classes(desk).move([stays], None, new="2班")
    with pytest.raises(UserError, match="没有选中学生"):
        classes(desk).move([], moved.school_class)
    with pytest.raises(FormProblems):
        classes(desk).move([stays], None)


def test_pupils_of_two_grades_are_not_moved_together(desk: Desk) -> None:
    both = [desk.pupil("王小明", "G03"), desk.pupil("李思远", "G04")]
    with pytest.raises(UserError, match="不在同一个年级"):
        classes(desk).move(both, desk.school_class("G03", "2班"))
    with pytest.raises(UserError, match="不是学生所在年级的班"):
        classes(desk).move(both[:1], desk.school_class("G04"))


def test_a_slip_of_the_same_day_is_put_right_without_a_second_event(desk: Desk) -> None:
    pupil, first, second = desk.pupil("王小明", "G03"), desk.school_class("G03"), desk.school_class("G03", "2班")
    third = desk.school_class("G03", "3班")
    for target in (second, third):
        classes(desk).move([pupil], target, day="2025-10-08")
    (event,) = records(desk.context, EnrolmentEvent)
    assert (event["from_class"], event["to_class"]) == (first, third)
    classes(desk).move([pupil], first, day="2025-10-08")
    assert records(desk.context, EnrolmentEvent) == []
    assert rooms(desk, "2025-11-10") == {"王小明": "1班"}


def test_classes_are_mixed_anew_on_the_day_of_the_promotion(desk: Desk) -> None:
    pupil = desk.pupil("王小明", "G03")
    desk.on("2026-09-02")
    PromotionService(desk.context).promote()
    classes(desk).move([pupil], None, new="5班", day="2026-09-01")
    assert rooms(desk, "2026-08-31") == {"王小明": "1班"}
    assert rooms(desk, "2026-09-01") == {"王小明": "5班"}
    (event,) = records(desk.context, EnrolmentEvent)
    assert (event["kind"], event["to_grade"]) == ("21", "G04")


def test_a_change_before_a_later_one_on_the_same_day_is_refused(desk: Desk) -> None:
    pupil, second, third = desk.pupil(), desk.school_class("G03", "2班"), desk.school_class("G03", "3班")
    classes(desk).move([pupil], second, day="2025-10-08")
    classes(desk).move([pupil], third, day="2025-10-20")
    with pytest.raises(UserError, match="之后又换过班"):
        classes(desk).move([pupil], third, day="2025-10-08")


def test_empty_classes_are_voided_and_full_ones_never(desk: Desk) -> None:
    desk.pupil("王小明", "G03")
    gone = desk.pupil("李思远", "G04")
    RollService(desk.context).register(EventDraft(gone, "转出", other_school="外校"))
    desk.school_class("G05")
    with pytest.raises(UserError, match="还有学生"):
        classes(desk).discard_empty([desk.school_class("G03")])
    assert classes(desk).discard_empty() == 2
    with pytest.raises(UserError, match="没有空班"):
        classes(desk).discard_empty()
    assert rooms(desk, "2025-11-09") == {"王小明": "1班", "李思远": "1班"}


def test_the_county_leaves_the_classes_to_the_school(desk: Desk) -> None:
    with pytest.raises(UserError, match="由学校登记"):
        ClassService(desk.as_county()).change(desk.school_class("G03"), name="甲班")


def test_a_list_of_an_earlier_day_calls_a_class_and_its_teacher_as_they_were(desk: Desk, tmp_path: Path) -> None:
    from python_calamine import load_workbook

    pupil, room = desk.pupil("王小明"), desk.school_class("G03")
    other, old, new = desk.school_class("G03", "2班"), desk.staff("吴泽建"), desk.staff("何老师")
    classes(desk).change(room, head=old)
    RollService(desk.context).register(EventDraft(pupil, "调班", "2025-11-08", to_class=other))
    RollService(desk.context).register(EventDraft(pupil, "调班", "2025-11-09", to_class=room))
    desk.on("2025-12-01")
    classes(desk).change(room, name="甲班", head=new)
    as_of = AsOfService(desk.context)
    told = [(line.school_class, line.head) for day in ("2025-11-10", "2025-12-01") for line in as_of.roll(day).lines]
    assert told == [("1班", "吴泽建"), ("甲班", "何老师")]
    events = RollService(desk.context).rows(RollService(desk.context).ids())
    assert [line.change for line in events] == ["2班 → 1班", "1班 → 2班"]
    before = as_of.roll("2025-09-02").lines[0]  # nothing was written down yet: what was written first counts
    assert (before.school_class, before.head) == ("1班", "吴泽建")
    as_of.export(tmp_path / "名册.xlsx", "2025-11-10")
    rows = load_workbook(str(tmp_path / "名册.xlsx")).get_sheet_by_index(0).to_python()
    cells = {cell for row in rows for cell in row}
    assert "吴泽建" in cells
    assert any("按登记的那天算" in str(cell) for cell in cells)  # no day on which the change took effect is kept
    assert "按登记的那天算" in as_of.roll("2025-11-10").note
    assert as_of.roll("2025-12-01").note == ""


def test_the_countys_list_of_a_day_names_the_schools(desk: Desk, tmp_path: Path) -> None:
    from python_calamine import load_workbook

    desk.pupil("王小明")
    with desk.as_county().write() as unit:
        unit.add(School, {"code": "2143990001", "name": "青石镇中心小学", "stage": "PRI"})
    as_of = AsOfService(desk.as_county())
    assert [line.school_name for line in as_of.roll().lines] == ["青石镇中心小学"]
    as_of.export(tmp_path / "名册.xlsx")
    rows = load_workbook(str(tmp_path / "名册.xlsx")).get_sheet_by_index(0).to_python()
    assert "青石镇中心小学" in {cell for row in rows for cell in row}
