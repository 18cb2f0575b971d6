"""Saving one new student with household, two guardians and journal against the bare rows.

Limit: one raw INSERT for each of the same rows and one durable commit (one fdatasync), in the same encrypted file with
the same settings, statements and values made ready before. Product: `students.save` from the draft on the form:
understanding, checks, questions, journal, search index. Goal: at most eight times the limit.
"""

from __future__ import annotations

import statistics
from functools import partial
from itertools import count
from typing import Any

from benchmarks import people
from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.core.ids import new_uid
from jzdesk.models import Enrolment, Guardian, Household, Member, Record, Student
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentDraft
from jzdesk.store.engine import gate, open_engine
from tests.factories.people import name_of
from tests.factories.stations import new_school

_SAVED: tuple[type[Record], ...] = (Household, Student, Enrolment, Member, Guardian, Member, Guardian)
_places = count(1)


def measure(scale: Scale) -> Measured:
    """Milliseconds a student; a run is the median of many saves."""
    school = new_school(scale.folder / "save")
    with school.context.write() as unit:
        people.enrol(unit, range(100_000, 100_000 + scale.pick(1000, 20)), school.info.code)
    school.students.save(_draft())  # the first save imports the pinyin tables
    saves = scale.pick(100, 5)
    engine = open_engine(school.context.folder.database, school.context.key, writing=True)

    def raw() -> float:
        ready = [[_statement(entity) for entity in _SAVED] for _ in range(saves)]
        with engine.connect() as connection, gate(connection):
            connection.rollback()  # transactions are begun and ended by hand
            driver: Any = connection.connection.driver_connection
            return statistics.median(seconds(partial(_insert, driver, rows)) for rows in ready) * 1000

    def product() -> float:
        ready = [_draft() for _ in range(saves)]
        return statistics.median(seconds(partial(school.students.save, draft)) for draft in ready) * 1000

    limit, ours = in_turns(scale.runs, raw, product)
    engine.dispose()
    entries = _entries_saved(school)
    school.close()
    return Measured(limit, ours, notes=(f"{len(_SAVED)} rows; the product writes {entries} entries and the index too",))


def _entries_saved(school: Services) -> int:
    """How many entries one save makes."""
    before = school.context.store.own_chain().last_n
    school.students.save(_draft())
    return school.context.store.own_chain().last_n - before


def _draft() -> StudentDraft:
    place = next(_places)
    student = {name: value for name, value in people.student(place).items() if name != "household"}
    guardians = tuple(
        {
            "name": name_of(place + int(code)), "relation": code, "is_guardian": int(code == "51"),
            "phone": f"137{place:08d}", "id_number": people.parent_number(place, code),
        }
        for code in ("51", "52")
    )  # fmt: skip
    return StudentDraft(None, student, {"grade": "G03", "boarding": "2"}, guardians)


def _insert(driver: Any, rows: list[tuple[str, list[Any]]]) -> None:
    """One transaction."""
    driver.execute("BEGIN IMMEDIATE")
    for sql, values in rows:
        driver.execute(sql, values)
    driver.execute("COMMIT")


def _statement(entity: type[Record]) -> tuple[str, list[Any]]:
    table = entity.__table__
    names = [column.name for column in table.columns]
    known: dict[str, Any] = {
        **people.student(next(_places)), "student": new_uid(), "member": new_uid(), "household": new_uid(),
        "uid": new_uid(), "scope": "2143990001", "hidden": 0, "school": "2143990001", "grade": "G03", "status": "01",
    }  # fmt: skip
    marks = ", ".join("?" * len(names))
    sql = f"INSERT INTO {entity.__tablename__} ({', '.join(names)}) VALUES ({marks})"
    return sql, [known.get(name) for name in names]


ROW = Row("save", "save a student with household and journal", "ms", 8.0, False, measure)
