"""Invented people with numbers of the unassigned division 431099, and a quick school desk to put them on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from jzdesk.core.clock import Clock
from jzdesk.core.fields import Value
from jzdesk.models import (
    BankAccount,
    Enrolment,
    Guardian,
    Hardship,
    Member,
    Pairing,
    School,
    SchoolClass,
    Staff,
    Student,
)
from jzdesk.services.aid import AidService
from jzdesk.services.context import Actor, Context, StationInfo
from jzdesk.services.standards import StandardService
from jzdesk.store import journal
from jzdesk.store.engine import create_database
from jzdesk.store.folder import StationFolder
from jzdesk.store.store import Store
from jzdesk.store.unit import Author
from jzdesk.store.verify import verify
from tests.factories.stores import KEY

TERM, SPRING = "2025-2026-1", "2025-2026-2"
TODAY = "2025-11-10"
SCHOOL_CODE, SCHOOL_NAME = "2143990001", "青石镇中心小学"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻"
_GIVEN = "子轩雨桐浩宇欣怡思远佳慧俊杰梦瑶志强晓燕文博春梅建国秋菊"
_serials = count(1)


def id_number(birth: str = "2016-05-07", sex: str = "1", serial: int | None = None) -> str:
    """A valid number of nobody: division 431099, the birth, a serial whose last digit fits the sex."""
    number = (serial if serial is not None else next(_serials)) % 499 * 2 + int(sex == "1")
    body = f"431099{birth.replace('-', '')}{number:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def name_of(place: int) -> str:
    """An invented name, another for every place."""
    first, second = place // len(_SURNAMES) % len(_GIVEN), place // 7 % len(_GIVEN)
    return _SURNAMES[place % len(_SURNAMES)] + _GIVEN[first] + _GIVEN[second]


def clock_at(day: str) -> Clock:
    """A clock that stands at noon of a day."""
    noon = dt.datetime.fromisoformat(f"{day}T12:00:00").astimezone()
    return Clock(lambda: int(noon.timestamp() * 1000))


@dataclass
class Desk:
    """A school's context with short ways to put people into it."""

    context: Context
    classes: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def aid(self) -> AidService:
        return AidService(self.context)

    def on(self, day: str) -> Desk:
        """The same desk on another day."""
        self.context.store.clock = clock_at(day)
        return self

    def school_class(self, grade: str, name: str = "1班") -> str:
        if (grade, name) not in self.classes:
            with self.context.write() as unit:
                self.classes[grade, name] = unit.add(SchoolClass, {"grade": grade, "name": name})
        return self.classes[grade, name]

    def staff(self, name: str = "吴泽建", **values: Value) -> str:
        with self.context.write() as unit:
            return unit.add(Staff, {"name": name, "sex": "1", "post": "教师", **values})

    def pupil(
        self, name: str = "宋火强", grade: str = "G03", boarding: str | None = "2", hardships: Sequence[str] = ("D01",),
        status: str = "01", **values: Value,
    ) -> str:  # fmt: skip
        """A student with an enrolment of this school since September, and hardships since then."""
        room = self.school_class(grade)
        with self.context.write() as unit:
            birth = str(values.get("birth") or "2016-05-07")
            number = id_number(birth)
            uid = unit.add(Student, {"name": name, "sex": "1", "birth": birth, "id_number": number, **values})
            unit.add(Enrolment, {
                "student": uid, "school": self.context.info.code, "grade": grade, "school_class": room,
                "boarding": boarding, "status": status, "valid_from": "2025-09-01",
            })  # fmt: skip
            for code in hardships:
                unit.add(Hardship, {"student": uid, "code": code, "valid_from": "2025-09-01", "source": "list"})
        return uid

    def crowd(self, size: int, poor_every: int = 3) -> list[str]:
        """Many pupils at once: grades 1 to 6, every other one a boarder, every third one poor."""
        rooms = [self.school_class(f"G0{grade}") for grade in range(1, 7)]
        with self.context.write() as unit:
            people = [{"name": name_of(n), "sex": "1", "birth": "2016-05-07"} for n in range(size)]
            uids = unit.add_many(Student, people)
            unit.add_many(Enrolment, [{
                "student": uid, "school": self.context.info.code, "grade": f"G0{n % 6 + 1}",
                "school_class": rooms[n % 6], "boarding": "12"[n % 2], "status": "01", "valid_from": "2025-09-01",
            } for n, uid in enumerate(uids)])  # fmt: skip
            unit.add_many(Hardship, [
                {"student": uid, "code": "D01", "valid_from": "2025-09-01", "source": "list"}
                for uid in uids[::poor_every]
            ])  # fmt: skip
        return uids

    def guardian(self, student: str, name: str = "宋琪亦", relation: str = "51", is_guardian: int = 1) -> str:
        with self.context.write() as unit:
            member = unit.add(Member, {"name": name, "relation": relation})
            unit.add(
                Guardian,
                {"student": student, "member": member, "relation": relation, "is_guardian": is_guardian, "position": 1},
            )
        return member

    def account(self, student: str, holder: str = "宋琪亦", **values: Value) -> str:
        with self.context.write() as unit:
            return unit.add(BankAccount, {
                "student": student, "holder": holder, "relation": "51", "bank": "示范县农村商业银行青石支行",
                "account": "6230901339978526431", **values,
            })  # fmt: skip

    def pair(self, student: str, staff: str, since: str = "2025-09-10", until: str | None = None) -> str:
        with self.context.write() as unit:
            return unit.add(Pairing, {"student": student, "staff": staff, "valid_from": since, "valid_to": until})

    def as_county(self) -> Context:
        """The county at the same database: what it writes reaches this school at once."""
        return replace(
            self.context,
            info=replace(self.context.info, kind="county", code="431099", name="示范县教育局"),
            actor=Actor("县资助中心", "county"),
        )

    def of_school(self, code: str) -> Author:
        """The author of another school's entries."""
        return Author("他校", "school", code)


def new_desk(folder: Path, *, standards: bool = True, today: str = TODAY, stage: str = "PRI") -> Desk:
    """A school with an encrypted database and, unless told otherwise, the county's standards."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jzdesk.db").write_bytes(_database(today, stage if standards else None))
    return _desk(folder, today)


@cache
def _database(today: str, stage: str | None) -> bytes:
    """The bytes of the database of such a school, made once; without `stage` it has heard nothing of the county."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        create_database(folder / "jzdesk.db", KEY)
        desk = _desk(folder, today)
        with desk.context.store._writer.begin() as connection:
            journal.open_chain(connection, "a" * 16, "b" * 16, SCHOOL_CODE, own=True)
        if stage is not None:
            StandardService(desk.as_county()).learn()
            with desk.as_county().write() as unit:
                unit.add(School, {"code": SCHOOL_CODE, "name": SCHOOL_NAME, "stage": stage, "rural": 1})
        desk.context.store.close()
        return (folder / "jzdesk.db").read_bytes()


def _desk(folder: Path, today: str) -> Desk:
    home = StationFolder(folder)
    store = Store(home.database, KEY, clock_at(today))
    info = StationInfo("school", SCHOOL_CODE, SCHOOL_NAME, folder, "a" * 16, False, "示范县教育局")
    return Desk(Context(store, home, info, Actor("宋老师", "school"), KEY))


@contextmanager
def verified_desk(folder: Path, *, standards: bool = True) -> Iterator[Desk]:
    """A desk whose tables are recomputed from the journal at the end."""
    desk = new_desk(folder, standards=standards)
    yield desk
    with desk.context.read() as connection:
        assert verify(connection).ok
    desk.context.store.close()
