"""受助学生统计表 (reference §4 F5): aid counted by school, stage and programme, times and persons apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from jzdesk.core import codes
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import Code, Integer, Kind, Money, Text
from jzdesk.core.term import Term
from jzdesk.core.text import normalise
from jzdesk.models import AidDecision, Hardship, Payment, School
from jzdesk.policy.indicators import Ratio
from jzdesk.services.pupils import pupils, span_of, table_of, touches
from jzdesk.services.same_child import once
from jzdesk.services.standards import read_book
from jzdesk.sheets.columns import Column
from jzdesk.sheets.fill import Entry
from jzdesk.sheets.mapping import SheetRow

Group = tuple[str, str, str]  # codes of school, stage and programme; empty where they are summed over
PAID, GRANTED = "paid", "granted"
KEYS = ("figure.school", "figure.stage", "figure.programme")
RATIOS = frozenset({"figure.share", "figure.cover"})
_TOTAL = "合计"
# 其中 (reference §4 F5): key, label, aliases, hardship codes; whoever has several is counted in each.
_AMONG = (
    ("registered", "脱贫户", ("脱贫家庭学生", "脱贫", "建档立卡", "脱贫户学生"), ("D01",)),
    ("monitored", "监测对象", ("监测", "监测户", "监测对象学生", "防返贫监测对象"), ("D02", "D03", "D04")),
    ("minimum", "低保", ("低保户", "低保家庭学生", "城乡低保"), ("D05",)),
    ("extreme", "特困", ("特困供养", "特困救助供养", "特困供养学生", "特困救助供养学生"), ("D07",)),
    ("disabled", "残疾", ("残疾学生", "持证残疾"), ("D12",)),
    ("orphans", "孤儿", ("孤儿学生",), ("D10",)),
)  # fmt: skip


def columns() -> tuple[Column, ...]:
    """The columns a form of this kind may have."""
    count = Integer(0)
    return (
        _key("figure.school", Text(60), "学校", "学校名称", "单位", "填报单位"),
        _key("figure.stage", Code("stage"), "学段", "学段名称", "教育阶段"),
        _key("figure.programme", Text(60), "资助项目", "项目", "项目名称", "受助项目", "补助项目"),
        Column("figure.pupils", FieldSpec("在校数", count, "pupils", aliases=("在校生数", "在校人数", "在校学生数"))),
        Column("figure.poor", FieldSpec("困难生数", count, "poor", aliases=("困难学生数", "家庭经济困难学生数"))),
        Column("figure.times", FieldSpec("受助人次", count, "times", aliases=("人次", "资助人次"))),
        Column(
            "figure.persons",
            FieldSpec("受助人数", count, "persons", aliases=("受助人数（去重）", "人数", "受助学生数", "资助人数")),
        ),
        Column("figure.fen", FieldSpec("金额", Money(), "fen", aliases=("资助金额", "发放金额", "金额（元）"))),
        Column("figure.share", FieldSpec("占比", Text(20), "share", aliases=("占在校生比例", "受助比例", "比例"))),
        Column("figure.cover", FieldSpec("资助覆盖率", Text(20), "cover", aliases=("覆盖率", "占困难生比例"))),
        *(
            Column(f"figure.{key}", FieldSpec(label, count, key, aliases=(*more, f"其中{label}", f"其中：{label}")))
            for key, label, more, _ in _AMONG
        ),
    )


def _key(key: str, kind: Kind, label: str, *aliases: str) -> Column:
    """A column whose label says what its row counts: without one a row is no row of figures."""
    return Column(key, FieldSpec(label, kind, key.partition(".")[2], aliases=aliases), essential=True)


class Aid(NamedTuple):
    """What one student had of one programme: how often, and how much."""

    student: str
    programme: str
    times: int
    fen: int


@dataclass(frozen=True, slots=True)
class Census:
    """Everything counted once: who is where, who is poor and how, who had what."""

    place: dict[str, tuple[str, str]]
    hardships: dict[str, frozenset[str]]
    aid: list[Aid]
    schools: dict[str, str]
    programmes: dict[str, str]

    def entries(self, keys: Sequence[str]) -> list[Entry]:
        """One line for each combination of the key columns that the form has, and the line of totals.

        Combinations without aid are optional: they fill a printed row and never make one.
        """
        counted, total = _Counted(self, [key in keys for key in KEYS]), _Counted(self, [False] * 3)
        found = [self._entry(group, counted) for group in dict.fromkeys(self._combinations(keys))]
        return [*found, Entry(_record(("", "", _TOTAL)), _TOTAL, total.figures(("", "", "")), total=True)]

    def _combinations(self, keys: Sequence[str]) -> Iterator[Group]:
        wanted = [key in keys for key in KEYS]
        schools = sorted({school for school, _ in self.place.values()}) if wanted[0] else [""]
        stages = list(codes.table("stage").labels) if wanted[1] else [""]
        for school in schools:
            for stage in stages:
                for programme in self.programmes if wanted[2] else [""]:
                    yield school, stage, programme

    def _entry(self, group: Group, counted: _Counted) -> Entry:
        words = (
            self.schools.get(group[0], group[0]),
            codes.table("stage").label(group[1]) if group[1] else "",
            self.programmes.get(group[2], group[2]),
        )
        values = counted.figures(group)
        values |= {"figure.school": words[0] or None, "figure.stage": group[1] or None}
        values["figure.programme"] = words[2] or None
        title = " ".join(word for word in words if word)
        return Entry(_record(group), title, values, optional=not values["figure.times"])

    def matcher(self, keys: Sequence[str]) -> _Matcher:
        """Says which group a row of the form means by its labels."""
        return _Matcher(self, keys)


class _Counted:
    """The census laid out by the key columns that a form has; those it lacks are summed over."""

    def __init__(self, census: Census, wanted: Sequence[bool]) -> None:
        self._hardships = census.hardships
        self._here: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._aid: dict[Group, list[Aid]] = defaultdict(list)
        for uid, (school, stage) in census.place.items():
            self._here[school if wanted[0] else "", stage if wanted[1] else ""].add(uid)
        for one in census.aid:
            school, stage = census.place[one.student]
            key = (school if wanted[0] else "", stage if wanted[1] else "", one.programme if wanted[2] else "")
            self._aid[key].append(one)

    def figures(self, group: Group) -> dict[str, Value]:
        """Counts of a group; persons are counted once however often they were aided."""
        here, aid = self._here.get(group[:2], set()), self._aid.get(group, [])
        poor = {uid for uid in here if self._hardships.get(uid)}
        persons = {one.student for one in aid}
        values: dict[str, Value] = {
            "figure.pupils": len(here), "figure.poor": len(poor), "figure.times": sum(one.times for one in aid),
            "figure.persons": len(persons), "figure.fen": sum(one.fen for one in aid),
            "figure.share": Ratio(len(persons), len(here)).text,
            "figure.cover": Ratio(len(persons & poor), len(poor)).text,
        }  # fmt: skip
        for key, _, _, wanted in _AMONG:
            values[f"figure.{key}"] = sum(bool(self._hardships.get(uid, frozenset()) & set(wanted)) for uid in persons)
        return values


class _Matcher:
    """Rows by their labels: the school's name or code, the stage, the programme's name or code."""

    def __init__(self, census: Census, keys: Sequence[str]) -> None:
        self._keys = keys
        self._schools = _labels(census.schools)
        self._programmes = _labels(census.programmes)

    def __call__(self, row: SheetRow) -> list[str]:
        """The record, or nothing when a label is unknown or missing."""
        parts = []
        for key, find in zip(KEYS, (self._school_of, self._stage_of, self._programme_of), strict=True):
            if key not in self._keys:
                parts.append("")
            elif (found := find(str(row.values.get(key) or ""))) is None:
                return []
            else:
                parts.append(found)
        return [_record((parts[0], parts[1], parts[2]))]

    def _school_of(self, label: str) -> str | None:
        return self._schools.get(normalise(label)) if label else None

    def _stage_of(self, label: str) -> str | None:
        try:
            return codes.table("stage").parse(label)
        except ValueFault:
            return None

    def _programme_of(self, label: str) -> str | None:
        """By name or code; a shortened name counts when only one programme fits."""
        plain = normalise(label)
        if not plain or plain in self._programmes:
            return self._programmes.get(plain)
        near = {code for name, code in self._programmes.items() if plain in name or name in plain}
        return near.pop() if len(near) == 1 else None


def census(connection: Connection, term: Term, scope: str | None, own: tuple[str, str], basis: str = PAID) -> Census:
    """Count a term. `scope` is None for the whole county, `own` the (code, name) of this station.

    `basis`: "paid" counts what was really paid in cash and not returned; "granted" what was decided.
    Meals, waivers and loans are no cash and are never counted (reference §0 rules 5 and 6).
    """
    span = span_of(term)
    here = {uid: one for uid, one in pupils(connection, scope, span).items() if one.enrolled}
    stages = codes.table("grade")
    book = read_book(connection)
    cash = book.cash
    found = _paid(connection, term, scope) if basis == PAID else _granted(connection, term, scope)
    same = once(connection, here) if scope is None else {}
    aid = [
        one._replace(student=same.get(one.student, one.student))
        for one in found
        if one.programme in cash and one.student in here
    ]
    used = {one.programme for one in aid}
    offered = {one.programme for one in book.standards if one.holds_in(term)} & cash
    names = {code: book.name(code) for code in sorted(used | offered)}
    return Census(
        {
            uid: (one.school, stages.column(one.grade, "stage"))
            for uid, one in here.items()
            if same.get(uid, uid) == uid  # a child on two rolls is one child
        },
        _hardships(connection, span, here, same),
        aid,
        {own[0]: own[1]} | _schools(connection),
        names,
    )


def _paid(connection: Connection, term: Term, scope: str | None) -> Iterator[Aid]:
    """What was paid and not returned: a returned payment takes one time away."""
    table = table_of(Payment)
    query = select(table.c.student, table.c.programme, table.c.kind, table.c.fen).where(
        table.c.term == str(term), table.c.state == "paid", table.c.hidden == 0
    )
    if scope is not None:
        query = query.where(table.c.scope == scope)
    times: dict[tuple[str, str], int] = defaultdict(int)
    fen: dict[tuple[str, str], int] = defaultdict(int)
    for student, programme, kind, amount in connection.execute(query):
        times[student, programme] += -1 if kind == "returned" else 1
        fen[student, programme] += amount
    for key, total in fen.items():
        if total > 0:
            yield Aid(*key, max(1, times[key]), total)


def _granted(connection: Connection, term: Term, scope: str | None) -> Iterator[Aid]:
    table = table_of(AidDecision)
    query = select(table.c.student, table.c.programme, table.c.fen).where(
        table.c.term == str(term), table.c.outcome == "granted", table.c.fen > 0, table.c.hidden == 0
    )
    if scope is not None:
        query = query.where(table.c.scope == scope)
    for student, programme, fen in connection.execute(query):
        yield Aid(student, programme, 1, fen)


def _hardships(
    connection: Connection, span: tuple[str, str], among: Iterable[str], same: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """Student → codes of the hardships in force at some time of the term."""
    table, wanted = table_of(Hardship), set(among)
    query = select(table.c.student, table.c.code).where(table.c.hidden == 0, touches(table, *span))
    found: dict[str, set[str]] = defaultdict(set)
    for student, code in connection.execute(query):
        if student in wanted:
            found[same.get(student, student)].add(code)
    return {student: frozenset(mine) for student, mine in found.items()}


def _schools(connection: Connection) -> dict[str, str]:
    table = table_of(School)
    query = select(table.c.code, table.c.name).where(table.c.hidden == 0)
    return {row.code: row.name for row in connection.execute(query)}


def _labels(names: dict[str, str]) -> dict[str, str]:
    """Name and code, as written anyhow → code."""
    return {normalise(text): code for code, name in names.items() for text in (code, name)}


def _record(group: Group) -> str:
    """A name of 32 characters for a line of figures, the same in every run."""
    return hashlib.sha256("|".join(group).encode()).hexdigest()[:32]
