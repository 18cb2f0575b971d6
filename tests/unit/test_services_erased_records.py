"""What is left after 依法删除, as people meet it: named in words, not asked about, not brought back by mistake."""

from __future__ import annotations

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import ERASED, Query
from jzdesk.services.students import StudentQuery
from tests.factories.moves import GROUND, Three, child, paid

NAME, TERM = "王小明", "2025-2026-1"


def erased(three: Three, uid: str) -> None:
    """Erased at the county and at the school that knew the child."""
    three.up(three.old)
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)


def todos(station: Services) -> dict[str, int]:
    return {todo.label[:6]: todo.count for todo in station.home.summary().todos}


def test_an_erased_record_goes_by_words_and_cannot_be_restored(three: Three) -> None:
    uid = child(three.old)
    (member,) = three.old.ledger.ids(Query("member"))
    erased(three, uid)
    for station in (three.old, three.county):
        assert station.ledger.title("student", uid) == ERASED
        row = station.ledger.record("member", member)
        assert (row.erased, row.shown["name"]) == (True, "已依法删除")
        assert [line.uid for line in station.ledger.rows("member", station.ledger.ids(Query("member", hidden=True)))]
        with pytest.raises(UserError, match="已依法删除，不能恢复或再改"):
            station.ledger.restore("student", uid)
    void = child(three.old, "李小红")
    three.old.ledger.void("student", void, "重复录入")
    assert not three.old.ledger.record("student", void).erased
    three.old.ledger.restore("student", void)
    assert three.old.ledger.title("student", void) == "李小红"


def test_a_receipt_tells_of_the_erasure_and_of_nothing_else(three: Three) -> None:
    first, second = child(three.old), child(three.old, "李小红")
    three.up(three.old)
    for uid in (first, second):
        three.county.erasures.erase("student", uid, GROUND)
    (said,) = three.down(three.old)
    assert said.startswith("县里依法删除了 14 条记录的内容")


def test_a_child_of_whom_vouchers_are_left_is_told_from_one_not_filled_in(three: Three) -> None:
    uid = child(three.old)
    paid(three.old)
    other = child(three.old, "李小红")
    erased(three, uid)
    for station in (three.old, three.county):
        rows = {row.name: row for row in station.students.rows(station.students.ids(StudentQuery()))}
        assert (rows[NAME].status, rows[NAME].erased, rows["李小红"].erased) == ("已依法删除", True, False)
        assert station.students.file(uid).only_named
        assert not station.students.file(other).only_named
        assert station.ledger.title("student", uid) == NAME


def test_what_was_paid_to_an_erased_child_asks_for_nothing(three: Three) -> None:
    uid = child(three.old)
    paid(three.old)
    (before,) = three.old.aid.batches()
    erased(three, uid)
    (batch,) = three.old.aid.batches()
    assert (batch.fen, batch.warned, before.warned) == (62500, 0, 0)
    (line,) = three.old.aid.lines(batch.uid)
    assert (line.name, line.warning) == (NAME, ""), "who the guardian was is not known any more"
    assert three.old.aid.decide(TERM).frozen == (), "nothing is to be claimed back"
    (decision,) = three.old.aid.decisions(TERM)
    assert (decision.name, decision.granted) == (NAME, True)


def test_fields_with_a_value_that_are_not_required_are_offered_masked(three: Three) -> None:
    uid = child(three.old, phone="13812345678")
    three.up(three.old)
    offered = {one.name: one.shown for one in three.county.erasures.choices("student", uid)}
    assert offered.keys() == {"id_number", "household", "phone"}
    assert (offered["phone"], offered["household"]) == ("138****5678", "王大")
    assert "note" in {one.name for one in three.county.erasures.choices("student", uid, ["note", "name"])}
    with pytest.raises(UserError, match="没有这条学生"):
        three.county.erasures.choices("student", "0" * 32)
    with pytest.raises(UserError, match="由县教育局办理"):
        three.old.erasures.choices("student", uid)


@pytest.mark.parametrize("named", [NAME, "王大"])
def test_a_ground_names_nobody(three: Three, named: str) -> None:
    uid = child(three.old)
    three.up(three.old)
    with pytest.raises(UserError, match="依据里写了姓名"):
        three.county.erasures.erase("student", uid, f"{named}的申请，个保法第四十七条")
    assert three.county.students.search(NAME)


def test_what_was_decided_but_is_still_in_the_journal_is_to_be_erased_again(three: Three) -> None:
    uid = child(three.old, phone="13812345678")
    three.up(three.old)
    three.old.ledger.save("student", {"phone": "13700000000"}, uid)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    assert "依法删除以后" not in todos(three.county)
    three.up(three.old)
    three.county.settling.resolve("student", uid, "phone", None)
    (line,) = three.county.erasures.listed()
    assert (line.again, line.entity, line.names, line.title) == (True, "student", ("phone",), NAME)
    assert todos(three.county)["依法删除以后"] == 1
    three.county.erasures.erase(line.entity, line.uid, GROUND, line.names)
    assert not any(one.again for one in three.county.erasures.listed())
    assert "依法删除以后" not in todos(three.county)


def test_a_value_that_the_county_keeps_is_no_leftover(three: Three) -> None:
    uid = child(three.old, phone="13812345678")
    three.up(three.old)
    three.old.ledger.save("student", {"phone": "13700000000"}, uid)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.up(three.old)
    three.county.settling.resolve("student", uid, "phone", "13700000000")
    assert not any(one.again for one in three.county.erasures.listed())


def test_a_value_given_and_taken_back_by_who_had_heard_is_no_leftover(three: Three) -> None:
    uid = child(three.old, phone="13812345678")
    three.up(three.old)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.down(three.old)
    for phone in ("13700000000", None):
        three.old.ledger.save("student", {"phone": phone}, uid)
    three.up(three.old)
    assert not any(one.again for one in three.county.erasures.listed())


def test_a_whole_record_that_somebody_wrote_into_is_erased_again_as_a_whole(three: Three) -> None:
    uid = child(three.old)
    three.up(three.old)
    three.old.ledger.save("student", {"note": "新写的"}, uid)
    three.county.erasures.erase("student", uid, GROUND)
    three.up(three.old)
    (line,) = [one for one in three.county.erasures.listed() if one.again]
    assert (line.entity, line.uid, line.names) == ("student", uid, None)
    three.county.erasures.erase("student", uid, GROUND)
    assert not any(one.again for one in three.county.erasures.listed())


def test_old_backups_stand_among_the_things_to_do_until_they_are_cleared(three: Three) -> None:
    uid = child(three.old)
    three.old.backups.make()
    erased(three, uid)
    assert todos(three.old)["旧备份还含有"] == 1
    three.old.erasures.clear_copies()
    assert "旧备份还含有" not in todos(three.old)
