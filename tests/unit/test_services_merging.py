"""The county takes packages in: applied, known, parked, held, forked or refused, and the counts always balance."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.clock import Clock
from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.services.verdicts import MergeOutcome
from jzdesk.services.verifying import VerifyReport
from tests.factories.forging import Forger
from tests.factories.people import id_number
from tests.factories.stations import PASSWORD, certify, new_school

pytestmark = pytest.mark.usefixtures("both_databases")

DAY = 24 * 3600 * 1000


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def _save(school: Services, name: str = "周小", **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def _merge(county: Services, *paths: Path) -> list[MergeOutcome]:
    outcomes = county.merging.merge(paths)
    for outcome in outcomes:
        counts = outcome.counts
        assert counts.entries_in == counts.applied + counts.known + counts.held + counts.rejected
        assert outcome.reason is None or "。" in outcome.reason
    return outcomes


def _kinds(outcomes: list[MergeOutcome]) -> list[str]:
    return [outcome.outcome for outcome in outcomes]


def _tables(report: VerifyReport) -> tuple[str, int]:
    assert report.ok
    return report.digest, report.entries


def _names(county: Services) -> set[str]:
    return {row.name for row in county.students.rows(county.students.ids(StudentQuery()))}


def test_a_package_is_applied_once_and_known_ever_after(certified: Services, county: Services, stick: Path) -> None:
    _save(certified)
    (done,) = certified.exchange.export(stick)
    assert [line.state for line in county.merging.inbox([stick])] == ["可以并入"]
    (outcome,) = _merge(county, stick)
    assert (outcome.outcome, outcome.outcome_label, outcome.counts.applied) == ("applied", "已并入", 1)
    before = _tables(county.verify())
    (again,) = _merge(county, done.path)
    assert (again.outcome, again.counts.known, again.counts.applied) == ("duplicate", 1, 0)
    assert _tables(county.verify()) == before == _tables(certified.verify())
    assert [line.state for line in county.merging.inbox([stick])] == ["以前已并入"]


def test_an_empty_package_is_applied_once_too(certified: Services, county: Services, stick: Path) -> None:
    certified.exchange.export(stick)
    assert _kinds(_merge(county, stick)) == ["applied"]
    assert _kinds(_merge(county, stick)) == ["duplicate"]


def test_only_what_is_new_of_a_package_is_applied(certified: Services, county: Services, stick: Path) -> None:
    _save(certified, "一")
    first = certified.exchange.export(stick)[0].path
    _save(certified, "二")
    second = certified.exchange.export(stick)[0].path
    _merge(county, first)
    (outcome,) = _merge(county, second)
    assert (outcome.counts.known, outcome.counts.applied) == (1, 1)
    assert _names(county) == {"一", "二"}


def _with_gap(school: Services, county: Services, stick: Path) -> tuple[Path, Path, Path]:
    """Three packages: the second begins after the first, the third after the second."""
    paths = []
    for name in ("一", "二", "三"):
        _save(school, name)
        paths.append(school.exchange.export(stick)[0].path)
        own = school.context.store.own_chain()
        from jzdesk.store import journal

        with school.context.store.local() as connection:  # as if a receipt had come that the county forgot
            journal.mark_chain(connection, own.id, received_n=own.last_n)
    return paths[0], paths[1], paths[2]


def test_what_comes_after_a_gap_waits_and_is_applied_by_itself(
    certified: Services, county: Services, stick: Path
) -> None:
    first, second, third = _with_gap(certified, county, stick)
    before = _tables(county.verify())
    (line,) = county.merging.inbox([third])
    assert (line.state, line.waits, line.sentence) == ("前面有缺，先存放", True, None)
    (parked,) = _merge(county, third)
    assert (parked.outcome, parked.counts.held) == ("parked", 1)
    assert parked.reason is not None
    assert "缺第 1 到第 2 条" in parked.reason
    assert _kinds(_merge(county, second)) == ["parked"]
    assert _kinds(_merge(county, third)) == ["parked"]
    assert _tables(county.verify()) == before

    outcomes = _merge(county, first)
    assert [(outcome.package, outcome.outcome) for outcome in outcomes] == [
        (first.name, "applied"), (second.name, "applied"), (third.name, "applied"),
    ]  # fmt: skip
    assert _names(county) == {"一", "二", "三"}
    assert list(county.info.folder.joinpath("parked").iterdir()) == []
    assert _tables(county.verify()) == _tables(certified.verify())
    assert _kinds(_merge(county, third)) == ["duplicate"]


def test_waiting_leaves_one_copy_however_often_it_is_tried(certified: Services, county: Services, stick: Path) -> None:
    _first, _second, third = _with_gap(certified, county, stick)
    for _ in range(4):
        _merge(county, third)
    assert len(list(county.info.folder.joinpath("parked").iterdir())) == 1
    assert list(county.info.folder.joinpath("received").glob("*.jzp")) == []
    assert [line.outcome for line in county.merging.arrivals()] == ["parked"]


def test_one_flipped_bit_anywhere_is_refused_and_changes_nothing(
    certified: Services, county: Services, stick: Path
) -> None:
    for n in range(5):
        _save(certified, f"学生{n}")
    (done,) = certified.exchange.export(stick)
    before, good = _tables(county.verify()), done.path.read_bytes()
    damaged = stick / "damaged.jzp"
    positions = {0, 1, len(good) - 1, len(good) - 20, *range(37, len(good), len(good) // 70)}
    for position in sorted(positions):
        damaged.write_bytes(good[:position] + bytes([good[position] ^ (1 << position % 8)]) + good[position + 1 :])
        (outcome,) = _merge(county, damaged)
        assert outcome.outcome == "rejected", f"byte {position} of {len(good)}"
        assert outcome.reason
    for length in (0, 1, 100, len(good) // 2, len(good) - 1):
        damaged.write_bytes(good[:length])
        assert _kinds(_merge(county, damaged)) == ["rejected"], f"cut after {length}"
    damaged.write_bytes(good + b"\0")
    assert _kinds(_merge(county, damaged)) == ["rejected"]
    assert _tables(county.verify()) == before
    assert list(county.info.folder.joinpath("received").glob("*.jzp")) == []
    assert _kinds(_merge(county, done.path)) == ["applied"]


def _twins(school: Services, tmp_path: Path) -> tuple[Services, Services]:
    """The school, and a copy of its whole disk."""
    folder = school.info.folder
    school.close()
    shutil.copytree(folder, tmp_path / "twin")
    return open_station(folder, PASSWORD), open_station(tmp_path / "twin", PASSWORD)


def test_a_cloned_disk_is_a_fork_and_both_histories_survive(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    _save(certified, "从前")
    certified, twin = _twins(certified, tmp_path)
    _save(certified, "原机")
    _save(twin, "克隆机")
    (ours,) = certified.exchange.export(stick)
    (theirs,) = twin.exchange.export(stick)
    _merge(county, ours.path)
    before = _tables(county.verify())
    assert [line.state for line in county.merging.inbox([theirs.path])] == ["记录分叉，要裁定"]
    (fork,) = _merge(county, theirs.path)
    assert (fork.outcome, fork.counts.held) == ("fork", 2)
    assert fork.reason is not None
    assert "从第 2 条起" in fork.reason
    assert _tables(county.verify()) == before
    assert _names(county) == {"从前", "原机"}
    (kept,) = county.info.folder.joinpath("fork").iterdir()
    assert kept.read_bytes() == theirs.path.read_bytes()

    _save(twin, "克隆机又一名")
    _save(certified, "原机又一名")
    assert _kinds(_merge(county, twin.exchange.export(stick)[0].path)) == ["fork"]
    assert _kinds(_merge(county, certified.exchange.export(stick)[0].path)) == ["applied"]
    assert _names(county) == {"从前", "原机", "原机又一名"}


def test_a_parked_package_that_turns_out_to_be_a_fork_does_not_wait_for_ever(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    certified, twin = _twins(certified, tmp_path)
    _first, second, _third = _with_gap(twin, county, stick)
    assert _kinds(_merge(county, second)) == ["parked"]
    _save(certified, "原机")
    assert _kinds(_merge(county, certified.exchange.export(stick)[0].path)) == ["applied", "fork"]
    assert list(county.info.folder.joinpath("parked").iterdir()) == []
    assert len(list(county.info.folder.joinpath("fork").iterdir())) == 1


HELD: dict[str, tuple[dict[str, Any], str]] = {
    "another school's scope": ({"scope": "2143990002"}, "超出学校的权限范围 1 条"),
    "the county's scope": ({"scope": "county"}, "超出学校的权限范围 1 条"),
    "the county's role": ({"role": "county"}, "身份与证书不符 1 条"),
    "county policy": ({"ent": "school", "set": {"name": "假学校"}}, "改动了县里维护的内容 1 条"),
    "a clock far ahead": ({"at": (int(time.time() * 1000) + 30 * DAY) << 10}, "电脑时钟超前两天以上 1 条"),
    "a number where text belongs": ({"set": {"name": 5}}, "内容的写法不对 1 条"),
    "text where a number belongs": ({"set": {"only_child": "1"}}, "内容的写法不对 1 条"),
}


@pytest.mark.parametrize("case", HELD)
def test_what_the_school_may_not_write_is_held_and_the_rest_applied(
    certified: Services, county: Services, stick: Path, case: str
) -> None:
    changes, sentence = HELD[case]
    forger = Forger(certified)
    forger.say(set={"name": "真学生"})
    forger.say(**changes)
    forger.say(set={"name": "也是真学生"})
    (outcome,) = _merge(county, forger.package(stick))
    assert (outcome.outcome, outcome.counts.applied, outcome.counts.held) == ("held", 2, 1)
    assert outcome.reason is not None
    assert sentence in outcome.reason
    assert _names(county) == {"真学生", "也是真学生"}
    report = county.verify()
    assert (report.ok, report.entries - certified.verify().entries) == (True, 3), "held, and not thrown away"
    assert _kinds(_merge(county, stick)) == ["duplicate"]


def _foreign(uid: str, first: str) -> list[dict[str, Any]]:
    """Ways to reach for a record of another school."""
    return [
        {"uid": uid, "set": {"name": "冒名"}, "base": {"name": (first,)}},
        {"uid": uid, "set": {"name": "冒名"}},  # as if it were a new record
        {"uid": uid, "set": {"name": "冒名"}, "at": 0},  # older than the true one
        {"uid": uid, "set": {}, "op": "void", "seen": (first,)},
        {"uid": uid, "set": {}, "op": "restore"},
        {"uid": uid, "set": {"name": "冒名"}, "op": "resolve", "base": {"name": (first,)}},
        {"uid": uid, "set": {"phone": "13900000000"}},
    ]


def test_no_school_reaches_into_the_record_of_another(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    uid = _save(certified, "真名")
    _merge(county, certified.exchange.export(stick)[0].path)
    own = certified.context.store.own_chain()
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    before, row = county.verify().digest, county.ledger.record("student", uid)
    for changes in _foreign(
        uid, own.last_h[:16].hex()
    ):  # each alone: one that is found out must not give away the rest
        forger = Forger(other)
        forger.say(**changes)
        (outcome,) = _merge(county, forger.package(stick))
        assert (outcome.outcome, outcome.counts.held, outcome.counts.applied) == ("held", 1, 0), changes
        assert outcome.reason is not None
        assert "改动了别的学校的记录 1 条" in outcome.reason
    assert (county.verify().digest, county.ledger.record("student", uid)) == (before, row)


def test_an_entry_that_is_none_refuses_the_whole_package(certified: Services, county: Services, stick: Path) -> None:
    before, refused = _tables(county.verify()), 0
    for old, new in (
        (b'"sv":1', b'"sv":123456789012345678901234567890'),
        (b'"sv":1', b'"sv":"1"'),
        (b'"name":"', b'"only_child":9007199254740993,"name":"'),
        (b'"at":', b'"at":-9007199254740993,"x":'),
        (b'"op":"put"', b'"op":3'),
        (b'"scope"', b'"scoop"'),
    ):
        forger = Forger(certified)
        forger.say(set={"name": "真学生"})
        forger.say()
        forger.bodies[-1] = forger.bodies[-1].replace(old, new)
        try:
            path = forger.package(stick)
        except StationFault:
            continue  # a line that says nothing of its kind leaves no station
        (outcome,) = _merge(county, path)
        assert (outcome.outcome, outcome.counts.applied, outcome.counts.rejected) == ("rejected", 0, 2), new
        refused += 1
    assert refused == 5
    assert _tables(county.verify()) == before


def test_fields_and_records_of_a_newer_schema_are_kept_for_later(
    certified: Services, county: Services, stick: Path
) -> None:
    forger = Forger(certified)
    uid = "a" * 32
    forger.say(uid=uid, set={"name": "学生", "shoe_size": 35}, sv=2)
    forger.say(uid=uid, set={"shoe_size": 36}, sv=2)  # unaware of the first: a conflict in a field we do not know
    forger.say(ent="meal_card", set={"balance": 5}, sv=2)
    assert _kinds(_merge(county, forger.package(stick))) == ["applied"]
    assert _names(county) == {"学生"}
    (line,) = county.settling.conflicts()
    assert (line.field_label, {candidate.shown for candidate in line.values}) == ("shoe_size", {"35", "36"})
    with pytest.raises(UserError, match="更新版本"):
        county.settling.resolve("student", uid, "shoe_size", 36)
    assert county.verify().ok


def test_a_school_whose_clock_runs_ahead_is_held_until_the_clock_is_explained(
    county: Services, tmp_path: Path, stick: Path
) -> None:
    school = new_school(tmp_path / "ahead", clock=Clock(lambda: int(time.time() * 1000) + 3 * DAY))
    certify(school, county, tmp_path)
    _save(school)
    school.exchange.export(stick)
    (outcome,) = _merge(county, stick)
    assert (outcome.outcome, outcome.counts.held) == ("held", 1)
    assert _names(county) == set()
    assert county.verify().ok


def test_a_clock_a_day_ahead_is_tolerated(county: Services, tmp_path: Path, stick: Path) -> None:
    school = new_school(tmp_path / "ahead", clock=Clock(lambda: int(time.time() * 1000) + DAY))
    certify(school, county, tmp_path)
    _save(school)
    school.exchange.export(stick)
    assert _kinds(_merge(county, stick)) == ["applied"]


def test_an_expired_certificate_is_refused_with_the_remedy(certified: Services, county: Services, stick: Path) -> None:
    _save(certified)
    certified.exchange.export(stick)
    county.context.store.clock = Clock(lambda: int(time.time() * 1000) + 4 * 366 * DAY)
    (outcome,) = _merge(county, stick)
    assert outcome.outcome == "rejected"
    assert outcome.reason is not None
    assert "到期" in outcome.reason
    assert "续发" in outcome.reason


def test_a_county_that_may_not_read_it_is_told_so(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    _save(certified)
    (done,) = certified.exchange.export(stick)
    (stick / "letter.jzp").write_text("不是数据包", "utf-8")
    (stick / "folder.jzp").mkdir()
    outcomes = {outcome.package: outcome.outcome for outcome in _merge(county, stick)}
    assert outcomes == {done.path.name: "applied", "letter.jzp": "rejected", "folder.jzp": "rejected"}


def test_a_cancelled_merge_keeps_the_packages_it_finished(certified: Services, county: Services, stick: Path) -> None:
    for n in range(3):
        _save(certified, f"学生{n}")
        certified.exchange.export(stick)
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) > 1

    outcomes = county.merging.merge([stick], cancel=cancel)
    assert _kinds(outcomes) == ["applied"]
    assert county.verify().ok
    assert _kinds(_merge(county, stick)) == ["duplicate", "applied", "applied"]


def test_the_log_tells_what_became_of_every_package(certified: Services, county: Services, stick: Path) -> None:
    _save(certified)
    (done,) = certified.exchange.export(stick)
    _merge(county, stick)
    _merge(county, stick)
    lines = county.merging.arrivals()
    assert [(line.file, line.outcome) for line in lines] == [(done.path.name, "duplicate"), (done.path.name, "applied")]
    assert (lines[1].counts.applied, lines[1].first_n, lines[1].last_n) == (1, 1, 1)


def test_progress_reaches_the_end(certified: Services, county: Services, stick: Path) -> None:
    certified.exchange.export(stick)
    seen: list[tuple[int, int]] = []
    report: Callable[[int, int], None] = lambda done, total: seen.append((done, total))  # noqa: E731
    county.merging.merge([stick], report)
    assert seen == [(0, 1), (1, 1)]


def test_the_child_on_two_rolls_is_a_case_and_never_merged_by_the_program(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    number = id_number("2016-05-07", serial=301)
    one, two = _save(certified, "曾小乐", id_number=number), _save(other, "曾小樂", id_number=number)
    certified.exchange.export(stick)
    other.exchange.export(stick)
    _merge(county, stick)
    assert county.verify().duplicate_cases == 1
    assert _names(county) == {"曾小乐", "曾小樂"}
    for receipt in county.county.write_receipts(stick):
        told = [line.problems for line in (*certified.exchange.read_receipts([receipt]),) if line.outcome == "read"]
        assert told in ([], [("这名学生在别的学校名册上也有登记，请核实学籍后告知县教育局。",)])
    assert {one, two} == {side.uid for side in county.settling.duplicates()[0].sides}


def test_an_edit_after_a_void_is_told_even_when_all_comes_in_one_package(
    certified: Services, county: Services, stick: Path
) -> None:
    uid = _save(certified, "周小")
    with certified.context.write() as unit:
        unit.void(Student, uid, "误录")
        unit.change(Student, uid, {"name": "周小雨"})
    county.merging.merge([certified.exchange.export(stick)[0].path])
    assert county.verify().ok
    assert [(line.uid, line.field) for line in county.settling.conflicts()] == [(uid, "*")]


def test_nobody_writes_into_the_record_of_a_package_that_is_taken_back(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    uid = _save(certified, "周小")
    package = certified.exchange.export(stick)[0].path
    county.merging.merge([package])
    county.withdrawing.withdraw(package.name, "报错了")
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    forger = Forger(other)
    forger.say(uid=uid, set={"name": "冒名"})
    (outcome,) = county.merging.merge([forger.package(stick)])
    assert (outcome.outcome, outcome.counts.held) == ("held", 1)
    county.withdrawing.rejoin(package.name)
    assert county.students.rows([uid])[0].name == "周小"
    other.close()


def test_nobody_writes_into_a_record_that_a_revoked_computer_made(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    uid = _save(certified, "周小")
    county.merging.merge([certified.exchange.export(stick)[0].path])
    county.revoking.revoke(certified.info.device, "被盗", "none")
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    forger = Forger(other)
    forger.say(uid=uid, set={"name": "冒名"})
    (outcome,) = county.merging.merge([forger.package(stick)])
    assert (outcome.outcome, outcome.counts.held) == ("held", 1)
    county.revoking.reinstate(certified.info.device, "找回来了")
    assert county.students.rows([uid])[0].name == "周小"
    other.close()


def test_nobody_writes_into_a_record_of_a_kind_that_only_a_newer_version_knows(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    outcomes = []
    for school in (certified, other, certified):
        forger = Forger(school)
        forger.say(ent="garden", uid="d" * 32, set={"trees": 3}, sv=9)
        outcomes += _kinds(_merge(county, forger.package(stick)))
    assert outcomes == ["applied", "held", "applied"]
    other.close()
