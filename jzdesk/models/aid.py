"""Programmes, standards, decisions, batches, payments, notices and funds: the way of every 分."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy.orm import Mapped

from jzdesk.core.kinds import (
    Code,
    Date,
    LongText,
    Money,
    OpenCode,
    Options,
    PersonName,
    Reference,
    TermText,
    Text,
    YesNo,
)
from jzdesk.models.base import Record, field

CHANNELS = (
    ("cash", "现金补助"),
    ("meal", "供餐"),
    ("waiver", "减免"),
    ("loan", "贷款"),
    ("registered_elsewhere", "他部门发放"),
)
BATCH_STATES = (("draft", "待审批"), ("approved", "已审批"), ("paid", "已发放"))


class Programme(Record):
    """资助项目。"""

    __tablename__ = "programme"
    label = "资助项目"
    title = ("name",)
    owner = "county"
    indexed: ClassVar = (("code",),)

    code: Mapped[str] = field("项目代码", Text(30), required=True, search=True, table=16)
    name: Mapped[str] = field("项目名称", Text(60), required=True, search=True, table=26)
    family: Mapped[str] = field("项目族", OpenCode(30, "programme_family"), required=True, table=20)
    payer: Mapped[str | None] = field("发放单位", Text(60), table=16)
    channel: Mapped[str] = field("发放方式", Options(CHANNELS), required=True, table=12)
    source: Mapped[str | None] = field("依据", Text(200), table=30)


class Standard(Record):
    """资助标准：按学期、学段、寄宿性生效。"""

    __tablename__ = "standard"
    label = "资助标准"
    title = ("programme", "valid_from")
    owner = "county"
    indexed: ClassVar = (("programme", "valid_from"),)

    programme: Mapped[str] = field(
        "资助项目", OpenCode(30, "programme", "programme"), aliases=("项目代码",), required=True, table=20
    )
    stage: Mapped[str] = field("学段", Code("stage"), required=True, table=10)
    boarding: Mapped[str | None] = field("就读方式", Code("boarding"), table=8)
    valid_from: Mapped[str] = field("起始学期", TermText(), required=True, table=22)
    valid_to: Mapped[str | None] = field("终止学期", TermText(), table=22)
    fen: Mapped[int | None] = field("每学期金额", Money(), table=12)
    tier: Mapped[str | None] = field("档次", OpenCode(20, "standard_tier"), table=8)
    source: Mapped[str | None] = field("依据", Text(200), table=30)
    certainty: Mapped[str | None] = field("确定度", Text(20), table=8)


class AidDecision(Record):
    """认定：一名学生、一个项目、一个学期的应发与理由。"""

    __tablename__ = "decision"
    label = "资助认定"
    managed = "资助"
    title = ("programme", "term")
    indexed: ClassVar = (("term", "programme"),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    programme: Mapped[str] = field(
        "资助项目", OpenCode(30, "programme", "programme"), aliases=("项目代码",), required=True, table=20
    )
    term: Mapped[str] = field("学期", TermText(), required=True, table=22)
    outcome: Mapped[str] = field("结论", Options((("granted", "享受"), ("refused", "不享受"))), required=True, table=8)
    fen: Mapped[int] = field("应发金额", Money(), required=True, table=12)
    worth: Mapped[int | None] = field("减免或供餐价值", Money())
    person: Mapped[int | None] = field("需人工认定", YesNo())
    basis: Mapped[str | None] = field("享受依据", Code("difficulty_type"), table=18)
    reasons: Mapped[str | None] = field("理由", LongText(), table=40, wide=True)
    rule: Mapped[str | None] = field("规则", OpenCode(40, "decision_rule"))


class Batch(Record):
    """发放批次：认定、审批、发放走到哪一步。"""

    __tablename__ = "batch"
    label = "发放批次"
    managed = "资助"
    title = ("number",)
    indexed: ClassVar = (("term",),)

    number: Mapped[str] = field("批次号", Text(40), required=True, table=20)
    name: Mapped[str] = field("批次名称", Text(80), required=True, table=30)
    term: Mapped[str] = field("学期", TermText(), required=True, table=22)
    programme: Mapped[str | None] = field(
        "资助项目", OpenCode(30, "programme", "programme"), aliases=("项目代码",), table=20
    )
    state: Mapped[str] = field("状态", Options(BATCH_STATES), required=True, table=8)
    approver: Mapped[str | None] = field("审批人", PersonName(), table=10)
    approved_on: Mapped[str | None] = field("审批日期", Date(), table=12)
    paid_on: Mapped[str | None] = field("发放日期", Date(), table=12)


class Payment(Record):
    """发放明细：一行一笔；退回和补发另立新行，不改原行。"""

    __tablename__ = "payment"
    label = "发放明细"
    managed = "资助"
    title = ("student",)

    batch: Mapped[str] = field("发放批次", Reference("batch"), required=True, table=20)
    decision: Mapped[str] = field("资助认定", Reference("decision"), required=True)
    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    programme: Mapped[str] = field(
        "资助项目", OpenCode(30, "programme", "programme"), aliases=("项目代码",), required=True, table=20
    )
    term: Mapped[str] = field("学期", TermText(), required=True, table=22)
    due: Mapped[int] = field("应发", Money(), required=True, table=12)
    fen: Mapped[int] = field("实发", Money(), required=True, table=12)
    kind: Mapped[str] = field(
        "类别", Options((("pay", "发放"), ("returned", "退回"), ("reissue", "补发"))), required=True, table=8
    )
    state: Mapped[str] = field("状态", Options((("due", "待发放"), ("paid", "已发放"))), required=True, table=8)
    holder: Mapped[str | None] = field("户名", PersonName(), table=10)
    bank: Mapped[str | None] = field("开户行", Text(60), table=20)
    account: Mapped[str | None] = field("银行账号", Text(40), sensitive=True, table=22)
    relation: Mapped[str | None] = field("领款人关系", Code("relation"), table=10)
    reason: Mapped[str | None] = field("说明", Text(200), table=20)


class Notice(Record):
    """公示：贴出、期满、撤下。"""

    __tablename__ = "notice"
    label = "公示"
    managed = "资助"
    title = ("name",)

    batch: Mapped[str] = field("发放批次", Reference("batch"), required=True, table=20)
    name: Mapped[str] = field("公示标题", Text(100), required=True, table=36)
    posted_on: Mapped[str] = field("张贴日期", Date(), required=True, table=12)
    until: Mapped[str] = field("公示期止", Date(), required=True, table=12)
    taken_down: Mapped[str | None] = field("撤下日期", Date(), table=12)
    address: Mapped[str | None] = field("受理地址", Text(100))
    phone: Mapped[str | None] = field("受理电话", Text(40), table=14)
    supervision: Mapped[str | None] = field("监督电话", Text(40))


class Fund(Record):
    """助学基金：捐赠人、用途和账目。"""

    __tablename__ = "fund"
    label = "助学基金"
    title = ("name",)

    name: Mapped[str] = field("基金名称", Text(60), required=True, search=True, table=26)
    donor: Mapped[str | None] = field("捐赠人", Text(60), table=20)
    purpose: Mapped[str | None] = field("用途", Text(200), table=30, wide=True)
    opened_on: Mapped[str | None] = field("设立日期", Date(), table=12)


class FundEntry(Record):
    """基金收支：进为正，出为负，余额由此算出。"""

    __tablename__ = "fund_entry"
    label = "基金收支"
    title = ("date",)

    fund: Mapped[str] = field("助学基金", Reference("fund"), required=True, table=20)
    date: Mapped[str] = field("日期", Date(), required=True, table=12)
    direction: Mapped[str] = field("收支", Options((("in", "收入"), ("out", "支出"))), required=True, table=8)
    fen: Mapped[int] = field("金额", Money(), required=True, table=12)
    student: Mapped[str | None] = field("受助学生", Reference("student"), table=10)
    note: Mapped[str | None] = field("摘要", Text(100), table=30)
