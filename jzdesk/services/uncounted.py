"""What the county no longer counts of a child's file: said in its receipts, followed by the school that has it.

The county takes packages back, revokes computers and judges entries also after it has handed some of them on
(decision 29). Each receipt states the whole of it, so the last one read, and the files, decide how a school stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from jzdesk.core.merge import GRANT, Known, decode, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.services.student_tables import SCHOOL
from jzdesk.services.waiting import stretches_of
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.journal import Chain
from jzdesk.store.standing import Stretch
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import ACCEPTED, ERASED, WITHDRAWN, journal
from jzdesk.store.unit import Unit
from jzdesk.sync.receipt import ReceiptBody, Uncounted

SETTING = "uncounted"  # what the last receipt read says does not count: [device, epoch, first, last]
LACKING = "uncounted_children"  # setting: child → [name, old school, entries of its file that do not count just now]


@dataclass(frozen=True, slots=True)
class Heeded:
    """Entries that stopped counting here, and those that count again; `names` of the children they are about."""

    gone: int = 0
    back: int = 0
    names: tuple[str, ...] = ()

    def sentences(self) -> Iterator[str]:
        """What to tell a person; nothing when nothing changed."""
        who = f"涉及{_listed(self.names)}" if self.names else "没有涉及具体学生"
        if self.gone:
            yield f"县里撤回了原学校的部分数据：转来的档案里 {self.gone:,} 条记录暂不计入，{who}。重新并入后自动恢复。"
        if self.back:
            yield f"县里恢复了原学校的数据：转来的档案里 {self.back:,} 条记录重新计入，{who}。"


class Lacking(NamedTuple):
    """A child of whose file some entries do not count just now."""

    student: str
    name: str
    school: str
    entries: int

    def sentence(self) -> str:
        """What to do about it."""
        return (
            f"县里撤回了{self.school}的部分数据，转来的档案里 {self.entries:,} 条记录暂不计入。"
            "请与原学校或县里联系；重新并入后自动恢复，请不要重复录入。"
        )


def told(connection: Connection) -> Iterator[Uncounted]:
    """County: every stretch of others' journals that does not count; the same for every school that has got a file."""
    for chains in slices(standing.received(connection)):
        for known, first, last in _joined(stretches_of(connection, chains)):
            yield Uncounted(device=known.dev, epoch=known.ep, first_n=first, last_n=last)


def moved_away(connection: Connection, stretches: Iterable[Stretch], states: Collection[int]) -> int:
    """County: how many children whose file went to another school are touched by entries that stand so."""
    moved = _granted(connection)
    found: set[str] = set()
    for stretch in stretches if moved else ():
        for ent, uids in standing.touched(connection, stretch, states).items():
            if ent == "student":
                found.update(moved & set(uids))
            elif ent in BY_NAME and "student" in BY_NAME[ent].spec.fields:
                for part in slices(uids):
                    placed = standing.histories(connection, ent, part).values()
                    found.update(moved & {_said(entries, "student") for entries in placed})
    return len(found)


def _granted(connection: Connection) -> set[str]:
    """Children of whom we have moved the writing right, ever."""
    own = [known.id for known in book.chains(connection) if known.own]
    query = select(journal.c.uid, journal.c.body).where(journal.c.chain.in_(own), journal.c.ent == "student")
    query = query.where(journal.c.state != ERASED)
    return {row.uid for row in connection.execute(query) if decode(row.body).op == GRANT}


def heed(unit: Unit, body: ReceiptBody) -> Heeded:
    """School: let the entries of others stand as a believed receipt says, all of them."""
    if any(one.device == body.device for one in body.revocations):
        return Heeded()  # such a receipt says nothing of others
    stated = [(one.device, one.epoch, one.first_n, one.last_n) for one in body.uncounted]
    write_setting(unit.connection, SETTING, stated)
    return stand(unit)


def stand(unit: Unit) -> Heeded:
    """School: let the entries of others stand as the last receipt said; also once a file of an earlier day has come."""
    stated: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for device, epoch, first, last in read_setting(unit.connection, SETTING) or ():
        stated.setdefault((device, epoch), []).append((first, last))
    known = standing.received(unit.connection)
    parts = [part for one in known for part in _parts(unit.connection, one, stated.get((one.dev, one.ep), ()))]
    if not parts:
        return Heeded()
    before, gone, back = _children(unit.connection), 0, 0
    for stretch, counts in parts:
        if counts:
            back += standing.restand(unit, stretch, (WITHDRAWN,), ACCEPTED)
        else:
            gone += standing.restand(unit, stretch, (ACCEPTED,), WITHDRAWN)
    after = _children(unit.connection)
    write_setting(unit.connection, LACKING, {uid: list(one[1:]) for uid, one in after.items()})
    changed = sorted(uid for uid in before.keys() | after.keys() if before.get(uid) != after.get(uid))
    return Heeded(gone, back, tuple(dict.fromkeys((after.get(uid) or before[uid]).name for uid in changed)))


def lacking(connection: Connection) -> list[Lacking]:
    """School: children of whose files some entries do not count just now."""
    stored = read_setting(connection, LACKING) or {}
    return [Lacking(uid, *stored[uid]) for uid in sorted(stored)]


def _joined(stretches: Iterable[tuple[Chain, int, int]]) -> Iterator[tuple[Chain, int, int]]:
    """The same numbers in as few stretches as can be, none overlapping."""
    open_: tuple[Chain, int, int] | None = None
    for known, first, last in sorted(stretches, key=lambda one: (one[0].id, *one[1:])):
        if open_ and open_[0].id == known.id and first <= open_[2] + 1:
            open_ = known, open_[1], max(open_[2], last)
            continue
        if open_:
            yield open_
        open_ = known, first, last
    if open_:
        yield open_


def _parts(connection: Connection, known: Chain, stated: Sequence[tuple[int, int]]) -> Iterator[tuple[Stretch, bool]]:
    """The stretches of a chain that have to change: (stretch, whether its entries are to count)."""
    begun = 1
    for first, last in sorted(stated):
        yield from _holding(connection, Stretch(known.id, begun, first - 1), WITHDRAWN)
        yield from _holding(connection, Stretch(known.id, first, last), ACCEPTED)
        begun = last + 1
    yield from _holding(connection, Stretch(known.id, begun, known.last_n), WITHDRAWN)


def _holding(connection: Connection, stretch: Stretch, state: int) -> Iterator[tuple[Stretch, bool]]:
    """The stretch from its first entry to its last one that stands so; nothing when none does."""
    if stretch.first > stretch.last:
        return
    query = select(func.min(journal.c.n), func.max(journal.c.n)).where(stretch.where((state,)))
    first, last = connection.execute(query).one()
    if first is not None:
        yield Stretch(stretch.chain, first, last), state == WITHDRAWN


def _children(connection: Connection) -> dict[str, Lacking]:
    """Child → how many entries of its file do not count just now, as the entries themselves tell."""
    names = {row.code: row.name for row in connection.execute(select(SCHOOL.c.code, SCHOOL.c.name))}
    found: dict[str, Lacking] = {}
    for known in standing.received(connection):
        for student, entries in _counted(connection, known).items():
            before = found[student].entries if student in found else 0
            name = names.get(known.school) or known.school
            found[student] = Lacking(student, _name(connection, student), name, before + entries)
    return found


def _counted(connection: Connection, known: Chain) -> Mapping[str, int]:
    """Child → entries of this chain in its file that do not count."""
    found: dict[str, int] = {}
    for ent, uids in standing.touched(connection, Stretch(known.id, 1, known.last_n), (WITHDRAWN,)).items():
        for part in slices(uids):
            for uid, placed in standing.histories(connection, ent, part).items():
                student = uid if ent == "student" else _said(placed, "student")
                if student:
                    gone = sum(one.chain == known.id and one.state == WITHDRAWN for one in placed)
                    found[student] = found.get(student, 0) + gone
    return found


def _name(connection: Connection, student: str) -> str:
    return _said(standing.histories(connection, "student", [student]).get(student, ()), "name") or "（未到）"


def _said(placed: Sequence[standing.Placed], field: str) -> str:
    """What a record says, when all of its entries count; "" for nothing."""
    known: list[Known] = [one.known for one in placed]
    return str(record_state(known).values.get(field) or "") if known else ""


def _listed(names: Sequence[str]) -> str:
    return f"{'、'.join(names[:3])}等 {len(names)} 名学生" if len(names) > 3 else f"学生{'、'.join(names)}"
