"""Everything that is printed or handed to a bank, written from the records; nothing is computed on paper."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.errors import StationFault, UserError
from jzdesk.core.money import Fen, format_yuan, in_yuan
from jzdesk.core.term import Term
from jzdesk.core.workdays import load as calendar
from jzdesk.models import Payment
from jzdesk.printing import (
    NoticePupil,
    NoticeSheet,
    PledgePupil,
    PledgeSheet,
    RecoverySheet,
    SignOffLine,
    SignOffSheet,
    page_images,
    write_notice,
    write_pledges,
    write_recovery,
    write_sign_off,
)
from jzdesk.services.batches import SEVERAL
from jzdesk.services.context import Context
from jzdesk.services.notices import NOTICE
from jzdesk.services.payments import PaymentRecord, batch_row, payments_of
from jzdesk.services.pledges import PledgeService, pledge_rows
from jzdesk.services.pupils import Pupil, by_place, pupils
from jzdesk.services.standards import Book, read_book

Progress = Callable[[int, int, str], None]
_BANK_HEADINGS = ("序号", "户名", "开户行", "银行账号", "金额（元）", "备注")
_SIGN_OFF_HEADINGS = (
    "序号", "姓名", "性别", "年级班级", "享受项目", "应发", "实发", "户名", "开户行", "银行账号", "领款人与关系",
    "签字", "备注",
)  # fmt: skip
_COUNTY = "县教育局"
_PLACE = "发放批次"


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file for the bank: its lines and sum, and who is left out because no account is recorded."""

    path: Path
    lines: int
    fen: Fen
    without_account: tuple[str, ...]
    left_fen: Fen

    def sentence(self) -> str:
        """What was written, for people."""
        said = f"代发文件 {self.lines} 笔，合计 {format_yuan(self.fen)} 元"
        if not self.without_account:
            return f"{said}。"
        names = "、".join(self.without_account[:5]) + ("等" if len(self.without_account) > 5 else "")
        left = f"另有 {len(self.without_account)} 人没有银行账户（{names}），共 {format_yuan(self.left_fen)} 元"
        return f"{said}。{left}，请补录账户或由本人签领。"


class PaperService:
    """Writes papers. Every method takes the path to write and returns the number of pages (or what it says)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def pledges(self, path: Path, uids: Sequence[str], progress: Progress | None = None) -> int:
        """The pledges into one PDF, in the order asked; those not printed yet are marked printed afterwards."""
        if not uids:
            raise UserError("没有选中责任书", "请先选中要打印的责任书。", "责任状")
        with self._context.read() as connection:
            rows = pledge_rows(connection, uids)
            scope = None if self._context.info.kind == "county" else self._context.author.scope
            people = {until: pupils(connection, scope, on=until) for until in {row["valid_to"] for row in rows}}
        sheets = [_pledge_sheet(row, people[row["valid_to"]]) for row in rows]
        count = len(sheets)
        pages = write_pledges(path, sheets, None if progress is None else lambda done: progress(done, count, ""))
        fresh = [row["uid"] for row in rows if row["state"] == "made"]
        if fresh:
            PledgeService(self._context).mark(fresh, "printed")
        return pages

    def notice(self, path: Path, notice: str) -> int:
        """The notice as PDF: name, grade and class of each pupil and nothing else about them (reference §0 rule 1)."""
        with self._context.read() as connection:
            row = _notice_row(connection, notice)
            batch = batch_row(connection, row["batch"])
            records = payments_of(connection, row["batch"])
            people = [one.pupil for one in records if one.pupil and one.row["kind"] != "returned"]
            book = read_book(connection)
        return write_notice(path, self._notice_sheet(row, batch, people, book))

    def _notice_sheet(
        self, row: Mapping[str, Any], batch: Mapping[str, Any], people: Sequence[Pupil], book: Book
    ) -> NoticeSheet:
        begins = (dt.date.fromisoformat(row["posted_on"]) + dt.timedelta(days=1)).isoformat()
        once = {pupil.uid: pupil for pupil in people}.values()
        listed = tuple(NoticePupil(one.name, one.grade_label, one.class_name or "") for one in once)
        return NoticeSheet(
            school=self._context.info.name,
            term=batch["term"],
            programme=book.name(batch["programme"]) if batch["programme"] else SEVERAL,
            pupils=listed,
            begins=begins,
            ends=row["until"],
            days=calendar().between(begins, row["until"]),
            posted=row["posted_on"],
            address=row["address"] or "",
            phone=row["phone"] or "",
            bureau=f"{self._context.info.county_name or _COUNTY}学生资助管理中心",
            bureau_phone=row["supervision"] or "　　　　　　",
        )

    def sign_off(self, path: Path, batch: str) -> int:
        """The sign-off sheet as PDF, with accounts, for the school's own files."""
        with self._context.read() as connection:
            row = batch_row(connection, batch)
            records, book = payments_of(connection, batch), read_book(connection)
        if not records:
            raise _no_lines(row)
        lines = tuple(_sign_off_line(one, book) for one in records)
        sheet = SignOffSheet(self._context.info.name, row["term"], row["number"], self._context.today(), lines)
        return write_sign_off(path, sheet)

    def sign_off_book(self, path: Path, batch: str) -> int:
        """The same sheet as a workbook; returns the number of lines."""
        from jzdesk.sheets.writer import write_book

        with self._context.read() as connection:
            row = batch_row(connection, batch)
            records, book = payments_of(connection, batch), read_book(connection)
        if not records:
            raise _no_lines(row)
        spec = Payment.spec
        columns = [{"应发": spec["due"], "实发": spec["fen"]}.get(heading, heading) for heading in _SIGN_OFF_HEADINGS]
        cells = [_sign_off_cells(number, one, book) for number, one in enumerate(records, 1)]
        title = f"{self._context.info.name}{Term.parse(row['term']).label}资助发放签领表（{row['number']}）"
        return write_book(path, title, columns, cells, note="内部存档，不得张贴、不得外传。")

    def payment_file(self, path: Path, batch: str) -> PaymentFile:
        """The file for the bank, xlsx or, by the name of `path`, csv; raises UserError before approval.

        It holds what the bank needs and no more: no ID number, no student. Lines without an account are left out
        and named in the result; what came back is not paid twice.
        """
        with self._context.read() as connection:
            row = batch_row(connection, batch)
            if row["state"] == "draft":
                raise UserError("批次还没有审批，不能生成代发文件", "请先由校长审批这个批次。", row["number"])
            records, book = _still_paid(payments_of(connection, batch)), read_book(connection)
        able = [one for one in records if one.has_account]
        left = [one for one in records if not one.has_account]
        if not able:
            raise UserError("这个批次没有一人登记了银行账户", "请先录入银行账户，或用签领表现金签领。", row["number"])
        _write_bank_rows(path, [_bank_row(number, one, book) for number, one in enumerate(able, 1)])
        return PaymentFile(
            path,
            len(able),
            Fen(sum(one.row["fen"] for one in able)),
            tuple(one.name for one in left),
            Fen(sum(one.row["fen"] for one in left)),
        )

    def recovery(self, path: Path, key: str, station: str | None = None) -> int:
        """The sheet with the recovery key of this station, or of the one named."""
        return recovery_sheet(path, station or self._context.info.name, key, self._context.today())

    def preview(self, pdf: Path, dpi: int = 96) -> list[bytes]:
        """Every page of a PDF as PNG; raises StationFault when it cannot be read."""
        return preview(pdf, dpi)


def preview(pdf: Path, dpi: int = 96) -> list[bytes]:
    """Every page of a PDF as PNG; raises StationFault when it cannot be read."""
    try:
        return page_images(pdf, dpi)
    except OSError as fault:
        raise StationFault(
            f"“{pdf.name}”打不开，不能预览", "台账数据没有变动", "请重新生成一次，再打开预览。"
        ) from fault


def recovery_sheet(path: Path, station: str, key: str, made_on: str) -> int:
    """The sheet with the recovery key, for the guide that runs before any station is open."""
    return write_recovery(path, RecoverySheet(station, key, made_on))


def _pledge_sheet(row: Mapping[str, Any], people: Mapping[str, Pupil]) -> PledgeSheet:
    uids = (row["students"] or "").split(",")
    listed = sorted((people[uid] for uid in uids if uid in people), key=by_place)
    return PledgeSheet(
        number=row["number"],
        year=Term.parse(row["term"]).school_year,
        party_a=row["party_a"],
        person_a=row["party_a_person"] or "",
        party_b="",
        person_b=row["party_b"],
        begins=row["valid_from"],
        ends=row["valid_to"],
        pupils=tuple(PledgePupil(one.name, one.grade_label, one.class_name or "", one.sex_label) for one in listed),
        signed=row["signed_on"],
    )


def _still_paid(records: Sequence[PaymentRecord]) -> list[PaymentRecord]:
    """Lines whose money was not given back within the batch."""
    net: dict[str, int] = defaultdict(int)
    for one in records:
        net[one.row["decision"]] += one.row["fen"]
    return [one for one in records if one.row["kind"] != "returned" and net[one.row["decision"]] > 0]


def _notice_row(connection: Connection, uid: str) -> Mapping[str, Any]:
    row = connection.execute(select(NOTICE).where(NOTICE.c.uid == uid, NOTICE.c.hidden == 0)).mappings().first()
    if row is None:
        raise UserError("这张公示不存在或已作废", "请刷新页面后重试。", "公示")
    return dict(row)


def _no_lines(row: Mapping[str, Any]) -> UserError:
    return UserError("批次里没有明细，没有可以打印的内容", "请作废这个批次，重新认定后再生成。", row["number"])


def _receiver(one: PaymentRecord) -> str:
    """Who takes the money, with the relation: `宋琪亦（父亲）`."""
    relation = Payment.spec["relation"].show(one.row["relation"])
    holder = one.row["holder"] or ""
    return f"{holder}（{relation}）" if holder and relation else holder


def _remark(one: PaymentRecord) -> str:
    kind = Payment.spec["kind"].show(one.row["kind"]) if one.row["kind"] != "pay" else ""
    return kind or ("户名待核实" if one.warning else "")


def _sign_off_line(one: PaymentRecord, book: Book) -> SignOffLine:
    row = one.row
    return SignOffLine(
        name=one.name,
        sex=one.pupil.sex_label if one.pupil else "",
        class_name=one.pupil.place if one.pupil else "",
        programme=book.name(row["programme"]),
        standard=Fen(abs(row["fen"])),
        entitled=Fen(row["due"] or 0),
        paid=Fen(row["fen"]),
        account_name=row["holder"] or "",
        bank=row["bank"] or "",
        account=row["account"] or "",
        receiver=_receiver(one),
        bank_paid=one.has_account,
        remark=_remark(one),
    )


def _sign_off_cells(number: int, one: PaymentRecord, book: Book) -> tuple[str | int, ...]:
    line = _sign_off_line(one, book)
    return (
        str(number), line.name, line.sex, line.class_name, line.programme, line.entitled, line.paid,
        line.account_name, line.bank, line.account, line.receiver, "银行代发" if line.bank_paid else "", line.remark,
    )  # fmt: skip


def _bank_row(number: int, one: PaymentRecord, book: Book) -> tuple[str | Decimal, ...]:
    row = one.row
    note = f"{book.name(row['programme'])}{Term.parse(row['term']).season}"
    return str(number), row["holder"], row["bank"] or "", row["account"], in_yuan(row["fen"]), note


def _write_bank_rows(path: Path, rows: Sequence[tuple[str | Decimal, ...]]) -> None:
    from jzdesk.sheets.writer import write_rows_book, write_rows_csv

    if path.suffix.lower() == ".csv":
        write_rows_csv(path, _BANK_HEADINGS, rows)
    else:
        write_rows_book(path, "代发文件", _BANK_HEADINGS, rows)
