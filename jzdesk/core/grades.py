"""Grades and their stages: which comes next, which is the last, and which statuses a stage allows."""

from __future__ import annotations

from functools import cache

from jzdesk.core import codes

COMPULSORY = frozenset({"PRI", "JUN"})
THROUGH = {"P3": "G01", "G06": "G07", "G09": "G10"}
"""The last grade of a stage → the first of the next, for schools that hold both."""


def stage_of(grade: str | None) -> str:
    """The stage of a grade (`PRI`, `JUN`…); empty when nothing is known."""
    return codes.table("grade").column(grade, "stage") if grade else ""


@cache
def line_of(stage: str) -> tuple[str, ...]:
    """The grades of a stage in their order."""
    rows = codes.table("grade").rows.items()
    found = [(int(row["seq_in_stage"]), code) for code, row in rows if row["stage"] == stage]
    return tuple(code for _, code in sorted(found))


def moved(grade: str | None, by: int) -> str | None:
    """The grade so many steps up (or down) within its stage; None when the stage ends before."""
    line = line_of(stage_of(grade))
    place = line.index(grade) + by if grade in line else -1
    return line[place] if 0 <= place < len(line) else None


def following(grade: str | None) -> str | None:
    """The next grade of the same stage; None for the last."""
    return moved(grade, 1)


def final(grade: str | None) -> bool:
    """Whether a stage ends with this grade."""
    return bool(line_of(stage_of(grade))) and following(grade) is None


def status_problem(status: str | None, grade: str | None) -> str:
    """Why a status may not stand beside a grade, with the remedy; empty when it may (reference §0 rule 13)."""
    table = codes.table("student_status")
    if status is None or stage_of(grade) not in COMPULSORY or table.column(status, "allowed_in_compulsory") != "0":
        return ""
    label, school = table.label(status), codes.table("grade").label(str(grade))
    return (
        f"{school}属于义务教育，没有“{label}”。转走的请登记转出，不来上学的请登记疑似辍学并劝返；年级填错的请先改年级。"
    )
