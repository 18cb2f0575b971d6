"""待裁定的记录: listed with who, what and why; admitted or refused with a reason; two stories of one device settled."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.store.tables import journal
from tests.factories.forging import Forger
from tests.factories.stations import PASSWORD, certify, new_school

pytestmark = pytest.mark.usefixtures("both_databases")

DAY = 24 * 3600 * 1000


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def save(school: Services, name: str, **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def names(county: Services) -> set[str]:
    return {row.name for row in county.students.rows(county.students.ids(StudentQuery()))}


def forged(school: Services, county: Services, stick: Path, **changes: Any) -> None:
    forger = Forger(school)
    forger.say(**changes)
    (outcome,) = county.merging.merge([forger.package(stick)])
    assert outcome.outcome == "held"


def test_a_record_of_another_school_waits_and_is_admitted_with_a_reason(
    certified: Services, county: Services, stick: Path
) -> None:
    forged(certified, county, stick, scope="2143990002", set={"name": "外校生", "phone": "13800000000"})
    (line,) = county.holds.waiting()
    assert (line.reason_label, line.entries, line.title, line.who) == ("超出学校的权限范围", 1, "外校生", "x")
    seen = county.holds.detail(line.id)
    assert seen.obstacle == ""
    assert seen.effects.total("new") == 1
    (entry,) = seen.entries
    assert (entry.scope, entry.op_label) == ("2143990002", "填写")
    assert ("姓名", "外校生") in entry.fields
    assert not any("13800000000" in text for _, text in entry.fields), "masked"
    with pytest.raises(UserError, match="理由"):
        county.holds.admit(line.id, "")
    assert names(county) == set()
    assert county.holds.admit(line.id, "电话核实，已转来") == 1
    assert names(county) == {"外校生"}
    assert county.holds.waiting() == []
    (decided,) = county.holds.waiting(decided=True)
    assert (decided.ruling_label, decided.why) == ("已采纳", "电话核实，已转来")
    with pytest.raises(UserError, match="已经采纳"):
        county.holds.admit(line.id, "再来")
    assert county.verify().ok


def test_what_is_refused_is_kept_marked_and_reported(certified: Services, county: Services, stick: Path) -> None:
    forged(certified, county, stick, scope="2143990002")
    (line,) = county.holds.waiting()
    before = county.verify()
    assert county.holds.refuse(line.id, "不是本校学生") == 1
    assert county.verify() == before
    with pytest.raises(UserError, match="已经裁定"):
        county.holds.refuse(line.id, "再来")
    (log,) = county.merging.arrivals()
    assert (log.waiting, log.since) == (0, "县里不予采纳 1 条：不是本校学生。")
    (receipt,) = county.county.write_receipts(stick)
    (read,) = certified.exchange.read_receipts([receipt])
    assert any("不予采纳 1 条：不是本校学生" in line for line in read.problems)
    assert county.holds.admit(line.id, "核实后改判") == 1, "a refusal can be put right"


NEVER: dict[str, tuple[dict[str, Any], str]] = {
    "county policy": ({"ent": "school", "set": {"name": "假学校"}}, "由县里维护"),
    "the county's role": ({"role": "county"}, "身份高于证书"),
    "a wrong type": ({"set": {"name": 5}}, "写法不对"),
    "another scope and a wrong type": ({"scope": "2143990002", "set": {"name": 5}}, "写法不对"),
}


def test_what_may_never_count_can_only_be_refused(certified: Services, county: Services, stick: Path) -> None:
    for case, (changes, sentence) in NEVER.items():
        forged(certified, county, stick, **changes)
        (line,) = county.holds.waiting()
        seen = county.holds.detail(line.id)
        assert sentence in seen.obstacle, case
        assert seen.entries[0].fields
        with pytest.raises(UserError, match=sentence):
            county.holds.admit(line.id, "放行")
        county.holds.refuse(line.id, "不合规定")
    assert county.verify().ok


def test_a_clock_that_ran_ahead_is_explained_once(county: Services, tmp_path: Path, stick: Path) -> None:
    school = new_school(tmp_path / "ahead", clock=Clock(lambda: int(time.time() * 1000) + 5 * DAY))
    certify(school, county, tmp_path)
    for name in ("一", "二", "三"):
        save(school, name)
    county.merging.merge([school.exchange.export(stick)[0].path])
    (line,) = county.holds.waiting()
    assert (line.reason_label, line.entries) == ("电脑时钟超前两天以上", 3)
    assert county.holds.detail(line.id).ahead_hours == 120
    with pytest.raises(UserError, match="没有说明"):
        county.holds.admit(line.id, "时钟不准")
    with pytest.raises(UserError, match="解释不了"):
        county.holds.admit(line.id, "时钟不准", 24)
    assert names(county) == set()
    county.holds.admit(line.id, "电脑日期快了五天", 120)
    assert names(county) == {"一", "二", "三"}
    save(school, "四")
    (outcome,) = county.merging.merge([school.exchange.export(stick)[0].path])
    assert outcome.outcome == "applied", "the same clock need not be explained again"
    assert county.verify().digest == school.verify().digest
    school.close()


def test_holds_stand_in_the_receipt_until_they_are_decided(certified: Services, county: Services, stick: Path) -> None:
    forged(certified, county, stick, scope="2143990002")
    (log,) = county.merging.arrivals()
    assert (log.waiting, log.since) == (1, "还有 1 条待裁定。")


def test_what_is_admitted_behind_a_withdrawal_waits_for_the_return(
    certified: Services, county: Services, stick: Path
) -> None:
    forger = Forger(certified)
    forger.say(set={"name": "真学生"})
    forger.say(scope="2143990002", set={"name": "外校生"})
    path = forger.package(stick)
    county.merging.merge([path])
    county.withdrawing.withdraw(path.name, "报错了")
    (line,) = county.holds.waiting()
    assert county.holds.detail(line.id).effects.total("new") == 0
    county.holds.admit(line.id, "已核实")
    assert names(county) == set()
    assert county.withdrawing.look_back(path.name).entries == 2
    county.withdrawing.rejoin(path.name)
    assert names(county) == {"真学生", "外校生"}


def test_only_the_county_decides(certified: Services) -> None:
    with pytest.raises(UserError, match="县教育局裁定"):
        certified.holds.refuse(1, "不行")
    with pytest.raises(UserError, match="县教育局裁定"):
        certified.forks.settle(1, "ours", "不行")


def test_an_unknown_number_is_said_to_be_unknown(county: Services) -> None:
    with pytest.raises(UserError, match="没有这一项"):
        county.holds.detail(7)
    with pytest.raises(UserError, match="没有这个分叉"):
        county.forks.detail(7)


@pytest.fixture
def forked(certified: Services, county: Services, tmp_path: Path, stick: Path) -> tuple[Services, Services]:
    """A school and the clone of its disk; the county holds the school's story, the clone's came as a fork."""
    uid = save(certified, "从前", phone="13800000000")
    folder = certified.info.folder
    certified.close()
    shutil.copytree(folder, tmp_path / "twin")
    certified, twin = open_station(folder, PASSWORD), open_station(tmp_path / "twin", PASSWORD)
    for school, name, phone in ((certified, "原机", "13811111111"), (twin, "克隆机", "13822222222")):
        save(school, name)
        with school.context.write() as unit:
            unit.change(Student, uid, {"phone": phone})
    county.merging.merge([certified.exchange.export(stick)[0].path])
    (outcome,) = county.merging.merge([twin.exchange.export(stick)[0].path])
    assert outcome.outcome == "fork"
    return certified, twin


@pytest.mark.usefixtures("forked")
def test_both_stories_of_a_cloned_disk_are_shown(county: Services) -> None:
    (line,) = county.forks.waiting()
    seen = county.forks.detail(line.id)
    assert (seen.after, seen.ours.entries, seen.theirs.entries) == (1, 2, 2)
    assert any("原机" in text for text in seen.ours.examples)
    assert any("克隆机" in text for text in seen.theirs.examples)
    assert seen.ours.who == ("测试员",)


FORKS = [
    ("ours", False, {"从前", "原机"}, 0),
    ("ours", True, {"从前", "原机", "克隆机"}, 1),
    ("theirs", False, {"从前", "克隆机"}, 0),
    ("theirs", True, {"从前", "原机", "克隆机"}, 1),
]


@pytest.mark.parametrize(("continues", "keep", "shown", "conflicts"), FORKS)
def test_the_county_says_which_story_goes_on_and_both_survive(
    county: Services, forked: tuple[Services, Services], stick: Path, continues: str, keep: bool, shown: set[str],
    conflicts: int,
) -> None:  # fmt: skip
    (line,) = county.forks.waiting()
    held = county.verify().entries
    with pytest.raises(UserError, match="理由"):
        county.forks.settle(line.id, continues, " ")
    county.forks.settle(line.id, continues, "旧电脑停用", keep_other=keep)
    report = county.verify()
    assert (report.ok, report.entries - held) == (True, 2), "both stories stand in the journal"
    assert names(county) == shown
    assert len(county.settling.conflicts()) == conflicts
    told = [one.outcome for one in forked[0].exchange.read_receipts(county.county.write_receipts(stick))]
    assert told == ["read" if continues == "ours" else "refused"], "a receipt speaks of the branch that goes on"
    assert county.forks.waiting() == []
    assert [one.why for one in county.forks.waiting(decided=True)] == ["旧电脑停用"]

    goes_on, other = forked if continues == "ours" else forked[::-1]
    save(goes_on, "后来")
    (outcome,) = county.merging.merge([goes_on.exchange.export(stick)[0].path])
    assert (outcome.outcome, outcome.counts.applied) == ("applied", 1)
    save(other, "又一名")
    (again,) = county.merging.merge([other.exchange.export(stick)[0].path])
    assert again.outcome == "fork"
    (line,) = county.forks.waiting()
    county.forks.settle(line.id, "ours", "同上", keep_other=True)
    assert county.verify().ok
    assert names(county) == {"从前", "后来", "又一名"} | shown | ({"原机"} if continues == "theirs" and keep else set())
    with pytest.raises(UserError, match="已经裁定"):
        county.forks.settle(line.id, "ours", "再来")


def test_a_fork_is_not_settled_while_packages_are_taken_back(
    county: Services, forked: tuple[Services, Services]
) -> None:
    assert forked
    (line,) = county.forks.waiting()
    county.withdrawing.withdraw(county.merging.arrivals()[-1].file, "报错了")
    with pytest.raises(UserError, match="重新并入"):
        county.forks.settle(line.id, "theirs", "以新电脑为准")
    assert county.verify().ok


@pytest.mark.parametrize("first", [True, False])
def test_a_story_that_stood_aside_goes_on_after_all_and_stands_in_the_journal_once(
    county: Services, forked: tuple[Services, Services], stick: Path, first: bool
) -> None:
    """The county first lets the old computer go on, and later, with the next package of the other, that one."""
    (line,) = county.forks.waiting()
    county.forks.settle(line.id, "ours", "先用旧电脑", keep_other=first)
    save(forked[1], "又一名")
    county.merging.merge([forked[1].exchange.export(stick)[0].path])
    (line,) = county.forks.waiting()
    county.forks.settle(line.id, "theirs", "旧电脑停用", keep_other=True)
    report = county.verify()
    assert (report.ok, names(county)) == (True, {"从前", "原机", "克隆机", "又一名"})
    with county.context.read() as connection:
        hashes = connection.execute(select(journal.c.h)).scalars().all()
    assert len(hashes) == len(set(hashes))
    save(forked[1], "后来")
    (outcome,) = county.merging.merge([forked[1].exchange.export(stick)[0].path])
    assert (outcome.outcome, outcome.counts.applied) == ("applied", 1)


def test_the_clone_of_a_clone_gets_a_branch_of_its_own(
    county: Services, forked: tuple[Services, Services], tmp_path: Path, stick: Path
) -> None:
    folder = forked[1].info.folder
    forked[1].close()
    shutil.copytree(folder, tmp_path / "third")
    twin, third = open_station(folder, PASSWORD), open_station(tmp_path / "third", PASSWORD)
    for school, name in ((twin, "第二台"), (third, "第三台")):
        save(school, name)
        county.merging.merge([school.exchange.export(stick)[0].path])
    for line in county.forks.waiting():
        county.forks.settle(line.id, "ours", "都要", keep_other=True)
    assert county.verify().ok
    assert names(county) == {"从前", "原机", "克隆机", "第二台", "第三台"}


def test_what_is_held_and_what_forks_speak_of_people_and_schools_by_name(
    certified: Services, county: Services, stick: Path
) -> None:
    forger = Forger(certified)
    child = "c" * 32
    elsewhere = {"scope": "2143990002"}
    forger.say(uid=child, set={"name": "外校生"}, **elsewhere)
    forger.say(ent="enrolment", set={"student": child, "school": "2143990002"}, **elsewhere)
    county.merging.merge([forger.package(stick)])
    told = [
        field for line in county.holds.waiting() for one in county.holds.detail(line.id).entries for field in one.fields
    ]
    assert ("学籍学校", "大坪教学点") in told
    assert not any(child in text for _, text in told)


def test_the_branches_of_a_fork_are_told_by_name(county: Services, certified: Services, stick: Path) -> None:
    forger = Forger(certified)
    twin = Forger(certified, epoch=forger.epoch)
    children = ((forger, "b" * 32, "原机"), (twin, "c" * 32, "克隆机"))
    for each, child, name in children:
        each.say(uid=child, set={"name": name})
        each.say(ent="enrolment", set={"student": child, "school": "2143990001"})
        county.merging.merge([each.package(stick)])
    (line,) = county.forks.waiting()
    seen = county.forks.detail(line.id)
    assert seen.ours.examples[-1] == "填写学籍：学籍学校 青石镇中心小学，学生 原机"
    assert seen.theirs.examples[-1] == "填写学籍：学籍学校 青石镇中心小学，学生 克隆机"
