"""What was decided about earlier lists of a kind goes on to count; a list read again takes the old one's place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection, Row

from jzdesk.policy.matching import ENDED, MATCHED, NAME
from jzdesk.services.lists.lines import Line, lines_of_kind, store_outcomes
from jzdesk.services.lists.shapes import ACCEPTED, KEPT, KNOWN, LATER, NOT_OURS, REPLACED

_DATES = re.compile(r"20\d{2}\s*[-年._/]?\s*\d{0,2}\s*[-月._/]?\s*\d{0,2}\s*日?")
_Key = tuple[str, str, str]


def recall(connection: Connection, run: Row[Any], lines: Sequence[Line], is_news: Callable[[Line], bool]) -> None:
    """Bring what was decided over to the new lines, and close the earlier ones that they replace.

    "Not ours" holds for every later list; "keep" only for the same day's, because a newer list asks anew. What was
    accepted before is settled unless `is_news` says that accepting would change something now.
    """
    earlier = lines_of_kind(connection, run.kind, run.id)
    decided = {_key(line): (line, old) for line, old in earlier if line.outcome in (ACCEPTED, NOT_OURS, KEPT, LATER)}
    for line in lines:
        if line.waiting and (found := decided.get(_key(line))) is not None:
            _carry(line, found[0], same_day=found[1].listed_on == run.listed_on)
            if found[0].outcome == ACCEPTED and line.student and line.pile != ENDED and not is_news(line):
                line.close(KNOWN, "以前确认过，没有变化")
    _replace(connection, run, lines, earlier)


def without_recognised(lines: Sequence[Line]) -> list[Line]:
    """The lines, without the question whether a hardship ends that somebody recognised on the list stands for."""
    known = {(line.student, code) for line in lines if line.pile != ENDED for code, _ in line.facts.get("marks", ())}
    return [line for line in lines if line.pile != ENDED or line.row or (line.student, line.facts["code"]) not in known]


def held_elsewhere(connection: Connection, run: Row[Any]) -> set[tuple[str, str]]:
    """(student, code) pairs that other lists of the kind, as new or newer, have: another township's, a second part."""
    found = set()
    for line, old in lines_of_kind(connection, run.kind, run.id):
        if old.listed_on < run.listed_on or _is_same(run, old):
            continue
        if line.pile != ENDED and line.student and line.outcome not in (REPLACED, NOT_OURS):
            codes = [code for code, _ in line.facts.get("marks", ())] + line.facts.get("keeps", [])
            found |= {(line.student, str(code)) for code in codes}
    return found


def _key(line: Line) -> _Key:
    """The same person on two lists, or the same hardship that is to end."""
    if line.pile == ENDED:
        return ENDED, str(line.facts.get("hardship")), ""
    return line.name, line.number, str(line.student or "") if line.pile in (MATCHED, NAME) else ""


def _carry(line: Line, old: Line, *, same_day: bool) -> None:
    if old.outcome == NOT_OURS:
        line.close(NOT_OURS, old.reason or "")
    elif old.outcome == ACCEPTED and line.pile != ENDED:
        line.student = line.student or old.student
    elif old.outcome == LATER or (old.outcome == KEPT and same_day):
        line.close(str(old.outcome), old.reason or "")


def _replace(
    connection: Connection, run: Row[Any], lines: Sequence[Line], earlier: Sequence[tuple[Line, Row[Any]]]
) -> None:
    """Lines that wait in earlier runs and are asked again here, wait here only."""
    keys = {_key(line) for line in lines}
    on_list = {line.student for line in lines if line.pile in (MATCHED, NAME)}
    gone = []
    for line, old in earlier:
        again = _is_same(run, old) or _key(line) in keys or (line.pile == ENDED and line.student in on_list)
        if line.waiting and again and old.listed_on <= run.listed_on:
            line.close(REPLACED, f"第 {run.id} 次比对时已重新核对")
            gone.append(line)
    store_outcomes(connection, gone)


def _is_same(run: Row[Any], old: Row[Any]) -> bool:
    """Whether the file was read before, perhaps corrected since, or is the next month's of that name."""
    return bool(run.sha256 == old.sha256 or _bare(run.file) == _bare(old.file))


def _bare(file: str) -> str:
    """The name of a file without the date in it."""
    return _DATES.sub("", PurePath(file).stem)
