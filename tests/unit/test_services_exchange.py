"""The stick both ways: certificates, packages, receipts, restored backups, and what a school is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Student
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.services.device import read_mark
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentDraft, StudentQuery
from jzdesk.services.sync_state import STATES
from jzdesk.store import journal
from jzdesk.store.engine import gate
from jzdesk.store.tables import journal as journal_table
from jzdesk.sync.receipt import EpochMark, ReceiptBody, write_receipt
from tests.factories.stations import PASSWORD, certify, new_county, new_school, new_station
from tests.factories.tables import every_table


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def _save(school: Services, name: str = "周小", uid: str | None = None) -> str:
    with school.context.write() as unit:
        if uid:
            unit.change(Student, uid, {"name": name})
            return uid
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07"})


def _state(school: Services, uid: str) -> str:
    return school.students.rows([uid])[0].sync_state


def _names(station: Services) -> list[str]:
    return sorted(row.name for row in station.students.rows(station.students.ids(StudentQuery())))


def _outcomes(county: Services, *paths: Path) -> list[str]:
    return [outcome.outcome for outcome in county.merging.merge(paths)]


def test_nothing_is_exported_before_the_county_has_certified_the_school(school: Services, stick: Path) -> None:
    _save(school)
    with pytest.raises(UserError, match="还没有县里的证书"):
        school.exchange.export(stick)
    assert list(stick.iterdir()) == []
    assert school.exchange.pending().unexported == 1


def test_a_damaged_journal_does_not_leave_the_station(school: Services, county: Services, stick: Path) -> None:
    certify(school, county, stick)
    _save(school, "周小")
    _save(school, "周大")
    _replace_in_journal(school, "周小", "周少")
    before = sorted(stick.iterdir())
    with pytest.raises(StationFault, match="数据库可能已损坏"):
        school.exchange.export(stick)
    assert sorted(stick.iterdir()) == before
    assert school.exchange.pending().unexported == 2
    _replace_in_journal(school, "周少", "周小")
    assert [one.entries for one in school.exchange.export(stick)] == [2]


def _replace_in_journal(school: Services, old: str, new: str) -> None:
    """What a failing disk might do, if no page were checked."""
    table = journal_table.c
    with school.context.store.local() as connection, gate(connection):
        for seq, body in connection.execute(select(table.seq, table.body)).all():
            if old.encode() in body:
                changed = body.replace(old.encode(), new.encode())
                connection.execute(update(journal_table).where(table.seq == seq).values(body=changed))


def test_request_and_certificate_carry_the_same_fingerprint_and_the_policy(
    school: Services, county: Services, stick: Path
) -> None:
    school.exchange.request(stick)
    (line,) = county.county.requests(stick)
    assert (line.code, line.known) == ("2143990001", True)
    assert line.fingerprint == school.exchange.fingerprint()
    path = county.county.issue(line.path, stick)
    assert school.exchange.take_certificate(path) == county.exchange.fingerprint()
    assert school.verify().digest == county.verify().digest
    assert [certificate.code for certificate in county.county.issued()] == ["2143990001"]


def test_a_county_fingerprint_that_differs_from_the_phone_is_refused(
    school: Services, county: Services, stick: Path
) -> None:
    path = county.county.issue(school.exchange.request(stick), stick)
    before = school.verify()
    with pytest.raises(UserError, match="校验字与电话里核对的不一致"):
        school.exchange.take_certificate(path, "ABCD EFGH")
    assert school.verify() == before
    with pytest.raises(UserError, match="还没有县里的证书"):
        school.exchange.export(stick)
    words = county.exchange.fingerprint()
    assert school.exchange.take_certificate(path, words.lower().replace(" ", "-")) == words


def test_a_certificate_of_another_county_is_refused_once_the_own_one_is_known(
    certified: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_county(tmp_path / "other")
    path = other.county.issue(certified.exchange.request(stick), stick)
    before = certified.verify()
    with pytest.raises(UserError, match="另一个县"):
        certified.exchange.take_certificate(path)
    assert certified.verify() == before


def test_a_certificate_made_out_to_another_computer_is_refused(
    school: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other")
    path = county.county.issue(other.exchange.request(stick), stick)
    with pytest.raises(UserError, match="另一台电脑"):
        school.exchange.take_certificate(path)


def test_a_school_outside_the_list_gets_no_certificate(county: Services, tmp_path: Path, stick: Path) -> None:
    stranger = new_station(tmp_path / "stranger", "school", "2143999999", "外县小学")
    path = stranger.exchange.request(stick)
    assert county.county.requests(stick)[0].known is False
    with pytest.raises(UserError, match="不在本县学校名单里"):
        county.county.issue(path, stick)
    assert county.county.issued() == []


def test_a_package_of_another_county_is_refused(certified: Services, tmp_path: Path, stick: Path) -> None:
    other = new_county(tmp_path / "other")
    before = other.verify()
    (done,) = certified.exchange.export(stick)
    (outcome,) = other.merging.merge([done.path])
    assert outcome.outcome == "rejected"
    assert outcome.reason is not None
    assert "另一个县" in outcome.reason
    assert other.verify() == before


def test_a_school_merges_no_packages(certified: Services, stick: Path) -> None:
    with pytest.raises(UserError, match="本站是学校"):
        certified.merging.merge([stick])


def test_the_school_sees_how_far_a_record_has_travelled(certified: Services, county: Services, stick: Path) -> None:
    uid = _save(certified)
    assert _state(certified, uid) == "未导出"
    (done,) = certified.exchange.export(stick)
    assert (done.entries, _state(certified, uid)) == (1, "已导出")
    assert _outcomes(county, stick) == ["applied"]
    assert _state(certified, uid) == "已导出"
    county.county.write_receipts(stick)
    (outcome,) = certified.exchange.read_receipts([stick])
    assert (outcome.outcome, outcome.number) == ("read", 1)
    assert _state(certified, uid) == "已并入"
    assert (certified.exchange.pending().unexported, certified.exchange.pending().unacknowledged) == (0, 0)
    _save(certified, "周大", uid)
    assert _state(certified, uid) == "未导出"
    assert certified.exchange.pending().unacknowledged == 1
    assert certified.verify().digest != county.verify().digest


def test_what_the_county_holds_back_is_received_and_not_merged(
    certified: Services, county: Services, stick: Path
) -> None:
    first = _save(certified, "一")
    certified.exchange.export(stick)
    _outcomes(county, stick)
    second = _save(certified, "二")
    later = certified.exchange.export(stick)[0].path
    county.merging.merge([later])
    county.withdrawing.withdraw(later.name, "报错了学期")
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert (_state(certified, first), _state(certified, second)) == ("已并入", "县已收")
    listed = {state: certified.students.ids(StudentQuery(travel=state)) for state in STATES}
    assert listed == {"unexported": [], "exported": [], "received": [second], "merged": [first], "doubt": []}
    county.withdrawing.rejoin(later.name)
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert _state(certified, second) == "已并入"
    with pytest.raises(UserError, match="上报情况"):
        certified.students.ids(StudentQuery(travel="somewhere"))


def test_what_waits_for_a_missing_package_is_received(certified: Services, county: Services, stick: Path) -> None:
    _save(certified, "一")
    first = certified.exchange.export(stick)[0].path
    _outcomes(county, stick)
    own = certified.context.store.own_chain()
    _save(certified, "丢了的")
    lost = certified.exchange.export(stick)[0].path
    with certified.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n + 1)
    last = _save(certified, "后来")
    county.merging.merge([certified.exchange.export(stick)[0].path])
    with certified.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n)
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert _state(certified, last) == "县已收"
    assert first.exists()
    assert lost.exists()


def test_what_the_county_asks_about_is_in_doubt_until_it_is_dealt_with(
    certified: Services, county: Services, stick: Path
) -> None:
    uid = certified.ledger.save("staff", {"name": "王老师", "post": "教师"}).uid
    certified.exchange.export(stick)
    _outcomes(county, stick)
    county.ledger.save("staff", {"post": "班主任"}, uid)
    certified.ledger.save("staff", {"post": "教导主任"}, uid)
    certified.exchange.export(stick)
    _outcomes(county, stick)
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert certified.ledger.record("staff", uid).travel == "有疑问"
    assert [row.travel for row in certified.ledger.page("staff", [uid])] == ["有疑问"]


def test_the_file_of_a_child_says_how_far_its_last_part_has_come(
    certified: Services, county: Services, stick: Path
) -> None:
    draft = StudentDraft(
        None, {"name": "周小", "sex": "1", "birth": "2016-05-07"}, {"grade": "G03"},
        ({"name": "周大", "relation": "51", "is_guardian": 1, "phone": "13900000001"},),
    )  # fmt: skip
    uid = certified.students.save(draft).uid
    assert certified.students.file(uid).travel == "未导出"
    certified.exchange.export(stick)
    assert certified.students.file(uid).travel == "已导出"
    member = certified.students.file(uid).members[0].uid
    certified.ledger.save("member", {"work": "务农"}, member)
    assert (_state(certified, uid), certified.students.file(uid).travel) == ("已导出", "未导出")


def test_what_is_pending_is_told_by_ledger_and_with_the_last_contact(
    certified: Services, county: Services, stick: Path
) -> None:
    uid = _save(certified, "一")
    _save(certified, "二")
    _save(certified, "二改", uid)
    certified.ledger.save("staff", {"name": "王老师"})
    pending = certified.exchange.pending()
    assert (pending.changed, pending.contact, pending.township) == ((("教职工", 1), ("学生", 2)), "", "")
    certified.exchange.export(stick)
    _outcomes(county, stick)
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    pending = certified.exchange.pending()
    assert pending.changed == ()
    assert "第 1 号回执" in pending.contact
    assert "本站的 4 条改动县里全部收到" in pending.contact
    _save(certified, "三")
    assert "县里收到第 4 条为止，后面还有 1 条" in certified.exchange.pending().contact


def test_a_package_begins_after_what_a_receipt_has_acknowledged(
    certified: Services, county: Services, stick: Path
) -> None:
    _save(certified, "一")
    certified.exchange.export(stick)
    _outcomes(county, stick)
    _save(certified, "二")
    assert certified.exchange.export(stick)[0].entries == 2  # nothing acknowledged yet
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    assert certified.exchange.export(stick)[0].entries == 1
    assert _outcomes(county, stick) == ["duplicate", "applied", "duplicate"]
    assert county.verify().digest == certified.verify().digest


def _everything(school: Services) -> str:
    with school.context.read() as connection:
        return every_table(connection)


def test_an_old_receipt_changes_nothing(certified: Services, county: Services, stick: Path) -> None:
    _save(certified)
    certified.exchange.export(stick)
    _outcomes(county, stick)
    (first,) = county.county.write_receipts(stick)
    (second,) = county.county.write_receipts(stick)
    certified.exchange.read_receipts([second])
    before = _everything(certified)
    for path in (first, second):
        assert [line.outcome for line in certified.exchange.read_receipts([path])] == ["old"]
    assert _everything(certified) == before


def test_a_file_that_is_no_receipt_does_not_keep_the_others_from_being_read(
    certified: Services, county: Services, stick: Path
) -> None:
    _save(certified)
    certified.exchange.export(stick)
    _outcomes(county, stick)
    (receipt,) = county.county.write_receipts(stick)
    huge = stick / f"0{receipt.name}"
    with huge.open("wb") as file:
        file.truncate((512 << 20) + 1)
    (stick / f"1{receipt.name}").mkdir()
    (stick / f"1{receipt.stem}.jzd").mkdir()
    (stick / f"1{receipt.stem}.jzd" / "empty").touch()
    told = certified.exchange.read_receipts([stick])
    assert sorted(one.outcome for one in told) == ["read", "refused", "refused", "refused"]
    assert all(one.sentence.endswith("。") for one in told)
    assert certified.exchange.pending().last_receipt == 1


def test_a_receipt_for_another_device_changes_nothing(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    _save(other)
    _save(certified)
    other.exchange.export(stick)
    _outcomes(county, stick)
    (receipt,) = county.county.write_receipts(stick)
    before = _everything(certified)
    (line,) = certified.exchange.read_receipts([receipt])
    assert line.outcome == "other"
    assert "另一台电脑" in line.sentence
    assert _everything(certified) == before


def _forged_receipt(school: Services, county: Services, folder: Path, n: int, chain: bytes) -> Path:
    """A receipt of the true county that speaks of a chain which is not the school's."""
    own = school.context.store.own_chain()
    body = ReceiptBody(
        number=9, device=school.info.device, school=school.info.code, issued="2025-11-10",
        epochs=(EpochMark(epoch=own.ep, n=n, chain=chain.hex()),),
    )  # fmt: skip
    head, entries = county.county._policy_for(identity.signed_certificate(school.context).certificate, 9)
    keys = identity.station_keys(county.context)
    recipient = identity.station_keys(school.context).public.sealing
    return write_receipt(folder, head, body, keys, recipient, entries).path


@pytest.mark.parametrize(("n", "sentence"), [(1, "对不上"), (2, "对不上"), (7, "比本机还多")])
def test_a_receipt_whose_hash_is_not_on_our_chain_changes_nothing(
    certified: Services, county: Services, stick: Path, n: int, sentence: str
) -> None:
    _save(certified, "一")
    _save(certified, "二")
    before = _everything(certified)
    (line,) = certified.exchange.read_receipts([_forged_receipt(certified, county, stick, n, b"\1" * 32)])
    assert line.outcome == "refused"
    assert sentence in line.sentence
    assert _everything(certified) == before


def test_a_receipt_of_another_county_changes_nothing(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    _save(certified)
    other = new_county(tmp_path / "other")
    own = certified.context.store.own_chain()
    receipt = _forged_receipt(certified, other, stick, own.last_n, own.last_h)
    before = _everything(certified)
    assert [line.outcome for line in certified.exchange.read_receipts([receipt])] == ["refused"]
    assert _everything(certified) == before


def test_what_the_county_put_right_comes_home_with_the_receipt(
    certified: Services, county: Services, stick: Path
) -> None:
    uid = _save(certified)
    certified.exchange.export(stick)
    _outcomes(county, stick)
    with county.context.write() as unit:
        unit.change(Student, uid, {"name": "周晓"}, why="按户口簿更正")
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    assert certified.students.rows([uid])[0].name == "周晓"
    assert certified.verify().digest == county.verify().digest
    assert any(line.station == "县教育局" for line in certified.ledger.history("student", uid))


def test_the_records_of_other_schools_do_not_come_along(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    theirs, ours = _save(other, "他校生"), _save(certified, "本校生")
    other.exchange.export(stick)
    certified.exchange.export(stick)
    _outcomes(county, stick)
    with county.context.write() as unit:
        unit.change(Student, theirs, {"name": "他校改名"})
        unit.change(Student, ours, {"name": "本校改名"})
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    assert _names(certified) == ["本校改名"]
    assert certified.verify().ok
    raw = b"".join(path.read_bytes() for path in stick.glob("*.jzh"))
    assert "他校".encode() not in raw


def _restored(school: Services, backup: Path) -> Services:
    """The school with its database file put back from a backup."""
    folder = school.info.folder
    school.close()
    shutil.copyfile(backup, folder / "jzdesk.db")
    return open_station(folder, PASSWORD)


def test_a_restored_backup_begins_a_new_epoch_and_loses_nothing(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    kept = _save(certified, "早")
    folder, backup = certified.info.folder, tmp_path / "backup.db"
    certified.close()
    shutil.copyfile(folder / "jzdesk.db", backup)
    certified = open_station(folder, PASSWORD)
    _save(certified, "中")
    _save(certified, "早改", kept)
    certified.exchange.export(stick)
    first_epoch = certified.context.store.own_chain().ep
    assert read_mark(certified.context.folder) == {first_epoch: 3}

    certified = _restored(certified, backup)
    assert certified.context.store.own_chain().ep != first_epoch
    _save(certified, "晚")
    _save(certified, "早又改", kept)
    assert len(certified.exchange.export(stick)) == 2
    assert set(_outcomes(county, stick)) <= {"applied", "duplicate"}
    assert set(_names(county)) == {"中", "晚", "早又改"}
    (conflict,) = county.settling.conflicts()
    assert {candidate.shown for candidate in conflict.values} == {"早改", "早又改"}
    assert county.verify().ok


def test_a_database_as_new_as_the_mark_keeps_its_epoch(certified: Services, stick: Path) -> None:
    _save(certified)
    certified.exchange.export(stick)
    epoch, folder = certified.context.store.own_chain().ep, certified.info.folder
    certified.close()
    assert open_station(folder, PASSWORD).context.store.own_chain().ep == epoch


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b'{"a": null}', b"\xff"])
def test_a_damaged_mark_does_not_lock_the_school_out(certified: Services, stick: Path, damaged: bytes) -> None:
    folder = certified.info.folder
    _save(certified)
    certified.exchange.export(stick)
    certified.close()
    (folder / "mark.json").write_bytes(damaged)
    again = open_station(folder, PASSWORD)
    assert again.verify().ok
    assert again.exchange.export(stick)


def test_the_mark_is_written_before_the_package_can_leave(
    certified: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the power fails right after the copy, a restored backup must still know that entries are out."""
    _save(certified)
    monkeypatch.setattr("jzdesk.sync.stick.copy_to_stick", lambda *_args: pytest.fail("power failure"))
    with pytest.raises(pytest.fail.Exception):
        certified.exchange.export(stick)
    assert list(read_mark(certified.context.folder).values()) == [1]


def test_a_stick_that_vanished_is_said_so_and_export_can_be_repeated(certified: Services, stick: Path) -> None:
    _save(certified)
    stick.rmdir()
    before = certified.exchange.pending()
    with pytest.raises(StationFault, match="找不到 U 盘"):
        certified.exchange.export(stick)
    assert certified.exchange.pending() == before
    stick.mkdir()
    assert certified.exchange.export(stick)[0].entries == 1


def test_a_renewed_certificate_is_taken_in_over_the_old_one(certified: Services, county: Services, stick: Path) -> None:
    before = certified.verify()
    path = county.county.issue(certified.exchange.request(stick), stick)
    certified.exchange.take_certificate(path)
    assert certified.verify().digest == before.digest
    assert identity.signed_certificate(certified.context).certificate.serial == 2


def test_a_county_whose_database_was_exchanged_is_noticed(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    """The county's own entries are other ones under the same numbers: a sentence, not a crash, and nothing changed."""
    folder = county.info.folder
    county.close()
    shutil.copytree(folder, tmp_path / "twin")
    county, twin = open_station(folder, PASSWORD), open_station(tmp_path / "twin", PASSWORD)
    for station, name in ((county, "甲处"), (twin, "乙处")):
        station.ledger.save("division", {"code": "431099999", "name": name, "level": 4})
    path = county.county.issue(certified.exchange.request(stick), stick)
    certified.exchange.take_certificate(path)
    before = certified.verify()
    path = twin.county.issue(certified.exchange.request(stick), stick)
    with pytest.raises(UserError, match="接不上"):
        certified.exchange.take_certificate(path)
    assert certified.verify() == before


def test_what_the_county_knows_of_us_is_what_we_sent(certified: Services, county: Services, stick: Path) -> None:
    uids = [_save(certified, f"学生{n}") for n in range(3)]
    certified.exchange.export(stick)
    _outcomes(county, stick)
    ours, theirs = (station.students.rows(uids) for station in (certified, county))
    assert [replace(row, sync_state="") for row in ours] == [replace(row, sync_state="") for row in theirs]


def test_what_was_withheld_from_a_school_comes_once_it_is_the_schools(
    certified: Services, county: Services, stick: Path
) -> None:
    """The county corrects a record, takes the package back that made it, and lets it return."""
    uid = _save(certified)
    package = certified.exchange.export(stick)[0].path
    _outcomes(county, package)
    with county.context.write() as unit:
        unit.change(Student, uid, {"name": "周晓"}, why="按户口簿更正")
    county.withdrawing.withdraw(package.name, "报错了")
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    assert _names(certified) == ["周小"], "for now the county has no such record of the school"
    county.withdrawing.rejoin(package.name)
    certified.exchange.read_receipts(county.county.write_receipts(stick))
    assert _names(certified) == ["周晓"]
    assert certified.verify().digest == county.verify().digest
