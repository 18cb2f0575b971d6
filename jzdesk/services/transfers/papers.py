"""The papers of a transfer: the hand-over sheet, the county's ruling, and the receipt of the new school."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, func, select

from jzdesk.core.errors import UserError
from jzdesk.core.term import Term
from jzdesk.models import Student
from jzdesk.models.transfer import APPROVED, Transfer
from jzdesk.printing import TransferSheet, write_transfer
from jzdesk.printing.transfer import RECEIPT, REQUEST, RULING
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.ledger import LedgerService
from jzdesk.services.student_file import StudentFile, read_file
from jzdesk.services.student_tables import PAIRING, STAFF
from jzdesk.services.transfers.files import whole
from jzdesk.services.transfers.listing import ASKED, RECEIVED, TransferLine
from jzdesk.services.transfers.service import PLACE, TransferService

Facts = Iterator[tuple[str, str]]
_BASICS = ("name", "sex", "birth", "id_number", "roll_number", "address")


class TransferPapers:
    """Writes the paper that belongs to this desk."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def kind_for(self, line: TransferLine) -> str:
        """Which paper this station makes: the county rules, who receives acknowledges, who asks hands over."""
        if self._context.author.scope == COUNTY_SCOPE:
            return RULING
        return RECEIPT if line.coming else REQUEST

    def write(self, path: Path, uid: str) -> int:
        """The paper as PDF; its pages (1). Raises UserError while there is nothing to print, and StationFault."""
        line = TransferService(self._context).line(uid)
        kind = self.kind_for(line)
        if kind == RULING and line.state == ASKED:
            raise UserError("还没有审批，没有可打印的意见", "请先选“同意”或“不同意”。", PLACE)
        if kind == RECEIPT and line.state != RECEIVED:
            raise UserError("学生还没有接收，不能打印接收回执", "请先“接收转入”，分好班。", PLACE)
        with self._context.read() as connection:
            file = read_file(connection, LedgerService(self._context), line.student)
            facts = tuple(self._facts(connection, kind, line, file))
        sheet = TransferSheet(kind, line.name, line.from_name, line.to_name, self._context.today(), facts)
        return write_transfer(path, sheet)

    def _facts(self, connection: Connection, kind: str, line: TransferLine, file: StudentFile) -> Facts:
        spec = Transfer.spec
        yield from (
            (Student.spec[name].label, file.student.shown[name])
            for name in _BASICS
            if kind == REQUEST or name in _BASICS[:4]
        )
        yield "年级班级", _place(file) if kind == RECEIPT else line.place
        yield spec["date"].label, line.date
        yield spec["reason"].label, line.reason
        if kind == REQUEST:
            yield from _around(connection, file)
        elif kind == RULING:
            yield spec["ruling"].label, spec["ruling"].show(_ruling(line))
            yield spec["ruling_reason"].label, line.ruling_reason or "无"
            yield spec["ruled_on"].label, line.ruled_on
        else:
            yield "帮扶责任人", _caseworker(connection, line.student, self._context.author.scope) or "待结对"
        term = Term.of(line.date)
        yield f"{term.label}资助", "；".join(line.paid) or "本学期没有发放"


def _ruling(line: TransferLine) -> str:
    return line.state if line.state in ("refused", "revoked") else APPROVED


def _around(connection: Connection, file: StudentFile) -> Facts:
    """Who cares for the child, what it is entitled for, and what the file holds."""
    members = {row.uid: row for row in file.members}
    guardians = [
        f"{one['name'] or ''} {members[one['member']].shown['phone'] if one['member'] in members else ''}".strip()
        for one in file.guardians
    ]
    yield "监护人", "；".join(guardians) or "未登记"
    yield "困难类型", "；".join(f"{row.shown['code']}（{row.shown['valid_from']}起）" for row in file.hardships) or "无"
    scope = str(file.student.values["scope"])
    yield "帮扶责任人", _caseworker(connection, file.uid, scope) or "未结对"
    yield "随转档案", _contents(connection, file)


def _contents(connection: Connection, file: StudentFile) -> str:
    counts = {ent: len(uids) for ent, uids in whole(connection, [file.uid]).items()}
    kinds = (("enrolment_event", "学籍异动"), ("hardship", "困难类型"), ("visit", "走访"), ("payment", "发放明细"),
             ("consent", "监护人同意"), ("photo", "照片"))  # fmt: skip
    told = [f"{label} {counts[ent]} 条" for ent, label in kinds if counts.get(ent)]
    return "、".join(["学生与家庭资料", *told])


def _caseworker(connection: Connection, student: str, scope: str) -> str:
    query = select(func.max(STAFF.c.name)).join(PAIRING, PAIRING.c.staff == STAFF.c.uid)
    query = query.where(PAIRING.c.student == student, PAIRING.c.scope == scope, PAIRING.c.hidden == 0)
    return connection.execute(query.where(PAIRING.c.valid_to.is_(None))).scalar_one_or_none() or ""


def _place(file: StudentFile) -> str:
    if file.enrolment is None:
        return ""
    grade, room = (file.enrolment.shown[name] for name in ("grade", "school_class"))
    return f"{grade}{room.removeprefix(grade).strip()}"
