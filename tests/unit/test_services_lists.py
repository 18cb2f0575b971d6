"""Lists from departments: four piles, decided line by line, dated with their proof, nothing deleted, all undoable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Hardship, Household, Question, School, Student
from jzdesk.services.bundle import Services
from jzdesk.services.home import HomeService
from jzdesk.services.importing import ImportService
from jzdesk.services.standards import StandardService
from jzdesk.services.undoing import UndoService
from jzdesk.services.visits import VisitService
from tests.factories.lists import AUTUMN, BOY, ELSEWHERE, FATHER, GIRL, SISTER, SPRING, Village, everybody, person
from tests.factories.people import SCHOOL_CODE, TERM, id_number, new_desk
from tests.factories.rolls import EXAMPLES, records, state


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(new_desk(tmp_path / "school", standards=False), tmp_path)


def hardships(village: Village, name: str = "宋火强") -> list[dict[str, Any]]:
    return records(village.desk.context, Hardship, student=village.uids[name])


def codes(village: Village, name: str = "宋火强") -> list[str]:
    return sorted(str(one["code"]) for one in hardships(village, name))


def test_every_row_is_in_one_pile_and_the_counts_balance(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户名单2025年9月10日", *everybody()))
    assert (report.kind, report.listed_on, report.read) == ("L01", AUTUMN, 5)
    assert (report.matched, report.name, report.absent, report.unread, report.ended) == (1, 1, 2, 1, 0)
    assert report.balanced
    assert report.annotated is not None
    assert report.annotated.exists()
    (run,) = village.lists.runs()
    assert run.read == sum(run.piles[pile] for pile in ("matched", "name", "absent", "unread"))
    assert run.waiting == {"matched": 2, "name": 1, "absent": 1, "unread": 1}  # his sister is offered
    assert report.waiting == run.left == 5
    assert hardships(village) == []


def test_reading_changes_no_pupil(village: Village) -> None:
    before = state(village.desk.context)
    village.lists.read(village.paper("脱贫户名单", *everybody()), listed_on=AUTUMN)
    assert state(village.desk.context) == before


def test_what_a_line_says_is_shown_without_the_number(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", person("王静根", GIRL)), listed_on=AUTUMN)
    line = village.line(report.run, "王静根")
    assert (line.pile, line.pupil, line.gives) == ("name", "汪静根", "脱贫家庭学生")
    assert "汪静根" in line.says
    assert GIRL not in str(line)


def test_accepting_records_the_hardship_with_dates_source_and_proof(village: Village) -> None:
    row = person(
        "宋火强", BOY, 户编号="43109910100001", 脱贫属性="已脱贫", 监测对象类别="边缘易致贫户", 致贫原因="因残"
    )
    report = village.lists.read(village.paper("脱贫户2025年9月10日", row))
    done = village.lists.accept_pile(report.run)
    assert (done.lines, done.already) == (1, 0)
    assert codes(village) == ["D01", "D03"]
    one = hardships(village)[0]
    assert (one["valid_from"], one["valid_to"], one["source"]) == ("2025-09-01", None, "list")
    assert one["proof"] == "脱贫户(继续享受)：脱贫户2025年9月10日（2025-09-10）"
    assert one["document"] == "43109910100001"
    household = records(village.desk.context, Household)[0]
    assert (household["attr"], household["cause"]) == ("C", "02")


def test_pupils_of_a_household_of_which_only_another_child_is_listed_are_offered_for_one_key(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户2025年9月10日", person("宋小妹", SISTER)))
    offered = village.line(report.run, "宋火强")
    assert (report.read, report.matched, report.balanced) == (1, 1, True)
    assert (offered.pile, offered.via, offered.waiting) == ("matched", "同户 宋小妹", True)
    assert "没有单独列出" in offered.says
    village.lists.accept_pile(report.run)
    assert codes(village) == []
    village.lists.accept([offered.id])
    assert codes(village) == ["D01"]
    again = village.lists.read(village.paper("脱贫户2026年3月10日", person("宋小妹", SISTER)))
    assert again.ended == 0


def test_a_child_of_the_household_at_another_school_is_asked_about_and_the_pupil_offered(village: Village) -> None:
    elsewhere = person("宋小弟", id_number("2017-06-06", serial=41), 户编号="43109910100001")
    report = village.lists.read(village.paper("脱贫户2025年9月10日", elsewhere, person("宋小妹", SISTER)))
    assert village.line(report.run, "宋小弟").pile == "absent"
    (offered,) = [line for line in village.lists.lines(report.run, waiting=True) if line.pupil == "宋火强"]
    assert (offered.pile, offered.via) == ("matched", "同户 宋小弟")


def test_whoever_has_a_row_of_his_own_is_not_offered_through_the_household(village: Village) -> None:
    report = village.lists.read(
        village.paper("脱贫户", person("宋火强", BOY), person("宋小妹", SISTER)), listed_on=AUTUMN
    )
    assert [line.via for line in village.lists.lines(report.run)] == ["", ""]


def test_a_second_acceptance_changes_nothing(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", person("宋火强", BOY)), listed_on=AUTUMN)
    ids = [line.id for line in village.lists.lines(report.run)]
    village.lists.accept(ids)
    before = state(village.desk.context)
    assert village.lists.accept(ids).already == len(ids)
    assert state(village.desk.context) == before


@pytest.mark.parametrize(
    ("kind", "code", "children"),
    [("L01", "D01", 2), ("L04", "D05", 2), ("L03", "D13", 2), ("L07", "D02", 2), ("L10", "D09", 2), ("L06", "", 0)],
)
def test_children_of_somebody_on_the_list_are_entitled_through_that_one(
    village: Village, kind: str, code: str, children: int
) -> None:
    report = village.lists.read(village.paper("表", person("宋琪亦", FATHER)), kind, AUTUMN)
    lines = village.lists.lines(report.run, "matched")
    assert [line.via for line in lines] == ["父亲 宋琪亦"] * children
    village.lists.accept_pile(report.run)
    assert codes(village) == codes(village, "宋小妹") == ([code] if code else [])


def test_a_pupil_on_the_list_and_a_parent_on_it_are_one_line_to_decide(village: Village) -> None:
    rows = (person("宋琪亦", FATHER), person("宋火强", BOY), person("宋小妹", SISTER))
    report = village.lists.read(village.paper("低保", *rows), "L04", AUTUMN)
    lines = village.lists.lines(report.run, "matched")
    assert [(line.pupil, line.via) for line in lines if line.waiting] == [("宋火强", ""), ("宋小妹", "")]
    assert {line.outcome for line in lines if line.via} == {"covered"}
    assert report.matched == 3


def test_when_the_pupils_own_row_is_put_aside_the_parents_row_waits(village: Village) -> None:
    rows = (person("宋琪亦", FATHER), person("宋火强", BOY))
    report = village.lists.read(village.paper("低保", *rows), "L04", AUTUMN)
    own = next(line for line in village.lists.lines(report.run) if line.pupil == "宋火强" and not line.via)
    village.lists.decide([own.id], "notours", "号码是别人的")
    waiting = village.lists.lines(report.run, waiting=True)
    assert ("宋火强", "父亲 宋琪亦") in [(line.pupil, line.via) for line in waiting]


def test_the_same_list_again_is_settled(village: Village) -> None:
    path = village.paper("脱贫户", *everybody())
    first = village.lists.read(path, listed_on=AUTUMN)
    for line in village.lists.lines(first.run, waiting=True):
        if line.pile in ("matched", "name"):
            village.lists.accept([line.id])
        else:
            village.lists.decide([line.id], "notours")
    before = state(village.desk.context)
    again = village.lists.read(path, listed_on=AUTUMN)
    assert (again.waiting, again.read) == (0, first.read)
    assert state(village.desk.context) == before


def test_what_waits_moves_on_to_the_list_read_again(village: Village) -> None:
    path = village.paper("脱贫户", *everybody())
    village.lists.read(path, listed_on=AUTUMN)
    again = village.lists.read(path, listed_on=AUTUMN)
    newest, oldest = village.lists.runs()
    assert (newest.left, oldest.left) == (again.waiting, 0)
    assert {line.outcome for line in village.lists.lines(oldest.id, "absent")} == {"replaced", "age"}


def test_a_pupil_whom_the_newer_list_no_longer_has_is_asked_about_and_ended_with_its_reason(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("低保秋", person("汪静根", GIRL)), "L04", AUTUMN).run)
    report = village.lists.read(village.paper("低保春", person("宋火强", BOY)), "L04", SPRING)
    assert report.ended == 1
    line = village.line(report.run, "汪静根")
    assert (line.pile, line.gives) == ("ended", "结束：低保家庭学生")
    village.lists.accept([line.id])
    (one,) = hardships(village, "汪静根")
    assert (one["valid_from"], one["valid_to"]) == ("2025-09-01", "2026-03-09")
    assert "低保春" in one["end_reason"]


def test_a_hardship_is_kept_with_a_reason_and_a_newer_list_asks_anew(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("低保秋", person("汪静根", GIRL)), "L04", AUTUMN).run)
    path = village.paper("低保春", person("宋火强", BOY))
    line = village.line(village.lists.read(path, "L04", SPRING).run, "汪静根")
    with pytest.raises(UserError, match="理由"):
        village.lists.decide([line.id], "keep")
    village.lists.decide([line.id], "keep", "民政所电话核实，漏列")
    again = village.line(village.lists.read(path, "L04", SPRING).run, "汪静根")
    assert (again.outcome, again.reason, again.waiting) == ("keep", "民政所电话核实，漏列", False)
    newer = village.line(village.lists.read(path, "L04", "2026-06-01").run, "汪静根")
    assert newer.waiting
    assert [one["valid_to"] for one in hardships(village, "汪静根")] == [None]


def test_a_list_of_another_kind_or_another_township_ends_nothing(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("农村", person("汪静根", GIRL)), "L04", AUTUMN).run)
    assert village.lists.read(village.paper("城镇", person("宋火强", BOY)), "L05", SPRING).ended == 0
    village.lists.read(village.paper("一乡", person("汪静根", GIRL)), "L04", SPRING)
    assert village.lists.read(village.paper("二乡", person("宋火强", BOY)), "L04", SPRING).ended == 0


def test_the_other_half_of_a_list_takes_the_question_back(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("秋", person("汪静根", GIRL)), "L04", AUTUMN).run)
    first = village.lists.read(village.paper("一乡", person("宋火强", BOY)), "L04", SPRING)
    assert first.ended == 1
    village.lists.read(village.paper("二乡", person("汪静根", GIRL)), "L04", SPRING)
    assert village.lists.lines(first.run, "ended", waiting=True) == []


def test_an_older_list_is_asked_about_and_never_ends_anything(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("新", person("汪静根", GIRL)), "L04", SPRING).run)
    old = village.paper("旧2025年9月10日", person("宋火强", BOY), title="农村低保")
    assert village.lists.look(old).older
    with pytest.raises(UserError) as told:
        village.lists.read(old)
    assert SPRING in told.value.what
    report = village.lists.read(old, older=True)
    assert (report.matched, report.ended) == (1, 0)
    village.lists.accept_pile(report.run)
    (one,) = hardships(village)
    assert (one["valid_from"], one["valid_to"]) == ("2025-09-01", "2026-03-09")


def test_a_list_that_denies_the_policy_gives_nothing_and_asks_about_what_stands(village: Village) -> None:
    village.lists.accept_pile(village.lists.read(village.paper("脱贫户", person("宋火强", BOY)), "", AUTUMN).run)
    report = village.lists.read(
        village.paper("脱贫户（不享受政策）", person("宋火强", BOY), person("汪静根", GIRL)), "", SPRING
    )
    assert report.kind == "L02"
    village.lists.accept_pile(report.run)
    assert codes(village, "汪静根") == []
    (line,) = village.lists.lines(report.run, "ended")
    assert "不享受" in line.says
    village.lists.accept([line.id])
    assert [one["valid_to"] for one in hardships(village)] == ["2026-03-09"]


def test_nobody_is_paid_only_for_standing_on_a_list_that_denies_the_policy(village: Village) -> None:
    StandardService(village.desk.as_county()).learn()
    path = village.paper("脱贫户(不享受)", person("宋火强", BOY))
    village.lists.accept_pile(village.lists.read(path, "", AUTUMN).run)
    wanted = village.paper("脱贫户", person("汪静根", GIRL))
    village.lists.accept_pile(village.lists.read(wanted, "", AUTUMN).run)
    ImportService(village.desk.context).run(
        "hardship_list", village.paper("脱贫户不享受", person("宋火强", BOY, 户编号="1"))
    )
    with village.desk.as_county().write() as unit:
        unit.add(School, {"code": SCHOOL_CODE, "name": "青石镇中心小学", "stage": "PRI", "rural": 1})
    village.desk.aid.decide(TERM)
    paid = {line.name for line in village.desk.aid.decisions(TERM, "granted") if line.fen}
    assert paid == {"汪静根"}


def test_a_risk_that_is_gone_keeps_what_is_in_force_and_gives_nothing_new(village: Village) -> None:
    watched = person("宋火强", BOY, 监测对象类别="脱贫不稳定户")
    village.lists.accept_pile(village.lists.read(village.paper("监测对象(未消除)", watched), "", AUTUMN).run)
    report = village.lists.read(village.paper("监测对象(已消除)", watched, person("汪静根", GIRL)), "", SPRING)
    village.lists.accept_pile(report.run)
    assert (report.kind, report.ended) == ("L08", 0)
    assert [(one["code"], one["valid_to"]) for one in hardships(village)] == [("D02", None)]
    assert codes(village, "汪静根") == []
    assert records(village.desk.context, Household, head="宋琪亦")[0]["monitoring"] == "R1"


def test_a_disability_card_fills_what_is_blank_and_asks_where_the_roll_differs(village: Village) -> None:
    path = village.paper("持证残疾人", person("宋火强", f"{BOY}43"), person("汪静根", f"{GIRL}21"))
    context = village.desk.context
    with context.write() as unit:
        unit.change(Student, village.uids["汪静根"], {"disability": "1", "disability_level": "1"})
    village.lists.accept_pile(village.lists.read(path, "", AUTUMN).run)
    boy, girl = (records(context, Student, uid=village.uids[name])[0] for name in ("宋火强", "汪静根"))
    assert (boy["disability"], boy["disability_level"], boy["disability_card"]) == ("4", "3", f"{BOY}43")
    assert (girl["disability"], girl["disability_card"]) == ("1", f"{GIRL}21")
    (question,) = records(context, Question)
    assert (question["student"], question["kind"]) == (village.uids["汪静根"], "list_disability")
    assert "残疾类型" in question["sentence"]
    assert codes(village) == ["D12"]
    assert hardships(village)[0]["document"] == f"{BOY}43"
    assert village.lists.read(path, "", AUTUMN).waiting == 0


def test_columns_of_class_and_level_are_understood_too(village: Village) -> None:
    row = person("宋火强", BOY, 残疾类别="肢体残疾", 残疾等级="2级")
    village.lists.accept_pile(village.lists.read(village.paper("残疾人", row), "", AUTUMN).run)
    boy = records(village.desk.context, Student, uid=village.uids["宋火强"])[0]
    assert (boy["disability"], boy["disability_level"]) == ("4", "2")


def test_somebody_with_a_wrong_number_is_recognised_as_our_pupil_and_the_number_asked_about(village: Village) -> None:
    twin = BOY[:14] + "997"
    from jzdesk.core.citizen_id import check_character

    report = village.lists.read(village.paper("低保", person("宋火强", twin + check_character(twin))), "L04", AUTUMN)
    line = village.line(report.run, "宋火强")
    assert (line.pile, line.likely[0].uid) == ("absent", village.uids["宋火强"])
    village.lists.recognise(line.id, line.likely[0].uid)
    assert codes(village) == ["D05"]
    (question,) = records(village.desk.context, Question)
    assert question["kind"] == "list_number"
    assert (
        village.lists.read(village.paper("低保", person("宋火强", twin + check_character(twin))), "L04", AUTUMN).waiting
        == 0
    )


def test_an_acceptance_is_undone_as_one_step_and_its_lines_wait_again(village: Village) -> None:
    path = village.paper("低保", person("宋火强", BOY), person("汪静根", GIRL))
    report = village.lists.read(path, "L04", AUTUMN)
    done = village.lists.accept_pile(report.run)
    assert done.action is not None
    undoing = UndoService(village.desk.context)
    assert undoing.recent()[0].label == "名单比对：农村低保 确认 2 人"
    village.lists.undo(done.action)
    assert codes(village) == []
    waiting = [line for line in village.lists.lines(report.run, waiting=True) if not line.offered]
    assert len(waiting) == 2
    assert village.lists.runs()[0].left == 3  # his sister is offered besides
    undoing.undo(undoing.recent()[0].number)
    assert codes(village) == ["D05"]
    assert [line for line in village.lists.lines(report.run, waiting=True) if not line.offered] == []
    assert village.lists.runs()[0].left == 1


def test_what_was_put_aside_waits_again_when_reopened(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    line = village.line(report.run, "李学生")
    village.lists.decide([line.id], "notours")
    assert village.line(report.run, "李学生").outcome_label == "不是本校的"
    assert village.lists.reopen([line.id]) == 1
    assert village.line(report.run, "李学生").waiting
    village.lists.accept_pile(report.run)
    with pytest.raises(UserError, match="已确认"):
        village.lists.reopen([village.line(report.run, "宋火强").id])


def test_later_is_remembered_and_goes_on_to_be_counted(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    line = village.line(report.run, "李学生")
    village.lists.decide([line.id], "later")
    assert village.lists.runs()[0].left == report.waiting
    assert (village.line(report.run, "李学生").outcome, village.line(report.run, "李学生").waiting) == ("later", True)


def test_somebody_who_is_not_ours_stays_so_on_later_lists(village: Village) -> None:
    first = village.lists.read(village.paper("秋", person("李学生", ELSEWHERE)), "L04", AUTUMN)
    village.lists.decide([village.line(first.run, "李学生").id], "notours", "中学的")
    later = village.lists.read(village.paper("春", person("李学生", ELSEWHERE)), "L04", SPRING)
    assert (later.waiting, village.line(later.run, "李学生").reason) == (0, "中学的")


def test_grown_people_without_children_here_need_nobody(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    assert village.line(report.run, "陌生人").outcome == "age"


@pytest.mark.parametrize(
    ("pile", "outcome", "reason", "words"),
    [
        ("matched", "keep", "x", "不能定为"), ("matched", "notours", " ", "理由"), ("name", "notours", "", "理由"),
        ("absent", "keep", "", "不能定为"), ("absent", "wrong", "", "不能定为"),
    ],
)  # fmt: skip
def test_a_word_that_does_not_fit_the_pile_changes_nothing(
    village: Village, pile: str, outcome: str, reason: str, words: str
) -> None:
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    line = village.lists.lines(report.run, pile, waiting=True)[0]
    with pytest.raises(UserError, match=words):
        village.lists.decide([line.id], outcome, reason)
    assert len(village.lists.lines(report.run, waiting=True)) == report.waiting


def test_nobody_is_accepted_whom_the_line_does_not_name(village: Village) -> None:
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    with pytest.raises(UserError, match="还没有对上学生"):
        village.lists.accept([village.line(report.run, "李学生").id])
    with pytest.raises(UserError, match="已经对上"):
        village.lists.recognise(village.line(report.run, "宋火强").id, village.uids["宋火强"])


def test_a_list_without_a_telling_name_wants_its_kind(village: Village) -> None:
    from tests.factories.rolls import workbook

    path = workbook(village.folder / "表1.xlsx", ("姓名", "证件号码"), [person("宋火强", BOY)], title="人员")
    assert village.lists.look(path).kind == ""
    with pytest.raises(UserError, match="看不出") as told:
        village.lists.read(path)
    assert "农村低保" in told.value.remedy
    assert village.lists.read(path, "农村低保").kind == "L04"


def test_a_bad_date_is_said_in_words(village: Village) -> None:
    with pytest.raises(UserError) as told:
        village.lists.read(village.paper("脱贫户", *everybody()), listed_on="2025-02-30")
    assert told.value.where == "名单日期"


def test_a_column_of_disability_cards_alone_is_enough(village: Village) -> None:
    from tests.factories.rolls import workbook

    path = workbook(
        village.folder / "残联.xlsx", ("姓名", "残疾人证号"), [{"姓名": "宋火强", "残疾人证号": f"{BOY}43"}]
    )
    report = village.lists.read(path, "", AUTUMN)
    assert (report.kind, report.matched) == ("L03", 1)


def test_a_temporary_roll_number_in_the_column_of_numbers_is_a_number(village: Village) -> None:
    roll = "L431099201506010001"
    with village.desk.context.write() as unit:
        unit.change(Student, village.uids["汪静根"], {"roll_number": roll})
    report = village.lists.read(village.paper("低保", person("汪静根", roll)), "L04", AUTUMN)
    assert (report.matched, report.unread) == (1, 0)


def test_an_unknown_class_cannot_be_read_and_gives_nothing(village: Village) -> None:
    row = person("宋火强", BOY, 监测对象类别="看不懂")
    report = village.lists.read(village.paper("监测对象", row), "L07", AUTUMN)
    assert (report.matched, report.unread) == (0, 1)
    assert "看不懂" in village.line(report.run, "宋火强").says


def test_the_to_do_line_counts_what_waits(village: Village) -> None:
    home = HomeService(village.desk.context, VisitService(village.desk.context))

    def todo() -> dict[str, int]:
        return {one.page: one.count for one in home.summary().todos}

    assert "lists" not in todo()
    report = village.lists.read(village.paper("脱贫户", *everybody()), listed_on=AUTUMN)
    assert todo()["lists"] == report.waiting > 0


def test_after_the_quick_import_the_sample_list_has_nobody_left_to_record(school: Services) -> None:
    school.choose_term(TERM)
    school.imports.run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")
    path = EXAMPLES / "脱贫户与监测对象名单-青石镇.xls"
    quick = school.imports.run("hardship_list", path)
    report = school.lists.read(path)
    assert report.balanced
    assert [one.pile for one in school.lists.lines(report.run, waiting=True) if one.pile != "absent"] == []
    assert {one.name for one in school.lists.lines(report.run, "absent", waiting=True)} >= {"史月", "杜秀嘉"}
    assert quick.added == len({one.student for one in school.lists.lines(report.run, "matched") if not one.via})


def test_the_piles_give_the_same_hardships_as_the_quick_import(school: Services, tmp_path: Path) -> None:
    from tests.factories.stations import new_school

    other = new_school(tmp_path / "other")
    path = EXAMPLES / "脱贫户与监测对象名单-青石镇.xls"
    for services in (school, other):
        services.choose_term(TERM)
        services.imports.run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")
    school.imports.run("hardship_list", path)
    other.lists.accept_pile(other.lists.read(path).run)

    def given(services: Services) -> list[tuple[str, str, str]]:
        names = {one["uid"]: str(one["id_number"]) for one in records(services.context, Student)}
        found = records(services.context, Hardship, source="list")
        return sorted((names[one["student"]], str(one["code"]), str(one["valid_from"])) for one in found)

    assert given(other) == given(school)
    other.close()


def test_the_county_does_not_match_lists(county: Services, village: Village) -> None:
    with pytest.raises(UserError, match="县级"):
        county.lists.read(village.paper("低保", person("宋火强", BOY)), "L04", AUTUMN)
