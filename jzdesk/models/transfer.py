"""转学: asked for by the school that a child leaves, ruled on by the county, which moves the file (sync §8)."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy.orm import Mapped

from jzdesk.core.kinds import Date, OpenCode, Options, Reference, Text
from jzdesk.models.base import Record, field

APPROVED, REFUSED, REVOKED = "approved", "refused", "revoked"


class Transfer(Record):
    """转学：原学校申请，县里审批，档案随学生走；本学期已发的资助一并写明。"""

    __tablename__ = "transfer"
    label = "转学"
    managed = "学籍异动"
    title = ("student", "to_name")
    indexed: ClassVar = (("to_school",),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    event: Mapped[str | None] = field("转出异动", Reference("enrolment_event"))
    to_school: Mapped[str | None] = field(
        "转入学校标识码", OpenCode(20, entity="school"), hint="本县学校填标识码；转往外县的不填", table=14
    )
    to_name: Mapped[str] = field(
        "转入学校", Text(60), required=True, hint="学校名称、标识码，或外县学校的全称", table=20
    )
    date: Mapped[str] = field("转出日期", Date(), required=True, table=12)
    reason: Mapped[str] = field("转学原因", Text(200), required=True, table=24)
    ruling: Mapped[str | None] = field(
        "县里审批", Options(((APPROVED, "同意"), (REFUSED, "不同意"), (REVOKED, "已撤回"))), table=8
    )
    ruled_on: Mapped[str | None] = field("审批日期", Date(), table=12)
    ruled_by: Mapped[str | None] = field("审批人", Text(60), table=10)
    ruling_reason: Mapped[str | None] = field("审批意见", Text(200), table=24)
