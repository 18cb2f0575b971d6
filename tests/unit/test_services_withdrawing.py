"""撤回合并 and 重新并入: what leaves with a package, what is shown before, and what the receipt says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Payment, Student
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentQuery
from tests.factories.stations import certify, new_school

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def save(school: Services, name: str, **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def change(school: Services, uid: str, **values: Any) -> None:
    with school.context.write() as unit:
        unit.change(Student, uid, values)


def names(county: Services) -> set[str]:
    return {row.name for row in county.students.rows(county.students.ids(StudentQuery()))}


def sent(school: Services, county: Services, stick: Path) -> str:
    """Export and merge; the name of the package."""
    (done,) = school.exchange.export(stick)
    county.merging.merge([done.path])
    return done.path.name


@pytest.fixture
def two(certified: Services, county: Services, stick: Path) -> tuple[str, str, str]:
    """Two packages: the first brought a student, the second a change of it and another student."""
    uid = save(certified, "宋一", phone="13800000001")
    first = sent(certified, county, stick)
    change(certified, uid, phone="13800000002")
    save(certified, "宋二")
    return first, sent(certified, county, stick), uid


def test_the_last_package_leaves_and_returns(county: Services, two: tuple[str, str, str]) -> None:
    _first, second, uid = two
    whole = county.verify()
    seen = county.withdrawing.look(second)
    assert (seen.entries, seen.along) == (2, ())
    assert (seen.effects.total("gone"), seen.effects.total("changed")) == (1, 1)
    lines = {(line.kind_label, line.title, line.field_label, line.old, line.new) for line in seen.effects.changes}
    assert ("消失", "宋二", "", "", "") in lines
    (moved,) = (line for line in seen.effects.changes if line.field_label)
    assert (moved.title, moved.field_label) == ("宋一", "联系电话")
    assert county.verify() == whole, "looking writes nothing"

    done = county.withdrawing.withdraw(second, "学期报错了")
    assert done.entries == 2
    assert names(county) == {"宋一"}
    assert county.students.search("宋二") == [], "the index forgets it too"
    assert county.ledger.record("student", uid).values["phone"] == "13800000001"
    report = county.verify()
    assert (report.ok, report.entries) == (True, whole.entries), "nothing leaves the journal"

    back = county.withdrawing.look_back(second)
    assert (back.entries, back.effects.total("new"), back.effects.total("changed")) == (2, 1, 1)
    county.withdrawing.rejoin(second)
    assert county.verify() == whole
    assert [row.name for row in county.students.search("宋二")] == ["宋二"]


def test_an_earlier_package_takes_the_later_ones_along(county: Services, two: tuple[str, str, str]) -> None:
    first, second, _uid = two
    whole = county.verify()
    seen = county.withdrawing.look(first)
    assert [one.file for one in seen.along] == [second]
    county.withdrawing.withdraw(first, "报错了")
    assert names(county) == set()
    assert county.verify().ok
    assert [line.withdrawn for line in county.merging.arrivals()] == [True, True]
    with pytest.raises(UserError, match="已经撤回了"):
        county.withdrawing.withdraw(second, "再撤")
    back = county.withdrawing.rejoin(second)
    assert [one.file for one in back.along] == [first]
    assert county.verify() == whole


def test_two_withdrawals_return_one_after_the_other(county: Services, two: tuple[str, str, str]) -> None:
    first, second, _uid = two
    whole = county.verify()
    county.withdrawing.withdraw(second, "先撤后面的")
    without_second = county.verify()
    county.withdrawing.withdraw(first, "再撤前面的")
    assert names(county) == set()
    county.withdrawing.rejoin(first)
    assert county.verify() == without_second
    county.withdrawing.rejoin(second)
    assert county.verify() == whole
    with pytest.raises(UserError, match="没有撤回过"):
        county.withdrawing.rejoin(second)


def test_merging_the_file_again_says_so_and_applies_nothing(
    county: Services, stick: Path, two: tuple[str, str, str]
) -> None:
    _first, second, _uid = two
    county.withdrawing.withdraw(second, "报错了")
    before = county.verify()
    assert {line.path.name: line.state for line in county.merging.inbox([stick])}[second] == "以前已撤回"
    (again,) = county.merging.merge([stick / second])
    assert (again.outcome, again.counts.applied) == ("withdrawn", 0)
    assert again.reason is not None
    assert "重新并入" in again.reason
    assert county.verify() == before


def test_what_follows_a_withdrawn_package_waits_and_returns_with_it(
    certified: Services, county: Services, stick: Path, two: tuple[str, str, str]
) -> None:
    _first, second, uid = two
    county.withdrawing.withdraw(second, "报错了")
    change(certified, uid, phone="13800000003")
    (done,) = certified.exchange.export(stick)
    seen = county.previewing.preview(done.path)
    (outcome,) = county.merging.merge([done.path])
    assert (outcome.outcome, outcome.counts.held, outcome.counts.known) == ("held", 1, 3)
    assert (seen.outcome, seen.counts, seen.reason) == (outcome.outcome, outcome.counts, outcome.reason)
    assert county.ledger.record("student", uid).values["phone"] == "13800000001"
    county.withdrawing.rejoin(second)
    assert county.ledger.record("student", uid).values["phone"] == "13800000003"
    assert county.verify().digest == certified.verify().digest


def test_the_countys_own_decisions_on_what_left_are_named(
    certified: Services, county: Services, two: tuple[str, str, str]
) -> None:
    first, _second, uid = two
    with county.context.write() as unit:
        unit.change(Student, uid, {"note": "县里核实"})
    seen = county.withdrawing.look(first)
    assert (seen.effects.total("partial"), seen.effects.total("gone")) == (1, 1)
    whole = county.verify()
    county.withdrawing.withdraw(first, "报错了")
    assert county.verify().ok
    county.withdrawing.rejoin(first)
    assert county.verify() == whole


def test_conflicts_close_and_open_again(certified: Services, county: Services, stick: Path) -> None:
    uid = save(certified, "宋一", phone="13800000001")
    sent(certified, county, stick)
    with county.context.write() as unit:
        unit.change(Student, uid, {"phone": "13900000000"})
    change(certified, uid, phone="13700000000")
    (done,) = certified.exchange.export(stick)
    assert county.previewing.preview(done.path).effects.total("opened") == 1
    county.merging.merge([done.path])
    assert len(county.settling.conflicts()) == 1
    assert county.withdrawing.look(done.path.name).effects.total("closed") == 1
    county.withdrawing.withdraw(done.path.name, "报错了")
    assert county.settling.conflicts() == []
    county.withdrawing.rejoin(done.path.name)
    assert len(county.settling.conflicts()) == 1


def test_payments_that_would_go_are_counted_with_their_sum(certified: Services, county: Services, stick: Path) -> None:
    uid = save(certified, "宋一")
    with certified.context.write() as unit:
        row: dict[str, Any] = {
            "student": uid,
            "programme": "living",
            "term": "2025-2026-1",
            "due": 62500,
            "fen": 62500,
            "kind": "pay",
        }
        unit.add(Payment, {**row, "batch": "b" * 32, "decision": "d" * 32, "state": "paid"})
    name = sent(certified, county, stick)
    seen = county.withdrawing.look(name).effects
    assert (seen.payments, seen.fen) == (1, -62500)


def test_other_schools_are_left_alone(
    certified: Services, county: Services, tmp_path: Path, stick: Path, two: tuple[str, str, str]
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    save(other, "别校生")
    sent(other, county, stick)
    county.withdrawing.withdraw(two[0], "报错了")
    assert names(county) == {"别校生"}
    assert {line.school for line in county.merging.arrivals("2143990002")} == {"2143990002"}
    other.close()


def test_the_receipt_says_what_was_taken_back(
    certified: Services, county: Services, stick: Path, two: tuple[str, str, str]
) -> None:
    _first, second, _uid = two
    county.withdrawing.withdraw(second, "学期报错了")
    (receipt,) = county.county.write_receipts(stick)
    (read,) = certified.exchange.read_receipts([receipt])
    assert read.outcome == "read"
    assert any("撤回合并" in line and "学期报错了" in line for line in read.problems)
    assert certified.exchange.pending().unacknowledged == 0, "the county keeps the bytes; nothing need be sent again"
    assert certified.exchange.pending().unexported == 0


@pytest.mark.parametrize("word", ["", "无此包.jzp", "0" * 32])
def test_an_unknown_package_is_said_to_be_unknown(county: Services, word: str) -> None:
    with pytest.raises(UserError, match="没有并入过这个包"):
        county.withdrawing.look(word)


def test_nothing_is_taken_back_without_a_reason(county: Services, two: tuple[str, str, str]) -> None:
    with pytest.raises(UserError, match="理由"):
        county.withdrawing.withdraw(two[1], " ")
    assert names(county) == {"宋一", "宋二"}
