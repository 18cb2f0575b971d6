"""A station with very many students, written straight into its tables, made once a run.

It has no journal: what is measured on it (search, tables, deciding) reads tables only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from sqlalchemy import Connection

from benchmarks import people
from benchmarks.measure import Scale
from jzdesk.core.ids import new_uids
from jzdesk.models import Enrolment, Guardian, Hardship, Member, Record, Student
from jzdesk.services.bundle import Services
from jzdesk.store import rows, search
from jzdesk.store.engine import gate, open_engine
from tests.factories.people import SCHOOL_CODE, new_desk


@cache
def station(scale: Scale) -> Services:
    """400,000 students (400 when quick), each with enrolment and guardian, every third poor; indexed for search."""
    services = Services(new_desk(scale.folder / "big").context)
    places = range(scale.pick(400_000, 400))
    uids = new_uids(len(places))
    engine = open_engine(services.context.folder.database, services.context.key, writing=True)
    with engine.begin() as connection:
        _insert(connection, Student, zip(uids, map(people.student, places), strict=True))
        _insert(connection, Enrolment, _with_uid([people.enrolment(n, uids[n], SCHOOL_CODE) for n in places]))
        _insert(connection, Hardship, _with_uid([people.hardship(uid) for uid in uids[::3]]))
        members = new_uids(len(uids))
        _insert(connection, Member, zip(members, map(people.father, places), strict=True))
        _insert(connection, Guardian, _with_uid([_tie(*pair) for pair in zip(uids, members, strict=True)]))
        search.mark(connection, uids)
        search.mark(connection, members)
    engine.dispose()
    services.context.store.catch_up()
    return services


def _tie(student: str, member: str) -> people.Values:
    return {"student": student, "member": member, "relation": "51", "is_guardian": 1, "position": 1}


def _with_uid(values: list[people.Values]) -> Iterator[tuple[str, people.Values]]:
    return zip(new_uids(len(values)), values, strict=True)


def _insert(connection: Connection, entity: type[Record], records: Iterable[tuple[str, people.Values]]) -> None:
    names = rows.columns(entity.__tablename__)
    made = ((*map(values.get, names), uid, SCHOOL_CODE, 0) for uid, values in records)
    with gate(connection):
        while part := list(islice(made, 20_000)):
            rows.insert_rows(connection, entity.__tablename__, part)
