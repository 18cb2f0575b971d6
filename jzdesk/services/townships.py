"""Which township station stands above a school, which schools below one, and what it is told of their packages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, Integer, cast, select

from jzdesk.models import BY_NAME
from jzdesk.services import package_log
from jzdesk.store.tables import certificate
from jzdesk.sync.certificate import Certificate, TownshipCard
from jzdesk.sync.receipt import PackageOutcome

_SCHOOL = BY_NAME["school"].__table__


def station_above(connection: Connection, school: str, today: dt.date) -> TownshipCard | None:
    """The township station that may read the packages of a school: the one certified last in its township, if any."""
    around = schools_around(connection, school)
    query = select(certificate.c.body).where(certificate.c.code.in_(around), certificate.c.revoked.is_(None))
    for body in connection.execute(query.order_by(cast(certificate.c.serial, Integer).desc())).scalars():
        held = msgspec.json.decode(body, type=Certificate)
        if held.role == "township" and held.expires >= today:
            return None if held.school == school else _card(held)
    return None


def _card(held: Certificate) -> TownshipCard:
    return TownshipCard(school=held.school, school_name=held.school_name, device=held.device, sealing=held.sealing)


def schools_around(connection: Connection, school: str) -> list[str]:
    """Codes of the schools of the same township, without those of the county itself; empty when it has none."""
    township = select(_SCHOOL.c.township).where(_SCHOOL.c.code == school, _SCHOOL.c.hidden == 0).scalar_subquery()
    query = select(_SCHOOL.c.code).where(_SCHOOL.c.township == township, _SCHOOL.c.hidden == 0)
    return sorted(connection.execute(query).scalars())


def schools_below(connection: Connection, school: str) -> list[str]:
    """Codes of the schools below the township station of this school."""
    return [code for code in schools_around(connection, school) if code != school]


def stands_for(connection: Connection, school: str, role: str) -> frozenset[str]:
    """Codes of the schools that a station of this school and role stands for: itself, a township also those below."""
    return frozenset((school, *(schools_below(connection, school) if role == "township" else ())))


def names(connection: Connection) -> dict[str, str]:
    """School code → name."""
    query = select(_SCHOOL.c.code, _SCHOOL.c.name).where(_SCHOOL.c.hidden == 0)
    return {row.code: row.name or row.code for row in connection.execute(query)}


def told(connection: Connection, held: Certificate) -> Iterator[PackageOutcome]:
    """What a receipt tells a township station of the packages of the schools below it; nothing to other stations."""
    if held.role == "township":
        yield from package_log.told_of(connection, schools_below(connection, held.school))
