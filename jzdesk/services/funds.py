"""助学基金: what donors gave, what was given to students, and a balance that never goes below zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.errors import UserError
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.text import parse_date
from jzdesk.models import Fund, FundEntry
from jzdesk.services.context import Context
from jzdesk.services.pupils import STUDENT, table_of

FUND, ENTRY = table_of(Fund), table_of(FundEntry)


@dataclass(frozen=True, slots=True)
class FundLine:
    """A fund with what came in, what went out and what is left, in 分; `amount` is the balance as text."""

    uid: str
    name: str
    donor: str
    purpose: str
    incoming: Fen
    outgoing: Fen
    balance: Fen
    amount: str


@dataclass(frozen=True, slots=True)
class FundMovement:
    """One line of a fund's account: `fen` positive in, negative out; `balance` after it."""

    uid: str
    date: str
    direction: str
    fen: Fen
    amount: str
    balance: Fen
    student: str
    note: str


class FundService:
    """Keeps the funds."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def open(
        self, name: str, donor: str | None = None, purpose: str | None = None, opened_on: str | None = None
    ) -> str:
        """Set up a fund and return its uid."""
        if not name.strip():
            raise UserError("没有填写基金名称", "请填写基金名称。", "助学基金")
        day = parse_date(opened_on) if opened_on else self._context.today()
        with self._context.write() as unit:
            return unit.add(Fund, {"name": name.strip(), "donor": donor, "purpose": purpose, "opened_on": day})

    def record(
        self, fund: str, direction: str, fen: int, date: str | None = None, student: str | None = None,
        note: str | None = None,
    ) -> str:  # fmt: skip
        """Record money `in` or `out` (`fen` positive); returns the uid. Raises UserError for an overdraft.

        The balance may not be negative on any day, so money is not spent before it came.
        """
        day = parse_date(date) if date else self._context.today()
        self._check(direction, fen, day)
        signed = fen if direction == "in" else -fen
        with self._context.write() as unit:
            name = _fund_name(unit.connection, fund)
            moves = [*_moves(unit.connection, fund), (day, direction != "in", signed)]
            if (lowest := _lowest(moves)) < 0:
                left = _lowest([move for move in moves[:-1] if move[0] <= day], at_end=True)
                short = format_yuan(-lowest)
                remedy = f"截至 {day} 的余额是 {format_yuan(left)} 元，差 {short} 元；请先登记收入或减少支出。"
                raise UserError(f"“{name}”余额不足，不能支出 {format_yuan(fen)} 元", remedy, "助学基金")
            return unit.add(
                FundEntry,
                {"fund": fund, "date": day, "direction": direction, "fen": signed, "student": student, "note": note},
            )

    def _check(self, direction: str, fen: int, day: str) -> None:
        if direction not in ("in", "out"):
            raise UserError("没有说明是收入还是支出", "请选择收入或支出。", "助学基金")
        if fen <= 0:
            raise UserError("金额必须大于零", "请填写以元为单位的金额，例如 500.00。", "助学基金")
        if day > self._context.today():
            raise UserError(f"日期 {day} 还没有到", "请填写实际收支的日期。", "助学基金")

    def funds(self) -> list[FundLine]:
        """Every fund with its balance, by name."""
        with self._context.read() as connection:
            sums: dict[str, list[int]] = defaultdict(list)
            for fund, direction, fen in connection.execute(
                select(ENTRY.c.fund, ENTRY.c.direction, ENTRY.c.fen).where(ENTRY.c.hidden == 0)
            ):
                sums[fund].append(_signed(direction, fen))
            query = select(FUND).where(FUND.c.hidden == 0).order_by(FUND.c.name, FUND.c.uid)
            return [_fund_line(row, sums[row["uid"]]) for row in connection.execute(query).mappings()]

    def entries(self, fund: str) -> list[FundMovement]:
        """The account of a fund, oldest first, with the balance after every line."""
        query = (
            select(ENTRY, STUDENT.c.name.label("student_name"))
            .outerjoin_from(ENTRY, STUDENT, STUDENT.c.uid == ENTRY.c.student)
            .where(ENTRY.c.fund == fund, ENTRY.c.hidden == 0)
        )
        with self._context.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        balance, found = 0, []
        for row in sorted(rows, key=lambda row: (row["date"], row["direction"] != "in", row["uid"])):
            fen = _signed(row["direction"], row["fen"])
            balance += fen
            found.append(_movement(row, fen, balance))
        return found


def _fund_name(connection: Connection, uid: str) -> str:
    row = connection.execute(select(FUND.c.name).where(FUND.c.uid == uid, FUND.c.hidden == 0)).first()
    if row is None:
        raise UserError("这个基金不存在", "请刷新页面后重试。", "助学基金")
    return str(row[0])


def _moves(connection: Connection, fund: str) -> list[tuple[str, bool, int]]:
    query = select(ENTRY.c.date, ENTRY.c.direction, ENTRY.c.fen).where(ENTRY.c.fund == fund, ENTRY.c.hidden == 0)
    return [(day, direction != "in", _signed(direction, fen)) for day, direction, fen in connection.execute(query)]


def _lowest(moves: Iterable[tuple[str, bool, int]], *, at_end: bool = False) -> int:
    """The lowest balance after any movement (or the last balance); on one day money comes in before it goes out."""
    balance, lowest = 0, 0
    for _, _, fen in sorted(moves):
        balance += fen
        lowest = min(lowest, balance)
    return balance if at_end else lowest


def _signed(direction: str, fen: int | None) -> int:
    """An amount as it moves the balance, whichever sign it was stored with."""
    return abs(fen or 0) if direction == "in" else -abs(fen or 0)


def _fund_line(row: Any, moves: list[int]) -> FundLine:
    incoming = sum(fen for fen in moves if fen > 0)
    balance = sum(moves)
    return FundLine(
        row["uid"], row["name"] or "", row["donor"] or "", row["purpose"] or "", Fen(incoming),
        Fen(incoming - balance), Fen(balance), format_yuan(balance),
    )  # fmt: skip


def _movement(row: dict[str, Any], fen: int, balance: int) -> FundMovement:
    return FundMovement(
        row["uid"], row["date"] or "", row["direction"], Fen(fen), format_yuan(fen), Fen(balance),
        row["student_name"] or "", row["note"] or "",
    )  # fmt: skip
