"""The rules of the living roll: which event may follow which, and the standing on any day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core import codes, grades
from jzdesk.policy import enrolment as rules
from jzdesk.policy.enrolment import Insertion, Refusal, Standing, Step

AT_SCHOOL = Standing("01", "G03", "c1")
# From which statuses each kind of event may be recorded; everything else is refused.
ALLOWED = {
    "02": "01 03 05 07 09 11", "03": "02 11", "04": "01 02 03 05 07 08 09 11 14", "05": "04 06 12",
    "07": "01 02 03 05 09 10 11 14", "08": "07 14", "09": "07 08 14",
    "11": "01 02 03 05 07 08 09 10 15", "13": "01 02 03 05 07 08 09 10 11 14 15",
    "14": "01 02 03 05 07 08 09 10 11 15", "15": "10 14", "21": "01 03 05 07 09 11",
    "22": "01 02 03 05 07 09 10 11", "23": "01 03 05 09", "24": "01 02 03 05 07 08 09 10 11 14 15", "25": "10 15",
}  # fmt: skip
STATUSES = tuple(codes.table("student_status").rows)


def step(day: str, kind: str, before: Standing, **after: str | None) -> Step:
    return Step(day, day, kind, before, before._replace(**after))


@pytest.mark.parametrize("kind", ALLOWED)
def test_an_event_follows_only_on_the_statuses_of_the_table(kind: str) -> None:
    found = {s for s in STATUSES if rules.transition_refusal(kind, Standing(s, "G03", None), "王小明") is None}
    assert found == set(ALLOWED[kind].split())


def test_every_refusal_names_the_pupil_the_status_and_the_remedy() -> None:
    for kind in codes.table("enrolment_event").rows:
        for status in STATUSES:
            refusal = rules.transition_refusal(kind, Standing(status, "G03", None), "王小明")
            assert refusal is None or (refusal.what and refusal.remedy.endswith("。"))
    refusal = rules.transition_refusal("03", AT_SCHOOL, "王小明")
    assert refusal is not None
    assert refusal.what == "王小明现在是“在读”，不能登记“复学”"


@pytest.mark.parametrize("grade", ["G01", "G06", "G07", "G09"])
def test_nobody_withdraws_from_compulsory_education(grade: str) -> None:
    refusal = rules.transition_refusal("12", Standing("01", grade, None), "王小明")
    assert refusal is not None
    assert "义务教育" in refusal.what
    assert "疑似辍学" in refusal.remedy
    assert rules.transition_refusal("12", Standing("01", "G11", None), "王小明") is None
    assert grades.status_problem("12", "G11") == ""
    assert "转出" in grades.status_problem("12", grade)


def test_only_a_last_grade_graduates_and_it_is_not_promoted() -> None:
    assert rules.transition_refusal("06", Standing("01", "G06", None), "王小明") is None
    refusal = rules.transition_refusal("06", AT_SCHOOL, "王小明")
    assert refusal is not None
    assert "不是毕业年级" in refusal.what
    for kind in ("21", "23"):
        refused = rules.transition_refusal(kind, Standing("01", "G06", None), "王小明")
        assert refused is not None
        assert refused.remedy == "请登记毕业/结业。"


def test_a_last_grade_goes_on_into_the_next_stage_of_the_same_school_only() -> None:
    last = Standing("01", "G06", None)
    assert rules.transition_refusal("21", last, "王小明", "G07") is None
    assert rules.transition_refusal("21", last, "王小明", "G08") is not None
    assert rules.transition_refusal("23", last, "王小明", "G07") is not None


def test_an_event_recorded_late_leaves_the_promotion_into_the_next_stage_standing() -> None:
    before, after = Standing("01", "G06", None), Standing("01", "G07", None)
    promoted = Step("later", "2026-09-01", "21", before, after)
    late = Step("", "2026-05-10", "20", before, before._replace(school_class="b"))
    outcome = rules.insertion(after, [promoted], late, "王小明")
    assert isinstance(outcome, rules.Insertion)


def test_only_the_first_grade_is_put_off() -> None:
    assert rules.transition_refusal("10", Standing("15", "G01", None), "王小明") is None
    assert rules.transition_refusal("10", Standing("01", "G02", None), "王小明") is not None


@pytest.mark.parametrize(
    ("kind", "wanted", "fits"),
    [("21", "G04", True), ("21", "G05", False), ("23", "G05", True), ("23", "G03", False), ("22", "G02", True),
     ("22", "G03", True), ("22", "G04", False), ("23", "G07", False), ("24", "G05", True)],
)  # fmt: skip
def test_a_change_of_grade_stays_within_the_stage_and_goes_the_right_way(kind: str, wanted: str, fits: bool) -> None:
    assert (rules.grade_refusal(kind, "G03", wanted) is None) == fits


def test_whoever_stays_down_keeps_the_grade_before_the_promotion_and_loses_one_after_it() -> None:
    assert rules.usual_grade("22", "G03", promoted=False) == "G03"
    assert rules.usual_grade("22", "G03", promoted=True) == "G02"
    assert rules.usual_grade("22", "G01", promoted=True) == "G01"
    assert rules.usual_grade("23", "G03", promoted=False) == "G04"


def test_an_event_lies_within_the_enrolment_and_not_in_the_future() -> None:
    assert rules.date_refusal("2025-10-01", "2025-09-01", "2025-10-01") is None
    early = rules.date_refusal("2025-08-31", "2025-09-01", "2025-10-01")
    late = rules.date_refusal("2025-10-02", None, "2025-10-01")
    assert early is not None
    assert late is not None
    assert ("2025-09-01" in early.what, "还没有到" in late.what) == (True, True)


def test_an_expected_end_comes_after_the_beginning_and_within_two_years() -> None:
    assert rules.until_refusal("02", "2025-10-01", "2026-09-01") is None
    assert rules.until_refusal("02", "2025-10-01", None) is None
    for until in ("2025-10-01", "2028-10-01"):
        assert rules.until_refusal("02", "2025-10-01", until) is not None


SUSPENDED = step("2025-10-10", "02", AT_SCHOOL, status="02")
BACK = step("2026-03-01", "03", AT_SCHOOL._replace(status="02"), status="01")


def insert(now: Standing, steps: list[Step], new: Step) -> Insertion:
    plan = rules.insertion(now, steps, new, "王小明")
    assert isinstance(plan, Insertion)
    return plan


def refused(now: Standing, steps: list[Step], new: Step) -> Refusal:
    plan = rules.insertion(now, steps, new, "王小明")
    assert isinstance(plan, Refusal)
    return plan


def test_a_backdated_change_of_class_leaves_the_statuses_alone() -> None:
    new = step("2025-11-01", "24", AT_SCHOOL._replace(status="02"), school_class="c2")
    plan = insert(AT_SCHOOL, [SUSPENDED, BACK], new)
    assert plan == (AT_SCHOOL._replace(school_class="c2"), ())


def test_a_backdated_change_makes_the_next_of_its_kind_begin_from_it() -> None:
    later = step("2026-01-10", "24", AT_SCHOOL, school_class="c3")
    new = step("2025-11-01", "24", AT_SCHOOL, school_class="c2")
    plan = insert(AT_SCHOOL._replace(school_class="c3"), [later], new)
    assert plan.now.school_class == "c3"
    assert [one.before.school_class for one in plan.rebased] == ["c2"]


def test_a_backdated_event_that_contradicts_the_next_one_is_refused() -> None:
    moved = step("2025-09-20", "04", AT_SCHOOL, status="04")
    refusal = refused(AT_SCHOOL, [SUSPENDED, BACK], moved)
    assert "2025-10-10 登记的“休学”" in refusal.what
    assert "作废后来的异动" in refusal.remedy
    again = step("2025-09-20", "02", AT_SCHOOL, status="02")
    assert refused(AT_SCHOOL, [SUSPENDED, BACK], again)


def test_a_backdated_change_that_leaves_the_next_one_nothing_to_do_is_refused() -> None:
    later = step("2026-01-10", "24", AT_SCHOOL, school_class="c2")
    new = step("2025-11-01", "24", AT_SCHOOL, school_class="c2")
    assert refused(AT_SCHOOL._replace(school_class="c2"), [later], new)


def test_two_changes_of_the_same_thing_on_one_day_are_refused_of_different_things_not() -> None:
    same_day = step("2025-10-10", "07", AT_SCHOOL, status="07")
    assert "2025-10-10" in refused(AT_SCHOOL._replace(status="02"), [SUSPENDED], same_day).what
    other = step("2025-10-10", "24", AT_SCHOOL._replace(status="02"), school_class="c2")
    assert insert(AT_SCHOOL._replace(status="02"), [SUSPENDED], other).now == Standing("02", "G03", "c2")


def test_a_correction_made_since_in_the_form_is_not_undone_by_a_backdated_event() -> None:
    corrected = AT_SCHOOL  # 休学 was recorded on 10-10, then the form put the status right
    new = step("2025-09-15", "24", AT_SCHOOL, school_class="c2")
    assert insert(corrected, [SUSPENDED], new).now == Standing("01", "G03", "c2")


def test_an_enrolment_ends_the_day_before_the_pupil_left() -> None:
    left = step("2026-03-10", "04", AT_SCHOOL, status="04")
    assert rules.ends_on([left], left.after, "2025-09-01") == "2026-03-09"
    assert rules.ends_on([left], AT_SCHOOL, "2025-09-01") is None
    assert rules.ends_on([left], left.after, "2026-03-10") == "2026-03-10"
    assert rules.ends_on([], left.after, "2025-09-01") is None


DAYS = [f"2025-{month:02d}-{day:02d}" for month in (9, 10, 11) for day in (1, 8, 15, 22)]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from(("02", "03", "04", "05", "07", "08", "09", "11", "13", "14", "21", "24")),
        st.sampled_from(["c1", "c2", "c3"]),
    ),
    max_size=14,
)  # fmt: skip


def try_all(changes: list[tuple[str, str, str]]) -> list[tuple[Standing, tuple[Step, ...]]]:
    """Record the changes in whatever order they come; the states after each that was accepted, the first included."""
    now = AT_SCHOOL
    steps: tuple[Step, ...] = ()
    states = [(now, steps)]
    for number, (day, kind, room) in enumerate(changes):
        before = rules.standing_on(now, steps, day)
        if rules.transition_refusal(kind, before, "王小明") is not None:
            continue
        after = Standing(
            rules.rule(kind).to_status or before.status,
            rules.usual_grade(kind, before.grade, promoted=False),
            room if kind == "24" else before.school_class,
        )
        new = Step(f"{number:02d}", day, kind, before, after)
        plan = rules.insertion(now, steps, new, "王小明")
        if before == after or isinstance(plan, Refusal):
            continue
        mended = {one.uid: one for one in plan.rebased}
        now, steps = plan.now, (*(mended.get(one.uid, one) for one in steps), new)
        states.append((now, steps))
    return states


@settings(max_examples=120, deadline=None)
@given(CHANGES)
def test_any_day_walked_back_equals_the_story_told_forward(changes: list[tuple[str, str, str]]) -> None:
    now, steps = try_all(changes)[-1]
    for day in ("2025-08-31", *DAYS):
        assert rules.standing_on(now, steps, day) == rules.replay(AT_SCHOOL, steps, day)
    assert rules.replay(AT_SCHOOL, steps, DAYS[-1]) == now


@settings(max_examples=120, deadline=None)
@given(CHANGES)
def test_every_event_begins_where_the_one_before_it_ended(changes: list[tuple[str, str, str]]) -> None:
    _, steps = try_all(changes)[-1]
    for one in steps:
        before = rules.replay(AT_SCHOOL, [other for other in steps if other.date < one.date], one.date)
        for part in range(3):
            assert not one.touches(part) or one.before[part] == before[part]


@settings(max_examples=60, deadline=None)
@given(CHANGES)
def test_taking_back_the_latest_events_one_by_one_leads_back_to_the_beginning(
    changes: list[tuple[str, str, str]],
) -> None:
    now, steps = try_all(changes)[-1]
    for one in sorted(steps, key=lambda step: (step.date, step.uid), reverse=True):
        now = one.back(now)
    assert now == AT_SCHOOL
