"""Which schools report and which do not: the last package of each, how long ago, what is missing, worst first."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, func, select

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.merge import decode
from jzdesk.models import BY_NAME
from jzdesk.services import townships
from jzdesk.services.context import Context
from jzdesk.services.verdicts import SEND_AGAIN
from jzdesk.store.tables import ERASED, carried, chain, journal, package
from jzdesk.store.tables import certificate as certificate_table
from jzdesk.sync.certificate import Certificate

if TYPE_CHECKING:
    from jzdesk.services.forwarding import ForwardService

USUAL_DAYS, CERTIFICATE_DAYS = 30, 60
SETTING = "report_days"  # after how many days without a package a school is overdue
OVERDUE, NEVER, LAPSED, GAP, LATE, EXPIRING, UNCERTIFIED, GOOD = (
    "overdue", "never", "lapsed", "gap", "late", "expiring", "uncertified", "good",
)  # fmt: skip
LABELS = {
    OVERDUE: "逾期未报", NEVER: "从未上报", LAPSED: "证书失效", GAP: "缺包", LATE: "快要逾期", EXPIRING: "证书将到期",
    UNCERTIFIED: "还没有证书", GOOD: "正常",
}  # fmt: skip
_RANKS = {state: rank for rank, state in enumerate(LABELS)}
_ENDINGS = (".pdf", ".xlsx")
_HEADINGS = ("学校", "乡镇", "情况", "说明", "最近上报", "包号", "条数", "校长", "联系电话", "电话记录")
_SCHOOL = BY_NAME["school"].__table__


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One school: its last package, days since (since its certificate when it never reported), gaps, and the state.

    `period` says from when to when the entries of the last package are; `until` when the certificate runs out.
    """

    code: str
    name: str
    township: str
    head: str
    phone: str
    state: str
    sentence: str
    last: str = ""
    days: int | None = None
    number: int = 0
    entries: int = 0
    period: str = ""
    gaps: tuple[str, ...] = ()
    until: str = ""
    overdue: bool = False

    @property
    def state_label(self) -> str:
        """The state in Chinese."""
        return LABELS[self.state]

    @property
    def remedy(self) -> str:
        """What the school is to be asked to do about what is missing, "" when nothing is."""
        return SEND_AGAIN if self.gaps else ""


@dataclass(frozen=True, slots=True)
class Overview:
    """Every school, worst first; `limit` is after how many days one is overdue; whether certificates are known here."""

    lines: tuple[ReportLine, ...]
    limit: int
    certificates: bool = True

    @property
    def overdue(self) -> tuple[ReportLine, ...]:
        """Those that should be called up."""
        return tuple(line for line in self.lines if line.overdue)

    def count(self, *states: str) -> int:
        """How many schools stand so."""
        return sum(line.state in states for line in self.lines)


class _Paper(NamedTuple):
    """A school's certificate: since when, until when; `good` is False when none is in force."""

    issued: str
    expires: str
    good: bool


@dataclass(slots=True)
class _Facts:
    """What is known of the schools, by code; `papers` is None where certificates are not known."""

    last: Mapping[str, Row[Any]] = field(default_factory=dict)
    periods: Mapping[str, str] = field(default_factory=dict)
    gaps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    papers: Mapping[str, _Paper] | None = None


def _sensible(days: int) -> int:
    if not 1 <= days <= 366:
        raise UserError(f"“{days}”天不合适", "请填 1 到 366 天。", "逾期天数")
    return days


class ReportingService:
    """For the county all its schools, for a township station those below it."""

    def __init__(self, context: Context, township: ForwardService) -> None:
        self._context, self._township = context, township

    def limit(self) -> int:
        """After how many days without a package a school is overdue."""
        return int(self._context.store.setting(SETTING, USUAL_DAYS))

    def set_limit(self, days: int) -> None:
        """Change it; UserError for what makes no sense."""
        self._context.store.set_setting(SETTING, _sensible(days))

    def overview(self, limit: int | None = None, *, periods: bool = True) -> Overview:
        """Every school, worst first; `periods` cost two looks into the journal each. Raises UserError on a school."""
        kind, days = self._context.info.kind, self.limit() if limit is None else _sensible(limit)
        if kind == "school":
            raise UserError("各校上报情况由县教育局和乡镇中心学校查看", "本校的情况请看“数据交换”。", "上报情况")
        with self._context.read() as connection:
            below = townships.schools_below(connection, self._context.info.code) if kind == "township" else None
            schools = _schools(connection, below)
            facts = _at_county(connection, periods=periods) if below is None else _carried(connection)
        if below is not None:
            with self._township.view.read() as connection:
                facts.gaps, facts.periods = _gaps(connection), _periods(connection, facts.last.values())
        today = dt.date.fromisoformat(self._context.today())
        lines = [_line(row, facts, today, days) for row in schools]
        return Overview(tuple(sorted(lines, key=_worst_first)), days, facts.papers is not None)

    def carrying(self) -> tuple[int, int]:
        """At a township: packages that wait for the way up, and files that wait for the way down to schools."""
        return self._township.waiting() if self._context.info.kind == "township" else (0, 0)

    def write(self, path: Path, *, everybody: bool = False, limit: int | None = None) -> int:
        """The list for the telephone as PDF or xlsx, by the file's ending; returns how many schools are on it."""
        if path.suffix.lower() not in _ENDINGS:
            raise UserError("名单只能写成 PDF 或 Excel 工作簿", "请把文件名写成 .pdf 或 .xlsx。", path.name)
        seen = self.overview(limit)
        lines = [line for line in seen.lines if everybody or line.state != GOOD]
        rows = [_printed(line) for line in lines]
        if path.suffix.lower() == ".pdf":
            self._print(path, rows, seen)
        else:
            from jzdesk.sheets.writer import write_rows_book

            write_rows_book(path, "各校上报情况", _HEADINGS, rows)
        return len(lines)

    def _print(self, path: Path, rows: Sequence[tuple[str, ...]], seen: Overview) -> None:
        from jzdesk.printing import Align, Column, TableSheet, write_table

        widths = (13, 7, 6, 17, 7, 3.5, 4.5, 6, 9, 12)
        left = (Align.LEFT, Align.CENTRE, Align.CENTRE, Align.LEFT, *(Align.CENTRE,) * 5, Align.LEFT)
        columns = tuple(map(Column, _HEADINGS, widths, left))
        made_by, made_on = f"制表单位：{self._context.info.name}", f"日期：{self._context.today()}"
        sheet = TableSheet(
            "各校上报情况", columns, tuple(rows), made_by, made_on,
            (f"超过 {seen.limit} 天没有上报为逾期；共 {len(seen.lines)} 所学校，逾期 {len(seen.overdue)} 所。",),
            landscape=True, size=9,
        )  # fmt: skip
        write_table(path, sheet)


def _printed(line: ReportLine) -> tuple[str, ...]:
    number, entries = (str(line.number), str(line.entries)) if line.last else ("", "")
    return (
        line.name, line.township, line.state_label, line.sentence, line.last, number, entries, line.head, line.phone,
        "",
    )  # fmt: skip


def _schools(connection: Connection, below: Sequence[str] | None) -> list[Row[Any]]:
    columns = (_SCHOOL.c.code, _SCHOOL.c.name, _SCHOOL.c.township_name, _SCHOOL.c.head, _SCHOOL.c.phone)
    query = select(*columns).where(_SCHOOL.c.hidden == 0)
    return list(connection.execute(query if below is None else query.where(_SCHOOL.c.code.in_(below))))


def _at_county(connection: Connection, *, periods: bool) -> _Facts:
    newest = select(func.max(package.c.id)).where(package.c.direction == "in", package.c.outcome != "rejected")
    rows = connection.execute(select(package).where(package.c.id.in_(newest.group_by(package.c.school))))
    last = {row.school: row for row in rows}
    told = _periods(connection, last.values()) if periods else {}
    return _Facts(last, told, _gaps(connection), _papers(connection))


def _carried(connection: Connection) -> _Facts:
    """At a township what came through its hands, whether it could read it or not."""
    newest = select(func.max(carried.c.id)).where(carried.c.kind == "package").group_by(carried.c.school)
    query = select(carried, carried.c.came.label("at")).where(carried.c.id.in_(newest))
    return _Facts({row.school: row for row in connection.execute(query)})


_ENDS = (
    select(journal.c.body)
    .join(chain, chain.c.id == journal.c.chain)
    .where(chain.c.dev == bindparam("the_dev"), chain.c.ep == bindparam("the_ep"))
    .where(journal.c.n.in_((bindparam("first"), bindparam("last"))), journal.c.state != ERASED)
)


def _periods(connection: Connection, rows: Any) -> dict[str, str]:
    """School → from when to when the entries of its last package were made, where we hold them."""
    found: dict[str, str] = {}
    for row in rows:
        ends = {"the_dev": row.dev, "the_ep": row.ep, "first": row.first_n, "last": row.last_n}
        days = sorted(moment(decode(body).at)[:10] for body in connection.execute(_ENDS, ends).scalars())
        if days:
            found[row.school] = days[0] if days[0] == days[-1] else f"{days[0]} 至 {days[-1]}"
    return found


def _gaps(connection: Connection) -> dict[str, tuple[str, ...]]:
    """School → what parked packages wait for, in words."""
    query = (
        select(package.c.school, package.c.number, package.c.first_n, func.coalesce(chain.c.last_n, 0).label("held"))
        .outerjoin(chain, and_(chain.c.dev == package.c.dev, chain.c.ep == package.c.ep))
        .where(package.c.direction == "in", package.c.outcome == "parked")
        .order_by(package.c.id)
    )
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in connection.execute(query):
        if row.first_n > row.held + 1:
            first, last = row.held + 1, row.first_n - 1
            missing = f"第 {first:,} 条" if first == last else f"第 {first:,} 到第 {last:,} 条"
            found[row.school][f"第 {row.number} 包前面缺{missing}"] = None
    return {school: tuple(words) for school, words in found.items()}


def _papers(connection: Connection) -> dict[str, _Paper]:
    """School → its certificate that lasts longest; one that is revoked only when it has no other."""
    query = select(certificate_table.c.code, certificate_table.c.body, certificate_table.c.revoked)
    found: dict[str, _Paper] = {}
    for code, body, revoked in connection.execute(query):
        held = msgspec.json.decode(body, type=Certificate)
        paper = _Paper(held.issued.isoformat(), held.expires.isoformat(), not revoked)
        first = min(paper.issued, found[code].issued) if code in found else paper.issued
        best = max(paper, found.get(code, paper), key=lambda one: (one.good, one.expires))
        found[code] = best._replace(issued=first)
    return found


def _line(row: Row[Any], facts: _Facts, today: dt.date, limit: int) -> ReportLine:
    last, gaps = facts.last.get(row.code), facts.gaps.get(row.code, ())
    paper = (facts.papers or {}).get(row.code)
    came = moment(last.at)[:10] if last else ""
    days = _days(came or (paper.issued if paper else ""), today)
    told = list(_told(facts, paper, came, days, today, limit)) + [(GAP, "；".join(gaps))] * bool(gaps)
    state = min((state for state, _ in told), key=_RANKS.__getitem__, default=GOOD)
    entries = max(last.last_n - last.first_n + 1, 0) if last and last.package_id else 0
    return ReportLine(
        row.code, row.name or row.code, row.township_name or "", row.head or "", row.phone or "", state,
        "；".join(words for _, words in told), came, days, last.number if last else 0, entries,
        facts.periods.get(row.code, ""), gaps, paper.expires if paper else "",
        days is not None and days > limit,
    )  # fmt: skip


def _told(
    facts: _Facts, paper: _Paper | None, came: str, days: int | None, today: dt.date, limit: int
) -> Iterator[tuple[str, str]]:
    """(state, words) of everything that is not as it should be."""
    if days is not None and not came:
        yield NEVER, f"发证 {days} 天，从未上报" if days else "今天发证，还没有上报"
    elif days is not None and days > limit:
        yield OVERDUE, f"已 {days} 天没有上报"
    elif days is not None and days * 2 > limit:
        yield LATE, f"{days} 天没有上报"
    if facts.papers is None:
        if not came:
            yield NEVER, "还没有经本站上报过"
    elif paper is None:
        yield UNCERTIFIED, "还没有申请证书"
    else:
        yield from _paper_told(paper, today)


def _paper_told(paper: _Paper, today: dt.date) -> Iterator[tuple[str, str]]:
    left = (dt.date.fromisoformat(paper.expires) - today).days
    if not paper.good:
        yield LAPSED, "证书已吊销"
    elif left < 0:
        yield LAPSED, f"证书已于 {paper.expires} 到期"
    elif left <= CERTIFICATE_DAYS:
        yield EXPIRING, f"证书还有 {left} 天到期"


def _days(since: str, today: dt.date) -> int | None:
    return (today - dt.date.fromisoformat(since)).days if since else None


def _worst_first(line: ReportLine) -> tuple[bool, int, int, str]:
    """Overdue ones by days, then by what is wrong, then by days."""
    return not line.overdue, 0 if line.overdue else _RANKS[line.state], -(line.days or 0), line.code
