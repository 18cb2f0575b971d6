"""转学 through real packages: two schools and a county, sticks that get lost, are replayed, or come in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import BankAccount, Enrolment, Guardian, Hardship, Household, Member, SchoolClass, Student
from jzdesk.services.bundle import Services
from tests.factories.people import clock_at, id_number
from tests.factories.stations import certify, new_county, new_school

OLD, NEW = "2143990001", "2143990004"
TODAY, MOVED_ON, LATER = "2025-11-10", "2025-11-12", "2025-11-20"


@dataclass
class Three:
    """A county and two of its schools, with a stick for every errand."""

    county: Services
    old: Services
    new: Services
    root: Path
    sticks: int = 0

    def stick(self) -> Path:
        self.sticks += 1
        made = self.root / f"stick-{self.sticks}"
        made.mkdir()
        return made

    def on(self, day: str) -> None:
        for station in (self.county, self.old, self.new):
            station.context.store.clock = clock_at(day)

    def up(self, *schools: Services) -> list[Path]:
        """The schools hand in what they have; returns the packages."""
        stick = self.stick()
        for school in schools or (self.old, self.new):
            school.exchange.export(stick)
        for outcome in self.county.merging.merge([stick]):
            assert outcome.outcome in ("applied", "duplicate", "held"), outcome
        return sorted(stick.glob("*.jzp"))

    def down(self, *schools: Services) -> list[str]:
        """The county answers; returns what the schools were told."""
        stick = self.stick()
        self.county.county.write_receipts(stick)
        told: list[str] = []
        for school in schools or (self.old, self.new):
            outcomes = school.exchange.read_receipts([stick])
            assert {one.outcome for one in outcomes} <= {"read", "old", "other"}, outcomes
            told += [said for one in outcomes for said in one.problems]
        return told


def child(school: Services, name: str = "王小明", home: str | None = None, **values: Value) -> str:
    """A poor boarder of grade 3 with household, guardian and account."""
    with school.context.write() as unit:
        room = unit.add(SchoolClass, {"grade": "G03", "name": "1班"})
        home = home or unit.add(Household, {"head": f"{name[0]}大", "address": "青石镇青东村"})
        uid = unit.add(Student, {
            "name": name, "sex": "1", "birth": "2016-05-07", "id_number": id_number(), "household": home, **values,
        })  # fmt: skip
        unit.add(Enrolment, {
            "student": uid, "school": school.info.code, "grade": "G03", "school_class": room, "boarding": "2",
            "status": "01", "valid_from": "2025-09-01",
        })  # fmt: skip
        member = unit.add(Member, {"household": home, "name": f"{name[0]}大", "phone": "13900000001"})
        unit.add(Guardian, {"student": uid, "member": member, "relation": "51", "is_guardian": 1, "position": 1})
        unit.add(Hardship, {"student": uid, "code": "D01", "valid_from": "2025-09-01", "source": "list"})
        unit.add(
            BankAccount, {"student": uid, "holder": f"{name[0]}大", "bank": "农商行", "account": "6217000010001234567"}
        )
    return uid


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    made = Three(
        new_county(tmp_path / "county"), new_school(tmp_path / "old", OLD), new_school(tmp_path / "new", NEW), tmp_path
    )
    made.on(TODAY)
    for school in (made.old, made.new):
        certify(school, made.county, tmp_path)
    yield made
    for station in (made.county, made.old, made.new):
        station.close()


def paid(school: Services, term: str = "2025-2026-1") -> None:
    school.aid.decide(term)
    batch = school.aid.make_batch(term).uid
    school.aid.approve(batch, "陈建国")
    school.aid.pay(batch)


def ask(three: Three, uid: str, to: str = NEW) -> str:
    return three.old.transfers.ask({"student": uid, "to_name": to, "date": MOVED_ON, "reason": "随父母搬迁"})


def scope_of(station: Services, uid: str, entity: str = "student") -> str:
    return str(station.ledger.record(entity, uid).values["scope"])


def moved(three: Three) -> str:
    """A child whose aid was paid, and who has come to the new school's lists."""
    uid = child(three.old)
    paid(three.old)
    three.on(MOVED_ON)
    ask(three, uid)
    three.up()
    (line,) = three.county.transfers.lines("asked")
    three.county.transfers.approve(line.uid)
    three.down()
    return uid


def test_the_county_sees_both_schools_and_what_was_paid_this_term(three: Three) -> None:
    uid = child(three.old)
    paid(three.old)
    three.on(MOVED_ON)
    ask(three, uid)
    three.up()
    (line,) = three.county.transfers.lines()
    assert (line.from_name, line.to_name, line.state) == ("青石镇中心小学", "白沙镇中心小学", "asked")
    assert line.fen == 62500
    assert line.paid == ("已由青石镇中心小学发放 625.00 元（寄宿生生活补助）",)
    assert three.county.transfers.waiting() == 1


def test_the_file_moves_and_the_new_school_may_write_it(three: Three) -> None:
    uid = moved(three)
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
    uid = moved(three)
    with pytest.raises(UserError, match="只能查看"):
        three.old.ledger.save("student", {"phone": "13800000000"}, uid)
    assert three.old.ledger.record("student", uid).values["phone"] is None
    assert three.old.students.file(uid).student.values["name"] == "王小明"
