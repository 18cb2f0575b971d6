"""What of a child's records may be erased by law, and what stays: accounts are kept thirty years (reference §7)."""

from __future__ import annotations

from typing import NamedTuple

VOUCHERS = frozenset({"payment", "fund_entry"})
"""Entities that are vouchers of money paid to a child."""

NAMED = ("name", "id_type", "id_number")
"""Fields of a student that say to whom money was paid."""

_VOUCHER = "发放和收支是会计凭证，保管 30 年，不能删除"
_GROUND = "发放的依据，随会计凭证保管 30 年"
_SIBLING = "同户还有别的学生在册"
_OTHER_WARD = "还是别的学生的监护人"


class Held(NamedTuple):
    """What is known of one record of a child: `ent`, whether a payment rests on it, and who else needs it."""

    ent: str
    paid_on: bool = False
    sibling: bool = False
    other_ward: bool = False


def why_stays(record: Held) -> str:
    """Why a record of a child cannot be erased, in words; "" when it can."""
    if record.ent in VOUCHERS:
        return _VOUCHER
    if record.ent == "decision" and record.paid_on:
        return _GROUND
    if record.sibling and record.ent in ("household", "member", "closure"):
        return _SIBLING
    return _OTHER_WARD if record.other_ward else ""


def fields_that_stay(ent: str, *, paid: bool) -> tuple[str, ...]:
    """The fields of a record that stay although it is erased: who was paid, where there are vouchers."""
    return NAMED if ent == "student" and paid else ()
