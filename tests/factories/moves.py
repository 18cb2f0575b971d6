"""Two schools, their county, and the sticks between them, for children who go from one school to the other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from jzdesk.core.fields import Value
from jzdesk.models import (
    BY_NAME,
    BankAccount,
    Enrolment,
    Guardian,
    Hardship,
    Household,
    Member,
    Payment,
    SchoolClass,
    Student,
)
from jzdesk.services.bundle import Services
from jzdesk.services.pupils import table_of
from jzdesk.services.stations import open_station
from jzdesk.services.transfers.files import whole
from tests.factories.people import clock_at, id_number
from tests.factories.stations import PASSWORD, certify, new_county, new_school

OLD, NEW = "2143990001", "2143990004"
GROUND = "监护人申请，个保法第四十七条，申请书 2025-3"  # of an erasure by law
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
            assert outcome.outcome in ("applied", "duplicate", "held", "withdrawn"), outcome
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

    def ask(self, uid: str, to: str = NEW) -> str:
        """The old school asks for a transfer; returns its uid."""
        self.on(MOVED_ON)
        return self.old.transfers.ask({"student": uid, "to_name": to, "date": MOVED_ON, "reason": "随父母搬迁"})

    def asked(self, uid: str) -> str:
        """As `ask`, and the county has the request."""
        request = self.ask(uid)
        self.up()
        return request

    def moved(self) -> str:
        """A child whose aid was paid, and whose file has come to the new school."""
        uid = child(self.old)
        paid(self.old)
        self.county.transfers.approve(self.asked(uid))
        self.down()
        return uid


def prepared(root: Path) -> Path:
    """Folders of a county and two certified schools, to be copied for every test."""
    county = new_county(root / "county")
    for name, code in (("old", OLD), ("new", NEW)):
        school = new_school(root / name, code)
        certify(school, county, root)
        school.close()
    county.close()
    return root


@contextmanager
def three_stations(prepared: Path, root: Path) -> Iterator[Three]:
    """Open copies of the prepared stations, on a day in November."""
    for name in ("county", "old", "new"):
        shutil.copytree(prepared / name, root / name)
    opened = [open_station(root / name, PASSWORD) for name in ("county", "old", "new")]
    county, old, new = opened
    made = Three(county, old, new, root)
    made.on(TODAY)
    yield made
    for station in opened:
        station.close()


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


def paid(school: Services, term: str = "2025-2026-1") -> None:
    """Everybody entitled is paid."""
    school.aid.decide(term)
    batch = school.aid.make_batch(term).uid
    school.aid.approve(batch, "陈建国")
    school.aid.pay(batch)


def file_of(station: Services, uid: str) -> dict[tuple[str, str], dict[str, object]]:
    """The rows of everything in a child's file."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    with station.context.read() as connection:
        for ent, uids in whole(connection, [uid]).items():
            table = BY_NAME[ent].__table__
            for row in connection.execute(select(table).where(table.c.uid.in_(uids))).mappings():
                found[ent, row["uid"]] = dict(row)
    return found


def write_history(school: Services, pick: int) -> None:
    """The old school puts something right in what it wrote of the child: its place on the roll, or a payment."""
    with school.context.write() as unit:
        if pick % 2:
            query, values = select(table_of(Enrolment).c.uid), {"class_number": str(pick)}
        else:
            query, values = select(table_of(Payment).c.uid), {"reason": f"第 {pick} 次核对"}
        for uid in unit.connection.execute(query).scalars().all():
            unit.change(Enrolment if pick % 2 else Payment, uid, values)
