"""工作台: what to do today, each line opening the place to do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from jzdesk.core.money import Fen, format_yuan
from jzdesk.models import BY_NAME
from jzdesk.services import same_child
from jzdesk.services.child_groups import with_problems
from jzdesk.services.consents import count_without
from jzdesk.services.context import Context
from jzdesk.services.duplicates import open_cases
from jzdesk.services.lists.lines import waiting as list_lines_waiting
from jzdesk.services.roll.todos import waiting
from jzdesk.services.sync_state import unexported
from jzdesk.services.transfers.listing import count_waiting
from jzdesk.services.visits import VisitService
from jzdesk.services.worklist import WorkListService
from jzdesk.store import erasing, figures
from jzdesk.store.figures import Figures
from jzdesk.store.tables import conflict, hold, parked_row

if TYPE_CHECKING:
    from jzdesk.services.reporting import ReportingService


def _table(name: str) -> Table:
    table = BY_NAME[name].__table__
    assert isinstance(table, Table)
    return table


STUDENT, ENROLMENT, HARDSHIP, PAIRING = map(_table, ("student", "enrolment", "hardship", "pairing"))
QUESTION, ACCOUNT, PAYMENT, PLEDGE = map(_table, ("question", "bank_account", "payment", "pledge"))
NOTICE, BATCH, SCHOOL = map(_table, ("notice", "batch", "school"))
_BARS = 6


@dataclass(frozen=True, slots=True)
class Card:
    """One figure at the top of the page, and the page that explains it."""

    label: str
    value: str
    detail: str
    page: str


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to do: how many, where, and which filter shows exactly these."""

    label: str
    count: int
    page: str
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart: its title, the words for nothing to show, and bars of (label, done, whole)."""

    title: str
    empty: str
    bars: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class HomeSummary:
    """Everything the page shows."""

    cards: tuple[Card, ...]
    todos: tuple[Todo, ...]
    chart: Chart


class HomeService:
    """Counts, never lists: a handful of statements."""

    def __init__(
        self, context: Context, visits: VisitService, reporting: Callable[[], ReportingService] | None = None
    ) -> None:
        """`reporting` is asked by stations that others report to."""
        self._context, self._visits, self._reporting = context, visits, reporting

    def summary(self) -> HomeSummary:
        """What to do today."""
        county = self._context.info.kind == "county"
        scope = self._context.author.scope
        with self._context.read() as connection:
            known = _known(connection) if county else None
            counting = Counting(connection, None if county else scope, known)
            cards = self._cards(counting)
            todos = _county_todos(counting) if county else self._school_todos(counting)
            moving = count_waiting(connection, None if county else scope)
        todos = (Todo("转学等待办理", moving, "merge" if county else "roll", "transfers"), *todos)
        todos += (self._trust_todo(county=county), *self._erasure_todos(county=county))
        if not county:
            todos += (
                Todo("县里的回执要求改正", WorkListService(self._context).left(), "exchange", "work_list"),
                Todo("尚未导出给县里的改动", unexported(self._context), "exchange"),
                *self._visit_todos(),
            )
            todos = (*self._roll_todos(), *todos)
        if self._reporting is not None and self._context.info.kind != "school":
            reporting = self._reporting()
            late, card = self._reports(reporting)
            up, down = reporting.carrying()
            carry = (Todo("各校的数据包等着送县里", up, "township"), Todo("县里给学校的文件等着带回", down, "township"))
            cards, todos = (*cards, card), (late, *carry, *todos)
        chart = self._aid_by_school() if county else self._visits_by_grade()
        return HomeSummary(cards, tuple(todo for todo in todos if todo.count), chart)

    def _trust_todo(self, *, county: bool) -> Todo:
        """Certificates that run out; imported late, the window opens without the libraries of the stick."""
        from jzdesk.services import enrolled, renewing

        if not county:
            return Todo("证书或电脑时钟有问题", len(list(enrolled.cautions(self._context))), "exchange")
        running_out = sum(line.state in (renewing.SOON, renewing.EXPIRED) for line in renewing.lines(self._context))
        return Todo("学校的证书已到期或快到期", running_out, "certificate")

    def _erasure_todos(self, *, county: bool) -> tuple[Todo, ...]:
        """What an erasure by law leaves to be done; imported late, most stations never had one."""
        with self._context.read() as connection:
            if not erasing.anything(connection):
                return ()
            from jzdesk.services.erasing import again, copies

            written = again.count(connection) if county else 0
        left = len(copies.old_copies(self._context).names)
        return (
            Todo("依法删除以后又有写入，等待裁定和再删", written, "merge", "erasures"),
            Todo("旧备份还含有已依法删除的内容，等待清除", left, "upkeep", "copies"),
        )

    def _reports(self, reporting: ReportingService) -> tuple[Todo, Card]:
        """Who has not reported for long; imported late, a school's window opens without it."""
        from jzdesk.services.reporting import GAP, NEVER

        seen = reporting.overview(periods=False)
        worst, page = next(iter(seen.overdue), None), "reports" if self._context.info.kind == "county" else "township"
        since = f"（最久：{worst.name} {worst.days} 天）" if worst else ""
        reported = sum(bool(line.last) for line in seen.lines)
        detail = f"逾期 {len(seen.overdue)} 校 · 缺包 {seen.count(GAP)} 校 · 从未上报 {seen.count(NEVER)} 校"
        card = Card("上报过的学校", f"{reported:,} / {len(seen.lines):,}", detail, page)
        return Todo(f"超过 {seen.limit} 天没有上报的学校{since}", len(seen.overdue), page, "reports"), card

    def _visits_by_grade(self) -> Chart:
        title = "各年级走访完成情况（已走访 / 应走访）"
        return Chart(title, "还没有需要走访的学生", tuple(self._visits.by_grade(self._day())))

    def _aid_by_school(self) -> Chart:
        """The schools with most hardship students: how many of them were paid this term."""
        term = str(self._context.term())
        with self._context.read() as connection:
            known = _known(connection)
            schools = connection.execute(select(SCHOOL.c.code, SCHOOL.c.name).where(SCHOOL.c.hidden == 0)).all()
        poor, paid = known[figures.POOR_AT], known[figures.PAID_AT]
        most = sorted((row for row in schools if row.code in poor), key=lambda row: (-poor[row.code], row.code))
        bars = tuple((row.name, paid.get(f"{row.code} {term}", 0), poor[row.code]) for row in most[:_BARS])
        return Chart("各校困难学生受助情况（本学期已发放 / 困难学生）", "还没有学校上报困难学生", bars)

    def _cards(self, counting: Counting) -> tuple[Card, ...]:
        term = self._context.term()
        active = ENROLMENT.c.status.in_(("01", "11"))
        enrolled = counting.children(figures.ENROLLED, ENROLMENT, active)
        boarding = counting.children(figures.BOARDING, ENROLMENT, active, ENROLMENT.c.boarding == "2")
        poor = counting.children(figures.POOR, HARDSHIP, HARDSHIP.c.valid_to.is_(None))
        paired = counting.children(figures.PAIRED, PAIRING, PAIRING.c.valid_to.is_(None))
        fen, lines = counting.paid(str(term))
        open_questions = counting.count(QUESTION, QUESTION.c.state == "open")
        parked = _parked(counting.connection)
        aid, pledge = ("", "") if self._context.info.kind == "county" else ("aid", "pledge")
        return (
            Card("在校学生", f"{enrolled:,}", f"其中住校 {boarding:,} 人", "student"),
            Card("困难学生", f"{poor:,}", f"已有责任人 {paired:,} 人", "student"),
            Card("本学期已发资助", f"¥ {format_yuan(Fen(fen))}", f"共 {lines:,} 笔", aid),
            Card("责任状", counting.pledge_share(), "已签订的比例", pledge),
            Card("待核实", f"{open_questions + parked:,}", f"疑问 {open_questions} · 停放行 {parked}", "student"),
        )

    def _school_todos(self, counting: Counting) -> tuple[Todo, ...]:
        waiting = count_without(counting.connection, self._context.today())
        consent = Todo("不满 14 周岁、缺监护人同意", waiting, "student", "no_consent")
        return (*_school_todos(counting), consent)

    def _visit_todos(self) -> tuple[Todo, ...]:
        due = self._visits.due(self._day())
        return (Todo("走访已逾期的学生", sum(1 for line in due if line.overdue_days > 0), "visit", "overdue"),)

    def _roll_todos(self) -> tuple[Todo, ...]:
        """What of the living roll waits."""
        with self._context.read() as connection:
            found = waiting(connection, self._context.author.scope, self._context.today())
        return (
            Todo("新学年升级还没有办理", found.promotion, "roll", "promotion"),
            Todo("疑似辍学，等待劝返", found.suspected, "roll", "suspected"),
            Todo("休学或延缓入学到期，等待复学", found.expired, "roll", "expired"),
            Todo("销号已过目标节点", found.overdue, "roll", "overdue"),
            Todo("学生已离校，建议销号", found.proposed, "roll", "proposed"),
        )

    def _day(self) -> str:
        """Today, or the last day of the term people work in when that is over."""
        return min(self._context.today(), self._context.term().last_day)


class Counting:
    """Counts records in use: of one school, or with `scope` None of everybody, children on two rolls once.

    What is `known` of everybody need not be counted.
    """

    def __init__(self, connection: Connection, scope: str | None, known: Figures | None = None) -> None:
        self.connection, self._scope, self._known = connection, scope, known

    def count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        """How many records."""
        query = select(func.count()).select_from(table).where(*self._wanted(table), *conditions)
        return self.connection.execute(query).scalar_one()

    def children(self, name: str, table: Table, *conditions: ColumnElement[bool]) -> int:
        """How many children the records are about; `name` is what the figure is known by."""
        student = table.c.student
        among = select(student).where(*self._wanted(table), *conditions)
        if self._known is not None:
            number = self._known[name].get("", 0)
        else:
            query = select(func.count(student.distinct())).where(*self._wanted(table), *conditions)
            number = self.connection.execute(query).scalar_one()
        return number - same_child.surplus(self.connection, among)

    def paid(self, term: str) -> tuple[int, int]:
        """(分, lines) that went out in a term."""
        if self._known is not None:
            return self._known[figures.FEN].get(term, 0), self._known[figures.LINES].get(term, 0)
        query = select(func.coalesce(func.sum(PAYMENT.c.fen), 0), func.count()).where(
            *self._wanted(PAYMENT), PAYMENT.c.state == "paid", PAYMENT.c.term == term
        )
        row = self.connection.execute(query).one()
        return int(row[0]), int(row[1])

    def pledge_share(self) -> str:
        """The share of pledges that were signed, as text."""
        every = self.count(PLEDGE)
        signed = self.count(PLEDGE, PLEDGE.c.state.in_(("signed", "returned")))
        return f"{signed * 100 / every:.1f}%" if every else "—"

    def _wanted(self, table: Table) -> list[ColumnElement[bool]]:
        """In use, and not of another school whose file came with a child."""
        return [table.c.hidden == 0, *([table.c.scope == self._scope] if self._scope else [])]


def _known(connection: Connection) -> Figures:
    """The figures of a county, which keeps them; counted where they do not stand just now."""
    return figures.read(connection) or figures.counted(connection)


def _parked(connection: Connection) -> int:
    """Rows of workbooks that wait to be corrected; a row with several faults is one."""
    rows = select(parked_row.c.file, parked_row.c.sheet, parked_row.c.row).where(parked_row.c.solved.is_(None))
    return connection.execute(select(func.count()).select_from(rows.distinct().subquery())).scalar_one()


def _school_todos(counting: Counting) -> tuple[Todo, ...]:
    poor = select(HARDSHIP.c.student).where(HARDSHIP.c.hidden == 0, HARDSHIP.c.valid_to.is_(None))
    paired = select(PAIRING.c.student).where(PAIRING.c.hidden == 0, PAIRING.c.valid_to.is_(None))
    banked = select(ACCOUNT.c.student).where(ACCOUNT.c.hidden == 0, ACCOUNT.c.valid_to.is_(None))
    due = and_(BATCH.c.state != "paid", BATCH.c.hidden == 0)
    return (
        Todo("导入时停放、等待改正的行", _parked(counting.connection), "imports", "parked"),
        Todo("部门名单比对、等待处理", list_lines_waiting(counting.connection), "lists"),
        Todo("资料有疑问、等待核实", counting.count(QUESTION, QUESTION.c.state == "open"), "student", "questions"),
        Todo(
            "困难学生还没有帮扶责任人",
            counting.count(STUDENT, STUDENT.c.uid.in_(poor), STUDENT.c.uid.not_in(paired)),
            "student",
            "unpaired",
        ),
        Todo(
            "困难学生缺银行账户",
            counting.count(STUDENT, STUDENT.c.uid.in_(poor), STUDENT.c.uid.not_in(banked)),
            "student",
            "no_account",
        ),
        Todo("资助批次等待审批或发放", counting.count(BATCH, due), "aid"),
        Todo("责任状等待打印", counting.count(PLEDGE, PLEDGE.c.state == "made"), "pledge", "made"),
        Todo("责任状等待签订回收", counting.count(PLEDGE, PLEDGE.c.state == "printed"), "pledge", "printed"),
        Todo("公示等待撤下", counting.count(NOTICE, NOTICE.c.taken_down.is_(None)), "aid"),
    )


def _county_todos(counting: Counting) -> tuple[Todo, ...]:
    connection = counting.connection
    conflicts = connection.execute(select(func.count()).select_from(conflict)).scalar_one()
    held = connection.execute(select(func.count()).select_from(hold).where(hold.c.ruling.is_(None))).scalar_one()
    return (
        Todo("同一学生在两校登记，等待核实", len(open_cases(connection)), "merge", "duplicates"),
        Todo("已判定为同一人、仍在两校就读，等待处理", with_problems(connection), "merge", "groups"),
        Todo("同一栏有不同填法，等待裁定", conflicts, "merge", "conflicts"),
        Todo("数据包里有记录等待裁定", held, "merge", "holds"),
        Todo(
            "各校资料有疑问、尚未核实",
            counting.count(QUESTION, QUESTION.c.state == "open"),
            "student",
            "questions",
        ),
    )
