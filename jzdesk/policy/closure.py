"""销号 by rule: which reasons fit which object, and who may approve (reference §0 rule 14, §4 F7)."""

from __future__ import annotations

from jzdesk.core import codes
from jzdesk.policy.enrolment import DIED, GRADUATED, LEFT, Refusal

GRADUATION, BETTER, TRANSFER, DEATH = "01", "02", "03", "04"
PROPOSED = {GRADUATED: GRADUATION, LEFT: TRANSFER, DIED: DEATH}
"""The status a pupil left with → the reason proposed for closing the pupil's accounts."""


def reason_refusal(reason: str, kind: str) -> Refusal | None:
    """Whether a reason fits the kind of object."""
    table = codes.table("closure_reason")
    if kind in table.column(reason, "kinds").split("|"):
        return None
    fitting = "、".join(row["name"] for row in table.rows.values() if kind in row["kinds"].split("|"))
    return Refusal("reason", f"这类对象不能以“{table.label(reason)}”销号", f"请改选：{fitting}。")


def people_refusal(verifier: str, approver: str, writer: str) -> Refusal | None:
    """Whoever approves has neither verified nor written it: one person alone closes nothing."""
    if approver == verifier:
        return Refusal("approver", "核实人和审批人是同一个人", "请由另一位负责人审批，例如校长。")
    if approver == writer:
        return Refusal("approver", f"审批人不能是办理人自己（{writer}）", "请由另一位负责人审批，例如校长。")
    return None


def date_refusal(field: str, day: str, opened_on: str, today: str) -> Refusal | None:
    """Nothing is closed before it was opened, nor in the future."""
    if day > today:
        return Refusal(field, f"{day} 还没有到", "请填写今天或以前的日期。")
    if day < opened_on:
        return Refusal(field, f"{day} 早于建账日期 {opened_on}", "请核对日期。")
    return None
