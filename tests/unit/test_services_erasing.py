"""依法删除 through real packages: gone at the county, at both schools, in their copies, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.core.merge import ERASE, decode
from jzdesk.models import SPECS, Student
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentDraft
from jzdesk.store.tables import ERASED, blob, draft, journal
from tests.factories.moves import GROUND, MOVED_ON, OLD, Three, child, paid
from tests.factories.places import on_server
from tests.factories.servers import TestServer
from tests.factories.world import new_world
from tests.unit.test_services_photos import picture as jpeg

NAME, HEAD, PHONE = "王小明", "王大", "13900000001"


def readable(station: Services) -> bytes:
    """Everything that the journal and the local tables of a station still say, in one."""
    with station.context.read() as connection:
        found = [bytes(body) for body in connection.execute(select(journal.c.body)).scalars()]
        names = [name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name != "journal":
                rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
                found += [str(value).encode() for row in rows for value in row]
    return b"\n".join(found)


def gone(station: Services) -> int:
    with station.context.read() as connection:
        return len(connection.execute(select(journal.c.seq).where(journal.c.state == ERASED)).all())


def known(three: Three, **values: str) -> str:
    """A child that the county knows."""
    uid = child(three.old, **values)
    three.up(three.old)
    return uid


def test_what_the_county_erases_is_gone_there_and_at_the_school(three: Three) -> None:
    uid = known(three)
    typed = {"name": "李小红", "sex": "2", "birth": "2016-01-02"}
    other = three.old.students.save(StudentDraft(None, typed, {"grade": "G03"})).uid
    look = three.county.erasures.look("student", uid)
    assert (look.title, look.schools, look.staying) == (NAME, ("青石镇中心小学",), ())
    assert {one.label for one in look.going} == {
        "学生",
        "家庭户",
        "家庭成员",
        "监护关系",
        "学籍",
        "困难类型",
        "银行账户",
    }
    done = three.county.erasures.erase("student", uid, GROUND)
    assert (done.records, done.entries) == (7, look.entries)
    told = three.down(three.old)
    assert any("县里依法删除了 7 条记录的内容" in said for said in told)
    for station in (three.county, three.old):
        assert gone(station) == 7
        said = readable(station)
        assert not any(word.encode() in said for word in (NAME, HEAD, PHONE, "6217000010001234567"))
        assert station.students.search(NAME) == []
        assert station.verify().ok
    assert three.old.ledger.ids(Query("student")) == [other]
    assert three.old.ledger.record("student", other).values["name"] == "李小红"


def test_the_school_is_told_once_and_goes_on_as_before(three: Three) -> None:
    uid = known(three)
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    later = child(three.old, "赵小云")
    (package,) = three.up(three.old)
    assert three.county.ledger.record("student", later).values["name"] == "赵小云"
    assert not any("依法删除" in said for said in three.down(three.old))
    assert package.name.startswith(OLD)
    assert three.county.verify().ok


def test_vouchers_and_whom_they_paid_stay(three: Three) -> None:
    uid = child(three.old)
    paid(three.old)
    three.up(three.old)
    look = three.county.erasures.look("student", uid)
    assert {(one.label, one.stays) for one in look.staying} == {
        ("发放明细", "发放和收支是会计凭证，保管 30 年，不能删除"), ("资助认定", "发放的依据，随会计凭证保管 30 年"),
    }  # fmt: skip
    (student,) = [one for one in look.going if one.entity == "student"]
    assert student.fields == "除姓名、身份证件类型、身份证件号外的全部内容"
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    for station in (three.county, three.old):
        values = station.ledger.record("student", uid).values
        assert (values["name"], values["birth"], values["sex"], values["household"]) == (NAME, None, None, None)
        assert str(values["id_number"]).startswith("431099")
        (payment,) = station.ledger.rows("payment", station.ledger.ids(Query("payment")))
        assert (payment.values["fen"], payment.values["student"]) == (62500, uid)
        assert station.ledger.ids(Query("member")) == []
        assert station.verify().ok


def test_a_household_stays_while_a_sibling_lives_there(three: Three) -> None:
    uid = child(three.old)
    home = str(three.old.ledger.record("student", uid).values["household"])
    sibling = child(three.old, "王小亮", home)
    three.up(three.old)
    stays = {one.label: one.stays for one in three.county.erasures.look("student", uid).staying}
    assert stays == {"家庭户": "同户还有别的学生在册", "家庭成员": "同户还有别的学生在册"}
    three.county.erasures.erase("student", uid, GROUND)
    assert three.county.ledger.record("student", sibling).values["household"] == home
    assert three.county.ledger.record("household", home).values["head"] == HEAD


def test_one_field_of_a_record_goes_and_the_rest_stays(three: Three) -> None:
    uid = known(three, phone="13812345678", note="喜欢画画")
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.down(three.old)
    for station in (three.county, three.old):
        values = station.ledger.record("student", uid).values
        assert (values["phone"], values["note"], values["name"]) == (None, "喜欢画画", NAME)
        assert b"13812345678" not in readable(station)
        assert station.students.search("13812345678") == []
        assert [hit.name for hit in station.students.search(NAME)] == [NAME]
    three.old.ledger.save("student", {"phone": "13700000000"}, uid)
    three.up(three.old)
    assert three.county.ledger.record("student", uid).values["phone"] == "13700000000", "a new number may be given"
    assert three.county.settling.conflicts() == []


def test_what_a_school_wrote_before_it_heard_is_shown_to_the_county(three: Three) -> None:
    uid = known(three, phone="13812345678")
    three.old.ledger.save("student", {"phone": "13700000000"}, uid)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.up(three.old)
    (line,) = three.county.erasures.listed()
    assert (line.again, line.fields, line.waiting) == (True, "联系电话", ("青石镇中心小学",))
    (conflict,) = three.county.settling.conflicts()
    assert conflict.field == "phone"
    three.county.settling.resolve("student", uid, "phone", None)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.down(three.old)
    assert b"13700000000" not in readable(three.old) + readable(three.county)
    assert not any(one.again for one in three.county.erasures.listed())


def test_the_county_sees_which_schools_have_certainly_heard(three: Three) -> None:
    uid = known(three)
    three.county.erasures.erase("student", uid, GROUND)
    (line,) = three.county.erasures.listed()
    assert (line.label, line.fields, line.records, line.entries) == ("学生档案", "7 条记录", 7, 7)
    assert {line.heard for line in three.county.erasures.listed()} == {"0/1 所已删除"}
    three.down(three.old)
    assert {line.waiting for line in three.county.erasures.listed()} == {("青石镇中心小学",)}, "read, but not yet told"
    three.up(three.old)
    assert {line.heard for line in three.county.erasures.listed()} == {"都已删除"}


def test_a_moved_child_is_erased_at_both_schools(three: Three) -> None:
    uid = child(three.old)
    three.county.transfers.approve(three.asked(uid))
    three.down()
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.new.ledger.save("student", {"note": "新学校写的"}, uid)
    three.up()
    look = three.county.erasures.look("student", uid)
    assert look.schools == ("青石镇中心小学", "白沙镇中心小学")
    three.county.erasures.erase("student", uid, GROUND)
    three.down()
    three.up()
    three.down()
    for station in (three.county, three.old, three.new):
        assert not any(word.encode() in readable(station) for word in (NAME, PHONE, "新学校写的"))
        assert station.verify().ok
    assert {line.heard for line in three.county.erasures.listed()} == {"都已删除"}


def test_a_file_that_was_under_way_brings_nothing_back(three: Three) -> None:
    uid = child(three.old)
    three.county.transfers.approve(three.asked(uid))
    old = three.stick()
    three.county.county.write_receipts(old)  # with the child's file for the new school
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.new)
    three.new.exchange.read_receipts([old])
    assert NAME.encode() not in readable(three.new)
    assert three.new.verify().ok


def test_a_package_read_again_brings_nothing_back(three: Three) -> None:
    uid = child(three.old)
    packages = three.up(three.old)
    three.county.erasures.erase("student", uid, GROUND)
    (outcome,) = three.county.merging.merge(packages)
    assert outcome.outcome == "duplicate"
    assert outcome.counts.known == outcome.counts.entries_in
    assert NAME.encode() not in readable(three.county)


def test_a_package_taken_back_after_an_erasure_returns_without_it(three: Three) -> None:
    uid = known(three)
    three.county.erasures.erase("student", uid, GROUND)
    (package,) = three.county.merging.arrivals()
    three.county.withdrawing.withdraw(package.package_id, "误并入")
    assert three.county.verify().ok
    three.county.withdrawing.rejoin(package.package_id)
    assert three.county.verify().ok
    assert NAME.encode() not in readable(three.county)


def test_copies_of_packages_and_receipts_go_with_it(three: Three) -> None:
    uid = known(three)
    received = [station.context.folder.path / "received" for station in (three.county, three.old)]
    three.down(three.old)
    assert all(any(folder.iterdir()) for folder in received)
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    assert not any(path.suffix == ".jzp" for path in received[0].iterdir())
    assert not any(received[1].iterdir())


def test_pictures_drafts_and_search_forget(three: Three, tmp_path: Path) -> None:
    uid = child(three.old)
    (tmp_path / "a.jpg").write_bytes(jpeg())
    three.old.photos.add(uid, tmp_path / "a.jpg")
    three.up(three.old)
    three.old.ledger.save_draft(f"student:{uid}", {"note": "没写完"})
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    for station in (three.county, three.old):
        with station.context.read() as connection:
            assert connection.execute(select(blob)).all() == []
            assert connection.execute(select(draft)).all() == []


def test_old_backups_are_named_and_cleared_when_somebody_says_so(three: Three) -> None:
    uid = known(three)
    for station in (three.county, three.old):
        station.backups.make()
        assert station.erasures.old_copies().names == ()
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    for station in (three.county, three.old):
        names = station.erasures.old_copies().names
        assert len(names) == 1
        assert station.erasures.clear_copies().names == names
        assert station.erasures.old_copies().names == ()
        (kept,) = station.backups.listed()
        with station.context.read() as connection:
            entries = len(connection.execute(select(journal.c.seq)).all())
        assert kept.entries == entries, "made after the erasure"
        with pytest.raises(UserError, match="没有含已删除内容的旧备份"):
            station.erasures.clear_copies()


def test_only_the_county_erases(three: Three) -> None:
    uid = known(three)
    with pytest.raises(UserError, match="由县教育局办理"):
        three.old.erasures.erase("student", uid, GROUND)
    with pytest.raises(UserError, match="由县教育局办理"):
        three.old.erasures.listed()
    assert gone(three.old) == 0


@pytest.mark.parametrize(
    ("entity", "fields", "ground", "said"),
    [
        ("student", None, " 无 ", "没有写明依据"),
        ("student", None, "依据" * 101, "依据太长"),
        ("student", ["name"], GROUND, "是必填项，不能单独删除"),
        ("student", ["shoe"], GROUND, "没有“shoe”这一栏"),
        ("garden", None, GROUND, "没有“garden”这种记录"),
        ("visit", None, GROUND, "没有这条走访"),
    ],
)
def test_what_can_not_be_erased_is_said_in_words(
    three: Three, entity: str, fields: list[str] | None, ground: str, said: str
) -> None:
    uid = known(three)
    with pytest.raises(UserError, match=said):
        three.county.erasures.erase(entity, uid, ground, fields)
    assert gone(three.county) == 0
    with pytest.raises(UserError, match="没有可以删除的内容"):
        three.county.erasures.erase("student", uid, GROUND, ["talent"])


def test_nobody_brings_an_erased_record_back(three: Three) -> None:
    uid = known(three)
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    for station in (three.county, three.old):
        with pytest.raises(UserError, match="已依法删除，不能恢复"), station.context.write() as unit:
            unit.restore(Student, uid)
        with pytest.raises(UserError, match="已依法删除，不能恢复"), station.context.write() as unit:
            unit.change(Student, uid, {"phone": "13800000000"})


def test_a_forged_erasure_is_held_and_may_never_be_admitted(three: Three) -> None:
    uid = known(three)
    with three.old.context.write() as unit:  # a school whose program was changed
        unit.erase(Student, uid, None, "")
    three.up(three.old)
    (held,) = three.county.holds.waiting()
    assert "依法删除只能由县里办理" in str(three.county.holds.detail(held.id))
    assert three.county.ledger.record("student", uid).values["name"] == NAME
    assert gone(three.county) == 0


def test_history_says_that_something_was_erased_and_on_what_ground(three: Three) -> None:
    uid = known(three, phone="13812345678")
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    lines = three.county.ledger.history("student", uid)
    assert [(line.what, line.new) for line in lines] == [("依法删除", GROUND)]


def test_every_entry_that_erases_is_the_countys(three: Three) -> None:
    uid = known(three)
    three.county.erasures.erase("student", uid, GROUND)
    with three.county.context.read() as connection:
        bodies = connection.execute(select(journal.c.body).where(journal.c.state == 0)).scalars()
        found = [entry for entry in map(decode, bodies) if entry.op == ERASE]
    assert {(entry.role, entry.scope, entry.set["scope"]) for entry in found} == {("county", "county", OLD)}
    assert all(value is None for entry in found for name, value in entry.set.items() if name != "scope")
    assert {entry.ent for entry in found} <= set(SPECS)


def test_a_county_on_a_server_forgets_as_well(postgres: TestServer, tmp_path: Path) -> None:
    with on_server(postgres):
        world = new_world(tmp_path)
        packages = world.hand_in("甲一", "乙二")
        (row,) = world.county.students.search("甲一")
        world.county.ledger.save("student", {"phone": "13812345678"}, row.uid)
        world.county.erasures.erase("student", row.uid, GROUND)
        world.read(world.receipt())
        for station in (world.county, world.school):
            assert [found.name for found in station.students.search("二")] == ["乙二"]
            assert station.students.search("甲一") == []
            assert station.verify().ok
        assert (gone(world.county), gone(world.school)) == (2, 1), "what the county added never came down"
        with world.county.context.read() as connection:
            bodies = b"".join(bytes(body) for body in connection.execute(select(journal.c.body)).scalars())
        assert "甲一".encode() not in bodies
        assert world.merge(packages) == ["duplicate"]
        assert gone(world.county) == 2
        world.school.close()
        world.county.close()
