"""The merge machine: authors, packets and desks in any order, and the oracle that every schedule has to satisfy."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import Connection

from jzdesk.core.chain import withheld_line
from jzdesk.core.erasure import erasure
from jzdesk.core.errors import UserError
from jzdesk.core.merge import ERASE, GRANT, SCOPE, Known, decode
from jzdesk.store.tables import ACCEPTED, ERASED, REVOKED
from tests.factories.entries import naive
from tests.factories.journals import (
    CLOCKS,
    COUNTY,
    Author,
    Desk,
    Held,
    Packet,
    Record,
    expected,
    open_conflicts,
    shown,
    uid_of,
    unshowable,
)
from tests.factories.owners import intruders

SCHOOLS = ("2143990001", "2143990002")
SCHOOL_OF = {str(n) * 16: school for n, school in enumerate(SCHOOLS, 1)}
ENTITIES = ("student", "enrolment", "school")
VALUES = (None, "甲", "乙", "丙")
FORGERIES = ("scope", "role", "policy", "value", "record", "at")
MOVES = ("grant", "moves")  # forged as well
_PICK = st.integers(0, 30)
_TO = st.integers(0, 4)  # a desk the work goes to at once, or none


def record_of(school: str, pick: int) -> Record:
    """One of a few records of a school: two students, and the place of each on the roll."""
    place = pick % 2
    return ("enrolment" if pick % 3 == 2 else "student", uid_of(school, pick % 3 == 2, place))


def values_of(record: Record, pick: int) -> dict[str, str | int | None]:
    """Values for a record; an enrolment names its student, whether that has come or not."""
    if record[0] == "enrolment":
        return {"student": record[1], "grade": VALUES[pick % 4], "status": "01"}
    names = (("name",), ("phone",), ("name", "note"), ("name", "phone"))[pick % 4]
    return {name: VALUES[(pick // 4 + at) % 4] for at, name in enumerate(names)}


class MergeMachine(RuleBasedStateMachine):
    """Schedules over three desks; `connections` are of empty databases, and left as they were.

    When it is `thorough` every desk is recomputed at the end; else the naive reading alone judges.
    """

    connections: Sequence[Callable[[], Connection]] = ()
    thorough = True

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.desks = [Desk(connect()) for connect in self.connections]
        self.county = Author("0" * 16, COUNTY, COUNTY)
        self.authors = [Author(f"{n}" * 16, school) for n, school in enumerate(SCHOOLS, 1)]
        for author in (self.county, *self.authors):
            author.clock = self.chance.choice(("2009", "now", "tomorrow"))
        self.backups: dict[int, Author] = {}
        self.mail: list[Packet] = []

    @classmethod
    def wander(
        cls, seed: int, steps: int = 40, *, moving: bool = True, erasing: bool = False, aside: bool = False
    ) -> None:
        """A schedule drawn by chance alone, judged by the same oracle; raises AssertionError.

        `moving`: records are moved and devices revoked as well; `erasing`: the county erases as well; `aside`:
        branches of forks are set aside.
        """
        chance, machine = random.Random(seed), cls()
        machine.begin(seed)
        try:
            for _ in range(steps):
                _step(machine, chance, moving=moving, erasing=erasing, aside=aside)
        except BaseException:
            machine.close()
            raise
        machine.teardown()

    def close(self) -> None:
        """Let go of the databases."""
        for desk in self.desks:
            desk.connection.close()

    def author(self, pick: int) -> Author:
        return self.authors[pick % len(self.authors)]

    def desk(self, pick: int) -> Desk:
        return self.desks[pick % len(self.desks)]

    def goes_to(self, author: Author, to: int) -> None:
        """Carry what an author wrote to a desk, or nowhere yet."""
        if to < len(self.desks) and len(author.line) > author.acknowledged:
            self.mail.append(author.packet(author.acknowledged))
            self.desks[to].receive(self.mail[-1])

    @rule(who=_PICK, work=st.lists(st.tuples(_PICK, _PICK), min_size=1, max_size=3), to=_TO)
    def write(self, who: int, work: list[tuple[int, int]], to: int) -> None:
        author = self.author(who)
        for what, value in work:
            record = record_of(author.scope, what)
            author.write(record, values=values_of(record, value))
        self.goes_to(author, to)

    @rule(who=_PICK, what=_PICK, op=st.sampled_from(("void", "restore", "resolve")), value=_PICK, to=_TO)
    def turn(self, who: int, what: int, op: str, value: int, to: int) -> None:
        author = self.author(who)
        record = record_of(author.scope, what)
        if author.of(record):
            author.write(record, op, values_of(record, value) if op == "resolve" else {})
            self.goes_to(author, to)

    @rule(who=_PICK, what=_PICK)
    def write_in_a_newer_schema(self, who: int, what: int) -> None:
        author = self.author(who)
        if what % 2:
            author.write(record_of(author.scope, what), values={"shoe_size": what}, sv=9)
        else:
            author.write(("garden", uid_of(author.scope, what)), values={"trees": what}, sv=9)

    @rule(who=_PICK, what=_PICK, how=st.sampled_from(FORGERIES + MOVES))
    def forge(self, who: int, what: int, how: str) -> None:
        """An entry that its author may not write."""
        author = self.author(who)
        record = record_of(author.scope, what * 3)
        other = next(school for school in SCHOOLS if school != author.scope)
        match how:
            case "scope":
                author.write(record, values={"name": "外"}, scope=other)
            case "role":
                author.write(record, values={"name": "县"}, role=COUNTY)
            case "policy":
                author.write(("school", uid_of("校", what)), values={"name": "校"})
            case "value":
                author.write(record, values={"only_child": "一"})
            case "record":
                author.write(record_of(other, what), values={"name": "改"}, base={})
            case "grant":
                author.write(record, GRANT, {SCOPE: author.scope})
            case "moves":  # sets the scope without being a grant: counts for nothing
                author.write(record, values={"name": "抢", SCOPE: other})
            case _:
                author.write(record, values={"name": "未来"}, at=CLOCKS["2099"] << 10)

    @rule(who=_PICK, what=_PICK)
    def forge_an_erasure(self, who: int, what: int) -> None:
        """A school erases what it wrote: it may not."""
        author = self.author(who)
        record = record_of(author.scope, what)
        seen = tuple(sorted(one.id for one in author.of(record)))
        author.write(record, ERASE, {SCOPE: author.scope, "name": None}, seen=seen)

    @rule(who=_PICK, clock=st.sampled_from(tuple(CLOCKS)))
    def set_clock(self, who: int, clock: str) -> None:
        self.chance.choice((self.author(who), self.county)).clock = clock

    @rule(which=_PICK)
    def lose(self, which: int) -> None:
        """A stick is lost before anybody has read it."""
        if self.mail:
            packet = self.mail[which % len(self.mail)]
            if not any(packet.ids & set(desk.taken) or packet in desk.parked + desk.forked for desk in self.desks):
                self.mail.remove(packet)

    @rule(to=_PICK, which=_PICK)
    def deliver(self, to: int, which: int) -> None:
        if self.mail:
            self.desk(to).receive(self.mail[which % len(self.mail)])

    @rule(who=_PICK, to=_TO)
    def send(self, who: int, to: int) -> None:
        self.goes_to(self.author(who), to)

    @rule(who=_PICK, by=_PICK)
    def answer(self, who: int, by: int) -> None:
        """A receipt: what has come need not be sent again; and what the county knows of the school's records."""
        author, desk = self.author(who), self.desk(by)
        author.acknowledged = max(author.acknowledged, desk.holds(author))
        own = {record_of(author.scope, pick) for pick in range(6)}
        if desk.holds(author):
            for known in desk.accepted().values():
                if known.entry.role == COUNTY and (known.entry.ent, known.entry.uid) in own:
                    author.known[known.id] = known

    @rule(by=_PICK, what=_PICK, value=_PICK, op=st.sampled_from(("put", "put", "resolve", "void", "restore")), to=_TO)
    def county_writes(self, by: int, what: int, value: int, op: str, to: int) -> None:
        """The county changes, settles or voids what it sees on one desk; its entries travel like any others."""
        self.county.known.update(self.desk(by).accepted())
        record = record_of(SCHOOLS[what % 2], what)
        if self.county.of(record):
            values = values_of(record, value) if op in ("put", "resolve") else {}
            self.county.write(record, op, values)
            self.goes_to(self.county, to)

    @rule(by=_PICK, what=_PICK, aware=st.booleans(), to=_TO)
    def county_moves(self, by: int, what: int, aware: bool, to: int) -> None:
        """The county moves a record to the other school, or back; perhaps unaware of what it moved before."""
        self.county.known.update(self.desk(by).accepted())
        record = record_of(SCHOOLS[what % 2], what)
        if known := self.county.of(record):
            moved = naive(known).values.get(SCOPE) or SCHOOLS[what % 2]
            other = next(school for school in SCHOOLS if school != moved)
            self.county.write(record, GRANT, {SCOPE: other}, **({} if aware else {"base": {}}))
            self.goes_to(self.county, to)

    @rule(by=_PICK, what=_PICK, part=_PICK, to=_TO)
    def county_erases(self, by: int, what: int, part: int, to: int) -> None:
        """The county erases fields of a record, or all of it, as one desk has it, whatever the standing of an entry."""
        desk, record = self.desk(by), record_of(SCHOOLS[what % 2], what)
        self.county.known.update(desk.accepted())
        here = [one for one in desk.readable().values() if (one.entry.ent, one.entry.uid) == record]
        counting = [one for one in here if one.id in desk.accepted()]
        fields = (None, {"name"}, {"phone"}, {"name", "phone"}, {"student"})[part % 5]
        try:
            plan = erasure(counting, here, fields)
        except UserError:  # two values, which somebody must settle first
            return
        if plan:
            self.county.write(record, ERASE, plan.set, base=plan.base, seen=plan.seen)
            self.goes_to(self.county, to)

    @rule(by=_PICK, who=_PICK, what=_PICK, value=_PICK, to=_TO)
    def write_what_moved(self, by: int, who: int, what: int, value: int, to: int) -> None:
        """A file comes to the school that a record was moved to, which goes on writing in it."""
        author = self.author(who)
        record = record_of(next(school for school in SCHOOLS if school != author.scope), what)
        there = [one for one in self.desk(by).accepted().values() if (one.entry.ent, one.entry.uid) == record]
        if there and naive(there).values.get(SCOPE) == author.scope:
            author.known.update({one.id: one for one in there})
            author.write(record, values=values_of(record, value))
            self.goes_to(author, to)

    @rule(who=_PICK)
    def back_up(self, who: int) -> None:
        self.backups[who % len(self.authors)] = self.author(who).copy()

    @rule(who=_PICK)
    def restore(self, who: int) -> None:
        place = who % len(self.authors)
        if place in self.backups:
            self.authors[place] = self.authors[place].restored(self.backups[place])

    @rule(who=_PICK)
    def clone(self, who: int) -> None:
        """A disk is copied, and both go on."""
        if len(self.authors) < 5:
            self.authors.append(self.author(who).copy())

    @rule(by=_PICK, which=_PICK, theirs=st.booleans(), keep=st.booleans())
    def settle_a_fork(self, by: int, which: int, theirs: bool, keep: bool) -> None:
        """One story goes on; the other counts as well, or is set aside."""
        desk = self.desk(by)
        if desk.forked:
            desk.settle(desk.forked[which % len(desk.forked)], theirs=theirs, keep=keep)

    @rule(who=_PICK, to=_TO)
    def write_something_new(self, who: int, to: int) -> None:
        """A record that no clone of the disk knows."""
        author = self.author(who)
        author.write(("student", uid_of(author.scope, self.chance.random())), values={"name": "新"})
        self.goes_to(author, to)

    @rule(by=_PICK, who=_PICK, which=_PICK, back=st.booleans())
    def write_in_what_is_aside(self, by: int, who: int, which: int, back: bool) -> None:
        """A school writes in another's record that only one side of a fork knows, before that goes on after all."""
        desk = self.desk(by)
        if aside := sorted(desk.kept_aside().items()):
            record, scope = aside[which % len(aside)]
            others = [author for author in self.authors if author.scope != scope]
            others[who % len(others)].write(record, values={"name": "抢"}, base={})
            self.goes_to(others[who % len(others)], by % len(self.desks))
            assert not intruders(desk, SCHOOL_OF), "nobody writes where somebody else came first"
        for packet in tuple(desk.forked) if back else ():
            desk.settle(packet, theirs=True)

    @rule(by=_PICK, which=_PICK, admit=st.booleans())
    def decide_a_hold(self, by: int, which: int, admit: bool) -> None:
        self.desk(by).rule(which, admit=admit)

    @rule(by=_PICK, which=_PICK, first=_PICK)
    def withdraw(self, by: int, which: int, first: int) -> None:
        self.desk(by).withdraw(which, first)

    @rule(by=_PICK)
    def rejoin(self, by: int) -> None:
        self.desk(by).rejoin()

    @rule(by=_PICK, who=_PICK, which=_PICK, upto=_PICK)
    def revoke(self, by: int, who: int, which: int, upto: int) -> None:
        """A computer is stolen: it is trusted up to an entry."""
        self.desk(by).revoke(self.author(who).device, which, upto)

    @rule(by=_PICK)
    def reinstate(self, by: int) -> None:
        self.desk(by).reinstate()

    def teardown(self) -> None:
        """The oracle, as things stand and once everything has come."""
        if not hasattr(self, "desks"):
            return
        try:
            self.judge()
            self.everything_comes()
            self.judge()
            if self.thorough:
                assert len({desk.digest() for desk in self.desks}) == 1, "the same set, the same tables, byte for byte"
        finally:
            self.close()

    def everything_comes(self) -> None:
        """Every packet reaches every desk in an order of its own; every fork, hold and withdrawal is undone alike."""
        for author in (*self.authors, self.county):
            if len(author.line) > author.acknowledged:
                self.mail.append(author.packet(author.acknowledged))
        for desk in self.desks:
            desk.rejoin()
            desk.reinstate()
            order = self.mail + self.chance.choices(self.mail, k=3) if self.mail else []
            self.chance.shuffle(order)
            for packet in order:
                desk.receive(packet)
            while desk.forked and any(
                desk.settle(packet, theirs=self.chance.random() < 0.5) for packet in tuple(desk.forked)
            ):
                for packet in (*desk.parked, *desk.forked):
                    desk.receive(packet)
            desk.admit_all()
        assert len({frozenset(desk.accepted()) for desk in self.desks}) == 1, "everybody has accepted the same"

    def judge(self) -> None:
        """Tables are what the accepted entries say by the naive reading, and nothing is lost."""
        for desk in self.desks:
            accepted = desk.accepted()
            _nothing_is_lost(desk)
            assert desk.holes() == 0, "a chain is taken in from its beginning, without a hole"
            _nothing_foreign_counts(desk, accepted)
            assert not intruders(desk, SCHOOL_OF), "nobody writes where somebody else came first"
            _what_counts_of_the_revoked_is_trusted(desk, accepted)
            rows, conflicts = expected(accepted.values())
            assert shown(desk.connection, ENTITIES) == rows, "tables are what the naive reading says"
            assert open_conflicts(desk.connection) == conflicts, "and so are conflicts"


_LIKELY = {
    "write": 8, "turn": 5, "county_writes": 5, "deliver": 4, "answer": 2, "send": 2, "forge": 2, "set_clock": 2,
    "clone": 1, "back_up": 1, "restore": 1, "settle_a_fork": 1, "decide_a_hold": 1, "withdraw": 1, "rejoin": 1,
    "lose": 1, "write_in_a_newer_schema": 1,
}  # fmt: skip
_MOVING = {"county_moves": 2, "write_what_moved": 3, "revoke": 1, "reinstate": 1}
_ERASING = {"county_erases": 5, "forge_an_erasure": 1}
_ASIDE = {"clone": 5, "settle_a_fork": 8, "write_something_new": 10, "write_in_what_is_aside": 8}


def _step(machine: MergeMachine, chance: random.Random, *, moving: bool, erasing: bool, aside: bool) -> None:
    """One step of a schedule drawn by chance."""
    likely = _LIKELY | (_MOVING if moving else {}) | (_ERASING if erasing else {}) | (_ASIDE if aside else {})
    (name,) = chance.choices(list(likely), list(likely.values()))
    given: dict[str, Any] = {
        "work": [(chance.randrange(31), chance.randrange(31)) for _ in range(chance.randint(1, 3))],
        "to": chance.randrange(5),
        "op": chance.choice(("put", "resolve", "void", "restore") if name == "county_writes" else ("void", "restore")),
        "how": chance.choice(FORGERIES + MOVES * moving),
        "clock": chance.choice(tuple(CLOCKS)), "theirs": chance.random() < 0.5, "admit": chance.random() < 0.5,
    }  # fmt: skip
    if moving:
        given["aware"] = chance.random() < 0.7
    given["keep"] = not aside or chance.random() < 0.3
    if aside:
        given["back"] = chance.random() < 0.5
        given |= {name: 0 for name in ("by", "to") if chance.random() < 0.6}  # most happens at one desk
    step = getattr(machine, name)
    wanted = step.__code__.co_varnames[1 : step.__code__.co_argcount]
    step(**{key: given[key] if key in given else chance.randrange(31) for key in wanted})


def _nothing_is_lost(desk: Desk) -> None:
    """Whatever was ever taken in stands in the journal, once, byte for byte."""
    found = desk.journal()
    gone = {name for one in found.values() for name in _erases(one)}
    assert {i: one.body for i, one in found.items()} == {
        i: withheld_line(body) if i in gone else body for i, body in desk.taken.items()
    }, "byte for byte, or its hash when the county erased it"
    assert {i for i, one in found.items() if one.state == ERASED} == gone & desk.taken.keys()
    assert all(one.places == 1 for one in found.values()), "an entry stands in the journal once"


def _erases(held: Held) -> tuple[str, ...]:
    """The ids that an entry names when it is an erasure of the county that counts."""
    entry = decode(held.body) if held.state == ACCEPTED else None
    return entry.seen if entry and entry.op == ERASE and entry.dev == "0" * 16 else ()


def _nothing_foreign_counts(desk: Desk, accepted: dict[str, Known]) -> None:
    """Nothing counts that its author may not write, unless somebody admitted it."""
    writers: dict[Record, set[str]] = defaultdict(set)
    moved = _moved(desk)
    for known in accepted.values():
        entry = known.entry
        if known.id in desk.admitted or entry.dev == "0" * 16:
            continue
        assert entry.role == "school", "its role is the one it was certified for"
        assert entry.ent != "school", "policy is the county's"
        assert entry.op not in (GRANT, ERASE), "only the county moves a record, or erases"
        assert entry.at <= CLOCKS["tomorrow"] << 11, "its clock can be believed"
        assert not unshowable(entry), "its values fit"
        assert entry.scope == SCHOOLS[int(entry.dev[0]) - 1], "its scope is its school's"
        writers[entry.ent, entry.uid].add(entry.scope)
    for record, scopes in writers.items():
        assert len(scopes - moved[record]) <= 1, "a record has one school, and those it was moved to"


def _moved(desk: Desk) -> dict[Record, set[str]]:
    """Record → the schools that the county moved it to, as far as the desk has heard; also by what was taken back."""
    found: dict[Record, set[str]] = defaultdict(set)
    for held in desk.journal().values():
        if held.state == ERASED:
            continue
        entry = decode(held.body)
        if entry.op == GRANT and entry.role == COUNTY and entry.dev == "0" * 16:
            found[entry.ent, entry.uid].add(str(entry.set[SCOPE]))
    return found


def _what_counts_of_the_revoked_is_trusted(desk: Desk, accepted: dict[str, Known]) -> None:
    """Of a revoked device nothing counts beyond the cut, and nothing before it stands as if it were beyond."""
    states = desk.journal()
    for device, trusted in desk.trusted.items():
        assert {i for i, known in accepted.items() if known.entry.dev == device} <= trusted, "nothing beyond the cut"
        assert all(states[i].state != REVOKED for i in trusted), "everything before it is judged as ever"
