"""The kinds of workbook that can be imported: their columns, what makes a heading, and who reads the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jzdesk.core.errors import UserError
from jzdesk.services.importing import columns, hardship_list, staff
from jzdesk.services.importing.accounts import AccountImporter
from jzdesk.services.importing.classes import ClassImporter
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.members import MemberImporter
from jzdesk.services.importing.pairing import PairingImporter
from jzdesk.services.importing.roll import RollImporter
from jzdesk.services.importing.visits import VisitImporter
from jzdesk.sheets.columns import Column


@dataclass(frozen=True, slots=True)
class ImportKind:
    """One kind: `groups` are column keys of which a heading needs one each, `make` gives the importer.

    `names` are the columns that say whom or what a row is about.
    """

    code: str
    label: str
    columns: Callable[[], list[Column]]
    groups: Sequence[Sequence[str]]
    make: Callable[[Desk], Importer]
    names: tuple[str, ...] = ()


KINDS = {
    kind.code: kind
    for kind in (
        ImportKind(
            "roll",
            "学籍导出（学生名册）",
            columns.roll,
            (("student.name",), ("student.id_number", "student.roll_number", "student.birth")),
            RollImporter,
            ("student.name",),
        ),
        ImportKind(
            "members",
            "家庭成员",
            columns.members,
            (*columns.PUPIL_GROUPS, ("member.name",)),
            MemberImporter,
            ("pupil.name", "member.name"),
        ),
        ImportKind(
            "hardship_list",
            "脱贫户与监测对象名单",
            columns.hardship_list,
            hardship_list.GROUPS,
            hardship_list.HardshipListImporter,
            ("person.name",),
        ),
        ImportKind("staff", "教师名册", columns.staff, staff.GROUPS, staff.StaffImporter, ("staff.name",)),
        ImportKind(
            "classes",
            "班级与班主任",
            columns.classes,
            (("school_class.grade",), ("school_class.name",)),
            ClassImporter,
            ("school_class.grade", "school_class.name"),
        ),
        ImportKind(
            "pairing",
            "结对帮扶",
            columns.pairing,
            (*columns.PUPIL_GROUPS, ("staff.name",)),
            PairingImporter,
            ("pupil.name",),
        ),
        ImportKind(
            "accounts",
            "银行账户",
            columns.accounts,
            (*columns.PUPIL_GROUPS, ("bank_account.holder",), ("bank_account.bank",), ("bank_account.account",)),
            AccountImporter,
            ("pupil.name",),
        ),
        ImportKind(
            "visits", "走访记录", columns.visits, (*columns.PUPIL_GROUPS, ("visit.date",), ("visit.method",)),
            VisitImporter, ("pupil.name",),
        ),
    )
}  # fmt: skip


def kind_of(code: str) -> ImportKind:
    """The kind of that code; raises UserError."""
    if (kind := KINDS.get(code)) is None:
        raise UserError(f"没有“{code}”这种导入", f"可以导入：{'、'.join(KINDS)}。")
    return kind
