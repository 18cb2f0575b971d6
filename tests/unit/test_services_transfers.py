"""转学 through real packages: two schools and a county, sticks that get lost, are replayed, or come in any order."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import SchoolClass, Staff, Student
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentQuery
from tests.factories.moves import LATER, MOVED_ON, NEW, OLD, Three, child, paid
from tests.unit.test_printing_forms import pages_of
from tests.unit.test_services_photos import picture as jpeg


def scope_of(station: Services, uid: str, entity: str = "student") -> str:
    return str(station.ledger.record(entity, uid).values["scope"])


def test_the_county_sees_both_schools_and_what_was_paid_this_term(three: Three) -> None:
    uid = child(three.old)
    paid(three.old)
    three.on(MOVED_ON)
    three.ask(uid)
    three.up()
    (line,) = three.county.transfers.lines()
    assert (line.from_name, line.to_name, line.state) == ("青石镇中心小学", "白沙镇中心小学", "asked")
    assert line.fen == 62500
    assert line.paid == ("已由青石镇中心小学发放 625.00 元（寄宿生生活补助）",)
    assert three.county.transfers.waiting() == 1


def test_the_file_moves_and_the_new_school_may_write_it(three: Three) -> None:
    uid = three.moved()
    for station in (three.county, three.old, three.new):
        assert scope_of(station, uid) == NEW
    file = three.new.students.file(uid)
    assert file.student.values["name"] == "王小明"
    assert [row.values["code"] for row in file.hardships] == ["D01"]
    assert len(file.guardians) == 1
    assert len(file.payments) == 1
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.new.ledger.save("student", {"phone": "13800000000"}, uid)
    three.up()
    assert three.county.ledger.record("student", uid).values["phone"] == "13800000000"
    assert three.county.holds.waiting() == []


def test_the_old_school_only_reads_it_and_is_told_why(three: Three) -> None:
    uid = three.moved()
    with pytest.raises(UserError, match="只能查看"):
        three.old.ledger.save("student", {"phone": "13800000000"}, uid)
    assert three.old.ledger.record("student", uid).values["phone"] is None
    assert three.old.students.file(uid).student.values["name"] == "王小明"


def test_what_was_paid_this_term_is_not_paid_again_and_next_term_is(three: Three) -> None:
    uid = three.moved()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    run = three.new.aid.decide("2025-2026-1")
    (line,) = [one for one in three.new.aid.decisions("2025-2026-1") if one.student == uid]
    assert not line.granted
    assert "已由青石镇中心小学发放 625.00 元" in line.reasons
    assert (run.granted, run.refused) == (0, 1)
    with pytest.raises(UserError, match="没有待发放"):
        three.new.aid.make_batch("2025-2026-1")
    three.on("2026-03-01")
    three.new.aid.decide("2025-2026-2")
    assert three.new.aid.make_batch("2025-2026-2").fen == 62500


def test_money_paid_after_the_move_is_known_at_the_new_school_with_its_next_receipt(three: Three) -> None:
    uid = child(three.old)
    three.old.aid.decide("2025-2026-1")
    batch = three.old.aid.make_batch("2025-2026-1").uid
    three.old.aid.approve(batch, "陈建国")
    three.on(MOVED_ON)
    three.ask(uid)
    three.up()
    three.county.transfers.approve(three.county.transfers.lines("asked")[0].uid)
    three.old.aid.pay(batch)
    three.down()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.new.aid.decide("2025-2026-1")
    assert "已列入青石镇中心小学的发放名单" in three.new.aid.decisions("2025-2026-1")[0].reasons
    three.up()
    three.down()
    three.new.aid.decide("2025-2026-1")
    assert "已由青石镇中心小学发放 625.00 元" in three.new.aid.decisions("2025-2026-1")[0].reasons


def test_a_refusal_is_read_with_its_reason_and_the_child_comes_back_to_the_roll(three: Three) -> None:
    uid = child(three.old)
    three.on(MOVED_ON)
    request = three.ask(uid)
    assert three.old.students.file(uid).enrolment.values["status"] == "04"  # type: ignore[union-attr]
    three.up()
    with pytest.raises(UserError, match="没有写明理由"):
        three.county.transfers.refuse(request, " ")
    three.county.transfers.refuse(request, "白沙小学学位已满")
    told = three.down(three.old)
    assert told == ["王小明转往白沙镇中心小学：县里不同意（白沙小学学位已满）。"]
    (item,) = three.old.work_list.items()
    assert "不同意（白沙小学学位已满）" in item.sentence
    three.old.transfers.withdraw(request, "不转了")
    assert three.old.students.file(uid).enrolment.values["status"] == "01"  # type: ignore[union-attr]
    assert three.old.work_list.items() == []
    three.up()
    assert three.county.transfers.lines() == []
    assert scope_of(three.county, uid) == OLD


def test_a_child_that_comes_waits_in_the_work_list_until_it_has_a_place(three: Three) -> None:
    uid = three.moved()
    (item,) = three.new.work_list.items()
    assert item.sentence.startswith("转入：由青石镇中心小学转来，请分班")
    with three.new.context.write() as unit:
        room = unit.add(SchoolClass, {"grade": "G03", "name": "2班"})
        staff = unit.add(Staff, {"name": "李春梅", "sex": "2"})
    three.new.transfers.receive(uid, {"date": MOVED_ON, "to_class": room, "staff": staff})
    assert three.new.work_list.items() == []
    file = three.new.students.file(uid)
    assert file.enrolment is not None
    assert file.enrolment.values["school"] == NEW
    assert (file.enrolment.shown["grade"], file.enrolment.values["boarding"]) == ("小学三年级", "2")
    paired = three.new.pairing.current(uid)
    assert paired is not None
    assert paired.name == "李春梅"
    three.up()
    assert [line.state for line in three.county.transfers.lines()] == ["received"]


def test_a_lost_receipt_is_no_matter(three: Three) -> None:
    uid = child(three.old)
    three.on(MOVED_ON)
    three.ask(uid)
    three.up()
    three.county.transfers.approve(three.county.transfers.lines()[0].uid)
    three.county.county.write_receipts(three.stick())  # never arrives
    three.down()
    assert scope_of(three.new, uid) == NEW
    assert three.new.transfers.lines("approved")[0].coming


def test_the_receipt_without_the_file_says_what_is_missing_and_hides_the_empty_record(three: Three) -> None:
    uid = child(three.old)
    three.on(MOVED_ON)
    three.ask(uid)
    three.up()
    three.county.transfers.approve(three.county.transfers.lines()[0].uid)
    stick = three.stick()
    three.county.county.write_receipts(stick)
    receipt = [path for path in stick.glob("*.jzh") if path.name.startswith(NEW)]
    (outcome,) = three.new.exchange.read_receipts(receipt)
    assert any("档案还没有读到" in said for said in outcome.problems)
    assert three.new.students.search("王小明") == []
    assert [one.outcome for one in three.new.exchange.read_receipts(stick.glob("*.jzd"))] == ["read"]
    assert [row.uid for row in three.new.students.search("王小明")] == [uid]


def test_reading_everything_again_changes_nothing(three: Three) -> None:
    uid = three.moved()
    packages = three.up()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    before = three.new.verify().digest, three.county.verify().digest
    three.county.merging.merge(packages)
    for stick in sorted(three.root.glob("stick-*")):
        for school in (three.old, three.new):
            outcomes = school.exchange.read_receipts([stick])
            assert {one.outcome for one in outcomes} <= {"old", "other", "read"}
    assert (three.new.verify().digest, three.county.verify().digest) == before


def test_what_the_old_school_wrote_unaware_of_the_move_waits_and_is_not_lost(three: Three) -> None:
    uid = child(three.old)
    three.on(MOVED_ON)
    three.ask(uid)
    three.up()
    three.county.transfers.approve(three.county.transfers.lines()[0].uid)
    three.old.ledger.save("student", {"phone": "13811111111"}, uid)
    three.up(three.old)
    (held,) = three.county.holds.waiting()
    assert (held.reason, held.school) == ("record", OLD)
    assert three.county.ledger.record("student", uid).values["phone"] is None
    three.county.holds.admit(held.id, "电话是对的")
    assert three.county.ledger.record("student", uid).values["phone"] == "13811111111"
    three.down()
    assert three.new.ledger.record("student", uid).values["phone"] == "13811111111"


def test_the_child_comes_back_with_what_happened_meanwhile(three: Three) -> None:
    uid = three.moved()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.new.ledger.save("student", {"phone": "13822222222"}, uid)
    three.on(LATER)
    back = three.new.transfers.ask({"student": uid, "to_name": "青石镇中心小学", "date": LATER, "reason": "迁回"})
    three.up()
    three.county.transfers.approve(back)
    told = three.down()
    assert any("由白沙镇中心小学转来" in said for said in told)
    three.old.transfers.receive(uid, {"date": LATER, "to_grade": "G03"})
    three.old.ledger.save("student", {"phone": "13833333333"}, uid)
    three.up()
    three.down()
    assert [scope_of(one, uid) for one in (three.county, three.old, three.new)] == [OLD] * 3
    assert three.old.settling.conflicts() == three.county.settling.conflicts() == []
    assert three.county.ledger.record("student", uid).values["phone"] == "13833333333"
    assert three.old.students.file(uid).enrolment.values["status"] == "01"  # type: ignore[union-attr]
    three.old.aid.decide("2025-2026-1")
    assert three.old.aid.cash("2025-2026-1").fen == 62500, "what the school paid itself stays as it was"


def test_an_approval_is_taken_back_as_long_as_nobody_has_enrolled_the_child(three: Three) -> None:
    uid = three.moved()
    request = three.county.transfers.lines()[0].uid
    with pytest.raises(UserError, match="已移交，不能撤回"):
        three.old.transfers.withdraw(request, "不转了")
    three.county.transfers.revoke(request, "家长改了主意")
    three.down()
    assert [scope_of(one, uid) for one in (three.county, three.old, three.new)] == [OLD] * 3
    three.old.transfers.withdraw(request, "县里已撤回")
    assert three.old.students.file(uid).enrolment.values["status"] == "01"  # type: ignore[union-attr]
    three.on(LATER)
    again = three.old.transfers.ask({"student": uid, "to_name": NEW, "date": LATER, "reason": "又要转"})
    three.up()
    three.county.transfers.approve(again)
    three.down()
    three.new.transfers.receive(uid, {"date": LATER})
    three.up()
    with pytest.raises(UserError, match="已经登记了就读"):
        three.county.transfers.revoke(again, "x")


def test_a_household_stays_as_long_as_a_sibling_stays(three: Three) -> None:
    first = child(three.old)
    home = str(three.old.ledger.record("student", first).values["household"])
    second = child(three.old, "王小红", home)
    three.on(MOVED_ON)
    requests = [three.ask(uid) for uid in (first, second)]
    three.up()
    three.county.transfers.approve(requests[0])
    three.down()
    assert scope_of(three.new, home, "household") == OLD
    assert three.new.students.file(first).household is not None, "it can be read"
    with pytest.raises(UserError, match="只能查看"):
        three.new.ledger.save("household", {"address": "白沙镇新村"}, home)
    three.old.ledger.save("household", {"address": "青石镇新村"}, home)
    three.up()
    three.county.transfers.approve(requests[1])
    three.down()
    assert [scope_of(one, home, "household") for one in (three.county, three.old, three.new)] == [NEW] * 3
    assert three.new.ledger.record("household", home).values["address"] == "青石镇新村"


def test_the_child_leaves_the_lists_of_the_old_school_and_stands_once_in_those_of_the_new(three: Three) -> None:
    stays = child(three.old, "李思远")
    uid = three.moved()
    assert three.old.students.ids(StudentQuery()) == [stays]
    assert three.old.students.ids(StudentQuery(moved=True)) == [uid]
    assert three.new.students.ids(StudentQuery()) == [uid]
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    (row,) = three.new.students.rows(three.new.students.ids(StudentQuery()))
    assert (row.grade, row.status) == ("小学三年级", "在读")
    assert [card.value for card in three.new.home.summary().cards][:2] == ["1", "1"]
    assert [card.value for card in three.old.home.summary().cards][:3] == ["1", "1", "¥ 1,250.00"]
    assert three.new.home.summary().cards[2].value == "¥ 0.00"
    assert three.new.students.classes() == []
    assert three.new.ledger.ids(Query("enrolment")) != three.old.ledger.ids(Query("enrolment"))
    three.up()
    assert three.county.students.ids(StudentQuery()).count(uid) == 1
    assert three.county.home.summary().cards[0].value == "2"
    assert [one.uid for one in three.county.as_of.roll(MOVED_ON).lines if one.uid == uid] == [uid]


def test_both_sides_and_the_county_have_paper(three: Three, tmp_path: Path) -> None:
    uid = child(three.old)
    paid(three.old)
    three.on(MOVED_ON)
    request = three.ask(uid)
    out = tmp_path / "paper.pdf"
    assert three.old.transfer_papers.write(out, request) == 1
    (page,) = pages_of(out)
    number = str(three.old.ledger.record("student", uid).values["id_number"])
    for words in (
        "转学申请与档案移交单",
        "王小明",
        "白沙镇中心小学",
        "随父母搬迁",
        "625.00元",
        "脱贫",
        "接收人（盖章）",
    ):
        assert words in page, words
    assert number not in page
    three.up()
    with pytest.raises(UserError, match="还没有审批"):
        three.county.transfer_papers.write(out, request)
    three.county.transfers.approve(request, "情况属实")
    assert three.county.transfer_papers.write(out, request) == 1
    (page,) = pages_of(out)
    assert "转学审批意见" in page
    assert "情况属实" in page
    three.down()
    with pytest.raises(UserError, match="还没有接收"):
        three.new.transfer_papers.write(out, request)
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    assert three.new.transfer_papers.write(out, request) == 1
    (page,) = pages_of(out)
    assert "转学接收回执" in page
    assert "小学三年级" in page


def test_photographs_come_with_the_file(three: Three, tmp_path: Path) -> None:
    uid = child(three.old)
    picture = tmp_path / "照片.jpg"
    picture.write_bytes(jpeg())
    three.old.photos.add(uid, picture, {"kind": "proof"})
    three.county.transfers.approve(three.asked(uid))
    three.down()
    (photo,) = three.new.students.file(uid).photos
    assert three.new.photos.content(photo.uid) == three.old.photos.content(photo.uid)


def test_a_school_that_never_sent_anything_hears_of_the_child(three: Three) -> None:
    uid = child(three.old)
    three.ask(uid)
    three.up(three.old)
    three.county.transfers.approve(three.county.transfers.lines()[0].uid)
    three.down()
    assert scope_of(three.new, uid) == NEW


def test_a_child_that_goes_to_another_county_stays_on_file(three: Three) -> None:
    uid = child(three.old)
    request = three.ask(uid, "邻县实验小学")
    three.up()
    done = three.county.transfers.approve(request)
    assert (done.records, scope_of(three.county, uid)) == (0, OLD)
    three.down()
    assert [line.state_label for line in three.old.transfers.lines()] == ["同意，转往外县"]


def test_what_cannot_be_meant_is_asked_about(three: Three) -> None:
    uid = child(three.old)
    for to, said in ((OLD, "就是本校"), ("2199999999", "没有标识码"), ("白沙镇", "是不是其中一所")):
        with pytest.raises(UserError, match=said):
            three.ask(uid, to)
    with pytest.raises(UserError, match="转学由县教育局审批"):
        three.old.transfers.approve("x")
    with pytest.raises(UserError, match="学校登记"):
        three.county.transfers.ask({"student": uid, "to_name": NEW, "reason": "x"})
    request = three.asked(uid)
    with pytest.raises(UserError, match="还没有答复"):
        three.ask(uid)
    three.county.transfers.approve(request)
    with pytest.raises(UserError, match="已经同意过"):
        three.county.transfers.approve(request)
    with pytest.raises(UserError, match="已经审批过"):
        three.county.transfers.refuse(request, "x")


def test_the_county_sees_that_the_child_stands_on_another_roll_too(three: Three) -> None:
    uid = child(three.old)
    number = three.old.ledger.record("student", uid).values["id_number"]
    child(three.new, "王小明", id_number=number)
    three.asked(uid)
    (line,) = three.county.transfers.lines()
    assert line.doubles == (), "a place at the school that the child goes to is no other roll"
    three.old.transfers.withdraw(line.uid, "改去别处")
    three.ask(uid, "3143990003")
    three.up()
    assert three.county.transfers.lines()[0].doubles == ("在白沙镇中心小学还有在读的学籍",)


def test_a_school_cannot_move_a_record_by_itself(three: Three) -> None:
    uid = child(three.old)
    with three.old.context.write() as unit:
        unit.grant_many(Student, [uid], NEW, "自己移交")
    three.up()
    (held,) = three.county.holds.waiting()
    assert held.reason == "policy"
    with pytest.raises(UserError, match="只能由县里变更"):
        three.county.holds.admit(held.id, "x")
    assert scope_of(three.county, uid) == OLD


def test_a_school_that_lost_its_data_gets_the_files_that_came_to_it_long_ago(three: Three) -> None:
    uid = three.moved()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.up()
    three.on("2027-03-01")
    stick = three.stick()
    three.county.county.write_receipts(stick)
    assert list(stick.glob("*.jzd")) == []
    written = three.county.county.return_entries(three.new.info.device, stick)
    assert len(written) == len(list(stick.glob(f"{NEW}_*.jzd"))) == 2
