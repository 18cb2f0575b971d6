"""Records that the county found to be the same child: groups, formed transitively, that counts count once (sync §8).

Both records stay; a verdict taken back takes its group apart again. Groups follow from the verdicts that are there and
from nothing else, so every station that has accepted the same entries has the same groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Select, select

from jzdesk.core import groups
from jzdesk.services.student_tables import IDENTITY, STUDENT


def pairs(connection: Connection, verdict: str = "same") -> list[tuple[str, str]]:
    """Pairs of student records on which the verdict stands, both of them in use."""
    one, other = STUDENT.alias(), STUDENT.alias()
    query = (
        select(IDENTITY.c.first, IDENTITY.c.second)
        .join(one, one.c.uid == IDENTITY.c.first)
        .join(other, other.c.uid == IDENTITY.c.second)
        .where(IDENTITY.c.hidden == 0, IDENTITY.c.verdict == verdict, one.c.hidden == 0, other.c.hidden == 0)
    )
    return [(first, second) for first, second in connection.execute(query)]


def heads(connection: Connection) -> dict[str, str]:
    """Student → the head of its group, for those in one."""
    return groups.heads(pairs(connection))


def others_of(connection: Connection, students: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Student → the other records of the same child; of these students, or of all."""
    found = groups.members(heads(connection))
    return {
        one: tuple(each for each in group if each != one)
        for group in found.values()
        for one in group
        if students is None or one in students
    }


def surplus(connection: Connection, among: Select[Any]) -> int:
    """By how many the records that `among` selects outnumber the children they are about."""
    head = heads(connection)
    if not head:
        return 0
    (uid,) = among.selected_columns
    listed = [head[one] for one in set(connection.execute(among.where(uid.in_(head))).scalars())]
    return len(listed) - len(set(listed))


def once(connection: Connection, students: Iterable[str]) -> dict[str, str]:
    """Student → the record that stands for the child among these; only records in a group are named."""
    head = heads(connection)
    found: dict[str, str] = {}
    for one in sorted(students) if head else ():
        if one in head:
            found.setdefault(head[one], one)
    return {one: found[group] for one, group in head.items() if group in found}
