"""What left the station as a list with sensitive columns: who wrote it out, when, and what for (reference §7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.fields import FieldSpec
from jzdesk.core.kinds import Code
from jzdesk.services.context import Context
from jzdesk.store.store import read_setting, write_setting

_SETTING = "disclosures"
# Disability, health and hardship are sensitive wherever they stand together with a name.
_TABLES = frozenset({"disability", "disability_level", "health", "inclusive_class", "difficulty_type"})
_NAMES = frozenset({"hardships", "orphan"})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One list that was written out: when, by whom, what, how many rows, which sensitive columns, what for."""

    when: str
    who: str
    what: str
    file: str
    rows: int
    columns: str
    purpose: str


def sensitive(specs: Iterable[FieldSpec]) -> list[str]:
    """The labels of the fields that ask for a purpose."""
    found = [spec.label for spec in specs if _is_sensitive(spec)]
    return list(dict.fromkeys(found))


def _is_sensitive(spec: FieldSpec) -> bool:
    table = spec.kind.table if isinstance(spec.kind, Code) else ""
    return spec.sensitive or table in _TABLES or spec.name in _NAMES


def require_purpose(labels: Sequence[str], purpose: str, where: str = "") -> None:
    """Raises UserError when a list with these sensitive columns is to be written without saying what for."""
    if labels and not purpose.strip():
        shown = "、".join(labels[:4]) + ("等" if len(labels) > 4 else "")
        remedy = "请写一句用途，例如“报县资助中心 2025 年秋季认定”；只在本机留记录。"
        raise UserError(f"名单里有{shown}，需要先写明用途", remedy, where)


def note(context: Context, what: str, file: str, rows: int, labels: Sequence[str], purpose: str) -> None:
    """Keep the trace, on this station alone; lists without sensitive columns leave none."""
    if not labels:
        return
    line = {
        "at": context.store.clock.tick(), "who": context.actor.account, "what": what, "file": file, "rows": rows,
        "columns": "、".join(labels), "purpose": purpose.strip(),
    }  # fmt: skip
    with context.store.local() as connection:
        write_setting(connection, _SETTING, [*read_setting(connection, _SETTING, []), line])


def disclosures(context: Context) -> list[Disclosure]:
    """Every list that was written out, the last one first."""
    lines: list[dict[str, Any]] = context.store.setting(_SETTING, [])
    return [
        Disclosure(
            moment(line["at"]), line["who"], line["what"], line["file"], line["rows"], line["columns"], line["purpose"]
        )
        for line in reversed(lines)
    ]
